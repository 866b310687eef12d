//! Steps whose running average takes the place of a schedule.

mod adamw;
mod average;
mod sgd;

pub use adamw::ScheduleFreeAdamW;
pub use sgd::ScheduleFreeSgd;

register![ScheduleFreeSgd, ScheduleFreeAdamW];
