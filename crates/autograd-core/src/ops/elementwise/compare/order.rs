//! Comparisons: equal, less, greater.

use crate::error::Result;
use crate::kernels::elementwise::function::{Compiled, Function};
use crate::ops::check::Check;
use crate::ops::elementwise::map::map;
use crate::storage::block::Plain;
use crate::tape::cut;
use crate::tensor::{Tensor, for_any};

pub(super) fn compare<F>(op: &'static str, a: &Tensor, b: &Tensor, f: F) -> Result<Tensor>
where
    F: Function<2, f32, u8> + Function<2, f64, u8> + Function<2, i64, u8> + Function<2, u8, u8>,
{
    let dtype = Check(op).same_dtype(a, b)?;
    cut(op, &[a, b]);
    for_any!(dtype, T => map::<T, u8, 2>(op, Compiled::new(f), [a, b]))
}

macro_rules! comparison {
    ($($name:ident $struct:ident $sign:tt $words:literal;)*) => {$(
        #[derive(Clone, Copy)]
        struct $struct;
        impl<T: Plain + PartialOrd> Function<2, T, u8> for $struct {
            #[inline(always)]
            fn call(self, [a, b]: [T; 2]) -> u8 {
                u8::from(a $sign b)
            }
        }
        impl Tensor {
            #[doc = concat!("Where `a ", stringify!($sign), " b`: ", $words, ". The operands are broadcast; a comparison with NaN is false, `ne` apart. The result is `Bool`.")]
            ///
            /// # Errors
            /// If the shapes do not broadcast or the dtypes differ.
            ///
            /// # Examples
            /// ```
            /// # use autograd_core::Tensor;
            #[doc = concat!("let z = Tensor::from([1.0, 2.0, 3.0]).", stringify!($name), "(&Tensor::from(2.0))?;")]
            #[doc = concat!("assert_eq!(z.to_vec::<bool>()?, [1, 2, 3].map(|a| a ", stringify!($sign), " 2));")]
            /// # Ok::<(), autograd_core::Error>(())
            /// ```
            pub fn $name(&self, other: &Tensor) -> Result<Tensor> {
                compare(stringify!($name), self, other, $struct)
            }
        }
    )*};
}
comparison! {
    eq Eq == "equal";
    ne Ne != "not equal";
    lt Lt < "less";
    le Le <= "less or equal";
    gt Gt > "greater";
    ge Ge >= "greater or equal";
}

#[cfg(test)]
crate::ops::cases::cases![{
    macro_rules! case {
        ($($name:ident $sign:tt),*) => {
            vec![$(Case::binary(stringify!($name), -2.0..2.0, -2.0..2.0, |a, b| a.$name(b), |a, b| f64::from(u8::from(a $sign b))).without_gradient()),*]
        };
    }
    case!(eq ==, ne !=, lt <, le <=, gt >, ge >=)
}];
