//! Rectified linear unit.
//!
//! forward    y = max(x, 0)
//! backward   gx = 0 where y ≤ 0, else gy    saves y

use super::unary::{Keeps, Unary, unary};
use crate::error::Result;
use crate::kernels::real::Real;
use crate::tensor::Tensor;

impl Tensor {
    /// Rectified linear unit.
    ///
    /// `y = max(x, 0)`, element by element.
    ///
    /// # Gradient
    /// `gx = gy` where `x > 0`, 0 where `x ≤ 0`, also at 0; saves y. NaN stays NaN, and its gradient passes. Integers stay
    /// integers.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([-1.0, 2.0]).relu().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.0, 2.0]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn relu(&self) -> Tensor {
        unary(self, Relu)
    }
}

#[derive(Clone, Copy)]
struct Relu;

impl Unary for Relu {
    const NAME: &'static str = "relu";
    const KEEPS: Keeps = Keeps::Output;

    #[inline(always)]
    fn value<T: Real>(self, x: T) -> T {
        if x < T::ZERO { T::ZERO } else { x }
    }

    #[inline(always)]
    fn integer(self, x: i64) -> Option<i64> {
        Some(x.max(0))
    }

    #[inline(always)]
    fn pull<T: Real>(self, gy: T, y: T) -> Option<T> {
        Some(if y <= T::ZERO { T::ZERO } else { gy })
    }

    fn pull_tensor(self, gy: &Tensor, y: &Tensor) -> Result<Tensor> {
        y.le(&y.zeros_like())?.where_(&gy.zeros_like(), gy)
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("relu", -2.0..2.0, &[0.0], |x| x.relu(), |x| x.max(0.0))];

#[cfg(test)]
mod tests {
    use crate::Tensor;

    #[test]
    fn the_gradient_of_nan_passes() {
        let x = Tensor::from([f64::NAN, -0.0, 0.0]).requires_grad();
        let grads = x.relu().sum().backward().expect("tracked");
        assert_eq!(grads.get(&x).expect("a leaf").to_f64s(), [1.0, 0.0, 0.0]);
    }
}
