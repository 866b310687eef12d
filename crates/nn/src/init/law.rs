//! The kinds of distribution that an initialiser draws from.

use super::truncated::moments;
use super::{Distribution, normal, trunc_normal, uniform};

/// The kind of distribution that weights are drawn from, for a given standard deviation.
///
/// # Examples
/// ```
/// use wengert_nn::init::{Law, variance_scaling};
/// let start = variance_scaling().law(Law::Uniform);
/// let (_, high) = start.distribution(&[5, 3])?.bounds().expect("uniform");
/// assert!((high - 1.0).abs() < 1e-12);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Law {
    /// Normal with mean 0, without what lies two standard deviations from it or farther; what is left has the standard
    /// deviation.
    #[default]
    TruncatedNormal,
    /// Normal with mean 0.
    Normal,
    /// Uniform in ±√3 σ.
    Uniform,
}

impl Law {
    /// The distribution of this kind with mean 0 and this standard deviation.
    pub(super) fn of_std(self, std: f64) -> Distribution {
        match self {
            Law::Uniform => uniform(-3f64.sqrt() * std, 3f64.sqrt() * std),
            Law::TruncatedNormal if std > 0.0 => {
                let whole = std / moments(-2.0, 2.0).1;
                trunc_normal(0.0, whole, -2.0 * whole, 2.0 * whole)
            }
            Law::Normal | Law::TruncatedNormal => normal(0.0, std),
        }
    }
}
