//! The Rust numbers that tensors are made of.

use super::Element;

mod sealed {
    pub trait Sealed {}
}

/// A Rust type that tensors are made of: an [`Element`], or an integer that becomes `I64`.
///
/// # Examples
/// ```
/// use autograd_core::Source;
/// assert_eq!((7u8.element(), u64::MAX.element(), 0.5f32.element()), (Some(7), None, Some(0.5)));
/// ```
pub trait Source: sealed::Sealed + Copy + std::fmt::Debug {
    /// The type of the tensor's elements.
    type Element: Element;
    /// The number as an element; none if it is too large.
    fn element(self) -> Option<Self::Element>;
    /// The place of the first number that is too large. This and [`Source::store_all`] are written for each type, and
    /// so compiled with this crate: a program without optimisation does not loop over its data slowly.
    #[doc(hidden)]
    fn first_too_large(numbers: &[Self]) -> Option<usize>;
    /// Converts many that are not too large to the stored form.
    #[doc(hidden)]
    fn store_all(numbers: &[Self], into: &mut [<Self::Element as Element>::Stored]);
}

macro_rules! itself {
    ($($t:ty)*) => {$(
        impl sealed::Sealed for $t {}
        impl Source for $t {
            type Element = $t;
            #[inline]
            fn element(self) -> Option<$t> {
                Some(self)
            }
            fn first_too_large(_: &[$t]) -> Option<usize> {
                None
            }
            fn store_all(numbers: &[$t], into: &mut [<$t as Element>::Stored]) {
                into.iter_mut().zip(numbers).for_each(|(to, x)| *to = x.store());
            }
        }
    )*};
}
itself!(f32 f64 i64 bool);

macro_rules! integers {
    ($($t:ty)*) => {$(
        impl sealed::Sealed for $t {}
        impl Source for $t {
            type Element = i64;
            #[inline]
            fn element(self) -> Option<i64> {
                i64::try_from(self).ok()
            }
            fn first_too_large(numbers: &[$t]) -> Option<usize> {
                numbers.iter().position(|x| x.element().is_none())
            }
            fn store_all(numbers: &[$t], into: &mut [i64]) {
                into.iter_mut().zip(numbers.iter().filter_map(|x| x.element())).for_each(|(to, x)| *to = x);
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

    #[test]
    fn an_error_names_the_function_that_was_called() {
        type Make = fn(&[u64], &[usize]) -> crate::Result<Tensor>;
        let all: [(&str, Make); 2] =
            [("from_vec", |data, shape| Tensor::from_vec(data.to_vec(), shape)), ("from_slice", Tensor::from_slice)];
        for (name, make) in all {
            let text = |data: &[u64], shape: &[usize]| make(data, shape).expect_err("refused").to_string();
            assert_eq!(text(&[1, 2], &[3]), format!("{name}: shape [3] needs 3 elements, got 2"));
            let most = "it must be at most 9223372036854775807";
            assert_eq!(text(&[u64::MAX], &[1]), format!("{name}: element 0 is 18446744073709551615, {most}"));
            let begin = format!("{name}: shape [2305843009213693952] is too large ");
            assert!(text(&[1], &[1 << 61]).starts_with(&begin));
        }
    }

    #[test]
    #[should_panic(expected = "zeros_like: shape [1125899906842624, 64] is too large")]
    fn zeros_that_memory_does_not_hold_are_refused_by_name() {
        drop(Tensor::from(1.0).expand(&[1 << 50, 64]).expect("a view").zeros_like());
    }

    #[test]
    #[should_panic(expected = "ones_like: shape [1125899906842624, 64] is too large")]
    fn ones_that_memory_does_not_hold_are_refused_by_name() {
        drop(Tensor::from(1.0).expand(&[1 << 50, 64]).expect("a view").ones_like());
    }
}
