//! The parts of models: the layers of the library, and a few parts that only these cases have, written as a user would.

use super::of;
use crate::call::Call;
use crate::case::{Arguments, Array, Precision};
use crate::family::layers;
use crate::stop::{Outcome, Stop};
use autograd_core::Tensor;
use autograd_core::module::{Item, ItemMut, Module, Param, Path};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use wengert_nn::{DynLayer, Layer, Module, Residual, Result, Sequential};

/// A layer of a model.
#[derive(Deserialize)]
pub(super) struct Part {
    #[serde(rename = "type")]
    kind: String,
    args: Arguments,
}

/// What parts are built from besides their own arguments.
#[derive(Clone, Copy)]
pub(super) struct Setting<'a> {
    /// The model's values before the run, by name.
    pub(super) state: &'a BTreeMap<String, Array>,
    pub(super) precision: Precision,
}

/// The layers one after another; the names of their parameters begin with `prefix`.
pub(super) fn sequential(parts: &[Part], prefix: &str, setting: Setting<'_>) -> Outcome<Sequential> {
    let layers = parts.iter().enumerate().map(|(position, part)| {
        part.build(&format!("{prefix}{position}."), setting).map_err(|stop| of(&part.kind, stop))
    });
    Ok(Sequential::from(layers.collect::<Outcome<Vec<_>>>()?))
}

/// The mean over one dimension.
#[derive(Clone, Module)]
struct Mean {
    dim: isize,
}

impl Layer for Mean {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.mean_dim(self.dim)
    }
}

/// The last step of a recurrent layer's outputs, `[N, L, D] → [N, D]`.
#[derive(Clone, Module)]
struct LastStep {
    #[module(flatten)]
    layer: Box<dyn DynLayer>,
}

impl Layer for LastStep {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.layer.forward(x)?.select(1, -1)
    }
}

/// `y = Â (x W) + b`
#[derive(Clone, Module)]
struct GraphConv {
    weight: Param,
    bias: Param,
    #[module(skip)]
    adjacency: Tensor,
}

impl Layer for GraphConv {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.adjacency.matmul(&x.matmul(&self.weight)?)?.try_add(&self.bias)
    }
}

/// `y = x + p`; the case names p.
#[derive(Clone)]
struct AddParameter {
    name: String,
    p: Param,
}

impl Module for AddParameter {
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        self.p.visit(&path.child(&self.name), f);
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        self.p.visit_mut(&path.child(&self.name), f);
    }
}

impl Layer for AddParameter {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.try_add(&self.p)
    }
}

impl AddParameter {
    /// The part whose parameter is the only one of the state that begins with `prefix`.
    fn of_state(prefix: &str, setting: Setting<'_>) -> Outcome<AddParameter> {
        let mut own = setting.state.iter().filter_map(|(name, array)| Some((name.strip_prefix(prefix)?, array)));
        match (own.next(), own.next()) {
            (Some((name, array)), None) => {
                let p = Tensor::zeros(&array.shape, setting.precision.dtype())?;
                Ok(AddParameter { name: name.into(), p: Param::new(p)? })
            }
            _ => Err(Stop::Malformed(format!("the state has not one value {prefix}*"))),
        }
    }
}

impl Part {
    fn build(&self, prefix: &str, setting: Setting<'_>) -> Outcome<Box<dyn DynLayer>> {
        let precision = setting.precision;
        match self.kind.as_str() {
            // Its arguments repeat what the state says.
            "AddParameter" => Ok(Box::new(AddParameter::of_state(prefix, setting)?)),
            "Residual" => {
                let inner = self.args.get("layers").cloned().unwrap_or_default();
                let inner: Vec<Part> = serde_json::from_value(inner).map_err(malformed)?;
                Ok(Box::new(Residual::new(sequential(&inner, &format!("{prefix}inner."), setting)?)))
            }
            "Mean" => self.own(precision, |c| Ok(Box::new(Mean { dim: c.integer("dim")? }))),
            "GraphConv" => self.own(precision, |c| {
                let (inputs, outputs, dtype) =
                    (c.count("in_features")?, c.count("out_features")?, c.precision().dtype());
                let adjacency = c.value("A_hat").cloned().unwrap_or_default();
                Ok(Box::new(GraphConv {
                    weight: Param::new(Tensor::zeros(&[inputs, outputs], dtype)?)?,
                    bias: Param::new(Tensor::zeros(&[outputs], dtype)?)?,
                    adjacency: matrix(adjacency)?.to_dtype(dtype),
                }))
            }),
            kind @ ("RNN" | "LSTM" | "GRU") => {
                Ok(Box::new(LastStep { layer: layers::build(kind, &self.args, precision)? }))
            }
            kind => layers::build(kind, &self.args, precision),
        }
    }

    fn own(
        &self,
        precision: Precision,
        build: fn(&Call<'_>) -> Outcome<Box<dyn DynLayer>>,
    ) -> Outcome<Box<dyn DynLayer>> {
        let nothing = BTreeMap::new();
        let call = Call::new(&self.args, &nothing, precision);
        let layer = build(&call)?;
        call.all_read()?;
        Ok(layer)
    }
}

fn malformed(error: impl std::fmt::Display) -> Stop {
    Stop::Malformed(error.to_string())
}

fn matrix(value: Value) -> Outcome<Tensor> {
    let rows: Vec<Vec<f64>> = serde_json::from_value(value).map_err(malformed)?;
    Ok(Tensor::from_vec(rows.concat(), &[rows.len(), rows.first().map_or(0, Vec::len)])?)
}
