//! Negation.

use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tape::record_same;
use crate::tensor::Tensor;

impl Tensor {
    /// `y = −x`, element by element; also written `-&x`. Integers stay integers.
    ///
    /// # Gradient
    /// `gx = −gy`; saves nothing.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!((-Tensor::from([1.0, -2.0])).to_vec::<f32>()?, [-1.0, 2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn neg(&self) -> Tensor {
        elementwise([self], Neg)
    }

    /// `y = x`, as a value of its own.
    ///
    /// # Gradient
    /// `gx = gy`; saves nothing.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([1.0, -2.0]).positive().to_vec::<f32>()?, [1.0, -2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn positive(&self) -> Tensor {
        record_same("positive", self)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Neg;

impl Elementwise<1> for Neg {
    const NAME: &'static str = "neg";
    const KEEPS: Keeps = Keeps::Nothing;
    const INTEGER: Option<fn(Self, [i64; 1]) -> i64> = Some(|_, [x]| x.wrapping_neg());

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        -x
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, _: [N; 1], _: N) -> [N; 1] {
        [-gy]
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("neg", -2.0..2.0, &[], |x| x.neg(), |x| -x)];
