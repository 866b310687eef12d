//! Parameters that are computed from others.

mod lora;
mod orthogonal;
mod parametrized;
mod parts;
mod spectral_norm;
mod weight_norm;

pub use lora::{Lora, LoraOptions, LoraRule};
pub use orthogonal::{Orthogonal, OrthogonalMap, OrthogonalOptions, OrthogonalRule};
pub use parametrized::Parametrized;
pub use spectral_norm::{SpectralNorm, SpectralNormOptions, SpectralNormRule};
pub use weight_norm::{WeightNorm, WeightNormOptions, WeightNormRule};

use autograd_core::module::Module;
use autograd_core::{Result, Tensor};

/// The rule by which a parameter of a layer is computed from the tensor that is trained in its place, its *original*,
/// and from parameters of the rule's own. [`Parametrized`](crate::Parametrized) is a layer with such a parameter.
///
/// # Examples
/// A weight that is its own transpose:
/// ```
/// use autograd_core::{Tensor, module::Module};
/// use wengert_nn::{Layer, Linear, Module, Parametrization, Parametrized, Result};
///
/// #[derive(Clone, Module)]
/// struct Symmetric;
///
/// impl Parametrization for Symmetric {
///     const NAME: &'static str = "Symmetric";
///
///     fn forward(&self, original: &Tensor) -> Result<Tensor> {
///         original.triu(0)?.try_add(&original.triu(1)?.transpose(0, 1)?)
///     }
/// }
///
/// let linear = Linear::from_tensors(Tensor::from([[1.0, 2.0], [9.0, 3.0]]), None)?;
/// let layer = Parametrized::of(linear, "weight", Symmetric)?;
/// assert_eq!(layer.value()?.to_vec::<f32>()?, [1.0, 2.0, 2.0, 3.0]);
/// assert_eq!(layer.named_parameters()[0].0, "parametrizations.weight.original");
/// let gradients = layer.forward(&Tensor::from([1.0, 10.0]))?.sum().backward()?;
/// let gradient = gradients.get(layer.parameters()[0]).expect("a leaf");
/// assert_eq!(gradient.to_vec::<f32>()?, [1.0, 11.0, 0.0, 10.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub trait Parametrization: Module + Send + Sync {
    /// The kind of a layer that has such a parameter, and the name of the rule in errors.
    const NAME: &'static str;

    /// The name of the original, below `parametrizations.weight`. Where there is more than one PyTorch numbers them;
    /// the others are then parameters of the rule.
    const ORIGINAL: &'static str = "original";

    /// The name of the rule itself, below `parametrizations.weight`; if it is empty, the rule's tensors stand there,
    /// ahead of the original.
    const PLACE: &'static str = "0";

    /// The parameter, of the shape and dtype of the original.
    ///
    /// # Errors
    /// If it cannot be computed.
    fn forward(&self, original: &Tensor) -> Result<Tensor>;

    /// The original from which [`Parametrization::forward`] computes a value, as well as that can be: where the
    /// parameter starts. By default the value itself.
    ///
    /// # Errors
    /// If there is none.
    fn right_inverse(&self, value: &Tensor) -> Result<Tensor> {
        Ok(value.clone())
    }
}
