//! The dimensions of a reduction, and the fold along them.

use super::dims::ReduceDims;
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::reduce::{Fold, fold};
use crate::ops::check::Check;
use crate::shape::{Dims, Layout, Shape};
use crate::tensor::{DType, Tensor, for_float};
use smallvec::SmallVec;
use std::borrow::Cow;

/// The dims of a reduction, checked.
pub(crate) struct Along {
    /// Whether each dim is folded away.
    pub(crate) named: SmallVec<[bool; 4]>,
    /// The result's shape with the folded dims as ones.
    pub(crate) kept: Shape,
    /// The result's shape as the caller asked for it.
    pub(crate) shape: Shape,
    /// The number of elements that make one of the result.
    pub(crate) count: usize,
}

impl Along {
    pub(crate) fn new(op: &'static str, x: &Tensor, dims: &ReduceDims) -> Result<Along> {
        let named = match &dims.dims {
            Some(dims) if !dims.is_empty() => Check(op).dims(dims, x.shape())?,
            dims => SmallVec::from_elem(dims.is_none(), x.rank()),
        };
        x.can_be_packed(op)?;
        let (mut kept, mut shape) = (Shape::default(), Shape::default());
        let mut count = 1;
        for (size, named) in x.shape().iter().zip(&named) {
            kept.0.push(if *named { 1 } else { *size });
            if *named {
                count *= size;
            }
            if dims.keep || !named {
                shape.0.push(if *named { 1 } else { *size });
            }
        }
        if count == 0 {
            // The result has more elements than the input, which has none.
            Check(op).room(&shape, DType::F64)?;
        }
        Ok(Along { named, kept, shape, count })
    }

    /// Fails if no elements are folded and yet the result has elements.
    pub(crate) fn not_empty(self, op: &'static str, x: &Tensor) -> Result<Along> {
        if self.count == 0 && self.kept.iter().product::<usize>() != 0 {
            let dims: Vec<usize> = (0..self.named.len()).filter(|d| self.named[*d]).collect();
            let place = format!("dims {dims:?} of shape {:?} have no elements", x.shape());
            return Err(Error::new(ErrorKind::Shape, format!("{op}: {place}, and {op} of nothing is undefined")));
        }
        Ok(self)
    }

    /// The folded dimensions, as `sum_dim` and its like take them.
    pub(crate) fn folded(&self) -> SmallVec<[isize; 4]> {
        (0..self.named.len()).filter(|d| self.named[*d]).map(|d| d as isize).collect()
    }

    /// A tensor of the result's shape as a view that broadcasts against the input.
    pub(crate) fn spread(&self, y: &Tensor) -> Result<Tensor> {
        y.reshape_to(&self.kept)
    }

    /// The elements in the order `[.., count]`: every run of `count` is folded into one. Not recorded.
    pub(crate) fn rows(&self, x: &Tensor) -> Tensor {
        let order = || {
            let kept = (0..x.rank()).filter(|d| !self.named[*d]);
            kept.chain((0..x.rank()).filter(|d| self.named[*d]))
        };
        let shape: Dims = order().map(|d| x.shape()[d]).collect();
        let strides: Dims = order().map(|d| x.strides()[d]).collect();
        x.with_layout(Layout::strided(&shape, &strides, x.layout().offset())).packed().into_owned()
    }

    /// Whether only trailing dims are folded, so that rows lie as the elements do.
    pub(crate) fn trailing(&self) -> bool {
        self.named.is_sorted()
    }

    /// `f(x: [rows, count])` with its result, of the same shape, brought back to the order of x.
    pub(crate) fn by_rows(&self, x: &Tensor, f: impl FnOnce(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
        let rows: usize = self.kept.iter().product();
        if self.trailing() {
            return f(&x.reshape_to(&[rows, self.count])?)?.reshape_to(x.shape());
        }
        let kept = (0..x.rank()).filter(|d| !self.named[*d]);
        let order: Vec<isize> = kept.chain((0..x.rank()).filter(|d| self.named[*d])).map(|d| d as isize).collect();
        let mut back = vec![0; order.len()];
        order.iter().enumerate().for_each(|(to, from)| back[*from as usize] = to as isize);
        let permuted = x.permute(&order)?;
        f(&permuted.reshape_to(&[rows, self.count])?)?.reshape_to(permuted.shape())?.permute(&back)
    }

    /// The elements as `[rows, count]`, each row of which is folded into one; recorded.
    pub(crate) fn lines(&self, x: &Tensor) -> Result<Tensor> {
        let kept = (0..x.rank()).filter(|d| !self.named[*d]);
        let order = kept.chain((0..x.rank()).filter(|d| self.named[*d])).map(|d| d as isize);
        let rows: usize = self.kept.iter().product();
        x.permute(&order.collect::<SmallVec<[isize; 4]>>())?.reshape_to(&[rows, self.count])
    }

    /// The size of `inner` in `[outer, count, inner]`, if the folded dims are neighbours.
    fn middle(&self, x: &Tensor) -> Option<usize> {
        let first = self.named.iter().position(|named| *named)?;
        let last = self.named.iter().rposition(|named| *named)?;
        let neighbours = self.named[first..=last].iter().all(|named| *named);
        neighbours.then(|| x.shape()[last + 1..].iter().product())
    }

    /// Folds float elements; not recorded. The order of the fold depends on the sizes alone, not on how the elements
    /// lie: a view and its copy give the same bits.
    pub(crate) fn fold<F: Fold + Send + 'static>(&self, op: &'static str, f: F, x: &Tensor) -> Result<Tensor> {
        let (inner, count) = (self.middle(x), self.count);
        let x = if inner.is_some() { x.packed() } else { Cow::Owned(self.rows(x)) };
        for_float!(x.float(), T => Tensor::compute::<T, 1>(op, &self.shape, [&x], move |[x], y| {
            fold(f, x.flat::<T>(), count, inner.unwrap_or(1), y);
        }))
    }
}
