//! Operations of your own, written as two closures. For a named struct instead, see [`crate::record_custom`].

use crate::error::Result;
use crate::tape::{Grads, Pull, Pullback, Saved, no_grad, record_custom};
use crate::tensor::Tensor;

/// An operation from its forward and its backward half.
///
/// `forward(inputs)` computes the value; nothing in it is recorded. `backward(gy, inputs, y)` returns one gradient for
/// each input, `None` where nothing flows. If `backward` is made of differentiable operations, second derivatives work by
/// themselves. A gradient that has the shape of a broadcast output is summed down to its input's shape.
///
/// # Errors
/// What `forward` returns; what `backward` returns comes out of the walk.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, custom};
/// let x = Tensor::from([1.0, 2.0]).requires_grad();
/// let cube = custom(
///     "cube",
///     &[&x],
///     |x| Ok(x[0].powf(3.0)),
///     |gy, x, _y| Ok(vec![Some(gy.try_mul(&x[0].square().mul_scalar(3.0))?)]),
/// )?;
/// let grads = cube.sum().backward()?;
/// assert_eq!(grads.get(&x).unwrap().to_vec::<f32>()?, [3.0, 12.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn custom(
    name: &'static str,
    inputs: &[&Tensor],
    forward: impl FnOnce(&[Tensor]) -> Result<Tensor>,
    backward: impl Fn(&Tensor, &[Tensor], &Tensor) -> Result<Vec<Option<Tensor>>> + Send + Sync + 'static,
) -> Result<Tensor> {
    let inputs_owned: Vec<Tensor> = inputs.iter().map(|x| (*x).clone()).collect();
    let value = no_grad(|| forward(&inputs_owned))?;
    Ok(record_custom(value, inputs, |y| Custom { name, inputs: inputs_owned, y, backward }))
}

struct Custom<B> {
    name: &'static str,
    inputs: Vec<Tensor>,
    y: Saved,
    backward: B,
}

impl<B> Pullback for Custom<B>
where
    B: Fn(&Tensor, &[Tensor], &Tensor) -> Result<Vec<Option<Tensor>>> + Send + Sync,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn pull(&self, at: &Pull<'_>) -> Result<Grads> {
        Ok((self.backward)(at.gy(), &self.inputs, &self.y.get(at))?.into())
    }

    fn saved(&self) -> Vec<&Tensor> {
        self.inputs.iter().chain([self.y.value()]).collect()
    }
}
