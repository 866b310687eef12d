//! Sequences of different lengths, in parts, and step by step.

use super::*;
use autograd_core::module::{Module, StateDict};
use autograd_core::{DType, Result, Tensor, seeded};

fn near(got: &Tensor, want: &Tensor) -> Result<()> {
    assert_eq!(got.shape(), want.shape());
    let near = got.to_f64s().into_iter().zip(want.to_f64s()).all(|(got, want)| (got - want).abs() <= 1e-12);
    assert!(near, "{got} instead of {want}");
    Ok(())
}

fn numbers(shape: &[usize], seed: u64) -> Result<Tensor> {
    Tensor::randn(shape, DType::F64, &mut seeded(seed))
}

/// The parts of a state that have the samples in dim 1.
trait State {
    fn parts(&self) -> Vec<Tensor>;
    fn sample(&self, n: usize) -> Result<Self>
    where
        Self: Sized;
}

impl State for Tensor {
    fn parts(&self) -> Vec<Tensor> {
        vec![self.clone()]
    }
    fn sample(&self, n: usize) -> Result<Tensor> {
        self.select(1, n)
    }
}

impl State for LSTMState {
    fn parts(&self) -> Vec<Tensor> {
        vec![self.h.clone(), self.c.clone()]
    }
    fn sample(&self, n: usize) -> Result<LSTMState> {
        Ok(LSTMState { h: self.h.select(1, n)?, c: self.c.select(1, n)? })
    }
}

/// A test for each kind: its name, its layer, and a state of 4 directions and 3 samples.
macro_rules! each_kind {
    ($($name:ident: $Layer:ident, $state:expr;)*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn a_sample_with_a_length_is_computed_as_if_it_were_alone() -> Result<()> {
                for first in [false, true] {
                    let options = RecurrentOptions::new().num_layers(2).bidirectional(true).batch_first(first);
                    let mut layer = $Layer::with(3, 2, options, &mut seeded(7))?;
                    layer.to_dtype(DType::F64)?;
                    let (x, start, lengths) = (numbers(&[5, 3, 3], 8)?, $state, [5, 2, 3]);
                    let turned = |x: &Tensor| if first { x.transpose(0, 1) } else { Ok(x.clone()) };
                    let all = layer.run_with_lengths(&turned(&x)?, &Tensor::from(lengths), Some(&start))?;
                    let output = turned(&all.output)?;
                    for (n, length) in lengths.into_iter().enumerate() {
                        let length = usize::try_from(length).unwrap_or(0);
                        let alone = layer.run(&x.select(1, n)?.narrow(0, 0, length)?, Some(&start.sample(n)?))?;
                        let own = output.select(1, n)?;
                        near(&own.narrow(0, 0, length)?, &alone.output)?;
                        assert!(own.narrow(0, length, 5 - length)?.to_f64s().iter().all(|y| *y == 0.0));
                        for (got, want) in all.state.sample(n)?.parts().iter().zip(alone.state.parts()) {
                            near(got, &want)?;
                        }
                    }
                }
                Ok(())
            }
        }
    )*};
}

each_kind! {
    rnn: RNN, numbers(&[4, 3, 2], 9)?;
    gru: GRU, numbers(&[4, 3, 2], 9)?;
    lstm: LSTM, LSTMState { h: numbers(&[4, 3, 2], 9)?, c: numbers(&[4, 3, 2], 10)? };
}

/// The only layer's values under the names of a cell.
fn of_a_cell(layer: &impl Module) -> StateDict {
    layer.state_dict().map_keys(|name| name.replace("_l0", ""))
}

#[test]
fn steps_of_a_cell_are_the_whole_sequence() -> Result<()> {
    let (x, rng) = (numbers(&[4, 2, 3], 8)?.to_dtype(DType::F32), &mut seeded(7));
    let close = |got: &Tensor, want: &Tensor| {
        assert_eq!(got.shape(), want.shape());
        for (got, want) in got.to_f64s().into_iter().zip(want.to_f64s()) {
            assert!((got - want).abs() < 1e-6, "{got} {want}");
        }
    };
    let (rnn, mut cell) = (RNN::new(3, 2, rng)?, RNNCell::new(3, 2, rng)?);
    cell.load_state_dict(&of_a_cell(&rnn))?;
    let (all, mut h) = (rnn.run(&x, None)?, None);
    for t in 0..4 {
        h = Some(cell.step(&x.select(0, t)?, h.as_ref())?);
        close(h.as_ref().expect("a step was made"), &all.output.select(0, t)?);
    }
    let (gru, mut cell) = (GRU::new(3, 2, rng)?, GRUCell::new(3, 2, rng)?);
    cell.load_state_dict(&of_a_cell(&gru))?;
    let (all, mut h) = (gru.run(&x, None)?, None);
    for t in 0..4 {
        h = Some(cell.step(&x.select(0, t)?, h.as_ref())?);
        close(h.as_ref().expect("a step was made"), &all.output.select(0, t)?);
    }
    let (lstm, mut cell) = (LSTM::new(3, 2, rng)?, LSTMCell::new(3, 2, rng)?);
    cell.load_state_dict(&of_a_cell(&lstm))?;
    let (all, mut state) = (lstm.run(&x, None)?, None);
    for t in 0..4 {
        state = Some(cell.step(&x.select(0, t)?, state.as_ref())?);
        close(&state.as_ref().expect("a step was made").h, &all.output.select(0, t)?);
    }
    close(&state.expect("steps were made").c, &all.state.c.select(0, 0)?);
    Ok(())
}

/// Dropping stands between layers: one layer drops nothing, two do in training only.
#[test]
fn dropout_is_between_layers_in_training() -> Result<()> {
    let x = numbers(&[4, 2, 3], 8)?.to_dtype(DType::F32);
    for (layers, changes) in [(1, false), (2, true)] {
        let options = RecurrentOptions::new().num_layers(layers).dropout(0.5);
        let mut gru = GRU::with(3, 8, options, &mut seeded(7))?;
        let run = |gru: &GRU| Ok::<_, autograd_core::Error>(gru.run(&x, None)?.output.to_f64s());
        assert_eq!(run(&gru)? != run(&gru)?, changes);
        gru.eval();
        assert_eq!(run(&gru)?, run(&gru)?);
    }
    Ok(())
}
