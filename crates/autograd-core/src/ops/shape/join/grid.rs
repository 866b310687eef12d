//! Grids: the coordinates of all combinations of the elements of several vectors.

use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::shape::Dims;
use crate::tensor::Tensor;

/// The order of the first two dims of a [`Tensor::meshgrid`].
///
/// # Examples
/// ```
/// # use autograd_core::{Indexing, Tensor};
/// let (x, y) = (Tensor::from([1, 2, 3]), Tensor::from([4, 5]));
/// assert_eq!(Tensor::meshgrid(&[&x, &y], Indexing::Xy)?[0].shape(), [2, 3]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indexing {
    /// Dim k is that of vector k: rows and columns of a matrix.
    Ij,
    /// The first two are exchanged: the first vector runs to the right, the second downwards.
    Xy,
}

impl Tensor {
    /// For each vector a tensor with a dim for every vector, in which it runs along its own. A scalar is a vector of
    /// one element. Views.
    ///
    /// # Gradient
    /// gy summed over the dims of the others. Saves nothing.
    ///
    /// # Errors
    /// If there are none, one has more than one dimension, or they differ in dtype.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Indexing, Tensor};
    /// let (a, b) = (Tensor::from([1, 2]), Tensor::from([3, 4, 5]));
    /// let grids = Tensor::meshgrid(&[&a, &b], Indexing::Ij)?;
    /// assert_eq!(grids[0].to_vec::<i64>()?, [1, 1, 1, 2, 2, 2]);
    /// assert_eq!(grids[1].to_vec::<i64>()?, [3, 4, 5, 3, 4, 5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn meshgrid(tensors: &[&Tensor], indexing: Indexing) -> Result<Vec<Tensor>> {
        grids("meshgrid", tensors, indexing)
    }

    /// The rows of all combinations of one element of each vector, the last one running fastest; of one vector its
    /// elements, as they are.
    ///
    /// # Shapes
    /// `[N], [M], .. → [N · M · .., K]` for K vectors
    ///
    /// # Gradient
    /// gy summed over the rows that an element is in. Saves nothing.
    ///
    /// # Errors
    /// If there are none, one has not one dimension, or they differ in dtype.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (a, b) = (Tensor::from([1, 2]), Tensor::from([3, 4]));
    /// assert_eq!(Tensor::cartesian_prod(&[&a, &b])?.to_vec::<i64>()?, [1, 3, 1, 4, 2, 3, 2, 4]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn cartesian_prod(tensors: &[&Tensor]) -> Result<Tensor> {
        if let Some(other) = tensors.iter().find(|x| x.rank() != 1) {
            return Err(Error::shape("cartesian_prod", "a tensor", other.shape(), "one dimension"));
        }
        if let [one] = tensors {
            return one.reshape_to(one.shape());
        }
        let columns = grids("cartesian_prod", tensors, Indexing::Ij)?;
        let n = columns[0].numel();
        Check("cartesian_prod").room(&[n, columns.len()], columns[0].dtype())?;
        let columns = columns.iter().map(|column| column.reshape_to(&[n])).collect::<Result<Vec<_>>>()?;
        Tensor::stack(&columns.iter().collect::<Vec<_>>(), 1)
    }
}

fn grids(op: &'static str, tensors: &[&Tensor], indexing: Indexing) -> Result<Vec<Tensor>> {
    let Some(first) = tensors.first() else {
        return Err(Error::new(ErrorKind::Argument, format!("{op}: needs at least one tensor")));
    };
    let mut shape = Dims::new();
    for x in tensors {
        Check(op).same_dtype(first, x)?;
        if x.rank() > 1 {
            return Err(Error::shape(op, "a tensor", x.shape(), "at most one dimension"));
        }
        shape.push(x.numel());
    }
    let exchanged = indexing == Indexing::Xy && shape.len() > 1;
    if exchanged {
        shape.swap(0, 1);
    }
    Check(op).fits_memory(&shape)?;
    let place = |k: usize| if exchanged && k < 2 { 1 - k } else { k };
    let grid = |(k, x): (usize, &&Tensor)| {
        let mut along = Dims::from_elem(1, shape.len());
        along[place(k)] = x.numel();
        x.reshape_to(&along)?.expand_to(&shape)
    };
    tensors.iter().enumerate().map(grid).collect()
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let x = || vec![Input::real(&[2], -2.0..2.0), Input::real(&[3], -2.0..2.0)];
    let both = |x: &[Tensor], indexing| {
        let grids = Tensor::meshgrid(&[&x[0], &x[1]], indexing)?;
        Check("grids").room(grids[0].shape(), DType::F64)?;
        Tensor::cat(&[&grids[0], &grids[1]], 0)
    };
    [
        Case::new("meshgrid", x(), move |x| both(x, Indexing::Ij))
            .value(|x| (0..12).map(|i| if i < 6 { x[0][i / 3] } else { x[1][i % 3] }).collect())
            .refuses(|_| Ok(Tensor::meshgrid(&[], Indexing::Ij)?.remove(0)), "meshgrid: needs at least one tensor")
            .refuses(
                |x| Ok(Tensor::meshgrid(&[&x[0].unsqueeze(0)?], Indexing::Ij)?.remove(0)),
                "meshgrid: a tensor has shape [1, 2], expected at most one dimension",
            )
            .refuses(
                |x| Ok(Tensor::meshgrid(&[&x[0], &x[1].to_dtype(DType::F32)], Indexing::Ij)?.remove(0)),
                "meshgrid: dtypes F64 and F32 do not mix; convert one with to_dtype",
            ),
        Case::new("meshgrid (xy)", x(), move |x| both(x, Indexing::Xy))
            .value(|x| (0..12).map(|i| if i < 6 { x[0][i % 2] } else { x[1][i / 2 % 3] }).collect()),
        Case::new("cartesian_prod", x(), |x| Tensor::cartesian_prod(&[&x[0], &x[1]]))
            .value(|x| (0..12).map(|i| if i % 2 == 0 { x[0][i / 6] } else { x[1][i / 2 % 3] }).collect())
            .refuses(|_| Tensor::cartesian_prod(&[]), "cartesian_prod: needs at least one tensor")
            .refuses(
                |x| Tensor::cartesian_prod(&[&x[0].sum()]),
                "cartesian_prod: a tensor has shape [], expected one dimension",
            ),
        Case::new("cartesian_prod of one", vec![Input::real(&[2], -2.0..2.0)], |x| Tensor::cartesian_prod(&[&x[0]]))
            .value(|x| x[0].clone()),
    ]
}];
