//! The losses of the perceptron.

use crate::loss::options::reduced;
use crate::loss::pair::fits;
use crate::loss::{Loss, Reduction};
use autograd_core::check::Check;
use autograd_core::{DType, Description, Error, Result, Tensor};

/// The perceptron's loss of a score x for the label t = ±1, the mean over all elements: the hinge loss without a
/// margin.
///
/// ```text
/// loss = max(0, −t x)
/// ```
///
/// # Shapes
/// `target` has the shape of `input`, or has its rank and broadcasts to it, or is a single number `[]`. Labels are −1
/// and 1.
///
/// # Gradient
/// `−t` where `t x < 0`, else 0; at the kink 0.
///
/// # Errors
/// If the target does not broadcast to the input, or the dtypes are not one float type.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::perceptron_loss;
/// let loss = perceptron_loss(&Tensor::from([0.5, 3.0]), &Tensor::from([-1.0, 1.0]))?;
/// assert_eq!(loss.item::<f32>()?, 0.25);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Rosenblatt, The perceptron: a probabilistic model for information storage and organization in the brain, 1958.
pub fn perceptron_loss(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    PerceptronLoss::new().forward(input, target)
}

/// [`perceptron_loss`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{Loss, PerceptronLoss, Reduction};
/// let loss = PerceptronLoss::new().reduction(Reduction::None);
/// let losses = loss.forward(&Tensor::from([0.5, 3.0]), &Tensor::from([-1.0, 1.0]))?;
/// assert_eq!(losses.to_vec::<f32>()?, [0.5, 0.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerceptronLoss {
    reduction: Reduction,
}

reduced!(PerceptronLoss);

impl Loss for PerceptronLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        fits("perceptron_loss", input, target)?;
        self.reduction.apply(&input.try_mul(target)?.neg().relu())
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

const MULTICLASS: &str = "multiclass_perceptron_loss";

/// The perceptron's loss of the scores x of several classes for the target class t, the mean over all samples: by how
/// much the best class is above the target's.
///
/// ```text
/// loss = max(0, margin + max_{k ≠ t} x[k] − x[t])        margin = 0
/// ```
///
/// # Shapes
/// `input: [.., C]`, `target: [..]` (`I64`).
///
/// # Gradient
/// 1 for the best of the other classes (shared evenly by ties) and −1 for the target's, where the margin is missed; at
/// the kink half of that, else 0.
///
/// # Errors
/// If the shapes do not fit, a class is out of range, or the margin is negative.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::multiclass_perceptron_loss;
/// let loss = multiclass_perceptron_loss(&Tensor::from([[0.5, 1.0, 0.25]]), &Tensor::from([0]))?;
/// assert_eq!(loss.item::<f32>()?, 0.5);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Collins, Discriminative Training Methods for Hidden Markov Models: Theory and Experiments with Perceptron
/// Algorithms, 2002. Crammer, Singer, On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines,
/// 2001 (margin 1).
pub fn multiclass_perceptron_loss(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    MulticlassPerceptronLoss::new().forward(input, target)
}

/// [`multiclass_perceptron_loss`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{Loss, MulticlassPerceptronLoss};
/// let hinge = MulticlassPerceptronLoss::new().margin(1.0);
/// assert_eq!(hinge.forward(&Tensor::from([[0.5, 1.0, 0.25]]), &Tensor::from([0]))?.item::<f32>()?, 1.5);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MulticlassPerceptronLoss {
    margin: f64,
    reduction: Reduction,
}

reduced!(MulticlassPerceptronLoss);

impl MulticlassPerceptronLoss {
    /// By how much the target's score must be above the others to cost nothing, finite and at least 0. Default 0; with
    /// 1 it is the hinge loss of several classes.
    #[must_use]
    pub fn margin(mut self, margin: f64) -> MulticlassPerceptronLoss {
        self.margin = margin;
        self
    }
}

impl Loss for MulticlassPerceptronLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        let check = Check(MULTICLASS);
        let at_least_0 = self.margin >= 0.0 && self.margin.is_finite();
        check.require(at_least_0, "margin", self.margin, "finite and at least 0")?;
        check.float(input)?;
        check.dtype(target, DType::I64)?;
        let Some((classes, samples)) = input.shape().split_last() else {
            return Err(Error::shape(MULTICLASS, "the input", input.shape(), "[.., C]"));
        };
        check.is("target", target, samples)?;
        if target.numel() == 0 {
            return self.reduction.apply(&input.sum_dim(-1)?);
        }
        let own = input.gather(-1, &target.unsqueeze(-1)?).map_err(|error| error.context(MULTICLASS))?;
        let is_own = target.one_hot(Some(*classes))?.to_dtype(DType::Bool);
        let best = input.masked_fill(&is_own, f64::NEG_INFINITY)?.amax(-1)?;
        let above = best.try_sub(&own.squeeze(&[-1])?)?.add_scalar(self.margin);
        // Halves at a tie, so equal scores of all classes learn; `relu` would have a gradient of 0.
        self.reduction.apply(&above.maximum(&above.zeros_like())?)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
mod tests {
    use super::{MulticlassPerceptronLoss, PerceptronLoss, multiclass_perceptron_loss, perceptron_loss};
    use crate::cases::{Expected, LossCase};
    use autograd_core::{DType, Tensor, seeded};

    fn of(margin: f64) -> LossCase {
        let formula = move |x: &Tensor, t: &Tensor| {
            let (x, t) = (x.to_f64s(), t.to_f64s());
            let row = |(x, t): (&[f64], &f64)| {
                let of = |k: usize| x[k] + if k == *t as usize { 0.0 } else { margin };
                (0..3).map(of).fold(f64::NEG_INFINITY, f64::max) - x[*t as usize]
            };
            let losses: Vec<f64> = x.chunks(3).zip(&t).map(row).collect();
            Expected { shape: vec![losses.len()], divisor: losses.len() as f64, losses }
        };
        let build = move |r| MulticlassPerceptronLoss::new().margin(margin).reduction(r);
        crate::cases::loss("multiclass_perceptron_loss", build, formula)
    }

    fn x() -> Tensor {
        Tensor::randn(&[4, 3], DType::F64, &mut seeded(3)).expect("small")
    }

    cases![
        loss("perceptron_loss", |r| PerceptronLoss::new().reduction(r), each(|x, t| (-t * x).max(0.0)))
            .function(perceptron_loss)
            .pairs(),
        of(0.0)
            .function(multiclass_perceptron_loss)
            .on(x(), Tensor::from([0, 2, 1, 2]))
            .refuses(
                Tensor::from([[0.0, 1.0]]),
                Tensor::from([2]),
                "gather: index 2 at position 0 is out of range for dim 1 of shape [1, 2]"
            )
            .refuses(Tensor::from(0.0), Tensor::from([0]), "the input has shape [], expected [.., C]")
            .refuses(Tensor::from([[0.0]]), Tensor::from([0, 0]), "target has shape [2], expected [1]"),
        of(1.0).on(x(), Tensor::from([0, 2, 1, 2])),
        of(-1.0).refuses(x(), Tensor::from([0, 2, 1, 2]), "margin is -1.0, it must be finite and at least 0"),
    ];
}
