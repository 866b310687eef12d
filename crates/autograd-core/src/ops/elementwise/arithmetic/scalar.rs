//! Arithmetic with a number.

use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tape::unwatched;
use crate::tensor::{DType, Tensor, whole};

impl Tensor {
    /// `y = x + c`; also written `&x + c`. The number takes the tensor's dtype; an integer tensor becomes `F32` if the
    /// number is not whole.
    ///
    /// # Gradient
    /// `gx = gy`; saves nothing.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0]).add_scalar(0.5).to_vec::<f32>()?, [1.5, 2.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn add_scalar(&self, c: f64) -> Tensor {
        // An infinite number, as in a mask of −∞, is the caller's: the sum has not made it.
        let sum = || self.with_number(c, AddScalar(c));
        if c.is_finite() { sum() } else { unwatched(sum) }
    }

    /// `y = c x`; also written `&x * c`. Otherwise like [`Tensor::add_scalar`].
    ///
    /// # Gradient
    /// `gx = c gy`; saves nothing.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([1, 2]).mul_scalar(3.0).to_vec::<i64>()?, [3, 6]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn mul_scalar(&self, c: f64) -> Tensor {
        self.with_number(c, MulScalar(c))
    }

    /// `y = x / c`; also written `&x / c`. Integers become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy / c`; saves nothing.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([1, 2]).div_scalar(2.0).to_vec::<f32>()?, [0.5, 1.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn div_scalar(&self, c: f64) -> Tensor {
        elementwise([self], DivScalar(c))
    }

    /// `y = c / x`, of which `c / &x` is the public name. Integers become `F32` first.
    ///
    /// # Gradient
    /// `gx = −gy · c / x²`; saves x.
    pub(in crate::ops::elementwise) fn scalar_div(&self, c: f64) -> Tensor {
        elementwise([self], ScalarDiv(c))
    }

    /// Integers become floats if the number is not whole.
    fn with_number<F: Elementwise<1>>(&self, c: f64, f: F) -> Tensor {
        let float = (self.dtype() == DType::I64 && whole(c).is_none()).then(|| self.to_dtype(DType::F32));
        elementwise([float.as_ref().unwrap_or(self)], f)
    }
}

#[derive(Clone, Copy)]
struct AddScalar(f64);

impl Elementwise<1> for AddScalar {
    const NAME: &'static str = "add_scalar";
    const KEEPS: Keeps = Keeps::Nothing;
    const INTEGER: Option<fn(Self, [i64; 1]) -> i64> = Some(|f, [x]| x.wrapping_add(f.0 as i64));

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        x + N::of(self.0)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, _: [N; 1], _: N) -> [N; 1] {
        [gy]
    }
}

#[derive(Clone, Copy)]
struct MulScalar(f64);

impl Elementwise<1> for MulScalar {
    const NAME: &'static str = "mul_scalar";
    const KEEPS: Keeps = Keeps::Nothing;
    const INTEGER: Option<fn(Self, [i64; 1]) -> i64> = Some(|f, [x]| x.wrapping_mul(f.0 as i64));

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        x * N::of(self.0)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, _: [N; 1], _: N) -> [N; 1] {
        [gy * N::of(self.0)]
    }
}

#[derive(Clone, Copy)]
struct DivScalar(f64);

impl Elementwise<1> for DivScalar {
    const NAME: &'static str = "div_scalar";
    const KEEPS: Keeps = Keeps::Nothing;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        x / N::of(self.0)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, _: [N; 1], _: N) -> [N; 1] {
        [gy / N::of(self.0)]
    }
}

#[derive(Clone, Copy)]
struct ScalarDiv(f64);

impl Elementwise<1> for ScalarDiv {
    const NAME: &'static str = "scalar_div";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        N::of(self.0) / x
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        [-(gy * (N::of(self.0) / x / x))]
    }
}

#[cfg(test)]
crate::ops::cases::cases![
    Case::unary("add_scalar", -2.0..2.0, &[], |x| x.add_scalar(1.5), |x| x + 1.5),
    Case::unary("mul_scalar", -2.0..2.0, &[], |x| x.mul_scalar(-1.5), |x| x * -1.5),
    Case::unary("div_scalar", -2.0..2.0, &[], |x| x.div_scalar(-1.5), |x| x / -1.5),
    Case::unary("scalar_div", 0.5..2.0, &[], |x| 1.5 / x, |x| 1.5 / x),
];
