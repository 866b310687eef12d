//! One dimension as several, and scalars with dimensions.

use crate::error::{Error, ErrorKind, Result, refuse};
use crate::ops::check::Check;
use crate::shape::{Dim, Dims, signed};
use crate::tensor::Tensor;
use smallvec::SmallVec;

impl Tensor {
    /// Dimension `dim` as several of these sizes, of which one may be −1 and is inferred: the inverse of
    /// [`Tensor::flatten`].
    ///
    /// # Gradient
    /// gy in the shape of x. Saves the shape.
    ///
    /// # Errors
    /// If the dim is out of range, or the sizes do not multiply to its size.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([[1, 2, 3, 4, 5, 6]]).unflatten(1, &[-1, 2])?.shape(), [1, 3, 2]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn unflatten<D: Dim>(&self, dim: impl Dim, sizes: &[D]) -> Result<Tensor> {
        unflatten_of(self, dim.signed(), &signed(sizes))
    }

    /// A scalar as a vector of one element; anything else as it is.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from(1.0).atleast_1d().shape(), [1]);
    /// assert_eq!(Tensor::from([[1.0]]).atleast_1d().shape(), [1, 1]);
    /// ```
    pub fn atleast_1d(&self) -> Tensor {
        raised(self, if self.rank() == 0 { &[1] } else { self.shape() })
    }

    /// A vector as a matrix of one row, a scalar as a matrix of one element; anything else as it is.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0]).atleast_2d().shape(), [1, 2]);
    /// ```
    pub fn atleast_2d(&self) -> Tensor {
        match *self.shape() {
            [] => raised(self, &[1, 1]),
            [n] => raised(self, &[1, n]),
            _ => raised(self, self.shape()),
        }
    }

    /// A matrix with a last dim of size one, a vector between two such dims, a scalar with three; anything else as it
    /// is.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0]).atleast_3d().shape(), [1, 2, 1]);
    /// assert_eq!(Tensor::from([[1.0, 2.0]]).atleast_3d().shape(), [1, 2, 1]);
    /// ```
    pub fn atleast_3d(&self) -> Tensor {
        match *self.shape() {
            [] => raised(self, &[1, 1, 1]),
            [n] => raised(self, &[1, n, 1]),
            [n, m] => raised(self, &[n, m, 1]),
            _ => raised(self, self.shape()),
        }
    }
}

fn unflatten_of(x: &Tensor, dim: isize, sizes: &[isize]) -> Result<Tensor> {
    let (d, size) = Check("unflatten").sized_dim(dim, x.shape())?;
    let misfit = || {
        let text = format!("unflatten: {sizes:?} do not multiply to {size}, the size of dim {d}");
        Error::new(ErrorKind::Shape, text)
    };
    let mut known = sizes.iter().filter(|size| **size != -1);
    let known = known.try_fold(1usize, |n, s| n.checked_mul(usize::try_from(*s).ok()?)).ok_or_else(misfit)?;
    let inferred = match sizes.iter().filter(|size| **size == -1).count() {
        0 if known == size && !sizes.is_empty() => 0,
        1 if known > 0 && size.is_multiple_of(known) => size / known,
        _ => return Err(misfit()),
    };
    let mut shape: Dims = SmallVec::from_slice(&x.shape()[..d]);
    shape.extend(sizes.iter().map(|size| if *size == -1 { inferred } else { *size as usize }));
    shape.extend_from_slice(&x.shape()[d + 1..]);
    Check("unflatten").fits_memory(&shape)?;
    x.reshape_to(&shape)
}

/// The same elements with more dims of size one: always a view.
fn raised(x: &Tensor, shape: &[usize]) -> Tensor {
    x.reshape_to(shape).unwrap_or_else(|error| refuse(&error))
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::real(&[2, 12], -2.0..2.0)];
    let same = |x: &[Vec<f64>]| x[0].clone();
    [
        Case::new("unflatten", x(), |x| x[0].unflatten(-1, &[2, -1, 3]))
            .value(same)
            .refuses(|x| x[0].unflatten(2, &[1]), "unflatten: dim 2 is out of range for shape [2, 12] (−2 to 1)")
            .refuses(|x| x[0].unflatten(1, &[5, -1]), "unflatten: [5, -1] do not multiply to 12, the size of dim 1")
            .refuses(|x| x[0].unflatten(1, &[2, 2]), "unflatten: [2, 2] do not multiply to 12, the size of dim 1")
            .refuses(|x| x[0].unflatten(1, &[-1, -1]), "unflatten: [-1, -1] do not multiply to 12, the size of dim 1")
            .refuses(|x| x[0].unflatten::<i32>(0, &[]), "unflatten: [] do not multiply to 2, the size of dim 0")
            .refuses(|x| x[0].unflatten(0, &[-2, -1]), "unflatten: [-2, -1] do not multiply to 2, the size of dim 0"),
        Case::new("atleast_1d", vec![Input::real(&[], -2.0..2.0)], |x| Ok(x[0].atleast_1d())).value(same).cannot_fail(),
        Case::new("atleast_2d", vec![Input::real(&[3], -2.0..2.0)], |x| Ok(x[0].atleast_2d()))
            .value(same)
            .cannot_fail(),
        Case::new("atleast_3d", vec![Input::real(&[3, 2], -2.0..2.0)], |x| Ok(x[0].atleast_3d()))
            .value(same)
            .cannot_fail(),
    ]
}];
