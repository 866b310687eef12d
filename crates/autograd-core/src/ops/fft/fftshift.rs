//! Frequencies in ascending order.

use crate::error::Result;
use crate::ops::check::Check;
use crate::ops::reduce::dims::ReduceDims;
use crate::tensor::Tensor;
use smallvec::SmallVec;

impl Tensor {
    /// The elements along these dims rotated by half their number, rounded down: frequency 0 comes from the front to
    /// the middle.
    ///
    /// # Gradient
    /// gy moved back.
    ///
    /// # Errors
    /// If a dim is out of range or named twice.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// let frequencies = Tensor::fftfreq(5, 0.2, DType::F32)?;
    /// assert_eq!(frequencies.fftshift(..)?.to_vec::<f32>()?, [-2.0, -1.0, 0.0, 1.0, 2.0]);
    /// assert_eq!(frequencies.fftshift(0)?.ifftshift(0)?.to_vec::<f32>()?, [0.0, 1.0, 2.0, -2.0, -1.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn fftshift(&self, dims: impl Into<ReduceDims>) -> Result<Tensor> {
        fftshift_of(self, &dims.into())
    }

    /// The inverse of [`Tensor::fftshift`], which differs from it where sizes are odd.
    ///
    /// # Gradient
    /// gy moved back.
    ///
    /// # Errors
    /// As for [`Tensor::fftshift`].
    pub fn ifftshift(&self, dims: impl Into<ReduceDims>) -> Result<Tensor> {
        ifftshift_of(self, &dims.into())
    }
}

fn fftshift_of(x: &Tensor, dims: &ReduceDims) -> Result<Tensor> {
    rolled("fftshift", x, dims, |size| size / 2)
}

fn ifftshift_of(x: &Tensor, dims: &ReduceDims) -> Result<Tensor> {
    rolled("ifftshift", x, dims, |size| size - size / 2)
}

fn rolled(op: &'static str, x: &Tensor, dims: &ReduceDims, by: fn(usize) -> usize) -> Result<Tensor> {
    let dims: SmallVec<[usize; 4]> = match dims.listed(op)? {
        None => (0..x.rank()).collect(),
        Some(dims) => {
            if !dims.is_empty() {
                Check(op).dims(dims, x.shape())?;
            }
            dims.iter().map(|dim| Check(op).sized_dim(*dim, x.shape()).map(|(d, _)| d)).collect::<Result<_>>()?
        }
    };
    let shifts: SmallVec<[isize; 4]> = dims.iter().map(|d| by(x.shape()[*d]) as isize).collect();
    if dims.is_empty() {
        return x.reshape_to(x.shape());
    }
    x.roll(&shifts, &dims.iter().map(|d| *d as isize).collect::<SmallVec<[isize; 4]>>())
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::real(&[3, 4], -2.0..2.0)];
    let moved = |x: &[f64], row: usize, column: usize| {
        (0..12).map(|i| x[(i / 4 + 3 - row) % 3 * 4 + (i % 4 + 4 - column) % 4]).collect::<Vec<f64>>()
    };
    [
        Case::new("fftshift", x(), |x| x[0].fftshift(..))
            .value(move |x| moved(&x[0], 1, 2))
            .refuses(|x| x[0].fftshift(2), "fftshift: dim 2 is out of range for shape [3, 4] (−2 to 1)")
            .refuses(|x| x[0].fftshift([0, 0]), "fftshift: dim 0 is named twice in [0, 0] (shape [3, 4])")
            .refuses(
                |x| x[0].fftshift(keep(0)),
                "fftshift: keep says nothing here, for the dims stay in the result with their sizes",
            ),
        Case::new("fftshift of rows", x(), |x| x[0].fftshift(0)).value(move |x| moved(&x[0], 1, 0)),
        Case::new("fftshift of no dims", x(), |x| x[0].fftshift([0; 0])).value(|x| x[0].clone()),
        Case::new("ifftshift", x(), |x| x[0].ifftshift([1, 0])).value(move |x| moved(&x[0], 2, 2)).refuses(
            |x| x[0].sum().ifftshift(0),
            "ifftshift: dim 0 is out of range for shape [] (here a scalar has no dim)",
        ),
    ]
}];
