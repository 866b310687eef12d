//! The margin loss of an anchor between a like and an unlike thing.

use super::Distance;
use crate::loss::Reduction;
use crate::loss::options::reduced;
use crate::loss::pair::has_room;
use autograd_core::check::Check;
use autograd_core::{Error, Result, Tensor};

const OP: &str = "triplet_margin_loss";

/// The margin loss of an anchor a that is to be nearer to p than to n, the mean over all triplets.
///
/// ```text
/// loss = max(0, margin + d(a, p) − d(a, n))        margin = 1, d the 2-norm of a − b + 1e-6
/// swap: min(d(a, n), d(p, n)) in place of d(a, n)
/// ```
///
/// # Shapes
/// All three are `[D]` or `[N, D]`, with `..` before: vectors along the last dim.
///
/// # Gradient
/// That of the distances where the margin is missed, else 0; at the kink 0.
///
/// # Errors
/// If the shapes differ, or the dtypes are not one float type.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::triplet_margin_loss;
/// let (a, p, n) = (Tensor::from([[0.0, 0.0]]), Tensor::from([[3.0, 4.0]]), Tensor::from([[0.0, 2.0]]));
/// assert!((triplet_margin_loss(&a, &p, &n)?.item::<f32>()? - 4.0).abs() < 1e-5);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Schroff, Kalenichenko, Philbin, FaceNet, 2015. Balntas et al., Learning local feature descriptors with triplets and
/// shallow convolutional neural networks, 2016 (swap).
pub fn triplet_margin_loss(anchor: &Tensor, positive: &Tensor, negative: &Tensor) -> Result<Tensor> {
    TripletMarginLoss::new().forward(anchor, positive, negative)
}

/// [`triplet_margin_loss`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{Distance, Reduction, TripletMarginLoss};
/// let loss = TripletMarginLoss::new().margin(0.5).distance(Distance::L1).swap(true).reduction(Reduction::Sum);
/// let (a, p, n) = (Tensor::from([[0.0, 0.0]]), Tensor::from([[3.0, 4.0]]), Tensor::from([[0.0, 2.0]]));
/// assert_eq!(loss.forward(&a, &p, &n)?.item::<f32>()?, 5.5);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TripletMarginLoss {
    margin: f64,
    distance: Distance,
    swap: bool,
    reduction: Reduction,
}

impl Default for TripletMarginLoss {
    fn default() -> Self {
        let distance = Distance::Norm { p: 2.0, eps: 1e-6 };
        TripletMarginLoss { margin: 1.0, distance, swap: false, reduction: Reduction::Mean }
    }
}

reduced!(TripletMarginLoss);

impl TripletMarginLoss {
    /// By how much the distances must differ to cost nothing, positive. Default 1.
    #[must_use]
    pub fn margin(mut self, margin: f64) -> TripletMarginLoss {
        self.margin = margin;
        self
    }

    /// The distance. Default: the 2-norm.
    #[must_use]
    pub fn distance(mut self, distance: Distance) -> TripletMarginLoss {
        self.distance = distance;
        self
    }

    /// Whether the nearer of anchor and positive counts for the distance from the negative. Default false.
    #[must_use]
    pub fn swap(mut self, swap: bool) -> TripletMarginLoss {
        self.swap = swap;
        self
    }

    /// The loss of three batches of vectors.
    ///
    /// # Errors
    /// As for [`triplet_margin_loss`], or if the margin or the exponent of the norm is out of range.
    pub fn forward(&self, anchor: &Tensor, positive: &Tensor, negative: &Tensor) -> Result<Tensor> {
        if let Distance::Norm { p, .. } = self.distance {
            Check(OP).require(p >= 1.0, "p", p, "at least 1")?;
        }
        let losses = losses(OP, [anchor, positive, negative], self.margin, self.swap, |a, b| self.distance.of(a, b))?;
        self.reduction.apply(&losses)
    }
}

/// `max(0, margin + d(a, p) − d(a, n))` of an anchor, a positive and a negative.
pub(super) fn losses(
    op: &'static str,
    [anchor, positive, negative]: [&Tensor; 3],
    margin: f64,
    swap: bool,
    distance: impl Fn(&Tensor, &Tensor) -> Result<Tensor>,
) -> Result<Tensor> {
    Check(op).require(margin > 0.0 && margin.is_finite(), "margin", margin, "finite and positive")?;
    if anchor.rank() == 0 {
        return Err(Error::shape(op, "anchor", anchor.shape(), "[.., D]"));
    }
    for (what, x) in [("positive", positive), ("negative", negative)] {
        Check(op).same_float(anchor, x)?;
        Check(op).is(what, x, anchor.shape())?;
    }
    has_room(op, &[anchor])?;
    let near = distance(anchor, positive)?;
    let mut far = distance(anchor, negative)?;
    if swap {
        far = far.minimum(&distance(positive, negative)?)?;
    }
    Check(op).is("the distance of the negative", &far, near.shape())?;
    Ok(near.try_sub(&far)?.add_scalar(margin).relu())
}

#[cfg(test)]
mod tests {
    use super::TripletMarginLoss;
    use crate::cases::Expected;
    use crate::loss::margin::Distance;
    use autograd_core::{Result, Tensor};

    // The negative is half of the positive.
    fn of(swap: bool) -> crate::cases::LossCase {
        let build = move |r| {
            move |x: &Tensor, t: &Tensor| {
                let loss = TripletMarginLoss::new().distance(Distance::SquaredL2).swap(swap).reduction(r);
                loss.forward(x, t, &t.mul_scalar(0.5))
            }
        };
        let formula = move |x: &Tensor, t: &Tensor| {
            let square = |a: f64, b: f64| (a - b) * (a - b);
            let row = |(x, t): (&[f64], &[f64])| {
                let sum = |f: &dyn Fn(f64, f64) -> f64| x.iter().zip(t).map(|(x, t)| f(*x, *t)).sum::<f64>();
                let far = sum(&|x, t| square(x, t / 2.0));
                let far = if swap { far.min(sum(&|_, t| square(t, t / 2.0))) } else { far };
                (1.0 + sum(&square) - far).max(0.0)
            };
            let (x, t) = (x.to_f64s(), t.to_f64s());
            let losses: Vec<f64> = x.chunks(3).zip(t.chunks(3)).map(row).collect();
            Expected { shape: vec![losses.len()], divisor: losses.len() as f64, losses }
        };
        crate::cases::loss("triplet_margin_loss", build, formula).finite().shapes(&[4, 3], &[4, 3])
    }

    #[test]
    fn options_out_of_range_are_named() -> Result<()> {
        let x = Tensor::from([[1.0, 2.0]]);
        let text = |loss: TripletMarginLoss| loss.forward(&x, &x, &x).expect_err("refused").to_string();
        let margin = text(TripletMarginLoss::new().margin(-1.0));
        assert_eq!(margin, "triplet_margin_loss: margin is -1.0, it must be finite and positive");
        let p = text(TripletMarginLoss::new().distance(Distance::Norm { p: 0.5, eps: 0.0 }));
        assert_eq!(p, "triplet_margin_loss: p is 0.5, it must be at least 1");
        Ok(())
    }

    cases![
        of(false).refuses(
            Tensor::from([[1.0, 2.0]]),
            Tensor::from([1.0, 2.0]),
            "positive has shape [2], expected [1, 2]"
        ),
        of(true),
    ];
}
