//! What `steps` and the bench time: training steps, as users write them, and single operations.
//!
//! Each function of a network builds a model, a batch of random numbers and an optimizer, and returns the step: forward
//! pass, loss, backward pass, update. The networks are those of `benches/peers/README.md`.

mod images;
mod operations;
mod perceptrons;
mod scalars;
mod sequences;
mod updates;

use sequences::{LstmSizes, TransformerSizes};
use std::error::Error;
use wengert::nn::Layer;
use wengert::optim::{Optimizer, optimizer_names};
use wengert::{Capture, DType, Tensor, seeded};

pub type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

/// One step, with everything it needs.
pub type Step = Box<dyn FnMut() -> Result>;

/// How a step runs its forward and backward pass.
#[derive(Clone, Copy)]
enum Way {
    Eager,
    Captured,
}

/// A step by name, and what sets it up.
pub struct Workload {
    pub name: String,
    pub setup: Box<dyn FnOnce() -> Result<Step>>,
}

type Setup = fn(Way) -> Result<Step>;

/// Steps that run both ways.
const TRAINING: [(&str, Setup); 14] = [
    ("W1_mlp_fashion", perceptrons::fashion),
    ("W2_mlp_tiny", perceptrons::tiny),
    ("W3_mlp_tiny_b1", perceptrons::smallest),
    ("W4_lenet", |way| images::lenet(64, way)),
    ("W4_lenet_b1", |way| images::lenet(1, way)),
    ("W5_resnet18", images::resnet18),
    ("W6_lstm", |way| sequences::lstm(LstmSizes { batch: 32, steps: 64, features: 64, hidden: 128 }, way)),
    ("W6_lstm_small", |way| sequences::lstm(LstmSizes { batch: 4, steps: 16, features: 16, hidden: 16 }, way)),
    ("W7_transformer", |way| {
        sequences::transformer(TransformerSizes { batch: 16, steps: 64, features: 128, heads: 4, hidden: 512 }, way)
    }),
    ("W7_transformer_small", |way| {
        sequences::transformer(TransformerSizes { batch: 4, steps: 8, features: 16, heads: 2, hidden: 32 }, way)
    }),
    ("W9_wide_mlp", perceptrons::wide),
    ("W10_mlp_small", perceptrons::small),
    ("W10_mlp_small_10k", perceptrons::small_10k),
    ("W11_mlp_gradient", perceptrons::gradient),
];

/// What there is nothing to capture in.
const EAGER: [(&str, Setup); 4] = [
    ("W1_gemm", |_| perceptrons::fashion_products()),
    ("W1_epoch", |_| perceptrons::fashion_epoch()),
    ("W8_adam_10m", |_| updates::adam_10m()),
    ("scalar_tape_1m", |_| scalars::million()),
];

/// All training steps, of which `_replay` are captured, the update of each optimizer, and all single operations.
pub fn all() -> Result<Vec<Workload>> {
    let workload = |name: String, way, setup: Setup| Workload { name, setup: Box::new(move || setup(way)) };
    let both = TRAINING.into_iter().flat_map(|(name, setup)| {
        [workload(name.into(), Way::Eager, setup), workload(format!("{name}_replay"), Way::Captured, setup)]
    });
    let eager = EAGER.into_iter().map(|(name, setup)| workload(name.into(), Way::Eager, setup));
    let updates = optimizer_names()
        .map(|optimizer| Workload { name: format!("update_{optimizer}"), setup: Box::new(|| updates::of(optimizer)) });
    Ok(both.chain(eager).chain(updates).chain(operations::all()?).collect())
}

/// A network, a batch, and the way to train it.
struct Training<M, O> {
    model: M,
    x: Tensor,
    t: Tensor,
    loss: fn(&Tensor, &Tensor) -> wengert::Result<Tensor>,
    optimizer: O,
}

impl<M: Layer + 'static, O: Optimizer + 'static> Training<M, O> {
    /// Its step as users write it.
    fn step(self, way: Way) -> Step {
        let Training { mut model, x, t, loss, mut optimizer } = self;
        match way {
            Way::Eager => Box::new(move || {
                let loss = loss(&model.forward(&x)?, &t)?;
                optimizer.step(&mut model, &loss.backward()?)?;
                Ok(())
            }),
            Way::Captured => {
                let mut gradients = Capture::new(move |model: &M, [x, t]| loss(&model.forward(x)?, t)?.backward());
                Box::new(move || {
                    let grads = gradients.run(&model, [&x, &t])?;
                    optimizer.step(&mut model, grads)?;
                    Ok(())
                })
            }
        }
    }
}

/// Random samples.
fn samples(shape: &[usize]) -> Result<Tensor> {
    Ok(Tensor::randn(shape, DType::F32, &mut seeded(8))?)
}

/// Random labels of ten classes.
fn labels(n: usize) -> Result<Tensor> {
    Ok(Tensor::rand(&[n], DType::F32, &mut seeded(9))?.mul_scalar(10.0).to_dtype(DType::I64))
}
