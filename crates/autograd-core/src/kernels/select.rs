//! Rows picked and added by index. The caller has checked the indices, and none is negative.

use super::real::Real;
use crate::storage::block::Plain;
use crate::threads::parallel::for_rows;

/// `y[o, k, :] = x[o, index[k], :]` for `x: [outer, size, inner]`.
pub fn take_rows<T: Plain>(x: &[T], size: usize, inner: usize, index: &[i64], y: &mut [T]) {
    if inner == 0 || index.is_empty() {
        return;
    }
    for_rows(y, inner, inner, |rows, y| {
        for (row, y) in rows.zip(y.chunks_exact_mut(inner)) {
            let from = (row / index.len()) * size + index[row % index.len()] as usize;
            y.copy_from_slice(&x[from * inner..(from + 1) * inner]);
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

/// The places where `gather` reads: for each element of a row-major index tensor of `shape`, the offset into row-major
/// `x` of `x_shape`, with the coordinate along `dim` replaced by the index.
pub fn gather_offsets<'a>(
    index: &'a [i64],
    shape: &'a [usize],
    x_shape: &[usize],
    dim: usize,
) -> impl Iterator<Item = usize> + 'a {
    let mut strides = vec![1; x_shape.len()];
    for d in (0..x_shape.len().saturating_sub(1)).rev() {
        strides[d] = strides[d + 1] * x_shape[d + 1];
    }
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
