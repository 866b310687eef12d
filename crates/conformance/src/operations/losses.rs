//! Losses.

use super::Table;
use crate::call::{Call, Outputs};
use crate::stop::{Outcome, Stop};
use wengert_nn::{BceWithLogitsLoss, CrossEntropyLoss, L1Loss, Loss, MseLoss, Reduction, SmoothL1Loss};

pub(super) const TABLE: Table = &[
    ("mse_loss", |c| of(c, MseLoss::new().reduction(reduction(c)?))),
    ("l1_loss", |c| of(c, L1Loss::new().reduction(reduction(c)?))),
    ("smooth_l1_loss", |c| of(c, SmoothL1Loss::new().beta(c.number_or("beta", 1.0)?).reduction(reduction(c)?))),
    ("binary_cross_entropy_with_logits", |c| {
        let loss = BceWithLogitsLoss::new().reduction(reduction(c)?);
        let loss = c.maybe_tensor("weight")?.cloned().into_iter().fold(loss, BceWithLogitsLoss::weight);
        of(c, c.maybe_tensor("pos_weight")?.cloned().into_iter().fold(loss, BceWithLogitsLoss::pos_weight))
    }),
    ("cross_entropy", |c| {
        let loss = CrossEntropyLoss::new()
            .ignore_index(c.maybe_integer("ignore_index")?.unwrap_or(-100) as i64)
            .label_smoothing(c.number_or("label_smoothing", 0.0)?)
            .reduction(reduction(c)?);
        of(c, c.maybe_tensor("weight")?.cloned().into_iter().fold(loss, CrossEntropyLoss::weight))
    }),
];

fn of(c: &Call<'_>, loss: impl Loss) -> Outcome<Outputs> {
    c.one(loss.forward(c.tensor("input")?, c.tensor("target")?))
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
