//! Bags of rows of a table.

use super::embedding::{Limit, padding, sieved};
use super::placed::Placed;
use super::scatter_reduce::{ScatterReduce, fold};
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::real::Real;
use crate::ops::check::Check;
use crate::ops::segments::csr::{Entries, misplaced};
use crate::tensor::{DType, Tensor, for_float};

/// The fold of the rows of a bag.
///
/// # Examples
/// ```
/// use autograd_core::{Bag, EmbeddingBagOptions, Tensor};
/// let (table, index) = (Tensor::from([[1.0, 2.0], [3.0, 0.0]]), Tensor::from([[0, 1]]));
/// let of = |bag| table.embedding_bag(&index, None, EmbeddingBagOptions::new().mode(bag))?.to_vec::<f32>();
/// assert_eq!((of(Bag::Sum)?, of(Bag::Mean)?, of(Bag::Max)?), (vec![4.0, 2.0], vec![2.0, 1.0], vec![3.0, 2.0]));
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bag {
    /// The sum of the rows, each times its weight if there are weights.
    Sum,
    /// Their mean.
    #[default]
    Mean,
    /// The largest of each column.
    Max,
}

/// Options of [`Tensor::embedding_bag`].
///
/// # Examples
/// ```
/// use autograd_core::{Bag, EmbeddingBagOptions, Tensor};
/// let table = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
/// let weights = Tensor::from([0.5, 2.0, 1.0]);
/// let options = EmbeddingBagOptions::new().mode(Bag::Sum).per_sample_weights(weights);
/// let y = table.embedding_bag(&Tensor::from([0, 1, 1]), Some(&Tensor::from([0, 2])), options)?;
/// assert_eq!(y.to_vec::<f32>()?, [6.5, 9.0, 3.0, 4.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[must_use]
#[derive(Clone, Debug)]
pub struct EmbeddingBagOptions {
    mode: Bag,
    weights: Option<Tensor>,
    padding_idx: Option<isize>,
    limit: Limit,
    scale_grad_by_freq: bool,
    include_last_offset: bool,
}

impl Default for EmbeddingBagOptions {
    fn default() -> Self {
        EmbeddingBagOptions {
            mode: Bag::Mean,
            weights: None,
            padding_idx: None,
            limit: Limit::NONE,
            scale_grad_by_freq: false,
            include_last_offset: false,
        }
    }
}

impl EmbeddingBagOptions {
    /// Means without weights and padding.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{EmbeddingBagOptions, Tensor};
    /// let table = Tensor::from([[1.0], [4.0]]);
    /// let y = table.embedding_bag(&Tensor::from([[0, 1]]), None, EmbeddingBagOptions::new())?;
    /// assert_eq!(y.to_vec::<f32>()?, [2.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn new() -> EmbeddingBagOptions {
        EmbeddingBagOptions::default()
    }

    /// The fold of a bag; default [`Bag::Mean`].
    pub fn mode(self, mode: Bag) -> EmbeddingBagOptions {
        EmbeddingBagOptions { mode, ..self }
    }

    /// A weight for each index, of the index's shape; for sums only. Default: 1 for all.
    pub fn per_sample_weights(self, weights: Tensor) -> EmbeddingBagOptions {
        EmbeddingBagOptions { weights: Some(weights), ..self }
    }

    /// A row that belongs to no bag; a negative number counts from the end. Default: none.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{EmbeddingBagOptions, Tensor};
    /// let (table, index) = (Tensor::from([[1.0], [3.0]]), Tensor::from([[0, 1]]));
    /// let y = table.embedding_bag(&index, None, EmbeddingBagOptions::new().padding_idx(0))?;
    /// assert_eq!(y.to_vec::<f32>()?, [3.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn padding_idx(self, row: isize) -> EmbeddingBagOptions {
        EmbeddingBagOptions { padding_idx: Some(row), ..self }
    }

    /// The row of [`EmbeddingBagOptions::padding_idx`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::EmbeddingBagOptions;
    /// assert_eq!(EmbeddingBagOptions::new().padding_idx(-1).padding(), Some(-1));
    /// ```
    pub fn padding(&self) -> Option<isize> {
        self.padding_idx
    }

    /// The largest norm of a row, as of [`EmbeddingOptions`](crate::EmbeddingOptions::max_norm). Default: none.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{EmbeddingBagOptions, Tensor};
    /// let (table, index) = (Tensor::from([[3.0, 1.0], [0.0, 0.0]]), Tensor::from([[0, 1]]));
    /// let y = table.embedding_bag(&index, None, EmbeddingBagOptions::new().max_norm(2.0).norm_type(1.0))?;
    /// assert!((y.to_vec::<f32>()?[0] - 0.75).abs() < 1e-6);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn max_norm(self, max: f64) -> EmbeddingBagOptions {
        let limit = Limit { max_norm: Some(max), ..self.limit };
        EmbeddingBagOptions { limit, ..self }
    }

    /// The p of the p-norm of [`EmbeddingBagOptions::max_norm`], above 0. Default 2.
    pub fn norm_type(self, p: f64) -> EmbeddingBagOptions {
        let limit = Limit { norm_type: p, ..self.limit };
        EmbeddingBagOptions { limit, ..self }
    }

    /// Whether the gradient of a row is divided by how often the row occurs; default false.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Bag, EmbeddingBagOptions, Tensor};
    /// let table = Tensor::from([[1.0], [3.0]]).requires_grad();
    /// let options = EmbeddingBagOptions::new().mode(Bag::Sum).scale_grad_by_freq(true);
    /// let y = table.embedding_bag(&Tensor::from([[0, 1, 1]]), None, options)?.sum();
    /// assert_eq!(y.backward()?.get(&table).unwrap().to_vec::<f32>()?, [1.0, 1.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn scale_grad_by_freq(self, scale: bool) -> EmbeddingBagOptions {
        EmbeddingBagOptions { scale_grad_by_freq: scale, ..self }
    }

    /// Whether the last offset is the end of the last bag, as in the CSR format; default false.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{EmbeddingBagOptions, Tensor};
    /// let (table, index) = (Tensor::from([[1.0], [3.0]]), Tensor::from([0, 1, 1]));
    /// let options = EmbeddingBagOptions::new().include_last_offset(true);
    /// let y = table.embedding_bag(&index, Some(&Tensor::from([0, 2, 3])), options)?;
    /// assert_eq!(y.to_vec::<f32>()?, [2.0, 3.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn include_last_offset(self, include: bool) -> EmbeddingBagOptions {
        EmbeddingBagOptions { include_last_offset: include, ..self }
    }
}

const OP: &str = "embedding_bag";
const CHECK: Check = Check(OP);

impl Tensor {
    /// Sums, means or maxima of bags of rows of this table. No row is copied for a sum or a mean, unless it may be
    /// scaled to `max_norm`, or its gradient is divided by frequencies.
    ///
    /// # Shapes
    /// `self: [K, D]`; `index: [B, L] → [B, D]`, each row a bag; or `index: [N]` and `offsets: [B]`, the places where
    /// bags begin. A bag without rows is 0.
    ///
    /// # Gradient
    /// That of the sum, the mean (over the rows that are no padding) or the largest (shared equally between ties), for
    /// the table and the weights. Saves the index, the table and the weights.
    ///
    /// # Errors
    /// If the shapes do not fit, an index is out of range, the offsets do not begin with 0 or go down or beyond the
    /// index, the dtypes differ, there are weights for something else than a sum, or gradients are to be divided by
    /// frequencies with [`Bag::Max`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{EmbeddingBagOptions, Tensor};
    /// let (table, index) = (Tensor::from([[1.0, 2.0], [3.0, 4.0]]), Tensor::from([0, 1, 1]));
    /// let y = table.embedding_bag(&index, Some(&Tensor::from([0, 2])), EmbeddingBagOptions::new())?;
    /// assert_eq!(y.to_vec::<f32>()?, [2.0, 3.0, 3.0, 4.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn embedding_bag(
        &self,
        index: &Tensor,
        offsets: Option<&Tensor>,
        options: EmbeddingBagOptions,
    ) -> Result<Tensor> {
        let float = CHECK.float(self)?;
        let [rows, _] = CHECK.shape("the table", self, "[K, D]")?;
        let padding = padding(OP, options.padding_idx, rows)?;
        let n = index.numel();
        let flat = index.reshape_to(&[n])?;
        let columns = CHECK.indices(&flat, self.shape(), 0)?;
        if let Some(weights) = &options.weights {
            CHECK.require(options.mode == Bag::Sum, "mode", options.mode, "Sum where there are weights")?;
            CHECK.same_dtype(self, weights)?;
            CHECK.is("per_sample_weights", weights, index.shape())?;
        }
        if options.mode == Bag::Max && options.scale_grad_by_freq {
            let text = format!("{OP}: scale_grad_by_freq divides the gradients of sums and means, and mode is Max");
            return Err(Error::new(ErrorKind::Argument, text));
        }
        let (bags, of_bag) = bags(index, offsets, options.include_last_offset)?;
        let inside = padding.map(|row| flat.ne_scalar(row as f64));
        let (table, flat, columns, rows) = if options.limit.max_norm.is_some() || options.scale_grad_by_freq {
            // Only the rows that are looked up, each as often as it is.
            let taken = Placed::rows(OP, self, 0, &flat)?.take(self)?;
            let taken = options.limit.apply(OP, &sieved(OP, taken, &flat, padding, options.scale_grad_by_freq)?)?;
            let each = Tensor::arange(0.0, n as f64, 1.0, DType::I64)?;
            let columns = CHECK.indices(&each, taken.shape(), 0)?;
            (taken, each, columns, n)
        } else {
            (self.clone(), flat, columns, rows)
        };
        // A padding row, which is not `inside`, counts as none at all.
        if options.mode == Bag::Max {
            return largest(&table, &flat, inside.as_ref(), bags, &of_bag);
        }
        let mut weights = match options.weights {
            Some(weights) => weights.reshape_to(&[n])?,
            None => Tensor::ones(&[n], self.dtype())?,
        };
        if let Some(inside) = &inside {
            weights = inside.where_cond(&weights, &Tensor::full(&[], 0.0, self.dtype())?)?;
        }
        if options.mode == Bag::Mean {
            weights = for_float!(float, T => Tensor::compute::<T, 2>(OP, &[n], [&weights, &of_bag], move |[w, b], y| {
                let (w, b) = (w.flat::<T>(), b.flat::<i64>());
                // Of bags without an index there may be more than memory holds.
                let mut counts: Vec<f64> = vec![0.0; b.iter().max().map_or(0, |last| *last as usize + 1)];
                w.iter().zip(b).for_each(|(w, b)| counts[*b as usize] += w.as_f64());
                y.iter_mut().zip(w.iter().zip(b)).for_each(|(y, (w, b))| *y = w / counts[*b as usize].max(1.0) as T);
            }))?;
        }
        let entries = Entries::new(&of_bag, &columns, [bags, rows]);
        // The weights of padding are 0.
        let entries = if inside.is_some() { entries.without_zeros() } else { entries };
        entries.matmul(OP, &weights, &table)
    }
}

/// The number of bags, and the bag of each index.
fn bags(index: &Tensor, offsets: Option<&Tensor>, last: bool) -> Result<(usize, Tensor)> {
    let n = index.numel();
    let Some(offsets) = offsets else {
        let [bags, size] = CHECK.shape("index", index, "[B, L] where there are no offsets")?;
        let of_bag = Tensor::moved::<i64, 0>(OP, &[n], [], move |[], y| {
            y.chunks_mut(size.max(1)).enumerate().for_each(|(bag, y)| y.fill(bag as i64));
        })?;
        return Ok((bags, of_bag));
    };
    let [_] = CHECK.shape("index", index, "[N] where there are offsets")?;
    let [count] = CHECK.shape("offsets", offsets, "[B]")?;
    CHECK.dtype(offsets, DType::I64)?;
    if last && count == 0 {
        return Err(Error::shape(OP, "offsets", offsets.shape(), "at least one, the end of the last bag"));
    }
    let packed = offsets.try_packed(OP)?;
    Tensor::look(OP, [&*packed], move |[offsets]| {
        let offsets = offsets.flat::<i64>();
        let Some(at) = misplaced(offsets, n, last) else { return Ok(()) };
        let end = if last { ", and end with it" } else { "" };
        let text = format!("{OP}: offsets must go up from 0 to at most {n}, the number of indices{end}; {at}");
        Err(Error::new(ErrorKind::Index, text))
    })?;
    let bags = if last { count - 1 } else { count };
    let of_bag = Tensor::moved::<i64, 1>(OP, &[n], [&*packed], move |[offsets], y| {
        let offsets = offsets.flat::<i64>();
        for (bag, start) in offsets[..bags].iter().enumerate() {
            let end = offsets.get(bag + 1).map_or(y.len(), |end| *end as usize);
            y[*start as usize..end].fill(bag as i64);
        }
    })?;
    Ok((bags, of_bag))
}

fn largest(table: &Tensor, index: &Tensor, inside: Option<&Tensor>, bags: usize, of_bag: &Tensor) -> Result<Tensor> {
    let rows = Placed::rows(OP, table, 0, index)?.take(table)?;
    // Padding goes to a bag of its own, behind the others.
    let of_bag = match inside {
        None => of_bag.clone(),
        Some(inside) => inside.where_cond(of_bag, &Tensor::full(&[], bags as f64, DType::I64)?)?,
    };
    let none = Tensor::zeros(&[bags + 1, table.shape()[1]], table.dtype())?;
    let placed = Placed::rows(OP, &none, 0, &of_bag)?;
    fold(OP, &placed, &none, &rows, ScatterReduce::amax().include_self(false))?.narrow(0, 0, bags)
}

#[cfg(test)]
crate::ops::cases::cases![{
    let table = || Input::distinct(&[4, 3]);
    let x = move || vec![table(), Input::index(&[5], 4)];
    let offsets = || Tensor::from([0, 2, 2]);
    let of = |bag: Bag| EmbeddingBagOptions::new().mode(bag);
    let bags: [&[usize]; 3] = [&[0, 1], &[], &[2, 3, 4]];
    let reference = move |fold: fn(&[f64]) -> f64| {
        move |x: &[Vec<f64>]| {
            let column = |bag: &[usize], j: usize| {
                let rows: Vec<f64> = bag.iter().map(|k| x[0][x[1][*k] as usize * 3 + j]).collect();
                if rows.is_empty() { 0.0 } else { fold(&rows) }
            };
            bags.iter().flat_map(|bag| (0..3).map(|j| column(bag, j)).collect::<Vec<_>>()).collect()
        }
    };
    [
        Case::new("embedding_bag", x(), move |x| x[0].embedding_bag(&x[1], Some(&offsets()), of(Bag::Sum)))
            .value(reference(|x| x.iter().sum()))
            .not_counting_saved()
            .refuses(
                |x| x[0].embedding_bag(&x[1], None, EmbeddingBagOptions::new()),
                "embedding_bag: index has shape [5], expected [B, L] where there are no offsets",
            )
            .refuses(
                |x| x[0].embedding_bag(&x[1], Some(&Tensor::from([0, 3, 2])), EmbeddingBagOptions::new()),
                "embedding_bag: offsets must go up from 0 to at most 5, the number of indices; number 2 of them is 2",
            )
            .refuses(
                |x| {
                    let options = EmbeddingBagOptions::new().include_last_offset(true);
                    x[0].embedding_bag(&x[1], Some(&Tensor::from([0, 3])), options)
                },
                "embedding_bag: offsets must go up from 0 to at most 5, the number of indices, and end with it; number 1 \
                 of them is 3",
            )
            .refuses(
                |x| {
                    let weights = Tensor::zeros(&[5], x[0].dtype())?;
                    let options = EmbeddingBagOptions::new().per_sample_weights(weights);
                    x[0].embedding_bag(&x[1], Some(&Tensor::from([0])), options)
                },
                "embedding_bag: mode is Mean, it must be Sum where there are weights",
            )
            .refuses(
                move |x| x[0].embedding_bag(&x[1], Some(&Tensor::from([0])), of(Bag::Max).scale_grad_by_freq(true)),
                "embedding_bag: scale_grad_by_freq divides the gradients of sums and means, and mode is Max",
            )
            .refuses(
                |x| x[0].embedding_bag(&Tensor::from([[4]]), None, EmbeddingBagOptions::new()),
                "embedding_bag: index 4 at position 0 is out of range for dim 0 of shape [4, 3]",
            ),
        Case::new("embedding_bag (mean)", x(), move |x| x[0].embedding_bag(&x[1], Some(&offsets()), of(Bag::Mean)))
            .value(reference(|x| x.iter().sum::<f64>() / x.len() as f64))
            .not_counting_saved(),
        Case::new("embedding_bag (max)", x(), move |x| x[0].embedding_bag(&x[1], Some(&offsets()), of(Bag::Max)))
            .value(reference(|x| x.iter().copied().fold(f64::NEG_INFINITY, f64::max)))
            .not_counting_saved(),
        Case::new(
            "embedding_bag (weighted rows)",
            vec![table(), Input::index(&[2, 5], 4), Input::real(&[2, 5], -2.0..2.0)],
            move |x| x[0].embedding_bag(&x[1], None, of(Bag::Sum).per_sample_weights(x[2].clone()).padding_idx(1)),
        )
        .value(|x| {
            let term = |k: usize, j: usize| x[2][k] * x[0][x[1][k] as usize * 3 + j];
            let column =
                |bag: usize, j: usize| (bag * 5..bag * 5 + 5).filter(|k| x[1][*k] != 1.0).map(|k| term(k, j)).sum();
            (0..6).map(|e| column(e / 3, e % 3)).collect()
        })
        .not_counting_saved(),
    ]
}];

#[cfg(test)]
mod tests {
    use super::{Bag, EmbeddingBagOptions};
    use crate::{DType, Result, Tensor, grad};

    #[test]
    fn a_padding_row_without_a_number_reaches_nothing() -> Result<()> {
        let table = Tensor::from([[f64::NAN], [3.0]]).to_dtype(DType::F64).requires_grad();
        for mode in [Bag::Sum, Bag::Mean, Bag::Max] {
            let options = EmbeddingBagOptions::new().mode(mode).padding_idx(0);
            let y = table.embedding_bag(&Tensor::from([[0, 1]]), None, options)?;
            assert_eq!(y.to_f64s(), [3.0]);
            let endless = y.mul_scalar(f64::INFINITY).sum();
            assert_eq!(grad(&endless, &[&table])?[0].to_f64s(), [0.0, f64::INFINITY]);
        }
        Ok(())
    }
}
