//! The sign.
//!
//! forward    y = −1, 0, 1
//! backward   none: the derivative is zero wherever it exists

use crate::kernels::map::{Function1, map};
use crate::kernels::real::Real;
use crate::tensor::{DType, Float, Tensor, for_float};

impl Tensor {
    /// −1, 0 or 1 by the sign of `x`; NaN stays NaN.
    ///
    /// # Gradient
    /// None: the result is not tracked, for its derivative is zero wherever it exists.
    pub fn sign(&self) -> Tensor {
        let x = self.packed();
        match Float::of(x.dtype()) {
            Some(float) => for_float!(float, T => Tensor::build::<T>(x.shape(), |y| map(Sign, x.flat::<T>(), y))),
            None if x.dtype() == DType::I64 => Tensor::build::<i64>(x.shape(), |y| {
                y.iter_mut().zip(x.flat::<i64>()).for_each(|(y, x)| *y = x.signum());
            }),
            None => x.detach(),
        }
    }
}

#[derive(Clone, Copy)]
struct Sign;

impl<T: Real> Function1<T, T> for Sign {
    #[inline(always)]
    fn call(self, x: T) -> T {
        let negative = if x < T::ZERO { -T::ONE } else { x * T::ZERO };
        if x > T::ZERO { T::ONE } else { negative }
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("sign", -2.0..2.0, &[0.0], |x| x.sign(), f64::signum).without_gradient()];
