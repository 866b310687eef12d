//! Initialisers: the distributions they draw from, exactly where the library returns one, and by samples.

use super::inputs::tolerance;
use super::layers;
use crate::call::Call;
use crate::case::{Array, Case, Element, Precision, Tolerance};
use crate::compare::{self, close};
use crate::stop::{Outcome, Stop};
use autograd_core::{DType, SeededRng, Tensor, seeded};
use serde::Deserialize;
use std::collections::BTreeMap;
use wengert_nn::init::{
    Distribution, FanMode, Initializer, Nonlinearity, VarianceScaling, calculate_gain, constant, dirac, eye, fans,
    glorot_normal, glorot_uniform, he_normal, he_uniform, kaiming_normal, kaiming_uniform, lecun_normal, lecun_uniform,
    normal, ones, orthogonal, sparse, trunc_normal, uniform, xavier_normal, xavier_uniform, zeros,
};

/// The start of a parameter.
struct Start {
    /// None where values are not independent.
    distribution: Option<Distribution>,
    sample: Box<Sample>,
}

type Sample = dyn Fn(&mut SeededRng) -> wengert_nn::Result<Tensor>;

type Build = fn(&Call<'_>, &[usize]) -> Outcome<Start>;

/// The register of initialisers. Wiring one up is one entry.
const TABLE: &[(&str, Build)] = &[
    ("zeros", |c, shape| Ok(start(c, shape, zeros(), zeros()))),
    ("ones", |c, shape| Ok(start(c, shape, ones(), ones()))),
    ("constant", |c, shape| {
        let value = constant(c.number("val")?);
        Ok(start(c, shape, value, value))
    }),
    ("uniform", |c, shape| {
        let value = uniform(c.number("a")?, c.number("b")?);
        Ok(start(c, shape, value, value))
    }),
    ("normal", |c, shape| {
        let value = normal(c.number("mean")?, c.number("std")?);
        Ok(start(c, shape, value, value))
    }),
    ("xavier_uniform", |c, shape| {
        let xavier = xavier_uniform().gain(c.number("gain")?);
        Ok(start(c, shape, xavier.distribution(shape)?, xavier))
    }),
    ("xavier_normal", |c, shape| {
        let xavier = xavier_normal().gain(c.number("gain")?);
        Ok(start(c, shape, xavier.distribution(shape)?, xavier))
    }),
    ("kaiming_uniform", |c, shape| {
        let kaiming = kaiming_uniform().mode(mode(c)?).nonlinearity(nonlinearity(c, "a")?);
        Ok(start(c, shape, kaiming.distribution(shape)?, kaiming))
    }),
    ("kaiming_normal", |c, shape| {
        let kaiming = kaiming_normal().mode(mode(c)?).nonlinearity(nonlinearity(c, "a")?);
        Ok(start(c, shape, kaiming.distribution(shape)?, kaiming))
    }),
    ("trunc_normal", |c, shape| {
        let value = trunc_normal(c.number("mean")?, c.number("std")?, c.number("a")?, c.number("b")?);
        Ok(start(c, shape, value, value))
    }),
    ("orthogonal", |c, shape| Ok(start(c, shape, None, orthogonal().gain(c.number("gain")?)))),
    ("sparse", |c, shape| Ok(start(c, shape, None, sparse(c.number("sparsity")?).std(c.number("std")?)))),
    ("dirac", |c, shape| Ok(start(c, shape, None, dirac().groups(c.count("groups")?)))),
    ("eye", |c, shape| Ok(start(c, shape, None, eye()))),
    ("keras.LecunUniform", |c, shape| keras(c, shape, lecun_uniform())),
    ("keras.LecunNormal", |c, shape| keras(c, shape, lecun_normal())),
    ("keras.GlorotUniform", |c, shape| keras(c, shape, glorot_uniform())),
    ("keras.GlorotNormal", |c, shape| keras(c, shape, glorot_normal())),
    ("keras.HeUniform", |c, shape| keras(c, shape, he_uniform())),
    ("keras.HeNormal", |c, shape| keras(c, shape, he_normal())),
];

/// Keras's kernels are `[.., D, K]`, ours `[K, D, ..]`.
fn keras(c: &Call<'_>, shape: &[usize], scaling: VarianceScaling) -> Outcome<Start> {
    let ours: Vec<usize> = match shape {
        [taps @ .., inputs, outputs] => [*outputs, *inputs].iter().chain(taps).copied().collect(),
        few => few.to_vec(),
    };
    Ok(start(c, &ours, scaling.distribution(&ours)?, scaling))
}

fn start(
    c: &Call<'_>,
    shape: &[usize],
    distribution: impl Into<Option<Distribution>>,
    init: impl Initializer + 'static,
) -> Start {
    let distribution = distribution.into();
    let (shape, dtype) = (shape.to_vec(), c.precision().dtype());
    Start { distribution, sample: Box::new(move |rng| init.tensor(&shape, dtype, rng)) }
}

fn mode(c: &Call<'_>) -> Outcome<FanMode> {
    match c.word("mode")? {
        "fan_in" => Ok(FanMode::FanIn),
        "fan_out" => Ok(FanMode::FanOut),
        other => Err(Stop::argument("mode", other)),
    }
}

/// An activation; the argument `slope` is that of a leaky rectifier.
fn nonlinearity(c: &Call<'_>, slope: &str) -> Outcome<Nonlinearity> {
    let (name, slope) = (c.word("nonlinearity")?, c.number_or(slope, 0.01)?);
    match name {
        "linear" | "conv1d" | "conv2d" | "conv3d" | "conv_transpose1d" | "conv_transpose2d" | "conv_transpose3d" => {
            Ok(Nonlinearity::Linear)
        }
        "sigmoid" => Ok(Nonlinearity::Sigmoid),
        "tanh" => Ok(Nonlinearity::Tanh),
        "relu" => Ok(Nonlinearity::Relu),
        "leaky_relu" => Ok(Nonlinearity::LeakyRelu(slope)),
        "selu" => Ok(Nonlinearity::Selu),
        other => Err(Stop::argument("nonlinearity", other)),
    }
}

/// The numbers of a distribution in a case; each only where it makes sense.
#[derive(Deserialize)]
struct Expected {
    value: Option<Value>,
    low: Option<Element>,
    high: Option<Element>,
    mean: Option<Element>,
    std: Option<Element>,
    /// That of the whole distribution, of which a part is left out.
    untruncated_std: Option<Element>,
    distribution: Option<String>,
    property: Option<String>,
    gain: Option<f64>,
    zeros_per_column: Option<usize>,
    /// A row that is 0, whatever the others are drawn from.
    zero_row: Option<isize>,
}

/// All elements the same, or each its own.
#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    One(f64),
    All(Array),
}

pub(super) fn run(case: &Case, precision: Precision) -> Outcome<()> {
    let nothing = BTreeMap::new();
    let c = Call::new(&case.args, &nothing, precision);
    match case.name.as_str() {
        "fans" => {
            let fans = fans(&shape(&c)?)?;
            numbers(case, precision, &[("fan_in", fans.fan_in as f64), ("fan_out", fans.fan_out as f64)])
        }
        "calculate_gain" => {
            let gain = calculate_gain(nonlinearity(&c, "param")?);
            numbers(case, precision, &[("gain", gain)])
        }
        "default_init" => default_init(case, precision),
        name => {
            let entry = TABLE.iter().find(|(known, _)| *known == name);
            let (_, build) = entry.ok_or_else(|| Stop::Unsupported(String::new()))?;
            let start = build(&c, &shape(&c)?);
            c.all_read()?;
            let start = start?;
            let sample = (start.sample)(&mut seeded(7))?;
            if case.expect_error {
                return Ok(());
            }
            let (expected, tolerance): (Expected, _) = (case.required("expect")?, tolerance(case, precision)?);
            match &expected.value {
                Some(Value::All(want)) => return compare::tensor("value", &sample, want, tolerance),
                Some(Value::One(_)) | None => {}
            }
            match start.distribution {
                Some(distribution) => {
                    expected.check_formula(distribution, tolerance)?;
                    expected.check_samples(|rng| Ok((start.sample)(rng)?))
                }
                None => expected.check_together(&sample, tolerance),
            }
        }
    }
}

fn shape(c: &Call<'_>) -> Outcome<Vec<usize>> {
    let sizes = c.integers("shape")?;
    sizes.into_iter().map(|size| usize::try_from(size).map_err(|_| Stop::argument("shape", size))).collect()
}

fn numbers(case: &Case, precision: Precision, got: &[(&str, f64)]) -> Outcome<()> {
    if case.expect_error {
        return Ok(());
    }
    let tolerance = tolerance(case, precision)?;
    let want: BTreeMap<String, f64> = case.required("expect")?;
    got.iter().try_for_each(|(name, got)| match want.get(*name) {
        Some(want) => compare::numbers(name, &[*got], &[*want], tolerance),
        None => Err(Stop::Malformed(format!("expect has no {name}"))),
    })
}

/// Checks the starts of a layer's parameters when it is built.
fn default_init(case: &Case, precision: Precision) -> Outcome<()> {
    let mut args = case.args.clone();
    let kind = args.remove("layer").and_then(|kind| kind.as_str().map(str::to_owned));
    let kind = kind.ok_or_else(|| Stop::Malformed("no layer".into()))?;
    let build = |seed: u64| layers::build_seeded(&kind, &args, precision, seed);
    build(0).map_err(|stop| match stop {
        Stop::Unsupported(what) => Stop::Unsupported(format!("{kind} {what}").trim().into()),
        other => other,
    })?;
    for (name, expected) in case.required::<BTreeMap<String, Expected>>("expect")? {
        expected
            .check_samples(|rng| {
                let layer = build(rand::RngExt::random(rng))?;
                let params = layer.named_parameters();
                let found = params.iter().find(|(known, _)| *known == name);
                let (_, param) = found.ok_or_else(|| Stop::Differs("there is none".into()))?;
                expected.zero_row.map_or_else(|| Ok(param.detach()), |row| without_zeros(param, row))
            })
            .map_err(|stop| match stop {
                Stop::Differs(text) => Stop::Differs(format!("parameter {name}: {text}")),
                other => other,
            })?;
    }
    Ok(())
}

/// The rows of a table besides one that must be 0.
fn without_zeros(table: &Tensor, row: isize) -> Outcome<Tensor> {
    let zeros = table.select(0, row)?.to_f64s();
    if let Some(x) = zeros.iter().find(|x| **x != 0.0) {
        return Err(Stop::Differs(format!("row {row}: got {x} want 0")));
    }
    let rows = table.shape()[0] as isize;
    let row = if row < 0 { row + rows } else { row };
    let others: Vec<i64> = (0..rows).filter(|other| *other != row).map(|other| other as i64).collect();
    Ok(table.detach().index_select(0, &Tensor::from_slice(&others, &[others.len()])?)?)
}

/// How many values are drawn to compare a mean and a standard deviation with.
const SAMPLES: usize = 20_000;

impl Expected {
    fn check_formula(&self, distribution: Distribution, tolerance: Tolerance) -> Outcome<()> {
        let (low, high) = distribution.bounds().unzip();
        let whole = match distribution {
            Distribution::TruncatedNormal { std, .. } => Some(std),
            _ => None,
        };
        let told = [
            ("low", low, &self.low),
            ("high", high, &self.high),
            ("mean", Some(distribution.mean()), &self.mean),
            ("std", Some(distribution.std()), &self.std),
            ("untruncated_std", whole, &self.untruncated_std),
        ];
        for (name, got, want) in told {
            let Some(want) = number(want)? else { continue };
            let got = got.ok_or_else(|| Stop::Differs(format!("{name}: there is none")))?;
            compare::numbers(name, &[got], &[want], tolerance)?;
        }
        Ok(())
    }

    /// Checks what is true of the values of a matrix together.
    fn check_together(&self, x: &Tensor, tolerance: Tolerance) -> Outcome<()> {
        let rows = x.shape().first().copied().unwrap_or_default();
        let matrix = x.to_dtype(DType::F64).reshape(&[rows, x.numel() / rows.max(1)][..])?;
        let across = matrix.transpose(0, 1)?;
        if let (Some(property), Some(gain)) = (self.property.as_deref(), self.gain) {
            let products = match property {
                "rows_orthonormal" => matrix.matmul(&across)?,
                "columns_orthonormal" => across.matmul(&matrix)?,
                other => return Err(Stop::argument("property", other)),
            };
            let count = products.shape()[0];
            let unit: Vec<f64> =
                (0..count * count).map(|at| if at % (count + 1) == 0 { gain * gain } else { 0.0 }).collect();
            return compare::numbers(property, &products.to_f64s(), &unit, tolerance);
        }
        let (Some(zeros), Some(std)) = (self.zeros_per_column, number(&self.std)?) else {
            return Err(Stop::Malformed("expect has neither a property nor a count of zeros".into()));
        };
        let values = across.contiguous().to_f64s();
        let counts: Vec<usize> =
            values.chunks(rows.max(1)).map(|column| column.iter().filter(|x| **x == 0.0).count()).collect();
        if let Some(wrong) = counts.iter().find(|count| **count != zeros) {
            return Err(Stop::Differs(format!("zeros in a column: got {wrong} want {zeros}")));
        }
        let others: Vec<f64> = values.into_iter().filter(|x| *x != 0.0).collect();
        if others.is_empty() {
            return Ok(());
        }
        let n = others.len() as f64;
        let got = (others.iter().map(|x| x * x).sum::<f64>() / n).sqrt();
        let within = Tolerance::of(0.0, 6.0 * std / (2.0 * n).sqrt());
        compare::numbers("std of the others", &[got], &[std], within)
    }

    /// Draws and compares: no value outside the bounds; mean and deviation within six of their own standard errors.
    fn check_samples(&self, mut draw: impl FnMut(&mut SeededRng) -> Outcome<Tensor>) -> Outcome<()> {
        let mut rng = seeded(7);
        let mut values = Vec::new();
        while values.len() < SAMPLES {
            let sample = draw(&mut rng)?;
            if sample.numel() == 0 {
                return Ok(());
            }
            values.extend(sample.to_dtype(DType::F64).to_f64s());
        }
        let (low, high) = (number(&self.low)?, number(&self.high)?);
        // A bound may have been rounded to F32.
        let rounding = Tolerance::of(f64::from(f32::EPSILON), 0.0);
        let above = |x: f64, bound: Option<f64>| bound.is_none_or(|b| x >= b || close(x, b, rounding));
        if let Some(x) = values.iter().find(|x| !above(**x, low) || !above(-**x, high.map(|h| -h))) {
            return Err(Stop::Differs(format!("a value outside its bounds: got {x} want {low:?} to {high:?}")));
        }
        if let Some(Value::One(want)) = self.value {
            let wrong = values.iter().find(|x| !close(**x, want, rounding));
            return wrong.map_or(Ok(()), |x| Err(Stop::Differs(format!("value: got {x} want {want}"))));
        }
        let uniform = self.distribution.as_deref() == Some("uniform");
        let middle = low.zip(high).filter(|_| uniform).map(|(low, high)| (low + high) / 2.0);
        let spread = low.zip(high).filter(|_| uniform).map(|(low, high)| (high - low) / 12f64.sqrt());
        let (mean, std) = (number(&self.mean)?.or(middle), number(&self.std)?.or(spread));
        let n = values.len() as f64;
        let got_mean = values.iter().sum::<f64>() / n;
        let got_std = (values.iter().map(|x| (x - got_mean).powi(2)).sum::<f64>() / n).sqrt();
        let Some(std) = std else { return Ok(()) };
        let within = |error: f64| Tolerance::of(0.0, 6.0 * error);
        compare::numbers("mean of samples", &[got_mean], &[mean.unwrap_or(0.0)], within(std / n.sqrt()))?;
        compare::numbers("std of samples", &[got_std], &[std], within(std / (2.0 * n).sqrt()))
    }
}

fn number(element: &Option<Element>) -> Outcome<Option<f64>> {
    element.as_ref().map(|element| element.float().map_err(Stop::Malformed)).transpose()
}
