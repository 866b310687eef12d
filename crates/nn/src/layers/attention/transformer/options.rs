//! The options of a transformer's layers.

use autograd_core::check::Check;
use autograd_core::{DType, Result, Tensor};

/// The function between the two products of a transformer's layer.
///
/// # Examples
/// ```
/// use wengert_nn::{TransformerActivation, TransformerEncoderLayer, TransformerOptions};
/// let options = TransformerOptions::new().activation(TransformerActivation::GELU).dim_feedforward(16);
/// let layer = TransformerEncoderLayer::with(8, 2, options, &mut autograd_core::seeded(7))?;
/// assert_eq!(layer.linear1.weight.shape(), [16, 8]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TransformerActivation {
    /// `max(x, 0)`
    #[default]
    ReLU,
    /// [`Tensor::gelu`], exact.
    GELU,
    /// [`Tensor::gelu_tanh`], as in GPT-2.
    GELUTanh,
    /// [`Tensor::silu`], `x σ(x)`.
    SiLU,
}

impl TransformerActivation {
    pub(super) fn apply(self, x: &Tensor) -> Tensor {
        match self {
            TransformerActivation::ReLU => x.relu(),
            TransformerActivation::GELU => x.gelu(),
            TransformerActivation::GELUTanh => x.gelu_tanh(),
            TransformerActivation::SiLU => x.silu(),
        }
    }
}

/// The options of [`TransformerEncoderLayer`](crate::TransformerEncoderLayer) and all that is made of such layers.
///
/// # Examples
/// ```
/// use wengert_nn::{TransformerEncoderLayer, TransformerOptions};
/// let options = TransformerOptions::new().dim_feedforward(16).dropout(0.0).layer_norm_eps(1e-6).bias(false);
/// let options = options.batch_first(true).norm_first(true);
/// let layer = TransformerEncoderLayer::with(8, 2, options, &mut autograd_core::seeded(7))?;
/// assert!(layer.linear1.bias.is_none() && layer.norm1.bias.is_none());
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TransformerOptions {
    pub(super) dim_feedforward: usize,
    pub(super) dropout: f64,
    pub(super) activation: TransformerActivation,
    pub(super) layer_norm_eps: f64,
    pub(super) batch_first: bool,
    pub(super) norm_first: bool,
    pub(super) bias: bool,
}

impl Default for TransformerOptions {
    fn default() -> Self {
        TransformerOptions {
            dim_feedforward: 2048,
            dropout: 0.1,
            activation: TransformerActivation::ReLU,
            layer_norm_eps: 1e-5,
            batch_first: false,
            norm_first: false,
            bias: true,
        }
    }
}

impl TransformerOptions {
    /// The defaults.
    pub fn new() -> TransformerOptions {
        TransformerOptions::default()
    }

    /// Features between the two products. Default 2048.
    #[must_use]
    pub fn dim_feedforward(mut self, size: usize) -> Self {
        self.dim_feedforward = size;
        self
    }

    /// The probability that an element is dropped in training, of weights and of what each part adds. Default 0.1.
    #[must_use]
    pub fn dropout(mut self, p: f64) -> Self {
        self.dropout = p;
        self
    }

    /// The function between the two products. Default [`TransformerActivation::ReLU`].
    #[must_use]
    pub fn activation(mut self, activation: TransformerActivation) -> Self {
        self.activation = activation;
        self
    }

    /// What is added to the variance of a norm. Default 1e-5.
    #[must_use]
    pub fn layer_norm_eps(mut self, eps: f64) -> Self {
        self.layer_norm_eps = eps;
        self
    }

    /// Whether inputs are `[N, L, E]` instead of `[L, N, E]`. Default false.
    #[must_use]
    pub fn batch_first(mut self, batch_first: bool) -> Self {
        self.batch_first = batch_first;
        self
    }

    /// Whether each part normalises what it gets, instead of the sum with what it gives. Default false.
    #[must_use]
    pub fn norm_first(mut self, norm_first: bool) -> Self {
        self.norm_first = norm_first;
        self
    }

    /// Whether there are biases. Default true.
    #[must_use]
    pub fn bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }

    /// There must be room for the weights of the products, before those of attention are drawn.
    pub(super) fn has_room(&self, kind: &'static str, d_model: usize) -> Result<()> {
        Check("Linear").require(self.dim_feedforward > 0, "out_features", self.dim_feedforward, "at least 1")?;
        Check(kind).room(&[self.dim_feedforward, d_model], DType::F32)
    }

    /// What a layer takes at least: so many square weights of attention, and the two products.
    pub(super) fn bytes(&self, d_model: usize, squares: usize) -> usize {
        let products = self.dim_feedforward.saturating_mul(2);
        let weights = d_model.saturating_mul(squares).saturating_add(products).saturating_mul(d_model);
        weights.saturating_mul(size_of::<f32>()).saturating_add(size_of::<crate::TransformerEncoderLayer>())
    }
}

#[cfg(test)]
mod tests {
    use super::TransformerActivation::{GELU, GELUTanh, ReLU, SiLU};
    use super::TransformerOptions;
    use crate::{Layer, TransformerEncoderLayer};
    use autograd_core::{DType, Result, Tensor, seeded};

    #[test]
    fn a_layer_has_the_function_that_its_options_name() -> Result<()> {
        let x = Tensor::randn(&[3, 4], DType::F32, &mut seeded(8))?;
        for (activation, at_one) in [(ReLU, 1.0), (GELU, 0.841_344_7), (GELUTanh, 0.841_192), (SiLU, 0.731_058_6)] {
            assert!((activation.apply(&Tensor::from(1.0)).item::<f32>()? - at_one).abs() < 1e-6, "{activation:?}");
            let options = TransformerOptions::new().dim_feedforward(5).dropout(0.0).activation(activation);
            let layer = TransformerEncoderLayer::with(4, 2, options, &mut seeded(7))?;
            let h = layer.norm1.forward(&x.try_add(&layer.self_attn.forward(&x)?)?)?;
            let fed = layer.linear2.forward(&activation.apply(&layer.linear1.forward(&h)?))?;
            let want = layer.norm2.forward(&h.try_add(&fed)?)?;
            assert_eq!(layer.forward(&x)?.to_f64s(), want.to_f64s(), "{activation:?}");
        }
        Ok(())
    }
}
