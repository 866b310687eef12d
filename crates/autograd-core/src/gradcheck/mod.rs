//! Gradient checks: the derivatives by the tape against finite differences.
//!
//! Use them on your own operations, layers and losses. They work in f64, and compare every partial derivative, or, for
//! large inputs, derivatives in random directions. Where a function has a kink near the point checked, the point is
//! moved.

mod numeric;

use crate::error::{Error, ErrorKind, Result};
use crate::functional::grad_with;
use crate::ops::check::Check;
use crate::tape::recording;
use crate::tensor::{DType, Tensor};
use numeric::{Estimate, difference};
use rand::SeedableRng;
use std::fmt;

/// The settings of a check. [`gradcheck`] uses the defaults.
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
    pub fn rtol(mut self, rtol: f64) -> GradCheck {
        self.rtol = rtol;
        self
    }

    /// The largest absolute error, `atol ≥ 0`. Default 1e-7.
    pub fn atol(mut self, atol: f64) -> GradCheck {
        self.atol = atol;
        self
    }

    /// Whether to check the derivatives of the gradient, too. Default true.
    pub fn second_order(mut self, second_order: bool) -> GradCheck {
        self.second_order = second_order;
        self
    }

    /// Inputs with more elements than this together are checked in random directions instead of one by one. Default 64.
    pub fn full_up_to(mut self, full_up_to: usize) -> GradCheck {
        self.full_up_to = full_up_to;
        self
    }

    /// The number of random directions. Default 4.
    pub fn directions(mut self, directions: usize) -> GradCheck {
        self.directions = directions;
        self
    }

    /// The seed of upstream gradients, directions and moved points.
    pub fn seed(mut self, seed: u64) -> GradCheck {
        self.seed = seed;
        self
    }
}

/// The result of a check that passed.
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
        let order = if self.order == 1 { "gradient" } else { "second derivative" };
        match self.index {
            Some(index) => write!(f, "{order} with respect to input {} at element {index}", self.input)?,
            None => write!(f, "{order} in a random direction")?,
        }
        write!(f, ": analytic {:e}, numeric {:e}", self.analytic, self.numeric)
    }
}

impl std::error::Error for Mismatch {}

/// Checks the first and second derivatives of `f` at `inputs` with the default settings.
///
/// # Errors
/// The derivative that differs, with a [`Mismatch`] as its [`detail`](Error::detail); or whatever `f` returns.
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
        for x in inputs {
            if x.dtype() == DType::F32 {
                return Err(Error::wrong_dtype("gradcheck", DType::F32, DType::F64));
            }
        }
        let mut rng = crate::SeededRng::seed_from_u64(self.seed);
        let y = crate::no_grad(|| f(inputs))?;
        Check("gradcheck").float(&y)?;
        let upstream = Tensor::randn(y.shape(), y.dtype(), &mut rng)?;
        let mut report = Report::default();
        // The upstream gradient is one more input: its derivative is the value itself, and in second order it must
        // flow.
        let mut all = inputs.to_vec();
        all.push(upstream);
        let weighted = |x: &[Tensor]| {
            let (upstream, x) =
                x.split_last().ok_or_else(|| Error::argument("gradcheck", "inputs", "[]", "not empty"))?;
            Ok(f(x)?.try_mul(upstream)?.sum())
        };
        self.compare(1, &weighted, &all, &mut report, &mut rng)?;
        if self.second_order {
            let mut directions = Vec::new();
            for x in &all {
                let float = x.dtype().is_float();
                directions.push(if float { Tensor::randn(x.shape(), x.dtype(), &mut rng)? } else { x.clone() });
            }
            let slope = |x: &[Tensor]| slope_along(&weighted, x, &directions);
            self.compare(2, &slope, &all, &mut report, &mut rng)?;
        }
        Ok(report)
    }

    /// Compares the derivatives of a scalar function, moving the point away from kinks.
    fn compare(
        &self,
        order: usize,
        f: &dyn Fn(&[Tensor]) -> Result<Tensor>,
        inputs: &[Tensor],
        report: &mut Report,
        rng: &mut crate::SeededRng,
    ) -> Result<()> {
        const MOVES: usize = 8;
        let mut point = inputs.to_vec();
        for attempt in 0..=MOVES {
            let mut seen = Report { moved: report.moved, ..Report::default() };
            match self.compare_here(order, f, &point, &mut seen, rng)? {
                None => {
                    report.compared += seen.compared;
                    report.max_error = report.max_error.max(seen.max_error);
                    return Ok(());
                }
                Some((_, kink)) if kink && attempt < MOVES => {
                    report.moved += 1;
                    for (x, start) in point.iter_mut().zip(inputs).filter(|(x, _)| x.dtype().is_float()) {
                        *x = start.try_add(&Tensor::randn(start.shape(), start.dtype(), rng)?.mul_scalar(0.05))?;
                    }
                }
                Some((mismatch, _)) => {
                    return Err(Error::new(ErrorKind::Gradient, mismatch.to_string()).with_source(mismatch));
                }
            }
        }
        Ok(())
    }

    /// The first derivative that differs at this point, and whether a kink may be the reason.
    fn compare_here(
        &self,
        order: usize,
        f: &dyn Fn(&[Tensor]) -> Result<Tensor>,
        inputs: &[Tensor],
        report: &mut Report,
        rng: &mut crate::SeededRng,
    ) -> Result<Option<(Mismatch, bool)>> {
        let analytic = gradients(f, inputs)?;
        let value = |x: &[Tensor]| -> Result<f64> { Ok(f(x)?.detach().to_f64s().iter().sum()) };
        let count: usize = inputs.iter().filter(|x| x.dtype().is_float()).map(|x| x.numel()).sum();
        let mut judge = |input, index, analytic: f64, numeric: Estimate| {
            let error = (analytic - numeric.value).abs();
            report.compared += 1;
            // Rounding of the function's own value limits what differences can show.
            let allowed = self.atol + self.rtol * numeric.value.abs() + 2.0 * numeric.rounding;
            if error <= allowed {
                report.max_error = report.max_error.max(error);
                return None;
            }
            let mismatch = Mismatch { order, input, index, analytic, numeric: numeric.value };
            Some((mismatch, numeric.unsteady > 0.1 * error))
        };
        if count <= self.full_up_to {
            for (input, x) in inputs.iter().enumerate().filter(|(_, x)| x.dtype().is_float()) {
                for index in 0..x.numel() {
                    let mut direction = vec![0.0; x.numel()];
                    direction[index] = 1.0;
                    let direction = Tensor::from_vec(direction, x.shape())?;
                    let numeric = difference(&value, inputs, &[(input, direction)])?;
                    let failed = judge(input, Some(index), analytic[input].to_f64s()[index], numeric);
                    if failed.is_some() {
                        return Ok(failed);
                    }
                }
            }
            return Ok(None);
        }
        for _ in 0..self.directions {
            let mut steps = Vec::new();
            let mut along = 0.0;
            for (input, x) in inputs.iter().enumerate().filter(|(_, x)| x.dtype().is_float()) {
                let direction = Tensor::randn(x.shape(), x.dtype(), rng)?;
                along += direction.try_mul(&analytic[input])?.to_f64s().iter().sum::<f64>();
                steps.push((input, direction));
            }
            let failed = judge(0, None, along, difference(&value, inputs, &steps)?);
            if failed.is_some() {
                return Ok(failed);
            }
        }
        Ok(None)
    }
}

fn tracked(inputs: &[Tensor]) -> Vec<Tensor> {
    inputs.iter().map(|x| x.detach().requires_grad()).collect()
}

/// The derivatives of a scalar function by the tape, in the plain walk, which training uses.
fn gradients(f: &dyn Fn(&[Tensor]) -> Result<Tensor>, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
    recording(true, || {
        let xs = tracked(inputs);
        let y = f(&xs)?;
        let grads = if y.is_tracked() { y.backward()? } else { crate::Gradients::default() };
        Ok(xs.iter().map(|x| grads.get(x).cloned().unwrap_or_else(|| x.detach().zeros_like())).collect())
    })
}

/// `Σ ⟨∂f/∂x, direction⟩` as a recorded number: its own gradient is the second derivative in that direction.
fn slope_along(f: &dyn Fn(&[Tensor]) -> Result<Tensor>, inputs: &[Tensor], directions: &[Tensor]) -> Result<Tensor> {
    recording(true, || {
        // Inputs that come in untracked are tracked here, or there would be nothing to differentiate.
        let xs: Vec<Tensor> =
            inputs.iter().map(|x| if x.is_tracked() { x.clone() } else { x.requires_grad() }).collect();
        let y = f(&xs)?;
        let mut total = y.detach().zeros_like();
        if y.is_tracked() {
            let found = grad_with(&[(&y, &y.detach().ones_like())], &xs.iter().collect::<Vec<_>>())?;
            for (g, direction) in found.iter().zip(directions) {
                if let Some(g) = g {
                    total = total.try_add(&g.try_mul(direction)?.sum())?;
                }
            }
        }
        Ok(total)
    })
}

#[cfg(test)]
mod tests;
