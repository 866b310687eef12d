//! The operators `+= -= *= /=`, sums and products of iterators, and integers beside tensors. All of it panics where the
//! operators between tensors do.

use crate::tensor::Tensor;
use std::iter::{Product, Sum};
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Sub, SubAssign};

macro_rules! assign {
    ($($trait:ident $method:ident $sign:tt: $($other:ty),*;)*) => {$($(
        /// The tensor is replaced by the result; whoever else has the old value keeps it.
        impl $trait<$other> for Tensor {
            #[track_caller]
            fn $method(&mut self, other: $other) {
                *self = &*self $sign other;
            }
        }
    )*)*};
}
assign! {
    AddAssign add_assign +: Tensor, &Tensor, f64, i32;
    SubAssign sub_assign -: Tensor, &Tensor, f64, i32;
    MulAssign mul_assign *: Tensor, &Tensor, f64, i32;
    DivAssign div_assign /: Tensor, &Tensor, f64, i32;
}

macro_rules! integer {
    ($($trait:ident $method:ident $sign:tt: $($tensor:ty),*;)*) => {$($(
        impl $trait<i32> for $tensor {
            type Output = Tensor;
            fn $method(self, c: i32) -> Tensor {
                self $sign f64::from(c)
            }
        }
        impl $trait<$tensor> for i32 {
            type Output = Tensor;
            fn $method(self, x: $tensor) -> Tensor {
                f64::from(self) $sign x
            }
        }
    )*)*};
}
// `i32` alone: with a second type of integers, the type of `&x * 2` were open until the end of the function, and
// `(&x * 2).sum()` would not compile.
integer! {
    Add add +: &Tensor, Tensor;
    Sub sub -: &Tensor, Tensor;
    Mul mul *: &Tensor, Tensor;
    Div div /: &Tensor, Tensor;
}

macro_rules! fold {
    ($($trait:ident $method:ident $sign:tt $neutral:literal;)*) => {$(
        /// Shapes are broadcast. Of no tensors it is a scalar of `F32`.
        impl $trait for Tensor {
            #[track_caller]
            fn $method<I: Iterator<Item = Tensor>>(tensors: I) -> Tensor {
                tensors.reduce(|a, b| a $sign b).unwrap_or_else(|| Tensor::from($neutral))
            }
        }
        /// Shapes are broadcast. Of no tensors it is a scalar of `F32`.
        impl<'t> $trait<&'t Tensor> for Tensor {
            #[track_caller]
            fn $method<I: Iterator<Item = &'t Tensor>>(tensors: I) -> Tensor {
                tensors.cloned().$method()
            }
        }
    )*};
}
fold! {
    Sum sum + 0.0;
    Product product * 1.0;
}

#[cfg(test)]
mod tests {
    use crate::{DType, Tensor};

    fn values(x: &Tensor) -> Vec<f64> {
        x.to_f64s()
    }

    #[test]
    fn a_tensor_is_replaced_and_its_history_goes_on() {
        let x = Tensor::from([1.0, 2.0]).requires_grad();
        let mut total = Tensor::from([0.5, 0.5]);
        let before = total.clone();
        total += &x;
        total *= x.square();
        total -= 1;
        total /= 2.0;
        assert_eq!(values(&total), [0.25, 4.5]);
        assert_eq!(values(&before), [0.5, 0.5]);
        let gradients = total.sum().backward().expect("tracked");
        // d/dx of (x + ½) x² / 2 is (3x² + x) / 2.
        assert_eq!(values(gradients.get(&x).expect("a leaf")), [2.0, 7.0]);
    }

    #[test]
    fn integers_are_numbers_beside_tensors() {
        let x = Tensor::from([1.0, 4.0]);
        assert_eq!(values(&(2 * &x + 3 - &x / 2 - 8 / x.clone())), [-3.5, 7.0]);
        assert_eq!(values(&(&x * -2).sum()), [-10.0]);
        assert_eq!((Tensor::from([1, 2]) * 3 - 1).to_vec::<i64>().expect("I64"), [2, 5]);
    }

    #[test]
    fn iterators_have_sums_and_products() {
        let losses = [Tensor::from(1.5), Tensor::from([2.0, 3.0])];
        assert_eq!(values(&losses.iter().sum()), [3.5, 4.5]);
        assert_eq!(values(&losses.iter().product::<Tensor>()), [3.0, 4.5]);
        let wide = losses.map(|loss| loss.to_dtype(DType::F64)).into_iter().sum::<Tensor>();
        assert_eq!((wide.dtype(), values(&wide)), (DType::F64, vec![3.5, 4.5]));
        let none = std::iter::empty::<Tensor>();
        assert_eq!((values(&none.clone().sum::<Tensor>()), values(&none.product::<Tensor>())), (vec![0.0], vec![1.0]));
    }
}
