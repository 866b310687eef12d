//! Finite differences.

use crate::error::Result;
use crate::tensor::Tensor;

/// A numeric derivative.
#[derive(Clone, Copy, Debug)]
pub(super) struct Estimate {
    pub(super) value: f64,
    /// The most that the rounding of the function's values can have moved it.
    pub(super) rounding: f64,
    /// The difference between estimates with different steps: large where there is a kink nearby.
    pub(super) unsteady: f64,
}

/// The derivative of `f` along a direction, given by the inputs that change and how.
///
/// The five-point formula `(8 (f₊₁ − f₋₁) − (f₊₂ − f₋₂)) / 12h` at two steps h; its error falls with h⁴ (Abramowitz,
/// Stegun, Handbook of mathematical functions, 25.3.6).
pub(super) fn difference(
    f: &dyn Fn(&[Tensor]) -> Result<f64>,
    inputs: &[Tensor],
    direction: &[(usize, Tensor)],
) -> Result<Estimate> {
    let at = |t: f64| {
        let mut moved: Vec<Tensor> = inputs.iter().map(Tensor::detach).collect();
        for (input, d) in direction {
            moved[*input] = inputs[*input].detach().try_add(&d.mul_scalar(t))?;
        }
        f(&moved)
    };
    let largest = direction.iter().flat_map(|(_, d)| d.to_f64s()).fold(0.0, |m: f64, d| m.max(d.abs()));
    let h = 1e-3 / largest.max(1.0);
    let middle = at(0.0)?;
    let five_point = |h: f64| -> Result<(f64, f64, f64)> {
        let (p1, m1, p2, m2) = (at(h)?, at(-h)?, at(2.0 * h)?, at(-2.0 * h)?);
        let size = [p1, m1, p2, m2].iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        // The slope to the right minus the slope to the left: it falls with h unless there is a kink in between.
        let bend = (p1 - 2.0 * middle + m1) / h;
        Ok(((8.0 * (p1 - m1) - (p2 - m2)) / (12.0 * h), bend, size * 8.0 * f64::EPSILON / h))
    };
    let (coarse, coarse_bend, _) = five_point(h)?;
    let (fine, fine_bend, rounding) = five_point(h / 2.0)?;
    let unsteady = (coarse - fine).abs() + (coarse_bend - 2.0 * fine_bend).abs();
    Ok(Estimate { value: fine, rounding, unsteady })
}
