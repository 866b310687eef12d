//! Rectified linear unit with a slope on the negative side.

use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
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
        elementwise([self], LeakyRelu { slope: negative_slope })
    }
}

#[derive(Clone, Copy)]
pub(crate) struct LeakyRelu {
    pub(crate) slope: f64,
}

impl Elementwise<1> for LeakyRelu {
    const NAME: &'static str = "leaky_relu";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        N::select(x.gt(N::of(0.0)), x, x * N::of(self.slope))
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        [N::select(x.gt(N::of(0.0)), gy, gy * N::of(self.slope))]
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let reference = |x: f64| if x > 0.0 { x } else { 0.2 * x };
    [Case::unary("leaky_relu", -2.0..2.0, &[0.0], |x| x.leaky_relu(0.2), reference)]
}];
