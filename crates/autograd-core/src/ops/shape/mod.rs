//! Operations that rearrange elements. Most are views: the same memory under other strides.

pub(crate) mod cat;
pub(crate) mod expand;
pub(crate) mod permute;
pub(crate) mod reshape;
pub(crate) mod slice;

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::cases::Case> {
    [cat::cases(), expand::cases(), permute::cases(), reshape::cases(), slice::cases()].into_iter().flatten().collect()
}
