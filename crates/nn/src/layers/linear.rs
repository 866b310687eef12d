//! The affine layer.

use crate::init::{Initializer, Starts};
use crate::layer::Layer;
use autograd_core::check::Check;
use autograd_core::module::Param;
use autograd_core::{Error, Result, Tensor};
use rand::Rng;
use std::sync::Arc;
use wengert_derive::Module;

/// `y = x Wᵀ + b`.
///
/// Weight and bias start uniform in `±1/√D` by default.
///
/// # Shapes
/// `x: [.., D] → [.., K]`, `weight: [K, D]`, `bias: [K]`.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, Linear, LinearOptions, init};
/// let linear = Linear::from_tensors(Tensor::from([[3.0, 4.0]]), Some(Tensor::from([0.5])))?;
/// assert_eq!(linear.forward(&Tensor::from([1.0, 2.0]))?.to_vec::<f32>()?, [11.5]);
///
/// let options = LinearOptions::new().weight(init::kaiming_normal()).bias_init(init::zeros());
/// let linear = Linear::with(4, 8, options, &mut autograd_core::seeded(7))?;
/// assert_eq!(linear.forward(&Tensor::from([0.0; 4]))?.to_vec::<f32>()?, [0.0; 8]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Module)]
pub struct Linear {
    /// The weight, `[K, D]`.
    pub weight: Param,
    /// The bias, `[K]`, if there is one.
    pub bias: Option<Param>,
}

/// The options of [`Linear`].
///
/// # Examples
/// ```
/// use wengert_nn::{Linear, LinearOptions, init};
/// let options = LinearOptions::new().bias(false).weight(init::constant(0.5));
/// let linear = Linear::with(2, 1, options, &mut autograd_core::seeded(7))?;
/// assert_eq!((linear.weight.to_vec::<f32>()?, linear.bias.is_none()), (vec![0.5, 0.5], true));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct LinearOptions {
    bias: bool,
    starts: Starts,
}

impl Default for LinearOptions {
    fn default() -> Self {
        LinearOptions { bias: true, starts: Starts::default() }
    }
}

impl LinearOptions {
    /// The defaults.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::Linear;
    /// let mut rng = autograd_core::seeded(7);
    /// assert_eq!(Linear::new(4, 8, &mut rng)?.weight.shape(), [8, 4]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn new() -> LinearOptions {
        LinearOptions::default()
    }

    /// Whether there is a bias; default true.
    #[must_use]
    pub fn bias(mut self, bias: bool) -> LinearOptions {
        self.bias = bias;
        self
    }

    /// The values the weight starts from; default: uniform in `±1/√D`.
    #[must_use]
    pub fn weight(mut self, start: impl Initializer + 'static) -> LinearOptions {
        self.starts.weight = Some(Arc::new(start));
        self
    }

    /// The values the bias starts from; default: uniform in `±1/√D`.
    #[must_use]
    pub fn bias_init(mut self, start: impl Initializer + 'static) -> LinearOptions {
        self.starts.bias = Some(Arc::new(start));
        self
    }
}

impl Linear {
    /// A layer from `in_features` (D) to `out_features` (K) values, with the default options.
    ///
    /// # Errors
    /// If a size is 0.
    pub fn new(in_features: usize, out_features: usize, rng: &mut dyn Rng) -> Result<Linear> {
        Linear::with(in_features, out_features, LinearOptions::new(), rng)
    }

    /// A layer from `in_features` (D) to `out_features` (K) values.
    ///
    /// # Errors
    /// If a size is 0, or an initialiser fails or gives values of another shape or dtype.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::{Linear, LinearOptions};
    /// let mut rng = autograd_core::seeded(7);
    /// assert!(Linear::with(4, 8, LinearOptions::new().bias(false), &mut rng)?.bias.is_none());
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn with(in_features: usize, out_features: usize, options: LinearOptions, rng: &mut dyn Rng) -> Result<Linear> {
        for (name, size) in [("in_features", in_features), ("out_features", out_features)] {
            Check("Linear").require(size > 0, name, size, "at least 1")?;
        }
        let bound = 1.0 / (in_features as f64).sqrt();
        let outputs = [out_features];
        let bias = options.bias.then_some(&outputs[..]);
        let (weight, bias) = options.starts.draw("Linear", bound, &[out_features, in_features], bias, rng)?;
        Ok(Linear { weight, bias })
    }

    /// A layer with these values.
    ///
    /// # Errors
    /// If `weight` is not `[K, D]` with sizes above 0, `bias` not `[K]`, or the dtypes are not one float type.
    pub fn from_tensors(weight: Tensor, bias: Option<Tensor>) -> Result<Linear> {
        const EXPECTED: &str = "[K, D], both at least 1";
        let check = Check("Linear");
        let [k, d] = check.shape("weight", &weight, EXPECTED)?;
        if k == 0 || d == 0 {
            return Err(Error::shape("Linear", "weight", weight.shape(), EXPECTED));
        }
        check.float(&weight)?;
        if let Some(bias) = &bias {
            check.is("bias", bias, &[k])?;
            check.same_float(&weight, bias)?;
        }
        Ok(Linear { weight: Param::new(weight)?, bias: bias.map(Param::new).transpose()? })
    }

    /// The size of the inputs' last dimension, D.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::Linear;
    /// let mut rng = autograd_core::seeded(7);
    /// assert_eq!(Linear::new(4, 8, &mut rng)?.in_features(), 4);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn in_features(&self) -> usize {
        self.weight.shape().last().copied().unwrap_or_default()
    }

    /// The size of the outputs' last dimension, K.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::Linear;
    /// let mut rng = autograd_core::seeded(7);
    /// assert_eq!(Linear::new(4, 8, &mut rng)?.out_features(), 8);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn out_features(&self) -> usize {
        self.weight.shape().first().copied().unwrap_or_default()
    }
}

impl Layer for Linear {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.linear(&self.weight, self.bias.as_deref())
    }
}

#[cfg(test)]
cases![
    layer("Linear", |rng| Linear::new(3, 2, rng))
        .state(&["weight", "bias"])
        .maps(&[4, 3], &[4, 2])
        .maps(&[3], &[2])
        .maps(&[0, 3], &[0, 2])
        .refuses(&[2, 4], "linear: inner dimensions differ: [2, 4] × [3, 2] (4 ≠ 3)"),
    layer("Linear", |rng| Linear::with(3, 2, LinearOptions::new().bias(false), rng))
        .state(&["weight"])
        .maps(&[2, 2, 3], &[2, 2, 2]),
    layer("Linear", |rng| {
        let start = LinearOptions::new().weight(crate::init::constant(2.0)).bias_init(crate::init::ones());
        Linear::with(2, 1, start, rng)
    })
    .state(&["weight", "bias"])
    .gives([[1.0, 2.0], [0.0, -1.0]], [[7.0], [-1.0]]),
    layer("Linear", |_| Linear::from_tensors(Tensor::from([[3.0, 4.0]]), Some(Tensor::from([0.5]))))
        .state(&["weight", "bias"])
        .gives([1.0, 2.0], [11.5]),
    layer("Linear", |rng| Linear::new(0, 2, rng)).cannot_be("Linear: in_features is 0, it must be at least 1"),
    layer("Linear", |rng| Linear::new(2, 0, rng)).cannot_be("Linear: out_features is 0, it must be at least 1"),
    layer("Linear", |rng| Linear::with(1, 1, LinearOptions::new().weight(crate::init::uniform(1.0, 0.0)), rng))
        .cannot_be("uniform: b is 0.0, it must be finite and not below a"),
    layer("Linear", |_| Linear::from_tensors(Tensor::from([0.0, 0.0]), None))
        .cannot_be("Linear: weight has shape [2], expected [K, D], both at least 1"),
    layer("Linear", |_| Linear::from_tensors(Tensor::zeros(&[0, 3], autograd_core::DType::F32)?, None))
        .cannot_be("Linear: weight has shape [0, 3], expected [K, D], both at least 1"),
    layer("Linear", |_| Linear::from_tensors(Tensor::from([[1.0, 2.0]]), Some(Tensor::from([0.0, 0.0]))))
        .cannot_be("Linear: bias has shape [2], expected [1]"),
    layer("Linear", |_| {
        Linear::from_tensors(Tensor::from([[1.0]]), Some(Tensor::from([0.0]).to_dtype(autograd_core::DType::F64)))
    })
    .cannot_be("Linear: dtypes F32 and F64 do not mix; convert one with to_dtype"),
    layer("Linear", |_| Linear::from_tensors(Tensor::from([[1]]), None))
        .cannot_be("Linear: dtype is I64, expected F32 or F64; to_dtype converts"),
];
