//! Rows picked and added by index. The caller has checked the indices, and none is negative.

use super::copy::gather;
use super::nest::Nest;
use super::real::Real;
use crate::storage::block::Plain;
use crate::threads::parallel::for_rows;

/// `y[o, k, :] = x[o, index[k], :]` for x of any shape and strides, of which those of dimension `dim` are picked. No
/// other elements of x are read: a copy of an expanded x may be larger than memory.
pub fn take_rows<T: Plain>(x: &[T], shape: &[usize], strides: &[usize], dim: usize, index: &[i64], y: &mut [T]) {
    let outer = Nest::new(&shape[..dim], [&strides[..dim]]);
    let inner = Nest::new(&shape[dim + 1..], [&strides[dim + 1..]]);
    let width: usize = inner.dims.iter().product();
    if y.is_empty() {
        return;
    }
    let runs = inner.is_flat();
    for_rows(y, width, width, |rows, y| {
        let (mut block, mut k) = (rows.start / index.len(), rows.start % index.len());
        let mut first = outer.offset(block);
        for y in y.chunks_exact_mut(width) {
            let x = &x[first + index[k] as usize * strides[dim]..];
            if runs {
                y.copy_from_slice(&x[..width])
            } else {
                gather(&inner, x, y)
            }
            k += 1;
            if k == index.len() {
                (block, k) = (block + 1, 0);
                first = outer.offset(block);
            }
        }
    });
}

/// `y[o, index[k], :] += x[o, k, :]`, in the order of `k`, for `y: [outer, size, inner]`.
pub fn add_rows<T: Real>(x: &[T], size: usize, inner: usize, index: &[i64], y: &mut [T]) {
    if inner == 0 || index.is_empty() {
        return;
    }
    for (row, x) in x.chunks_exact(inner).enumerate() {
        let to = (row / index.len()) * size + index[row % index.len()] as usize;
        for (y, x) in y[to * inner..(to + 1) * inner].iter_mut().zip(x) {
            *y += *x;
        }
    }
}

/// Calls `f` with the number of each element of a row-major index tensor of `shape` and the place where `gather` reads for
/// it: its own place in a tensor with these strides, with the coordinate along `dim` replaced by the index. `index` has
/// whole lines of the last dimension, from line `first` on.
pub fn gather_offsets(
    index: &[i64],
    shape: &[usize],
    strides: &[usize],
    dim: usize,
    first: usize,
    mut f: impl FnMut(usize, usize),
) {
    let Some(last) = shape.len().checked_sub(1) else {
        return (0..index.len()).for_each(|k| f(k, 0));
    };
    let step = if dim == last { 0 } else { strides[last] };
    for (line, index) in index.chunks(shape[last].max(1)).enumerate() {
        let (mut rest, mut start) = (first + line, 0);
        for d in (0..last).rev() {
            start += if d == dim { 0 } else { rest % shape[d] * strides[d] };
            rest /= shape[d];
        }
        for (j, &k) in index.iter().enumerate() {
            f(line * shape[last] + j, start + j * step + k as usize * strides[dim]);
        }
    }
}
