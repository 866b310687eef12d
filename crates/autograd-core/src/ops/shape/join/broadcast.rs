//! Tensors in the shape that all of them broadcast to.

use crate::error::Result;
use crate::ops::check::Check;
use crate::shape::Shape;
use crate::tensor::Tensor;

impl Tensor {
    /// Each tensor expanded to the shape that all of them broadcast to; views.
    ///
    /// # Gradient
    /// gy summed over the repetitions. Saves nothing.
    ///
    /// # Errors
    /// If the shapes do not broadcast.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (row, column) = (Tensor::from([[1, 2]]), Tensor::from([[3], [4]]));
    /// let all = Tensor::broadcast_tensors(&[&row, &column])?;
    /// assert_eq!(all[1].to_vec::<i64>()?, [3, 3, 4, 4]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn broadcast_tensors(tensors: &[&Tensor]) -> Result<Vec<Tensor>> {
        let shape = tensors
            .iter()
            .try_fold(Shape::default(), |shape, x| Check("broadcast_tensors").broadcast(&shape, x.shape()))?;
        tensors.iter().map(|x| x.expand_to(&shape)).collect()
    }

    /// [`Tensor::expand`] by its other name, to the sizes themselves: none is kept by a −1.
    ///
    /// # Errors
    /// If a size differs from the tensor's and that is not 1, or the shape has fewer dims.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([1, 2]).broadcast_to(&[2, 2])?.to_vec::<i64>()?, [1, 2, 1, 2]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn broadcast_to(&self, shape: &[usize]) -> Result<Tensor> {
        let fits = |(from, to): (&usize, &usize)| from == to || *from == 1;
        let aligned = self.shape().iter().rev().zip(shape.iter().rev());
        if self.rank() > shape.len() || !aligned.into_iter().all(fits) {
            let expected = format!("one that broadcasts to {shape:?}");
            return Err(crate::Error::shape("broadcast_to", "the tensor", self.shape(), expected));
        }
        Check("broadcast_to").fits_memory(shape)?;
        self.expand_to(shape)
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::real(&[3, 1], -2.0..2.0), Input::real(&[2], -2.0..2.0)];
    [
        Case::new("broadcast_tensors", x(), |x| {
            let all = Tensor::broadcast_tensors(&[&x[0], &x[1]])?;
            Tensor::cat(&[&all[0], &all[1]], 0)
        })
        .value(|x| (0..12).map(|i| if i < 6 { x[0][i / 2] } else { x[1][i % 2] }).collect())
        .refuses(
            |x| Ok(Tensor::broadcast_tensors(&[&x[0], &x[1].unsqueeze(1)?])?.remove(0)),
            "broadcast_tensors: shapes [3, 1] and [2, 1] do not broadcast: 3 ≠ 2 in dimension −2 (counted from the end)",
        ),
        Case::new("broadcast_to", x(), |x| x[0].broadcast_to(&[2, 3, 2])?.try_mul(&x[1]))
            .value(|x| (0..12).map(|i| x[0][i / 2 % 3] * x[1][i % 2]).collect())
            .refuses(
                |x| x[1].broadcast_to(&[3]),
                "broadcast_to: the tensor has shape [2], expected one that broadcasts to [3]",
            )
            .refuses(
                |x| x[0].broadcast_to(&[3]),
                "broadcast_to: the tensor has shape [3, 1], expected one that broadcasts to [3]",
            ),
    ]
}];
