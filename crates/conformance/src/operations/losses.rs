//! PyTorch's losses.

use super::Table;
use crate::call::{Call, Outputs};
use crate::stop::{Outcome, Stop};
use autograd_core::Tensor;
use wengert_nn::{
    BceLoss, BceWithLogitsLoss, CosineEmbeddingLoss, CrossEntropyLoss, CtcLoss, Distance, GaussianNllLoss,
    HingeEmbeddingLoss, HuberLoss, KlDivLoss, L1Loss, Loss, MarginRankingLoss, MseLoss, MultiLabelMarginLoss,
    MultiLabelSoftMarginLoss, MultiMarginLoss, NllLoss, PoissonNllLoss, Reduction, SmoothL1Loss, SoftMarginLoss,
    TripletMarginLoss, linear_cross_entropy,
};

pub(super) const TABLE: Table = &[
    ("mse_loss", |c| of(c, MseLoss::new().reduction(reduction(c)?))),
    ("l1_loss", |c| of(c, L1Loss::new().reduction(reduction(c)?))),
    ("smooth_l1_loss", |c| of(c, SmoothL1Loss::new().beta(c.number_or("beta", 1.0)?).reduction(reduction(c)?))),
    ("huber_loss", |c| of(c, HuberLoss::new().delta(c.number_or("delta", 1.0)?).reduction(reduction(c)?))),
    ("soft_margin_loss", |c| of_signs(c, SoftMarginLoss::new().reduction(reduction(c)?))),
    ("hinge_embedding_loss", |c| {
        of_signs(c, HingeEmbeddingLoss::new().margin(c.number_or("margin", 1.0)?).reduction(reduction(c)?))
    }),
    ("kl_div", |c| {
        let reduction = match c.maybe_word("reduction")? {
            Some("batchmean") => Reduction::BatchMean,
            _ => reduction(c)?,
        };
        of(c, KlDivLoss::new().log_target(c.flag_or("log_target", false)?).reduction(reduction))
    }),
    ("poisson_nll_loss", |c| {
        let loss = PoissonNllLoss::new().log_input(c.flag_or("log_input", true)?).full(c.flag_or("full", false)?);
        of(c, loss.eps(c.number_or("eps", 1e-8)?).reduction(reduction(c)?))
    }),
    ("gaussian_nll_loss", |c| {
        let loss = GaussianNllLoss::new().full(c.flag_or("full", false)?).eps(c.number_or("eps", 1e-6)?);
        let loss = loss.reduction(reduction(c)?);
        c.one(loss.forward(c.tensor("input")?, c.tensor("target")?, c.tensor("var")?))
    }),
    ("binary_cross_entropy", |c| {
        let loss = BceLoss::new().reduction(reduction(c)?);
        of(c, weight(c)?.into_iter().fold(loss, BceLoss::weight))
    }),
    ("binary_cross_entropy_with_logits", |c| {
        let loss = BceWithLogitsLoss::new().reduction(reduction(c)?);
        let loss = weight(c)?.into_iter().fold(loss, BceWithLogitsLoss::weight);
        of(c, c.maybe_tensor("pos_weight")?.cloned().into_iter().fold(loss, BceWithLogitsLoss::pos_weight))
    }),
    ("cross_entropy", |c| of(c, cross_entropy(c)?)),
    ("linear_cross_entropy", |c| {
        let (x, w, bias) = (c.tensor("input")?, c.tensor("linear_weight")?, c.maybe_tensor("linear_bias")?);
        c.one(linear_cross_entropy(x, w, bias, c.tensor("target")?, &cross_entropy(c)?))
    }),
    ("nll_loss", |c| {
        let loss = NllLoss::new().ignore_index(ignore_index(c)?).reduction(reduction(c)?);
        of(c, weight(c)?.into_iter().fold(loss, NllLoss::weight))
    }),
    ("multi_margin_loss", |c| {
        let squared = match c.number_or("p", 1.0)? {
            1.0 => false,
            2.0 => true,
            other => return Err(Stop::argument("p", other)),
        };
        let loss = MultiMarginLoss::new().squared(squared).margin(c.number_or("margin", 1.0)?).reduction(reduction(c)?);
        of(c, weight(c)?.into_iter().fold(loss, MultiMarginLoss::weight))
    }),
    ("multilabel_margin_loss", |c| of(c, MultiLabelMarginLoss::new().reduction(reduction(c)?))),
    ("multilabel_soft_margin_loss", |c| {
        let loss = MultiLabelSoftMarginLoss::new().reduction(reduction(c)?);
        of(c, weight(c)?.into_iter().fold(loss, MultiLabelSoftMarginLoss::weight))
    }),
    ("margin_ranking_loss", |c| {
        let loss = MarginRankingLoss::new().margin(c.number_or("margin", 0.0)?).reduction(reduction(c)?);
        c.one(loss.forward(c.tensor("input1")?, c.tensor("input2")?, &signs(c, "input1")?))
    }),
    ("cosine_embedding_loss", |c| {
        let loss = CosineEmbeddingLoss::new().margin(c.number_or("margin", 0.0)?).reduction(reduction(c)?);
        c.one(loss.forward(c.tensor("input1")?, c.tensor("input2")?, &signs(c, "input1")?))
    }),
    ("triplet_margin_loss", |c| {
        triplet(c, Distance::Norm { p: c.number_or("p", 2.0)?, eps: c.number_or("eps", 1e-6)? })
    }),
    ("triplet_margin_with_distance_loss", |c| {
        let distance = match c.word("distance")? {
            "l1" => Distance::L1,
            "squared_l2" => Distance::SquaredL2,
            "cosine" => Distance::Cosine,
            other => return Err(Stop::argument("distance", other)),
        };
        triplet(c, distance)
    }),
    ("ctc_loss", |c| {
        let lengths = |name: &str| -> Outcome<Vec<usize>> {
            let count = |size: isize| usize::try_from(size).map_err(|_| Stop::argument(name, size));
            c.integers(name)?.into_iter().map(count).collect()
        };
        let (times, sizes) = (lengths("input_lengths")?, lengths("target_lengths")?);
        let loss = CtcLoss::new().blank(c.count_or("blank", 0)?).zero_infinity(c.flag_or("zero_infinity", false)?);
        let loss = loss.reduction(reduction(c)?);
        let log_probs = c.tensor("logits")?.log_softmax(2)?;
        c.one(loss.forward(&log_probs, c.tensor("targets")?, &times, &sizes))
    }),
];

fn of(c: &Call<'_>, loss: impl Loss) -> Outcome<Outputs> {
    c.one(loss.forward(c.tensor("input")?, c.tensor("target")?))
}

/// Targets of ±1 may be integers in PyTorch; here they are of the dtype of what they are the target of.
fn signs(c: &Call<'_>, of: &str) -> Outcome<Tensor> {
    Ok(c.tensor("target")?.to_dtype(c.tensor(of)?.dtype()))
}

fn of_signs(c: &Call<'_>, loss: impl Loss) -> Outcome<Outputs> {
    c.one(loss.forward(c.tensor("input")?, &signs(c, "input")?))
}

fn triplet(c: &Call<'_>, distance: Distance) -> Outcome<Outputs> {
    let loss = TripletMarginLoss::new().distance(distance).margin(c.number_or("margin", 1.0)?);
    let loss = loss.swap(c.flag_or("swap", false)?).reduction(reduction(c)?);
    c.one(loss.forward(c.tensor("anchor")?, c.tensor("positive")?, c.tensor("negative")?))
}

fn cross_entropy(c: &Call<'_>) -> Outcome<CrossEntropyLoss> {
    let loss = CrossEntropyLoss::new().ignore_index(ignore_index(c)?).reduction(reduction(c)?);
    let loss = loss.label_smoothing(c.number_or("label_smoothing", 0.0)?);
    Ok(weight(c)?.into_iter().fold(loss, CrossEntropyLoss::weight))
}

fn weight(c: &Call<'_>) -> Outcome<Option<Tensor>> {
    Ok(c.maybe_tensor("weight")?.cloned())
}

fn ignore_index(c: &Call<'_>) -> Outcome<i64> {
    Ok(c.maybe_integer("ignore_index")?.unwrap_or(-100) as i64)
}

/// Models name a loss without its arguments, and mean its defaults.
fn reduction(c: &Call<'_>) -> Outcome<Reduction> {
    match c.maybe_word("reduction")? {
        Some("none") => Ok(Reduction::None),
        None | Some("mean") => Ok(Reduction::Mean),
        Some("sum") => Ok(Reduction::Sum),
        Some(other) => Err(Stop::argument("reduction", other)),
    }
}
