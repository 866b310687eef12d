//! Inverses of matrices.

use super::factors::inverses;
use super::matrices::turned;
use crate::error::Result;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::Tensor;

impl Tensor {
    /// The inverse of each matrix. Prefer [`Tensor::solve`] where the inverse is only multiplied with: it takes less
    /// time and keeps more digits.
    ///
    /// # Shapes
    /// `[.., N, N] → [.., N, N]`
    ///
    /// # Gradient
    /// `ga = −yᵀ gy yᵀ`. Saves y.
    ///
    /// # Errors
    /// If a matrix is not square or is singular (has a pivot of 0), or the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([[2.0, 1.0], [0.0, 4.0]]).inv()?;
    /// assert_eq!(y.to_vec::<f32>()?, [0.5, -0.125, 0.0, 0.25]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn inv(&self) -> Result<Tensor> {
        inverse("inv", self, false)
    }
}

/// The inverses, infinite where a matrix is singular, if it may be.
pub(in crate::ops) fn inverse(op: &'static str, a: &Tensor, may_be_singular: bool) -> Result<Tensor> {
    let value = inverses(op, a, may_be_singular)?;
    Ok(record(op, value, &[a], |y| Inv(Saved::output(y))))
}

struct Inv(Saved);

impl Pullback for Inv {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let y = turned(&self.0.get(at))?;
        let gy = at.gy();
        at.give(0, || Ok(y.matmul(gy)?.matmul(&y)?.neg()))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.0);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let heavy = |x: &Tensor| super::matrices::heavier(x, 4.0);
    let two = |x: &[Vec<f64>]| {
        let one = |x: &[f64]| {
            let [a, b, c, d] = [x[0] + 4.0, x[1], x[2], x[3] + 4.0];
            [d, -b, -c, a].map(|x| x / (a * d - b * c))
        };
        x[0].chunks(4).flat_map(one).collect()
    };
    [
        Case::new("inv", vec![Input::real(&[3, 2, 2], -1.0..1.0)], move |x| heavy(&x[0])?.inv())
            .value(two)
            .not_counting_saved()
            .refuses(|x| x[0].narrow(1, 0, 1)?.inv(), "inv: the input has shape [3, 1, 2], expected [.., N, N]")
            .refuses(|x| x[0].mul_scalar(0.0).inv(), "inv: matrix 0 of the batch is singular"),
        Case::new("inv (of 3)", vec![Input::real(&[3, 3], -1.0..1.0)], move |x| heavy(&x[0])?.inv())
            .not_counting_saved(),
    ]
}];
