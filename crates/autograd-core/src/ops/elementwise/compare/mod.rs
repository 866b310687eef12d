//! Comparisons, extremes of two, and limits.

mod clamp;
mod maximum;
mod order;

#[cfg(test)]
pub(super) fn cases() -> Vec<crate::ops::cases::Case> {
    [clamp::cases(), maximum::cases(), order::cases()].into_iter().flatten().collect()
}
