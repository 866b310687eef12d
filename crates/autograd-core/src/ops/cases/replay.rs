//! What a replay keeps to: whatever an operation computes, forward, backward and in second order, it computes again
//! from other numbers, to the bit.

use super::Case;
use super::suite::{Property, case_seed};
use crate::module::{Buffer, Item, ItemMut, Module, Param, Path};
use crate::tensor::{DType, Tensor};
use crate::{Capture, Result, grad_with};

pub(super) const PROPERTIES: [Property; 3] = [
    ("a replay has the bits of a run", a_replay_has_the_bits_of_a_run),
    ("every kernel of a replay computes what it computes in a run", every_kernel_computes_the_same),
    ("a replay refuses the indices that a run refuses", a_replay_refuses_the_indices_that_a_run_refuses),
];

/// An input as part of a model.
enum Leaf {
    Float(Param),
    Other(Buffer),
}

impl Leaf {
    fn new(x: &Tensor) -> Leaf {
        match x.dtype().is_float() {
            true => Leaf::Float(Param::new(x.clone()).expect("a float")),
            false => Leaf::Other(Buffer::new(x.clone())),
        }
    }

    fn get(&self) -> Tensor {
        match self {
            Leaf::Float(param) => (**param).clone(),
            Leaf::Other(buffer) => buffer.get(),
        }
    }

    /// Other numbers for the same leaf.
    fn set(&mut self, x: &Tensor) {
        match self {
            Leaf::Float(param) => param.set(x.clone()).expect("the same shape"),
            Leaf::Other(buffer) => buffer.set(x.clone()),
        }
    }
}

impl Module for Leaf {
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        match self {
            Leaf::Float(param) => param.visit(path, f),
            Leaf::Other(buffer) => buffer.visit(path, f),
        }
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        match self {
            Leaf::Float(param) => param.visit_mut(path, f),
            Leaf::Other(buffer) => buffer.visit_mut(path, f),
        }
    }
}

/// The result, the gradients of both kinds of walk, and the gradients of the squares of the first.
fn everything(case: &Case, leaves: &[Leaf], seed: &Tensor) -> Result<Vec<Tensor>> {
    let x: Vec<Tensor> = leaves.iter().map(Leaf::get).collect();
    let y = (case.call)(&x)?;
    let mut all = vec![y.clone()];
    if !y.is_tracked() {
        return Ok(all);
    }
    let targets: Vec<&Tensor> = x.iter().collect();
    let first: Vec<Tensor> = grad_with(&[(&y, seed)], &targets)?.into_iter().flatten().collect();
    let squares: Vec<Tensor> = first.iter().filter(|g| g.is_tracked()).map(|g| g.square().sum()).collect();
    let ones: Vec<Tensor> = squares.iter().map(Tensor::ones_like).collect();
    let roots: Vec<(&Tensor, &Tensor)> = squares.iter().zip(&ones).collect();
    if !roots.is_empty() {
        all.extend(grad_with(&roots, &targets)?.into_iter().flatten());
    }
    all.extend(first);
    all.extend(y.backward_with(seed)?.iter().cloned());
    Ok(all)
}

/// The gradients alone, or the result if it has none: kernels whose results only the caller would read are left out.
fn gradients(case: &Case, leaves: &[Leaf], seed: &Tensor) -> Result<Vec<Tensor>> {
    let y = (case.call)(&leaves.iter().map(Leaf::get).collect::<Vec<Tensor>>())?;
    if !y.is_tracked() {
        return Ok(vec![y]);
    }
    Ok(y.backward_with(seed)?.iter().cloned().collect())
}

fn bits(all: &[Tensor]) -> Vec<(Vec<usize>, Vec<u64>)> {
    all.iter().map(|x| (x.shape().to_vec(), x.to_f64s().into_iter().map(f64::to_bits).collect())).collect()
}

fn a_replay_has_the_bits_of_a_run(case: &Case) {
    let y = case.call(&case.sample(31));
    let seed = if y.dtype().is_float() { case_seed(&y) } else { y };
    let mut capture = Capture::new(|leaves: &Vec<Leaf>, [seed]: [&Tensor; 1]| everything(case, leaves, seed));
    // Younger than the capture: it is not taken for something that the function has from outside.
    let mut leaves: Vec<Leaf> = case.sample(31).iter().map(Leaf::new).collect();
    for number in [31, 32, 33, 31] {
        leaves.iter_mut().zip(case.sample(number)).for_each(|(leaf, x)| leaf.set(&x));
        let run = everything(case, &leaves, &seed).map(|all| bits(&all));
        let replayed = capture.run(&leaves, [&seed]).map(|all| bits(all));
        match (run, replayed) {
            (Ok(run), Ok(replayed)) => assert_eq!(replayed, run, "inputs {number}"),
            (Err(run), Err(replayed)) => assert_eq!(replayed.to_string(), run.to_string()),
            (Ok(_), Err(refused)) => {
                let text = refused.to_string();
                assert!(case.reads_numbers && text.contains("looks at numbers"), "{text}");
                return;
            }
            (Err(run), Ok(_)) => panic!("a run fails and its replay does not: {run}"),
        }
    }
    assert_eq!(capture.stats().records, 1, "recorded again");
}

fn every_kernel_computes_the_same(case: &Case) {
    let y = case.call(&case.sample(31));
    let seed = if y.dtype().is_float() { case_seed(&y) } else { y };
    let capture = Capture::new(|leaves: &Vec<Leaf>, [seed]: [&Tensor; 1]| everything(case, leaves, seed));
    let mut capture = capture.check_every(1);
    let mut leaves: Vec<Leaf> = case.sample(31).iter().map(Leaf::new).collect();
    for number in [31, 32, 33] {
        leaves.iter_mut().zip(case.sample(number)).for_each(|(leaf, x)| leaf.set(&x));
        if let Err(refused) = capture.run(&leaves, [&seed]) {
            let text = refused.to_string();
            assert!(!text.contains("other numbers"), "{text}");
        }
    }
}

fn a_replay_refuses_the_indices_that_a_run_refuses(case: &Case) {
    let inputs = case.sample(31);
    if inputs.iter().all(|x| x.dtype() != DType::I64 || x.numel() == 0) {
        return;
    }
    let y = case.call(&inputs);
    let seed = if y.dtype().is_float() { case_seed(&y) } else { y };
    let mut capture = Capture::new(|leaves: &Vec<Leaf>, [seed]: [&Tensor; 1]| gradients(case, leaves, seed));
    let mut leaves: Vec<Leaf> = inputs.iter().map(Leaf::new).collect();
    if capture.run(&leaves, [&seed]).is_err() {
        return assert!(case.reads_numbers, "refused");
    }
    for (i, x) in inputs.iter().enumerate().filter(|(_, x)| x.dtype() == DType::I64) {
        for wild in [-(1 << 40), 1 << 40] {
            let mut numbers = x.to_vec::<i64>().expect("integers");
            numbers.iter_mut().rev().take(1).for_each(|last| *last = wild);
            leaves[i].set(&Tensor::from_vec(numbers, x.shape()).expect("the same shape"));
            let run = gradients(case, &leaves, &seed).map(|all| bits(&all)).map_err(|error| error.to_string());
            let replayed = capture.run(&leaves, [&seed]).map(|all| bits(all)).map_err(|error| error.to_string());
            assert_eq!(replayed, run, "{wild} in input {i}");
        }
        leaves[i].set(x);
    }
}
