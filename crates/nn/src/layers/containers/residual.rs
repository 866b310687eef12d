//! A layer beside a shortcut.

use super::IntoLayer;
use crate::layer::{DynLayer, Layer};
use autograd_core::check::Check;
use autograd_core::{Result, Tensor};
use std::fmt;
use wengert_derive::Module;

/// `y = inner(x) + x`, or `y = inner(x) + shortcut(x)`.
///
/// # Shapes
/// `x: [..]`, the result like the output of the inner layer, which has the shape of the shortcut's: nothing is
/// broadcast.
///
/// # Errors
/// `forward` fails if one of the two layers does, or their outputs have different shapes.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Module};
/// use wengert_nn::{Layer, Linear, Residual, Tanh, sequential};
/// let mut rng = autograd_core::seeded(7);
/// let block = Residual::new(sequential![Linear::new(2, 4, &mut rng)?, Tanh, Linear::new(4, 2, &mut rng)?]);
/// assert_eq!(block.named_parameters()[2].0, "inner.2.weight");
///
/// let narrow = Residual::new(Linear::new(2, 1, &mut rng)?);
/// let x = Tensor::from([[3.0, 4.0]]);
/// let error = narrow.forward(&x).expect_err("2 and 1").to_string();
/// assert_eq!(error, "Residual: the output of the inner layer has shape [1, 1], expected [1, 2]");
/// let narrow = narrow.shortcut(|x: &Tensor| x.narrow(1, 0, 1));
/// let y = narrow.forward(&x)?.item::<f32>()? - narrow.inner().forward(&x)?.item::<f32>()?;
/// assert!((y - 3.0).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// He, Zhang, Ren, Sun, Deep residual learning for image recognition, 2015.
#[derive(Clone, Module)]
pub struct Residual<L> {
    inner: L,
    shortcut: Option<Box<dyn DynLayer>>,
}

impl<L: Layer> Residual<L> {
    /// The layer beside a shortcut that changes nothing.
    pub fn new(inner: L) -> Residual<L> {
        Residual { inner, shortcut: None }
    }

    /// What the input goes through beside the inner layer: a layer or a function. Default: nothing.
    #[must_use]
    pub fn shortcut<Form>(mut self, shortcut: impl IntoLayer<Form>) -> Residual<L> {
        self.shortcut = Some(shortcut.into_layer());
        self
    }

    /// The inner layer.
    pub fn inner(&self) -> &L {
        &self.inner
    }
}

impl<L: Layer> Layer for Residual<L> {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = self.inner.call("inner", x)?;
        let beside = match &self.shortcut {
            Some(shortcut) => &shortcut.call("shortcut", x)?,
            None => x,
        };
        Check("Residual").is("the output of the inner layer", &y, beside.shape())?;
        y.try_add(beside)
    }
}

impl<L: Layer> fmt::Debug for Residual<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shortcut = self.shortcut.as_ref().map(|shortcut| shortcut.kind());
        f.debug_struct("Residual").field("inner", &self.inner.kind()).field("shortcut", &shortcut).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Residual;
    use crate::{Linear, Tanh};
    use autograd_core::Tensor;

    cases![
        layer("Residual", |_| Ok(Residual::new(crate::Lambda::new(|x: &Tensor| x.try_mul(x)))))
            .maps(&[2, 3], &[2, 3])
            .maps(&[0, 3], &[0, 3])
            .gives([1.0, -2.0], [2.0, 2.0]),
        layer("Residual", |rng| Ok(Residual::new(crate::sequential![Linear::new(3, 3, rng)?, Tanh])))
            .state(&["inner.0.weight", "inner.0.bias"])
            .maps(&[2, 3], &[2, 3])
            .refuses(&[2, 2], "in inner.0 (Linear): linear: inner dimensions differ: [2, 2] × [3, 3] (2 ≠ 3)"),
        layer("Residual", |rng| Ok(Residual::new(Linear::new(3, 2, rng)?).shortcut(Linear::new(3, 2, rng)?)))
            .state(&["inner.weight", "inner.bias", "shortcut.weight", "shortcut.bias"])
            .maps(&[2, 3], &[2, 2]),
        layer("Residual", |rng| Ok(Residual::new(Linear::new(3, 1, rng)?)))
            .state(&["inner.weight", "inner.bias"])
            .refuses(&[2, 3], "Residual: the output of the inner layer has shape [2, 1], expected [2, 3]"),
    ];
}
