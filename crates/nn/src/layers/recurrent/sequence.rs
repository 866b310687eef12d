//! Any cell over a sequence.

use super::{GRUCell, LSTMCell, LSTMState, RNNCell, RecurrentOutput};
use crate::layer::Layer;
use crate::observe::{self, unseen};
use autograd_core::module::Module;
use autograd_core::{Error, ErrorKind, Result, Tensor};
use wengert_derive::Module;

/// A single step of a recurrence, with a state of any type.
///
/// [`RNNCell`], [`GRUCell`] and [`LSTMCell`] are cells, and a `Vec` of cells is the stack of them: each takes what the
/// one before it gives. [`Recurrent`] runs a cell over a sequence.
///
/// # Examples
/// A sum in which the past fades:
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, Module, Recurrent, RecurrentCell, Result};
///
/// #[derive(Clone, Debug, Module)]
/// struct Fading { keep: f64 }
///
/// impl RecurrentCell for Fading {
///     type State = Tensor;
///     fn advance(&self, x: &Tensor, state: Option<&Tensor>) -> Result<(Tensor, Tensor)> {
///         let h = state.map_or_else(|| Ok(x.clone()), |h| h.mul_scalar(self.keep).try_add(x))?;
///         Ok((h.clone(), h))
///     }
/// }
///
/// let fading = Recurrent::new(Fading { keep: 0.5 });
/// assert_eq!(fading.forward(&Tensor::from([1.0, 1.0, 1.0]))?.to_vec::<f32>()?, [1.0, 1.5, 1.75]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub trait RecurrentCell: Module + Send + Sync {
    /// What a step leaves to the next one.
    type State;

    /// The output of a step, and the state after it; `None` is the state that a sequence starts from.
    ///
    /// # Errors
    /// If the input or the state does not fit.
    fn advance(&self, x: &Tensor, state: Option<&Self::State>) -> Result<(Tensor, Self::State)>;
}

/// Cells whose output is their state.
macro_rules! cells_of_one_state {
    ($($Name:ident),*) => {$(
        impl RecurrentCell for $Name {
            type State = Tensor;
            fn advance(&self, x: &Tensor, state: Option<&Tensor>) -> Result<(Tensor, Tensor)> {
                let h = self.step(x, state)?;
                Ok((h.clone(), h))
            }
        }
    )*};
}

cells_of_one_state!(RNNCell, GRUCell);

impl RecurrentCell for LSTMCell {
    type State = LSTMState;
    fn advance(&self, x: &Tensor, state: Option<&LSTMState>) -> Result<(Tensor, LSTMState)> {
        let state = self.step(x, state)?;
        Ok((state.h.clone(), state))
    }
}

/// The stack: the states are those of the cells, in their order.
impl<C: RecurrentCell> RecurrentCell for Vec<C> {
    type State = Vec<C::State>;
    fn advance(&self, x: &Tensor, state: Option<&Vec<C::State>>) -> Result<(Tensor, Vec<C::State>)> {
        if let Some(state) = state.filter(|state| state.len() != self.len()) {
            let text = format!("Recurrent: {} states do not belong to {} cells", state.len(), self.len());
            return Err(Error::new(ErrorKind::Argument, text));
        }
        let (mut y, mut states) = (x.clone(), Vec::with_capacity(self.len()));
        for (i, cell) in self.iter().enumerate() {
            let (output, after) = called(cell, i, &y, state.map(|state| &state[i]))?;
            y = output;
            states.push(after);
        }
        Ok((y, states))
    }
}

/// A step of a cell as the part of this name.
fn called<C: RecurrentCell>(
    cell: &C,
    name: impl std::fmt::Display,
    x: &Tensor,
    state: Option<&C::State>,
) -> Result<(Tensor, C::State)> {
    let mut after = None;
    let y = observe::call(cell, name, &[x], || {
        let (y, state) = cell.advance(x, state)?;
        after = Some(state);
        Ok(y)
    })?;
    Ok((y, after.unwrap_or_else(|| unreachable!("a step that has returned has left a state"))))
}

/// A [`RecurrentCell`] over a sequence, step by step.
///
/// ```text
/// yₜ, sₜ = cell(xₜ, sₜ₋₁)
/// ```
///
/// `forward` gives the outputs of all steps. What is behind the end of a shorter sequence is a step like all others:
/// the layers [`RNN`](crate::RNN), [`GRU`](crate::GRU) and [`LSTM`](crate::LSTM) take lengths, run in both directions,
/// and are faster, for they compute the input's part of all steps at once.
///
/// # Shapes
/// `x: [L, ..] → [L, ..]`, or `[N, L, ..] → [N, L, ..]` with the batch first; the cell maps a step, `[..] → [..]`.
///
/// # Errors
/// `forward` fails if there is no dim of steps or no step in it, or where the cell fails.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor, module::Module, seeded};
/// use wengert_nn::{GRUCell, Recurrent};
/// let mut rng = seeded(7);
/// let cells = vec![GRUCell::new(3, 4, &mut rng)?, GRUCell::new(4, 2, &mut rng)?];
/// let stack = Recurrent::new(cells).batch_first(true);
/// assert_eq!(stack.named_parameters()[4].0, "cell.1.weight_ih");
/// let x = Tensor::randn(&[2, 5, 3], DType::F32, &mut rng)?;
/// let (whole, first) = (stack.run(&x, None)?, stack.run(&x.narrow(1, 0, 2)?, None)?);
/// assert_eq!((whole.output.shape(), whole.state[1].shape()), (&[2, 5, 2][..], &[2, 2][..]));
/// let rest = stack.run(&x.narrow(1, 2, 3)?, Some(&first.state))?;
/// assert_eq!(rest.state[1].to_vec::<f32>()?, whole.state[1].to_vec::<f32>()?);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # Differs from
/// Keras's `RNN`, which gives the last output unless it is asked for all; here that is `y.select(0, -1)`.
#[derive(Clone, Debug, Module)]
pub struct Recurrent<C> {
    /// The cell.
    pub cell: C,
    batch_first: bool,
}

impl<C> Recurrent<C> {
    /// A layer of this cell.
    pub fn new(cell: C) -> Recurrent<C> {
        Recurrent { cell, batch_first: false }
    }

    /// Whether inputs are `[N, L, ..]` instead of `[L, ..]`. Default false.
    #[must_use]
    pub fn batch_first(mut self, batch_first: bool) -> Recurrent<C> {
        self.batch_first = batch_first;
        self
    }
}

impl<C: RecurrentCell> Recurrent<C> {
    /// The outputs of all steps and the state after the last, from this state on, or from the cell's own.
    ///
    /// # Errors
    /// As for `forward`, and if the state does not fit.
    pub fn run(&self, x: &Tensor, state: Option<&C::State>) -> Result<RecurrentOutput<C::State>> {
        let dim = usize::from(self.batch_first);
        if x.shape().get(dim).is_none_or(|steps| *steps == 0) {
            let expected = if self.batch_first { "[N, L, ..]" } else { "[L, ..]" };
            let expected = format!("{expected} with at least 1 step");
            return Err(Error::shape("Recurrent", "the input", x.shape(), expected));
        }
        let (mut outputs, mut last) = (Vec::new(), None);
        for x in x.unbind(dim)? {
            // No row of a summary for each step.
            let (y, after) = unseen(|| called(&self.cell, "cell", &x, last.as_ref().or(state)))?;
            outputs.push(y);
            last = Some(after);
        }
        let output = Tensor::stack(&outputs.iter().collect::<Vec<_>>(), dim)?;
        let state = last.unwrap_or_else(|| unreachable!("there is at least one step"));
        Ok(RecurrentOutput { output, state })
    }
}

impl<C: RecurrentCell> Layer for Recurrent<C> {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(self.run(x, None)?.output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GRU, LSTM, RecurrentOptions};
    use autograd_core::{DType, seeded};

    /// Loads a layer's parameters into cells: `weight_ih_l1` into `cell.1.weight_ih`, or `cell.weight_ih` of a single
    /// one.
    fn load(cells: &mut impl Module, layer: &impl Module, name: fn(&str, &str) -> String) -> Result<()> {
        let (mut state, from) = (cells.state_dict(), layer.state_dict());
        for (key, value) in from.iter() {
            let (part, position) = key.rsplit_once("_l").expect("a layer's name");
            state.insert(name(part, position), value.clone());
        }
        cells.load_state_dict(&state).map(drop)
    }

    fn near(got: &Tensor, want: &Tensor) -> Result<()> {
        assert_eq!(got.shape(), want.shape());
        let far = got.try_sub(want)?.abs().max()?.item::<f32>()?;
        assert!(far < 1e-6, "off by {far}");
        Ok(())
    }

    #[test]
    fn a_cell_over_a_sequence_is_the_layer() -> Result<()> {
        let rng = &mut seeded(7);
        let (gru, x) = (GRU::new(3, 2, rng)?, Tensor::randn(&[4, 5, 3], DType::F32, &mut seeded(8))?);
        let mut cell = Recurrent::new(GRUCell::new(3, 2, rng)?);
        load(&mut cell, &gru, |part, _| format!("cell.{part}"))?;
        let (got, want) = (cell.run(&x, None)?, gru.run(&x, None)?);
        near(&got.output, &want.output)?;
        near(&got.state, &want.state.squeeze(&[0])?)?;
        let (got, want) = (cell.run(&x, Some(&got.state))?, gru.run(&x, Some(&want.state))?);
        near(&got.output, &want.output)
    }

    #[test]
    fn a_stack_of_cells_is_the_layer_of_several() -> Result<()> {
        let rng = &mut seeded(7);
        let options = RecurrentOptions::new().num_layers(2).batch_first(true);
        let (lstm, x) = (LSTM::with(3, 2, options, rng)?, Tensor::randn(&[4, 5, 3], DType::F32, &mut seeded(8))?);
        let cells = vec![LSTMCell::new(3, 2, rng)?, LSTMCell::new(2, 2, rng)?];
        let mut stack = Recurrent::new(cells).batch_first(true);
        load(&mut stack, &lstm, |part, position| format!("cell.{position}.{part}"))?;
        let (got, want) = (stack.run(&x, None)?, lstm.run(&x, None)?);
        near(&got.output, &want.output)?;
        near(&got.state[0].c, &want.state.c.select(0, 0)?)?;
        near(&got.state[1].h, &want.state.h.select(0, 1)?)
    }

    #[test]
    fn states_are_as_many_as_cells() -> Result<()> {
        let stack = Recurrent::new(vec![GRUCell::new(3, 2, &mut seeded(7))?]);
        let x = Tensor::ones(&[1, 3], DType::F32)?;
        let error = stack.run(&x, Some(&vec![])).expect_err("one cell, no state").to_string();
        assert_eq!(error, "in cell (module): Recurrent: 0 states do not belong to 1 cells");
        Ok(())
    }

    cases![
        layer("Recurrent", |rng| Ok(Recurrent::new(GRUCell::new(3, 2, rng)?)))
            .state(&["cell.weight_ih", "cell.weight_hh", "cell.bias_ih", "cell.bias_hh"])
            .maps(&[4, 2, 3], &[4, 2, 2])
            .maps(&[4, 3], &[4, 2])
            .maps(&[2, 0, 3], &[2, 0, 2])
            .refuses(&[], "Recurrent: the input has shape [], expected [L, ..] with at least 1 step")
            .refuses(&[0, 2, 3], "Recurrent: the input has shape [0, 2, 3], expected [L, ..] with at least 1 step")
            .refuses(&[4, 2, 2], "in cell (GRUCell): GRUCell: the input has shape [2, 2], expected [N, 3] or [3]"),
        layer("Recurrent", |rng| {
            let cells = vec![RNNCell::new(3, 2, rng)?, RNNCell::new(2, 4, rng)?];
            Ok(Recurrent::new(cells).batch_first(true))
        })
        .state(&[
            "cell.0.weight_ih",
            "cell.0.weight_hh",
            "cell.0.bias_ih",
            "cell.0.bias_hh",
            "cell.1.weight_ih",
            "cell.1.weight_hh",
            "cell.1.bias_ih",
            "cell.1.bias_hh"
        ])
        .maps(&[2, 3, 3], &[2, 3, 4])
        .refuses(&[3], "Recurrent: the input has shape [3], expected [N, L, ..] with at least 1 step")
        .refuses(&[2, 3, 2], "in cell.0 (RNNCell): RNNCell: the input has shape [2, 2], expected [N, 3] or [3]"),
    ];
}
