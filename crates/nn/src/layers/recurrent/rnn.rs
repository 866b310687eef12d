//! Recurrent layers without gates over sequences.

use super::options::{RecurrentNonlinearity, RecurrentOptions, RecurrentOutput};
use super::parts::{Operation, Stack, miscounted};
use crate::layer::Layer;
use autograd_core::{Result, Tensor};
use rand::Rng;
use wengert_derive::Module;

/// Recurrent layers without gates: [`Tensor::rnn_tanh`] or [`Tensor::rnn_relu`] layer by layer, in one direction or
/// both.
///
/// It is used as an [`LSTM`](crate::LSTM) is, and has the same names; its state is one tensor, `[layers W, N, H]`, and
/// `weight_ih_l0` is `[H, D]`.
///
/// # Shapes
/// `x: [L, N, D] → [L, N, W H]`, or `[N, L, D] → [N, L, W H]` with the batch first, or each without N; W is 1, or 2
/// with both directions.
///
/// # Errors
/// The constructors fail if an option is not valid; `forward` if the input does not fit or has no step.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Module, seeded};
/// use wengert_nn::{Layer, RNN, RecurrentNonlinearity, RecurrentOptions};
/// let options = RecurrentOptions::new().nonlinearity(RecurrentNonlinearity::ReLU).bias(false);
/// let mut rnn = RNN::with(1, 1, options, &mut seeded(7))?;
/// let mut ones = rnn.state_dict();
/// for name in ["weight_ih_l0", "weight_hh_l0"] {
///     ones.insert(name, Tensor::from([[1.0]]));
/// }
/// rnn.load_state_dict(&ones)?;
/// let x = Tensor::from([[1.0], [2.0], [-9.0]]);
/// assert_eq!(rnn.forward(&x)?.to_vec::<f32>()?, [1.0, 3.0, 0.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Elman, Finding structure in time, 1990.
#[derive(Clone, Debug, Module)]
pub struct RNN {
    #[module(flatten)]
    stack: Stack,
}

recurrent!(RNN: 1, Tensor);

impl RNN {
    fn recur(&self, x: &Tensor, state: Option<&Tensor>, lengths: Option<&Tensor>) -> Result<RecurrentOutput> {
        let operation: Operation = match self.stack.options.nonlinearity.unwrap_or_default() {
            RecurrentNonlinearity::Tanh => {
                |x, [w_ih, w_hh], options| x.rnn_tanh(w_ih, w_hh, options).map(|(y, h)| (y, h, None))
            }
            RecurrentNonlinearity::ReLU => {
                |x, [w_ih, w_hh], options| x.rnn_relu(w_ih, w_hh, options).map(|(y, h)| (y, h, None))
            }
        };
        let (output, state, _) = self.stack.run("RNN", operation, x, [state, None], lengths)?;
        Ok(RecurrentOutput { output, state })
    }
}

#[cfg(test)]
cases![
    layer("RNN", |rng| RNN::new(3, 2, rng))
        .state(&["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"])
        .maps(&[4, 2, 3], &[4, 2, 2])
        .maps(&[4, 3], &[4, 2])
        .maps_with(&[&[3, 2, 3]], &[Tensor::from([2, 3])], &[&[3, 2, 2]])
        .maps(&[2, 0, 3], &[2, 0, 2])
        .refuses(&[4, 2, 4], "RNN: the input has shape [4, 2, 4], expected [L, N, 3] or [L, 3]")
        .refuses(&[0, 2, 3], "RNN: the input has shape [0, 2, 3], expected [L, N, 3] or [L, 3] with at least 1 step")
        .refuses(&[0, 3], "RNN: the input has shape [0, 3], expected [L, N, 3] or [L, 3] with at least 1 step"),
    layer("RNN", |rng| {
        let options = RecurrentOptions::new().nonlinearity(RecurrentNonlinearity::ReLU).num_layers(2);
        RNN::with(3, 4, options.batch_first(true).bidirectional(true).bias(false), rng)
    })
    .state(&[
        "weight_ih_l0",
        "weight_hh_l0",
        "weight_ih_l0_reverse",
        "weight_hh_l0_reverse",
        "weight_ih_l1",
        "weight_hh_l1",
        "weight_ih_l1_reverse",
        "weight_hh_l1_reverse",
    ])
    .runs(|rnn: &RNN, all| {
        let RecurrentOutput { output, state } = rnn.run(&all[0], all.get(1))?;
        Ok(vec![output, state])
    })
    .maps_all(&[&[2, 3, 3], &[4, 2, 4]], &[&[2, 3, 8], &[4, 2, 4]])
    .refuses(&[2, 0, 3], "RNN: the input has shape [2, 0, 3], expected [N, L, 3] or [L, 3] with at least 1 step")
    .refuses_all(&[&[2, 3, 3], &[1, 2, 4]], "RNN: the state has shape [1, 2, 4], expected [4, 2, 4]"),
    layer("RNN", |rng| RNN::with(3, 2, RecurrentOptions::new().num_layers(0), rng))
        .cannot_be("RNN: num_layers is 0, it must be at least 1"),
];
