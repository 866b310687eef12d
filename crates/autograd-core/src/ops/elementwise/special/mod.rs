//! Special functions.

mod erf;

#[cfg(test)]
pub(super) fn cases() -> Vec<crate::ops::cases::Case> {
    [erf::cases()].into_iter().flatten().collect()
}
