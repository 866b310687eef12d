//! Adding, multiplying and dividing by a number.
//!
//! forward    y = x + c       y = c x          y = x / c
//! backward   gx = gy         gx = c gy        gx = gy / c    saves nothing

use super::unary::{Keeps, Unary, unary};
use crate::error::Result;
use crate::kernels::real::Real;
use crate::tensor::{DType, Tensor};

impl Tensor {
    /// `y = x + c`; also written `&x + c`. The number takes the tensor's dtype; an integer tensor becomes `F32` if the
    /// number is not whole.
    ///
    /// # Gradient
    /// `gx = gy`; saves nothing.
    pub fn add_scalar(&self, c: f64) -> Tensor {
        self.with_number(c, AddScalar(c))
    }

    /// `y = c x`; also written `&x * c`. Otherwise as [`Tensor::add_scalar`].
    ///
    /// # Gradient
    /// `gx = c gy`; saves nothing.
    pub fn mul_scalar(&self, c: f64) -> Tensor {
        self.with_number(c, MulScalar(c))
    }

    /// `y = x / c`; also written `&x / c`. Integers become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy / c`; saves nothing.
    pub fn div_scalar(&self, c: f64) -> Tensor {
        unary(self, DivScalar(c))
    }

    /// A number that is not whole makes floats of integers.
    fn with_number<F: Unary>(&self, c: f64, f: F) -> Tensor {
        let whole = c.fract() == 0.0 && c.abs() < 9e15;
        if self.dtype() == DType::I64 && !whole { unary(&self.to_dtype(DType::F32), f) } else { unary(self, f) }
    }
}

#[derive(Clone, Copy)]
struct AddScalar(f64);

impl Unary for AddScalar {
    const NAME: &'static str = "add_scalar";
    const KEEPS: Keeps = Keeps::Nothing;

    #[inline(always)]
    fn value<T: Real>(self, x: T) -> T {
        x + T::of(self.0)
    }

    #[inline(always)]
    fn integer(self, x: i64) -> Option<i64> {
        Some(x.wrapping_add(self.0 as i64))
    }

    fn pull_tensor(self, gy: &Tensor, _: &Tensor) -> Result<Tensor> {
        Ok(gy.clone())
    }
}

#[derive(Clone, Copy)]
struct MulScalar(f64);

impl Unary for MulScalar {
    const NAME: &'static str = "mul_scalar";
    const KEEPS: Keeps = Keeps::Nothing;

    #[inline(always)]
    fn value<T: Real>(self, x: T) -> T {
        x * T::of(self.0)
    }

    #[inline(always)]
    fn integer(self, x: i64) -> Option<i64> {
        Some(x.wrapping_mul(self.0 as i64))
    }

    fn pull_tensor(self, gy: &Tensor, _: &Tensor) -> Result<Tensor> {
        Ok(gy.mul_scalar(self.0))
    }
}

#[derive(Clone, Copy)]
struct DivScalar(f64);

impl Unary for DivScalar {
    const NAME: &'static str = "div_scalar";
    const KEEPS: Keeps = Keeps::Nothing;

    #[inline(always)]
    fn value<T: Real>(self, x: T) -> T {
        x / T::of(self.0)
    }

    fn pull_tensor(self, gy: &Tensor, _: &Tensor) -> Result<Tensor> {
        Ok(gy.div_scalar(self.0))
    }
}

#[cfg(test)]
crate::ops::cases::cases![
    Case::unary("add_scalar", -2.0..2.0, &[], |x| x.add_scalar(1.5), |x| x + 1.5),
    Case::unary("mul_scalar", -2.0..2.0, &[], |x| x.mul_scalar(-1.5), |x| x * -1.5),
    Case::unary("div_scalar", -2.0..2.0, &[], |x| x.div_scalar(-1.5), |x| x / -1.5),
];
