//! Chains of functions of one number, in which each is the derivative of the one before.
//!
//! A function has loops of its own over slices, and so has its derivative: nothing in either is taken from something as
//! large. The last of a chain has its derivative as tensor code, or is followed by itself with another parameter. All
//! chains share this driver; a function costs its loops and nothing else.

use crate::error::{Result, refuse};
use crate::kernels::elementwise::pointwise::{Looped, Loops, each, each_times};
use crate::tape::{Pull, Pullback, Saved, record, unwatched};
use crate::tensor::{DType, Float, Tensor, for_float};

/// A function of one number and of a parameter.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) loops: Loops,
    pub(crate) slope: Slope,
}

/// The derivative of a function.
pub(crate) enum Slope {
    /// Another function, with the same parameter.
    Is(&'static Function),
    /// Another function, with a parameter made of this one.
    With(&'static Function, fn(f64) -> f64),
    /// Tensor code of the parameter and x.
    Code(fn(f64, &Tensor) -> Result<Tensor>),
}

impl Slope {
    /// The function and its parameter.
    pub(crate) fn function(&self, p: f64) -> Option<(&'static Function, f64)> {
        match self {
            Slope::Is(next) => Some((next, p)),
            Slope::With(next, of) => Some((next, of(p))),
            Slope::Code(_) => None,
        }
    }
}

impl Function {
    /// `y = f(p, x)`, recorded. Integers and truth values become `F32` first.
    ///
    /// # Panics
    /// If there is no memory for the result: see [`Tensor`].
    pub(crate) fn of(&'static self, p: f64, x: &Tensor) -> Tensor {
        self.try_of(p, x).unwrap_or_else(|error| refuse(&error))
    }

    /// Like [`Function::of`].
    ///
    /// # Errors
    /// If there is no memory for the result.
    pub(crate) fn try_of(&'static self, p: f64, x: &Tensor) -> Result<Tensor> {
        let Some(float) = Float::of(x.dtype()) else {
            x.can_be_packed(self.name)?;
            return self.try_of(p, &x.to_dtype(DType::F32));
        };
        let packed = x.try_packed(self.name)?;
        let value = for_float!(float, T => {
            let run = T::of(&self.loops);
            Tensor::compute::<T, 1>(self.name, x.shape(), [&packed], move |[x], y| each(run, p, x.flat(), y))
        })?;
        Ok(record(self.name, value, &[x], |_| Derivative { f: self, p, x: Saved::input(0, x) }))
    }

    /// `gy f(p, x)`, not recorded.
    fn times(&self, p: f64, x: &Tensor, gy: &Tensor) -> Result<Tensor> {
        let packed = x.try_packed(self.name)?;
        // The upstream gradient of a sum is one number.
        let one = gy.numel() > 1 && gy.strides().iter().all(|stride| *stride == 0);
        let gy = if one { std::borrow::Cow::Borrowed(gy) } else { gy.try_packed(self.name)? };
        for_float!(gy.float(), T => {
            let run = T::of(&self.loops);
            Tensor::compute::<T, 2>(self.name, x.shape(), [&packed, &gy], move |[x, gy], y| {
                let gy = if one { &gy.strided()[..1] } else { gy.flat() };
                each_times(run, p, x.flat(), gy, y);
            })
        })
    }
}

/// The pull-back of a function.
struct Derivative {
    f: &'static Function,
    p: f64,
    x: Saved,
}

impl Pullback for Derivative {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (x, gy) = (self.x.get(at), at.gy());
        let slope = || match (&self.f.slope, self.f.slope.function(self.p)) {
            (_, Some((next, p))) => next.try_of(p, &x),
            (Slope::Code(code), _) => code(self.p, &x),
            (Slope::Is(_) | Slope::With(..), None) => unreachable!("these are functions"),
        };
        at.give(0, || unwatched(|| gy.try_mul(&slope()?)))
    }

    fn pull_fused(&self, at: &mut Pull<'_>) -> Result<()> {
        match self.f.slope.function(self.p) {
            Some((next, p)) => {
                let gy = at.gy();
                at.give(0, || next.times(p, self.x.value(), gy))
            }
            None => self.pull(at),
        }
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.x);
    }
}
