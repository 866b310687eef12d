//! Sorted elements and their positions.

use super::dim::SortDim;
use super::positions::{Find, positions, size};
use crate::error::Result;
use crate::tensor::Tensor;

/// # Order
impl Tensor {
    /// The elements in order along `dim` and the positions they had (`I64`). Ascending, or [`descending(dim)`]; equal
    /// elements stay in their order, NaN counts as the largest.
    ///
    /// # Gradient
    /// gy goes to the elements it came from. Saves the positions.
    ///
    /// # Errors
    /// If the dim is out of range, or there is no memory for the result.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, descending};
    /// let x = Tensor::from([[3.0, 1.0, 2.0]]);
    /// let (values, indices) = x.sort(1)?;
    /// assert_eq!((values.to_vec::<f32>()?, indices.to_vec::<i64>()?), (vec![1.0, 2.0, 3.0], vec![1, 2, 0]));
    /// assert_eq!(x.sort(descending(-1))?.0.to_vec::<f32>()?, [3.0, 2.0, 1.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// [`descending(dim)`]: crate::descending
    pub fn sort(&self, dim: impl Into<SortDim>) -> Result<(Tensor, Tensor)> {
        sort_of(self, dim.into())
    }

    /// The positions that the elements of [`Tensor::sort`] had.
    ///
    /// # Errors
    /// As for `sort`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([3.0, 1.0, 2.0]).argsort(0)?.to_vec::<i64>()?, [1, 2, 0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn argsort(&self, dim: impl Into<SortDim>) -> Result<Tensor> {
        Ok(order("argsort", self, dim.into())?.1)
    }

    /// The elements in ascending order along the first dim.
    ///
    /// # Errors
    /// As for [`Tensor::sort`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([[3, 1], [2, 4]]).msort()?.to_vec::<i64>()?, [2, 1, 3, 4]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn msort(&self) -> Result<Tensor> {
        let (d, index) = order("msort", self, 0.into())?;
        self.gather(d as isize, &index)
    }
}

fn sort_of(x: &Tensor, dim: SortDim) -> Result<(Tensor, Tensor)> {
    let (d, index) = order("sort", x, dim)?;
    Ok((x.gather(d as isize, &index)?, index))
}

fn order(op: &'static str, x: &Tensor, dim: SortDim) -> Result<(usize, Tensor)> {
    let (d, n) = size(op, x, dim.dim)?;
    let find = Find::First { k: n, descending: dim.descending.unwrap_or(false) };
    Ok((d, positions(op, x, d, find)?))
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::descending;
    let x = || vec![Input::distinct(&[3, 4])];
    let sorted = |mut row: Vec<f64>| {
        row.sort_by(f64::total_cmp);
        row
    };
    let columns = move |x: &[Vec<f64>]| {
        let column = |j: usize| sorted((0..3).map(|i| x[0][i * 4 + j]).collect());
        (0..12).map(|e| column(e % 4)[e / 4]).collect()
    };
    [
        Case::new("sort", x(), |x| Ok(x[0].sort(-1)?.0))
            .value(move |x| x[0].chunks(4).flat_map(|row| sorted(row.to_vec())).collect())
            .refuses(|x| Ok(x[0].sort(2)?.0), "sort: dim 2 is out of range for shape [3, 4] (−2 to 1)"),
        Case::new("sort (descending)", x(), |x| Ok(x[0].sort(descending(-1))?.0))
            .value(move |x| x[0].chunks(4).flat_map(|row| sorted(row.to_vec()).into_iter().rev()).collect()),
        Case::new("argsort", x(), |x| x[0].argsort(1))
            .value(|x| {
                let place = |row: &[f64]| {
                    let mut order: Vec<usize> = (0..4).collect();
                    order.sort_by(|i, j| row[*i].total_cmp(&row[*j]));
                    order.into_iter().map(|i| i as f64).collect::<Vec<_>>()
                };
                x[0].chunks(4).flat_map(place).collect()
            })
            .without_gradient()
            .refuses(|x| x[0].argsort(descending(-3)), "argsort: dim -3 is out of range for shape [3, 4] (−2 to 1)"),
        Case::new("msort", x(), |x| x[0].msort()).value(columns).cannot_fail(),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{Tensor, descending};

    #[test]
    fn equal_elements_stay_in_their_order_and_nan_is_the_largest() {
        let x = Tensor::from([2.0, f64::NAN, -0.0, 2.0, 0.0, f64::INFINITY, f64::NAN, f64::NEG_INFINITY]);
        let index = |dim| x.argsort(dim).and_then(|i| i.to_vec::<i64>()).expect("one dim");
        assert_eq!(index(crate::ascending(0)), [7, 2, 4, 0, 3, 5, 1, 6]);
        assert_eq!(index(descending(0)), [1, 6, 5, 0, 3, 2, 4, 7]);
    }

    #[test]
    fn integers_and_truth_values_are_ordered_exactly() {
        let x = Tensor::from([i64::MAX, i64::MIN, (1 << 53) + 1, 1 << 53, i64::MAX]);
        let (values, index) = x.sort(0).expect("one dim");
        assert_eq!(index.to_vec::<i64>().expect("positions"), [1, 3, 2, 0, 4]);
        assert_eq!(values.to_vec::<i64>().expect("integers")[..2], [i64::MIN, 1 << 53]);
        let masks = Tensor::from([true, false, true]).sort(descending(0)).expect("one dim");
        assert_eq!(masks.1.to_vec::<i64>().expect("positions"), [0, 2, 1]);
    }

    #[test]
    fn a_scalar_is_sorted() {
        let (value, index) = Tensor::from(3.0).sort(descending(-1)).expect("its dim");
        assert_eq!((value.shape(), index.shape()), (&[][..], &[][..]));
    }
}
