//! Rows of a table by index.

use super::placed::Placed;
use crate::error::Result;
use crate::keep;
use crate::ops::check::Check;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{DType, Tensor, for_float};

/// Options of [`Tensor::embedding`].
///
/// # Examples
/// ```
/// use autograd_core::{EmbeddingOptions, Tensor};
/// let table = Tensor::from([[1.0, 2.0], [3.0, 4.0]]).requires_grad();
/// let y = table.embedding(&Tensor::from([0, 1, 1]), EmbeddingOptions::new().padding_idx(-2))?;
/// assert_eq!(y.to_vec::<f32>()?, [1.0, 2.0, 3.0, 4.0, 3.0, 4.0]);
/// assert_eq!(y.sum().backward()?.get(&table).unwrap().to_vec::<f32>()?, [0.0, 0.0, 2.0, 2.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EmbeddingOptions {
    padding_idx: Option<isize>,
    limit: Limit,
    scale_grad_by_freq: bool,
}

impl Default for EmbeddingOptions {
    fn default() -> Self {
        EmbeddingOptions::new()
    }
}

/// The largest norm of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Limit {
    pub(super) max_norm: Option<f64>,
    pub(super) norm_type: f64,
}

impl Limit {
    /// None, of the Euclidean norm.
    pub(super) const NONE: Limit = Limit { max_norm: None, norm_type: 2.0 };

    /// The rows, of which longer ones are shortened.
    pub(super) fn apply(self, op: &'static str, rows: &Tensor) -> Result<Tensor> {
        let Some(max) = self.max_norm else { return Ok(rows.clone()) };
        Check(op).require(max >= 0.0, "max_norm", max, "0 or more")?;
        Check(op).require(self.norm_type > 0.0, "norm_type", self.norm_type, "above 0")?;
        // Beyond all numbers it shortens nothing, and 0 · ∞ would be a gradient.
        let most = if rows.dtype() == DType::F32 { f64::from(f32::MAX) } else { f64::MAX };
        if rows.numel() == 0 || max > most {
            return Ok(rows.clone());
        }
        let norms = rows.vector_norm(self.norm_type, keep(-1))?;
        let one = Tensor::full(&[], 1.0, rows.dtype())?;
        let factors = norms.add_scalar(1e-7).reciprocal().mul_scalar(max);
        rows.try_mul(&norms.untied().gt_scalar(max).where_cond(&factors, &one)?)
    }
}

impl EmbeddingOptions {
    /// No padding, gradients as they are.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{EmbeddingOptions, Tensor};
    /// let y = Tensor::from([[1.0], [3.0]]).embedding(&Tensor::from(1), EmbeddingOptions::new())?;
    /// assert_eq!(y.to_vec::<f32>()?, [3.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub const fn new() -> EmbeddingOptions {
        EmbeddingOptions { padding_idx: None, limit: Limit::NONE, scale_grad_by_freq: false }
    }

    /// A row that gets no gradient; a negative number counts from the end. Default: none.
    #[must_use]
    pub const fn padding_idx(self, row: isize) -> EmbeddingOptions {
        EmbeddingOptions { padding_idx: Some(row), ..self }
    }

    /// The row of [`EmbeddingOptions::padding_idx`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::EmbeddingOptions;
    /// assert_eq!(EmbeddingOptions::new().padding_idx(3).padding(), Some(3));
    /// ```
    pub const fn padding(self) -> Option<isize> {
        self.padding_idx
    }

    /// The largest norm of a row: longer ones are shortened to it when they are read. Default: none.
    ///
    /// # Differs from
    /// PyTorch shortens the rows in the table itself, and the gradient is that of the shortened row; here the table
    /// stays as it is, and the gradient is that of the formula.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{EmbeddingOptions, Tensor};
    /// let options = EmbeddingOptions::new().max_norm(1.0);
    /// let y = Tensor::from([[3.0, 4.0]]).embedding(&Tensor::from(0), options)?.to_vec::<f32>()?;
    /// assert!((y[0] - 0.6).abs() < 1e-6 && (y[1] - 0.8).abs() < 1e-6);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[must_use]
    pub const fn max_norm(self, max: f64) -> EmbeddingOptions {
        let limit = Limit { max_norm: Some(max), ..self.limit };
        EmbeddingOptions { limit, ..self }
    }

    /// The p of the p-norm of [`EmbeddingOptions::max_norm`], above 0. Default 2.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{EmbeddingOptions, Tensor};
    /// let options = EmbeddingOptions::new().max_norm(1.0).norm_type(1.0);
    /// let y = Tensor::from([[3.0, 1.0]]).embedding(&Tensor::from(0), options)?.to_vec::<f32>()?;
    /// assert!((y[0] - 0.75).abs() < 1e-6);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[must_use]
    pub const fn norm_type(self, p: f64) -> EmbeddingOptions {
        let limit = Limit { norm_type: p, ..self.limit };
        EmbeddingOptions { limit, ..self }
    }

    /// Whether the gradient of a row is divided by how often the row occurs; default false.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{EmbeddingOptions, Tensor};
    /// let table = Tensor::from([[1.0], [3.0]]).requires_grad();
    /// let options = EmbeddingOptions::new().scale_grad_by_freq(true);
    /// let y = table.embedding(&Tensor::from([0, 1, 1]), options)?.sum();
    /// assert_eq!(y.backward()?.get(&table).unwrap().to_vec::<f32>()?, [1.0, 1.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[must_use]
    pub const fn scale_grad_by_freq(self, scale: bool) -> EmbeddingOptions {
        EmbeddingOptions { scale_grad_by_freq: scale, ..self }
    }
}

/// The number of the padding row, counted from the front.
pub(super) fn padding(op: &'static str, row: Option<isize>, rows: usize) -> Result<Option<i64>> {
    let Some(row) = row else { return Ok(None) };
    let from_front = if row < 0 { row.saturating_add_unsigned(rows) } else { row };
    let inside = usize::try_from(from_front).is_ok_and(|row| row < rows);
    Check(op).require(inside, "padding_idx", row, format_args!("a row of the {rows} there are"))?;
    Ok(Some(from_front as i64))
}

impl Tensor {
    /// The rows of this table with these numbers.
    ///
    /// # Shapes
    /// `self: [K, D]`, `index: [..] → [.., D]`.
    ///
    /// # Gradient
    /// gy is added to the rows it came from, except to that of `padding_idx`. Saves the index, and what share of gy
    /// goes to each row where it is not all.
    ///
    /// # Errors
    /// If the table does not have two dimensions or is not of a float type, `index` is not `I64`, an index is out of
    /// range, `padding_idx` is no row, or the largest norm is negative.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{EmbeddingOptions, Tensor};
    /// let table = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// let y = table.embedding(&Tensor::from([[1, 0]]), EmbeddingOptions::new())?;
    /// assert_eq!((y.shape(), y.to_vec::<f32>()?), (&[1, 2, 2][..], vec![3.0, 4.0, 1.0, 2.0]));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn embedding(&self, index: &Tensor, options: EmbeddingOptions) -> Result<Tensor> {
        let check = Check("embedding");
        check.float(self)?;
        let [rows, width] = check.shape("the table", self, "[K, D]")?;
        let padding = padding("embedding", options.padding_idx, rows)?;
        let flat = index.reshape_to(&[index.numel()])?;
        let placed = Placed::rows("embedding", self, 0, &flat)?;
        let mut shape = index.shape().to_vec();
        shape.push(width);
        let rows = sieved("embedding", placed.take(self)?, &flat, padding, options.scale_grad_by_freq)?;
        options.limit.apply("embedding", &rows)?.reshape_to(&shape)
    }
}

/// The rows that were looked up, of whose gradient that of a padding row goes nowhere, and that of others is divided by
/// how often the row is among them. Rows of the table that are not are not looked at.
pub(super) fn sieved(
    op: &'static str,
    rows: Tensor,
    index: &Tensor,
    padding: Option<i64>,
    by_frequency: bool,
) -> Result<Tensor> {
    if padding.is_none() && !by_frequency {
        return Ok(rows);
    }
    let (index, n) = (index.try_packed(op)?, index.numel());
    let share = for_float!(rows.float(), T => Tensor::compute::<T, 1>(op, &[n, 1], [&*index], move |[index], y| {
        let index = index.flat::<i64>();
        y.fill(1.0);
        if by_frequency {
            let mut order: Vec<usize> = (0..n).collect();
            order.sort_unstable_by_key(|i| index[*i]);
            for same in order.chunk_by(|i, j| index[*i] == index[*j]) {
                same.iter().for_each(|i| y[*i] = 1.0 / same.len() as T);
            }
        }
        y.iter_mut().zip(index).filter(|(_, row)| Some(**row) == padding).for_each(|(y, _)| *y = 0.0);
    }))?;
    Ok(record(op, rows.untied(), &[&rows], |_| Sieve { share: Saved::constant(&share) }))
}

/// The rows themselves, whose gradient goes through a sieve.
struct Sieve {
    share: Saved,
}

impl Pullback for Sieve {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (gy, share) = (at.gy(), self.share.value());
        at.give(0, || {
            // Selected, for a product with 0 would leave NaN of what is infinite.
            share.ne_scalar(0.0).where_cond(&gy.try_mul(share)?, &Tensor::full(&[], 0.0, gy.dtype())?)
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.share);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::real(&[4, 3], -2.0..2.0), Input::index(&[2, 5], 4)];
    let rows =
        |x: &[Vec<f64>]| x[1].iter().flat_map(|k| (0..3).map(move |j| *k as usize * 3 + j)).map(|e| x[0][e]).collect();
    [
        Case::new("embedding", x(), |x| x[0].embedding(&x[1], EmbeddingOptions::new()))
            .value(rows)
            .refuses(
                |x| x[0].sum_dim(0)?.embedding(&x[1], EmbeddingOptions::new()),
                "embedding: the table has shape [3], expected [K, D]",
            )
            .refuses(
                |x| x[0].embedding(&Tensor::from([1, 4]), EmbeddingOptions::new()),
                "embedding: index 4 at position 1 is out of range for dim 0 of shape [4, 3]",
            )
            .refuses(
                |x| x[0].embedding(&x[0], EmbeddingOptions::new()),
                "embedding: dtype is F64, expected I64; to_dtype converts",
            )
            .refuses(
                |x| x[0].embedding(&x[1], EmbeddingOptions::new().padding_idx(-5)),
                "embedding: padding_idx is -5, it must be a row of the 4 there are",
            )
            .refuses(
                |x| x[1].embedding(&x[1], EmbeddingOptions::new()),
                "embedding: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("embedding (short rows)", x(), |x| {
            x[0].embedding(&x[1], EmbeddingOptions::new().max_norm(1.5).norm_type(3.0))
        })
        .value(|x| {
            let row = |k: &f64| x[0][*k as usize * 3..][..3].to_vec();
            let short = |row: Vec<f64>| {
                let norm = row.iter().map(|x| x.abs().powi(3)).sum::<f64>().cbrt();
                let factor = if norm > 1.5 { 1.5 / (norm + 1e-7) } else { 1.0 };
                row.into_iter().map(move |x| x * factor)
            };
            x[1].iter().map(row).flat_map(short).collect()
        })
        .refuses(
            |x| x[0].embedding(&x[1], EmbeddingOptions::new().max_norm(-1.0)),
            "embedding: max_norm is -1.0, it must be 0 or more",
        )
        .refuses(
            |x| x[0].embedding(&x[1], EmbeddingOptions::new().max_norm(1.0).norm_type(0.0)),
            "embedding: norm_type is 0.0, it must be above 0",
        ),
        // Its gradient is not that of its value, on purpose.
        Case::new("embedding (padded)", x(), |x| {
            x[0].embedding(&x[1], EmbeddingOptions::new().padding_idx(-1).scale_grad_by_freq(true))
        })
        .value(rows)
        .without_gradient(),
    ]
}];

#[cfg(test)]
mod tests {
    use super::EmbeddingOptions;
    use crate::{DType, Tensor, profile};

    #[test]
    fn padding_gets_no_gradient_and_frequent_rows_get_that_of_one_occurrence() {
        let table = Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]).requires_grad();
        let index = Tensor::from([0, 1, 1, 1, 2]);
        let gradient = |options: EmbeddingOptions| {
            let y = table.embedding(&index, options).expect("it fits");
            // What is infinite times no share is nothing.
            let gy = Tensor::from([[f64::INFINITY, 1.0], [1.0, 2.0], [2.0, 4.0], [3.0, 6.0], [1.0, 1.0]]);
            y.backward_with(&gy).expect("tracked").get(&table).expect("a leaf").to_f64s()
        };
        let padded = EmbeddingOptions::new().padding_idx(0);
        assert_eq!(gradient(padded), [0.0, 0.0, 6.0, 12.0, 1.0, 1.0]);
        assert_eq!(gradient(padded.scale_grad_by_freq(true)), [0.0, 0.0, 2.0, 4.0, 1.0, 1.0]);
        assert_eq!(gradient(EmbeddingOptions::new().padding_idx(-1))[4..], [0.0, 0.0]);
    }

    #[test]
    fn what_a_gradient_is_spared_costs_by_rows_looked_up() {
        let table = Tensor::zeros(&[10_000, 4], DType::F32).expect("small").requires_grad();
        let index = Tensor::from([0, 7, 7]);
        let bytes = |options: EmbeddingOptions| {
            let step = || table.embedding(&index, options)?.sum().backward();
            let (gradients, seen) = profile(step);
            assert_eq!(gradients.expect("it fits").len(), 1);
            seen.entries().iter().map(|entry| entry.bytes).sum::<u64>()
        };
        let plain = bytes(EmbeddingOptions::new());
        assert!(plain >= 160_000);
        assert!(bytes(EmbeddingOptions::new().padding_idx(0).scale_grad_by_freq(true)) < plain + 1_000);
    }
}
