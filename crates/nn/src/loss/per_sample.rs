//! Losses of samples from losses of elements, with a weight for each sample.

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
/// none: wₙ lₙ      sum: Σ wₙ lₙ      mean: Σ wₙ lₙ / N, N the number of samples
/// ```
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
/// * scikit-learn, and Keras's `mean_with_sample_weight`: the mean divides by the sum of the weights. Here that is
///   `weighted` of weights that were divided by their mean.
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

    /// The loss with a weight for each sample: the dims of `weight` are the first ones of the samples' losses, and broadcast to
    /// them.
    ///
    /// # Errors
    /// Those of the loss; if it is reduced already, or has a loss for each sample of several elements and the pooling is
    /// not [`Pooling::None`]; or if a weight does not broadcast.
    pub fn weighted(&self, input: &Tensor, target: &Tensor, weight: &Tensor) -> Result<Tensor> {
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
        self.reduction.apply(&super::pair::weighted("PerSample", "weight", &losses, &aligned)?)
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
    use autograd_core::{Result, Tensor};

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
