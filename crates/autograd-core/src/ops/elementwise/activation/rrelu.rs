//! Leaky rectifier with random slopes.

use crate::error::{Error, ErrorKind, Result};
use crate::kernels::random::uniform;
use crate::ops::check::Check;
use crate::tensor::watch::roll;
use crate::tensor::{Tensor, for_float};
use rand::{Rng, RngExt};

impl Tensor {
    /// Leaky rectifier with a random slope for each element: `y = x` where `x > 0`, else `r x`, r uniform between
    /// `lower` and `upper`.
    ///
    /// # Gradient
    /// `gx = gy` where `x > 0`, else `r gy`, also at 0; saves the slopes.
    ///
    /// # Errors
    /// If `lower` is above `upper`, one of them is not finite, or the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, seeded};
    /// let y = Tensor::from([-8.0, 2.0]).rrelu(0.125, 0.25, &mut seeded(7))?.to_vec::<f32>()?;
    /// assert!((-2.0..=-1.0).contains(&y[0]) && y[1] == 2.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Xu, Wang, Chen, Li, Empirical evaluation of rectified activations in convolutional network, 2015.
    pub fn rrelu(&self, lower: f64, upper: f64, rng: &mut dyn Rng) -> Result<Tensor> {
        self.rrelu_seeded(lower, upper, roll("rrelu", || rng.random()))
    }

    /// [`Tensor::rrelu`] with the seed that decides the slopes: the same seed gives the same slopes.
    ///
    /// # Errors
    /// As for [`Tensor::rrelu`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([-8.0, 2.0]);
    /// assert_eq!(x.rrelu_seeded(0.1, 0.3, 7)?.to_f64s(), x.rrelu_seeded(0.1, 0.3, 7)?.to_f64s());
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn rrelu_seeded(&self, lower: f64, upper: f64, seed: u64) -> Result<Tensor> {
        check(lower, upper)?;
        let float = Check("rrelu").float(self)?;
        let slope = for_float!(float, T => Tensor::draw::<T, 0>("rrelu", self.shape(), seed, [], move |seed, [], y| {
            uniform(seed, lower, upper, y);
        }))?;
        self.untied().gt_scalar(0.0).where_cond(self, &self.try_mul(&slope)?)
    }

    /// [`Tensor::rrelu`] outside of training: the slope is the mean, `(lower + upper) / 2`.
    ///
    /// # Errors
    /// If `lower` is above `upper`, or one of them is not finite.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([-4.0, 2.0]).rrelu_mean(0.0, 0.5)?.to_vec::<f32>()?, [-1.0, 2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn rrelu_mean(&self, lower: f64, upper: f64) -> Result<Tensor> {
        check(lower, upper)?;
        self.can_be_packed("rrelu")?;
        Ok(self.leaky_relu(0.5 * (lower + upper)))
    }
}

fn check(lower: f64, upper: f64) -> Result<()> {
    for (name, bound) in [("lower", lower), ("upper", upper)] {
        Check("rrelu").require(bound.is_finite(), name, bound, "finite")?;
    }
    if lower > upper {
        return Err(Error::new(ErrorKind::Argument, format!("rrelu: lower {lower} is above upper {upper}")));
    }
    Ok(())
}

#[cfg(test)]
crate::ops::cases::cases![{
    let rrelu = |x: &[Tensor], lower, upper| x[0].rrelu_seeded(lower, upper, 7);
    let mean = |x: f64| if x > 0.0 { x } else { 0.25 * x };
    let input = || vec![Input::real(&[3, 4], -2.0..2.0).avoiding(&[0.0])];
    [
        Case::fallible_unary("rrelu_mean", -2.0..2.0, &[0.0], |x| x.rrelu_mean(0.1, 0.4), mean)
            .refuses(|x| x[0].rrelu_mean(0.3, 0.1), "rrelu: lower 0.3 is above upper 0.1"),
        Case::new("rrelu", input(), move |x| rrelu(x, 0.1, 0.4)).not_of_views().not_counting_saved(),
        Case::new("rrelu", input(), move |x| rrelu(x, 0.25, 0.25))
            .value(move |x| x[0].iter().map(|x| mean(*x)).collect())
            .not_counting_saved()
            .refuses(move |x| rrelu(x, 0.3, 0.1), "rrelu: lower 0.3 is above upper 0.1")
            .refuses(move |x| rrelu(x, f64::NAN, 0.1), "rrelu: lower is NaN, it must be finite")
            .refuses(
                move |x| rrelu(&[x[0].to_dtype(crate::DType::I64)], 0.1, 0.3),
                "rrelu: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{Tensor, seeded};

    #[test]
    fn slopes_are_between_the_bounds_and_differ() {
        let x = Tensor::full(&[1000], -1.0, crate::DType::F64).expect("small").requires_grad();
        let y = x.rrelu(0.1, 0.3, &mut seeded(7)).expect("bounds in order");
        let slopes: Vec<f64> = y.to_f64s().iter().map(|y| -y).collect();
        assert!(slopes.iter().all(|slope| (0.1..0.3).contains(slope)));
        let mean = slopes.iter().sum::<f64>() / 1000.0;
        assert!((mean - 0.2).abs() < 0.01 && slopes[0] != slopes[1], "{mean}");
        let grads = y.sum().backward().expect("tracked");
        assert_eq!(grads.get(&x).expect("a leaf").to_f64s(), slopes);
    }
}
