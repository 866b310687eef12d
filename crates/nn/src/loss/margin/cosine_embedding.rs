//! The margin loss of the cosine similarity.

use crate::loss::Reduction;
use crate::loss::options::reduced;
use crate::loss::pair::has_room;
use autograd_core::check::Check;
use autograd_core::{Error, Result, Tensor};

const OP: &str = "cosine_embedding_loss";

/// The margin loss of the cosine of two vectors that are alike (t = 1) or not (t = −1), the mean over all pairs.
///
/// ```text
/// loss = 1 − cos(x₁, x₂) where t = 1,   max(0, cos(x₁, x₂) − margin) where t = −1        margin = 0
/// cos(x₁, x₂) = x₁·x₂ / √((|x₁|² + ε) (|x₂|² + ε))                                       ε = 10⁻¹²
/// ```
///
/// # Shapes
/// `x1` and `x2`: `[D]` or `[N, D]`; `target`: `[]` or `[N]`.
///
/// # Numerics
/// Squares of lengths may overflow: from some 1.8·10¹⁹ on in `F32`, the loss is NaN.
///
/// # Errors
/// If the shapes do not fit, or the dtypes are not one float type.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::cosine_embedding_loss;
/// let (a, b) = (Tensor::from([[1.0, 0.0]]), Tensor::from([[0.0, 1.0]]));
/// assert_eq!(cosine_embedding_loss(&a, &b, &Tensor::from([1.0]))?.item::<f32>()?, 1.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # Differs from
/// PyTorch multiplies the squares of both lengths, which overflows earlier: in `F32`, two equal vectors of a length
/// from some 4·10⁹ on have the loss 1 there, as if they were at right angles. Here they have the loss 0, as the cosine
/// is divided by one length after the other.
pub fn cosine_embedding_loss(x1: &Tensor, x2: &Tensor, target: &Tensor) -> Result<Tensor> {
    CosineEmbeddingLoss::new().forward(x1, x2, target)
}

/// [`cosine_embedding_loss`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{CosineEmbeddingLoss, Reduction};
/// let a = Tensor::from([[1.0, 0.0]]);
/// let loss = CosineEmbeddingLoss::new().margin(0.25).reduction(Reduction::Sum);
/// assert_eq!(loss.forward(&a, &a, &Tensor::from([-1.0]))?.item::<f32>()?, 0.75);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CosineEmbeddingLoss {
    margin: f64,
    reduction: Reduction,
}

reduced!(CosineEmbeddingLoss);

impl CosineEmbeddingLoss {
    /// The cosine below which unlike vectors cost nothing, −1 to 1. Default 0.
    #[must_use]
    pub fn margin(mut self, margin: f64) -> CosineEmbeddingLoss {
        self.margin = margin;
        self
    }

    /// The loss of two batches of vectors.
    ///
    /// # Errors
    /// As for [`cosine_embedding_loss`], or if the margin is out of range.
    pub fn forward(&self, x1: &Tensor, x2: &Tensor, target: &Tensor) -> Result<Tensor> {
        Check(OP).require((-1.0..=1.0).contains(&self.margin), "margin", self.margin, "in [−1, 1]")?;
        Check(OP).same_float(x1, x2)?;
        Check(OP).same_float(x1, target)?;
        let Some((_, pairs)) = x1.shape().split_last() else {
            return Err(Error::shape(OP, "x1", x1.shape(), "[D] or [N, D]"));
        };
        Check(OP).is("x2", x2, x1.shape())?;
        Check(OP).is("target", target, pairs)?;
        has_room(OP, &[x1])?;
        let length = |x: &Tensor| Ok::<_, Error>(x.square().sum_dim(-1)?.add_scalar(1e-12).sqrt());
        let cos = x1.try_mul(x2)?.sum_dim(-1)?.try_div(&length(x1)?)?.try_div(&length(x2)?)?;
        let target = target.detach();
        let is = |label: f64| target.eq(&target.full_like(label));
        let alike = is(1.0)?.where_cond(&cos.neg().add_scalar(1.0), &cos.zeros_like())?;
        let apart = is(-1.0)?.where_cond(&cos.add_scalar(-self.margin).relu(), &cos.zeros_like())?;
        self.reduction.apply(&alike.try_add(&apart)?)
    }
}

#[cfg(test)]
mod tests {
    use super::CosineEmbeddingLoss;
    use crate::cases::Expected;
    use autograd_core::{Result, Tensor};

    // The first and the third pair are alike.
    fn labels(x: &Tensor) -> Result<Tensor> {
        let labels: Vec<f64> = (0..x.shape()[0]).map(|n| if n % 2 == 0 { 1.0 } else { -1.0 }).collect();
        Ok(Tensor::from_slice(&labels, &[labels.len()])?.to_dtype(x.dtype()))
    }

    fn formula(x: &Tensor, t: &Tensor) -> Expected {
        let (x, t) = (x.to_f64s(), t.to_f64s());
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let row = |(n, (x, t)): (usize, (&[f64], &[f64]))| {
            let cos = dot(x, t) / (dot(x, x) * dot(t, t)).sqrt();
            if n % 2 == 0 { 1.0 - cos } else { (cos + 0.5).max(0.0) }
        };
        let losses: Vec<f64> = x.chunks(3).zip(t.chunks(3)).enumerate().map(row).collect();
        Expected { shape: vec![losses.len()], divisor: losses.len() as f64, losses }
    }

    #[test]
    fn labels_decide() -> Result<()> {
        let (a, b) = (Tensor::from([1.0, 0.0]), Tensor::from([0.0, 2.0]));
        let of = |t: f32| CosineEmbeddingLoss::new().forward(&a, &b, &Tensor::from(t))?.item::<f32>();
        assert_eq!((of(1.0)?, of(-1.0)?, of(0.0)?), (1.0, 0.0, 0.0));
        Ok(())
    }

    #[test]
    fn long_vectors_are_alike_until_a_square_overflows() -> Result<()> {
        let of = |length: f32| {
            let x = Tensor::from([length, 0.0]);
            CosineEmbeddingLoss::new().forward(&x, &x, &Tensor::from(1.0))?.item::<f32>()
        };
        for length in [1e9, 1e10, 1e15, 1.8e19] {
            assert!(of(length)?.abs() < 1e-6, "{length}: {}", of(length)?);
        }
        assert!(of(2e19)?.is_nan());
        Ok(())
    }

    #[test]
    fn formulas_and_refusals() -> Result<()> {
        let x = Tensor::randn(&[4, 3], autograd_core::DType::F64, &mut autograd_core::seeded(1))?;
        let y = Tensor::randn(&[4, 3], autograd_core::DType::F64, &mut autograd_core::seeded(2))?;
        let loss = CosineEmbeddingLoss::new().margin(-0.5);
        let expected = formula(&x, &y);
        let mean = expected.losses.iter().sum::<f64>() / expected.divisor;
        assert!((loss.forward(&x, &y, &labels(&x)?)?.item::<f64>()? - mean).abs() < 1e-12);
        let error = loss.forward(&x, &y, &y).expect_err("refused").to_string();
        assert_eq!(error, "cosine_embedding_loss: target has shape [4, 3], expected [4]");
        let error =
            CosineEmbeddingLoss::new().margin(2.0).forward(&x, &y, &labels(&x)?).expect_err("refused").to_string();
        assert_eq!(error, "cosine_embedding_loss: margin is 2.0, it must be in [−1, 1]");
        Ok(())
    }

    cases![
        loss(
            "cosine_embedding_loss",
            |r| move |x: &Tensor, t: &Tensor| CosineEmbeddingLoss::new().reduction(r).forward(
                x,
                t,
                &labels(x)?.ones_like()
            ),
            |x: &Tensor, t: &Tensor| {
                let all = formula(x, t);
                let (x, t) = (x.to_f64s(), t.to_f64s());
                let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
                let row = |(x, t): (&[f64], &[f64])| 1.0 - dot(x, t) / (dot(x, x) * dot(t, t)).sqrt();
                Expected { losses: x.chunks(3).zip(t.chunks(3)).map(row).collect(), ..all }
            }
        )
        .finite()
        .shapes(&[4, 3], &[4, 3])
    ];
}
