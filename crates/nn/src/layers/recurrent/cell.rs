//! Single steps of recurrent layers as layers.

use super::options::{LSTMState, RecurrentCellOptions, RecurrentNonlinearity};
use super::parts::{checked, miscounted};
use crate::init::{Initializer, uniform};
use crate::layer::Layer;
use autograd_core::check::Check;
use autograd_core::module::Param;
use autograd_core::{DType, Error, ErrorKind, Result, Tensor};
use rand::Rng;
use wengert_derive::Module;

/// Cells from lines `Name: gates, their height, "title", "method" of the tensor, inputs of forward_all, h of an
/// input and weights of 1`.
macro_rules! cells {
    ($(
        $Name:ident: $gates:literal, $height:literal, $title:literal, $method:literal, $all:literal, $h:literal;
    )*) => {$(
        #[doc = concat!($title, ": [`Tensor::", $method, "`] as a layer.")]
        ///
        #[doc = concat!("`forward` gives h after a step from the state 0; `forward_all` takes ", $all, ".")]
        /// Parameters start uniform in `±1/√H`.
        ///
        /// # Shapes
        /// `x: [N, D]`, state `[N, H]` → `[N, H]`, or each without N.
        ///
        /// # Errors
        /// The constructors fail if a size is 0 or an option belongs to another cell; a step if the input or the state
        /// does not fit.
        ///
        /// # Examples
        /// ```
        /// use autograd_core::{Tensor, seeded};
        #[doc = concat!("use wengert_nn::{", stringify!($Name), ", Layer, RecurrentCellOptions};")]
        /// let options = RecurrentCellOptions::new().bias(false);
        #[doc = concat!("let mut cell = ", stringify!($Name), "::with(1, 1, options, &mut seeded(7))?;")]
        /// cell.weight_ih.set(cell.weight_ih.ones_like())?;
        /// let x = Tensor::from([[1.0]]);
        #[doc = concat!("assert!((cell.forward(&x)?.item::<f32>()? - ", $h, ").abs() < 1e-6);")]
        /// let first = cell.step(&x, None)?;
        /// assert!(cell.step(&x, Some(&first)).is_ok());
        /// # Ok::<(), wengert_nn::Error>(())
        /// ```
        #[derive(Clone, Debug, Module)]
        pub struct $Name {
            #[doc = concat!("The weight of the input, `[", $height, ", D]`.")]
            pub weight_ih: Param,
            #[doc = concat!("The weight of the state, `[", $height, ", H]`.")]
            pub weight_hh: Param,
            #[doc = concat!("The bias of the input's part, `[", $height, "]`, if there is one.")]
            pub bias_ih: Option<Param>,
            #[doc = concat!("The bias of the state's part, `[", $height, "]`, if there is one.")]
            pub bias_hh: Option<Param>,
            #[module(option)]
            nonlinearity: Option<RecurrentNonlinearity>,
        }

        impl $Name {
            /// A cell from `input_size` (D) to `hidden_size` (H) features, with the default options.
            ///
            /// # Errors
            /// If a size is 0.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_nn::", stringify!($Name), ";")]
            #[doc = concat!("let cell = ", stringify!($Name), "::new(3, 2, &mut autograd_core::seeded(7))?;")]
            #[doc = concat!("assert_eq!(cell.weight_ih.shape(), [", stringify!($gates), " * 2, 3]);")]
            /// # Ok::<(), wengert_nn::Error>(())
            /// ```
            pub fn new(input_size: usize, hidden_size: usize, rng: &mut dyn Rng) -> Result<$Name> {
                $Name::with(input_size, hidden_size, RecurrentCellOptions::new(), rng)
            }

            /// A cell from `input_size` (D) to `hidden_size` (H) features.
            ///
            /// # Errors
            /// If a size is 0, or an option belongs to another cell.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_nn::{", stringify!($Name), ", RecurrentCellOptions};")]
            /// let options = RecurrentCellOptions::new().bias(false);
            #[doc = concat!("let cell = ", stringify!($Name), "::with(3, 2, options, &mut autograd_core::seeded(7))?;")]
            /// assert!(cell.bias_hh.is_none());
            /// # Ok::<(), wengert_nn::Error>(())
            /// ```
            pub fn with(
                input_size: usize,
                hidden_size: usize,
                options: RecurrentCellOptions,
                rng: &mut dyn Rng,
            ) -> Result<$Name> {
                let sizes = [("input_size", input_size), ("hidden_size", hidden_size)];
                let name = stringify!($Name);
                checked(Check(name), &sizes, options.nonlinearity, name == "RNNCell")?;
                let bound = 1.0 / (hidden_size as f64).sqrt();
                let all = hidden_size.saturating_mul($gates);
                let mut start = |shape: &[usize]| Param::new(uniform(-bound, bound).tensor(shape, DType::F32, rng)?);
                Ok($Name {
                    weight_ih: start(&[all, input_size])?,
                    weight_hh: start(&[all, hidden_size])?,
                    bias_ih: options.bias.then(|| start(&[all])).transpose()?,
                    bias_hh: options.bias.then(|| start(&[all])).transpose()?,
                    nonlinearity: options.nonlinearity,
                })
            }

            fn biases(&self) -> Option<[&Tensor; 2]> {
                self.bias_ih.as_deref().zip(self.bias_hh.as_deref()).map(|(b_ih, b_hh)| [b_ih, b_hh])
            }

            /// The state 0 for this input, which must fit.
            fn zero(&self, x: &Tensor) -> Result<Tensor> {
                let check = Check(stringify!($Name));
                if self.bias_ih.is_some() != self.bias_hh.is_some() {
                    let text = concat!(stringify!($Name), ": of bias_ih and bias_hh one is missing; they go together");
                    return Err(Error::new(ErrorKind::State, text));
                }
                let [_, d] = check.shape("weight_ih", &self.weight_ih, concat!("[", $height, ", D]"))?;
                let [_, hidden] = check.shape("weight_hh", &self.weight_hh, concat!("[", $height, ", H]"))?;
                match x.shape() {
                    [features] if *features == d => Tensor::zeros(&[hidden], x.dtype()),
                    [rows, features] if *features == d => Tensor::zeros(&[*rows, hidden], x.dtype()),
                    other => {
                        let expected = format_args!("[N, {d}] or [{d}]");
                        Err(Error::shape(stringify!($Name), "the input", other, expected))
                    }
                }
            }

            /// That of these names must be as the state 0 is.
            fn fits(&self, x: &Tensor, all: &[(&str, &Tensor)]) -> Result<()> {
                let zero = self.zero(x)?;
                all.iter().try_for_each(|(what, state)| Check(stringify!($Name)).is(what, state, zero.shape()))
            }
        }
    )*};
}

cells! {
    RNNCell: 1, "H", "A step without gates", "rnn_tanh_cell", "x, or x and h", "0.761_594_2";
    GRUCell: 3, "3 H", "A step of a gated recurrent unit", "gru_cell", "x, or x and h", "0.204_824_2";
    LSTMCell: 4, "4 H", "A step of long short-term memory", "lstm_cell", "x, or x, h and c", "0.369_606_4";
}

impl RNNCell {
    /// The state after a step from this one, or from 0.
    ///
    /// # Errors
    /// If the input or the state does not fit.
    pub fn step(&self, x: &Tensor, h: Option<&Tensor>) -> Result<Tensor> {
        let Some(h) = h else { return self.step(x, Some(&self.zero(x)?)) };
        self.fits(x, &[("the state", h)])?;
        match self.nonlinearity.unwrap_or_default() {
            RecurrentNonlinearity::Tanh => x.rnn_tanh_cell(h, &self.weight_ih, &self.weight_hh, self.biases()),
            RecurrentNonlinearity::ReLU => x.rnn_relu_cell(h, &self.weight_ih, &self.weight_hh, self.biases()),
        }
    }
}

impl GRUCell {
    /// The state after a step from this one, or from 0.
    ///
    /// # Errors
    /// If the input or the state does not fit.
    pub fn step(&self, x: &Tensor, h: Option<&Tensor>) -> Result<Tensor> {
        let Some(h) = h else { return self.step(x, Some(&self.zero(x)?)) };
        self.fits(x, &[("the state", h)])?;
        x.gru_cell(h, &self.weight_ih, &self.weight_hh, self.biases())
    }
}

impl LSTMCell {
    /// The state after a step from this one, or from 0.
    ///
    /// # Errors
    /// If the input or the state does not fit.
    pub fn step(&self, x: &Tensor, state: Option<&LSTMState>) -> Result<LSTMState> {
        let Some(LSTMState { h, c }) = state else {
            let zero = self.zero(x)?;
            return self.step(x, Some(&LSTMState { h: zero.clone(), c: zero }));
        };
        self.fits(x, &[("the state", h), ("the cell", c)])?;
        let (h, c) = x.lstm_cell((h, c), &self.weight_ih, &self.weight_hh, self.biases())?;
        Ok(LSTMState { h, c })
    }
}

/// `forward` and `forward_all` of the cells whose state is one tensor.
macro_rules! layers_of_one_state {
    ($($Name:ident),*) => {$(
        impl Layer for $Name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                self.step(x, None)
            }
            fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
                match all {
                    [x] => self.forward(x),
                    [x, h] => self.step(x, Some(h)),
                    _ => Err(miscounted(stringify!($Name), "1 or 2", all)),
                }
            }
        }
    )*};
}

layers_of_one_state!(RNNCell, GRUCell);

impl Layer for LSTMCell {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(self.step(x, None)?.h)
    }
    fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
        match all {
            [x] => self.forward(x),
            [x, h, c] => Ok(self.step(x, Some(&LSTMState { h: h.clone(), c: c.clone() }))?.h),
            _ => Err(miscounted("LSTMCell", "1 or 3", all)),
        }
    }
}

#[cfg(test)]
cases![
    layer("RNNCell", |rng| RNNCell::new(3, 2, rng))
        .state(&["weight_ih", "weight_hh", "bias_ih", "bias_hh"])
        .maps(&[4, 3], &[4, 2])
        .maps(&[3], &[2])
        .maps(&[0, 3], &[0, 2])
        .maps_all(&[&[4, 3], &[4, 2]], &[&[4, 2]])
        .refuses(&[4, 2], "RNNCell: the input has shape [4, 2], expected [N, 3] or [3]")
        .refuses(&[1, 4, 3], "RNNCell: the input has shape [1, 4, 3], expected [N, 3] or [3]")
        .refuses_all(&[&[4, 3], &[2]], "RNNCell: the state has shape [2], expected [4, 2]")
        .refuses_all(&[&[4, 3], &[4, 2], &[4, 2]], "RNNCell: takes 1 or 2 inputs, got 3"),
    layer("RNNCell", |rng| {
        let options = RecurrentCellOptions::new().nonlinearity(RecurrentNonlinearity::ReLU).bias(false);
        RNNCell::with(3, 4, options, rng)
    })
    .state(&["weight_ih", "weight_hh"])
    .maps_all(&[&[2, 3], &[2, 4]], &[&[2, 4]]),
    layer("RNNCell", |rng| {
        let mut cell = RNNCell::new(3, 2, rng)?;
        cell.bias_hh = None;
        Ok(cell)
    })
    .state(&["weight_ih", "weight_hh", "bias_ih"])
    .refuses(&[4, 3], "RNNCell: of bias_ih and bias_hh one is missing; they go together"),
    layer("RNNCell", |rng| RNNCell::new(0, 2, rng)).cannot_be("RNNCell: input_size is 0, it must be at least 1"),
    layer("GRUCell", |rng| GRUCell::new(3, 2, rng))
        .state(&["weight_ih", "weight_hh", "bias_ih", "bias_hh"])
        .maps(&[4, 3], &[4, 2])
        .maps_all(&[&[3], &[2]], &[&[2]])
        .refuses(&[], "GRUCell: the input has shape [], expected [N, 3] or [3]")
        .refuses_all(&[&[4, 3], &[4, 3]], "GRUCell: the state has shape [4, 3], expected [4, 2]"),
    layer("GRUCell", |rng| {
        GRUCell::with(3, 2, RecurrentCellOptions::new().nonlinearity(RecurrentNonlinearity::ReLU), rng)
    })
    .cannot_be("GRUCell: nonlinearity is ReLU, it must be left out: only RNN and RNNCell have a choice"),
    layer("LSTMCell", |rng| LSTMCell::new(3, 2, rng))
        .state(&["weight_ih", "weight_hh", "bias_ih", "bias_hh"])
        .maps(&[4, 3], &[4, 2])
        .maps_all(&[&[4, 3], &[4, 2], &[4, 2]], &[&[4, 2]])
        .refuses(&[4, 2], "LSTMCell: the input has shape [4, 2], expected [N, 3] or [3]")
        .refuses_all(&[&[4, 3], &[4, 2]], "LSTMCell: takes 1 or 3 inputs, got 2"),
    layer("LSTMCell", |rng| LSTMCell::with(3, 2, RecurrentCellOptions::new().bias(false), rng))
        .state(&["weight_ih", "weight_hh"])
        .runs(|cell: &LSTMCell, all| {
            let state = LSTMState { h: all[1].clone(), c: all[2].clone() };
            let LSTMState { h, c } = cell.step(&all[0], Some(&state))?;
            Ok(vec![h, c])
        })
        .maps_all(&[&[4, 3], &[4, 2], &[4, 2]], &[&[4, 2], &[4, 2]])
        .refuses_all(&[&[3], &[2], &[3]], "LSTMCell: the cell has shape [3], expected [2]"),
];
