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
/// [`jvp`](crate::jvp) and [`linearize`](crate::linearize) call `backward` with a gradient of their own first, for an
/// error that it may return.
///
/// Recording is off in `backward`, unless the walk is itself recorded. One that needs a walk of its own switches it on
/// with [`enable_grad`](crate::enable_grad); the inputs whose gradients are wanted are tracked, and
/// [`grad_with`](crate::grad_with) keeps the result differentiable.
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
/// What is cheap to compute again need not be saved: backward runs forward once more, and walks it.
/// ```
/// use autograd_core::{Error, Result, Tensor, custom, enable_grad, grad, grad_with};
/// fn f(x: &[Tensor]) -> Result<Tensor> {
///     Ok(x[0].sin().exp())
/// }
/// let x = Tensor::from(0.5).requires_grad();
/// let again = |gy: &Tensor, x: &[Tensor], _: &Tensor| {
///     enable_grad(|| grad_with(&[(&f(x)?, gy)], &[&x[0]]))
/// };
/// let y = custom("checkpoint", &[&x], f, again)?;
/// let slope = grad(&y, &[&x])?.remove(0);
/// let curvature = grad(&slope, &[&x])?.remove(0);
/// let (sin, cos) = 0.5f32.sin_cos();
/// assert!((slope.item::<f32>()? - cos * sin.exp()).abs() < 1e-6);
/// assert!((curvature.item::<f32>()? - (cos * cos - sin) * sin.exp()).abs() < 1e-6);
/// # Ok::<(), Error>(())
/// ```
pub fn custom(
    name: &'static str,
    inputs: &[&Tensor],
    forward: impl FnOnce(&[Tensor]) -> Result<Tensor>,
    backward: impl Fn(&Tensor, &[Tensor], &Tensor) -> Result<Vec<Option<Tensor>>> + Send + Sync + 'static,
) -> Result<Tensor> {
    // No history of an input ends here; that of a tensor which the function takes from elsewhere does.
    let values: Vec<Tensor> = inputs.iter().map(|x| x.untied()).collect();
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
        let input = |(i, x): (usize, &Saved)| match x.get(at) {
            x if at.wants(i) && !x.is_tracked() => x.requires_grad(),
            x => x.into_owned(),
        };
        let inputs: Vec<Tensor> = self.inputs.iter().enumerate().map(input).collect();
        let gradients = (self.backward)(at.gy(), &inputs, &self.y.get(at))
            .map_err(|error| error.context(format_args!("pull-back of {}", self.name)))?;
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

    fn may_refuse(&self) -> bool {
        // What the closure computes with is not known.
        true
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        self.inputs.iter().for_each(&mut *see);
        see(&self.y);
    }
}
