//! Sums along the spatial dims, one dim after the other.

use crate::error::Result;
use crate::kernels::pool::{Taps, along};
use crate::shape::Shape;
use crate::tape::{Pull, Pullback, record};
use crate::tensor::{Tensor, for_float};
use std::borrow::Cow;
use std::sync::Arc;

/// A linear map for each spatial dim, none where it is the identity; and their adjoints.
#[derive(Clone)]
pub(super) struct Maps {
    op: &'static str,
    maps: Arc<[Option<Taps>; 3]>,
    adjoints: Arc<[Option<Taps>; 3]>,
}

impl Maps {
    pub(super) fn new(op: &'static str, maps: [Option<Taps>; 3]) -> Maps {
        let adjoints = maps.each_ref().map(|map| map.as_ref().map(Taps::transposed));
        Maps { op, maps: Arc::new(maps), adjoints: Arc::new(adjoints) }
    }

    /// `x: [N, C, ..]` with every map along its dim.
    pub(super) fn of(self, x: &Tensor) -> Result<Tensor> {
        let leading = 5 - x.rank();
        let mut value = x.try_packed(self.op)?;
        let dims = || (0..3).filter_map(|d| self.maps[d].as_ref().map(|map| (d, map)));
        // Dims that shrink come first, from the outermost one on, where neighbours are summed in long runs; those that
        // grow last, from the innermost on.
        let shrinking = dims().filter(|(_, map)| map.to() <= map.from());
        let growing = dims().rev().filter(|(_, map)| map.to() > map.from());
        for (d, map) in shrinking.chain(growing) {
            let dim = d + 2 - (leading);
            let mut shape = Shape::from(value.shape());
            shape.0[dim] = map.to();
            let inner = shape[dim + 1..].iter().product::<usize>();
            let maps = Arc::clone(&self.maps);
            let next = for_float!(x.float(), T => {
                Tensor::compute::<T, 1>(self.op, &shape, [&value], move |[x], y| {
                    let Some(map) = &maps[d] else { unreachable!("the map of this dim is there") };
                    along(x.flat(), map, inner, y);
                })
            })?;
            value = Cow::Owned(next);
        }
        let value = value.into_owned();
        Ok(record(self.op, value.detach(), &[x], |_| Resampled { maps: self }))
    }
}

struct Resampled {
    maps: Maps,
}

impl Pullback for Resampled {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        let Maps { op, maps, adjoints } = self.maps.clone();
        at.give(0, || Maps { op, maps: adjoints, adjoints: maps }.of(gy))
    }
}
