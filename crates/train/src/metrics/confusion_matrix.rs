//! The confusion matrix: true classes against predicted ones.

use super::accuracy::{check_classes, classes as predicted_and_true, counted};
use super::misfits;
use autograd_core::{DType, Error, Result, Tensor};

/// The number of samples of each class that were taken for each class: rows are the true classes, columns the predicted
/// ones.
///
/// ```text
/// M[t, p] = #{i : target[i] = t, prediction[i] = p}
/// ```
///
/// # Shapes
/// `prediction: [N]` I64 and `target: [N]` I64, or outputs `[N, K, ..]` float, of which the largest along K counts, and
/// `target: [N, ..]` I64; result `[classes, classes]` I64. A prediction I64 of more dims is refused: flatten it and its
/// target.
///
/// # Errors
/// If the shapes or dtypes do not fit, a class is not one of `0..classes`, or no memory holds so many of them.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_train::confusion_matrix;
///
/// let matrix = confusion_matrix(&Tensor::from([0, 1, 1, 2]), &Tensor::from([0, 1, 2, 2]), 3)?;
/// assert_eq!(matrix.to_vec::<i64>()?, [1, 0, 0, 0, 1, 0, 0, 1, 1]);
/// # Ok::<(), wengert_train::Error>(())
/// ```
///
/// # Differs from
/// scikit-learn: the prediction comes first, like everywhere here; the number of classes is given, not guessed.
pub fn confusion_matrix(prediction: &Tensor, target: &Tensor, classes: usize) -> Result<Tensor> {
    ConfusionMatrix::new(classes).of(prediction, target)
}

/// [`confusion_matrix`] with options.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_train::ConfusionMatrix;
///
/// let padded = ConfusionMatrix::new(2).ignore_index(-100);
/// let matrix = padded.of(&Tensor::from([0, 1, 1]), &Tensor::from([0, 1, -100]))?;
/// assert_eq!(matrix.to_vec::<i64>()?, [1, 0, 0, 1]);
/// # Ok::<(), wengert_train::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfusionMatrix {
    classes: usize,
    ignore_index: Option<i64>,
}

impl ConfusionMatrix {
    /// The matrix of so many classes.
    pub fn new(classes: usize) -> ConfusionMatrix {
        ConfusionMatrix { classes, ignore_index: None }
    }

    /// Samples whose target is this class do not count, whatever was predicted, as in
    /// [`CrossEntropyLoss::ignore_index`](wengert_nn::CrossEntropyLoss::ignore_index). By default all samples count.
    #[must_use]
    pub fn ignore_index(mut self, class: i64) -> ConfusionMatrix {
        self.ignore_index = Some(class);
        self
    }

    /// The matrix of predictions and targets.
    ///
    /// # Errors
    /// Those of [`confusion_matrix`].
    pub fn of(self, prediction: &Tensor, target: &Tensor) -> Result<Tensor> {
        counts(self, prediction, target)
    }
}

fn counts(options: ConfusionMatrix, prediction: &Tensor, target: &Tensor) -> Result<Tensor> {
    const OP: &str = "confusion_matrix";
    let ConfusionMatrix { classes, ignore_index } = options;
    let (prediction, target) = if prediction.dtype() == DType::I64 {
        if target.dtype() != DType::I64 || prediction.rank() != 1 || prediction.shape() != target.shape() {
            return Err(misfits(OP, prediction, target, "I64 [N] and I64 [N] belong together"));
        }
        (prediction.to_vec::<i64>()?, target.to_vec::<i64>()?)
    } else {
        predicted_and_true(OP, prediction, target, ignore_index)?
    };
    // What was predicted for a sample that is ignored does not matter.
    check_classes(OP, "prediction", counted(&prediction, &target, ignore_index), classes)?;
    check_classes(OP, "target", counted(&target, &target, ignore_index), classes)?;
    // Refuses a number of classes that no memory holds.
    let zeros = Tensor::zeros(&[classes, classes], DType::I64).and_then(|zeros| zeros.to_vec::<i64>());
    let mut counts = zeros.map_err(|_| Error::too_large(OP, &[classes, classes]))?;
    for (position, t) in counted(&target, &target, ignore_index) {
        // Checked above to be classes.
        counts[t as usize * classes + prediction[position] as usize] += 1;
    }
    Tensor::from_vec(counts, &[classes, classes])
}

#[cfg(test)]
cases![
    Case::counts(|output, target| confusion_matrix(output, target, 3))
        .classes(3)
        .counts_by_formula(|scores, target| {
            let mut matrix = vec![0.0; 9];
            for (row, t) in scores.chunks(3).zip(target) {
                let p = (0..3).find(|p| row.iter().all(|score| *score <= row[*p])).expect("one of three");
                matrix[3 * *t as usize + p] += 1.0;
            }
            matrix
        })
        .refuses(
            Tensor::from([0, 3]),
            Tensor::from([0, 1]),
            "confusion_matrix: prediction 3 at position 1 is not one of 3 classes",
        )
        .refuses(
            Tensor::from([0, 2]),
            Tensor::from([0, -1]),
            "confusion_matrix: target -1 at position 1 is not one of 3 classes",
        )
        .refuses(
            Tensor::from([0, 2]),
            Tensor::from([0]),
            "confusion_matrix: output [2] and target I64 [1] do not fit: I64 [N] and I64 [N] belong together",
        )
        .refuses(
            Tensor::from([[1.0, 2.0], [3.0, 4.0]]),
            Tensor::from([0.0, 1.0]),
            "confusion_matrix: output [2, 2] and target F32 [2] do not fit: \
             [N, K, ..] floats and I64 [N, ..] belong together",
        ),
    Case::counts(|output, target| confusion_matrix(output, target, 1)).refuses(
        Tensor::from([[1.0, 2.0], [3.0, 4.0]]),
        Tensor::from([0, 1]),
        "confusion_matrix: prediction 1 at position 0 is not one of 1 classes",
    ),
    Case::counts(|output, target| confusion_matrix(output, target, usize::MAX)).refuses(
        Tensor::from([0, 1]),
        Tensor::from([0, 1]),
        "confusion_matrix: shape [18446744073709551615, 18446744073709551615] is too large \
         (at most 64 dimensions, and no more bytes than memory holds)",
    ),
    Case::counts(|output, target| ConfusionMatrix::new(3).ignore_index(2).of(output, target))
        .classes(3)
        .counts_by_formula(|scores, target| {
            let mut matrix = vec![0.0; 9];
            for (row, t) in scores.chunks(3).zip(target).filter(|(_, t)| **t != 2.0) {
                let p = (0..3).find(|p| row.iter().all(|score| *score <= row[*p])).expect("one of three");
                matrix[3 * *t as usize + p] += 1.0;
            }
            matrix
        })
        .refuses(
            Tensor::from([2, 0, 3]),
            Tensor::from([2, 1, 1]),
            "confusion_matrix: prediction 3 at position 2 is not one of 3 classes",
        )
        .refuses(
            Tensor::from([0, 0]),
            Tensor::from([1, -100]),
            "confusion_matrix: target -100 at position 1 is not one of 3 classes; \
             ignore_index(-100) leaves it out, as cross_entropy does",
        ),
    Case::counts(|output, target| ConfusionMatrix::new(2).ignore_index(-100).of(output, target)).example_counts(
        Tensor::from([7, 0, 1]),
        Tensor::from([-100, 1, 1]),
        &[0.0, 0.0, 1.0, 1.0]
    ),
];
