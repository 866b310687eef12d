//! Pooled elements put back into their places.

use super::chosen::Positions;
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::select::first_outside;
use crate::ops::check::Check;
use crate::ops::conv::convolution::{batched, space};
use crate::ops::conv::per_dim::PerDim;
use crate::shape::Shape;
use crate::tensor::{DType, Tensor};

/// The windows that [`Tensor::max_unpool2d`] and its like reverse, which say how large the planes were.
///
/// # Examples
/// ```
/// use autograd_core::{MaxUnpool, Tensor};
/// let (y, positions) = (Tensor::from([[3.0, 4.0]]), Tensor::from([[0, 2]]));
/// let windows = MaxUnpool::new(2).stride(2).padding(0).output_size(5);
/// assert_eq!(y.max_unpool1d(&positions, windows)?.to_vec::<f32>()?, [3.0, 0.0, 4.0, 0.0, 0.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct MaxUnpool {
    kernel_size: PerDim,
    stride: Option<PerDim>,
    padding: PerDim,
    output_size: Option<PerDim>,
}

impl MaxUnpool {
    /// Windows of this size, side by side: the stride is the size. No padding.
    pub fn new(kernel_size: impl Into<PerDim>) -> MaxUnpool {
        MaxUnpool { kernel_size: kernel_size.into(), stride: None, padding: 0.into(), output_size: None }
    }

    /// The distance between neighbouring windows, at least 1; default: the kernel size.
    #[must_use]
    pub fn stride(self, stride: impl Into<PerDim>) -> MaxUnpool {
        MaxUnpool { stride: Some(stride.into()), ..self }
    }

    /// The padding that there was, at least 0; default 0.
    #[must_use]
    pub fn padding(self, padding: impl Into<PerDim>) -> MaxUnpool {
        MaxUnpool { padding: padding.into(), ..self }
    }

    /// The size of the planes, less than a stride away from the default, `(H − 1) stride − 2 padding + kernel_size`.
    #[must_use]
    pub fn output_size(self, output_size: impl Into<PerDim>) -> MaxUnpool {
        MaxUnpool { output_size: Some(output_size.into()), ..self }
    }
}

impl Tensor {
    /// Elements put back along one dim, by [`Tensor::max_unpool2d`]'s rules: `[N, C, L] → [N, C, L′]` or
    /// `[C, L] → [C, L′]`.
    ///
    /// # Errors
    /// As for `max_unpool2d`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{MaxUnpool, Tensor};
    /// let y = Tensor::from([[5.0, 6.0]]).max_unpool1d(&Tensor::from([[1, 2]]), MaxUnpool::new(2))?;
    /// assert_eq!(y.to_vec::<f32>()?, [0.0, 5.0, 6.0, 0.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn max_unpool1d(&self, indices: &Tensor, windows: MaxUnpool) -> Result<Tensor> {
        unpooled("max_unpool1d", 1, self, indices, &windows)
    }

    /// Zeros, with each element at its position in its plane, as [`Tensor::max_pool2d_with_indices`] gives it; where
    /// several elements have the same position, the last one.
    ///
    /// # Shapes
    /// `[N, C, H, W] → [N, C, H′, W′]` or `[C, H, W] → [C, H′, W′]`; the indices have the shape of x.
    ///
    /// # Gradient
    /// gy at the positions; of several elements with the same one the last has it, and the others 0. Saves these.
    ///
    /// # Errors
    /// If x is not a float tensor of that many dimensions, the indices have another shape or dtype or are outside of
    /// the planes, a number is out of range, or the output size is not one that windows like these can come from.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{MaxPool, MaxUnpool, Tensor};
    /// let x = Tensor::from([[[1.0, 2.0], [4.0, 3.0]]]);
    /// let (y, positions) = x.max_pool2d_with_indices(MaxPool::new(2))?;
    /// assert_eq!(y.max_unpool2d(&positions, MaxUnpool::new(2))?.to_vec::<f32>()?, [0.0, 0.0, 4.0, 0.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn max_unpool2d(&self, indices: &Tensor, windows: MaxUnpool) -> Result<Tensor> {
        unpooled("max_unpool2d", 2, self, indices, &windows)
    }

    /// Elements put back over three dims, by [`Tensor::max_unpool2d`]'s rules.
    ///
    /// # Errors
    /// As for `max_unpool2d`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{MaxUnpool, Tensor};
    /// let y = Tensor::from([[[[5.0]]]]).max_unpool3d(&Tensor::from([[[[3]]]]), MaxUnpool::new([1, 2, 2]))?;
    /// assert_eq!(y.to_vec::<f32>()?, [0.0, 0.0, 0.0, 5.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn max_unpool3d(&self, indices: &Tensor, windows: MaxUnpool) -> Result<Tensor> {
        unpooled("max_unpool3d", 3, self, indices, &windows)
    }
}

fn unpooled(op: &'static str, rank: usize, x: &Tensor, indices: &Tensor, options: &MaxUnpool) -> Result<Tensor> {
    let check = Check(op);
    check.float(x)?;
    check.dtype(indices, DType::I64)?;
    check.is("indices", indices, x.shape())?;
    let batch = batched(op, rank, x)?;
    let kernel = options.kernel_size.read(op, "kernel_size", rank, 1, 1)?;
    let stride = options.stride.as_ref().unwrap_or(&options.kernel_size).read(op, "stride", rank, 1, 1)?;
    let padding = options.padding.read(op, "padding", rank, 0, 0)?;
    let given = options.output_size.as_ref().map(|size| size.read(op, "output_size", rank, 0, 1)).transpose()?;
    let pooled = space(&batch, 1);
    let mut sizes = Shape::default();
    for d in 3 - rank..3 {
        let all = pooled[d].checked_sub(1).map_or(0, |last| last.saturating_mul(stride[d]).saturating_add(kernel[d]));
        let usual = all.saturating_sub(2 * padding[d]);
        let size = given.map_or(usual, |given| given[d]);
        if size.abs_diff(usual) >= stride[d] {
            let range = format!("less than the stride, {}, away from {usual}", stride[d]);
            let text = format!("{op}: output_size is {size} in dim {}, it must be {range}", d as isize - 3);
            return Err(Error::new(ErrorKind::Argument, text));
        }
        sizes.0.push(size);
    }
    let mut shape = Shape::from(&batch.shape()[..2]);
    shape.0.extend_from_slice(&sizes);
    check.room(&shape, DType::F64)?;
    let plane: usize = sizes.iter().product();
    let indices = if x.rank() == batch.rank() { indices.clone() } else { indices.unsqueeze(0)? };
    let packed = indices.try_packed(op)?;
    Tensor::look(op, [&packed], move |[indices]| {
        let indices = indices.flat::<i64>();
        match first_outside(indices, 0..i64::try_from(plane).unwrap_or(i64::MAX)) {
            None => Ok(()),
            Some(at) => {
                let which = format!("index {} at position {at}", indices[at]);
                let text = format!("{op}: {which} is outside of a plane of {plane} elements, {sizes}");
                Err(Error::new(ErrorKind::Index, text))
            }
        }
    })?;
    let last = last_of_each(op, &packed, plane)?;
    let y = Positions::new(op, &last, &shape[2..], shape[1]).put(&batch)?;
    if x.rank() == batch.rank() { Ok(y) } else { y.squeeze(&[0]) }
}

/// Positions in planes of so many elements, `[N, C, ..]`, with −1 for those that come again: of these the last one
/// stays.
fn last_of_each(op: &'static str, indices: &Tensor, inputs: usize) -> Result<Tensor> {
    let planes: usize = indices.shape()[..2].iter().product();
    let each: usize = indices.shape()[2..].iter().product();
    if planes * each * inputs == 0 {
        return Ok(indices.clone());
    }
    let owners = Tensor::compute::<i64, 1>(op, &[planes, inputs], [indices], move |[index], owners| {
        owners.fill(-1);
        for (index, owners) in index.flat::<i64>().chunks_exact(each).zip(owners.chunks_exact_mut(inputs)) {
            index.iter().zip(0..).for_each(|(at, i)| owners[*at as usize] = i);
        }
    })?;
    Tensor::compute::<i64, 2>(op, indices.shape(), [indices, &owners], move |[index, owners], y| {
        let planes = index.flat::<i64>().chunks_exact(each).zip(owners.flat::<i64>().chunks_exact(inputs));
        for ((index, owners), y) in planes.zip(y.chunks_exact_mut(each)) {
            for ((at, y), i) in index.iter().zip(y).zip(0..) {
                *y = if owners[*at as usize] == i { *at } else { -1 };
            }
        }
    })
}

#[cfg(test)]
crate::ops::cases::cases![{
    let real = |shape: &[usize]| Input::real(shape, -2.0..2.0);
    // Positions that differ in a plane.
    let apart = || Tensor::from([[[[7, 2], [0, 11]]]]);
    [
        Case::new("max_unpool2d", vec![real(&[1, 1, 2, 2])], move |x| {
            x[0].max_unpool2d(&apart(), MaxUnpool::new([2, 3]).output_size([3, 6]))
        })
        .value(|x| {
            let mut y = vec![0.0; 18];
            [7, 2, 0, 11].iter().zip(&x[0]).for_each(|(at, x)| y[*at] = *x);
            y
        })
        .refuses(
            move |x| x[0].max_unpool2d(&apart(), MaxUnpool::new([2, 1])),
            "max_unpool2d: index 11 at position 3 is outside of a plane of 8 elements, [4, 2]",
        )
        .refuses(
            move |x| x[0].max_unpool2d(&apart(), MaxUnpool::new(2).output_size([4, 6])),
            "max_unpool2d: output_size is 6 in dim -1, it must be less than the stride, 2, away from 4",
        )
        .refuses(
            move |x| x[0].max_unpool2d(&apart().select(0, 0)?, MaxUnpool::new(2)),
            "max_unpool2d: indices has shape [1, 2, 2], expected [1, 1, 2, 2]",
        )
        .refuses(
            |x| x[0].max_unpool2d(&x[0], MaxUnpool::new(2)),
            "max_unpool2d: dtype is F64, expected I64; to_dtype converts",
        )
        .refuses(
            move |x| x[0].max_unpool2d(&apart(), MaxUnpool::new(2).padding(-1)),
            "max_unpool2d: padding is -1, it must be at least 0",
        ),
        Case::new("max_unpool1d", vec![real(&[3, 4]), Input::index(&[3, 4], 8)], |x| {
            x[0].max_unpool1d(&x[1], MaxUnpool::new(2))
        })
        .refuses(
            |x| x[0].max_unpool1d(&x[1].unsqueeze(0)?, MaxUnpool::new(2)),
            "max_unpool1d: indices has shape [1, 3, 4], expected [3, 4]",
        ),
        Case::new("max_unpool3d of one sample", vec![real(&[2, 1, 1, 3])], |x| {
            let at = Tensor::from([[[[4, 0, 2]]], [[[1, 3, 5]]]]);
            x[0].max_unpool3d(&at, MaxUnpool::new([1, 1, 2]))
        })
        .refuses(
            |x| x[0].max_unpool3d(&x[0].to_dtype(DType::I64), MaxUnpool::new([1, 2])),
            "max_unpool3d: kernel_size is [1, 2], it must be one number or 3",
        ),
    ]
}];
