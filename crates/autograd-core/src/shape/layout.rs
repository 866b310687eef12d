//! Shape, strides and offset: which element of a buffer is which element of a tensor.

use super::FixedDims;

/// Tensors have at most this many dimensions, as in PyTorch.
pub(crate) const MAX_RANK: usize = 64;

/// Element `(i, j, ..)` of a tensor is number `offset + i · strides[0] + j · strides[1] + ..` of its buffer.
#[derive(Clone, Debug)]
pub struct Layout {
    shape: FixedDims,
    strides: FixedDims,
    offset: usize,
    numel: usize,
    contiguous: bool,
}

impl Layout {
    /// Row-major order without gaps.
    #[inline(always)]
    pub(crate) fn contiguous(shape: &[usize]) -> Layout {
        Layout::contiguous_at(shape, 0)
    }

    /// Becomes row-major order without gaps. Field by field: a whole layout would be moved by a call.
    #[inline(always)]
    pub(crate) fn become_contiguous(&mut self, shape: FixedDims, strides: FixedDims, numel: usize) {
        self.shape = shape;
        self.strides = strides;
        (self.offset, self.numel, self.contiguous) = (0, numel, true);
    }

    /// Row-major order without gaps, from element `offset` of the buffer on.
    #[inline(always)]
    pub(crate) fn contiguous_at(shape: &[usize], offset: usize) -> Layout {
        let shape = FixedDims::new(shape);
        let (strides, numel) = shape.row_major();
        Layout { shape, strides, offset, numel, contiguous: true }
    }

    /// Any strides. The caller keeps every element inside the buffer.
    pub(crate) fn strided(shape: &[usize], strides: &[usize], offset: usize) -> Layout {
        let mut expected = 1;
        let mut contiguous = true;
        for (size, stride) in shape.iter().zip(strides).rev() {
            contiguous &= *size == 1 || *stride == expected;
            expected *= size;
        }
        let contiguous = contiguous || expected == 0;
        Layout { shape: FixedDims::new(shape), strides: FixedDims::new(strides), offset, numel: expected, contiguous }
    }

    /// Element `offset` of the buffer, as often as the shape has elements.
    pub(crate) fn repeated(shape: &[usize], offset: usize) -> Layout {
        let shape = FixedDims::new(shape);
        let numel = shape.iter().product();
        Layout { strides: shape.zeros(), shape, offset, numel, contiguous: numel <= 1 }
    }

    /// The same layout from another element on.
    pub(crate) fn at(&self, offset: usize) -> Layout {
        Layout { offset, ..self.clone() }
    }

    #[inline]
    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape
    }
    #[inline]
    pub(crate) fn dims(&self) -> &FixedDims {
        &self.shape
    }
    /// Whether the elements lie in the same order, with the same distances.
    #[inline]
    pub(crate) fn goes_like(&self, other: &Layout) -> bool {
        self.shape == other.shape && self.strides == other.strides
    }
    #[inline]
    pub(crate) fn strides(&self) -> &[usize] {
        &self.strides
    }
    #[inline]
    pub(crate) fn offset(&self) -> usize {
        self.offset
    }
    #[inline]
    pub(crate) fn is_contiguous(&self) -> bool {
        self.contiguous
    }
    #[inline]
    pub(crate) fn numel(&self) -> usize {
        self.numel
    }

    /// Number of buffer elements from the first to the last one this layout reaches, inclusive; 0 if it has none.
    pub(crate) fn span(&self) -> usize {
        if self.contiguous {
            return self.numel();
        }
        1 + self.shape.iter().zip(self.strides.iter()).map(|(size, stride)| (size - 1) * stride).sum::<usize>()
    }
}

/// The number of elements of a shape, if it can be a tensor's: at most [`MAX_RANK`] dimensions, countable in bytes.
#[inline]
pub(crate) fn checked_numel(shape: &[usize], element_size: usize) -> Option<usize> {
    if shape.len() > MAX_RANK {
        return None;
    }
    // Zero sizes must not hide an overflow of the strides.
    let (mut all, mut numel) = (1usize, 1usize);
    for size in shape {
        all = all.checked_mul((*size).max(1))?;
        numel *= size;
    }
    all.checked_mul(element_size).filter(|bytes| *bytes <= isize::MAX as usize)?;
    Some(numel)
}
