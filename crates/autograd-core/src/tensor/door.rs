//! The door through which every computation on elements goes.
//!
//! An operation hands over its operands, the shape of its result and a kernel that can run again: a function of the
//! operands that owns all else it needs. The door runs it, and, if this thread is watched, shows it to the watcher,
//! which may keep it to run it again on other numbers, or time it.

use super::operand::Operand;
use super::timer::{self, Cost, Count};
use super::value::Value;
use super::watch::{Kernel, Work, is_watched, mark, show};
use super::{DType, Stored, Tensor, for_any};
use crate::error::{Error, Result, refuse};
use crate::kernels::copy::gather;
use crate::kernels::nest::Nest;
use crate::shape::FixedDims;
use crate::storage::block::{Plain, typed_mut};
use smallvec::SmallVec;
use std::time::Instant;

/// Whether the memory of a tensor was taken before the watch that began at this time.
pub(crate) fn born_before(tensor: &Tensor, began: u64) -> bool {
    Value::born(&tensor.value) < began
}

/// A kernel that copies the elements of a tensor of this layout and dtype.
pub(crate) fn copying(tensor: &Tensor) -> Kernel {
    let nest = Nest::new(tensor.shape(), [tensor.strides()]);
    for_any!(tensor.dtype(), T => {
        Box::new(move |x: &[Operand<'_>], y: &mut [u8]| gather(&nest, x[0].strided::<T>(), typed_mut(y))) as Kernel
    })
}

fn with<'a, const N: usize>(operands: &[Operand<'a>]) -> [Operand<'a>; N] {
    <[Operand<'a>; N]>::try_from(operands).unwrap_or_else(|_| unreachable!("as many as it was given first"))
}

#[cold]
fn looked(op: &'static str, operands: &[&Tensor], work: Work) {
    show(|watcher| watcher.ran(&Cost::looked(op, operands), operands, None, work));
}

/// The operands as a kernel sees them.
#[inline]
fn seen<'a, const N: usize>(operands: [&'a Tensor; N]) -> [Operand<'a>; N] {
    operands.map(Tensor::operand)
}

impl Tensor {
    /// This tensor as a kernel sees it.
    #[inline]
    pub(crate) fn operand(&self) -> Operand<'_> {
        Operand::new(self.value.memory(), self.layout())
    }

    /// A contiguous tensor of `shape`, computed by `kernel` from the operands. The kernel writes every element, and
    /// finds old numbers, not zeros.
    ///
    /// # Errors
    /// If no tensor can have that shape or the system does not have that much memory.
    #[inline]
    pub(crate) fn compute<T: Stored, const N: usize>(
        op: &'static str,
        shape: &[usize],
        operands: [&Tensor; N],
        kernel: impl Fn([Operand<'_>; N], &mut [T]) + Send + Sync + 'static,
    ) -> Result<Tensor> {
        Tensor::counted(op, Count::Each, shape, operands, kernel)
    }

    /// [`Tensor::compute`] by a kernel of which something else than an operation for each element is counted.
    ///
    /// # Errors
    /// As for `compute`.
    #[inline]
    pub(crate) fn counted<T: Stored, const N: usize>(
        op: &'static str,
        count: Count,
        shape: &[usize],
        operands: [&Tensor; N],
        kernel: impl Fn([Operand<'_>; N], &mut [T]) + Send + Sync + 'static,
    ) -> Result<Tensor> {
        let mut tensor = Tensor::fresh_for(op, T::DTYPE, shape)?;
        if is_watched() {
            return tensor.watched(
                op,
                count,
                &operands,
                Work::Fill(Box::new(move |x, y| kernel(with(x), typed_mut(y)))),
            );
        }
        kernel(seen(operands), tensor.fresh_elements());
        Ok(tensor)
    }

    /// [`Tensor::counted`] of any number of operands.
    ///
    /// # Errors
    /// As for `compute`.
    pub(crate) fn counted_all<T: Stored>(
        op: &'static str,
        count: Count,
        shape: &[usize],
        operands: &[&Tensor],
        kernel: impl Fn(&[Operand<'_>], &mut [T]) + Send + Sync + 'static,
    ) -> Result<Tensor> {
        let mut tensor = Tensor::fresh_for(op, T::DTYPE, shape)?;
        if is_watched() {
            return tensor.watched(op, count, operands, Work::Fill(Box::new(move |x, y| kernel(x, typed_mut(y)))));
        }
        let operands: SmallVec<[Operand<'_>; 4]> = operands.iter().map(|x| x.operand()).collect();
        kernel(&operands, tensor.fresh_elements());
        Ok(tensor)
    }

    /// A tensor for the result of `op`, not written yet.
    fn fresh_for(op: &'static str, dtype: DType, shape: &[usize]) -> Result<Tensor> {
        Tensor::try_fresh(dtype, shape).ok_or_else(|| Error::too_large(op, shape))
    }

    /// Runs the kernel of a fresh tensor, and shows it.
    #[cold]
    fn watched(mut self, op: &'static str, count: Count, operands: &[&Tensor], work: Work) -> Result<Tensor> {
        self.mark();
        let x: SmallVec<[Operand<'_>; 4]> = operands.iter().map(|x| x.operand()).collect();
        let start = timer::starts();
        match &work {
            Work::Fill(kernel) => kernel(&x, self.own_bytes()),
            Work::Random(kernel, seed) => kernel(*seed, &x, self.own_bytes()),
            Work::Change(_) | Work::Look(_) => unreachable!("what is fresh is filled"),
        }
        timer::ended(start, || Cost::computed(op, count, operands, &self));
        show(|watcher| watcher.ran(&Cost::computed(op, count, operands, &self), operands, Some(&self), work));
        Ok(self)
    }

    /// [`Tensor::compute`] of the shape of something in memory, or where the caller has no error to give: it panics
    /// with the text.
    #[inline]
    pub(crate) fn computed<T: Stored, const N: usize>(
        op: &'static str,
        shape: &[usize],
        operands: [&Tensor; N],
        kernel: impl Fn([Operand<'_>; N], &mut [T]) + Send + Sync + 'static,
    ) -> Tensor {
        Tensor::compute(op, shape, operands, kernel).unwrap_or_else(|error| refuse(&error))
    }

    /// [`Tensor::compute`] by a kernel that needs a random seed.
    ///
    /// # Errors
    /// As for `compute`.
    pub(crate) fn draw<T: Stored, const N: usize>(
        op: &'static str,
        shape: &[usize],
        seed: u64,
        operands: [&Tensor; N],
        kernel: impl Fn(u64, [Operand<'_>; N], &mut [T]) + Send + Sync + 'static,
    ) -> Result<Tensor> {
        let mut tensor = Tensor::fresh_for(op, T::DTYPE, shape)?;
        if is_watched() {
            let work = Work::Random(Box::new(move |seed, x, y| kernel(seed, with(x), typed_mut(y))), seed);
            return tensor.watched(op, Count::Each, &operands, work);
        }
        kernel(seed, seen(operands), tensor.fresh_elements());
        Ok(tensor)
    }

    /// Changes the elements of this tensor, in place where it is their only owner; its history stays.
    #[inline]
    pub(crate) fn change<T: Stored, const N: usize>(
        &mut self,
        op: &'static str,
        operands: [&Tensor; N],
        kernel: impl Fn([Operand<'_>; N], &mut [T]) + Send + Sync + 'static,
    ) {
        self.change_counted(op, Count::Each, operands, kernel);
    }

    #[inline]
    pub(super) fn change_counted<T: Stored, const N: usize>(
        &mut self,
        op: &'static str,
        count: Count,
        operands: [&Tensor; N],
        kernel: impl Fn([Operand<'_>; N], &mut [T]) + Send + Sync + 'static,
    ) {
        let mut start = None;
        if is_watched() {
            // A copy, if one is made, comes before.
            self.elements_mut::<T>();
            show(|watcher| watcher.changes(op, self));
            start = timer::starts();
        }
        kernel(seen(operands), self.elements_mut());
        if is_watched() {
            self.changed(
                op,
                count,
                &operands,
                start,
                Work::Change(Box::new(move |x, y| kernel(with(x), typed_mut(y)))),
            );
        }
    }

    #[cold]
    fn changed(&self, op: &'static str, count: Count, operands: &[&Tensor], start: Option<Instant>, work: Work) {
        timer::ended(start, || Cost::changed(op, count, operands, self));
        show(|watcher| watcher.ran(&Cost::changed(op, count, operands, self), operands, Some(self), work));
    }

    /// Looks at operands whose numbers may be refused.
    ///
    /// # Errors
    /// That of `look`.
    pub(crate) fn look<const N: usize>(
        op: &'static str,
        operands: [&Tensor; N],
        look: impl Fn([Operand<'_>; N]) -> Result<()> + Send + Sync + 'static,
    ) -> Result<()> {
        timer::timed(|| Cost::looked(op, &operands), || look(seen(operands)))?;
        if is_watched() {
            let work = Work::Look(Box::new(move |x| look(with(x))));
            looked(op, &operands, work);
        }
        Ok(())
    }

    /// A contiguous tensor of numbers from outside, which `fill` writes.
    ///
    /// # Errors
    /// If no tensor can have that shape or the system does not have that much memory.
    #[inline]
    pub(crate) fn given<T: Stored>(op: &'static str, shape: &[usize], fill: impl FnOnce(&mut [T])) -> Result<Tensor> {
        let mut tensor = Tensor::fresh_for(op, T::DTYPE, shape)?;
        let start = if is_watched() { timer::starts() } else { None };
        fill(tensor.fresh_elements());
        if is_watched() {
            tensor.mark();
            timer::ended(start, || Cost::computed(op, Count::Moved, &[], &tensor));
            show(|watcher| watcher.given(&tensor));
        }
        Ok(tensor)
    }

    /// Makes the memory known by a time of its own: its place may have been that of other memory, and will be again.
    fn mark(&mut self) {
        Value::set_born(&mut self.value, mark());
    }

    /// The time of the memory, which changes when it is written where no watcher sees it.
    pub(crate) fn born(&self) -> u64 {
        Value::born(&self.value)
    }

    #[inline]
    fn fresh_elements<T: Plain>(&mut self) -> &mut [T] {
        Value::slice_mut(&mut self.value).unwrap_or_else(|| unreachable!("a fresh value is contiguous and owned once"))
    }

    /// The memory that this tensor lies in, and its first byte there.
    #[inline]
    pub(crate) fn memory(&self) -> (&[u8], usize) {
        (self.value.memory(), self.layout().offset() * self.dtype().size())
    }

    /// All bytes, for writing, of a tensor that [can hold](Tensor::can_hold) them.
    pub(crate) fn own_bytes(&mut self) -> &mut [u8] {
        let len = self.numel() * self.dtype().size();
        Value::bytes_mut(&mut self.value, len).unwrap_or_else(|| unreachable!("it has one owner, and is no view"))
    }

    /// Whether this is a contiguous tensor of this dtype and shape that no other tensor can see, and no view.
    pub(crate) fn can_hold(&mut self, dtype: DType, shape: &FixedDims) -> bool {
        let same = self.layout().dims() == shape;
        let fits = self.dtype() == dtype && same && self.is_contiguous() && self.link.is_none();
        fits && Value::bytes_mut(&mut self.value, 0).is_some()
    }

    /// The tensor whose memory this is, as it was made; not recorded.
    pub(crate) fn whole(&self) -> Tensor {
        Tensor { value: Value::whole(&self.value), link: None }
    }

    /// Whether no other tensor has this memory, of a tensor that is no view.
    pub(crate) fn is_alone(&self) -> bool {
        self.value.owners() == 1
    }

    /// The same tensor over a copy of its memory, which no watcher sees.
    ///
    /// # Errors
    /// If there is no room for the copy.
    pub(crate) fn apart(&self) -> Result<Tensor> {
        let (span, size) = (self.layout().span(), self.dtype().size());
        let mut copy =
            Tensor::try_fresh(self.dtype(), &[span]).ok_or_else(|| Error::too_large("capture", self.shape()))?;
        let (memory, start) = self.memory();
        copy.own_bytes().copy_from_slice(&memory[start..start + span * size]);
        Ok(copy.with_layout(self.layout().at(0)).with_link(self.link.clone()))
    }

    /// How many tensors have the memory.
    pub(crate) fn owners(&self) -> usize {
        Value::sharers(&self.value)
    }

    /// The place of the memory that this tensor or what it is a view of owns.
    pub(crate) fn root(&self) -> usize {
        Value::root(&self.value)
    }
}
