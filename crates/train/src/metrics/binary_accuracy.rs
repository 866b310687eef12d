//! The accuracy of yes-or-no answers.

use super::{Mean, Metric, Tally, misfits};
use autograd_core::{DType, Description, Error, Result, Tensor};

/// The share of elements whose output is above a threshold exactly if the target is 1.
///
/// ```text
/// accuracy = #{i : (output[i] > threshold) = (target[i] > ½)} / N
/// ```
/// The threshold is ½ for probabilities; for logits (as `binary_cross_entropy_with_logits` takes them) it is 0.
/// Elements whose target is `ignore_index` do not count, neither above nor in N. An output that is NaN is no answer,
/// and wrong.
///
/// # Errors
/// `start` fails if the threshold is NaN.
///
/// # Shapes
/// `output: [..]` float, `target: [..]` of the same shape and any dtype.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_train::{BinaryAccuracy, Metric};
///
/// let logits = BinaryAccuracy::new().threshold(0.0);
/// let mut tally = logits.start()?;
/// tally.update(&Tensor::from([[-2.0], [0.3], [0.1], [5.0]]), &Tensor::from([[0.0], [1.0], [0.0], [1.0]]))?;
/// assert_eq!(tally.value(), 0.75);
/// # Ok::<(), wengert_train::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BinaryAccuracy {
    threshold: f64,
    ignore_index: Option<i64>,
}

impl BinaryAccuracy {
    /// By default, the threshold is ½, for probabilities.
    pub fn new() -> BinaryAccuracy {
        BinaryAccuracy { threshold: 0.5, ignore_index: None }
    }

    /// The threshold, any number but NaN: outputs above it mean yes. Default ½.
    #[must_use]
    pub fn threshold(mut self, threshold: f64) -> BinaryAccuracy {
        self.threshold = threshold;
        self
    }

    /// Elements with this target count nothing. By default all count: what is not above ½ means no.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// # use wengert_train::{BinaryAccuracy, Metric};
    /// let accuracy = BinaryAccuracy::new().ignore_index(-1);
    /// let mut tally = accuracy.start()?;
    /// tally.update(&Tensor::from([0.9, 0.2, 0.7]), &Tensor::from([1, -1, 0]))?;
    /// assert_eq!(tally.value(), 0.5);
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    #[must_use]
    pub fn ignore_index(mut self, target: i64) -> BinaryAccuracy {
        self.ignore_index = Some(target);
        self
    }
}

impl Default for BinaryAccuracy {
    fn default() -> Self {
        BinaryAccuracy::new()
    }
}

impl Metric for BinaryAccuracy {
    fn name(&self) -> &str {
        "binary_accuracy"
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }

    fn start(&self) -> Result<Box<dyn Tally + '_>> {
        if self.threshold.is_nan() {
            return Err(Error::argument("BinaryAccuracy", "threshold", self.threshold, "a number"));
        }
        Ok(Box::new(Right { options: *self, mean: Mean::default() }))
    }
}

struct Right {
    options: BinaryAccuracy,
    mean: Mean,
}

impl Tally for Right {
    fn update(&mut self, output: &Tensor, target: &Tensor) -> Result<()> {
        if output.shape() != target.shape() || !output.dtype().is_float() {
            let expected = "floats and targets of the same shape belong together";
            return Err(misfits("BinaryAccuracy", output, target, expected));
        }
        let BinaryAccuracy { threshold, ignore_index } = self.options;
        // An output of the threshold's number is not above it.
        let threshold = if output.dtype() == DType::F32 { f64::from(threshold as f32) } else { threshold };
        let (output, target) = (output.to_f64s(), target.to_f64s());
        let ignored = ignore_index.map(|index| index as f64);
        let counted = || output.iter().zip(&target).filter(|(_, t)| Some(**t) != ignored);
        let right = counted().filter(|(y, t)| !y.is_nan() && (**y > threshold) == (**t > 0.5)).count();
        self.mean.add(right as f64, counted().count());
        Ok(())
    }

    fn value(&self) -> f64 {
        self.mean.value()
    }
}

#[cfg(test)]
cases![
    Case::new("binary_accuracy", BinaryAccuracy::new())
        .yes_or_no(&[40, 2])
        .formula(|y, t| y.iter().zip(t).filter(|(y, t)| (**y > 0.5) == (**t == 1.0)).count() as f64 / t.len() as f64)
        .example(Tensor::from([0.5, 0.6, 0.4]), Tensor::from([1, 1, 0]), 2.0 / 3.0)
        .example(Tensor::from([f32::NAN, 0.1]), Tensor::from([0, 0]), 0.5)
        .example(Tensor::from([[0.9], [0.1]]), Tensor::from([[true], [true]]), 0.5)
        .refuses(
            Tensor::from([0.5, 0.6]),
            Tensor::from([[1.0], [0.0]]),
            "BinaryAccuracy: output [2] and target F32 [2, 1] do not fit: floats and targets of the same shape belong together",
        )
        .refuses(
            Tensor::from([1, 0]),
            Tensor::from([1, 0]),
            "BinaryAccuracy: output [2] and target I64 [2] do not fit: floats and targets of the same shape belong together",
        ),
    Case::new("binary_accuracy", BinaryAccuracy::new().threshold(0.0))
        .yes_or_no(&[40])
        .formula(|y, t| y.iter().zip(t).filter(|(y, t)| (**y > 0.0) == (**t == 1.0)).count() as f64 / t.len() as f64),
    Case::new("binary_accuracy", BinaryAccuracy::new().threshold(0.1))
        .example(Tensor::from([0.1f32, 0.2]), Tensor::from([0, 1]), 1.0),
    Case::new("binary_accuracy", BinaryAccuracy::new().ignore_index(0))
        .yes_or_no(&[40, 2])
        .formula(|y, t| {
            let yes = || y.iter().zip(t).filter(|(_, t)| **t == 1.0);
            yes().filter(|(y, _)| **y > 0.5).count() as f64 / yes().count() as f64
        })
        .example(Tensor::from([0.9, f32::NAN]), Tensor::from([1, 0]), 1.0),
    Case::new("binary_accuracy", BinaryAccuracy::new().ignore_index(-100))
        .example(Tensor::from([0.9, 0.9, 0.9]), Tensor::from([1.0, -100.0, 0.0]), 0.5),
    Case::new("binary_accuracy", BinaryAccuracy::new().threshold(f64::NAN))
        .does_not_start("BinaryAccuracy: threshold is NaN, it must be a number"),
];
