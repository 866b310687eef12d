//! Softmax.

use super::rows::along;
use crate::error::Result;
use crate::keep;
use crate::kernels::rows::{softmax, softmax_pull};
use crate::ops::check::Check;
use crate::shape::Dim;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{Tensor, for_float};

impl Tensor {
    /// `y = eˣ / Σ eˣ ` along one dim.
    ///
    /// # Gradient
    /// `gx = y (gy − Σ gy y)`, summed along the dim; saves y.
    ///
    /// # Numerics
    /// The largest element m is subtracted first: no overflow, and adding the same to all x changes nothing. The sum is
    /// divided by once for each row, and what rounding `x − m` has lost goes into the exponential: value and
    /// derivatives are within 4 ulp however small y is. Where one y is near 1, its gradient comes from the other
    /// elements, and keeps its digits. A row of −∞ alone gives NaN.
    ///
    /// # Errors
    /// If the dim is out of range or the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([7.0, 7.0]).softmax(0)?.to_vec::<f32>()?, [0.5, 0.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn softmax(&self, dim: impl Dim) -> Result<Tensor> {
        softmax_of(self, dim.signed())
    }
}

fn softmax_of(x: &Tensor, dim: isize) -> Result<Tensor> {
    let float = Check("softmax").float(x)?;
    let dim = Check("softmax").dim(dim, x.shape())?;
    let width = x.shape().get(dim).copied().unwrap_or(1);
    let value = along("softmax", dim, [x], |[x]| {
        for_float!(float, T => Tensor::compute::<T, 1>("softmax", x.shape(), [&x], move |[x], y| {
            softmax::<T>(x.flat(), width, y);
        }))
    })?;
    Ok(record("softmax", value, &[x], |y| Softmax { y: Saved::output(y), dim, width }))
}

struct Softmax {
    y: Saved,
    dim: usize,
    width: usize,
}

impl Pullback for Softmax {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (y, gy) = (self.y.get(at), at.gy());
        at.give(0, || {
            // The only element of a scalar is its own row.
            if y.rank() == 0 {
                return y.try_mul(&gy.try_sub(&gy.try_mul(&y)?)?);
            }
            // The y of a row add up to 1, so what all gy have in common changes nothing: that of the largest y would be
            // most of the sum, and cancel.
            let common = match y.numel() {
                0 => gy.zeros_like(),
                _ => gy.gather(self.dim as isize, &y.untied().argmax(keep(self.dim as i32))?)?,
            };
            let gy = gy.try_sub(&common)?;
            y.try_mul(&gy.try_sub(&gy.try_mul(&y)?.sum_dim(keep(self.dim as isize))?)?)
        })
    }

    fn pull_fused(&self, at: &mut Pull<'_>) -> Result<()> {
        let (y, gy) = (self.y.value(), at.gy());
        at.give(0, || {
            along("softmax", self.dim, [gy, y], |[gy, y]| {
                let width = self.width;
                for_float!(gy.float(), T => Tensor::compute::<T, 2>("softmax", gy.shape(), [&gy, &y], move |[gy, y], gx| {
                    softmax_pull::<T>(gy.flat(), y.flat(), width, gx);
                }))
            })
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.y);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let x = || vec![Input::real(&[2, 3, 4], -2.0..2.0)];
    let row = |r: &[f64], x: f64| x.exp() / r.iter().map(|x| x.exp()).sum::<f64>();
    let last =
        move |x: &[Vec<f64>]| x[0].chunks(4).flat_map(|r| r.iter().map(|x| row(r, *x)).collect::<Vec<_>>()).collect();
    let middle = move |x: &[Vec<f64>]| {
        let column = |i: usize| (0..3).map(|j| x[0][i / 12 * 12 + j * 4 + i % 4]).collect::<Vec<_>>();
        (0..24).map(|i| row(&column(i), x[0][i])).collect()
    };
    [
        Case::new("softmax(-1)", x(), |x| x[0].softmax(-1))
            .value(last)
            .refuses(|x| x[0].softmax(-4), "softmax: dim -4 is out of range for shape [2, 3, 4] (−3 to 2)")
            .refuses(
                |x| x[0].to_dtype(DType::I64).softmax(0),
                "softmax: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("softmax(1)", x(), |x| x[0].softmax(1)).value(middle),
    ]
}];
