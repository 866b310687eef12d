//! The results of recurrent layers.

use autograd_core::Tensor;

/// What a recurrent layer gives for sequences: the outputs of all steps, and the state after the last.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor, seeded};
/// use wengert_nn::{GRU, RecurrentOutput};
/// let gru = GRU::new(3, 4, &mut seeded(7))?;
/// let RecurrentOutput { output, state } = gru.run(&Tensor::ones(&[5, 2, 3], DType::F32)?, None)?;
/// assert_eq!((output.shape(), state.shape()), (&[5, 2, 4][..], &[1, 2, 4][..]));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RecurrentOutput<S = Tensor> {
    /// The outputs of the last layer, step by step.
    pub output: Tensor,
    /// The states of all layers after the last step.
    pub state: S,
}

/// The state of an [`LSTM`](crate::LSTM) or [`LSTMCell`](crate::LSTMCell).
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor, seeded};
/// use wengert_nn::{LSTM, LSTMState};
/// let lstm = LSTM::new(3, 4, &mut seeded(7))?;
/// let x = Tensor::ones(&[5, 2, 3], DType::F32)?;
/// let start = LSTMState { h: Tensor::zeros(&[1, 2, 4], DType::F32)?, c: Tensor::ones(&[1, 2, 4], DType::F32)? };
/// let state = lstm.run(&x, Some(&start))?.state;
/// assert!(state.c.is_tracked() && !state.detach().c.is_tracked());
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct LSTMState {
    /// The hidden state.
    pub h: Tensor,
    /// The cell.
    pub c: Tensor,
}

impl LSTMState {
    /// The same numbers without their history: for the next part of a sequence that is trained in parts.
    pub fn detach(&self) -> LSTMState {
        LSTMState { h: self.h.detach(), c: self.c.detach() }
    }
}
