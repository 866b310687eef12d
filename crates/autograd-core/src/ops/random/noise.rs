//! Random tensors like another.

use crate::error::Result;
use crate::kernels::random::{normal, unit};
use crate::ops::check::Check;
use crate::tensor::watch::roll;
use crate::tensor::{Tensor, for_float};
use rand::{Rng, RngExt};

impl Tensor {
    /// Normal numbers of mean 0 and deviation 1 in the shape and the dtype of x.
    ///
    /// # Gradient
    /// None: nothing is computed from x.
    ///
    /// # Errors
    /// If the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor, seeded};
    /// let noise = Tensor::zeros(&[10_000], DType::F64)?.randn_like(&mut seeded(7))?;
    /// assert!(noise.mean()?.item::<f64>()?.abs() < 0.05);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn randn_like(&self, rng: &mut dyn Rng) -> Result<Tensor> {
        self.randn_like_seeded(roll("randn_like", || rng.random()))
    }

    /// [`Tensor::randn_like`] with the seed of the numbers.
    ///
    /// # Errors
    /// As for [`Tensor::randn_like`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([1.0, 2.0]);
    /// assert_eq!(x.randn_like_seeded(7)?.to_f64s(), x.randn_like_seeded(7)?.to_f64s());
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn randn_like_seeded(&self, seed: u64) -> Result<Tensor> {
        let float = Check("randn_like").float(self)?;
        for_float!(float, T => {
            Tensor::draw::<T, 0>("randn_like", self.shape(), seed, [], move |seed, [], y| normal(seed, y))
        })
    }

    /// Numbers uniform in `[0, 1)` in the shape and the dtype of x.
    ///
    /// # Gradient
    /// None: nothing is computed from x.
    ///
    /// # Errors
    /// If the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor, seeded};
    /// let noise = Tensor::zeros(&[10_000], DType::F64)?.rand_like(&mut seeded(7))?;
    /// assert!((noise.mean()?.item::<f64>()? - 0.5).abs() < 0.02);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn rand_like(&self, rng: &mut dyn Rng) -> Result<Tensor> {
        self.rand_like_seeded(roll("rand_like", || rng.random()))
    }

    /// [`Tensor::rand_like`] with the seed of the numbers.
    ///
    /// # Errors
    /// As for [`Tensor::rand_like`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([1.0, 2.0]);
    /// assert_eq!(x.rand_like_seeded(7)?.to_f64s(), x.rand_like_seeded(7)?.to_f64s());
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn rand_like_seeded(&self, seed: u64) -> Result<Tensor> {
        let float = Check("rand_like").float(self)?;
        for_float!(float, T => {
            Tensor::draw::<T, 0>("rand_like", self.shape(), seed, [], move |seed, [], y| unit(seed, y))
        })
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let x = || vec![Input::real(&[4, 5], -2.0..2.0)];
    [
        Case::new("randn_like", x(), |x| x[0].randn_like_seeded(7)).ends_no_history().refuses(
            |x| x[0].to_dtype(DType::I64).randn_like_seeded(7),
            "randn_like: dtype is I64, expected F32 or F64; to_dtype converts",
        ),
        Case::new("rand_like", x(), |x| x[0].rand_like_seeded(7)).ends_no_history().refuses(
            |x| x[0].to_dtype(DType::I64).rand_like_seeded(7),
            "rand_like: dtype is I64, expected F32 or F64; to_dtype converts",
        ),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{DType, Result, Tensor};

    #[test]
    fn moments_are_those_of_the_distributions_and_neighbours_differ() -> Result<()> {
        const N: usize = 200_000;
        let x = Tensor::zeros(&[N], DType::F64)?;
        // Mean, variance and fourth central moment.
        let uniform = [0.5, 1.0 / 12.0, 1.0 / 80.0];
        for (y, want) in [(x.randn_like_seeded(1)?, [0.0, 1.0, 3.0]), (x.rand_like_seeded(1)?, uniform)] {
            let y = y.to_f64s();
            let mean = y.iter().sum::<f64>() / N as f64;
            let central = |power| y.iter().map(|y| (y - mean).powi(power)).sum::<f64>() / N as f64;
            for (got, want) in [mean, central(2), central(4)].into_iter().zip(want) {
                assert!((got - want).abs() < 0.03 * f64::max(want, 0.5), "{got} {want}");
            }
            let product = y.windows(2).map(|two| (two[0] - mean) * (two[1] - mean)).sum::<f64>() / N as f64;
            assert!(product.abs() < 0.01, "{product}");
            assert!(y.iter().all(|y| y.is_finite()));
        }
        Ok(())
    }
}
