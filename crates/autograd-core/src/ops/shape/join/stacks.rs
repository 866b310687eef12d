//! Tensors joined as rows, columns or layers.

use crate::error::{Error, ErrorKind, Result};
use crate::ops::shape::cat::join;
use crate::tensor::Tensor;

impl Tensor {
    /// The tensors side by side, along dim 1; vectors and scalars one after the other.
    ///
    /// # Errors
    /// If there are none, or they differ in dtype or in a size other than that along the dim.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (a, b) = (Tensor::from([[1], [2]]), Tensor::from([[3, 4], [5, 6]]));
    /// assert_eq!(Tensor::hstack(&[&a, &b])?.to_vec::<i64>()?, [1, 3, 4, 2, 5, 6]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn hstack(tensors: &[&Tensor]) -> Result<Tensor> {
        let dim = isize::from(tensors.first().is_some_and(|first| first.rank() > 1));
        raised("hstack", tensors, Tensor::atleast_1d, dim)
    }

    /// The tensors one below the other, along dim 0; a vector is a row.
    ///
    /// # Errors
    /// If there are none, or they differ in dtype or in a size other than that along the dim.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (a, b) = (Tensor::from([1, 2]), Tensor::from([[3, 4], [5, 6]]));
    /// assert_eq!(Tensor::vstack(&[&a, &b])?.shape(), [3, 2]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn vstack(tensors: &[&Tensor]) -> Result<Tensor> {
        raised("vstack", tensors, Tensor::atleast_2d, 0)
    }

    /// The tensors one behind the other, along dim 2; vectors and matrices are raised by [`Tensor::atleast_3d`].
    ///
    /// # Errors
    /// If there are none, or they differ in dtype or in a size other than that along the dim.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (a, b) = (Tensor::from([1, 2]), Tensor::from([3, 4]));
    /// assert_eq!(Tensor::dstack(&[&a, &b])?.shape(), [1, 2, 2]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn dstack(tensors: &[&Tensor]) -> Result<Tensor> {
        raised("dstack", tensors, Tensor::atleast_3d, 2)
    }

    /// Vectors as the columns of a matrix; tensors of more dims side by side, along dim 1.
    ///
    /// # Errors
    /// If there are none, or they differ in dtype or in a size other than that along dim 1.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (a, b) = (Tensor::from([1, 2]), Tensor::from([3, 4]));
    /// assert_eq!(Tensor::column_stack(&[&a, &b])?.to_vec::<i64>()?, [1, 3, 2, 4]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn column_stack(tensors: &[&Tensor]) -> Result<Tensor> {
        let columns = |x: &Tensor| if x.rank() == 1 { x.unsqueeze(1) } else { Ok(x.atleast_2d()) };
        let columns = tensors.iter().map(|x| columns(x)).collect::<Result<Vec<_>>>()?;
        named("column_stack", &columns, 1)
    }
}

fn raised(op: &'static str, tensors: &[&Tensor], raise: fn(&Tensor) -> Tensor, dim: isize) -> Result<Tensor> {
    named(op, &tensors.iter().map(|x| raise(x)).collect::<Vec<_>>(), dim)
}

fn named(op: &'static str, tensors: &[Tensor], dim: isize) -> Result<Tensor> {
    // `cat` leaves out empty vectors whatever the others are; here every tensor has been given its dims.
    match tensors.iter().find(|x| x.rank() != tensors[0].rank()) {
        None => join(op, &tensors.iter().collect::<Vec<_>>(), dim),
        Some(other) => {
            let (n, found) = (tensors[0].rank(), other.shape());
            let text = format!("{op}: a tensor of shape {found:?} among tensors of {n} dimensions");
            Err(Error::new(ErrorKind::Shape, text))
        }
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    type Join = fn(&[&Tensor]) -> crate::Result<Tensor>;
    let case = |op: &'static str, join: Join, shape: &[usize], expected: &str, order: [usize; 8]| {
        let matrices = vec![Input::real(shape, -2.0..2.0), Input::real(shape, -2.0..2.0)];
        Case::new(op, matrices, move |x| join(&[&x[0], &x[1]]))
            .value(move |x| order.map(|i| x[i / 4][i % 4]).to_vec())
            .refuses(move |_| join(&[]), format!("{op}: needs at least one tensor"))
            .refuses(
                move |x| join(&[&x[0], &x[1].to_dtype(DType::F32)]),
                format!("{op}: dtypes F64 and F32 do not mix; convert one with to_dtype"),
            )
            .refuses(move |x| join(&[&x[0], &Tensor::zeros(&[1, 3, 3], x[0].dtype())?]), format!("{op}: {expected}"))
    };
    let ranks = "a tensor of shape [1, 3, 3] among tensors of 2 dimensions";
    let sizes = "a tensor has shape [1, 3, 3], expected [2, 2, 1] but for dim 2";
    let by_columns = [0, 1, 4, 5, 2, 3, 6, 7];
    [
        case("hstack", Tensor::hstack, &[2, 2], ranks, by_columns),
        case("vstack", Tensor::vstack, &[2, 2], ranks, [0, 1, 2, 3, 4, 5, 6, 7]),
        case("dstack", Tensor::dstack, &[2, 2], sizes, [0, 4, 1, 5, 2, 6, 3, 7]),
        case("column_stack", Tensor::column_stack, &[2, 2], ranks, by_columns),
        Case::new("hstack of vectors", vec![Input::real(&[4], -2.0..2.0); 2], |x| Tensor::hstack(&[&x[0], &x[1]]))
            .value(|x| x.concat()),
        Case::new("vstack of vectors", vec![Input::real(&[4], -2.0..2.0); 2], |x| Tensor::vstack(&[&x[0], &x[1]]))
            .value(|x| x.concat()),
        Case::new("column_stack of vectors", vec![Input::real(&[4], -2.0..2.0); 2], |x| {
            Tensor::column_stack(&[&x[0], &x[1]])
        })
        .value(|x| (0..8).map(|i| x[i % 2][i / 2]).collect()),
    ]
}];
