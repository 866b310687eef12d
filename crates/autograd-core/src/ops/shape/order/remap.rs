//! Tensors whose dimensions are put together from segments of another's.

use crate::error::Result;
use crate::kernels::remap::{Remap as Walk, Segments, Source, length};
use crate::shape::{Dims, Layout};
use crate::tape::{Part, Pull, Pullback, record};
use crate::tensor::{Tensor, for_any, for_float};
use smallvec::SmallVec;
use std::sync::Arc;

/// The segments of every dimension of a result.
#[derive(Clone)]
pub(in crate::ops::shape) struct Remap {
    op: &'static str,
    dims: Arc<[Segments]>,
}

impl Remap {
    /// The caller keeps every segment inside the tensor that it will be taken from.
    pub(in crate::ops::shape) fn new(op: &'static str, dims: Vec<Segments>) -> Remap {
        Remap { op, dims: dims.into() }
    }

    /// The elements of `x`, and `fill` where there is none; not recorded.
    pub(in crate::ops::shape) fn value(&self, x: &Tensor, fill: f64) -> Result<Tensor> {
        let shape: Dims = self.dims.iter().map(|segments| length(segments)).collect();
        let (walk, fill) = (Walk::new(&self.dims, x.strides()), Tensor::filled(self.op, &[], fill, x.dtype())?);
        for_any!(x.dtype(), T => Tensor::moved::<T, 2>(self.op, &shape, [x, &fill], move |[x, fill], y| {
            walk.gather(x.strided::<T>(), fill.flat()[0], y);
        }))
    }

    /// The elements of `x`, and `fill` where there is none, recorded.
    pub(in crate::ops::shape) fn of(self, x: &Tensor, fill: f64) -> Result<Tensor> {
        let value = self.value(x, fill)?;
        match self.inside(x.shape()) {
            Some(inside) => Ok(record(self.op, value, &[x], |_| inside)),
            None => Ok(record(self.op, value, &[x], |_| self)),
        }
    }

    /// The place of a tensor of this shape, if there is nothing around it but one number.
    fn inside(&self, shape: &[usize]) -> Option<Inside> {
        let place = |(segments, size): (&Segments, &usize)| {
            let whole =
                segments.iter().position(|segment| segment.from == Source::Forward(0) && segment.len == *size)?;
            let others = segments.iter().enumerate().all(|(i, segment)| i == whole || segment.from == Source::Fill);
            others.then(|| (length(&segments[..whole]), *size))
        };
        self.dims.iter().zip(shape).map(place).collect::<Option<_>>().map(Inside)
    }
}

impl Pullback for Remap {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        at.give_part(0, self, at.gy())
    }
}

/// A result that has the whole tensor in it, in order: where that begins in each dim, and its size.
struct Inside(SmallVec<[(usize, usize); 4]>);

impl Pullback for Inside {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        at.give(0, || {
            let cut = self.0.iter().enumerate().filter(|(d, (_, size))| *size != gy.shape()[*d]);
            cut.into_iter().try_fold(gy.clone(), |part, (d, (start, size))| part.narrow(d, *start, *size))
        })
    }
}

impl Part for Remap {
    fn take(&self, whole: &Tensor) -> Result<Tensor> {
        self.clone().of(whole, 0.0)
    }

    fn add(&self, sum: &mut Tensor, gradient: &Tensor) {
        if gradient.numel() == 0 || sum.numel() == 0 {
            return;
        }
        let walk = Walk::new(&self.dims, Layout::contiguous(sum.shape()).strides());
        let gradient = gradient.packed();
        for_float!(gradient.float(), T => sum.change::<T, 1>(self.op, [&gradient], move |[gradient], sum| {
            walk.scatter_add(gradient.flat::<T>(), sum);
        }));
    }

    fn boxed(&self) -> Box<dyn Part> {
        Box::new(self.clone())
    }
}
