//! Grids of affine maps.

use crate::error::{Error, Result};
use crate::kernels::number::Number;
use crate::ops::check::Check;
use crate::shape::{Dim, Shape};
use crate::tensor::{DType, Tensor, for_float};

/// The grid of [`Tensor::affine_grid`].
///
/// # Examples
/// ```
/// use autograd_core::{AffineGrid, Tensor};
/// let theta = Tensor::from([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]);
/// let grid = theta.affine_grid(AffineGrid::new([1, 1, 1, 2]).align_corners(true))?;
/// assert_eq!(grid.to_vec::<f32>()?, [-1.0, 0.0, 1.0, 0.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct AffineGrid {
    size: Vec<isize>,
    align_corners: bool,
}

impl AffineGrid {
    /// For images or volumes of this size, `[N, C, H, W]` or `[N, C, D, H, W]`.
    pub fn new<D: Dim>(size: impl AsRef<[D]>) -> AffineGrid {
        AffineGrid { size: size.as_ref().iter().map(|size| size.signed()).collect(), align_corners: false }
    }

    /// Whether −1 and 1 are the centers of the corner elements, and not the outer edges of the planes; default false.
    #[must_use]
    pub fn align_corners(self, align_corners: bool) -> AffineGrid {
        AffineGrid { align_corners, ..self }
    }
}

impl Tensor {
    /// The grid of an affine map for [`Tensor::grid_sample`]: θ times `(x, y, 1)` at every element of an image, with x
    /// and y between −1 and 1.
    ///
    /// # Shapes
    /// `[N, 2, 3] → [N, H, W, 2]` for a size `[N, C, H, W]`, `[N, 3, 4] → [N, D, H, W, 3]` for `[N, C, D, H, W]`.
    ///
    /// # Errors
    /// If the shape is not one for this size, or a size is not positive.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{AffineGrid, Tensor};
    /// let theta = Tensor::from([[[0.0, 0.0, 0.5], [1.0, 0.0, 0.0]]]);
    /// let grid = theta.affine_grid(AffineGrid::new([1, 1, 1, 2]))?;
    /// assert_eq!(grid.to_vec::<f32>()?, [0.5, -0.5, 0.5, 0.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn affine_grid(&self, grid: AffineGrid) -> Result<Tensor> {
        let op = "affine_grid";
        let check = Check(op);
        let float = check.float(self)?;
        let sizes = grid.size.iter().map(|size| usize::try_from(*size).ok().filter(|size| *size > 0));
        let Some(sizes) = sizes.collect::<Option<Vec<usize>>>() else {
            return Err(Error::argument(op, "size", &grid.size, "positive"));
        };
        let rank = sizes.len().wrapping_sub(2);
        if !(2..=3).contains(&rank) {
            return Err(Error::argument(op, "size", &grid.size, "four or five numbers"));
        }
        check.is("theta", self, &[sizes[0], rank, rank + 1])?;
        let mut shape = Shape::from(&sizes[..1]);
        shape.0.extend_from_slice(&sizes[2..]);
        shape.0.push(rank);
        check.room(&shape, DType::F64)?;
        let places: usize = sizes[2..].iter().product();
        let (space, align) = (sizes[2..].to_vec(), grid.align_corners);
        // `[places, (.., y, x, 1)]`, with the place in the last dim first.
        let base = for_float!(float, T => Tensor::compute::<T, 0>(op, &[places, rank + 1], [], move |[], base| {
            for (at, base) in base.chunks_exact_mut(rank + 1).enumerate() {
                let mut rest = at;
                for (size, base) in space.iter().rev().zip(&mut *base) {
                    *base = T::of(between(rest % size, *size, align));
                    rest /= size;
                }
                base[rank] = T::of(1.0);
            }
        }))?;
        base.unsqueeze(0)?.matmul(&self.transpose(1, 2)?)?.reshape_to(&shape)
    }
}

/// Element i of `size` elements between −1 and 1.
fn between(i: usize, size: usize, align_corners: bool) -> f64 {
    let at = |i: usize| 2.0 * i as f64 + 1.0 - size as f64;
    match align_corners {
        false => at(i) / size as f64,
        true if size > 1 => at(i) / (size as f64 - 1.0),
        true => 0.0,
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let real = |shape: &[usize]| vec![Input::real(shape, -2.0..2.0)];
    let reference = |x: &[Vec<f64>]| {
        let at = |n: usize, h: usize, w: usize, k: usize| {
            let row = &x[0][(n * 2 + k) * 3..][..3];
            row[0] * (w as f64 / 2.0 - 1.0) + row[1] * (2.0 * h as f64 - 1.0) + row[2]
        };
        (0..2 * 2 * 5 * 2).map(|i| at(i / 20, i / 10 % 2, i / 2 % 5, i % 2)).collect()
    };
    [
        Case::new("affine_grid", real(&[2, 2, 3]), |x| {
            x[0].affine_grid(AffineGrid::new([2, 1, 2, 5]).align_corners(true))
        })
        .value(reference)
        .refuses(
            |x| x[0].affine_grid(AffineGrid::new([1, 1, 2, 5])),
            "affine_grid: theta has shape [2, 2, 3], expected [1, 2, 3]",
        )
        .refuses(
            |x| x[0].affine_grid(AffineGrid::new([2, 1, 0, 5])),
            "affine_grid: size is [2, 1, 0, 5], it must be positive",
        )
        .refuses(
            |x| x[0].affine_grid(AffineGrid::new([2, 1, 5])),
            "affine_grid: size is [2, 1, 5], it must be four or five numbers",
        )
        .refuses(
            |x| x[0].to_dtype(DType::I64).affine_grid(AffineGrid::new([2, 1, 2, 5])),
            "affine_grid: dtype is I64, expected F32 or F64; to_dtype converts",
        ),
        Case::new("affine_grid of volumes", real(&[1, 3, 4]), |x| x[0].affine_grid(AffineGrid::new([1, 1, 2, 3, 2]))),
    ]
}];
