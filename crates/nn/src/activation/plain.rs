//! Activations without options or parameters: each is a method of [`Tensor`] as a layer.

use super::has_room;
use crate::layer::Layer;
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// Layers from lines `Name: method, "title", values at −1, 2 and 7`. The method's documentation has formula, gradient
/// and numerics.
macro_rules! activations {
    ($($name:ident: $method:ident, $title:literal, $y:literal;)+) => {$(
        #[doc = concat!($title, ": [`Tensor::", stringify!($method), "`] as a layer.")]
        ///
        /// # Examples
        /// ```
        /// # use autograd_core::Tensor;
        #[doc = concat!("# use wengert_nn::{", stringify!($name), ", Layer};")]
        #[doc = concat!("let y = ", stringify!($name), ".forward(&Tensor::from([-1.0, 2.0, 7.0]))?.to_vec::<f32>()?;")]
        #[doc = concat!("let expected: [f32; 3] = ", $y, ";")]
        /// assert!(y.iter().zip(expected).all(|(y, expected)| (y - expected).abs() <= 1e-6 * expected.abs()), "{y:?}");
        /// # Ok::<(), wengert_nn::Error>(())
        /// ```
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Module)]
        pub struct $name;

        impl Layer for $name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                has_room(stringify!($method), x)?;
                Ok(x.$method())
            }
        }
    )+};
}

activations! {
    ReLU: relu, "Rectified linear unit", "[0.0, 2.0, 7.0]";
    SiLU: silu, "Sigmoid-weighted linear unit, also called swish", "[-0.268_941_4, 1.761_594, 6.993_623]";
    Sigmoid: sigmoid, "The logistic function", "[0.268_941_4, 0.880_797_1, 0.999_088_9]";
    Tanh: tanh, "Hyperbolic tangent", "[-0.761_594_2, 0.964_027_6, 0.999_998_3]";
    ReLU6: relu6, "Rectified linear unit that ends at 6", "[0.0, 2.0, 6.0]";
    SELU: selu, "Scaled exponential linear unit", "[-1.111_331, 2.101_402, 7.354_907]";
    Mish: mish, "The input times the tanh of its softplus", "[-0.303_401_5, 1.943_959, 6.999_988]";
    Softsign: softsign, "`x / (1 + |x|)`", "[-0.5, 0.666_666_7, 0.875]";
    Hardswish: hardswish, "Swish in straight pieces", "[-0.333_333_3, 1.666_667, 7.0]";
    Hardsigmoid: hardsigmoid, "The logistic function in straight pieces", "[0.333_333_3, 0.833_333_3, 1.0]";
    Tanhshrink: tanhshrink, "The input less its tanh", "[-0.238_405_8, 1.035_972, 6.000_002]";
    LogSigmoid: logsigmoid, "The logarithm of the logistic function", "[-1.313_262, -0.126_928, -0.000_911_466_5]";
    Exponential: exp, "The exponential function", "[0.367_879_4, 7.389_056, 1_096.633]";
}

/// The input itself.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{Identity, Layer};
/// assert_eq!(Identity.forward(&Tensor::from([-1.0, 2.0]))?.to_vec::<f32>()?, [-1.0, 2.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Module)]
pub struct Identity;

impl Layer for Identity {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.clone())
    }
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
