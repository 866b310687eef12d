//! Keras's losses: a value for each sample, times its weight, reduced.

use super::Table;
use crate::call::{Call, Outputs};
use crate::stop::{Outcome, Stop};
use autograd_core::{DType, Result, Tensor};
use wengert_nn::{
    BceLoss, BceWithLogitsLoss, BinaryFocalLoss, CategoricalCrossEntropyLoss, CategoricalFocalLoss,
    CategoricalHingeLoss, CosineSimilarityLoss, CrossEntropyLoss, DiceLoss, GeneralizedCrossEntropyLoss, HingeLoss,
    HuberLoss, KlDivLoss, L1Loss, LogCoshLoss, Loss, MapeLoss, MseLoss, MsleLoss, PerSample, PoissonNllLoss, Pooling,
    Reduction, TverskyLoss,
};

pub(super) const TABLE: Table = &[
    ("keras.MeanSquaredError", |c| mean(c, MseLoss::new().reduction(Reduction::None))),
    ("keras.MeanAbsoluteError", |c| mean(c, L1Loss::new().reduction(Reduction::None))),
    ("keras.MeanAbsolutePercentageError", |c| mean(c, MapeLoss::new().reduction(Reduction::None))),
    ("keras.MeanSquaredLogarithmicError", |c| mean(c, MsleLoss::new().reduction(Reduction::None))),
    ("keras.Huber", |c| mean(c, HuberLoss::new().delta(c.number("delta")?).reduction(Reduction::None))),
    ("keras.LogCosh", |c| mean(c, LogCoshLoss::new().reduction(Reduction::None))),
    ("keras.Poisson", |c| mean(c, PoissonNllLoss::new().log_input(false).eps(1e-7).reduction(Reduction::None))),
    ("keras.KLDivergence", |c| {
        // Both are probabilities there, limited to [1e-7, 1] by tensors, with half of the gradient for each of two
        // equals.
        let limited = |p: &Tensor| {
            let [low, high] = [1e-7, 1.0].map(|limit| p.full_like(limit));
            p.clamp_tensor(Some(&low), Some(&high))
        };
        let loss = |p: &Tensor, t: &Tensor| {
            KlDivLoss::new().reduction(Reduction::None).forward(&limited(p)?.log(), &limited(t)?)
        };
        pooled(c, loss, Pooling::Sum)
    }),
    ("keras.CosineSimilarity", |c| {
        let loss = CosineSimilarityLoss::new().dim(c.integer("axis")?).reduction(Reduction::None);
        pooled(c, loss, Pooling::None)
    }),
    ("keras.Hinge", |c| mean(c, signed(HingeLoss::new().reduction(Reduction::None)))),
    ("keras.SquaredHinge", |c| mean(c, signed(HingeLoss::new().squared(true).reduction(Reduction::None)))),
    ("keras.CategoricalHinge", |c| pooled(c, CategoricalHingeLoss::new().reduction(Reduction::None), Pooling::None)),
    ("keras.BinaryCrossentropy", |c| {
        let smoothing = c.number("label_smoothing")?;
        if c.flag("from_logits")? {
            return mean(c, BceWithLogitsLoss::new().label_smoothing(smoothing).reduction(Reduction::None));
        }
        mean(c, BceLoss::new().label_smoothing(smoothing).clip(1e-7).reduction(Reduction::None))
    }),
    ("keras.BinaryFocalCrossentropy", |c| {
        let loss = BinaryFocalLoss::new().gamma(c.number("gamma")?).alpha(c.number("alpha")?);
        let loss = loss.balanced(c.flag("apply_class_balancing")?).from_logits(c.flag("from_logits")?);
        mean(c, loss.label_smoothing(c.number("label_smoothing")?).reduction(Reduction::None))
    }),
    ("keras.CategoricalCrossentropy", |c| {
        let smoothing = c.number("label_smoothing")?;
        if c.flag("from_logits")? {
            let loss = CrossEntropyLoss::new().label_smoothing(smoothing).reduction(Reduction::None);
            return pooled(c, classes_last(loss), Pooling::None);
        }
        let loss = CategoricalCrossEntropyLoss::new().label_smoothing(smoothing).reduction(Reduction::None);
        pooled(c, loss, Pooling::None)
    }),
    ("keras.SparseCategoricalCrossentropy", |c| {
        let ignored = c.maybe_integer("ignore_class")?.map(|class| class as i64);
        if c.flag("from_logits")? {
            let loss = CrossEntropyLoss::new().reduction(Reduction::None);
            let loss = ignored.into_iter().fold(loss, CrossEntropyLoss::ignore_index);
            return counted(c, classes_last(loss), ignored);
        }
        let loss = CategoricalCrossEntropyLoss::new().reduction(Reduction::None);
        counted(c, ignored.into_iter().fold(loss, CategoricalCrossEntropyLoss::ignore_index), ignored)
    }),
    ("keras.CategoricalFocalCrossentropy", |c| {
        let loss = CategoricalFocalLoss::new().gamma(c.number("gamma")?).alpha(c.number("alpha")?);
        let loss = loss.from_logits(c.flag("from_logits")?).label_smoothing(c.number("label_smoothing")?);
        pooled(c, loss.reduction(Reduction::None), Pooling::None)
    }),
    ("keras.CategoricalGeneralizedCrossEntropy", |c| {
        let loss = GeneralizedCrossEntropyLoss::new().q(c.number("q")?).reduction(Reduction::None);
        pooled(c, loss, Pooling::None)
    }),
    ("keras.Dice", |c| {
        let loss = DiceLoss::new().reduction(reduction(c)?);
        let dims = axis(c)?;
        let loss = dims.iter().fold(loss, |loss, dims| loss.dims(dims));
        c.one(loss.forward(c.tensor("y_pred")?, c.tensor("y_true")?))
    }),
    ("keras.Tversky", |c| {
        let loss = TverskyLoss::new().alpha(c.number("alpha")?).beta(c.number("beta")?).reduction(reduction(c)?);
        let loss = axis(c)?.iter().fold(loss, |loss, dims| loss.dims(dims));
        c.one(loss.forward(c.tensor("y_pred")?, c.tensor("y_true")?))
    }),
];

fn axis(c: &Call<'_>) -> Outcome<Option<Vec<isize>>> {
    match c.value("axis") {
        None | Some(serde_json::Value::Null) => Ok(None),
        Some(_) => c.integers("axis").map(Some),
    }
}

/// Labels that are all 0 or 1 become −1 and 1.
fn signed(loss: impl Loss) -> impl Loss {
    move |x: &Tensor, t: &Tensor| {
        let binary = t.to_f64s().iter().all(|t| *t == 0.0 || *t == 1.0);
        loss.forward(x, &if binary { t.mul_scalar(2.0).add_scalar(-1.0) } else { t.clone() })
    }
}

/// PyTorch's classes are the second dim, Keras's the last.
fn classes_last(loss: CrossEntropyLoss) -> impl Loss {
    move |x: &Tensor, t: &Tensor| {
        let rank = x.rank() as isize;
        if rank < 3 {
            return loss.forward(x, t);
        }
        let order: Vec<isize> = [0, rank - 1].into_iter().chain(1..rank - 1).collect();
        let t = if t.dtype() == DType::I64 { t.clone() } else { t.permute(&order)? };
        loss.forward(&x.permute(&order)?, &t)
    }
}

fn mean(c: &Call<'_>, loss: impl Loss) -> Outcome<Outputs> {
    pooled(c, loss, Pooling::Mean)
}

fn pooled(c: &Call<'_>, loss: impl Loss, pooling: Pooling) -> Outcome<Outputs> {
    c.one(weighed(c, PerSample::new(loss).pooling(pooling).reduction(reduction(c)?))?)
}

/// The loss, with a weight for each sample if there are such.
fn weighed(c: &Call<'_>, loss: PerSample<impl Loss>) -> Outcome<Result<Tensor>> {
    let (p, t) = (c.tensor("y_pred")?, c.tensor("y_true")?);
    Ok(match c.maybe_tensor("sample_weight")? {
        Some(weight) => loss.weighted(p, t, weight),
        None => loss.forward(p, t),
    })
}

/// The losses of samples, of which a class may be ignored: a mean is over the others, and 0 if there are none.
fn counted(c: &Call<'_>, loss: impl Loss, ignored: Option<i64>) -> Outcome<Outputs> {
    let (Some(ignored), Reduction::Mean) = (ignored, reduction(c)?) else { return pooled(c, loss, Pooling::None) };
    let sum = weighed(c, PerSample::new(loss).pooling(Pooling::None).reduction(Reduction::Sum))?;
    let count = c.tensor("y_true")?.to_f64s().iter().filter(|t| **t != ignored as f64).count().max(1);
    c.one(sum.map(|sum| sum.div_scalar(count as f64)))
}

fn reduction(c: &Call<'_>) -> Outcome<Reduction> {
    match c.word("reduction")? {
        "none" => Ok(Reduction::None),
        "sum" => Ok(Reduction::Sum),
        "sum_over_batch_size" => Ok(Reduction::Mean),
        other => Err(Stop::argument("reduction", other)),
    }
}
