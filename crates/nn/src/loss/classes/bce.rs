//! Binary cross-entropy of probabilities.

use super::probabilities::{in_range, limited, smoothed};
use crate::loss::options::reduced;
use crate::loss::pair::weighted;
use crate::loss::{Loss, Reduction, hint};
use autograd_core::check::Check;
use autograd_core::{Description, Result, Tensor};

const OP: &str = "binary_cross_entropy";

/// Binary cross-entropy of a probability x with the probability t of the positive class, the mean over all elements.
/// [`binary_cross_entropy_with_logits`](crate::binary_cross_entropy_with_logits) loses no digits; prefer it where the
/// model can give logits.
///
/// ```text
/// loss = −t max(ln x, −100) − (1 − t) max(ln(1 − x), −100)
/// ```
///
/// # Shapes
/// `input` and `target` have one shape.
///
/// # Gradient
/// `(1 − t) / (1 − x) − t / x`, without the terms whose logarithm is below −100.
///
/// # Numerics
/// `ln(1 − x)` is computed as such, with all digits for small x.
///
/// # Errors
/// If the shapes differ, the dtypes are not one float type, or an input or a target is outside [0, 1] (not looked for
/// in a captured step).
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::binary_cross_entropy;
/// let loss = binary_cross_entropy(&Tensor::from([0.5, 0.0]), &Tensor::from([1.0, 1.0]))?;
/// assert!((loss.item::<f32>()? - (2f32.ln() + 100.0) / 2.0).abs() < 1e-5);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn binary_cross_entropy(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    BceLoss::new().forward(input, target)
}

/// [`binary_cross_entropy`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{BceLoss, Loss};
/// let loss = BceLoss::new().weight(Tensor::from([2.0])).label_smoothing(0.5).clip(1e-7);
/// let value = loss.forward(&Tensor::from([0.5]), &Tensor::from([1.0]))?.item::<f32>()?;
/// assert!((value - 2.0 * 2f32.ln()).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct BceLoss {
    weight: Option<Tensor>,
    label_smoothing: f64,
    clip: f64,
    reduction: Reduction,
}

reduced!(BceLoss);

impl BceLoss {
    /// How much each element counts; broadcast. The mean still divides by the number of elements. Default: all 1.
    #[must_use]
    pub fn weight(mut self, weight: Tensor) -> BceLoss {
        self.weight = Some(weight);
        self
    }

    /// s, `0 ≤ s ≤ 1`: `t (1 − s) + s/2` takes the place of t. Default 0.
    #[must_use]
    pub fn label_smoothing(mut self, label_smoothing: f64) -> BceLoss {
        self.label_smoothing = label_smoothing;
        self
    }

    /// ε, `0 ≤ ε < 1/2`: probabilities count as from ε to `1 − ε`, and have no gradient outside. Default 0; Keras:
    /// 1e-7.
    #[must_use]
    pub fn clip(mut self, clip: f64) -> BceLoss {
        self.clip = clip;
        self
    }
}

impl Loss for BceLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        let (smoothing, clip) = (self.label_smoothing, self.clip);
        Check(OP).require((0.0..=1.0).contains(&smoothing), "label_smoothing", smoothing, "in [0, 1]")?;
        Check(OP).require((0.0..0.5).contains(&clip), "clip", clip, "in [0, 0.5)")?;
        Check(OP).same_float(input, target)?;
        hint::same(OP, target, input.shape())?;
        in_range(OP, "the input", input)?;
        in_range(OP, "the target", target)?;
        let x = if clip > 0.0 { limited(input, clip)? } else { input.clone() };
        let target = smoothed(target, smoothing, 2.0);
        // The logarithm of 0, whose derivative is infinite, is taken of 1, and replaced.
        let log = |of: &dyn Fn(&Tensor) -> Tensor, never: &Tensor, safe: f64| {
            of(&x.masked_fill(never, safe)?).clamp(-100.0, f64::INFINITY)?.masked_fill(never, -100.0)
        };
        let yes = log(&Tensor::log, &x.eq_scalar(0.0), 1.0)?.try_mul(&target)?;
        let no = log(&|x| x.neg().log1p(), &x.eq_scalar(1.0), 0.0)?.try_mul(&target.neg().add_scalar(1.0))?;
        let mut losses = yes.try_add(&no)?.neg();
        if let Some(weight) = &self.weight {
            losses = weighted(OP, "weight", &losses, weight)?;
        }
        self.reduction.apply(&losses)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self).option("weight", self.weight.as_ref().map(Tensor::to_f64s))
    }
}

#[cfg(test)]
mod tests {
    use super::{BceLoss, binary_cross_entropy};
    use autograd_core::{DType, Tensor};

    fn pair() -> (Tensor, Tensor) {
        let x = Tensor::from([[0.5, 0.125, 0.9], [0.25, 0.75, 0.01]]).to_dtype(DType::F64);
        (x, Tensor::from([[0.01, 0.99, 0.25], [0.75, 0.5, 0.9]]).to_dtype(DType::F64))
    }

    fn formula(x: f64, t: f64) -> f64 {
        -t * x.ln() - (1.0 - t) * (1.0 - x).ln()
    }

    fn one(x: f32) -> Tensor {
        Tensor::from([x])
    }

    cases![
        loss("binary_cross_entropy", |r| BceLoss::new().reduction(r), each(formula))
            .function(binary_cross_entropy)
            .within(0.0, 1.0)
            .on(pair().0, pair().1)
            .refuses(one(1.5), one(1.0), "the input has 1.5 at position 0, probabilities are in [0, 1]")
            .refuses(one(0.5), one(-1.0), "the target has -1 at position 0, probabilities are in [0, 1]")
            .refuses(one(0.5), Tensor::from([1.0, 0.0]), "target has shape [2], expected [1], that of the input"),
        loss(
            "binary_cross_entropy",
            |r| BceLoss::new().label_smoothing(0.5).clip(0.1).reduction(r),
            each(|x, t| { formula(x.clamp(0.1, 0.9), 0.5 * t + 0.25) })
        )
        .within(0.0, 1.0)
        .on(Tensor::from([0.5, 0.05, 0.3]), Tensor::from([0.9, 0.1, 0.5])),
        loss("binary_cross_entropy", |r| BceLoss::new().label_smoothing(2.0).reduction(r), each(formula)).refuses(
            one(0.5),
            one(0.5),
            "label_smoothing is 2.0, it must be in [0, 1]"
        ),
        loss("binary_cross_entropy", |r| BceLoss::new().clip(0.5).reduction(r), each(formula)).refuses(
            one(0.5),
            one(0.5),
            "clip is 0.5, it must be in [0, 0.5)"
        ),
    ];
}
