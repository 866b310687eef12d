//! The logistic function in three straight pieces.

use crate::layer::Layer;
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// The logistic function in three straight pieces, the derivative of [`SparsePlus`](crate::SparsePlus).
///
/// ```text
/// y = 0                 where x ≤ −1
///     (x + 1) / 2       where −1 < x < 1
///     1                 where x ≥ 1
/// ```
///
/// # Shapes
/// Any, result as the input.
///
/// # Gradient
/// ½ between −1 and 1, else 0; 0 at both, where `clamp` has none.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, SparseSigmoid};
/// let x = Tensor::from([-2.0, 0.0, 0.5, 1.0]).requires_grad();
/// let y = SparseSigmoid.forward(&x)?;
/// assert_eq!(y.to_vec::<f32>()?, [0.0, 0.5, 0.75, 1.0]);
/// assert_eq!(y.sum().backward()?.get(&x).unwrap().to_vec::<f32>()?, [0.0, 0.5, 0.5, 0.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # Differs from
/// [`Hardsigmoid`](crate::Hardsigmoid), whose slope is 1/6 from −3 to 3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Module)]
pub struct SparseSigmoid;

impl Layer for SparseSigmoid {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.clamp(-1.0, 1.0)?.add_scalar(1.0).mul_scalar(0.5))
    }
}

#[cfg(test)]
cases![activation("SparseSigmoid", |_| Ok(SparseSigmoid), |x| (x.clamp(-1.0, 1.0) + 1.0) / 2.0)];
