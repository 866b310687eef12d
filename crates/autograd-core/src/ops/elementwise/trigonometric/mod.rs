//! Functions of angles.

mod cos;
mod sin;

#[cfg(test)]
pub(super) fn cases() -> Vec<crate::ops::cases::Case> {
    [cos::cases(), sin::cases()].into_iter().flatten().collect()
}
