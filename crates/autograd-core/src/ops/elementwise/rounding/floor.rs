//! Rounding down and up.

use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// The largest whole number that is not above `x`, element by element. Integers stay what they are.
    ///
    /// # Gradient
    /// None: the result is not tracked, for its derivative is zero wherever it exists.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([-1.5, 2.0, 2.7]).floor().to_vec::<f32>()?, [-2.0, 2.0, 2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn floor(&self) -> Tensor {
        elementwise([self], Floor)
    }

    /// The smallest whole number that is not below `x`, element by element; otherwise like [`Tensor::floor`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([-1.5, 2.0, 2.2]).ceil().to_vec::<f32>()?, [-1.0, 2.0, 3.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn ceil(&self) -> Tensor {
        elementwise([self], Ceil)
    }
}

#[derive(Clone, Copy)]
struct Floor;

impl Elementwise<1> for Floor {
    const NAME: &'static str = "floor";
    const KEEPS: Keeps = Keeps::Untracked;
    const INTEGER: Option<fn(Self, [i64; 1]) -> i64> = Some(|_, [x]| x);

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        x.floor()
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Ceil;

impl Elementwise<1> for Ceil {
    const NAME: &'static str = "ceil";
    const KEEPS: Keeps = Keeps::Untracked;
    const INTEGER: Option<fn(Self, [i64; 1]) -> i64> = Some(|_, [x]| x);

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        -((-x).floor())
    }
}

#[cfg(test)]
crate::ops::cases::cases![
    Case::unary("floor", -2.9..2.9, &[], |x| x.floor(), f64::floor).without_gradient(),
    Case::unary("ceil", -2.9..2.9, &[], |x| x.ceil(), f64::ceil).without_gradient(),
];
