//! Negation.
//!
//! forward    y = −x
//! backward   gx = −gy    saves nothing

use super::unary::{Keeps, Unary, unary};
use crate::error::Result;
use crate::kernels::real::Real;
use crate::tensor::Tensor;

impl Tensor {
    /// `y = −x`, element by element; also written `-&x`. Integers stay integers.
    ///
    /// # Gradient
    /// `gx = −gy`; saves nothing.
    pub fn neg(&self) -> Tensor {
        unary(self, Neg)
    }
}

#[derive(Clone, Copy)]
struct Neg;

impl Unary for Neg {
    const NAME: &'static str = "neg";
    const KEEPS: Keeps = Keeps::Nothing;

    #[inline(always)]
    fn value<T: Real>(self, x: T) -> T {
        -x
    }

    #[inline(always)]
    fn integer(self, x: i64) -> Option<i64> {
        Some(x.wrapping_neg())
    }

    fn pull_tensor(self, gy: &Tensor, _: &Tensor) -> Result<Tensor> {
        Ok(gy.neg())
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("neg", -2.0..2.0, &[], |x| x.neg(), |x| -x)];
