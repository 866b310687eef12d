//! Corners of losses: huge and infinite inputs, hard targets, views, nothing at all.

use super::{Case, Outcome, REDUCTIONS, as_dtype, bits, ensure, equal, near, vast};
use crate::loss::Reduction;
use autograd_core::{DType, Result, Tensor, grad};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The losses of all samples, and the gradient of their sum.
pub(super) type Run = (Vec<f64>, Vec<f64>);

pub(super) fn run(case: &Case, x: &Tensor, t: &Tensor) -> Result<Run> {
    let x = x.requires_grad();
    let losses = (case.build)(Reduction::None).forward(&x, t)?;
    let [gradient] = grad(&(case.build)(Reduction::Sum).forward(&x, t)?, [&x])?;
    Ok((losses.to_f64s(), gradient.to_f64s()))
}

/// The input with another number in one place.
pub(super) fn with(x: &Tensor, at: usize, value: f64) -> Result<Tensor> {
    let mut all = x.to_f64s();
    all[at] = value;
    Ok(Tensor::from_slice(&all, x.shape())?.to_dtype(x.dtype()))
}

/// The targets, and where they are probabilities, hard ones.
fn targets(x: &Tensor, t: &Tensor) -> Result<Vec<Tensor>> {
    let mut all = vec![t.clone()];
    // Of few numbers it may be chance.
    let probabilities = t.numel() > 2 && t.shape() == x.shape() && t.to_f64s().iter().all(|t| (0.0..=1.0).contains(t));
    if t.dtype().is_float() && probabilities {
        let odd: Vec<f64> = (0..t.numel()).map(|i| (i % 2) as f64).collect();
        let odd = Tensor::from_slice(&odd, t.shape())?;
        all.extend([t.zeros_like(), t.ones_like(), odd.to_dtype(t.dtype())]);
    }
    Ok(all)
}

/// Where huge inputs are in one place, value and gradient are finite, the gradient is the slope, and `F32` says what
/// `F64` says; at an infinite one they are the limit, where there is one.
pub(super) fn corners(case: &Case) -> Outcome {
    let mut failures = Vec::new();
    for (x, t) in case.pairs.iter().filter(|(x, _)| x.numel() > 0) {
        for t in targets(x, t)? {
            for at in 0..x.numel() {
                let [low, high] = case.domain;
                let inside = |v: &f64| (low..=high).contains(v);
                for v in [-1000.0, 1000.0, low, high].into_iter().filter(inside) {
                    let outcome = match v.is_finite() {
                        true => finite(case, &with(x, at, v)?, &t, at),
                        false => limit(case, x, &t, (at, v)),
                    };
                    if let Err(reason) = outcome {
                        let (x, t) = (x.to_f64s(), t.to_f64s());
                        failures.push(format!("element {at} of {x:?} at {v}, target {t:?}: {reason}"));
                    }
                }
            }
        }
    }
    ensure(failures.is_empty(), || {
        format!("{} failures:\n  {}", failures.len(), failures[..failures.len().min(4)].join("\n  "))
    })
}

fn finite(case: &Case, x: &Tensor, t: &Tensor, at: usize) -> Outcome {
    let (losses, gradient) = run(case, x, t)?;
    let all = losses.iter().chain(&gradient);
    ensure(all.clone().all(|y| y.is_finite()), || format!("losses {losses:?}, gradient {gradient:?}"))?;
    let v = x.to_f64s()[at];
    if v.abs() == 1000.0 {
        let sum = |v: f64| Ok::<f64, autograd_core::Error>(run(case, &with(x, at, v)?, t)?.0.iter().sum());
        let slope = (sum(v + 1e-3)? - sum(v - 1e-3)?) / 2e-3;
        near(&[gradient[at]], &[slope], 1e-4).map_err(|reason| format!("the slope: {reason}"))?;
    }
    let (small_losses, small_gradient) = run(case, &as_dtype(x, DType::F32), &as_dtype(t, DType::F32))?;
    near(&small_losses, &losses, 2e-4).map_err(|reason| format!("the losses in F32: {reason}"))?;
    near(&small_gradient, &gradient, 1e-3).map_err(|reason| format!("the gradient in F32: {reason}").into())
}

fn limit(case: &Case, x: &Tensor, t: &Tensor, (at, v): (usize, f64)) -> Outcome {
    let far = |size: f64| run(case, &with(x, at, size.copysign(v))?, t);
    let (far, farther) = (far(1e6)?, far(1e8)?);
    for dtype in [DType::F64, DType::F32] {
        let (losses, gradient) = run(case, &as_dtype(&with(x, at, v)?, dtype), &as_dtype(t, dtype))?;
        let all =
            losses.iter().chain(&gradient).zip(far.0.iter().chain(&far.1)).zip(farther.0.iter().chain(&farther.1));
        for ((got, far), farther) in all {
            let settled = far.is_finite() && near(&[*far], &[*farther], 1e-5).is_ok();
            // Where a loss is infinite, no step is as good as the limit.
            let no_step = *got == 0.0 && losses.contains(&f64::INFINITY);
            ensure(!settled || no_step || near(&[*got], &[*farther], 1e-4).is_ok(), || {
                format!("losses {losses:?}, gradient {gradient:?}, farther out {farther:?} in {dtype}")
            })?;
        }
    }
    Ok(())
}

/// The same numbers with gaps between them.
fn view(x: &Tensor) -> Result<Tensor> {
    Tensor::stack(&[x, &x.zeros_like()], -1)?.select(-1, 0)
}

/// Of a view with gaps, value and gradient are those of the numbers, to the bit.
pub(super) fn views(case: &Case) -> Outcome {
    for ((x, t), dtype) in case.pairs.iter().flat_map(|pair| [(pair, DType::F64), (pair, DType::F32)]) {
        let (x, t) = (as_dtype(x, dtype), as_dtype(t, dtype));
        for reduction in REDUCTIONS {
            let loss = (case.build)(reduction);
            let of = |x: &Tensor, t: &Tensor| {
                let x = x.requires_grad();
                let y = loss.forward(&x, t)?;
                let [gradient] = grad(&y.sum(), [&x])?;
                Ok::<_, autograd_core::Error>((bits(&y), bits(&gradient)))
            };
            equal(of(&view(&x)?, &view(&t)?)?, of(&x, &t)?)
                .map_err(|reason| format!("{reduction:?}, {dtype}: {reason}"))?;
        }
    }
    Ok(())
}

/// Without samples the sum is 0, nothing counts, and the gradient is of nothing.
pub(super) fn nothing(case: &Case) -> Outcome {
    for (x, t) in case.pairs.iter().filter(|(x, t)| x.rank() > 1 && t.rank() > 0) {
        // A loss of everything is a number all the same.
        let losses = if (case.formula)(x, t).shape.is_empty() { vec![0.0] } else { vec![] };
        let t = if t.shape()[0] == 1 { t.clone() } else { t.narrow(0, 0, 0)? };
        for dtype in [DType::F64, DType::F32] {
            let (x, t) = (as_dtype(&x.narrow(0, 0, 0)?, dtype), as_dtype(&t, dtype));
            equal(run(case, &x, &t)?, (losses.clone(), vec![]))?;
            for reduction in [Reduction::BatchMean, Reduction::Mean] {
                let mean = (case.build)(reduction).parts(&x, &t)?;
                equal((mean.numerator.to_f64s(), mean.denominator.to_f64s()), (vec![0.0], vec![0.0]))?;
            }
            let mean = (case.build)(Reduction::Mean).parts(&x, &t)?;
            ensure(mean.value.to_f64s()[0].is_nan(), || "the mean of nothing is a number".into())?;
            equal((case.build)(Reduction::Sum).forward(&x, &t)?.to_f64s(), vec![0.0])?;
        }
    }
    Ok(())
}

/// Where all targets are ignored, the losses and gradients are 0, whatever the input holds.
pub(super) fn ignored(case: &Case) -> Outcome {
    let Some(label) = case.ignored else { return Ok(()) };
    for (x, t) in case.pairs.iter().filter(|(_, t)| t.dtype() == DType::I64) {
        let t = t.full_like(label as f64);
        for (dtype, bad) in [(DType::F64, 0.5), (DType::F32, f64::NAN), (DType::F64, f64::INFINITY)] {
            let x = as_dtype(&x.full_like(bad), dtype);
            equal(run(case, &x, &t)?, (vec![0.0; t.numel()], vec![0.0; x.numel()]))?;
            equal((case.build)(Reduction::Mean).parts(&x, &t)?.numerator.to_f64s(), vec![0.0])?;
        }
    }
    Ok(())
}

/// Losses of three tensors, whose cases compute the third of the other two; `tests/models/extremes.rs` has them.
const OF_THREE: [&str; 5] = [
    "cosine_embedding_loss",
    "gaussian_nll_loss",
    "margin_ranking_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
];

/// Of inputs or targets that no memory holds there is an answer or an error, and no panic.
pub(super) fn vast_inputs(case: &Case) -> Outcome {
    let mut failed = Vec::new();
    if OF_THREE.contains(&case.name) {
        return Ok(());
    }
    for (x, t) in &case.pairs {
        let of = |x: &Tensor| Ok::<_, autograd_core::Error>([vec![x.clone()], vast(x)?].concat());
        let (inputs, targets) = (of(x)?, of(t)?);
        for (x, t) in inputs.iter().flat_map(|x| targets.iter().map(move |t| (x, t))).skip(1) {
            for reduction in REDUCTIONS {
                let back = || {
                    let x = x.requires_grad();
                    let y = (case.build)(reduction).forward(&x, t)?;
                    if y.rank() == 0 { grad(&y, &[&x]).map(drop) } else { Ok(()) }
                };
                if catch_unwind(AssertUnwindSafe(back)).is_err() {
                    failed.push(format!("{reduction:?} of {:?} and {:?} panics", x.shape(), t.shape()));
                }
            }
        }
    }
    ensure(failed.is_empty(), || failed.join("\n  "))
}
