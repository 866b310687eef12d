//! Tied parameters are updated once, whatever the optimizer and wherever the original stands.

use autograd_core::module::Param;
use autograd_core::{Gradients, Result, Tensor};
use wengert_optim::{Adam, AdamW, Lbfgs, NAdam, Optimizer, RmsProp, Sgd};

/// A weight in two places and another one; the original is in place `original`.
fn tied(original: usize) -> Vec<Param> {
    let weight = Param::new(Tensor::from([1.0, -2.0])).expect("a fresh value");
    let mut model = vec![weight.tie(), Param::new(Tensor::from([0.5])).expect("a fresh value")];
    model.insert(original, weight);
    model
}

/// The same weights, each in one place.
fn single() -> Vec<Param> {
    vec![
        Param::new(Tensor::from([1.0, -2.0])).expect("a fresh value"),
        Param::new(Tensor::from([0.5])).expect("a fresh value"),
    ]
}

/// The weight where it is used first, where it is used again, and the other one.
fn parts(model: &[Param]) -> [&Param; 3] {
    let (weights, others): (Vec<&Param>, Vec<&Param>) = model.iter().partition(|param| param.numel() == 2);
    [weights[0], weights[weights.len() - 1], others[0]]
}

fn loss(model: &mut [Param]) -> Result<(f64, Gradients)> {
    let [first, again, other] = parts(model);
    let loss = (first * again).sum() * (other.square().sum() + 1) + (again + 1).square().sum();
    Ok((loss.item()?, loss.backward()?))
}

fn follow(optimizer: impl Optimizer + Clone) -> Result<()> {
    let run = |mut model: Vec<Param>| -> Result<[Vec<f64>; 3]> {
        let mut optimizer = optimizer.clone();
        for step in 0..6 {
            // A clone in the middle of a run is tied as well.
            model = if step == 3 { model.clone() } else { model };
            let (_, report) = optimizer.step_with(&mut model, |model| loss(model))?;
            assert_eq!((report.updated, report.missing), (2, Vec::<String>::new()));
            let [first, again, _] = parts(&model);
            assert_eq!((first.to_f64s(), first.node_id()), (again.to_f64s(), again.node_id()));
        }
        Ok(parts(&model).map(|param| param.to_f64s()))
    };
    let expected = run(single())?;
    assert_ne!(expected[0], [1.0, -2.0]);
    for original in 0..3 {
        for (got, want) in run(tied(original))?.iter().flatten().zip(expected.iter().flatten()) {
            assert!((got - want).abs() < 1e-5, "{got} is not {want}");
        }
    }
    Ok(())
}

#[test]
fn what_is_tied_is_updated_once() -> Result<()> {
    follow(Sgd::new(0.01).momentum(0.9))?;
    follow(Adam::new(0.01))?;
    follow(AdamW::new(0.01))?;
    follow(NAdam::new(0.01))?;
    follow(RmsProp::new(0.01))?;
    follow(Lbfgs::new(0.1).max_iter(2))
}
