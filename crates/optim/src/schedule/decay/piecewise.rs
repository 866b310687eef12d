//! Factors at given steps, and the ways between them.

use crate::schedule::{Anneal, Schedule};
use autograd_core::{Description, Error, ErrorKind, Result};

/// Has given factors of the base rate at given steps, the knots; between two it stays, or goes by [`Anneal`].
///
/// ```text
/// rate(k) = base · fᵢ                                        kᵢ ≤ k < kᵢ₊₁, without anneal
/// rate(k) = base · (from fᵢ to fᵢ₊₁ at (k − kᵢ) / (kᵢ₊₁ − kᵢ))     with it
/// ```
///
/// Steps of knots rise; factors are at least 0. Before the first knot, the factor is 1 at step 0; behind the last, it
/// stays.
///
/// ```
/// use wengert_optim::schedule::{Anneal, PiecewiseLR, Schedule};
/// let schedule = PiecewiseLR::new([(4, 0.5), (8, 0.25)]);
/// assert_eq!([0, 3, 4, 8].map(|k| schedule.rate(0.8, k)), [0.8, 0.8, 0.4, 0.2]);
/// let schedule = schedule.anneal(Anneal::Linear);
/// assert_eq!([0, 2, 4, 6, 9].map(|k| schedule.rate(1.0, k)), [1.0, 0.75, 0.5, 0.375, 0.25]);
/// ```
///
/// # Differs from
/// * Keras: `PiecewiseConstantDecay(boundaries, values)` keeps a value up to its boundary and not before it, so a knot
///   stands at `boundary + 1`; the values are rates: `PiecewiseLR::new(knots).with_base(1.0)`.
/// * optax: its schedules take scales, each on top of those before: [`PiecewiseLR::of_scales`].
#[derive(Clone, Debug)]
pub struct PiecewiseLR {
    /// The first is at step 0.
    knots: Vec<(u64, f64)>,
    anneal: Option<Anneal>,
}

impl PiecewiseLR {
    /// Steps, in rising order, and the factor that begins at each.
    pub fn new(knots: impl Into<Vec<(u64, f64)>>) -> PiecewiseLR {
        let mut knots = knots.into();
        if knots.first().is_none_or(|(step, _)| *step > 0) {
            knots.insert(0, (0, 1.0));
        }
        PiecewiseLR { knots, anneal: None }
    }

    /// Steps, in rising order, and at each a factor on top of those before.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::schedule::{PiecewiseLR, Schedule};
    /// let schedule = PiecewiseLR::of_scales([(10, 0.5), (30, 0.5)]);
    /// assert_eq!([0, 10, 30].map(|k| schedule.rate(0.8, k)), [0.8, 0.4, 0.2]);
    /// ```
    pub fn of_scales(scales: impl Into<Vec<(u64, f64)>>) -> PiecewiseLR {
        let mut product = 1.0;
        let mut knots = scales.into();
        for (_, factor) in &mut knots {
            product *= *factor;
            *factor = product;
        }
        PiecewiseLR::new(knots)
    }

    /// The way between two knots. By default the factor stays until the next.
    #[must_use]
    pub fn anneal(mut self, anneal: Anneal) -> PiecewiseLR {
        self.anneal = Some(anneal);
        self
    }
}

impl Schedule for PiecewiseLR {
    fn rate(&self, base: f64, step: u64) -> f64 {
        let next = self.knots.partition_point(|(at, _)| *at <= step);
        let (from, factor) = next.checked_sub(1).map_or((0, 1.0), |last| self.knots[last]);
        match (self.anneal, self.knots.get(next)) {
            (Some(anneal), Some((to, end))) => {
                let way = step.saturating_sub(from) as f64 / to.saturating_sub(from) as f64;
                base * anneal.between(factor, *end, way)
            }
            _ => base * factor,
        }
    }

    fn check(&self) -> Result<()> {
        let refuse = |text: String| Err(Error::new(ErrorKind::Argument, format!("PiecewiseLR: {text}")));
        if let Some([(first, _), (second, _)]) = self.knots.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
            return refuse(format!("a knot at step {second} stands behind one at step {first}, steps must rise"));
        }
        match self.knots.iter().find(|(_, factor)| !(*factor >= 0.0 && factor.is_finite())) {
            None => Ok(()),
            Some((step, factor)) => {
                refuse(format!("the factor at step {step} is {factor:?}, it must be finite and at least 0"))
            }
        }
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
schedule_cases![
    values(PiecewiseLR::new([(4, 0.5), (8, 0.25)]), 0.8, &[(0, 0.8), (3, 0.8), (4, 0.4), (7, 0.4), (8, 0.2)])
        .falls(20)
        .scales(),
    values(PiecewiseLR::new([(4, 0.5), (8, 0.25)]).anneal(Anneal::Linear), 1.0, &[(2, 0.75), (4, 0.5), (6, 0.375)])
        .falls(20)
        .smooth(20, 0.126),
    values(
        PiecewiseLR::new([(0, 0.0), (3, 4.0)]).anneal(Anneal::Cosine),
        1.0,
        &[(0, 0.0), (1, 1.0), (2, 3.0), (9, 4.0)]
    ),
    values(PiecewiseLR::of_scales([(1, 0.5), (2, 0.5), (3, 4.0)]), 1.0, &[(0, 1.0), (1, 0.5), (2, 0.25), (3, 1.0)]),
    values(PiecewiseLR::new([]), 0.3, &[(0, 0.3), (9, 0.3)]),
    refused(
        PiecewiseLR::new([(4, 0.5), (3, 0.25)]),
        "PiecewiseLR: a knot at step 3 stands behind one at step 4, steps must rise"
    ),
    refused(
        PiecewiseLR::new([(0, 0.5), (0, 0.25)]).anneal(Anneal::Linear),
        "PiecewiseLR: a knot at step 0 stands behind one at step 0, steps must rise"
    ),
    refused(
        PiecewiseLR::new([(3, f64::NAN)]).anneal(Anneal::Cosine),
        "PiecewiseLR: the factor at step 3 is NaN, it must be finite and at least 0"
    ),
];
