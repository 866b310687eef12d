//! Values that are computed again in backward, instead of being kept.

use super::TensorList;
use super::again::{Again, cut};
use crate::error::{Error, ErrorKind, Result};
use crate::shape::Shape;
use crate::tape::{Pull, Pullback, Saved, Segment, forwards, is_recording, mark};
use crate::tensor::Tensor;
use crate::tensor::recall::{noting, recalling};

/// `f(inputs)`, of which backward keeps the inputs alone: when a walk comes to it, `f` runs again, and what its
/// operations saved lives no longer than until the walk has passed them.
///
/// A network of L equal blocks that are checkpoints keeps L inputs and the inside of one block, for one more forward
/// run. Gradients are the same to the bit, of any order, also of what `f` captures: the function holds a tensor (cloned
/// into it) and gradients flow to it. A checkpoint may contain others. Layers are run by `nn::checkpoint`.
///
/// The second run draws the seeds of the first: streams and generators that operations draw a seed from do not move,
/// and buffers are not set again. So it works in a [`Capture`](crate::Capture), too.
///
/// # Errors
/// Those of `f`; or if it draws numbers that are no seed ([`Tensor::randn`]). The walk fails if `f` does something else
/// when it runs again: it returns another shape, uses other tracked tensors, or draws another number of seeds. That it
/// computes with other numbers cannot be seen: what it reads must stay as it is until then. Nor can what it computes on
/// other threads: seeds and buffers are those of the thread that calls it.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor, checkpoint, grad, memory};
/// let w = Tensor::from(0.5).requires_grad();
/// let captured = w.clone();
/// let block = move |x: &[Tensor]| Ok(x[0].try_mul(&captured)?.tanh().exp().square());
///
/// let x = Tensor::from([1.0, -2.0]).requires_grad();
/// let plain = block(&[x.clone()])?.sum();
/// let again = checkpoint(block, [&x])?.sum();
/// let [dx, dw] = grad(&plain, [&x, &w])?;
/// let [again_dx, again_dw] = grad(&again, [&x, &w])?;
/// assert_eq!((again_dx.to_f64s(), again_dw.to_f64s()), (dx.to_f64s(), dw.to_f64s()));
/// assert_eq!(grad(&again_dx.sum(), [&w])?[0].to_f64s(), grad(&dx.sum(), [&w])?[0].to_f64s());
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Griewank, Walther, Algorithm 799: revolve, 2000. Chen, Xu, Zhang, Guestrin, Training deep nets with sublinear memory
/// cost, 2016.
pub fn checkpoint<L: TensorList>(
    f: impl Fn(&[Tensor]) -> Result<Tensor> + Send + Sync + 'static,
    inputs: L,
) -> Result<Tensor> {
    first_run(&inputs.tensors(), &f).map(|run| run.tied(&inputs.tensors(), f))
}

/// [`checkpoint`] of a function that cannot be kept, as it borrows: `first` runs now, and `again` in its place when a
/// walk needs it. The two must compute the same of the same tensors.
///
/// # Errors
/// As for [`checkpoint`].
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, checkpoint_with};
/// let scale = vec![Tensor::from(2.0).requires_grad()];
/// let snapshot = scale.clone();
/// let x = Tensor::from(3.0).requires_grad();
/// let y = checkpoint_with(|x| x[0].try_mul(&scale[0]), move |x| x[0].try_mul(&snapshot[0]), [&x])?;
/// let grads = y.backward()?;
/// assert_eq!((grads.get(&x).unwrap().to_f64()?, grads.get(&scale[0]).unwrap().to_f64()?), (2.0, 3.0));
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn checkpoint_with<L: TensorList>(
    first: impl FnOnce(&[Tensor]) -> Result<Tensor>,
    again: impl Fn(&[Tensor]) -> Result<Tensor> + Send + Sync + 'static,
    inputs: L,
) -> Result<Tensor> {
    first_run(&inputs.tensors(), first).map(|run| run.tied(&inputs.tensors(), again))
}

/// The outcome of the first run.
enum Run {
    /// Nothing of it is tracked.
    Plain(Tensor),
    Tracked {
        value: Tensor,
        outside: Segment,
        seeds: Vec<u64>,
    },
}

fn first_run(inputs: &[&Tensor], f: impl FnOnce(&[Tensor]) -> Result<Tensor>) -> Result<Run> {
    if !is_recording() {
        return f(&inputs.iter().map(|x| (*x).clone()).collect::<Vec<_>>()).map(Run::Plain);
    }
    let (mark, arguments) = (mark(), cut(inputs));
    let (y, seeds) = noting("checkpoint", || f(&arguments))?;
    if !y.is_tracked() {
        return Ok(Run::Plain(y));
    }
    Ok(Run::Tracked { value: y.detach(), outside: Segment::below(mark, &y), seeds })
}

impl Run {
    fn tied(self, inputs: &[&Tensor], f: impl Fn(&[Tensor]) -> Result<Tensor> + Send + Sync + 'static) -> Tensor {
        match self {
            Run::Plain(value) => value,
            Run::Tracked { value, outside, seeds } => {
                Again::record("checkpoint", value, inputs, outside, |again, _| Checkpoint { f, again, seeds })
            }
        }
    }
}

struct Checkpoint<F> {
    f: F,
    again: Again,
    seeds: Vec<u64>,
}

impl<F: Fn(&[Tensor]) -> Result<Tensor> + Send + Sync> Checkpoint<F> {
    fn run(&self, at: &mut Pull<'_>, recorded: bool) -> Result<()> {
        let arguments = self.again.arguments(at, recorded);
        let mark = mark();
        let y = forwards(|| recalling("checkpoint", &self.seeds, || (self.f)(&arguments)))?;
        let gy = at.gy();
        if !y.is_like(gy) {
            let (first, now) = (Shape::from(gy.shape()), Shape::from(y.shape()));
            let text = format!("checkpoint: the function returned shape {first} first, and {now} when it ran again");
            return Err(Error::new(ErrorKind::Shape, text));
        }
        self.again.pull(at, mark, &arguments, (&y, gy), None, recorded)
    }
}

impl<F: Fn(&[Tensor]) -> Result<Tensor> + Send + Sync> Pullback for Checkpoint<F> {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        self.run(at, true)
    }

    fn pull_fused(&self, at: &mut Pull<'_>) -> Result<()> {
        self.run(at, false)
    }

    /// The function may.
    fn may_refuse(&self) -> bool {
        true
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        self.again.saved(see);
    }
}
