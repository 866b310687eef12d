//! Sums along the spatial dims, one dim after the other.

use crate::error::Result;
use crate::kernels::pool::{Taps, along};
use crate::ops::check::Check;
use crate::shape::Shape;
use crate::tape::{Pull, Pullback, record};
use crate::tensor::{Tensor, for_float};
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

/// A linear map for each spatial dim, none where it is the identity.
type Each = [Option<Taps>; 3];

/// Linear maps, or their adjoints.
#[derive(Clone)]
pub(super) struct Maps {
    op: &'static str,
    both: Arc<Both>,
    direction: Direction,
}

struct Both {
    maps: Each,
    /// Made when a gradient needs them.
    adjoints: OnceLock<Each>,
}

#[derive(Clone, Copy)]
enum Direction {
    Forward,
    Backward,
}

impl Maps {
    pub(super) fn new(op: &'static str, maps: Each) -> Maps {
        Maps { op, both: Arc::new(Both { maps, adjoints: OnceLock::new() }), direction: Direction::Forward }
    }

    fn maps(&self) -> &Each {
        let Both { maps, adjoints } = &*self.both;
        match self.direction {
            Direction::Forward => maps,
            Direction::Backward => {
                adjoints.get_or_init(|| maps.each_ref().map(|map| map.as_ref().map(Taps::transposed)))
            }
        }
    }

    fn turned(&self) -> Maps {
        let direction = match self.direction {
            Direction::Forward => Direction::Backward,
            Direction::Backward => Direction::Forward,
        };
        Maps { op: self.op, both: Arc::clone(&self.both), direction }
    }

    /// `x: [N, C, ..]` with every map along its dim.
    pub(super) fn of(self, x: &Tensor) -> Result<Tensor> {
        let leading = 5 - x.rank();
        let mut value = x.try_packed(self.op)?;
        let all = self.maps();
        let dims = || (0..3).filter_map(|d| all[d].as_ref().map(|map| (d, map)));
        // Dims that shrink come first, from the outermost one on, where neighbours are summed in long runs; those that
        // grow last, from the innermost on.
        let shrinking = dims().filter(|(_, map)| map.to() <= map.from());
        let growing = dims().rev().filter(|(_, map)| map.to() > map.from());
        for (d, map) in shrinking.chain(growing) {
            let dim = d + 2 - (leading);
            let mut shape = Shape::from(value.shape());
            shape.0[dim] = map.to();
            let inner = shape[dim + 1..].iter().product::<usize>();
            let maps = self.clone();
            let next = for_float!(x.float(), T => {
                Tensor::compute::<T, 1>(self.op, &shape, [&value], move |[x], y| {
                    let Some(map) = &maps.maps()[d] else { unreachable!("the map of this dim is there") };
                    along(x.flat(), map, inner, y);
                })
            })?;
            value = Cow::Owned(next);
        }
        let value = value.into_owned();
        Ok(record(self.op, value.untied(), &[x], |_| Resampled { maps: self.clone() }))
    }
}

struct Resampled {
    maps: Maps,
}

impl Pullback for Resampled {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        at.give(0, || {
            if let Direction::Forward = self.maps.direction {
                let maps = self.maps.maps().iter().flatten();
                maps.map(Taps::runs_transposed).try_for_each(|runs| Check(self.maps.op).terms(runs))?;
            }
            self.maps.turned().of(gy)
        })
    }
}
