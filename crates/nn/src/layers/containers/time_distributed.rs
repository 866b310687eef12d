//! One layer for each step of a sequence.

use crate::layer::Layer;
use crate::observe::unseen;
use autograd_core::check::Check;
use autograd_core::{Error, Result, Tensor};
use wengert_derive::Module;

/// One layer for each step of a sequence: `y[n, t] = layer(x)[n, t]`, by a batch of N·T samples.
///
/// The layer sees all steps at once: batch statistics are those of the steps together, and dropout draws for each step.
///
/// # Shapes
/// `x: [N, T, ..]`; the layer maps `[N·T, ..] → [N·T, ..]`, and the result is `[N, T, ..]`.
///
/// # Errors
/// `forward` fails if the input has fewer than two dims, or the layer fails or gives another number of samples.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Flatten, Layer, MaxPool2d, TimeDistributed, sequential};
/// let frames = TimeDistributed::new(sequential![MaxPool2d::new([2, 1]), Flatten::new()]);
/// // A video of two frames, of one channel each.
/// let videos = Tensor::from([[[[[1.0, 8.0], [3.0, 4.0]]], [[[5.0, 6.0], [0.0, 7.0]]]]]);
/// let y = frames.forward(&videos)?;
/// assert_eq!((y.shape(), y.to_vec::<f32>()?), (&[1, 2, 2][..], vec![3.0, 8.0, 5.0, 7.0]));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Module)]
pub struct TimeDistributed<L> {
    layer: L,
}

impl<L: Layer> TimeDistributed<L> {
    /// This layer for each step.
    pub fn new(layer: L) -> TimeDistributed<L> {
        TimeDistributed { layer }
    }
}

impl<L: Layer> Layer for TimeDistributed<L> {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let [n, t, inner @ ..] = x.shape() else {
            return Err(Error::shape("TimeDistributed", "the input", x.shape(), "[N, T, ..]"));
        };
        let samples: Vec<usize> = std::iter::once(n * t).chain(inner.iter().copied()).collect();
        // One row in a summary, with the shape that it has outside.
        let samples = x.reshape(&samples)?;
        let y = unseen(|| self.layer.call("layer", &samples))?;
        let check = Check("TimeDistributed");
        check.require(
            y.shape().first() == Some(&(n * t)),
            "the shape of the output",
            y.shape(),
            format!("[{}, ..]", n * t),
        )?;
        let steps: Vec<usize> = [*n, *t].into_iter().chain(y.shape()[1..].iter().copied()).collect();
        y.reshape(&steps)
    }
}

#[cfg(test)]
mod tests {
    use super::TimeDistributed;
    use crate::{BatchNorm1d, Lambda, Linear};
    use autograd_core::Tensor;

    cases![
        layer("TimeDistributed", |rng| Ok(TimeDistributed::new(Linear::new(3, 2, rng)?)))
            .state(&["layer.weight", "layer.bias"])
            .maps(&[2, 4, 3], &[2, 4, 2])
            .maps(&[2, 0, 3], &[2, 0, 2])
            .refuses(&[3], "TimeDistributed: the input has shape [3], expected [N, T, ..]")
            .refuses(&[2, 4, 2], "in layer (Linear): linear: inner dimensions differ: [8, 2] × [3, 2] (2 ≠ 3)"),
        layer("TimeDistributed", |_| Ok(TimeDistributed::new(BatchNorm1d::new(3)?)))
            .state(&[
                "layer.weight",
                "layer.bias",
                "layer.running_mean",
                "layer.running_var",
                "layer.num_batches_tracked"
            ])
            .maps(&[2, 2, 3], &[2, 2, 3]),
        layer("TimeDistributed", |_| Ok(TimeDistributed::new(Lambda::named("sum", |x: &Tensor| Ok(x.sum())))))
            .refuses(&[2, 3], "TimeDistributed: the shape of the output is [], it must be [6, ..]"),
    ];
}
