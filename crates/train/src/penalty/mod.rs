//! Penalties: what a run adds to its loss, as a function of the weights.

mod elastic_net;
mod l1_l2;

pub use elastic_net::ElasticNetPenalty;
pub use l1_l2::{L1Penalty, L2Penalty};

use autograd_core::module::{Module, Param};
use autograd_core::{Description, Error, ErrorKind, Result, Tensor};

/// A function of a model's weights that a run adds to its loss: [`Trainer::penalty`](crate::Trainer::penalty).
///
/// [`L1Penalty`], [`L2Penalty`] and [`ElasticNetPenalty`] are ones, and so is every closure from a module to a single
/// number:
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

    /// Its kind and options, also which of the parameters of these names count: a run goes on from a checkpoint only
    /// with the same. The default is the name of the type.
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

/// Which of the parameters of these names count, for a description.
fn counted<'p>(only: Option<&Members>, parameters: &'p [String]) -> Option<Vec<&'p String>> {
    only.map(|only| parameters.iter().filter(|name| only(name)).collect())
}

/// An error unless λ is finite and at least 0.
fn check(op: &str, name: &str, lambda: f64) -> Result<()> {
    if lambda >= 0.0 && lambda.is_finite() {
        return Ok(());
    }
    Err(Error::argument(op, name, lambda, "finite and at least 0"))
}

/// The sum of `each` over the trainable parameters that count.
fn sum(
    op: &str,
    model: &dyn Module,
    only: Option<&Members>,
    each: impl Fn(&Param) -> Result<Tensor>,
) -> Result<Tensor> {
    let counts = |name: &str, param: &Param| param.is_trainable() && only.is_none_or(|only| only(name));
    let all = model.named_parameters().into_iter().filter(|(name, param)| counts(name, param));
    let mut total: Option<Tensor> = None;
    for (_, param) in all {
        let one = each(param)?;
        total = Some(match total {
            Some(total) => total.try_add(&one)?,
            None => one,
        });
    }
    total.ok_or_else(|| Error::new(ErrorKind::Argument, format!("{op}: no trainable parameter counts")))
}
