//! Operators between variables, and between variables and plain numbers.

use super::functions::Scalar;
use super::var::Var;
use crate::kernels::number::Number;
use crate::ops::elementwise::arithmetic as formulas;
use std::iter::{Product, Sum};
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Rem, RemAssign, Sub, SubAssign};

macro_rules! operators {
    ($($trait:ident $method:ident $assign:ident $method_assign:ident $formula:expr;)*) => {$(
        impl<T: Scalar> $trait for Var<'_, T> {
            type Output = Self;
            #[inline(always)]
            #[track_caller]
            fn $method(self, other: Self) -> Self {
                Var::formula($formula, [self, other])
            }
        }

        impl<T: Scalar> $assign for Var<'_, T> {
            #[inline(always)]
            #[track_caller]
            fn $method_assign(&mut self, other: Self) {
                *self = self.$method(other);
            }
        }

        impl<T: Scalar> $trait<f64> for Var<'_, T> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: f64) -> Self {
                self.$method(Var::of(other.into()))
            }
        }

        impl<'t, T: Scalar> $trait<Var<'t, T>> for f64 {
            type Output = Var<'t, T>;
            #[inline(always)]
            fn $method(self, other: Var<'t, T>) -> Var<'t, T> {
                Var::of(self.into()).$method(other)
            }
        }

        impl<T: Scalar> $assign<f64> for Var<'_, T> {
            #[inline(always)]
            fn $method_assign(&mut self, other: f64) {
                *self = self.$method(other);
            }
        }
    )*};
}
operators! {
    Add add AddAssign add_assign formulas::add::Add;
    Sub sub SubAssign sub_assign formulas::sub::Sub;
    Mul mul MulAssign mul_assign formulas::mul::Mul;
    Div div DivAssign div_assign formulas::div::Div;
    Rem rem RemAssign rem_assign formulas::remainder::Fmod;
}

impl<T: Scalar> Neg for Var<'_, T> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Var::formula(formulas::neg::Neg, [self])
    }
}

/// Sums and products of many; 0 and 1 without any.
macro_rules! folds {
    ($($trait:ident $method:ident $operator:ident $start:expr;)*) => {$(
        impl<T: Scalar> $trait for Var<'_, T> {
            #[track_caller]
            fn $method<I: Iterator<Item = Self>>(all: I) -> Self {
                all.reduce(|a, b| a.$operator(b)).unwrap_or_else(|| Var::of($start))
            }
        }

        impl<'a, 't, T: Scalar> $trait<&'a Var<'t, T>> for Var<'t, T> {
            #[track_caller]
            fn $method<I: Iterator<Item = &'a Var<'t, T>>>(all: I) -> Self {
                all.copied().$method()
            }
        }
    )*};
}
folds! {
    Sum sum add 0.0;
    Product product mul 1.0;
}
