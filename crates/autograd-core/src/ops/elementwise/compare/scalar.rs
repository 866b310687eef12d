//! Comparisons with a number.

use crate::error::refuse;
use crate::tensor::{DType, Tensor};
use std::cmp::Ordering;

/// The order of an integer and a number, exact for all of both; none against NaN.
fn order(x: i64, c: f64) -> Option<Ordering> {
    // 2⁶³ and −2⁶³ are exact.
    let limit = 9_223_372_036_854_775_808.0;
    match c {
        c if c.is_nan() => None,
        c if c >= limit => Some(Ordering::Less),
        c if c < -limit => Some(Ordering::Greater),
        // If x is the whole part of c, the rest decides: x < c.
        c => Some(x.cmp(&(c.floor() as i64)).then(if c > c.floor() { Ordering::Less } else { Ordering::Equal })),
    }
}

macro_rules! comparison {
    ($($name:ident $tensors:ident $sign:tt $words:literal $holds:expr;)*) => {
        impl Tensor {$(
            #[doc = concat!("Where `x ", stringify!($sign), " c`: ", $words, ". The number takes the dtype of a float tensor, as in [`Tensor::add_scalar`], and integers are compared exactly; a comparison with NaN is false, `ne_scalar` apart. The result is `Bool`.")]
            ///
            /// # Examples
            /// ```
            /// # use autograd_core::Tensor;
            #[doc = concat!("let x = Tensor::from([-1.0, 0.5, 2.0]).", stringify!($name), "(0.5);")]
            #[doc = concat!("assert_eq!(x.to_vec::<bool>()?, [-1.0, 0.5, 2.0].map(|x| x ", stringify!($sign), " 0.5));")]
            /// # Ok::<(), autograd_core::Error>(())
            /// ```
            pub fn $name(&self, c: f64) -> Tensor {
                self.compared(c, Tensor::$tensors, $holds)
            }
        )*}
    };
}
comparison! {
    eq_scalar eq == "equal" |order| order == Some(Ordering::Equal);
    ne_scalar ne != "not equal" |order| order != Some(Ordering::Equal);
    lt_scalar lt < "less" |order| order == Some(Ordering::Less);
    le_scalar le <= "less or equal" |order| matches!(order, Some(Ordering::Less | Ordering::Equal));
    gt_scalar gt > "greater" |order| order == Some(Ordering::Greater);
    ge_scalar ge >= "greater or equal" |order| matches!(order, Some(Ordering::Greater | Ordering::Equal));
}

impl Tensor {
    fn compared(
        &self,
        c: f64,
        floats: fn(&Tensor, &Tensor) -> crate::Result<Tensor>,
        holds: fn(Option<Ordering>) -> bool,
    ) -> Tensor {
        let scalar = match self.dtype() {
            DType::F32 => Tensor::scalar(c as f32),
            DType::F64 => Tensor::scalar(c),
            DType::I64 => {
                let x = self.packed();
                return Tensor::computed::<u8, 1>("compare", self.shape(), [&x], move |[x], y| {
                    y.iter_mut().zip(x.flat::<i64>()).for_each(|(y, x)| *y = holds(order(*x, c)).into());
                });
            }
            DType::Bool => {
                let x = self.packed();
                return Tensor::computed::<u8, 1>("compare", self.shape(), [&x], move |[x], y| {
                    y.iter_mut().zip(x.flat::<u8>()).for_each(|(y, x)| *y = holds(order((*x).into(), c)).into());
                });
            }
        };
        // A scalar of the same dtype broadcasts to any shape; only room may be missing.
        floats(self, &scalar).unwrap_or_else(|error| refuse(&error))
    }
}

#[cfg(test)]
mod tests {
    use crate::Tensor;

    #[test]
    fn integers_are_compared_exactly() {
        let big = (1_i64 << 53) + 1;
        let x = Tensor::from([i64::MIN, -1, 0, 2, big, i64::MAX]);
        let bools = |y: Tensor| y.to_vec::<bool>().expect("Bool");
        assert_eq!(bools(x.gt_scalar((1_i64 << 53) as f64)), [false, false, false, false, true, true]);
        assert_eq!(bools(x.lt_scalar(1.5)), [true, true, true, false, false, false]);
        assert_eq!(bools(x.eq_scalar(9_223_372_036_854_775_808.0)), [false; 6]);
        assert_eq!(bools(x.ge_scalar(-9_223_372_036_854_775_808.0)), [true; 6]);
        assert_eq!(bools(x.le_scalar(f64::NEG_INFINITY)), [false; 6]);
        assert_eq!(bools(x.ne_scalar(f64::NAN)), [true; 6]);
        assert_eq!(bools(x.ge_scalar(f64::NAN)), [false; 6]);
        assert_eq!(bools(Tensor::from([true, false]).gt_scalar(0.5)), [true, false]);
        assert_eq!(bools(x.narrow(0, 2, 0).expect("inside").lt_scalar(1.0)), [false; 0]);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    macro_rules! case {
        ($($name:ident $sign:tt),*) => {
            vec![$(Case::unary(stringify!($name), -2.0..2.0, &[0.25], |x| x.$name(0.25), |x| f64::from(u8::from(x $sign 0.25))).without_gradient()),*]
        };
    }
    case!(eq_scalar ==, ne_scalar !=, lt_scalar <, le_scalar <=, gt_scalar >, ge_scalar >=)
}];
