//! Addition.

use crate::error::Result;
use crate::kernels::nest::Nest;
use crate::kernels::number::Number;
use crate::kernels::update::accumulate;
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::tensor::{Tensor, for_float};

impl Tensor {
    /// Sum, as an error instead of the panic of `+`.
    ///
    /// `z = a + b`, element by element; the operands are broadcast to a common shape.
    ///
    /// # Gradient
    /// `ga = gy`, `gb = gy`; saves nothing. Integers stay integers.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let z = Tensor::from([[1.0], [2.0]]).try_add(&Tensor::from([10.0, 20.0]))?;
    /// assert_eq!(z.to_vec::<f32>()?, [11.0, 21.0, 12.0, 22.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn try_add(&self, other: &Tensor) -> Result<Tensor> {
        try_elementwise([self, other], Add)
    }
}

/// `sum += more`, for the tape's accumulation of gradients: in place where `sum` has no other owner. Shapes and dtypes
/// are equal.
pub(crate) fn add_assign(sum: &mut Tensor, more: &Tensor) {
    let nest = Nest::new(more.shape(), [more.strides()]);
    for_float!(more.float(), T => sum.change::<T, 1>("add", [more], move |[more], sum| {
        accumulate(&nest, more.strided(), sum);
    }));
}

#[derive(Clone, Copy)]
pub(crate) struct Add;

impl Elementwise<2> for Add {
    const NAME: &'static str = "add";
    const KEEPS: Keeps = Keeps::Nothing;
    const INTEGER: Option<fn(Self, [i64; 2]) -> i64> = Some(|_, [a, b]| a.wrapping_add(b));

    #[inline(always)]
    fn value<N: Number>(self, [a, b]: [N; 2]) -> N {
        a + b
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, _: [N; 2], _: N) -> [N; 2] {
        [gy, gy]
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::binary("add", -2.0..2.0, -2.0..2.0, |a, b| a.try_add(b), |a, b| a + b).refuses(
    |x| x[0].sum().expand(&[1 << 25, 1])?.try_add(&x[0].sum().expand(&[1, 1 << 25])?),
    "add: shape [33554432, 33554432] is too large (at most 64 dimensions, and no more bytes than memory holds)",
)];
