//! Local response normalisation.

use crate::error::{Error, Result};
use crate::ops::check::Check;
use crate::ops::pool::avg_pool::AvgPool;
use crate::ops::shape::fill::pad::PadMode;
use crate::shape::Dim;
use crate::tensor::Tensor;

impl Tensor {
    /// Each channel divided by a power of what its neighbours have: `y = x/(k + α m)^β`, where m is the mean of x² over
    /// `size` channels around it. Beyond the first and the last channel stand zeros, which count; of an even number of
    /// channels, one more is on the side of the first.
    ///
    /// PyTorch's defaults are `α = 1e-4`, `β = 0.75` and `k = 1`.
    ///
    /// # Shapes
    /// x: `[N, C, ..]` with a dim at least behind the channels; result as x.
    ///
    /// # Errors
    /// If there are fewer than three dims, `size` is not positive, or the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[[2.0], [4.0]]]);
    /// // 2/(1 + 4/2) and 4/(1 + (4 + 16)/2)
    /// assert_eq!(x.local_response_norm(2, 1.0, 1.0, 1.0)?.to_vec::<f32>()?, [2.0 / 3.0, 4.0 / 11.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Krizhevsky, Sutskever, Hinton, ImageNet Classification with Deep Convolutional Neural Networks, 2012, section
    /// 3.3.
    pub fn local_response_norm(&self, size: impl Dim, alpha: f64, beta: f64, k: f64) -> Result<Tensor> {
        local_response_norm_of(self, size.signed(), alpha, beta, k)
    }
}

fn local_response_norm_of(x: &Tensor, size: isize, alpha: f64, beta: f64, k: f64) -> Result<Tensor> {
    let check = Check("local_response_norm");
    check.float(x)?;
    check.require(size > 0, "size", size, "at least 1")?;
    let [n, channels, space @ ..] = x.shape() else {
        return Err(Error::shape(check.0, "the input", x.shape(), "[N, C, L, ..]"));
    };
    if space.is_empty() {
        return Err(Error::shape(check.0, "the input", x.shape(), "[N, C, L, ..]"));
    }
    if x.numel() == 0 {
        return Ok(x.mul_scalar(1.0));
    }
    let planes = [*n, 1, *channels, space.iter().product()];
    let padded = [*n, 1, channels.saturating_add_signed(size - 1), planes[3]];
    check.room(&padded, x.dtype())?;
    let squares = x.square().reshape_to(&planes)?.pad(&[0, 0, size / 2, (size - 1) / 2], PadMode::Constant(0.0))?;
    let mean = squares.avg_pool2d(AvgPool::new([size, 1]).stride(1))?.reshape_to(x.shape())?;
    x.try_mul(&mean.mul_scalar(alpha).add_scalar(k).powf(-beta))
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::real(&[2, 5, 3], -2.0..2.0)];
    let reference = |x: &[Vec<f64>], size: usize| -> Vec<f64> {
        let of = |i: usize| {
            let (n, c, l) = (i / 15, i / 3 % 5, i % 3);
            let near =
                (c as isize - size as isize / 2..=c as isize + (size as isize - 1) / 2).filter(|c| (0..5).contains(c));
            let mean = near.map(|c| x[0][n * 15 + c as usize * 3 + l].powi(2)).sum::<f64>() / size as f64;
            x[0][i] / (2.0 + 0.5 * mean).powf(0.75)
        };
        (0..30).map(of).collect()
    };
    [
        Case::new("local_response_norm", x(), |x| x[0].local_response_norm(3, 0.5, 0.75, 2.0))
            .value(move |x| reference(x, 3))
            .not_counting_saved()
            .refuses(
                |x| x[0].local_response_norm(0, 0.5, 0.75, 2.0),
                "local_response_norm: size is 0, it must be at least 1",
            )
            .refuses(
                |x| x[0].local_response_norm(1isize << 61, 0.5, 0.75, 2.0),
                "local_response_norm: shape [2, 1, 2305843009213693956, 3] is too large (at most 64 dimensions, and no \
                 more bytes than memory holds)",
            )
            .refuses(
                |x| x[0].sum_dim(2)?.local_response_norm(2, 0.5, 0.75, 2.0),
                "local_response_norm: the input has shape [2, 5], expected [N, C, L, ..]",
            ),
        Case::new("local_response_norm (even)", x(), |x| x[0].local_response_norm(4, 0.5, 0.75, 2.0))
            .value(move |x| reference(x, 4))
            .not_counting_saved(),
    ]
}];
