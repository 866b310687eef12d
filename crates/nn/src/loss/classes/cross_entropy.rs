//! Cross-entropy of logits, against class indices or class probabilities.

use super::labelled::{Labelled, dim_of_classes, ignores_none, is_labels, of_classes};
use crate::loss::options::reduced;
use crate::loss::pair::product;
use crate::loss::{Loss, Reduction, hint};
use autograd_core::check::Check;
use autograd_core::{DType, Description, Result, Tensor};

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
/// If the shapes do not fit, a class is out of range, the target is neither `I64` nor of the input's dtype, or the
/// input is itself the result of `softmax`. Samples of class −100 are ignored, see [`CrossEntropyLoss::ignore_index`].
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::cross_entropy;
/// let loss = cross_entropy(&Tensor::from([[0.0, 0.0], [100.0, 0.0]]), &Tensor::from([1, 0]))?;
/// assert!((loss.item::<f32>()? - 2f32.ln() / 2.0).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # Differs from
/// PyTorch, which takes the output of `softmax` for logits in silence; here that is an error.
pub fn cross_entropy(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    CrossEntropyLoss::new().forward(input, target)
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
/// # use wengert_nn::{CrossEntropyLoss, Loss, Reduction};
/// let loss = CrossEntropyLoss::new().weight(Tensor::from([1.0, 2.0])).ignore_index(1).reduction(Reduction::Sum);
/// let value = loss.label_smoothing(0.1).forward(&Tensor::from([[2.0, 0.0], [9.0, 0.0]]), &Tensor::from([0, 1]))?;
/// assert!((value.item::<f32>()? - (0.9 * 0.126_928 + 0.05 * (0.126_928 + 2.0 * 2.126_928))).abs() < 1e-5);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # Errors
/// `forward` also fails if an option is out of range or `weight` is not `[C]` in the input's dtype.
#[derive(Clone, Debug)]
pub struct CrossEntropyLoss {
    weight: Option<Tensor>,
    ignore_index: i64,
    label_smoothing: f64,
    reduction: Reduction,
}

impl Default for CrossEntropyLoss {
    fn default() -> Self {
        CrossEntropyLoss { weight: None, ignore_index: -100, label_smoothing: 0.0, reduction: Reduction::Mean }
    }
}

reduced!(CrossEntropyLoss);

impl CrossEntropyLoss {
    /// How much each class counts, `[C]`; by default all the same.
    #[must_use]
    pub fn weight(mut self, weight: Tensor) -> CrossEntropyLoss {
        self.weight = Some(weight);
        self
    }

    /// Samples of this class count nothing, in sum and mean; default −100. With class probabilities it must be
    /// negative, because then there is no class to ignore.
    #[must_use]
    pub fn ignore_index(mut self, ignore_index: i64) -> CrossEntropyLoss {
        self.ignore_index = ignore_index;
        self
    }

    /// The share ε of the target that is spread over all classes, `0 ≤ ε ≤ 1`; default 0.
    #[must_use]
    pub fn label_smoothing(mut self, label_smoothing: f64) -> CrossEntropyLoss {
        self.label_smoothing = label_smoothing;
        self
    }

    fn check_options(&self, input: &Tensor, classes: usize) -> Result<()> {
        let in_range = (0.0..=1.0).contains(&self.label_smoothing);
        Check(OP).require(in_range, "label_smoothing", self.label_smoothing, "in [0, 1]")?;
        of_classes(OP, self.weight.as_ref(), input, classes)
    }

    fn of_indices(&self, input: &Tensor, target: &Tensor, dim: usize) -> Result<Tensor> {
        // With smoothing the tape is the same either way: the rows have two gradients, which are to be added up in one
        // order.
        let labelled = Labelled::of(OP, input, target, dim, self.ignore_index, self.label_smoothing > 0.0)?;
        let Labelled { rows, classes, .. } = &labelled;
        let mut losses = rows.cross_entropy(&labelled.labels)?;
        let weights = self.weight.as_ref().map(|weight| labelled.weights(weight)).transpose()?;
        if let Some(weights) = &weights {
            losses = product(weights, &losses)?;
        }
        if self.label_smoothing > 0.0 {
            let mut all = rows.log_softmax(1)?;
            if let Some(weight) = &self.weight {
                all = product(weight, &all)?;
            }
            let spread = all.sum_dim(1)?.mul_scalar(-self.label_smoothing / *classes as f64);
            losses = losses.mul_scalar(1.0 - self.label_smoothing).try_add(&spread)?;
        }
        labelled.reduce(&losses, weights, self.reduction)
    }

    /// Labels that are neither ignored nor a class are an error.
    pub(super) fn check_labels(&self, target: &Tensor, classes: usize) -> Result<()> {
        let kept = target.ne(&Tensor::scalar(self.ignore_index))?;
        let labels = kept.where_cond(target, &target.zeros_like())?;
        Check(OP).in_bounds(&labels, &[target.numel(), classes], 1)
    }

    /// The reduction of losses of rows, `[N]`, which `Reduction::None` has given for this target.
    pub(super) fn reduce_rows(&self, losses: &Tensor, target: &Tensor) -> Result<Tensor> {
        if target.dtype() != DType::I64 {
            return self.reduction.apply(losses);
        }
        let labelled = Labelled::of(OP, &losses.unsqueeze(1)?, target, 1, self.ignore_index, false)?;
        let weights = self.weight.as_ref().map(|weight| labelled.weights(weight)).transpose()?;
        labelled.reduce(losses, weights, self.reduction)
    }

    fn of_probabilities(&self, input: &Tensor, target: &Tensor, dim: usize) -> Result<Tensor> {
        ignores_none(OP, self.ignore_index)?;
        let classes = input.shape()[dim];
        let mut target = target.clone();
        if self.label_smoothing > 0.0 {
            target = target.mul_scalar(1.0 - self.label_smoothing).add_scalar(self.label_smoothing / classes as f64);
        }
        let mut losses = product(&target, &input.log_softmax(dim as isize)?)?;
        if let Some(weight) = &self.weight {
            let mut along = vec![1; input.rank()];
            along[dim] = classes as isize;
            losses = product(&weight.reshape(&along)?, &losses)?;
        }
        self.reduction.apply(&losses.sum_dim(dim as isize)?.neg())
    }
}

impl Loss for CrossEntropyLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        Check(OP).float(input)?;
        let dim = dim_of_classes(OP, input)?;
        let classes = input.shape()[dim];
        self.check_options(input, classes)?;
        hint::logits(OP, input, "softmax")?;
        match is_labels(OP, input, target, dim)? {
            true => self.of_indices(input, target, dim),
            false => self.of_probabilities(input, target, dim),
        }
    }

    fn describe(&self) -> Description {
        Description::from_debug(self).option("weight", self.weight.as_ref().map(Tensor::to_f64s))
    }
}

#[cfg(test)]
mod tests {
    use super::{CrossEntropyLoss, OP, cross_entropy};
    use crate::cases::{Expected, LossCase};
    use crate::loss::{Loss, Reduction};
    use autograd_core::{DType, Result, Tensor, grad};

    const WEIGHT: [f64; 3] = [0.5, 2.0, 1.25];
    // The last class counts nothing.
    const ZERO: [f64; 3] = [0.5, 2.0, 0.0];

    fn zeros(shape: &[usize]) -> Tensor {
        Tensor::zeros(shape, DType::F32).expect("small")
    }

    /// The classes 0, 2, 1, 0, ..
    fn labels(shape: &[usize]) -> Tensor {
        let count: usize = shape.iter().product();
        Tensor::from_vec((0..count as i64).map(|i| i * 2 % 3).collect(), shape).expect("fits")
    }

    fn logits(shape: &[usize], seed: u64) -> Tensor {
        Tensor::randn(shape, DType::F64, &mut autograd_core::seeded(seed)).expect("small")
    }

    /// The loss with these options against class indices.
    fn with(weight: Option<&'static [f64; 3]>, ignore_index: i64, label_smoothing: f64) -> LossCase {
        let loss = move |reduction: Reduction| {
            move |x: &Tensor, t: &Tensor| {
                let loss = CrossEntropyLoss::new().ignore_index(ignore_index).label_smoothing(label_smoothing);
                // In the dtype of the input: a weight is not converted.
                let weight = weight.map(|weight| Tensor::from(*weight).to_dtype(x.dtype()));
                weight.into_iter().fold(loss, CrossEntropyLoss::weight).reduction(reduction).forward(x, t)
            }
        };
        let formula = move |x: &Tensor, t: &Tensor| plain(x, t, weight, ignore_index, label_smoothing);
        let case = crate::cases::loss(OP, loss, formula).up_to(1000.0).ignores(ignore_index);
        if !(0.0..=1.0).contains(&label_smoothing) {
            return case;
        }
        case.on(logits(&[4, 3], 1), labels(&[4]))
            .on(logits(&[3], 1), labels(&[]))
            .on(logits(&[2, 3, 2], 1), labels(&[2, 2]))
            .on(logits(&[2, 3], 1).mul_scalar(30.0), labels(&[2]))
    }

    /// The same against class probabilities.
    fn probabilities(case: LossCase) -> LossCase {
        [&[4, 3][..], &[3], &[2, 3, 2]].into_iter().fold(case, |case, shape| {
            let target = logits(shape, 2).softmax(if shape.len() == 1 { 0 } else { 1 }).expect("has classes");
            case.on(logits(shape, 1), target)
        })
    }

    /// The formula of [`CrossEntropyLoss`], sample by sample.
    fn plain(x: &Tensor, t: &Tensor, weight: Option<&[f64; 3]>, ignore_index: i64, smoothing: f64) -> Expected {
        let mut shape = x.shape().to_vec();
        let classes = shape.remove(if x.rank() == 1 { 0 } else { 1 });
        let (samples, inner): (usize, usize) = (shape.iter().product(), shape.iter().skip(1).product());
        let (x, of_classes, t) = (x.to_f64s(), t.dtype() != DType::I64, t.to_f64s());
        let weight = |class: usize| weight.map_or(1.0, |weight| weight[class]);
        let (mut losses, mut divisor) = (Vec::new(), 0.0);
        for sample in 0..samples {
            let at = |class: usize| (sample / inner * classes + class) * inner + sample % inner;
            let total: f64 = (0..classes).map(|class| x[at(class)].exp()).sum();
            let log_p = |class: usize| x[at(class)] - total.ln();
            let spread: f64 = (0..classes).map(|class| smoothing / classes as f64 * weight(class) * log_p(class)).sum();
            if of_classes {
                let own: f64 = (0..classes).map(|class| t[at(class)] * weight(class) * log_p(class)).sum();
                losses.push(-(1.0 - smoothing) * own - spread);
                divisor += 1.0;
            } else if t[sample] as i64 == ignore_index {
                losses.push(0.0);
            } else {
                let class = t[sample] as usize;
                losses.push(-(1.0 - smoothing) * weight(class) * log_p(class) - spread);
                divisor += weight(class);
            }
        }
        Expected { shape, losses, divisor }
    }

    #[test]
    fn what_an_ignored_row_holds_reaches_nothing() -> Result<()> {
        let inf = f64::INFINITY;
        let target = Tensor::from([2, -100]);
        for bad in [[inf, 0.0, 0.0], [f64::NAN, 1.0, 2.0], [-inf, -inf, -inf]] {
            for loss in [CrossEntropyLoss::new(), CrossEntropyLoss::new().label_smoothing(0.1)] {
                let x = Tensor::from([[1.0, 2.0, 3.0], bad]).requires_grad();
                let y = loss.forward(&x, &target)?;
                assert!(y.item::<f32>()?.is_finite());
                let (plain, recorded) = (y.backward_keep()?, grad(&y, &[&x])?);
                for gradient in [plain.get(&x).expect("a leaf"), &recorded[0]] {
                    let gradient = gradient.to_vec::<f32>()?;
                    assert!(gradient[..3].iter().all(|g| g.is_finite()) && gradient[3..] == [0.0; 3], "{gradient:?}");
                }
            }
        }
        let x = Tensor::from([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]).requires_grad();
        let weighted = CrossEntropyLoss::new().weight(Tensor::from([inf, 1.0, 2.0]));
        let gradient = grad(&weighted.forward(&x, &target)?, &[&x])?[0].to_vec::<f32>()?;
        assert_eq!(gradient[3..], [0.0; 3]);
        Ok(())
    }

    cases![
        with(None, -100, 0.0)
            .function(cross_entropy)
            .on(zeros(&[0, 3]), labels(&[0]))
            .refuses(zeros(&[]), labels(&[]), "the input has shape [], expected [C], [N, C] or [N, C, ..]")
            .refuses(zeros(&[2, 3, 4]), labels(&[2]), "target has shape [2], expected [2, 4]")
            .refuses(
                zeros(&[2, 3]),
                zeros(&[2]),
                "the target of class probabilities has shape [2], expected [2, 3], that of the input; for class \
                 indices, to_dtype(DType::I64)"
            )
            .refuses(zeros(&[2, 3]), Tensor::from([true, false]), "dtype is Bool, expected I64; to_dtype converts")
            .refuses(labels(&[2]), labels(&[2]), "dtype is I64, expected F32 or F64; to_dtype converts")
            .refuses(
                zeros(&[2]),
                zeros(&[2]).to_dtype(DType::F64),
                "dtypes F32 and F64 do not mix; convert one with to_dtype"
            )
            .refuses(
                zeros(&[2, 3]),
                Tensor::from([0, -1]),
                "index -1 at position 1 is out of range for dim 1 of shape [2, 3]"
            )
            .refuses(
                zeros(&[2, 3]),
                Tensor::from([0, 3]),
                "index 3 at position 1 is out of range for dim 1 of shape [2, 3]"
            ),
        with(None, 2, 0.0),
        with(Some(&WEIGHT), -100, 0.0).refuses(
            zeros(&[2, 4]),
            labels(&[2]),
            "weight has shape [3], expected [4], one for each class"
        ),
        with(Some(&WEIGHT), 2, 0.0),
        with(Some(&ZERO), -100, 0.0),
        probabilities(with(Some(&ZERO), -100, 0.0)),
        with(None, 2, 0.2),
        with(Some(&WEIGHT), 2, 0.2),
        probabilities(with(None, -100, 0.0)),
        probabilities(with(Some(&WEIGHT), -100, 0.0)),
        probabilities(with(Some(&WEIGHT), -1, 0.2)),
        with(None, 1, 0.0).refuses(
            zeros(&[1, 2]),
            zeros(&[1, 2]),
            "ignore_index is 1, it must be negative with class probabilities: there is no class to ignore"
        ),
        with(None, -100, -0.1).refuses(zeros(&[1, 2]), labels(&[1]), "label_smoothing is -0.1, it must be in [0, 1]"),
        with(None, -100, 1.5).refuses(zeros(&[1, 2]), labels(&[1]), "label_smoothing is 1.5, it must be in [0, 1]"),
        with(None, -100, f64::NAN).refuses(
            zeros(&[1, 2]),
            labels(&[1]),
            "label_smoothing is NaN, it must be in [0, 1]"
        ),
        loss(OP, |r| CrossEntropyLoss::new().reduction(r).weight(Tensor::from([1.0, 1.0])), each(|_, _| f64::NAN))
            .refuses(
                zeros(&[1, 2]).to_dtype(DType::F64),
                labels(&[1]),
                "dtypes F64 and F32 do not mix; convert one with to_dtype"
            ),
    ];
}
