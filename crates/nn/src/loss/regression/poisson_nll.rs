//! The negative log-likelihood of a Poisson distribution.

use crate::loss::options::reduced;
use crate::loss::pair::fits;
use crate::loss::{Loss, Reduction};
use autograd_core::check::Check;
use autograd_core::{Description, Result, Tensor};

/// The negative log-likelihood of counts t with a Poisson distribution of rate `eˣ`, without the terms of t alone, the
/// mean over all elements.
///
/// ```text
/// loss = eˣ − t x         log_input(false): x − t ln(x + ε), for the rate x itself
/// full: + t ln t − t + ln(2π t) / 2 where t > 1, Stirling's formula for ln t!
/// ```
///
/// # Shapes
/// `target` has the shape of `input`, or has its rank and broadcasts to it, or is a single number `[]`.
///
/// # Gradient
/// `eˣ − t` for x; without `log_input` `1 − t / (x + ε)`.
///
/// # Errors
/// If the target does not broadcast to the input, or the dtypes are not one float type, or ε is negative.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::poisson_nll_loss;
/// let loss = poisson_nll_loss(&Tensor::from([0.0, 1.0]), &Tensor::from([1.0, 2.0]))?;
/// assert!((loss.item::<f32>()? - (1.0 + 0.718_281_8) / 2.0).abs() < 1e-5);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # Differs from
/// Keras's `Poisson`: `log_input(false)`, with ε = 1e-7.
pub fn poisson_nll_loss(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    PoissonNllLoss::new().forward(input, target)
}

/// [`poisson_nll_loss`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{Loss, Reduction, PoissonNllLoss};
/// let loss = PoissonNllLoss::new().full(true).reduction(Reduction::None);
/// let losses = loss.forward(&Tensor::from([0.0, 1.0]), &Tensor::from([1.0, 2.0]))?.to_vec::<f32>()?;
/// assert!((losses[0] - 1.0).abs() < 1e-6 && (losses[1] - 1.370_088).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PoissonNllLoss {
    log_input: bool,
    full: bool,
    eps: f64,
    reduction: Reduction,
}

impl Default for PoissonNllLoss {
    fn default() -> Self {
        PoissonNllLoss { log_input: true, full: false, eps: 1e-08, reduction: Reduction::Mean }
    }
}

reduced!(PoissonNllLoss);

impl PoissonNllLoss {
    /// Whether the input is the logarithm of the rate. Default true.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::PoissonNllLoss;
    /// assert!(format!("{:?}", PoissonNllLoss::new().log_input(false)).contains("log_input: false"));
    /// ```
    #[must_use]
    pub fn log_input(mut self, log_input: bool) -> PoissonNllLoss {
        self.log_input = log_input;
        self
    }

    /// Whether to add the terms of t alone, by Stirling's formula where `t > 1`. Default false.
    #[must_use]
    pub fn full(mut self, full: bool) -> PoissonNllLoss {
        self.full = full;
        self
    }

    /// ε ≥ 0, which keeps the logarithm of a rate from that of 0. Default 1e-8.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::PoissonNllLoss;
    /// assert!(format!("{:?}", PoissonNllLoss::new().eps(1e-6)).contains("eps: 1e-6"));
    /// ```
    #[must_use]
    pub fn eps(mut self, eps: f64) -> PoissonNllLoss {
        self.eps = eps;
        self
    }
}

impl Loss for PoissonNllLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        const OP: &str = "poisson_nll_loss";
        Check(OP).require(self.eps >= 0.0 && self.eps.is_finite(), "eps", self.eps, "finite and at least 0")?;
        fits(OP, input, target)?;
        let mut losses = match self.log_input {
            true => input.poisson_nll_loss(target)?,
            false => input.poisson_nll_loss_of_rates(target, self.eps)?,
        };
        if self.full {
            let large = target.gt_scalar(1.0);
            // Of 1 where it is not chosen: the logarithm of 0 has no derivative.
            let t = large.where_cond(target, &target.ones_like())?;
            let stirling = t
                .log()
                .try_mul(&t)?
                .try_sub(&t)?
                .try_add(&t.mul_scalar(std::f64::consts::TAU).log().mul_scalar(0.5))?;
            losses = losses.try_add(&large.where_cond(&stirling, &stirling.zeros_like())?)?;
        }
        self.reduction.apply(&losses)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
fn of(log_input: bool, full: bool) -> crate::cases::LossCase {
    let build = move |r| PoissonNllLoss::new().log_input(log_input).full(full).eps(0.125).reduction(r);
    let formula = move |x: f64, t: f64| {
        let stirling = t * t.ln() - t + (std::f64::consts::TAU * t).ln() / 2.0;
        let likelihood = if log_input { x.exp() - t * x } else { x - t * (x + 0.125).ln() };
        likelihood + if full && t > 1.0 { stirling } else { 0.0 }
    };
    let f64s = |x: [[f64; 3]; 2]| Tensor::from(x);
    let case = crate::cases::loss("poisson_nll_loss", build, crate::cases::each(formula));
    let case = if log_input { case.up_to(50.0) } else { case.within(0.0, f64::INFINITY) };
    case.on(f64s([[0.5, 1.5, 2.0], [0.25, 3.0, 1.0]]), f64s([[0.0, 1.0, 2.0], [3.0, 0.5, 7.0]]))
}

#[test]
fn a_rate_of_nothing_has_a_gradient() -> Result<()> {
    let x = Tensor::from([0.0, 0.5]).requires_grad();
    let loss = PoissonNllLoss::new().log_input(false).eps(0.0).reduction(Reduction::Sum);
    let loss = loss.forward(&x, &Tensor::from([0.0, 1.0]))?;
    assert_eq!(autograd_core::grad(&loss, &[&x])?[0].to_f64s(), [1.0, -1.0]);
    Ok(())
}

#[cfg(test)]
cases![
    of(true, false),
    of(true, true),
    of(false, false),
    of(false, true),
    loss("poisson_nll_loss", |r| PoissonNllLoss::new().reduction(r), each(|x, t| x.exp() - t * x))
        .function(poisson_nll_loss)
        .up_to(50.0)
        .pairs(),
    loss("poisson_nll_loss", |r| PoissonNllLoss::new().eps(-1.0).reduction(r), each(|_, _| 0.0)).refuses(
        Tensor::from([1.0]),
        Tensor::from([1.0]),
        "eps is -1.0, it must be finite and at least 0"
    ),
];
