//! The loop nest over several strided operands, with dimensions merged where memory allows.

use crate::kernels::simd::from_fn;
use crate::shape::Dims;

/// The walk of `N` strided operands in the row-major order of their common (broadcast) shape.
///
/// Neighbouring dimensions that every operand crosses without a jump are merged, and dimensions of size one are
/// dropped: contiguous operands give a single dimension, a matrix plus a row vector gives two.
#[derive(Debug)]
pub struct Nest<const N: usize> {
    /// Sizes, outermost first; at least one.
    pub dims: Dims,
    /// Strides in elements of each operand; 0 where it is broadcast.
    pub strides: [Dims; N],
}

impl<const N: usize> Nest<N> {
    /// The nest over `shape`, given each operand's strides in the dimensions of that shape.
    pub fn new(shape: &[usize], operands: [&[usize]; N]) -> Self {
        let mut dims = Dims::new();
        let mut strides: [Dims; N] = from_fn(|_| Dims::new());
        for (d, &size) in shape.iter().enumerate() {
            if size == 1 {
                continue;
            }
            let last = dims.len().wrapping_sub(1);
            let merges = !dims.is_empty() && (0..N).all(|k| strides[k][last] == operands[k][d] * size);
            if merges {
                dims[last] *= size;
                (0..N).for_each(|k| strides[k][last] = operands[k][d]);
            } else {
                dims.push(size);
                (0..N).for_each(|k| strides[k].push(operands[k][d]));
            }
        }
        if dims.is_empty() {
            dims.push(1);
            strides.iter_mut().for_each(|s| s.push(1));
        }
        Nest { dims, strides }
    }

    /// Whether every operand is one contiguous run.
    #[inline]
    pub fn is_flat(&self) -> bool {
        self.dims.len() == 1 && self.strides.iter().all(|s| s[0] == 1)
    }

    /// Size of the innermost dimension.
    #[inline]
    pub fn inner(&self) -> usize {
        self.dims[self.dims.len() - 1]
    }

    /// Each operand's stride in the innermost dimension.
    #[inline]
    pub fn inner_strides(&self) -> [usize; N] {
        from_fn(|k| self.strides[k][self.dims.len() - 1])
    }

    /// Walks the outer dimensions from row `first` on: `rows.step()` gives each operand's offset of the next inner run.
    pub fn rows(&self, first: usize) -> Rows<'_, N> {
        let outer = self.dims.len() - 1;
        let mut index: Dims = smallvec::smallvec![0; outer];
        let mut offsets = [0; N];
        let mut rest = first;
        for d in (0..outer).rev() {
            index[d] = rest % self.dims[d].max(1);
            rest /= self.dims[d].max(1);
            (0..N).for_each(|k| offsets[k] += index[d] * self.strides[k][d]);
        }
        let (left, strides) = match outer.checked_sub(1) {
            Some(near) => (self.dims[near] - index[near], from_fn(|k| self.strides[k][near])),
            None => (usize::MAX, [0; N]),
        };
        Rows { nest: self, index, offsets, left, strides }
    }
}

impl Nest<1> {
    /// The offset of one element, by its number in row-major order.
    pub fn offset(&self, number: usize) -> usize {
        let (mut rest, mut offset) = (number, 0);
        for (size, stride) in self.dims.iter().zip(&self.strides[0]).rev() {
            offset += rest % size.max(&1) * stride;
            rest /= size.max(&1);
        }
        offset
    }
}

/// The inner runs of a nest, one after the other.
pub struct Rows<'a, const N: usize> {
    nest: &'a Nest<N>,
    /// The coordinates in the outer dimensions; that of the innermost of these counts at the start alone.
    index: Dims,
    offsets: [usize; N],
    /// The runs that are left along the innermost of the outer dimensions, and how far apart they are.
    left: usize,
    strides: [usize; N],
}

impl<const N: usize> Rows<'_, N> {
    /// The offsets of the current run; steps to the next one.
    #[inline]
    pub fn step(&mut self) -> [usize; N] {
        let here = self.offsets;
        if self.left > 1 {
            self.left -= 1;
            (0..N).for_each(|k| self.offsets[k] += self.strides[k]);
        } else {
            self.turn();
        }
        here
    }

    /// Steps from the last run along the innermost of the outer dimensions to the first one beside them.
    fn turn(&mut self) {
        let near = self.index.len() - 1;
        self.left = self.nest.dims[near];
        (0..N).for_each(|k| self.offsets[k] -= (self.left - 1) * self.strides[k]);
        for d in (0..near).rev() {
            self.index[d] += 1;
            if self.index[d] < self.nest.dims[d] {
                (0..N).for_each(|k| self.offsets[k] += self.nest.strides[k][d]);
                return;
            }
            self.index[d] = 0;
            (0..N).for_each(|k| self.offsets[k] -= (self.nest.dims[d] - 1) * self.nest.strides[k][d]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contiguous_dimensions_merge_and_broadcast_ones_do_not() {
        let flat = Nest::new(&[2, 3, 4], [&[12, 4, 1], &[12, 4, 1]]);
        assert!(flat.is_flat());
        assert_eq!(flat.dims.as_slice(), [24]);
        let row = Nest::new(&[2, 3, 4], [&[12, 4, 1], &[0, 0, 1]]);
        assert_eq!(row.dims.as_slice(), [6, 4]);
        assert_eq!(row.inner_strides(), [1, 1]);
        let scalar = Nest::new(&[1, 1], [&[1, 1]]);
        assert!(scalar.is_flat());
    }

    #[test]
    fn rows_may_start_anywhere() {
        let nest = Nest::new(&[2, 3, 2], [&[1, 5, 2]]);
        let mut all = nest.rows(0);
        let offsets: Vec<_> = (0..6).map(|_| all.step()[0]).collect();
        assert_eq!(offsets, [0, 5, 10, 1, 6, 11]);
        assert_eq!(nest.rows(4).step()[0], 6);
    }
}
