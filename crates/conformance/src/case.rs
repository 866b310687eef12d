//! One golden case: a line of a case file, read into types.

use autograd_core::{DType, Tensor};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

use crate::stop::{Outcome, Stop};

/// Arguments by name, as the file has them.
pub type Arguments = BTreeMap<String, Value>;

/// A case: what to call, with what, and what must come out.
#[derive(Clone, Debug, Deserialize)]
pub struct Case {
    /// Unique among all cases.
    pub id: String,
    /// The file it belongs to.
    pub family: String,
    /// Operation, layer, optimizer and so on.
    pub name: String,
    /// Arguments that are not tensors.
    #[serde(default)]
    pub args: Arguments,
    /// Tensors by parameter.
    #[serde(default)]
    pub inputs: BTreeMap<String, Array>,
    /// The results wanted.
    #[serde(default)]
    pub outputs: Vec<Array>,
    /// The gradient to start from, for each result; none where no gradient flows.
    #[serde(default)]
    pub grad_outputs: Vec<Option<Array>>,
    /// The gradient wanted, for each input that requires one.
    #[serde(default)]
    pub grads: BTreeMap<String, Option<Array>>,
    /// Like `grads`, but for the tensors that the inputs are views of.
    #[serde(default)]
    pub base_grads: BTreeMap<String, Option<Array>>,
    /// Other answers that are right too.
    #[serde(default)]
    pub alt: Vec<Alternative>,
    /// The call must be refused.
    #[serde(default)]
    pub expect_error: bool,
    /// The tolerance of a run in F64.
    pub tol: Option<Tolerance>,
    /// The tolerance of a run in F32; none if the case is not meant for it.
    pub tol32: Option<Tolerance>,
    /// The fields that only some families have.
    #[serde(flatten)]
    pub rest: BTreeMap<String, Value>,
}

/// Another answer; the case itself has what it leaves out.
#[derive(Clone, Debug, Deserialize)]
pub struct Alternative {
    /// In place of [`Case::outputs`].
    pub outputs: Option<Vec<Array>>,
    /// In place of [`Case::grads`].
    pub grads: Option<BTreeMap<String, Option<Array>>>,
}

/// `|got − want| ≤ atol + rtol · |want|`.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Tolerance {
    /// Relative part.
    pub rtol: f64,
    /// Absolute part.
    pub atol: f64,
    /// The dtype that floats must have; none where numbers are compared whatever they are.
    #[serde(skip)]
    pub dtype: Option<DType>,
}

impl Tolerance {
    /// That of numbers of any dtype.
    pub const fn of(rtol: f64, atol: f64) -> Tolerance {
        Tolerance { rtol, atol, dtype: None }
    }
}

impl Case {
    /// A field that only this family has; `None` if it is absent or null.
    pub fn field<T: DeserializeOwned>(&self, name: &str) -> Outcome<Option<T>> {
        match self.rest.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => T::deserialize(value).map(Some).map_err(|error| Stop::Malformed(format!("{name}: {error}"))),
        }
    }

    /// Like [`Case::field`], but the field must be there.
    pub fn required<T: DeserializeOwned>(&self, name: &str) -> Outcome<T> {
        self.field(name)?.ok_or_else(|| Stop::Malformed(format!("no field {name}")))
    }
}

/// The float type of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 64-bit floats.
    F64,
    /// 32-bit floats, with the wider tolerance.
    F32,
}

impl Precision {
    /// The dtype in which the case's floats are built.
    pub fn dtype(self) -> DType {
        match self {
            Precision::F64 => DType::F64,
            Precision::F32 => DType::F32,
        }
    }

    /// The case's tolerance in this precision.
    pub fn tolerance(self, case: &Case) -> Option<Tolerance> {
        let tolerance = match self {
            Precision::F64 => case.tol,
            Precision::F32 => case.tol32,
        };
        // Some results are in F64 whatever the inputs are, and none is in F32 of inputs in F64.
        let dtype = (self == Precision::F64).then_some(DType::F64);
        tolerance.map(|tolerance| Tolerance { dtype, ..tolerance })
    }
}

/// A tensor as the file writes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Raw")]
pub struct Array {
    /// Sizes; empty for a single number.
    pub shape: Vec<usize>,
    /// The elements in row-major order.
    pub values: Values,
    /// Whether it is a leaf whose gradient is wanted.
    pub requires_grad: bool,
    /// The same tensor as a view of another.
    pub via: Option<Box<Via>>,
}

/// Elements by type.
#[derive(Clone, Debug)]
pub enum Values {
    /// `f64`
    Floats(Vec<f64>),
    /// `i64`
    Integers(Vec<i64>),
    /// `bool`
    Truths(Vec<bool>),
}

/// A tensor made by viewing another.
#[derive(Clone, Debug, Deserialize)]
pub struct Via {
    /// The tensor viewed.
    pub base: Array,
    /// The views, first to last.
    pub ops: Vec<View>,
}

/// One step from a tensor to a view of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum View {
    /// Dimension i of the result is dimension `dims[i]`.
    Permute {
        /// The order.
        dims: Vec<isize>,
    },
    /// A part of one dimension.
    Slice {
        /// The dimension.
        dim: isize,
        /// The first index.
        start: Option<isize>,
        /// The index to stop before.
        end: Option<isize>,
        /// The distance between neighbours.
        step: usize,
    },
    /// Dimensions of size one repeated.
    Expand {
        /// The sizes.
        shape: Vec<isize>,
    },
}

impl View {
    /// Takes the view.
    pub fn of(&self, x: &Tensor) -> autograd_core::Result<Tensor> {
        match self {
            View::Permute { dims } => x.permute(dims),
            View::Slice { dim, start, end, step } => x.slice(*dim, *start, *end, *step),
            View::Expand { shape } => x.expand(shape),
        }
    }
}

impl Array {
    /// The tensor, its floats in the run's precision.
    pub fn tensor(&self, precision: Precision) -> Outcome<Tensor> {
        Ok(match &self.values {
            Values::Floats(values) if precision == Precision::F32 => {
                let rounded: Vec<f32> = values.iter().map(|x| *x as f32).collect();
                Tensor::from_vec(rounded, &self.shape)?
            }
            Values::Floats(values) => Tensor::from_slice(values, &self.shape)?,
            Values::Integers(values) => Tensor::from_slice(values, &self.shape)?,
            Values::Truths(values) => Tensor::from_slice(values, &self.shape)?,
        })
    }

    /// Like [`Array::tensor`], but a leaf if its gradient is wanted.
    pub fn leaf(&self, precision: Precision) -> Outcome<Tensor> {
        let tensor = self.tensor(precision)?;
        Ok(if self.requires_grad { tensor.requires_grad() } else { tensor })
    }

    /// The elements as floats, whatever their type.
    pub fn floats(&self) -> Vec<f64> {
        match &self.values {
            Values::Floats(values) => values.clone(),
            Values::Integers(values) => values.iter().map(|x| *x as f64).collect(),
            Values::Truths(values) => values.iter().map(|x| f64::from(u8::from(*x))).collect(),
        }
    }
}

#[derive(Deserialize)]
struct Raw {
    shape: Vec<usize>,
    dtype: String,
    data: Vec<Element>,
    #[serde(default)]
    requires_grad: bool,
    via: Option<Box<Via>>,
}

/// A number as the file writes it: plain, or one of the words for NaN and the infinities.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Element {
    /// A truth value.
    Truth(bool),
    /// A number written without a fraction.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// `NaN`, `Infinity` or `-Infinity`.
    Word(String),
}

impl Element {
    /// As a float.
    pub fn float(&self) -> Result<f64, String> {
        match self {
            Element::Integer(x) => Ok(*x as f64),
            Element::Float(x) => Ok(*x),
            Element::Word(word) => {
                special(word).ok_or_else(|| format!("{word:?} is neither a number nor NaN nor an infinity"))
            }
            Element::Truth(x) => Err(format!("{x} is not a number")),
        }
    }
}

/// The float that a word stands for.
pub fn special(word: &str) -> Option<f64> {
    match word {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

impl TryFrom<Raw> for Array {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Array, String> {
        let values = match raw.dtype.as_str() {
            "f64" => Values::Floats(raw.data.iter().map(Element::float).collect::<Result<_, _>>()?),
            "i64" => Values::Integers(raw.data.iter().map(integer).collect::<Result<_, _>>()?),
            "bool" => Values::Truths(raw.data.iter().map(truth).collect::<Result<_, _>>()?),
            other => return Err(format!("no dtype {other:?}")),
        };
        let expected = raw.shape.iter().try_fold(1usize, |n, size| n.checked_mul(*size));
        if expected != Some(raw.data.len()) {
            return Err(format!("shape {:?} does not have {} elements", raw.shape, raw.data.len()));
        }
        Ok(Array { shape: raw.shape, values, requires_grad: raw.requires_grad, via: raw.via })
    }
}

fn integer(element: &Element) -> Result<i64, String> {
    match element {
        Element::Integer(x) => Ok(*x),
        other => Err(format!("{other:?} is not an integer")),
    }
}

fn truth(element: &Element) -> Result<bool, String> {
    match element {
        Element::Truth(x) => Ok(*x),
        other => Err(format!("{other:?} is not a truth value")),
    }
}
