//! Losses of samples from losses of elements, with a weight for each sample.

use super::reduction::Divisor;
use super::{Loss, Reduction};
use autograd_core::{Description, Error, Result, Tensor};
use std::iter::repeat_n;

/// What becomes of the losses of a sample's elements, those along the last dim.
///
/// # Examples
/// ```
/// use wengert_nn::Pooling;
/// assert_eq!(Pooling::default(), Pooling::Mean);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pooling {
    /// Their mean.
    #[default]
    Mean,
    /// Their sum.
    Sum,
    /// They are losses of samples already.
    None,
}

/// A loss for each sample, and a weight for each: Keras's form of every loss.
///
/// ```text
/// lₙ = the mean of the losses along the last dim, of a loss with Reduction::None       (pooling)
/// none: wₙ lₙ      sum: Σ wₙ lₙ      mean: Σ wₙ lₙ / N, N the number of samples         (weighted)
/// Σ wₙ lₙ / Σ wₙ                                                                       (weighted_mean)
/// ```
///
/// A [`Loss`] has an output and a target, and no weights: in a training loop they are columns of the target, as in the
/// recipe *Weights of samples*.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Loss, MseLoss, PerSample, Reduction};
///
/// let loss = PerSample::new(MseLoss::new().reduction(Reduction::None));
/// let (y, t) = (Tensor::from([[1.0, 3.0], [0.0, 2.0]]), Tensor::from([[1.0, 1.0], [0.0, 0.0]]));
/// assert_eq!(loss.forward(&y, &t)?.item::<f32>()?, 2.0);
/// assert_eq!(loss.weighted(&y, &t, &Tensor::from([1.0, 0.0]))?.item::<f32>()?, 1.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # Differs from
/// * scikit-learn, whose mean divides by the sum of the weights: that is `weighted_mean`.
/// * Keras's `mean_with_sample_weight`, which is `weighted_mean` where a sample has one loss. Where it has several,
///   Keras counts its weight once; and weights whose sum is 0 have the mean 0 there, not NaN.
#[derive(Clone, Copy, Debug)]
pub struct PerSample<L> {
    loss: L,
    pooling: Pooling,
    reduction: Reduction,
}

impl<L: Loss> PerSample<L> {
    /// The losses of samples of a loss with `Reduction::None`.
    pub fn new(loss: L) -> PerSample<L> {
        PerSample { loss, pooling: Pooling::Mean, reduction: Reduction::Mean }
    }

    /// What becomes of the losses of a sample's elements. Default: their mean.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// # use wengert_nn::{L1Loss, Loss, PerSample, Pooling, Reduction};
    /// let loss = PerSample::new(L1Loss::new().reduction(Reduction::None)).pooling(Pooling::Sum);
    /// assert_eq!(loss.forward(&Tensor::from([[1.0, 3.0]]), &Tensor::from([[0.0, 0.0]]))?.item::<f32>()?, 4.0);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    #[must_use]
    pub fn pooling(mut self, pooling: Pooling) -> PerSample<L> {
        self.pooling = pooling;
        self
    }

    /// The reduction of the losses of the samples. Default: their mean.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// # use wengert_nn::{L1Loss, Loss, PerSample, Reduction};
    /// let loss = PerSample::new(L1Loss::new().reduction(Reduction::None)).reduction(Reduction::None);
    /// assert_eq!(loss.forward(&Tensor::from([[1.0, 3.0]]), &Tensor::from([[0.0, 0.0]]))?.to_vec::<f32>()?, [2.0]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    #[must_use]
    pub fn reduction(mut self, reduction: Reduction) -> PerSample<L> {
        self.reduction = reduction;
        self
    }

    /// The loss with a weight for each sample: the dims of `weight` are the first ones of the samples' losses, and
    /// broadcast to them.
    ///
    /// # Errors
    /// Those of the loss; if it is reduced already, or has a loss for each sample of several elements and the pooling
    /// is not [`Pooling::None`]; or if a weight does not broadcast.
    pub fn weighted(&self, input: &Tensor, target: &Tensor, weight: &Tensor) -> Result<Tensor> {
        let (losses, _) = self.weighed(input, target, weight)?;
        self.reduction.apply(&losses)
    }

    /// The weighted mean of the losses, whatever the reduction: `Σ wₙ lₙ / Σ wₙ`, in which a weight that is broadcast
    /// counts for each loss that it weighs. Weights that are all alike give the plain mean; of some that are twice as
    /// large, the same.
    ///
    /// Weights may be negative. If their sum is 0 the mean is NaN, or infinite; a batch whose weights are 0 adds
    /// nothing to the loss of a set, see [`Loss::parts`], and a step of training leaves it out.
    ///
    /// # Gradient
    /// `wₙ / Σ w` for the loss lₙ; `(lₙ − L) / Σ w` for a weight, L the mean.
    ///
    /// # Errors
    /// As for [`PerSample::weighted`].
    ///
    /// # Examples
    /// ```
    /// use autograd_core::Tensor;
    /// use wengert_nn::{L1Loss, PerSample, Reduction};
    ///
    /// let loss = PerSample::new(L1Loss::new().reduction(Reduction::None));
    /// let (y, t) = (Tensor::from([[1.0], [3.0]]), Tensor::from([[0.0], [0.0]]));
    /// let weight = Tensor::from([3.0, 1.0]);
    /// assert_eq!(loss.weighted_mean(&y, &t, &weight)?.item::<f32>()?, 1.5);
    /// assert_eq!(loss.weighted(&y, &t, &weight)?.item::<f32>()?, 3.0);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn weighted_mean(&self, input: &Tensor, target: &Tensor, weight: &Tensor) -> Result<Tensor> {
        let (losses, weights) = self.weighed(input, target, weight)?;
        let sum = weights.broadcast_to(losses.shape())?.sum();
        Reduction::Mean.divided(&losses, Divisor::Number(sum))
    }

    /// The weighted losses of the samples, and the weights as dims that broadcast to them.
    fn weighed(&self, input: &Tensor, target: &Tensor, weight: &Tensor) -> Result<(Tensor, Tensor)> {
        let losses = self.samples(input, target)?;
        // `[N]` beside losses `[N, L]` is one for each sample, also where L happens to be N.
        let sizes = weight.shape().iter().copied().map(|size| size as isize);
        let missing = losses.rank().saturating_sub(weight.rank());
        let aligned = weight.reshape(&sizes.chain(repeat_n(1, missing)).collect::<Vec<_>>())?;
        let fits = (weight.rank() <= losses.rank())
            && aligned.shape().iter().zip(losses.shape()).all(|(own, all)| own == all || *own == 1);
        if !fits {
            let expected = format!("one for each sample, of {:?}", losses.shape());
            return Err(Error::shape("PerSample", "weight", weight.shape(), expected));
        }
        Ok((super::pair::weighted("PerSample", "weight", &losses, &aligned)?, aligned))
    }

    fn samples(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        let losses = self.loss.forward(input, target)?;
        if losses.rank() == 0 && input.rank() > 0 {
            let expected = "one for each element or sample: the loss needs Reduction::None";
            return Err(Error::shape("PerSample", "the losses", losses.shape(), expected));
        }
        if losses.rank() == 1 && input.rank() > 1 && self.pooling != Pooling::None {
            let expected = "one for each element; those of samples need Pooling::None";
            return Err(Error::shape("PerSample", "the losses", losses.shape(), expected));
        }
        match self.pooling {
            Pooling::Mean if losses.rank() > 0 => losses.mean_dim(-1),
            Pooling::Sum if losses.rank() > 0 => losses.sum_dim(-1),
            _ => Ok(losses),
        }
    }
}

impl<L: Loss> Loss for PerSample<L> {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        self.reduction.apply(&self.samples(input, target)?)
    }

    fn describe(&self) -> Description {
        let own = Description::new("PerSample").option("loss", format_args!("{}", self.loss.describe()));
        let own = own.option("pooling", format_args!("{:?}", self.pooling));
        own.option("reduction", format_args!("{:?}", self.reduction))
    }
}

#[cfg(test)]
mod tests {
    use super::{PerSample, Pooling};
    use crate::cases::Expected;
    use crate::loss::{CrossEntropyLoss, L1Loss, Loss, MseLoss, Reduction};
    use autograd_core::{DType, Result, Tensor, grad, gradcheck};

    #[test]
    fn weights_count_and_reduced_losses_are_refused() -> Result<()> {
        let loss = PerSample::new(MseLoss::new().reduction(Reduction::None)).reduction(Reduction::None);
        let (y, t) = (Tensor::from([[1.0, 3.0], [0.0, 2.0]]), Tensor::from([[1.0, 1.0], [0.0, 0.0]]));
        assert_eq!(loss.weighted(&y, &t, &Tensor::from([1.0, 0.5]))?.to_vec::<f32>()?, [2.0, 1.0]);
        assert_eq!(
            loss.weighted(&y, &t, &Tensor::from([1.0, 0.5, 2.0])).expect_err("refused").to_string(),
            "PerSample: weight has shape [3], expected one for each sample, of [2]"
        );
        let losses = Tensor::from([[[1.0], [2.0]], [[3.0], [4.0]]]);
        let of = PerSample::new(L1Loss::new().reduction(Reduction::None)).reduction(Reduction::None);
        let weights = Tensor::from([1.0, 0.0]);
        assert_eq!(of.weighted(&losses, &losses.zeros_like(), &weights)?.to_vec::<f32>()?, [1.0, 2.0, 0.0, 0.0]);
        assert_eq!(
            PerSample::new(MseLoss::new()).forward(&y, &t).expect_err("refused").to_string(),
            "PerSample: the losses has shape [], expected one for each element or sample: the loss needs Reduction::None"
        );
        let classes = PerSample::new(CrossEntropyLoss::new().reduction(Reduction::None)).reduction(Reduction::None);
        assert_eq!(
            classes.forward(&y, &Tensor::from([0, 1])).expect_err("refused").to_string(),
            "PerSample: the losses has shape [2], expected one for each element; those of samples need Pooling::None"
        );
        let losses = classes.pooling(Pooling::None).weighted(&y, &Tensor::from([1, 1]), &Tensor::from([1.0, 0.0]))?;
        assert_eq!((losses.shape(), losses.to_f64s()[1]), (&[2][..], 0.0));
        Ok(())
    }

    #[test]
    fn a_weighted_mean_divides_by_the_sum_of_the_weights() -> Result<()> {
        let loss = PerSample::new(L1Loss::new().reduction(Reduction::None));
        let (y, t) = (Tensor::from([[1.0], [3.0], [8.0]]), Tensor::from([[0.0], [0.0], [0.0]]));
        let mean = |weight: [f64; 3]| loss.weighted_mean(&y, &t, &Tensor::from(weight).to_dtype(y.dtype()));
        assert_eq!(mean([1.0, 2.0, 1.0])?.item::<f32>()?, 3.75);
        assert_eq!(mean([4.0, 8.0, 4.0])?.item::<f32>()?, 3.75);
        assert_eq!(mean([7.0; 3])?.item::<f32>()?, loss.forward(&y, &t)?.item::<f32>()?);
        assert_eq!(mean([-1.0, 0.0, 3.0])?.item::<f32>()?, 11.5);
        assert!(mean([0.0; 3])?.item::<f32>()?.is_nan());
        assert_eq!(mean([1.0, 1.0, -2.0])?.item::<f32>()?, f32::NEG_INFINITY);
        // Whatever the reduction.
        for reduction in [Reduction::None, Reduction::Sum, Reduction::BatchMean] {
            let other = loss.reduction(reduction).weighted_mean(&y, &t, &Tensor::from([1.0, 2.0, 1.0]))?;
            assert_eq!((other.shape(), other.item::<f32>()?), (&[][..], 3.75));
        }
        // A loss without a share may be infinite.
        let far = Tensor::from([[1.0], [3.0], [f32::INFINITY]]);
        assert_eq!(loss.weighted_mean(&far, &t, &Tensor::from([1.0, 1.0, 0.0]))?.item::<f32>()?, 2.0);
        assert_eq!(
            loss.weighted_mean(&y, &t, &Tensor::from([1.0])).expect("one for all").item::<f32>()?,
            loss.forward(&y, &t)?.item::<f32>()?
        );
        assert_eq!(
            loss.weighted_mean(&y, &t, &Tensor::from([1.0, 0.5])).expect_err("refused").to_string(),
            "PerSample: weight has shape [2], expected one for each sample, of [3]"
        );
        // A sample of several losses: (1 (1 + 2) + 3 (3 + 4)) / (2 · 1 + 2 · 3).
        let losses = Tensor::from([[[1.0], [2.0]], [[3.0], [4.0]]]);
        let several = loss.weighted_mean(&losses, &losses.zeros_like(), &Tensor::from([1.0, 3.0]))?;
        assert_eq!(several.item::<f32>()?, 3.0);
        Ok(())
    }

    #[test]
    fn batches_of_a_weighted_mean_add_up_to_the_set() -> Result<()> {
        let of = PerSample::new(MseLoss::new().reduction(Reduction::None));
        // Target and weight are the columns.
        let loss = |y: &Tensor, both: &Tensor| {
            let (t, weight) = (both.narrow(1, 0, 1)?, both.narrow(1, 1, 1)?.squeeze(&[1])?);
            of.weighted_mean(y, &t, &weight)
        };
        let y = Tensor::from([[1.0], [2.0], [4.0], [9.0]]);
        let both = Tensor::from([[0.0, 1.0], [0.0, 3.0], [0.0, 0.0], [0.0, 0.0]]);
        let (mut numerator, mut denominator) = (0.0, 0.0);
        for (at, len) in [(0, 1), (1, 1), (2, 2)] {
            let parts = loss.parts(&y.narrow(0, at, len)?, &both.narrow(0, at, len)?)?;
            numerator += parts.numerator.to_f64s()[0];
            denominator += parts.denominator.item::<f64>()?;
        }
        assert_eq!((numerator, denominator), (13.0, 4.0));
        assert_eq!(loss.forward(&y, &both)?.item::<f32>()?, 3.25);
        Ok(())
    }

    #[test]
    fn a_weighted_mean_has_derivatives_for_outputs_and_weights() -> Result<()> {
        let of = PerSample::new(MseLoss::new().reduction(Reduction::None));
        let y = Tensor::from([[1.0], [3.0]]).to_dtype(DType::F64);
        let (t, weight) = (y.zeros_like(), Tensor::from([3.0, 1.0]).to_dtype(DType::F64));
        gradcheck(|all| of.weighted_mean(&all[0], &t, &all[1]), &[y.clone(), weight.clone()])?;
        // L = (3 · 1 + 1 · 9) / 4 = 3.
        let (y, weight) = (y.requires_grad(), weight.requires_grad());
        let slopes = grad(&of.weighted_mean(&y, &t, &weight)?, &[&y, &weight])?;
        assert_eq!((slopes[0].to_f64s(), slopes[1].to_f64s()), (vec![1.5, 1.5], vec![-0.5, 1.5]));
        Ok(())
    }

    fn of(pooling: Pooling, factor: f64) -> crate::cases::LossCase {
        let build = move |r| PerSample::new(MseLoss::new().reduction(Reduction::None)).pooling(pooling).reduction(r);
        let formula = move |x: &Tensor, t: &Tensor| {
            let all: Vec<f64> = x.to_f64s().into_iter().zip(t.to_f64s()).map(|(x, t)| (x - t).powi(2)).collect();
            let losses: Vec<f64> = all.chunks(3).map(|row| row.iter().sum::<f64>() * factor).collect();
            Expected { shape: vec![losses.len()], divisor: losses.len() as f64, losses }
        };
        crate::cases::loss("PerSample", build, formula).shapes(&[4, 3], &[4, 3])
    }

    cases![of(Pooling::Mean, 1.0 / 3.0), of(Pooling::Sum, 1.0)];
}
