//! The constructor and the reduction that every loss has.

/// Gives a loss with a field `reduction` and a `Default` its `new` and the setter of the reduction.
macro_rules! reduced {
    ($Name:ident) => {
        impl $Name {
            /// A loss with the default options.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("assert_eq!(format!(\"{:?}\", wengert_nn::", stringify!($Name), "::new()),")]
            #[doc = concat!("    format!(\"{:?}\", wengert_nn::", stringify!($Name), "::default()));")]
            /// ```
            pub fn new() -> $Name {
                $Name::default()
            }

            /// The reduction of the losses of elements or samples. By default their mean.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_nn::{Reduction, ", stringify!($Name), "};")]
            #[doc = concat!("let sum = ", stringify!($Name), "::new().reduction(Reduction::Sum);")]
            /// assert!(format!("{sum:?}").contains("reduction: Sum"));
            /// ```
            #[must_use]
            pub fn reduction(mut self, reduction: crate::loss::Reduction) -> $Name {
                self.reduction = reduction;
                self
            }
        }
    };
}
pub(super) use reduced;
