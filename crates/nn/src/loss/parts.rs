//! The parts of a loss: the sum that is added up over a set, and the number that it is divided by.

use super::Loss;
use autograd_core::check::Check;
use autograd_core::{DType, Result, Tensor};
use std::cell::RefCell;

/// A loss as a fraction, from [`Loss::parts`](super::Loss::parts). Over several batches it is the sum of the numerators
/// divided by the sum of the denominators, however the samples are cut into batches.
///
/// ```text
/// loss of a set = Σ numerator / Σ denominator
/// ```
///
/// The gradient of a large batch can be gathered from small ones in the same way: add up the gradients of the
/// numerators, and divide by the sum of the denominators.
///
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{CrossEntropyLoss, Loss};
///
/// let loss = CrossEntropyLoss::new().weight(Tensor::from([1.0, 3.0]));
/// let (x, t) = (Tensor::from([[2.0, 0.0], [0.0, 0.0]]), Tensor::from([0, 1]));
/// let (mut numerator, mut denominator) = (0.0, 0.0);
/// for row in 0..2 {
///     let parts = loss.parts(&x.narrow(0, row, 1)?, &t.narrow(0, row, 1)?)?;
///     numerator += parts.numerator.item::<f32>()?;
///     denominator += parts.denominator.item::<f64>()? as f32;
/// }
/// let whole = loss.forward(&x, &t)?.item::<f32>()?;
/// assert!((numerator / denominator - whole).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LossParts {
    /// What [`Loss::forward`](super::Loss::forward) returns, and a step of training descends along.
    pub value: Tensor,
    /// The sum of the losses, tracked like the value.
    pub numerator: Tensor,
    /// What the mean divides the sum by, one number in `F64`: the number of elements or samples, or the sum of their
    /// weights. 0 if nothing counts, as in a batch of ignored targets; then the value of a mean is NaN.
    pub denominator: Tensor,
}

impl LossParts {
    pub(super) fn new(value: Tensor, numerator: Tensor, denominator: &Tensor) -> LossParts {
        LossParts { value, numerator, denominator: denominator.detach().to_dtype(DType::F64) }
    }

    /// A value that is a mean over `denominator` things, which must not be 0.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// # use wengert_nn::LossParts;
    /// let parts = LossParts::of_mean(Tensor::from(0.5), 4.0);
    /// assert_eq!((parts.numerator.item::<f32>()?, parts.denominator.item::<f64>()?), (2.0, 4.0));
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn of_mean(value: Tensor, denominator: f64) -> LossParts {
        LossParts { numerator: value.mul_scalar(denominator), value, denominator: Tensor::scalar(denominator) }
    }

    /// A sum and the number that it is divided by; 0 if nothing counts.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// # use wengert_nn::LossParts;
    /// let parts = LossParts::of_sum(Tensor::from(2.0), 4.0);
    /// assert_eq!(parts.value.item::<f32>()?, 0.5);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn of_sum(numerator: Tensor, denominator: f64) -> LossParts {
        LossParts { value: numerator.div_scalar(denominator), numerator, denominator: Tensor::scalar(denominator) }
    }

    /// A sum and the number that it is divided by, where that depends on the numbers of input or target: a sum of
    /// weights, the size of a mask. It may have another float dtype than the sum.
    ///
    /// # Errors
    /// If the denominator is not one number.
    ///
    /// # Examples
    /// ```
    /// use autograd_core::Tensor;
    /// use wengert_nn::{LossParts, by_parts};
    /// // The sum of the outputs that a mask selects, over their number.
    /// let masked = by_parts(|y, mask| LossParts::of_fraction(y.try_mul(mask)?.sum(), &mask.sum()));
    /// # use wengert_nn::Loss;
    /// assert_eq!(masked.forward(&Tensor::from([1.0, 2.0, 5.0]), &Tensor::from([1.0, 0.0, 1.0]))?.item::<f32>()?, 3.0);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn of_fraction(numerator: Tensor, denominator: &Tensor) -> Result<LossParts> {
        Check("of_fraction").is("the denominator", denominator, &[])?;
        let value = numerator.try_div(&denominator.to_dtype(numerator.dtype()))?;
        Ok(LossParts::new(value, numerator, denominator))
    }

    /// The parts of `factor` times the loss.
    #[must_use]
    pub fn scale(self, factor: f64) -> LossParts {
        let numerator = self.numerator.mul_scalar(factor);
        // A value that is the sum itself stays that, which says how several batches are put together.
        let is_sum = self.value.shares_memory(&self.numerator);
        let value = if is_sum { numerator.clone() } else { self.value.mul_scalar(factor) };
        LossParts { value, numerator, ..self }
    }
}

thread_local! {
    /// What reductions of this thread have returned since a loss began to be taken apart.
    static NOTES: RefCell<Option<Vec<LossParts>>> = const { RefCell::new(None) };
}

fn replace(notes: Option<Vec<LossParts>>) -> Option<Vec<LossParts>> {
    NOTES.try_with(|slot| slot.replace(notes)).ok().flatten()
}

/// Puts back the notes of the loss around this one, also after an error or a panic.
struct Around(Option<Vec<LossParts>>);

impl Drop for Around {
    fn drop(&mut self) {
        replace(self.0.take());
    }
}

/// Notes what a reduction returns, if a loss is being taken apart.
pub(super) fn note(parts: impl FnOnce() -> LossParts) {
    if NOTES.try_with(|slot| slot.borrow().is_some()).unwrap_or(false) {
        // Not while the slot is borrowed.
        let parts = parts();
        let _ = NOTES.try_with(|slot| slot.borrow_mut().get_or_insert_default().push(parts));
    }
}

/// The parts of the loss that `forward` computes: those of the reduction that returned the same tensor, which is how a
/// function like `cross_entropy` says what it divided by; else the value counts as a mean over the samples.
pub(super) fn of(samples: usize, forward: impl FnOnce() -> Result<Tensor>) -> Result<LossParts> {
    let around = Around(replace(Some(Vec::new())));
    let value = forward()?;
    let notes = replace(None).unwrap_or_default();
    drop(around);
    if let Some(own) = notes.iter().rfind(|note| note.value.shares_memory(&value)) {
        return Ok(LossParts { value, ..own.clone() });
    }
    if samples == 0 {
        // The mean of no samples is NaN, and adds nothing to that of others.
        return Ok(LossParts::new(value.clone(), value.zeros_like(), &Tensor::scalar(0.0)));
    }
    let mean = LossParts::of_mean(value, samples as f64);
    match notes.last() {
        Some(note) if mean.value.rank() == 0 && note.value.is_like(&mean.value) => unless_nothing_counts(mean, note),
        _ => Ok(mean),
    }
}

/// The parts of something made of another loss; if both are NaN, as where nothing counts, those of the other.
fn unless_nothing_counts(mean: LossParts, of: &LossParts) -> Result<LossParts> {
    let nan = |x: &Tensor| x.ne(x);
    let both = nan(&mean.value)?.logical_and(&nan(&of.value)?)?;
    let numerator = both.where_cond(&of.numerator, &mean.numerator)?;
    let denominator = both.where_cond(&of.denominator, &mean.denominator)?;
    Ok(LossParts { numerator, denominator, ..mean })
}

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
/// assert_eq!(parts.denominator.item::<f64>()?, 4.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// A sum of the user's own, and the number that it is to be divided by, are [`LossParts::of_sum`]; if that number
/// depends on targets or outputs, [`LossParts::of_fraction`]. A sum of two losses with different denominators is no
/// fraction: measure one of them as a metric, or add it as a penalty.
pub fn by_parts<F: Fn(&Tensor, &Tensor) -> Result<LossParts>>(parts: F) -> ByParts<F> {
    ByParts(parts)
}

/// The loss that [`by_parts`] makes.
///
/// # Examples
/// ```
/// use wengert_nn::{ByParts, Loss, MseLoss, by_parts};
/// fn halved() -> ByParts<impl Fn(&autograd_core::Tensor, &autograd_core::Tensor) -> wengert_nn::Result<wengert_nn::LossParts>> {
///     by_parts(|y, t| Ok(MseLoss::new().parts(y, t)?.scale(0.5)))
/// }
/// let (y, t) = (autograd_core::Tensor::from([2.0]), autograd_core::Tensor::from([0.0]));
/// assert_eq!(halved().parts(&y, &t)?.value.item::<f32>()?, 2.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
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
    use super::{LossParts, by_parts};
    use crate::loss::{CrossEntropyLoss, Loss, MseLoss, Reduction, cross_entropy, mse_loss};
    use autograd_core::{Result, Tensor, grad};

    fn fraction(loss: impl Loss, x: &Tensor, t: &Tensor) -> Result<(f64, f64)> {
        let parts = loss.parts(x, t)?;
        Ok((parts.numerator.to_f64s()[0], parts.denominator.item::<f64>()?))
    }

    #[test]
    fn functions_and_closures_say_what_they_divide_by() -> Result<()> {
        let (x, t) = (Tensor::from([[0.0, 0.0], [0.0, 0.0]]), Tensor::from([1, -100]));
        let ln2 = f64::from(2f32.ln());
        assert_eq!(fraction(cross_entropy, &x, &t)?, (ln2, 1.0));
        assert_eq!(fraction(|x: &Tensor, t: &Tensor| cross_entropy(x, t), &x, &t)?, (ln2, 1.0));
        // Something else was made of it: a mean over two samples.
        let halved = |x: &Tensor, t: &Tensor| Ok(cross_entropy(x, t)?.mul_scalar(0.5));
        assert_eq!(fraction(halved, &x, &t)?, (ln2, 2.0));
        // A mean of nothing adds nothing.
        let own = |x: &Tensor, t: &Tensor| x.try_sub(t)?.abs().mean();
        let none = Tensor::zeros(&[0, 2], autograd_core::DType::F32)?;
        assert_eq!(fraction(own, &none, &none)?, (0.0, 0.0));
        assert_eq!(fraction(mse_loss, &none, &none)?, (0.0, 0.0));
        // Of several reductions it is the one that is returned.
        let (y, z) = (Tensor::from([[1.0, 2.0, 4.0]]), Tensor::from([[0.0, 0.0, 0.0]]));
        let first = |y: &Tensor, z: &Tensor| {
            let loss = mse_loss(y, z)?;
            drop(MseLoss::new().reduction(Reduction::Sum).forward(&y.neg().add_scalar(9.0), z)?);
            Ok(loss)
        };
        assert_eq!(fraction(first, &y, &z)?, (21.0, 3.0));
        Ok(())
    }

    #[test]
    fn ignored_targets_alone_count_nothing() -> Result<()> {
        let (x, t) = (Tensor::from([[2.0, 0.0]]).requires_grad(), Tensor::from([-100]));
        for loss in [CrossEntropyLoss::new(), CrossEntropyLoss::new().weight(Tensor::from([1.0, 3.0]))] {
            let parts = loss.parts(&x, &t)?;
            assert!(parts.value.item::<f32>()?.is_nan());
            assert_eq!((parts.numerator.item::<f32>()?, parts.denominator.item::<f64>()?), (0.0, 0.0));
            assert_eq!(grad(&parts.numerator, &[&x])?[0].to_vec::<f32>()?, [0.0, 0.0]);
        }
        Ok(())
    }

    #[test]
    fn a_loss_inside_a_loss_leaves_the_notes_of_the_outer_one() -> Result<()> {
        let (x, t) = (Tensor::from([[1.0, 3.0]]), Tensor::from([[0.0, 0.0]]));
        let outer = |x: &Tensor, t: &Tensor| {
            let loss = mse_loss(x, t)?;
            mse_loss.parts(&x.neg(), t)?;
            assert!(cross_entropy.parts(x, &Tensor::from([7])).is_err());
            Ok(loss)
        };
        assert_eq!(fraction(outer, &x, &t)?, (10.0, 2.0));
        Ok(())
    }

    /// Numerators over denominators of single rows, and the loss of all.
    fn rows_and_whole(loss: impl Loss, x: &Tensor, t: &Tensor) -> Result<[f64; 2]> {
        let (mut numerator, mut denominator) = (0.0, 0.0);
        for row in 0..t.shape()[0] as isize {
            let parts = loss.parts(&x.narrow(0, row, 1)?, &t.narrow(0, row, 1)?)?;
            numerator += parts.numerator.to_f64s()[0];
            denominator += parts.denominator.item::<f64>()?;
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
        // As a closure that returns a number it does not.
        let [rows, whole] =
            rows_and_whole(|y: &Tensor, t: &Tensor| Ok(weighted.forward(y, t)?.mul_scalar(0.5)), &x, &t)?;
        assert!((rows - whole).abs() > 0.01, "{rows} {whole}");

        let (y, z) = (Tensor::from([[1.0, 2.0], [4.0, 8.0]]), Tensor::from([[0.0, 1.0], [0.0, 1.0]]));
        // Of each element with a mask of its own.
        let masked = by_parts(|y, mask| Ok(LossParts::of_sum(y.try_mul(mask)?.sum(), mask.sum().to_f64s()[0])));
        assert_eq!(rows_and_whole(masked, &y, &z)?, [5.0, 5.0]);
        let fraction = by_parts(|y, mask| LossParts::of_fraction(y.try_mul(mask)?.sum(), &mask.sum()));
        assert_eq!(rows_and_whole(fraction, &y, &z)?, [5.0, 5.0]);
        let error = LossParts::of_fraction(y.sum(), &z).expect_err("four numbers");
        assert_eq!(error.to_string(), "of_fraction: the denominator has shape [2, 2], expected []");
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
        assert!(nothing.value.to_f64s()[0].is_nan() && nothing.denominator.item::<f64>()? == 0.0);
        Ok(())
    }
}
