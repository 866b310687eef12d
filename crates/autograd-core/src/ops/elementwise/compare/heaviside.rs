//! The unit step.

use crate::error::Result;
use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// The unit step: 0 below 0, 1 above, `values` at 0, element by element; the operands are broadcast to a common
    /// shape. 0 for NaN. Integers stay integers.
    ///
    /// # Gradient
    /// None: the result is not tracked.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([-2.0, 0.0, 3.0]).heaviside(&Tensor::from(0.5))?;
    /// assert_eq!(y.to_vec::<f32>()?, [0.0, 0.5, 1.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn heaviside(&self, values: &Tensor) -> Result<Tensor> {
        try_elementwise([self, values], Heaviside)
    }
}

#[derive(Clone, Copy)]
struct Heaviside;

impl Elementwise<2> for Heaviside {
    const NAME: &'static str = "heaviside";
    const KEEPS: Keeps = Keeps::Untracked;
    const INTEGER: Option<fn(Self, [i64; 2]) -> i64> =
        Some(|_, [x, value]| if x == 0 { value } else { i64::from(x > 0) });

    #[inline(always)]
    fn value<N: Number>(self, [x, value]: [N; 2]) -> N {
        let (zero, one) = (N::of(0.0), N::of(1.0));
        N::select(x.eq(zero), value, N::select(x.gt(zero), one, zero))
    }
}

#[cfg(test)]
crate::ops::cases::cases![
    Case::binary(
        "heaviside",
        -2.0..2.0,
        0.0..1.0,
        |x, y| x.heaviside(y),
        |x, y| if x == 0.0 { y } else { f64::from(u8::from(x > 0.0)) }
    )
    .without_gradient()
];
