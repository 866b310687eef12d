//! The largest element of each window.

use super::chosen::Positions;
use super::windows::Windows;
use crate::error::Result;
use crate::kernels::pool::{Spans, largest};
use crate::ops::check::Check;
use crate::ops::conv::convolution::{batched, not_empty, space};
use crate::ops::conv::per_dim::PerDim;
use crate::shape::Shape;
use crate::tensor::{DType, Tensor, for_float};
use std::sync::Arc;

/// The windows of [`Tensor::max_pool2d`] and its like.
///
/// # Examples
/// ```
/// use autograd_core::{MaxPool, Tensor};
/// let x = Tensor::from([[[3.0, 1.0, 4.0, 1.0, 5.0]]]);
/// let windows = MaxPool::new(2).stride(2).padding(1).dilation(1).ceil_mode(true);
/// assert_eq!(x.max_pool1d(windows)?.to_vec::<f32>()?, [3.0, 4.0, 5.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct MaxPool(pub(super) Windows);

impl MaxPool {
    /// Windows of this size, side by side: the stride is the size. No padding, dilation 1.
    pub fn new(kernel_size: impl Into<PerDim>) -> MaxPool {
        MaxPool(Windows::new(kernel_size.into()))
    }

    /// The distance between neighbouring windows, at least 1; default: the kernel size.
    #[must_use]
    pub fn stride(self, stride: impl Into<PerDim>) -> MaxPool {
        MaxPool(Windows { stride: Some(stride.into()), ..self.0 })
    }

    /// The places at each side of a plane where windows may reach and no element is, at most half of the kernel
    /// size; default 0.
    #[must_use]
    pub fn padding(self, padding: impl Into<PerDim>) -> MaxPool {
        MaxPool(Windows { padding: padding.into(), ..self.0 })
    }

    /// The distance between the elements of a window, at least 1; default 1.
    #[must_use]
    pub fn dilation(self, dilation: impl Into<PerDim>) -> MaxPool {
        MaxPool(Windows { dilation: dilation.into(), ..self.0 })
    }

    /// Whether there is a window for the elements at the end that do not fill one; default false.
    #[must_use]
    pub fn ceil_mode(self, ceil_mode: bool) -> MaxPool {
        MaxPool(Windows { ceil_mode, ..self.0 })
    }
}

/// # Pooling and resampling
impl Tensor {
    /// The largest element of each window along one dim, by [`Tensor::max_pool2d`]'s rules: `[N, C, L] → [N, C, L′]` or
    /// `[C, L] → [C, L′]`.
    ///
    /// # Errors
    /// As for `max_pool2d`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{MaxPool, Tensor};
    /// let x = Tensor::from([[3.0, 1.0, 4.0, 1.0]]);
    /// assert_eq!(x.max_pool1d(MaxPool::new(2))?.to_vec::<f32>()?, [3.0, 4.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn max_pool1d(&self, windows: MaxPool) -> Result<Tensor> {
        Ok(pooled("max_pool1d", 1, self, &windows)?.0)
    }

    /// The largest element of each window; NaN if there is one, −∞ if there are none.
    ///
    /// # Shapes
    /// `[N, C, H, W] → [N, C, H′, W′]` or `[C, H, W] → [C, H′, W′]`, with
    /// `H′ = ⌊(H + 2 padding − dilation (kernel_size − 1) − 1) / stride⌋ + 1`, rounded up with `ceil_mode`.
    ///
    /// # Gradient
    /// gy goes to the element chosen, the first of ties. Saves its position in the plane for each window.
    ///
    /// # Errors
    /// If x is not a float tensor of that many dimensions, a number is out of range, the padding is more than half of
    /// the kernel, or no window fits.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{MaxPool, Tensor};
    /// let x = Tensor::from([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]]);
    /// assert_eq!(x.max_pool2d(MaxPool::new(2).stride(1))?.to_vec::<f32>()?, [5.0, 6.0, 8.0, 9.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn max_pool2d(&self, windows: MaxPool) -> Result<Tensor> {
        Ok(pooled("max_pool2d", 2, self, &windows)?.0)
    }

    /// The largest element of each window over three dims, by [`Tensor::max_pool2d`]'s rules.
    ///
    /// # Errors
    /// As for `max_pool2d`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{MaxPool, Tensor};
    /// let x = Tensor::from([[[[1.0, 2.0], [4.0, 3.0]]]]);
    /// assert_eq!(x.max_pool3d(MaxPool::new([1, 2, 2]))?.to_vec::<f32>()?, [4.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn max_pool3d(&self, windows: MaxPool) -> Result<Tensor> {
        Ok(pooled("max_pool3d", 3, self, &windows)?.0)
    }

    /// [`Tensor::max_pool1d`], and the position of each element chosen (`I64`), −1 where there is none.
    ///
    /// # Errors
    /// As for `max_pool2d`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{MaxPool, Tensor};
    /// let (values, positions) = Tensor::from([[3.0, 1.0, 4.0, 1.0]]).max_pool1d_with_indices(MaxPool::new(2))?;
    /// assert_eq!((values.to_vec::<f32>()?, positions.to_vec::<i64>()?), (vec![3.0, 4.0], vec![0, 2]));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn max_pool1d_with_indices(&self, windows: MaxPool) -> Result<(Tensor, Tensor)> {
        pooled("max_pool1d", 1, self, &windows)
    }

    /// [`Tensor::max_pool2d`], and the position of each element chosen (`I64`), counted through its plane in row-major
    /// order, −1 where there is none. [`Tensor::max_unpool2d`] takes the others.
    ///
    /// # Errors
    /// As for `max_pool2d`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{MaxPool, Tensor};
    /// let (values, positions) = Tensor::from([[[1.0, 2.0], [4.0, 3.0]]]).max_pool2d_with_indices(MaxPool::new(2))?;
    /// assert_eq!((values.to_vec::<f32>()?, positions.to_vec::<i64>()?), (vec![4.0], vec![2]));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn max_pool2d_with_indices(&self, windows: MaxPool) -> Result<(Tensor, Tensor)> {
        pooled("max_pool2d", 2, self, &windows)
    }

    /// [`Tensor::max_pool3d`], and the position of each element chosen (`I64`), as for
    /// [`Tensor::max_pool2d_with_indices`].
    ///
    /// # Errors
    /// As for `max_pool2d`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{MaxPool, Tensor};
    /// let x = Tensor::from([[[[1.0, 2.0], [4.0, 3.0]]]]);
    /// assert_eq!(x.max_pool3d_with_indices(MaxPool::new([1, 2, 2]))?.1.to_vec::<i64>()?, [2]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn max_pool3d_with_indices(&self, windows: MaxPool) -> Result<(Tensor, Tensor)> {
        pooled("max_pool3d", 3, self, &windows)
    }
}

pub(super) fn pooled(op: &'static str, rank: usize, x: &Tensor, windows: &MaxPool) -> Result<(Tensor, Tensor)> {
    Check(op).float(x)?;
    let batch = batched(op, rank, x)?;
    not_empty(op, &batch, x, 1)?;
    let spans = windows.0.over(op, rank, space(&batch, 1), x)?.spans();
    largest_of(op, x, &batch, spans)
}

/// The largest elements and their positions, without the dim of samples if x has none.
pub(super) fn largest_of(op: &'static str, x: &Tensor, batch: &Tensor, spans: Spans) -> Result<(Tensor, Tensor)> {
    let mut shape = Shape::from(&batch.shape()[..2]);
    shape.0.extend_from_slice(&spans.output()[5 - batch.rank()..]);
    let packed = batch.try_packed(op)?;
    let spans = Arc::new(spans);
    let index = for_float!(x.float(), T => Tensor::compute::<i64, 1>(op, &shape, [&packed], move |[x], y| {
        largest(x.flat::<T>(), &spans, y);
    }))?;
    debug_assert_eq!(index.dtype(), DType::I64);
    let value = Positions::new(op, &index, &batch.shape()[2..], batch.shape()[1]).pick(batch, f64::NEG_INFINITY)?;
    if x.rank() == batch.rank() { Ok((value, index)) } else { Ok((value.squeeze(&[0])?, index.squeeze(&[0])?)) }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = |shape: &[usize]| vec![Input::distinct(shape)];
    // Kernel 2 × 3, stride 2 × 1, padding 1 × 0 over 4 × 5.
    let reference = |x: &[Vec<f64>]| {
        let at = |plane: usize, p: usize, q: usize| {
            let rows = (0..2).filter_map(move |k| (2 * p + k).checked_sub(1)).filter(|h| *h < 4);
            let all = rows.flat_map(|h| (q..q + 3).map(move |w| (h, w)));
            all.map(|(h, w)| x[0][plane * 20 + h * 5 + w]).fold(f64::NEG_INFINITY, f64::max)
        };
        (0..6 * 9).map(|i| at(i / 9, i / 3 % 3, i % 3)).collect()
    };
    let windows = || MaxPool::new([2, 3]).stride([2, 1]).padding([1, 0]);
    [
        Case::new("max_pool2d", x(&[2, 3, 4, 5]), move |x| x[0].max_pool2d(windows()))
            .value(reference)
            .refuses(
                |x| x[0].max_pool2d(MaxPool::new(2).padding(2)),
                "max_pool2d: padding is 2, it must be at most half of kernel_size, which is 2",
            )
            .refuses(
                |x| x[0].max_pool2d(MaxPool::new([2, 6])),
                "max_pool2d: the kernel spans 6 elements of dim -1, which has 5 with its padding (shape [2, 3, 4, 5])",
            )
            .refuses(|x| x[0].max_pool2d(MaxPool::new(0)), "max_pool2d: kernel_size is 0, it must be at least 1")
            .refuses(|x| x[0].max_pool2d(MaxPool::new(2).stride(-1)), "max_pool2d: stride is -1, it must be at least 1")
            .refuses(
                |x| x[0].max_pool2d(MaxPool::new([1, 2, 3])),
                "max_pool2d: kernel_size is [1, 2, 3], it must be one number or 2",
            )
            .refuses(
                |x| x[0].narrow(1, 0, 0)?.max_pool2d(MaxPool::new(1)),
                "max_pool2d: the input has shape [2, 0, 4, 5], expected channels and planes with elements",
            )
            .refuses(
                |x| x[0].unsqueeze(0)?.max_pool2d(MaxPool::new(1)),
                "max_pool2d: the input has shape [1, 2, 3, 4, 5], expected [N, C, H, W] or [C, H, W]",
            )
            .refuses(
                |x| x[0].to_dtype(DType::I64).max_pool2d(MaxPool::new(1)),
                "max_pool2d: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("max_pool2d (positions)", x(&[2, 3, 4, 5]), move |x| Ok(x[0].max_pool2d_with_indices(windows())?.1))
            .ends_no_history(),
        Case::new("max_pool1d", x(&[2, 8]), |x| {
            x[0].max_pool1d(MaxPool::new(3).dilation(2).padding(1).stride(2).ceil_mode(true))
        })
        .refuses(
            |x| x[0].unsqueeze(0)?.unsqueeze(0)?.max_pool1d(MaxPool::new(1)),
            "max_pool1d: the input has shape [1, 1, 2, 8], expected [N, C, L] or [C, L]",
        ),
        Case::new("max_pool3d", x(&[1, 2, 3, 4, 5]), |x| x[0].max_pool3d(MaxPool::new([3, 2, 2]).stride(1))).refuses(
            |x| x[0].max_pool3d(MaxPool::new([4, 1, 1])),
            "max_pool3d: the kernel spans 4 elements of dim -3, which has 3 with its padding (shape \
                 [1, 2, 3, 4, 5])",
        ),
    ]
}];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_ties_the_first_is_chosen_and_a_nan_wins() -> Result<()> {
        let x = Tensor::from([[1.0, 1.0, f32::NAN, 2.0, f32::NEG_INFINITY, f32::NEG_INFINITY]]);
        let (values, positions) = x.max_pool1d_with_indices(MaxPool::new(2))?;
        assert_eq!(positions.to_vec::<i64>()?, [0, 2, 4]);
        assert!(values.to_vec::<f32>()?[1].is_nan());
        Ok(())
    }

    /// Windows side by side are compared in lanes: they choose as windows alone do.
    #[test]
    fn long_rows_are_pooled_as_their_windows_are() -> Result<()> {
        let values = [1.0, 1.0, f64::NAN, 2.0, f64::NEG_INFINITY, f64::NEG_INFINITY, 0.5];
        for (size, kernel, stride, padding, dilation) in
            [(40, 2, 2, 0, 1), (41, 3, 2, 1, 1), (33, 3, 1, 1, 1), (37, 3, 3, 1, 1), (30, 2, 1, 1, 3), (28, 4, 2, 2, 2)]
        {
            let rows: Vec<f64> = (0..3 * size).map(|i| values[(i * i + i / 3) % values.len()]).collect();
            let windows = MaxPool::new([1, kernel]).stride([1, stride]).padding([0, padding]);
            let x = Tensor::from_slice(&rows, &[1, 3, size])?;
            let (_, positions) = x.max_pool2d_with_indices(windows.dilation([1, dilation]))?;
            let count = positions.shape()[2];
            for (i, at) in positions.to_vec::<i64>()?.into_iter().enumerate() {
                let (row, o) = (i / count, i % count);
                let places = (0..kernel).filter_map(|k| (o * stride + k * dilation).checked_sub(padding));
                let mut best = None;
                for place in places.filter(|place| *place < size).map(|place| row * size + place) {
                    if best.is_none_or(|best: usize| rows[place] > rows[best] || rows[place].is_nan()) {
                        best = Some(place);
                    }
                }
                assert_eq!(at, best.map_or(-1, |best| best as i64), "{kernel} {stride} {padding} {dilation}: {i}");
            }
        }
        Ok(())
    }

    #[test]
    fn a_window_without_elements_has_no_position_and_no_gradient() -> Result<()> {
        let x = Tensor::from([[3.0, 1.0, 2.0]]).requires_grad();
        let windows = MaxPool::new(2).dilation(4).padding(1);
        let (values, positions) = x.max_pool1d_with_indices(windows)?;
        assert_eq!(values.to_vec::<f32>()?, [f32::NEG_INFINITY]);
        assert_eq!(positions.to_vec::<i64>()?, [-1]);
        let grads = values.sum().backward()?;
        assert_eq!(grads.get(&x).map(Tensor::to_f64s), Some(vec![0.0; 3]));
        Ok(())
    }
}
