//! The Rust numbers that tensors are made of.

use super::Element;

/// A Rust type that tensors are made of: an [`Element`], or an integer that becomes `I64`.
///
/// # Examples
/// ```
/// use autograd_core::Source;
/// assert_eq!((7u8.element(), u64::MAX.element(), 0.5f32.element()), (Some(7), None, Some(0.5)));
/// ```
pub trait Source: Copy + std::fmt::Debug {
    /// The type of the tensor's elements.
    type Element: Element;
    /// The number as an element; none if it is too large.
    fn element(self) -> Option<Self::Element>;
}

macro_rules! itself {
    ($($t:ty)*) => {$(
        impl Source for $t {
            type Element = $t;
            #[inline]
            fn element(self) -> Option<$t> {
                Some(self)
            }
        }
    )*};
}
itself!(f32 f64 i64 bool);

macro_rules! integers {
    ($($t:ty)*) => {$(
        impl Source for $t {
            type Element = i64;
            #[inline]
            fn element(self) -> Option<i64> {
                i64::try_from(self).ok()
            }
        }
    )*};
}
integers!(u8 u16 u32 u64 usize i8 i16 i32 isize);

#[cfg(test)]
mod tests {
    use crate::{DType, Tensor};

    #[test]
    fn labels_of_any_type_are_integers() {
        let all = [
            Tensor::from(vec![0_u8, 2, 1]),
            Tensor::from(vec![0_i32, 2, 1]),
            Tensor::from(vec![0_u32, 2, 1]),
            Tensor::from(vec![0, 2, 1]),
            Tensor::from_vec(vec![0_usize, 2, 1], &[3]).expect("small"),
            Tensor::from_slice(&[0_u64, 2, 1], &[3]).expect("small"),
        ];
        for labels in all {
            assert_eq!((labels.dtype(), labels.to_vec::<i64>().expect("I64")), (DType::I64, vec![0, 2, 1]));
        }
        let error = Tensor::from_vec(vec![0, u64::MAX], &[2]).expect_err("too large");
        let text = "from_vec: element 1 is 18446744073709551615, it must be at most 9223372036854775807";
        assert_eq!(error.to_string(), text);
        assert_eq!(Tensor::from_vec(vec![1.0, 2.0], &[2]).expect("two").dtype(), DType::F64);
    }
}
