//! The operators `+ - * /` with parameters: those of their tensors.

use super::Param;
use crate::tensor::Tensor;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

macro_rules! operator {
    ($($trait:ident $method:ident $sign:tt $assign:ident $in_place:ident;)*) => {$(
        operator!(@left $trait $method $sign, &Tensor, Tensor, f64, i32);
        operator!(@right $trait $method $sign, &Tensor, Tensor, f64, i32);
        impl $trait<&Param> for &Param {
            type Output = Tensor;
            #[track_caller]
            fn $method(self, other: &Param) -> Tensor {
                &**self $sign &**other
            }
        }
        impl $assign<&Param> for Tensor {
            #[track_caller]
            fn $in_place(&mut self, other: &Param) {
                *self = &*self $sign &**other;
            }
        }
    )*};
    (@left $trait:ident $method:ident $sign:tt, $($other:ty),*) => {$(
        impl $trait<$other> for &Param {
            type Output = Tensor;
            #[track_caller]
            fn $method(self, other: $other) -> Tensor {
                &**self $sign other
            }
        }
    )*};
    (@right $trait:ident $method:ident $sign:tt, $($other:ty),*) => {$(
        impl $trait<&Param> for $other {
            type Output = Tensor;
            #[track_caller]
            fn $method(self, other: &Param) -> Tensor {
                self $sign &**other
            }
        }
    )*};
}
operator! {
    Add add + AddAssign add_assign;
    Sub sub - SubAssign sub_assign;
    Mul mul * MulAssign mul_assign;
    Div div / DivAssign div_assign;
}

impl Neg for &Param {
    type Output = Tensor;
    fn neg(self) -> Tensor {
        -&**self
    }
}

#[cfg(test)]
mod tests {
    use super::Param;
    use crate::Tensor;

    #[test]
    fn parameters_mix_with_tensors_and_numbers() {
        let (w, x) = (Param::new(Tensor::from([2.0, 4.0])).expect("a fresh value"), Tensor::from([1.0, 3.0]));
        let y = &w * &x + (&x - &w) / &w + 1 / &w - (&w * 2 + 1.0 - -&w) + x.clone() * &w * (&w / &w);
        assert_eq!(y.to_f64s(), [2.0 - 0.5 + 0.5 - 7.0 + 2.0, 12.0 - 0.25 + 0.25 - 13.0 + 12.0]);
        assert_eq!(y.sum().backward().expect("tracked").len(), 1);
        let mut total = x;
        total += &w;
        assert_eq!(total.to_f64s(), [3.0, 7.0]);
        assert_eq!((w.to_string(), format!("{w:.1}")), (Tensor::to_string(&w), format!("{:.1}", *w)));
    }
}
