//! The arguments of one call, typed as the library needs them.
//!
//! A call remembers which arguments were read: one that its entry does not read has no equivalent in the library. So
//! entries of the tables read everything first, and then call.

use crate::case::{Arguments, Element, Precision, special};
use crate::stop::{Outcome, Stop};
use autograd_core::{DType, ReduceDims, Result, Tensor, keep};
use serde::Deserialize;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// Results in the order of the case.
pub type Outputs = Vec<Tensor>;

/// Arguments and tensors of one call.
pub struct Call<'a> {
    args: &'a Arguments,
    inputs: &'a BTreeMap<String, Tensor>,
    precision: Precision,
    read: RefCell<BTreeSet<String>>,
}

impl<'a> Call<'a> {
    /// A call with these arguments.
    pub fn new(args: &'a Arguments, inputs: &'a BTreeMap<String, Tensor>, precision: Precision) -> Call<'a> {
        Call { args, inputs, precision, read: RefCell::default() }
    }

    /// The precision of the run.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Unsupported, if an argument has not been read.
    pub fn all_read(&self) -> Outcome<()> {
        let read = self.read.borrow();
        let given = self.args.iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name);
        match given.chain(self.inputs.keys()).find(|name| !read.contains(*name)) {
            None => Ok(()),
            Some(name) => Err(Stop::Unsupported(format!("argument nobody reads: {name}"))),
        }
    }

    fn note(&self, name: &str) {
        self.read.borrow_mut().insert(name.into());
    }

    /// The reason to stop for an argument that the library cannot do without. (Bad calls come without the defaults.)
    fn missing(&self, name: &str) -> Stop {
        match self.args.get(name) {
            Some(_) => Stop::argument(name, "null"),
            None => Stop::Unsupported(format!("argument nobody gives: {name}")),
        }
    }

    /// An argument that is there and not null.
    pub(crate) fn value(&self, name: &str) -> Option<&'a Value> {
        self.note(name);
        self.args.get(name).filter(|value| !value.is_null())
    }

    /// Whether an argument is written, be it null.
    pub(crate) fn is_given(&self, name: &str) -> bool {
        self.args.contains_key(name)
    }

    /// A tensor.
    pub fn tensor(&self, name: &str) -> Outcome<&'a Tensor> {
        self.maybe_tensor(name)?.ok_or_else(|| self.missing(name))
    }

    /// A tensor, or none.
    pub fn maybe_tensor(&self, name: &str) -> Outcome<Option<&'a Tensor>> {
        match (self.value(name), self.inputs.get(name)) {
            (None, found) => Ok(found),
            (Some(value), _) => Err(Stop::argument(name, value)),
        }
    }

    /// A tensor; a number becomes a tensor of one element.
    pub fn operand(&self, name: &str) -> Outcome<Tensor> {
        self.maybe_operand(name)?.ok_or_else(|| self.missing(name))
    }

    /// Like [`Call::operand`], but none if it is absent.
    pub fn maybe_operand(&self, name: &str) -> Outcome<Option<Tensor>> {
        if let Some(tensor) = self.inputs.get(name) {
            self.note(name);
            return Ok(Some(tensor.clone()));
        }
        let Some(number) = self.maybe_number(name)? else { return Ok(None) };
        // A number takes the dtype of the tensor it meets, if that holds it.
        let other = self.inputs.values().map(Tensor::dtype).find(|dtype| *dtype != DType::Bool);
        let dtype = other.filter(|dtype| dtype.is_float() || number.fract() == 0.0);
        Ok(Some(Tensor::full(&[], number, dtype.unwrap_or(self.precision.dtype()))?))
    }

    /// Tensors `name.0`, `name.1` and so on.
    pub fn tensors(&self, name: &str) -> Vec<&'a Tensor> {
        let names = (0..).map(|i| format!("{name}.{i}"));
        let found = names.map_while(|name| self.inputs.get(&name).inspect(|_| self.note(&name)));
        found.collect()
    }

    /// A float.
    pub fn number(&self, name: &str) -> Outcome<f64> {
        self.maybe_number(name)?.ok_or_else(|| self.missing(name))
    }

    /// A float, also if it is given as a tensor without dims, or none.
    pub fn maybe_number(&self, name: &str) -> Outcome<Option<f64>> {
        if let Some(tensor) = self.inputs.get(name) {
            self.note(name);
            if tensor.rank() > 0 {
                return Err(Stop::argument(name, "a tensor that is not 0-d"));
            }
            return Ok(Some(tensor.to_f64()?));
        }
        self.value(name).map(|value| number(name, value)).transpose()
    }

    /// A float, or a default where the file leaves it out.
    pub fn number_or(&self, name: &str, default: f64) -> Outcome<f64> {
        Ok(self.maybe_number(name)?.unwrap_or(default))
    }

    /// A whole number, also if it is written as a float, or given as a tensor of one element.
    pub fn integer(&self, name: &str) -> Outcome<isize> {
        self.maybe_integer(name)?.ok_or_else(|| self.missing(name))
    }

    /// Like [`Call::integer`], but none if it is absent.
    pub fn maybe_integer(&self, name: &str) -> Outcome<Option<isize>> {
        if let Some(tensor) = self.inputs.get(name) {
            self.note(name);
            if tensor.rank() > 0 {
                return Err(Stop::argument(name, "a tensor that is not 0-d"));
            }
            return Ok(Some(tensor.item::<i64>()? as isize));
        }
        self.value(name).map(|value| integer(name, value)).transpose()
    }

    /// A number of things. A negative one is unsupported: the type rules it out.
    pub fn count(&self, name: &str) -> Outcome<usize> {
        let value = self.integer(name)?;
        usize::try_from(value).map_err(|_| Stop::argument(name, value))
    }

    /// Like [`Call::count`], or a default where the file leaves it out.
    pub fn count_or(&self, name: &str, default: usize) -> Outcome<usize> {
        if self.value(name).is_none() { Ok(default) } else { self.count(name) }
    }

    /// Like [`Call::integer`], or a default where the file leaves it out.
    pub fn integer_or(&self, name: &str, default: isize) -> Outcome<isize> {
        Ok(self.maybe_integer(name)?.unwrap_or(default))
    }

    /// Whole numbers; one stands for a list of one.
    pub fn integers(&self, name: &str) -> Outcome<Vec<isize>> {
        match self.value(name) {
            None => Err(self.missing(name)),
            Some(Value::Array(list)) => list.iter().map(|value| integer(name, value)).collect(),
            Some(value) => Ok(vec![integer(name, value)?]),
        }
    }

    /// Like [`Call::integers`], or one default where the file leaves them out.
    pub fn integers_or(&self, name: &str, default: isize) -> Outcome<Vec<isize>> {
        if self.value(name).is_none() { Ok(vec![default]) } else { self.integers(name) }
    }

    /// Numbers of things; a negative one is unsupported, as in [`Call::count`].
    pub fn counts(&self, name: &str) -> Outcome<Vec<usize>> {
        let count = |value: isize| usize::try_from(value).map_err(|_| Stop::argument(name, value));
        self.integers(name)?.into_iter().map(count).collect()
    }

    /// The dimensions of a reduction: null and `[]` mean all, which the library writes as none.
    pub fn dims(&self, name: &str) -> Outcome<Vec<isize>> {
        if self.value(name).is_none() { Ok(Vec::new()) } else { self.integers(name) }
    }

    /// Floats.
    pub fn numbers(&self, name: &str) -> Outcome<Vec<f64>> {
        match self.value(name) {
            None => Err(self.missing(name)),
            Some(Value::Array(list)) => list.iter().map(|value| number(name, value)).collect(),
            Some(value) => Ok(vec![number(name, value)?]),
        }
    }

    /// Two floats.
    pub fn pair(&self, name: &str) -> Outcome<[f64; 2]> {
        let numbers = self.numbers(name)?;
        <[f64; 2]>::try_from(numbers).map_err(|numbers| Stop::argument(name, format!("{numbers:?}")))
    }

    /// A truth value.
    pub fn flag(&self, name: &str) -> Outcome<bool> {
        let value = self.value(name).ok_or_else(|| self.missing(name))?;
        value.as_bool().ok_or_else(|| Stop::argument(name, value))
    }

    /// A truth value, or a default where the file leaves it out.
    pub fn flag_or(&self, name: &str, default: bool) -> Outcome<bool> {
        if self.value(name).is_none() { Ok(default) } else { self.flag(name) }
    }

    /// A word.
    pub fn word(&self, name: &str) -> Outcome<&'a str> {
        let value = self.value(name).ok_or_else(|| self.missing(name))?;
        value.as_str().ok_or_else(|| Stop::argument(name, value))
    }

    /// A word, or none.
    pub fn maybe_word(&self, name: &str) -> Outcome<Option<&'a str>> {
        if self.value(name).is_none() { Ok(None) } else { self.word(name).map(Some) }
    }

    /// Unsupported, unless the argument is this, or absent.
    pub fn only(&self, name: &str, value: impl Into<Value>) -> Outcome<()> {
        let expected = value.into();
        match self.value(name) {
            Some(given) if !same(given, &expected) => Err(Stop::argument(name, given)),
            _ => Ok(()),
        }
    }

    /// Unsupported, if there is such a tensor or value.
    pub fn absent(&self, name: &str) -> Outcome<()> {
        match (self.value(name), self.inputs.get(name)) {
            (None, None) => Ok(()),
            _ => Err(Stop::argument(name, "given")),
        }
    }

    /// One result.
    pub fn one<E: std::error::Error>(&self, result: Result<Tensor, E>) -> Outcome<Outputs> {
        Ok(vec![result?])
    }

    /// An operation on `input` that cannot fail.
    pub fn unary(&self, f: impl Fn(&Tensor) -> Tensor) -> Outcome<Outputs> {
        Ok(vec![f(self.tensor("input")?)])
    }

    /// An operation on `input` and `other`.
    pub fn binary<E: std::error::Error>(&self, f: impl Fn(&Tensor, &Tensor) -> Result<Tensor, E>) -> Outcome<Outputs> {
        self.one(f(&self.operand("input")?, &self.operand("other")?))
    }

    /// A reduction of `input` along `dim` with `keepdim`.
    pub fn reduction(&self, f: impl Fn(&Tensor, ReduceDims) -> Result<Tensor>) -> Outcome<Outputs> {
        self.one(f(self.tensor("input")?, self.reduce_dims()?))
    }

    /// The arguments `dim` and `keepdim`.
    pub fn reduce_dims(&self) -> Outcome<ReduceDims> {
        let dims = self.dims("dim")?;
        let dims: ReduceDims = if dims.is_empty() { (..).into() } else { dims[..].into() };
        Ok(if self.flag("keepdim")? { keep(dims) } else { dims })
    }
}

fn number(name: &str, value: &Value) -> Outcome<f64> {
    let read = Element::deserialize(value).ok().and_then(|element| element.float().ok());
    read.ok_or_else(|| Stop::argument(name, value))
}

fn integer(name: &str, value: &Value) -> Outcome<isize> {
    let whole = |x: &f64| x.fract() == 0.0 && x.abs() < 9e15;
    let read = value.as_i64().or_else(|| value.as_f64().filter(whole).map(|x| x as i64));
    read.map(|x| x as isize).ok_or_else(|| Stop::argument(name, value))
}

/// Equal, `1` and `1.0` too.
fn same(a: &Value, b: &Value) -> bool {
    let float = |x: &Value| x.as_f64().or_else(|| x.as_str().and_then(special));
    a == b || float(a).is_some_and(|x| float(b) == Some(x))
}
