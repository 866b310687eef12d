//! The variable: a number and its place on a tape.

use super::functions::Scalar;
use super::tape::Tape;
use crate::kernels::number::Number;
use crate::ops::elementwise::chain::Function;
use crate::ops::elementwise::driver::{Elementwise, Keeps};
use std::fmt;
use std::panic::Location;
use std::ptr;

/// A number on a [`Tape`], or a constant, which is on none: copied freely, and computed with like a float.
///
/// It has the mathematics of `f64` as methods, operators with variables and with `f64` on both sides, and
/// comparisons by value. What has no derivative, as `floor`, is a constant.
///
/// Variables of two tapes do not go together: a result of both is made, but [`Var::backward`] of either tape returns an
/// error from then on, which says where they met (`Iterator::sum` and `product` do not tell their place: of those it is
/// one of this crate).
///
/// # Examples
/// ```
/// use autograd_core::scalar::Tape;
/// let tape = Tape::new();
/// let [mut x, y] = tape.vars([3.0, -1.0]);
/// x += 2.0 * y.abs();
/// assert!(x > y && x == 5.0);
/// assert_eq!(x.max(y).powi(2).gradient(&[x, y])?, [10.0, -20.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub struct Var<'t, T = f64> {
    pub(super) tape: Option<&'t Tape<T>>,
    pub(super) value: T,
    pub(super) at: u32,
}

impl<T: Copy> Copy for Var<'_, T> {}

impl<T: Copy> Clone for Var<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<'t, T: Scalar> Var<'t, T> {
    #[inline(always)]
    pub(super) fn on(tape: &'t Tape<T>, value: T, at: u32) -> Self {
        Var { tape: Some(tape), value, at }
    }

    /// A constant, to which no gradient flows.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::scalar::{Tape, Var};
    /// let tape = Tape::new();
    /// let x = tape.var(3.0);
    /// let y = x * Var::constant(x.value());
    /// assert_eq!(y.gradient(&[x])?, [3.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[inline(always)]
    pub fn constant(value: T) -> Self {
        Var { tape: None, value, at: 0 }
    }

    /// The number.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::scalar::Tape;
    /// assert_eq!(Tape::new().var(3.0).value(), 3.0);
    /// ```
    #[inline(always)]
    pub fn value(self) -> T {
        self.value
    }

    /// A value that depends on `x` with these slopes. `at_infinity` is the gradient of one of them for an infinite
    /// upstream gradient: where that is 0, too, nothing flows back whatever comes, not even NaN.
    #[inline(always)]
    #[track_caller]
    fn of_several<const K: usize>(value: T, x: [Self; K], slopes: [T; K], at_infinity: impl Fn(usize) -> T) -> Self {
        let Some(tape) = x.iter().find_map(|x| x.tape) else { return Var::constant(value) };
        let zero = |x: T| Number::eq(x, T::of(0.0));
        let mut from = [None; K];
        for k in 0..K {
            match x[k].tape {
                Some(other) if !ptr::eq(other, tape) => tape.mixed(other, Location::caller()),
                Some(_) if !zero(slopes[k]) || !zero(at_infinity(k)) => from[k] = Some((x[k].at, slopes[k])),
                _ => {}
            }
        }
        Var::on(tape, value, tape.record(from))
    }

    #[inline(always)]
    fn is_constant(self) -> bool {
        self.tape.is_none()
    }

    /// A formula of variables: the value is the formula's, the slopes are what its pull-back makes of 1.
    #[inline(always)]
    #[track_caller]
    pub(super) fn formula<F: Elementwise<K>, const K: usize>(f: F, x: [Self; K]) -> Self {
        let values = x.map(|x| x.value);
        let y = T::apply(f, values);
        if F::KEEPS == Keeps::Untracked || x.iter().all(|x| x.is_constant()) {
            return Var::constant(y);
        }
        let slopes = f.pull(T::of(1.0), values, y);
        Var::of_several(y, x, slopes, |k| f.pull(T::of(f64::INFINITY), values, y)[k])
    }

    /// Like [`Var::formula`], for functions of many multiply-adds.
    #[inline(always)]
    #[track_caller]
    pub(super) fn function<F: Elementwise<K>, const K: usize>(f: F, x: [Self; K]) -> Self {
        let values = x.map(|x| x.value);
        if x.iter().all(|x| x.is_constant()) {
            return Var::constant(T::apply(f, values));
        }
        let (y, slopes) = T::with_slopes(f, values);
        Var::of_several(y, x, slopes, |k| f.pull(T::of(f64::INFINITY), values, y)[k])
    }

    /// The derivative of a function of a chain of some order, 0 for its value.
    #[track_caller]
    pub(super) fn link(self, f: &'static Function, p: f64, order: u32) -> Self {
        let y = self.value.derivative(f, p, order);
        if self.is_constant() {
            return Var::constant(y);
        }
        let slope = self.value.derivative(f, p, order + 1);
        Var::of_several(y, [self], [slope], |_| T::of(f64::NAN))
    }
}

impl<T: Scalar> From<T> for Var<'_, T> {
    fn from(value: T) -> Self {
        Var::constant(value)
    }
}

impl<T: Scalar> Default for Var<'_, T> {
    /// The constant 0.
    fn default() -> Self {
        Var::constant(T::of(0.0))
    }
}

impl<T: fmt::Display> fmt::Display for Var<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T: fmt::Debug> fmt::Debug for Var<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}
