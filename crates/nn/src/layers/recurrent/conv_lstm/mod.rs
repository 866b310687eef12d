//! Convolutional long short-term memory.

mod options;

pub use options::{ConvLSTMOptions, GateActivation};

use super::options::{LSTMState, RecurrentNonlinearity, RecurrentOutput};
use super::parts::miscounted;
use crate::init::{Initializer, orthogonal, xavier_uniform};
use crate::layer::Layer;
use autograd_core::check::Check;
use autograd_core::module::Param;
use autograd_core::{Conv, DType, Error, PadMode, Padding, PerDim, Result, Tensor};
use rand::Rng;
use wengert_derive::Module;

/// Layers from lines `Name: dims, method, "their names"`.
macro_rules! layers {
    ($($Name:ident: $D:literal, $method:ident, $space:literal;)*) => {$(
        #[doc = concat!("Long short-term memory over sequences of inputs with ", stringify!($D), " spatial dim(s), whose")]
        /// products are convolutions:
        ///
        /// ```text
        /// i, f, g, o = W_ih ∗ x + W_hh ∗ h + b        below each other
        /// c′ = σ(f) c + σ(i) tanh(g),    h′ = σ(o) tanh(c′)
        /// ```
        ///
        /// Stride, padding and dilation are those of the input's convolution; that of the state keeps the size.
        /// `forward` gives the last output, or all with `return_sequences`, from the state 0 on; [`Layer::forward_all`]
        /// takes x, or x, h and c.
        ///
        /// The weight of the input starts uniform by Glorot's rule, that of the state orthogonal, the bias at 0 and at
        /// 1 for the forget gate.
        ///
        /// # Shapes
        #[doc = concat!("`x: [N, T, C, ", $space, "] → [N, O, ..]`, or `[N, T, O, ..]`; h and c: `[N, O, ..]`;")]
        /// `weight_ih: [4 O, C, K..]`, `weight_hh: [4 O, O, K..]`, `bias: [4 O]`.
        ///
        /// # Errors
        /// The constructors fail if a size is 0 or numbers for the dims are too few or too many; `forward` if the input
        /// or the state does not fit.
        ///
        /// # Examples
        /// ```
        /// use autograd_core::{DType, Tensor, seeded};
        #[doc = concat!("use wengert_nn::{", stringify!($Name), ", LSTMState, Layer};")]
        #[doc = concat!("let lstm = ", stringify!($Name), "::new(2, 3, 2, &mut seeded(7))?;")]
        #[doc = concat!("let x = Tensor::ones(&[1, 4, 2, 5, 5, 5][..3 + ", stringify!($D), "], DType::F32)?;")]
        #[doc = concat!("assert_eq!(lstm.forward(&x)?.shape(), &[1, 3, 4, 4, 4][..2 + ", stringify!($D), "]);")]
        /// let first = lstm.run(&x.narrow(1, 0, 1)?, None)?;
        /// let rest = lstm.run(&x.narrow(1, 1, 3)?, Some(&first.state))?;
        /// assert!(rest.state.h.try_sub(&lstm.forward(&x)?)?.abs().max()?.item::<f32>()? < 1e-6);
        ///
        /// // The forget gate starts at σ(1): of nothing, a cell of 1 keeps that.
        #[doc = concat!("let h = Tensor::zeros(&[1, 3, 4, 4, 4][..2 + ", stringify!($D), "], DType::F32)?;")]
        /// let start = LSTMState { c: h.ones_like(), h };
        /// let kept = lstm.run(&x.narrow(1, 0, 1)?.zeros_like(), Some(&start))?.state.c;
        /// assert!(kept.to_vec::<f32>()?.iter().all(|c| (c - 0.731_058_6).abs() < 1e-6));
        /// # Ok::<(), wengert_nn::Error>(())
        /// ```
        ///
        /// # References
        /// Shi, Chen, Wang, Yeung, Wong, Woo, Convolutional LSTM network, 2015; without its peepholes, as in Keras.
        ///
        /// # Differs from
        /// Keras: channels come before the spatial dims, and weights have PyTorch's layout.
        #[derive(Clone, Debug, Module)]
        pub struct $Name {
            /// The weight of the input, `[4 O, C, K..]`.
            pub weight_ih: Param,
            /// The weight of the state, `[4 O, O, K..]`.
            pub weight_hh: Param,
            /// The bias, `[4 O]`, if there is one.
            pub bias: Option<Param>,
            #[module(option)]
            options: ConvLSTMOptions,
        }

        impl $Name {
            /// A layer from `in_channels` (C) to `out_channels` (O), with the default options.
            ///
            /// # Errors
            /// If a size is 0.
            pub fn new(
                in_channels: usize,
                out_channels: usize,
                kernel_size: impl Into<PerDim>,
                rng: &mut dyn Rng,
            ) -> Result<$Name> {
                $Name::with(in_channels, out_channels, kernel_size, ConvLSTMOptions::new(), rng)
            }

            /// A layer from `in_channels` (C) to `out_channels` (O).
            ///
            /// # Errors
            /// If a size is 0, or numbers for the dims are too few or too many.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_nn::{", stringify!($Name), ", ConvLSTMOptions};")]
            /// let options = ConvLSTMOptions::new().bias(false);
            #[doc = concat!("let lstm = ", stringify!($Name), "::with(2, 3, 2, options, &mut autograd_core::seeded(7))?;")]
            /// assert!(lstm.bias.is_none() && lstm.weight_hh.shape()[..2] == [12, 3]);
            /// # Ok::<(), wengert_nn::Error>(())
            /// ```
            pub fn with(
                in_channels: usize,
                out_channels: usize,
                kernel_size: impl Into<PerDim>,
                options: ConvLSTMOptions,
                rng: &mut dyn Rng,
            ) -> Result<$Name> {
                let sizes = [in_channels, out_channels];
                let (weight_ih, weight_hh, bias) =
                    start(stringify!($Name), sizes, &kernel_size.into(), $D, &options, rng)?;
                Ok($Name { weight_ih, weight_hh, bias, options })
            }

            /// The outputs of all steps, `[N, T, O, ..]`, and the last state, from this state on, or from 0.
            ///
            /// # Errors
            /// If the input or the state does not fit.
            pub fn run(&self, x: &Tensor, state: Option<&LSTMState>) -> Result<RecurrentOutput<LSTMState>> {
                let (outputs, c) = self.steps(x, state)?;
                let Some(h) = outputs.last().cloned() else { unreachable!("there is a step") };
                let output = Tensor::stack(&outputs.iter().collect::<Vec<_>>(), 1)?;
                Ok(RecurrentOutput { output, state: LSTMState { h, c } })
            }

            fn steps(&self, x: &Tensor, state: Option<&LSTMState>) -> Result<(Vec<Tensor>, Tensor)> {
                let weights = Weights {
                    name: stringify!($Name),
                    space: $space,
                    weights: [&self.weight_ih, &self.weight_hh],
                    bias: self.bias.as_deref(),
                    options: &self.options,
                    convolve: Tensor::$method,
                };
                weights.steps(x, state)
            }

            /// What `forward` gives.
            fn outputs(&self, x: &Tensor, state: Option<&LSTMState>) -> Result<Tensor> {
                if self.options.return_sequences {
                    return Ok(self.run(x, state)?.output);
                }
                let Some(h) = self.steps(x, state)?.0.pop() else { unreachable!("there is a step") };
                Ok(h)
            }
        }

        impl Layer for $Name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                self.outputs(x, None)
            }

            fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
                match all {
                    [x] => self.forward(x),
                    [x, h, c] => self.outputs(x, Some(&LSTMState { h: h.clone(), c: c.clone() })),
                    _ => Err(miscounted(stringify!($Name), "1 or 3", all)),
                }
            }
        }
    )*};
}

layers! {
    ConvLSTM1d: 1, conv1d, "L";
    ConvLSTM2d: 2, conv2d, "H, W";
    ConvLSTM3d: 3, conv3d, "D, H, W";
}

/// The numbers for each of the spatial dims, at least 1.
fn each(name: &str, what: &str, numbers: &PerDim, dims: usize) -> Result<Vec<usize>> {
    let each = numbers.each(dims).unwrap_or_default().into_iter().map(|number| usize::try_from(number).unwrap_or(0));
    let each: Vec<usize> = each.collect();
    let must = || format!("at least 1, one number or {dims}");
    if each.is_empty() || each.contains(&0) { Err(Error::argument(name, what, numbers, must())) } else { Ok(each) }
}

/// The parameters as they start.
fn start(
    name: &'static str,
    [inputs, outputs]: [usize; 2],
    kernel: &PerDim,
    dims: usize,
    options: &ConvLSTMOptions,
    rng: &mut dyn Rng,
) -> Result<(Param, Param, Option<Param>)> {
    for (what, size) in [("in_channels", inputs), ("out_channels", outputs)] {
        Check(name).require(size > 0, what, size, "at least 1")?;
    }
    each(name, "stride", &options.stride, dims)?;
    each(name, "dilation", &options.dilation, dims)?;
    let kernel = each(name, "kernel_size", kernel, dims)?;
    let Some(gates) = outputs.checked_mul(4) else { return Err(Error::too_large(name, &[4, outputs])) };
    let shape = |inputs: usize| [gates, inputs].into_iter().chain(kernel.clone()).collect::<Vec<_>>();
    let weight_ih = Param::new(xavier_uniform().tensor(&shape(inputs), DType::F32, rng)?)?;
    let weight_hh = Param::new(orthogonal().tensor(&shape(outputs), DType::F32, rng)?)?;
    let of = |gate: usize| Tensor::full(&[outputs], f64::from(gate == 1 && options.unit_forget_bias), DType::F32);
    let bias = || Param::new(Tensor::cat(&[&of(0)?, &of(1)?, &of(2)?, &of(3)?], 0)?);
    Ok((weight_ih, weight_hh, options.bias.then(bias).transpose()?))
}

type Convolve = fn(&Tensor, &Tensor, Option<&Tensor>, Conv) -> Result<Tensor>;

/// A layer of any number of dims.
struct Weights<'a> {
    name: &'static str,
    space: &'static str,
    weights: [&'a Tensor; 2],
    bias: Option<&'a Tensor>,
    options: &'a ConvLSTMOptions,
    convolve: Convolve,
}

impl Weights<'_> {
    /// The outputs of all steps, of which there is one at least, and the last cell.
    fn steps(&self, x: &Tensor, state: Option<&LSTMState>) -> Result<(Vec<Tensor>, Tensor)> {
        let (name, o, [w_ih, w_hh]) = (self.name, self.options, self.weights);
        let rank = self.space.split(", ").count() + 2;
        for (what, weight) in [("weight_ih", w_ih), ("weight_hh", w_hh)] {
            if weight.rank() != rank || weight.shape()[2..].contains(&0) {
                let expected = format!("{rank} dimensions, [4 H, C, ..] with a tap at least");
                return Err(Error::shape(name, what, weight.shape(), expected));
            }
        }
        let (channels, outputs) = (w_ih.shape()[1], w_hh.shape()[1]);
        Check(name).float(x)?;
        if x.rank() != w_ih.rank() + 1 || x.shape()[1] == 0 || x.shape()[2] != channels {
            let expected = format!("[N, T, {channels}, {}] with a step at least", self.space);
            return Err(Error::shape(name, "the input", x.shape(), expected));
        }
        let (rows, steps) = (x.shape()[0], x.shape()[1]);
        // That of the input is one convolution for all steps.
        let (x, conv) = self.padded(&x.flatten(0, 1)?)?;
        let gates = (self.convolve)(&x, w_ih, self.bias, conv)?.unflatten(0, &[rows, steps])?;
        let mut shape = gates.shape().to_vec();
        shape.remove(1);
        shape[1] = outputs;
        let (mut h, mut c) = match state {
            Some(LSTMState { h, c }) => (h.clone(), c.clone()),
            None => (Tensor::zeros(&shape, x.dtype())?, Tensor::zeros(&shape, x.dtype())?),
        };
        Check(name).is("the state", &h, &shape)?;
        Check(name).is("the cell", &c, &shape)?;
        let squash = |x: &Tensor| match o.activation {
            RecurrentNonlinearity::Tanh => x.tanh(),
            RecurrentNonlinearity::ReLU => x.relu(),
        };
        // Of an empty batch there may be more steps than memory could list.
        Check(name).list(steps)?;
        let mut all = Vec::with_capacity(steps);
        for step in 0..steps {
            let same = Conv::new().padding(Padding::Same);
            let z = gates.select(1, step)?.try_add(&(self.convolve)(&h, w_hh, None, same)?)?;
            let part = |gate: usize| z.narrow(1, gate * outputs, outputs);
            let open = |gate: usize| Ok::<_, Error>(o.recurrent_activation.of(&part(gate)?));
            c = open(1)?.try_mul(&c)?.try_add(&open(0)?.try_mul(&squash(&part(2)?))?)?;
            h = open(3)?.try_mul(&squash(&c))?;
            all.push(h.clone());
        }
        Ok((all, c))
    }

    /// The input with the margins that a convolution does not make by itself, and the options for the rest.
    fn padded(&self, x: &Tensor) -> Result<(Tensor, Conv)> {
        let (o, kernel) = (self.options, &self.weights[0].shape()[2..]);
        let conv = Conv::new().stride(o.stride.clone()).dilation(o.dilation.clone());
        let strides = each(self.name, "stride", &o.stride, kernel.len())?;
        if o.padding != Padding::Same || strides.iter().all(|stride| *stride == 1) {
            return Ok((x.clone(), conv.padding(o.padding.clone())));
        }
        let spans = each(self.name, "dilation", &o.dilation, kernel.len())?;
        // The last dim comes first; where margins are odd, one more at the end.
        let margins = (0..kernel.len()).rev().flat_map(|dim| {
            let size = x.shape()[2 + dim];
            let reach = (kernel[dim] - 1).saturating_mul(spans[dim]).saturating_add(1);
            let last = size.div_ceil(strides[dim]).saturating_sub(1) * strides[dim];
            let margin = last.saturating_add(reach).saturating_sub(size);
            [margin / 2, margin - margin / 2].map(|side| isize::try_from(side).unwrap_or(isize::MAX))
        });
        Ok((x.pad(&margins.collect::<Vec<_>>(), PadMode::Constant(0.0))?, conv))
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
cases![
    layer("ConvLSTM1d", |rng| ConvLSTM1d::new(2, 2, 2, rng))
        .state(&["weight_ih", "weight_hh", "bias"])
        .maps(&[2, 2, 2, 4], &[2, 2, 3])
        .maps(&[0, 2, 2, 4], &[0, 2, 3])
        .maps_all(&[&[1, 1, 2, 3], &[1, 2, 2], &[1, 2, 2]], &[&[1, 2, 2]])
        .refuses(&[2, 2, 4], "ConvLSTM1d: the input has shape [2, 2, 4], expected [N, T, 2, L] with a step at least")
        .refuses(
            &[2, 0, 2, 4],
            "ConvLSTM1d: the input has shape [2, 0, 2, 4], expected [N, T, 2, L] with a step at least"
        )
        .refuses(
            &[2, 1, 3, 4],
            "ConvLSTM1d: the input has shape [2, 1, 3, 4], expected [N, T, 2, L] with a step at least"
        )
        .refuses_all(&[&[2, 1, 2, 4], &[2, 2, 3]], "ConvLSTM1d: takes 1 or 3 inputs, got 2")
        .refuses_all(
            &[&[2, 1, 2, 4], &[2, 2, 4], &[2, 2, 3]],
            "ConvLSTM1d: the state has shape [2, 2, 4], expected [2, 2, 3]"
        )
        .refuses_all(
            &[&[2, 1, 2, 4], &[2, 2, 3], &[2, 2]],
            "ConvLSTM1d: the cell has shape [2, 2], expected [2, 2, 3]"
        ),
    layer("ConvLSTM2d", |rng| {
        let options = ConvLSTMOptions::new().stride([2, 1]).padding(Padding::Same).return_sequences(true);
        ConvLSTM2d::with(1, 1, [3, 2], options.bias(false), rng)
    })
    .state(&["weight_ih", "weight_hh"])
    .maps(&[1, 2, 1, 3, 2], &[1, 2, 1, 2, 2]),
    layer("ConvLSTM3d", |rng| {
        let options = ConvLSTMOptions::new().padding(1).unit_forget_bias(false);
        ConvLSTM3d::with(1, 1, 2, options, rng)
    })
    .state(&["weight_ih", "weight_hh", "bias"])
    .maps(&[1, 1, 1, 1, 1, 2], &[1, 1, 2, 2, 3]),
    layer("ConvLSTM1d", |rng| ConvLSTM1d::with(1, 1, 3, ConvLSTMOptions::new().padding([[2, 0]]), rng))
        .state(&["weight_ih", "weight_hh", "bias"])
        .maps(&[1, 2, 1, 3], &[1, 1, 3])
        .maps(&[1, 1, 1, 1], &[1, 1, 1]),
    layer("ConvLSTM2d", |rng| {
        let options = ConvLSTMOptions::new().padding([[1, 0], [0, 2]]).stride([2, 1]).bias(false);
        ConvLSTM2d::with(1, 1, 2, options, rng)
    })
    .state(&["weight_ih", "weight_hh"])
    .maps(&[1, 1, 1, 3, 2], &[1, 1, 2, 3]),
    layer("ConvLSTM1d", |rng| ConvLSTM1d::new(0, 1, 1, rng))
        .cannot_be("ConvLSTM1d: in_channels is 0, it must be at least 1"),
    layer("ConvLSTM2d", |rng| ConvLSTM2d::new(1, 1, [1, 0], rng))
        .cannot_be("ConvLSTM2d: kernel_size is [1, 0], it must be at least 1, one number or 2"),
    layer("ConvLSTM2d", |rng| ConvLSTM2d::with(1, 1, 1, ConvLSTMOptions::new().stride([1, 1, 1]), rng))
        .cannot_be("ConvLSTM2d: stride is [1, 1, 1], it must be at least 1, one number or 2"),
];
