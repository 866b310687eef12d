//! Pooling of graphs to a fixed number of nodes in order.

use super::parts::{ends, members};
use crate::layer::Layer;
use autograd_core::check::Check;
use autograd_core::{DType, Error, ErrorKind, Result, Tensor, descending};
use wengert_derive::Module;

/// The first k nodes of each graph in order: by the last feature, the largest first; equal ones by the feature before
/// it, and so on; those equal in all stay in their order. A graph of fewer nodes is filled up with zeros.
///
/// [`Layer::forward_all`] takes what [`GlobalAddPool`](crate::GlobalAddPool) takes.
///
/// # Shapes
/// `x: [N, D]`, `batch: [N]` and `ptr: [G + 1]` of `I64` → `[G, k, D]`.
///
/// # Errors
/// `new` fails if k is 0; `forward` and `forward_all` if the inputs do not fit, a node is in no graph, or k nodes of
/// each graph are more than memory holds.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, SortPooling};
/// let x = Tensor::from([[7.0, 1.0], [8.0, 2.0], [9.0, 1.0]]);
/// assert_eq!(SortPooling::new(2)?.forward(&x)?.to_vec::<f32>()?, [8.0, 2.0, 9.0, 1.0]);
/// let y = SortPooling::new(1)?.forward_all(&[x, Tensor::from([0, 1, 0])])?;
/// assert_eq!(y.to_vec::<f32>()?, [9.0, 1.0, 8.0, 2.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Zhang, Cui, Neumann, Chen, An end-to-end deep learning architecture for graph classification, 2018, section 3.2.
///
/// # Differs from
/// PyTorch Geometric's `SortAggregation` sorts by the last feature alone, and gives `[G, k D]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Module)]
pub struct SortPooling {
    k: usize,
}

const CHECK: Check = Check("SortPooling");

impl SortPooling {
    /// A layer that keeps `k` nodes.
    ///
    /// # Errors
    /// If `k` is 0.
    pub fn new(k: usize) -> Result<SortPooling> {
        CHECK.require(k > 0, "k", k, "at least 1")?;
        Ok(SortPooling { k })
    }
}

impl Layer for SortPooling {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_all(std::slice::from_ref(x))
    }

    fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
        let (x, ids, graphs) = members(CHECK, all)?;
        let (nodes, width, k) = (x.shape()[0], x.shape()[1], self.k);
        let too_large = || Error::too_large(CHECK.0, &[graphs, k, width]);
        // No tensor has so many places, which are `I64`; k, too, is counted in these, even if there is no graph.
        if graphs.max(1).checked_mul(k).is_none_or(|places| places > isize::MAX as usize / 16) {
            return Err(too_large());
        }
        let places = graphs * k;
        let of_layer = |error: Error| if error.kind() == ErrorKind::TooLarge { too_large() } else { error };
        let number = |from: f64, size: usize| Tensor::arange(from, from + size as f64, 1.0, DType::I64);
        // Sorts keep the order of equals, so the one that decides comes last.
        let mut order = number(0.0, nodes)?;
        CHECK.room(x.shape(), x.dtype())?;
        // Of less than two nodes there is no order, however many features they have.
        for feature in 0..if nodes > 1 { width } else { 0 } {
            let keys = x.select(1, feature)?.index_select(0, &order)?;
            order = order.index_select(0, &keys.argsort(descending(0))?)?;
        }
        order = order.index_select(0, &ids.index_select(0, &order)?.argsort(0)?)?;
        let ids = ids.index_select(0, &order)?;
        let rank = number(0.0, nodes)?.try_sub(&ends(&ids, graphs)?.index_select(0, &ids)?)?;
        // The node behind the last is a row of zeros, and the place behind the last takes the nodes that are left out.
        let last = Tensor::full(&[], places as f64, DType::I64)?;
        let place = rank.lt_scalar(k as f64).where_cond(&ids.mul_scalar(k as f64).try_add(&rank)?, &last)?;
        let taken = Tensor::full(&[places + 1], nodes as f64, DType::I64).map_err(of_layer)?;
        let taken = taken.index_copy(0, &place, &order).map_err(of_layer)?.narrow(0, 0, places)?;
        let rows = Tensor::cat(&[x, &Tensor::zeros(&[1, width], x.dtype())?], 0)?;
        rows.index_select(0, &taken).map_err(of_layer)?.reshape(&[graphs, k, width])
    }
}

#[cfg(test)]
cases![
    layer("SortPooling", |_| SortPooling::new(2))
        .maps(&[3, 2], &[1, 2, 2])
        .maps(&[0, 2], &[1, 2, 2])
        .maps_with(&[&[5, 3]], &[Tensor::from([0, 2, 0, 0, 2]), Tensor::from([0, 3, 3, 5])], &[&[3, 2, 3]])
        .refuses(&[3], "SortPooling: the input has shape [3], expected [N, D]")
        .refuses_with(
            &[&[2, 2]],
            &[Tensor::from([0, 1]), Tensor::from([0, 2])],
            "SortPooling: node 1 is in graph 1, and there is 1 graph"
        ),
    // Equal in the last feature, then in all, which shows in the order of the graph that has them.
    layer("SortPooling", |_| SortPooling::new(3)).gives_all(
        &[Tensor::from([[1.0, 2.0], [3.0, 2.0], [1.0, 2.0], [0.0, 5.0], [4.0, -1.0]]), Tensor::from([1, 1, 1, 1, 0]),],
        &[Tensor::from([[[4.0, -1.0], [0.0, 0.0], [0.0, 0.0]], [[0.0, 5.0], [3.0, 2.0], [1.0, 2.0]]])]
    ),
    layer("SortPooling", |_| SortPooling::new(0)).cannot_be("SortPooling: k is 0, it must be at least 1"),
    layer("SortPooling", |_| SortPooling::new(usize::MAX))
        .refuses(
            &[2, 1],
            "SortPooling: shape [1, 18446744073709551615, 1] is too large (at most 64 dimensions, and no more bytes \
             than memory holds)"
        )
        .refuses_with(
            &[&[0, 1]],
            &[Tensor::from([0; 0]), Tensor::from([0])],
            "SortPooling: shape [0, 18446744073709551615, 1] is too large (at most 64 dimensions, and no more bytes \
             than memory holds)"
        ),
    layer("SortPooling", |_| SortPooling::new(1 << 50)).refuses(
        &[2, 1],
        "SortPooling: shape [1, 1125899906842624, 1] is too large (at most 64 dimensions, and no more bytes than \
         memory holds)"
    ),
];
