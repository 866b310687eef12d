//! The driver of operations `y = f(x)`, element by element.

use crate::error::Result;
use crate::kernels::map::{Function1, map};
use crate::kernels::nest::Nest;
use crate::kernels::parallel::{self, for_pieces};
use crate::kernels::real::Real;
use crate::kernels::zip::{Function2, zip2, zip2_flat};
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{DType, Tensor, for_float};

/// What the pull-back is computed from.
pub(crate) enum Keeps {
    /// The input x.
    Input,
    /// The output y, which is in memory anyway.
    Output,
    /// Nothing but the upstream gradient.
    Nothing,
}

/// An element-wise operation: its formula, and its derivative twice, as a fused kernel and as tensor code.
///
/// The kernel is what runs; the tensor code is what is recorded when the backward walk itself is differentiated. The case
/// tables hold them against each other. `s` is what [`Unary::KEEPS`] names.
pub(crate) trait Unary: Copy + Send + Sync + 'static {
    const NAME: &'static str;
    const KEEPS: Keeps;

    /// f(x)
    fn value<T: Real>(self, x: T) -> T;

    /// f on integers, for the few operations that keep them integers; the others make floats of them first.
    #[inline(always)]
    fn integer(self, _x: i64) -> Option<i64> {
        None
    }

    /// gy · f′, from what was kept; where there is none, the tensor code runs in its place.
    #[inline(always)]
    fn pull<T: Real>(self, _gy: T, _s: T) -> Option<T> {
        None
    }

    /// The same as differentiable tensor code.
    fn pull_tensor(self, gy: &Tensor, s: &Tensor) -> Result<Tensor>;

    /// f over a slice; for functions that are vectorised only in a range.
    #[inline]
    fn values<T: Real>(self, x: &[T], y: &mut [T]) {
        map(Value(self), x, y);
    }
}

#[derive(Clone, Copy)]
struct Value<F>(F);
impl<T: Real, F: Unary> Function1<T, T> for Value<F> {
    #[inline(always)]
    fn call(self, x: T) -> T {
        self.0.value(x)
    }
}

#[derive(Clone, Copy)]
struct PullKernel<F>(F);
impl<T: Real, F: Unary> Function2<T, T, T> for PullKernel<F> {
    #[inline(always)]
    fn call(self, gy: T, s: T) -> T {
        self.0.pull(gy, s).unwrap_or(gy)
    }
}

/// `y = f(x)`, recorded. Integers and truth values become `F32` first, unless `f` has an integer form.
pub(crate) fn unary<F: Unary>(x: &Tensor, f: F) -> Tensor {
    if !x.dtype().is_float() {
        if x.dtype() == DType::I64 && f.integer(0).is_some() {
            let x = x.packed();
            return Tensor::build::<i64>(x.shape(), |y| {
                y.iter_mut().zip(x.flat::<i64>()).for_each(|(y, x)| *y = f.integer(*x).unwrap_or_default());
            });
        }
        return unary(&x.to_dtype(DType::F32), f);
    }
    let packed = x.packed();
    let value = for_float!(x.float(), T => Tensor::build::<T>(x.shape(), |y| f.values::<T>(packed.flat(), y)));
    record(F::NAME, value, &[x], |y| UnaryPull {
        f,
        kept: match F::KEEPS {
            Keeps::Input => Some(Saved::input(0, x)),
            Keeps::Output => Some(Saved::output(y)),
            Keeps::Nothing => None,
        },
    })
}

/// Sine or cosine over a slice: vectorised where its argument reduction is exact enough, else the standard library's.
pub(super) fn trig<T: Real, F: Unary>(f: F, any: fn(T) -> T, x: &[T], y: &mut [T]) {
    const PIECE: usize = 1024;
    for_pieces(y, parallel::PIECE, |start, y| {
        for (y, x) in y.chunks_mut(PIECE).zip(x[start..].chunks(PIECE)) {
            if x.iter().all(|x| x.abs() <= T::TRIG_LIMIT) {
                map(Value(f), &x[..y.len()], y);
            } else {
                y.iter_mut().zip(x).for_each(|(y, x)| *y = any(*x));
            }
        }
    });
}

struct UnaryPull<F> {
    f: F,
    kept: Option<Saved>,
}

impl<F: Unary> Pullback for UnaryPull<F> {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        match self.kept.as_ref().map(|kept| kept.get(at)) {
            Some(kept) => at.give(0, || self.f.pull_tensor(gy, &kept)),
            None => at.give(0, || self.f.pull_tensor(gy, gy)),
        }
    }

    fn pull_fused(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        let Some(kept) = self.kept.as_ref().map(Saved::value) else { return self.pull(at) };
        if self.f.pull(0.0f32, 0.0).is_none() {
            return self.pull(at);
        }
        let f = PullKernel(self.f);
        at.give(0, || {
            Ok(for_float!(gy.float(), T => Tensor::build::<T>(gy.shape(), |gx| {
                if gy.is_contiguous() && kept.is_contiguous() {
                    zip2_flat(f, gy.flat(), kept.flat(), gx);
                } else {
                    zip2(f, &Nest::new(gy.shape(), [gy.strides(), kept.strides()]), gy.strided(), kept.strided(), gx);
                }
            })))
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        self.kept.iter().for_each(see);
    }
}
