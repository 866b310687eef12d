//! AdamW: Adam whose weight decay does not pass through the averages.

use crate::adam::AdamRule;
use crate::driver::Driver;

/// [`Adam`](crate::Adam) with decoupled weight decay: parameters shrink by `lr·λ` of themselves, whatever their
/// gradients.
///
/// ```text
/// p ← (1 − lr·λ) p
/// p ← p − lr · m̂ / (√v̂ + ε)      as Adam
/// ```
///
/// Hyperparameters and state as Adam, but λ (`weight_decay`) is 0.01.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{AdamW, Optimizer};
///
/// let mut x = Param::new(Tensor::from(8.0));
/// let grads = x.square().backward()?;
/// AdamW::new(0.5).weight_decay(0.5).step(&mut x, &grads)?;
/// assert_eq!(x.item::<f32>()?, 5.5);              // (1 − 0.25) · 8 − 0.5
/// # Ok::<(), wengert_optim::Error>(())
/// ```
///
/// # References
/// Loshchilov, Hutter, Decoupled Weight Decay Regularization, 2019, algorithm 2.
///
/// # Differs from
/// * The paper: there the decay is not multiplied by the learning rate, only by its schedule.
/// * Keras: λ is 0.004 by default. burn: 1e-4.
pub type AdamW = Driver<AdamRule<true>>;
