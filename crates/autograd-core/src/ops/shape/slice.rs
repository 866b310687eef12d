//! A part of one dimension.
//!
//! forward    y = x[start : start + len · step : step] along one axis, a view
//! backward   gx = gy in its place, zeros elsewhere    saves the shape and the place

use crate::error::{Error, Result};
use crate::kernels::copy::scatter;
use crate::kernels::nest::Nest;
use crate::ops::check;
use crate::tape::{Grads, Pull, Pullback, record};
use crate::tensor::{Layout, Shape, Tensor, for_any};
use smallvec::{SmallVec, smallvec};

impl Tensor {
    /// Elements `start` to `start + len` of dimension `axis`; a view. A negative start counts from the end.
    ///
    /// # Errors
    /// If the axis or the range is outside the tensor.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([1, 2, 3, 4]).narrow(0, 1, 2)?.to_vec::<i64>()?, [2, 3]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn narrow(&self, axis: isize, start: isize, len: usize) -> Result<Tensor> {
        let d = check::axis("narrow", axis, self.shape())?;
        let size = self.shape().get(d).copied();
        let size = size.ok_or_else(|| Error::dim("narrow", axis, self.shape()))?;
        let first = if start < 0 { start + size as isize } else { start };
        let end = usize::try_from(first).ok().and_then(|first| first.checked_add(len));
        if end.is_none_or(|end| end > size) {
            let must = "within the dimension, together with its length";
            return Err(Error::argument("narrow", "start", (start, len), must));
        }
        Ok(self.part(Part { axis: d, start: first as usize, step: 1, len }))
    }

    /// Elements `start`, `start + step`, .. before `end` of dimension `axis`, by Python's rules: negative bounds count from
    /// the end, bounds outside are clamped, `None` is open. A view.
    ///
    /// # Errors
    /// If the axis is out of range or `step` is 0.
    pub fn slice(&self, axis: isize, start: Option<isize>, end: Option<isize>, step: usize) -> Result<Tensor> {
        let d = check::axis("slice", axis, self.shape())?;
        let size = self.shape().get(d).copied();
        let size = size.ok_or_else(|| Error::dim("slice", axis, self.shape()))?;
        if step == 0 {
            return Err(Error::argument("slice", "step", step, "at least 1"));
        }
        let clamped = |bound: isize| {
            let from_front = if bound < 0 { bound.saturating_add(size as isize) } else { bound };
            from_front.clamp(0, size as isize) as usize
        };
        let (start, end) = (start.map_or(0, clamped), end.map_or(size, clamped));
        let len = end.saturating_sub(start).div_ceil(step);
        Ok(self.part(Part { axis: d, start, step, len }))
    }

    fn part(&self, part: Part) -> Tensor {
        let value = self.with_layout(part.layout(self));
        record("narrow", value, &[self], |_| Slice { part, from: self.shape().into() })
    }

    /// Zeros of `shape` with `self` in the place of `part`: the adjoint of taking it.
    fn placed(&self, part: Part, shape: &Shape) -> Result<Tensor> {
        let mut value = Tensor::full(shape, 0.0, self.dtype())?;
        let x = self.packed();
        let place = part.layout(&value);
        let nest = Nest::new(x.shape(), [place.strides()]);
        for_any!(self.dtype(), T => scatter(&nest, x.flat::<T>(), &mut value.elements_mut::<T>()[place.offset()..]));
        Ok(record("pad", value, &[self], |_| Placed { part }))
    }
}

#[derive(Clone, Copy)]
struct Part {
    axis: usize,
    start: usize,
    step: usize,
    len: usize,
}

impl Part {
    fn layout(self, x: &Tensor) -> Layout {
        let mut shape: SmallVec<[usize; 4]> = SmallVec::from_slice(x.shape());
        let mut strides: SmallVec<[usize; 4]> = SmallVec::from_slice(x.strides());
        // An empty part may start at the very end: keep its offset inside the buffer.
        let start = if self.len == 0 { 0 } else { self.start * strides[self.axis] };
        shape[self.axis] = self.len;
        strides[self.axis] *= self.step;
        Layout::strided(&shape, &strides, x.layout().offset() + start)
    }
}

struct Slice {
    part: Part,
    from: Shape,
}

impl Pullback for Slice {
    fn name(&self) -> &'static str {
        "narrow"
    }

    fn pull(&self, at: &Pull<'_>) -> Result<Grads> {
        Ok(smallvec![Some(at.gy().placed(self.part, &self.from)?)])
    }
}

struct Placed {
    part: Part,
}

impl Pullback for Placed {
    fn name(&self) -> &'static str {
        "pad"
    }

    fn pull(&self, at: &Pull<'_>) -> Result<Grads> {
        Ok(smallvec![Some(at.gy().part(self.part))])
    }
}

#[cfg(test)]
pub(super) fn cases() -> Vec<crate::ops::cases::Case> {
    use crate::ops::cases::{Case, Input};
    let x = || vec![Input::real(&[2, 5, 3], -2.0..2.0)];
    let pick = |rows: &'static [usize]| {
        move |x: &[Vec<f64>]| {
            let rows = (0..2).flat_map(move |o| rows.iter().map(move |r| o * 5 + r));
            rows.flat_map(|r| x[0][r * 3..r * 3 + 3].to_vec()).collect()
        }
    };
    vec![
        Case::new("narrow", x(), |x| x[0].narrow(1, 1, 3))
            .value(pick(&[1, 2, 3]))
            .refuses(|x| x[0].narrow(3, 0, 1), "narrow: axis 3 is out of range for shape [2, 5, 3] (−3 to 2)")
            .refuses(
                |x| x[0].narrow(1, 3, 3),
                "narrow: start is (3, 3), it must be within the dimension, together with its length",
            )
            .refuses(
                |x| x[0].narrow(1, -6, 1),
                "narrow: start is (-6, 1), it must be within the dimension, together with its length",
            ),
        Case::new("narrow(-2)", x(), |x| x[0].narrow(-2, -2, 2)).value(pick(&[3, 4])),
        Case::new("slice", x(), |x| x[0].slice(1, Some(-4), None, 2))
            .value(pick(&[1, 3]))
            .refuses(|x| x[0].slice(1, None, None, 0), "slice: step is 0, it must be at least 1")
            .refuses(|x| x[0].slice(-4, None, None, 1), "slice: axis -4 is out of range for shape [2, 5, 3] (−3 to 2)"),
    ]
}
