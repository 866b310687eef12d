//! Keras' optimizers.

use super::{Entry, no_groups};
use crate::call::Call;
use crate::family::optimizers::Group;
use crate::stop::{Outcome, Stop};

pub(super) const TABLE: &[Entry] = &[];

/// What all of Keras' optimizers have: the learning rate and the weight decay; the runner clips the gradients.
#[derive(Clone, Copy)]
pub(super) struct Common {
    pub(super) lr: f64,
    pub(super) weight_decay: f64,
}

pub(super) fn common(c: &Call<'_>, groups: &[Group]) -> Outcome<Common> {
    no_groups(groups)?;
    for clipping in ["clipnorm", "clipvalue", "global_clipnorm"] {
        c.maybe_number(clipping)?;
    }
    averaged(c)?;
    Ok(Common { lr: c.number("learning_rate")?, weight_decay: c.number_or("weight_decay", 0.0)? })
}

/// Keras' average of the weights.
fn averaged(c: &Call<'_>) -> Outcome<()> {
    c.number("ema_momentum")?;
    if c.flag("use_ema")? { Err(Stop::argument("use_ema", true)) } else { Ok(()) }
}
