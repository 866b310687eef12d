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

/// The places where `gather` reads: for each element of a row-major index tensor of `shape`, its place in a tensor with
/// these strides, with the coordinate along `dim` replaced by the index.
pub fn gather_offsets<'a>(
    index: &'a [i64],
    shape: &'a [usize],
    strides: &'a [usize],
    dim: usize,
) -> impl Iterator<Item = usize> + 'a {
    index.iter().enumerate().map(move |(i, &k)| {
        let mut rest = i;
        let mut offset = 0;
        for d in (0..shape.len()).rev() {
            let coordinate = if d == dim { k as usize } else { rest % shape[d] };
            rest /= shape[d];
            offset += coordinate * strides[d];
        }
        offset
    })
}
