//! Operations that treat every element by itself.
//!
//! Two drivers ([`unary`], [`binary`]) do what they share: dtypes, broadcasting, the fused kernels, recording. An
//! operation is a formula and its derivative, one file each.

pub(crate) mod binary;
pub(crate) mod unary;

pub(crate) mod abs;
pub(crate) mod add;
pub(crate) mod cast;
pub(crate) mod clamp;
pub(crate) mod compare;
pub(crate) mod cos;
pub(crate) mod div;
pub(crate) mod erf;
pub(crate) mod exp;
pub(crate) mod expm1;
pub(crate) mod gelu;
pub(crate) mod leaky_relu;
pub(crate) mod log;
pub(crate) mod log1p;
pub(crate) mod maximum;
pub(crate) mod mul;
pub(crate) mod neg;
pub(crate) mod pow;
pub(crate) mod powf;
pub(crate) mod prelu;
pub(crate) mod relu;
pub(crate) mod scalar;
pub(crate) mod sigmoid;
pub(crate) mod sign;
pub(crate) mod silu;
pub(crate) mod sin;
pub(crate) mod softplus;
pub(crate) mod sqrt;
pub(crate) mod square;
pub(crate) mod sub;
pub(crate) mod tanh;
pub(crate) mod where_;

mod operators;

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::cases::Case> {
    [
        abs::cases(),
        add::cases(),
        cast::cases(),
        clamp::cases(),
        compare::cases(),
        cos::cases(),
        div::cases(),
        erf::cases(),
        exp::cases(),
        expm1::cases(),
        gelu::cases(),
        leaky_relu::cases(),
        log::cases(),
        log1p::cases(),
        maximum::cases(),
        mul::cases(),
        neg::cases(),
        pow::cases(),
        powf::cases(),
        prelu::cases(),
        relu::cases(),
        scalar::cases(),
        sigmoid::cases(),
        sign::cases(),
        silu::cases(),
        sin::cases(),
        softplus::cases(),
        sqrt::cases(),
        square::cases(),
        sub::cases(),
        tanh::cases(),
        where_::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
