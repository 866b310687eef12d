//! Cross-entropy of class probabilities, not of logits.

use super::labelled::ignores_none;
use super::probabilities::{limited, normalised, smoothed};
use crate::loss::options::reduced;
use crate::loss::pair::has_room;
use crate::loss::reduction::Divisor;
use crate::loss::{Loss, Reduction, hint};
use autograd_core::check::Check;
use autograd_core::{DType, Description, Error, Result, Tensor};

const OP: &str = "categorical_cross_entropy";

/// Cross-entropy of class probabilities p, which a model has after `softmax`, with class probabilities or class indices
/// t, the mean over all samples. [`cross_entropy`](crate::cross_entropy) of logits loses no digits; prefer it where the
/// model can give logits.
///
/// ```text
/// loss = −Σ t ln q        q = p / Σ p, limited to [ε, 1 − ε], ε = 1e-7
/// ```
///
/// # Shapes
/// `input: [.., C]`; `target` has its shape (the input's dtype), or the shape without C (`I64`).
///
/// # Gradient
/// `−t / q` for q, 0 where q is outside its limits, through the division by the sum.
///
/// # Errors
/// If the shapes do not fit, or a class is out of range.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::categorical_cross_entropy;
/// let loss = categorical_cross_entropy(&Tensor::from([[0.25, 0.75]]), &Tensor::from([0]))?;
/// assert!((loss.item::<f32>()? - 4f32.ln()).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # Differs from
/// Keras: nothing; `CategoricalCrossentropy` and `SparseCategoricalCrossentropy` without `from_logits`.
pub fn categorical_cross_entropy(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    CategoricalCrossEntropyLoss::new().forward(input, target)
}

/// [`categorical_cross_entropy`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{CategoricalCrossEntropyLoss, Loss, Reduction};
/// let loss = CategoricalCrossEntropyLoss::new().ignore_index(1).label_smoothing(0.0).reduction(Reduction::Sum);
/// let value = loss.forward(&Tensor::from([[0.25, 0.75], [0.5, 0.5]]), &Tensor::from([0, 1]))?;
/// assert!((value.item::<f32>()? - 4f32.ln()).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CategoricalCrossEntropyLoss {
    label_smoothing: f64,
    ignore_index: Option<i64>,
    reduction: Reduction,
}

reduced!(CategoricalCrossEntropyLoss);

impl CategoricalCrossEntropyLoss {
    /// s, `0 ≤ s ≤ 1`: `t (1 − s) + s/C` takes the place of t. Default 0.
    #[must_use]
    pub fn label_smoothing(mut self, label_smoothing: f64) -> CategoricalCrossEntropyLoss {
        self.label_smoothing = label_smoothing;
        self
    }

    /// Samples of this class have the loss 0, and do not count in the mean, which is NaN if all are of it (in Keras,
    /// 0). Default: none.
    #[must_use]
    pub fn ignore_index(mut self, ignore_index: i64) -> CategoricalCrossEntropyLoss {
        self.ignore_index = Some(ignore_index);
        self
    }
}

impl Loss for CategoricalCrossEntropyLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        let smoothing = self.label_smoothing;
        Check(OP).require((0.0..=1.0).contains(&smoothing), "label_smoothing", smoothing, "in [0, 1]")?;
        Check(OP).float(input)?;
        let Some((classes, samples)) = input.shape().split_last() else {
            return Err(Error::shape(OP, "the input", input.shape(), "[.., C]"));
        };
        has_room(OP, &[input])?;
        let (mut kept, mut input) = (None, input.clone());
        let target = if target.dtype() == DType::I64 {
            Check(OP).is("target", target, samples)?;
            let mut labels = target.clone();
            if let Some(ignored) = self.ignore_index {
                let counts = labels.ne(&Tensor::scalar(ignored))?;
                labels = counts.where_cond(&labels, &labels.zeros_like())?;
                // What an ignored row holds, NaN or infinite, reaches neither the loss nor a gradient.
                input = counts.unsqueeze(-1)?.where_cond(&input, &input.ones_like())?;
                kept = Some(counts);
            }
            labels.one_hot(Some(*classes)).map_err(|error| error.context(OP))?.to_dtype(input.dtype())
        } else {
            Check(OP).same_float(&input, target)?;
            self.ignore_index.map_or(Ok(()), |ignored| ignores_none(OP, ignored))?;
            hint::same(OP, target, input.shape())?;
            target.clone()
        };
        let q = limited(&normalised(&input)?, 1e-7)?;
        let losses = q.log().try_mul(&smoothed(&target, smoothing, *classes as f64))?.sum_dim(-1)?.neg();
        let Some(kept) = kept else { return self.reduction.apply(&losses) };
        let losses = kept.where_cond(&losses, &losses.zeros_like())?;
        self.reduction.divided(&losses, Divisor::Number(kept.to_dtype(DType::F64).sum()))
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
mod tests {
    use super::{CategoricalCrossEntropyLoss, categorical_cross_entropy};
    use crate::cases::Expected;
    use autograd_core::{DType, Tensor};

    fn formula(x: &Tensor, t: &Tensor) -> Expected {
        let (x, t) = (x.to_f64s(), t.to_f64s());
        let indices = t.len() * 3 == x.len();
        let row = |(n, row): (usize, &[f64])| {
            let total: f64 = row.iter().sum();
            let t = |k: usize| if indices { f64::from(t[n] as usize == k) } else { t[n * 3 + k] };
            (0..3).map(|k| -t(k) * (row[k] / total).ln()).sum::<f64>()
        };
        let losses: Vec<f64> = x.chunks(3).enumerate().map(row).collect();
        let ignored = if indices { t.iter().filter(|t| **t == 7.0).count() } else { 0 };
        Expected { shape: vec![losses.len()], divisor: (losses.len() - ignored) as f64, losses }
    }

    fn probabilities() -> Tensor {
        Tensor::from([[0.5, 0.25, 0.5], [0.125, 0.75, 0.125]]).to_dtype(DType::F64)
    }

    cases![
        loss("categorical_cross_entropy", |r| CategoricalCrossEntropyLoss::new().reduction(r), formula)
            .function(categorical_cross_entropy)
            .within(0.0, 1.0)
            .on(probabilities(), Tensor::from([[0.0, 1.0, 0.0], [0.5, 0.25, 0.25]]).to_dtype(DType::F64))
            .on(probabilities(), Tensor::from([2, 0]))
            .refuses(Tensor::from(1.0), Tensor::from([1]), "the input has shape [], expected [.., C]")
            .refuses(probabilities(), Tensor::from([1]), "target has shape [1], expected [2]"),
        loss("categorical_cross_entropy", |r| CategoricalCrossEntropyLoss::new().ignore_index(7).reduction(r), formula)
            .within(0.0, 1.0)
            .ignores(7)
            .on(probabilities(), Tensor::from([2, 0]))
            .on(probabilities(), Tensor::from([7, 0]))
            .refuses(
                probabilities(),
                probabilities(),
                "ignore_index is 7, it must be negative with class probabilities: there is no class to ignore"
            ),
        loss(
            "categorical_cross_entropy",
            |r| CategoricalCrossEntropyLoss::new().label_smoothing(-1.0).reduction(r),
            formula
        )
        .refuses(probabilities(), Tensor::from([1, 0]), "label_smoothing is -1.0, it must be in [0, 1]"),
    ];
}
