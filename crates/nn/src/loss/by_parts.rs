//! Losses from functions that return their parts.

use super::{Loss, LossParts};
use autograd_core::{Result, Tensor};

/// The loss of a function that returns its parts, for what is made of other losses.
///
/// A closure that returns a number is taken for a mean over the samples if the number is not that of a loss as it is:
/// `cross_entropy(y, t)?.mul_scalar(0.5)` has class weights or ignored targets of which nothing can be known. This one
/// says what it divides by:
///
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{CrossEntropyLoss, Loss, by_parts};
///
/// let weighted = CrossEntropyLoss::new().weight(Tensor::from([1.0, 3.0]));
/// let halved = by_parts(|y, t| Ok(weighted.parts(y, t)?.scale(0.5)));
/// let parts = halved.parts(&Tensor::from([[2.0, 0.0], [0.0, 0.0]]), &Tensor::from([0, 1]))?;
/// assert_eq!(parts.denominator, 4.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// A sum of the user's own, and the number that it is to be divided by, are [`LossParts::of_sum`]. A sum of two losses
/// with different denominators is no fraction: measure one of them as a metric, or add it as a penalty.
pub fn by_parts<F: Fn(&Tensor, &Tensor) -> Result<LossParts>>(parts: F) -> ByParts<F> {
    ByParts(parts)
}

/// The loss that [`by_parts`] makes.
#[derive(Clone, Copy, Debug)]
pub struct ByParts<F>(F);

impl<F: Fn(&Tensor, &Tensor) -> Result<LossParts>> Loss for ByParts<F> {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        Ok((self.0)(input, target)?.value)
    }

    fn parts(&self, input: &Tensor, target: &Tensor) -> Result<LossParts> {
        (self.0)(input, target)
    }
}

#[cfg(test)]
mod tests {
    use super::by_parts;
    use crate::loss::{CrossEntropyLoss, Loss, LossParts, cross_entropy};
    use autograd_core::{Result, Tensor, grad};

    /// Numerators over denominators of single rows, and the loss of all.
    fn rows_and_whole(loss: impl Loss, x: &Tensor, t: &Tensor) -> Result<[f64; 2]> {
        let (mut numerator, mut denominator) = (0.0, 0.0);
        for row in 0..t.shape()[0] as isize {
            let parts = loss.parts(&x.narrow(0, row, 1)?, &t.narrow(0, row, 1)?)?;
            numerator += parts.numerator.to_f64s()[0];
            denominator += parts.denominator;
        }
        Ok([numerator / denominator, loss.forward(x, t)?.to_f64s()[0]])
    }

    #[test]
    fn what_is_made_of_a_loss_adds_up() -> Result<()> {
        let (x, t) = (Tensor::from([[2.0, 0.0], [0.0, 0.0], [1.0, -1.0]]), Tensor::from([0, 1, -100]));
        let weighted = CrossEntropyLoss::new().weight(Tensor::from([1.0, 3.0]));
        let [rows, whole] = rows_and_whole(by_parts(|y, t| Ok(weighted.parts(y, t)?.scale(0.5))), &x, &t)?;
        assert!((rows - whole).abs() < 1e-6, "{rows} {whole}");
        let half = weighted.forward(&x, &t)?.mul_scalar(0.5).to_f64s()[0];
        assert_eq!(whole, half);
        // The same as a closure that returns a number does not.
        let [rows, whole] =
            rows_and_whole(|y: &Tensor, t: &Tensor| Ok(weighted.forward(y, t)?.mul_scalar(0.5)), &x, &t)?;
        assert!(rows.is_nan() && !whole.is_nan());

        let (y, z) = (Tensor::from([[1.0, 2.0], [4.0, 8.0]]), Tensor::from([[0.0, 1.0], [0.0, 1.0]]));
        // Of each element with a mask of its own.
        let masked = by_parts(|y, mask| Ok(LossParts::of_sum(y.try_mul(mask)?.sum(), mask.sum().to_f64s()[0])));
        assert_eq!(rows_and_whole(masked, &y, &z)?, [5.0, 5.0]);
        Ok(())
    }

    #[test]
    fn values_and_gradients() -> Result<()> {
        let x = Tensor::from([[2.0, 0.0]]).requires_grad();
        let parts = cross_entropy.parts(&x, &Tensor::from([0]))?.scale(-3.0);
        let plain = grad(&cross_entropy(&x, &Tensor::from([0]))?, &[&x])?[0].mul_scalar(-3.0).to_f64s();
        assert_eq!(grad(&parts.value, &[&x])?[0].to_f64s(), plain);
        assert_eq!(grad(&parts.numerator, &[&x])?[0].to_f64s(), plain);
        let nothing = LossParts::of_sum(x.sum().mul_scalar(0.0), 0.0);
        assert!(nothing.value.to_f64s()[0].is_nan() && nothing.denominator == 0.0);
        Ok(())
    }
}
