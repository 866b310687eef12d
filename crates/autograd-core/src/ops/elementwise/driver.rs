//! The driver of elementwise operations `y = f(a, b, ..)`, with broadcasting.

mod halves;

pub(super) use halves::of_halves;

use super::map::{common_shape, map_in};
use super::traced::{Steps, Traced};
use crate::error::{Result, refuse};
use crate::kernels::elementwise::function::{Compiled, Function, mend_nan};
use crate::kernels::near::Near;
use crate::kernels::number::Number;
use crate::kernels::real::Real;
use crate::kernels::simd::{Each, from_fn};
use crate::ops::check::Check;
use crate::shape::Shape;
use crate::tape::{Pull, Pullback, Saved, cut, record, unwatched};
use crate::tensor::{DType, Float, Tensor, for_float};
use std::borrow::Cow;
use std::marker::PhantomData;

/// The values that the pull-back needs.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Keeps {
    /// All inputs.
    Inputs,
    /// The output, which is in memory anyway.
    Output,
    /// All inputs and the output.
    Both,
    /// Nothing but the upstream gradient: the operation is linear.
    Nothing,
    /// There is no pull-back: the derivative is zero wherever it exists, and the value is not tracked.
    Untracked,
}

impl Keeps {
    const fn inputs(self) -> bool {
        matches!(self, Keeps::Inputs | Keeps::Both)
    }
    const fn output(self) -> bool {
        matches!(self, Keeps::Output | Keeps::Both)
    }
}

/// An elementwise operation of `K` operands: its formula and its derivative.
///
/// Both are written once, for any [`Number`]: the fused kernels read them with floats, a walk that is recorded reads
/// them with tensors. Every function is `#[inline(always)]`, or it is compiled for the oldest CPU.
pub(crate) trait Elementwise<const K: usize>: Copy + Send + Sync + 'static {
    const NAME: &'static str;
    const KEEPS: Keeps;
    /// f on integers, for the operations that keep them integers; the others make floats of them first.
    const INTEGER: Option<fn(Self, [i64; K]) -> i64> = None;
    /// Whether the formula has sines, cosines or remainders: their vectorised forms are accurate in a range only.
    const NEAR: bool = false;

    /// f(x)
    fn value<N: Number>(self, x: [N; K]) -> N;

    /// The gradients of all inputs; those that are not wanted are not computed. What is not kept is NaN.
    #[inline(always)]
    fn pull<N: Number>(self, gy: N, x: [N; K], y: N) -> [N; K] {
        let _ = (gy, x, y);
        unreachable!("{} is not tracked", Self::NAME)
    }
}

/// `y = f(x)`, recorded. Integers and truth values become `F32` first, unless `f` has an integer form.
///
/// # Panics
/// If there is no memory for the result: see [`Tensor`].
pub(crate) fn elementwise<F: Elementwise<1>>(x: [&Tensor; 1], f: F) -> Tensor {
    try_elementwise(x, f).unwrap_or_else(|error| refuse(&error))
}

/// `y = f(a, b, ..)`, recorded, of operands that are broadcast to a common shape; dtypes as for [`elementwise`].
///
/// # Errors
/// If the shapes do not broadcast, the dtypes differ or there is no memory for the result.
pub(crate) fn try_elementwise<F: Elementwise<K>, const K: usize>(x: [&Tensor; K], f: F) -> Result<Tensor> {
    let dtype = same_dtype(F::NAME, x)?;
    if dtype == DType::Bool || (dtype == DType::I64 && !OfIntegers::<F, K>::EXISTS) {
        return try_elementwise(floats(F::NAME, x)?.each_ref(), f);
    }
    let shape = common_shape(F::NAME, x)?;
    let value = match Float::of(dtype) {
        Some(float) => for_float!(float, T => map_in::<T, T, K>(F::NAME, Compiled::new(Floats(Value(f))), shape, x)),
        // A constant guards the arm, so no loop is compiled for an operation that makes floats of integers.
        None if OfIntegers::<F, K>::EXISTS => map_in::<i64, i64, K>(F::NAME, Compiled::new(Integers(f)), shape, x),
        None => unreachable!("{} makes floats of integers", F::NAME),
    }?;
    if F::KEEPS == Keeps::Untracked {
        cut(F::NAME, &x);
        return Ok(value);
    }
    Ok(record(F::NAME, value, &x, |y| Derivative {
        f,
        inputs: F::KEEPS.inputs().then(|| saved(x)),
        output: F::KEEPS.output().then(|| Saved::output(y)),
    }))
}

/// Whether an operation has a form on integers.
struct OfIntegers<F, const K: usize>(PhantomData<F>);

impl<F: Elementwise<K>, const K: usize> OfIntegers<F, K> {
    const EXISTS: bool = F::INTEGER.is_some();
}

/// The dtype of all operands.
#[inline]
pub(super) fn same_dtype<const K: usize>(op: &'static str, x: [&Tensor; K]) -> Result<DType> {
    for other in &x[1..] {
        Check(op).same_dtype(x[0], other)?;
    }
    Ok(x[0].dtype())
}

/// Operands that were integers or truth values.
pub(in crate::ops) fn floats<const K: usize>(op: &'static str, x: [&Tensor; K]) -> Result<[Tensor; K]> {
    for x in x {
        x.can_be_packed(op)?;
    }
    Ok(x.map(|x| x.to_dtype(DType::F32)))
}

fn saved<const K: usize>(x: [&Tensor; K]) -> [Saved; K] {
    from_fn(|k| Saved::input(k, x[k]))
}

/// A formula that a kernel reads, of `N` operands.
trait Formula<const N: usize>: Copy + Send + Sync + 'static {
    const NEAR: bool;
    fn read<A: Number>(self, x: [A; N]) -> A;
}

/// A formula, read with floats.
#[derive(Clone, Copy)]
struct Floats<F>(F);

impl<T: Real, F: Formula<N>, const N: usize> Function<N, T, T> for Floats<F> {
    #[inline(always)]
    fn call(self, x: [T; N]) -> T {
        if F::NEAR { self.0.read(x.each(Near)).0 } else { self.0.read(x) }
    }

    #[inline(always)]
    fn mend(self, x: [&[T]; N], z: &mut [T]) {
        if F::NEAR {
            // Beyond the range of what is vectorised, or NaN in any case.
            mend_nan(z, |i| self.0.read(from_fn(|n| x[n][i])));
        }
    }
}

/// The value.
#[derive(Clone, Copy)]
struct Value<F>(F);

impl<F: Elementwise<K>, const K: usize> Formula<K> for Value<F> {
    const NEAR: bool = F::NEAR;
    #[inline(always)]
    fn read<A: Number>(self, x: [A; K]) -> A {
        self.0.value(x)
    }
}

/// The value on integers.
#[derive(Clone, Copy)]
struct Integers<F>(F);

impl<F: Elementwise<K>, const K: usize> Function<K, i64, i64> for Integers<F> {
    #[inline(always)]
    fn call(self, x: [i64; K]) -> i64 {
        match F::INTEGER {
            Some(f) => f(self.0, x),
            None => unreachable!("{} makes floats of integers", F::NAME),
        }
    }
}

/// The gradient of input `I`; the operands are the upstream gradient and what is kept. Nothing else is used of what
/// `pull` returns, so the compiler leaves the other gradients out.
#[derive(Clone, Copy)]
struct Gradient<F, const K: usize, const I: usize>(F);

impl<F: Elementwise<K>, const K: usize, const I: usize, const N: usize> Formula<N> for Gradient<F, K, I> {
    const NEAR: bool = F::NEAR;
    #[inline(always)]
    fn read<A: Number>(self, operands: [A; N]) -> A {
        let nan = A::of(f64::NAN);
        let x = if F::KEEPS.inputs() { after_first(operands) } else { [nan; K] };
        let y = if F::KEEPS.output() { operands[N - 1] } else { nan };
        self.0.pull(operands[0], x, y)[I]
    }
}

/// `K` of the operands behind the first.
#[inline(always)]
fn after_first<A: Copy, const K: usize, const N: usize>(operands: [A; N]) -> [A; K] {
    from_fn(|k| operands[1 + k])
}

/// The pull-back of an elementwise operation.
struct Derivative<F, const K: usize> {
    f: F,
    inputs: Option<[Saved; K]>,
    output: Option<Saved>,
}

impl<F: Elementwise<K>, const K: usize> Derivative<F, K> {
    /// How many operands the gradients are computed from.
    const OPERANDS: usize = 1 + if F::KEEPS.inputs() { K } else { 0 } + if F::KEEPS.output() { 1 } else { 0 };
    const AT_LEAST_TWO: bool = K >= 2;
    const AT_LEAST_THREE: bool = K >= 3;

    /// Whether the gradient of input `i` is `gy` itself, as that of a sum: what keeps nothing is linear in `gy` alone.
    fn passes_on(&self, i: usize) -> bool {
        F::KEEPS == Keeps::Nothing && self.f.pull(1.0, [f64::NAN; K], f64::NAN)[i] == 1.0
    }

    /// The gradient of input `i` by a fused kernel.
    fn fused(&self, gy: &Tensor, i: usize) -> Result<Tensor> {
        // Constants guard the arms, so no kernel is compiled for an input that there is not.
        match i {
            0 => self.fused_of::<0>(gy),
            1 if Self::AT_LEAST_TWO => self.fused_of::<1>(gy),
            2 if Self::AT_LEAST_THREE => self.fused_of::<2>(gy),
            _ => unreachable!("{} has {K} inputs: add an arm for input {i}", F::NAME),
        }
    }

    fn fused_of<const I: usize>(&self, gy: &Tensor) -> Result<Tensor> {
        // The same: `K + 1` is no number of operands that Rust could write down.
        match Self::OPERANDS {
            1 => self.kernel::<I, 1>(gy),
            2 => self.kernel::<I, 2>(gy),
            3 => self.kernel::<I, 3>(gy),
            4 => self.kernel::<I, 4>(gy),
            5 => self.kernel::<I, 5>(gy),
            n => unreachable!("add an arm for {n} operands"),
        }
    }

    fn kernel<const I: usize, const N: usize>(&self, gy: &Tensor) -> Result<Tensor> {
        let operands = operands::<K, N>(gy, self.inputs.as_ref(), self.output.as_ref());
        let shape = shape_of_gradient(operands);
        let f = Floats(Gradient::<F, K, I>(self.f));
        for_float!(gy.float(), T => map_in::<T, T, N>(F::NAME, Compiled::new(f), shape, operands))
    }
}

/// The upstream gradient and what is kept.
fn operands<'a, const K: usize, const N: usize>(
    gy: &'a Tensor,
    inputs: Option<&'a [Saved; K]>,
    output: Option<&'a Saved>,
) -> [&'a Tensor; N] {
    from_fn(|n| match (n.checked_sub(1), inputs, output) {
        (None, ..) => gy,
        (Some(k), Some(inputs), _) if k < K => inputs[k].value(),
        (_, _, Some(output)) => output.value(),
        _ => unreachable!("as many are kept as OPERANDS says"),
    })
}

/// That of the upstream gradient, which comes first; none if all are like it.
fn shape_of_gradient<const N: usize>(operands: [&Tensor; N]) -> Option<Shape> {
    (!operands[1..].iter().all(|x| operands[0].is_like(x))).then(|| operands[0].shape().into())
}

/// Tensors that are kept.
type Kept<'a> = Cow<'a, Tensor>;

/// What is kept, tracked again if the walk is being recorded.
fn kept<'a, const K: usize>(
    inputs: Option<&'a [Saved; K]>,
    output: Option<&'a Saved>,
    at: &Pull<'_>,
) -> (Option<[Kept<'a>; K]>, Option<Kept<'a>>) {
    (inputs.map(|x| from_fn(|i| x[i].get(at))), output.map(|y| y.get(at)))
}

/// What is kept, as numbers of a formula; the rest is NaN.
fn given<'s, 'x, const K: usize>(
    steps: &'s Steps<'x>,
    inputs: Option<&'x [Kept<'_>; K]>,
    output: Option<&'x Kept<'_>>,
) -> ([Traced<'s, 'x>; K], Traced<'s, 'x>) {
    let nan = Traced::Constant(f64::NAN);
    (inputs.map_or([nan; K], |x| from_fn(|i| steps.given(&x[i]))), output.map_or(nan, |y| steps.given(y)))
}

/// Gives the gradients that a formula is read to.
fn give_recorded<'s, 'x, const K: usize>(
    at: &mut Pull<'_>,
    steps: &'s Steps<'x>,
    gradients: [Traced<'s, 'x>; K],
) -> Result<()> {
    let gy = at.gy();
    (0..K).rev().try_for_each(|i| at.give(i, || unwatched(|| steps.tensor(gradients[i], gy))))
}

impl<F: Elementwise<K>, const K: usize> Pullback for Derivative<F, K> {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        let (inputs, output) = kept(self.inputs.as_ref(), self.output.as_ref(), at);
        let steps = Steps::new(gy.dtype());
        let (x, y) = given(&steps, inputs.as_ref(), output.as_ref());
        give_recorded(at, &steps, self.f.pull(steps.given(gy), x, y))
    }

    fn pull_fused(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        (0..K).rev().try_for_each(|i| at.give(i, || if self.passes_on(i) { Ok(gy.clone()) } else { self.fused(gy, i) }))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        self.inputs.iter().flatten().chain(&self.output).for_each(see);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gradcheck::GradCheck;

    /// A product that uses everything, with a parameter for what it claims to need.
    #[derive(Clone, Copy)]
    struct Product<const KEEPS: usize>;

    impl<const KEEPS: usize> Elementwise<2> for Product<KEEPS> {
        const NAME: &'static str = "product";
        const KEEPS: Keeps = [Keeps::Inputs, Keeps::Output, Keeps::Both, Keeps::Nothing][KEEPS];
        #[inline(always)]
        fn value<N: Number>(self, [a, b]: [N; 2]) -> N {
            a * b
        }
        #[inline(always)]
        fn pull<N: Number>(self, gy: N, [_, b]: [N; 2], y: N) -> [N; 2] {
            [gy * b, gy * (y / b)]
        }
    }

    #[test]
    fn what_is_not_kept_is_nan() {
        const X: [[f64; 2]; 2] = [[2.0, 3.0], [0.5, 4.0]];
        let x = || X.map(|x| Tensor::from_slice(&x, &[2]).expect("two numbers"));
        /// Whether the gradients of both are NaN, in the fused and in the recorded walk; they are right otherwise.
        fn nan<const KEEPS: usize>(x: [Tensor; 2]) -> [[bool; 2]; 2] {
            let x = x.map(|x| x.requires_grad());
            let y = try_elementwise([&x[0], &x[1]], Product::<KEEPS>).expect("one shape").sum();
            let recorded = crate::grad(&y, &[&x[0], &x[1]]).expect("tracked");
            let fused = y.backward().expect("tracked");
            let is_nan = |gradient: &Tensor, other: usize| {
                let gradient = gradient.to_f64s();
                let nan = gradient.iter().all(|g| g.is_nan());
                assert!(nan || gradient == X[other], "{KEEPS}: {gradient:?}");
                nan
            };
            let fused = x.each_ref().map(|x| fused.get(x).expect("a leaf"));
            [[is_nan(fused[0], 1), is_nan(fused[1], 0)], [is_nan(&recorded[0], 1), is_nan(&recorded[1], 0)]]
        }
        assert_eq!([nan::<0>(x()), nan::<1>(x())], [[[false, true]; 2], [[true; 2]; 2]]);
        assert_eq!([nan::<2>(x()), nan::<3>(x())], [[[false; 2]; 2], [[true; 2]; 2]]);
        let whole = |x: &[Tensor]| try_elementwise([&x[0], &x[1]], Product::<2>);
        GradCheck::default().check(whole, &x()).expect("all is kept");
    }

    #[test]
    fn a_sine_is_right_beyond_the_range_of_the_vectorised_one_and_beside_nan() {
        let x: Vec<f32> = (0..3000).map(|i| if i % 7 == 0 { 3e6 + i as f32 } else { i as f32 }).collect();
        let mut x = x;
        x[5] = f32::NAN;
        let t = Tensor::from_slice(&x, &[3000]).expect("many").requires_grad();
        let y = t.sin();
        let gradient = y.sum().backward().expect("tracked").get(&t).expect("a leaf").to_f64s();
        for (i, (y, gradient)) in y.to_f64s().into_iter().zip(gradient).enumerate() {
            let exact = f64::from(x[i]);
            let near = |a: f64, b: f64| (a - b).abs() < 2e-7 || (a.is_nan() && b.is_nan());
            assert!(near(y, exact.sin()) && near(gradient, exact.cos()), "{exact}: {y}, {gradient}");
        }
    }
}
