//! Pooling of whole graphs.

use super::parts::members;
use crate::layer::Layer;
use autograd_core::check::Check;
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// Layers from lines `Name: method, "title", "value of the example"`.
macro_rules! pools {
    ($($Name:ident: $method:ident, $title:literal, $y:literal;)*) => {$(
        #[doc = concat!($title, " of the nodes of each graph; 0 for a graph without nodes.")]
        ///
        /// `forward` takes the nodes of one graph, [`Layer::forward_all`] also the graph of each node, `batch`, and
        /// where the nodes of each graph begin, `ptr`, as [`Graph::pool_inputs`](crate::Graph::pool_inputs) gives them.
        /// Of `ptr` the size counts: it says how many graphs there are. Without it there are as many as the largest
        /// number in `batch` says, which a capture refuses.
        ///
        /// # Shapes
        /// `x: [N, D]`, `batch: [N]` and `ptr: [G + 1]` of `I64` → `[G, D]`.
        ///
        /// # Errors
        /// `forward` and `forward_all` fail if the inputs do not fit, or a node is in no graph.
        ///
        /// # Examples
        /// ```
        /// use autograd_core::Tensor;
        #[doc = concat!("use wengert_nn::{", stringify!($Name), ", Layer};")]
        /// let (x, batch) = (Tensor::from([[1.0], [2.0], [4.0]]), Tensor::from([2, 0, 2]));
        #[doc = concat!("let y = ", stringify!($Name), ".forward_all(&[x, batch])?;")]
        #[doc = concat!("assert_eq!(y.to_vec::<f32>()?, ", $y, ");")]
        /// # Ok::<(), wengert_nn::Error>(())
        /// ```
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Module)]
        pub struct $Name;

        impl Layer for $Name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                self.forward_all(std::slice::from_ref(x))
            }

            fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
                let (x, ids, graphs) = members(Check(stringify!($Name)), all)?;
                x.$method(&ids, graphs)
            }
        }
    )*};
}

pools! {
    GlobalAddPool: segment_sum, "The sum", "[2.0, 0.0, 5.0]";
    GlobalMeanPool: segment_mean, "The mean", "[2.0, 0.0, 2.5]";
    GlobalMaxPool: segment_max, "The largest features", "[2.0, 0.0, 4.0]";
}

#[cfg(test)]
cases![
    layer("GlobalAddPool", |_| Ok(GlobalAddPool))
        .maps(&[3, 2], &[1, 2])
        .maps(&[0, 2], &[1, 2])
        .maps_with(&[&[4, 2]], &[Tensor::from([0, 2, 0, 2]), Tensor::from([0, 2, 2, 4, 4])], &[&[4, 2]])
        .gives_all(&[Tensor::from([[1.0], [2.0]]), Tensor::from([0, 0])], &[Tensor::from([[3.0]])])
        .refuses(&[3], "GlobalAddPool: the input has shape [3], expected [N, D]")
        .refuses_all(&[], "GlobalAddPool: takes 1 to 3 inputs, got 0")
        .refuses_with(&[&[3, 2]], &[Tensor::from([0, 1])], "GlobalAddPool: batch has shape [2], expected [3]")
        .refuses_with(
            &[&[1, 2]],
            &[Tensor::from([0.0])],
            "GlobalAddPool: dtype is F32, expected I64; to_dtype converts"
        )
        .refuses_with(
            &[&[2, 2]],
            &[Tensor::from([0, -1])],
            "GlobalAddPool: node 1 is in graph -1, and there is 1 graph"
        )
        .refuses_with(
            &[&[2, 2]],
            &[Tensor::from([0, 2]), Tensor::from([0, 1, 2])],
            "GlobalAddPool: node 1 is in graph 2, and there are 2 graphs"
        )
        .refuses_with(
            &[&[1, 2]],
            &[Tensor::from([0]), Tensor::from([[0, 1]])],
            "GlobalAddPool: ptr has shape [1, 2], expected [G + 1]"
        )
        .refuses_with(
            &[&[1, 2]],
            &[Tensor::from([0]), Tensor::zeros(&[0], autograd_core::DType::I64).expect("small")],
            "GlobalAddPool: ptr has shape [0], expected [G + 1]"
        ),
    layer("GlobalMeanPool", |_| Ok(GlobalMeanPool)).maps(&[3, 2], &[1, 2]).maps_with(
        &[&[4, 2]],
        &[Tensor::from([0, 2, 0, 2]), Tensor::from([0, 2, 2, 4])],
        &[&[3, 2]]
    ),
    layer("GlobalMaxPool", |_| Ok(GlobalMaxPool)).maps(&[3, 2], &[1, 2]).maps_with(
        &[&[4, 2]],
        &[Tensor::from([0, 2, 0, 2]), Tensor::from([0, 2, 2, 4])],
        &[&[3, 2]]
    ),
];
