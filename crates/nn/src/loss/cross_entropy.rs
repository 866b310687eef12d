//! Cross-entropy of logits, against class indices or class probabilities.

use super::{Loss, Reduction};
use crate::error::Result;
use autograd_core::{DType, Error, Tensor};

const OP: &str = "cross_entropy";

/// Cross-entropy of logits x with the target class t, `−ln softmax(x)[t]`, or with class probabilities t,
/// `−Σ t ln softmax(x)`: the mean over all samples.
///
/// # Shapes
/// `input: [C]`, `[N, C]` or `[N, C, ..]`. Class indices (`I64`) have the input's shape without C, class probabilities
/// (the input's dtype) the whole shape.
///
/// # Gradient
/// `softmax(x) − one_hot(t)`, or `softmax(x) Σt − t`, by the reduction; `−ln softmax(x)` for class probabilities.
///
/// # Numerics
/// By log-sum-exp: no overflow, and no logarithm of a rounded zero. The mean of no samples is NaN.
///
/// # Errors
/// If the shapes do not fit, a class is out of range, or the target is neither `I64` nor of the input's dtype. Samples
/// of class −100 are ignored, see [`CrossEntropyLoss::ignore_index`].
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::cross_entropy;
/// let loss = cross_entropy(&Tensor::from([[0.0, 0.0], [100.0, 0.0]]), &Tensor::from([1, 0]))?;
/// assert!((loss.item::<f32>()? - 2f32.ln() / 2.0).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn cross_entropy(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    CrossEntropyLoss::default().forward(input, target)
}

/// [`cross_entropy`] with options.
///
/// With class weights w and label smoothing ε the loss of a sample is
/// ```text
/// class t          −(1 − ε) w[t] ln p[t] − ε/C Σ w ln p          p = softmax(x)
/// probabilities t  −Σ w t' ln p                                  t' = (1 − ε) t + ε/C
/// ```
/// The mean over samples with class indices divides by the sum of `w[t]` over those not ignored; with class
/// probabilities by the number of samples.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::CrossEntropyLoss;
/// let loss = CrossEntropyLoss { label_smoothing: 0.1, ..CrossEntropyLoss::default() };
/// let value = loss.forward(&Tensor::from([[2.0, 0.0]]), &Tensor::from([0]))?.item::<f32>()?;
/// assert!((value - (0.126_928 + 0.05 * 2.0)).abs() < 1e-5);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct CrossEntropyLoss {
    /// How much each class counts, `[C]`; by default all the same.
    pub weight: Option<Tensor>,
    /// Samples of this class count nothing, in sum and mean; default −100. With class probabilities it must be
    /// negative, for then there is no class to ignore.
    pub ignore_index: i64,
    /// The share ε of the target that is spread over all classes, `0 ≤ ε ≤ 1`; default 0.
    pub label_smoothing: f64,
    /// What becomes of the losses of the samples; default: their mean.
    pub reduction: Reduction,
}

impl Default for CrossEntropyLoss {
    fn default() -> Self {
        CrossEntropyLoss { weight: None, ignore_index: -100, label_smoothing: 0.0, reduction: Reduction::Mean }
    }
}

impl CrossEntropyLoss {
    /// The loss of `input` against `target`.
    ///
    /// # Errors
    /// As [`cross_entropy`], and if an option is out of range or `weight` is not `[C]` in the input's dtype.
    pub fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        if !input.dtype().is_float() {
            return Err(Error::not_float(OP, input.dtype()).into());
        }
        let axis = match input.rank() {
            0 => return Err(wrong_shape("the input", input, "[C], [N, C] or [N, C, ..]".into())),
            1 => 0,
            _ => 1,
        };
        let classes = input.shape()[axis];
        self.check_options(input, classes)?;
        match target.dtype() {
            DType::I64 => self.of_indices(input, target, axis),
            dtype if dtype == input.dtype() => self.of_probabilities(input, target, axis),
            got if got.is_float() => Err(Error::mixed_dtypes(OP, input.dtype(), got).into()),
            got => Err(Error::wrong_dtype(OP, got, DType::I64).into()),
        }
    }

    fn check_options(&self, input: &Tensor, classes: usize) -> Result<()> {
        if !(0.0..=1.0).contains(&self.label_smoothing) {
            return Err(Error::argument(OP, "label_smoothing", self.label_smoothing, "in [0, 1]").into());
        }
        if let Some(weight) = &self.weight {
            if weight.shape() != [classes] {
                return Err(wrong_shape("weight", weight, format!("[{classes}], one a class")));
            }
            if weight.dtype() != input.dtype() {
                return Err(Error::mixed_dtypes(OP, input.dtype(), weight.dtype()).into());
            }
        }
        Ok(())
    }

    fn of_indices(&self, input: &Tensor, target: &Tensor, axis: usize) -> Result<Tensor> {
        let mut samples = input.shape().to_vec();
        let classes = samples.remove(axis);
        if target.shape() != samples {
            return Err(wrong_shape("target", target, format!("{samples:?}")));
        }
        let labels = target.to_vec::<i64>()?;
        let rows = rows(input, labels.len(), classes)?;
        let ignored = labels.contains(&self.ignore_index);
        // Ignored samples get some class; what it gives is not chosen below.
        let class = |label: &i64| if *label == self.ignore_index { 0 } else { *label };
        let chosen = Tensor::from_vec(labels.iter().map(class).collect(), &[labels.len()])?;
        let kept = Tensor::from_vec(labels.iter().map(|label| *label != self.ignore_index).collect(), &[labels.len()])?;
        let keep = |values: Tensor| if ignored { kept.where_(&values, &values.zeros_like()) } else { Ok(values) };

        let mut losses = rows.cross_entropy(&chosen)?;
        let mut weights = None;
        if let Some(weight) = &self.weight {
            let weight = weight.index_select(0, &chosen)?;
            losses = losses.try_mul(&weight)?;
            weights = Some(keep(weight)?);
        }
        if self.label_smoothing > 0.0 {
            let mut all = rows.log_softmax(1)?;
            if let Some(weight) = &self.weight {
                all = all.try_mul(weight)?;
            }
            let spread = all.sum_dim(&[1], false)?.mul_scalar(-self.label_smoothing / classes as f64);
            losses = losses.mul_scalar(1.0 - self.label_smoothing).try_add(&spread)?;
        }
        let losses = keep(losses)?;
        Ok(match (self.reduction, weights) {
            (Reduction::None, _) => losses.reshape(&samples.iter().map(|size| *size as isize).collect::<Vec<_>>())?,
            (Reduction::Mean, Some(weights)) => losses.sum().try_div(&weights.sum())?,
            (Reduction::Mean, None) if ignored => {
                let count = labels.iter().filter(|label| **label != self.ignore_index).count();
                losses.sum().div_scalar(count as f64)
            }
            (reduction, _) => reduction.apply(&losses)?,
        })
    }

    fn of_probabilities(&self, input: &Tensor, target: &Tensor, axis: usize) -> Result<Tensor> {
        if target.shape() != input.shape() {
            let expected = format!("{:?}, that of the input", input.shape());
            return Err(wrong_shape("the target of class probabilities", target, expected));
        }
        if self.ignore_index >= 0 {
            let must = "negative with class probabilities: there is no class to ignore";
            return Err(Error::argument(OP, "ignore_index", self.ignore_index, must).into());
        }
        let classes = input.shape()[axis];
        let mut target = target.clone();
        if self.label_smoothing > 0.0 {
            target = target.mul_scalar(1.0 - self.label_smoothing).add_scalar(self.label_smoothing / classes as f64);
        }
        let mut losses = input.log_softmax(axis as isize)?.try_mul(&target)?;
        if let Some(weight) = &self.weight {
            let mut along = vec![1; input.rank()];
            along[axis] = classes as isize;
            losses = losses.try_mul(&weight.reshape(&along)?)?;
        }
        self.reduction.apply(&losses.sum_dim(&[axis as isize], false)?.neg())
    }
}

impl Loss for CrossEntropyLoss {
    fn loss(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        self.forward(input, target)
    }
}

/// The logits of each sample as a row: `[C]` or `[N, C, ..] → [samples, C]`.
fn rows(input: &Tensor, samples: usize, classes: usize) -> Result<Tensor> {
    match input.rank() {
        1 => Ok(input.unsqueeze(0)?),
        2 => Ok(input.clone()),
        rank => {
            let mut axes: Vec<isize> = (0..rank as isize).collect();
            axes.remove(1);
            axes.push(1);
            Ok(input.permute(&axes)?.reshape(&[samples as isize, classes as isize])?)
        }
    }
}

fn wrong_shape(what: &'static str, tensor: &Tensor, expected: String) -> crate::Error {
    Error::shape(OP, what, tensor.shape(), expected).into()
}
