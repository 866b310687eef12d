//! The cosine similarity as a loss.

use super::distance::cosine;
use crate::loss::options::reduced;
use crate::loss::{Loss, Reduction, hint};
use autograd_core::check::Check;
use autograd_core::{Description, Error, Result, Tensor};

const OP: &str = "cosine_similarity_loss";

/// Minus the cosine of the angle between vectors x and t, those along the last dim, the mean over all: −1 where they
/// have one direction.
///
/// ```text
/// loss = −x·t / (max(|x|, ε) max(|t|, ε))        ε = 1e-7
/// ```
///
/// # Shapes
/// `input` and `target` are `[.., D]`.
///
/// # Errors
/// If the shapes differ, or the dtypes are not one float type.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::cosine_similarity_loss;
/// let loss = cosine_similarity_loss(&Tensor::from([[3.0, 4.0]]), &Tensor::from([[1.0, 0.0]]))?;
/// assert!((loss.item::<f32>()? + 0.6).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn cosine_similarity_loss(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    CosineSimilarityLoss::new().forward(input, target)
}

/// [`cosine_similarity_loss`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{CosineSimilarityLoss, Loss, Reduction};
/// let loss = CosineSimilarityLoss::new().dim(0).reduction(Reduction::None);
/// let y = Tensor::from([[3.0, 0.0], [4.0, 2.0]]);
/// assert!(loss.forward(&y, &y)?.to_vec::<f32>()?.iter().all(|loss| (loss + 1.0).abs() < 1e-6));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CosineSimilarityLoss {
    dim: isize,
    reduction: Reduction,
}

impl Default for CosineSimilarityLoss {
    fn default() -> Self {
        CosineSimilarityLoss { dim: -1, reduction: Reduction::Mean }
    }
}

reduced!(CosineSimilarityLoss);

impl CosineSimilarityLoss {
    /// The dim that the vectors lie along. Default −1.
    #[must_use]
    pub fn dim(mut self, dim: isize) -> CosineSimilarityLoss {
        self.dim = dim;
        self
    }
}

impl Loss for CosineSimilarityLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        Check(OP).same_float(input, target)?;
        if input.rank() == 0 {
            return Err(Error::shape(OP, "the input", input.shape(), "[.., D]"));
        }
        hint::same(OP, target, input.shape())?;
        Check(OP).dim(self.dim, input.shape())?;
        let last = |x: &Tensor| x.transpose(self.dim, -1);
        let mut losses = cosine(&last(input)?, &last(target)?, 1e-7)?.neg();
        // The last dim has taken the place of the one that is gone: back to the end with it.
        let d = self.dim.rem_euclid(input.rank() as isize);
        let left = losses.rank() as isize;
        if d < left {
            let order: Vec<isize> = (0..d).chain(d + 1..left).chain([d]).collect();
            losses = losses.permute(&order)?;
        }
        self.reduction.apply(&losses)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
mod tests {
    use super::{CosineSimilarityLoss, cosine_similarity_loss};
    use crate::cases::Expected;
    use crate::loss::{Loss, Reduction};
    use autograd_core::{DType, Result, Tensor, seeded};

    fn formula(x: &Tensor, t: &Tensor) -> Expected {
        let (x, t) = (x.to_f64s(), t.to_f64s());
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let row = |(x, t): (&[f64], &[f64])| -dot(x, t) / (dot(x, x) * dot(t, t)).sqrt();
        let losses: Vec<f64> = x.chunks(3).zip(t.chunks(3)).map(row).collect();
        Expected { shape: vec![losses.len()], divisor: losses.len() as f64, losses }
    }

    #[test]
    fn any_dim_leaves_the_others_in_order() -> Result<()> {
        let x = Tensor::randn(&[2, 3, 4, 5], DType::F64, &mut seeded(1))?;
        let t = Tensor::randn(&[2, 3, 4, 5], DType::F64, &mut seeded(2))?;
        for dim in 0..4 {
            let order: Vec<isize> = (0..4).filter(|d| *d != dim).chain([dim]).collect();
            let of = |dim: isize| CosineSimilarityLoss::new().dim(dim).reduction(Reduction::None);
            let (got, moved) = (of(dim).forward(&x, &t)?, of(-1).forward(&x.permute(&order)?, &t.permute(&order)?)?);
            assert_eq!(got.shape(), moved.shape());
            let near = got.to_f64s().into_iter().zip(moved.to_f64s()).all(|(a, b)| (a - b).abs() < 1e-14);
            assert!(near, "dim {dim}");
        }
        Ok(())
    }

    cases![
        loss("cosine_similarity_loss", |r| CosineSimilarityLoss::new().reduction(r), formula)
            .function(cosine_similarity_loss)
            .finite()
            .shapes(&[4, 3], &[4, 3])
            .refuses(Tensor::from(1.0), Tensor::from(1.0), "the input has shape [], expected [.., D]"),
        loss("cosine_similarity_loss", |r| CosineSimilarityLoss::new().dim(2).reduction(r), formula).refuses(
            Tensor::from([1.0]),
            Tensor::from([1.0]),
            "dim 2 is out of range for shape [1] (−1 to 0)"
        ),
    ];
}
