//! Parts put and added at their places in a whole, with the adjoints: the base of all writing by index.

use super::gather::Picked;
use super::index_select::Rows;
use crate::error::{Error, Result};
use crate::kernels::copy::gather;
use crate::kernels::nest::Nest;
use crate::kernels::place::Places;
use crate::ops::check::Check;
use crate::ops::indices::Indices;
use crate::shape::{Dims, Layout};
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{DType, Tensor, for_any, for_float};
use smallvec::SmallVec;

/// The place of a part in a whole.
#[derive(Clone)]
pub(crate) enum Placed {
    /// Whole rows.
    Rows(Rows),
    /// Single elements.
    Picked(Picked),
}

impl Placed {
    /// Rows by number: `index` has one dimension or none.
    pub(crate) fn rows(op: &'static str, x: &Tensor, dim: isize, index: &Tensor) -> Result<Placed> {
        let check = Check(op);
        let d = check.dim(dim, x.shape())?;
        if index.rank() > 1 {
            return Err(Error::shape(op, "index", index.shape(), "one dimension"));
        }
        if x.rank() == 0 && index.numel() != 1 {
            return Err(Error::shape(op, "index", index.shape(), "one element, to write to a scalar"));
        }
        Ok(Placed::Rows(Rows { dim: d, index: check.indices(index, x.shape(), d)? }))
    }

    /// Elements by their coordinate along `dim`; in the others the index is no larger than `x`.
    pub(crate) fn picked(op: &'static str, x: &Tensor, dim: isize, index: &Tensor) -> Result<Placed> {
        Ok(Placed::Picked(Picked::new(op, x, dim, index)?))
    }

    pub(crate) fn index(&self) -> &Indices {
        match self {
            Placed::Rows(rows) => &rows.index,
            Placed::Picked(picked) => &picked.index,
        }
    }

    /// The shape of the part, given that of the whole.
    pub(crate) fn part(&self, whole: &[usize]) -> Dims {
        match self {
            Placed::Rows(rows) => {
                let mut shape: Dims = SmallVec::from_slice(whole);
                shape.iter_mut().skip(rows.dim).take(1).for_each(|size| *size = rows.index.len());
                shape
            }
            Placed::Picked(picked) => SmallVec::from_slice(picked.index.tensor().shape()),
        }
    }

    fn places(&self, whole: &[usize]) -> Places {
        match self {
            Placed::Rows(rows) => {
                let (size, inner) = rows.around(whole);
                Places::Rows { size, inner, outer: whole.iter().take(rows.dim).product() }
            }
            Placed::Picked(picked) => picked.places(whole),
        }
    }

    /// The part of `x`, recorded.
    pub(crate) fn take(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Placed::Rows(rows) => rows.clone().of(x),
            Placed::Picked(picked) => picked.clone().of(x),
        }
    }

    /// `x` with the elements of `part` in their places, recorded; of equal places the last one stays, and it alone gets
    /// a gradient.
    pub(crate) fn put(&self, op: &'static str, x: &Tensor, part: &Tensor) -> Result<Tensor> {
        Check(op).same_dtype(x, part)?;
        let (places, nest) = (self.places(x.shape()), Nest::new(x.shape(), [x.strides()]));
        let packed = part.try_packed(op)?;
        let operands = [x, self.index().tensor(), &*packed];
        let value = for_any!(x.dtype(), T => Tensor::moved::<T, 3>(op, x.shape(), operands, move |[x, i, part], y| {
            gather(&nest, x.strided(), y);
            places.put(i.flat(), part.flat(), y);
        }))?;
        Ok(record(op, value, &[x, part], |_| Put { op, placed: self.clone() }))
    }

    /// `x` with zeros in the places of the part, recorded.
    pub(crate) fn clear(&self, op: &'static str, x: &Tensor) -> Result<Tensor> {
        self.put(op, x, &Tensor::full(&self.part(x.shape()), 0.0, x.dtype())?)
    }

    /// The place of each element of the part, as its number in `whole`.
    pub(crate) fn numbers(&self, op: &'static str, whole: &[usize]) -> Result<Tensor> {
        let (places, n) = (self.places(whole), self.part(whole).iter().product());
        Tensor::moved::<i64, 1>(op, &[n], [self.index().tensor()], move |[index], y| places.numbers(index.flat(), y))
    }

    /// The elements of `x` that [`Placed::put`] would have put, and zeros for those that others replaced; recorded.
    fn won(&self, op: &'static str, x: &Tensor) -> Result<Tensor> {
        let (places, packed) = (self.places(x.shape()), x.try_packed(op)?);
        let (part, operands) = (self.part(x.shape()), [&*packed, self.index().tensor()]);
        let value = for_float!(x.float(), T => Tensor::moved::<T, 2>(op, &part, operands, move |[x, i], part| {
            places.won(i.flat(), x.flat(), 0.0, part);
        }))?;
        let whole = Layout::contiguous(x.shape());
        Ok(record(op, value, &[x], |_| Won { op, placed: self.clone(), whole }))
    }

    /// `x` with the elements of `part` added in their places, in order, recorded.
    pub(crate) fn add(&self, op: &'static str, x: &Tensor, part: &Tensor) -> Result<Tensor> {
        let dtype = Check(op).same_dtype(x, part)?;
        let (places, nest) = (self.places(x.shape()), Nest::new(x.shape(), [x.strides()]));
        let packed = part.try_packed(op)?;
        let operands = [x, self.index().tensor(), &*packed];
        let value = if dtype == DType::I64 {
            Tensor::compute::<i64, 3>(op, x.shape(), operands, move |[x, i, part], y| {
                gather(&nest, x.strided(), y);
                places.fold(i.flat(), part.flat(), y, i64::wrapping_add);
            })?
        } else {
            for_float!(Check(op).float(x)?, T => {
                Tensor::compute::<T, 3>(op, x.shape(), operands, move |[x, i, part], y| {
                    let x = x.strided::<T>();
                    let base = nest.is_flat().then(|| &x[..y.len()]);
                    if base.is_none() {
                        gather(&nest, x, y);
                    }
                    places.add(base, i.flat(), part.flat::<T>(), y);
                })
            })?
        };
        Ok(record(op, value, &[x, part], |_| Add { placed: self.clone() }))
    }

    /// The largest of `x` and the elements of `part` in their places, or the smallest; NaN if there is one. Not
    /// recorded.
    pub(crate) fn extreme(&self, op: &'static str, x: &Tensor, part: &Tensor, largest: bool) -> Result<Tensor> {
        let (places, nest) = (self.places(x.shape()), Nest::new(x.shape(), [x.strides()]));
        let packed = part.try_packed(op)?;
        let operands = [x, self.index().tensor(), &*packed];
        if x.dtype() == DType::I64 {
            return Tensor::compute::<i64, 3>(op, x.shape(), operands, move |[x, i, part], y| {
                gather(&nest, x.strided(), y);
                places.fold(i.flat(), part.flat(), y, |y: i64, x| if largest { y.max(x) } else { y.min(x) });
            });
        }
        for_float!(Check(op).float(x)?, T => {
            Tensor::compute::<T, 3>(op, x.shape(), operands, move |[x, i, part], y| {
                gather(&nest, x.strided(), y);
                places.fold(i.flat(), part.flat::<T>(), y, |y, x| {
                    let wins = if largest { x > y } else { x < y };
                    if wins || x.is_nan() { x } else { y }
                });
            })
        })
    }
}

struct Put {
    op: &'static str,
    placed: Placed,
}

impl Pullback for Put {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        at.give(1, || self.placed.won(self.op, gy))?;
        at.give(0, || self.placed.clear(self.op, gy))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(self.placed.index().saved());
    }
}

struct Won {
    op: &'static str,
    placed: Placed,
    whole: Layout,
}

impl Pullback for Won {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        at.give(0, || self.placed.put(self.op, &Tensor::full(self.whole.shape(), 0.0, gy.dtype())?, gy))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(self.placed.index().saved());
    }
}

struct Add {
    placed: Placed,
}

impl Pullback for Add {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        at.give(1, || self.placed.take(gy))?;
        at.give(0, || Ok(gy.clone()))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(self.placed.index().saved());
    }
}
