//! Layers over graphs, whose cases have names and layouts of parameters of their own.

use super::table::{Build, layer};
use super::{BuildCalled, Called};
use crate::call::Call;
use crate::stop::Outcome;
use autograd_core::module::{Module, Param, StateDict};
use autograd_core::{SeededRng, Tensor};
use wengert_nn::{GCNConv, GCNConvOptions, Layer, Module, Result, SAGEConv, SAGEConvOptions, SortPooling};

pub(super) const TABLE: &[(&str, Build)] = &[
    ("GCNConv", |c, rng| layer(gcn(c, rng)?)),
    ("SAGEConv", |c, rng| layer(sage(c, rng)?)),
    ("SortPooling", |c, _| layer(SortPooling::new(c.count("k")?)?)),
];

/// They take edges, or the graphs of nodes.
pub(super) const CALLED: &[(&str, BuildCalled)] = &[
    ("GCNConv", |c, rng| Ok(Box::new(gcn(c, rng)?))),
    ("SAGEConv", |c, rng| Ok(Box::new(sage(c, rng)?))),
    ("SortPooling", |c, _| Ok(Box::new(SortPooling::new(c.count("k")?)?))),
];

/// Parameters of the cases, as those of the layer.
#[derive(Clone, Module)]
struct Gcn {
    /// `[D, K]`
    weight: Param,
    bias: Option<Param>,
    #[module(skip)]
    layer: GCNConv,
}

/// Parameters of the cases, as those of the layer.
#[derive(Clone, Module)]
struct Sage {
    weight_self: Param,
    weight_neigh: Param,
    bias: Option<Param>,
    #[module(skip)]
    layer: SAGEConv,
}

fn zeros(c: &Call<'_>, shape: &[usize]) -> Outcome<Param> {
    Ok(Param::new(Tensor::zeros(shape, c.precision().dtype())?)?)
}

fn gcn(c: &Call<'_>, rng: &mut SeededRng) -> Outcome<Gcn> {
    let (inputs, outputs, bias) = (c.count("in_features")?, c.count("out_features")?, c.flag("bias")?);
    // The cases have a loop of every node besides those among the edges; the layer adds those that are missing.
    let options = GCNConvOptions::new().bias(bias).add_self_loops(false);
    let mut layer = GCNConv::with(inputs, outputs, options, rng)?;
    layer.to_dtype(c.precision().dtype())?;
    let bias = bias.then(|| zeros(c, &[outputs])).transpose()?;
    Ok(Gcn { weight: zeros(c, &[inputs, outputs])?, bias, layer })
}

fn sage(c: &Call<'_>, rng: &mut SeededRng) -> Outcome<Sage> {
    let (inputs, outputs, bias) = (c.count("in_features")?, c.count("out_features")?, c.flag("bias")?);
    let options = SAGEConvOptions::new().bias(bias).normalize(c.flag("normalize")?);
    let mut layer = SAGEConv::with(inputs, outputs, options, rng)?;
    layer.to_dtype(c.precision().dtype())?;
    let (weight_self, weight_neigh) = (zeros(c, &[outputs, inputs])?, zeros(c, &[outputs, inputs])?);
    Ok(Sage { weight_self, weight_neigh, bias: bias.then(|| zeros(c, &[outputs])).transpose()?, layer })
}

/// Values by name, and a bias if there is one.
fn values<const N: usize>(all: [(&str, Tensor); N], bias: (&str, Option<&Param>)) -> StateDict {
    let bias = bias.1.map(|value| (bias.0, Tensor::clone(value)));
    all.into_iter().chain(bias).map(|(name, value)| (name.to_owned(), value)).collect()
}

impl Layer for Gcn {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_all(std::slice::from_ref(x))
    }
    fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
        let values = values([("lin.weight", self.weight.t()?)], ("bias", self.bias.as_ref()));
        self.layer.with_parameters(&values)?.forward_all(all)
    }
}

impl Layer for Sage {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_all(std::slice::from_ref(x))
    }
    fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
        let (own, neighbours) = (Tensor::clone(&self.weight_self), Tensor::clone(&self.weight_neigh));
        let all_values = [("lin_l.weight", neighbours), ("lin_r.weight", own)];
        let values = values(all_values, ("lin_l.bias", self.bias.as_ref()));
        self.layer.with_parameters(&values)?.forward_all(all)
    }
}

fn along_edges(layer: &dyn Layer, c: &Call<'_>) -> Outcome<Vec<Tensor>> {
    Ok(vec![layer.forward_all(&[c.tensor("x")?.clone(), c.tensor("edge_index")?.clone()])?])
}

impl Called for Gcn {
    fn outputs(&self, c: &Call<'_>) -> Outcome<Vec<Tensor>> {
        let (x, edges) = (c.tensor("x")?, c.tensor("edge_index")?);
        let nodes = Tensor::from((0..x.shape().first().map_or(0, |n| *n as i64)).collect::<Vec<_>>());
        let edges = Tensor::cat(&[edges, &Tensor::stack(&[&nodes, &nodes], 0)?], 1)?;
        Ok(vec![self.forward_all(&[x.clone(), edges])?])
    }
}

impl Called for Sage {
    fn outputs(&self, c: &Call<'_>) -> Outcome<Vec<Tensor>> {
        along_edges(self, c)
    }
}

impl Called for SortPooling {
    fn outputs(&self, c: &Call<'_>) -> Outcome<Vec<Tensor>> {
        Ok(vec![self.forward_all(&[c.tensor("x")?.clone(), c.tensor("batch")?.clone()])?])
    }
}
