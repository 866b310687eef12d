//! Matrix products, and the affine map networks are made of.

pub(crate) mod linear;
pub(crate) mod matmul;
pub(crate) mod product;

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::cases::Case> {
    [linear::cases(), matmul::cases()].into_iter().flatten().collect()
}
