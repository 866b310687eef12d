//! The square of a rectifier.

use super::has_room;
use crate::layer::Layer;
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// The square of a rectified linear unit, also called `relu2`.
///
/// ```text
/// y = max(x, 0)²
/// ```
///
/// # Shapes
/// Any, result as the input.
///
/// # Gradient
/// `2 max(x, 0)`: 0 at 0, without a jump.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, SquaredReLU};
/// let y = SquaredReLU.forward(&Tensor::from([-2.0, 0.5, 3.0]))?;
/// assert_eq!(y.to_vec::<f32>()?, [0.0, 0.25, 9.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// So et al., Primer: Searching for Efficient Transformers for Language Modeling, 2021.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Module)]
pub struct SquaredReLU;

impl Layer for SquaredReLU {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        has_room("squared_relu", x)?;
        Ok(x.relu().square())
    }
}

#[cfg(test)]
cases![activation("SquaredReLU", |_| Ok(SquaredReLU), |x| x.max(0.0).powi(2)).gives([0.0, -3.0, 3.0], [0.0, 0.0, 9.0])];
