//! The factor for the shape of a matrix.

use crate::range::Range;
use autograd_core::Result;

/// The factor f of a step of [`Muon`](crate::Muon) for a matrix of R rows and C columns.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{AdjustLr, Muon, Optimizer};
///
/// let step = |adjust| {
///     let mut x = Param::new(Tensor::from([[0.0], [0.0], [0.0], [0.0]]))?;
///     let grads = x.sum().backward()?;
///     let muon = Muon::new(1.0).ns_coefficients(1.0, 0.0, 0.0).adjust_lr(adjust);     // X stays of length 1: −½ each
///     muon.clone().step(&mut x, &grads)?;
///     Ok::<f32, autograd_core::Error>(x.to_vec::<f32>()?[0])
/// };
/// assert_eq!(step(AdjustLr::Original)?, -1.0);                        // √4 · ½
/// assert!((step(AdjustLr::MatchRmsAdamw)? + 0.2).abs() < 1e-6);       // 0.2 √4 · ½
/// assert_eq!(step(AdjustLr::SpectralUnclamped)?, -1.0);               // √4 · ½
/// assert_eq!(step(AdjustLr::InOut)?, -0.5);                           // 1 · ½
/// assert_eq!(step(AdjustLr::Rms(0.5))?, -0.5);                        // 0.5 √4 · ½
/// assert_eq!(step(AdjustLr::Unscaled)?, -0.5);                        // ½
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum AdjustLr {
    /// `√max(1, R / C)`
    #[default]
    Original,
    /// `0.2 √max(R, C)`: steps of the size of AdamW's, so its learning rate and weight decay can be taken.
    MatchRmsAdamw,
    /// `√(R / C)`, also where that is below 1.
    SpectralUnclamped,
    /// `√max(1, C / R)`: that of [`AdjustLr::Original`] for a matrix that lies the other way round, `[in, out]` as in
    /// optax.
    InOut,
    /// `k √max(R, C)` with k ≥ 0, Keras' `rms_rate` and optax' `consistent_rms`.
    Rms(f64),
    /// 1.
    Unscaled,
}

impl AdjustLr {
    pub(super) fn check(self) -> Result<()> {
        match self {
            AdjustLr::Rms(k) => Range::AT_LEAST_0.check("Muon", "the k of AdjustLr::Rms", k),
            _ => Ok(()),
        }
    }

    pub(super) fn factor(self, rows: usize, columns: usize) -> f64 {
        let (rows, columns) = (rows as f64, columns as f64);
        match self {
            AdjustLr::Original => (rows / columns).max(1.0).sqrt(),
            AdjustLr::MatchRmsAdamw => 0.2 * rows.max(columns).sqrt(),
            AdjustLr::SpectralUnclamped => (rows / columns).sqrt(),
            AdjustLr::InOut => (columns / rows).max(1.0).sqrt(),
            AdjustLr::Rms(k) => k * rows.max(columns).sqrt(),
            AdjustLr::Unscaled => 1.0,
        }
    }
}
