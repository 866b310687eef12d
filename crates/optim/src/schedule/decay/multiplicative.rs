//! A factor for each step, each on top of those before.

use crate::schedule::{Schedule, enough};
use autograd_core::check::Check;
use autograd_core::{Description, Error, ErrorKind, Result};
use std::fmt;

const NAME: &str = "MultiplicativeLR";

/// Multiplies the rate of the step before by a function of the step.
///
/// ```text
/// rate(0) = base,   rate(k) = rate(k − 1) · f(k)
/// ```
///
/// The products are taken once, when it is made, for a number of steps, and a run of more is refused
/// ([`Schedule::check_steps`]), as are more than memory holds ([`Schedule::check`]). `f ≥ 0`.
///
/// ```
/// use wengert_optim::schedule::{MultiplicativeLR, Schedule};
/// let schedule = MultiplicativeLR::new(10, |k| if k % 2 == 0 { 0.5 } else { 1.0 });
/// assert_eq!([0, 1, 2, 3, 4].map(|k| schedule.rate(0.8, k)), [0.8, 0.8, 0.4, 0.4, 0.2]);
/// ```
///
/// # Differs from
/// PyTorch: the number of steps is given, because a rate is found without going through all before.
#[derive(Clone)]
pub struct MultiplicativeLR {
    /// Of the factors up to each step; the first is 1. None if there is no memory for them.
    products: Vec<f64>,
    total_steps: usize,
}

impl MultiplicativeLR {
    /// Rates for `total_steps` steps: `f` is asked for 1, 2, .., `total_steps` − 1.
    pub fn new(total_steps: usize, f: impl Fn(u64) -> f64) -> MultiplicativeLR {
        let mut products = Vec::new();
        // What memory does not hold is an error of `check`.
        if Check(NAME).parts(total_steps, size_of::<f64>()).is_ok() && products.try_reserve_exact(total_steps).is_ok() {
            products.extend((0..total_steps as u64).scan(1.0, |product, k| {
                *product *= if k == 0 { 1.0 } else { f(k) };
                Some(*product)
            }));
        }
        MultiplicativeLR { products, total_steps }
    }
}

impl fmt::Debug for MultiplicativeLR {
    /// The products alone: they are as many as the steps.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(NAME).field("products", &self.products).finish()
    }
}

impl Schedule for MultiplicativeLR {
    fn rate(&self, base: f64, step: u64) -> f64 {
        let at = usize::try_from(step).ok().and_then(|step| self.products.get(step));
        // Later steps, which a run that is checked does not have, stay where it ends.
        base * at.or(self.products.last()).unwrap_or(&1.0)
    }

    fn check(&self) -> Result<()> {
        if self.products.len() < self.total_steps {
            let text = format!("{NAME}: rates for {} steps are more than memory holds", self.total_steps);
            return Err(Error::new(ErrorKind::TooLarge, text));
        }
        match self.products.iter().position(|product| !product.is_finite() || product.is_sign_negative()) {
            None => Ok(()),
            Some(k) => {
                let product = self.products[k];
                let text = format!("the factors up to step {k} make {product:?}, it must be finite and at least 0");
                Err(Error::new(ErrorKind::Argument, format!("MultiplicativeLR: {text}")))
            }
        }
    }

    fn check_steps(&self, steps: u64) -> Result<()> {
        if self.products.len() < self.total_steps {
            return self.check();
        }
        enough("MultiplicativeLR", self.products.len() as u64, steps)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
schedule_cases![
    values(MultiplicativeLR::new(9, |_| 0.5), 0.8, &[(0, 0.8), (1, 0.4), (3, 0.1)])
        .falls(100)
        .scales()
        .lasts(9, "MultiplicativeLR: it has rates for 9 steps, there are 10"),
    values(MultiplicativeLR::new(4, |k| k as f64), 0.5, &[(0, 0.5), (1, 0.5), (2, 1.0), (3, 3.0)]).scales(),
    values(MultiplicativeLR::new(0, |_| 0.5), 0.5, &[(0, 0.5)])
        .lasts(0, "MultiplicativeLR: it has rates for 0 steps, there are 1"),
    refused(
        MultiplicativeLR::new(4, |k| 2.0 - k as f64),
        "MultiplicativeLR: the factors up to step 3 make -0.0, it must be finite and at least 0"
    ),
    refused(
        MultiplicativeLR::new(9, |k| if k == 5 { f64::NAN } else { 1.0 }),
        "MultiplicativeLR: the factors up to step 5 make NaN, it must be finite and at least 0"
    ),
    refused(
        MultiplicativeLR::new(1 << 48, |_| 1.0),
        "MultiplicativeLR: rates for 281474976710656 steps are more than memory holds"
    ),
    refused(
        MultiplicativeLR::new(usize::MAX, |_| 1.0),
        "MultiplicativeLR: rates for 18446744073709551615 steps are more than memory holds"
    ),
];
