//! The door for kernels without arithmetic.

use super::operand::Operand;
use super::timer::Count;
use super::{Stored, Tensor};
use crate::error::Result;

impl Tensor {
    /// [`Tensor::compute`] by a kernel that makes or moves numbers, without arithmetic.
    ///
    /// # Errors
    /// As for `compute`.
    #[inline]
    pub(crate) fn moved<T: Stored, const N: usize>(
        op: &'static str,
        shape: &[usize],
        operands: [&Tensor; N],
        kernel: impl Fn([Operand<'_>; N], &mut [T]) + Send + Sync + 'static,
    ) -> Result<Tensor> {
        Tensor::counted(op, Count::Moved, shape, operands, kernel)
    }

    /// [`Tensor::moved`] by a kernel of any number of operands.
    ///
    /// # Errors
    /// As for [`Tensor::compute`].
    pub(crate) fn moved_all<T: Stored>(
        op: &'static str,
        shape: &[usize],
        operands: &[&Tensor],
        kernel: impl Fn(&[Operand<'_>], &mut [T]) + Send + Sync + 'static,
    ) -> Result<Tensor> {
        Tensor::counted_all(op, Count::Moved, shape, operands, kernel)
    }

    /// [`Tensor::change`] by a kernel that moves elements of its operands to this tensor, without arithmetic.
    pub(crate) fn place<T: Stored, const N: usize>(
        &mut self,
        op: &'static str,
        operands: [&Tensor; N],
        kernel: impl Fn([Operand<'_>; N], &mut [T]) + Send + Sync + 'static,
    ) {
        self.change_counted(op, Count::Moved, operands, kernel);
    }
}
