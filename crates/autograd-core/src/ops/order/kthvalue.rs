//! One element of the order along a dim.

use super::positions::{Find, positions, size};
use crate::error::{Error, ErrorKind, Result};
use crate::ops::reduce::dims::ReduceDims;
use crate::tensor::Tensor;

impl Tensor {
    /// The k-th smallest elements along `dim`, counted from 1, and their positions (`I64`). Of equal elements the first
    /// come first; NaN counts as the largest.
    ///
    /// # Gradient
    /// gy goes to the element chosen. Saves the positions.
    ///
    /// # Errors
    /// If the dim is out of range, or k is 0 or larger than its size.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (value, index) = Tensor::from([5.0, 1.0, 3.0]).kthvalue(2, 0)?;
    /// assert_eq!((value.item::<f32>()?, index.item::<i64>()?), (3.0, 2));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    /// # Differs from
    /// PyTorch leaves open which of equal elements is chosen.
    pub fn kthvalue(&self, k: usize, dim: impl Into<ReduceDims>) -> Result<(Tensor, Tensor)> {
        kthvalue_of(self, k, &dim.into())
    }
}

fn kthvalue_of(x: &Tensor, k: usize, dims: &ReduceDims) -> Result<(Tensor, Tensor)> {
    let (d, n) = size("kthvalue", x, dims.only("kthvalue", x.shape())?)?;
    if k == 0 || k > n {
        let text = format!("kthvalue: k is {k}, and dim {d} of shape {:?} has elements 1 to {n}", x.shape());
        return Err(Error::new(ErrorKind::Index, text));
    }
    let index = positions("kthvalue", x, d, Find::Nth(k - 1))?;
    let value = x.gather(d as isize, &index)?;
    if dims.keep || x.rank() == 0 {
        return Ok((value, index));
    }
    Ok((value.squeeze(&[d as isize])?, index.squeeze(&[d as isize])?))
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::distinct(&[3, 4])];
    let third = |x: &[Vec<f64>]| {
        let of_row = |row: &[f64]| {
            let mut row = row.to_vec();
            row.sort_by(f64::total_cmp);
            row[2]
        };
        x[0].chunks(4).map(of_row).collect()
    };
    [
        Case::new("kthvalue", x(), |x| Ok(x[0].kthvalue(3, -1)?.0))
            .value(third)
            .refuses(|x| Ok(x[0].kthvalue(5, 1)?.0), "kthvalue: k is 5, and dim 1 of shape [3, 4] has elements 1 to 4")
            .refuses(
                |x| Ok(x[0].kthvalue(0, keep(0))?.0),
                "kthvalue: k is 0, and dim 0 of shape [3, 4] has elements 1 to 3",
            )
            .refuses(|x| Ok(x[0].kthvalue(1, 2)?.0), "kthvalue: dim 2 is out of range for shape [3, 4] (−2 to 1)")
            .refuses(|x| Ok(x[0].kthvalue(1, ..)?.0), "kthvalue: needs one dim, got .. (shape [3, 4])"),
        Case::new("kthvalue (keep)", x(), |x| Ok(x[0].kthvalue(1, keep(0))?.0))
            .value(|x| (0..4).map(|j| (0..3).map(|i| x[0][i * 4 + j]).fold(f64::INFINITY, f64::min)).collect()),
    ]
}];
