//! Kronecker product.

use crate::error::Result;
use crate::ops::check::Check;
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
    /// If the dtypes differ, or there is no memory for the result.
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
        let sizes = |pairs: &dyn Fn(usize) -> [usize; 2]| (0..rank).flat_map(pairs).collect::<Vec<usize>>();
        let (left, right) = (sizes(&|d| [a[d], 1]), sizes(&|d| [1, b[d]]));
        let shape: Vec<usize> = a.iter().zip(&b).map(|(a, b)| a.saturating_mul(*b)).collect();
        Check("kron").fits_memory(&shape)?;
        self.reshape_to(&left)?.try_mul(&other.reshape_to(&right)?)?.reshape_to(&shape)
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let x = |s: &[usize]| Input::real(s, -2.0..2.0);
    [
        Case::new("kron", vec![x(&[2, 2]), x(&[1, 3])], |x| x[0].kron(&x[1]))
            .value(|x| (0..12).map(|e| x[0][e / 6 * 2 + e % 6 / 3] * x[1][e % 3]).collect())
            .refuses(
                |x| x[0].kron(&x[1].to_dtype(DType::F32)),
                "kron: dtypes F64 and F32 do not mix; convert one with to_dtype",
            ),
        Case::new("kron of two ranks", vec![x(&[2]), x(&[2, 3])], |x| x[0].kron(&x[1]))
            .value(|x| (0..12).map(|e| x[0][e % 6 / 3] * x[1][e / 6 * 3 + e % 3]).collect()),
    ]
}];
