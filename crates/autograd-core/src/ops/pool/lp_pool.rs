//! The power mean of each window.

use super::avg_pool::{AvgPool, averaged};
use super::max_pool::{MaxPool, pooled};
use crate::error::{Error, Result};
use crate::ops::check::Check;
use crate::ops::conv::per_dim::PerDim;
use crate::tensor::Tensor;

/// The windows of [`Tensor::lp_pool2d`] and its like.
///
/// # Examples
/// ```
/// use autograd_core::{LpPool, Tensor};
/// let x = Tensor::from([[[3.0, 4.0, 6.0]]]);
/// assert_eq!(x.lp_pool1d(LpPool::new(2.0, 2).stride(1).ceil_mode(false))?.to_vec::<f32>()?[0], 5.0);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LpPool {
    norm_type: f64,
    kernel_size: PerDim,
    windows: AvgPool,
}

impl LpPool {
    /// Windows of this size, side by side, and the exponent p, which is not 0; ∞ is the largest `|x|`.
    pub fn new(norm_type: f64, kernel_size: impl Into<PerDim>) -> LpPool {
        let kernel_size = kernel_size.into();
        LpPool { norm_type, windows: AvgPool::new(kernel_size.clone()), kernel_size }
    }

    /// The distance between neighbouring windows, at least 1; default: the kernel size.
    #[must_use]
    pub fn stride(self, stride: impl Into<PerDim>) -> LpPool {
        LpPool { windows: self.windows.stride(stride), ..self }
    }

    /// Whether there is a window for the elements at the end that do not fill one; default false.
    #[must_use]
    pub fn ceil_mode(self, ceil_mode: bool) -> LpPool {
        LpPool { windows: self.windows.ceil_mode(ceil_mode), ..self }
    }
}

impl Tensor {
    /// `(Σ xᵖ)^(1/p)` of each window along one dim, by [`Tensor::lp_pool2d`]'s rules: `[N, C, L] → [N, C, L′]` or
    /// `[C, L] → [C, L′]`.
    ///
    /// # Errors
    /// As for `lp_pool2d`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{LpPool, Tensor};
    /// let x = Tensor::from([[3.0, 4.0]]);
    /// assert_eq!(x.lp_pool1d(LpPool::new(2.0, 2))?.to_vec::<f32>()?, [5.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn lp_pool1d(&self, windows: LpPool) -> Result<Tensor> {
        powers("lp_pool1d", 1, self, &windows)
    }

    /// `(Σ xᵖ)^(1/p)` of each window; with an odd p other than ±1 it is NaN where the sum is negative. A window of
    /// `ceil_mode` that is not full counts as one that is: its sum is scaled up. With p = ∞ it is the largest `|x|`.
    ///
    /// # Shapes
    /// `[N, C, H, W] → [N, C, H′, W′]` or `[C, H, W] → [C, H′, W′]`.
    ///
    /// # Gradient
    /// 0 for a window whose sum is 0, if p ≥ 1; with a p below, a power of a 0 has no derivative. With p = ∞ all goes
    /// to the first of the largest, unless that is 0.
    ///
    /// # Errors
    /// If p is 0, −∞ or NaN; else as for [`Tensor::avg_pool2d`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{LpPool, Tensor};
    /// let x = Tensor::from([[[1.0, 1.0], [5.0, 3.0]]]);
    /// assert_eq!(x.lp_pool2d(LpPool::new(2.0, 2))?.to_vec::<f32>()?, [6.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn lp_pool2d(&self, windows: LpPool) -> Result<Tensor> {
        powers("lp_pool2d", 2, self, &windows)
    }

    /// `(Σ xᵖ)^(1/p)` of each window over three dims, by [`Tensor::lp_pool2d`]'s rules.
    ///
    /// # Errors
    /// As for `lp_pool2d`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{LpPool, Tensor};
    /// let x = Tensor::from([[[[1.0, 1.0], [5.0, 3.0]]]]);
    /// assert_eq!(x.lp_pool3d(LpPool::new(2.0, [1, 2, 2]))?.to_vec::<f32>()?, [6.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn lp_pool3d(&self, windows: LpPool) -> Result<Tensor> {
        powers("lp_pool3d", 3, self, &windows)
    }
}

fn powers(op: &'static str, rank: usize, x: &Tensor, options: &LpPool) -> Result<Tensor> {
    Check(op).float(x)?;
    let p = options.norm_type;
    if p == 0.0 || p.is_nan() || p == f64::NEG_INFINITY {
        return Err(Error::argument(op, "norm_type", p, "finite and not 0, or ∞"));
    }
    let kernel = options.kernel_size.read(op, "kernel_size", rank, 1, 1)?;
    Check(op).room(x.shape(), x.dtype())?;
    if p == f64::INFINITY {
        return Ok(pooled(op, rank, &x.abs(), &MaxPool(options.windows.windows.clone()))?.0);
    }
    let mean = averaged(op, rank, &x.powf(p), &options.windows)?;
    // The power has no derivative at 0: relu stops what would come from there.
    let sum =
        mean.untied().sign().try_mul(&mean.abs().relu())?.mul_scalar(kernel.map(|size| size as f64).iter().product());
    Ok(sum.powf(1.0 / p))
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = |shape: &[usize]| vec![Input::real(shape, 0.2..2.0)];
    [
        Case::new("lp_pool1d", x(&[2, 3, 6]), |x| x[0].lp_pool1d(LpPool::new(3.0, 2)))
            .value(|x| x[0].chunks(2).map(|c| c.iter().map(|x| x.powi(3)).sum::<f64>().cbrt()).collect())
            .refuses(
                |x| x[0].lp_pool1d(LpPool::new(0.0, 2)),
                "lp_pool1d: norm_type is 0.0, it must be finite and not 0, or ∞",
            )
            .refuses(
                |x| x[0].lp_pool1d(LpPool::new(f64::NEG_INFINITY, 2)),
                "lp_pool1d: norm_type is -inf, it must be finite and not 0, or ∞",
            )
            .refuses(
                |x| x[0].to_dtype(crate::DType::I64).lp_pool1d(LpPool::new(2.0, 2)),
                "lp_pool1d: dtype is I64, expected F32 or F64; to_dtype converts",
            )
            .refuses(
                |x| x[0].lp_pool1d(LpPool::new(2.0, 7)),
                "lp_pool1d: the kernel spans 7 elements of dim -1, which has 6 with its padding (shape [2, 3, 6])",
            ),
        Case::new("lp_pool1d (norm ∞)", vec![Input::real(&[2, 3, 6], -2.0..2.0)], |x| {
            x[0].lp_pool1d(LpPool::new(f64::INFINITY, 4).ceil_mode(true))
        })
        .value(|x| {
            let largest = |c: &[f64]| c.iter().fold(0.0, |all: f64, x| all.max(x.abs()));
            x[0].chunks(6).flat_map(|row| [largest(&row[..4]), largest(&row[4..])]).collect()
        }),
        Case::new("lp_pool2d", x(&[2, 3, 5]), |x| {
            x[0].unsqueeze(0)?.lp_pool2d(LpPool::new(2.0, 2).stride(1).ceil_mode(true))
        })
        .refuses(|x| x[0].lp_pool2d(LpPool::new(2.0, -1)), "lp_pool2d: kernel_size is -1, it must be at least 1"),
        Case::new("lp_pool3d (norm 3)", x(&[2, 2, 4, 2]), |x| x[0].lp_pool3d(LpPool::new(3.0, 2))).value(|x| {
            // Two channels of one window in depth, two in height, one in width.
            let sum = |c: usize, h: usize| {
                let rows = (0..2).flat_map(|d| (0..2).map(move |r| (c * 2 + d) * 8 + (2 * h + r) * 2));
                rows.flat_map(|at| [at, at + 1]).map(|at| x[0][at].powi(3)).sum::<f64>()
            };
            (0..2).flat_map(|c| (0..2).map(move |h| (c, h))).map(|(c, h)| sum(c, h).cbrt()).collect()
        }),
        Case::new("lp_pool3d", x(&[2, 3, 4, 2]), |x| x[0].lp_pool3d(LpPool::new(1.0, 2))).refuses(
            |x| x[0].lp_pool3d(LpPool::new(f64::NAN, 2)),
            "lp_pool3d: norm_type is NaN, it must be finite and not 0, or ∞",
        ),
    ]
}];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_of_zeros_has_a_gradient_of_0() -> Result<()> {
        let x = Tensor::from([[0.0, 0.0, 3.0, 4.0]]).requires_grad();
        let grads = x.lp_pool1d(LpPool::new(2.0, 2))?.sum().backward()?;
        let found = grads.get(&x).map(Tensor::to_f64s).unwrap_or_default();
        assert_eq!(found[..2], [0.0, 0.0]);
        assert!((found[2] - 0.6).abs() < 1e-6 && (found[3] - 0.8).abs() < 1e-6);
        Ok(())
    }
}
