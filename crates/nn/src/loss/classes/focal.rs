//! The focal losses, which count easy samples less.

use super::probabilities::{in_range, limited, normalised, smoothed};
use crate::loss::options::reduced;
use crate::loss::{Loss, Reduction, hint};
use autograd_core::check::Check;
use autograd_core::{Description, Error, Result, Tensor};

/// The focal loss of one class: binary cross-entropy, of which samples that are already right count less.
///
/// ```text
/// pt = t p + (1 − t)(1 − p)
/// loss = w (1 − pt)^γ · (−t ln p − (1 − t) ln(1 − p))        w = α t + (1 − α)(1 − t) if balanced, else 1
/// ```
///
/// `γ ≥ 0` (2), `0 ≤ α ≤ 1` (0.25), label smoothing (0); p is `σ(x)` with `from_logits`, and limited to [1e-7, 1 −
/// 1e-7] in the logarithms.
///
/// # Shapes
/// `input` and `target` have one shape.
///
/// # Errors
/// `forward` fails if the shapes differ, the dtypes are not one float type, an option is out of range, or p is not in
/// [0, 1], which is not looked for in a captured step.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{BinaryFocalLoss, Loss};
/// let loss = BinaryFocalLoss::new().gamma(1.0).from_logits(true);
/// let value = loss.forward(&Tensor::from([0.0]), &Tensor::from([1.0]))?.item::<f32>()?;
/// assert!((value - 0.5 * 2f32.ln()).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Lin et al., Focal Loss for Dense Object Detection, 2017, equations 4 and 5.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BinaryFocalLoss {
    gamma: f64,
    alpha: f64,
    balanced: bool,
    from_logits: bool,
    label_smoothing: f64,
    reduction: Reduction,
}

impl Default for BinaryFocalLoss {
    fn default() -> Self {
        let (gamma, alpha, label_smoothing) = (2.0, 0.25, 0.0);
        let (balanced, from_logits, reduction) = (false, false, Reduction::Mean);
        BinaryFocalLoss { gamma, alpha, balanced, from_logits, label_smoothing, reduction }
    }
}

/// The focal loss of several classes: cross-entropy, of which samples that are already right count less.
///
/// ```text
/// loss = Σ α (1 − q)^γ · (−t ln q)        q = p / Σ p, limited to [1e-7, 1 − 1e-7]
/// ```
///
/// `γ ≥ 0` (2), `0 ≤ α ≤ 1` (0.25), label smoothing (0); p is `softmax(x)` with `from_logits`.
///
/// # Shapes
/// `input` and `target` are `[.., C]`.
///
/// # Errors
/// `forward` fails if the shapes differ, the dtypes are not one float type, an option is out of range, or `p / Σ p` is
/// not in [0, 1], which is not looked for in a captured step.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{CategoricalFocalLoss, Loss};
/// let loss = CategoricalFocalLoss::new().gamma(1.0).alpha(1.0);
/// let value = loss.forward(&Tensor::from([[0.5, 0.5]]), &Tensor::from([[1.0, 0.0]]))?.item::<f32>()?;
/// assert!((value - 0.5 * 2f32.ln()).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Lin et al., Focal Loss for Dense Object Detection, 2017.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CategoricalFocalLoss {
    gamma: f64,
    alpha: f64,
    from_logits: bool,
    label_smoothing: f64,
    reduction: Reduction,
}

impl Default for CategoricalFocalLoss {
    fn default() -> Self {
        let (gamma, alpha, label_smoothing) = (2.0, 0.25, 0.0);
        CategoricalFocalLoss { gamma, alpha, from_logits: false, label_smoothing, reduction: Reduction::Mean }
    }
}

/// The options that both have.
macro_rules! focal {
    ($Name:ident) => {
        reduced!($Name);

        impl $Name {
            /// γ ≥ 0: how much less easy samples count; 0 not at all. Default 2.
            #[must_use]
            pub fn gamma(mut self, gamma: f64) -> $Name {
                self.gamma = gamma;
                self
            }

            /// α, `0 ≤ α ≤ 1`: the weight of all samples; of [`BinaryFocalLoss`] that of the positive class, and only
            /// with [`balanced`](BinaryFocalLoss::balanced). Default 0.25.
            #[must_use]
            pub fn alpha(mut self, alpha: f64) -> $Name {
                self.alpha = alpha;
                self
            }

            /// Whether the input is logits, not probabilities. Default false.
            #[must_use]
            pub fn from_logits(mut self, from_logits: bool) -> $Name {
                self.from_logits = from_logits;
                self
            }

            /// The share of the target that is spread over all classes, in [0, 1]. Default 0.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("let loss = wengert_nn::", stringify!($Name), "::new().label_smoothing(0.125);")]
            /// assert!(format!("{loss:?}").contains("label_smoothing: 0.125"));
            /// ```
            #[must_use]
            pub fn label_smoothing(mut self, label_smoothing: f64) -> $Name {
                self.label_smoothing = label_smoothing;
                self
            }

            fn check(&self, op: &'static str, input: &Tensor, target: &Tensor) -> Result<()> {
                let fraction = |x: f64| (0.0..=1.0).contains(&x);
                let gamma = self.gamma >= 0.0 && self.gamma.is_finite();
                Check(op).require(gamma, "gamma", self.gamma, "finite and at least 0")?;
                Check(op).require(fraction(self.alpha), "alpha", self.alpha, "in [0, 1]")?;
                let smoothing = self.label_smoothing;
                Check(op).require(fraction(smoothing), "label_smoothing", smoothing, "in [0, 1]")?;
                Check(op).same_float(input, target)?;
                hint::same(op, target, input.shape())
            }
        }
    };
}
focal!(BinaryFocalLoss);
focal!(CategoricalFocalLoss);

impl BinaryFocalLoss {
    /// Whether α weighs the positive class, and 1 − α the other. Default false.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::BinaryFocalLoss;
    /// assert!(format!("{:?}", BinaryFocalLoss::new().balanced(true)).contains("balanced: true"));
    /// ```
    #[must_use]
    pub fn balanced(mut self, balanced: bool) -> BinaryFocalLoss {
        self.balanced = balanced;
        self
    }
}

const EPS: f64 = 1e-7;

fn one_minus(x: &Tensor) -> Tensor {
    x.neg().add_scalar(1.0)
}

impl Loss for BinaryFocalLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        const OP: &str = "BinaryFocalLoss";
        self.check(OP, input, target)?;
        if !self.from_logits {
            in_range(OP, "the input", input)?;
        }
        let t = smoothed(target, self.label_smoothing, 2.0);
        let p = if self.from_logits { input.sigmoid() } else { input.clone() };
        let mix = |yes: &Tensor, no: &Tensor| t.try_mul(yes)?.try_add(&one_minus(&t).try_mul(no)?);
        let (within, likely) = (limited(&p, EPS)?, p.gt_scalar(0.5));
        let rest = if self.from_logits { input.neg().sigmoid() } else { one_minus(&p) };
        // Both logarithms from the one of the two that is small, and has digits: what is near 1 has none beside it.
        let besides = limited(&rest, EPS)?;
        let log = likely.where_cond(&besides.neg().log1p(), &within.log())?;
        let log_rest = likely.where_cond(&besides.log(), &within.neg().log1p())?;
        let entropy = mix(&log.neg(), &log_rest.neg())?;
        let mut hard = mix(&rest, &p)?;
        if self.gamma < 2.0 && self.gamma != 1.0 {
            // The derivative of a root at 0 is infinite, the first or the second one.
            hard = hard.clamp(f64::from(f32::MIN_POSITIVE), f64::INFINITY)?;
        }
        let mut losses = hard.powf(self.gamma).try_mul(&entropy)?;
        if self.balanced {
            let alpha = t.full_like(self.alpha);
            losses = losses.try_mul(&mix(&alpha, &one_minus(&alpha))?)?;
        }
        self.reduction.apply(&losses)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

impl Loss for CategoricalFocalLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        const OP: &str = "CategoricalFocalLoss";
        self.check(OP, input, target)?;
        let Some(classes) = input.shape().last() else {
            return Err(Error::shape(OP, "the input", input.shape(), "[.., C]"));
        };
        let t = smoothed(target, self.label_smoothing, *classes as f64);
        // ln q and 1 − q: of logits from the logarithm, for a q near 1 has no digits of what it lacks to it.
        let (log, rest) = if self.from_logits {
            let log = input.log_softmax(-1)?.clamp(EPS.ln(), (-EPS).ln_1p())?;
            let rest = log.expm1().neg();
            (log, rest)
        } else {
            let p = normalised(input)?;
            in_range(OP, "the input over its sums", &p)?;
            let q = limited(&p, EPS)?;
            (q.log(), one_minus(&q))
        };
        let weight = rest.powf(self.gamma).mul_scalar(-self.alpha);
        self.reduction.apply(&weight.try_mul(&log.try_mul(&t)?)?.sum_dim(-1)?)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
mod tests {
    use super::{BinaryFocalLoss, CategoricalFocalLoss};
    use crate::cases::{Expected, LossCase};
    use crate::loss::{Loss, Reduction};
    use autograd_core::{DType, Result, Tensor, grad};

    fn binary(x: f64, t: f64, alpha: Option<f64>) -> f64 {
        let (p, w) = (x, alpha.map_or(1.0, |a| a * t + (1.0 - a) * (1.0 - t)));
        let pt = t * p + (1.0 - t) * (1.0 - p);
        w * (1.0 - pt).powi(2) * (-t * p.ln() - (1.0 - t) * (1.0 - p).ln())
    }

    fn categorical(x: &Tensor, t: &Tensor) -> Expected {
        categories(&x.to_f64s(), &t.to_f64s(), 2.0, 0.0)
    }

    /// Of three classes, whose probabilities are as `x`.
    fn categories(x: &[f64], t: &[f64], gamma: f64, smoothing: f64) -> Expected {
        let row = |(x, t): (&[f64], &[f64])| {
            let total: f64 = x.iter().sum();
            let share = |t: f64| (1.0 - smoothing) * t + smoothing / 3.0;
            let each = |(x, t): (&f64, &f64)| -0.25 * (1.0 - x / total).powf(gamma) * share(*t) * (x / total).ln();
            x.iter().zip(t).map(each).sum::<f64>()
        };
        let losses: Vec<f64> = x.chunks(3).zip(t.chunks(3)).map(row).collect();
        Expected { shape: vec![losses.len()], divisor: losses.len() as f64, losses }
    }

    /// The probabilities of logits are as their exponentials.
    fn of_logits(gamma: f64, smoothing: f64) -> LossCase {
        let formula = move |x: &Tensor, t: &Tensor| categories(&x.exp().to_f64s(), &t.to_f64s(), gamma, smoothing);
        let build = move |r| {
            let loss = CategoricalFocalLoss::new().from_logits(true).gamma(gamma);
            loss.label_smoothing(smoothing).reduction(r)
        };
        crate::cases::loss("CategoricalFocalLoss", build, formula).up_to(1000.0)
    }

    fn logits() -> Tensor {
        Tensor::from([[2.0, -0.5, 0.25], [-1.0, 3.0, 0.5]]).to_dtype(DType::F64)
    }

    /// The loss and its gradient.
    fn run(loss: &dyn Loss, x: &Tensor, t: &Tensor, dtype: DType) -> Result<Vec<f64>> {
        let x = x.to_dtype(dtype).requires_grad();
        let y = loss.forward(&x, &t.to_dtype(dtype))?.sum();
        Ok([y.to_f64s(), grad(&y, &[&x])?[0].to_f64s()].concat())
    }

    /// Where a class is nearly sure, what it lacks to it is all that there is to see.
    #[test]
    fn sure_logits_keep_their_digits() -> Result<()> {
        for gamma in [0.0, 0.5, 1.0, 2.0] {
            let categorical = CategoricalFocalLoss::new().from_logits(true).gamma(gamma);
            let binary = BinaryFocalLoss::new().from_logits(true).gamma(gamma);
            for size in [1.0, 4.0, 8.0, 12.0, 15.0] {
                let row = (Tensor::from([[size, 0.0]]), Tensor::from([[1.0, 0.0]]));
                let each = (Tensor::from([size, -size]), Tensor::from([1.0, 0.0]));
                for (loss, (x, t)) in [(&categorical as &dyn Loss, row), (&binary, each)] {
                    let (got, want) = (run(loss, &x, &t, DType::F32)?, run(loss, &x, &t, DType::F64)?);
                    let near = got.iter().zip(&want).all(|(got, want)| (got / want - 1.0).abs() < 1e-5);
                    assert!(near, "{} of {size}: {got:?}, not {want:?}", loss.describe());
                }
            }
        }
        Ok(())
    }

    fn x() -> Tensor {
        Tensor::from([[0.5, 0.25, 0.5], [0.125, 0.75, 0.3]]).to_dtype(DType::F64)
    }

    fn t() -> Tensor {
        Tensor::from([[0.0, 1.0, 0.0], [0.5, 0.25, 0.25]]).to_dtype(DType::F64)
    }

    #[test]
    fn sure_logits_have_a_second_derivative() -> Result<()> {
        for gamma in [0.5, 1.0, 1.5, 2.0, 3.0] {
            let x = Tensor::from([200.0, -200.0, 3.0]).requires_grad();
            let loss = BinaryFocalLoss::new().from_logits(true).gamma(gamma).reduction(Reduction::Sum);
            let loss = loss.forward(&x, &Tensor::from([1.0, 0.0, 1.0]))?;
            let slope = grad(&loss, &[&x])?.remove(0);
            let curvature = grad(&slope.sum(), &[&x])?.remove(0).to_f64s();
            assert!(curvature[..2] == [0.0; 2] && curvature[2] > 0.0, "{gamma}: {curvature:?}");
        }
        Ok(())
    }

    cases![
        loss("BinaryFocalLoss", |r| BinaryFocalLoss::new().reduction(r), each(|x, t| binary(x, t, None)))
            .within(0.0, 1.0)
            .on(x(), t())
            .refuses(
                x(),
                Tensor::from([1.0]).to_dtype(DType::F64),
                "target has shape [1], expected [2, 3], that of the input"
            )
            .refuses(x().mul_scalar(4.0), t(), "the input has 2 at position 0, probabilities are in [0, 1]"),
        loss(
            "BinaryFocalLoss",
            |r| BinaryFocalLoss::new().balanced(true).alpha(0.75).reduction(r),
            each(|x, t| { binary(x, t, Some(0.75)) })
        )
        .within(0.0, 1.0)
        .on(x(), t()),
        loss(
            "BinaryFocalLoss",
            |r| BinaryFocalLoss::new().from_logits(true).reduction(r),
            each(|x, t| { binary(1.0 / (1.0 + (-x).exp()), t, None) })
        )
        .on(x(), t()),
        loss(
            "BinaryFocalLoss",
            |r| BinaryFocalLoss::new().gamma(0.5).from_logits(true).reduction(r),
            each(|x, t| {
                let p = 1.0 / (1.0 + (-x).exp());
                binary(p, t, None) * (t * (1.0 - p) + (1.0 - t) * p).powf(-1.5)
            })
        )
        .on(x(), t()),
        loss("BinaryFocalLoss", |r| BinaryFocalLoss::new().gamma(-1.0).reduction(r), each(|_, _| 0.0)).refuses(
            x(),
            t(),
            "gamma is -1.0, it must be finite and at least 0"
        ),
        loss("CategoricalFocalLoss", |r| CategoricalFocalLoss::new().reduction(r), categorical)
            .within(0.0, 1.0)
            .on(x(), t())
            .refuses(Tensor::from(1.0), Tensor::from(1.0), "the input has shape [], expected [.., C]")
            .refuses(
                Tensor::from([[2.0, -1.0]]).to_dtype(DType::F64),
                Tensor::from([[1.0, 0.0]]).to_dtype(DType::F64),
                "the input over its sums has 2 at position 0, probabilities are in [0, 1]"
            ),
        loss(
            "CategoricalFocalLoss",
            |r| CategoricalFocalLoss::new().gamma(1.5).label_smoothing(0.25).reduction(r),
            |x, t| categories(&x.to_f64s(), &t.to_f64s(), 1.5, 0.25)
        )
        .within(0.0, 1.0)
        .on(x(), t()),
        of_logits(2.0, 0.0).on(logits(), t()),
        of_logits(1.5, 0.25).on(logits(), t()),
        of_logits(0.0, 0.0).on(logits(), t()),
        loss(
            "BinaryFocalLoss",
            |r| BinaryFocalLoss::new().from_logits(true).label_smoothing(0.25).reduction(r),
            each(|x, t| { binary(1.0 / (1.0 + (-x).exp()), 0.75 * t + 0.125, None) })
        )
        .on(x(), t()),
    ];
}
