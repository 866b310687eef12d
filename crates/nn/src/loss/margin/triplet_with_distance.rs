//! The margin loss of triplets with a distance of one's own.

use super::triplet::losses;
use crate::loss::Reduction;
use autograd_core::{Result, Tensor};

const OP: &str = "triplet_margin_with_distance_loss";

/// The margin loss of an anchor a that is to be nearer to p than to n by a distance of one's own, the mean over all
/// triplets.
///
/// ```text
/// loss = max(0, margin + d(a, p) − d(a, n))        margin = 1
/// swap: min(d(a, n), d(p, n)) in place of d(a, n)
/// ```
///
/// # Shapes
/// All three have one shape with at least one dim; the distance of two such tensors may have any, for example `[..]` of
/// `[.., D]`.
///
/// # Gradient
/// That of the distances where the margin is missed, else 0; at the kink 0.
///
/// # Errors
/// If the shapes differ, the dtypes are not one float type, or the distance fails.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::triplet_margin_with_distance_loss;
/// let largest = |a: &Tensor, b: &Tensor| a.try_sub(b)?.abs().amax(-1);
/// let (a, p, n) = (Tensor::from([[0.0, 0.0]]), Tensor::from([[3.0, 4.0]]), Tensor::from([[0.0, 2.0]]));
/// assert_eq!(triplet_margin_with_distance_loss(&a, &p, &n, largest)?.item::<f32>()?, 3.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Schroff, Kalenichenko, Philbin, FaceNet, 2015, equation 2.
pub fn triplet_margin_with_distance_loss(
    anchor: &Tensor,
    positive: &Tensor,
    negative: &Tensor,
    distance: impl Fn(&Tensor, &Tensor) -> Result<Tensor>,
) -> Result<Tensor> {
    TripletMarginWithDistanceLoss::new(distance).forward(anchor, positive, negative)
}

/// [`triplet_margin_with_distance_loss`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{Distance, Reduction, TripletMarginWithDistanceLoss};
/// let loss = TripletMarginWithDistanceLoss::new(|a: &Tensor, b: &Tensor| Distance::SquaredL2.of(a, b));
/// let loss = loss.margin(0.5).swap(true).reduction(Reduction::Sum);
/// let (a, p, n) = (Tensor::from([[0.0, 0.0]]), Tensor::from([[3.0, 4.0]]), Tensor::from([[3.0, 2.0]]));
/// assert_eq!(loss.forward(&a, &p, &n)?.item::<f32>()?, 21.5);                     // 0.5 + 25 − min(13, 4)
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TripletMarginWithDistanceLoss<D> {
    distance: D,
    margin: f64,
    swap: bool,
    reduction: Reduction,
}

impl<D: Fn(&Tensor, &Tensor) -> Result<Tensor>> TripletMarginWithDistanceLoss<D> {
    /// The loss of a distance.
    pub fn new(distance: D) -> TripletMarginWithDistanceLoss<D> {
        TripletMarginWithDistanceLoss { distance, margin: 1.0, swap: false, reduction: Reduction::Mean }
    }

    /// By how much the distances must differ to cost nothing, positive. Default 1.
    #[must_use]
    pub fn margin(mut self, margin: f64) -> TripletMarginWithDistanceLoss<D> {
        self.margin = margin;
        self
    }

    /// Whether the nearer of anchor and positive counts for the distance from the negative. Default false.
    #[must_use]
    pub fn swap(mut self, swap: bool) -> TripletMarginWithDistanceLoss<D> {
        self.swap = swap;
        self
    }

    /// The reduction of the losses of triplets. Default: their mean.
    #[must_use]
    pub fn reduction(mut self, reduction: Reduction) -> TripletMarginWithDistanceLoss<D> {
        self.reduction = reduction;
        self
    }

    /// The loss of three batches.
    ///
    /// # Errors
    /// As for [`triplet_margin_with_distance_loss`], or if the margin is not positive.
    pub fn forward(&self, anchor: &Tensor, positive: &Tensor, negative: &Tensor) -> Result<Tensor> {
        self.reduction.apply(&losses(OP, [anchor, positive, negative], self.margin, self.swap, &self.distance)?)
    }
}

#[cfg(test)]
mod tests {
    use super::TripletMarginWithDistanceLoss;
    use crate::cases::Expected;
    use autograd_core::Tensor;

    // The negative is half of the positive; the distance is the sum of fourth powers.
    fn of(swap: bool, margin: f64) -> crate::cases::LossCase {
        let build = move |r| {
            move |x: &Tensor, t: &Tensor| {
                let fourth = |a: &Tensor, b: &Tensor| a.try_sub(b)?.square().square().sum_dim(-1);
                let loss = TripletMarginWithDistanceLoss::new(fourth).margin(margin).swap(swap).reduction(r);
                loss.forward(x, t, &t.mul_scalar(0.5))
            }
        };
        let formula = move |x: &Tensor, t: &Tensor| {
            let row = |(x, t): (&[f64], &[f64])| {
                let sum = |f: &dyn Fn(f64, f64) -> f64| x.iter().zip(t).map(|(x, t)| f(*x, *t).powi(4)).sum::<f64>();
                let far = sum(&|x, t| x - t / 2.0);
                let far = if swap { far.min(sum(&|_, t| t / 2.0)) } else { far };
                (margin + sum(&|x, t| x - t) - far).max(0.0)
            };
            let (x, t) = (x.to_f64s(), t.to_f64s());
            let losses: Vec<f64> = x.chunks(3).zip(t.chunks(3)).map(row).collect();
            Expected { shape: vec![losses.len()], divisor: losses.len() as f64, losses }
        };
        crate::cases::loss("triplet_margin_with_distance_loss", build, formula)
    }

    #[test]
    fn distances_of_two_shapes_are_named() {
        let x = Tensor::from([[1.0, 2.0]]);
        let odd = |a: &Tensor, b: &Tensor| if a.shares_memory(b) { Ok(a.sum()) } else { Ok(a.clone()) };
        let loss = TripletMarginWithDistanceLoss::new(odd);
        let error = loss.forward(&x, &x, &x.mul_scalar(2.0)).expect_err("refused").to_string();
        let text = "triplet_margin_with_distance_loss: the distance of the negative has shape [1, 2], expected []";
        assert_eq!(error, text);
    }

    cases![
        of(false, 1.0).finite().shapes(&[4, 3], &[4, 3]).refuses(
            Tensor::from([[1.0, 2.0]]),
            Tensor::from([1.0, 2.0]),
            "positive has shape [2], expected [1, 2]"
        ),
        of(true, 0.5).finite().shapes(&[4, 3], &[4, 3]).refuses(
            Tensor::from(1.0),
            Tensor::from(1.0),
            "anchor has shape [], expected [.., D]"
        ),
        of(true, 0.0).refuses(
            Tensor::from([1.0]),
            Tensor::from([1.0]),
            "margin is 0.0, it must be finite and positive"
        ),
    ];
}
