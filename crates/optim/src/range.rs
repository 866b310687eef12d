//! The ranges of hyperparameters, each with a test and its words.

use autograd_core::{Error, Result};

/// The numbers that a hyperparameter may be.
///
/// # Examples
/// ```
/// use wengert_optim::Range;
/// const POSITIVE: Range = Range::new(|x| x > 0.0, "positive");
/// assert!(POSITIVE.check("Adam", "eps", 1e-8).is_ok());
/// let error = POSITIVE.check("Adam", "eps", 0.0).unwrap_err();
/// assert_eq!(error.to_string(), "Adam: eps is 0.0, it must be positive");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Range {
    holds: fn(f64) -> bool,
    must: &'static str,
}

impl Range {
    /// Finite and at least 0.
    pub const AT_LEAST_0: Range = Range::new(|x| x >= 0.0 && x.is_finite(), "finite and at least 0");
    /// Finite and above 0.
    pub const POSITIVE: Range = Range::new(|x| x > 0.0 && x.is_finite(), "finite and positive");
    /// Any number but infinities and NaN.
    pub const FINITE: Range = Range::new(f64::is_finite, "finite");
    /// `0 ≤ x < 1`: how much of the past an average keeps.
    pub const DECAY: Range = Range::new(|x| (0.0..1.0).contains(&x), "in [0, 1)");
    /// `0 ≤ x ≤ 1`
    pub const FRACTION: Range = Range::new(|x| (0.0..=1.0).contains(&x), "in [0, 1]");

    /// A range, and the words that follow "it must be".
    pub const fn new(holds: fn(f64) -> bool, must: &'static str) -> Range {
        Range { holds, must }
    }

    /// Whether the argument `name` of `op` is in the range.
    ///
    /// # Errors
    /// If it is not: `Adam: eps is -1.0, it must be finite and at least 0`.
    pub fn check(&self, op: &str, name: &str, value: f64) -> Result<()> {
        if (self.holds)(value) { Ok(()) } else { Err(Error::argument(op, name, value, self.must)) }
    }
}
