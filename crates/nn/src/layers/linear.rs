//! The affine layer: `y = x Wᵀ + b`.

use crate::error::Result;
use crate::init::{Initializer, uniform};
use crate::layer::Layer;
use autograd_core::module::Param;
use autograd_core::{DType, Error, Tensor};
use rand::Rng;
use wengert_derive::Module;

/// `y = x Wᵀ + b`.
///
/// Weight and bias start uniform in `±1/√D`.
///
/// # Shapes
/// `x: [.., D] → [.., K]`, `weight: [K, D]`, `bias: [K]`.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, Linear};
/// let linear = Linear::from_tensors(Tensor::from([[3.0, 4.0]]), Some(Tensor::from([0.5])))?;
/// assert_eq!(linear.forward(&Tensor::from([1.0, 2.0]))?.to_vec::<f32>()?, [11.5]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Module)]
pub struct Linear {
    /// `[K, D]`.
    pub weight: Param,
    /// `[K]`, if there is one.
    pub bias: Option<Param>,
}

impl Linear {
    /// A layer from `in_features` (D) to `out_features` (K) values, with bias.
    ///
    /// # Errors
    /// If a size is 0.
    pub fn new(in_features: usize, out_features: usize, rng: &mut (impl Rng + ?Sized)) -> Result<Linear> {
        Linear::sized(in_features, out_features, true, rng)
    }

    /// As [`Linear::new`], without bias: `y = x Wᵀ`.
    ///
    /// # Errors
    /// If a size is 0.
    pub fn no_bias(in_features: usize, out_features: usize, rng: &mut (impl Rng + ?Sized)) -> Result<Linear> {
        Linear::sized(in_features, out_features, false, rng)
    }

    /// A layer with these values.
    ///
    /// # Errors
    /// If `weight` is not `[K, D]` with sizes above 0, `bias` not `[K]`, or the dtypes are not one float type.
    pub fn from_tensors(weight: Tensor, bias: Option<Tensor>) -> Result<Linear> {
        const OP: &str = "Linear";
        let out = match *weight.shape() {
            [out, inner] if out > 0 && inner > 0 => out,
            _ => {
                let (got, expected) = (weight.shape(), "[K, D], both at least 1");
                return Err(Error::shape(OP, "weight", got, expected).into());
            }
        };
        if !weight.dtype().is_float() {
            return Err(Error::not_float(OP, weight.dtype()).into());
        }
        if let Some(bias) = &bias {
            if bias.shape() != [out] {
                let (got, expected) = (bias.shape(), format!("[{out}]"));
                return Err(Error::shape(OP, "bias", got, expected).into());
            }
            if bias.dtype() != weight.dtype() {
                return Err(Error::mixed_dtypes(OP, weight.dtype(), bias.dtype()).into());
            }
        }
        Ok(Linear { weight: Param::new(weight), bias: bias.map(Param::new) })
    }

    fn sized(in_features: usize, out_features: usize, bias: bool, rng: &mut (impl Rng + ?Sized)) -> Result<Linear> {
        for (name, size) in [("in_features", in_features), ("out_features", out_features)] {
            if size == 0 {
                return Err(Error::argument("Linear", name, size, "at least 1").into());
            }
        }
        let bound = 1.0 / (in_features as f64).sqrt();
        let start = uniform(-bound, bound);
        let weight = start.tensor(&[out_features, in_features], DType::F32, rng)?;
        let bias = if bias { Some(start.tensor(&[out_features], DType::F32, rng)?) } else { None };
        Linear::from_tensors(weight, bias)
    }

    /// The size of the inputs' last axis, D.
    pub fn in_features(&self) -> usize {
        self.weight.shape().last().copied().unwrap_or_default()
    }

    /// The size of the outputs' last axis, K.
    pub fn out_features(&self) -> usize {
        self.weight.shape().first().copied().unwrap_or_default()
    }
}

impl Layer for Linear {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.linear(&self.weight, self.bias.as_deref())?)
    }
}
