//! Pooling to a given number of windows.

use super::avg_pool::mean_of;
use super::max_pool::largest_of;
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::conv::Space;
use crate::kernels::pool::{Span, Spans};
use crate::ops::check::Check;
use crate::ops::conv::convolution::{batched, not_empty, space};
use crate::ops::conv::per_dim::PerDim;
use crate::tensor::Tensor;
use smallvec::SmallVec;
use std::ops::Range;

/// The number of windows in each dim: one number for all, one for each, or `None` for as many as there are elements.
///
/// # Examples
/// ```
/// use autograd_core::{DType, OutputSize, Tensor};
/// let x = Tensor::ones(&[1, 8, 6, 5], DType::F32)?;
/// assert_eq!(x.adaptive_avg_pool2d(OutputSize::from(1))?.shape(), [1, 8, 1, 1]);
/// assert_eq!(x.adaptive_avg_pool2d([Some(3), None])?.shape(), [1, 8, 3, 5]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct OutputSize(SmallVec<[Option<isize>; 3]>);

macro_rules! numbers {
    ($($t:ty)*) => {$(
        impl From<$t> for OutputSize {
            fn from(one: $t) -> OutputSize {
                OutputSize(SmallVec::from_slice(&[Some(crate::shape::Dim::signed(one))]))
            }
        }
        impl<const N: usize> From<[$t; N]> for OutputSize {
            fn from(each: [$t; N]) -> OutputSize {
                OutputSize(each.iter().map(|size| Some(crate::shape::Dim::signed(*size))).collect())
            }
        }
        impl<const N: usize> From<[Option<$t>; N]> for OutputSize {
            fn from(each: [Option<$t>; N]) -> OutputSize {
                OutputSize::from(&each[..])
            }
        }
        impl From<&[Option<$t>]> for OutputSize {
            fn from(each: &[Option<$t>]) -> OutputSize {
                OutputSize(each.iter().map(|size| size.map(crate::shape::Dim::signed)).collect())
            }
        }
    )*};
}
// A literal without a type is an `i32`.
numbers!(i32 isize usize);

impl OutputSize {
    fn read(&self, op: &'static str, rank: usize, input: Space) -> Result<Space> {
        let sizes: SmallVec<[isize; 3]> = match self.0[..] {
            [one] => (3 - rank..3).map(|d| one.unwrap_or(input[d] as isize)).collect(),
            ref each => each.iter().zip(3 - rank..).map(|(size, d)| size.unwrap_or(input[d.min(2)] as isize)).collect(),
        };
        PerDim::from(&sizes[..]).read(op, "output_size", rank, 0, 1)
    }
}

impl Tensor {
    /// The means of as many windows as are asked for, along one dim, by [`Tensor::adaptive_avg_pool2d`]'s rules.
    ///
    /// # Errors
    /// As for `adaptive_avg_pool2d`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1.0, 2.0, 3.0]]);
    /// assert_eq!(x.adaptive_avg_pool1d(2)?.to_vec::<f32>()?, [1.5, 2.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn adaptive_avg_pool1d(&self, output_size: impl Into<OutputSize>) -> Result<Tensor> {
        averaged("adaptive_avg_pool1d", 1, self, &output_size.into())
    }

    /// The means of as many windows as are asked for: window i of n over a dim of size H covers the elements from
    /// `⌊i H / n⌋` to before `⌈(i + 1) H / n⌉`.
    ///
    /// # Shapes
    /// `[N, C, H, W] → [N, C, H′, W′]` or `[C, H, W] → [C, H′, W′]`, with `output_size` H′ and W′.
    ///
    /// # Gradient
    /// gy, divided by the number of elements, is added to every element of its window. Saves nothing.
    ///
    /// # Errors
    /// If x is not a float tensor of that many dimensions, has a spatial dim without elements, or a size is negative.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[[1.0, 2.0, 3.0], [5.0, 6.0, 7.0]]]);
    /// assert_eq!(x.adaptive_avg_pool2d([1, 2])?.to_vec::<f32>()?, [3.5, 4.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn adaptive_avg_pool2d(&self, output_size: impl Into<OutputSize>) -> Result<Tensor> {
        averaged("adaptive_avg_pool2d", 2, self, &output_size.into())
    }

    /// The means of as many windows as are asked for over three dims, by [`Tensor::adaptive_avg_pool2d`]'s rules.
    ///
    /// # Errors
    /// As for `adaptive_avg_pool2d`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[[[1.0, 2.0], [3.0, 4.0]]]]);
    /// assert_eq!(x.adaptive_avg_pool3d(1)?.to_vec::<f32>()?, [2.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn adaptive_avg_pool3d(&self, output_size: impl Into<OutputSize>) -> Result<Tensor> {
        averaged("adaptive_avg_pool3d", 3, self, &output_size.into())
    }

    /// The largest elements of as many windows as are asked for, along one dim, and their positions (`I64`); the
    /// windows are those of [`Tensor::adaptive_avg_pool2d`], all else is as for [`Tensor::max_pool2d_with_indices`].
    ///
    /// # Errors
    /// As for `adaptive_avg_pool2d`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (values, positions) = Tensor::from([[1.0, 2.0, 3.0]]).adaptive_max_pool1d(2)?;
    /// assert_eq!((values.to_vec::<f32>()?, positions.to_vec::<i64>()?), (vec![2.0, 3.0], vec![1, 2]));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn adaptive_max_pool1d(&self, output_size: impl Into<OutputSize>) -> Result<(Tensor, Tensor)> {
        largest("adaptive_max_pool1d", 1, self, &output_size.into())
    }

    /// The largest elements of as many windows as are asked for, and their positions, as for
    /// [`Tensor::adaptive_max_pool1d`].
    ///
    /// # Errors
    /// As for `adaptive_avg_pool2d`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (values, positions) = Tensor::from([[[1.0, 2.0], [4.0, 3.0]]]).adaptive_max_pool2d([2, 1])?;
    /// assert_eq!((values.to_vec::<f32>()?, positions.to_vec::<i64>()?), (vec![2.0, 4.0], vec![1, 2]));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn adaptive_max_pool2d(&self, output_size: impl Into<OutputSize>) -> Result<(Tensor, Tensor)> {
        largest("adaptive_max_pool2d", 2, self, &output_size.into())
    }

    /// The largest elements of as many windows as are asked for over three dims, and their positions, as for
    /// [`Tensor::adaptive_max_pool1d`].
    ///
    /// # Errors
    /// As for `adaptive_avg_pool2d`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (values, positions) = Tensor::from([[[[1.0, 2.0], [4.0, 3.0]]]]).adaptive_max_pool3d(1)?;
    /// assert_eq!((values.to_vec::<f32>()?, positions.to_vec::<i64>()?), (vec![4.0], vec![2]));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn adaptive_max_pool3d(&self, output_size: impl Into<OutputSize>) -> Result<(Tensor, Tensor)> {
        largest("adaptive_max_pool3d", 3, self, &output_size.into())
    }
}

/// The input with a dim for samples, and the elements that each window covers in each dim.
fn windows(op: &'static str, rank: usize, x: &Tensor, size: &OutputSize) -> Result<(Tensor, [Vec<Range<usize>>; 3])> {
    Check(op).float(x)?;
    let batch = batched(op, rank, x)?;
    let input = space(&batch, 1);
    let output = size.read(op, rank, input)?;
    if let Some(d) = (3 - rank..3).find(|d| input[*d] == 0) {
        let text = format!("{op}: dim {} has no elements (shape {:?})", d as isize - 3, x.shape());
        return Err(Error::new(ErrorKind::Shape, text));
    }
    let mut shape = crate::shape::Shape::from(&batch.shape()[..2]);
    shape.0.extend_from_slice(&output[3 - rank..]);
    Check(op).room(&shape, crate::tensor::DType::F64)?;
    // Every window covers its elements, and every element has a window.
    input.iter().chain(&output).try_for_each(|terms| Check(op).terms(*terms))?;
    Ok((batch, [0, 1, 2].map(|d| adaptive(input[d], output[d]))))
}

/// The elements that each of `output` windows covers.
pub(super) fn adaptive(input: usize, output: usize) -> Vec<Range<usize>> {
    let place = |i: usize, up: usize| ((i as u128 * input as u128 + up as u128) / output as u128) as usize;
    (0..output).map(|i| place(i, 0)..place(i + 1, output - 1)).collect()
}

fn averaged(op: &'static str, rank: usize, x: &Tensor, size: &OutputSize) -> Result<Tensor> {
    let (batch, windows) = windows(op, rank, x, size)?;
    let counted = windows.map(|each| each.into_iter().map(|covered| (covered.clone(), covered.len())).collect());
    let y = mean_of(op, &batch, &counted)?;
    if x.rank() == batch.rank() { Ok(y) } else { y.squeeze(&[0]) }
}

fn largest(op: &'static str, rank: usize, x: &Tensor, size: &OutputSize) -> Result<(Tensor, Tensor)> {
    let (batch, windows) = windows(op, rank, x, size)?;
    not_empty(op, &batch, x, 1)?;
    let span = |covered: &Range<usize>| Span { start: covered.start, step: 1, count: covered.len() };
    let spans = Spans { input: space(&batch, 1), each: windows.map(|each| each.iter().map(span).collect()) };
    largest_of(op, x, &batch, spans)
}

#[cfg(test)]
crate::ops::cases::cases![{
    let real = |shape: &[usize]| vec![Input::real(shape, -2.0..2.0)];
    let distinct = |shape: &[usize]| vec![Input::distinct(shape)];
    // 5 → 3: windows of 2, 3 and 2.
    let covered = [[0, 1, 1], [1, 2, 3], [3, 4, 4]];
    [
        Case::new("adaptive_avg_pool1d", real(&[2, 3, 5]), |x| x[0].adaptive_avg_pool1d(3))
            .value(move |x| {
                let mean = |row: &[f64], at: [usize; 3]| match at {
                    [a, b, c] if b == c => (row[a] + row[b]) / 2.0,
                    [a, b, c] => (row[a] + row[b] + row[c]) / 3.0,
                };
                x[0].chunks(5).flat_map(|row| covered.map(|at| mean(row, at))).collect()
            })
            .refuses(
                |x| x[0].adaptive_avg_pool1d([1, 2]),
                "adaptive_avg_pool1d: output_size is [1, 2], it must be one number",
            )
            .refuses(
                |x| x[0].narrow(2, 0, 0)?.adaptive_avg_pool1d(1),
                "adaptive_avg_pool1d: dim -1 has no elements (shape [2, 3, 0])",
            )
            .refuses(
                |x| x[0].to_dtype(crate::DType::I64).adaptive_avg_pool1d(1),
                "adaptive_avg_pool1d: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("adaptive_avg_pool2d", real(&[2, 3, 4, 5]), |x| x[0].adaptive_avg_pool2d([Some(7), None])).refuses(
            |x| x[0].adaptive_avg_pool2d([-1, 0]),
            "adaptive_avg_pool2d: output_size is [-1, 0], it must be at least 0",
        ),
        Case::new("adaptive_avg_pool3d", real(&[2, 3, 4, 5]), |x| x[0].adaptive_avg_pool3d(2)).refuses(
            |x| x[0].select(0, 0)?.adaptive_avg_pool3d(2),
            "adaptive_avg_pool3d: the input has shape [3, 4, 5], expected [N, C, D, H, W] or [C, D, H, W]",
        ),
        Case::new("adaptive_max_pool1d", distinct(&[2, 3, 5]), |x| Ok(x[0].adaptive_max_pool1d(3)?.0))
            .value(move |x| {
                let largest = |row: &[f64], at: [usize; 3]| at.map(|i| row[i]).into_iter().fold(f64::MIN, f64::max);
                x[0].chunks(5).flat_map(|row| covered.map(|at| largest(row, at))).collect()
            })
            .refuses(
                |x| Ok(x[0].adaptive_max_pool1d([-1])?.0),
                "adaptive_max_pool1d: output_size is -1, it must be at least 0",
            ),
        Case::new("adaptive_max_pool2d", distinct(&[3, 4, 5]), |x| Ok(x[0].adaptive_max_pool2d([2, 3])?.0)).refuses(
            |x| Ok(x[0].adaptive_max_pool2d([1, 2, 3])?.0),
            "adaptive_max_pool2d: output_size is [1, 2, 3], it must be one number or 2",
        ),
        Case::new("adaptive_max_pool3d", distinct(&[2, 3, 2, 5]), |x| Ok(x[0].adaptive_max_pool3d([1, 2, 3])?.0))
            .value(move |x| {
                // The depth is one window, each of two rows another, and the columns are as above.
                let largest = |c: usize, row: usize, at: [usize; 3]| {
                    let seen = (0..3).flat_map(|d| at.map(|i| x[0][((c * 3 + d) * 2 + row) * 5 + i]));
                    seen.fold(f64::MIN, f64::max)
                };
                let rows = (0..2).flat_map(|c| (0..2).map(move |row| (c, row)));
                rows.flat_map(|(c, row)| covered.map(|at| largest(c, row, at))).collect()
            }),
        Case::new("adaptive_max_pool3d (positions)", distinct(&[2, 3, 4, 5]), |x| Ok(x[0].adaptive_max_pool3d(2)?.1))
            .ends_no_history()
            .refuses(
                |x| Ok(x[0].select(0, 0)?.adaptive_max_pool3d(2)?.1),
                "adaptive_max_pool3d: the input has shape [3, 4, 5], expected [N, C, D, H, W] or [C, D, H, W]",
            ),
    ]
}];
