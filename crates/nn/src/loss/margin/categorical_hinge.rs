//! The hinge loss of several classes.

use crate::loss::options::reduced;
use crate::loss::pair::product;
use crate::loss::{Loss, Reduction, hint};
use autograd_core::check::Check;
use autograd_core::{Description, Error, Result, Tensor};

const OP: &str = "categorical_hinge_loss";

/// The hinge loss of the scores x of several classes for one-hot truths t, the mean over all samples.
///
/// ```text
/// loss = max(0, max((1 − t) x) − Σ t x + 1)
/// ```
///
/// # Shapes
/// `input` and `target` are `[.., C]`.
///
/// # Gradient
/// `−t`, and 1 for the best wrong class (shared evenly by ties), where the margin is missed; else 0.
///
/// # Errors
/// If the shapes differ, the dtypes are not one float type, or there are no classes.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::categorical_hinge_loss;
/// let loss = categorical_hinge_loss(&Tensor::from([[0.5, 0.25]]), &Tensor::from([[1.0, 0.0]]))?;
/// assert_eq!(loss.item::<f32>()?, 0.75);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # Differs from
/// Keras: nothing; a wrong class counts as at least 0, that of the right one.
pub fn categorical_hinge_loss(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    CategoricalHingeLoss::new().forward(input, target)
}

/// [`categorical_hinge_loss`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{CategoricalHingeLoss, Loss, Reduction};
/// let loss = CategoricalHingeLoss::new().reduction(Reduction::None);
/// let losses = loss.forward(&Tensor::from([[0.5, 0.25]]), &Tensor::from([[1.0, 0.0]]))?;
/// assert_eq!(losses.to_vec::<f32>()?, [0.75]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CategoricalHingeLoss {
    reduction: Reduction,
}

reduced!(CategoricalHingeLoss);

impl Loss for CategoricalHingeLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        Check(OP).same_float(input, target)?;
        if input.rank() == 0 {
            return Err(Error::shape(OP, "the input", input.shape(), "[.., C]"));
        }
        hint::same(OP, target, input.shape())?;
        let right = product(target, input)?.sum_dim(-1)?;
        let wrong = product(&target.neg().add_scalar(1.0), input)?.amax(-1)?;
        self.reduction.apply(&wrong.try_sub(&right)?.add_scalar(1.0).relu())
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
mod tests {
    use super::{CategoricalHingeLoss, categorical_hinge_loss};
    use crate::cases::Expected;
    use autograd_core::{DType, Tensor};

    fn formula(x: &Tensor, t: &Tensor) -> Expected {
        let (x, t) = (x.to_f64s(), t.to_f64s());
        let row = |(x, t): (&[f64], &[f64])| {
            let right: f64 = x.iter().zip(t).map(|(x, t)| x * t).sum();
            let wrong = x.iter().zip(t).map(|(x, t)| (1.0 - t) * x).fold(f64::NEG_INFINITY, f64::max);
            (wrong - right + 1.0).max(0.0)
        };
        let losses: Vec<f64> = x.chunks(3).zip(t.chunks(3)).map(row).collect();
        Expected { shape: vec![losses.len()], divisor: losses.len() as f64, losses }
    }

    cases![
        loss("categorical_hinge_loss", |r| CategoricalHingeLoss::new().reduction(r), formula)
            .function(categorical_hinge_loss)
            // Of ∞ that is right and wrong there is no loss.
            .up_to(1000.0)
            .on(
                Tensor::from([[0.5, 0.25, -0.5], [3.0, 0.75, 0.25]]).to_dtype(DType::F64),
                Tensor::from([[0.125, 0.75, 0.125], [0.875, 0.0625, 0.0625]]).to_dtype(DType::F64)
            )
            .refuses(Tensor::from(1.0), Tensor::from(1.0), "the input has shape [], expected [.., C]"),
        loss("categorical_hinge_loss", |r| CategoricalHingeLoss::new().reduction(r), formula).on(
            Tensor::from([[0.5, 0.25, -0.5], [3.0, 0.75, 0.25]]).to_dtype(DType::F64),
            Tensor::from([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]).to_dtype(DType::F64)
        ),
    ];
}
