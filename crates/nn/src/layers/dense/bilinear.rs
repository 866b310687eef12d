//! The bilinear layer.

use crate::init::{Initializer, Starts};
use crate::layer::{Layer, inputs};
use autograd_core::check::Check;
use autograd_core::module::Param;
use autograd_core::{Result, Tensor};
use rand::Rng;
use std::sync::Arc;
use wengert_derive::Module;

/// `y[.., k] = Σᵢⱼ a[.., i] W[k, i, j] b[.., j] + bias[k]`: [`Tensor::bilinear`] as a layer.
///
/// It has two inputs, for [`Layer::forward_all`]. Weight and bias start uniform in `±1/√I` by default.
///
/// # Shapes
/// `a: [.., I]`, `b: [.., J]`, `weight: [K, I, J]`, `bias: [K]` → `[.., K]`.
///
/// # Errors
/// `forward_all` fails if there are not two inputs, or they do not fit; `forward` always.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Bilinear, Layer};
/// let mut layer = Bilinear::new(2, 1, 1, &mut autograd_core::seeded(7))?;
/// layer.weight.set(Tensor::from([[[1.0], [10.0]]]))?;
/// let y = layer.forward_all(&[Tensor::from([1.0, 2.0]), Tensor::from([3.0])])?;
/// assert_eq!(y.try_sub(layer.bias.as_deref().expect("a bias"))?.to_vec::<f32>()?, [63.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Module)]
pub struct Bilinear {
    /// The weight, `[K, I, J]`.
    pub weight: Param,
    /// The bias, `[K]`, if there is one.
    pub bias: Option<Param>,
}

/// The options of [`Bilinear`].
///
/// # Examples
/// ```
/// use wengert_nn::{Bilinear, BilinearOptions, init};
/// let options = BilinearOptions::new().bias(false);
/// assert!(Bilinear::with(2, 3, 4, options, &mut autograd_core::seeded(7))?.bias.is_none());
/// let options = BilinearOptions::new().weight(init::xavier_normal()).bias_init(init::constant(0.5));
/// let layer = Bilinear::with(2, 3, 1, options, &mut autograd_core::seeded(7))?;
/// assert_eq!(layer.bias.expect("a bias").to_vec::<f32>()?, [0.5]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BilinearOptions {
    bias: bool,
    starts: Starts,
}

impl Default for BilinearOptions {
    fn default() -> Self {
        BilinearOptions { bias: true, starts: Starts::default() }
    }
}

impl BilinearOptions {
    /// The defaults.
    pub fn new() -> BilinearOptions {
        BilinearOptions::default()
    }

    /// Whether there is a bias. Default true.
    #[must_use]
    pub fn bias(mut self, bias: bool) -> BilinearOptions {
        self.bias = bias;
        self
    }

    /// The values the weight starts from. Default: uniform in `±1/√I`.
    #[must_use]
    pub fn weight(mut self, start: impl Initializer + 'static) -> BilinearOptions {
        self.starts.weight = Some(Arc::new(start));
        self
    }

    /// The values the bias starts from. Default: uniform in `±1/√I`.
    #[must_use]
    pub fn bias_init(mut self, start: impl Initializer + 'static) -> BilinearOptions {
        self.starts.bias = Some(Arc::new(start));
        self
    }
}

impl Bilinear {
    /// A layer from `in1_features` (I) and `in2_features` (J) to `out_features` (K), with the default options.
    ///
    /// # Errors
    /// If a size is 0.
    pub fn new(in1_features: usize, in2_features: usize, out_features: usize, rng: &mut dyn Rng) -> Result<Bilinear> {
        Bilinear::with(in1_features, in2_features, out_features, BilinearOptions::new(), rng)
    }

    /// A layer from `in1_features` (I) and `in2_features` (J) to `out_features` (K).
    ///
    /// # Errors
    /// If a size is 0, or an initialiser fails or gives values of another shape or dtype.
    pub fn with(
        in1_features: usize,
        in2_features: usize,
        out_features: usize,
        options: BilinearOptions,
        rng: &mut dyn Rng,
    ) -> Result<Bilinear> {
        let sizes = [in1_features, in2_features, out_features];
        for (name, size) in ["in1_features", "in2_features", "out_features"].into_iter().zip(sizes) {
            Check("Bilinear").require(size > 0, name, size, "at least 1")?;
        }
        let bound = 1.0 / (in1_features as f64).sqrt();
        let (shape, outputs) = ([out_features, in1_features, in2_features], [out_features]);
        let bias = options.bias.then_some(&outputs[..]);
        let (weight, bias) = options.starts.draw("Bilinear", bound, &shape, bias, rng)?;
        Ok(Bilinear { weight, bias })
    }
}

impl Layer for Bilinear {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_all(std::slice::from_ref(x))
    }
    fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
        let [a, b] = inputs("Bilinear", all)?;
        a.bilinear(b, &self.weight, self.bias.as_deref())
    }
}

#[cfg(test)]
cases![
    layer("Bilinear", |rng| Bilinear::new(2, 3, 4, rng))
        .state(&["weight", "bias"])
        .maps_all(&[&[2, 2], &[2, 3]], &[&[2, 4]])
        .maps_all(&[&[2], &[3]], &[&[4]])
        .maps_all(&[&[0, 2], &[0, 3]], &[&[0, 4]])
        .refuses(&[2, 2], "Bilinear: takes 2 inputs, got 1")
        .refuses_all(&[&[2, 2], &[3, 3]], "bilinear: the second input has shape [3, 3], expected [2, 3]"),
    layer("Bilinear", |rng| Bilinear::with(1, 2, 3, BilinearOptions::new().bias(false), rng))
        .state(&["weight"])
        .maps_all(&[&[2, 2, 1], &[2, 2, 2]], &[&[2, 2, 3]]),
    layer("Bilinear", |rng| {
        let options = BilinearOptions::new().weight(crate::init::constant(2.0)).bias_init(crate::init::ones());
        Bilinear::with(2, 1, 1, options, rng)
    })
    .state(&["weight", "bias"])
    .gives_all(&[Tensor::from([1.0, 2.0]), Tensor::from([3.0])], &[Tensor::from([19.0])]),
    layer("Bilinear", |rng| Bilinear::new(2, 0, 4, rng))
        .cannot_be("Bilinear: in2_features is 0, it must be at least 1"),
];
