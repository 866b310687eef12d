//! Counts of whole numbers.

use super::placed::Placed;
use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::tensor::watch::reads;
use crate::tensor::{DType, Tensor};

impl Tensor {
    /// How often each number from 0 on occurs: up to the largest, and at least `minlength` of them. With weights, the
    /// sum of those of its occurrences.
    ///
    /// # Shapes
    /// `[N] → [K]`; weights: `[N]`. K depends on the numbers, so a capture refuses it.
    ///
    /// # Gradient
    /// For the weights: gy at their numbers. Saves the numbers. Counts are `I64`; sums have the dtype of the weights,
    /// those of `I64` and `Bool` are `F64`.
    ///
    /// # Errors
    /// If the numbers are not `I64`, of one dimension and at least 0, or the weights do not have their shape.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([1, 3, 1]);
    /// assert_eq!(x.bincount(None, 0)?.to_vec::<i64>()?, [0, 2, 0, 1]);
    /// assert_eq!(x.bincount(Some(&Tensor::from([0.5, 2.0, 0.25])), 5)?.to_vec::<f32>()?, [0.0, 0.75, 0.0, 2.0, 0.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn bincount(&self, weights: Option<&Tensor>, minlength: usize) -> Result<Tensor> {
        let check = Check("bincount");
        check.dtype(self, DType::I64)?;
        let [_] = check.shape("the input", self, "[N]")?;
        if let Some(weights) = weights {
            check.is("weights", weights, self.shape())?;
            check.room(weights.shape(), DType::F64)?;
        }
        reads("bincount");
        let packed = self.try_packed("bincount")?;
        let values = packed.flat::<i64>();
        if let Some(at) = values.iter().position(|x| *x < 0) {
            let text = format!(
                "bincount: {} at position {at} is negative, and only numbers from 0 on are counted",
                values[at]
            );
            return Err(Error::new(ErrorKind::Index, text));
        }
        let largest = values.iter().max().map_or(0, |x| (*x as usize).saturating_add(1));
        let size = largest.max(minlength);
        let weights = match weights {
            None => {
                return Tensor::compute::<i64, 1>("bincount", &[size], [&*packed], |[x], y| {
                    y.fill(0);
                    x.flat::<i64>().iter().for_each(|x| y[*x as usize] += 1);
                });
            }
            Some(weights) if weights.dtype().is_float() => weights.clone(),
            Some(weights) => weights.to_dtype(DType::F64),
        };
        let none = Tensor::filled("bincount", &[size], 0.0, weights.dtype())?;
        Placed::rows("bincount", &none, 0, &packed)?.add("bincount", &none, &weights)
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::index(&[6], 4), Input::real(&[6], -2.0..2.0)];
    let reference = |x: &[Vec<f64>]| {
        let mut y = vec![0.0; 9];
        x[0].iter().zip(&x[1]).for_each(|(k, w)| y[*k as usize] += w);
        y
    };
    [
        Case::new("bincount", x(), |x| x[0].bincount(Some(&x[1]), 9)).value(reference).reads_numbers().refuses(
            |x| x[0].bincount(Some(&x[1].narrow(0, 0, 5)?), 0),
            "bincount: weights has shape [5], expected [6]",
        ),
        Case::new("bincount without weights", vec![Input::index(&[6], 4)], |x| x[0].bincount(None, 4))
            .value(|x| (0..4).map(|k| x[0].iter().filter(|x| **x == f64::from(k)).count() as f64).collect())
            .without_gradient()
            .reads_numbers()
            .refuses(
                |_| Tensor::from([2, -1]).bincount(None, 0),
                "bincount: -1 at position 1 is negative, and only numbers from 0 on are counted",
            )
            .refuses(
                |_| Tensor::from([1.0]).bincount(None, 0),
                "bincount: dtype is F32, expected I64; to_dtype converts",
            )
            .refuses(|x| x[0].unsqueeze(0)?.bincount(None, 0), "bincount: the input has shape [1, 6], expected [N]"),
    ]
}];
