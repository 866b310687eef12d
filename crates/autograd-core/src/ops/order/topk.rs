//! The largest or smallest elements along a dim.

use super::dim::SortDim;
use super::positions::{Find, positions, size};
use crate::error::{Error, ErrorKind, Result};
use crate::tensor::Tensor;

impl Tensor {
    /// The k largest elements along `dim` in descending order and their positions (`I64`), or with
    /// [`ascending(dim)`](crate::ascending) the smallest ones in ascending order. Of equal elements the first come
    /// first; NaN counts as the largest.
    ///
    /// # Gradient
    /// gy goes to the elements it came from. Saves the positions.
    ///
    /// # Errors
    /// If the dim is out of range or has fewer than k elements.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, ascending};
    /// let x = Tensor::from([2.0, 5.0, 1.0, 4.0]);
    /// let (values, indices) = x.topk(2, 0)?;
    /// assert_eq!((values.to_vec::<f32>()?, indices.to_vec::<i64>()?), (vec![5.0, 4.0], vec![1, 3]));
    /// assert_eq!(x.topk(2, ascending(0))?.1.to_vec::<i64>()?, [2, 0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    /// # Differs from
    /// PyTorch leaves open which of equal elements come first.
    pub fn topk(&self, k: usize, dim: impl Into<SortDim>) -> Result<(Tensor, Tensor)> {
        topk_of(self, k, dim.into())
    }
}

fn topk_of(x: &Tensor, k: usize, dim: SortDim) -> Result<(Tensor, Tensor)> {
    let (d, n) = size("topk", x, dim.dim)?;
    if k > n || (x.rank() == 0 && k != 1) {
        let text = format!("topk: k is {k}, and dim {d} of shape {:?} has {n} elements", x.shape());
        return Err(Error::new(ErrorKind::Argument, text));
    }
    let find = Find::First { k, descending: dim.descending.unwrap_or(true) };
    let index = positions("topk", x, d, find)?;
    Ok((x.gather(d as isize, &index)?, index))
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::ascending;
    let x = || vec![Input::distinct(&[3, 5])];
    let reference = |sign: f64| {
        move |x: &[Vec<f64>]| {
            let first = |row: &[f64]| {
                let mut row = row.to_vec();
                row.sort_by(|a, b| (sign * a).total_cmp(&(sign * b)));
                row[..2].to_vec()
            };
            x[0].chunks(5).flat_map(first).collect()
        }
    };
    [
        Case::new("topk", x(), |x| Ok(x[0].topk(2, -1)?.0))
            .value(reference(-1.0))
            .refuses(|x| Ok(x[0].topk(4, 0)?.0), "topk: k is 4, and dim 0 of shape [3, 5] has 3 elements")
            .refuses(|x| Ok(x[0].topk(1, 2)?.0), "topk: dim 2 is out of range for shape [3, 5] (−2 to 1)")
            .refuses(|x| Ok(x[0].sum().topk(0, 0)?.0), "topk: k is 0, and dim 0 of shape [] has 1 elements"),
        Case::new("topk (smallest)", x(), |x| Ok(x[0].topk(2, ascending(1))?.0)).value(reference(1.0)),
        Case::new("topk of none", x(), |x| Ok(x[0].topk(0, 1)?.0)).value(|_| Vec::new()),
        Case::new("topk of columns", x(), |x| Ok(x[0].topk(1, 0)?.0))
            .value(|x| (0..5).map(|j| (0..3).map(|i| x[0][i * 5 + j]).fold(f64::NEG_INFINITY, f64::max)).collect()),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{Tensor, ascending};

    #[test]
    fn the_first_of_equal_elements_come_first() {
        let x = Tensor::from([1.0, 3.0, 3.0, f64::NAN, 1.0, 3.0]);
        let index = |top: crate::Result<(Tensor, Tensor)>| top.and_then(|t| t.1.to_vec::<i64>()).expect("it fits");
        assert_eq!(index(x.topk(3, 0)), [3, 1, 2]);
        assert_eq!(index(x.topk(3, ascending(0))), [0, 4, 1]);
    }
}
