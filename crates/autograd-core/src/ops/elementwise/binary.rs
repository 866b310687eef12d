//! The driver of operations `z = f(a, b)`, element by element, with broadcasting.

use crate::error::Result;
use crate::kernels::nest::Nest;
use crate::kernels::real::Real;
use crate::kernels::zip::{Function2, Function3, zip2, zip2_flat, zip3, zip3_flat};
use crate::ops::check::{Check, strides_in};
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{DType, Float, Tensor, for_float};

/// An element-wise operation of two operands; see [`super::unary::Unary`].
pub(crate) trait Binary: Copy + Send + Sync + 'static {
    const NAME: &'static str;
    /// Whether the derivatives need the operands.
    const KEEPS_OPERANDS: bool;

    /// f(a, b)
    fn value<T: Real>(self, a: T, b: T) -> T;

    /// f on integers, for the operations that have such a form; for the others integers become `F32`.
    #[inline(always)]
    fn integer(self, _a: i64, _b: i64) -> Option<i64> {
        None
    }

    /// gy · ∂f/∂a
    fn pull_a<T: Real>(self, gy: T, a: T, b: T) -> T;
    /// gy · ∂f/∂b
    fn pull_b<T: Real>(self, gy: T, a: T, b: T) -> T;
    /// gy · ∂f/∂a as differentiable tensor code; without kept operands `a` and `b` are `gy`.
    fn pull_a_tensor(self, gy: &Tensor, a: &Tensor, b: &Tensor) -> Result<Tensor>;
    /// gy · ∂f/∂b as differentiable tensor code; without kept operands `a` and `b` are `gy`.
    fn pull_b_tensor(self, gy: &Tensor, a: &Tensor, b: &Tensor) -> Result<Tensor>;
}

#[derive(Clone, Copy)]
struct Value<F>(F);
impl<T: Real, F: Binary> Function2<T, T, T> for Value<F> {
    #[inline(always)]
    fn call(self, a: T, b: T) -> T {
        self.0.value(a, b)
    }
}

#[derive(Clone, Copy)]
struct Integer<F>(F);
impl<F: Binary> Function2<i64, i64, i64> for Integer<F> {
    #[inline(always)]
    fn call(self, a: i64, b: i64) -> i64 {
        self.0.integer(a, b).unwrap_or_default()
    }
}

/// `z = f(a, b)`, recorded.
pub(crate) fn binary<F: Binary>(a: &Tensor, b: &Tensor, f: F) -> Result<Tensor> {
    let dtype = Check(F::NAME).same_dtype(a, b)?;
    if dtype == DType::Bool || (dtype == DType::I64 && f.integer(1, 1).is_none()) {
        return binary(&a.to_dtype(DType::F32), &b.to_dtype(DType::F32), f);
    }
    let value = if a.is_like(b) && a.is_contiguous() && b.is_contiguous() {
        match Float::of(dtype) {
            Some(float) => {
                for_float!(float, T => Tensor::build::<T>(a.shape(), |z| zip2_flat(Value(f), a.flat(), b.flat(), z)))
            }
            None => Tensor::build::<i64>(a.shape(), |z| zip2_flat(Integer(f), a.flat(), b.flat(), z)),
        }
    } else {
        let shape = Check(F::NAME).broadcast(a.shape(), b.shape())?;
        let nest = Nest::new(&shape, [&strides_in(a, &shape), &strides_in(b, &shape)]);
        match Float::of(dtype) {
            Some(float) => for_float!(float, T => Tensor::build::<T>(&shape, |z| {
                zip2(Value(f), &nest, a.strided(), b.strided(), z);
            })),
            None => Tensor::build::<i64>(&shape, |z| zip2(Integer(f), &nest, a.strided(), b.strided(), z)),
        }
    };
    Ok(record(F::NAME, value, &[a, b], |_| BinaryPull {
        f,
        operands: F::KEEPS_OPERANDS.then(|| (Saved::input(0, a), Saved::input(1, b))),
    }))
}

struct BinaryPull<F> {
    f: F,
    operands: Option<(Saved, Saved)>,
}

#[derive(Clone, Copy)]
struct PullA<F>(F);
impl<T: Real, F: Binary> Function3<T, T, T, T> for PullA<F> {
    #[inline(always)]
    fn call(self, gy: T, a: T, b: T) -> T {
        self.0.pull_a(gy, a, b)
    }
}

#[derive(Clone, Copy)]
struct PullB<F>(F);
impl<T: Real, F: Binary> Function3<T, T, T, T> for PullB<F> {
    #[inline(always)]
    fn call(self, gy: T, a: T, b: T) -> T {
        self.0.pull_b(gy, a, b)
    }
}

fn fused<F>(gy: &Tensor, a: &Tensor, b: &Tensor, f: F) -> Tensor
where
    F: Function3<f32, f32, f32, f32> + Function3<f64, f64, f64, f64>,
{
    let shape = gy.shape();
    let flat = |x: &Tensor| x.is_contiguous() && x.is_like(gy);
    for_float!(gy.float(), T => Tensor::build::<T>(shape, |g| {
        if gy.is_contiguous() && flat(a) && flat(b) {
            zip3_flat(f, (gy.flat::<T>(), a.flat::<T>(), b.flat::<T>()), g);
        } else {
            let nest = Nest::new(shape, [gy.strides(), &strides_in(a, shape), &strides_in(b, shape)]);
            zip3(f, &nest, (gy.strided::<T>(), a.strided::<T>(), b.strided::<T>()), g);
        }
    }))
}

impl<F: Binary> Pullback for BinaryPull<F> {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (gy, f) = (at.gy(), self.f);
        let operands = self.operands.as_ref().map(|(a, b)| (a.get(at), b.get(at)));
        let (a, b) = operands.as_ref().map_or((gy, gy), |(a, b)| (a, b));
        at.give(1, || f.pull_b_tensor(gy, a, b))?;
        at.give(0, || f.pull_a_tensor(gy, a, b))
    }

    fn pull_fused(&self, at: &mut Pull<'_>) -> Result<()> {
        let (gy, f) = (at.gy(), self.f);
        let Some((a, b)) = &self.operands else { return self.pull(at) };
        at.give(1, || Ok(fused(gy, a.value(), b.value(), PullB(f))))?;
        at.give(0, || Ok(fused(gy, a.value(), b.value(), PullA(f))))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        if let Some((a, b)) = &self.operands {
            see(a);
            see(b);
        }
    }
}
