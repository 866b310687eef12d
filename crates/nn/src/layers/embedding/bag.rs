//! Bags of rows of a table.

use super::table::{check, start};
use crate::layer::Layer;
use autograd_core::module::Param;
use autograd_core::{EmbeddingBagOptions, Error, ErrorKind, Result, Tensor};
use rand::Rng;
use wengert_derive::Module;

/// Sums, means or maxima of bags of rows of a table: [`Tensor::embedding_bag`] as a layer.
///
/// The table starts normal with mean 0 and standard deviation 1; the padding row is 0.
///
/// # Shapes
/// `index: [B, L]` of `I64` → `[B, D]`, each row a bag; or `index: [N]` and `offsets: [B]`, where bags begin;
/// `weight: [K, D]`. [`Layer::forward_all`] takes the index, then the offsets if there are any, then weights for each
/// index if there are any, which are of a float type.
///
/// # Errors
/// The constructors fail if a size is 0 or the padding row is none; `forward` if the inputs do not fit.
///
/// # Examples
/// ```
/// use autograd_core::{Bag, EmbeddingBagOptions, Tensor};
/// use wengert_nn::{EmbeddingBag, Layer};
/// let rows = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
/// let bag = EmbeddingBag::from_tensors(rows, EmbeddingBagOptions::new().mode(Bag::Sum))?;
/// assert_eq!(bag.forward(&Tensor::from([[0, 1]]))?.to_vec::<f32>()?, [4.0, 6.0]);
/// let all = [Tensor::from([0, 1, 1]), Tensor::from([0, 2]), Tensor::from([1.0, 0.5, 2.0])];
/// assert_eq!(bag.forward_all(&all)?.to_vec::<f32>()?, [2.5, 4.0, 6.0, 8.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Module)]
pub struct EmbeddingBag {
    /// The table, `[K, D]`.
    pub weight: Param,
    #[module(option)]
    options: EmbeddingBagOptions,
}

impl EmbeddingBag {
    /// A table of `num_embeddings` (K) rows of `embedding_dim` (D) numbers, with the default options.
    ///
    /// # Errors
    /// If a size is 0.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::EmbeddingBag;
    /// assert_eq!(EmbeddingBag::new(10, 4, &mut autograd_core::seeded(7))?.weight.shape(), [10, 4]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn new(num_embeddings: usize, embedding_dim: usize, rng: &mut dyn Rng) -> Result<EmbeddingBag> {
        EmbeddingBag::with(num_embeddings, embedding_dim, EmbeddingBagOptions::new(), rng)
    }

    /// A table of `num_embeddings` (K) rows of `embedding_dim` (D) numbers.
    ///
    /// # Errors
    /// If a size is 0, or the padding row is none.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::EmbeddingBagOptions;
    /// # use wengert_nn::EmbeddingBag;
    /// let options = EmbeddingBagOptions::new().padding_idx(0);
    /// let bag = EmbeddingBag::with(3, 2, options, &mut autograd_core::seeded(7))?;
    /// assert_eq!(bag.weight.to_f64s()[..2], [0.0, 0.0]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn with(
        num_embeddings: usize,
        embedding_dim: usize,
        options: EmbeddingBagOptions,
        rng: &mut dyn Rng,
    ) -> Result<EmbeddingBag> {
        let weight = start("EmbeddingBag", [num_embeddings, embedding_dim], options.padding(), rng)?;
        EmbeddingBag::from_tensors(weight, options)
    }

    /// A layer with this table.
    ///
    /// # Errors
    /// If `weight` is not `[K, D]` with sizes above 0 and of a float type, or the padding row is none.
    pub fn from_tensors(weight: Tensor, options: EmbeddingBagOptions) -> Result<EmbeddingBag> {
        check("EmbeddingBag", &weight, options.padding())?;
        Ok(EmbeddingBag { weight: Param::new(weight)?, options })
    }
}

impl Layer for EmbeddingBag {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_all(std::slice::from_ref(x))
    }

    fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
        let (index, offsets, weights) = match all {
            [index] => (index, None, None),
            [index, weights] if weights.dtype().is_float() => (index, None, Some(weights)),
            [index, offsets] => (index, Some(offsets), None),
            [index, offsets, weights] => (index, Some(offsets), Some(weights)),
            _ => {
                let text = format!("EmbeddingBag: takes 1 to 3 inputs, got {}", all.len());
                return Err(Error::new(ErrorKind::Argument, text));
            }
        };
        let options = self.options.clone();
        let options = weights.cloned().into_iter().fold(options, EmbeddingBagOptions::per_sample_weights);
        self.weight.embedding_bag(index, offsets, options)
    }
}

#[cfg(test)]
cases![
    layer("EmbeddingBag", |rng| EmbeddingBag::new(5, 3, rng))
        .state(&["weight"])
        .maps_with(&[], &[Tensor::from([[0, 4], [1, 1]])], &[&[2, 3]])
        .maps_with(&[], &[Tensor::from([0, 4, 1]), Tensor::from([0, 0, 2])], &[&[3, 3]])
        .refuses_with(
            &[],
            &[Tensor::from([0])],
            "embedding_bag: index has shape [1], expected [B, L] where there are no offsets",
        )
        .refuses_with(&[], &[], "EmbeddingBag: takes 1 to 3 inputs, got 0"),
    layer("EmbeddingBag", |rng| {
        EmbeddingBag::with(5, 3, EmbeddingBagOptions::new().mode(autograd_core::Bag::Sum).max_norm(0.7), rng)
    })
    .state(&["weight"])
    .maps_with(&[], &[Tensor::from([[0, 4], [1, 1]]), Tensor::from([[0.5, 2.0], [1.0, -1.0]])], &[&[2, 3]])
    .maps_with(&[], &[Tensor::from([0, 4]), Tensor::from([0, 1]), Tensor::from([0.5, 2.0])], &[&[2, 3]]),
    layer("EmbeddingBag", |_| {
        let options = EmbeddingBagOptions::new().mode(autograd_core::Bag::Max).padding_idx(-1);
        EmbeddingBag::from_tensors(Tensor::from([[1.0, 5.0], [2.0, 0.0], [9.0, 9.0]]), options)
    })
    .state(&["weight"])
    .gives([[0, 1], [2, 0]], [[2.0, 5.0], [1.0, 5.0]]),
    layer("EmbeddingBag", |rng| EmbeddingBag::new(0, 2, rng))
        .cannot_be("EmbeddingBag: num_embeddings is 0, it must be at least 1"),
    layer("EmbeddingBag", |rng| EmbeddingBag::with(2, 1, EmbeddingBagOptions::new().padding_idx(-3), rng))
        .cannot_be("EmbeddingBag: padding_idx is -3, it must be a row of the 2 there are"),
];
