//! A part of one dimension.

use super::strided::{Cut, cut};
use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::shape::{Dim, Dims, Layout};
use crate::tensor::Tensor;
use smallvec::SmallVec;
use std::fmt::Debug;

impl Tensor {
    /// Elements `start` to `start + len` of dimension `dim`; a view. A negative start counts from the end.
    ///
    /// # Gradient
    /// gy in its place, 0 elsewhere. Saves the place.
    ///
    /// # Errors
    /// If the dim or the range is outside the tensor, or `len` is negative.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([1, 2, 3, 4]).narrow(0, 1, 2)?.to_vec::<i64>()?, [2, 3]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn narrow(&self, dim: impl Dim, start: impl Dim, len: impl Dim) -> Result<Tensor> {
        narrow_of(self, dim.signed(), start.signed(), len.signed(), &len)
    }

    /// Elements `start`, `start + step`, .. before `end` of dimension `dim`, by Python's rules: negative bounds count
    /// from the end, bounds outside are clamped, `None` is open. A view; its gradient is that of [`Tensor::narrow`].
    ///
    /// # Errors
    /// If the dim is out of range or `step` is 0.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([1, 2, 3, 4, 5]);
    /// assert_eq!(x.slice(0, None, Some(-1), 2)?.to_vec::<i64>()?, [1, 3]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn slice(&self, dim: impl Dim, start: Option<isize>, end: Option<isize>, step: usize) -> Result<Tensor> {
        slice_of(self, dim.signed(), start, end, step)
    }
}

/// The part of a length that was `written` so.
fn narrow_of(x: &Tensor, dim: isize, start: isize, len: isize, written: &dyn Debug) -> Result<Tensor> {
    let (d, size) = Check("narrow").sized_dim(dim, x.shape())?;
    let first = if start < 0 { start.saturating_add_unsigned(size) } else { start };
    let count = usize::try_from(len).map_err(|_| Error::argument("narrow", "len", len, "at least 0"))?;
    let end = usize::try_from(first).ok().and_then(|first| first.checked_add(count));
    if end.is_none_or(|end| end > size) {
        let place = format!("{written:?} elements from {start} are outside dim {d} of size {size}");
        return Err(Error::new(ErrorKind::Index, format!("narrow: {place}")));
    }
    Ok(cut(Slice { op: "narrow", dim: d, start: first as usize, step: 1, len: count }, x))
}

fn slice_of(x: &Tensor, dim: isize, start: Option<isize>, end: Option<isize>, step: usize) -> Result<Tensor> {
    let (d, size) = Check("slice").sized_dim(dim, x.shape())?;
    Check("slice").require(step > 0, "step", step, "at least 1")?;
    let clamped = |bound: isize| {
        let from_front = if bound < 0 { bound.saturating_add_unsigned(size) } else { bound };
        from_front.clamp(0, size as isize) as usize
    };
    let (start, end) = (start.map_or(0, clamped), end.map_or(size, clamped));
    let len = end.saturating_sub(start).div_ceil(step);
    Ok(cut(Slice { op: "slice", dim: d, start, step, len }, x))
}

/// Elements `start`, `start + step`, .. of one dimension, `len` of them.
#[derive(Clone, Copy)]
pub(super) struct Slice {
    pub(super) op: &'static str,
    pub(super) dim: usize,
    pub(super) start: usize,
    pub(super) step: usize,
    pub(super) len: usize,
}

impl Cut for Slice {
    fn op(&self) -> &'static str {
        self.op
    }

    fn within(&self, x: &Layout) -> Layout {
        let mut shape: Dims = SmallVec::from_slice(x.shape());
        let mut strides: Dims = SmallVec::from_slice(x.strides());
        shape[self.dim] = self.len;
        // A part without elements has no place: its start may lie outside the buffer. The step matters from two
        // elements on.
        let start = if shape.contains(&0) { 0 } else { self.start * strides[self.dim] };
        strides[self.dim] = if self.len > 1 { strides[self.dim] * self.step } else { 1 };
        Layout::strided(&shape, &strides, x.offset() + start)
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::real(&[2, 5, 3], -2.0..2.0)];
    let pick = |rows: &'static [usize]| {
        move |x: &[Vec<f64>]| {
            let rows = (0..2).flat_map(move |o| rows.iter().map(move |r| o * 5 + r));
            rows.flat_map(|r| x[0][r * 3..r * 3 + 3].to_vec()).collect()
        }
    };
    [
        Case::new("narrow", x(), |x| x[0].narrow(1, 1, 3))
            .value(pick(&[1, 2, 3]))
            .refuses(|x| x[0].narrow(3, 0, 1), "narrow: dim 3 is out of range for shape [2, 5, 3] (−3 to 2)")
            .refuses(|x| x[0].narrow(1, 3, 3), "narrow: 3 elements from 3 are outside dim 1 of size 5")
            .refuses(|x| x[0].narrow(1, 0, -1), "narrow: len is -1, it must be at least 0")
            .refuses(
                |x| x[0].narrow(1, 2, usize::MAX),
                "narrow: 18446744073709551615 elements from 2 are outside dim 1 of size 5",
            )
            .refuses(|x| x[0].narrow(1, -6, 1), "narrow: 1 elements from -6 are outside dim 1 of size 5"),
        Case::new("narrow(-2)", x(), |x| x[0].narrow(-2, -2, 2)).value(pick(&[3, 4])),
        Case::new("narrow to nothing", x(), |x| x[0].narrow(1, 5, 0)).value(|_| Vec::new()),
        Case::new("narrow far into nothing", vec![Input::real(&[0, 900], -2.0..2.0)], |x| {
            x[0].narrow(1, 300, 300)?.exp().slice(1, Some(200), None, 7)
        })
        .value(|_| Vec::new()),
        Case::new("narrow of nothing", vec![Input::real(&[0, 4], -2.0..2.0)], |x| x[0].narrow(1, 1, 2))
            .value(|_| Vec::new()),
        Case::new("slice past the end", x(), |x| x[0].slice(1, Some(9), None, 2)).value(|_| Vec::new()),
        Case::new("slice", x(), |x| x[0].slice(1, Some(-4), None, 2))
            .value(pick(&[1, 3]))
            .refuses(|x| x[0].slice(1, None, None, 0), "slice: step is 0, it must be at least 1")
            .refuses(|x| x[0].slice(-4, None, None, 1), "slice: dim -4 is out of range for shape [2, 5, 3] (−3 to 2)"),
    ]
}];
