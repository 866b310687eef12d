//! Kronecker product.

use crate::error::{Error, Result};
use crate::ops::check::Check;
use crate::shape::MAX_RANK;
use crate::tensor::Tensor;

impl Tensor {
    /// The Kronecker product: each element of this tensor times all of `other`, in its place.
    ///
    /// # Shapes
    /// `[A₁, A₂, ..] × [B₁, B₂, ..] → [A₁ B₁, A₂ B₂, ..]`; the shorter shape gets ones in front.
    ///
    /// # Gradient
    /// That of the product of elements. Saves both.
    ///
    /// # Errors
    /// If the dtypes differ, or there is no memory for the result; if the dims are more than 64, each counted twice in
    /// which both sizes are not 1.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([1, 2]).kron(&Tensor::from([3, 4, 5]))?;
    /// assert_eq!(y.to_vec::<i64>()?, [3, 4, 5, 6, 8, 10]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn kron(&self, other: &Tensor) -> Result<Tensor> {
        Check("kron").same_dtype(self, other)?;
        let rank = self.rank().max(other.rank());
        let padded = |x: &Tensor| [vec![1; rank - x.rank()], x.shape().to_vec()].concat();
        let (a, b) = (padded(self), padded(other));
        let shape: Vec<usize> = a.iter().zip(&b).map(|(a, b)| a.saturating_mul(*b)).collect();
        Check("kron").room(&shape, self.dtype())?;
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for (a, b) in a.into_iter().zip(b) {
            // A size of 1 is repeated along the other: only two others need a dim each.
            if a == 1 || b == 1 {
                left.push(a);
                right.push(b);
            } else {
                left.extend([a, 1]);
                right.extend([1, b]);
            }
        }
        if left.len() > MAX_RANK {
            let spread: Vec<usize> = left.iter().zip(&right).map(|(a, b)| a * b).collect();
            return Err(Error::too_large("kron", &spread));
        }
        self.reshape_to(&left)?.try_mul(&other.reshape_to(&right)?)?.reshape_to(&shape)
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let x = |s: &[usize]| Input::real(s, -2.0..2.0);
    let spread: Vec<usize> = [vec![1; 62], vec![2; 4]].concat();
    [
        Case::new("kron", vec![x(&[2, 2]), x(&[1, 3])], |x| x[0].kron(&x[1]))
            .value(|x| (0..12).map(|e| x[0][e / 6 * 2 + e % 6 / 3] * x[1][e % 3]).collect())
            .refuses(
                |x| x[0].kron(&x[1].to_dtype(DType::F32)),
                "kron: dtypes F64 and F32 do not mix; convert one with to_dtype",
            )
            .refuses(
                |x| {
                    let shape: Vec<usize> = [vec![1; 62], vec![2; 2]].concat();
                    let wide = x[0].reshape(&shape)?;
                    wide.kron(&wide)
                },
                format!(
                    "kron: shape {spread:?} is too large (at most 64 dimensions, and no more bytes than memory holds)"
                ),
            ),
        Case::new("kron of two ranks", vec![x(&[2]), x(&[2, 3])], |x| x[0].kron(&x[1]))
            .value(|x| (0..12).map(|e| x[0][e % 6 / 3] * x[1][e / 6 * 3 + e % 3]).collect()),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::Tensor;

    #[test]
    fn operands_may_have_as_many_dims_as_a_tensor() {
        let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
        let shape: Vec<usize> = [vec![1; 60], vec![2; 2]].concat();
        let wide = x.reshape(&shape).expect("as many");
        let y = wide.kron(&wide).expect("62 dims");
        assert_eq!((y.rank(), &y.shape()[60..]), (62, &[4, 4][..]));
        assert_eq!(y.to_f64s(), x.kron(&x).expect("matrices").to_f64s());
        let ones = Tensor::from(2.0).expand(&[1; 64]).expect("a view");
        assert_eq!(ones.kron(&ones).expect("64 dims").to_f64s(), [4.0]);
    }
}
