//! Rectified linear unit with a slope on the negative side.
//!
//! forward    y = x where x > 0, else a x
//! backward   gx = gy where x > 0, else a gy    saves x

use super::unary::{Keeps, Unary, unary};
use crate::error::Result;
use crate::kernels::real::Real;
use crate::tensor::Tensor;

impl Tensor {
    /// `y = x` where `x > 0`, else `negative_slope · x`.
    ///
    /// # Gradient
    /// `gx = gy` where `x > 0`, else `negative_slope · gy`, also at 0; saves x.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([-2.0, 3.0]).leaky_relu(0.25).to_vec::<f32>()?, [-0.5, 3.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Maas, Hannun, Ng, Rectifier nonlinearities improve neural network acoustic models, 2013.
    pub fn leaky_relu(&self, negative_slope: f64) -> Tensor {
        unary(self, LeakyRelu { slope: negative_slope })
    }
}

#[derive(Clone, Copy)]
struct LeakyRelu {
    slope: f64,
}

impl Unary for LeakyRelu {
    const NAME: &'static str = "leaky_relu";
    const KEEPS: Keeps = Keeps::Input;

    #[inline(always)]
    fn value<T: Real>(self, x: T) -> T {
        if x > T::ZERO { x } else { x * T::of(self.slope) }
    }

    #[inline(always)]
    fn pull<T: Real>(self, gy: T, x: T) -> Option<T> {
        Some(if x > T::ZERO { gy } else { gy * T::of(self.slope) })
    }

    fn pull_tensor(self, gy: &Tensor, x: &Tensor) -> Result<Tensor> {
        x.gt(&x.zeros_like())?.where_(gy, &gy.mul_scalar(self.slope))
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let reference = |x: f64| if x > 0.0 { x } else { 0.2 * x };
    [Case::unary("leaky_relu", -2.0..2.0, &[0.0], |x| x.leaky_relu(0.2), reference)]
}];
