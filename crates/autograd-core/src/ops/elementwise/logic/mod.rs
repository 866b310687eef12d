//! Masks: their logic, and choosing by them.

mod masks;
mod where_;

#[cfg(test)]
pub(super) fn cases() -> Vec<crate::ops::cases::Case> {
    [masks::cases(), where_::cases()].into_iter().flatten().collect()
}
