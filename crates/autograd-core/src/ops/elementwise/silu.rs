//! Sigmoid-weighted linear unit (swish).
//!
//! forward    y = x σ(x)
//! backward   gx = gy · σ(x) (1 + x (1 − σ(x)))    saves x

use super::unary::{Keeps, Unary, unary};
use crate::error::Result;
use crate::kernels::real::Real;
use crate::tensor::Tensor;

impl Tensor {
    /// Sigmoid-weighted linear unit, also called swish.
    ///
    /// `y = x · σ(x), σ(x) = 1 / (1 + e⁻ˣ)`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy · σ(x) (1 + x (1 − σ(x)))`; saves x.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 1.0]).silu().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.0, 0.731_058_6]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Elfwing, Uchibe, Doya, Sigmoid-weighted linear units for neural network function approximation, 2018.
    pub fn silu(&self) -> Tensor {
        unary(self, Silu)
    }

    /// Another name of [`Tensor::silu`].
    pub fn swish(&self) -> Tensor {
        self.silu()
    }
}

#[derive(Clone, Copy)]
struct Silu;

impl Unary for Silu {
    const NAME: &'static str = "silu";
    const KEEPS: Keeps = Keeps::Input;

    #[inline(always)]
    fn value<T: Real>(self, x: T) -> T {
        x * x.sigmoid()
    }

    #[inline(always)]
    fn pull<T: Real>(self, gy: T, x: T) -> Option<T> {
        let s = x.sigmoid();
        Some(gy * (s * (T::ONE + x * (T::ONE - s))))
    }

    fn pull_tensor(self, gy: &Tensor, x: &Tensor) -> Result<Tensor> {
        let s = x.sigmoid();
        gy.try_mul(&s.try_mul(&x.try_mul(&s.neg().add_scalar(1.0))?.add_scalar(1.0))?)
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("silu", -3.0..3.0, &[], |x| x.silu(), |x| x / (1.0 + (-x).exp()))];
