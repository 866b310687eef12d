//! The starting values of whole models, by the rules of other frameworks.

use super::{
    Initializer, constant, glorot_uniform, normal, ones, orthogonal, uniform, xavier_normal, xavier_uniform, zeros,
};
use crate::observe::join;
use autograd_core::module::{ItemMut, Module, Path};
use autograd_core::{DType, Result, Tensor};
use rand::Rng;
use std::collections::{HashMap, HashSet};

/// Gives every parameter the value it starts from in PyTorch: what the constructors of layers do, again.
///
/// Layers are known by their [`kind`](Module::kind) and the names of their parameters. What is not known stays as it is;
/// its names are returned. Buffers stay as they are. A parameter that is tied starts as the original does.
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
/// [`orthogonal`], biases 0, those of the forget gates of an LSTM 1, embeddings uniform in ±0.05; otherwise like
/// [`pytorch_defaults`].
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
    shapes: HashMap<String, Vec<usize>>,
    /// The text of its options.
    options: String,
}

type Rule = fn(&Own<'_>, &str) -> Option<Box<dyn Initializer>>;

fn start_all(model: &mut (impl Module + ?Sized), rng: &mut dyn Rng, rule: Rule) -> Result<Vec<String>> {
    let mut new: HashMap<String, Tensor> = HashMap::new();
    let modules = model.named_modules();
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
            shapes: own.clone().map(|(name, param)| (name.clone(), param.shape().to_vec())).collect(),
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

    /// The number of hidden values of a recurrent layer.
    fn hidden(&self) -> Option<f64> {
        let (_, shape) = self.shapes.iter().find(|(name, _)| name.starts_with("weight_hh"))?;
        let gates = match self.kind.trim_end_matches("Cell") {
            "LSTM" => 4,
            "GRU" => 3,
            _ => 1,
        };
        Some((shape.first()? / gates) as f64).filter(|hidden| *hidden > 0.0)
    }

    fn is_dense(&self) -> bool {
        self.kind == "Linear" || self.kind.starts_with("Conv")
    }

    fn is_norm(&self) -> bool {
        self.kind.ends_with("Norm") || self.kind.trim_end_matches(['1', '2', '3', 'd']).ends_with("Norm")
    }

    fn is_recurrent(&self) -> bool {
        ["RNN", "LSTM", "GRU"].contains(&self.kind.trim_end_matches("Cell"))
    }

    /// The row of an embedding that stays 0.
    fn padding(&self) -> Option<isize> {
        let (_, rest) = self.options.split_once("padding_idx: Some(")?;
        rest.split(')').next()?.parse().ok()
    }
}

fn pytorch(own: &Own<'_>, name: &str) -> Option<Box<dyn Initializer>> {
    match (own.kind, name) {
        // PyTorch's attention sets the bias of its output to 0.
        ("Linear", "bias") if (own.around, own.name) == ("MultiheadAttention", "out_proj") => Some(Box::new(zeros())),
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
        (_, "weight") if own.is_dense() => Some(Box::new(glorot_uniform())),
        (_, "bias") if own.is_dense() || own.is_norm() => Some(Box::new(zeros())),
        ("Embedding" | "EmbeddingBag", "weight") => {
            Some(Box::new(Rows { start: uniform(-0.05, 0.05), padding: own.padding() }))
        }
        (kind, name) if own.is_recurrent() => match name.get(..9) {
            Some("weight_ih") => Some(Box::new(glorot_uniform())),
            Some("weight_hh") => Some(Box::new(orthogonal())),
            _ if kind.starts_with("LSTM") && name.starts_with("bias_ih") => Some(Box::new(ForgetGate)),
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
mod tests {
    use super::{keras_defaults, pytorch_defaults};
    use autograd_core::module::{Module as _, Param};
    use autograd_core::{DType, Result, Tensor, seeded};
    use wengert_derive::Module;

    /// Types with the names and the shapes of layers.
    macro_rules! shapes {
        ($($Kind:ident { $($field:ident: $shape:expr),+ $(,)? })+) => {$(
            #[derive(Module)]
            #[allow(clippy::upper_case_acronyms, reason = "the names of layers are PyTorch's")]
            struct $Kind { $($field: Param),+ }
            impl $Kind {
                fn of_nines() -> Result<$Kind> {
                    Ok($Kind { $($field: Param::new(Tensor::full(&$shape, 9.0, DType::F32)?)?),+ })
                }
            }
        )+};
    }

    shapes! {
        LSTM { weight_ih_l0: [400, 100], weight_hh_l0: [400, 100], bias_ih_l0: [400], bias_hh_l0: [400] }
        GRUCell { weight_ih: [75, 40], weight_hh: [75, 25], bias_ih: [75], bias_hh: [75] }
        Embedding { weight: [100, 30] }
        BatchNorm2d { weight: [3], bias: [3] }
        LayerNorm { weight: [3], bias: [3] }
        ConvTranspose2d { weight: [20, 9, 2, 2], bias: [9] }
        PReLU { weight: [2] }
        Linear { weight: [20, 25], bias: [20] }
        Unknown { gate: [4] }
    }

    #[derive(Module)]
    struct MultiheadAttention {
        in_proj_weight: Param,
        in_proj_bias: Param,
        out_proj: Linear,
    }

    #[derive(Module)]
    struct Net {
        lstm: LSTM,
        gru: GRUCell,
        embedding: Embedding,
        norms: (BatchNorm2d, LayerNorm),
        conv: ConvTranspose2d,
        act: PReLU,
        head: Vec<Linear>,
        attention: MultiheadAttention,
        odd: Unknown,
    }

    fn net() -> Result<Net> {
        let nines = |shape: &[usize]| Param::new(Tensor::full(shape, 9.0, DType::F32)?);
        let (in_proj_weight, in_proj_bias) = (nines(&[60, 20])?, nines(&[60])?);
        let out_proj = Linear::of_nines()?;
        Ok(Net {
            lstm: LSTM::of_nines()?,
            gru: GRUCell::of_nines()?,
            embedding: Embedding::of_nines()?,
            norms: (BatchNorm2d::of_nines()?, LayerNorm::of_nines()?),
            conv: ConvTranspose2d::of_nines()?,
            act: PReLU::of_nines()?,
            head: vec![Linear::of_nines()?],
            attention: MultiheadAttention { in_proj_weight, in_proj_bias, out_proj },
            odd: Unknown::of_nines()?,
        })
    }

    /// Uniform within a bound, normal with a standard deviation, or a value.
    enum Expected {
        Within(f64),
        Std(f64),
        Value(f64),
    }
    use Expected::{Std, Value, Within};

    fn check(net: &Net, expected: &[(&str, Expected)]) {
        for (name, param) in net.named_parameters() {
            let (_, expected) = expected.iter().find(|(known, _)| name == *known).unwrap_or_else(|| panic!("{name}"));
            let values = param.to_f64s();
            let (n, largest) = (values.len() as f64, values.iter().fold(0.0, |most: f64, x| most.max(x.abs())));
            let std = (values.iter().map(|x| x * x).sum::<f64>() / n).sqrt();
            match *expected {
                // The largest of n values in ±bound is above bound · (1 − 8/n) but once in 3000 times.
                Within(bound) => {
                    assert!(
                        largest <= bound * 1.000001 && largest > bound * (1.0 - 8.0 / n),
                        "{name}: {largest} {bound}"
                    );
                }
                Std(want) => assert!((std / want - 1.0).abs() < 0.1, "{name}: {std} {want}"),
                Value(want) => assert!(values.iter().all(|x| *x == want), "{name}: {values:?}"),
            }
        }
    }

    #[test]
    fn every_layer_starts_as_in_pytorch() -> Result<()> {
        let mut net = net()?;
        assert_eq!(pytorch_defaults(&mut net, &mut seeded(1))?, ["odd.gate"]);
        check(
            &net,
            &[
                ("lstm.weight_ih_l0", Within(0.1)),
                ("lstm.weight_hh_l0", Within(0.1)),
                ("lstm.bias_ih_l0", Within(0.1)),
                ("lstm.bias_hh_l0", Within(0.1)),
                ("gru.weight_ih", Within(0.2)),
                ("gru.weight_hh", Within(0.2)),
                ("gru.bias_ih", Within(0.2)),
                ("gru.bias_hh", Within(0.2)),
                ("embedding.weight", Std(1.0)),
                ("norms.0.weight", Value(1.0)),
                ("norms.0.bias", Value(0.0)),
                ("norms.1.weight", Value(1.0)),
                ("norms.1.bias", Value(0.0)),
                ("conv.weight", Within(1.0 / 6.0)),
                ("conv.bias", Within(1.0 / 6.0)),
                ("act.weight", Value(0.25)),
                ("head.0.weight", Within(0.2)),
                ("head.0.bias", Within(0.2)),
                ("attention.in_proj_weight", Within((6.0 / 80f64).sqrt())),
                ("attention.in_proj_bias", Value(0.0)),
                ("attention.out_proj.weight", Within(0.2)),
                ("attention.out_proj.bias", Value(0.0)),
                ("odd.gate", Value(9.0)),
            ],
        );
        Ok(())
    }

    #[test]
    fn every_layer_starts_as_in_keras() -> Result<()> {
        let mut net = net()?;
        let left = keras_defaults(&mut net, &mut seeded(1))?;
        assert_eq!(left, ["attention.in_proj_weight", "attention.in_proj_bias", "odd.gate"]);
        let gates = net.lstm.bias_ih_l0.to_f64s();
        assert!(gates.iter().enumerate().all(|(at, x)| *x == if (100..200).contains(&at) { 1.0 } else { 0.0 }));
        net.lstm.bias_ih_l0.set(Tensor::zeros(&[400], DType::F32)?)?;
        check(
            &net,
            &[
                ("lstm.weight_ih_l0", Within((6.0 / 500f64).sqrt())),
                ("lstm.weight_hh_l0", Std(0.05)),
                ("lstm.bias_ih_l0", Value(0.0)),
                ("lstm.bias_hh_l0", Value(0.0)),
                ("gru.weight_ih", Within((6.0 / 115f64).sqrt())),
                ("gru.weight_hh", Std(1.0 / 75f64.sqrt())),
                ("gru.bias_ih", Value(0.0)),
                ("gru.bias_hh", Value(0.0)),
                ("embedding.weight", Within(0.05)),
                ("norms.0.weight", Value(1.0)),
                ("norms.0.bias", Value(0.0)),
                ("norms.1.weight", Value(1.0)),
                ("norms.1.bias", Value(0.0)),
                ("conv.weight", Within((6.0 / 116f64).sqrt())),
                ("conv.bias", Value(0.0)),
                ("act.weight", Value(0.0)),
                ("head.0.weight", Within((6.0 / 45f64).sqrt())),
                ("head.0.bias", Value(0.0)),
                ("attention.in_proj_weight", Value(9.0)),
                ("attention.in_proj_bias", Value(9.0)),
                ("attention.out_proj.weight", Within((6.0 / 45f64).sqrt())),
                ("attention.out_proj.bias", Value(0.0)),
                ("odd.gate", Value(9.0)),
            ],
        );
        Ok(())
    }
}
