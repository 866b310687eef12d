//! Hyperbolic functions.

mod tanh;

#[cfg(test)]
pub(super) fn cases() -> Vec<crate::ops::cases::Case> {
    [tanh::cases()].into_iter().flatten().collect()
}
