//! Penalties: what a run adds to its loss, as a function of the weights.

use autograd_core::module::{Module, Param};
use autograd_core::{Description, Error, ErrorKind, Result, Tensor};

/// A function of a model's weights that a run adds to its loss: [`Trainer::penalty`](crate::Trainer::penalty).
///
/// [`L1Penalty`] and [`L2Penalty`] are ones, and so is every closure from a module to a single number:
///
/// ```
/// use autograd_core::{Tensor, module::Module, seeded};
/// use wengert_data::TensorDataset;
/// use wengert_nn::{Linear, mse_loss};
/// use wengert_optim::Sgd;
/// use wengert_train::{L2Penalty, Trainer};
///
/// let set = TensorDataset::new(Tensor::from([[1.0], [2.0]]), Tensor::from([[2.0], [4.0]]))?;
/// let mut model = Linear::new(1, 1, &mut seeded(7))?;
/// Trainer::new(Sgd::new(0.1), mse_loss)
///     .epochs(50)
///     .penalty(L2Penalty::new(0.01).only(|name| name == "weight"))
///     .penalty(|model: &dyn Module| Ok(model.parameters()[0].abs().sum().mul_scalar(0.01)))
///     .fit(&mut model, &set, None, &mut seeded(7))?;
/// # Ok::<(), wengert_train::Error>(())
/// ```
pub trait Penalty {
    /// What is added to the loss: one number, of the dtype of the loss.
    ///
    /// # Errors
    /// If it cannot be computed.
    fn of(&self, model: &dyn Module) -> Result<Tensor>;

    /// Its kind and options, also which of the parameters of these names count: a run goes on from a checkpoint only with
    /// the same. The default is the name of the type.
    fn describe(&self, parameters: &[String]) -> Description {
        let _ = parameters;
        Description::of::<Self>()
    }

    /// Whether the options are in their ranges; a run asks before anything has changed.
    ///
    /// # Errors
    /// The first one that is not, with name, value and range.
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

impl<F: Fn(&dyn Module) -> Result<Tensor>> Penalty for F {
    fn of(&self, model: &dyn Module) -> Result<Tensor> {
        self(model)
    }
}

/// Whether the parameter of a name counts.
type Members = Box<dyn Fn(&str) -> bool>;

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
            pub fn only(mut self, members: impl Fn(&str) -> bool + 'static) -> $Name {
                self.only = Some(Box::new(members));
                self
            }
        }

        impl Penalty for $Name {
            fn of(&self, model: &dyn Module) -> Result<Tensor> {
                let each: fn(&Param) -> Tensor = $each;
                Ok(sum($op, model, self.only.as_ref(), each)?.mul_scalar(self.lambda))
            }

            fn describe(&self, parameters: &[String]) -> Description {
                let only = self.only.as_ref().map(|only| parameters.iter().filter(|name| only(name)).collect::<Vec<_>>());
                Description::new($op).option("lambda", self.lambda).option("only", only)
            }

            fn check(&self) -> Result<()> {
                if self.lambda >= 0.0 && self.lambda.is_finite() {
                    return Ok(());
                }
                Err(Error::argument($op, "lambda", self.lambda, "finite and at least 0"))
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

/// The sum of `each` over the trainable parameters that count.
fn sum(op: &str, model: &dyn Module, only: Option<&Members>, each: fn(&Param) -> Tensor) -> Result<Tensor> {
    let counts = |name: &str, param: &Param| param.is_trainable() && only.is_none_or(|only| only(name));
    let all = model.named_parameters().into_iter().filter(|(name, param)| counts(name, param));
    let mut total: Option<Tensor> = None;
    for (_, param) in all {
        let one = each(param);
        total = Some(match total {
            Some(total) => total.try_add(&one)?,
            None => one,
        });
    }
    total.ok_or_else(|| Error::new(ErrorKind::Argument, format!("{op}: no trainable parameter counts")))
}
