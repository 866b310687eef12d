//! Elements put at the places of an index.

use super::placed::Placed;
use crate::error::{Error, Result};
use crate::ops::check::Check;
use crate::shape::Dim;
use crate::tensor::Tensor;

/// # Writing by index
impl Tensor {
    /// For each element of `index`, that of `src` at the same coordinates, put where the coordinate along `dim` is the
    /// index instead; elsewhere this tensor. Of repeated places the last one stays, in row-major order.
    ///
    /// # Shapes
    /// `index` has as many dimensions as `self` and `src`, and is no larger than `src`, nor than `self` except along
    /// `dim`; the result has the shape of `self`.
    ///
    /// # Gradient
    /// gy where nothing was put for `self`; for `src` gy where it stayed. Saves the index.
    ///
    /// # Errors
    /// If the shapes do not fit, an index is out of range, `index` is not `I64`, or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([[0, 0, 0]]).scatter(1, &Tensor::from([[2, 0]]), &Tensor::from([[5, 7]]))?;
    /// assert_eq!(y.to_vec::<i64>()?, [7, 0, 5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    /// # Differs from
    /// PyTorch leaves open which of repeated places stays, and gives all of them its gradient.
    pub fn scatter(&self, dim: impl Dim, index: &Tensor, src: &Tensor) -> Result<Tensor> {
        scatter_of(self, dim.signed(), index, src)
    }

    /// [`Tensor::scatter`] of a number.
    ///
    /// # Errors
    /// As for `scatter`, or if no number of the dtype is `value`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([[1.0, 2.0, 3.0]]).scatter_scalar(1, &Tensor::from([[1]]), 0.5)?;
    /// assert_eq!(y.to_vec::<f32>()?, [1.0, 0.5, 3.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn scatter_scalar(&self, dim: impl Dim, index: &Tensor, value: f64) -> Result<Tensor> {
        scatter_scalar_of(self, dim.signed(), index, value)
    }

    /// For each element of `index`, that of `src` at the same coordinates, added where the coordinate along `dim` is
    /// the index instead. Repeated places add up.
    ///
    /// # Shapes
    /// As for [`Tensor::scatter`].
    ///
    /// # Gradient
    /// gy for `self`; for `src` gy at its places. Saves the index.
    ///
    /// # Errors
    /// As for `scatter`, or if the dtype is `Bool`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (index, src) = (Tensor::from([0, 2, 0]), Tensor::from([1.0, 2.0, 3.0]));
    /// assert_eq!(Tensor::from([0.0, 0.5, 0.0]).scatter_add(0, &index, &src)?.to_vec::<f32>()?, [4.0, 0.5, 2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn scatter_add(&self, dim: impl Dim, index: &Tensor, src: &Tensor) -> Result<Tensor> {
        scatter_add_of(self, dim.signed(), index, src)
    }
}

fn scatter_of(x: &Tensor, dim: isize, index: &Tensor, src: &Tensor) -> Result<Tensor> {
    Check("scatter").same_dtype(x, src)?;
    let placed = Placed::picked("scatter", x, dim, index)?;
    placed.put("scatter", x, &part_of("scatter", src, index)?)
}

fn scatter_scalar_of(x: &Tensor, dim: isize, index: &Tensor, value: f64) -> Result<Tensor> {
    let placed = Placed::picked("scatter_scalar", x, dim, index)?;
    placed.put("scatter_scalar", x, &Tensor::filled("scatter_scalar", index.shape(), value, x.dtype())?)
}

fn scatter_add_of(x: &Tensor, dim: isize, index: &Tensor, src: &Tensor) -> Result<Tensor> {
    Check("scatter_add").same_dtype(x, src)?;
    let placed = Placed::picked("scatter_add", x, dim, index)?;
    placed.add("scatter_add", x, &part_of("scatter_add", src, index)?)
}

/// The elements of `src` at the coordinates that `index` has.
pub(super) fn part_of(op: &'static str, src: &Tensor, index: &Tensor) -> Result<Tensor> {
    if index.numel() == 0 {
        // Nothing of it, with its history all the same.
        return src.flatten(0, -1)?.narrow(0, 0, 0)?.reshape_to(index.shape());
    }
    let fits = src.shape().iter().zip(index.shape()).all(|(size, of_index)| of_index <= size);
    let same_rank = src.rank().max(1) == index.rank().max(1);
    if !fits || !same_rank || src.numel() < index.numel() {
        let expected = format!("as many dimensions as the index, {:?}, and none smaller", index.shape());
        return Err(Error::shape(op, "src", src.shape(), expected));
    }
    if src.rank() != index.rank() {
        // A scalar counts as a vector of one element.
        return src.flatten(0, -1)?.narrow(0, 0, index.numel())?.reshape_to(index.shape());
    }
    let mut part = src.clone();
    for (d, size) in index.shape().iter().enumerate() {
        if part.shape()[d] != *size {
            part = part.narrow(d, 0, *size)?;
        }
    }
    Ok(part)
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let real = |s: &[usize]| Input::real(s, -2.0..2.0);
    let x = move || vec![real(&[3, 4]), Input::index(&[2, 5], 4), real(&[2, 6])];
    // Row-major order decides which of repeated places stays.
    let reference = |put: fn(&mut f64, f64)| {
        move |x: &[Vec<f64>]| {
            let mut y = x[0].clone();
            (0..10).for_each(|k| put(&mut y[k / 5 * 4 + x[1][k] as usize], x[2][k / 5 * 6 + k % 5]));
            y
        }
    };
    [
        Case::new("scatter", x(), |x| x[0].scatter(1, &x[1], &x[2]))
            .value(reference(|y, x| *y = x))
            .refuses(|x| x[0].scatter(2, &x[1], &x[2]), "scatter: dim 2 is out of range for shape [3, 4] (−2 to 1)")
            .refuses(
                |x| x[0].scatter(0, &x[1], &x[2]),
                "scatter: index has shape [2, 5], expected as many dimensions as [3, 4], none larger but dim 0",
            )
            .refuses(
                |x| x[0].scatter(1, &x[1], &x[2].narrow(1, 0, 4)?),
                "scatter: src has shape [2, 4], expected as many dimensions as the index, [2, 5], and none smaller",
            )
            .refuses(
                |x| x[0].scatter(1, &x[1], &x[2].sum_dim(0)?),
                "scatter: src has shape [6], expected as many dimensions as the index, [2, 5], and none smaller",
            )
            .refuses(
                |x| x[0].scatter(1, &Tensor::from([[0, 4]]), &x[2]),
                "scatter: index 4 at position 1 is out of range for dim 1 of shape [3, 4]",
            )
            .refuses(|x| x[0].scatter(1, &x[2], &x[2]), "scatter: dtype is F64, expected I64; to_dtype converts")
            .refuses(
                |x| x[0].scatter(1, &x[1], &x[2].to_dtype(DType::F32)),
                "scatter: dtypes F64 and F32 do not mix; convert one with to_dtype",
            ),
        Case::new("scatter of scalars", vec![real(&[]), Input::index(&[], 1), real(&[])], |x| {
            x[0].scatter(-1, &x[1], &x[2])
        })
        .value(|x| x[2].clone()),
        Case::new("scatter of nothing, of another rank", vec![real(&[3]), real(&[2, 0])], |x| {
            x[0].scatter(0, &Tensor::zeros(&[2, 0], DType::I64)?, &x[1])
        })
        .value(|x| x[0].clone()),
        Case::new("scatter_add of nothing, of another rank", vec![real(&[3]), real(&[2, 1])], |x| {
            x[0].scatter_add(0, &Tensor::zeros(&[2, 0], DType::I64)?, &x[1])
        })
        .value(|x| x[0].clone()),
        Case::new("scatter (dim 0)", vec![real(&[3, 4]), Input::index(&[5, 2], 3), real(&[5, 2])], |x| {
            x[0].scatter(0, &x[1], &x[2])
        }),
        Case::new("scatter_scalar", vec![real(&[4]), Input::index(&[2], 4)], |x| x[0].scatter_scalar(0, &x[1], 0.5))
            .value(|x| (0..4).map(|i| if x[1].contains(&f64::from(i)) { 0.5 } else { x[0][i as usize] }).collect())
            .refuses(
                |x| x[0].scatter_scalar(0, &Tensor::from([-1]), 0.5),
                "scatter_scalar: index -1 at position 0 is out of range for dim 0 of shape [4]",
            ),
        Case::new("scatter_add", x(), |x| x[0].scatter_add(1, &x[1], &x[2]))
            .value(reference(|y, x| *y += x))
            .refuses(
                |x| x[0].scatter_add(1, &x[1], &x[2].unsqueeze(0)?),
                "scatter_add: src has shape [1, 2, 6], expected as many dimensions as the index, [2, 5], and none \
                 smaller",
            )
            .refuses(
                |x| x[0].to_dtype(DType::Bool).scatter_add(1, &x[1], &x[2].to_dtype(DType::Bool)),
                "scatter_add: dtype is Bool, expected F32 or F64; to_dtype converts",
            ),
        Case::new("scatter_add to a scalar", vec![real(&[]), Input::index(&[3], 1), real(&[3])], |x| {
            x[0].scatter_add(0, &x[1], &x[2])
        })
        .value(|x| vec![x[0][0] + x[2].iter().sum::<f64>()]),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::Tensor;

    #[test]
    fn of_repeated_places_the_last_one_stays_and_has_the_gradient() {
        let (x, src) = (Tensor::from([1.0, 2.0]).requires_grad(), Tensor::from([3.0, 4.0, 5.0]).requires_grad());
        let y = x.scatter(0, &Tensor::from([1, 1, 1]), &src).expect("it fits");
        assert_eq!(y.to_f64s(), [1.0, 5.0]);
        let grads = y.sum().backward().expect("tracked");
        assert_eq!(grads.get(&x).expect("a leaf").to_f64s(), [1.0, 0.0]);
        assert_eq!(grads.get(&src).expect("a leaf").to_f64s(), [0.0, 0.0, 1.0]);
    }

    #[test]
    fn integers_stay_integers() {
        let (x, i) = (Tensor::from([1, i64::MAX]), Tensor::from([0, 0]));
        let y = x.scatter_add(0, &i, &Tensor::from([2, 3])).expect("it fits");
        assert_eq!(y.to_vec::<i64>().expect("integers"), [6, i64::MAX]);
    }
}
