//! Losses.

use super::Table;
use crate::call::Call;
use crate::stop::{Outcome, Stop};
use wengert_nn::{BceWithLogitsLoss, CrossEntropyLoss, L1Loss, MseLoss, Reduction, SmoothL1Loss};

pub(super) const TABLE: Table = &[
    ("mse_loss", |c| c.one(MseLoss { reduction: reduction(c)? }.forward(c.tensor("input")?, c.tensor("target")?))),
    ("l1_loss", |c| c.one(L1Loss { reduction: reduction(c)? }.forward(c.tensor("input")?, c.tensor("target")?))),
    ("smooth_l1_loss", |c| {
        let loss = SmoothL1Loss { beta: c.number_or("beta", 1.0)?, reduction: reduction(c)? };
        c.one(loss.forward(c.tensor("input")?, c.tensor("target")?))
    }),
    ("binary_cross_entropy_with_logits", |c| {
        let (weight, pos_weight) = (c.maybe_tensor("weight")?.cloned(), c.maybe_tensor("pos_weight")?.cloned());
        let loss = BceWithLogitsLoss { weight, pos_weight, reduction: reduction(c)? };
        c.one(loss.forward(c.tensor("input")?, c.tensor("target")?))
    }),
    ("cross_entropy", |c| {
        let loss = CrossEntropyLoss {
            weight: c.maybe_tensor("weight")?.cloned(),
            ignore_index: c.maybe_integer("ignore_index")?.unwrap_or(-100) as i64,
            label_smoothing: c.number_or("label_smoothing", 0.0)?,
            reduction: reduction(c)?,
        };
        c.one(loss.forward(c.tensor("input")?, c.tensor("target")?))
    }),
];

/// Models name a loss without its arguments, and mean its defaults.
fn reduction(c: &Call<'_>) -> Outcome<Reduction> {
    match c.maybe_word("reduction")? {
        Some("none") => Ok(Reduction::None),
        None | Some("mean") => Ok(Reduction::Mean),
        Some("sum") => Ok(Reduction::Sum),
        Some(other) => Err(Stop::argument("reduction", other)),
    }
}
