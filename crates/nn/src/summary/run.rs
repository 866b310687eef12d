//! The run that a summary is made from, which leaves the model as it was.

use super::table::{Row, Summary};
use crate::layer::Layer;
use crate::observe::{Step, record};
use autograd_core::module::{Buffer, Item, Module, Path, Stream};
use autograd_core::{DType, Result, Tensor, no_grad};

/// How many samples run through the model: more than one, because some layers need several in training.
const BATCH: usize = 2;

/// A table of a model's layers, made by running a small batch of zeros through it; printing it prints the table.
///
/// `shape` is that of one sample, without the batch dimension, which the table shows as N; multiply-adds are those of
/// one sample: half of what a batch of two takes, so work that does not grow with the batch, as that on a weight which
/// is computed, counts by half. The zeros are of the dtype of the model's first parameter. The model stays as it is,
/// running statistics and positions of random streams included.
///
/// # Errors
/// If the model does not take such an input.
///
/// # Examples
/// ```
/// use wengert_nn::{Flatten, Linear, ReLU, sequential, summary};
/// let mut rng = autograd_core::seeded(7);
/// let model =
///     sequential![Flatten::new(), Linear::new(784, 256, &mut rng)?, ReLU, Linear::new(256, 10, &mut rng)?];
/// let table = summary(&model, &[1, 28, 28])?;
/// assert_eq!(table.trainable, 203_530);
/// assert_eq!(table.to_string(), "\
/// layer         output   parameters multiply-adds
/// ───────────────────────────────────────────────
/// 0 (Flatten)   [N, 784]          0             0
/// 1 (Linear)    [N, 256]    200,960       200,704
/// 2 (ReLU)      [N, 256]          0             0
/// 3 (Linear)    [N, 10]       2,570         2,560
/// ───────────────────────────────────────────────
/// trainable                 203,530
/// frozen                          0
/// bytes                     814,120
/// multiply-adds             203,264");
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn summary(model: &(impl Layer + ?Sized), shape: &[usize]) -> Result<Summary> {
    let dtype = model.parameters().iter().map(|param| param.dtype()).find(|dtype| dtype.is_float());
    let batch: Vec<usize> = std::iter::once(BATCH).chain(shape.iter().copied()).collect();
    let x = Tensor::zeros(&batch, dtype.unwrap_or(DType::F32))?;
    run(model, || model.forward(&x), Some(BATCH))
}

/// Like [`summary`], but for an input of any dtype and shape; the table shows all sizes as they are.
///
/// # Errors
/// If the model does not take the input.
///
/// # Examples
/// ```
/// # use autograd_core::{DType, Tensor};
/// # use wengert_nn::{Linear, summary_of};
/// let mut rng = autograd_core::seeded(7);
/// let table = summary_of(&Linear::new(3, 2, &mut rng)?, &Tensor::zeros(&[7, 5, 3], DType::F32)?)?;
/// assert_eq!(table.rows[0].output, "[7, 5, 2]");
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn summary_of(model: &(impl Layer + ?Sized), x: &Tensor) -> Result<Summary> {
    run(model, || model.forward(x), None)
}

/// Like [`summary_of`], but for a model whose `forward` is its own: several inputs, or none. The table is made of the
/// parts that `forward` runs by [`Layer::call`].
///
/// # Errors
/// Those of `forward`.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Result, Tensor, seeded};
/// use wengert_nn::{Layer, Linear, Module, summary_with};
///
/// #[derive(Module)]
/// struct Pair { left: Linear, right: Linear }
///
/// impl Pair {
///     fn forward(&self, a: &Tensor, b: &Tensor) -> Result<Tensor> {
///         self.left.call("left", a)?.try_mul(&self.right.call("right", b)?)
///     }
/// }
///
/// let mut rng = seeded(7);
/// let pair = Pair { left: Linear::new(4, 2, &mut rng)?, right: Linear::new(3, 2, &mut rng)? };
/// let (a, b) = (Tensor::zeros(&[5, 4], DType::F32)?, Tensor::zeros(&[5, 3], DType::F32)?);
/// let table = summary_with(&pair, |pair| pair.forward(&a, &b))?;
/// assert_eq!(table.to_string(), "\
/// layer          output parameters multiply-adds
/// ──────────────────────────────────────────────
/// left (Linear)  [5, 2]         10            40
/// right (Linear) [5, 2]          8            30
/// ──────────────────────────────────────────────
/// trainable                     18
/// frozen                         0
/// bytes                         72
/// multiply-adds                 70");
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn summary_with<M: Module + ?Sized>(model: &M, forward: impl FnOnce(&M) -> Result<Tensor>) -> Result<Summary> {
    run(model, || forward(model), None)
}

fn run(
    model: &(impl Module + ?Sized),
    forward: impl FnOnce() -> Result<Tensor>,
    batch: Option<usize>,
) -> Result<Summary> {
    let mut summary = Summary::default();
    model.visit(&Path::root(), &mut |_, item| match item {
        Item::Param(param) => {
            let count = if param.is_trainable() { &mut summary.trainable } else { &mut summary.frozen };
            *count += param.numel();
            summary.bytes += param.numel() * param.dtype().size();
        }
        Item::Buffer(buffer) => {
            let value = buffer.get();
            summary.bytes += value.numel() * value.dtype().size();
        }
        _ => {}
    });
    let unchanged = Unchanged::of(model);
    let steps = no_grad(|| record(model, forward))?;
    drop(unchanged);
    summary.rows = steps.into_iter().map(|step| row(step, batch)).collect();
    summary.multiply_adds = summary.rows.iter().map(|row| row.multiply_adds).sum();
    Ok(summary)
}

/// Puts back what a run changes, also after an error or a panic.
pub(crate) struct Unchanged<'m> {
    streams: Vec<(&'m Stream, u64)>,
    buffers: Vec<(&'m Buffer, Tensor)>,
}

impl<'m> Unchanged<'m> {
    /// The model as it is now.
    pub(crate) fn of(model: &'m (impl Module + ?Sized)) -> Unchanged<'m> {
        let mut unchanged = Unchanged { streams: Vec::new(), buffers: Vec::new() };
        model.visit(&Path::root(), &mut |_, item| match item {
            Item::Buffer(buffer) => unchanged.buffers.push((buffer, buffer.get())),
            Item::Stream(stream) => unchanged.streams.push((stream, stream.position().1)),
            _ => {}
        });
        unchanged
    }
}

impl Drop for Unchanged<'_> {
    fn drop(&mut self) {
        self.streams.drain(..).for_each(|(stream, drawn)| stream.seek(drawn));
        self.buffers.drain(..).for_each(|(buffer, value)| buffer.set(value));
    }
}

fn row(step: Step, batch: Option<usize>) -> Row {
    let Step { name, kind, output, parameters, bytes, multiply_adds } = step;
    let multiply_adds = multiply_adds / batch.unwrap_or(1) as u64;
    let output = output.map_or(String::new(), |shape| match (&shape[..], batch) {
        ([first, rest @ ..], Some(batch)) if *first == batch => {
            format!(
                "[{}]",
                std::iter::once("N".into()).chain(rest.iter().map(usize::to_string)).collect::<Vec<_>>().join(", ")
            )
        }
        _ => shape.to_string(),
    });
    Row { name, kind: kind.into(), output, parameters, bytes, multiply_adds }
}
