//! Elements picked from planes by their positions, and put into planes.

use crate::error::Result;
use crate::kernels::number::Number;
use crate::kernels::pool::{self, Planes};
use crate::shape::Shape;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{Tensor, for_float};

/// Positions in planes of `inputs` elements, `[N, C, ..]`, or `[N, 1, ..]` for all channels alike.
#[derive(Clone)]
pub(super) struct Positions {
    op: &'static str,
    index: Saved,
    inputs: Shape,
    channels: usize,
}

/// The way in which elements get into planes.
#[derive(Clone, Copy, PartialEq)]
enum Put {
    /// They add up: the adjoint of picking.
    Adds,
    /// The last one stays.
    Replaces,
}

impl Positions {
    /// The caller has made or checked the positions.
    pub(super) fn new(op: &'static str, index: &Tensor, inputs: &[usize], channels: usize) -> Positions {
        Positions { op, index: Saved::constant(&index.packed()), inputs: inputs.into(), channels }
    }

    fn with_head(&self, sizes: &[usize]) -> Shape {
        let mut shape = Shape::from(&[self.index.value().shape()[0], self.channels][..]);
        shape.0.extend_from_slice(sizes);
        shape
    }

    fn sizes(&self) -> Planes {
        let index = self.index.value().shape();
        let outputs = index[2..].iter().product();
        Planes { inputs: self.inputs.iter().product(), outputs, alike: self.channels / index[1].max(1) }
    }

    /// The elements of x at the positions, `none` where there is none.
    pub(super) fn pick(self, x: &Tensor, none: f64) -> Result<Tensor> {
        let (op, sizes) = (self.op, self.sizes());
        let (packed, index) = (x.try_packed(op)?, self.index.value());
        let shape = self.with_head(&index.shape()[2..]);
        let value = for_float!(x.float(), T => {
            Tensor::moved::<T, 2>(op, &shape, [&packed, index], move |[x, index], y| {
                pool::pick(sizes, x.flat(), index.flat(), T::of(none), y);
            })
        })?;
        Ok(record(op, value, &[x], |_| Picked { at: self }))
    }

    /// Zeros with the elements of y at the positions, the last of several.
    pub(super) fn put(self, y: &Tensor) -> Result<Tensor> {
        self.placed(y, Put::Replaces)
    }

    fn placed(self, y: &Tensor, put: Put) -> Result<Tensor> {
        let (op, sizes) = (self.op, self.sizes());
        let (packed, index) = (y.try_packed(op)?, self.index.value());
        let shape = self.with_head(&self.inputs);
        let value = for_float!(y.float(), T => {
            Tensor::compute::<T, 2>(op, &shape, [&packed, index], move |[y, index], x| match put {
                Put::Adds => pool::add_at(sizes, y.flat(), index.flat(), x),
                Put::Replaces => pool::put_at(sizes, y.flat(), index.flat(), x),
            })
        })?;
        Ok(record(op, value, &[y], |_| Placed { at: self }))
    }
}

struct Picked {
    at: Positions,
}

impl Pullback for Picked {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        at.give(0, || self.at.clone().placed(gy, Put::Adds))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.at.index);
    }
}

struct Placed {
    at: Positions,
}

impl Pullback for Placed {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        at.give(0, || self.at.clone().pick(gy, 0.0))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.at.index);
    }
}
