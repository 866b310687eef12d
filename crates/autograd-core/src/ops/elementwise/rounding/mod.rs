//! Rounding: to a sign, to another dtype. Steps carry no gradient.

mod cast;
mod sign;

#[cfg(test)]
pub(super) fn cases() -> Vec<crate::ops::cases::Case> {
    [cast::cases(), sign::cases()].into_iter().flatten().collect()
}
