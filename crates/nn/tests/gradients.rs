//! Every layer and every loss against finite differences, first and second order, with respect to inputs and
//! parameters.

use autograd_core::{DType, Tensor, seeded};
use wengert_nn::{
    Approximate, BceWithLogitsLoss, CrossEntropyLoss, Dropout, Flatten, GELU, Identity, L1Loss, Layer, LeakyReLU,
    Linear, LogSoftmax, Loss, MseLoss, PReLU, ReLU, Reduction, Result, Sequential, SiLU, Sigmoid, SmoothL1Loss,
    Softmax, Softplus, Tanh, gradcheck, sequential,
};

fn randn(shape: &[usize], seed: u64) -> Tensor {
    Tensor::randn(shape, DType::F64, &mut seeded(seed)).expect("small")
}

fn check_layer(layer: impl Layer + Clone, shape: &[usize]) {
    let report = gradcheck::layer(&layer, &randn(shape, 1)).unwrap_or_else(|e| panic!("{}: {e}", layer.kind()));
    assert!(report.compared > 0 || shape.contains(&0), "{}", layer.kind());
}

fn check_loss(name: &str, loss: impl Loss, input: &Tensor, target: &Tensor) {
    let report = gradcheck::loss(loss, input, target).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert!(report.compared > 0, "{name}");
}

const REDUCTIONS: [Reduction; 3] = [Reduction::None, Reduction::Mean, Reduction::Sum];

#[test]
fn layers() -> Result<()> {
    let rng = &mut seeded(3);
    check_layer(Linear::new(3, 2, rng)?, &[4, 3]);
    check_layer(Linear::no_bias(3, 2, rng)?, &[2, 2, 3]);
    check_layer(Linear::new(3, 2, rng)?, &[3]);
    check_layer(Flatten::default(), &[2, 2, 3]);
    check_layer(Dropout::new(0.4, rng)?, &[3, 4]);
    check_layer(Dropout::new(1.0, rng)?, &[3]);
    check_layer(Sequential::new(), &[2, 2]);
    check_layer(sequential![Linear::new(2, 4, rng)?, Tanh, Dropout::new(0.5, rng)?, Linear::new(4, 1, rng)?], &[3, 2]);
    check_layer(sequential![sequential![Linear::new(2, 2, rng)?], Box::new(Softplus::default())], &[3, 2]);
    Ok(())
}

#[test]
fn activations() -> Result<()> {
    for shape in [&[2, 3][..], &[4], &[], &[0, 2]] {
        check_layer(ReLU, shape);
        check_layer(LeakyReLU::default(), shape);
        check_layer(Softplus::default(), shape);
        check_layer(Softplus::new(2.0, 1.0)?, shape);
        check_layer(SiLU, shape);
        check_layer(GELU::default(), shape);
        check_layer(GELU::new(Approximate::Tanh), shape);
        check_layer(Tanh, shape);
        check_layer(Sigmoid, shape);
        check_layer(Softmax::new(-1), shape);
        check_layer(Softmax::new(0), shape);
        check_layer(LogSoftmax::new(-1), shape);
        check_layer(Identity, shape);
        check_layer(PReLU::default(), shape);
    }
    check_layer(PReLU::new(3, 0.1)?, &[2, 3, 2]);
    Ok(())
}

#[test]
fn losses_of_pairs() {
    for reduction in REDUCTIONS {
        for (input, target) in [(&[2, 3][..], &[2, 3][..]), (&[2, 3], &[3]), (&[2, 3], &[2, 1]), (&[], &[])] {
            let (input, target) = (randn(input, 1), randn(target, 2));
            check_loss("mse", MseLoss { reduction }, &input, &target);
            check_loss("l1", L1Loss { reduction }, &input, &target);
            for beta in [0.0, 0.5, 1.0] {
                check_loss("smooth_l1", SmoothL1Loss { beta, reduction }, &input, &target);
            }
        }
    }
}

#[test]
fn binary_cross_entropy() {
    for reduction in REDUCTIONS {
        for (weight, pos_weight) in [(false, false), (true, false), (false, true), (true, true)] {
            let weight = weight.then(|| randn(&[2, 3], 4).abs());
            let pos_weight = pos_weight.then(|| randn(&[3], 5).abs());
            let loss = BceWithLogitsLoss { weight, pos_weight, reduction };
            check_loss("bce", loss, &randn(&[2, 3], 1), &randn(&[2, 3], 2).sigmoid());
        }
    }
}

#[test]
fn cross_entropy() {
    let indices = |shape: &[usize]| {
        let count: usize = shape.iter().product();
        Tensor::from_vec((0..count as i64).map(|i| i * 2 % 3).collect(), shape).expect("fits")
    };
    for reduction in REDUCTIONS {
        for (weighted, ignore_index, label_smoothing) in
            [(false, -100, 0.0), (false, 2, 0.0), (true, -100, 0.0), (true, 2, 0.0), (false, 2, 0.2), (true, 2, 0.2)]
        {
            let weight = weighted.then(|| randn(&[3], 4).abs());
            let loss = CrossEntropyLoss { weight, ignore_index, label_smoothing, reduction };
            for (input, target) in [(&[4, 3][..], &[4][..]), (&[3], &[]), (&[2, 3, 2], &[2, 2])] {
                check_loss(
                    "cross_entropy",
                    |x: &Tensor, t: &Tensor| loss.forward(x, t),
                    &randn(input, 1),
                    &indices(target),
                );
                let loss = CrossEntropyLoss { ignore_index: -100, ..loss.clone() };
                let probabilities = randn(input, 2).softmax(-1).expect("has an axis");
                check_loss("cross_entropy of probabilities", loss, &randn(input, 1), &probabilities);
            }
        }
    }
}

#[test]
fn a_wrong_gradient_is_found() {
    let wrong = |x: &Tensor, _: &Tensor| Ok(x.detach().square().try_add(x)?.sum());
    let error = gradcheck::loss(wrong, &randn(&[2], 1), &randn(&[2], 1)).expect_err("the square is not differentiated");
    assert!(error.to_string().starts_with("gradient with respect to input 0 at element 0: analytic "), "{error}");
}
