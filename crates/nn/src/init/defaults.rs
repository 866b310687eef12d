//! The starting values of whole models, by the rules of other frameworks.

use super::{
    Initializer, constant, glorot_uniform, normal, ones, orthogonal, uniform, xavier_normal, xavier_uniform, zeros,
};
use crate::kinds::{self, CONV_LSTMS, CONVOLUTIONS, DEPTHWISE, RECURRENT};
use crate::observe::join;
use autograd_core::module::{Item, ItemMut, Module, Path};
use autograd_core::{DType, Result, Tensor};
use rand::Rng;
use std::collections::{HashMap, HashSet};

/// Gives every parameter the value it starts from in PyTorch: what the constructors of layers do, again.
///
/// Layers are known by their [`kind`](Module::kind) and the names of their parameters. What is not known stays as it
/// is; its names are returned. Buffers stay as they are. A parameter that is tied starts as the original does. The
/// slopes of a [`PReLU`](crate::PReLU) start at ¼, whatever its option was.
///
/// # Errors
/// If a parameter has no elements that a rule could go by; then nothing has changed.
///
/// # Examples
/// ```
/// use autograd_core::module::Module;
/// use wengert_nn::{Linear, init, sequential};
/// let mut rng = autograd_core::seeded(7);
/// let mut model = sequential![Linear::new(4, 3, &mut rng)?];
/// assert!(init::pytorch_defaults(&mut model, &mut rng)?.is_empty());
/// assert!(model.parameters()[0].to_f64s().iter().all(|w| w.abs() <= 0.5));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn pytorch_defaults(model: &mut (impl Module + ?Sized), rng: &mut dyn Rng) -> Result<Vec<String>> {
    start_all(model, rng, pytorch)
}

/// Gives every parameter the value it starts from in Keras: kernels by [`glorot_uniform`], recurrent kernels by
/// [`orthogonal`], biases 0, those of the forget gates of an LSTM 1, embeddings uniform in ±0.05. The kernels of a
/// depthwise convolution, M for each of C channels, are taken for one of C inputs and M outputs. The last two dims of
/// the weight of an [`EinsumDense`](crate::EinsumDense) are taken for inputs and outputs, all before them for a kernel.
/// What Keras does not have, as the added key and value of a [`MultiheadAttention`](crate::MultiheadAttention), stays
/// as it is, and its names are returned; otherwise like [`pytorch_defaults`].
///
/// # Errors
/// As for [`pytorch_defaults`].
///
/// # Examples
/// ```
/// use autograd_core::module::Module;
/// use wengert_nn::{Linear, init, sequential};
/// let mut rng = autograd_core::seeded(7);
/// let mut model = sequential![Linear::new(4, 3, &mut rng)?];
/// assert!(init::keras_defaults(&mut model, &mut rng)?.is_empty());
/// assert_eq!(model.parameters()[1].to_f64s(), [0.0; 3]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # Differs from
/// Keras: each projection of a `MultiheadAttention` has the fans of its own matrix, `[E, E]`, though three of them are
/// one parameter. Keras's kernels are `[E, H, D]`, H heads of D features, and have the fans of an `EinsumDense`.
pub fn keras_defaults(model: &mut (impl Module + ?Sized), rng: &mut dyn Rng) -> Result<Vec<String>> {
    start_all(model, rng, keras)
}

/// A layer and the shapes of its own parameters.
struct Own<'a> {
    kind: &'static str,
    /// The kind of the layer around it.
    around: &'static str,
    /// Its name in that one.
    name: &'a str,
    /// Whether it is what a depthwise convolution is made of.
    of_depthwise: bool,
    /// Whether it is a part of a whole transformer, however deep inside.
    of_transformer: bool,
    shapes: HashMap<String, Vec<usize>>,
    /// The text of its options.
    options: String,
}

type Rule = fn(&Own<'_>, &str) -> Option<Box<dyn Initializer>>;

fn start_all(model: &mut (impl Module + ?Sized), rng: &mut dyn Rng, rule: Rule) -> Result<Vec<String>> {
    let mut new: HashMap<String, Tensor> = HashMap::new();
    let modules = model.named_modules();
    let depthwise: HashSet<&str> =
        modules.iter().filter(|(_, part)| DEPTHWISE.contains(&part.kind())).map(|(place, _)| place.as_str()).collect();
    let kinds: HashMap<&str, &'static str> =
        modules.iter().map(|(place, part)| (place.as_str(), part.kind())).collect();
    for (place, part) in &modules {
        let params = part.named_parameters();
        let own = params.iter().filter(|(name, _)| !name.contains('.'));
        let (around, name) = place.rsplit_once('.').unwrap_or(("", place));
        let layer = Own {
            kind: part.kind(),
            around: if place.is_empty() { "" } else { kinds.get(around).copied().unwrap_or_default() },
            name,
            of_depthwise: depthwise.contains(place.as_str()),
            of_transformer: around_all(place).any(|place| kinds.get(place) == Some(&"Transformer")),
            shapes: shapes_of(*part),
            options: part.describe().to_string(),
        };
        for (name, param) in own {
            if let Some(start) = rule(&layer, name) {
                new.insert(join(place, name), start.tensor(param.shape(), param.dtype(), rng)?);
            }
        }
    }
    let mut outcome = Ok(());
    let (mut left, mut done) = (Vec::new(), HashSet::new());
    model.visit_mut(&Path::root(), &mut |path, item| {
        let (ItemMut::Param(param), Ok(())) = (item, &outcome) else { return };
        let name = path.to_string();
        match new.get(&name) {
            Some(value) => outcome = param.set(value.clone()),
            None if done.insert(name.clone()) => left.push(name),
            None => {}
        }
    });
    outcome.map(|()| left)
}

/// The shapes of a layer's own parameters, of those that are tied to another place, too.
fn shapes_of(part: &dyn Module) -> HashMap<String, Vec<usize>> {
    let mut shapes = HashMap::new();
    part.visit(&Path::root(), &mut |path, item| {
        let (Item::Param(param) | Item::Tied(param)) = item else { return };
        let name = path.to_string();
        if !name.contains('.') {
            shapes.insert(name, param.shape().to_vec());
        }
    });
    shapes
}

/// A place and all those around it, the model itself among them.
fn around_all(place: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(place), |place| match place.rsplit_once('.') {
        Some((around, _)) => Some(around),
        None => (!place.is_empty()).then_some(""),
    })
}

impl Own<'_> {
    /// What goes into one output of the weight: the size of all dims after the first.
    fn fan_in(&self, weight: &str) -> Option<f64> {
        let fan: usize = self.shapes.get(weight)?.get(1..)?.iter().product();
        (fan > 0).then_some(fan as f64)
    }

    /// Uniform in ±1/√n.
    fn within(n: Option<f64>) -> Option<Box<dyn Initializer>> {
        let bound = 1.0 / n?.sqrt();
        Some(Box::new(uniform(-bound, bound)))
    }

    /// Uniform in ±√(6 / n), n the sum of both fans.
    fn glorot(fans: f64) -> Option<Box<dyn Initializer>> {
        // Of no elements any bound will do.
        let bound = (6.0 / fans.max(1.0)).sqrt();
        Some(Box::new(uniform(-bound, bound)))
    }

    /// The number of hidden values of a recurrent layer.
    fn hidden(&self) -> Option<f64> {
        let (_, shape) = self.shapes.iter().find(|(name, _)| name.starts_with("weight_hh"))?;
        let gates = match self.kind {
            "LSTM" | "LSTMCell" => 4,
            "GRU" | "GRUCell" => 3,
            _ => 1,
        };
        Some((shape.first()? / gates) as f64).filter(|hidden| *hidden > 0.0)
    }

    fn is_dense(&self) -> bool {
        self.kind == "Linear" || CONVOLUTIONS.contains(&self.kind)
    }

    fn is_conv_lstm(&self) -> bool {
        CONV_LSTMS.contains(&self.kind)
    }

    /// Whether it is inside a graph layer that PyTorch Geometric starts by Glorot's rule.
    fn is_glorot(&self) -> bool {
        ["GCNConv", "GATConv"].contains(&self.around)
    }

    /// Uniform in ±√(6 / (H + K)) for a vector of K numbers for each of H heads, `[1, H, K]`.
    fn of_heads(&self, name: &str) -> Option<Box<dyn Initializer>> {
        let sizes: usize = self.shapes.get(name)?.get(1..)?.iter().sum();
        Own::glorot(sizes as f64)
    }

    fn is_norm(&self) -> bool {
        kinds::is_norm(self.kind)
    }

    fn is_recurrent(&self) -> bool {
        RECURRENT.contains(&self.kind)
    }

    /// The row of an embedding that stays 0, which only the text of its options has: a module is of no known type here.
    fn padding(&self) -> Option<isize> {
        let (_, rest) = self.options.split_once("padding_idx: Some(")?;
        rest.split(')').next()?.parse().ok()
    }

    /// Glorot's rule for `[C M, 1, K..]` kernels of C groups, as those of C inputs and M outputs.
    fn of_channels(&self) -> Option<Box<dyn Initializer>> {
        let (_, rest) = self.options.split_once("groups: ")?;
        let channels: usize = rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
        let shape = self.shapes.get("weight")?;
        let fans = (channels + shape.first()? / channels.max(1)) * shape.get(2..)?.iter().product::<usize>();
        Own::glorot(fans as f64)
    }

    /// Glorot's rule for a weight whose last dims are inputs and outputs, as Keras counts them.
    fn of_equation(&self) -> Option<Box<dyn Initializer>> {
        match self.shapes.get("weight")?.as_slice() {
            [] => Own::glorot(2.0),
            [size] => Own::glorot(2.0 * *size as f64),
            [kernel @ .., inputs, outputs] => {
                let taps: f64 = kernel.iter().map(|size| *size as f64).product();
                Own::glorot(taps * (*inputs as f64 + *outputs as f64))
            }
        }
    }

    /// Glorot's rule for each of the three matrices that are one, `[3E, E]`.
    fn of_projections(&self) -> Option<Box<dyn Initializer>> {
        match *self.shapes.get("in_proj_weight")?.as_slice() {
            [rows, columns] => Own::glorot(rows as f64 / 3.0 + columns as f64),
            _ => None,
        }
    }
}

fn pytorch(own: &Own<'_>, name: &str) -> Option<Box<dyn Initializer>> {
    match (own.kind, name) {
        (_, _) if own.of_transformer && own.shapes.get(name)?.len() > 1 => Some(Box::new(xavier_uniform())),
        // PyTorch's attention sets the bias of its output to 0.
        ("Linear", "bias") if (own.around, own.name) == ("MultiheadAttention", "out_proj") => Some(Box::new(zeros())),
        ("Linear", "weight") if own.is_glorot() => Some(Box::new(xavier_uniform())),
        ("GCNConv" | "GATConv", "bias") => Some(Box::new(zeros())),
        ("GATConv", "att_src" | "att_dst" | "att_edge") => own.of_heads(name),
        (_, "weight" | "bias") if own.is_dense() => Own::within(own.fan_in("weight")),
        ("Bilinear", "weight" | "bias") => Own::within(own.shapes.get("weight")?.get(1).map(|inputs| *inputs as f64)),
        ("Embedding" | "EmbeddingBag", "weight") => {
            Some(Box::new(Rows { start: normal(0.0, 1.0), padding: own.padding() }))
        }
        (_, _) if own.is_recurrent() => Own::within(own.hidden()),
        (_, "weight") if own.is_norm() => Some(Box::new(ones())),
        (_, "bias") if own.is_norm() => Some(Box::new(zeros())),
        ("PReLU", "weight") => Some(Box::new(constant(0.25))),
        ("MultiheadAttention", "in_proj_bias") => Some(Box::new(zeros())),
        ("MultiheadAttention", "bias_k" | "bias_v") => Some(Box::new(xavier_normal())),
        ("MultiheadAttention", _) => Some(Box::new(xavier_uniform())),
        _ => None,
    }
}

fn keras(own: &Own<'_>, name: &str) -> Option<Box<dyn Initializer>> {
    match (own.kind, name) {
        (_, "weight") if own.of_depthwise => own.of_channels(),
        (_, "weight") if own.is_dense() => Some(Box::new(glorot_uniform())),
        ("EinsumDense", "weight") => own.of_equation(),
        ("MultiheadAttention", "in_proj_weight") => own.of_projections(),
        ("MultiheadAttention", "q_proj_weight" | "k_proj_weight" | "v_proj_weight") => Some(Box::new(glorot_uniform())),
        ("EinsumDense", "bias") | ("MultiheadAttention", "in_proj_bias") => Some(Box::new(zeros())),
        (_, "bias") if own.is_dense() || own.is_norm() => Some(Box::new(zeros())),
        ("Embedding" | "EmbeddingBag", "weight") => {
            Some(Box::new(Rows { start: uniform(-0.05, 0.05), padding: own.padding() }))
        }
        (_, "weight_ih") if own.is_conv_lstm() => Some(Box::new(glorot_uniform())),
        (_, "weight_hh") if own.is_conv_lstm() => Some(Box::new(orthogonal())),
        (_, "bias") if own.is_conv_lstm() => Some(Box::new(ForgetGate)),
        ("Attention", _) => Some(Box::new(ones())),
        ("AdditiveAttention", "scale") => {
            let bound = (3.0 / *own.shapes.get(name)?.first()? as f64).sqrt();
            Some(Box::new(uniform(-bound, bound)))
        }
        (kind, name) if own.is_recurrent() => match name.get(..9) {
            Some("weight_ih") => Some(Box::new(glorot_uniform())),
            Some("weight_hh") => Some(Box::new(orthogonal())),
            _ if ["LSTM", "LSTMCell"].contains(&kind) && name.starts_with("bias_ih") => Some(Box::new(ForgetGate)),
            _ if name.starts_with("bias") => Some(Box::new(zeros())),
            _ => None,
        },
        (_, "weight") if own.is_norm() => Some(Box::new(ones())),
        ("PReLU", "weight") => Some(Box::new(zeros())),
        _ => None,
    }
}

/// The rows of an embedding, one of which may be 0.
#[derive(Debug)]
struct Rows {
    start: super::Distribution,
    padding: Option<isize>,
}

impl Initializer for Rows {
    fn tensor(&self, shape: &[usize], dtype: DType, rng: &mut dyn Rng) -> Result<Tensor> {
        let drawn = self.start.tensor(shape, dtype, rng)?;
        let (Some(row), &[rows, columns]) = (self.padding, shape) else { return Ok(drawn) };
        // From the end, if it is negative.
        let row = if row < 0 { row.saturating_add_unsigned(rows) } else { row };
        let Ok(row) = usize::try_from(row) else { return Ok(drawn) };
        let mut values = drawn.to_f64s();
        values.iter_mut().skip(row.saturating_mul(columns)).take(columns).for_each(|x| *x = 0.0);
        let mut values = values.into_iter();
        Tensor::sample(shape, dtype, || values.next().unwrap_or_default())
    }
}

/// The bias of an LSTM, whose gates are input, forget, cell and output: 1 for the second, 0 elsewhere.
#[derive(Debug)]
struct ForgetGate;

impl Initializer for ForgetGate {
    fn tensor(&self, shape: &[usize], dtype: DType, _: &mut dyn Rng) -> Result<Tensor> {
        let hidden = shape.first().map_or(0, |rows| rows / 4);
        let mut at = 0..;
        Tensor::sample(shape, dtype, || match at.next() {
            Some(at) if (hidden..2 * hidden).contains(&at) => 1.0,
            _ => 0.0,
        })
    }
}

#[cfg(test)]
mod tests;
