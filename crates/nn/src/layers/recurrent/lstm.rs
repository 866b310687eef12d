//! Long short-term memory over sequences.

use super::options::{LSTMState, RecurrentOptions, RecurrentOutput};
use super::parts::{Stack, miscounted};
use crate::layer::Layer;
use autograd_core::{Result, Tensor};
use rand::Rng;
use wengert_derive::Module;

/// Layers of long short-term memory: [`Tensor::lstm`] layer by layer, in one direction or both.
///
/// `forward` gives the outputs of all steps, as PyTorch's does before its states, so that layers stand on each other;
/// for the last one only, a [`sequential!`](crate::sequential) has `|y: &Tensor| y.select(0, -1)` behind it (`1` if the
/// batch comes first). `forward_all` takes lengths behind the input. [`LSTM::run`] takes and gives states.
///
/// Parameters have PyTorch's names and layouts, `weight_ih_l0: [4 H, D]`, `weight_hh_l0: [4 H, P]`, `bias_ih_l0: [4
/// H]`, `bias_hh_l0`, `weight_hr_l0: [P, H]` for a projection, then the same of `l0_reverse` and `l1`, with the gates
/// i, f, g, o below each other. They start uniform in `±1/√H`.
///
/// # Shapes
/// `x: [L, N, D] → [L, N, W P]`, or `[N, L, D] → [N, L, W P]` with the batch first, or each without N; W is 1, or 2
/// with both directions; P is H, or the size of the projection. States: `h: [layers W, N, P]`, `c: [layers W, N, H]`,
/// those of the second direction behind those of the first.
///
/// # Errors
/// The constructors fail if an option is not valid; `forward` if the input does not fit or has no step.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor, module::Module, seeded};
/// use wengert_nn::{LSTM, LSTMState, Layer, Linear, RecurrentOptions, sequential};
/// let mut rng = seeded(7);
/// let options = RecurrentOptions::new().num_layers(2).batch_first(true);
/// let lstm = LSTM::with(3, 4, options, &mut rng)?;
/// let model = sequential![lstm, |y: &Tensor| y.select(1, -1), Linear::new(4, 1, &mut rng)?];
/// assert_eq!(model.forward(&Tensor::ones(&[2, 5, 3], DType::F32)?)?.shape(), [2, 1]);
/// assert_eq!(model.named_parameters()[4].0, "0.weight_ih_l1");
///
/// // Without parameters the gates are ½ and g is 0: a step halves the cell, and h is ½ tanh(c).
/// let mut lstm = LSTM::new(1, 1, &mut rng)?;
/// let mut zeros = lstm.state_dict();
/// for (name, parameter) in lstm.state_dict().iter() {
///     zeros.insert(name, parameter.zeros_like());
/// }
/// lstm.load_state_dict(&zeros)?;
/// let start = LSTMState { h: Tensor::from([[0.0]]), c: Tensor::from([[4.0]]) };
/// let LSTMState { h, c } = lstm.run(&Tensor::from([[7.0], [-7.0]]), Some(&start))?.state;
/// assert_eq!(c.item::<f32>()?, 1.0);
/// assert!((h.item::<f32>()? - 0.5 * 1f32.tanh()).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Hochreiter, Schmidhuber, Long short-term memory, 1997.
#[derive(Clone, Debug, Module)]
pub struct LSTM {
    #[module(flatten)]
    stack: Stack,
}

recurrent!(LSTM: 4, LSTMState);

impl LSTM {
    fn recur(
        &self,
        x: &Tensor,
        state: Option<&LSTMState>,
        lengths: Option<&Tensor>,
    ) -> Result<RecurrentOutput<LSTMState>> {
        let start = [state.map(|state| &state.h), state.map(|state| &state.c)];
        let (output, h, c) = self.stack.run(
            "LSTM",
            |x, [w_ih, w_hh], options| x.lstm(w_ih, w_hh, options).map(|(y, h, c)| (y, h, Some(c))),
            x,
            start,
            lengths,
        )?;
        let Some(c) = c else { unreachable!("there is a layer, and each has a cell") };
        Ok(RecurrentOutput { output, state: LSTMState { h, c } })
    }
}

#[cfg(test)]
cases![
    layer("LSTM", |rng| LSTM::new(3, 2, rng))
        .state(&["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"])
        .maps(&[4, 2, 3], &[4, 2, 2])
        .maps(&[4, 3], &[4, 2])
        .maps(&[3, 0, 3], &[3, 0, 2])
        .maps_with(&[&[3, 2, 3]], &[Tensor::from([1, 3])], &[&[3, 2, 2]])
        .refuses(&[4, 2, 4], "LSTM: the input has shape [4, 2, 4], expected [L, N, 3] or [L, 3]")
        .refuses(&[3], "LSTM: the input has shape [3], expected [L, N, 3] or [L, 3]")
        .refuses(&[0, 2, 3], "LSTM: the input has shape [0, 2, 3], expected [L, N, 3] or [L, 3] with at least 1 step")
        .refuses_with(&[&[3, 3]], &[Tensor::from([1])], "LSTM: a single sequence has no lengths")
        .refuses_with(&[&[3, 2, 3]], &[Tensor::from([1, 4])], "lstm: sample 1 has length 4, which is not from 0 to 3",)
        .refuses_all(&[&[3, 2, 3], &[2], &[2]], "LSTM: takes 1 or 2 inputs, got 3"),
    layer("LSTM", |rng| {
        let options = RecurrentOptions::new().num_layers(2).bidirectional(true).proj_size(1);
        LSTM::with(3, 2, options.batch_first(true).dropout(0.5).bias(false), rng)
    })
    .state(&[
        "weight_ih_l0",
        "weight_hh_l0",
        "weight_hr_l0",
        "weight_ih_l0_reverse",
        "weight_hh_l0_reverse",
        "weight_hr_l0_reverse",
        "weight_ih_l1",
        "weight_hh_l1",
        "weight_hr_l1",
        "weight_ih_l1_reverse",
        "weight_hh_l1_reverse",
        "weight_hr_l1_reverse",
    ])
    .runs(|lstm: &LSTM, all| {
        let state = all.get(2).map(|c| LSTMState { h: all[1].clone(), c: c.clone() });
        let RecurrentOutput { output, state } = match all.get(3) {
            Some(lengths) => lstm.run_with_lengths(&all[0], lengths, state.as_ref())?,
            None => lstm.run(&all[0], state.as_ref())?,
        };
        Ok(vec![output, state.h, state.c])
    })
    .maps_all(&[&[3, 2, 3]], &[&[3, 2, 2], &[4, 3, 1], &[4, 3, 2]])
    .maps_with(&[&[2, 3, 3], &[4, 2, 1], &[4, 2, 2]], &[Tensor::from([3, 1])], &[&[2, 3, 2], &[4, 2, 1], &[4, 2, 2]],)
    .maps_all(&[&[3, 3], &[4, 1], &[4, 2]], &[&[3, 2], &[4, 1], &[4, 2]])
    .refuses(&[3, 2, 2], "LSTM: the input has shape [3, 2, 2], expected [N, L, 3] or [L, 3]")
    .refuses_all(&[&[3, 2, 3], &[4, 2, 1], &[4, 3, 2]], "LSTM: the state has shape [4, 2, 1], expected [4, 3, 1]",)
    .refuses_all(&[&[3, 2, 3], &[4, 3, 1], &[4, 3, 1]], "LSTM: the cell has shape [4, 3, 1], expected [4, 3, 2]",),
    layer("LSTM", |rng| LSTM::new(3, 0, rng)).cannot_be("LSTM: hidden_size is 0, it must be at least 1"),
    layer("LSTM", |rng| LSTM::with(3, 2, RecurrentOptions::new().proj_size(2), rng))
        .cannot_be("LSTM: proj_size is 2, it must be below 2, hidden_size"),
    layer("LSTM", |rng| LSTM::with(3, 2, RecurrentOptions::new().dropout(1.5), rng))
        .cannot_be("LSTM: dropout is 1.5, it must be in [0, 1]"),
    layer("LSTM", |rng| {
        LSTM::with(3, 2, RecurrentOptions::new().nonlinearity(crate::RecurrentNonlinearity::Tanh), rng)
    })
    .cannot_be("LSTM: nonlinearity is Tanh, it must be left out: only RNN and RNNCell have a choice"),
];
