//! Changes of gradients between the backward pass and the step, one file each.

mod adaptive;
mod block_rms;
mod centralize;
mod each_norm;
mod noise;
mod norm;
mod replace;
mod value;

pub use adaptive::AdaptiveClip;
pub use block_rms::ClipBlockRms;
pub use centralize::Centralize;
pub use each_norm::ClipEachNorm;
pub use noise::GradientNoise;
pub use norm::{ClipNorm, clip_grad_norm};
pub use replace::ZeroNotFinite;
pub use value::{ClipValue, clip_grad_value};

use crate::range::Range;
use autograd_core::module::Module;
use autograd_core::{Description, Gradients, Result, Tensor, no_grad};

const AT_LEAST_0: Range = Range::new(|x| x >= 0.0, "at least 0");
const POSITIVE: Range = Range::new(|x| x > 0.0, "positive");

/// A change of gradients between the backward pass and the step. [`Transformed`](crate::Transformed) puts one before an
/// optimizer's steps, a `Trainer` takes several in a row, and a loop of one's own calls [`GradientRule::apply`].
///
/// A closure is one:
/// ```
/// use autograd_core::{Gradients, Tensor, module::{Module, Param}};
/// use wengert_optim::{Centralize, ClipNorm, GradientRule};
///
/// let x = Param::new(Tensor::from([[3.0, 5.0]]))?;
/// let mut grads = x.square().sum().backward()?;                   // [6, 10]
/// let half = |_: &dyn Module, grads: &mut Gradients| {
///     grads.scale(0.5);
///     Ok(())
/// };
/// let rules: [&dyn GradientRule; 3] = [&Centralize, &half, &ClipNorm::new(100.0)];
/// rules.iter().try_for_each(|rule| rule.apply(&x, &mut grads))?;
/// assert_eq!(grads.get(&x).expect("a leaf").to_vec::<f32>()?, [-1.0, 1.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub trait GradientRule: Send + Sync {
    /// Changes the gradients of the model's parameters; those of other leaves may be among them.
    ///
    /// # Errors
    /// If an option is out of its range, or a gradient does not fit; then nothing is changed.
    fn apply(&self, model: &dyn Module, grads: &mut Gradients) -> Result<()>;

    /// The same before step number t of an optimizer, 1 for the first: for a change that is another one in each step.
    /// By default [`GradientRule::apply`].
    ///
    /// # Errors
    /// Those of [`GradientRule::apply`].
    fn apply_at(&self, t: u64, model: &dyn Module, grads: &mut Gradients) -> Result<()> {
        let _ = t;
        self.apply(model, grads)
    }

    /// Whether the number of the step counts, so that whoever applies it must keep that; by default not.
    fn counts_steps(&self) -> bool {
        false
    }

    /// Whether the options are in their ranges.
    ///
    /// # Errors
    /// The first one that is not, with name, value and range.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Its kind and options: a run goes on from a checkpoint only with the same. The default is the name of the type.
    fn describe(&self) -> Description {
        Description::of::<Self>()
    }
}

impl<F: Fn(&dyn Module, &mut Gradients) -> Result<()> + Send + Sync> GradientRule for F {
    fn apply(&self, model: &dyn Module, grads: &mut Gradients) -> Result<()> {
        self(model, grads)
    }
}

/// Replaces every gradient by a function of it. After an error nothing has changed.
fn each(grads: &mut Gradients, f: impl Fn(&Tensor) -> Result<Tensor>) -> Result<()> {
    let changed = no_grad(|| grads.iter().map(f).collect::<Result<Vec<_>>>())?;
    grads.iter_mut().zip(changed).for_each(|(g, changed)| *g = changed);
    Ok(())
}
