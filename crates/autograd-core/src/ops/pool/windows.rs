//! The windows of a pooling operation.

use crate::error::{Error, ErrorKind, Result};
use crate::kernels::conv::Space;
use crate::kernels::pool::{Span, Spans, Taps};
use crate::ops::check::Check;
use crate::ops::conv::per_dim::PerDim;
use crate::tensor::Tensor;

/// Windows of a fixed size, as a caller describes them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Windows {
    pub(super) kernel_size: PerDim,
    pub(super) stride: Option<PerDim>,
    pub(super) padding: PerDim,
    pub(super) dilation: PerDim,
    pub(super) ceil_mode: bool,
}

impl Windows {
    pub(super) fn new(kernel_size: PerDim) -> Windows {
        Windows { kernel_size, stride: None, padding: 0.into(), dilation: 1.into(), ceil_mode: false }
    }

    /// The windows over planes of this size.
    pub(super) fn over(&self, op: &'static str, rank: usize, input: Space, x: &Tensor) -> Result<Placed> {
        let kernel = self.kernel_size.read(op, "kernel_size", rank, 1, 1)?;
        let stride = self.stride.as_ref().unwrap_or(&self.kernel_size).read(op, "stride", rank, 1, 1)?;
        let before = self.padding.read(op, "padding", rank, 0, 0)?;
        let dilation = self.dilation.read(op, "dilation", rank, 1, 1)?;
        let mut output = [1; 3];
        for d in 3 - rank..3 {
            let span = dilation[d].saturating_mul(kernel[d] - 1).saturating_add(1);
            if 2 * before[d] > kernel[d] {
                let must = format_args!("at most half of kernel_size, which is {}", self.kernel_size);
                return Err(Error::argument(op, "padding", &self.padding, must));
            }
            let padded = input[d] + 2 * before[d];
            let more = if self.ceil_mode { stride[d] - 1 } else { 0 };
            let Some(rest) = (padded + more).checked_sub(span) else {
                let has = format!("which has {padded} with its padding (shape {:?})", x.shape());
                let text = format!("{op}: the kernel spans {span} elements of dim {}, {has}", d as isize - 3);
                return Err(Error::new(ErrorKind::Shape, text));
            };
            output[d] = rest / stride[d] + 1;
            // The last window begins inside the input or the padding before it.
            if self.ceil_mode && (output[d] - 1) * stride[d] >= input[d] + before[d] {
                output[d] -= 1;
            }
            if output[d] == 0 {
                let text = format!("{op}: no window fits in dim {} (shape {:?})", d as isize - 3, x.shape());
                return Err(Error::new(ErrorKind::Shape, text));
            }
            Check(op).terms(input[d].max(output[d]))?;
        }
        Ok(Placed { input, kernel, stride, before, dilation, output })
    }
}

/// Windows with their places.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Placed {
    pub(super) input: Space,
    pub(super) kernel: Space,
    pub(super) stride: Space,
    pub(super) before: Space,
    pub(super) dilation: Space,
    pub(super) output: Space,
}

impl Placed {
    /// The elements that each window covers.
    pub(super) fn spans(&self) -> Spans {
        let span = |d: usize, o: usize| {
            let (step, start) = (self.dilation[d], o * self.stride[d]);
            let first = self.before[d].saturating_sub(start).div_ceil(step);
            let place = |k: usize| start + k * step - self.before[d];
            let count = (first..self.kernel[d]).take_while(|k| place(*k) < self.input[d]).count();
            Span { start: if count == 0 { 0 } else { place(first) }, step, count }
        };
        Spans { input: self.input, each: [0, 1, 2].map(|d| (0..self.output[d]).map(|o| span(d, o)).collect()) }
    }

    /// The elements that each window covers in one dim, without dilation, and the number of elements of the window:
    /// those of the padding count or do not.
    pub(super) fn counts(&self, d: usize, count_include_pad: bool) -> Vec<(std::ops::Range<usize>, usize)> {
        let window = |o: usize| {
            let start = o * self.stride[d];
            let end = (start + self.kernel[d]).min(self.input[d] + 2 * self.before[d]);
            let inside = |at: usize| at.saturating_sub(self.before[d]).min(self.input[d]);
            let covered = inside(start)..inside(end);
            let count = if count_include_pad { end - start } else { covered.len() };
            (covered, count)
        };
        (0..self.output[d]).map(window).collect()
    }
}

/// The map that sums up each window, and what the sums must still be divided by. They are divided by the number of the
/// window where that is not the same for all; else by the next power of two, which rounds nothing but below the normal
/// numbers, and lets no sum overflow whose mean does not.
pub(super) fn sums(input: usize, windows: &[(std::ops::Range<usize>, usize)]) -> (Option<Taps>, f64) {
    let single = |(i, (covered, _)): (usize, &(std::ops::Range<usize>, usize))| *covered == (i..i + 1);
    let first = windows.first().map_or(1, |(_, count)| *count);
    let uniform = windows.iter().all(|(_, count)| *count == first);
    if uniform && windows.len() == input && windows.iter().enumerate().all(single) {
        return (None, first as f64);
    }
    let whole = first.max(1).next_power_of_two() as f64;
    let weight = |count: usize| if uniform { whole.recip() } else { 1.0 / count as f64 };
    let rows = windows.iter().map(|(covered, count)| (covered.clone(), weight(*count)));
    (Some(Taps::of_windows(input, rows)), if uniform { first as f64 / whole } else { 1.0 })
}
