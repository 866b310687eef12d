//! Vectors of length 1, and the cosine of the angle between two.

use crate::error::Result;
use crate::keep;
use crate::ops::check::Check;
use crate::ops::reduce::dims::ReduceDims;
use crate::ops::reduce::norm::vector::norm;
use crate::shape::Dim;
use crate::tensor::Tensor;

impl Tensor {
    /// `y = x/max(‖x‖ₚ, ε)`, with norms over `dims`.
    ///
    /// PyTorch's defaults are `p = 2`, dim 1 and `ε = 1e-12`.
    ///
    /// # Gradient
    /// That of the quotient and of [`Tensor::vector_norm`]; where the norm is not above ε, it has none.
    ///
    /// # Errors
    /// If a dim is out of range or named twice, p or ε is NaN, the dtype is not a float type, or there are no elements
    /// for a norm with a negative or infinite p.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[3.0, 4.0], [0.0, 0.0]]);
    /// assert_eq!(x.normalize(2.0, 1, 1e-12)?.to_vec::<f32>()?, [0.6, 0.8, 0.0, 0.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn normalize(&self, p: f64, dims: impl Into<ReduceDims>, eps: f64) -> Result<Tensor> {
        normalize_of(self, p, dims.into(), eps)
    }

    /// The cosine of the angle between vectors along `dim`: `y = Σ a b/(max(‖a‖, ε) max(‖b‖, ε))`.
    ///
    /// PyTorch's defaults are dim 1 and `ε = 1e-8`.
    ///
    /// # Shapes
    /// The operands are broadcast; the result is without `dim`, which counts in the shape they are broadcast to.
    ///
    /// # Gradient
    /// That of the formula; where a norm is not above ε, it has none. PyTorch's is another there, which is not that of
    /// the value.
    ///
    /// # Numerics
    /// Both are divided by their norms first: no product overflows.
    ///
    /// # Errors
    /// If the dim is out of range, the shapes do not broadcast, the dtypes are not one float type, or ε is negative or
    /// NaN.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (a, b) = (Tensor::from([[3.0, 4.0], [1.0, 0.0]]), Tensor::from([0.0, 2.0]));
    /// assert_eq!(a.cosine_similarity(&b, 1, 1e-8)?.to_vec::<f32>()?, [0.8, 0.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn cosine_similarity(&self, other: &Tensor, dim: impl Dim, eps: f64) -> Result<Tensor> {
        cosine_similarity_of(self, other, dim.signed(), eps)
    }
}

fn normalize_of(x: &Tensor, p: f64, dims: ReduceDims, eps: f64) -> Result<Tensor> {
    let check = Check("normalize");
    check.float(x)?;
    check.require(!p.is_nan(), "p", p, "a number")?;
    check.require(!eps.is_nan(), "eps", eps, "a number")?;
    let norm = norm(check.0, "p", x, p, &keep(dims))?;
    x.try_div(&norm.clamp(eps, f64::INFINITY)?)
}

fn cosine_similarity_of(x: &Tensor, other: &Tensor, dim: isize, eps: f64) -> Result<Tensor> {
    let check = Check("cosine_similarity");
    check.same_float(x, other)?;
    check.require(eps >= 0.0, "eps", eps, "at least 0")?;
    let shape = check.broadcast(x.shape(), other.shape())?;
    let dim = check.dim(dim, &shape)? as isize;
    let [a, b] = [x, other].map(|x| x.expand_to(&shape)?.normalize(2.0, dim, eps));
    a?.try_mul(&b?)?.sum_dim(dim)
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let x = || vec![Input::real(&[2, 3, 4], 0.3..2.0)];
    let pair = || vec![Input::real(&[3, 4], -2.0..2.0), Input::real(&[4], -2.0..2.0)];
    let norm = |x: &[f64], p: f64| x.iter().map(|x| x.abs().powf(p)).sum::<f64>().powf(1.0 / p);
    [
        Case::new("normalize", x(), |x| x[0].normalize(2.0, -1, 1e-12))
            .value(move |x| x[0].chunks(4).flat_map(|r| r.iter().map(|x| x / norm(r, 2.0)).collect::<Vec<_>>()).collect())
            .not_counting_saved()
            .refuses(
                |x| x[0].normalize(2.0, 3, 1e-12),
                "normalize: dim 3 is out of range for shape [2, 3, 4] (−3 to 2)",
            )
            .refuses(|x| x[0].normalize(f64::NAN, 1, 1e-12), "normalize: p is NaN, it must be a number")
            .refuses(|x| x[0].normalize(2.0, 1, f64::NAN), "normalize: eps is NaN, it must be a number")
            .refuses(
                |x| x[0].to_dtype(DType::I64).normalize(2.0, 1, 1e-12),
                "normalize: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("normalize (0.5)", x(), |x| x[0].normalize(0.5, [0, 2], 1e-12)).not_counting_saved(),
        Case::new("normalize (-1)", x(), |x| x[0].normalize(-1.0, 1, 1e-12)).not_counting_saved(),
        Case::new("normalize (below eps)", x(), |x| x[0].normalize(2.0, 1, 100.0))
            .value(|x| x[0].iter().map(|x| x / 100.0).collect())
            .not_counting_saved(),
        Case::new("cosine_similarity", pair(), |x| x[0].cosine_similarity(&x[1], -1, 1e-8))
            .value(move |x| {
                let dot = |r: &[f64]| r.iter().zip(&x[1]).map(|(a, b)| a * b).sum::<f64>();
                x[0].chunks(4).map(|r| dot(r) / norm(r, 2.0) / norm(&x[1], 2.0)).collect()
            })
            .not_counting_saved()
            .refuses(
                |x| x[0].cosine_similarity(&x[1], 2, 1e-8),
                "cosine_similarity: dim 2 is out of range for shape [3, 4] (−2 to 1)",
            )
            .refuses(
                |x| x[0].cosine_similarity(&x[1].narrow(0, 0, 3)?, 1, 1e-8),
                "cosine_similarity: shapes [3, 4] and [3] do not broadcast: 4 ≠ 3 in dimension −1 (counted from the end)",
            )
            .refuses(
                |x| x[0].cosine_similarity(&x[1].to_dtype(DType::F32), 1, 1e-8),
                "cosine_similarity: dtypes F64 and F32 do not mix; convert one with to_dtype",
            )
            .refuses(
                |x| x[0].cosine_similarity(&x[1], 1, f64::NAN),
                "cosine_similarity: eps is NaN, it must be at least 0",
            ),
        Case::new("cosine_similarity (of the first dim)", pair(), |x| {
            x[0].t()?.cosine_similarity(&x[1].unsqueeze(1)?, 0, 0.5)
        })
        .not_counting_saved(),
    ]
}];
