//! A product with a weight, written as an equation.

use crate::init::{Initializer, Starts};
use crate::layer::Layer;
use autograd_core::check::Check;
use autograd_core::module::Param;
use autograd_core::{Error, Result, Tensor};
use rand::Rng;
use std::sync::Arc;
use wengert_derive::Module;

/// A product with a weight, written as an equation, and a bias: `y = einsum(equation, x, W) + b`, see
/// [`Tensor::einsum`].
///
/// Weight and bias start uniform in `±1/√n` by default, n the product of the weight's dims that the result does not
/// have.
///
/// # Shapes
/// As the equation says; the bias, if there is one, broadcasts to the result.
///
/// # Errors
/// The constructors fail if a size is 0 or the equation is not `input,weight->result` with a letter for each of the
/// weight's dims; `forward` if the input does not fit the equation, or the bias the result.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{EinsumDense, EinsumDenseOptions, Layer, init};
/// let options = EinsumDenseOptions::new().bias(&[3, 1]).bias_init(init::constant(0.5));
/// let mut heads = EinsumDense::with("...d,dhk->...hk", &[2, 3, 1], options, &mut autograd_core::seeded(7))?;
/// heads.weight.set(Tensor::from([[[1.0], [2.0], [3.0]], [[10.0], [20.0], [30.0]]]))?;
/// let y = heads.forward(&Tensor::from([[1.0, 0.0], [2.0, 1.0]]))?;
/// assert_eq!(y.shape(), [2, 3, 1]);
/// assert_eq!(y.to_vec::<f32>()?, [1.5, 2.5, 3.5, 12.5, 24.5, 36.5]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # Differs from
/// Keras, which takes the shape of the result and finds that of the weight when it sees an input.
#[derive(Clone, Debug, Module)]
pub struct EinsumDense {
    /// The weight.
    pub weight: Param,
    /// The bias, if there is one.
    pub bias: Option<Param>,
    equation: String,
}

/// The options of [`EinsumDense`].
///
/// # Examples
/// ```
/// use wengert_nn::{EinsumDense, EinsumDenseOptions, init};
/// let options = EinsumDenseOptions::new().bias(&[3]).weight(init::xavier_normal()).bias_init(init::zeros());
/// let dense = EinsumDense::with("ab,bc->ac", &[2, 3], options, &mut autograd_core::seeded(7))?;
/// assert_eq!(dense.bias.expect("a bias").to_vec::<f32>()?, [0.0; 3]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EinsumDenseOptions {
    bias: Option<Vec<usize>>,
    starts: Starts,
}

impl EinsumDenseOptions {
    /// The defaults.
    pub fn new() -> EinsumDenseOptions {
        EinsumDenseOptions::default()
    }

    /// The shape of a bias, which broadcasts to that of the result. Default: there is none.
    #[must_use]
    pub fn bias(mut self, shape: &[usize]) -> EinsumDenseOptions {
        self.bias = Some(shape.to_vec());
        self
    }

    /// The values the weight starts from. Default: uniform in `±1/√n`, see [`EinsumDense`].
    #[must_use]
    pub fn weight(mut self, start: impl Initializer + 'static) -> EinsumDenseOptions {
        self.starts.weight = Some(Arc::new(start));
        self
    }

    /// The values the bias starts from, if there is one. Default: uniform in `±1/√n`, see [`EinsumDense`].
    #[must_use]
    pub fn bias_init(mut self, start: impl Initializer + 'static) -> EinsumDenseOptions {
        self.starts.bias = Some(Arc::new(start));
        self
    }
}

impl EinsumDense {
    /// A layer of this equation and a weight of this shape, without a bias.
    ///
    /// # Errors
    /// If a size is 0, or the equation has not the form `input,weight->result`.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::EinsumDense;
    /// let dense = EinsumDense::new("ab,bc->ac", &[2, 3], &mut autograd_core::seeded(7))?;
    /// assert_eq!(dense.weight.shape(), [2, 3]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn new(equation: &str, weight_shape: &[usize], rng: &mut dyn Rng) -> Result<EinsumDense> {
        EinsumDense::with(equation, weight_shape, EinsumDenseOptions::new(), rng)
    }

    /// A layer of this equation and a weight of this shape.
    ///
    /// # Errors
    /// If a size is 0, the equation has not the form `input,weight->result`, or an initialiser fails or gives values of
    /// another shape or dtype.
    pub fn with(
        equation: &str,
        weight_shape: &[usize],
        options: EinsumDenseOptions,
        rng: &mut dyn Rng,
    ) -> Result<EinsumDense> {
        let bias_shape = options.bias.as_deref();
        for (name, shape) in [("weight_shape", Some(weight_shape)), ("bias", bias_shape)] {
            let valid = shape.is_none_or(|shape| !shape.contains(&0));
            Check("EinsumDense").require(valid, name, shape.unwrap_or_default(), "of sizes that are at least 1")?;
        }
        let bound = 1.0 / summed(equation, weight_shape)?.sqrt();
        let (weight, bias) = options.starts.draw("EinsumDense", bound, weight_shape, bias_shape, rng)?;
        Ok(EinsumDense { weight, bias, equation: equation.into() })
    }
}

/// The number of products that are summed up for each element of the result, as far as the weight shows it.
fn summed(equation: &str, weight_shape: &[usize]) -> Result<f64> {
    let spaceless: String = equation.chars().filter(|c| !c.is_whitespace()).collect();
    let parts = spaceless.split_once("->").and_then(|(left, right)| Some((left.split_once(',')?.1, right)));
    let fits = |(weight, _): &(&str, &str)| {
        weight.chars().all(|c| c.is_ascii_alphabetic()) && weight.len() == weight_shape.len()
    };
    let must = format!("input,weight->result, with a letter for each of the weight's {} dims", weight_shape.len());
    let parts = parts.filter(fits).ok_or_else(|| Error::argument("EinsumDense", "equation", equation, must));
    let (weight, result) = parts?;
    let gone = weight.chars().zip(weight_shape).filter(|(letter, _)| !result.contains(*letter));
    Ok(gone.map(|(_, size)| *size as f64).product())
}

impl Layer for EinsumDense {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = Tensor::einsum(&self.equation, &[x, &self.weight])?;
        let Some(bias) = &self.bias else { return Ok(y) };
        Check("EinsumDense").broadcasts_to("bias", bias, y.shape())?;
        y.try_add(bias)
    }
}

#[cfg(test)]
cases![
    layer("EinsumDense", |rng| EinsumDense::new("ab,bc->ac", &[3, 2], rng))
        .state(&["weight"])
        .maps(&[4, 3], &[4, 2])
        .maps(&[0, 3], &[0, 2]),
    layer("EinsumDense", |rng| {
        EinsumDense::with("...d, dhk -> ...hk", &[3, 2, 2], EinsumDenseOptions::new().bias(&[2, 1]), rng)
    })
    .state(&["weight", "bias"])
    .maps(&[2, 2, 3], &[2, 2, 2, 2])
    .maps(&[3], &[2, 2]),
    layer("EinsumDense", |rng| {
        EinsumDense::with("ab,bc->ac", &[3, 2], EinsumDenseOptions::new().bias(&[3]), rng)
    })
    .state(&["weight", "bias"])
    .refuses(&[4, 3], "EinsumDense: bias has shape [3], expected one that broadcasts to the input's, [4, 2]"),
    layer("EinsumDense", |rng| {
        let options = EinsumDenseOptions::new().bias(&[1]).weight(crate::init::constant(2.0));
        EinsumDense::with("ab,bc->ac", &[2, 1], options.bias_init(crate::init::ones()), rng)
    })
    .state(&["weight", "bias"])
    .gives([[1.0, 2.0], [0.0, -1.0]], [[7.0], [-1.0]]),
    layer("EinsumDense", |rng| EinsumDense::new("ab,bc", &[3, 2], rng)).cannot_be(
        "EinsumDense: equation is \"ab,bc\", it must be input,weight->result, with a letter for each of the weight's 2 dims"
    ),
    layer("EinsumDense", |rng| EinsumDense::new("ab,bc,cd->ad", &[3, 2], rng)).cannot_be(
        "EinsumDense: equation is \"ab,bc,cd->ad\", it must be input,weight->result, with a letter for each of the \
         weight's 2 dims"
    ),
    layer("EinsumDense", |rng| EinsumDense::new("ab,bc->ac", &[0, 2], rng))
        .cannot_be("EinsumDense: weight_shape is [0, 2], it must be of sizes that are at least 1"),
];
