//! Planes turned by quarters.

use super::flip::flipped;
use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::tensor::Tensor;

impl Tensor {
    /// The plane of the two `dims` turned by `k` quarters, from the first of the dims towards the second; a negative
    /// `k` turns the other way.
    ///
    /// # Gradient
    /// gy turned back. Saves the dims.
    ///
    /// # Errors
    /// If `dims` are not two, are the same, or one is out of range.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.rot90(1, &[0, 1])?.to_vec::<i64>()?, [2, 4, 1, 3]);
    /// assert_eq!(x.rot90(-1, &[0, 1])?.to_vec::<i64>()?, [3, 1, 4, 2]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn rot90(&self, k: isize, dims: &[isize]) -> Result<Tensor> {
        let [from, to] = dims else {
            let text = format!("rot90: needs two dims, got {dims:?} (shape {:?})", self.shape());
            return Err(Error::new(ErrorKind::Dim, text));
        };
        if self.rank() < 2 {
            return Err(Error::shape("rot90", "the tensor", self.shape(), "at least two dimensions"));
        }
        Check("rot90").dims(dims, self.shape())?;
        let (from, to) = (Check("rot90").dim(*from, self.shape())?, Check("rot90").dim(*to, self.shape())?);
        let flip = |x: &Tensor, of: [usize; 2]| {
            flipped("rot90", x, &(0..x.rank()).map(|d| of.contains(&d)).collect::<Vec<_>>())
        };
        match k.rem_euclid(4) {
            0 => flip(self, [usize::MAX; 2]),
            1 => flip(self, [to; 2])?.transpose(from, to),
            2 => flip(self, [from, to]),
            _ => flip(self, [from; 2])?.transpose(from, to),
        }
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::real(&[2, 3], -2.0..2.0)];
    let pick = |order: [usize; 6]| move |x: &[Vec<f64>]| order.map(|i| x[0][i]).to_vec();
    [
        Case::new("rot90", x(), |x| x[0].rot90(1, &[0, 1]))
            .value(pick([2, 5, 1, 4, 0, 3]))
            .refuses(|x| x[0].rot90(1, &[0]), "rot90: needs two dims, got [0] (shape [2, 3])")
            .refuses(|x| x[0].rot90(0, &[0, 2]), "rot90: dim 2 is out of range for shape [2, 3] (−2 to 1)")
            .refuses(|x| x[0].rot90(1, &[0, -2]), "rot90: dim 0 is named twice in [0, -2] (shape [2, 3])")
            .refuses(
                |x| x[0].flatten(0, 1)?.rot90(1, &[0, 0]),
                "rot90: the tensor has shape [6], expected at least two dimensions",
            ),
        Case::new("rot90(-1)", x(), |x| x[0].rot90(-1, &[0, 1])).value(pick([3, 0, 4, 1, 5, 2])),
        Case::new("rot90(from dim 1 to dim 0)", x(), |x| x[0].rot90(5, &[-1, 0])).value(pick([3, 0, 4, 1, 5, 2])),
        Case::new("rot90(2)", x(), |x| x[0].rot90(-6, &[0, 1])).value(pick([5, 4, 3, 2, 1, 0])),
        Case::new("rot90(4)", x(), |x| x[0].rot90(4, &[0, 1])).value(pick([0, 1, 2, 3, 4, 5])),
    ]
}];
