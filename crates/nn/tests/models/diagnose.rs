//! The gradient doctor finds planted faults, and names places and causes.

use crate::alone;
use autograd_core::module::Module as _;
use autograd_core::{DType, EmbeddingOptions, Tensor, no_grad, seeded};
use wengert_nn::{
    Ailment, BatchNorm1d, Conv1d, Diagnosis, Doctor, Dropout, DynLayer, EinsumDense, EinsumDenseOptions, Embedding,
    GRU, Layer, LayerNorm, Linear, Module, ReLU, ReLU6, Result, Sequential, SparsePlus, SquaredReLU, Tanh, Threshold,
    WeightNorm, diagnose, diagnose_run, mse_loss, sequential,
};

fn batch() -> Result<([Tensor; 1], Tensor)> {
    let rng = &mut seeded(3);
    Ok(([Tensor::randn(&[6, 2], DType::F32, rng)?], Tensor::randn(&[6, 1], DType::F32, rng)?))
}

fn run(model: &impl Layer) -> Result<Diagnosis> {
    let (x, y) = batch()?;
    diagnose_run(model, &x, |output| mse_loss(output, &y))
}

/// Name, ailment and cause of what is found.
fn found(diagnosis: &Diagnosis) -> Vec<(String, Ailment, Option<String>)> {
    diagnosis.findings().map(|row| (row.name.clone(), row.ailment.expect("found"), row.cause.clone())).collect()
}

fn between(cut: impl Fn(&Tensor) -> Result<Tensor> + Clone + Send + Sync + 'static) -> Result<Sequential> {
    let rng = &mut seeded(1);
    Ok(sequential![Linear::new(2, 3, rng)?, Tanh, cut, Linear::new(3, 1, rng)?])
}

#[test]
fn a_sound_model_has_no_findings_and_stays_as_it_is() -> Result<()> {
    let rng = &mut seeded(1);
    let model = sequential![Linear::new(2, 8, rng)?, ReLU, Dropout::new(0.2, rng)?, Linear::new(8, 1, rng)?];
    let before = autograd_core::module::stream_positions(&model);
    let diagnosis = run(&model)?;
    assert!(diagnosis.is_healthy() && found(&diagnosis).is_empty(), "{diagnosis}");
    assert_eq!(autograd_core::module::stream_positions(&model), before);
    assert_eq!((diagnosis.parameters.len(), diagnosis.units.len(), diagnosis.units[0].units), (4, 1, 8));
    Ok(())
}

#[test]
fn the_operation_that_cuts_a_path_is_named_with_its_layer() -> Result<()> {
    let cases: [(&str, Sequential); 6] = [
        ("detach", between(|x: &Tensor| Ok(x.detach()))?),
        ("floor", between(|x: &Tensor| Ok(x.floor()))?),
        ("sign", between(|x: &Tensor| Ok(x.sign()))?),
        ("cast", between(|x: &Tensor| Ok((x * 9.0).to_dtype(DType::I64).to_dtype(DType::F32)))?),
        ("no_grad", between(|x: &Tensor| Ok(no_grad(|| x.exp())))?),
        ("gt", between(|x: &Tensor| Ok(x.gt_scalar(0.0).to_dtype(DType::F32)))?),
    ];
    for (op, model) in cases {
        let diagnosis = run(&model)?;
        let cause = Some(format!("{op} in 2 (Lambda) cut a value of shape [6, 3] off"));
        let missing = |name: &str| (name.to_string(), Ailment::Missing, cause.clone());
        assert_eq!(found(&diagnosis), [missing("0.weight"), missing("0.bias")], "{op}");
        assert!(!diagnosis.is_healthy());
    }
    let rng = &mut seeded(1);
    let whole = sequential![Linear::new(2, 1, rng)?];
    let (x, y) = batch()?;
    let cut = diagnose_run(&whole, &x, |output| mse_loss(&output.detach(), &y))?;
    let cause = Some("detach in the model or the loss cut a value of shape [6, 1] off".to_string());
    assert_eq!(found(&cut)[0], ("0.weight".into(), Ailment::Missing, cause));
    Ok(())
}

/// Cuts beside its parts: before the first, or between them.
#[derive(Module)]
struct Cutting {
    first: Linear,
    norm: BatchNorm1d,
    last: Linear,
    early: bool,
}

impl Layer for Cutting {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = if self.early { x.detach() } else { x.clone() };
        let h = self.norm.call("norm", &self.first.call("first", &x)?)?;
        self.last.call("last", &if self.early { h } else { h.floor() })
    }
}

#[test]
fn a_cut_beside_the_parts_of_a_layer_is_in_the_layer() -> Result<()> {
    for early in [false, true] {
        let rng = &mut seeded(1);
        let inside = Cutting {
            first: Linear::new(2, 3, rng)?,
            norm: BatchNorm1d::new(3)?,
            last: Linear::new(3, 1, rng)?,
            early,
        };
        let model = Outer { stem: Linear::new(2, 2, rng)?, block: inside };
        let diagnosis = run(&model)?;
        let op = if early { "detach" } else { "floor" };
        let shape = if early { "[6, 2]" } else { "[6, 3]" };
        let cause = Some(format!("{op} in block (Cutting) cut a value of shape {shape} off"));
        let mut missing = found(&diagnosis);
        missing.retain(|(_, ailment, _)| *ailment == Ailment::Missing);
        assert_eq!(missing.len(), if early { 2 } else { 6 }, "{diagnosis}");
        assert!(missing.iter().all(|(_, _, why)| *why == cause), "{diagnosis}");
    }
    Ok(())
}

#[derive(Module)]
struct Outer {
    stem: Linear,
    block: Cutting,
}

impl Layer for Outer {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.block.call("block", &self.stem.call("stem", x)?)
    }
}

#[derive(Module)]
struct Gap {
    used: Linear,
    unused: Linear,
    read: Linear,
}

impl Layer for Gap {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let read = self.read.call("read", x)?;
        let numbers = Tensor::from_vec(read.to_vec::<f32>()?, read.shape())?;
        self.used.call("used", x)?.try_add(&numbers)
    }
}

#[test]
fn what_the_loss_does_not_use_is_told_from_what_is_frozen() -> Result<()> {
    let rng = &mut seeded(1);
    let mut model =
        Gap { used: Linear::new(2, 1, rng)?, unused: Linear::new(2, 1, rng)?, read: Linear::new(2, 1, rng)? };
    model.freeze("used.bias")?;
    let diagnosis = run(&model)?;
    let cause = Some("the loss is not computed from it, or only through numbers read from a tensor".to_string());
    let missing = |name: &str| (name.to_string(), Ailment::Missing, cause.clone());
    assert_eq!(
        found(&diagnosis),
        [
            ("used.bias".to_string(), Ailment::Frozen, None),
            missing("unused.weight"),
            missing("unused.bias"),
            missing("read.weight"),
            missing("read.bias")
        ]
    );
    // A stop of gradients that is no cut: another path reaches the parameter.
    let straight = between(|x: &Tensor| x.try_add(&x.floor().try_sub(x)?.detach()))?;
    assert!(found(&run(&straight)?).is_empty());
    Ok(())
}

#[test]
fn dead_rectifiers_are_counted_by_unit() -> Result<()> {
    let dead =
        Linear::from_tensors(Tensor::from([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), Some(Tensor::from([-99.0; 3])))?;
    let last = Linear::new(3, 1, &mut seeded(1))?;
    let diagnosis = run(&sequential![dead, ReLU, last])?;
    assert_eq!(diagnosis.units[0].dead, [0, 1, 2]);
    let ailments: Vec<_> = found(&diagnosis).into_iter().map(|(name, ailment, _)| (name, ailment)).collect();
    let zero = |name: &str| (name.to_string(), Ailment::Zero);
    assert_eq!(ailments, [zero("0.weight"), zero("0.bias"), zero("2.weight")]);
    assert!(!diagnosis.is_healthy());
    assert!(
        diagnosis.to_string().ends_with("1 (ReLU): 3 of 3 units are 0 for the whole batch: 0, 1, 2"),
        "{diagnosis}"
    );
    Ok(())
}

/// Of sequences, `[4, 2, 3]`, and of channels, `[4, 3, 5]`; unit 1 is dead.
#[test]
fn units_are_where_the_layer_before_has_them() -> Result<()> {
    let rng = &mut seeded(1);
    let bias = || Tensor::from([9.0, -9.0, 9.0]);
    let linear = || Linear::from_tensors(Tensor::from([[0.1], [0.1], [0.1]]), Some(bias()));
    let mut equation = EinsumDense::with("abc,cd->abd", &[1, 3], EinsumDenseOptions::new().bias(&[3]), rng)?;
    equation.bias.as_mut().expect("a bias").set(bias())?;
    let mut norm = LayerNorm::new(&[3])?;
    norm.bias.as_mut().expect("a bias").set(bias())?;
    let rows = Tensor::from([[1.0, -1.0, 1.0], [2.0, -2.0, 2.0]]);
    let table = Embedding::from_tensors(rows, EmbeddingOptions::new())?;
    let mut conv = Conv1d::new(1, 3, 1, rng)?;
    conv.bias.as_mut().expect("a bias").set(bias())?;
    let x = Tensor::randn(&[4, 2, 1], DType::F32, rng)?;
    let channels = Tensor::randn(&[4, 1, 5], DType::F32, rng)?;
    let cases: Vec<(Sequential, Tensor)> = vec![
        (sequential![linear()?, ReLU], x.clone()),
        (sequential![sequential![linear()?, Tanh], Dropout::new(0.1, rng)?, ReLU], x.clone()),
        (sequential![WeightNorm::new(linear()?)?, ReLU], x.clone()),
        (sequential![equation, ReLU], x.clone()),
        (sequential![norm, ReLU], Tensor::randn(&[4, 2, 3], DType::F32, rng)?),
        (sequential![table, ReLU], Tensor::from([[0, 1], [1, 0], [1, 1], [0, 0]])),
        (sequential![conv.clone(), ReLU], channels.clone()),
        (sequential![Linear::new(5, 5, rng)?, conv, Tanh, ReLU], channels),
    ];
    for (model, x) in cases {
        let units = diagnose_run(&model, &[x], |y| Ok(y.sum()))?.units;
        assert_eq!((units[0].units, units[0].dead.as_slice()), (3, &[1][..]), "{model:?}");
    }
    let recurrent = sequential![GRU::new(1, 3, rng)?, ReLU];
    assert_eq!(diagnose_run(&recurrent, &[x], |y| Ok(y.sum()))?.units[0].units, 3);
    Ok(())
}

#[test]
fn every_rectifier_is_known() -> Result<()> {
    let (dead, x) = (Tensor::from([-99.0; 3]), [Tensor::from([[1.0, 2.0]])]);
    let weight = || Tensor::from([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]);
    let rectifiers: [Box<dyn DynLayer>; 5] =
        [Box::new(ReLU), Box::new(ReLU6), Box::new(Threshold::new()), Box::new(SquaredReLU), Box::new(SparsePlus)];
    for rectifier in rectifiers {
        let kind = rectifier.kind();
        let model = sequential![Linear::from_tensors(weight(), Some(dead.clone()))?, rectifier];
        let units = diagnose_run(&model, &x, |y| Ok(y.sum()))?.units;
        assert_eq!((units[0].kind.as_str(), units[0].dead.as_slice()), (kind, &[0, 1, 2][..]));
    }
    Ok(())
}

#[test]
fn what_is_not_finite_names_the_first_operation() -> Result<()> {
    let bad = between(|x: &Tensor| Ok((x - 2.0).log()))?;
    let diagnosis = alone(|| run(&bad))?;
    let all = found(&diagnosis);
    assert_eq!(all.len(), 4);
    assert!(
        all.iter().all(|(_, ailment, cause)| {
            let cause = cause.as_deref().expect("it is known");
            *ailment == Ailment::NotFinite
                && cause.starts_with("in 2 (Lambda): ") | cause.starts_with("forward of log made NaN")
        }),
        "{diagnosis}"
    );
    Ok(())
}

#[test]
fn sizes_are_compared_with_the_median_whatever_the_loss_is_multiplied_by() -> Result<()> {
    let rng = &mut seeded(1);
    for (factor, ailment) in [(1e-12, Ailment::Vanishing), (1e12, Ailment::Exploding)] {
        for of_loss in [1e-9, 1.0, 1e9] {
            let parts: Vec<Linear> = (0..3).map(|_| Linear::new(1, 1, rng)).collect::<Result<_>>()?;
            let loss = |parts: &[Linear]| {
                let sums = parts.iter().enumerate().map(|(at, part)| {
                    let factor = if at == 1 { factor } else { 1.0 };
                    &part.weight.sum() * (factor * of_loss) + &part.bias.as_deref().expect("there").sum() * of_loss
                });
                sums.reduce(|a, b| a + b).expect("three")
            };
            let grads = loss(&parts).backward()?;
            let all = found(&diagnose(&parts, &grads));
            assert_eq!(all.iter().map(|(name, a, _)| (name.as_str(), *a)).collect::<Vec<_>>(), [("1.weight", ailment)]);
            let lax = Doctor::new().vanishing(1e-20).exploding(1e20).look(&parts, &grads);
            assert!(lax.is_healthy() && lax.findings().count() == 0);
        }
    }
    Ok(())
}

#[test]
fn sizes_of_numbers_with_a_nan_are_nan_wherever_it_stands() -> Result<()> {
    for values in [[f32::NAN, 0.0], [0.0, f32::NAN], [f32::NAN, f32::INFINITY]] {
        let linear = Linear::from_tensors(Tensor::from([values]), None)?;
        let grads = linear.weight.try_mul(&Tensor::from([values]))?.sum().backward()?;
        let row = diagnose(&linear, &grads).parameters.remove(0);
        assert_eq!(row.ailment, Some(Ailment::NotFinite));
        assert!(row.value.is_nan() && row.gradient.is_some_and(f64::is_nan), "{values:?}: {row:?}");
    }
    Ok(())
}
