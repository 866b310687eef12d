//! Graphs, and batches of them.

use super::parts::Edges;
use autograd_core::check::Check;
use autograd_core::{DType, Error, ErrorKind, Result, Tensor};

/// The nodes and edges of a graph, or of several as one: no edge leads from one graph to another, so whatever goes
/// along edges keeps them apart.
///
/// The names of the parts are those of PyTorch Geometric's `Batch`.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{GCNConv, GlobalMeanPool, Graph, Layer};
/// let pair = Graph::new(Tensor::from([[1.0], [2.0]]), Tensor::from([[0, 1], [1, 0]]))?;
/// let loner = Graph::new(Tensor::from([[5.0]]), Tensor::from([[0], [0]]))?;
/// let both = Graph::batch([pair, loner])?;
/// assert_eq!(both.edge_index().to_vec::<i64>()?, [0, 1, 2, 1, 0, 2]);
///
/// let gcn = GCNConv::new(1, 4, &mut autograd_core::seeded(7))?;
/// let h = both.with_x(gcn.forward_all(&both.inputs())?.relu())?;
/// assert_eq!(GlobalMeanPool.forward_all(&h.pool_inputs())?.shape(), [2, 4]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Graph {
    x: Tensor,
    edge_index: Tensor,
    edge_attr: Option<Tensor>,
    ids: Tensor,
    ptr: Tensor,
}

const CHECK: Check = Check("Graph");

impl Graph {
    /// A graph of these nodes, `[N, D]`, and these edges, `[2, E]` of `I64`, sources above targets.
    ///
    /// # Errors
    /// If the shapes are others, or a node of an edge is out of range.
    pub fn new(x: Tensor, edge_index: Tensor) -> Result<Graph> {
        let nodes = Edges::new(CHECK, &x, &edge_index)?.nodes;
        let ptr = Tensor::from_vec(vec![0, nodes as i64], &[2])?;
        Ok(Graph { ids: Tensor::zeros(&[nodes], DType::I64)?, ptr, x, edge_index, edge_attr: None })
    }

    /// The same graph with a weight for each edge, `[E]`, or attributes, `[E, B]`.
    ///
    /// # Errors
    /// If there are not as many as edges, or the dtype is not that of the nodes.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// # use wengert_nn::Graph;
    /// let graph = Graph::new(Tensor::from([[1.0], [2.0]]), Tensor::from([[0], [1]]))?;
    /// let graph = graph.with_edge_attr(Tensor::from([0.5]))?;
    /// assert_eq!(graph.edge_attr().expect("a weight").to_vec::<f32>()?, [0.5]);
    /// assert_eq!(graph.inputs().len(), 3);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn with_edge_attr(self, edge_attr: Tensor) -> Result<Graph> {
        let edges = self.num_edges();
        if edge_attr.shape().first() != Some(&edges) || edge_attr.rank() > 2 {
            let expected = format!("[{edges}] or [{edges}, B]");
            return Err(Error::shape(CHECK.0, "edge_attr", edge_attr.shape(), expected));
        }
        CHECK.same_float(&self.x, &edge_attr)?;
        Ok(Graph { edge_attr: Some(edge_attr), ..self })
    }

    /// The same graph with other nodes in the place of these: what a layer has made of them.
    ///
    /// # Errors
    /// If there are not as many.
    pub fn with_x(&self, x: Tensor) -> Result<Graph> {
        CHECK.float(&x)?;
        let nodes = self.num_nodes();
        if x.rank() != 2 || x.shape()[0] != nodes {
            return Err(Error::shape(CHECK.0, "x", x.shape(), format!("[{nodes}, D]")));
        }
        Ok(Graph { x, ..self.clone() })
    }

    /// Graphs as one: nodes and edges behind each other, and the graph of each node beside them. They may be batches
    /// themselves, and have no nodes.
    ///
    /// # Errors
    /// If there is none, features or dtypes differ, or some have attributes of edges and some have not.
    pub fn batch(graphs: impl AsRef<[Graph]>) -> Result<Graph> {
        let graphs = graphs.as_ref();
        let Some(first) = graphs.first() else {
            return Err(Error::new(ErrorKind::Argument, "Graph: a batch needs at least one graph"));
        };
        let attributed = |graph: &Graph| graph.edge_attr.is_some();
        if let Some(at) = graphs.iter().position(|graph| attributed(graph) != attributed(first)) {
            let (with, without) = if attributed(first) { (0, at) } else { (at, 0) };
            let text =
                format!("Graph: the edges of graph {with} have attributes, and those of graph {without} have none");
            return Err(Error::new(ErrorKind::Argument, text));
        }
        let width = first.x.shape()[1];
        if let Some(at) = graphs.iter().position(|graph| graph.x.shape()[1] != width) {
            let (what, expected) = (format!("x of graph {at}"), format!("[N, {width}]"));
            return Err(Error::shape(CHECK.0, &what, graphs[at].x.shape(), expected));
        }
        let (mut nodes, mut before) = (0, 0);
        let (mut edges, mut ids, mut ptr) = (Vec::new(), Vec::new(), vec![Tensor::zeros(&[1], DType::I64)?]);
        for graph in graphs {
            edges.push(graph.edge_index.add_scalar(nodes as f64));
            ids.push(graph.ids.add_scalar(before as f64));
            ptr.push(graph.ptr.narrow(0, 1, graph.num_graphs())?.add_scalar(nodes as f64));
            nodes += graph.num_nodes();
            before += graph.num_graphs();
        }
        let joined = |all: &[&Tensor], dim: isize| Tensor::cat(all, dim);
        let all = |list: &[Tensor], dim: isize| joined(&list.iter().collect::<Vec<_>>(), dim);
        let attributes: Vec<&Tensor> = graphs.iter().filter_map(|graph| graph.edge_attr.as_ref()).collect();
        Ok(Graph {
            x: joined(&graphs.iter().map(|graph| &graph.x).collect::<Vec<_>>(), 0)?,
            edge_index: all(&edges, 1)?,
            edge_attr: if attributes.is_empty() { None } else { Some(joined(&attributes, 0)?) },
            ids: all(&ids, 0)?,
            ptr: all(&ptr, 0)?,
        })
    }

    /// What a layer along edges takes: nodes, edges, and their attributes if there are some.
    pub fn inputs(&self) -> Vec<Tensor> {
        [&self.x, &self.edge_index].into_iter().chain(&self.edge_attr).cloned().collect()
    }

    /// What a layer that pools graphs takes: nodes, the graph of each, and where each graph begins.
    pub fn pool_inputs(&self) -> Vec<Tensor> {
        vec![self.x.clone(), self.ids.clone(), self.ptr.clone()]
    }

    /// The nodes, `[N, D]`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// # use wengert_nn::Graph;
    /// let graph = Graph::new(Tensor::from([[1.0], [2.0]]), Tensor::from([[0], [1]]))?;
    /// let two = Graph::batch([graph.clone(), graph])?;
    /// assert_eq!(two.x().to_vec::<f32>()?, [1.0, 2.0, 1.0, 2.0]);
    /// assert_eq!((two.num_nodes(), two.num_edges(), two.num_graphs()), (4, 2, 2));
    /// assert_eq!(two.ids().to_vec::<i64>()?, [0, 0, 1, 1]);
    /// assert_eq!(two.ptr().to_vec::<i64>()?, [0, 2, 4]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn x(&self) -> &Tensor {
        &self.x
    }

    /// The edges, `[2, E]`.
    pub fn edge_index(&self) -> &Tensor {
        &self.edge_index
    }

    /// The weights of the edges, `[E]`, or their attributes, `[E, B]`.
    pub fn edge_attr(&self) -> Option<&Tensor> {
        self.edge_attr.as_ref()
    }

    /// The graph of each node, `[N]`.
    pub fn ids(&self) -> &Tensor {
        &self.ids
    }

    /// Where the nodes of each graph begin, and where the last ends, `[G + 1]`.
    pub fn ptr(&self) -> &Tensor {
        &self.ptr
    }

    /// The number of nodes, N.
    pub fn num_nodes(&self) -> usize {
        self.ids.numel()
    }

    /// The number of edges, E.
    pub fn num_edges(&self) -> usize {
        self.edge_index.shape()[1]
    }

    /// The number of graphs, G.
    pub fn num_graphs(&self) -> usize {
        self.ptr.numel() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GATConv, GATConvOptions, GCNConv, GINConv, GlobalAddPool, Layer, Linear, SAGEConv, SortPooling};
    use autograd_core::seeded;

    fn graph(nodes: usize, edges: &[[i64; 2]], seed: u64) -> Result<Graph> {
        let ends: Vec<i64> = (0..2).flat_map(|end| edges.iter().map(move |edge| edge[end])).collect();
        let x = Tensor::randn(&[nodes, 3], DType::F64, &mut seeded(seed))?;
        Graph::new(x, Tensor::from_vec(ends, &[2, edges.len()])?)
    }

    /// With several edges between two nodes, self loops, nodes alone, no edges and no nodes.
    fn graphs() -> Result<Vec<Graph>> {
        Ok(vec![
            graph(3, &[[0, 1], [1, 0], [2, 2], [0, 1]], 1)?,
            graph(1, &[], 2)?,
            graph(0, &[], 3)?,
            graph(4, &[[3, 0], [0, 3], [1, 1], [1, 1]], 4)?,
            graph(0, &[], 5)?,
        ])
    }

    #[test]
    fn a_batch_is_what_its_graphs_are() -> Result<()> {
        let mut rng = seeded(7);
        let mut layers: Vec<Box<dyn Layer>> = vec![
            Box::new(GCNConv::new(3, 2, &mut rng)?),
            Box::new(SAGEConv::new(3, 2, &mut rng)?),
            Box::new(GATConv::with(3, 1, GATConvOptions::new().heads(2), &mut rng)?),
            Box::new(GINConv::new(Linear::new(3, 2, &mut rng)?)),
        ];
        let pools: [Box<dyn Layer>; 2] = [Box::new(GlobalAddPool), Box::new(SortPooling::new(2)?)];
        let graphs = graphs()?;
        let batch = Graph::batch([Graph::batch(&graphs[..2])?, Graph::batch(&graphs[2..])?])?;
        assert_eq!((batch.num_nodes(), batch.num_edges(), batch.num_graphs()), (8, 8, 5));
        assert_eq!(batch.ptr().to_vec::<i64>()?, [0, 3, 4, 4, 8, 8]);
        for layer in &mut layers {
            layer.to_dtype(DType::F64)?;
            let whole = batch.with_x(layer.forward_all(&batch.inputs())?)?;
            for pool in &pools {
                let pooled = pool.forward_all(&whole.pool_inputs())?;
                for (i, graph) in graphs.iter().enumerate() {
                    let alone = pool.forward(&layer.forward_all(&graph.inputs())?)?.select(0, 0)?.to_f64s();
                    let got = pooled.select(0, i)?.to_f64s();
                    assert!(got.iter().zip(&alone).all(|(a, b)| (a - b).abs() < 1e-12), "{got:?} {alone:?}");
                }
            }
        }
        Ok(())
    }

    #[test]
    fn what_does_not_fit_is_refused() -> Result<()> {
        let (one, x) = (graph(2, &[[0, 1]], 1)?, Tensor::zeros(&[2, 3], DType::F64)?);
        let weighted = one.clone().with_edge_attr(Tensor::zeros(&[1, 2], DType::F64)?)?;
        assert_eq!(Graph::batch([weighted.clone(), weighted.clone()])?.inputs()[2].shape(), [2, 2]);
        let refused = [
            Graph::new(x.clone(), Tensor::from([[0, 2], [1, 1]])),
            Graph::new(x.clone(), Tensor::from([0, 1])),
            one.clone().with_edge_attr(Tensor::from([1.0])),
            one.clone().with_edge_attr(Tensor::from([1.0, 2.0])),
            one.with_x(Tensor::zeros(&[3, 3], DType::F64)?),
            Graph::batch([]),
            Graph::batch([one.clone(), weighted]),
            Graph::batch([one, Graph::new(Tensor::zeros(&[2, 4], DType::F64)?, Tensor::from([[0], [1]]))?]),
        ];
        let texts: Vec<String> = refused.into_iter().map(|got| got.expect_err("it does not fit").to_string()).collect();
        assert_eq!(
            texts,
            [
                "Graph: node 2 of edge 1 is out of range for 2 nodes",
                "Graph: edge_index has shape [2], expected [2, E]",
                "Graph: dtypes F64 and F32 do not mix; convert one with to_dtype",
                "Graph: edge_attr has shape [2], expected [1] or [1, B]",
                "Graph: x has shape [3, 3], expected [2, D]",
                "Graph: a batch needs at least one graph",
                "Graph: the edges of graph 1 have attributes, and those of graph 0 have none",
                "Graph: x of graph 1 has shape [2, 4], expected [N, 3]",
            ]
        );
        Ok(())
    }
}
