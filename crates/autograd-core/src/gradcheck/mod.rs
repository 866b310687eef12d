//! Gradient checks: the derivatives by the tape against finite differences.
//!
//! Use them on your own operations, layers and losses. They work in f64, and compare every partial derivative, or, for
//! large inputs, derivatives in random directions. The step goes with the size of the input. Where a function has a
//! kink near the point checked, the point is moved. What finite differences cannot tell is an error, not a success.

mod numeric;

use crate::error::{Error, ErrorKind, Result};
use crate::functional::grad_with;
use crate::ops::check::Check;
use crate::tape::{Backward, recording};
use crate::tensor::{DType, Tensor};
use numeric::{Line, Tolerance, Verdict};
use rand::SeedableRng;
use std::fmt;

/// The settings of a check. [`gradcheck`] uses the defaults.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor, gradcheck::GradCheck};
/// let x = Tensor::from([0.3, -0.7, 1.1]).to_dtype(DType::F64);
/// let check = GradCheck::new().rtol(1e-7).atol(1e-9).second_order(false);
/// assert_eq!(check.check(|x| Ok(x[0].sin()), &[x.clone()])?.compared, 6);   // 3 of x, 3 of the upstream gradient
/// let few = check.full_up_to(2).directions(5).seed(7);
/// assert_eq!(few.check(|x| Ok(x[0].sin()), &[x])?.compared, 5);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct GradCheck {
    rtol: f64,
    atol: f64,
    second_order: bool,
    full_up_to: usize,
    directions: usize,
    seed: u64,
}

impl Default for GradCheck {
    fn default() -> Self {
        GradCheck { rtol: 1e-6, atol: 1e-7, second_order: true, full_up_to: 64, directions: 4, seed: 0x5eed }
    }
}

impl GradCheck {
    /// A check with the default options.
    pub fn new() -> GradCheck {
        GradCheck::default()
    }

    /// The largest error relative to the derivative, `rtol ≥ 0`. Default 1e-6.
    #[must_use]
    pub fn rtol(mut self, rtol: f64) -> GradCheck {
        self.rtol = rtol;
        self
    }

    /// The largest absolute error, `atol ≥ 0`, of `x ∂y/∂x` where x is larger than 1; smaller by as much as the values
    /// of the function that depend on x are smaller than 1. Default 1e-7.
    #[must_use]
    pub fn atol(mut self, atol: f64) -> GradCheck {
        self.atol = atol;
        self
    }

    /// Whether to check the derivatives of the gradient, too. Default true.
    #[must_use]
    pub fn second_order(mut self, second_order: bool) -> GradCheck {
        self.second_order = second_order;
        self
    }

    /// Inputs with more elements than this together are checked in random directions instead of one by one. Default 64.
    #[must_use]
    pub fn full_up_to(mut self, full_up_to: usize) -> GradCheck {
        self.full_up_to = full_up_to;
        self
    }

    /// The number of random directions. Default 4.
    #[must_use]
    pub fn directions(mut self, directions: usize) -> GradCheck {
        self.directions = directions;
        self
    }

    /// The seed of upstream gradients, directions and moved points.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> GradCheck {
        self.seed = seed;
        self
    }
}

/// The result of a check that passed.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor, gradcheck, gradcheck::Report};
/// let x = Tensor::from(0.5).to_dtype(DType::F64);
/// let Report { max_error, moved, .. } = gradcheck(|x| Ok(x[0].exp()), &[x])?;
/// assert!(max_error < 1e-8 && moved == 0);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Report {
    /// The number of derivatives compared.
    pub compared: usize,
    /// The largest difference between analytic and numeric derivative.
    pub max_error: f64,
    /// How often the point had to be moved away from a kink.
    pub moved: usize,
}

/// The derivative that failed a check.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor, custom, gradcheck, gradcheck::Mismatch};
/// let wrong = |x: &[Tensor]| custom("wrong", &[&x[0]], |x| Ok(x[0].square()), |gy, _, _| Ok(vec![Some(gy.clone())]));
/// let error = gradcheck(wrong, &[Tensor::from(3.0).to_dtype(DType::F64)]).unwrap_err();
/// let mismatch = error.detail::<Mismatch>().expect("the slope of x² is 2 x, not 1");
/// assert!((mismatch.numeric / mismatch.analytic - 6.0).abs() < 1e-6);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    /// 1 for the gradient, 2 for the gradient of the gradient.
    pub order: usize,
    /// Position of the input.
    pub input: usize,
    /// The element in row-major order; `None` for a random direction over all inputs.
    pub index: Option<usize>,
    /// The derivative by the tape.
    pub analytic: f64,
    /// The derivative by finite differences.
    pub numeric: f64,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = name(self.order, self.input, self.index);
        write!(f, "{name} is {:e} by the tape, but {:e} by finite differences", self.analytic, self.numeric)
    }
}

/// The name of a derivative.
fn name(order: usize, input: usize, index: Option<usize>) -> String {
    let order = if order == 1 { "the gradient" } else { "the second derivative" };
    match index {
        Some(index) => format!("{order} with respect to input {input} at element {index}"),
        None => format!("{order} in a random direction"),
    }
}

impl std::error::Error for Mismatch {}

/// Checks the first and second derivatives of `f` at `inputs` with the default settings.
///
/// # Errors
/// The derivative that differs, with a [`Mismatch`] as its [`detail`](Error::detail); the derivative that finite
/// differences cannot tell, because `f` is not finite nearby or its values are so large that their rounding hides the
/// difference; no elements of float type to differentiate for; or whatever `f` returns.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor, gradcheck};
/// let x = Tensor::from([0.3, -0.7]).to_dtype(DType::F64);
/// let report = gradcheck(|x| Ok(x[0].tanh()), &[x])?;
/// assert!(report.max_error < 1e-8);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn gradcheck(f: impl Fn(&[Tensor]) -> Result<Tensor>, inputs: &[Tensor]) -> Result<Report> {
    GradCheck::default().check(f, inputs)
}

impl GradCheck {
    /// Checks `f` at `inputs`. Float inputs must be `F64`; others are passed on as they are. The upstream gradient is
    /// random, so a gradient that is right only for a sum does not pass.
    ///
    /// # Errors
    /// As for [`gradcheck`], or if a float input is not `F64`.
    pub fn check(&self, f: impl Fn(&[Tensor]) -> Result<Tensor>, inputs: &[Tensor]) -> Result<Report> {
        for (name, tolerance) in [("rtol", self.rtol), ("atol", self.atol)] {
            let ok = tolerance >= 0.0 && tolerance.is_finite();
            Check("gradcheck").require(ok, name, tolerance, "finite and at least 0")?;
        }
        Check("gradcheck").require(self.directions > 0, "directions", self.directions, "at least 1")?;
        for x in inputs {
            if x.dtype() == DType::F32 {
                return Err(Error::wrong_dtype("gradcheck", DType::F32, DType::F64));
            }
        }
        if !inputs.iter().any(|x| x.dtype().is_float() && x.numel() > 0) {
            let text = format!("none of the {} inputs has elements of float type", inputs.len());
            return Err(Error::new(ErrorKind::Argument, format!("gradcheck: there is nothing to check: {text}")));
        }
        let mut rng = crate::SeededRng::seed_from_u64(self.seed);
        let y = crate::no_grad(|| f(inputs))?;
        Check("gradcheck").float(&y)?;
        if y.dtype() == DType::F32 {
            return Err(Error::new(
                ErrorKind::DType,
                "gradcheck: the value's dtype is F32, expected F64, for its rounding would be taken for an error",
            ));
        }
        let upstream = Tensor::randn(y.shape(), y.dtype(), &mut rng)?;
        let mut report = Report::default();
        // The upstream gradient is one more input: its derivative is the value itself, and in second order it must
        // flow.
        let mut all = inputs.to_vec();
        all.push(upstream);
        let weighted = |x: &[Tensor]| {
            let (upstream, x) = x.split_last().unwrap_or_else(|| unreachable!("the upstream gradient is an input"));
            Ok(vec![f(x)?.try_mul(upstream)?])
        };
        self.compare((1, 0.0), &weighted, &all, &mut report, &mut rng)?;
        if self.second_order {
            let mut directions = Vec::new();
            for x in inputs {
                let float = x.dtype().is_float();
                directions.push(if float { Tensor::randn(x.shape(), x.dtype(), &mut rng)? } else { x.clone() });
            }
            let slopes = |x: &[Tensor]| slopes_along(&weighted, x, &directions);
            // The values of a slope may be 0 where what they were computed from rounds: that is as large as the
            // function.
            let size: f64 = y.try_mul(&all[inputs.len()])?.to_f64s().iter().map(|y| y.abs()).sum();
            let floor = if size <= 1e3 { size * 16.0 * f64::EPSILON * 1024.0 } else { 0.0 };
            self.compare((2, floor), &slopes, &all, &mut report, &mut rng)?;
        }
        Ok(report)
    }

    /// Compares the derivatives of a sum, moving the point away from kinks. What f computes on the way rounds by
    /// `floor`.
    fn compare(
        &self,
        (order, floor): (usize, f64),
        f: Terms<'_>,
        inputs: &[Tensor],
        report: &mut Report,
        rng: &mut crate::SeededRng,
    ) -> Result<()> {
        const MOVES: usize = 8;
        let mut point = inputs.to_vec();
        for attempt in 0..=MOVES {
            let mut seen = Report { moved: report.moved, ..Report::default() };
            match self.compare_here((order, floor), f, &point, &mut seen, rng)? {
                None => {
                    report.compared += seen.compared;
                    report.max_error = report.max_error.max(seen.max_error);
                    return Ok(());
                }
                Some((_, kink)) if kink && attempt < MOVES => {
                    report.moved += 1;
                    for (x, start) in point.iter_mut().zip(inputs).filter(|(x, _)| x.dtype().is_float()) {
                        let random = Tensor::randn(start.shape(), start.dtype(), rng)?.mul_scalar(0.05);
                        *x = start.try_add(&random.try_mul(&scales(start)?)?)?;
                    }
                }
                Some((error, _)) => return Err(error),
            }
        }
        Ok(())
    }

    /// The error of the first derivative that is not right at this point, and whether a kink may be the reason.
    fn compare_here(
        &self,
        (order, floor): (usize, f64),
        f: Terms<'_>,
        inputs: &[Tensor],
        report: &mut Report,
        rng: &mut crate::SeededRng,
    ) -> Result<Option<(Error, bool)>> {
        let analytic = gradients(f, inputs)?;
        let values = |x: &[Tensor]| Ok(f(x)?.iter().flat_map(|term| term.detach().to_f64s()).collect::<Vec<f64>>());
        let middle = values(inputs)?;
        // `per` is the size of the direction: the tape's derivative is for a step of one.
        let mut judge = |input, index, analytic: f64, per: f64, direction: &[(usize, Tensor)], reach: f64| {
            let line = Line { f: &values, inputs, middle: &middle, direction, reach };
            let tolerance = Tolerance { absolute: self.atol, relative: self.rtol, floor: floor / per };
            report.compared += 1;
            let unsure = |text: String, kink: bool| -> Result<Option<(Error, bool)>> {
                let name = name(order, input, index);
                let text = format!("{name} is {analytic:e} by the tape; finite differences cannot tell, for {text}");
                Ok(Some((Error::new(ErrorKind::Gradient, format!("gradcheck: {text}")), kink)))
            };
            match line.judge(analytic * per, tolerance)? {
                Verdict::Right(off) => {
                    report.max_error = report.max_error.max(off / per);
                    Ok(None)
                }
                Verdict::Wrong { numeric, kink } => {
                    let mismatch = Mismatch { order, input, index, analytic, numeric: numeric / per };
                    let error = Error::new(ErrorKind::Gradient, format!("gradcheck: {mismatch}"));
                    Ok(Some((error.with_source(mismatch), kink)))
                }
                Verdict::NotFinite => unsure("the function is not finite nearby".into(), false),
                Verdict::Rounded { numeric, by, kink } => {
                    let (numeric, by) = (numeric / per, by / per);
                    unsure(format!("rounding of the function's values makes them {numeric:e} ± {by:e}"), kink)
                }
            }
        };
        let floats = || inputs.iter().enumerate().filter(|(_, x)| x.dtype().is_float());
        if floats().map(|(_, x)| x.numel()).sum::<usize>() <= self.full_up_to {
            for (input, x) in floats() {
                let scales = scales(x)?.to_f64s();
                for (index, (scale, analytic)) in scales.into_iter().zip(analytic[input].to_f64s()).enumerate() {
                    let mut direction = vec![0.0; x.numel()];
                    direction[index] = scale;
                    let direction = Tensor::from_vec(direction, x.shape())?.to_dtype(x.dtype());
                    let failed = judge(input, Some(index), analytic, scale, &[(input, direction)], 1.0)?;
                    if failed.is_some() {
                        return Ok(failed);
                    }
                }
            }
            return Ok(None);
        }
        for _ in 0..self.directions {
            let mut steps = Vec::new();
            let (mut along, mut reach) = (0.0, 0.0f64);
            for (input, x) in floats() {
                let random = Tensor::randn(x.shape(), x.dtype(), rng)?;
                reach = random.to_f64s().into_iter().fold(reach, |m, d| m.max(d.abs()));
                let direction = random.try_mul(&scales(x)?)?;
                along += direction.try_mul(&analytic[input])?.to_f64s().iter().sum::<f64>();
                steps.push((input, direction));
            }
            let failed = judge(0, None, along, 1.0, &steps, reach)?;
            if failed.is_some() {
                return Ok(failed);
            }
        }
        Ok(None)
    }
}

/// A function whose value is the sum of all elements of these tensors.
type Terms<'a> = &'a dyn Fn(&[Tensor]) -> Result<Vec<Tensor>>;

/// The scale of each element.
fn scales(x: &Tensor) -> Result<Tensor> {
    let scales = x.detach().to_f64s().into_iter().map(numeric::scale).collect();
    Ok(Tensor::from_vec(scales, x.shape())?.to_dtype(x.dtype()))
}

fn tracked(inputs: &[Tensor]) -> Vec<Tensor> {
    inputs.iter().map(|x| x.detach().requires_grad()).collect()
}

/// The derivatives of a sum by the tape, in the plain walk, which training uses.
fn gradients(f: Terms<'_>, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
    recording(true, || {
        let xs = tracked(inputs);
        let terms = f(&xs)?;
        let ones: Vec<Tensor> = terms.iter().map(|term| term.detach().ones_like()).collect();
        let roots = terms.iter().zip(&ones).filter(|(term, _)| term.is_tracked());
        let grads = roots.fold(Backward::new(), |walk, (term, ones)| walk.root(term, ones)).run()?;
        Ok(xs.iter().map(|x| grads.get(x).cloned().unwrap_or_else(|| x.detach().zeros_like())).collect())
    })
}

/// The terms of `Σ ⟨∂f/∂x, direction⟩`, recorded: their own gradient is the second derivative in that direction. The
/// last input, the upstream gradient, has no direction: f is linear in it.
fn slopes_along(f: Terms<'_>, inputs: &[Tensor], directions: &[Tensor]) -> Result<Vec<Tensor>> {
    recording(true, || {
        // Inputs that come in untracked are tracked here, or there would be nothing to differentiate.
        let xs: Vec<Tensor> =
            inputs.iter().map(|x| if x.is_tracked() { x.clone() } else { x.requires_grad() }).collect();
        let terms = f(&xs)?;
        let ones: Vec<Tensor> = terms.iter().map(|term| term.detach().ones_like()).collect();
        let roots: Vec<_> = terms.iter().zip(&ones).filter(|(term, _)| term.is_tracked()).collect();
        let found = grad_with(&roots, &xs.iter().take(directions.len()).collect::<Vec<_>>())?;
        let along = found.iter().zip(directions).filter_map(|(g, direction)| Some(g.as_ref()?.try_mul(direction)));
        along.collect()
    })
}

#[cfg(test)]
mod tests;
