//! The loss of the Dice coefficient.

use super::probabilities::{lack, sum_over};
use crate::loss::options::reduced;
use crate::loss::{Loss, Reduction, hint};
use autograd_core::check::Check;
use autograd_core::{Description, Result, Tensor};

const OP: &str = "dice_loss";
const EPS: f64 = 1e-7;

/// One minus the Dice coefficient of probabilities p and truths t, sums over everything or over some dims: the overlap
/// of two masks.
///
/// ```text
/// loss = 1 − 2 Σ t p / (Σ t + Σ p + ε)        ε = 1e-7
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
/// # use wengert_nn::dice_loss;
/// let loss = dice_loss(&Tensor::from([1.0, 0.5, 1.0]), &Tensor::from([1.0, 1.0, 0.0]))?;
/// assert!((loss.item::<f32>()? - (1.0 - 2.0 * 1.5 / 4.5)).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Milletari, Navab, Ahmadi, V-Net, 2016, with sums in place of sums of squares.
pub fn dice_loss(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    DiceLoss::new().forward(input, target)
}

/// [`dice_loss`] with options.
///
/// Over the whole batch it is no mean of samples: what a run reports of a set is the mean over its batches, and depends
/// on how the set is cut into them. With [`dims`](DiceLoss::dims) that leave the first out each sample has a loss, and
/// they add up.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{Loss, Reduction, DiceLoss};
/// let loss = DiceLoss::new().dims(&[1]).reduction(Reduction::None);
/// let y = Tensor::from([[1.0, 0.0], [0.0, 1.0]]);
/// assert!(loss.forward(&y, &y)?.to_vec::<f32>()?.iter().all(|loss| loss.abs() < 1e-6));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiceLoss {
    dims: Option<Vec<isize>>,
    reduction: Reduction,
}

reduced!(DiceLoss);

impl DiceLoss {
    /// The dims that are summed over; the reduction is over the others. Default: all of them.
    #[must_use]
    pub fn dims(mut self, dims: &[isize]) -> DiceLoss {
        self.dims = Some(dims.to_vec());
        self
    }
}

impl Loss for DiceLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        Check(OP).same_float(input, target)?;
        hint::same(OP, target, input.shape())?;
        let sum = |x: &Tensor| sum_over(x, self.dims.as_deref());
        let rest = |x: &Tensor| x.neg().add_scalar(1.0);
        let both = sum(&input.try_mul(target)?)?.mul_scalar(2.0);
        let apart = sum(&input.try_mul(&rest(target))?.try_add(&rest(input).try_mul(target)?)?)?;
        self.reduction.of_all(&lack(&both, &apart.add_scalar(EPS))?, input)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
mod tests {
    use super::{DiceLoss, dice_loss};
    use crate::cases::Expected;
    use autograd_core::{DType, Tensor};

    fn formula(x: &Tensor, t: &Tensor) -> Expected {
        let (x, t) = (x.to_f64s(), t.to_f64s());
        let row = |(x, t): (&[f64], &[f64])| {
            let pairs = x.iter().zip(t);
            let (mut both, mut all) = (0.0, 0.0);
            for (x, t) in pairs {
                both += 2.0 * x * t;
                all += x + t;
            }
            1.0 - both / (all + 1e-7)
        };
        let losses: Vec<f64> = x.chunks(3).zip(t.chunks(3)).map(row).collect();
        Expected { shape: vec![losses.len()], divisor: losses.len() as f64, losses }
    }

    /// Of everything at once.
    fn whole(x: &Tensor, t: &Tensor) -> Expected {
        let sum = |x: &Tensor| x.sum().to_f64s()[0];
        let both = 2.0 * sum(&x.try_mul(t).expect("one shape"));
        Expected { shape: vec![], divisor: 1.0, losses: vec![1.0 - both / (sum(x) + sum(t) + 1e-7)] }
    }

    cases![
        loss("dice_loss", |r| DiceLoss::new().dims(&[1]).reduction(r), formula)
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
        loss("dice_loss", |r| DiceLoss::new().reduction(r), whole).function(dice_loss).within(0.0, 1.0).whole().on(
            Tensor::from([[0.5, 0.25, 0.5], [0.125, 0.75, 0.3]]).to_dtype(DType::F64),
            Tensor::from([[0.0, 1.0, 0.0], [0.5, 0.25, 0.25]]).to_dtype(DType::F64)
        ),
    ];
}
