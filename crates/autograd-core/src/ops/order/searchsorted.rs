//! Places in a sorted sequence.

use crate::error::{Error, Result};
use crate::kernels::order::sort::search;
use crate::ops::check::Check;
use crate::tape::cut;
use crate::tensor::{Tensor, for_any};

/// The side of equal elements on which a place is sought.
///
/// # Examples
/// ```
/// use autograd_core::{Side, Tensor};
/// let (sorted, two) = (Tensor::from([1, 2, 2, 3]), Tensor::from(2));
/// let place = |side| sorted.searchsorted(&two, side, None)?.item::<i64>();
/// assert_eq!((place(Side::Left)?, place(Side::Right)?), (1, 3));
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    /// Before them: `sorted[i − 1] < x ≤ sorted[i]`.
    #[default]
    Left,
    /// Behind them: `sorted[i − 1] ≤ x < sorted[i]`.
    Right,
}

impl Tensor {
    /// For each of `values` its place in this sorted sequence, as `I64`: putting it there keeps the order. A NaN
    /// belongs at the end.
    ///
    /// A `sorter` holds the positions that sort a sequence which is not sorted, as [`Tensor::argsort`] gives them.
    ///
    /// # Shapes
    /// `self: [N]` and `values` of any shape; or `self: [.., N]` and `values: [.., M]` with the same leading dims. The
    /// sorter has the shape of `self`.
    ///
    /// # Errors
    /// If the shapes do not fit, the dtypes differ, or a position of the sorter is out of range or not `I64`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Side, Tensor};
    /// let sorted = Tensor::from([1.0, 3.0, 5.0]);
    /// let places = sorted.searchsorted(&Tensor::from([3.0, 9.0, 0.0]), Side::Left, None)?;
    /// assert_eq!(places.to_vec::<i64>()?, [1, 3, 0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn searchsorted(&self, values: &Tensor, side: Side, sorter: Option<&Tensor>) -> Result<Tensor> {
        let sorted = match sorter {
            None => self.clone(),
            Some(sorter) => {
                Check("searchsorted").is("sorter", sorter, self.shape())?;
                let d = self.rank().saturating_sub(1);
                Check("searchsorted").indices(sorter, self.shape(), d)?;
                cut("searchsorted", &[self]);
                self.untied().gather(-1, sorter)?
            }
        };
        places("searchsorted", &sorted, values, side)
    }

    /// The number of the bucket of each element, as `I64`: between which of the sorted boundaries it lies.
    /// [`Tensor::searchsorted`] with the roles exchanged.
    ///
    /// # Shapes
    /// `boundaries: [N]`; the result has the shape of `self`.
    ///
    /// # Errors
    /// If `boundaries` does not have one dimension, or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Side, Tensor};
    /// let (x, boundaries) = (Tensor::from([0.5, 1.0, 7.0]), Tensor::from([1.0, 2.0]));
    /// assert_eq!(x.bucketize(&boundaries, Side::Left)?.to_vec::<i64>()?, [0, 0, 2]);
    /// assert_eq!(x.bucketize(&boundaries, Side::Right)?.to_vec::<i64>()?, [0, 1, 2]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn bucketize(&self, boundaries: &Tensor, side: Side) -> Result<Tensor> {
        let [_] = Check("bucketize").shape("boundaries", boundaries, "[N]")?;
        places("bucketize", boundaries, self, side)
    }
}

fn places(op: &'static str, sorted: &Tensor, values: &Tensor, side: Side) -> Result<Tensor> {
    let check = Check(op);
    let dtype = check.same_dtype(sorted, values)?;
    let [n] = check.last("the sorted sequence", sorted, "at least one dimension")?;
    let leading = &sorted.shape()[..sorted.rank() - 1];
    if !leading.is_empty() && (values.rank() != sorted.rank() || !values.shape().starts_with(leading)) {
        let expected = format!("the leading dims of the sorted sequence, {:?}", sorted.shape());
        return Err(Error::shape(op, "values", values.shape(), expected));
    }
    let m = if leading.is_empty() { values.numel() } else { values.shape()[values.rank() - 1] };
    cut(op, &[sorted, values]);
    let (sorted, packed) = (sorted.try_packed(op)?, values.try_packed(op)?);
    for_any!(dtype, T => Tensor::compute::<i64, 2>(op, values.shape(), [&*sorted, &*packed], move |[x, v], y| {
        search::<T>(x.flat(), n, v.flat(), m, side == Side::Right, y);
    }))
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let x = || vec![Input::real(&[2, 5], -2.0..2.0), Input::real(&[2, 3], -2.0..2.0)];
    let count = |row: &[f64], value: f64| row.iter().filter(|x| **x < value).count() as f64;
    [
        Case::new("searchsorted", x(), |x| x[0].untied().sort(1)?.0.searchsorted(&x[1], Side::Left, None))
            .value(move |x| (0..6).map(|e| count(&x[0][e / 3 * 5..e / 3 * 5 + 5], x[1][e])).collect())
            .ends_no_history()
            .refuses(
                |x| x[0].searchsorted(&x[1].sum_dim(0)?, Side::Left, None),
                "searchsorted: values has shape [3], expected the leading dims of the sorted sequence, [2, 5]",
            )
            .refuses(
                |x| x[0].searchsorted(&x[1].to_dtype(DType::F32), Side::Left, None),
                "searchsorted: dtypes F64 and F32 do not mix; convert one with to_dtype",
            )
            .refuses(
                |x| x[0].sum().searchsorted(&x[1], Side::Left, None),
                "searchsorted: the sorted sequence has shape [], expected at least one dimension",
            )
            .refuses(
                |x| x[0].searchsorted(&x[1], Side::Left, Some(&Tensor::from([0]))),
                "searchsorted: sorter has shape [1], expected [2, 5]",
            ),
        Case::new("searchsorted (by a sorter)", x(), |x| {
            x[0].searchsorted(&x[1], Side::Right, Some(&x[0].argsort(-1)?))
        })
        .value(move |x| (0..6).map(|e| count(&x[0][e / 3 * 5..e / 3 * 5 + 5], x[1][e])).collect())
        .without_gradient(),
        Case::new("bucketize", vec![Input::real(&[2, 3], -2.0..2.0)], |x| {
            x[0].bucketize(&Tensor::from([-1.0, 0.0, 1.0]).to_dtype(x[0].dtype()), Side::Left)
        })
        .value(move |x| x[0].iter().map(|x| count(&[-1.0, 0.0, 1.0], *x)).collect())
        .without_gradient()
        .refuses(|x| x[0].bucketize(&x[0], Side::Left), "bucketize: boundaries has shape [2, 3], expected [N]"),
    ]
}];

#[cfg(test)]
mod tests {
    use super::Side;
    use crate::Tensor;

    #[test]
    fn equal_elements_have_two_sides_and_nan_is_at_the_end() {
        let sorted = Tensor::from([1.0, 2.0, 2.0, 3.0]);
        let values = Tensor::from([2.0, f64::NAN, f64::INFINITY, 1.0, 4.0]);
        let of = |side| sorted.searchsorted(&values, side, None).and_then(|y| y.to_vec::<i64>()).expect("they fit");
        assert_eq!(of(Side::Left), [1, 4, 4, 0, 4]);
        assert_eq!(of(Side::Right), [3, 4, 4, 1, 4]);
    }
    #[test]
    fn the_tail_of_a_sorted_row_may_be_nan() {
        let nan = f64::NAN;
        let sorted = Tensor::from([1.0, 2.0, nan, nan, nan]);
        let values = Tensor::from([0.5, 1.0, 1.5, 3.0, nan]);
        let of = |side| sorted.searchsorted(&values, side, None).and_then(|y| y.to_vec::<i64>()).expect("they fit");
        assert_eq!(of(Side::Left), [0, 0, 1, 2, 5]);
        assert_eq!(of(Side::Right), [0, 1, 1, 2, 5]);
    }
}
