//! Ways from one number to another.

use super::named;
use autograd_core::{Error, Result};
use std::f64::consts::PI;
use std::str::FromStr;

/// The way from one number a to another b, with w from 0 to 1.
///
/// ```text
/// Linear:  a + (b − a) w
/// Cosine:  b + (a − b) (1 + cos(π w)) / 2
/// ```
///
/// # Examples
/// ```
/// use wengert_optim::schedule::{Anneal, SWALR, Schedule};
/// let [line, wave] = [Anneal::Linear, Anneal::Cosine].map(|way| SWALR::new(0.0).anneal_epochs(3).anneal_strategy(way));
/// assert!((line.rate(0.3, 1) - 0.2).abs() < 1e-15);
/// assert!((wave.rate(0.3, 1) - 0.225).abs() < 1e-15);
/// assert_eq!("cos".parse(), Ok(Anneal::Cosine));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anneal {
    /// A straight line.
    Linear,
    /// Half a cosine: level at both ends.
    Cosine,
}

impl FromStr for Anneal {
    type Err = Error;

    /// PyTorch's words: `linear` and `cos`.
    fn from_str(word: &str) -> Result<Anneal> {
        named("anneal_strategy", word, &[("linear", Anneal::Linear), ("cos", Anneal::Cosine)])
    }
}

impl Anneal {
    /// The number at w, of which no more than [0, 1] counts.
    pub(super) fn between(self, a: f64, b: f64, w: f64) -> f64 {
        let w = w.clamp(0.0, 1.0);
        match self {
            // Both ends are exact.
            _ if w == 0.0 => a,
            _ if w == 1.0 => b,
            Anneal::Linear => a + (b - a) * w,
            Anneal::Cosine => b + (a - b) * (1.0 + (PI * w).cos()) / 2.0,
        }
    }
}
