//! The operators `+ - * /` between tensors and with numbers. They panic with the text of the error that `try_add` and
//! so on return.

use crate::error::refuse;
use crate::tensor::Tensor;
use std::ops::{Add, Div, Mul, Neg, Sub};

macro_rules! operator {
    ($($trait:ident $method:ident $checked:ident;)*) => {$(
        operator!(@impl $trait $method $checked, &Tensor, &Tensor);
        operator!(@impl $trait $method $checked, &Tensor, Tensor);
        operator!(@impl $trait $method $checked, Tensor, &Tensor);
        operator!(@impl $trait $method $checked, Tensor, Tensor);
    )*};
    (@impl $trait:ident $method:ident $checked:ident, $lhs:ty, $rhs:ty) => {
        impl $trait<$rhs> for $lhs {
            type Output = Tensor;
            #[track_caller]
            fn $method(self, other: $rhs) -> Tensor {
                match self.$checked(other.borrow_tensor()) {
                    Ok(z) => z,
                    Err(error) => refuse(&error),
                }
            }
        }
    };
}
operator! {
    Add add try_add;
    Sub sub try_sub;
    Mul mul try_mul;
    Div div try_div;
}

trait BorrowTensor {
    fn borrow_tensor(&self) -> &Tensor;
}
impl BorrowTensor for Tensor {
    fn borrow_tensor(&self) -> &Tensor {
        self
    }
}

macro_rules! with_number {
    ($($tensor:ty),*) => {$(
        impl Add<f64> for $tensor {
            type Output = Tensor;
            fn add(self, c: f64) -> Tensor {
                self.add_scalar(c)
            }
        }
        impl Sub<f64> for $tensor {
            type Output = Tensor;
            fn sub(self, c: f64) -> Tensor {
                self.add_scalar(-c)
            }
        }
        impl Mul<f64> for $tensor {
            type Output = Tensor;
            fn mul(self, c: f64) -> Tensor {
                self.mul_scalar(c)
            }
        }
        impl Div<f64> for $tensor {
            type Output = Tensor;
            fn div(self, c: f64) -> Tensor {
                self.div_scalar(c)
            }
        }
        impl Add<$tensor> for f64 {
            type Output = Tensor;
            fn add(self, x: $tensor) -> Tensor {
                x.add_scalar(self)
            }
        }
        impl Sub<$tensor> for f64 {
            type Output = Tensor;
            fn sub(self, x: $tensor) -> Tensor {
                x.neg().add_scalar(self)
            }
        }
        impl Mul<$tensor> for f64 {
            type Output = Tensor;
            fn mul(self, x: $tensor) -> Tensor {
                x.mul_scalar(self)
            }
        }
        impl Div<$tensor> for f64 {
            type Output = Tensor;
            fn div(self, x: $tensor) -> Tensor {
                x.scalar_div(self)
            }
        }
        impl Neg for $tensor {
            type Output = Tensor;
            fn neg(self) -> Tensor {
                Tensor::neg(&self)
            }
        }
    )*};
}
with_number!(&Tensor, Tensor);

#[cfg(test)]
mod tests {
    use crate::Tensor;

    #[test]
    fn numbers_and_tensors_mix() {
        let x = Tensor::from([1.0, 4.0]);
        let y = 1.0 - (2.0 * &x + 3.0) / 4.0 - &x / &x + 8.0 / &x;
        assert_eq!(y.to_vec::<f32>().expect("F32"), [6.75, -0.75]);
    }

    #[test]
    #[should_panic(expected = "mul: shape [33554432, 33554432] is too large")]
    fn a_product_without_room_panics_and_does_not_end_the_process() {
        let column = Tensor::from([[2.0]]).expand(&[1 << 25, 1]).expect("a view");
        let _ = &column * &column.t().expect("a matrix");
    }

    #[test]
    #[should_panic(expected = "exp: shape [1125899906842624, 64] is too large")]
    fn so_does_a_function_of_a_view_that_is_larger_than_memory() {
        drop(Tensor::from(1.0).expand(&[1 << 50, 64]).expect("a view").exp());
    }

    #[test]
    #[should_panic(expected = "add: shapes [2] and [3] do not broadcast: 2 ≠ 3 in dimension −1")]
    fn a_bad_sum_panics_with_the_text_of_the_error() {
        let _ = Tensor::from([1.0, 2.0]) + Tensor::from([1.0, 2.0, 3.0]);
    }
}
