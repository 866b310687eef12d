//! Random dropping to the negative end of `selu`.

use super::dropout::dropped;
use super::feature_dropout::checked;
use crate::error::{Error, Result};
use crate::kernels::random::Drops;
use crate::tensor::Tensor;
use crate::tensor::watch::roll;
use rand::{Rng, RngExt};

/// −λα, the limit of `selu` at −∞.
const LIMIT: f64 = -1.758_099_340_847_376_6;

impl Tensor {
    /// Dropout for networks of [`Tensor::selu`]: what is dropped becomes −α = −1.758.., the limit of `selu` at −∞, and
    /// all elements are then shifted and scaled, so mean 0 and variance 1 stay: `y = a x + b` and `y = −a α + b` with
    /// `a = 1 / √((1 − p) (1 + p α²))` and `b = a p α`. With `p = 1` all is 0.
    ///
    /// # Gradient
    /// `a gy` where kept, else 0. Saves a seed, not a mask.
    ///
    /// # Numerics
    /// Dropping multiplies by 0: a NaN or an infinity becomes NaN and stays visible.
    ///
    /// # Errors
    /// If `p` is not in `[0, 1]`, or the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor, seeded};
    /// let y = Tensor::zeros(&[100], DType::F64)?.alpha_dropout(0.5, &mut seeded(7))?.to_f64s();
    /// let (a, alpha) = (1.0 / (0.5_f64 * (1.0 + 0.5 * 1.7580993408473766_f64.powi(2))).sqrt(), 1.7580993408473766);
    /// assert!(y.iter().all(|y| (y.abs() - 0.5 * a * alpha).abs() < 1e-12));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Klambauer, Unterthiner, Mayr, Hochreiter, Self-normalizing neural networks, 2017.
    pub fn alpha_dropout(&self, p: f64, rng: &mut dyn Rng) -> Result<Tensor> {
        self.alpha_dropout_seeded(p, roll("alpha_dropout", || rng.random()))
    }

    /// [`Tensor::alpha_dropout`] with the seed that decides which elements are dropped.
    ///
    /// # Errors
    /// As for [`Tensor::alpha_dropout`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// let x = Tensor::ones(&[100], DType::F32)?;
    /// assert_eq!(x.alpha_dropout_seeded(0.5, 7)?.to_f64s(), x.alpha_dropout_seeded(0.5, 7)?.to_f64s());
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn alpha_dropout_seeded(&self, p: f64, seed: u64) -> Result<Tensor> {
        checked("alpha_dropout", self, p)?;
        dropped("alpha_dropout", self, drops(p, 1), seed)
    }

    /// [`Tensor::alpha_dropout`] of whole channels.
    ///
    /// # Shapes
    /// `x: [N, C, ..]`, the result like x.
    ///
    /// # Errors
    /// If x has fewer than two dims; else as for [`Tensor::alpha_dropout`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor, seeded};
    /// let y = Tensor::zeros(&[1, 50, 2], DType::F32)?.feature_alpha_dropout(0.5, &mut seeded(7))?.to_vec::<f32>()?;
    /// assert!(y.chunks(2).all(|channel| channel[0] == channel[1]));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn feature_alpha_dropout(&self, p: f64, rng: &mut dyn Rng) -> Result<Tensor> {
        self.feature_alpha_dropout_seeded(p, roll("feature_alpha_dropout", || rng.random()))
    }

    /// [`Tensor::feature_alpha_dropout`] with the seed that decides which channels are dropped.
    ///
    /// # Errors
    /// As for [`Tensor::feature_alpha_dropout`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// let x = Tensor::ones(&[2, 3, 4], DType::F32)?;
    /// assert_eq!(x.feature_alpha_dropout_seeded(0.5, 7)?.to_f64s(), x.feature_alpha_dropout_seeded(0.5, 7)?.to_f64s());
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn feature_alpha_dropout_seeded(&self, p: f64, seed: u64) -> Result<Tensor> {
        let op = "feature_alpha_dropout";
        checked(op, self, p)?;
        if p == 0.0 {
            return dropped(op, self, drops(p, 1), seed);
        }
        let [_, _, rest @ ..] = self.shape() else {
            return Err(Error::shape(op, "the input", self.shape(), "[N, C, ..]"));
        };
        dropped(op, self, drops(p, rest.iter().product()), seed)
    }
}

fn drops(p: f64, inner: usize) -> Drops {
    // Nothing is added where all or none are dropped.
    if p == 0.0 || p == 1.0 {
        return Drops { p, inner, kept: 1.0, shift: [-0.0; 2] };
    }
    let kept = ((1.0 - p) * (1.0 + p * LIMIT * LIMIT)).sqrt();
    let limit = LIMIT / kept;
    Drops { p, inner, kept, shift: [(1.0 - p) * limit, -p * limit] }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let x = |shape: &[usize]| vec![Input::real(shape, -2.0..2.0)];
    [
        Case::new("alpha_dropout", x(&[4, 5]), |x| x[0].alpha_dropout_seeded(0.4, 7))
            .not_of_views()
            .refuses(|x| x[0].alpha_dropout_seeded(1.1, 7), "alpha_dropout: p is 1.1, it must be in [0, 1]")
            .refuses(
                |x| x[0].to_dtype(DType::I64).alpha_dropout_seeded(0.4, 7),
                "alpha_dropout: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("alpha_dropout(1)", x(&[4, 5]), |x| x[0].alpha_dropout_seeded(1.0, 7))
            .value(|x| vec![0.0; x[0].len()]),
        Case::new("feature_alpha_dropout(0)", x(&[5]), |x| x[0].feature_alpha_dropout_seeded(0.0, 7))
            .value(|x| x[0].clone()),
        Case::new("feature_alpha_dropout", x(&[2, 3, 4]), |x| x[0].feature_alpha_dropout_seeded(0.4, 7))
            .not_of_views()
            .refuses(
                |x| x[0].feature_alpha_dropout_seeded(-1.0, 7),
                "feature_alpha_dropout: p is -1.0, it must be in [0, 1]",
            )
            .refuses(
                |x| x[0].select(0, 0)?.select(0, 0)?.feature_alpha_dropout_seeded(0.5, 7),
                "feature_alpha_dropout: the input has shape [4], expected [N, C, ..]",
            ),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{DType, Result, Tensor, seeded};

    #[test]
    fn mean_and_variance_stay() -> Result<()> {
        let x = Tensor::randn(&[400, 500], DType::F64, &mut seeded(3))?;
        for y in [x.alpha_dropout_seeded(0.3, 1)?, x.reshape(&[2, 100_000, 1])?.feature_alpha_dropout_seeded(0.3, 1)?] {
            let y = y.to_f64s();
            let mean = y.iter().sum::<f64>() / y.len() as f64;
            let variance = y.iter().map(|y| (y - mean) * (y - mean)).sum::<f64>() / y.len() as f64;
            assert!(mean.abs() < 0.01 && (variance - 1.0).abs() < 0.01, "{mean} {variance}");
        }
        Ok(())
    }
}
