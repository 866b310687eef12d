//! The sign.

use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tensor::{DType, Tensor};

impl Tensor {
    /// −1, 0 or 1 by the sign of `x`; NaN stays NaN. Integers and truth values stay what they are.
    ///
    /// # Gradient
    /// None: the result is not tracked, for its derivative is zero wherever it exists.
    ///
    /// # Differs from
    /// PyTorch, where the sign of NaN is 0; NumPy's is NaN, too.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([-2.5, 0.0, 3.0]).sign().to_vec::<f32>()?, [-1.0, 0.0, 1.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn sign(&self) -> Tensor {
        if self.dtype() == DType::Bool { self.detach() } else { elementwise([self], Sign) }
    }
}

#[derive(Clone, Copy)]
struct Sign;

impl Elementwise<1> for Sign {
    const NAME: &'static str = "sign";
    const KEEPS: Keeps = Keeps::Untracked;
    const INTEGER: Option<fn(Self, [i64; 1]) -> i64> = Some(|_, [x]| x.signum());

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        x.sign()
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("sign", -2.0..2.0, &[0.0], |x| x.sign(), f64::signum).without_gradient()];
