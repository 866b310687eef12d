//! Gradient centralisation.

use super::{GradientRule, each};
use autograd_core::module::Module;
use autograd_core::{Description, Gradients, Result, keep};

/// Takes from each gradient of two or more dimensions the mean over all of them but the first, so the weights of each
/// unit keep their mean.
///
/// ```text
/// g ← g − mean of g over dims 1, 2, ..
/// ```
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Centralize, GradientRule};
/// let x = Param::new(Tensor::from([[1.0, 2.0], [3.0, 5.0]]))?;
/// let mut grads = x.square().sum().backward()?;                   // [2, 4], [6, 10]
/// Centralize.apply(&x, &mut grads)?;
/// assert_eq!(grads.get(&x).expect("a leaf").to_vec::<f32>()?, [-1.0, 1.0, -2.0, 2.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Yong, Huang, Hua, Zhang, Gradient Centralization, 2020, equation 1.
#[derive(Clone, Copy, Debug, Default)]
pub struct Centralize;

impl GradientRule for Centralize {
    fn apply(&self, _: &dyn Module, grads: &mut Gradients) -> Result<()> {
        each(grads, |g| match g.rank() {
            0 | 1 => Ok(g.clone()),
            _ if g.numel() == 0 => Ok(g.clone()),
            rank => {
                let dims: Vec<isize> = (1..rank as isize).collect();
                g.try_sub(&g.mean_dim(keep(&dims[..]))?)
            }
        })
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}
