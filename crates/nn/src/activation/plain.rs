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
}

#[cfg(test)]
cases![
    activation("Identity", |_| Ok(Identity), |x| x),
    activation("ReLU", |_| Ok(ReLU), |x| x.max(0.0)),
    activation("SiLU", |_| Ok(SiLU), |x| x / (1.0 + (-x).exp())),
    activation("Sigmoid", |_| Ok(Sigmoid), |x| 1.0 / (1.0 + (-x).exp())),
    activation("Tanh", |_| Ok(Tanh), f64::tanh),
];
