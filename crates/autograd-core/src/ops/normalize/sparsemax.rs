//! Sparsemax.

use super::rows::along;
use crate::error::Result;
use crate::keep;
use crate::kernels::order::sparsemax::sparsemax;
use crate::ops::check::Check;
use crate::shape::Dim;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{Tensor, for_float};

impl Tensor {
    /// The nearest probabilities to x along one dim: `y = max(x − τ, 0)`, τ such that they add up to 1. Unlike those of
    /// [`Tensor::softmax`], small ones are exactly 0.
    ///
    /// # Gradient
    /// `gx = gy − mean gy` over the elements with y > 0, else 0; saves y.
    ///
    /// # Numerics
    /// τ is computed in double precision from the distances to the largest element. A row with NaN gives NaN.
    ///
    /// # Errors
    /// If the dim is out of range or the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([1.0, 0.5, -3.0]).sparsemax(0)?.to_vec::<f32>()?, [0.75, 0.25, 0.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Martins, Astudillo, From softmax to sparsemax, 2016, algorithm 1.
    pub fn sparsemax(&self, dim: impl Dim) -> Result<Tensor> {
        sparsemax_of(self, dim.signed())
    }
}

fn sparsemax_of(x: &Tensor, dim: isize) -> Result<Tensor> {
    let float = Check("sparsemax").float(x)?;
    let dim = Check("sparsemax").dim(dim, x.shape())?;
    let width = x.shape().get(dim).copied().unwrap_or(1);
    let value = along("sparsemax", dim, [x], |[x]| {
        for_float!(float, T => Tensor::compute::<T, 1>("sparsemax", x.shape(), [&x], move |[x], y| {
            sparsemax::<T>(x.flat(), width, y);
        }))
    })?;
    Ok(record("sparsemax", value, &[x], |y| Sparsemax { y: Saved::output(y), dim }))
}

struct Sparsemax {
    y: Saved,
    dim: usize,
}

impl Pullback for Sparsemax {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        at.give(0, || {
            let y = self.y.value();
            // The only element of a scalar is 1 whatever it was.
            if y.rank() == 0 {
                return gy.try_mul(&y.zeros_like());
            }
            // NaN takes part, and stays visible.
            let taking_part = y.le_scalar(0.0).logical_not()?.to_dtype(gy.dtype());
            let along = || keep(self.dim as isize);
            let sum = taking_part.try_mul(gy)?.sum_dim(along())?;
            let mean = sum.try_div(&taking_part.sum_dim(along())?)?;
            taking_part.try_mul(&gy.try_sub(&mean)?)
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.y);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    // Bisection for τ.
    let project = |row: &[f64]| -> Vec<f64> {
        let (mut low, mut high) = (-5.0, 5.0);
        for _ in 0..100 {
            let middle: f64 = 0.5 * (low + high);
            let sum: f64 = row.iter().map(|x| (x - middle).max(0.0)).sum();
            if sum > 1.0 { low = middle } else { high = middle }
        }
        row.iter().map(|x| (x - low).max(0.0)).collect()
    };
    let last = move |x: &[Vec<f64>]| x[0].chunks(5).flat_map(project).collect();
    let first = move |x: &[Vec<f64>]| {
        let columns: Vec<Vec<f64>> = (0..5).map(|j| project(&[x[0][j], x[0][5 + j], x[0][10 + j]])).collect();
        (0..15).map(|i| columns[i % 5][i / 5]).collect()
    };
    let x = || vec![Input::distinct(&[3, 5])];
    [
        Case::new("sparsemax", x(), |x| x[0].sparsemax(-1))
            .value(last)
            .refuses(|x| x[0].sparsemax(2), "sparsemax: dim 2 is out of range for shape [3, 5] (−2 to 1)")
            .refuses(
                |x| x[0].to_dtype(DType::I64).sparsemax(0),
                "sparsemax: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("sparsemax(0)", x(), |x| x[0].sparsemax(0)).value(first),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::Tensor;

    #[test]
    fn a_nan_of_either_sign_makes_the_row_nan() {
        for nan in [f64::NAN, -f64::NAN] {
            for row in [[nan, 1.0, 2.0], [1.0, 2.0, nan], [f64::NEG_INFINITY, nan, 0.0]] {
                let y = Tensor::from(row).sparsemax(0).expect("a row").to_f64s();
                assert!(y.iter().all(|y| y.is_nan()), "{row:?}: {y:?}");
            }
        }
        let y = Tensor::from([f64::NEG_INFINITY, 0.0]).sparsemax(0).expect("a row").to_f64s();
        assert_eq!(y, [0.0, 1.0]);
    }
}
