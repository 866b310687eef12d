//! Operations of your own, written as two closures. For a named struct instead, see [`crate::record_custom`].

use crate::error::{Error, ErrorKind, Result};
use crate::tape::{Pull, Pullback, Saved, no_grad, record_custom};
use crate::tensor::Tensor;

/// An operation from its forward and its backward half.
///
/// `forward(inputs)` computes the value; nothing in it is recorded. `backward(gy, inputs, y)` returns one gradient for
/// each input, `None` where nothing flows. If `backward` is made of differentiable operations, second derivatives work
/// by themselves. A gradient that has the shape of a broadcast output is summed down to its input's shape.
///
/// # Errors
/// The error of `forward`; the walk returns the error of `backward`.
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
    let values: Vec<Tensor> = inputs.iter().map(|x| (*x).clone()).collect();
    let value = no_grad(|| forward(&values))?;
    Ok(record_custom(name, value, inputs, |y| {
        let inputs = inputs.iter().enumerate().map(|(i, x)| Saved::input(i, x)).collect();
        Custom { name, inputs, y, backward }
    }))
}

struct Custom<B> {
    name: &'static str,
    inputs: Vec<Saved>,
    y: Saved,
    backward: B,
}

impl<B> Pullback for Custom<B>
where
    B: Fn(&Tensor, &[Tensor], &Tensor) -> Result<Vec<Option<Tensor>>> + Send + Sync,
{
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let inputs: Vec<Tensor> = self.inputs.iter().map(|x| x.get(at).into_owned()).collect();
        let gradients = (self.backward)(at.gy(), &inputs, &self.y.get(at))?;
        if gradients.len() != inputs.len() {
            let (got, n) = (gradients.len(), inputs.len());
            let text = format!("{}: its pull-back returned {got} gradients for {n} inputs", self.name);
            return Err(Error::new(ErrorKind::Gradient, text));
        }
        for (i, gradient) in gradients.into_iter().enumerate() {
            match gradient {
                Some(gradient) => at.give(i, || Ok(gradient))?,
                None => at.give_nothing(i),
            }
        }
        Ok(())
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        self.inputs.iter().for_each(&mut *see);
        see(&self.y);
    }
}
