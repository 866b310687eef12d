//! Every layer with every option is described otherwise than all others.

use autograd_core::module::Module;
use autograd_core::{Tensor, seeded};
use wengert_nn::{
    Approximate, Dropout, DynLayer, Flatten, GELU, Identity, Lambda, LeakyReLU, Linear, LinearOptions, LogSoftmax,
    PReLU, ReLU, Result, Sequential, SiLU, Sigmoid, Softmax, Softplus, Tanh, sequential,
};

/// Lines of a layer and its description.
macro_rules! described {
    ($($layer:expr => $text:literal,)+) => {
        vec![$((Box::new($layer) as Box<dyn DynLayer>, $text)),+]
    };
}

#[test]
fn each_layer_and_each_option_has_its_own_description() -> Result<()> {
    let rng = &mut seeded(7);
    let all = described! {
        Identity => "Identity",
        ReLU => "ReLU",
        SiLU => "SiLU",
        Sigmoid => "Sigmoid",
        Tanh => "Tanh",
        GELU::new() => "GELU { approximate: Approximate::None }",
        GELU::new().approximate(Approximate::Tanh) => "GELU { approximate: Approximate::Tanh }",
        LeakyReLU::new() => "LeakyReLU { negative_slope: 0.01 }",
        LeakyReLU::new().negative_slope(-0.0) => "LeakyReLU { negative_slope: -0.0 }",
        LeakyReLU::new().negative_slope(0.0) => "LeakyReLU { negative_slope: 0.0 }",
        LogSoftmax::new(-1) => "LogSoftmax { dim: -1 }",
        Softmax::new(-1) => "Softmax { dim: -1 }",
        Softmax::new(1) => "Softmax { dim: 1 }",
        Softplus::new() => "Softplus { beta: 1.0, threshold: 20.0 }",
        Softplus::new().beta(2.0) => "Softplus { beta: 2.0, threshold: 20.0 }",
        Softplus::new().threshold(2.0) => "Softplus { beta: 1.0, threshold: 2.0 }",
        PReLU::new() => "PReLU",
        Flatten::new() => "Flatten { start_dim: 1, end_dim: -1 }",
        Flatten::new().start_dim(0) => "Flatten { start_dim: 0, end_dim: -1 }",
        Flatten::new().end_dim(2) => "Flatten { start_dim: 1, end_dim: 2 }",
        Dropout::new(0.5, rng)? => "Dropout { p: 0.5 }",
        Dropout::new(0.500_000_000_1, rng)? => "Dropout { p: 0.5000000001 }",
        // Sizes are those of the tensors.
        Linear::new(2, 3, rng)? => "Linear",
        Linear::with(2, 3, LinearOptions::new().bias(false), rng)? => "Linear { bias: None }",
        Lambda::named("a", |x: &Tensor| Ok(x.tanh())) => "Lambda { name: \"a\" }",
        Sequential::new() => "Sequential of []",
        sequential![Tanh] => "Sequential of 1 part { 0: Tanh }",
        sequential![Tanh, ReLU] => "Sequential of 2 parts { 0: Tanh, 1: ReLU }",
        sequential![ReLU, Tanh] => "Sequential of 2 parts { 0: ReLU, 1: Tanh }",
        sequential![sequential![ReLU], Tanh] =>
            "Sequential of 2 parts { 0: Sequential of 1 part, 0.0: ReLU, 1: Tanh }",
        sequential![sequential![ReLU, Softmax::new(0)]] =>
            "Sequential of 1 part { 0: Sequential of 2 parts, 0.0: ReLU, 0.1: Softmax, 0.1.dim: 0 }",
    };
    for (i, (layer, text)) in all.iter().enumerate() {
        let description = layer.describe();
        assert_eq!(description.to_string(), *text);
        assert!(all[..i].iter().all(|(other, _)| other.describe() != description), "{text} twice");
    }
    Ok(())
}

/// Functions by their names; those of one place have one name.
#[test]
fn functions_are_described_by_name() {
    let name = |model: &Sequential| model.get(0).map(|layer| layer.describe().to_string()).expect("one layer");
    let (tanh, relu) = (name(&sequential![Tensor::tanh]), name(&sequential![Tensor::relu]));
    assert!(tanh.contains("tanh") && relu.contains("relu"), "{tanh} {relu}");
    let by = |factor: f64| sequential![move |x: &Tensor| x.mul_scalar(factor)];
    assert_eq!(name(&by(2.0)), name(&by(3.0)));
    assert!(name(&by(2.0)).contains("functions_are_described_by_name"), "{}", name(&by(2.0)));
}
