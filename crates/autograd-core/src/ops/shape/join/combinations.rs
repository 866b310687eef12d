//! The combinations of the elements of a vector.

use crate::error::{Error, Result};
use crate::ops::check::Check;
use crate::tensor::{DType, Tensor};

impl Tensor {
    /// The rows of all ways to choose `r` of the elements of a vector, in the order of their positions.
    ///
    /// # Shapes
    /// `[N] → [N! / (r! (N − r)!), r]`
    ///
    /// # Gradient
    /// gy summed over the rows that an element is in. Saves the positions.
    ///
    /// # Errors
    /// If the tensor has not one dimension.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let pairs = Tensor::from([1, 2, 3]).combinations(2)?;
    /// assert_eq!(pairs.to_vec::<i64>()?, [1, 2, 1, 3, 2, 3]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn combinations(&self, r: usize) -> Result<Tensor> {
        rows("combinations", self, r, 1)
    }

    /// Like [`Tensor::combinations`], but an element may be chosen several times.
    ///
    /// # Shapes
    /// `[N] → [(N + r − 1)! / (r! (N − 1)!), r]`
    ///
    /// # Errors
    /// If the tensor has not one dimension.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let pairs = Tensor::from([1, 2]).combinations_with_replacement(2)?;
    /// assert_eq!(pairs.to_vec::<i64>()?, [1, 1, 1, 2, 2, 2]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn combinations_with_replacement(&self, r: usize) -> Result<Tensor> {
        rows("combinations_with_replacement", self, r, 0)
    }
}

/// The rows of r elements, each at least `apart` positions behind the one before.
fn rows(op: &'static str, x: &Tensor, r: usize, apart: usize) -> Result<Tensor> {
    let [n] = Check(op).shape("the tensor", x, "[N]")?;
    // Choosing from n with replacement is choosing from n + r − 1 without.
    let from = if apart == 1 { n } else { n.saturating_add(r).saturating_sub(1) };
    let count = choices(from, r).ok_or_else(|| Error::too_large(op, &[usize::MAX, r]))?;
    let count = if r == 0 { 0 } else { count };
    Check(op).room(&[count, r], DType::I64)?;
    let index = Tensor::moved::<i64, 0>(op, &[count, r], [], move |[], y| {
        if y.is_empty() {
            return;
        }
        let mut row: Vec<usize> = (0..r).map(|k| k * apart).collect();
        for y in y.chunks_exact_mut(r.max(1)) {
            y.iter_mut().zip(&row).for_each(|(y, at)| *y = *at as i64);
            // The last position that is not at its end moves, and those behind it follow closely.
            let last = |k: usize| n - 1 - (r - 1 - k) * apart;
            if let Some(k) = (0..r).rev().find(|k| row[*k] < last(*k)) {
                let next = row[k] + 1;
                (k..r).for_each(|later| row[later] = next + (later - k) * apart);
            }
        }
    })?;
    x.index_select(0, &index.reshape_to(&[count * r])?)?.reshape_to(&[count, r])
}

/// The number of ways to choose r of n; none if it is too large.
fn choices(n: usize, r: usize) -> Option<usize> {
    let Some(left) = n.checked_sub(r) else { return Some(0) };
    let mut count = 1u128;
    for k in 0..r.min(left) {
        count = count.checked_mul((n - k) as u128)? / (k as u128 + 1);
        usize::try_from(count).ok()?;
    }
    usize::try_from(count).ok()
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::real(&[4], -2.0..2.0)];
    let pick = |order: &'static [usize]| move |x: &[Vec<f64>]| order.iter().map(|i| x[0][*i]).collect();
    let shape = "the tensor has shape [1, 4], expected [N]";
    [
        Case::new("combinations(3)", x(), |x| x[0].combinations(3))
            .value(pick(&[0, 1, 2, 0, 1, 3, 0, 2, 3, 1, 2, 3]))
            .refuses(|x| x[0].unsqueeze(0)?.combinations(2), format!("combinations: {shape}"))
            .refuses(
                |x| x[0].sum().expand(&[1 << 40])?.combinations(3),
                "combinations: shape [18446744073709551615, 3] is too large (at most 64 dimensions, and no more bytes than memory holds)",
            ),
        Case::new("combinations(5)", x(), |x| x[0].combinations(5)).value(|_| Vec::new()),
        Case::new("combinations of more than there are", x(), |x| x[0].combinations(1 << 40)).value(|_| Vec::new()),
        Case::new("combinations(0)", x(), |x| x[0].combinations(0)).value(|_| Vec::new()),
        Case::new("combinations_with_replacement", vec![Input::real(&[3], -2.0..2.0)], |x| {
            x[0].combinations_with_replacement(2)
        })
        .value(pick(&[0, 0, 0, 1, 0, 2, 1, 1, 1, 2, 2, 2]))
        .refuses(
            |x| x[0].narrow(0, 0, 1)?.unsqueeze(0)?.combinations_with_replacement(2),
            "combinations_with_replacement: the tensor has shape [1, 1], expected [N]",
        ),
    ]
}];
