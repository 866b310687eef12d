//! The accuracy of classes.

use super::{Mean, Metric, Tally, misfits};
use autograd_core::{DType, Description, Error, ErrorKind, Result, Tensor};

/// The share of samples whose largest output is that of the target's class.
///
/// ```text
/// accuracy = #{i : argmax_k output[i, k] = target[i]} / N
/// ```
/// The first of tied outputs counts, and a NaN counts as the largest. Samples whose target is `ignore_index` do not
/// count, neither above nor in N.
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
///
/// let padded = Accuracy.ignore_index(-100);
/// let mut tally = padded.start()?;
/// tally.update(&Tensor::from([[0.2, 0.8], [3.0, 1.0]]), &Tensor::from([1, -100]))?;
/// assert_eq!(tally.value(), 1.0);
/// # Ok::<(), wengert_train::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accuracy {
    ignore_index: Option<i64>,
}

/// [`Accuracy`](struct@Accuracy) without options.
#[expect(non_upper_case_globals, reason = "it reads like the metrics that have no options")]
pub const Accuracy: Accuracy = Accuracy { ignore_index: None };

impl Accuracy {
    /// Samples of this class count nothing, as in
    /// [`CrossEntropyLoss::ignore_index`](wengert_nn::CrossEntropyLoss::ignore_index). By default all samples count,
    /// and −100 is refused: `cross_entropy` ignores it, so ignore it here, too.
    #[must_use]
    pub fn ignore_index(mut self, class: i64) -> Accuracy {
        self.ignore_index = Some(class);
        self
    }
}

impl Metric for Accuracy {
    fn name(&self) -> &str {
        "accuracy"
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }

    fn start(&self) -> Result<Box<dyn Tally + '_>> {
        Ok(Box::new(Right { ignored: self.ignore_index, mean: Mean::default() }))
    }
}

struct Right {
    ignored: Option<i64>,
    mean: Mean,
}

impl Tally for Right {
    fn update(&mut self, output: &Tensor, target: &Tensor) -> Result<()> {
        let (predicted, target) = classes("Accuracy", output, target, self.ignored)?;
        let all = || counted(&predicted, &target, self.ignored);
        self.mean.add(all().filter(|(position, p)| *p == target[*position]).count() as f64, all().count());
        Ok(())
    }

    fn value(&self) -> f64 {
        self.mean.value()
    }
}

/// Predicted and true class of each sample, also of those that are ignored.
pub(super) fn classes(
    metric: &str,
    output: &Tensor,
    target: &Tensor,
    ignored: Option<i64>,
) -> Result<(Vec<i64>, Vec<i64>)> {
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
    check_classes(metric, "target", counted(&target, &target, ignored), classes)?;
    if target.is_empty() {
        return Ok((Vec::new(), target));
    }
    Ok((output.argmax(1)?.to_vec::<i64>()?, target))
}

/// Positions and classes of those samples whose target is not ignored.
pub(super) fn counted(classes: &[i64], target: &[i64], ignored: Option<i64>) -> impl Iterator<Item = (usize, i64)> {
    let all = classes.iter().copied().zip(target).enumerate();
    all.filter(move |(_, (_, target))| Some(**target) != ignored).map(|(position, (class, _))| (position, class))
}

/// An error if a class is not one of `0..classes`.
pub(super) fn check_classes(
    op: &str,
    what: &str,
    mut of: impl Iterator<Item = (usize, i64)>,
    classes: usize,
) -> Result<()> {
    let exists = |class: i64| usize::try_from(class).is_ok_and(|class| class < classes);
    match of.find(|(_, class)| !exists(*class)) {
        Some((position, class)) => {
            let hint = match class {
                -100 if what == "target" => "; ignore_index(-100) leaves it out, as cross_entropy does",
                _ => "",
            };
            let text = format!("{op}: {what} {class} at position {position} is not one of {classes} classes{hint}");
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
    Case::new("accuracy", Accuracy.ignore_index(1))
        .classes(3)
        .formula(|scores, target| {
            let (mut right, mut counted) = (0.0, 0.0);
            for (row, t) in scores.chunks(3).zip(target).filter(|(_, t)| **t != 1.0) {
                right += f64::from(row.iter().all(|score| *score <= row[*t as usize]));
                counted += 1.0;
            }
            right / counted
        })
        .refuses(
            Tensor::from([[1.0, 2.0], [3.0, 4.0]]),
            Tensor::from([1, -100]),
            "Accuracy: target -100 at position 1 is not one of 2 classes; \
             ignore_index(-100) leaves it out, as cross_entropy does",
        ),
    Case::new("accuracy", Accuracy.ignore_index(-100))
        .example(Tensor::from([[0.0, 1.0], [f32::NAN, 0.0], [2.0, 0.0]]), Tensor::from([1, -100, 1]), 0.5)
        .example(Tensor::from([[[1.0, 2.0], [3.0, 0.0]]]), Tensor::from([[1, -100]]), 1.0)
        .refuses(
            Tensor::from([[1.0, 2.0], [3.0, 4.0]]),
            Tensor::from([-100, -1]),
            "Accuracy: target -1 at position 1 is not one of 2 classes",
        ),
];
