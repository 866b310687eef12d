//! The elements that a sample of a plane is made of.

use super::grid_sample::{GridPadding, GridSample, GridSampleMode, OP};
use crate::error::{Error, Result};
use crate::kernels::number::Number;
use crate::kernels::real::Real;
use crate::tensor::{Tensor, for_float};

/// One of the elements that a sample is made of.
pub(super) struct Tap {
    /// Its position, −1 outside: `[N, 1, places]`.
    pub(super) index: Tensor,
    /// Its weight, none for 1.
    pub(super) weight: Option<Tensor>,
}

impl Tap {
    /// The tap that has this one's place in the outer dims and the other one's in the next, of that size.
    pub(super) fn and(&self, inner: &Tap, size: usize) -> Result<Tap> {
        let operands = [&self.index, &inner.index];
        let index = Tensor::compute::<i64, 2>(OP, self.index.shape(), operands, move |[outer, inner], y| {
            let pairs = outer.flat::<i64>().iter().zip(inner.flat::<i64>());
            y.iter_mut().zip(pairs).for_each(|(y, (outer, inner))| {
                *y = if *outer < 0 || *inner < 0 { -1 } else { outer * size as i64 + inner };
            });
        })?;
        let weight = match (&self.weight, &inner.weight) {
            (Some(a), Some(b)) => Some(a.try_mul(b)?),
            (a, b) => a.clone().or(b.clone()),
        };
        Ok(Tap { index, weight })
    }
}

/// A whole number for each element.
fn whole(x: &Tensor, of: impl Fn(f64) -> i64 + Send + Sync + 'static) -> Result<Tensor> {
    let packed = x.try_packed(OP)?;
    for_float!(x.float(), T => Tensor::compute::<i64, 1>(OP, x.shape(), [&packed], move |[x], y| {
        y.iter_mut().zip(x.flat::<T>()).for_each(|(y, x)| *y = of(x.as_f64()));
    }))
}

impl GridSample {
    /// The taps along a dim of this size for places between −1 and 1.
    pub(super) fn taps(self, place: &Tensor, size: usize) -> Result<Vec<Tap>> {
        let last = size as f64 - 1.0;
        let place = match self.align_corners {
            true => place.add_scalar(1.0).mul_scalar(last / 2.0),
            false => place.add_scalar(1.0).mul_scalar(size as f64).add_scalar(-1.0).div_scalar(2.0),
        };
        if self.mode == GridSampleMode::Bicubic {
            return self.cubic(&place, size);
        }
        let place = self.padded(&place, size)?;
        let inside = move |i: f64| if (0.0..=last).contains(&i) { i as i64 } else { -1 };
        if self.mode == GridSampleMode::Nearest {
            return Ok(vec![Tap { index: whole(&place, move |x| inside(x.round_ties_even()))?, weight: None }]);
        }
        let part = fraction(&place)?;
        let first = Tap { index: whole(&place, move |x| inside(x.floor()))?, weight: Some(part.neg().add_scalar(1.0)) };
        let index = whole(&place, move |x| inside(x.floor() + 1.0))?;
        Ok(vec![first, Tap { index, weight: Some(part) }])
    }

    fn cubic(self, place: &Tensor, size: usize) -> Result<Vec<Tap>> {
        const A: f64 = -0.75;
        let t = fraction(place)?;
        // ((a + 2) x − (a + 3)) x² + 1 up to distance 1, ((x − 5) x + 8) a x − 4 a up to 2.
        let near = |x: &Tensor| {
            let slope = x.mul_scalar(A + 2.0).add_scalar(-(A + 3.0));
            Ok::<_, Error>(slope.try_mul(&x.square())?.add_scalar(1.0))
        };
        let far = |x: &Tensor| {
            let slope = x.add_scalar(-5.0).try_mul(x)?.add_scalar(8.0).mul_scalar(A);
            Ok::<_, Error>(slope.try_mul(x)?.add_scalar(-4.0 * A))
        };
        let rest = t.neg().add_scalar(1.0);
        let weights = [far(&t.add_scalar(1.0))?, near(&t)?, near(&rest)?, far(&rest.add_scalar(1.0))?];
        let taps = (-1..).zip(weights).map(|(k, weight)| {
            let index = whole(place, move |x| self.position(x.floor() + f64::from(k), size))?;
            Ok(Tap { index, weight: Some(weight) })
        });
        taps.collect()
    }

    /// The borders that mirrors stand at: the first, and the distance to the other.
    fn mirrors(self, size: usize) -> (f64, f64) {
        if self.align_corners { (0.0, size as f64 - 1.0) } else { (-0.5, size as f64) }
    }

    /// A whole place, or −1 for none.
    fn position(self, i: f64, size: usize) -> i64 {
        let last = size as f64 - 1.0;
        let i = match self.padding_mode {
            GridPadding::Zeros => i,
            GridPadding::Border => i.clamp(0.0, last),
            GridPadding::Reflection => {
                let (start, span) = self.mirrors(size);
                let (flips, rest) = ((i - start).abs() / span, (i - start).abs() % span);
                let i = if flips.floor() % 2.0 == 0.0 { start + rest } else { start + span - rest };
                if span > 0.0 { i.clamp(0.0, last) } else { 0.0 }
            }
        };
        if (0.0..=last).contains(&i) { i as i64 } else { -1 }
    }

    /// Places that may be anywhere, moved into the plane as the padding says.
    fn padded(self, place: &Tensor, size: usize) -> Result<Tensor> {
        let last = size as f64 - 1.0;
        let (start, span) = self.mirrors(size);
        match self.padding_mode {
            GridPadding::Zeros => Ok(place.clone()),
            GridPadding::Reflection if span > 0.0 => {
                let far = place.add_scalar(-start).abs();
                // Places too far to be told apart are anywhere.
                let flips = whole(&far, move |x| (x / span).floor().min(1e15) as i64)?;
                let rest = far.try_sub(&flips.to_dtype(place.dtype()).mul_scalar(span))?;
                let odd = whole(&far, move |x| i64::from((x / span).floor() % 2.0 == 1.0))?.eq_scalar(1.0);
                let back = rest.neg().add_scalar(span);
                odd.where_cond(&back, &rest)?.add_scalar(start).clamp(0.0, last)
            }
            _ => place.clamp(0.0, last),
        }
    }
}

/// The distance from the whole number before; its slope is 1. Where there is none it is 0, and a constant: what is
/// outside has no tap, but the weights along the other dims are multiplied with it.
fn fraction(x: &Tensor) -> Result<Tensor> {
    let zero = Tensor::full(&[], 0.0, x.dtype())?;
    let x = &x.untied().isfinite().where_cond(x, &zero)?;
    let packed = x.try_packed(OP)?;
    let floor = for_float!(x.float(), T => Tensor::compute::<T, 1>(OP, x.shape(), [&packed], move |[x], y| {
        y.iter_mut().zip(x.flat::<T>()).for_each(|(y, x)| *y = Number::floor(*x));
    }))?;
    x.try_sub(&floor)
}
