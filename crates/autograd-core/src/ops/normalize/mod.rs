//! Operations that relate every element of a row to the whole row.

pub(crate) mod cross_entropy;
pub(crate) mod log_softmax;
pub(crate) mod rows;
pub(crate) mod softmax;

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::cases::Case> {
    [cross_entropy::cases(), log_softmax::cases(), softmax::cases()].into_iter().flatten().collect()
}
