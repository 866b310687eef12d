//! Shape, strides and offset: which element of a buffer is which element of a tensor.

use smallvec::SmallVec;

type Dims = SmallVec<[usize; 4]>;

/// Tensors have at most this many dimensions, as in PyTorch.
pub(crate) const MAX_RANK: usize = 64;

/// Element `(i, j, ..)` of a tensor is number `offset + i · strides[0] + j · strides[1] + ..` of its buffer.
#[derive(Clone, Debug)]
pub struct Layout {
    shape: Dims,
    strides: Dims,
    offset: usize,
    contiguous: bool,
}

impl Layout {
    /// Row-major order without gaps.
    pub(crate) fn contiguous(shape: &[usize]) -> Layout {
        let mut strides = [1; 4];
        let strides: Dims = if shape.len() <= 4 {
            // The common case without a loop over a growing vector.
            row_major(shape, &mut strides[..shape.len()]);
            SmallVec::from_buf_and_len(strides, shape.len())
        } else {
            let mut strides = SmallVec::from_elem(1, shape.len());
            row_major(shape, &mut strides);
            strides
        };
        Layout { shape: SmallVec::from_slice(shape), strides, offset: 0, contiguous: true }
    }

    /// Any strides. The caller keeps every element inside the buffer.
    pub(crate) fn strided(shape: &[usize], strides: &[usize], offset: usize) -> Layout {
        let mut expected = 1;
        let mut contiguous = true;
        for (size, stride) in shape.iter().zip(strides).rev() {
            contiguous &= *size == 1 || *stride == expected;
            expected *= size;
        }
        let empty = shape.contains(&0);
        Layout {
            shape: SmallVec::from_slice(shape),
            strides: SmallVec::from_slice(strides),
            offset,
            contiguous: contiguous || empty,
        }
    }

    #[inline]
    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape
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
        self.shape.iter().product()
    }

    /// Number of buffer elements from the first to the last one this layout reaches, inclusive; 0 if it has none.
    pub(crate) fn span(&self) -> usize {
        if self.contiguous {
            return self.numel();
        }
        1 + self.shape.iter().zip(&self.strides).map(|(size, stride)| (size - 1) * stride).sum::<usize>()
    }
}

fn row_major(shape: &[usize], strides: &mut [usize]) {
    for d in (1..shape.len()).rev() {
        strides[d - 1] = strides[d] * shape[d].max(1);
    }
}

/// The number of elements of a shape, if it can be a tensor's: at most [`MAX_RANK`] dimensions, countable in bytes.
pub(crate) fn checked_numel(shape: &[usize], element_size: usize) -> Option<usize> {
    if shape.len() > MAX_RANK {
        return None;
    }
    // Zero sizes must not hide an overflow of the strides.
    let all = shape.iter().try_fold(1usize, |n, size| n.checked_mul((*size).max(1)))?;
    all.checked_mul(element_size).filter(|bytes| *bytes <= isize::MAX as usize)?;
    Some(shape.iter().product())
}
