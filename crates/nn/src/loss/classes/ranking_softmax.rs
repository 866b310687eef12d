//! The softmax loss of rankings.

use crate::loss::options::reduced;
use crate::loss::pair::{product, weighted};
use crate::loss::reduction::Divisor;
use crate::loss::{Loss, Reduction, hint};
use autograd_core::check::Check;
use autograd_core::{DType, Description, Error, Result, Tensor};

const OP: &str = "ranking_softmax_loss";

/// The softmax loss of lists of items with scores x and relevances t, those along the last dim, the mean over all
/// lists: relevant items are to be above the others.
///
/// ```text
/// loss = −Σ t ln softmax(x)
/// ```
///
/// # Shapes
/// `input` and `target` are `[.., L]`, L the number of items of a list.
///
/// # Gradient
/// `softmax(x) Σt − t`.
///
/// # Errors
/// If the shapes differ, or the dtypes are not one float type.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::ranking_softmax_loss;
/// let loss = ranking_softmax_loss(&Tensor::from([2.0, 1.0, 3.0]), &Tensor::from([1.0, 0.0, 0.0]))?;
/// assert!((loss.item::<f32>()? - 1.407_606).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Cao et al., Learning to Rank: From Pairwise Approach to Listwise Approach, 2007 (ListNet, for one relevant item).
/// Bruch et al., An Analysis of the Softmax Cost Function for Learning to Rank, 2019.
pub fn ranking_softmax_loss(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    RankingSoftmaxLoss::new().forward(input, target)
}

/// [`ranking_softmax_loss`] with options.
///
/// # Examples
/// Lists of different lengths are padded, and a mask says which items there are:
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::RankingSoftmaxLoss;
/// let (x, t) = (Tensor::from([[2.0, 1.0, 0.0], [1.0, 0.5, 1.5]]), Tensor::from([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]));
/// let mask = Tensor::from([[true, true, false], [true, true, true]]);
/// let loss = RankingSoftmaxLoss::new().weight(Tensor::from([1.0, 1.0, 1.0])).masked(&x, &t, &mask)?;
/// assert!((loss.item::<f32>()? - 0.496_766).abs() < 1e-5);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct RankingSoftmaxLoss {
    weight: Option<Tensor>,
    reduction: Reduction,
}

reduced!(RankingSoftmaxLoss);

impl RankingSoftmaxLoss {
    /// How much the relevance of each item counts; broadcast. The mean still divides by the number of lists. Default:
    /// all 1.
    #[must_use]
    pub fn weight(mut self, weight: Tensor) -> RankingSoftmaxLoss {
        self.weight = Some(weight);
        self
    }

    /// The loss of the items where `mask` (`Bool`, of the input's shape) is true. What the others hold, NaN or
    /// infinite, reaches neither the loss nor a gradient. Lists without an item have the loss 0, and the mean does not
    /// count them.
    ///
    /// # Errors
    /// As for [`ranking_softmax_loss`], or if the mask does not fit.
    pub fn masked(&self, input: &Tensor, target: &Tensor, mask: &Tensor) -> Result<Tensor> {
        self.check(input, target)?;
        Check(OP).dtype(mask, DType::Bool)?;
        Check(OP).is("mask", mask, input.shape())?;
        let counts = mask.to_dtype(DType::I64).sum_dim(-1)?.gt_scalar(0.0);
        let absent = mask.logical_not()?;
        // Of zeros where a list has no item: its softmax would be NaN.
        let scores = input.masked_fill(&absent, f64::NEG_INFINITY)?;
        let scores = scores.masked_fill(&counts.logical_not()?.unsqueeze(-1)?, 0.0)?;
        let losses = self.lists(&scores, &target.masked_fill(&absent, 0.0)?)?;
        self.reduction.divided(&losses, Divisor::Number(counts.to_dtype(DType::F64).sum()))
    }

    fn check(&self, input: &Tensor, target: &Tensor) -> Result<()> {
        Check(OP).same_float(input, target)?;
        if input.rank() == 0 {
            return Err(Error::shape(OP, "the input", input.shape(), "[.., L]"));
        }
        hint::same(OP, target, input.shape())
    }

    fn lists(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        let relevance = match &self.weight {
            Some(weight) => &weighted(OP, "weight", target, weight)?,
            None => target,
        };
        Ok(product(relevance, &input.log_softmax(-1)?)?.sum_dim(-1)?.neg())
    }
}

impl Loss for RankingSoftmaxLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        self.check(input, target)?;
        self.reduction.apply(&self.lists(input, target)?)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self).option("weight", self.weight.as_ref().map(Tensor::to_f64s))
    }
}

#[cfg(test)]
mod tests {
    use super::{RankingSoftmaxLoss, ranking_softmax_loss};
    use crate::cases::{Expected, LossCase};
    use crate::loss::Reduction;
    use autograd_core::{DType, Result, Tensor, grad};

    const WEIGHT: [f64; 3] = [0.5, 2.0, 1.25];

    fn of(weighted: bool) -> LossCase {
        let formula = move |x: &Tensor, t: &Tensor| {
            let (x, t) = (x.to_f64s(), t.to_f64s());
            let row = |(x, t): (&[f64], &[f64])| {
                let total: f64 = x.iter().map(|x| x.exp()).sum();
                let weight = |k: usize| if weighted { WEIGHT[k] } else { 1.0 };
                (0..3).map(|k| -weight(k) * t[k] * (x[k] - total.ln())).sum::<f64>()
            };
            let losses: Vec<f64> = x.chunks(3).zip(t.chunks(3)).map(row).collect();
            Expected { shape: vec![losses.len()], divisor: losses.len() as f64, losses }
        };
        let build = move |reduction: Reduction| {
            move |x: &Tensor, t: &Tensor| {
                let weight = weighted.then(|| Tensor::from(WEIGHT).to_dtype(x.dtype()));
                let loss = weight.into_iter().fold(RankingSoftmaxLoss::new(), RankingSoftmaxLoss::weight);
                crate::loss::Loss::forward(&loss.reduction(reduction), x, t)
            }
        };
        crate::cases::loss("ranking_softmax_loss", build, formula).up_to(1000.0)
    }

    fn x() -> Tensor {
        Tensor::from([[0.5, 0.25, -0.75], [3.0, -1.0, 0.125]]).to_dtype(DType::F64)
    }

    fn t() -> Tensor {
        Tensor::from([[0.0, 3.0, 1.0], [1.0, 0.0, 0.0]]).to_dtype(DType::F64)
    }

    #[test]
    fn what_is_masked_reaches_nothing() -> Result<()> {
        let bad = f64::NAN;
        let x = Tensor::from([[0.5, bad, 0.25], [bad, f64::INFINITY, bad]]).requires_grad();
        let t = Tensor::from([[1.0, bad, 0.0], [1.0, 1.0, 1.0]]);
        let mask = Tensor::from([[true, false, true], [false, false, false]]);
        let none = RankingSoftmaxLoss::new().reduction(Reduction::None).masked(&x, &t, &mask)?.to_vec::<f32>()?;
        assert!((none[0] - (1.0 + (-0.25f32).exp()).ln()).abs() < 1e-6 && none[1] == 0.0, "{none:?}");
        let mean = RankingSoftmaxLoss::new().masked(&x, &t, &mask)?;
        assert_eq!(mean.item::<f32>()?, none[0]);
        let gradient = grad(&mean, &[&x])?[0].to_vec::<f32>()?;
        assert!(gradient[0] < 0.0 && gradient[2] > 0.0, "{gradient:?}");
        assert!([1, 3, 4, 5].iter().all(|i| gradient[*i] == 0.0), "{gradient:?}");
        // Nothing counts: the mean of nothing.
        let nothing = mask.zeros_like();
        assert!(RankingSoftmaxLoss::new().masked(&x, &t, &nothing)?.item::<f32>()?.is_nan());
        let sum = RankingSoftmaxLoss::new().reduction(Reduction::Sum).masked(&x, &t, &nothing)?;
        assert_eq!((sum.item::<f32>()?, grad(&sum, &[&x])?[0].to_f64s()), (0.0, vec![0.0; 6]));
        let error = RankingSoftmaxLoss::new().masked(&x, &t, &Tensor::from([true])).expect_err("refused").to_string();
        assert_eq!(error, "ranking_softmax_loss: mask has shape [1], expected [2, 3]");
        let error = RankingSoftmaxLoss::new().masked(&x, &t, &t).expect_err("refused").to_string();
        assert_eq!(error, "ranking_softmax_loss: dtype is F32, expected Bool; to_dtype converts");
        Ok(())
    }

    cases![
        of(false)
            .function(ranking_softmax_loss)
            .on(x(), t())
            .refuses(Tensor::from(1.0), Tensor::from(1.0), "the input has shape [], expected [.., L]")
            .refuses(
                Tensor::from([1.0, 2.0]),
                Tensor::from([1.0]),
                "target has shape [1], expected [2], that of the input"
            ),
        of(true).on(x(), t()).refuses(
            Tensor::from([[1.0, 2.0]]),
            Tensor::from([[1.0, 0.0]]),
            "weight has shape [3], expected one that broadcasts to the input's, [1, 2]"
        ),
    ];
}
