//! The gain of an activation.

/// The activation after a layer.
///
/// # Examples
/// ```
/// use wengert_nn::init::{Nonlinearity, calculate_gain};
/// let gains = [Nonlinearity::Linear, Nonlinearity::Tanh, Nonlinearity::Relu].map(calculate_gain);
/// assert_eq!(gains, [1.0, 5.0 / 3.0, 2f64.sqrt()]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Nonlinearity {
    /// Nothing: a linear layer or a convolution.
    Linear,
    /// The logistic function.
    Sigmoid,
    /// Hyperbolic tangent.
    Tanh,
    /// Rectified linear unit.
    Relu,
    /// Rectified linear unit with this negative slope.
    LeakyRelu(f64),
    /// Scaled exponential linear unit.
    Selu,
}

/// The factor by which weights are scaled to make up for an activation.
///
/// ```text
/// linear, sigmoid   1
/// tanh              5/3
/// relu              √2
/// leaky relu        √(2 / (1 + slope²))
/// selu              3/4
/// ```
///
/// # Examples
/// ```
/// use wengert_nn::init::{Nonlinearity, calculate_gain};
/// assert_eq!(calculate_gain(Nonlinearity::LeakyRelu(1.0)), 1.0);
/// ```
pub fn calculate_gain(nonlinearity: Nonlinearity) -> f64 {
    match nonlinearity {
        Nonlinearity::Linear | Nonlinearity::Sigmoid => 1.0,
        Nonlinearity::Tanh => 5.0 / 3.0,
        Nonlinearity::Relu => 2f64.sqrt(),
        Nonlinearity::LeakyRelu(slope) => (2.0 / (1.0 + slope * slope)).sqrt(),
        Nonlinearity::Selu => 0.75,
    }
}
