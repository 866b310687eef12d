//! A few sizes or strides, kept in place.

use std::ops::Deref;

/// Up to this many are kept in place; tensors of more dimensions are rare enough for an allocation.
const NEAR: usize = 4;

/// Sizes or strides, one per dimension. Every new tensor copies a layout: this type moves with a few register
/// operations, where a general vector needs a call to copy it.
#[derive(Clone, Debug)]
pub(crate) struct FixedDims {
    near: [usize; NEAR],
    len: usize,
    far: Option<Box<[usize]>>,
}

impl FixedDims {
    #[inline(always)]
    pub(crate) fn new(dims: &[usize]) -> FixedDims {
        let near = match *dims {
            [] => [0; NEAR],
            [a] => [a, 0, 0, 0],
            [a, b] => [a, b, 0, 0],
            [a, b, c] => [a, b, c, 0],
            [a, b, c, d] => [a, b, c, d],
            _ => return FixedDims { near: [0; NEAR], len: dims.len(), far: Some(dims.into()) },
        };
        FixedDims { near, len: dims.len(), far: None }
    }

    /// Whether the sizes are so few and small that no product of them overflows, as nearly always.
    #[inline(always)]
    pub(crate) fn is_small(&self) -> bool {
        let [a, b, c, d] = self.near;
        self.far.is_none() && (a | b | c | d) < 1 << 14
    }

    /// This many zeros.
    pub(crate) fn zeros(&self) -> FixedDims {
        let far = self.far.as_ref().map(|dims| vec![0; dims.len()].into());
        FixedDims { near: [0; NEAR], len: self.len, far }
    }

    /// The strides of a row-major layout of these sizes, and their product. A size of 0 counts as 1 in a stride.
    #[inline(always)]
    pub(crate) fn row_major(&self) -> (FixedDims, usize) {
        let one = |size: usize| size.max(1);
        let [a, b, c, d] = self.near;
        let (near, numel) = match (self.len, &self.far) {
            (0, _) => ([0; NEAR], 1),
            (1, _) => ([1, 0, 0, 0], a),
            (2, _) => ([one(b), 1, 0, 0], a * b),
            (3, _) => ([one(b) * one(c), one(c), 1, 0], a * b * c),
            (_, None) => ([one(b) * one(c) * one(d), one(c) * one(d), one(d), 1], a * b * c * d),
            (_, Some(dims)) => {
                let mut strides: Box<[usize]> = dims.iter().map(|_| 1).collect();
                for d in (1..dims.len()).rev() {
                    strides[d - 1] = strides[d] * one(dims[d]);
                }
                let strides = FixedDims { near: [0; NEAR], len: self.len, far: Some(strides) };
                return (strides, dims.iter().product());
            }
        };
        (FixedDims { near, len: self.len, far: None }, numel)
    }
}

/// Sizes that are kept in place are compared all at once: the rest of the place is zeros. By number, for a comparison
/// of memory is a call, which takes longer than all of it.
impl PartialEq for FixedDims {
    #[inline]
    fn eq(&self, other: &FixedDims) -> bool {
        let ([a, b, c, d], [e, f, g, h]) = (self.near, other.near);
        let differ = (a ^ e) | (b ^ f) | (c ^ g) | (d ^ h) | (self.len ^ other.len);
        differ == 0 && (self.len <= NEAR || self.far == other.far)
    }
}

impl Deref for FixedDims {
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
            let (strides, numel) = FixedDims::new(&sizes).row_major();
            let expected: Vec<usize> = (0..rank).map(|d| sizes[d + 1..].iter().product()).collect();
            assert_eq!((&strides[..], numel), (&expected[..], sizes.iter().product()));
            assert_eq!(FixedDims::new(&sizes)[..], sizes);
        }
    }
}
