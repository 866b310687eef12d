//! Rows added, put and filled by index.

use super::placed::Placed;
use crate::error::Result;
use crate::ops::check::Check;
use crate::shape::Dim;
use crate::tensor::Tensor;

impl Tensor {
    /// This tensor with `alpha` times the slices of `source` along `dim` added to its slices `index[0]`, `index[1]`, ..
    /// Repeated indices add up.
    ///
    /// # Shapes
    /// `index: [K]` (or a scalar, as `[1]`); `source` has the shape of `self` with size K along `dim`.
    ///
    /// # Gradient
    /// gy for `self`; for `source` alpha times the rows of gy. Saves the index.
    ///
    /// # Errors
    /// If the shapes do not fit, an index is out of range, `index` is not `I64`, the dtypes differ or are `Bool`, or
    /// `alpha` is a fraction and the dtype `I64`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([1.0, 2.0]).index_add(0, &Tensor::from([1, 1]), &Tensor::from([3.0, 4.0]), 2.0)?;
    /// assert_eq!(y.to_vec::<f32>()?, [1.0, 16.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn index_add(&self, dim: impl Dim, index: &Tensor, source: &Tensor, alpha: f64) -> Result<Tensor> {
        index_add_of(self, dim.signed(), index, source, alpha)
    }

    /// This tensor with the slices of `source` along `dim` in the place of its slices `index[0]`, `index[1]`, .. Of
    /// repeated indices the last one stays.
    ///
    /// # Shapes
    /// As for [`Tensor::index_add`].
    ///
    /// # Gradient
    /// gy where nothing was put for `self`; for `source` gy where it stayed. Saves the index.
    ///
    /// # Errors
    /// If the shapes do not fit, an index is out of range, `index` is not `I64`, or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([1, 2, 3]).index_copy(0, &Tensor::from([2, 0]), &Tensor::from([7, 8]))?;
    /// assert_eq!(y.to_vec::<i64>()?, [8, 2, 7]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn index_copy(&self, dim: impl Dim, index: &Tensor, source: &Tensor) -> Result<Tensor> {
        index_copy_of(self, dim.signed(), index, source)
    }

    /// This tensor with a number in all elements of its slices `index[0]`, `index[1]`, .. along `dim`.
    ///
    /// # Gradient
    /// gy, but 0 where the number is. Saves the index.
    ///
    /// # Errors
    /// If an index is out of range, `index` is not `I64` or has more than one dimension, or no number of the dtype is
    /// `value`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([[1, 2], [3, 4]]).index_fill(1, &Tensor::from([0]), -1.0)?;
    /// assert_eq!(y.to_vec::<i64>()?, [-1, 2, -1, 4]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn index_fill(&self, dim: impl Dim, index: &Tensor, value: f64) -> Result<Tensor> {
        index_fill_of(self, dim.signed(), index, value)
    }

    /// [`Tensor::index_fill`] with a number that carries a gradient: the sum of gy over the elements that it fills.
    ///
    /// # Errors
    /// As for `index_fill`, or if `value` is no scalar or has another dtype.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([1, 2, 3]).index_fill_tensor(0, &Tensor::from([1]), &Tensor::from(9))?;
    /// assert_eq!(y.to_vec::<i64>()?, [1, 9, 3]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn index_fill_tensor(&self, dim: impl Dim, index: &Tensor, value: &Tensor) -> Result<Tensor> {
        index_fill_tensor_of(self, dim.signed(), index, value)
    }
}

fn index_fill_of(x: &Tensor, dim: isize, index: &Tensor, value: f64) -> Result<Tensor> {
    x.index_fill_tensor(dim, index, &Tensor::filled("index_fill", &[], value, x.dtype())?)
}

fn index_add_of(x: &Tensor, dim: isize, index: &Tensor, source: &Tensor, alpha: f64) -> Result<Tensor> {
    Check("index_add").same_dtype(x, source)?;
    let placed = Placed::rows("index_add", x, dim, index)?;
    let source = rows_of("index_add", x, &placed, source)?;
    Check("index_add").room(source.shape(), source.dtype())?;
    placed.add("index_add", x, &if alpha == 1.0 { source } else { source.mul_scalar(alpha) })
}

fn index_copy_of(x: &Tensor, dim: isize, index: &Tensor, source: &Tensor) -> Result<Tensor> {
    Check("index_copy").same_dtype(x, source)?;
    let placed = Placed::rows("index_copy", x, dim, index)?;
    placed.put("index_copy", x, &rows_of("index_copy", x, &placed, source)?)
}

fn index_fill_tensor_of(x: &Tensor, dim: isize, index: &Tensor, value: &Tensor) -> Result<Tensor> {
    Check("index_fill").same_dtype(x, value)?;
    Check("index_fill").is("value", value, &[])?;
    let placed = Placed::rows("index_fill", x, dim, index)?;
    placed.put("index_fill", x, &value.expand_to(&placed.part(x.shape()))?)
}

/// The source of the rows that are placed in `x`, in the shape of those.
fn rows_of(op: &'static str, x: &Tensor, placed: &Placed, source: &Tensor) -> Result<Tensor> {
    let shape = placed.part(x.shape());
    if x.rank() == 0 && source.shape() == [1] {
        // A vector of one element is as good as a scalar.
        return source.reshape_to(&shape);
    }
    Check(op).is("source", source, &shape)?;
    Ok(source.clone())
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let real = |s: &[usize]| Input::real(s, -2.0..2.0);
    let x = move || vec![real(&[2, 3, 2]), Input::index(&[4], 3), real(&[2, 4, 2])];
    let reference = |put: fn(&mut f64, f64)| {
        move |x: &[Vec<f64>]| {
            let mut y = x[0].clone();
            (0..16).for_each(|e| put(&mut y[e / 8 * 6 + x[1][e / 2 % 4] as usize * 2 + e % 2], x[2][e]));
            y
        }
    };
    [
        Case::new("index_add", x(), |x| x[0].index_add(1, &x[1], &x[2], 1.5))
            .value(reference(|y, x| *y += 1.5 * x))
            .refuses(
                |x| x[0].index_add(3, &x[1], &x[2], 1.0),
                "index_add: dim 3 is out of range for shape [2, 3, 2] (−3 to 2)",
            )
            .refuses(
                |x| x[0].index_add(1, &x[1].unsqueeze(0)?, &x[2], 1.0),
                "index_add: index has shape [1, 4], expected one dimension",
            )
            .refuses(
                |x| x[0].index_add(1, &x[1], &x[0], 1.0),
                "index_add: source has shape [2, 3, 2], expected [2, 4, 2]",
            )
            .refuses(
                |x| x[0].index_add(1, &Tensor::from([0, 3, 0, 0]), &x[2], 1.0),
                "index_add: index 3 at position 1 is out of range for dim 1 of shape [2, 3, 2]",
            )
            .refuses(
                |x| {
                    let [a, b] = [&x[0], &x[2]].map(|x| x.to_dtype(DType::I64));
                    a.index_add(1, &x[1], &b, 0.5)
                },
                "index_add: dtypes I64 and F32 do not mix; convert one with to_dtype",
            ),
        Case::new("index_add to a scalar", vec![real(&[]), Input::index(&[1], 1), real(&[])], |x| {
            x[0].index_add(0, &x[1], &x[2], -1.0)
        })
        .value(|x| vec![x[0][0] - x[2][0]])
        .refuses(
            |x| x[0].index_add(0, &Tensor::from([0, 0]), &Tensor::from([1.0, 2.0]).to_dtype(DType::F64), 1.0),
            "index_add: index has shape [2], expected one element, to write to a scalar",
        ),
        Case::new("index_copy", x(), |x| x[0].index_copy(1, &x[1], &x[2]))
            .value(reference(|y, x| *y = x))
            .refuses(|x| x[0].index_copy(1, &x[1], &x[0]), "index_copy: source has shape [2, 3, 2], expected [2, 4, 2]")
            .refuses(
                |x| x[0].index_copy(1, &x[1], &x[2].to_dtype(DType::F32)),
                "index_copy: dtypes F64 and F32 do not mix; convert one with to_dtype",
            ),
        Case::new("index_fill", vec![real(&[2, 3]), Input::index(&[5], 3), real(&[])], |x| {
            x[0].index_fill_tensor(-1, &x[1], &x[2])
        })
        .value(|x| (0..6).map(|e| if x[1].contains(&((e % 3) as f64)) { x[2][0] } else { x[0][e] }).collect())
        .refuses(
            |x| x[0].index_fill(0, &Tensor::from([2]), 0.5),
            "index_fill: index 2 at position 0 is out of range for dim 0 of shape [2, 3]",
        )
        .refuses(|x| x[0].index_fill_tensor(0, &x[1], &x[0]), "index_fill: value has shape [2, 3], expected []")
        .refuses(
            |x| x[0].index_fill_tensor(0, &x[1], &Tensor::from(1)),
            "index_fill: dtypes F64 and I64 do not mix; convert one with to_dtype",
        ),
        Case::new("index_fill (with a number)", vec![real(&[2, 3]), Input::index(&[5], 2)], |x| {
            x[0].index_fill(0, &x[1], 0.5)
        }),
    ]
}];
