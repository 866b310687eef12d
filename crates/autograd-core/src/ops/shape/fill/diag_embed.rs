//! Vectors as the diagonals of planes.

use crate::error::{Error, ErrorKind, Result};
use crate::kernels::copy::scatter;
use crate::kernels::nest::Nest;
use crate::ops::check::Check;
use crate::ops::shape::parts::diagonal::{Diagonal, diagonal};
use crate::ops::shape::strided::Cut;
use crate::shape::{Dim, Dims, Layout};
use crate::tape::{Pull, Pullback, record};
use crate::tensor::{Tensor, for_any};
use smallvec::SmallVec;

impl Tensor {
    /// Planes of zeros, dims `dim1` and `dim2` of the result, with the last dim of this tensor as their diagonal,
    /// `offset` places to the right of the main one (to the left, if it is negative): the inverse of
    /// [`Tensor::diagonal`].
    ///
    /// # Shapes
    /// `[.., K] → [.., M, .., M, ..]` with M = K + |offset|
    ///
    /// # Gradient
    /// The diagonals of gy. Saves the place.
    ///
    /// # Errors
    /// If the tensor is a scalar, a dim is out of range, or they are the same.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([1, 2]);
    /// assert_eq!(x.diag_embed(0, -2, -1)?.to_vec::<i64>()?, [1, 0, 0, 2]);
    /// assert_eq!(x.diag_embed(1, 0, 1)?.to_vec::<i64>()?, [0, 1, 0, 0, 0, 2, 0, 0, 0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn diag_embed(&self, offset: isize, dim1: impl Dim, dim2: impl Dim) -> Result<Tensor> {
        embedded("diag_embed", self, offset, dim1.signed(), dim2.signed())
    }

    /// The diagonal of a matrix, or a matrix with a vector as its diagonal, `diagonal` places to the right of the main
    /// one (to the left, if it is negative).
    ///
    /// # Gradient
    /// That of [`Tensor::diagonal`] or [`Tensor::diag_embed`].
    ///
    /// # Errors
    /// If the tensor has neither one nor two dimensions.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([1, 2]).diag(0)?;
    /// assert_eq!(x.to_vec::<i64>()?, [1, 0, 0, 2]);
    /// assert_eq!(x.diag(0)?.to_vec::<i64>()?, [1, 2]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn diag(&self, diagonal: isize) -> Result<Tensor> {
        match self.rank() {
            1 => embedded("diag", self, diagonal, 0, 1),
            2 => self::diagonal("diag", self, diagonal, 0, 1),
            _ => Err(Error::shape("diag", "the tensor", self.shape(), "one dimension or two")),
        }
    }
}

fn embedded(op: &'static str, x: &Tensor, offset: isize, dim1: isize, dim2: isize) -> Result<Tensor> {
    let Some((length, others)) = x.shape().split_last() else {
        return Err(Error::shape(op, "the tensor", x.shape(), "at least one dimension"));
    };
    let side = length.checked_add(offset.unsigned_abs()).ok_or_else(|| Error::too_large(op, x.shape()))?;
    // The dims count in the result, which has one more.
    let mut shape: Dims = SmallVec::from_slice(x.shape());
    shape.push(side);
    let (a, b) = (Check(op).dim(dim1, &shape)?, Check(op).dim(dim2, &shape)?);
    if a == b {
        let text = format!("{op}: dim1 and dim2 are both {a}; a plane has two dims (of {})", shape.len());
        return Err(Error::new(ErrorKind::Dim, text));
    }
    let mut rest = others.iter();
    for (d, size) in shape.iter_mut().enumerate() {
        let of_plane = d == a || d == b;
        *size = if of_plane { side } else { *rest.next().unwrap_or_else(|| unreachable!("all but the last")) };
    }
    let mut value = Tensor::filled(op, &shape, 0.0, x.dtype())?;
    if x.numel() > 0 {
        let place = Diagonal { op, offset, dims: [a, b] }.within(&Layout::contiguous(&shape));
        let (nest, start) = (Nest::new(x.shape(), [place.strides()]), place.offset());
        let packed = x.try_packed(op)?;
        for_any!(x.dtype(), T => value.place::<T, 1>(op, [&packed], move |[x], y| {
            scatter(&nest, x.flat::<T>(), &mut y[start..]);
        }));
    }
    Ok(record(op, value, &[x], |_| Embedded { op, offset, dims: [a as isize, b as isize] }))
}

struct Embedded {
    op: &'static str,
    offset: isize,
    dims: [isize; 2],
}

impl Pullback for Embedded {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (gy, [a, b]) = (at.gy(), self.dims);
        at.give(0, || diagonal(self.op, gy, self.offset, a, b))
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::real(&[2, 3], -2.0..2.0)];
    [
        Case::new("diag_embed", x(), |x| x[0].diag_embed(-1, 0, -1))
            // [4, 2, 4]
            .value(|x| {
                let at = |i: usize| (i / 8, i / 4 % 2, i % 4);
                (0..32).map(at).map(|(r, o, c)| if r == c + 1 { x[0][o * 3 + c] } else { 0.0 }).collect()
            })
            .refuses(|x| x[0].diag_embed(0, 3, 0), "diag_embed: dim 3 is out of range for shape [2, 3, 3] (−3 to 2)")
            .refuses(
                |x| x[0].diag_embed(0, 2, -1),
                "diag_embed: dim1 and dim2 are both 2; a plane has two dims (of 3)",
            )
            .refuses(
                |x| x[0].sum().diag_embed(0, 0, 1),
                "diag_embed: the tensor has shape [], expected at least one dimension",
            )
            .refuses(
                |x| x[0].diag_embed(isize::MIN, 0, 1),
                "diag_embed: shape [9223372036854775811, 9223372036854775811, 2] is too large (at most 64 dimensions, and no more bytes than memory holds)",
            ),
        Case::new("diag of a vector", vec![Input::real(&[2], -2.0..2.0)], |x| x[0].diag(1))
            .value(|x| vec![0.0, x[0][0], 0.0, 0.0, 0.0, x[0][1], 0.0, 0.0, 0.0])
            .refuses(|x| x[0].sum().diag(0), "diag: the tensor has shape [], expected one dimension or two"),
        Case::new("diag of a matrix", x(), |x| x[0].diag(-1)).value(|x| vec![x[0][3]]),
    ]
}];
