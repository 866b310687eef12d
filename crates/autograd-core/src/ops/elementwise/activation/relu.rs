//! Rectified linear unit.

use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// Rectified linear unit.
    ///
    /// `y = max(x, 0)`, element by element.
    ///
    /// # Gradient
    /// `gx = gy` where `x > 0`, 0 where `x ≤ 0`, also at 0; saves y. NaN stays NaN, and its gradient passes. Integers
    /// stay integers.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([-1.0, 2.0]).relu().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.0, 2.0]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn relu(&self) -> Tensor {
        elementwise([self], Relu)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Relu;

impl Elementwise<1> for Relu {
    const NAME: &'static str = "relu";
    const KEEPS: Keeps = Keeps::Output;
    const INTEGER: Option<fn(Self, [i64; 1]) -> i64> = Some(|_, [x]| x.max(0));

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        let zero = N::of(0.0);
        N::select(x.lt(zero), zero, x)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, _: [N; 1], y: N) -> [N; 1] {
        let zero = N::of(0.0);
        [N::select(y.le(zero), zero, gy)]
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
