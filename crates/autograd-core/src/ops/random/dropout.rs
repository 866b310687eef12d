//! Random dropping of elements.

use crate::error::Result;
use crate::kernels::random::{Drops, dropout};
use crate::ops::check::Check;
use crate::tape::{Pull, Pullback, record};
use crate::tensor::watch::{is_capturing, roll};
use crate::tensor::{Tensor, for_float};
use rand::{Rng, RngExt};

/// # Randomness
impl Tensor {
    /// Each element is 0 with probability `p` (the probability of being *dropped*, `0 ≤ p ≤ 1`), else `x / (1 − p)`, so
    /// the expected value stays.
    ///
    /// # Gradient
    /// gy, dropped and scaled at the same places. Saves a seed, not a mask.
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
    /// let y = Tensor::ones(&[100], DType::F32)?.dropout(0.5, &mut seeded(7))?;
    /// assert!(y.to_f64s().iter().all(|y| *y == 0.0 || *y == 2.0));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, Dropout, 2014.
    pub fn dropout(&self, p: f64, rng: &mut dyn Rng) -> Result<Tensor> {
        self.dropout_seeded(p, roll("dropout", || rng.random()))
    }

    /// [`Tensor::dropout`] with the seed that decides which elements are dropped: the same seed drops the same
    /// elements.
    ///
    /// # Errors
    /// As for [`Tensor::dropout`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// let x = Tensor::ones(&[100], DType::F32)?;
    /// assert_eq!(x.dropout_seeded(0.5, 7)?.to_f64s(), x.dropout_seeded(0.5, 7)?.to_f64s());
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn dropout_seeded(&self, p: f64, seed: u64) -> Result<Tensor> {
        Check("dropout").float(self)?;
        Check("dropout").require((0.0..=1.0).contains(&p), "p", p, "in [0, 1]")?;
        dropped("dropout", self, scaled(p, 1), seed)
    }
}

/// Dropping by which the expected value stays.
pub(super) fn scaled(p: f64, inner: usize) -> Drops {
    Drops { p, inner, kept: 1.0 - p, shift: NOTHING }
}

/// What is added where nothing is.
const NOTHING: [f64; 2] = [-0.0; 2];

/// The caller has checked the dtype and `p`.
pub(super) fn dropped(op: &'static str, x: &Tensor, drops: Drops, seed: u64) -> Result<Tensor> {
    // A captured function shows that it uses the seed.
    if drops.p == 0.0 && !is_capturing() {
        return x.reshape_to(x.shape());
    }
    let packed = x.try_packed(op)?;
    let value = for_float!(x.float(), T => Tensor::draw::<T, 1>(op, x.shape(), seed, [&packed], move |seed, [x], y| {
        dropout(seed, drops, x.flat::<T>(), y);
    }))?;
    Ok(record(op, value, &[x], |_| Dropped { op, drops, seed }))
}

struct Dropped {
    op: &'static str,
    drops: Drops,
    seed: u64,
}

impl Pullback for Dropped {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        at.give(0, || dropped(self.op, gy, Drops { shift: NOTHING, ..self.drops }, self.seed))
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let x = || vec![Input::real(&[4, 5], -2.0..2.0)];
    [
        Case::new("dropout", x(), |x| x[0].dropout_seeded(0.4, 7))
            .not_of_views()
            .refuses(|x| x[0].dropout_seeded(-0.1, 7), "dropout: p is -0.1, it must be in [0, 1]")
            .refuses(|x| x[0].dropout_seeded(1.1, 7), "dropout: p is 1.1, it must be in [0, 1]")
            .refuses(|x| x[0].dropout_seeded(f64::NAN, 7), "dropout: p is NaN, it must be in [0, 1]")
            .refuses(
                |x| x[0].to_dtype(DType::I64).dropout_seeded(0.4, 7),
                "dropout: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("dropout(1)", x(), |x| x[0].dropout_seeded(1.0, 7)).value(|x| vec![0.0; x[0].len()]),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{DType, Tensor};

    #[test]
    fn drops_the_share_asked_for_and_keeps_the_mean() {
        let x = Tensor::ones(&[200_000], DType::F64).expect("small");
        let y = x.dropout_seeded(0.3, 1).expect("valid").to_f64s();
        let dropped = y.iter().filter(|y| **y == 0.0).count() as f64 / y.len() as f64;
        assert!((dropped - 0.3).abs() < 0.005, "{dropped}");
        assert!(y.iter().all(|y| *y == 0.0 || (*y - 1.0 / 0.7).abs() < 1e-12));
    }

    #[test]
    fn what_is_not_finite_is_not_hidden() {
        let y = Tensor::from([f64::INFINITY, f64::NAN, 1.0]).dropout_seeded(1.0, 1).expect("valid").to_f64s();
        assert!(y[0].is_nan() && y[1].is_nan() && y[2] == 0.0, "{y:?}");
    }
}
