//! The options of graph attention.

use super::super::parts::Aggregation;

/// The attributes of the self loops that a [`GATConv`](super::GATConv) adds.
///
/// # Examples
/// ```
/// use wengert_nn::{Aggregation, FillValue, GATConvOptions};
/// let mean = GATConvOptions::new().edge_dim(2).fill_value(FillValue::Of(Aggregation::Mean));
/// assert_eq!(mean, GATConvOptions::new().edge_dim(2));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FillValue {
    /// A number.
    Number(f64),
    /// Those of the edges into the node, folded.
    Of(Aggregation),
}

/// The options of [`GATConv`](super::GATConv).
///
/// # Examples
/// ```
/// use wengert_nn::{GATConv, GATConvOptions};
/// let options = GATConvOptions::new().heads(4).concat(false).negative_slope(0.1).dropout(0.6).add_self_loops(true);
/// let gat = GATConv::with(3, 2, options.edge_dim(5).residual(true).bias(false), &mut autograd_core::seeded(7))?;
/// assert_eq!((gat.lin.weight.shape(), gat.bias.is_none()), (&[8, 3][..], true));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GATConvOptions {
    pub(super) heads: usize,
    pub(super) concat: bool,
    pub(super) negative_slope: f64,
    pub(super) dropout: f64,
    pub(super) add_self_loops: bool,
    pub(super) edge_dim: Option<usize>,
    pub(super) fill_value: FillValue,
    pub(super) residual: bool,
    pub(super) bias: bool,
}

impl Default for GATConvOptions {
    fn default() -> Self {
        GATConvOptions {
            heads: 1,
            concat: true,
            negative_slope: 0.2,
            dropout: 0.0,
            add_self_loops: true,
            edge_dim: None,
            fill_value: FillValue::Of(Aggregation::Mean),
            residual: false,
            bias: true,
        }
    }
}

impl GATConvOptions {
    /// The defaults.
    pub fn new() -> GATConvOptions {
        GATConvOptions::default()
    }

    /// The number of heads, H, at least 1. Default 1.
    #[must_use]
    pub fn heads(mut self, heads: usize) -> Self {
        self.heads = heads;
        self
    }

    /// Whether the heads stand behind each other; if not, their mean is taken. Default true.
    #[must_use]
    pub fn concat(mut self, concat: bool) -> Self {
        self.concat = concat;
        self
    }

    /// The slope of the leaky rectifier below 0. Default 0.2.
    #[must_use]
    pub fn negative_slope(mut self, slope: f64) -> Self {
        self.negative_slope = slope;
        self
    }

    /// The probability that an edge is dropped by a head in training. Default 0.
    #[must_use]
    pub fn dropout(mut self, p: f64) -> Self {
        self.dropout = p;
        self
    }

    /// Whether each node has one self loop, whatever loops there are. Default true.
    #[must_use]
    pub fn add_self_loops(mut self, add: bool) -> Self {
        self.add_self_loops = add;
        self
    }

    /// The number of attributes that edges have, B, at least 1. Default: they have none.
    #[must_use]
    pub fn edge_dim(mut self, edge_dim: usize) -> Self {
        self.edge_dim = Some(edge_dim);
        self
    }

    /// The attributes of added self loops. Default: the mean of those of the edges into the node.
    #[must_use]
    pub fn fill_value(mut self, fill_value: FillValue) -> Self {
        self.fill_value = fill_value;
        self
    }

    /// Whether a linear layer of the node itself is added. Default false.
    #[must_use]
    pub fn residual(mut self, residual: bool) -> Self {
        self.residual = residual;
        self
    }

    /// Whether there is a bias. Default true.
    #[must_use]
    pub fn bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }
}
