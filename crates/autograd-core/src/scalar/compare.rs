//! Comparisons of variables, which look at values alone.

use super::functions::Scalar;
use super::var::Var;
use crate::kernels::number::Number;
use std::cmp::Ordering;

impl<T: Scalar> PartialEq for Var<'_, T> {
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        Number::eq(self.value, other.value)
    }
}

impl<T: Scalar> PartialOrd for Var<'_, T> {
    #[inline(always)]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<T: Scalar> PartialEq<f64> for Var<'_, T> {
    #[inline(always)]
    fn eq(&self, other: &f64) -> bool {
        Number::eq(self.value, T::of(*other))
    }
}

impl<T: Scalar> PartialOrd<f64> for Var<'_, T> {
    #[inline(always)]
    fn partial_cmp(&self, other: &f64) -> Option<Ordering> {
        self.value.partial_cmp(&T::of(*other))
    }
}

impl<'t, T: Scalar> PartialEq<Var<'t, T>> for f64 {
    #[inline(always)]
    fn eq(&self, other: &Var<'t, T>) -> bool {
        other == self
    }
}

impl<'t, T: Scalar> PartialOrd<Var<'t, T>> for f64 {
    #[inline(always)]
    fn partial_cmp(&self, other: &Var<'t, T>) -> Option<Ordering> {
        other.partial_cmp(self).map(Ordering::reverse)
    }
}
