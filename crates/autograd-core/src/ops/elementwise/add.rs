//! Addition.
//!
//! forward    z = a + b
//! backward   ga = gy, gb = gy    saves nothing

use super::binary::{Binary, binary};
use crate::error::Result;
use crate::kernels::nest::Nest;
use crate::kernels::real::Real;
use crate::tensor::Tensor;

use crate::tensor::for_float;

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
        binary(self, other, Add)
    }
}

/// `sum += more`, for the tape's accumulation of gradients: in place where no one else sees `sum`. Shapes and dtypes are
/// equal.
pub(crate) fn add_assign(sum: &mut Tensor, more: &Tensor) {
    for_float!(more.float(), T => {
        let nest = Nest::new(more.shape(), [more.strides()]);
        crate::kernels::update::accumulate(&nest, more.strided(), sum.elements_mut::<T>());
    });
}

#[derive(Clone, Copy)]
struct Add;

impl Binary for Add {
    const NAME: &'static str = "add";
    const KEEPS_OPERANDS: bool = false;

    #[inline(always)]
    fn value<T: Real>(self, a: T, b: T) -> T {
        a + b
    }

    #[inline(always)]
    fn integer(self, a: i64, b: i64) -> Option<i64> {
        Some(a.wrapping_add(b))
    }

    #[inline(always)]
    fn pull_a<T: Real>(self, gy: T, _a: T, _b: T) -> T {
        gy
    }

    #[inline(always)]
    fn pull_b<T: Real>(self, gy: T, _a: T, _b: T) -> T {
        gy
    }

    fn pull_a_tensor(self, gy: &Tensor, _a: &Tensor, _b: &Tensor) -> Result<Tensor> {
        Ok(gy.clone())
    }

    fn pull_b_tensor(self, gy: &Tensor, _a: &Tensor, _b: &Tensor) -> Result<Tensor> {
        Ok(gy.clone())
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::binary("add", -2.0..2.0, -2.0..2.0, |a, b| a.try_add(b), |a, b| a + b)];
