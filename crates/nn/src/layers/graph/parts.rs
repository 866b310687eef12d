//! The edges that messages go along, and the graphs that nodes belong to.

use autograd_core::check::Check;
use autograd_core::{DType, Error, ErrorKind, Result, Tensor};

/// The fold of the messages that reach a node; a node that none reaches gets 0.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Aggregation, GINConv, GINConvOptions, Identity, Layer};
/// let all = [Tensor::from([[1.0], [2.0], [5.0]]), Tensor::from([[1, 2], [0, 0]])];
/// let at_0 = |aggr| {
///     let gin = GINConv::with(Identity, GINConvOptions::new().aggr(aggr))?;
///     gin.forward_all(&all)?.select(0, 0)?.to_vec::<f32>()
/// };
/// assert_eq!((at_0(Aggregation::Add)?, at_0(Aggregation::Mean)?), (vec![8.0], vec![4.5]));
/// assert_eq!((at_0(Aggregation::Max)?, at_0(Aggregation::Min)?), (vec![6.0], vec![3.0]));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregation {
    /// The sum.
    Add,
    /// The mean.
    Mean,
    /// The largest, feature by feature.
    Max,
    /// The smallest, feature by feature.
    Min,
}

/// The edges between the nodes of a graph.
pub(super) struct Edges {
    check: Check,
    pub(super) nodes: usize,
    pub(super) source: Tensor,
    pub(super) target: Tensor,
}

impl Edges {
    /// Those of a graph with these nodes, `[N, D]`.
    pub(super) fn new(check: Check, x: &Tensor, edge_index: &Tensor) -> Result<Edges> {
        check.float(x)?;
        let [nodes, _] = check.shape("the input", x, "[N, D]")?;
        let [ends, edges] = check.shape("edge_index", edge_index, "[2, E]")?;
        if ends != 2 {
            return Err(Error::shape(check.0, "edge_index", edge_index.shape(), "[2, E]"));
        }
        check.dtype(edge_index, DType::I64)?;
        below(&edge_index.reshape(&[2 * edges])?, nodes, |at, id| {
            format!("{}: node {id} of edge {} is out of range for {nodes} nodes", check.0, at % edges)
        })?;
        Ok(Edges { check, nodes, source: edge_index.select(0, 0)?, target: edge_index.select(0, 1)? })
    }

    /// The number of edges.
    pub(super) fn len(&self) -> usize {
        self.source.numel()
    }

    /// These weights, which must fit the edges and the nodes' dtype, or ones.
    pub(super) fn weights(&self, weights: Option<&Tensor>, x: &Tensor) -> Result<Tensor> {
        let Some(weights) = weights else { return Tensor::ones(&[self.len()], x.dtype()) };
        self.check.is("edge_weight", weights, &[self.len()])?;
        self.check.same_float(x, weights)?;
        Ok(weights.clone())
    }

    /// Where an edge leads from a node to itself, `[E]`.
    pub(super) fn loops(&self) -> Result<Tensor> {
        self.source.eq(&self.target)
    }

    /// These numbers for the edges that are true in the mask, and the number of nodes, which is none, for others.
    pub(super) fn only(&self, mask: &Tensor, ids: &Tensor) -> Result<Tensor> {
        mask.where_cond(ids, &Tensor::full(&[], self.nodes as f64, DType::I64)?)
    }

    /// Messages to each node, weighted and added up: `yᵢ = Σ wₖ xⱼ` over the edges k from j to i.
    pub(super) fn sum(&self, weights: &Tensor, x: &Tensor) -> Result<Tensor> {
        // Row by row, so no message is kept.
        let order = self.target.argsort(0)?;
        let ends = ends(&self.target, self.nodes)?;
        let columns = self.source.index_select(0, &order)?;
        weights.index_select(0, &order)?.csr_matmul(&ends, &columns, x)
    }

    /// Messages to each node, folded.
    pub(super) fn fold(&self, x: &Tensor, aggregation: Aggregation) -> Result<Tensor> {
        let ones = Tensor::ones(&[self.len()], x.dtype())?;
        match aggregation {
            Aggregation::Add => self.sum(&ones, x),
            Aggregation::Mean => {
                let counts = ones.segment_sum(&self.target, self.nodes)?.clamp(1.0, f64::INFINITY)?;
                self.sum(&ones, x)?.try_div(&counts.unsqueeze(1)?)
            }
            Aggregation::Max | Aggregation::Min => {
                folded(&x.index_select(0, &self.source)?, &self.target, self.nodes, aggregation)
            }
        }
    }
}

/// The rows of each segment, folded.
pub(super) fn folded(rows: &Tensor, ids: &Tensor, segments: usize, aggregation: Aggregation) -> Result<Tensor> {
    match aggregation {
        Aggregation::Add => rows.segment_sum(ids, segments),
        Aggregation::Mean => rows.segment_mean(ids, segments),
        Aggregation::Max => rows.segment_max(ids, segments),
        Aggregation::Min => rows.segment_min(ids, segments),
    }
}

/// Where the rows of each segment begin, if they lie in order, and where the last ends: `[segments + 1]`.
pub(super) fn ends(ids: &Tensor, segments: usize) -> Result<Tensor> {
    let ones = Tensor::ones(ids.shape(), DType::I64)?;
    Tensor::zeros(&[segments + 1], DType::I64)?.index_add(0, &ids.add_scalar(1.0), &ones, 1.0)?.cumsum(0)
}

/// Each of these numbers must be from 0 to below `n`; the sentence is for a place and the number there.
pub(super) fn below(ids: &Tensor, n: usize, sentence: impl FnOnce(usize, i64) -> String) -> Result<()> {
    // Rows without elements: nothing is moved, and a capture looks at the numbers of every run.
    let Err(error) = Tensor::zeros(&[n, 0], DType::F32)?.index_select(0, ids) else { return Ok(()) };
    if error.kind() != ErrorKind::Index {
        return Err(error);
    }
    let ids = ids.to_vec::<i64>()?;
    let outside = |id: &i64| usize::try_from(*id).map_or(true, |id| id >= n);
    let at = ids.iter().position(outside);
    Err(at.map_or(error, |at| Error::new(ErrorKind::Index, sentence(at, ids[at]))))
}

/// Nodes, edges, and what each edge carries, if anything.
pub(super) fn given<'a>(name: &str, all: &'a [Tensor]) -> Result<(&'a Tensor, &'a Tensor, Option<&'a Tensor>)> {
    match all {
        [x, edge_index] => Ok((x, edge_index, None)),
        [x, edge_index, edge] => Ok((x, edge_index, Some(edge))),
        _ => Err(Error::new(ErrorKind::Argument, format!("{name}: takes 2 or 3 inputs, got {}", all.len()))),
    }
}

/// Nodes, the graph of each, and the number of graphs; by default all are in one.
pub(super) fn members(check: Check, all: &[Tensor]) -> Result<(&Tensor, Tensor, usize)> {
    let (x, ids, ptr) = match all {
        [x] => (x, None, None),
        [x, ids] => (x, Some(ids), None),
        [x, ids, ptr] => (x, Some(ids), Some(ptr)),
        _ => {
            let text = format!("{}: takes 1 to 3 inputs, got {}", check.0, all.len());
            return Err(Error::new(ErrorKind::Argument, text));
        }
    };
    check.float(x)?;
    let [nodes, _] = check.shape("the input", x, "[N, D]")?;
    let Some(ids) = ids else { return Ok((x, Tensor::zeros(&[nodes], DType::I64)?, 1)) };
    check.is("batch", ids, &[nodes])?;
    check.dtype(ids, DType::I64)?;
    let graphs = match ptr {
        Some(ptr) => {
            let [ends] = check.shape("ptr", ptr, "[G + 1]")?;
            check.dtype(ptr, DType::I64)?;
            ends.checked_sub(1).ok_or_else(|| Error::shape(check.0, "ptr", ptr.shape(), "[G + 1]"))?
        }
        None if nodes == 0 => 0,
        // Below 0 there is no graph, and the check of the numbers says which node is in it.
        None => usize::try_from(ids.max()?.item::<i64>()?.saturating_add(1)).unwrap_or(0),
    };
    below(ids, graphs, |node, id| {
        let are = if graphs == 1 { "there is 1 graph".into() } else { format!("there are {graphs} graphs") };
        format!("{}: node {node} is in graph {id}, and {are}", check.0)
    })?;
    Ok((x, ids.clone(), graphs))
}
