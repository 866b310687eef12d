//! Functions of one number as loops over slices, which tables point to.
//!
//! One loop per function and type: what is done with the results, as their product with an upstream gradient, is done
//! block by block in another loop that all functions share.

use super::function::mend_nan;
use crate::kernels::simd::{Kernel, vectorize};
use crate::threads::parallel::{PIECE, for_pieces};
use std::marker::PhantomData;
use std::ops::MulAssign;

/// A function of one number and of a parameter, on floats of both types.
pub trait Pointwise {
    /// f(p, x); mark it `#[inline(always)]`.
    fn single(p: f64, x: f32) -> f32;
    /// f(p, x); mark it `#[inline(always)]`.
    fn double(p: f64, x: f64) -> f64;
}

/// `y = f(p, x)` for slices of one length.
pub type Run<T> = fn(f64, &[T], &mut [T]);

/// The loops of a function.
#[derive(Clone, Copy)]
pub struct Loops {
    single: Run<f32>,
    double: Run<f64>,
}

/// A type that [`Loops`] has a loop for.
pub trait Looped: Copy + MulAssign + Send + Sync + 'static {
    /// The loop of this type.
    fn of(loops: &Loops) -> Run<Self>;
}

impl Looped for f32 {
    fn of(loops: &Loops) -> Run<f32> {
        loops.single
    }
}

impl Looped for f64 {
    fn of(loops: &Loops) -> Run<f64> {
        loops.double
    }
}

/// The vectorised loop of a function.
struct Each<'a, T, F> {
    p: f64,
    x: &'a [T],
    y: &'a mut [T],
    f: PhantomData<F>,
}

macro_rules! kernel {
    ($t:ident, $f:ident) => {
        impl<F: Pointwise> Kernel for Each<'_, $t, F> {
            type Output = ();
            #[inline(always)]
            fn run(self) {
                for (y, x) in self.y.iter_mut().zip(self.x) {
                    *y = F::$f(self.p, *x);
                }
            }
        }
    };
}
kernel!(f32, single);
kernel!(f64, double);

impl Loops {
    /// Vectorised loops.
    pub const fn vectorised<F: Pointwise>() -> Loops {
        Loops {
            single: |p, x, y| vectorize(Each { p, x, y, f: PhantomData::<F> }),
            double: |p, x, y| vectorize(Each { p, x, y, f: PhantomData::<F> }),
        }
    }

    /// Loops of calls.
    pub const fn called<F: Pointwise>() -> Loops {
        Loops {
            single: |p, x, y| y.iter_mut().zip(x).for_each(|(y, x)| *y = F::single(p, *x)),
            double: |p, x, y| y.iter_mut().zip(x).for_each(|(y, x)| *y = F::double(p, *x)),
        }
    }

    /// Vectorised loops, whose NaN is computed again by calls of another function.
    pub const fn mended<F: Pointwise, G: Pointwise>() -> Loops {
        Loops {
            single: |p, x, y| {
                vectorize(Each { p, x, y: &mut *y, f: PhantomData::<F> });
                mend_nan(y, |i| G::single(p, x[i]));
            },
            double: |p, x, y| {
                vectorize(Each { p, x, y: &mut *y, f: PhantomData::<F> });
                mend_nan(y, |i| G::double(p, x[i]));
            },
        }
    }
}

/// `y = f(p, x)`
pub fn each<T: Looped>(run: Run<T>, p: f64, x: &[T], y: &mut [T]) {
    for_pieces(y, PIECE, |start, y| run(p, &x[start..start + y.len()], y));
}

/// So many results are multiplied while they are in the first-level cache.
const BLOCK: usize = 1024;

/// `y = gy f(p, x)`; a `gy` of one number goes with every x.
pub fn each_times<T: Looped>(run: Run<T>, p: f64, x: &[T], gy: &[T], y: &mut [T]) {
    for_pieces(y, PIECE, |start, y| {
        for (i, y) in y.chunks_mut(BLOCK).enumerate() {
            let at = start + i * BLOCK;
            run(p, &x[at..at + y.len()], y);
            match gy {
                [gy] => y.iter_mut().for_each(|y| *y *= *gy),
                _ => y.iter_mut().zip(&gy[at..]).for_each(|(y, gy)| *y *= *gy),
            }
        }
    });
}

/// A [`Pointwise`] in a [`Loops`]: `each: |p, x|` with a formula for both types, `wide: |p, x|` with one in f64 whose
/// result is rounded, `pair` with two functions of x, `called` with a function of p and x in f64 that is not
/// vectorised. What stands behind `else` is called for what came out as NaN.
macro_rules! loops {
    (each: |$p:pat_param, $x:ident| $value:expr) => {{
        struct Value;
        impl Value {
            #[inline(always)]
            fn of<T: $crate::kernels::math::exponential::Scalar>($p: f64, $x: T) -> T {
                $value
            }
        }
        $crate::kernels::elementwise::pointwise::loops!(@impl Value, |p, x| Value::of(p, x), |p, x| Value::of(p, x));
        $crate::kernels::elementwise::pointwise::Loops::vectorised::<Value>()
    }};
    (wide: |$p:pat_param, $x:ident| $value:expr $(; else $beyond:path)?) => {{
        struct Value;
        impl Value {
            #[inline(always)]
            fn of($p: f64, $x: f64) -> f64 {
                $value
            }
        }
        $crate::kernels::elementwise::pointwise::loops!(
            @impl Value, |p, x| Value::of(p, x.into()) as f32, |p, x| Value::of(p, x)
        );
        $crate::kernels::elementwise::pointwise::loops!(@of Value $($beyond)?)
    }};
    (@of $values:ident) => {
        $crate::kernels::elementwise::pointwise::Loops::vectorised::<$values>()
    };
    (@of $values:ident $beyond:path) => {{
        struct Beyond;
        $crate::kernels::elementwise::pointwise::loops!(
            @impl Beyond, |p, x| $beyond(p, x.into()) as f32, |p, x| $beyond(p, x)
        );
        $crate::kernels::elementwise::pointwise::Loops::mended::<$values, Beyond>()
    }};
    (pair: $single:path, $double:path) => {{
        struct Value;
        $crate::kernels::elementwise::pointwise::loops!(@impl Value, |_p, x| $single(x), |_p, x| $double(x));
        $crate::kernels::elementwise::pointwise::Loops::vectorised::<Value>()
    }};
    (pair: $single:path, $double:path; else $beyond:path, $beyond_double:path) => {{
        struct Value;
        $crate::kernels::elementwise::pointwise::loops!(@impl Value, |_p, x| $single(x), |_p, x| $double(x));
        struct Beyond;
        $crate::kernels::elementwise::pointwise::loops!(@impl Beyond, |_p, x| $beyond(x), |_p, x| $beyond_double(x));
        $crate::kernels::elementwise::pointwise::Loops::mended::<Value, Beyond>()
    }};
    (called: $f:expr) => {{
        struct Value;
        $crate::kernels::elementwise::pointwise::loops!(@impl Value, |p, x| $f(p, x.into()) as f32, |p, x| $f(p, x));
        $crate::kernels::elementwise::pointwise::Loops::called::<Value>()
    }};
    (@impl $name:ident, |$p:ident, $x:ident| $single:expr, |$q:ident, $y:ident| $double:expr) => {
        impl $crate::kernels::elementwise::pointwise::Pointwise for $name {
            #[inline(always)]
            fn single($p: f64, $x: f32) -> f32 {
                $single
            }
            #[inline(always)]
            fn double($q: f64, $y: f64) -> f64 {
                $double
            }
        }
    };
}
pub(crate) use loops;
