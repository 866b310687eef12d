//! Losses of inputs and targets that hold NaN or an infinity, and of a single sample: what depends on such an element
//! says so, and nothing else changes.

use super::corners::{run, with};
use super::{Case, Outcome, REDUCTIONS, Reduction, as_dtype, bits, ensure, equal, near};
use autograd_core::{DType, Result, Tensor};

/// Values to try in the place of an element, as far as the domain allows.
const OTHERS: [f64; 9] = [-1000.0, -1.0, 0.0, 0.125, 0.625, 1.0, 2.0, 30.0, 1000.0];

fn losses(case: &Case, x: &Tensor, t: &Tensor) -> Result<Vec<f64>> {
    Ok((case.build)(Reduction::None).forward(x, t)?.to_f64s())
}

/// For each loss, whether another value in one place of the input changes it.
fn depends(case: &Case, x: &Tensor, t: &Tensor, at: usize) -> Result<Vec<bool>> {
    let [low, high] = case.domain;
    let clean = losses(case, x, t)?;
    let mut depends = vec![false; clean.len()];
    for v in OTHERS.into_iter().filter(|v| (low..=high).contains(v)) {
        let other = losses(case, &with(x, at, v)?, t)?;
        for (depends, (a, b)) in depends.iter_mut().zip(clean.iter().zip(other)) {
            *depends |= a.to_bits() != b.to_bits();
        }
    }
    Ok(depends)
}

/// A NaN in the input makes NaN of every loss that depends on its element, and of the sum and the mean if one does; the
/// other losses, and gradients of elements that share no loss with it, have the bits they had, but for those of a
/// sample whose weight is 0.
pub(super) fn nan(case: &Case) -> Outcome {
    for (x, t) in case.pairs.iter().filter(|(x, _)| x.numel() > 0) {
        for dtype in [DType::F64, DType::F32] {
            let (x, t) = (as_dtype(x, dtype), as_dtype(t, dtype));
            let (clean, slopes) = run(case, &x, &t)?;
            let decided = (0..x.numel()).map(|at| depends(case, &x, &t, at)).collect::<Result<Vec<_>>>()?;
            for (at, depends) in decided.iter().enumerate() {
                let spoilt = with(&x, at, f64::NAN)?;
                let place = || format!("NaN in place {at} of {:?}, target {:?}, {dtype}", x.to_f64s(), t.to_f64s());
                let (losses, gradient) = run(case, &spoilt, &t).map_err(|e| format!("{}: {e}", place()))?;
                let passed = losses.iter().zip(&clean).zip(depends).all(|((got, clean), depends)| match depends {
                    true => got.is_nan(),
                    // A weight of 0 hides an infinite loss, and no NaN.
                    false => got.to_bits() == clean.to_bits() || got.is_nan() && *clean == 0.0,
                });
                ensure(passed, || format!("{}: the losses {losses:?} were {clean:?}", place()))?;
                let apart = |other: &[bool]| !other.iter().zip(depends).any(|(a, b)| *a && *b);
                let kept = decided.iter().zip(gradient.iter().zip(&slopes));
                let same =
                    |(got, clean): (&f64, &f64)| got.to_bits() == clean.to_bits() || got.is_nan() && *clean == 0.0;
                let kept = kept.filter(|(other, _)| apart(other)).all(|(_, pair)| same(pair));
                ensure(kept || case.whole, || format!("{}: the gradient {gradient:?} was {slopes:?}", place()))?;
                for reduction in REDUCTIONS.into_iter().filter(|_| depends.contains(&true)) {
                    let all = (case.build)(reduction).forward(&spoilt, &t)?.to_f64s();
                    ensure(all.iter().any(|y| y.is_nan()), || format!("{}: {reduction:?} is {all:?}", place()))?;
                }
            }
        }
    }
    Ok(())
}

/// So does a NaN in a target of floats, unless it is refused.
pub(super) fn nan_targets(case: &Case) -> Outcome {
    for (x, t) in case.pairs.iter().filter(|(x, t)| x.numel() > 0 && t.dtype().is_float()) {
        let clean = losses(case, x, t)?;
        for at in 0..t.numel() {
            let mut depends = vec![false; clean.len()];
            for v in t.to_f64s().into_iter().chain([0.0, 0.5, 1.0]) {
                let Ok(other) = losses(case, x, &with(t, at, v)?) else { continue };
                for (depends, (a, b)) in depends.iter_mut().zip(clean.iter().zip(other)) {
                    *depends |= a.to_bits() != b.to_bits();
                }
            }
            let Ok(got) = losses(case, x, &with(t, at, f64::NAN)?) else { continue };
            let passed = got.iter().zip(depends).all(|(got, depends)| !depends || got.is_nan());
            ensure(passed, || {
                format!("NaN in place {at} of the target {:?} of {:?}: {got:?}", t.to_f64s(), x.to_f64s())
            })?;
        }
    }
    Ok(())
}

/// An infinity in the input gives a finite loss only where that is the limit.
pub(super) fn infinities(case: &Case) -> Outcome {
    let [low, high] = case.domain;
    for (x, t) in case.pairs.iter().filter(|(x, _)| x.numel() > 0) {
        for at in 0..x.numel() {
            // Of what is bounded nothing is so far out.
            let all = [(f64::NEG_INFINITY, low <= -1000.0), (f64::INFINITY, high >= 50.0)];
            for (v, _) in all.into_iter().filter(|(_, wanted)| *wanted) {
                let farther = losses(case, &with(x, at, 1e8f64.copysign(v))?, t)?;
                for dtype in [DType::F64, DType::F32] {
                    let (x, t) = (as_dtype(&with(x, at, v)?, dtype), as_dtype(t, dtype));
                    let (got, gradient) = run(case, &x, &t)?;
                    let told = got
                        .iter()
                        .zip(&farther)
                        .all(|(got, limit)| !got.is_finite() || near(&[*got], &[*limit], 1e-4).is_ok());
                    ensure(told, || {
                        let (x, t) = (x.to_f64s(), t.to_f64s());
                        format!("{x:?}, target {t:?}, {dtype}: {got:?}, gradient {gradient:?}, farther out {farther:?}")
                    })?;
                }
            }
        }
    }
    Ok(())
}

/// A single sample has its loss by the formula, and finite gradients where the loss is finite.
pub(super) fn single(case: &Case) -> Outcome {
    for (x, t) in case.pairs.iter().filter(|(x, t)| x.rank() > 1 && x.shape()[0] > 0 && t.rank() > 0) {
        let (x, t) = (x.narrow(0, 0, 1)?, t.narrow(0, 0, 1)?);
        let want = (case.formula)(&x, &t);
        for (dtype, tolerance) in [(DType::F64, 1e-12), (DType::F32, 1e-5)] {
            let (x, t) = (as_dtype(&x, dtype), as_dtype(&t, dtype));
            let (got, gradient) = run(case, &x, &t)?;
            near(&got, &want.losses, tolerance)?;
            let finite = got.iter().all(|y| y.is_finite());
            ensure(!finite || gradient.iter().all(|g| g.is_finite()), || format!("the gradient is {gradient:?}"))?;
            let mean = (case.build)(Reduction::Mean).forward(&x, &t)?;
            near(&mean.to_f64s(), &[want.losses.iter().sum::<f64>() / want.divisor], tolerance)?;
            equal(bits(&mean).len(), 1)?;
        }
    }
    Ok(())
}
