//! Exponentials, logarithms, powers and roots.

mod exp;
mod expm1;
mod log;
mod log1p;
mod pow;
mod powf;
mod sqrt;

#[cfg(test)]
pub(super) fn cases() -> Vec<crate::ops::cases::Case> {
    [exp::cases(), expm1::cases(), log::cases(), log1p::cases(), pow::cases(), powf::cases(), sqrt::cases()]
        .into_iter()
        .flatten()
        .collect()
}
