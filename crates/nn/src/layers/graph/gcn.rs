//! Graph convolution.

use super::parts::{Edges, given};
use crate::init::{Initializer, xavier_uniform, zeros};
use crate::layer::Layer;
use crate::{Linear, LinearOptions};
use autograd_core::check::Check;
use autograd_core::module::Param;
use autograd_core::{DType, Result, Tensor};
use rand::Rng;
use wengert_derive::Module;

/// The options of [`GCNConv`].
///
/// # Examples
/// ```
/// use wengert_nn::{GCNConv, GCNConvOptions};
/// let options = GCNConvOptions::new().improved(true).add_self_loops(true).normalize(true).bias(false);
/// assert!(GCNConv::with(3, 2, options, &mut autograd_core::seeded(7))?.bias.is_none());
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GCNConvOptions {
    improved: bool,
    add_self_loops: Option<bool>,
    normalize: bool,
    bias: bool,
}

impl Default for GCNConvOptions {
    fn default() -> Self {
        GCNConvOptions { improved: false, add_self_loops: None, normalize: true, bias: true }
    }
}

impl GCNConvOptions {
    /// The defaults.
    pub fn new() -> GCNConvOptions {
        GCNConvOptions::default()
    }

    /// Whether the self loops that are added weigh 2, not 1. Default false.
    #[must_use]
    pub fn improved(mut self, improved: bool) -> Self {
        self.improved = improved;
        self
    }

    /// Whether nodes without a self loop get one. Default: as [`GCNConvOptions::normalize`].
    #[must_use]
    pub fn add_self_loops(mut self, add: bool) -> Self {
        self.add_self_loops = Some(add);
        self
    }

    /// Whether edges are scaled by the degrees of their ends. Default true.
    #[must_use]
    pub fn normalize(mut self, normalize: bool) -> Self {
        self.normalize = normalize;
        self
    }

    /// Whether there is a bias. Default true.
    #[must_use]
    pub fn bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }
}

/// Graph convolution: neighbours, scaled by degrees, and added up:
///
/// ```text
/// yᵢ = b + Σ wₖ / √(dᵢ dⱼ) · W xⱼ    over the edges k from j to i and the self loop of i,    dᵢ = Σ wₖ
/// ```
///
/// Edges weigh 1 where no weights are given. A self loop of weight 1 is added to every node that has none; of several
/// self loops of a node the last one counts. Where dᵢ = 0 its factor `1 / √dᵢ` is 0. Without `normalize` the factors
/// are 1, and nothing is added.
///
/// It has two inputs, or three with weights, for [`Layer::forward_all`]. The weight starts uniform in
/// `±√(6 / (D + K))`, the bias at 0; their names are PyTorch Geometric's.
///
/// # Shapes
/// `x: [N, D]`, `edge_index: [2, E]` of `I64`, sources above targets, `edge_weight: [E]` → `[N, K]`; `lin.weight: [K,
/// D]`.
///
/// # Errors
/// The constructors fail if a size is 0, or if self loops are to be added without `normalize`; `forward_all` if the
/// inputs do not fit or a node of an edge is out of range; `forward` always.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{GCNConv, GCNConvOptions, Layer};
/// let mut gcn = GCNConv::new(1, 1, &mut autograd_core::seeded(7))?;
/// gcn.lin.weight.set(Tensor::from([[1.0]]))?;
/// // Both ends of the edge have degree 2; node 2 has its self loop alone.
/// let (x, edges) = (Tensor::from([[1.0], [3.0], [5.0]]), Tensor::from([[0, 1], [1, 0]]));
/// assert!((gcn.forward_all(&[x, edges])? - Tensor::from([[2.0], [2.0], [5.0]])).abs().max()?.item::<f32>()? < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Kipf, Welling, Semi-supervised classification with graph convolutional networks, 2017, equation 2.
///
/// # Differs from
/// PyTorch Geometric: there `improved` has no effect where no weights are given.
#[derive(Clone, Debug, Module)]
pub struct GCNConv {
    /// The bias, `[K]`, if there is one.
    pub bias: Option<Param>,
    /// The weight.
    pub lin: Linear,
    #[module(option)]
    options: GCNConvOptions,
}

const CHECK: Check = Check("GCNConv");

impl GCNConv {
    /// A layer from `in_channels` (D) to `out_channels` (K) features, with the default options.
    ///
    /// # Errors
    /// If a size is 0.
    pub fn new(in_channels: usize, out_channels: usize, rng: &mut dyn Rng) -> Result<GCNConv> {
        GCNConv::with(in_channels, out_channels, GCNConvOptions::new(), rng)
    }

    /// A layer from `in_channels` (D) to `out_channels` (K) features.
    ///
    /// # Errors
    /// If a size is 0, or self loops are to be added without `normalize`.
    pub fn with(
        in_channels: usize,
        out_channels: usize,
        options: GCNConvOptions,
        rng: &mut dyn Rng,
    ) -> Result<GCNConv> {
        for (name, size) in [("in_channels", in_channels), ("out_channels", out_channels)] {
            CHECK.require(size > 0, name, size, "at least 1")?;
        }
        let added = options.add_self_loops == Some(true);
        CHECK.require(options.normalize || !added, "add_self_loops", added, "false without normalize")?;
        let linear = LinearOptions::new().bias(false).weight(xavier_uniform());
        let start = |_| Param::new(zeros().tensor(&[out_channels], DType::F32, rng)?);
        let bias = options.bias.then_some(()).map(start).transpose()?;
        Ok(GCNConv { bias, lin: Linear::with(in_channels, out_channels, linear, rng)?, options })
    }

    /// The sum over neighbours, scaled by the degrees.
    fn normalized(&self, edges: &Edges, weights: &Tensor, h: &Tensor) -> Result<Tensor> {
        let (mut weights, mut own) = (weights.clone(), None);
        if self.options.add_self_loops != Some(false) {
            let loops = edges.loops()?;
            let fill = if self.options.improved { 2.0 } else { 1.0 };
            // One place more is for the edges that are no loops.
            let all = Tensor::full(&[edges.nodes + 1], fill, h.dtype())?;
            let all = all.index_copy(0, &edges.only(&loops, &edges.source)?, &weights)?;
            own = Some(all.narrow(0, 0, edges.nodes)?);
            weights = weights.masked_fill(&loops, 0.0)?;
        }
        let mut degrees = weights.segment_sum(&edges.target, edges.nodes)?;
        if let Some(own) = &own {
            degrees = degrees.try_add(own)?;
        }
        let alone = degrees.eq_scalar(0.0);
        // The derivative at 0 is infinite, so it is the input that is masked.
        let factors = degrees.masked_fill(&alone, 1.0)?.rsqrt().masked_fill(&alone, 0.0)?.unsqueeze(1)?;
        let h = h.try_mul(&factors)?;
        let mut y = edges.sum(&weights, &h)?;
        if let Some(own) = own {
            y = y.try_add(&h.try_mul(&own.unsqueeze(1)?)?)?;
        }
        y.try_mul(&factors)
    }
}

impl Layer for GCNConv {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_all(std::slice::from_ref(x))
    }

    fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
        let (x, edge_index, weights) = given(CHECK.0, all)?;
        let edges = Edges::new(CHECK, x, edge_index)?;
        let weights = edges.weights(weights, x)?;
        let h = self.lin.call("lin", x)?;
        let y =
            if self.options.normalize { self.normalized(&edges, &weights, &h)? } else { edges.sum(&weights, &h)? };
        self.bias.iter().try_fold(y, |y, bias| y.try_add(bias))
    }
}

#[cfg(test)]
cases![
    layer("GCNConv", |rng| GCNConv::new(3, 2, rng))
        .state(&["bias", "lin.weight"])
        .maps_with(&[&[4, 3]], &[Tensor::from([[0, 1, 1, 2], [1, 0, 2, 2]])], &[&[4, 2]])
        .maps_with(&[&[1, 3]], &[Tensor::zeros(&[2, 0], DType::I64).expect("small")], &[&[1, 2]])
        .maps_with(&[&[0, 3]], &[Tensor::zeros(&[2, 0], DType::I64).expect("small")], &[&[0, 2]])
        .refuses(&[4, 3], "GCNConv: takes 2 or 3 inputs, got 1")
        .refuses_with(&[&[4]], &[Tensor::from([[0], [1]])], "GCNConv: the input has shape [4], expected [N, D]")
        .refuses_with(&[&[4, 3]], &[Tensor::from([[0, 1]])], "GCNConv: edge_index has shape [1, 2], expected [2, E]")
        .refuses_with(&[&[4, 3]], &[Tensor::from([0, 1])], "GCNConv: edge_index has shape [2], expected [2, E]")
        .refuses_with(
            &[&[4, 3]],
            &[Tensor::from([[0.0], [1.0]])],
            "GCNConv: dtype is F32, expected I64; to_dtype converts"
        )
        .refuses_with(
            &[&[4, 3]],
            &[Tensor::from([[0, 1, 2], [1, 2, 4]])],
            "GCNConv: node 4 of edge 2 is out of range for 4 nodes"
        )
        .refuses_with(
            &[&[4, 3]],
            &[Tensor::from([[0, -1], [1, 2]])],
            "GCNConv: node -1 of edge 1 is out of range for 4 nodes"
        )
        .refuses_with(
            &[&[4, 3]],
            &[Tensor::from([[0, 1], [1, 2]]), Tensor::from([1.0, 2.0, 3.0])],
            "GCNConv: edge_weight has shape [3], expected [2]"
        )
        .refuses_with(
            &[&[4, 3]],
            &[Tensor::from([[0, 1], [1, 2]]), Tensor::from([1, 2])],
            "GCNConv: dtypes F32 and I64 do not mix; convert one with to_dtype"
        )
        .refuses_with(
            &[&[4, 2]],
            &[Tensor::from([[0], [1]])],
            "in lin (Linear): linear: inner dimensions differ: [4, 2] × [3, 2] (2 ≠ 3)"
        ),
    // Weights have derivatives, those of self loops too; nodes 0 and 3 have two edges from 1 to 0 and no edge.
    layer("GCNConv", |rng| GCNConv::with(2, 2, GCNConvOptions::new().improved(true).bias(false), rng))
        .state(&["lin.weight"])
        .runs(|gcn: &GCNConv, all| {
            // Degrees are positive.
            Ok(vec![gcn.forward_all(&[all[0].clone(), all[2].clone(), all[1].try_mul(&all[1])?.add_scalar(0.5)])?])
        })
        .maps_with(&[&[4, 2], &[5]], &[Tensor::from([[1, 1, 0, 2, 2], [0, 0, 2, 2, 1]])], &[&[4, 2]]),
    layer("GCNConv", |rng| GCNConv::with(2, 2, GCNConvOptions::new().add_self_loops(false), rng))
        .state(&["bias", "lin.weight"])
        .maps_with(&[&[3, 2]], &[Tensor::from([[0, 1, 1], [1, 0, 1]])], &[&[3, 2]]),
    layer("GCNConv", |rng| GCNConv::with(2, 2, GCNConvOptions::new().normalize(false), rng))
        .state(&["bias", "lin.weight"])
        .runs(|gcn: &GCNConv, all| Ok(vec![gcn.forward_all(&[all[0].clone(), all[2].clone(), all[1].clone()])?]))
        .maps_with(&[&[3, 2], &[3]], &[Tensor::from([[0, 1, 1], [1, 0, 1]])], &[&[3, 2]]),
    layer("GCNConv", |rng| GCNConv::new(0, 2, rng)).cannot_be("GCNConv: in_channels is 0, it must be at least 1"),
    layer("GCNConv", |rng| { GCNConv::with(1, 2, GCNConvOptions::new().normalize(false).add_self_loops(true), rng) })
        .cannot_be("GCNConv: add_self_loops is true, it must be false without normalize"),
];
