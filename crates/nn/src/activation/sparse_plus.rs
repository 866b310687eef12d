//! A smooth rectifier that is 0 far below 0.

use crate::layer::Layer;
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// A smooth rectifier of a parabola between two straight pieces: like softplus, but 0 below −1.
///
/// ```text
/// y = 0                 where x ≤ −1
///     (x + 1)² / 4      where −1 < x < 1
///     x                 where x ≥ 1
/// ```
///
/// # Shapes
/// Any, result as the input.
///
/// # Gradient
/// [`SparseSigmoid`](crate::SparseSigmoid) of x, without a jump; in second order 0 at −1 and 1.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, SparsePlus};
/// let x = Tensor::from([-2.0, 0.0, 1.0, 3.0]).requires_grad();
/// let y = SparsePlus.forward(&x)?;
/// assert_eq!(y.to_vec::<f32>()?, [0.0, 0.25, 1.0, 3.0]);
/// assert_eq!(y.sum().backward()?.get(&x).unwrap().to_vec::<f32>()?, [0.0, 0.5, 1.0, 1.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Module)]
pub struct SparsePlus;

impl Layer for SparsePlus {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let bend = x.clamp(-1.0, 1.0)?.add_scalar(1.0).square().mul_scalar(0.25);
        // Not a sum of pieces: at 1 the clamp has no gradient, and no rectifier of x − 1 has one.
        x.ge_scalar(1.0).where_cond(&x.to_dtype(bend.dtype()), &bend)
    }
}

#[cfg(test)]
fn formula(x: f64) -> f64 {
    match x {
        x if x <= -1.0 => 0.0,
        x if x >= 1.0 => x,
        x => (x + 1.0).powi(2) / 4.0,
    }
}

#[cfg(test)]
cases![activation("SparsePlus", |_| Ok(SparsePlus), formula).gives([-1.0, 1.0, 1e30], [0.0, 1.0, 1e30])];
