//! Sampling and aggregating convolution.

use super::parts::{Aggregation, Edges, given};
use crate::layer::Layer;
use crate::{Linear, LinearOptions};
use autograd_core::check::Check;
use autograd_core::{Error, ErrorKind, Result, Tensor};
use rand::Rng;
use wengert_derive::Module;

/// The options of [`SAGEConv`].
///
/// # Examples
/// ```
/// use wengert_nn::{Aggregation, SAGEConv, SAGEConvOptions};
/// let options = SAGEConvOptions::new().aggr(Aggregation::Max).normalize(true).project(true);
/// let sage = SAGEConv::with(3, 2, options.root_weight(false).bias(false), &mut autograd_core::seeded(7))?;
/// assert!(sage.lin.is_some() && sage.lin_r.is_none() && sage.lin_l.bias.is_none());
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SAGEConvOptions {
    aggr: Aggregation,
    normalize: bool,
    root_weight: bool,
    project: bool,
    bias: bool,
}

impl Default for SAGEConvOptions {
    fn default() -> Self {
        let aggr = Aggregation::Mean;
        SAGEConvOptions { aggr, normalize: false, root_weight: true, project: false, bias: true }
    }
}

impl SAGEConvOptions {
    /// The defaults.
    pub fn new() -> SAGEConvOptions {
        SAGEConvOptions::default()
    }

    /// The fold of the neighbours. Default: the mean.
    #[must_use]
    pub fn aggr(mut self, aggr: Aggregation) -> Self {
        self.aggr = aggr;
        self
    }

    /// Whether outputs are divided by their norms. Default false.
    #[must_use]
    pub fn normalize(mut self, normalize: bool) -> Self {
        self.normalize = normalize;
        self
    }

    /// Whether the node itself takes part, with a weight of its own. Default true.
    #[must_use]
    pub fn root_weight(mut self, root_weight: bool) -> Self {
        self.root_weight = root_weight;
        self
    }

    /// Whether neighbours go through a layer of their own, `max(P xⱼ + p, 0)`. Default false.
    #[must_use]
    pub fn project(mut self, project: bool) -> Self {
        self.project = project;
        self
    }

    /// Whether there is a bias. Default true.
    #[must_use]
    pub fn bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }
}

/// GraphSAGE: a node and the mean of its neighbours, each with a weight:
///
/// ```text
/// yᵢ = Wₗ mean xⱼ + b + Wᵣ xᵢ    over the edges from j to i
/// ```
///
/// The mean of no neighbours is 0. With `normalize` it is `yᵢ / max(|yᵢ|, 10⁻¹²)`. Edges have no weights.
///
/// It has two inputs, for [`Layer::forward_all`]. The parts start as [`Linear`] layers; their names are PyTorch
/// Geometric's.
///
/// # Shapes
/// `x: [N, D]`, `edge_index: [2, E]` of `I64`, sources above targets → `[N, K]`; `lin_l.weight, lin_r.weight: [K, D]`,
/// `lin_l.bias: [K]`.
///
/// # Errors
/// The constructors fail if a size is 0; `forward_all` if the inputs do not fit or a node of an edge is out of range;
/// `forward` always.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, SAGEConv, SAGEConvOptions};
/// let mut sage = SAGEConv::with(1, 1, SAGEConvOptions::new().bias(false), &mut autograd_core::seeded(7))?;
/// sage.lin_l.weight.set(Tensor::from([[10.0]]))?;
/// sage.lin_r.as_mut().expect("the root").weight.set(Tensor::from([[1.0]]))?;
/// let (x, edges) = (Tensor::from([[1.0], [2.0], [4.0]]), Tensor::from([[1, 2], [0, 0]]));
/// assert_eq!(sage.forward_all(&[x, edges])?.to_vec::<f32>()?, [31.0, 2.0, 4.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Hamilton, Ying, Leskovec, Inductive representation learning on large graphs, 2017, algorithm 1.
#[derive(Clone, Debug, Module)]
pub struct SAGEConv {
    /// The layer that neighbours go through first, if there is one.
    pub lin: Option<Linear>,
    /// The weight of the neighbours, and the bias.
    pub lin_l: Linear,
    /// The weight of the node itself, if it takes part.
    pub lin_r: Option<Linear>,
    #[module(option)]
    options: SAGEConvOptions,
}

const CHECK: Check = Check("SAGEConv");

impl SAGEConv {
    /// A layer from `in_channels` (D) to `out_channels` (K) features, with the default options.
    ///
    /// # Errors
    /// If a size is 0.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::SAGEConv;
    /// let sage = SAGEConv::new(3, 2, &mut autograd_core::seeded(7))?;
    /// assert_eq!(sage.lin_l.weight.shape(), [2, 3]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn new(in_channels: usize, out_channels: usize, rng: &mut dyn Rng) -> Result<SAGEConv> {
        SAGEConv::with(in_channels, out_channels, SAGEConvOptions::new(), rng)
    }

    /// A layer from `in_channels` (D) to `out_channels` (K) features.
    ///
    /// # Errors
    /// If a size is 0.
    pub fn with(
        in_channels: usize,
        out_channels: usize,
        options: SAGEConvOptions,
        rng: &mut dyn Rng,
    ) -> Result<SAGEConv> {
        for (name, size) in [("in_channels", in_channels), ("out_channels", out_channels)] {
            CHECK.require(size > 0, name, size, "at least 1")?;
        }
        let mut linear =
            |outputs: usize, bias: bool| Linear::with(in_channels, outputs, LinearOptions::new().bias(bias), rng);
        Ok(SAGEConv {
            lin: options.project.then(|| linear(in_channels, true)).transpose()?,
            lin_l: linear(out_channels, options.bias)?,
            lin_r: options.root_weight.then(|| linear(out_channels, false)).transpose()?,
            options,
        })
    }
}

impl Layer for SAGEConv {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_all(std::slice::from_ref(x))
    }

    fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
        let (x, edge_index, None) = given(CHECK.0, all)? else {
            return Err(Error::new(ErrorKind::Argument, "SAGEConv: edges have no weights, and 3 inputs were given"));
        };
        let edges = Edges::new(CHECK, x, edge_index)?;
        let h = self.lin.iter().try_fold(x.clone(), |x, lin| Ok::<_, Error>(lin.call("lin", &x)?.relu()))?;
        let mut y = self.lin_l.call("lin_l", &edges.fold(&h, self.options.aggr)?)?;
        if let Some(root) = &self.lin_r {
            y = y.try_add(&root.call("lin_r", x)?)?;
        }
        if self.options.normalize { y.normalize(2.0, -1, 1e-12) } else { Ok(y) }
    }
}

#[cfg(test)]
cases![
    layer("SAGEConv", |rng| SAGEConv::new(3, 2, rng))
        .state(&["lin_l.weight", "lin_l.bias", "lin_r.weight"])
        .maps_with(&[&[4, 3]], &[Tensor::from([[0, 1, 1, 2, 2], [1, 0, 2, 2, 1]])], &[&[4, 2]])
        .maps_with(&[&[1, 3]], &[Tensor::zeros(&[2, 0], autograd_core::DType::I64).expect("small")], &[&[1, 2]])
        .refuses(&[4, 3], "SAGEConv: takes 2 or 3 inputs, got 1")
        .refuses_with(
            &[&[4, 3]],
            &[Tensor::from([[0], [1]]), Tensor::from([1.0])],
            "SAGEConv: edges have no weights, and 3 inputs were given"
        )
        .refuses_with(
            &[&[2, 3]],
            &[Tensor::from([[0, 2], [1, 1]])],
            "SAGEConv: node 2 of edge 1 is out of range for 2 nodes"
        ),
    layer("SAGEConv", |rng| {
        let options = SAGEConvOptions::new().aggr(Aggregation::Max).normalize(true).project(true);
        SAGEConv::with(2, 3, options.root_weight(false), rng)
    })
    .state(&["lin.weight", "lin.bias", "lin_l.weight", "lin_l.bias"])
    .maps_with(&[&[3, 2]], &[Tensor::from([[0, 1, 2, 1], [1, 0, 0, 0]])], &[&[3, 3]]),
    layer("SAGEConv", |rng| { SAGEConv::with(2, 2, SAGEConvOptions::new().aggr(Aggregation::Min).bias(false), rng) })
        .state(&["lin_l.weight", "lin_r.weight"])
        .maps_with(&[&[3, 2]], &[Tensor::from([[0, 1, 2], [1, 0, 0]])], &[&[3, 2]]),
    layer("SAGEConv", |rng| SAGEConv::new(2, 0, rng)).cannot_be("SAGEConv: out_channels is 0, it must be at least 1"),
];
