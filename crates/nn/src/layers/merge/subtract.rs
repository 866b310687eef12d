//! The difference of two inputs.

use super::aligned;
use crate::layer::{Layer, inputs};
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// `y = a − b` of two inputs.
///
/// # Shapes
/// As for [`Add`](crate::Add).
///
/// # Errors
/// `forward_all` fails if there are not two inputs, or they do not fit each other; `forward` always, since it has one.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, Subtract};
/// let y = Subtract.forward_all(&[Tensor::from([1.0, 5.0]), Tensor::from([3.0, -2.0])])?;
/// assert_eq!(y.to_vec::<f32>()?, [-2.0, 7.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Module)]
pub struct Subtract;

impl Layer for Subtract {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_all(std::slice::from_ref(x))
    }
    fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
        inputs::<2>("Subtract", all)?;
        let all = aligned("Subtract", all)?;
        all[0].try_sub(&all[1])
    }
}

#[cfg(test)]
cases![
    layer("Subtract", |_| Ok(Subtract))
        .maps_all(&[&[2, 3], &[2, 3]], &[&[2, 3]])
        .maps_all(&[&[2, 4, 3], &[2, 3]], &[&[2, 4, 3]])
        .gives_all(&[Tensor::from([1.0, 5.0]), Tensor::from([3.0, -2.0])], &[Tensor::from([-2.0, 7.0])])
        .refuses(&[2], "Subtract: takes 2 inputs, got 1")
        .refuses_all(
            &[&[2], &[3]],
            "sub: shapes [2] and [3] do not broadcast: 2 ≠ 3 in dimension −1 (counted from the end)"
        ),
];
