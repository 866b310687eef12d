//! Standard deviation.

use super::dims::ReduceDims;
use super::var::{Measure, Spread, spread};
use crate::error::Result;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::Tensor;

impl Tensor {
    /// Standard deviation of all elements: the root of [`Tensor::var`].
    ///
    /// # Gradient
    /// `gx = gy · (x − μ) / ((n − correction) y)`, and 0 where `y = 0`; saves x, y, and the mean and the squares
    /// of each row.
    ///
    /// # Numerics
    /// Like [`Tensor::var`]: of equal elements exactly 0, and so are its derivatives of every order.
    ///
    /// # Errors
    /// If the dtype is not a float type or `correction` is NaN.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([1.0, 3.0]).std(0.0)?.item::<f32>()?, 1.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn std(&self /* all elements; over dim 1: std_dim(1, 1.0)? */, correction: f64) -> Result<Tensor> {
        self.std_dim(.., correction)
    }

    /// Standard deviation along `dims`.
    ///
    /// # Errors
    /// As for [`Tensor::std`], or if a dim is out of range or named twice.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1.0, 5.0], [3.0, 2.0]]);
    /// assert_eq!(x.std_dim(0, 0.0)?.to_vec::<f32>()?, [1.0, 1.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn std_dim(&self, dims: impl Into<ReduceDims>, correction: f64) -> Result<Tensor> {
        deviation("std", self, &dims.into(), correction)
    }

    /// Standard deviation and mean along `dims`, as [`Tensor::std_dim`] and [`Tensor::mean_dim`] give them.
    ///
    /// # Errors
    /// As for `std_dim`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (std, mean) = Tensor::from([1.0, 3.0]).std_mean(.., 0.0)?;
    /// assert_eq!((std.item::<f32>()?, mean.item::<f32>()?), (1.0, 2.0));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn std_mean(&self, dims: impl Into<ReduceDims>, correction: f64) -> Result<(Tensor, Tensor)> {
        std_mean_of(self, &dims.into(), correction)
    }
}

fn std_mean_of(x: &Tensor, dims: &ReduceDims, correction: f64) -> Result<(Tensor, Tensor)> {
    Ok((deviation("std_mean", x, dims, correction)?, x.mean_dim(dims.clone())?))
}

fn deviation(op: &'static str, x: &Tensor, dims: &ReduceDims, correction: f64) -> Result<Tensor> {
    let (value, spread) = spread(op, x, dims, correction, Measure::Deviation)?;
    Ok(record(op, value, &[x], |y| Std { x: Saved::input(0, x), y: Saved::output(y), spread }))
}

struct Std {
    x: Saved,
    y: Saved,
    spread: Spread,
}

impl Pullback for Std {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (x, y, gy) = (self.x.get(at), self.y.get(at), at.gy());
        at.give(0, || {
            let flat = y.eq(&y.zeros_like())?;
            let scaled = gy.try_div(&flat.where_cond(&y.ones_like(), &y)?)?.div_scalar(self.spread.divisor);
            let scaled = flat.where_cond(&y.zeros_like(), &scaled)?;
            self.spread.deviations(&x, &scaled)
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.x);
        see(&self.y);
        self.spread.saved(see);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use super::var::reference;
    use crate::DType;
    let x = || vec![Input::real(&[2, 3, 4], -2.0..2.0)];
    let rows = |x: &[Vec<f64>]| x[0].chunks(4).map(|r| reference(r, 1.0).sqrt()).collect();
    [
        Case::new("std", x(), |x| x[0].std(0.0))
            .value(|x| vec![reference(&x[0], 0.0).sqrt()])
            .refuses(|x| x[0].std(f64::NAN), "std: correction is NaN, it must be a number")
            .refuses(
                |x| x[0].to_dtype(DType::I64).std(1.0),
                "std: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("std_mean", x(), |x| {
            let (std, mean) = x[0].std_mean(-1, 1.0)?;
            std.try_mul(&mean)
        })
        .value(|x| {
            let mean = |r: &[f64]| r.iter().sum::<f64>() / 4.0;
            x[0].chunks(4).map(|r| reference(r, 1.0).sqrt() * mean(r)).collect()
        })
        .refuses(|x| Ok(x[0].std_mean(.., f64::NAN)?.0), "std_mean: correction is NaN, it must be a number"),
        Case::new("std_dim(2)", x(), |x| x[0].std_dim(2, 1.0))
            .value(rows)
            .refuses(|x| x[0].std_dim(3, 1.0), "std: dim 3 is out of range for shape [2, 3, 4] (−3 to 2)"),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{DType, Tensor, grad};

    #[test]
    fn deviations_are_right_where_their_squares_are_not() -> crate::Result<()> {
        let line = [1.0, 2.0, 3.0, 4.0];
        let expected = 1.25f64.sqrt();
        for (dtype, sizes) in [(DType::F32, [1e25, 1e-25, 1e-36]), (DType::F64, [1e200, 1e-200, 1e-290])] {
            for size in sizes {
                let x = Tensor::from_slice(&line.map(|x: f64| x * size), &[4])?.to_dtype(dtype).requires_grad();
                let std = x.std(0.0)?;
                let [value, variance] = [&std, &x.var(0.0)?].map(|y| y.to_f64s()[0]);
                assert!((value / size - expected).abs() < 1e-6, "{dtype:?} {size}: {value}");
                let square = 1.25 * size * size;
                let rounded = Tensor::from_slice(&[square], &[1])?.to_dtype(dtype).to_f64s()[0];
                assert!(variance == rounded || (variance / square - 1.0).abs() < 1e-6, "{dtype:?} {size}: {variance}");
                let gradient = grad(&std, &[&x])?[0].to_f64s();
                for (g, x) in gradient.iter().zip(line) {
                    assert!((g - (x - 2.5) / 4.0 / expected).abs() < 1e-6, "{dtype:?} {size}: {gradient:?}");
                }
            }
        }
        // Also where the sum and a difference of two are beyond the largest number.
        let far = Tensor::from([3e38f32, 3e38, 3e38, -3e38]).std(0.0)?.item::<f32>()?;
        assert!((far / 2.598e38 - 1.0).abs() < 1e-3, "{far}");
        // Also where sums of deviations are: their gradients are right as long as the deviations themselves are.
        for count in [2, 40, 600] {
            let x: Vec<f32> = (0..count).map(|i| if i < count / 2 { 0.0 } else { 3e38 }).collect();
            for order in [x.clone(), x.iter().rev().copied().collect()] {
                let x = Tensor::from_slice(&order, &[count])?.requires_grad();
                let std = x.std(0.0)?;
                assert!((std.item::<f32>()? / 1.5e38 - 1.0).abs() < 1e-6, "{std:?}");
                let gradient = std.backward()?.get(&x).expect("a leaf").to_f64s();
                let want = |x: f32| if x > 0.0 { 1.0 } else { -1.0 } / count as f64;
                // What they are scaled by, 1 / (n σ), is below the normal numbers and has few digits.
                let near = |(g, x): (&f64, &f32)| (g - want(*x)).abs() < 1e-3 / count as f64;
                assert!(gradient.iter().zip(&order).all(near), "{count}: {:?}", &gradient[..2]);
            }
        }
        let both: Vec<f32> = (0..101)
            .map(|i| {
                if i == 0 {
                    0.0
                } else if i % 8 < 4 {
                    3e38
                } else {
                    -3e38
                }
            })
            .collect();
        assert!(Tensor::from_slice(&both, &[101])?.std(0.0)?.item::<f32>()? > 2.9e38);
        for x in [[f32::INFINITY, 1.0], [f32::NAN, 1.0]] {
            assert!(Tensor::from(x).std(0.0)?.item::<f32>()?.is_nan());
        }
        Ok(())
    }
}
