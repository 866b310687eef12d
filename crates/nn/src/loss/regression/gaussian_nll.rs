//! The negative log-likelihood of a normal distribution.

use crate::loss::Reduction;
use crate::loss::options::reduced;
use crate::loss::pair::fits;
use autograd_core::check::Check;
use autograd_core::{Error, ErrorKind, Result, Shape, Tensor, is_capturing};

const OP: &str = "gaussian_nll_loss";

/// The negative log-likelihood of targets t with a normal distribution of mean x and variance v, without the constant,
/// the mean over all elements.
///
/// ```text
/// loss = (ln v + (x − t)² / v) / 2        v at least ε = 1e-6
/// full: + ln(2π) / 2
/// ```
///
/// # Shapes
/// `target` broadcasts to `input`. `var` is like `input`, or has one dim of size 1 where the input has another, or no
/// last dim: one variance for each row.
///
/// # Gradient
/// `(x − t) / v` for x, `(1 − (x − t)² / v) / 2v` for v, also where v is below ε and ε counts in its place.
///
/// # Errors
/// If the shapes do not fit, the dtypes are not one float type, or a variance is negative (not looked for in a captured
/// step).
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::gaussian_nll_loss;
/// let loss = gaussian_nll_loss(&Tensor::from([1.0, 2.0]), &Tensor::from([1.0, 4.0]), &Tensor::from([1.0, 1.0]))?;
/// assert_eq!(loss.item::<f32>()?, 1.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Nix, Weigend, Estimating the mean and variance of the target probability distribution, 1994.
pub fn gaussian_nll_loss(input: &Tensor, target: &Tensor, var: &Tensor) -> Result<Tensor> {
    GaussianNllLoss::new().forward(input, target, var)
}

/// [`gaussian_nll_loss`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{GaussianNllLoss, Reduction};
/// let loss = GaussianNllLoss::new().full(true).eps(1e-3).reduction(Reduction::Sum);
/// let one = Tensor::from([1.0]);
/// assert!((loss.forward(&one, &one, &one)?.item::<f32>()? - 0.918_938_5).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GaussianNllLoss {
    full: bool,
    eps: f64,
    reduction: Reduction,
}

impl Default for GaussianNllLoss {
    fn default() -> Self {
        GaussianNllLoss { full: false, eps: 1e-6, reduction: Reduction::Mean }
    }
}

reduced!(GaussianNllLoss);

impl GaussianNllLoss {
    /// Whether to add the constant `ln(2π) / 2`. Default false.
    #[must_use]
    pub fn full(mut self, full: bool) -> GaussianNllLoss {
        self.full = full;
        self
    }

    /// ε > 0: the least variance. Default 1e-6.
    #[must_use]
    pub fn eps(mut self, eps: f64) -> GaussianNllLoss {
        self.eps = eps;
        self
    }

    /// The loss of means, targets and variances.
    ///
    /// # Errors
    /// As for [`gaussian_nll_loss`], or if ε is not positive.
    pub fn forward(&self, input: &Tensor, target: &Tensor, var: &Tensor) -> Result<Tensor> {
        Check(OP).require(self.eps > 0.0, "eps", self.eps, "positive")?;
        fits(OP, input, target)?;
        Check(OP).same_float(input, var)?;
        let (all, own) = (input.shape(), var.shape());
        let rows = all.split_last().map(|(_, rows)| rows);
        let repeated = || all.iter().zip(own).filter(|(all, own)| all != own).map(|(_, own)| *own);
        let var = if own == all || (own.len() == all.len() && repeated().eq([1])) {
            var.clone()
        } else if rows == Some(own) {
            var.unsqueeze(-1)?
        } else {
            let text = format!("{OP}: var has shape {}, expected {}, or that", Shape::from(own), Shape::from(all));
            let text = format!("{text} with one dim of size 1, or without the last");
            return Err(Error::new(ErrorKind::Shape, text));
        };
        if !is_capturing() && var.to_f64s().iter().any(|v| *v < 0.0) {
            return Err(Error::new(ErrorKind::Argument, format!("{OP}: a variance is negative")));
        }
        // At least ε in value; the gradient is that of the variance itself.
        let raised = var.detach().neg().add_scalar(self.eps).relu();
        let var = var.try_add(&raised)?;
        let mut losses = input.gaussian_nll_loss(target, &var)?;
        if self.full {
            losses = losses.add_scalar(0.5 * std::f64::consts::TAU.ln());
        }
        self.reduction.apply(&losses)
    }
}

#[cfg(test)]
mod tests {
    use super::{GaussianNllLoss, gaussian_nll_loss};
    use autograd_core::{Result, Tensor};

    #[test]
    fn a_variance_that_is_infinite_has_an_infinite_loss() -> Result<()> {
        let [x, t, var] = [1.0, 2.0, f64::INFINITY].map(|x| Tensor::from([x]));
        assert_eq!(gaussian_nll_loss(&x, &t, &var)?.item::<f32>()?, f32::INFINITY);
        Ok(())
    }

    // The variance as a function of the target: 1 + t² / 2.
    fn var(t: &Tensor) -> Tensor {
        t.square().mul_scalar(0.5).add_scalar(1.0)
    }

    fn formula(x: f64, t: f64) -> f64 {
        let v = 1.0 + t * t / 2.0;
        (v.ln() + (x - t).powi(2) / v) / 2.0
    }

    #[test]
    fn variances_of_rows_and_wrong_ones() -> Result<()> {
        let x = Tensor::from([[0.0, 1.0], [2.0, 3.0]]);
        let each = GaussianNllLoss::new().forward(&x, &x, &Tensor::from([[4.0], [9.0]]))?;
        let rows = gaussian_nll_loss(&x, &x, &Tensor::from([4.0, 9.0]))?;
        assert_eq!(each.item::<f32>()?, rows.item::<f32>()?);
        let error = gaussian_nll_loss(&x, &x, &Tensor::from([4.0, -1.0])).expect_err("refused");
        assert_eq!(error.to_string(), "gaussian_nll_loss: a variance is negative");
        let columns = gaussian_nll_loss(&x, &x, &Tensor::from([[4.0, 9.0]]))?;
        assert_eq!(columns.item::<f32>()?, rows.item::<f32>()?);
        for (var, shape) in [(Tensor::from([[1.0]]), "[1, 1]"), (Tensor::from(1.0), "[]")] {
            let text = format!(
                "gaussian_nll_loss: var has shape {shape}, expected [2, 2], or that with one dim of size 1, or"
            );
            let error = gaussian_nll_loss(&x, &x, &var).expect_err("refused");
            assert_eq!(error.to_string(), format!("{text} without the last"));
        }
        Ok(())
    }

    cases![
        loss(
            "gaussian_nll_loss",
            |r| move |x: &Tensor, t: &Tensor| GaussianNllLoss::new().reduction(r).forward(x, t, &var(t)),
            each(formula)
        )
        .shapes(&[2, 3], &[2, 3])
        .shapes(&[3], &[3])
        .refuses(
            Tensor::from([1.0]),
            Tensor::from([1.0, 2.0]),
            "the target has shape [2], expected one that broadcasts to the input's, [1]"
        ),
        loss(
            "gaussian_nll_loss",
            |r| move |x: &Tensor, t: &Tensor| GaussianNllLoss::new().full(true).reduction(r).forward(x, t, &var(t)),
            each(|x, t| formula(x, t) + std::f64::consts::TAU.ln() / 2.0)
        )
        .shapes(&[2, 3], &[2, 3]),
        loss(
            "gaussian_nll_loss",
            |r| move |x: &Tensor, t: &Tensor| GaussianNllLoss::new().eps(0.0).reduction(r).forward(x, t, &var(t)),
            each(formula)
        )
        .refuses(Tensor::from([1.0]), Tensor::from([1.0]), "eps is 0.0, it must be positive"),
    ];
}
