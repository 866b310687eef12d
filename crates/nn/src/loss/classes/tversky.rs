//! The loss of the Tversky index.

use super::probabilities::{lack, sum_over};
use crate::loss::options::reduced;
use crate::loss::{Loss, Reduction, hint};
use autograd_core::check::Check;
use autograd_core::{Description, Result, Tensor};

const OP: &str = "tversky_loss";
const EPS: f64 = 1e-7;

/// One minus the Tversky index of probabilities p and truths t, sums over everything or over some dims: the overlap of
/// two masks, with a weight for what is missed and one for what is too much. With α = β = 0.5 it is the Dice
/// coefficient.
///
/// ```text
/// loss = 1 − I / (I + α Σ (1 − p) t + β Σ p (1 − t) + ε)        I = Σ t p,  ε = 1e-7
/// ```
///
/// # Shapes
/// `input` and `target` have one shape.
///
/// # Errors
/// If the shapes differ, or the dtypes are not one float type.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::tversky_loss;
/// let loss = tversky_loss(&Tensor::from([1.0, 0.5, 1.0]), &Tensor::from([1.0, 1.0, 0.0]))?;
/// assert!((loss.item::<f32>()? - (1.0 - 2.0 * 1.5 / 4.5)).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Salehi, Erdogmus, Gholipour, Tversky loss function for image segmentation, 2017.
///
/// # Differs from
/// * The paper, and the text of Keras' documentation, where α weighs what is too much and β what is missed. The numbers
///   of Keras are those of this formula.
pub fn tversky_loss(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    TverskyLoss::new().forward(input, target)
}

/// [`tversky_loss`] with options.
///
/// Over the whole batch it is no mean of samples: what a run reports of a set is the mean over its batches, and depends
/// on how the set is cut into them. With [`dims`](TverskyLoss::dims) that leave the first out each sample has a loss,
/// and they add up.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{Loss, Reduction, TverskyLoss};
/// let loss = TverskyLoss::new().dims(&[1]).reduction(Reduction::None);
/// let y = Tensor::from([[1.0, 0.0], [0.0, 1.0]]);
/// assert!(loss.forward(&y, &y)?.to_vec::<f32>()?.iter().all(|loss| loss.abs() < 1e-6));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TverskyLoss {
    dims: Option<Vec<isize>>,
    alpha: f64,
    beta: f64,
    reduction: Reduction,
}

impl Default for TverskyLoss {
    fn default() -> Self {
        TverskyLoss { dims: None, alpha: 0.5, beta: 0.5, reduction: Reduction::Mean }
    }
}

reduced!(TverskyLoss);

impl TverskyLoss {
    /// The dims that are summed over; the reduction is over the others. Default: all of them.
    #[must_use]
    pub fn dims(mut self, dims: &[isize]) -> TverskyLoss {
        self.dims = Some(dims.to_vec());
        self
    }

    /// α ≥ 0: the weight of what is missed. Default 0.5.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::TverskyLoss;
    /// assert!(format!("{:?}", TverskyLoss::new().alpha(0.25)).contains("alpha: 0.25"));
    /// ```
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> TverskyLoss {
        self.alpha = alpha;
        self
    }

    /// β ≥ 0: the weight of what is too much. Default 0.5.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::TverskyLoss;
    /// assert!(format!("{:?}", TverskyLoss::new().beta(0.75)).contains("beta: 0.75"));
    /// ```
    #[must_use]
    pub fn beta(mut self, beta: f64) -> TverskyLoss {
        self.beta = beta;
        self
    }
}

impl Loss for TverskyLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        for (name, weight) in [("alpha", self.alpha), ("beta", self.beta)] {
            Check(OP).require(weight >= 0.0 && weight.is_finite(), name, weight, "finite and at least 0")?;
        }
        Check(OP).same_float(input, target)?;
        hint::same(OP, target, input.shape())?;
        let sum = |x: &Tensor| sum_over(x, self.dims.as_deref());
        let rest = |x: &Tensor| x.neg().add_scalar(1.0);
        let both = sum(&input.try_mul(target)?)?;
        let missed = sum(&rest(input).try_mul(target)?)?.mul_scalar(self.alpha);
        let wrong = sum(&input.try_mul(&rest(target))?)?.mul_scalar(self.beta);
        let lacks = missed.try_add(&wrong)?.add_scalar(EPS);
        self.reduction.of_all(&lack(&both, &lacks)?, input)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
mod tests {
    use super::TverskyLoss;
    use crate::cases::Expected;
    use autograd_core::{DType, Tensor};

    fn formula(x: &Tensor, t: &Tensor) -> Expected {
        let (x, t) = (x.to_f64s(), t.to_f64s());
        let row = |(x, t): (&[f64], &[f64])| {
            let pairs = x.iter().zip(t);
            let (mut both, mut missed, mut wrong) = (0.0, 0.0, 0.0);
            for (x, t) in pairs {
                both += x * t;
                missed += 0.5 * (1.0 - x) * t;
                wrong += 0.5 * x * (1.0 - t);
            }
            1.0 - both / (both + missed + wrong + 1e-7)
        };
        let losses: Vec<f64> = x.chunks(3).zip(t.chunks(3)).map(row).collect();
        Expected { shape: vec![losses.len()], divisor: losses.len() as f64, losses }
    }

    /// Of everything at once, with α = 0.25 and β = 0.5.
    fn whole(x: &Tensor, t: &Tensor) -> Expected {
        let sum = |x: &Tensor| x.sum().to_f64s()[0];
        let both = sum(&x.try_mul(t).expect("one shape"));
        let (missed, wrong) = (0.25 * (sum(t) - both), 0.5 * (sum(x) - both));
        Expected { shape: vec![], divisor: 1.0, losses: vec![1.0 - both / (both + missed + wrong + 1e-7)] }
    }

    cases![
        loss("tversky_loss", |r| TverskyLoss::new().dims(&[1]).reduction(r), formula)
            .within(0.0, 1.0)
            .on(
                Tensor::from([[0.5, 0.25, 0.5], [0.125, 0.75, 0.3]]).to_dtype(DType::F64),
                Tensor::from([[0.0, 1.0, 0.0], [0.5, 0.25, 0.25]]).to_dtype(DType::F64)
            )
            .refuses(
                Tensor::from([1.0]),
                Tensor::from([1.0, 0.0]),
                "target has shape [2], expected [1], that of the input"
            ),
        loss("tversky_loss", |r| TverskyLoss::new().alpha(0.25).reduction(r), whole).within(0.0, 1.0).whole().on(
            Tensor::from([[0.5, 0.25, 0.5], [0.125, 0.75, 0.3]]).to_dtype(DType::F64),
            Tensor::from([[0.0, 1.0, 0.0], [0.5, 0.25, 0.25]]).to_dtype(DType::F64)
        ),
    ];
}
