//! Binary cross-entropy of logits.

use super::probabilities::smoothed;
use crate::loss::options::reduced;
use crate::loss::pair::weighted;
use crate::loss::{Loss, Reduction, hint};
use autograd_core::check::Check;
use autograd_core::{Description, Result, Tensor};

/// Binary cross-entropy of a logit x with the probability t of the positive class, the mean over all elements.
///
/// ```text
/// loss = −t ln σ(x) − (1 − t) ln(1 − σ(x))
/// ```
///
/// # Shapes
/// `input` and `target` have one shape.
///
/// # Gradient
/// `σ(x) − t` for x, `−x` for t, each by the reduction.
///
/// # Numerics
/// Computed as `t softplus(−x) + (1 − t) softplus(x)`: two terms of one sign, so nothing overflows or cancels.
///
/// # Errors
/// If the shapes differ, the dtypes are not one float type, or the input is itself the result of `sigmoid`.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::binary_cross_entropy_with_logits;
/// let loss = binary_cross_entropy_with_logits(&Tensor::from([0.0, 1000.0]), &Tensor::from([1.0, 1.0]))?;
/// assert!((loss.item::<f32>()? - 2f32.ln() / 2.0).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # Differs from
/// PyTorch, which takes the output of `sigmoid` for logits in silence; here that is an error.
pub fn binary_cross_entropy_with_logits(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    BceWithLogitsLoss::new().forward(input, target)
}

/// [`binary_cross_entropy_with_logits`] with options.
///
/// ```text
/// loss = −w (p s ln σ(x) + (1 − s) ln(1 − σ(x)))        s = (1 − α) t + α / 2
/// ```
///
/// # Errors
/// `forward` also fails if α is not in `[0, 1]`, or a weight does not broadcast to the input or has another dtype.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{BceWithLogitsLoss, Loss, Reduction};
/// let loss = BceWithLogitsLoss::new().pos_weight(Tensor::from(3.0)).weight(Tensor::from([1.0, 2.0]));
/// let loss = loss.reduction(Reduction::Sum);
/// let value = loss.forward(&Tensor::from([0.0, 0.0]), &Tensor::from([1.0, 0.0]))?.item::<f32>()?;
/// assert!((value - 5.0 * 2f32.ln()).abs() < 1e-6);                    // 1 · 3 ln 2 + 2 · ln 2
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct BceWithLogitsLoss {
    weight: Option<Tensor>,
    pos_weight: Option<Tensor>,
    label_smoothing: f64,
    reduction: Reduction,
}

reduced!(BceWithLogitsLoss);

impl BceWithLogitsLoss {
    /// w: how much each element counts; broadcast. The mean still divides by the number of elements. Default: all 1.
    #[must_use]
    pub fn weight(mut self, weight: Tensor) -> BceWithLogitsLoss {
        self.weight = Some(weight);
        self
    }

    /// p: how much the positive class counts; broadcast, usually one for each class. Default: 1.
    #[must_use]
    pub fn pos_weight(mut self, pos_weight: Tensor) -> BceWithLogitsLoss {
        self.pos_weight = Some(pos_weight);
        self
    }

    /// α: how far a target moves from 0 and 1 to ½, `0 ≤ α ≤ 1`. Default 0.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// # use wengert_nn::{BceWithLogitsLoss, Loss};
    /// let loss = BceWithLogitsLoss::new().label_smoothing(0.2);
    /// let value = loss.forward(&Tensor::from([2.0]), &Tensor::from([1.0]))?.item::<f32>()?;
    /// assert!((value - (0.9 * 0.126_928 + 0.1 * 2.126_928)).abs() < 1e-5);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    #[must_use]
    pub fn label_smoothing(mut self, label_smoothing: f64) -> BceWithLogitsLoss {
        self.label_smoothing = label_smoothing;
        self
    }
}

impl Loss for BceWithLogitsLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        const OP: &str = "binary_cross_entropy_with_logits";
        let in_range = (0.0..=1.0).contains(&self.label_smoothing);
        Check(OP).require(in_range, "label_smoothing", self.label_smoothing, "in [0, 1]")?;
        Check(OP).same_float(input, target)?;
        hint::same(OP, target, input.shape())?;
        hint::logits(OP, input, "sigmoid")?;
        let target = &smoothed(target, self.label_smoothing, 2.0);
        if let Some(weight) = &self.pos_weight {
            Check(OP).same_float(input, weight)?;
            Check(OP).broadcasts_to("pos_weight", weight, input.shape())?;
        }
        let mut losses = input.binary_cross_entropy_with_logits(target, self.pos_weight.as_ref())?;
        if let Some(weight) = &self.weight {
            losses = weighted(OP, "weight", &losses, weight)?;
        }
        self.reduction.apply(&losses)
    }

    fn describe(&self) -> Description {
        let numbers = |weight: &Option<Tensor>| weight.as_ref().map(Tensor::to_f64s);
        Description::from_debug(self)
            .option("weight", numbers(&self.weight))
            .option("pos_weight", numbers(&self.pos_weight))
    }
}

#[cfg(test)]
mod tests {
    use super::{BceWithLogitsLoss, binary_cross_entropy_with_logits};
    use crate::cases::{Expected, LossCase};
    use crate::loss::{Loss, Reduction};
    use autograd_core::{DType, Result, Tensor};

    fn zeros(shape: &[usize]) -> Tensor {
        Tensor::zeros(shape, DType::F32).expect("small")
    }

    /// The loss of three classes with these weights, against the plain formula.
    fn of(weight: Option<&'static [f64; 3]>, pos_weight: Option<&'static [f64; 3]>) -> LossCase {
        smoothed_by(weight, pos_weight, 0.0)
    }

    /// The same with label smoothing by α.
    fn smoothed_by(weight: Option<&'static [f64; 3]>, pos_weight: Option<&'static [f64; 3]>, alpha: f64) -> LossCase {
        // In the dtype of the input: a weight is not converted.
        let weighted = move |reduction: Reduction| {
            move |x: &Tensor, t: &Tensor| {
                let of_class = |weights: &[f64; 3]| Tensor::from(*weights).to_dtype(x.dtype());
                let mut loss = BceWithLogitsLoss::new().label_smoothing(alpha).reduction(reduction);
                if let Some(weight) = weight {
                    loss = loss.weight(of_class(weight));
                }
                if let Some(pos_weight) = pos_weight {
                    loss = loss.pos_weight(of_class(pos_weight));
                }
                loss.forward(x, t)
            }
        };
        let formula = move |x: &Tensor, t: &Tensor| {
            let of_class = |weights: Option<&[f64; 3]>, i: usize| weights.map_or(1.0, |weights| weights[i % 3]);
            let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
            let element = |(i, (x, t)): (usize, (f64, f64))| {
                let t = (1.0 - alpha) * t + alpha / 2.0;
                let (yes, no) = (t * sigmoid(x).ln(), (1.0 - t) * sigmoid(-x).ln());
                -of_class(weight, i) * (of_class(pos_weight, i) * yes + no)
            };
            let losses: Vec<f64> = x.to_f64s().into_iter().zip(t.to_f64s()).enumerate().map(element).collect();
            Expected { shape: x.shape().into(), divisor: losses.len() as f64, losses }
        };
        let x = Tensor::from([[0.5, -1.5, 3.0], [-0.25, 2.0, 0.75]]).to_dtype(DType::F64);
        let t = Tensor::from([[0.0, 1.0, 0.25], [1.0, 0.5, 0.75]]).to_dtype(DType::F64);
        crate::cases::loss("binary_cross_entropy_with_logits", weighted, formula).on(x, t)
    }

    #[test]
    fn confident_logits_lose_no_digits() -> Result<()> {
        let x = Tensor::from([40.0, -40.0, 1000.0, -1000.0]).to_dtype(DType::F64);
        let loss = BceWithLogitsLoss::new().reduction(Reduction::None);
        let right = loss.forward(&x, &Tensor::from([1.0, 0.0, 1.0, 0.0]).to_dtype(DType::F64))?.to_f64s();
        assert!(right[..2].iter().all(|l| (l / (-40f64).exp() - 1.0).abs() < 1e-14), "{right:?}");
        assert_eq!(right[2..], [0.0, 0.0]);
        let wrong = loss.forward(&x, &Tensor::from([0.0, 1.0, 0.0, 1.0]).to_dtype(DType::F64))?.to_f64s();
        assert_eq!(wrong, [40.0, 40.0, 1000.0, 1000.0]);
        Ok(())
    }

    #[test]
    fn smoothing_out_of_range_is_refused() {
        for alpha in [-0.5, 1.5, f64::NAN] {
            let loss = BceWithLogitsLoss::new().label_smoothing(alpha);
            let error = loss.forward(&zeros(&[1]), &zeros(&[1])).expect_err("not a share").to_string();
            let text = format!("binary_cross_entropy_with_logits: label_smoothing is {alpha}, it must be in [0, 1]");
            assert_eq!(error, text);
        }
    }

    cases![
        of(None, None)
            .function(binary_cross_entropy_with_logits)
            .on(zeros(&[0]), zeros(&[0]))
            .refuses(zeros(&[2]), zeros(&[1]), "target has shape [1], expected [2], that of the input")
            .refuses(
                zeros(&[2]),
                zeros(&[2]).to_dtype(DType::F64),
                "dtypes F32 and F64 do not mix; convert one with to_dtype"
            )
            .refuses(Tensor::from([1]), zeros(&[1]), "dtype is I64, expected F32 or F64; to_dtype converts"),
        of(Some(&[0.5, 0.0, 2.0]), None),
        smoothed_by(None, None, 0.25),
        smoothed_by(Some(&[0.5, 0.0, 2.0]), Some(&[3.0, 0.5, 1.0]), 1.0),
        of(None, Some(&[3.0, 0.5, 1.0])),
        of(Some(&[0.5, 0.0, 2.0]), Some(&[3.0, 0.5, 1.0])).refuses(
            zeros(&[2]),
            zeros(&[2]),
            "pos_weight has shape [3], expected one that broadcasts to the input's, [2]"
        ),
        of(Some(&[0.5, 0.0, 2.0]), None).refuses(
            zeros(&[1]),
            zeros(&[1]),
            "weight has shape [3], expected one that broadcasts to the input's, [1]"
        ),
    ];
}
