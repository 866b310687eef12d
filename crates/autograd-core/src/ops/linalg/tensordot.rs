//! Products summed over dims of choice.

use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::ops::reduce::dims::keep;
use crate::tensor::Tensor;

/// The dims that [`Tensor::tensordot`] sums over: a number of them, the last of the first operand and the first of the
/// second, or two lists of equal length.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, TensordotDims};
/// let a = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(a.tensordot(&a, 2)?.item::<f32>()?, 30.0);
/// let dims: TensordotDims = ([0], [1]).into();
/// assert_eq!(a.tensordot(&a, dims)?.to_vec::<f32>()?, [7.0, 15.0, 10.0, 22.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TensordotDims {
    /// So many.
    Count(usize),
    /// These of the first operand with those of the second.
    Pairs(Vec<isize>, Vec<isize>),
}

impl From<usize> for TensordotDims {
    fn from(count: usize) -> TensordotDims {
        TensordotDims::Count(count)
    }
}

impl<const N: usize> From<([isize; N], [isize; N])> for TensordotDims {
    fn from((a, b): ([isize; N], [isize; N])) -> TensordotDims {
        TensordotDims::Pairs(a.into(), b.into())
    }
}

impl Tensor {
    /// The sum of products over pairs of dims: what is left of the shape of `self`, then what is left of that of
    /// `other`. In a pair a size of one stands for any.
    ///
    /// # Gradient
    /// That of the matrix product it is. Saves both.
    ///
    /// # Errors
    /// If there are not so many dims, a dim is out of range or named twice, sizes of a pair differ, or the dtypes
    /// differ or are not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (a, b) = (Tensor::from([[1.0, 2.0], [3.0, 4.0]]), Tensor::from([10.0, 1.0]));
    /// assert_eq!(a.tensordot(&b, 1)?.to_vec::<f32>()?, [12.0, 34.0]);
    /// assert_eq!(a.tensordot(&b, ([0], [0]))?.to_vec::<f32>()?, [13.0, 24.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn tensordot(&self, other: &Tensor, dims: impl Into<TensordotDims>) -> Result<Tensor> {
        tensordot_of(self, other, dims.into())
    }
}

fn tensordot_of(x: &Tensor, other: &Tensor, dims: TensordotDims) -> Result<Tensor> {
    let check = Check("tensordot");
    check.same_float(x, other)?;
    let (a, b) = match dims {
        TensordotDims::Count(count) if count <= x.rank().min(other.rank()) => {
            ((x.rank() - count..x.rank()).collect(), (0..count).collect())
        }
        TensordotDims::Count(count) => {
            let (a, b) = (x.shape(), other.shape());
            let text = format!("tensordot: {count} dims to sum over, and the shapes are {a:?} and {b:?}");
            return Err(Error::new(ErrorKind::Shape, text));
        }
        TensordotDims::Pairs(a, b) => (named(check, x, &a)?, named(check, other, &b)?),
    };
    let sizes = |x: &Tensor, dims: &[usize]| dims.iter().map(|d| x.shape()[*d]).collect::<Vec<_>>();
    let fit = |(a, b): (&usize, &usize)| a == b || *a == 1 || *b == 1;
    if a.len() != b.len() || !sizes(x, &a).iter().zip(&sizes(other, &b)).all(fit) {
        let (a, b) = (format!("{a:?} of {:?}", x.shape()), format!("{b:?} of {:?}", other.shape()));
        return Err(Error::new(ErrorKind::Shape, format!("tensordot: dims {a} and {b} differ in size")));
    }
    // A size of one stands for any: the other side is summed.
    let (x, y) = (summed(x, &a, &sizes(other, &b))?, summed(other, &b, &sizes(x, &a))?);
    let left = |x: &Tensor, dims: &[usize]| (0..x.rank()).filter(|d| !dims.contains(d)).collect::<Vec<_>>();
    let (of_a, of_b) = (left(&x, &a), left(&y, &b));
    let shape = [sizes(&x, &of_a), sizes(&y, &of_b)];
    let [m, n] = shape.each_ref().map(|sizes| sizes.iter().product());
    let k = sizes(&x, &a).iter().product();
    let matrix = |x: &Tensor, order: [&[usize]; 2], sizes: [usize; 2]| {
        let order: Vec<isize> = order.concat().into_iter().map(|d| d as isize).collect();
        x.permute(&order)?.reshape_to(&sizes)
    };
    matrix(&x, [&of_a, &a], [m, k])?.matmul(&matrix(&y, [&b, &of_b], [k, n])?)?.reshape_to(&shape.concat())
}

/// The tensor summed over those of these dims that meet a size of one.
fn summed(x: &Tensor, dims: &[usize], others: &[usize]) -> Result<Tensor> {
    let meets_one = |(d, other): &(&usize, &usize)| **other == 1 && x.shape()[**d] != 1;
    let met: Vec<isize> = dims.iter().zip(others).filter(meets_one).map(|(d, _)| *d as isize).collect();
    if met.is_empty() { Ok(x.clone()) } else { x.sum_dim(keep(&met[..])) }
}

/// Dims from the front, each named once.
fn named(check: Check, x: &Tensor, dims: &[isize]) -> Result<Vec<usize>> {
    if !dims.is_empty() {
        check.dims(dims, x.shape())?;
    }
    dims.iter().map(|dim| check.sized_dim(*dim, x.shape()).map(|(d, _)| d)).collect()
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::real(&[2, 3, 4], -2.0..2.0), Input::real(&[4, 2, 5], -2.0..2.0)];
    let reference = |x: &[Vec<f64>]| {
        let term = |i: usize, j: usize, p: usize, q: usize| x[0][(p * 3 + i) * 4 + q] * x[1][(q * 2 + p) * 5 + j];
        let of = |i: usize, j: usize| (0..8).map(|k| term(i, j, k / 4, k % 4)).sum();
        (0..15).map(|e| of(e / 5, e % 5)).collect()
    };
    [
        Case::new("tensordot", x(), |x| x[0].tensordot(&x[1], ([0, -1], [1, 0])))
            .value(reference)
            .refuses(
                |x| x[0].tensordot(&x[1], 2),
                "tensordot: dims [1, 2] of [2, 3, 4] and [0, 1] of [4, 2, 5] differ in size",
            )
            .refuses(
                |x| x[0].tensordot(&x[1], 4),
                "tensordot: 4 dims to sum over, and the shapes are [2, 3, 4] and [4, 2, 5]",
            )
            .refuses(
                |x| x[0].tensordot(&x[1], ([0, 0], [1, 1])),
                "tensordot: dim 0 is named twice in [0, 0] (shape [2, 3, 4])",
            )
            .refuses(
                |x| x[0].tensordot(&x[1], ([3], [0])),
                "tensordot: dim 3 is out of range for shape [2, 3, 4] (−3 to 2)",
            ),
        Case::new("tensordot (one dim)", vec![Input::real(&[2, 3], -2.0..2.0), Input::real(&[3, 4], -2.0..2.0)], |x| {
            x[0].tensordot(&x[1], 1)
        }),
        Case::new(
            "tensordot (a size of one)",
            vec![Input::real(&[1, 2], -2.0..2.0), Input::real(&[3, 4], -2.0..2.0)],
            |x| x[0].tensordot(&x[1], ([0], [0])),
        )
        .value(|x| (0..8).map(|e| (0..3).map(|k| x[0][e / 4] * x[1][k * 4 + e % 4]).sum()).collect()),
        Case::new("tensordot (no dims)", vec![Input::real(&[2], -2.0..2.0), Input::real(&[3], -2.0..2.0)], |x| {
            x[0].tensordot(&x[1], 0)
        })
        .value(|x| (0..6).map(|e| x[0][e / 3] * x[1][e % 3]).collect()),
    ]
}];
