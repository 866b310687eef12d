//! The share of yes-or-no answers that are right.

use super::{Mean, Metric, Tally};
use crate::error::{Error, Result, require};
use autograd_core::Tensor;

/// The share of elements whose output is above a threshold exactly if the target is 1.
///
/// ```text
/// accuracy = #{i : (output[i] > threshold) = (target[i] > ½)} / N
/// ```
/// The threshold is ½ for probabilities; for logits (as `binary_cross_entropy_with_logits` takes them) it is 0.
///
/// # Shapes
/// `output: [..]` float, `target: [..]` of the same shape and any dtype.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_train::{BinaryAccuracy, Metric};
///
/// let logits = BinaryAccuracy::threshold(0.0)?;
/// let mut tally = logits.start();
/// tally.update(&Tensor::from([[-2.0], [0.3], [0.1], [5.0]]), &Tensor::from([[0.0], [1.0], [0.0], [1.0]]))?;
/// assert_eq!(tally.value(), 0.75);
/// # Ok::<(), wengert_train::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BinaryAccuracy {
    threshold: f64,
}

impl BinaryAccuracy {
    /// Above which outputs mean yes.
    ///
    /// # Errors
    /// If it is NaN.
    pub fn threshold(threshold: f64) -> Result<BinaryAccuracy> {
        require(!threshold.is_nan(), "BinaryAccuracy", "threshold", threshold, "a number")?;
        Ok(BinaryAccuracy { threshold })
    }
}

impl Default for BinaryAccuracy {
    /// For probabilities.
    fn default() -> Self {
        BinaryAccuracy { threshold: 0.5 }
    }
}

impl Metric for BinaryAccuracy {
    fn name(&self) -> &str {
        "binary_accuracy"
    }

    fn start(&self) -> Box<dyn Tally + '_> {
        Box::new(Right { threshold: self.threshold, mean: Mean::default() })
    }
}

struct Right {
    threshold: f64,
    mean: Mean,
}

impl Tally for Right {
    fn update(&mut self, output: &Tensor, target: &Tensor) -> Result<()> {
        if output.shape() != target.shape() || !output.dtype().is_float() {
            return Err(Error::MetricShapes {
                metric: "BinaryAccuracy",
                output: output.shape().into(),
                target: target.shape().into(),
                target_dtype: target.dtype(),
                expected: "floats and targets of the same shape belong together",
            });
        }
        let (output, target) = (output.to_f64s(), target.to_f64s());
        let right = output.iter().zip(&target).filter(|(y, t)| (**y > self.threshold) == (**t > 0.5)).count();
        self.mean.add(right as f64, target.len());
        Ok(())
    }

    fn value(&self) -> f64 {
        self.mean.value()
    }
}
