//! The steps of every other function of single elements: of one operand, of one and numbers, of two and of three.

use crate::functions::pair;
use crate::steps::one;
use crate::values::{Machine, READABLE, is_decided, plain};
use autograd_core::{Result, Tensor, Tolerance};

pub fn functions(m: &mut Machine) -> Result<Vec<Tensor>> {
    const F: [fn(&Tensor) -> Tensor; 60] = [
        Tensor::acos,
        Tensor::acosh,
        Tensor::asin,
        Tensor::asinh,
        Tensor::atan,
        Tensor::atanh,
        Tensor::ceil,
        Tensor::cosh,
        Tensor::deg2rad,
        Tensor::digamma,
        Tensor::entr,
        Tensor::erfc,
        Tensor::erfcx,
        Tensor::erfinv,
        Tensor::exp2,
        Tensor::expit,
        Tensor::floor,
        Tensor::frac,
        |x| x.frexp().0,
        Tensor::hardsigmoid,
        Tensor::hardswish,
        Tensor::i0,
        Tensor::i0e,
        Tensor::i1,
        Tensor::i1e,
        Tensor::isfinite,
        Tensor::isinf,
        Tensor::isnan,
        Tensor::lgamma,
        Tensor::log10,
        Tensor::log2,
        Tensor::log_ndtr,
        Tensor::logit,
        Tensor::logsigmoid,
        Tensor::mish,
        Tensor::ndtr,
        Tensor::ndtri,
        Tensor::positive,
        Tensor::rad2deg,
        Tensor::reciprocal,
        Tensor::relu6,
        Tensor::rsqrt,
        Tensor::selu,
        Tensor::sinc,
        Tensor::sinh,
        Tensor::softsign,
        Tensor::swish,
        Tensor::tan,
        Tensor::tanhshrink,
        Tensor::trunc,
        Tensor::zeros_like,
        Tensor::ones_like,
        Tensor::atleast_1d,
        Tensor::atleast_2d,
        Tensor::atleast_3d,
        |x| x.elu(0.5),
        |x| x.polygamma(2),
        |x| x.round(0),
        |x| x.round(3),
        |x| x.nan_to_num(0.5, None, Some(-1.0)),
    ];
    let (x, f) = (m.value(), m.of(&F));
    plain(x.numel(), || f(&x))
}

pub fn with_numbers(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, c, d, seed) = (m.value(), m.number(), m.number(), m.seed());
    let n = m.of(&[0, 1, 2, 5, 100, u32::MAX]);
    match m.below(20) {
        0 => plain(x.numel(), || x.div_scalar(c)),
        1 => plain(x.numel(), || x.elu(c)),
        2 => one(x.celu(c)),
        3 => plain(x.numel(), || x.hardshrink(c)),
        4 => one(x.hardtanh(c, d)),
        5 => plain(x.numel(), || x.logit_eps(c)),
        6 => plain(x.numel(), || x.nan_to_num(c, Some(d), None)),
        7 => plain(x.numel(), || x.polygamma(n)),
        8 => plain(x.numel(), || x.round(m.of(&[-400, -2, 0, 1, 7, 400, i32::MAX, i32::MIN]))),
        9 => one(x.rrelu_mean(c, d)),
        10 => one(x.rrelu_seeded(c, d, seed)),
        11 => one(x.softshrink(c)),
        12 => one(x.squareplus(c)),
        13 => plain(x.numel(), || x.threshold(c, d)),
        14 => one(x.mvlgamma(n)),
        15 => one(x.rand_like_seeded(seed)),
        16 => one(x.randn_like_seeded(seed)),
        17 => one(x.bitwise_not()),
        18 => {
            let f = m.of(&[Tensor::gt_scalar, Tensor::le_scalar, Tensor::eq_scalar, Tensor::ne_scalar]);
            plain(x.numel(), || f(&x, c))
        }
        _ => one(x.logical_not()),
    }
}

pub fn of_two(m: &mut Machine) -> Result<Vec<Tensor>> {
    const F: [fn(&Tensor, &Tensor) -> Result<Tensor>; 30] = [
        Tensor::atan2,
        Tensor::copysign,
        Tensor::float_power,
        Tensor::floor_divide,
        Tensor::fmax,
        Tensor::fmin,
        Tensor::fmod,
        Tensor::gammainc,
        Tensor::gammaincc,
        Tensor::heaviside,
        Tensor::hypot,
        Tensor::logaddexp,
        Tensor::logaddexp2,
        Tensor::logical_xor,
        Tensor::nextafter,
        Tensor::prelu,
        Tensor::remainder,
        Tensor::trunc_divide,
        Tensor::xlog1py,
        Tensor::xlogy,
        Tensor::bitwise_and,
        Tensor::bitwise_or,
        Tensor::bitwise_xor,
        Tensor::gt,
        Tensor::le,
        Tensor::ldexp,
        Tensor::zeta,
        |a, b| a.isclose(b, Tolerance::new().equal_nan(true)),
        |a, b| a.lerp_scalar(b, 0.3),
        |a, b| a.masked_fill(b, 0.5),
    ];
    let ((a, b), f) = (pair(m), m.of(&F));
    let b = if m.once_in(8) && b.numel() <= READABLE { b.gt_scalar(0.0) } else { b };
    one(f(&a, &b))
}

pub fn of_three(m: &mut Machine) -> Result<Vec<Tensor>> {
    let ((a, b), value) = (pair(m), m.number());
    let c = if m.once_in(2) { a.clone() } else { m.small() };
    let rest = [a.numel(), b.numel(), c.numel()].into_iter().fold(1, usize::saturating_mul);
    if !is_decided(rest) && (a.shape() != b.shape() || c.shape() != a.shape()) {
        return Ok(vec![]);
    }
    match m.below(5) {
        0 => one(a.addcdiv(&b, &c, value)),
        1 => one(a.addcmul(&b, &c, value)),
        2 => one(a.clamp_tensor(Some(&b), Some(&c))),
        3 => one(a.clamp_tensor(None, if m.once_in(2) { Some(&b) } else { None })),
        _ if a.numel().max(b.numel()) > READABLE => Ok(vec![]),
        _ => one(a.gt_scalar(0.0).masked_map(&b, |x| Ok(x.log()), |x| x.try_mul(&c))),
    }
}
