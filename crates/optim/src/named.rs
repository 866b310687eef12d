//! One type per optimizer: a name around its driver, with the setters that all have.

/// Gives `$Name`, a struct around `Driver<$Rule>`, the common setters and [`Optimizer`](crate::Optimizer). The struct
/// and its own setters are in the optimizer's file.
macro_rules! optimizer {
    ($Name:ident, $Rule:ty) => {
        impl $Name {
            /// Changes hyperparameters of the rule.
            fn with(self, change: impl FnOnce(&mut $Rule)) -> Self {
                $Name(self.0.map_rule(|mut rule| {
                    change(&mut rule);
                    rule
                }))
            }

            /// λ ≥ 0: how strongly parameters are drawn to 0. Without decoupling λ·p is added to the gradient (the L2
            /// penalty), or where the formula above has a place for it. Default 0, unless said otherwise above.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_optim::{Optimizer, ", stringify!($Name), "};")]
            #[doc = concat!("let optimizer = ", stringify!($Name), "::new(0.1).weight_decay(0.5);")]
            /// assert_eq!(optimizer.get("weight_decay")?, 0.5);
            /// # Ok::<(), autograd_core::Error>(())
            /// ```
            #[must_use]
            pub fn weight_decay(self, weight_decay: f64) -> Self {
                $Name(self.0.weight_decay(weight_decay))
            }

            /// Whether weight decay shrinks the parameter itself, `p ← (1 − lr·λ) p`, instead of adding to the
            /// gradient; while the cautious form is on (`cautious_weight_decay`), that one counts. Default false,
            /// unless said otherwise above. See [`Decay`](crate::Decay).
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_optim::{Optimizer, ", stringify!($Name), "};")]
            #[doc = concat!("let optimizer = ", stringify!($Name), "::new(0.1).decoupled_weight_decay(true);")]
            /// assert!(optimizer.describe(&[]).to_string().contains("decay: Decoupled"));
            /// ```
            ///
            /// # References
            /// Loshchilov, Hutter, Decoupled Weight Decay Regularization, 2019.
            #[must_use]
            pub fn decoupled_weight_decay(self, decoupled: bool) -> Self {
                $Name(self.0.decoupled_weight_decay(decoupled))
            }

            /// Whether weight decay shrinks only those elements that the step draws to 0 by itself, in place of the
            /// form that it has otherwise. Default false. See [`Decay`](crate::Decay).
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_optim::{Optimizer, ", stringify!($Name), "};")]
            #[doc = concat!("let optimizer = ", stringify!($Name), "::new(0.1).cautious_weight_decay(true);")]
            /// assert!(optimizer.describe(&[]).to_string().contains("decay: Cautious"));
            /// ```
            ///
            /// # References
            /// Chen et al., Cautious Weight Decay, 2025.
            #[must_use]
            pub fn cautious_weight_decay(self, cautious: bool) -> Self {
                $Name(self.0.cautious_weight_decay(cautious))
            }

            /// λ₁ ≥ 0 of a proximal step after each step, `p ← sign(p) max(|p| − lr·λ₁, 0)`: the L1 penalty, with
            /// weights that become exactly 0. Default 0. See [`Driver::proximal_l1`](crate::Driver::proximal_l1).
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_optim::{Optimizer, ", stringify!($Name), "};")]
            #[doc = concat!("assert_eq!(", stringify!($Name), "::new(0.1).proximal_l1(0.5).get(\"proximal_l1\")?, 0.5);")]
            /// # Ok::<(), autograd_core::Error>(())
            /// ```
            #[must_use]
            pub fn proximal_l1(self, lambda: f64) -> Self {
                $Name(self.0.proximal_l1(lambda))
            }

            /// λ₂ ≥ 0 of a proximal step after each step, `p ← p / (1 + lr·λ₂)`: the penalty `λ₂/2 · Σ p²`. Default 0.
            /// See [`Driver::proximal_l2`](crate::Driver::proximal_l2).
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_optim::{Optimizer, ", stringify!($Name), "};")]
            #[doc = concat!("assert_eq!(", stringify!($Name), "::new(0.1).proximal_l2(0.5).get(\"proximal_l2\")?, 0.5);")]
            /// # Ok::<(), autograd_core::Error>(())
            /// ```
            #[must_use]
            pub fn proximal_l2(self, lambda: f64) -> Self {
                $Name(self.0.proximal_l2(lambda))
            }

            /// Whether to follow the gradient upwards: g is negated before anything else. Default false.
            ///
            /// # Examples
            /// ```
            /// # use autograd_core::{Tensor, module::Param};
            #[doc = concat!("# use wengert_optim::{Optimizer, ", stringify!($Name), "};")]
            /// let mut x = Param::new(Tensor::full(&[1, 1], -1.0, autograd_core::DType::F64)?)?;
            #[doc = concat!("let mut optimizer = ", stringify!($Name), "::new(0.1).maximize(true);")]
            /// for _ in 0..2 {
            ///     optimizer.step_with(&mut x, |x| {
            ///         let sum = x.sum();
            ///         Ok((sum.item()?, sum.backward()?))
            ///     })?;
            /// }
            /// assert!(x.item::<f64>()? > -1.0);
            /// # Ok::<(), autograd_core::Error>(())
            /// ```
            #[must_use]
            pub fn maximize(self, maximize: bool) -> Self {
                $Name(self.0.maximize(maximize))
            }

            /// Multiplies the learning rate by a factor ≥ 0; meant for groups:
            /// `.group("encoder", |group| group.scale_lr(0.1))`.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_optim::{Optimizer, ", stringify!($Name), "};")]
            #[doc = concat!("assert_eq!(", stringify!($Name), "::new(0.5).scale_lr(0.5).lr(), 0.25);")]
            /// ```
            #[must_use]
            pub fn scale_lr(self, factor: f64) -> Self {
                $Name(self.0.scale_lr(factor))
            }

            /// Gives the parameters whose name is `prefix` or lies below it hyperparameters of their own: those of the
            /// optimizer, after `change`. A prefix may be a pattern, like `**.bias`. See
            /// [`Driver::group`](crate::Driver::group).
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_optim::{Optimizer, ", stringify!($Name), "};")]
            #[doc = concat!("let optimizer = ", stringify!($Name), "::new(0.1);")]
            /// let optimizer = optimizer.group("encoder", |group| group.weight_decay(0.5));
            /// let description = optimizer.describe(&["encoder.bias".into()]);
            /// assert_eq!(description.options().last(), Some(("groups.encoder.bias", "weight_decay: 0.5")));
            /// ```
            #[must_use]
            pub fn group(self, prefix: &str, change: impl Fn(Self) -> Self + Send + Sync + 'static) -> Self {
                $Name(self.0.group(prefix, move |driver| change($Name(driver)).0))
            }

            /// Like `group`, but for the parameters whose name `members` accepts.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_optim::{Optimizer, ", stringify!($Name), "};")]
            #[doc = concat!("let optimizer = ", stringify!($Name), "::new(0.1);")]
            /// let optimizer = optimizer.group_where(|name| name.ends_with("bias"), |group| group.weight_decay(0.5));
            /// let description = optimizer.describe(&["encoder.bias".into()]);
            /// assert_eq!(description.options().last(), Some(("groups.encoder.bias", "weight_decay: 0.5")));
            /// ```
            #[must_use]
            pub fn group_where(
                self,
                members: impl Fn(&str) -> bool + Send + Sync + 'static,
                change: impl Fn(Self) -> Self + Send + Sync + 'static,
            ) -> Self {
                $Name(self.0.group_where(members, move |driver| change($Name(driver)).0))
            }

            /// Leaves the parameters whose name `members` accepts without weight decay; there may be none. See
            /// [`Driver::no_decay`](crate::Driver::no_decay).
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_optim::{Optimizer, ", stringify!($Name), ", biases_and_norms};")]
            #[doc = concat!("let optimizer = ", stringify!($Name), "::new(0.1).weight_decay(0.5);")]
            /// let optimizer = optimizer.no_decay(biases_and_norms);
            /// let description = optimizer.describe(&["0.weight".into(), "0.bias".into()]);
            /// assert_eq!(description.options().last(), Some(("groups.0.bias", "weight_decay: 0.0")));
            /// ```
            #[must_use]
            pub fn no_decay(self, members: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
                $Name(self.0.no_decay(members))
            }
        }

        impl crate::Optimizer for $Name {
            crate::forward::forward_optimizer!(self => self.0);
        }

        impl std::fmt::Debug for $Name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        #[cfg(test)]
        impl crate::cases::Common for $Name {
            fn with_group(self, prefix: &'static str, factor: f64) -> Self {
                self.group(prefix, move |group| group.scale_lr(factor))
            }
            fn with_maximize(self) -> Self {
                self.maximize(true)
            }
            fn with_proximal(self, l1: f64, l2: f64) -> Self {
                self.proximal_l1(l1).proximal_l2(l2)
            }
            fn with_cautious(self, weight_decay: f64) -> Self {
                self.cautious_weight_decay(true).weight_decay(weight_decay)
            }
            fn with_flag(self, flag: crate::cases::Flag) -> Self {
                match flag {
                    crate::cases::Flag::Decoupled(on) => self.decoupled_weight_decay(on),
                    crate::cases::Flag::Cautious(on) => self.cautious_weight_decay(on),
                    crate::cases::Flag::Maximize(on) => self.maximize(on),
                }
            }
        }
    };
}
pub(crate) use optimizer;
