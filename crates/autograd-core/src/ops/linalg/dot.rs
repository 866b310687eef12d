//! Products of vectors: inner and outer.

use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::tensor::Tensor;

impl Tensor {
    /// The inner product of two vectors: `Σ aᵢ bᵢ`.
    ///
    /// # Shapes
    /// `[N] × [N] → []`.
    ///
    /// # Gradient
    /// `ga = gy b`, `gb = gy a`. Saves both.
    ///
    /// # Errors
    /// If an operand does not have one dimension or is not a float tensor, or sizes or dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([1.0, 2.0]).dot(&Tensor::from([3.0, 4.0]))?;
    /// assert_eq!(y.item::<f32>()?, 11.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn dot(&self, other: &Tensor) -> Result<Tensor> {
        vectors("dot", self, other)?;
        Check("dot").is("the second operand", other, self.shape())?;
        self.matmul(other)
    }

    /// [`Tensor::dot`], under the name that is another operation for complex numbers only.
    ///
    /// # Errors
    /// As for `dot`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0]).vdot(&Tensor::from([3.0, 4.0]))?.item::<f32>()?, 11.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn vdot(&self, other: &Tensor) -> Result<Tensor> {
        vectors("vdot", self, other)?;
        Check("vdot").is("the second operand", other, self.shape())?;
        self.matmul(other)
    }

    /// The outer product of two vectors: `yᵢⱼ = aᵢ bⱼ`.
    ///
    /// # Shapes
    /// `[N] × [M] → [N, M]`.
    ///
    /// # Gradient
    /// `ga = gy b`, `gb = gyᵀ a`. Saves both.
    ///
    /// # Errors
    /// If an operand does not have one dimension, the dtypes differ, or there is no memory for the result.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([1, 2]).outer(&Tensor::from([3, 4]))?;
    /// assert_eq!(y.to_vec::<i64>()?, [3, 4, 6, 8]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn outer(&self, vec2: &Tensor) -> Result<Tensor> {
        Check("outer").same_dtype(self, vec2)?;
        vectors_of_any("outer", self, vec2)?;
        Check("outer").room(&[self.numel(), vec2.numel()], self.dtype())?;
        self.unsqueeze(1)?.try_mul(&vec2.unsqueeze(0)?)
    }

    /// The sum of products over the last dim of both: `y[.., ..] = Σ a[.., k] b[.., k]`. A scalar multiplies.
    ///
    /// # Shapes
    /// `[A.., K] × [B.., K] → [A.., B..]`.
    ///
    /// # Gradient
    /// That of the matrix product it is. Saves both.
    ///
    /// # Errors
    /// If the last sizes or the dtypes differ, or an operand that is not multiplied by a scalar is not a float tensor.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([[1.0, 2.0], [0.0, 1.0]]).inner(&Tensor::from([3.0, 4.0]))?;
    /// assert_eq!(y.to_vec::<f32>()?, [11.0, 4.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn inner(&self, other: &Tensor) -> Result<Tensor> {
        Check("inner").same_dtype(self, other)?;
        let (Some((left, a)), Some((right, b))) = (self.shape().split_last(), other.shape().split_last()) else {
            return self.try_mul(other);
        };
        Check("inner").float(self)?;
        if left != right {
            let text =
                format!("inner: the last sizes differ: {:?} and {:?} ({left} ≠ {right})", self.shape(), other.shape());
            return Err(Error::new(ErrorKind::Shape, text));
        }
        let rows = |x: &Tensor, outer: &[usize]| x.reshape_to(&[outer.iter().product(), *left]);
        rows(self, a)?.matmul(&rows(other, b)?.t()?)?.reshape_to(&[a, b].concat())
    }

    /// [`Tensor::matmul`] of a matrix and a vector, and of nothing else.
    ///
    /// # Shapes
    /// `[N, M] × [M] → [N]`.
    ///
    /// # Errors
    /// If the operands are not a matrix and a vector, or as for `matmul`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([[1.0, 2.0], [0.0, 1.0]]).mv(&Tensor::from([3.0, 4.0]))?;
    /// assert_eq!(y.to_vec::<f32>()?, [11.0, 4.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn mv(&self, vec: &Tensor) -> Result<Tensor> {
        let [_, left] = Check("mv").shape("the matrix", self, "[N, M]")?;
        let [right] = Check("mv").shape("the vector", vec, "[M]")?;
        if left != right {
            return Err(Error::inner_sizes("mv", self.shape(), vec.shape(), left, right));
        }
        self.matmul(vec)
    }
}

fn vectors(op: &'static str, a: &Tensor, b: &Tensor) -> Result<()> {
    Check(op).same_float(a, b)?;
    vectors_of_any(op, a, b)
}

fn vectors_of_any(op: &'static str, a: &Tensor, b: &Tensor) -> Result<()> {
    let [_] = Check(op).shape("the first operand", a, "[N]")?;
    let [_] = Check(op).shape("the second operand", b, "[M]")?;
    Ok(())
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let x = |s: &[usize]| Input::real(s, -2.0..2.0);
    let dot = |x: &[Vec<f64>]| vec![x[0].iter().zip(&x[1]).map(|(a, b)| a * b).sum()];
    [
        Case::new("dot", vec![x(&[4]), x(&[4])], |x| x[0].dot(&x[1]))
            .value(dot)
            .refuses(|x| x[0].dot(&x[1].narrow(0, 0, 3)?), "dot: the second operand has shape [3], expected [4]")
            .refuses(|x| x[0].unsqueeze(0)?.dot(&x[1]), "dot: the first operand has shape [1, 4], expected [N]")
            .refuses(
                |x| x[0].to_dtype(DType::I64).dot(&x[1].to_dtype(DType::I64)),
                "dot: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("vdot", vec![x(&[4]), x(&[4])], |x| x[0].vdot(&x[1])).value(dot).refuses(
            |x| x[0].vdot(&x[1].to_dtype(DType::F32)),
            "vdot: dtypes F64 and F32 do not mix; convert one with to_dtype",
        ),
        Case::new("outer", vec![x(&[2]), x(&[3])], |x| x[0].outer(&x[1]))
            .value(|x| x[0].iter().flat_map(|a| x[1].iter().map(move |b| a * b)).collect())
            .refuses(|x| x[0].outer(&x[1].sum()), "outer: the second operand has shape [], expected [M]")
            .refuses(
                |x| x[0].outer(&x[1].to_dtype(DType::F32)),
                "outer: dtypes F64 and F32 do not mix; convert one with to_dtype",
            )
            .refuses(
                |x| {
                    let long = x[0].sum().expand(&[1 << 40])?;
                    long.outer(&long)
                },
                "outer: shape [1099511627776, 1099511627776] is too large \
                 (at most 64 dimensions, and no more bytes than memory holds)",
            ),
        Case::new("inner", vec![x(&[2, 3]), x(&[2, 2, 3])], |x| x[0].inner(&x[1]))
            .value(|x| {
                let of = |a: usize, b: usize| (0..3).map(|k| x[0][a * 3 + k] * x[1][b * 3 + k]).sum();
                (0..8).map(|e| of(e / 4, e % 4)).collect()
            })
            .refuses(|x| x[0].t()?.inner(&x[1]), "inner: the last sizes differ: [3, 2] and [2, 2, 3] (2 ≠ 3)")
            .refuses(
                |x| x[0].inner(&x[1].to_dtype(DType::I64)),
                "inner: dtypes F64 and I64 do not mix; convert one with to_dtype",
            ),
        Case::new("inner with a scalar", vec![x(&[]), x(&[2, 3])], |x| x[0].inner(&x[1]))
            .value(|x| x[1].iter().map(|b| x[0][0] * b).collect()),
        Case::new("mv", vec![x(&[2, 3]), x(&[3])], |x| x[0].mv(&x[1]))
            .value(|x| x[0].chunks(3).map(|row| row.iter().zip(&x[1]).map(|(a, b)| a * b).sum()).collect())
            .refuses(|x| x[0].t()?.mv(&x[1]), "mv: inner dimensions differ: [3, 2] × [3] (2 ≠ 3)")
            .refuses(|x| x[0].mv(&x[0]), "mv: the vector has shape [2, 3], expected [M]")
            .refuses(|x| x[1].mv(&x[1]), "mv: the matrix has shape [3], expected [N, M]"),
    ]
}];
