//! What a layer is.

use crate::error::Result;
use crate::summary::Trace;
use autograd_core::Tensor;
use autograd_core::module::Module;

/// A module that maps one tensor to another.
///
/// Layers with other inputs (recurrent state, masks, graphs) have a `forward` of their own instead.
///
/// ```
/// use autograd_core::{Tensor, module::Module};
/// use wengert_nn::{Layer, Linear, Module, Result};
///
/// #[derive(Module)]
/// struct Mlp { hidden: Linear, output: Linear }
///
/// impl Layer for Mlp {
///     fn forward(&self, x: &Tensor) -> Result<Tensor> {
///         self.output.forward(&self.hidden.forward(x)?.relu())
///     }
/// }
///
/// let mut rng = autograd_core::seeded(7);
/// let mlp = Mlp { hidden: Linear::new(4, 8, &mut rng)?, output: Linear::new(8, 3, &mut rng)? };
/// assert_eq!(mlp.forward(&Tensor::from([[1.0, 2.0, 3.0, 4.0]]))?.shape(), [1, 3]);
/// assert_eq!(mlp.named_parameters()[2].0, "output.weight");
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub trait Layer: Module + Send + Sync {
    /// The output for the input `x`.
    ///
    /// # Errors
    /// If `x` does not fit the layer.
    fn forward(&self, x: &Tensor) -> Result<Tensor>;

    /// What kind of layer this is, for errors and summaries: the name of the type.
    fn kind(&self) -> String {
        let full = std::any::type_name::<Self>();
        let (path, arguments) = full.split_at(full.find('<').unwrap_or(full.len()));
        let name = path.rsplit("::").next().unwrap_or(path);
        if arguments.is_empty() { name.into() } else { format!("{name}<..>") }
    }

    /// As [`Layer::forward`], telling `trace` which layers it is made of, so that a summary can show them.
    ///
    /// A layer made of others may say so with [`Trace::layer`]; see there.
    ///
    /// # Errors
    /// As [`Layer::forward`].
    fn trace(&self, x: &Tensor, _trace: &mut Trace<'_>) -> Result<Tensor> {
        self.forward(x)
    }
}

impl<L: Layer + ?Sized> Layer for Box<L> {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        (**self).forward(x)
    }

    fn kind(&self) -> String {
        (**self).kind()
    }

    fn trace(&self, x: &Tensor, trace: &mut Trace<'_>) -> Result<Tensor> {
        (**self).trace(x, trace)
    }
}

/// A layer that can be cloned behind a box: every layer that is `Clone`, so there is nothing to implement.
pub trait LayerClone: Layer {
    /// A clone in a box.
    fn clone_box(&self) -> Box<dyn LayerClone>;
}

impl<L: Layer + Clone + 'static> LayerClone for L {
    fn clone_box(&self) -> Box<dyn LayerClone> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn LayerClone> {
    fn clone(&self) -> Self {
        (**self).clone_box()
    }
}
