//! A few sizes or strides, kept in place.

use std::ops::Deref;

/// Up to this many are kept in place; tensors of more dimensions are rare enough for an allocation.
const NEAR: usize = 4;

/// Sizes or strides, one a dimension. Layouts are copied with every tensor made: this is moved with a few register
/// operations, where a general vector calls for a copy.
#[derive(Clone, Debug)]
pub(crate) struct Dims {
    near: [usize; NEAR],
    len: usize,
    far: Option<Box<[usize]>>,
}

impl Dims {
    #[inline]
    pub(crate) fn new(dims: &[usize]) -> Dims {
        let near = match *dims {
            [] => [0; NEAR],
            [a] => [a, 0, 0, 0],
            [a, b] => [a, b, 0, 0],
            [a, b, c] => [a, b, c, 0],
            [a, b, c, d] => [a, b, c, d],
            _ => return Dims { near: [0; NEAR], len: dims.len(), far: Some(dims.into()) },
        };
        Dims { near, len: dims.len(), far: None }
    }

    /// The strides of a row-major layout of these sizes.
    #[inline]
    pub(crate) fn row_major_strides(&self) -> Dims {
        let at = |d: usize| self.near[d].max(1);
        let near = match (self.len, &self.far) {
            (0, _) => [0; NEAR],
            (1, _) => [1, 0, 0, 0],
            (2, _) => [at(1), 1, 0, 0],
            (3, _) => [at(1) * at(2), at(2), 1, 0],
            (_, None) => [at(1) * at(2) * at(3), at(2) * at(3), at(3), 1],
            (_, Some(dims)) => {
                let mut strides: Box<[usize]> = dims.iter().map(|_| 1).collect();
                for d in (1..dims.len()).rev() {
                    strides[d - 1] = strides[d] * dims[d].max(1);
                }
                return Dims { near: [0; NEAR], len: self.len, far: Some(strides) };
            }
        };
        Dims { near, len: self.len, far: None }
    }
}

impl Deref for Dims {
    type Target = [usize];
    #[inline]
    fn deref(&self) -> &[usize] {
        match &self.far {
            None => &self.near[..self.len],
            Some(far) => far,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strides_are_row_major_for_any_rank() {
        for rank in 0..8 {
            let sizes: Vec<usize> = (0..rank).map(|d| d % 3 + 2).collect();
            let strides = Dims::new(&sizes).row_major_strides();
            let expected: Vec<usize> = (0..rank).map(|d| sizes[d + 1..].iter().product()).collect();
            assert_eq!(strides[..], expected);
            assert_eq!(Dims::new(&sizes)[..], sizes);
        }
    }
}
