//! Adaptive gradient clipping.

use super::{GradientRule, POSITIVE};
use crate::driver::misfit;
use crate::range::Range;
use autograd_core::module::Module;
use autograd_core::{Description, Gradients, Result, Tensor, keep, no_grad};

/// Limits the gradient of each unit by the size of its weights.
///
/// ```text
/// limit = clipping · max(‖p‖, eps)
/// g ← g · limit / max(‖g‖, 1e-6)   where ‖g‖ ≥ limit
/// ```
///
/// with norms over each unit: over all dims but the first, which are the weights of one output of a layer here; of
/// tensors of one dimension, leaving out those of size one, over the whole. `clipping > 0`, `eps > 0` (0.001).
/// Gradients of other leaves stay as they are.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{AdaptiveClip, GradientRule};
/// let x = Param::new(Tensor::from([[3.0, 4.0], [0.75, 1.0]]))?;
/// let mut grads = x.square().sum().backward()?;                   // twice as much
/// AdaptiveClip::new(1.0).apply(&x, &mut grads)?;
/// assert_eq!(grads.get(&x).expect("a leaf").to_vec::<f32>()?, [3.0, 4.0, 0.75, 1.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Brock, De, Smith, Simonyan, High-Performance Large-Scale Image Recognition Without Normalization, 2021, equation 3.
///
/// # Differs from
/// * optax: weights of a layer lie the other way round there; [`AdaptiveClip::optax`] reads them so.
#[derive(Clone, Copy, Debug)]
pub struct AdaptiveClip {
    clipping: f64,
    eps: f64,
    last: bool,
}

impl AdaptiveClip {
    /// At most `clipping` > 0 times the norm of the weights; the authors take 0.01.
    pub fn new(clipping: f64) -> AdaptiveClip {
        AdaptiveClip { clipping, eps: 1e-3, last: false }
    }

    /// The units of optax: norms over the first of two or three dims, and over all but the last of more, where optax
    /// takes no more than four.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{AdaptiveClip, GradientRule};
    /// let x = Param::new(Tensor::from([[3.0, 0.75], [4.0, 1.0]]))?;
    /// let mut grads = x.square().sum().backward()?;
    /// AdaptiveClip::optax(1.0).apply(&x, &mut grads)?;
    /// assert_eq!(grads.get(&x).expect("a leaf").to_vec::<f32>()?, [3.0, 0.75, 4.0, 1.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn optax(clipping: f64) -> AdaptiveClip {
        AdaptiveClip { last: true, ..AdaptiveClip::new(clipping) }
    }

    /// ε > 0: the norm that small weights count as having. Default 0.001.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{AdaptiveClip, GradientRule};
    /// let x = Param::new(Tensor::from(0.0))?;
    /// let mut grads = x.exp().backward()?;
    /// AdaptiveClip::new(0.5).eps(0.5).apply(&x, &mut grads)?;
    /// assert_eq!(grads.get(&x).expect("a leaf").item::<f32>()?, 0.25);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[must_use]
    pub fn eps(mut self, eps: f64) -> AdaptiveClip {
        self.eps = eps;
        self
    }

    /// The norms of units, with dims of size one.
    fn norms(&self, x: &Tensor) -> Result<Tensor> {
        // Not roots of sums of squares: they overflow long before the numbers do.
        match (x.rank() as isize, x.shape().iter().filter(|size| **size != 1).count()) {
            (_, 0 | 1) => x.vector_norm(2.0, ..)?.reshape(&vec![1; x.rank()]),
            (2 | 3, _) if self.last => x.vector_norm(2.0, keep(0)),
            (rank, _) if self.last => x.vector_norm(2.0, keep(&(0..rank - 1).collect::<Vec<_>>()[..])),
            (rank, _) => x.vector_norm(2.0, keep(&(1..rank).collect::<Vec<_>>()[..])),
        }
    }

    fn clipped(&self, parameter: &Tensor, g: &Tensor) -> Result<Tensor> {
        let limit = self.norms(&parameter.detach())?.clamp(self.eps, f64::INFINITY)?.mul_scalar(self.clipping);
        let norm = self.norms(g)?;
        let smaller = g.try_mul(&limit.try_div(&norm.clamp(1e-6, f64::INFINITY)?)?)?;
        norm.ge(&limit)?.where_cond(&smaller, g)
    }
}

impl GradientRule for AdaptiveClip {
    fn apply(&self, model: &dyn Module, grads: &mut Gradients) -> Result<()> {
        self.check()?;
        let mut all = Vec::new();
        for (name, parameter) in model.named_parameters() {
            let Some(g) = grads.get(parameter) else { continue };
            if !g.is_like(parameter) {
                return Err(misfit("AdaptiveClip", "the gradient of", &name, g, parameter));
            }
            all.push((parameter, no_grad(|| self.clipped(parameter, g))?));
        }
        all.into_iter().try_for_each(|(parameter, clipped)| grads.insert(parameter, clipped))
    }

    fn check(&self) -> Result<()> {
        POSITIVE.check("AdaptiveClip", "clipping", self.clipping)?;
        Range::new(|x| x > 0.0 && x.is_finite(), "finite and positive").check("AdaptiveClip", "eps", self.eps)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}
