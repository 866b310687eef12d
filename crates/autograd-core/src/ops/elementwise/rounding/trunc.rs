//! The whole part of a number, and the rest.

use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// `x` without its fractional part, element by element. Integers stay what they are.
    ///
    /// # Gradient
    /// None: the result is not tracked, for its derivative is zero wherever it exists.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([-1.5, 2.0, 2.7]).trunc().to_vec::<f32>()?, [-1.0, 2.0, 2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn trunc(&self) -> Tensor {
        elementwise([self], Trunc)
    }

    /// The fractional part: `y = x − trunc x`, with the sign of x, element by element.
    ///
    /// # Gradient
    /// `gx = gy`; saves nothing. At a whole number, where y jumps, the limit.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([-1.5, 2.0, 2.75]).frac().to_vec::<f32>()?, [-0.5, 0.0, 0.75]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn frac(&self) -> Tensor {
        elementwise([self], Frac)
    }
}

#[derive(Clone, Copy)]
struct Trunc;

impl Elementwise<1> for Trunc {
    const NAME: &'static str = "trunc";
    const KEEPS: Keeps = Keeps::Untracked;
    const INTEGER: Option<fn(Self, [i64; 1]) -> i64> = Some(|_, [x]| x);

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        x.trunc()
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Frac;

impl Elementwise<1> for Frac {
    const NAME: &'static str = "frac";
    const KEEPS: Keeps = Keeps::Nothing;
    const INTEGER: Option<fn(Self, [i64; 1]) -> i64> = Some(|_, _| 0);

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        x - x.trunc()
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, _: [N; 1], _: N) -> [N; 1] {
        [gy]
    }
}

#[cfg(test)]
crate::ops::cases::cases![
    Case::unary("trunc", -2.9..2.9, &[], |x| x.trunc(), f64::trunc).without_gradient(),
    Case::unary("frac", -2.9..2.9, &[-2.0, -1.0, 0.0, 1.0, 2.0], |x| x.frac(), f64::fract),
];
