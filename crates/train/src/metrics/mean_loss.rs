//! A loss as a metric.

use super::{Mean, Metric, Tally};
use crate::number::number;
use autograd_core::{Description, Result, Tensor};
use wengert_nn::Loss;

/// The mean of a loss over all samples: the sum of the batches' numerators divided by that of their denominators, see
/// [`Loss::parts`].
///
/// Of a loss that is a mean of samples it does not depend on how they are cut into batches, with weights and ignored
/// targets, too; of one of a whole batch, such as [`RmseLoss`](wengert_nn::RmseLoss), it does. Of a
/// [`Reduction::Sum`](wengert_nn::Reduction::Sum) it is the mean all the same.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::mse_loss;
/// use wengert_train::{MeanLoss, Metric};
///
/// let metric = MeanLoss::new(mse_loss);
/// let mut tally = metric.start()?;
/// tally.update(&Tensor::from([1.0, 2.0]), &Tensor::from([1.0, 2.0]))?;
/// tally.update(&Tensor::from([3.0]), &Tensor::from([0.0]))?;
/// assert_eq!(tally.value(), 3.0);
/// # Ok::<(), wengert_train::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct MeanLoss<L> {
    loss: L,
    name: String,
}

impl<L: Loss> MeanLoss<L> {
    /// The mean of this loss, by default under the name `mean_loss`.
    pub fn new(loss: L) -> MeanLoss<L> {
        MeanLoss { loss, name: "mean_loss".into() }
    }

    /// The name of the metric: a run that measures two losses needs two names. Default `mean_loss`; a function or a
    /// closure cannot say what it is called.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::mse_loss;
    /// # use wengert_train::{MeanLoss, Metric};
    /// assert_eq!(MeanLoss::new(mse_loss).named("mse").name(), "mse");
    /// ```
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> MeanLoss<L> {
        self.name = name.into();
        self
    }
}

impl<L: Loss> Metric for MeanLoss<L> {
    fn name(&self) -> &str {
        &self.name
    }

    fn higher_is_better(&self) -> bool {
        false
    }

    fn describe(&self) -> Description {
        Description::new("MeanLoss").option("loss", format_args!("{}", self.loss.describe()))
    }

    fn start(&self) -> Result<Box<dyn Tally + '_>> {
        Ok(Box::new(Weighted { loss: &self.loss, mean: Mean::default() }))
    }
}

struct Weighted<'l> {
    loss: &'l dyn Loss,
    mean: Mean,
}

impl Tally for Weighted<'_> {
    fn update(&mut self, output: &Tensor, target: &Tensor) -> Result<()> {
        let parts = self.loss.parts(output, target)?;
        number("loss", &parts.value)?;
        self.mean.add_parts(&parts)
    }

    fn value(&self) -> f64 {
        self.mean.value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wengert_nn::{CrossEntropyLoss, MseLoss, Reduction, l1_loss, mse_loss};

    /// Class 2 is ignored, class 1 counts twice.
    fn weighted(y: &Tensor, t: &Tensor) -> Result<Tensor> {
        let weight = Tensor::from([1.0, 2.0, 7.0]).to_dtype(y.dtype());
        CrossEntropyLoss::new().weight(weight).ignore_index(2).forward(y, t)
    }

    cases![
        Case::new("mean_loss", MeanLoss::new(mse_loss))
            .lower_is_better()
            .numbers(&[40, 3])
            .formula(|y, t| y.iter().zip(t).map(|(y, t)| (y - t) * (y - t)).sum::<f64>() / t.len() as f64)
            .example(Tensor::from([1.0, 2.0]), Tensor::from([1.0, 4.0]), 2.0)
            .refuses(
                Tensor::from([1.0, 2.0]),
                Tensor::from([1.0, 2.0, 3.0]),
                "mse_loss: the target has shape [3], expected one that broadcasts to the input's, [2]",
            ),
        Case::new("l1", MeanLoss::new(l1_loss).named("l1")).lower_is_better().numbers(&[40]).formula(|y, t| y
            .iter()
            .zip(t)
            .map(|(y, t)| (y - t).abs())
            .sum::<f64>()
            / t.len() as f64),
        Case::new("own", MeanLoss::new(|y: &Tensor, t: &Tensor| y.try_sub(t)?.abs().mean()).named("own"))
            .lower_is_better()
            .numbers(&[40, 2])
            .formula(|y, t| y.iter().zip(t).map(|(y, t)| (y - t).abs()).sum::<f64>() / t.len() as f64),
        Case::new("sum", MeanLoss::new(MseLoss::new().reduction(Reduction::Sum)).named("sum"))
            .lower_is_better()
            .numbers(&[40, 3])
            .formula(|y, t| y.iter().zip(t).map(|(y, t)| (y - t) * (y - t)).sum::<f64>() / t.len() as f64),
        Case::new("weighted", MeanLoss::new(weighted).named("weighted")).lower_is_better().classes(3).formula(
            |y, t| {
                let (mut numerator, mut denominator) = (0.0, 0.0);
                for (row, class) in y.chunks(3).zip(t).filter(|(_, class)| **class != 2.0) {
                    let total: f64 = row.iter().map(|y| y.exp()).sum();
                    numerator -= (1.0 + class) * (row[*class as usize] - total.ln());
                    denominator += 1.0 + class;
                }
                numerator / denominator
            }
        ),
        Case::new("mean_loss", MeanLoss::new(|y: &Tensor, _: &Tensor| Ok(y.square()))).lower_is_better().refuses(
            Tensor::from([1.0, 2.0]),
            Tensor::from([1.0, 2.0]),
            "the loss is F32 [2], it must be one float (shape []); reduce it with mean or sum",
        ),
    ];
}
