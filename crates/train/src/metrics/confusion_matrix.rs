//! Which classes are taken for which.

use super::accuracy::{check_classes, classes as predicted_and_true};
use crate::error::{Error, Result};
use autograd_core::{DType, Tensor};

/// How often samples of each class were taken for each class: rows are the true classes, columns the predicted ones.
///
/// ```text
/// M[t, p] = #{i : target[i] = t, prediction[i] = p}
/// ```
///
/// # Shapes
/// `prediction: [N]` I64, or outputs `[N, K]` float, of which the largest counts; `target: [N]` I64; result
/// `[classes, classes]` I64.
///
/// # Errors
/// If the shapes or dtypes do not fit, or a class is not one of `0..classes`.
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
/// scikit-learn: the prediction comes first, as everywhere here; the number of classes is told, not guessed.
pub fn confusion_matrix(prediction: &Tensor, target: &Tensor, classes: usize) -> Result<Tensor> {
    const OP: &str = "confusion_matrix";
    let (prediction, target) = if prediction.dtype() == DType::I64 {
        if target.dtype() != DType::I64 || prediction.rank() != 1 || prediction.shape() != target.shape() {
            return Err(Error::MetricShapes {
                metric: OP,
                output: prediction.shape().into(),
                target: target.shape().into(),
                target_dtype: target.dtype(),
                expected: "I64 [N] and I64 [N] belong together",
            });
        }
        (prediction.to_vec::<i64>()?, target.to_vec::<i64>()?)
    } else {
        predicted_and_true(OP, prediction, target)?
    };
    check_classes(OP, "prediction", &prediction, classes)?;
    check_classes(OP, "target", &target, classes)?;
    // Refuses a number of classes that no memory holds.
    let mut counts = Tensor::zeros(&[classes, classes], DType::I64)?.to_vec::<i64>()?;
    for (p, t) in prediction.iter().zip(&target) {
        // Checked above to be classes.
        counts[*t as usize * classes + *p as usize] += 1;
    }
    Ok(Tensor::from_vec(counts, &[classes, classes])?)
}
