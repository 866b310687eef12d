//! The layers and directions that recurrent layers are made of.

use super::options::{RecurrentNonlinearity, RecurrentOptions};
use crate::init::{Initializer, uniform};
use autograd_core::check::Check;
use autograd_core::module::{Item, ItemMut, Mode, Module, Param, Path, Stream};
use autograd_core::{DType, Description, Error, ErrorKind, Recurrence, Result, Tensor};
use rand::Rng;

/// The parameters of one layer in one direction, under PyTorch's names.
#[derive(Clone, Debug)]
struct Direction {
    params: Vec<(String, Param)>,
}

impl Direction {
    fn find(&self, start: &str) -> Option<&Tensor> {
        self.params.iter().find(|(name, _)| name.starts_with(start)).map(|(_, param)| &**param)
    }
}

/// All layers, the reverse direction of each behind the other.
#[derive(Clone, Debug)]
pub(super) struct Stack {
    directions: Vec<Direction>,
    pub(super) input_size: usize,
    pub(super) hidden_size: usize,
    pub(super) options: RecurrentOptions,
    stream: Stream,
    mode: Mode,
}

impl Module for Stack {
    fn describe(&self) -> Description {
        let sizes = [("input_size", self.input_size), ("hidden_size", self.hidden_size)];
        let description = sizes.into_iter().fold(Description::new("Stack"), |all, (name, size)| all.option(name, size));
        description.option("options", self.options)
    }
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        for (name, param) in self.directions.iter().flat_map(|direction| &direction.params) {
            param.visit(&path.child(name), f);
        }
        self.stream.visit(&path.child("stream"), f);
        self.mode.visit(&path.child("mode"), f);
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        for (name, param) in self.directions.iter_mut().flat_map(|direction| &mut direction.params) {
            param.visit_mut(&path.child(name), f);
        }
        self.stream.visit_mut(&path.child("stream"), f);
        self.mode.visit_mut(&path.child("mode"), f);
    }
}

/// Sizes of at least 1, and options that only one kind has.
pub(super) fn checked(
    check: Check,
    sizes: &[(&str, usize)],
    function: Option<RecurrentNonlinearity>,
    chooses: bool,
) -> Result<()> {
    for (name, size) in sizes {
        check.require(*size > 0, name, size, "at least 1")?;
    }
    function.map_or(Ok(()), |function| {
        check.require(chooses, "nonlinearity", function, "left out: only RNN and RNNCell have a choice")
    })
}

/// The error of as many inputs as it does not take.
pub(super) fn miscounted(name: &str, takes: &str, all: &[Tensor]) -> Error {
    Error::new(ErrorKind::Argument, format!("{name}: takes {takes} inputs, got {}", all.len()))
}

/// One direction over a sequence: the outputs, the last state, and the last cell if there is one.
pub(super) type Operation = fn(&Tensor, [&Tensor; 2], Recurrence) -> Result<(Tensor, Tensor, Option<Tensor>)>;

impl Stack {
    /// Layers of the kind of this name, whose parameters start uniform in `±1/√H`.
    pub(super) fn new(
        name: &'static str,
        gates: usize,
        [input_size, hidden_size]: [usize; 2],
        options: RecurrentOptions,
        rng: &mut dyn Rng,
    ) -> Result<Stack> {
        let (check, o) = (Check(name), &options);
        let sizes = [("input_size", input_size), ("hidden_size", hidden_size), ("num_layers", o.num_layers)];
        checked(check, &sizes, o.nonlinearity, name == "RNN")?;
        check.require((0.0..=1.0).contains(&o.dropout), "dropout", o.dropout, "in [0, 1]")?;
        check.require(o.proj_size == 0 || name == "LSTM", "proj_size", o.proj_size, "0: only LSTM has a projection")?;
        let below = format_args!("below {hidden_size}, hidden_size");
        check.require(o.proj_size < hidden_size, "proj_size", o.proj_size, below)?;
        // What cannot be counted is refused where a tensor of that size is asked for.
        let (bound, all) = (1.0 / (hidden_size as f64).sqrt(), gates.saturating_mul(hidden_size));
        let outputs = if o.proj_size > 0 { o.proj_size } else { hidden_size };
        // A layer has at least the weights of its state, and is many small pieces of memory.
        let least = all.saturating_mul(outputs).saturating_mul(size_of::<f32>()).saturating_add(512);
        check.parts(o.num_layers, least)?;
        check.room(&[all, input_size], DType::F32)?;
        let (stream, mode) = (Stream::new(rng), Mode::default());
        let mut stack = Stack { directions: Vec::new(), input_size, hidden_size, options, stream, mode };
        let (outputs, ways) = (stack.outputs(), stack.ways());
        for layer in 0..options.num_layers {
            let inputs = if layer == 0 { input_size } else { outputs.saturating_mul(ways) };
            for suffix in ["", "_reverse"].into_iter().take(ways) {
                let mut shapes = vec![("weight_ih", vec![all, inputs]), ("weight_hh", vec![all, outputs])];
                if options.bias {
                    shapes.extend([("bias_ih", vec![all]), ("bias_hh", vec![all])]);
                }
                if options.proj_size > 0 {
                    shapes.push(("weight_hr", vec![outputs, hidden_size]));
                }
                let mut params = Vec::with_capacity(shapes.len());
                for (what, shape) in shapes {
                    let value = uniform(-bound, bound).tensor(&shape, DType::F32, rng)?;
                    params.push((format!("{what}_l{layer}{suffix}"), Param::new(value)?));
                }
                stack.directions.push(Direction { params });
            }
        }
        Ok(stack)
    }

    /// The size of the outputs of a direction.
    fn outputs(&self) -> usize {
        if self.options.proj_size > 0 { self.options.proj_size } else { self.hidden_size }
    }

    /// The number of directions.
    fn ways(&self) -> usize {
        1 + usize::from(self.options.bidirectional)
    }

    /// A run of all layers from the states h and c, `[layers · directions, N, ..]`, or each without N.
    pub(super) fn run(
        &self,
        name: &'static str,
        operation: Operation,
        x: &Tensor,
        [h, c]: [Option<&Tensor>; 2],
        lengths: Option<&Tensor>,
    ) -> Result<(Tensor, Tensor, Option<Tensor>)> {
        let (d, o) = (self.input_size, &self.options);
        let single = x.rank() == 2;
        let fits = (2..=3).contains(&x.rank()) && x.shape()[x.rank() - 1] == d;
        if !fits || x.shape()[usize::from(!single && o.batch_first)] == 0 {
            let batch = if o.batch_first { "N, L" } else { "L, N" };
            let least = if fits { " with at least 1 step" } else { "" };
            return Err(Error::shape(name, "the input", x.shape(), format_args!("[{batch}, {d}] or [L, {d}]{least}")));
        }
        if single && lengths.is_some() {
            return Err(Error::new(ErrorKind::Argument, format!("{name}: a single sequence has no lengths")));
        }
        // Steps, samples, features.
        let mut x = match (single, o.batch_first) {
            (true, _) => x.unsqueeze(1)?,
            (false, true) => x.transpose(0, 1)?,
            (false, false) => x.clone(),
        };
        let (rows, count) = (x.shape()[1], self.directions.len());
        let states = |what: &str, states: Option<&Tensor>, width: usize| -> Result<Vec<Option<Tensor>>> {
            let Some(states) = states else { return Ok(vec![None; count]) };
            let expected = if single { vec![count, width] } else { vec![count, rows, width] };
            Check(name).is(what, states, &expected)?;
            let states = if single { states.unsqueeze(1)? } else { states.clone() };
            (0..count).map(|i| states.select(0, i).map(Some)).collect()
        };
        let (h, c) = (states("the state", h, self.outputs())?, states("the cell", c, self.hidden_size)?);
        let (mut last_h, mut last_c) = (Vec::with_capacity(count), Vec::new());
        for (layer, directions) in self.directions.chunks(self.ways()).enumerate() {
            if layer > 0 && o.dropout > 0.0 && self.mode.is_training() {
                x = x.dropout_seeded(o.dropout, self.stream.draw())?;
            }
            let mut outputs = Vec::with_capacity(2);
            for (way, direction) in directions.iter().enumerate() {
                let at = layer * self.ways() + way;
                let find = |what| direction.find(what);
                let mut options = Recurrence::new().reverse(way == 1);
                if let (Some(b_ih), Some(b_hh)) = (find("bias_ih"), find("bias_hh")) {
                    options = options.bias(b_ih, b_hh);
                }
                options = h[at].iter().fold(options, Recurrence::state);
                options = c[at].iter().fold(options, Recurrence::cell);
                options = find("weight_hr").into_iter().fold(options, Recurrence::projection);
                options = lengths.into_iter().fold(options, Recurrence::lengths);
                let (Some(w_ih), Some(w_hh)) = (find("weight_ih"), find("weight_hh")) else {
                    unreachable!("every direction is made with both")
                };
                let (y, h, c) = operation(&x, [w_ih, w_hh], options)?;
                outputs.push(y);
                last_h.push(h);
                last_c.extend(c);
            }
            x = match &outputs[..] {
                [y] => y.clone(),
                all => Tensor::cat(&all.iter().collect::<Vec<_>>(), -1)?,
            };
        }
        // A copy: a state that is kept for the next run keeps nothing else that this one has saved.
        let stacked = |all: &[Tensor]| {
            let all = Tensor::stack(&all.iter().collect::<Vec<_>>(), 0)?;
            if single { all.squeeze(&[1]) } else { Ok(all) }
        };
        let y = match (single, o.batch_first) {
            (true, _) => x.squeeze(&[1])?,
            (false, true) => x.transpose(0, 1)?,
            (false, false) => x,
        };
        let c = if last_c.is_empty() { None } else { Some(stacked(&last_c)?) };
        Ok((y, stacked(&last_h)?, c))
    }
}

/// What the three kinds have in common, from a line `Name: gates, state`. Their files add how they `recur`.
macro_rules! recurrent {
    ($Name:ident: $gates:literal, $State:ty) => {
        impl $Name {
            /// A layer from `input_size` (D) to `hidden_size` (H) features, with the default options.
            ///
            /// # Errors
            /// If a size is 0.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_nn::", stringify!($Name), ";")]
            #[doc = concat!("assert_eq!(", stringify!($Name), "::new(3, 4, &mut autograd_core::seeded(7))?.input_size(), 3);")]
            /// # Ok::<(), wengert_nn::Error>(())
            /// ```
            pub fn new(input_size: usize, hidden_size: usize, rng: &mut dyn Rng) -> Result<$Name> {
                $Name::with(input_size, hidden_size, RecurrentOptions::new(), rng)
            }

            /// A layer from `input_size` (D) to `hidden_size` (H) features.
            ///
            /// # Errors
            /// If a size or the number of layers is 0, the probability of dropout is not in `[0, 1]`, the projection is
            /// not smaller than H, or an option belongs to another kind of layer.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_nn::{", stringify!($Name), ", RecurrentOptions};")]
            /// let options = RecurrentOptions::new().num_layers(0);
            #[doc = concat!("assert!(", stringify!($Name), "::with(3, 4, options, &mut autograd_core::seeded(7)).is_err());")]
            /// ```
            pub fn with(
                input_size: usize,
                hidden_size: usize,
                options: RecurrentOptions,
                rng: &mut dyn Rng,
            ) -> Result<$Name> {
                let sizes = [input_size, hidden_size];
                Ok($Name { stack: Stack::new(stringify!($Name), $gates, sizes, options, rng)? })
            }

            /// The outputs of all steps and the last state, from this state on, or from 0.
            ///
            /// # Errors
            /// If the input or the state does not fit, or there is no step.
            ///
            /// # Examples
            /// ```
            /// # use autograd_core::{DType, Tensor, seeded};
            #[doc = concat!("# use wengert_nn::", stringify!($Name), ";")]
            #[doc = concat!("let layer = ", stringify!($Name), "::new(3, 4, &mut seeded(7))?;")]
            /// let x = Tensor::randn(&[5, 2, 3], DType::F32, &mut seeded(8))?;
            /// let first = layer.run(&x.narrow(0, 0, 2)?, None)?;
            /// let rest = layer.run(&x.narrow(0, 2, 3)?, Some(&first.state))?;
            /// let parts = Tensor::cat(&[&first.output, &rest.output], 0)?;
            /// assert!(parts.try_sub(&layer.run(&x, None)?.output)?.abs().max()?.item::<f32>()? < 1e-6);
            /// # Ok::<(), wengert_nn::Error>(())
            /// ```
            pub fn run(&self, x: &Tensor, state: Option<&$State>) -> Result<RecurrentOutput<$State>> {
                self.recur(x, state, None)
            }

            /// Like `run`, for sequences of these lengths, `[N]` of `I64`. Outputs behind them are 0, the last state is
            /// that at the own end of each sequence, and the second direction begins there.
            ///
            /// # Errors
            /// If the input, the lengths or the state do not fit, a length is not from 0 to L, or L is 0.
            ///
            /// # Examples
            /// ```
            /// # use autograd_core::{DType, Tensor, seeded};
            #[doc = concat!("# use wengert_nn::", stringify!($Name), ";")]
            #[doc = concat!("let layer = ", stringify!($Name), "::new(3, 4, &mut seeded(7))?;")]
            /// let x = Tensor::randn(&[5, 2, 3], DType::F32, &mut seeded(8))?;
            /// let output = layer.run_with_lengths(&x, &Tensor::from([5, 2]), None)?.output;
            /// assert_eq!(output.select(1, 1)?.narrow(0, 2, 3)?.to_vec::<f32>()?, [0.0; 12]);
            /// # Ok::<(), wengert_nn::Error>(())
            /// ```
            pub fn run_with_lengths(
                &self,
                x: &Tensor,
                lengths: &Tensor,
                state: Option<&$State>,
            ) -> Result<RecurrentOutput<$State>> {
                self.recur(x, state, Some(lengths))
            }

            /// The number of input features, D.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_nn::", stringify!($Name), ";")]
            #[doc = concat!("assert_eq!(", stringify!($Name), "::new(3, 4, &mut autograd_core::seeded(7))?.input_size(), 3);")]
            /// # Ok::<(), wengert_nn::Error>(())
            /// ```
            pub fn input_size(&self) -> usize {
                self.stack.input_size
            }

            /// The size of the state, H.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_nn::", stringify!($Name), ";")]
            #[doc = concat!("assert_eq!(", stringify!($Name), "::new(3, 4, &mut autograd_core::seeded(7))?.hidden_size(), 4);")]
            /// # Ok::<(), wengert_nn::Error>(())
            /// ```
            pub fn hidden_size(&self) -> usize {
                self.stack.hidden_size
            }
        }

        impl Layer for $Name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                Ok(self.run(x, None)?.output)
            }
            fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
                match all {
                    [x] => self.forward(x),
                    [x, lengths] => Ok(self.run_with_lengths(x, lengths, None)?.output),
                    _ => Err(miscounted(stringify!($Name), "1 or 2", all)),
                }
            }
        }
    };
}
