//! The losses of sparsemax.

use super::labelled::{Labelled, dim_of_classes, ignores_none, is_labels};
use crate::activation::SparsePlus;
use crate::layer::Layer;
use crate::loss::options::reduced;
use crate::loss::pair::product;
use crate::loss::{Loss, Reduction, hint};
use autograd_core::check::Check;
use autograd_core::{Description, Result, Tensor, keep};

const OP: &str = "sparsemax_loss";
const MULTICLASS: &str = "multiclass_sparsemax_loss";

/// The sparsemax loss of a score x with the probability t of the positive class, the mean over all elements: 0 as soon
/// as the score is right by 1.
///
/// ```text
/// loss = t s(−x) + (1 − t) s(x)
/// s(x) = 0 where x ≤ −1,  (x + 1)² / 4 where −1 < x < 1,  x where x ≥ 1
/// ```
///
/// # Shapes
/// `input` and `target` have one shape.
///
/// # Gradient
/// `min(max((x + 1) / 2, 0), 1) − t` for x, `−x` for t.
///
/// # Errors
/// If the shapes differ, or the dtypes are not one float type.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::sparsemax_loss;
/// let loss = sparsemax_loss(&Tensor::from([0.5, 2.0]), &Tensor::from([1.0, 0.0]))?;
/// assert_eq!(loss.item::<f32>()?, (0.0625 + 2.0) / 2.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Blondel, Martins, Niculae, Learning with Fenchel-Young Losses, 2020, section 4.4.
pub fn sparsemax_loss(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    SparsemaxLoss::new().forward(input, target)
}

/// [`sparsemax_loss`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{Loss, Reduction, SparsemaxLoss};
/// let loss = SparsemaxLoss::new().reduction(Reduction::None);
/// let losses = loss.forward(&Tensor::from([0.5, 2.0]), &Tensor::from([1.0, 0.0]))?;
/// assert_eq!(losses.to_vec::<f32>()?, [0.0625, 2.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SparsemaxLoss {
    reduction: Reduction,
}

reduced!(SparsemaxLoss);

impl Loss for SparsemaxLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        Check(OP).same_float(input, target)?;
        hint::same(OP, target, input.shape())?;
        let positive = product(target, &SparsePlus.forward(&input.neg())?)?;
        let negative = product(&target.neg().add_scalar(1.0), &SparsePlus.forward(input)?)?;
        self.reduction.apply(&positive.try_add(&negative)?)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

/// The sparsemax loss of logits x with the target class t or with class probabilities t, the mean over all samples: 0
/// where `sparsemax(x) = t`; cross-entropy never is.
///
/// ```text
/// loss = Σ p x − Σ t x + (Σ t² − Σ p²) / 2        p = sparsemax(x)
/// ```
///
/// # Shapes
/// `input: [C]`, `[N, C]` or `[N, C, ..]`. Class indices (`I64`) have the input's shape without C, class probabilities
/// (the input's dtype), which add up to 1, the whole shape.
///
/// # Gradient
/// `p − t` for x.
///
/// # Numerics
/// Computed of x less its largest element: adding the same to all x changes nothing.
///
/// # Errors
/// If the shapes do not fit, a class is out of range, or the target is neither `I64` nor of the input's dtype. Samples
/// of class −100 are ignored.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::multiclass_sparsemax_loss;
/// let x = Tensor::from([[1.0, 0.5, -3.0], [1.0, 0.5, -3.0]]);
/// let loss = multiclass_sparsemax_loss(&x, &Tensor::from([0, 1]))?;
/// assert_eq!(loss.item::<f32>()?, (0.0625 + 0.5625) / 2.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Martins, Astudillo, From Softmax to Sparsemax: A Sparse Model of Attention and Multi-Label Classification, 2016,
/// equation 18.
pub fn multiclass_sparsemax_loss(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    MulticlassSparsemaxLoss::new().forward(input, target)
}

/// [`multiclass_sparsemax_loss`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{Loss, MulticlassSparsemaxLoss, Reduction};
/// let loss = MulticlassSparsemaxLoss::new().ignore_index(1).reduction(Reduction::None);
/// let x = Tensor::from([[1.0, 0.5, -3.0], [1.0, 0.5, -3.0]]);
/// assert_eq!(loss.forward(&x, &Tensor::from([2, 1]))?.to_vec::<f32>()?, [4.0625, 0.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MulticlassSparsemaxLoss {
    ignore_index: i64,
    reduction: Reduction,
}

impl Default for MulticlassSparsemaxLoss {
    fn default() -> Self {
        MulticlassSparsemaxLoss { ignore_index: -100, reduction: Reduction::Mean }
    }
}

reduced!(MulticlassSparsemaxLoss);

impl MulticlassSparsemaxLoss {
    /// Samples of this class count nothing, in sum and mean. Default −100.
    #[must_use]
    pub fn ignore_index(mut self, ignore_index: i64) -> MulticlassSparsemaxLoss {
        self.ignore_index = ignore_index;
        self
    }
}

impl Loss for MulticlassSparsemaxLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        Check(MULTICLASS).float(input)?;
        let dim = dim_of_classes(MULTICLASS, input)?;
        if is_labels(MULTICLASS, input, target, dim)? {
            let labelled = Labelled::of(MULTICLASS, input, target, dim, self.ignore_index, true)?;
            let marked = labelled.labels.one_hot(Some(labelled.classes)).map_err(|error| error.context(MULTICLASS))?;
            let losses = multiclass(&labelled.rows, &marked.to_dtype(input.dtype()), 1)?;
            return labelled.reduce(&losses, None, self.reduction);
        }
        ignores_none(MULTICLASS, self.ignore_index)?;
        self.reduction.apply(&multiclass(input, target, dim as isize)?)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

fn multiclass(x: &Tensor, t: &Tensor, dim: isize) -> Result<Tensor> {
    let p = x.sparsemax(dim)?;
    // Tracked: where t does not add up to 1, it counts.
    let below = if x.numel() == 0 { x.clone() } else { x.try_sub(&x.amax(keep(dim))?)? };
    // Where x is −∞, p is 0 and stays so.
    let finite = below.masked_fill(&below.detach().isneginf(), 0.0)?;
    let scores = p.try_mul(&finite)?.try_sub(&product(t, &below)?)?;
    let squares = t.square().try_sub(&p.square())?.mul_scalar(0.5);
    scores.try_add(&squares)?.sum_dim(dim)
}

#[cfg(test)]
mod tests {
    use super::{MulticlassSparsemaxLoss, SparsemaxLoss, multiclass_sparsemax_loss, sparsemax_loss};
    use crate::cases::{Expected, LossCase};
    use autograd_core::{DType, Tensor};

    fn of_one(x: f64) -> f64 {
        if x >= 1.0 { x } else { (x + 1.0).max(0.0).powi(2) / 4.0 }
    }

    /// The largest value of `q · x − (q · q − t · t) / 2 − t · x` over probabilities q, by Newton for its threshold.
    fn formula(x: &Tensor, t: &Tensor) -> Expected {
        let (x, indices, t) = (x.to_f64s(), t.dtype() == DType::I64, t.to_f64s());
        let row = |(n, x): (usize, &[f64])| {
            let mut threshold = x.iter().copied().fold(f64::INFINITY, f64::min) - 1.0;
            for _ in 0..50 {
                let above: Vec<f64> = x.iter().copied().filter(|x| *x > threshold).collect();
                threshold = (above.iter().sum::<f64>() - 1.0) / above.len() as f64;
            }
            let share = |k: usize| if indices { f64::from(t[n] as usize == k) } else { t[n * 3 + k] };
            let term = |k: usize| {
                let (p, t) = ((x[k] - threshold).max(0.0), share(k));
                (p - t) * x[k] + (t * t - p * p) / 2.0
            };
            (0..3).map(term).sum::<f64>()
        };
        let losses: Vec<f64> = x.chunks(3).enumerate().map(row).collect();
        Expected { shape: vec![losses.len()], divisor: losses.len() as f64, losses }
    }

    fn multiclass() -> LossCase {
        crate::cases::loss("multiclass_sparsemax_loss", |r| MulticlassSparsemaxLoss::new().reduction(r), formula)
            .up_to(1000.0)
    }

    fn x() -> Tensor {
        Tensor::from([[0.5, 0.25, -0.75], [3.0, -1.0, 0.125]]).to_dtype(DType::F64)
    }

    cases![
        loss(
            "sparsemax_loss",
            |r| SparsemaxLoss::new().reduction(r),
            each(|x, t| t * of_one(-x) + (1.0 - t) * of_one(x))
        )
        .function(sparsemax_loss)
        .on(x(), Tensor::from([[0.0, 1.0, 0.25], [1.0, 0.0, 1.0]]).to_dtype(DType::F64))
        .refuses(
            Tensor::from([1.0, 2.0]),
            Tensor::from([1.0]),
            "target has shape [1], expected [2], that of the input"
        ),
        multiclass().function(multiclass_sparsemax_loss).ignores(-100).on(x(), Tensor::from([1, 0])).refuses(
            Tensor::from([[0.0, 1.0]]),
            Tensor::from([0, 1]),
            "target has shape [2], expected [1]"
        ),
        multiclass().on(x(), Tensor::from([[0.5, 0.25, 0.25], [0.0, 0.0, 1.0]]).to_dtype(DType::F64)).refuses(
            Tensor::from([[0.0, 1.0]]),
            Tensor::from([[0.0, 1.0]]).to_dtype(DType::F64),
            "dtypes F32 and F64 do not mix; convert one with to_dtype"
        ),
        loss("multiclass_sparsemax_loss", |r| MulticlassSparsemaxLoss::new().ignore_index(0).reduction(r), formula)
            .refuses(
                Tensor::from([[0.0, 1.0]]),
                Tensor::from([[0.0, 1.0]]),
                "ignore_index is 0, it must be negative with class probabilities: there is no class to ignore"
            ),
    ];
}
