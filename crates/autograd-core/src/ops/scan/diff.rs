//! Differences of neighbours.

use crate::error::Result;
use crate::ops::check::Check;
use crate::ops::shape::cat::join;
use crate::shape::Dim;
use crate::tensor::{DType, Tensor};

impl Tensor {
    /// `x[k + 1] − x[k]` along `dim`, `n` times over, of the elements with those of `prepend` before them and of
    /// `append` behind them. Of truth values, whether the two differ.
    ///
    /// # Gradient
    /// Each element gets the gy of the differences it is in, with their signs. Saves nothing.
    ///
    /// # Errors
    /// If the tensor is a scalar, the dim is out of range, or what is joined does not fit.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([1, 2, 4, 8]);
    /// assert_eq!(x.diff(1, 0, None, None)?.to_vec::<i64>()?, [1, 2, 4]);
    /// assert_eq!(x.diff(2, 0, Some(&Tensor::from([1])), None)?.to_vec::<i64>()?, [1, 1, 2]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn diff(&self, n: usize, dim: impl Dim, prepend: Option<&Tensor>, append: Option<&Tensor>) -> Result<Tensor> {
        diff_of(self, n, dim.signed(), prepend, append)
    }
}

fn diff_of(x: &Tensor, n: usize, dim: isize, prepend: Option<&Tensor>, append: Option<&Tensor>) -> Result<Tensor> {
    let (d, _) = Check("diff").sized_dim(dim, x.shape())?;
    if n == 0 {
        return x.reshape_to(x.shape());
    }
    let parts: Vec<&Tensor> = prepend.into_iter().chain([x]).chain(append).collect();
    let mut y = if parts.len() > 1 { join("diff", &parts, d as isize)? } else { x.clone() };
    let size = y.shape()[d];
    if n >= size {
        return y.narrow(d, 0, 0);
    }
    y.can_be_packed("diff")?;
    for left in (size - n..size).rev() {
        let (before, after) = (y.narrow(d, 0, left)?, y.narrow(d, 1, left)?);
        y = if y.dtype() == DType::Bool { after.ne(&before)? } else { after.try_sub(&before)? };
    }
    Ok(y)
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::real(&[2, 4], -2.0..2.0)];
    [
        Case::new("diff", x(), |x| x[0].diff(1, 1, None, None))
            .value(|x| (0..6).map(|i| x[0][i / 3 * 4 + i % 3 + 1] - x[0][i / 3 * 4 + i % 3]).collect())
            .refuses(|x| x[0].diff(1, 2, None, None), "diff: dim 2 is out of range for shape [2, 4] (−2 to 1)")
            .refuses(
                |x| x[0].sum().diff(1, 0, None, None),
                "diff: dim 0 is out of range for shape [] (here a scalar has no dim)",
            )
            .refuses(
                |x| x[0].diff(1, 0, Some(&x[0].narrow(1, 0, 1)?), None),
                "diff: a tensor has shape [2, 4], expected [2, 1] but for dim 0",
            ),
        Case::new("diff(0)", x(), |x| x[0].diff(0, 0, None, None)).value(|x| x[0].clone()),
        Case::new("diff(9)", x(), |x| x[0].diff(9, 1, None, None)).value(|_| Vec::new()),
        Case::new("diff(2) with ends", vec![Input::real(&[3], -2.0..2.0), Input::real(&[2], -2.0..2.0)], |x| {
            x[0].diff(2, -1, Some(&x[1]), Some(&x[1].narrow(0, 0, 1)?))
        })
        .value(|x| {
            let all = [&x[1][..], &x[0][..], &x[1][..1]].concat();
            all.windows(3).map(|w| w[2] - 2.0 * w[1] + w[0]).collect()
        }),
        Case::new("diff of truth values", vec![Input::mask(&[5])], |x| x[0].diff(1, 0, None, None))
            .value(|x| x[0].windows(2).map(|w| (w[0] - w[1]).abs()).collect())
            .without_gradient(),
    ]
}];
