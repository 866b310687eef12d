//! The penalties of one norm.

use super::{Members, Penalty, check, counted, sum};
use autograd_core::module::{Module, Param};
use autograd_core::{Description, Result, Tensor};

macro_rules! penalty {
    ($(#[$doc:meta])* $Name:ident, $op:literal, $each:expr) => {
        $(#[$doc])*
        pub struct $Name {
            lambda: f64,
            only: Option<Members>,
        }

        impl $Name {
            /// λ ≥ 0: how strongly the weights are drawn to 0.
            pub fn new(lambda: f64) -> $Name {
                $Name { lambda, only: None }
            }

            /// The names of the parameters that count. By default all that are trainable.
            #[must_use]
            pub fn only(mut self, members: impl Fn(&str) -> bool + 'static) -> $Name {
                self.only = Some(Box::new(members));
                self
            }
        }

        impl Penalty for $Name {
            fn of(&self, model: &dyn Module) -> Result<Tensor> {
                let each: fn(&Param) -> Tensor = $each;
                Ok(sum($op, model, self.only.as_ref(), |param| Ok(each(param)))?.mul_scalar(self.lambda))
            }

            fn describe(&self, parameters: &[String]) -> Description {
                let only = counted(self.only.as_ref(), parameters);
                Description::new($op).option("lambda", self.lambda).option("only", only)
            }

            fn check(&self) -> Result<()> {
                check($op, "lambda", self.lambda)
            }
        }

        impl std::fmt::Debug for $Name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct($op).field("lambda", &self.lambda).finish_non_exhaustive()
            }
        }
    };
}

penalty! {
    /// The L1 penalty, `λ Σ |w|` over all trainable parameters: it draws single weights to 0.
    ///
    /// # Errors
    /// A run is refused if λ is negative or not finite; it fails if no trainable parameter counts.
    ///
    /// # Examples
    /// ```
    /// use autograd_core::{Tensor, module::Param};
    /// use wengert_train::{L1Penalty, Penalty};
    /// let model = vec![Param::new(Tensor::from([1.0, -2.0]))?, Param::new(Tensor::from(100.0))?];
    /// assert_eq!(L1Penalty::new(0.5).only(|name| name == "0").of(&model)?.item::<f32>()?, 1.5);
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    L1Penalty, "L1Penalty", |param| param.abs().sum()
}

penalty! {
    /// The L2 penalty, `λ Σ w²` over all trainable parameters.
    ///
    /// # Errors
    /// A run is refused if λ is negative or not finite; it fails if no trainable parameter counts.
    ///
    /// # Examples
    /// ```
    /// use autograd_core::{Tensor, module::Param};
    /// use wengert_train::{L2Penalty, Penalty};
    /// let model = vec![Param::new(Tensor::from([1.0, -2.0]))?];
    /// assert_eq!(L2Penalty::new(0.5).of(&model)?.item::<f32>()?, 2.5);
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    ///
    /// # Differs from
    /// The `weight_decay` λ of an optimizer, which stands for a penalty of λ/2 and is not part of the gradient that is
    /// clipped.
    L2Penalty, "L2Penalty", |param| param.square().sum()
}
