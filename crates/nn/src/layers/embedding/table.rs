//! Rows of a table.

use crate::init::{Initializer, normal};
use crate::layer::Layer;
use autograd_core::check::Check;
use autograd_core::module::Param;
use autograd_core::{DType, EmbeddingOptions, Error, Result, Tensor};
use rand::Rng;
use wengert_derive::Module;

/// The rows of a table with the numbers that the input holds: [`Tensor::embedding`] as a layer.
///
/// The table starts normal with mean 0 and standard deviation 1; the padding row is 0. One that starts otherwise goes
/// through [`Embedding::from_tensors`].
///
/// # Shapes
/// `x: [..]`, of `I64` → `[.., D]`; `weight: [K, D]`.
///
/// # Errors
/// The constructors fail if a size is 0 or the padding row is none; `forward` if an index is out of range.
///
/// # Examples
/// ```
/// use autograd_core::{EmbeddingOptions, Tensor};
/// use wengert_nn::{Embedding, Layer};
/// let rows = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
/// let embedding = Embedding::from_tensors(rows, EmbeddingOptions::new())?;
/// assert_eq!(embedding.forward(&Tensor::from([1, 0]))?.to_vec::<f32>()?, [3.0, 4.0, 1.0, 2.0]);
///
/// use autograd_core::{DType, seeded};
/// use wengert_nn::init::{Initializer, uniform};
/// let rows = uniform(-0.05, 0.05).tensor(&[10, 4], DType::F32, &mut seeded(7))?;
/// let embedding = Embedding::from_tensors(rows, EmbeddingOptions::new())?;
/// assert!(embedding.weight.abs().max()?.item::<f32>()? <= 0.05);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Module)]
pub struct Embedding {
    /// The table, `[K, D]`.
    pub weight: Param,
    #[module(option)]
    options: EmbeddingOptions,
}

impl Embedding {
    /// A table of `num_embeddings` (K) rows of `embedding_dim` (D) numbers, with the default options.
    ///
    /// # Errors
    /// If a size is 0.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::Embedding;
    /// assert_eq!(Embedding::new(10, 4, &mut autograd_core::seeded(7))?.weight.shape(), [10, 4]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn new(num_embeddings: usize, embedding_dim: usize, rng: &mut dyn Rng) -> Result<Embedding> {
        Embedding::with(num_embeddings, embedding_dim, EmbeddingOptions::new(), rng)
    }

    /// A table of `num_embeddings` (K) rows of `embedding_dim` (D) numbers.
    ///
    /// # Errors
    /// If a size is 0, or the padding row is none.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::EmbeddingOptions;
    /// # use wengert_nn::Embedding;
    /// let options = EmbeddingOptions::new().padding_idx(0).max_norm(1.0);
    /// let embedding = Embedding::with(3, 2, options, &mut autograd_core::seeded(7))?;
    /// assert_eq!(embedding.weight.to_vec::<f32>()?[..2], [0.0, 0.0]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn with(
        num_embeddings: usize,
        embedding_dim: usize,
        options: EmbeddingOptions,
        rng: &mut dyn Rng,
    ) -> Result<Embedding> {
        let weight = start("Embedding", [num_embeddings, embedding_dim], options.padding(), rng)?;
        Embedding::from_tensors(weight, options)
    }

    /// A layer with this table.
    ///
    /// # Errors
    /// If `weight` is not `[K, D]` with sizes above 0 and of a float type, or the padding row is none.
    pub fn from_tensors(weight: Tensor, options: EmbeddingOptions) -> Result<Embedding> {
        check("Embedding", &weight, options.padding())?;
        Ok(Embedding { weight: Param::new(weight)?, options })
    }
}

/// A table as it starts.
pub(super) fn start(
    name: &'static str,
    sizes: [usize; 2],
    padding: Option<isize>,
    rng: &mut dyn Rng,
) -> Result<Tensor> {
    for (what, size) in ["num_embeddings", "embedding_dim"].into_iter().zip(sizes) {
        Check(name).require(size > 0, what, size, "at least 1")?;
    }
    let row = padding_row(name, padding, sizes[0])?;
    let weight = normal(0.0, 1.0).tensor(&sizes, DType::F32, rng)?;
    let Some(row) = row else { return Ok(weight) };
    let all = Tensor::arange(0.0, sizes[0] as f64, 1.0, DType::I64)?;
    weight.masked_fill(&all.eq_scalar(row as f64).unsqueeze(1)?, 0.0)
}

/// The number of the padding row, counted from the front.
fn padding_row(name: &'static str, padding: Option<isize>, rows: usize) -> Result<Option<usize>> {
    let Some(row) = padding else { return Ok(None) };
    let from_front = if row < 0 { row.saturating_add_unsigned(rows) } else { row };
    let inside = usize::try_from(from_front).ok().filter(|row| *row < rows);
    Check(name).require(inside.is_some(), "padding_idx", row, format_args!("a row of the {rows} there are"))?;
    Ok(inside)
}

/// A table has rows, and the padding is one of them.
pub(super) fn check(name: &'static str, weight: &Tensor, padding: Option<isize>) -> Result<()> {
    const EXPECTED: &str = "[K, D], both at least 1";
    let [rows, width] = Check(name).shape("weight", weight, EXPECTED)?;
    if rows == 0 || width == 0 {
        return Err(Error::shape(name, "weight", weight.shape(), EXPECTED));
    }
    Check(name).float(weight)?;
    padding_row(name, padding, rows).map(|_| ())
}

impl Layer for Embedding {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.weight.embedding(x, self.options)
    }
}

#[cfg(test)]
cases![
    layer("Embedding", |rng| Embedding::new(5, 3, rng))
        .state(&["weight"])
        .maps_with(&[], &[Tensor::from([[0, 4], [1, 1]])], &[&[2, 2, 3]])
        .maps_with(&[], &[Tensor::from(2)], &[&[3]])
        .refuses_with(
            &[],
            &[Tensor::from([5])],
            "embedding: index 5 at position 0 is out of range for dim 0 of shape [5, 3]"
        )
        .refuses(&[2], "embedding: dtype is F32, expected I64; to_dtype converts"),
    layer("Embedding", |rng| Embedding::with(5, 3, EmbeddingOptions::new().max_norm(0.5).norm_type(1.0), rng))
        .state(&["weight"])
        .maps_with(&[], &[Tensor::from([0, 4, 4])], &[&[3, 3]]),
    layer("Embedding", |_| {
        Embedding::from_tensors(Tensor::from([[3.0, 4.0], [0.3, 0.4]]), EmbeddingOptions::new().max_norm(1.0))
    })
    .state(&["weight"])
    .gives([0, 1], [[0.6, 0.8], [0.3, 0.4]]),
    layer("Embedding", |rng| Embedding::new(0, 2, rng))
        .cannot_be("Embedding: num_embeddings is 0, it must be at least 1"),
    layer("Embedding", |rng| Embedding::new(2, 0, rng))
        .cannot_be("Embedding: embedding_dim is 0, it must be at least 1"),
    layer("Embedding", |rng| Embedding::with(2, 1, EmbeddingOptions::new().padding_idx(2), rng))
        .cannot_be("Embedding: padding_idx is 2, it must be a row of the 2 there are"),
    layer("Embedding", |_| Embedding::from_tensors(Tensor::from([1.0]), EmbeddingOptions::new()))
        .cannot_be("Embedding: weight has shape [1], expected [K, D], both at least 1"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_padding_row_starts_as_zeros_and_stays() -> Result<()> {
        let embedding = Embedding::with(3, 2, EmbeddingOptions::new().padding_idx(-1), &mut autograd_core::seeded(7))?;
        let y = embedding.forward(&Tensor::from([2, 0]))?;
        assert_eq!(y.to_f64s()[..2], [0.0, 0.0]);
        let gradients = y.sum().backward()?;
        let gradient = gradients.get(&embedding.weight).map(Tensor::to_f64s);
        assert_eq!(gradient, Some(vec![1.0, 1.0, 0.0, 0.0, 0.0, 0.0]));
        Ok(())
    }
}
