//! Inputs and targets in memory.

use crate::dataset::Dataset;
use crate::rows::{rows, rows_between};
use crate::shuffle::permutation;
use autograd_core::{DType, Error, ErrorKind, Result, Tensor};
use rand::Rng;
use std::ops::Range;

/// Inputs and targets in memory, one row for each sample.
///
/// Both can be replaced. No sample is read where they then have different numbers of rows: that is an error.
///
/// # Shapes
/// `x: [N, ..]`, `y: [N, ..]`.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_data::TensorDataset;
///
/// let set = TensorDataset::new(Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), Tensor::from([0, 1, 0]))?;
/// assert_eq!(set.len(), 3);
/// assert_eq!(set.select(&[2, 0])?.x.to_vec::<f32>()?, [5.0, 6.0, 1.0, 2.0]);
/// # Ok::<(), wengert_data::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TensorDataset {
    /// The inputs.
    pub x: Tensor,
    /// The targets.
    pub y: Tensor,
}

impl TensorDataset {
    /// A dataset of the rows of `x` and `y`.
    ///
    /// # Errors
    /// If one of them is a scalar, or they do not have the same number of rows.
    pub fn new(x: Tensor, y: Tensor) -> Result<TensorDataset> {
        let set = TensorDataset { x, y };
        set.check()?;
        Ok(set)
    }

    /// Whether there is a target for each input.
    pub(crate) fn check(&self) -> Result<()> {
        let TensorDataset { x, y } = self;
        for (what, tensor) in [("x", x), ("y", y)] {
            if tensor.rank() == 0 {
                return Err(Error::shape("TensorDataset", what, tensor.shape(), "[N, ..]"));
            }
        }
        if x.shape().first() == y.shape().first() {
            return Ok(());
        }
        let (of_x, of_y) = (x.shape(), y.shape());
        let sizes = format!("x has {} samples and y has {}", of_x[0], of_y[0]);
        let text = format!("TensorDataset: {sizes} (shapes {of_x:?} and {of_y:?})");
        Err(Error::new(ErrorKind::Data, text))
    }

    /// How many samples there are.
    pub fn len(&self) -> usize {
        self.x.shape().first().copied().unwrap_or(0)
    }

    /// Whether there are no samples.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// # use wengert_data::TensorDataset;
    /// assert!(TensorDataset::new(Tensor::zeros(&[0, 4], DType::F32)?, Tensor::zeros(&[0], DType::I64)?)?.is_empty());
    /// # Ok::<(), wengert_data::Error>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies of the samples with these numbers, in this order; a number may be repeated.
    ///
    /// # Errors
    /// If a sample does not exist, or inputs and targets no longer have the same number of rows.
    pub fn select(&self, indices: &[usize]) -> Result<TensorDataset> {
        self.check()?;
        Ok(TensorDataset { x: rows("select", &self.x, indices)?, y: rows("select", &self.y, indices)? })
    }

    /// The same targets with the inputs `f(x)`.
    ///
    /// # Errors
    /// Those of `f`; also if the result has another number of rows.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// # use wengert_data::TensorDataset;
    /// let set = TensorDataset::new(Tensor::from([[1.0], [2.0]]), Tensor::from([0, 1]))?;
    /// assert_eq!(set.map_x(|x| Ok(x * 10))?.x.to_vec::<f32>()?, [10.0, 20.0]);
    /// # Ok::<(), wengert_data::Error>(())
    /// ```
    pub fn map_x(&self, f: impl FnOnce(&Tensor) -> Result<Tensor>) -> Result<TensorDataset> {
        TensorDataset::new(f(&self.x)?, self.y.clone())
    }

    /// Parts of the given fractions, after shuffling: every sample is in exactly one part.
    ///
    /// ```text
    /// size_k = ⌊N · f_k⌋, and one more in the parts with the largest remainders, until all N are given out
    /// ```
    /// Where remainders are equal, the first part comes first.
    ///
    /// # Errors
    /// If a fraction is not a positive number, they do not sum to 1 (within 1e-9), a part would be empty, or inputs and
    /// targets no longer have the same number of rows. Then nothing is drawn.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{seeded, DType, Tensor};
    /// # use wengert_data::TensorDataset;
    /// let x = Tensor::arange(0.0, 1797.0, 1.0, DType::F32)?;
    /// let [train, valid, test] = TensorDataset::new(x.clone(), x)?.split([0.70, 0.15, 0.15], &mut seeded(7))?;
    /// assert_eq!((train.len(), valid.len(), test.len()), (1258, 270, 269));
    /// # Ok::<(), wengert_data::Error>(())
    /// ```
    ///
    /// # Differs from
    /// PyTorch's `random_split`, which gives what is left over to the first parts, whatever their remainders: of 11
    /// samples `[0.5, 0.25, 0.25]` are `[6, 3, 2]` there, `[5, 3, 3]` here. An empty part is a warning there, an error
    /// here.
    pub fn split<const K: usize>(&self, fractions: [f64; K], rng: &mut dyn Rng) -> Result<[TensorDataset; K]> {
        // What is refused is refused before the generator moves.
        self.check()?;
        let sizes = part_sizes(self.len(), &fractions)?;
        let order = permutation("split", self.len(), rng)?;
        let mut parts = Vec::with_capacity(K);
        let mut rest = order.as_slice();
        for size in sizes {
            let (part, after) = rest.split_at_checked(size).unwrap_or((rest, &[]));
            parts.push(self.select(part)?);
            rest = after;
        }
        Ok(parts.try_into().unwrap_or_else(|_| unreachable!("one size for each of the K fractions")))
    }

    /// The class of each sample, if the targets are classes: `I64`, `[N]`.
    pub(crate) fn classes(&self) -> Option<Vec<i64>> {
        if self.y.dtype() == DType::I64 && self.y.rank() == 1 { self.y.to_vec().ok() } else { None }
    }
}

impl Dataset for TensorDataset {
    fn name(&self) -> &str {
        "TensorDataset"
    }

    fn len(&self) -> usize {
        self.len()
    }

    fn batch(&self, indices: &[usize]) -> Result<(Tensor, Tensor)> {
        self.check()?;
        Ok((rows("batch", &self.x, indices)?, rows("batch", &self.y, indices)?))
    }

    fn in_memory(&self) -> bool {
        true
    }

    /// Views: nothing is copied.
    fn range(&self, samples: Range<usize>) -> Result<(Tensor, Tensor)> {
        self.check()?;
        Ok((rows_between(&self.x, samples.clone())?, rows_between(&self.y, samples)?))
    }
}

/// Whole sizes near `n` times the fractions, summing to `n`.
fn part_sizes(n: usize, fractions: &[f64]) -> Result<Vec<usize>> {
    if let Some(wrong) = fractions.iter().find(|f| !(f.is_finite() && **f > 0.0)) {
        return Err(Error::argument("split", "fractions", wrong, "finite and greater than 0"));
    }
    // Not `sum()`, which is −0 for no numbers.
    let sum = fractions.iter().fold(0.0, |sum, fraction| sum + fraction);
    if (sum - 1.0).abs() > 1e-9 {
        let text = format!("split: the fractions {fractions:?} sum to {sum}, they must sum to 1");
        return Err(Error::new(ErrorKind::Argument, text));
    }
    let ideal: Vec<f64> = fractions.iter().map(|f| n as f64 * f).collect();
    let mut left = n;
    let mut sizes: Vec<usize> = Vec::with_capacity(ideal.len());
    for size in &ideal {
        // Fractions that sum to a little more than 1 must not give out more than there is.
        let size = (size.floor() as usize).min(left);
        sizes.push(size);
        left -= size;
    }
    let mut by_remainder: Vec<usize> = (0..ideal.len()).collect();
    by_remainder.sort_by(|a, b| ideal[*b].fract().total_cmp(&ideal[*a].fract()));
    for part in by_remainder.into_iter().cycle().take(left) {
        sizes[part] += 1;
    }
    match sizes.iter().position(|size| *size == 0) {
        Some(part) => {
            let few = format!("{n} samples are too few for {fractions:?}");
            Err(Error::new(ErrorKind::Data, format!("split: part {part} of {sizes:?} would be empty: {few}")))
        }
        None => Ok(sizes),
    }
}
