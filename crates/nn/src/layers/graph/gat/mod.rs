//! Graph attention.

mod options;

pub use options::{FillValue, GATConvOptions};

use super::parts::{Edges, folded, given};
use crate::init::{Initializer, uniform, xavier_uniform, zeros};
use crate::layer::Layer;
use crate::{Linear, LinearOptions};
use autograd_core::check::Check;
use autograd_core::module::{Mode, Param, Stream};
use autograd_core::{DType, Error, ErrorKind, Result, Tensor};
use rand::Rng;
use wengert_derive::Module;

/// Graph attention: each node attends to its neighbours and to itself, in every head
///
/// ```text
/// yᵢ = b + Σ αₖ W xⱼ                        over the edges k from j to i and the self loop of i
/// αₖ = softmax leaky(a_src · W xⱼ + a_dst · W xᵢ + a_edge · Wₑ eₖ)    over the edges into i
/// ```
///
/// The heads stand behind each other, or their mean is taken; the bias comes after that. Self loops that are there
/// already are replaced by the ones added.
///
/// It has two inputs, or three with attributes of the edges, for [`Layer::forward_all`]. Weights start uniform in
/// `±√(6 / (D + HK))`, the vectors a in `±√(6 / (H + K))`, the bias at 0; names are PyTorch Geometric's.
///
/// # Shapes
/// `x: [N, D]`, `edge_index: [2, E]` of `I64`, sources above targets, `edge_attr: [E, B]`, or `[E]` if B is 1 →
/// `[N, H K]`, or `[N, K]` for the mean; `lin.weight: [H K, D]`, `att_src, att_dst, att_edge: [1, H, K]`,
/// `lin_edge.weight: [H K, B]`, `res.weight` and `bias` as the output.
///
/// # Errors
/// The constructors fail if a size is 0 or the probability of dropout is not in `[0, 1]`; `forward_all` if the inputs
/// do not fit, a node of an edge is out of range, or edges have attributes that the layer has no weight for or lack
/// attributes that it has one for; `forward` always.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{GATConv, Layer};
/// let mut gat = GATConv::new(1, 1, &mut autograd_core::seeded(7))?;
/// gat.lin.weight.set(Tensor::from([[1.0]]))?;
/// gat.att_src.set(Tensor::from([[[0.0]]]))?;
/// gat.att_dst.set(Tensor::from([[[0.0]]]))?;
/// // Without a preference attention is the mean, self loop included.
/// let (x, edges) = (Tensor::from([[1.0], [3.0], [5.0]]), Tensor::from([[1, 2], [0, 0]]));
/// assert!((gat.forward_all(&[x, edges])? - Tensor::from([[3.0], [3.0], [5.0]])).abs().max()?.item::<f32>()? < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Veličković, Cucurull, Casanova, Romero, Liò, Bengio, Graph attention networks, 2018, equations 3 to 6.
#[derive(Clone, Debug, Module)]
pub struct GATConv {
    /// What a node is asked for as a source, `[1, H, K]`.
    pub att_src: Param,
    /// What a node asks for as a target, `[1, H, K]`.
    pub att_dst: Param,
    /// What an edge is asked for, `[1, H, K]`, if edges have attributes.
    pub att_edge: Option<Param>,
    /// The bias, if there is one.
    pub bias: Option<Param>,
    /// The weight of the nodes.
    pub lin: Linear,
    /// The weight of the edges' attributes, if they have some.
    pub lin_edge: Option<Linear>,
    /// The weight of the node itself, if it is added.
    pub res: Option<Linear>,
    out_channels: usize,
    #[module(option)]
    options: GATConvOptions,
    stream: Stream,
    mode: Mode,
}

const CHECK: Check = Check("GATConv");

impl GATConv {
    /// A layer from `in_channels` (D) to `out_channels` (K) features of each head, with the default options.
    ///
    /// # Errors
    /// If a size is 0.
    pub fn new(in_channels: usize, out_channels: usize, rng: &mut dyn Rng) -> Result<GATConv> {
        GATConv::with(in_channels, out_channels, GATConvOptions::new(), rng)
    }

    /// A layer from `in_channels` (D) to `out_channels` (K) features of each head.
    ///
    /// # Errors
    /// If a size is 0, or the probability of dropout is not in `[0, 1]`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// # use wengert_nn::{GATConv, GATConvOptions, Layer};
    /// let gat = GATConv::with(1, 4, GATConvOptions::new().heads(3), &mut autograd_core::seeded(7))?;
    /// let all = [Tensor::from([[1.0], [2.0]]), Tensor::from([[0], [1]])];
    /// assert_eq!(gat.forward_all(&all)?.shape(), [2, 12]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn with(
        in_channels: usize,
        out_channels: usize,
        options: GATConvOptions,
        rng: &mut dyn Rng,
    ) -> Result<GATConv> {
        let (k, o) = (out_channels, &options);
        let edge_dim = o.edge_dim.unwrap_or(1);
        let sizes = [("in_channels", in_channels), ("out_channels", k), ("heads", o.heads), ("edge_dim", edge_dim)];
        for (name, size) in sizes {
            CHECK.require(size > 0, name, size, "at least 1")?;
        }
        CHECK.require((0.0..=1.0).contains(&o.dropout), "dropout", o.dropout, "in [0, 1]")?;
        let Some(all) = o.heads.checked_mul(k) else { return Err(Error::too_large(CHECK.0, &[o.heads, k])) };
        let width = if o.concat { all } else { k };
        let mut linear = |inputs: usize, outputs: usize| {
            Linear::with(inputs, outputs, LinearOptions::new().bias(false).weight(xavier_uniform()), rng)
        };
        let lin = linear(in_channels, all)?;
        let lin_edge = o.edge_dim.map(|edge_dim| linear(edge_dim, all)).transpose()?;
        let res = o.residual.then(|| linear(in_channels, width)).transpose()?;
        let bound = (6.0 / (o.heads as f64 + k as f64)).sqrt();
        let mut vector = || Param::new(uniform(-bound, bound).tensor(&[1, o.heads, k], DType::F32, rng)?);
        let (att_src, att_dst) = (vector()?, vector()?);
        let att_edge = o.edge_dim.map(|_| vector()).transpose()?;
        let bias = if o.bias { Some(Param::new(zeros().tensor(&[width], DType::F32, rng)?)?) } else { None };
        let (stream, mode) = (Stream::new(rng), Mode::default());
        Ok(GATConv { att_src, att_dst, att_edge, bias, lin, lin_edge, res, out_channels, options, stream, mode })
    }

    /// Like `forward_all`, but with the edges and what each head gives to them: `(y, edge_index, α)`, `α: [E, H]`.
    /// Added self loops stand behind the edges, `[E + N, H]`; the loops that they replace have 0.
    ///
    /// # Errors
    /// As for `forward_all`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// # use wengert_nn::GATConv;
    /// let gat = GATConv::new(2, 3, &mut autograd_core::seeded(7))?;
    /// let (x, edges) = (Tensor::from([[1.0, 2.0], [3.0, 4.0]]), Tensor::from([[1, 0], [0, 0]]));
    /// let (_, edges, alpha) = gat.attend(&x, &edges, None)?;
    /// assert_eq!(edges.to_vec::<i64>()?, [1, 0, 0, 1, 0, 0, 0, 1]);
    /// let alpha = alpha.to_vec::<f32>()?;
    /// assert_eq!((alpha[1], alpha[3]), (0.0, 1.0));
    /// assert!((alpha[0] + alpha[2] - 1.0).abs() < 1e-6);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn attend(
        &self,
        x: &Tensor,
        edge_index: &Tensor,
        edge_attr: Option<&Tensor>,
    ) -> Result<(Tensor, Tensor, Tensor)> {
        let edges = Edges::new(CHECK, x, edge_index)?;
        let mut attributes = self.attributes(&edges, edge_attr, x)?;
        let split = [self.options.heads, self.out_channels];
        let h = self.lin.call("lin", x)?.unflatten(-1, &split)?;
        let along = |h: &Tensor, att: &Tensor| h.try_mul(att)?.sum_dim(-1);
        let (from, to) = (along(&h, &self.att_src)?, along(&h, &self.att_dst)?);
        let (mut source, mut target, mut replaced) = (edges.source.clone(), edges.target.clone(), None);
        if self.options.add_self_loops {
            let loops = edges.loops()?;
            if let Some(all) = &mut attributes {
                *all = Tensor::cat(&[all, &self.filled(&edges, &loops, all)?], 0)?;
            }
            let nodes = Tensor::arange(0.0, edges.nodes as f64, 1.0, DType::I64)?;
            (source, target) = (Tensor::cat(&[&source, &nodes], 0)?, Tensor::cat(&[&target, &nodes], 0)?);
            replaced = Some(Tensor::cat(&[&loops, &Tensor::zeros(&[edges.nodes], DType::Bool)?], 0)?.unsqueeze(1)?);
        }
        let mut scores = from.index_select(0, &source)?.try_add(&to.index_select(0, &target)?)?;
        if let (Some(lin), Some(att), Some(attributes)) = (&self.lin_edge, &self.att_edge, attributes) {
            scores = scores.try_add(&along(&lin.call("lin_edge", &attributes)?.unflatten(-1, &split)?, att)?)?;
        }
        scores = scores.leaky_relu(self.options.negative_slope);
        if let Some(replaced) = replaced {
            scores = scores.masked_fill(&replaced, f64::NEG_INFINITY)?;
        }
        let mut alpha = scores.segment_softmax(&target, edges.nodes)?;
        if self.mode.is_training() && self.options.dropout > 0.0 {
            alpha = alpha.dropout_seeded(self.options.dropout, self.stream.draw())?;
        }
        let messages = h.index_select(0, &source)?.try_mul(&alpha.unsqueeze(-1)?)?;
        let y = messages.segment_sum(&target, edges.nodes)?;
        let mut y = if self.options.concat { y.flatten(1, 2)? } else { y.mean_dim(1)? };
        if let Some(res) = &self.res {
            y = y.try_add(&res.call("res", x)?)?;
        }
        y = self.bias.iter().try_fold(y, |y, bias| y.try_add(bias))?;
        Ok((y, Tensor::stack(&[&source, &target], 0)?, alpha))
    }

    /// The attributes of the edges, `[E, B]`, which there are if there is a weight for them.
    fn attributes(&self, edges: &Edges, given: Option<&Tensor>, x: &Tensor) -> Result<Option<Tensor>> {
        let refused = |text: String| Err(Error::new(ErrorKind::Argument, format!("GATConv: {text}")));
        match (self.options.edge_dim, given) {
            (None, None) => Ok(None),
            (None, Some(_)) => refused("the edges have attributes, and the layer has no edge_dim".into()),
            (Some(dim), None) => refused(format!("the edges have no attributes, and the layer's edge_dim is {dim}")),
            (Some(dim), Some(given)) => {
                let given = if dim == 1 && given.rank() == 1 { given.unsqueeze(1)? } else { given.clone() };
                CHECK.is("edge_attr", &given, &[edges.len(), dim])?;
                CHECK.same_float(x, &given)?;
                Ok(Some(given))
            }
        }
    }

    /// The attributes of the self loops, `[N, B]`, of the edges that are none themselves.
    fn filled(&self, edges: &Edges, loops: &Tensor, attributes: &Tensor) -> Result<Tensor> {
        let nodes = edges.nodes;
        match self.options.fill_value {
            FillValue::Number(number) => Tensor::full(&[nodes, attributes.shape()[1]], number, attributes.dtype()),
            FillValue::Of(aggregation) => {
                // One place more is for the loops.
                let targets = edges.only(&loops.logical_not()?, &edges.target)?;
                folded(attributes, &targets, nodes + 1, aggregation)?.narrow(0, 0, nodes)
            }
        }
    }
}

impl Layer for GATConv {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_all(std::slice::from_ref(x))
    }

    fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
        let (x, edge_index, edge_attr) = given(CHECK.0, all)?;
        Ok(self.attend(x, edge_index, edge_attr)?.0)
    }
}

#[cfg(test)]
cases![
    layer("GATConv", |rng| GATConv::with(3, 2, GATConvOptions::new().heads(2), rng))
        .state(&["att_src", "att_dst", "bias", "lin.weight"])
        .maps_with(&[&[4, 3]], &[Tensor::from([[0, 1, 1, 2, 2], [1, 0, 2, 2, 1]])], &[&[4, 4]])
        .maps_with(&[&[1, 3]], &[Tensor::zeros(&[2, 0], DType::I64).expect("small")], &[&[1, 4]])
        .refuses(&[4, 3], "GATConv: takes 2 or 3 inputs, got 1")
        .refuses_with(
            &[&[2, 3]],
            &[Tensor::from([[0, 2], [1, 1]])],
            "GATConv: node 2 of edge 1 is out of range for 2 nodes"
        )
        .refuses_with(
            &[&[2, 3]],
            &[Tensor::from([[0], [1]]), Tensor::from([1.0])],
            "GATConv: the edges have attributes, and the layer has no edge_dim"
        ),
    layer("GATConv", |rng| {
        let options = GATConvOptions::new().heads(2).concat(false).negative_slope(0.4).residual(true);
        GATConv::with(2, 3, options.add_self_loops(false).bias(false).dropout(0.3), rng)
    })
    .state(&["att_src", "att_dst", "lin.weight", "res.weight"])
    .maps_with(&[&[3, 2]], &[Tensor::from([[0, 1, 1, 1], [1, 0, 0, 1]])], &[&[3, 3]]),
    layer("GATConv", |rng| GATConv::with(2, 2, GATConvOptions::new().edge_dim(2), rng))
        .state(&["att_src", "att_dst", "att_edge", "bias", "lin.weight", "lin_edge.weight"])
        .runs(|gat: &GATConv, all| {
            let (y, _, alpha) = gat.attend(&all[0], &all[2], Some(&all[1]))?;
            Ok(vec![y, alpha])
        })
        .maps_with(&[&[3, 2], &[5, 2]], &[Tensor::from([[0, 1, 1, 2, 2], [1, 0, 2, 2, 1]])], &[&[3, 2], &[8, 1]])
        .refuses_with(
            &[&[3, 2], &[2, 3]],
            &[Tensor::from([[0, 1], [1, 0]])],
            "GATConv: edge_attr has shape [2, 3], expected [2, 2]"
        ),
    layer("GATConv", |rng| {
        GATConv::with(2, 2, GATConvOptions::new().edge_dim(1).fill_value(FillValue::Number(0.5)), rng)
    })
    .state(&["att_src", "att_dst", "att_edge", "bias", "lin.weight", "lin_edge.weight"])
    .maps_with(&[&[3, 2]], &[Tensor::from([[0, 1], [1, 1]]), Tensor::from([1.0, -1.0])], &[&[3, 2]])
    .refuses_with(
        &[&[3, 2]],
        &[Tensor::from([[0], [1]])],
        "GATConv: the edges have no attributes, and the layer's edge_dim is 1"
    ),
    layer("GATConv", |rng| GATConv::with(2, 2, GATConvOptions::new().heads(0), rng))
        .cannot_be("GATConv: heads is 0, it must be at least 1"),
    layer("GATConv", |rng| GATConv::with(2, 2, GATConvOptions::new().dropout(1.5), rng))
        .cannot_be("GATConv: dropout is 1.5, it must be in [0, 1]"),
];
