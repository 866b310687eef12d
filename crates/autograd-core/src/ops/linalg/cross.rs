//! Cross product.

use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::tensor::Tensor;

impl Tensor {
    /// The cross product of vectors of three elements along `dim`: `y₀ = a₁ b₂ − a₂ b₁`, and so on around. Without a
    /// dim, along the first one of size three in both.
    ///
    /// # Shapes
    /// As many dims on both sides, which are broadcast.
    ///
    /// # Gradient
    /// `ga = b × gy`, `gb = gy × a`. Saves both.
    ///
    /// # Errors
    /// If the numbers of dims differ, the shapes do not broadcast, the dim does not have size three, or the dtypes
    /// differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let z = Tensor::from([1, 0, 0]).cross(&Tensor::from([0, 1, 0]), -1)?;
    /// assert_eq!(z.to_vec::<i64>()?, [0, 0, 1]);
    /// assert_eq!(z.cross(&Tensor::from([1, 0, 0]), None)?.to_vec::<i64>()?, [0, 1, 0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn cross(&self, other: &Tensor, dim: impl Into<Option<isize>>) -> Result<Tensor> {
        let check = Check("cross");
        check.same_dtype(self, other)?;
        if self.rank() != other.rank() {
            let expected = format!("as many dimensions as {:?}", self.shape());
            return Err(Error::shape("cross", "the second operand", other.shape(), expected));
        }
        let shape = check.broadcast(self.shape(), other.shape())?;
        let d = match dim.into() {
            Some(dim) => check.sized_dim(dim, &shape)?.0,
            None => self.shape().iter().zip(other.shape()).position(|sizes| sizes == (&3, &3)).unwrap_or(0),
        };
        let sizes = [self, other].map(|x| x.shape().get(d).copied());
        if sizes != [Some(3); 2] {
            let (a, b) = (self.shape(), other.shape());
            let text = format!("cross: dim {d} of shapes {a:?} and {b:?} must have size 3 in both");
            return Err(Error::new(ErrorKind::Shape, text));
        }
        let turned = |x: &Tensor, by: usize| {
            let d = d as isize;
            Tensor::cat(&[&x.narrow(d, by, 3 - by)?, &x.narrow(d, 0, by)?], d)
        };
        let (ahead, behind) = (turned(self, 1)?.try_mul(&turned(other, 2)?)?, turned(self, 2)?);
        ahead.try_sub(&behind.try_mul(&turned(other, 1)?)?)
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = |s: &[usize]| Input::real(s, -2.0..2.0);
    let reference = |x: &[Vec<f64>]| {
        let of = |row: usize, k: usize| {
            let (i, j) = ((k + 1) % 3, (k + 2) % 3);
            x[0][i] * x[1][row * 3 + j] - x[0][j] * x[1][row * 3 + i]
        };
        (0..6).map(|e| of(e / 3, e % 3)).collect()
    };
    [
        Case::new("cross", vec![x(&[1, 3]), x(&[2, 3])], |x| x[0].cross(&x[1], -1))
            .value(reference)
            .refuses(|x| x[0].cross(&x[1], 0), "cross: dim 0 of shapes [1, 3] and [2, 3] must have size 3 in both")
            .refuses(
                |x| x[0].cross(&x[1].sum_dim(0)?, 0),
                "cross: the second operand has shape [3], expected as many dimensions as [1, 3]",
            )
            .refuses(|x| x[0].cross(&x[1], 2), "cross: dim 2 is out of range for shape [2, 3] (−2 to 1)"),
        Case::new("cross (first dim)", vec![x(&[3, 2]), x(&[3, 2])], |x| x[0].cross(&x[1], None)),
        Case::new("cross (first dim of both)", vec![x(&[1, 3]), x(&[3, 3])], |x| x[0].cross(&x[1], None)),
    ]
}];
