//! Gated recurrent units over sequences.

use super::options::{RecurrentOptions, RecurrentOutput};
use super::parts::{Stack, miscounted};
use crate::layer::Layer;
use autograd_core::{Result, Tensor};
use rand::Rng;
use wengert_derive::Module;

/// Layers of gated recurrent units: [`Tensor::gru`] layer by layer, in one direction or both.
///
/// It is used as an [`LSTM`](crate::LSTM) is, and has the same names; its state is one tensor, `[layers W, N, H]`. The
/// gates r, z, n stand below each other, `weight_ih_l0: [3 H, D]`.
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
/// use autograd_core::{DType, Tensor, module::Module, seeded};
/// use wengert_nn::{GRU, Layer, RecurrentOptions};
/// let mut gru = GRU::with(3, 4, RecurrentOptions::new().bidirectional(true), &mut seeded(7))?;
/// let x = Tensor::randn(&[2, 1, 3], DType::F32, &mut seeded(8))?;
/// assert_eq!(gru.forward(&x)?.shape(), [2, 1, 8]);
///
/// // Without parameters the gate z is ½ and n is 0: a step halves the state.
/// let mut zeros = gru.state_dict();
/// for (name, parameter) in gru.state_dict().iter() {
///     zeros.insert(name, parameter.zeros_like());
/// }
/// gru.load_state_dict(&zeros)?;
/// let state = Tensor::full(&[2, 1, 4], 8.0, DType::F32)?;
/// assert_eq!(gru.run(&x, Some(&state))?.state.to_vec::<f32>()?, [2.0; 8]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Cho et al., Learning phrase representations using RNN encoder–decoder, 2014.
#[derive(Clone, Debug, Module)]
pub struct GRU {
    #[module(flatten)]
    stack: Stack,
}

recurrent!(GRU: 3, Tensor);

impl GRU {
    fn recur(&self, x: &Tensor, state: Option<&Tensor>, lengths: Option<&Tensor>) -> Result<RecurrentOutput> {
        let (output, state, _) = self.stack.run(
            "GRU",
            |x, [w_ih, w_hh], options| x.gru(w_ih, w_hh, options).map(|(y, h)| (y, h, None)),
            x,
            [state, None],
            lengths,
        )?;
        Ok(RecurrentOutput { output, state })
    }
}

#[cfg(test)]
cases![
    layer("GRU", |rng| GRU::new(3, 2, rng))
        .state(&["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"])
        .maps(&[4, 2, 3], &[4, 2, 2])
        .maps(&[4, 3], &[4, 2])
        .maps_with(&[&[3, 2, 3]], &[Tensor::from([3, 0])], &[&[3, 2, 2]])
        .refuses(&[4, 2, 4], "GRU: the input has shape [4, 2, 4], expected [L, N, 3] or [L, 3]")
        .refuses(&[0, 2, 3], "GRU: the input has shape [0, 2, 3], expected [L, N, 3] or [L, 3] with at least 1 step")
        .refuses_with(
            &[&[0, 2, 3]],
            &[Tensor::from([0, 0])],
            "GRU: the input has shape [0, 2, 3], expected [L, N, 3] or [L, 3] with at least 1 step",
        ),
    layer("GRU", |rng| {
        let options = RecurrentOptions::new().num_layers(2).bidirectional(true).dropout(0.5).bias(false);
        GRU::with(3, 2, options, rng)
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
    .runs(|gru: &GRU, all| {
        let RecurrentOutput { output, state } = gru.run(&all[0], all.get(1))?;
        Ok(vec![output, state])
    })
    .maps_all(&[&[3, 2, 3], &[4, 2, 2]], &[&[3, 2, 4], &[4, 2, 2]])
    .maps_all(&[&[3, 3]], &[&[3, 4], &[4, 2]])
    .refuses_all(&[&[3, 2, 3], &[4, 3, 2]], "GRU: the state has shape [4, 3, 2], expected [4, 2, 2]"),
    layer("GRU", |rng| GRU::new(0, 2, rng)).cannot_be("GRU: input_size is 0, it must be at least 1"),
    layer("GRU", |rng| GRU::with(3, 2, RecurrentOptions::new().proj_size(1), rng))
        .cannot_be("GRU: proj_size is 1, it must be 0: only LSTM has a projection"),
];
