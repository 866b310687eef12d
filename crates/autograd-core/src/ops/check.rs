//! Checks of arguments that many operations make: axes, dtypes, broadcastable shapes.

use crate::error::{Error, ErrorKind, Result};
use crate::tensor::{DType, Shape, Tensor};
use smallvec::SmallVec;

/// An axis counted from the front. A scalar accepts 0 and −1, as in PyTorch.
pub(crate) fn axis(op: &'static str, axis: isize, shape: &[usize]) -> Result<usize> {
    let rank = shape.len().max(1) as isize;
    let from_front = if axis < 0 { axis + rank } else { axis };
    if (0..rank).contains(&from_front) { Ok(from_front as usize) } else { Err(Error::dim(op, axis, shape)) }
}

/// A place for a new axis, counted from the front: before one of those there are, or behind all.
pub(crate) fn new_axis(op: &'static str, axis: isize, shape: &[usize]) -> Result<usize> {
    let rank = shape.len() as isize;
    let from_front = if axis < 0 { axis + rank + 1 } else { axis };
    if (0..=rank).contains(&from_front) {
        Ok(from_front as usize)
    } else {
        let range = format!("−{} to {rank}", rank + 1);
        let text = format!("{op}: a new axis {axis} is out of range for shape {shape:?} ({range})");
        Err(Error::new(ErrorKind::Dim, text))
    }
}

/// Which axes are named; none named means all.
pub(crate) fn axes(op: &'static str, axes: &[isize], shape: &[usize]) -> Result<SmallVec<[bool; 4]>> {
    let mut named = SmallVec::from_elem(axes.is_empty(), shape.len());
    for a in axes {
        let d = axis(op, *a, shape)?;
        if shape.is_empty() {
            continue;
        }
        if std::mem::replace(&mut named[d], true) {
            let text = format!("{op}: axis {d} is named twice in {axes:?} (shape {shape:?})");
            return Err(Error::new(ErrorKind::Dim, text));
        }
    }
    Ok(named)
}

/// One dtype for both.
pub(crate) fn same_dtype(op: &'static str, a: &Tensor, b: &Tensor) -> Result<DType> {
    if a.dtype() == b.dtype() { Ok(a.dtype()) } else { Err(Error::mixed_dtypes(op, a.dtype(), b.dtype())) }
}

/// A float dtype.
pub(crate) fn float(op: &'static str, x: &Tensor) -> Result<DType> {
    if x.dtype().is_float() { Ok(x.dtype()) } else { Err(Error::not_float(op, x.dtype())) }
}

/// An index dtype.
pub(crate) fn index(op: &'static str, x: &Tensor) -> Result<()> {
    match x.dtype() {
        DType::I64 => Ok(()),
        got => Err(Error::wrong_dtype(op, got, DType::I64)),
    }
}

/// A mask dtype.
pub(crate) fn mask(op: &'static str, x: &Tensor) -> Result<()> {
    match x.dtype() {
        DType::Bool => Ok(()),
        got => Err(Error::wrong_dtype(op, got, DType::Bool)),
    }
}

/// An error if no tensor can have this shape; two expanded operands may well ask for such a one.
pub(crate) fn numel_fits(op: &'static str, shape: &Shape) -> Result<()> {
    // As if of the widest elements.
    crate::tensor::checked(shape, DType::F64).map(|_| ()).ok_or_else(|| Error::too_large(op, shape))
}

/// The shape two operands broadcast to, by NumPy's rule: aligned at the end, sizes equal or one of them 1.
pub(crate) fn broadcast(op: &'static str, a: &[usize], b: &[usize]) -> Result<Shape> {
    if a == b {
        return Ok(a.into());
    }
    let rank = a.len().max(b.len());
    let size = |shape: &[usize], from_end: usize| shape.len().checked_sub(from_end).map_or(1, |d| shape[d]);
    let mut out: Shape = if a.len() == rank { a.into() } else { b.into() };
    for from_end in (1..=rank).rev() {
        let (x, y) = (size(a, from_end), size(b, from_end));
        out.0[rank - from_end] = match (x, y) {
            (x, y) if x == y => x,
            (1, y) => y,
            (x, 1) => x,
            _ => return Err(Error::broadcast(op, a, b, from_end)),
        };
    }
    numel_fits(op, &out)?;
    Ok(out)
}

/// A tensor's strides in a shape it broadcasts to: 0 in the dimensions it is repeated along.
pub(crate) fn strides_in(x: &Tensor, shape: &[usize]) -> SmallVec<[usize; 4]> {
    let missing = shape.len() - x.rank();
    let mut strides = SmallVec::from_elem(0, shape.len());
    for (d, (size, stride)) in x.shape().iter().zip(x.strides()).enumerate() {
        if *size == shape[missing + d] && *size != 1 {
            strides[missing + d] = *stride;
        }
    }
    strides
}

/// Indices, each checked against the axis it selects from; negative ones are outside.
pub(crate) fn indices(op: &'static str, index: &Tensor, x: &[usize], axis: usize) -> Result<Vec<i64>> {
    self::index(op, index)?;
    let size = x.get(axis).copied().unwrap_or(1) as i64;
    let packed = index.packed();
    let checked = packed.flat::<i64>().iter().enumerate().map(|(position, &index)| {
        let inside = (0..size).contains(&index);
        if inside { Ok(index) } else { Err(Error::index(op, index, position, axis, x)) }
    });
    checked.collect()
}
