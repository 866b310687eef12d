//! One number from all elements of two tensors: inner products and norms.

use super::real::Real;
use super::simd::{Kernel, vectorize};
use crate::threads::parallel::{PIECE, join, worth_sharing};

/// A fold: `join` of `element(x, y)` over all elements, beginning with 0, in `f64`. Mark the methods
/// `#[inline(always)]`.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, update::FoldRule};
///
/// /// The largest |x − y|.
/// #[derive(Clone, Copy)]
/// struct Farthest;
///
/// impl FoldRule for Farthest {
///     #[inline(always)]
///     fn element(self, x: f64, y: f64) -> f64 {
///         (x - y).abs()
///     }
///     #[inline(always)]
///     fn join(self, a: f64, b: f64) -> f64 {
///         a.max(b)
///     }
/// }
///
/// assert_eq!(Tensor::from([1.0, 2.0]).fold(&Tensor::from([1.5, -1.0]), Farthest)?, 3.0);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub trait FoldRule: Copy + Sync {
    /// The contribution of one element.
    fn element(self, x: f64, y: f64) -> f64;
    /// Two contributions together; 0 changes nothing.
    fn join(self, a: f64, b: f64) -> f64;
}

/// The number of lanes that gather contributions: a sum in a single lane would wait for itself.
const LANES: usize = 16;

struct Fold<'a, T, R> {
    rule: R,
    x: &'a [T],
    y: &'a [T],
}

impl<T: Real, R: FoldRule> Kernel for Fold<'_, T, R> {
    type Output = f64;
    #[inline(always)]
    fn run(self) -> f64 {
        let Fold { rule, x, y } = self;
        let ((x, last_x), (y, last_y)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
        let mut lanes = [0.0; LANES];
        for (x, y) in x.iter().zip(y) {
            // A closure that goes to `from_fn` would be compiled for the baseline, if the rule is long.
            for (lane, (x, y)) in lanes.iter_mut().zip(x.iter().zip(y)) {
                *lane = rule.join(*lane, rule.element(x.as_f64(), y.as_f64()));
            }
        }
        for (lane, (x, y)) in lanes.iter_mut().zip(last_x.iter().zip(last_y)) {
            *lane = rule.join(*lane, rule.element(x.as_f64(), y.as_f64()));
        }
        lanes.into_iter().fold(0.0, |sum, lane| rule.join(sum, lane))
    }
}

/// The fold over two slices of one length. Where it is cut depends on the length only, so its bits are the same on any
/// number of threads.
pub fn fold<T: Real, R: FoldRule>(rule: R, x: &[T], y: &[T]) -> f64 {
    assert!(x.len() == y.len(), "a fold's slices differ in length");
    fold_on(worth_sharing(x.len()), rule, x, y)
}

fn fold_on<T: Real, R: FoldRule>(shared: bool, rule: R, x: &[T], y: &[T]) -> f64 {
    if x.len() <= PIECE {
        return vectorize(Fold { rule, x, y });
    }
    let half = (x.len() / 2).next_multiple_of(PIECE);
    let ((x0, x1), (y0, y1)) = (x.split_at(half), y.split_at(half));
    let (mut a, mut b) = (0.0, 0.0);
    let mut first = || a = fold_on(shared, rule, x0, y0);
    let mut second = || b = fold_on(shared, rule, x1, y1);
    if shared {
        join(first, second);
    } else {
        first();
        second();
    }
    rule.join(a, b)
}

#[cfg(test)]
mod tests {
    use super::{FoldRule, fold};

    #[derive(Clone, Copy)]
    struct Dot;

    impl FoldRule for Dot {
        #[inline(always)]
        fn element(self, x: f64, y: f64) -> f64 {
            x * y
        }
        #[inline(always)]
        fn join(self, a: f64, b: f64) -> f64 {
            a + b
        }
    }

    #[test]
    fn no_element_is_lost_and_no_bit_depends_on_threads() {
        for n in [0, 1, 15, 16, 17, 16_384, 16_385, 300_001] {
            let x: Vec<f32> = (0..n).map(|i| (i % 1001) as f32 / 7.0).collect();
            let on = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
                pool.install(|| fold(Dot, &x, &x))
            };
            let plain: f64 = x.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
            assert!((on(1) - plain).abs() <= 1e-12 * plain, "{n}");
            assert_eq!(on(1).to_bits(), on(2).to_bits());
        }
    }
}
