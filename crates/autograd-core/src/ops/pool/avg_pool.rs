//! The mean of each window.

use super::resample::Maps;
use super::windows::{Windows, sums};
use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::ops::conv::convolution::{batched, not_empty, space};
use crate::ops::conv::per_dim::PerDim;
use crate::shape::Dim;
use crate::tensor::Tensor;

/// The windows of [`Tensor::avg_pool2d`] and its like.
///
/// # Examples
/// ```
/// use autograd_core::{AvgPool, Tensor};
/// let x = Tensor::from([[[2.0, 4.0, 6.0, 8.0, 10.0]]]);
/// let windows = AvgPool::new(2).stride(2).padding(1).ceil_mode(false).count_include_pad(false);
/// assert_eq!(x.avg_pool1d(windows.clone())?.to_vec::<f32>()?, [2.0, 5.0, 9.0]);
/// assert_eq!(x.avg_pool1d(windows.divisor_override(4))?.to_vec::<f32>()?, [0.5, 2.5, 4.5]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct AvgPool {
    pub(super) windows: Windows,
    count_include_pad: bool,
    divisor: Option<isize>,
}

impl AvgPool {
    /// Windows of this size, side by side: the stride is the size. No padding.
    pub fn new(kernel_size: impl Into<PerDim>) -> AvgPool {
        AvgPool { windows: Windows::new(kernel_size.into()), count_include_pad: true, divisor: None }
    }

    /// The distance between neighbouring windows, at least 1; default: the kernel size.
    #[must_use]
    pub fn stride(mut self, stride: impl Into<PerDim>) -> AvgPool {
        self.windows.stride = Some(stride.into());
        self
    }

    /// The zeros at each side of a plane, at most half of the kernel; default 0.
    #[must_use]
    pub fn padding(mut self, padding: impl Into<PerDim>) -> AvgPool {
        self.windows.padding = padding.into();
        self
    }

    /// Whether there is a window for the elements at the end that do not fill one; default false.
    #[must_use]
    pub fn ceil_mode(mut self, ceil_mode: bool) -> AvgPool {
        self.windows.ceil_mode = ceil_mode;
        self
    }

    /// Whether the zeros of the padding count as elements; default true.
    #[must_use]
    pub fn count_include_pad(self, count_include_pad: bool) -> AvgPool {
        AvgPool { count_include_pad, ..self }
    }

    /// Divides the sum of each window by this number, not 0, instead of its number of elements; default: none.
    #[must_use]
    pub fn divisor_override(self, divisor: impl Dim) -> AvgPool {
        AvgPool { divisor: Some(divisor.signed()), ..self }
    }
}

impl Tensor {
    /// The mean of each window along one dim, by [`Tensor::avg_pool2d`]'s rules: `[N, C, L] → [N, C, L′]` or
    /// `[C, L] → [C, L′]`.
    ///
    /// # Errors
    /// As for `avg_pool2d`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{AvgPool, Tensor};
    /// let x = Tensor::from([[3.0, 1.0, 4.0, 2.0]]);
    /// assert_eq!(x.avg_pool1d(AvgPool::new(2))?.to_vec::<f32>()?, [2.0, 3.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn avg_pool1d(&self, windows: AvgPool) -> Result<Tensor> {
        averaged("avg_pool1d", 1, self, &windows)
    }

    /// The mean of each window: its sum, divided by the number of its elements.
    ///
    /// # Shapes
    /// `[N, C, H, W] → [N, C, H′, W′]` or `[C, H, W] → [C, H′, W′]`, with
    /// `H′ = ⌊(H + 2 padding − kernel_size) / stride⌋ + 1`, rounded up with `ceil_mode`. What a window of `ceil_mode`
    /// reaches behind the padding does not count.
    ///
    /// # Gradient
    /// gy, divided likewise, is added to every element of its window. Saves nothing.
    ///
    /// # Errors
    /// If x is not a float tensor of that many dimensions, a number is out of range, the padding is more than half of
    /// the kernel, or no window fits.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{AvgPool, Tensor};
    /// let x = Tensor::from([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]]);
    /// assert_eq!(x.avg_pool2d(AvgPool::new(2).stride(1))?.to_vec::<f32>()?, [3.0, 4.0, 6.0, 7.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn avg_pool2d(&self, windows: AvgPool) -> Result<Tensor> {
        averaged("avg_pool2d", 2, self, &windows)
    }

    /// The mean of each window over three dims, by [`Tensor::avg_pool2d`]'s rules.
    ///
    /// # Errors
    /// As for `avg_pool2d`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{AvgPool, Tensor};
    /// let x = Tensor::from([[[[1.0, 2.0], [4.0, 3.0]]]]);
    /// assert_eq!(x.avg_pool3d(AvgPool::new([1, 2, 2]))?.to_vec::<f32>()?, [2.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn avg_pool3d(&self, windows: AvgPool) -> Result<Tensor> {
        averaged("avg_pool3d", 3, self, &windows)
    }
}

pub(super) fn averaged(op: &'static str, rank: usize, x: &Tensor, options: &AvgPool) -> Result<Tensor> {
    Check(op).float(x)?;
    if options.divisor == Some(0) {
        return Err(Error::argument(op, "divisor_override", 0, "another number"));
    }
    let batch = batched(op, rank, x)?;
    not_empty(op, &batch, x, 1)?;
    let placed = options.windows.over(op, rank, space(&batch, 1), x)?;
    // As in PyTorch, where it is so over three dims alone.
    if let Some(d) = (0..3).find(|d| rank == 3 && placed.kernel[*d] > placed.input[*d]) {
        let sizes = format!("{} elements of dim {}, which has {}", placed.kernel[d], d as isize - 3, placed.input[d]);
        let text = format!("{op}: the kernel spans {sizes} without padding (shape {:?})", x.shape());
        return Err(Error::new(ErrorKind::Shape, text));
    }
    let windows = [0, 1, 2].map(|d| placed.counts(d, options.count_include_pad || options.divisor.is_some()));
    let y = match options.divisor {
        None => mean_of(op, &batch, &windows)?,
        Some(divisor) => {
            // Windows count alike, so that they are sums.
            let alike = windows.map(|each| each.into_iter().map(|(covered, _)| (covered, 1)).collect());
            mean_of(op, &batch, &alike)?.div_scalar(divisor as f64)
        }
    };
    if x.rank() == batch.rank() { Ok(y) } else { y.squeeze(&[0]) }
}

/// The windows along each dim: the elements covered, and their number.
pub(super) type Counted = [Vec<(std::ops::Range<usize>, usize)>; 3];

/// The sum of each window divided by its number in every dim.
pub(super) fn mean_of(op: &'static str, x: &Tensor, windows: &Counted) -> Result<Tensor> {
    let input = space(x, 1);
    let mut divisor = 1.0;
    let maps = [0, 1, 2].map(|d| {
        let (map, rest) = sums(input[d], &windows[d]);
        divisor *= rest;
        map
    });
    let y = Maps::new(op, maps).of(x)?;
    Ok(if divisor == 1.0 { y } else { y.div_scalar(divisor) })
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let x = |shape: &[usize]| vec![Input::real(shape, -2.0..2.0)];
    // Kernel 2 × 3, stride 2 × 1, padding 1 × 0 over 4 × 5; `pads`: whether zeros count.
    let reference = |pads: bool| {
        move |x: &[Vec<f64>]| {
            let at = |plane: usize, p: usize, q: usize| {
                let rows: Vec<usize> = (0..2).filter_map(|k| (2 * p + k).checked_sub(1)).filter(|h| *h < 4).collect();
                let count = if pads { 6 } else { 3 * rows.len() };
                let all = rows.iter().flat_map(|h| (q..q + 3).map(move |w| (h, w)));
                all.map(|(h, w)| x[0][plane * 20 + h * 5 + w]).sum::<f64>() / count as f64
            };
            (0..6 * 9).map(|i| at(i / 9, i / 3 % 3, i % 3)).collect()
        }
    };
    let windows = || AvgPool::new([2, 3]).stride([2, 1]).padding([1, 0]);
    [
        Case::new("avg_pool2d", x(&[2, 3, 4, 5]), move |x| x[0].avg_pool2d(windows()))
            .value(reference(true))
            .refuses(
                |x| x[0].avg_pool2d(AvgPool::new(2).padding([0, 2])),
                "avg_pool2d: padding is [0, 2], it must be at most half of kernel_size, which is 2",
            )
            .refuses(
                |x| x[0].avg_pool2d(AvgPool::new(5)),
                "avg_pool2d: the kernel spans 5 elements of dim -2, which has 4 with its padding (shape [2, 3, 4, 5])",
            )
            .refuses(
                |x| x[0].avg_pool2d(AvgPool::new(2).divisor_override(0)),
                "avg_pool2d: divisor_override is 0, it must be another number",
            )
            .refuses(
                |x| x[0].avg_pool2d(AvgPool::new(2).padding(-1)),
                "avg_pool2d: padding is -1, it must be at least 0",
            )
            .refuses(
                |x| x[0].to_dtype(DType::I64).avg_pool2d(AvgPool::new(1)),
                "avg_pool2d: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("avg_pool2d (of elements alone)", x(&[2, 3, 4, 5]), move |x| {
            x[0].avg_pool2d(windows().count_include_pad(false))
        })
        .value(reference(false)),
        Case::new("avg_pool2d (another divisor)", x(&[3, 4, 5]), move |x| {
            x[0].avg_pool2d(windows().ceil_mode(true).divisor_override(-2))
        }),
        Case::new("avg_pool1d", x(&[2, 7]), |x| x[0].avg_pool1d(AvgPool::new(2).ceil_mode(true)))
            .value(|x| {
                let row = |row: &[f64]| row.chunks(2).map(|c| c.iter().sum::<f64>() / c.len() as f64).collect();
                x[0].chunks(7).flat_map(|x| -> Vec<f64> { row(x) }).collect()
            })
            .refuses(
                |x| x[0].sum_dim(0)?.avg_pool1d(AvgPool::new(1)),
                "avg_pool1d: the input has shape [7], expected [N, C, L] or [C, L]",
            ),
        Case::new("avg_pool3d", x(&[1, 2, 3, 4, 5]), |x| x[0].avg_pool3d(AvgPool::new([3, 2, 2]).stride(1)))
            .refuses(
                |x| x[0].avg_pool3d(AvgPool::new(4).padding(1)),
                "avg_pool3d: the kernel spans 4 elements of dim -3, which has 3 without padding (shape \
                 [1, 2, 3, 4, 5])",
            )
            .refuses(
                |x| x[0].sum_dim([0, 1])?.avg_pool3d(AvgPool::new(1)),
                "avg_pool3d: the input has shape [3, 4, 5], expected [N, C, D, H, W] or [C, D, H, W]",
            ),
    ]
}];
