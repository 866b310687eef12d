//! A weight as length times direction.

use super::parts::find;
use super::{Parametrization, Parametrized};
use crate::layer::Layer;
use autograd_core::check::Check;
use autograd_core::module::Param;
use autograd_core::{Result, Tensor, keep};
use wengert_derive::Module;

/// A layer whose weight is `W = g v / ‖v‖`: its length g and its direction v are trained apart.
///
/// The norm is over all dims but one, by default the first: each output has a length of its own. v starts as the
/// weight, and g as its norms; both are frozen if the weight was. Where v is 0 the weight is NaN.
///
/// # Shapes
/// `original1` (v) is like the weight, `original0` (g) has size one in the dims of the norm: `[K, D]` gives `[K, 1]`.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Module};
/// use wengert_nn::{Layer, Linear, WeightNorm};
/// let linear = Linear::from_tensors(Tensor::from([[3.0, 4.0], [0.0, 2.0]]), None)?;
/// let layer = WeightNorm::new(linear)?;
/// assert_eq!(layer.state_dict().get("parametrizations.weight.original0").expect("g").to_f64s(), [5.0, 2.0]);
/// let y = layer.forward(&Tensor::from([1.0, 1.0]))?.to_f64s();
/// assert!((y[0] - 7.0).abs() < 1e-5 && (y[1] - 2.0).abs() < 1e-5);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Salimans, Kingma, Weight normalization, 2016, equation 2. PyTorch's `torch.nn.utils.parametrizations.weight_norm`.
///
/// # Differs from
/// PyTorch, where a dim of −1 stands for none: here it is the last one.
pub type WeightNorm<L> = Parametrized<L, WeightNormRule>;

/// The options of [`WeightNorm`].
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Module};
/// use wengert_nn::{LSTM, WeightNorm, WeightNormOptions};
/// let lstm = LSTM::new(3, 4, &mut autograd_core::seeded(7))?;
/// let layer = WeightNorm::with(lstm, WeightNormOptions::new().name("weight_hh_l0").dim(None))?;
/// let state = layer.state_dict();
/// assert_eq!(state.get("parametrizations.weight_hh_l0.original0").expect("g").rank(), 0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct WeightNormOptions {
    name: String,
    dim: Option<isize>,
}

impl Default for WeightNormOptions {
    fn default() -> Self {
        WeightNormOptions { name: "weight".into(), dim: Some(0) }
    }
}

impl WeightNormOptions {
    /// The defaults.
    pub fn new() -> WeightNormOptions {
        WeightNormOptions::default()
    }

    /// The name of the parameter; default `weight`.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> WeightNormOptions {
        self.name = name.into();
        self
    }

    /// The dim that the norm is not over, negative counts from the end; with `None` it is over all. Default 0.
    #[must_use]
    pub fn dim(mut self, dim: impl Into<Option<isize>>) -> WeightNormOptions {
        self.dim = dim.into();
        self
    }
}

/// The rule of [`WeightNorm`].
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Module};
/// use wengert_nn::{Linear, Parametrization, WeightNorm, WeightNormRule};
/// let layer = WeightNorm::new(Linear::from_tensors(Tensor::from([[3.0, 4.0]]), None)?)?;
/// let rule: &WeightNormRule = layer.rule();
/// assert_eq!(rule.forward(&Tensor::from([[0.0, 2.0]]))?.to_f64s(), [0.0, 5.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Module)]
pub struct WeightNormRule {
    #[module(rename = "original0")]
    g: Param,
    dim: Option<usize>,
}

impl<L: Layer + Clone> Parametrized<L, WeightNormRule> {
    /// The layer, whose parameter `weight` has a length for each index of its first dim.
    ///
    /// # Errors
    /// If the layer has no such parameter.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::{Conv2d, WeightNorm};
    /// let layer = WeightNorm::new(Conv2d::new(4, 6, 3, &mut autograd_core::seeded(7))?)?;
    /// assert_eq!(layer.value()?.shape(), [6, 4, 3, 3]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn new(layer: L) -> Result<WeightNorm<L>> {
        WeightNorm::with(layer, WeightNormOptions::new())
    }

    /// The layer with a parameter that has a length.
    ///
    /// # Errors
    /// If the layer has no such parameter, or that has no such dim.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::module::Module;
    /// # use wengert_nn::{Linear, WeightNorm, WeightNormOptions};
    /// let linear = Linear::new(3, 2, &mut autograd_core::seeded(7))?;
    /// let layer = WeightNorm::with(linear, WeightNormOptions::new().dim(1))?;
    /// assert_eq!(layer.parameters()[1].shape(), [1, 3]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn with(layer: L, options: WeightNormOptions) -> Result<WeightNorm<L>> {
        let weight = find(WeightNormRule::NAME, &layer, &options.name)?;
        let (value, trained) = (weight.detach(), weight.is_trainable());
        let dim = options.dim.map(|dim| Check(WeightNormRule::NAME).dim(dim, value.shape())).transpose()?;
        let mut g = Param::new(norms(&value, dim)?)?;
        g.set_trainable(trained);
        Parametrized::of(layer, options.name, WeightNormRule { g, dim })
    }
}

/// The norms over all dims but one.
fn norms(v: &Tensor, dim: Option<usize>) -> Result<Tensor> {
    let Some(dim) = dim else { return v.vector_norm(2.0, ..) };
    let others: Vec<isize> = (0..v.rank()).filter(|d| *d != dim).map(|d| d as isize).collect();
    v.vector_norm(2.0, keep(&others[..]))
}

impl Parametrization for WeightNormRule {
    const NAME: &'static str = "WeightNorm";
    const ORIGINAL: &'static str = "original1";
    const PLACE: &'static str = "";

    fn forward(&self, v: &Tensor) -> Result<Tensor> {
        v.try_mul(&self.g.try_div(&norms(v, self.dim)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::{WeightNorm, WeightNormOptions};
    use crate::{Conv2d, GRU, Linear, RecurrentOptions, Tanh, sequential};
    use autograd_core::module::Module;
    use autograd_core::{DType, Result, Tensor};

    cases![
        layer("WeightNorm", |rng| WeightNorm::new(Linear::new(3, 2, rng)?))
            .state(&["bias", "parametrizations.weight.original0", "parametrizations.weight.original1"])
            .maps(&[4, 3], &[4, 2])
            .maps(&[0, 3], &[0, 2])
            .refuses(&[2, 4], "linear: inner dimensions differ: [2, 4] × [3, 2] (4 ≠ 3)"),
        layer("WeightNorm", |rng| WeightNorm::with(Linear::new(3, 2, rng)?, WeightNormOptions::new().dim(-1)))
            .state(&["bias", "parametrizations.weight.original0", "parametrizations.weight.original1"])
            .maps(&[4, 3], &[4, 2]),
        layer("WeightNorm", |rng| WeightNorm::with(Linear::new(3, 2, rng)?, WeightNormOptions::new().dim(None)))
            .state(&["bias", "parametrizations.weight.original0", "parametrizations.weight.original1"])
            .maps(&[4, 3], &[4, 2]),
        layer("WeightNorm", |rng| WeightNorm::with(
            Linear::new(2, 2, rng)?,
            WeightNormOptions::new().name("bias").dim(None)
        ))
        .state(&["weight", "parametrizations.bias.original0", "parametrizations.bias.original1"])
        .maps(&[2, 2], &[2, 2]),
        layer("WeightNorm", |rng| WeightNorm::new(Conv2d::new(2, 3, 2, rng)?))
            .state(&["bias", "parametrizations.weight.original0", "parametrizations.weight.original1"])
            .maps(&[1, 2, 3, 3], &[1, 3, 2, 2]),
        // One in the other, over a layer with a stream of its own.
        layer("WeightNorm", |rng| {
            let gru = GRU::with(2, 2, RecurrentOptions::new().num_layers(2).dropout(0.4).bias(false), rng)?;
            let inner = WeightNorm::with(gru, WeightNormOptions::new().name("weight_hh_l0"))?;
            WeightNorm::with(inner, WeightNormOptions::new().name("weight_ih_l1"))
        })
        .state(&[
            "weight_ih_l0",
            "weight_hh_l1",
            "parametrizations.weight_hh_l0.original0",
            "parametrizations.weight_hh_l0.original1",
            "parametrizations.weight_ih_l1.original0",
            "parametrizations.weight_ih_l1.original1",
        ])
        .maps(&[3, 1, 2], &[3, 1, 2]),
        // Inside of a model, by the path.
        layer("WeightNorm", |rng| {
            let model = sequential![Linear::new(3, 2, rng)?, Tanh, Linear::new(2, 1, rng)?];
            WeightNorm::with(model, WeightNormOptions::new().name("2.weight"))
        })
        .state(&[
            "0.weight",
            "0.bias",
            "2.bias",
            "2.parametrizations.weight.original0",
            "2.parametrizations.weight.original1",
        ])
        .maps(&[4, 3], &[4, 1])
        .refuses(&[1, 2], "in 0 (Linear): linear: inner dimensions differ: [1, 2] × [3, 2] (2 ≠ 3)"),
        layer("WeightNorm", |rng| WeightNorm::with(Linear::new(3, 2, rng)?, WeightNormOptions::new().dim(2)))
            .cannot_become("WeightNorm: dim 2 is out of range for shape [2, 3] (−2 to 1)"),
        layer("WeightNorm", |rng| WeightNorm::with(Linear::new(3, 2, rng)?, WeightNormOptions::new().name("wieght")))
            .cannot_become(
                "WeightNorm: no parameter of the Linear is called \"wieght\"; there are \"weight\", \"bias\""
            ),
        layer("WeightNorm", |_| WeightNorm::new(Tanh))
            .cannot_become("WeightNorm: no parameter of the Tanh is called \"weight\"; there are none"),
    ];

    #[test]
    fn it_starts_from_the_weight_and_is_folded_into_it() -> Result<()> {
        let mut linear = Linear::new(3, 2, &mut autograd_core::seeded(7))?;
        linear.to_dtype(DType::F64)?;
        for dim in [Some(0), Some(1), None] {
            let layer = WeightNorm::with(linear.clone(), WeightNormOptions::new().dim(dim))?;
            let near = |x: &Tensor| x.to_f64s().iter().zip(linear.weight.to_f64s()).all(|(a, b)| (a - b).abs() < 1e-15);
            assert!(near(&layer.value()?) && near(&layer.clone().fold()?.weight) && near(&layer.into_layer().weight));
        }
        Ok(())
    }

    #[test]
    fn length_and_direction_of_a_frozen_weight_are_frozen() -> Result<()> {
        let mut linear = Linear::new(3, 2, &mut autograd_core::seeded(7))?;
        linear.freeze("weight")?;
        let mut layer = WeightNorm::new(linear)?;
        let trained = layer.named_parameters().into_iter().filter(|(_, param)| param.is_trainable());
        assert_eq!(trained.map(|(name, _)| name).collect::<Vec<_>>(), ["bias"]);
        assert!(!layer.clone().fold()?.weight.is_trainable());
        assert_eq!(layer.unfreeze("parametrizations.weight")?, 2);
        assert!(layer.fold()?.weight.is_trainable());
        Ok(())
    }
}
