//! Activations without options or parameters: each is a method of [`Tensor`] as a layer.

use crate::layer::Layer;
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// Layers from lines `Name: method, "title"`. The method's documentation has formula, gradient and numerics.
macro_rules! activations {
    ($($name:ident: $method:ident, $title:literal;)+) => {$(
        #[doc = concat!($title, ": [`Tensor::", stringify!($method), "`] as a layer.")]
        ///
        /// # Examples
        /// ```
        /// # use autograd_core::Tensor;
        #[doc = concat!("# use wengert_nn::{", stringify!($name), ", Layer};")]
        /// let x = Tensor::from([-1.0, 2.0]);
        #[doc = concat!("let (y, expected) = (", stringify!($name), ".forward(&x)?, x.", stringify!($method), "());")]
        /// assert_eq!(y.to_vec::<f32>()?, expected.to_vec::<f32>()?);
        /// # Ok::<(), wengert_nn::Error>(())
        /// ```
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Module)]
        pub struct $name;

        impl Layer for $name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                Ok(x.$method())
            }
        }
    )+};
}

activations! {
    Identity: clone, "The input itself";
    ReLU: relu, "Rectified linear unit";
    SiLU: silu, "Sigmoid-weighted linear unit, also called swish";
    Sigmoid: sigmoid, "The logistic function";
    Tanh: tanh, "Hyperbolic tangent";
    ReLU6: relu6, "Rectified linear unit that ends at 6";
    SELU: selu, "Scaled exponential linear unit";
    Mish: mish, "The input times the tanh of its softplus";
    Softsign: softsign, "`x / (1 + |x|)`";
    Hardswish: hardswish, "Swish in straight pieces";
    Hardsigmoid: hardsigmoid, "The logistic function in straight pieces";
    Tanhshrink: tanhshrink, "The input less its tanh";
    LogSigmoid: logsigmoid, "The logarithm of the logistic function";
    Exponential: exp, "The exponential function";
}

#[cfg(test)]
cases![
    activation("Identity", |_| Ok(Identity), |x| x),
    activation("ReLU", |_| Ok(ReLU), |x| x.max(0.0)),
    activation("SiLU", |_| Ok(SiLU), |x| x / (1.0 + (-x).exp())),
    activation("Sigmoid", |_| Ok(Sigmoid), |x| 1.0 / (1.0 + (-x).exp())),
    activation("Tanh", |_| Ok(Tanh), f64::tanh),
    activation("ReLU6", |_| Ok(ReLU6), |x| x.clamp(0.0, 6.0)),
    activation(
        "SELU",
        |_| Ok(SELU),
        |x| { 1.0507009873554805 * if x > 0.0 { x } else { 1.6732632423543772 * x.exp_m1() } }
    ),
    activation("Mish", |_| Ok(Mish), |x| x * x.exp().ln_1p().tanh()),
    activation("Softsign", |_| Ok(Softsign), |x| x / (1.0 + x.abs())),
    activation("Hardswish", |_| Ok(Hardswish), |x| x * (x + 3.0).clamp(0.0, 6.0) / 6.0),
    activation("Hardsigmoid", |_| Ok(Hardsigmoid), |x| (x + 3.0).clamp(0.0, 6.0) / 6.0),
    activation("Tanhshrink", |_| Ok(Tanhshrink), |x| x - x.tanh()),
    activation("LogSigmoid", |_| Ok(LogSigmoid), |x| -(-x).exp().ln_1p()),
    activation("Exponential", |_| Ok(Exponential), f64::exp),
];
