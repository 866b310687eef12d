//! Slices by several indices at once.

use super::placed::Placed;
use super::wrapped::wrapped;
use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::shape::Shape;
use crate::tensor::{DType, Tensor};

impl Tensor {
    /// The slices at the coordinates `(indices[0], indices[1], ..)` in the first dimensions: PyTorch's
    /// `x[i, j, ..]` with tensors for the first dims. Negative indices count from the end.
    ///
    /// # Shapes
    /// The indices are broadcast to a common shape; the result has it in the place of as many dims as there are
    /// indices.
    ///
    /// # Gradient
    /// gy is added to the slices it came from; those of repeated indices add up. Saves the indices.
    ///
    /// # Errors
    /// If there are no indices or more than dims, they do not broadcast, one is out of range or not `I64`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1, 2], [3, 4]]);
    /// let diagonal = x.index(&[&Tensor::from([0, 1]), &Tensor::from([0, 1])])?;
    /// assert_eq!(diagonal.to_vec::<i64>()?, [1, 4]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn index(&self, indices: &[&Tensor]) -> Result<Tensor> {
        let at = Slices::new("index", self, indices)?;
        at.rows(self)?.index_select(0, &at.numbers)?.reshape_to(&at.part)
    }

    /// This tensor with `values` in the place of its slices at the coordinates `(indices[0], indices[1], ..)`. Negative
    /// indices count from the end; of repeated coordinates the last one stays. To add instead, see
    /// [`Tensor::index_put_add`].
    ///
    /// # Shapes
    /// `values` broadcasts to the shape that [`Tensor::index`] gives.
    ///
    /// # Gradient
    /// gy where nothing was put for `self`; for `values` gy where it stayed. Saves the indices.
    ///
    /// # Errors
    /// As for `index`, or if `values` does not broadcast or has another dtype.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1, 2], [3, 4]]);
    /// let y = x.index_put(&[&Tensor::from([0, 1]), &Tensor::from([-1, 0])], &Tensor::from(9))?;
    /// assert_eq!(y.to_vec::<i64>()?, [1, 9, 9, 4]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn index_put(&self, indices: &[&Tensor], values: &Tensor) -> Result<Tensor> {
        written("index_put", self, indices, values, Placed::put)
    }

    /// [`Tensor::index_put`] that adds, also repeatedly: PyTorch's `index_put` with `accumulate`.
    ///
    /// # Errors
    /// As for `index_put`, or if the dtype is `Bool`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([1, 2]).index_put_add(&[&Tensor::from([1, 1])], &Tensor::from([7, 8]))?;
    /// assert_eq!(y.to_vec::<i64>()?, [1, 17]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn index_put_add(&self, indices: &[&Tensor], values: &Tensor) -> Result<Tensor> {
        written("index_put_add", self, indices, values, Placed::add)
    }
}

type Write = fn(&Placed, &'static str, &Tensor, &Tensor) -> Result<Tensor>;

fn written(op: &'static str, x: &Tensor, indices: &[&Tensor], values: &Tensor, write: Write) -> Result<Tensor> {
    Check(op).same_dtype(x, values)?;
    let at = Slices::new(op, x, indices)?;
    if Check(op).broadcast(values.shape(), &at.part).ok().as_ref() != Some(&at.part) {
        return Err(Error::shape(op, "values", values.shape(), format!("one that broadcasts to {:?}", &*at.part)));
    }
    let rows = at.rows(x)?;
    let placed = Placed::rows(op, &rows, 0, &at.numbers)?;
    let values = values.expand_to(&at.part)?.reshape_to(&placed.part(rows.shape()))?;
    write(&placed, op, &rows, &values)?.reshape_to(x.shape())
}

/// Slices of a tensor by their number in the row-major order of its first dims.
struct Slices {
    numbers: Tensor,
    /// The shape of all slices together.
    part: Shape,
    /// The number of slices that the tensor has, and the number of elements of one.
    sizes: [usize; 2],
}

impl Slices {
    fn new(op: &'static str, x: &Tensor, indices: &[&Tensor]) -> Result<Slices> {
        if indices.is_empty() || indices.len() > x.rank() {
            let text = format!(
                "{op}: {} indices for a tensor of shape {:?}, expected 1 to {}",
                indices.len(),
                x.shape(),
                x.rank()
            );
            return Err(Error::new(ErrorKind::Shape, text));
        }
        let mut numbers = Tensor::full(&[], 0.0, DType::I64)?;
        for (index, size) in indices.iter().zip(x.shape()) {
            Check(op).broadcast(numbers.shape(), index.shape())?;
            numbers = numbers.mul_scalar(*size as f64).try_add(&wrapped(op, index, *size)?)?;
        }
        let (leading, inner) = x.shape().split_at(indices.len());
        let mut part = Shape::from(numbers.shape());
        part.0.extend_from_slice(inner);
        let sizes = [leading.iter().product(), inner.iter().product()];
        let n = numbers.numel();
        Ok(Slices { numbers: numbers.reshape_to(&[n])?, part, sizes })
    }

    fn rows(&self, x: &Tensor) -> Result<Tensor> {
        x.reshape_to(&self.sizes)
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let real = |s: &[usize]| Input::real(s, -2.0..2.0);
    let indices = || [Input::index(&[3], 2), Input::index(&[2, 1], 4)];
    let inputs = move |values: &[usize]| {
        let [i, j] = indices();
        vec![real(&[2, 4, 2]), i, j, real(values)]
    };
    let reference = |put: fn(&mut f64, f64)| {
        move |x: &[Vec<f64>]| {
            let mut y = x[0].clone();
            (0..12).for_each(|e| {
                let at = x[1][e / 2 % 3] as usize * 4 + x[2][e / 6] as usize;
                put(&mut y[at * 2 + e % 2], x[3][e]);
            });
            y
        }
    };
    [
        Case::new("index", inputs(&[]), |x| x[0].index(&[&x[1], &x[2]])?.try_mul(&x[3]))
            .value(|x| {
                let at = |e: usize| x[1][e / 2 % 3] as usize * 4 + x[2][e / 6] as usize;
                (0..12).map(|e| x[3][0] * x[0][at(e) * 2 + e % 2]).collect()
            })
            .not_counting_saved()
            .refuses(|x| x[0].index(&[]), "index: 0 indices for a tensor of shape [2, 4, 2], expected 1 to 3")
            .refuses(
                |x| x[0].index(&[&x[1], &Tensor::from([0, 1])]),
                "index: shapes [3] and [2] do not broadcast: 3 ≠ 2 in dimension −1 (counted from the end)",
            )
            .refuses(
                |x| x[0].index(&[&Tensor::from([1, 2])]),
                "index: index 2 at position 1 is out of range (−2 to 1)",
            ),
        Case::new("index_put", inputs(&[2, 3, 2]), |x| x[0].index_put(&[&x[1], &x[2]], &x[3]))
            .value(reference(|y, x| *y = x))
            .refuses(
                |x| x[0].index_put(&[&x[1], &x[2]], &x[0]),
                "index_put: values has shape [2, 4, 2], expected one that broadcasts to [2, 3, 2]",
            ),
        Case::new("index_put_add", inputs(&[2, 3, 2]), |x| x[0].index_put_add(&[&x[1], &x[2]], &x[3]))
            .value(reference(|y, x| *y += x))
            .refuses(
                |x| x[0].index_put_add(&[&x[2], &x[1]], &Tensor::from([1, 2])),
                "index_put_add: dtypes F64 and I64 do not mix; convert one with to_dtype",
            ),
        Case::new("index_put of one value", inputs(&[]), |x| x[0].index_put(&[&x[1], &x[2]], &x[3])),
    ]
}];
