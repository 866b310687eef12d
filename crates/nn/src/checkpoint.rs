//! A layer that is run again in backward, instead of being kept.

use crate::hooks::Around;
use crate::layer::Layer;
use autograd_core::module::StateDict;
use autograd_core::{Result, Tensor, checkpoint_with};

/// The output of `layer` for `x`, of which backward keeps x alone: when a walk comes to it, the layer runs again, as it
/// was.
///
/// Gradients of any order flow to x and to the parameters. Dropout drops what it has dropped, its stream does not move,
/// and running statistics count the batch once. See [`checkpoint`](autograd_core::checkpoint()) of the core for what it
/// costs.
///
/// The layer's hooks see it both times, and what they return counts both times. The call has no name of its own: hooks,
/// errors and summaries see the parts of `layer` by their names within it. A layer of your own around it, run by
/// [`Layer::call`], gives it a place.
///
/// # Errors
/// Those of the layer, or if it draws numbers from a generator that is no [`Stream`](autograd_core::module::Stream).
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, seeded};
/// use wengert_nn::{Dropout, Layer, Linear, Tanh, checkpoint, sequential};
/// let mut rng = seeded(7);
/// let linear = Linear::new(2, 3, &mut rng)?;
/// let block = sequential![linear.clone(), Tanh, Dropout::new(0.5, &mut rng)?];
/// let x = Tensor::from([[0.5, -1.0]]);
/// let plain = block.clone().forward(&x)?.square().sum();
/// let again = checkpoint(&block, &x)?.square().sum();
/// assert_eq!(again.to_f64s(), plain.to_f64s());
/// assert_eq!(again.backward()?.len(), 2);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn checkpoint(layer: &(impl Layer + Clone + 'static), x: &Tensor) -> Result<Tensor> {
    // What it has now, also when its parameters are updated or its buffers are set before the walk.
    let snapshot = layer.with_parameters(&StateDict::new())?;
    // Hooks that see the first run, and may change what it returns, do so with the second.
    let around = Around::now();
    checkpoint_with(|x| layer.forward(&x[0]), move |x| around.run(|| snapshot.forward(&x[0])), [x])
}
