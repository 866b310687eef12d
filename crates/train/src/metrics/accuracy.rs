//! The accuracy of classes.

use super::{Mean, Metric, Tally, misfits};
use autograd_core::{DType, Description, Error, ErrorKind, Result, Tensor};

/// The share of samples whose largest output is that of the target's class.
///
/// ```text
/// accuracy = #{i : argmax_k output[i, k] = target[i]} / N
/// ```
/// The first of tied outputs counts, and a NaN counts as the largest.
///
/// # Shapes
/// `output: [N, K, ..]` float, `target: [N, ..]` I64.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_train::{Accuracy, Metric};
///
/// let mut tally = Accuracy.start()?;
/// tally.update(&Tensor::from([[0.2, 0.8], [3.0, 1.0], [0.0, 1.0], [0.0, 1.0]]), &Tensor::from([1, 0, 0, 1]))?;
/// assert_eq!(tally.value(), 0.75);
/// # Ok::<(), wengert_train::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accuracy;

impl Metric for Accuracy {
    fn name(&self) -> &str {
        "accuracy"
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }

    fn start(&self) -> Result<Box<dyn Tally + '_>> {
        Ok(Box::new(Right(Mean::default())))
    }
}

struct Right(Mean);

impl Tally for Right {
    fn update(&mut self, output: &Tensor, target: &Tensor) -> Result<()> {
        let (predicted, target) = classes("Accuracy", output, target)?;
        let right = predicted.iter().zip(&target).filter(|(p, t)| p == t).count();
        self.0.add(right as f64, target.len());
        Ok(())
    }

    fn value(&self) -> f64 {
        self.0.value()
    }
}

/// Predicted and true class of each sample.
pub(super) fn classes(metric: &str, output: &Tensor, target: &Tensor) -> Result<(Vec<i64>, Vec<i64>)> {
    let fits = output.rank() >= 2
        && output.dtype().is_float()
        && target.dtype() == DType::I64
        && output.shape()[..1] == target.shape()[..1.min(target.rank())]
        && output.shape()[2..] == target.shape()[1.min(target.rank())..];
    if !fits {
        return Err(misfits(metric, output, target, "[N, K, ..] floats and I64 [N, ..] belong together"));
    }
    let classes = output.shape()[1];
    let target = target.to_vec::<i64>()?;
    check_classes(metric, "target", &target, classes)?;
    if target.is_empty() {
        return Ok((Vec::new(), target));
    }
    Ok((output.argmax(1)?.to_vec::<i64>()?, target))
}

/// An error if a class is not one of `0..classes`.
pub(super) fn check_classes(op: &str, what: &str, of: &[i64], classes: usize) -> Result<()> {
    let exists = |class: i64| usize::try_from(class).is_ok_and(|class| class < classes);
    match of.iter().enumerate().find(|(_, class)| !exists(**class)) {
        Some((position, class)) => {
            let text = format!("{op}: {what} {class} at position {position} is not one of {classes} classes");
            Err(Error::new(ErrorKind::Index, text))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
cases![
    Case::new("accuracy", Accuracy)
        .classes(3)
        .formula(|scores, target| {
            let rows = scores.chunks(3).zip(target);
            let right = rows.filter(|(row, t)| row.iter().all(|score| *score <= row[**t as usize])).count();
            right as f64 / target.len() as f64
        })
        // The first of tied outputs counts, and a NaN counts as the largest.
        .example(Tensor::from([[0.5, 0.5], [0.5, 0.5]]), Tensor::from([0, 1]), 0.5)
        .example(Tensor::from([[f32::NAN, 0.5], [0.5, f32::NAN]]), Tensor::from([0, 0]), 0.5)
        // Classes in dimension 1, samples in all others.
        .example(Tensor::from([[[1.0, 2.0], [3.0, 0.0]]]), Tensor::from([[1, 1]]), 0.5)
        .refuses(
            Tensor::from([[1.0, 2.0], [3.0, 4.0]]),
            Tensor::from([0, 1, 1]),
            "Accuracy: output [2, 2] and target I64 [3] do not fit: [N, K, ..] floats and I64 [N, ..] belong together",
        )
        .refuses(
            Tensor::from([[1.0, 2.0], [3.0, 4.0]]),
            Tensor::from(1),
            "Accuracy: output [2, 2] and target I64 [] do not fit: [N, K, ..] floats and I64 [N, ..] belong together",
        )
        .refuses(
            Tensor::from([[1.0, 2.0], [3.0, 4.0]]),
            Tensor::from([0, 2]),
            "Accuracy: target 2 at position 1 is not one of 2 classes",
        ),
];
