//! Running sum.

use super::along::Along;
use crate::error::Result;
use crate::kernels::scan::Sum;
use crate::shape::Dim;
use crate::tape::{Pull, Pullback, record};
use crate::tensor::Tensor;

/// # Scans
impl Tensor {
    /// `y[k] = x[0] + .. + x[k]` along `dim`. Integers and truth values give an `I64`.
    ///
    /// # Gradient
    /// `gx[k] = gy[k] + gy[k + 1] + ..`; saves nothing.
    ///
    /// # Numerics
    /// Sums of `F32` are accumulated in `F64`, and rounded once for each element.
    ///
    /// # Errors
    /// If the dim is out of range.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 3.0]).requires_grad();
    /// let y = x.cumsum(0)?;
    /// assert_eq!(y.to_vec::<f32>()?, [1.0, 3.0, 6.0]);
    /// assert_eq!(y.sum().backward()?.get(&x).unwrap().to_vec::<f32>()?, [3.0, 2.0, 1.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn cumsum(&self, dim: impl Dim) -> Result<Tensor> {
        cumsum_of(self, dim.signed())
    }
}

fn cumsum_of(x: &Tensor, dim: isize) -> Result<Tensor> {
    let along = Along::new("cumsum", x, dim)?;
    if x.dtype().is_float() {
        return summed(x, along.dim, false);
    }
    along.scan_integers("cumsum", i64::wrapping_add, x)
}

/// The sums up to each element, `reverse` from each element on; recorded.
pub(super) fn summed(x: &Tensor, dim: usize, reverse: bool) -> Result<Tensor> {
    let value = Along::of(x, dim).scan("cumsum", Sum, reverse, [x])?;
    Ok(record("cumsum", value, &[x], |_| CumSum { dim, reverse }))
}

struct CumSum {
    dim: usize,
    reverse: bool,
}

impl Pullback for CumSum {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        at.give(0, || summed(gy, self.dim, !self.reverse))
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let middle =
        |x: &[Vec<f64>]| (0..24).map(|i| (0..=i / 4 % 3).map(|j| x[0][i / 12 * 12 + j * 4 + i % 4]).sum()).collect();
    [
        Case::new("cumsum(1)", vec![Input::real(&[2, 3, 4], -2.0..2.0)], |x| x[0].cumsum(-2))
            .value(middle)
            .refuses(|x| x[0].cumsum(3), "cumsum: dim 3 is out of range for shape [2, 3, 4] (−3 to 2)"),
        Case::new("cumsum(-1)", vec![Input::real(&[3, 5], -2.0..2.0)], |x| x[0].cumsum(-1))
            .value(|x| (0..15).map(|i| x[0][i / 5 * 5..=i].iter().sum()).collect()),
        Case::new("cumsum of a scalar", vec![Input::real(&[], -2.0..2.0)], |x| x[0].cumsum(0)).value(|x| x[0].clone()),
        Case::new("cumsum of integers", vec![Input::index(&[4], 9)], |x| x[0].cumsum(0))
            .value(|x| (0..4).map(|i| x[0][..=i].iter().sum()).collect())
            .without_gradient(),
    ]
}];
