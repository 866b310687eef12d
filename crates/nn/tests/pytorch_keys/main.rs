//! Names and shapes in state dicts are PyTorch's, for every layer that both have: its state dicts load.
//!
//! `keys.txt` was written by PyTorch 2.15, a line for each layer: how it is made, and its state dict in order. Each
//! family has a file that builds its lines; `classes.txt` has the layers of `torch.nn`, so that none is forgotten. A
//! line is read again as
//!
//! ```text
//! made, _, shape = title.partition(" <- ")          # a lazy layer is made by an input of a shape
//! layer = eval(made)                                # from torch.nn and torch.nn.utils.parametrizations import *
//! if shape: layer(torch.zeros(eval(shape)))
//! print(" | ".join([title] + [f"{name} {list(x.shape)}" for name, x in layer.state_dict().items()]))
//! ```

mod activation;
mod attention;
mod classes;
mod containers;
mod dense;
mod dropout;
mod lazy;
mod normalize;
mod parametrize;
mod planes;
mod recurrent;

use autograd_core::module::Module;
use autograd_core::{Rng, seeded};
use wengert_nn::Result;

type Build = fn(&mut dyn Rng) -> Result<Box<dyn Module>>;

/// How PyTorch makes a layer, and how it is made here.
type Rows = &'static [(&'static str, Build)];

const BUILT: [Rows; 10] = [
    dense::BUILT,
    lazy::BUILT,
    activation::BUILT,
    dropout::BUILT,
    planes::BUILT,
    normalize::BUILT,
    recurrent::BUILT,
    attention::BUILT,
    containers::BUILT,
    parametrize::BUILT,
];

/// The lines of the file that are not built, with the reason.
const DECLINED: &[(&str, &str)] =
    &[("SyncBatchNorm(4)", "it is a batch norm over several processes, and a run is one process")];

#[test]
fn names_and_shapes_are_those_of_pytorch_in_its_order() -> Result<()> {
    let file = include_str!("keys.txt");
    let mut wrong = Vec::new();
    let built = || BUILT.iter().copied().flatten();
    for line in file.lines() {
        let (title, want) = line.split_once(" | ").unwrap_or((line, ""));
        match built().find(|(known, _)| *known == title) {
            Some((_, build)) => {
                let state = build(&mut seeded(1))?.state_dict();
                let got: Vec<String> = state.iter().map(|(name, x)| format!("{name} {:?}", x.shape())).collect();
                if got.join(" | ") != want {
                    wrong.push(format!("{title}: {}, not {want}", got.join(" | ")));
                }
            }
            None if DECLINED.iter().any(|(known, _)| *known == title) => {}
            None => wrong.push(format!("{title}: it is neither built nor declined")),
        }
    }
    let lines: Vec<&str> = file.lines().map(|line| line.split(" | ").next().unwrap_or_default()).collect();
    let titles = built().map(|(title, _)| *title).chain(DECLINED.iter().map(|(title, _)| *title));
    for title in titles {
        match lines.iter().filter(|line| **line == title).count() {
            1 => {}
            times => wrong.push(format!("{title}: it is {times} times in the file")),
        }
    }
    let both = built().filter(|(title, _)| DECLINED.iter().any(|(declined, _)| declined == title));
    wrong.extend(both.map(|(title, _)| format!("{title}: it is built and declined")));
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    Ok(())
}
