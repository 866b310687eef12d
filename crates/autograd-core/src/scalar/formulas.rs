//! Formulas of `Number` that are no operation of tensors.

use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps};

/// `x · a + b`, rounded once.
#[derive(Clone, Copy)]
pub(super) struct MulAdd;

impl Elementwise<3> for MulAdd {
    const NAME: &'static str = "mul_add";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x, a, b]: [N; 3]) -> N {
        x.mul_add(a, b)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x, a, _]: [N; 3], _: N) -> [N; 3] {
        [gy * a, gy * x, gy]
    }
}

/// `e^(x − m)`, from the difference that is not rounded.
#[derive(Clone, Copy)]
pub(super) struct ExpLess;

impl Elementwise<2> for ExpLess {
    const NAME: &'static str = "exp_less";
    const KEEPS: Keeps = Keeps::Output;

    #[inline(always)]
    fn value<N: Number>(self, [x, m]: [N; 2]) -> N {
        x.exp_less(m)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, _: [N; 2], y: N) -> [N; 2] {
        [gy * y, -(gy * y)]
    }
}

/// 1 with the sign of x; NaN stays NaN.
#[derive(Clone, Copy)]
pub(super) struct Signum;

impl Elementwise<1> for Signum {
    const NAME: &'static str = "signum";
    const KEEPS: Keeps = Keeps::Untracked;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        N::select(x.is_nan(), x, N::of(1.0).copysign(x))
    }
}
