//! Finite differences.

use crate::error::Result;
use crate::tensor::Tensor;

/// A function whose value is what all its elements add up to. They stay apart here, so that the rounding of those which
/// do not change is no part of a difference.
pub(super) type Elements<'a> = &'a dyn Fn(&[Tensor]) -> Result<Vec<f64>>;

/// The largest error that passes.
#[derive(Clone, Copy)]
pub(super) struct Tolerance {
    /// Where the function's values are 1 or larger.
    pub(super) absolute: f64,
    pub(super) relative: f64,
    /// The rounding of what the function computes on the way, which its values need not show.
    pub(super) floor: f64,
}

/// What finite differences say of a derivative by the tape.
pub(super) enum Verdict {
    /// It is right; the difference between the two.
    Right(f64),
    /// It is another number. `kink` where both sides of the point differ, so that there may be no derivative.
    Wrong { numeric: f64, kink: bool },
    /// The function is not finite, however small the step.
    NotFinite,
    /// Rounding of the function's values may have moved the differences this far. `kink` where larger steps, which
    /// round less, find one.
    Rounded { numeric: f64, by: f64, kink: bool },
}

/// A number near |x| and at least 1, by which a step in x has to grow: a power of two, so steps stay exact.
pub(super) fn scale(x: f64) -> f64 {
    if x.is_finite() { f64::powi(2.0, x.abs().max(1.0).log2().floor() as i32) } else { 1.0 }
}

/// The point at which a function is differentiated, and the inputs that change and how.
pub(super) struct Line<'a> {
    pub(super) f: Elements<'a>,
    pub(super) inputs: &'a [Tensor],
    pub(super) middle: &'a [f64],
    pub(super) direction: &'a [(usize, Tensor)],
    /// The largest factor by which the direction exceeds the scale of an input.
    pub(super) reach: f64,
}

/// The values on both sides at some distance.
type Pair = (Vec<f64>, Vec<f64>);

/// An estimate by two steps, the finer half of the coarser.
struct Estimate {
    value: f64,
    /// How far the two steps are apart.
    error: f64,
    /// The most that the rounding of the values that changed can have moved it, and of all values.
    rounding: f64,
    rounding_of_all: f64,
    /// The sum of all elements' slopes without their signs.
    slopes: f64,
    /// The sum of the values at the point, without their signs: of those that change nearby, if any do.
    size: f64,
    changed: bool,
    /// Large where there is a kink nearby.
    unsteady: f64,
}

impl Estimate {
    /// The absolute error that passes: a derivative is no better known than the values it comes from.
    fn absolute(&self, tolerance: Tolerance) -> f64 {
        tolerance.absolute * self.size.min(1.0) + tolerance.floor
    }

    /// The allowance for rounding. That of values which did not change counts where it is small: they may be
    /// differences of larger ones.
    fn noise(&self, tolerance: Tolerance) -> f64 {
        let of_all = 2.0 * self.rounding_of_all;
        2.0 * self.rounding + if of_all <= self.absolute(tolerance) { of_all } else { 0.0 }
    }

    /// Whether the two steps agree well enough to be near the limit.
    fn steady(&self) -> bool {
        self.error <= 1e-3 * self.slopes + 4.0 * self.rounding
    }

    fn agrees(&self, analytic: f64, tolerance: Tolerance) -> bool {
        let allowed = self.absolute(tolerance) + tolerance.relative * self.value.abs() + self.noise(tolerance);
        // Values that are the rounding of larger ones never come to rest.
        (self.steady() || self.error <= tolerance.floor) && (analytic - self.value).abs() <= allowed
    }

    /// Whether the allowance for rounding is small enough to tell a right derivative from a wrong one.
    fn tells(&self, tolerance: Tolerance) -> bool {
        let by = if self.changed { self.noise(tolerance) } else { 2.0 * self.rounding_of_all };
        by <= self.absolute(tolerance).max(1e-4 * self.value.abs())
    }

    /// Whether it is nearer to the limit.
    fn better_than(&self, other: &Estimate) -> bool {
        let relative = |e: &Estimate| (e.error + e.rounding) / e.slopes.max(f64::MIN_POSITIVE);
        (!self.steady(), relative(self)) < (!other.steady(), relative(other))
    }
}

impl Line<'_> {
    /// The values at distance t on both sides; `None` if the inputs do not change by so little.
    fn pair(&self, t: f64) -> Result<Option<Pair>> {
        let mut moved = false;
        let mut at = |t: f64| {
            let mut point: Vec<Tensor> = self.inputs.iter().map(Tensor::detach).collect();
            for (input, d) in self.direction {
                point[*input] = point[*input].try_add(&d.mul_scalar(t))?;
                moved |= point[*input].to_f64s() != self.inputs[*input].to_f64s();
            }
            (self.f)(&point)
        };
        let pair = (at(t)?, at(-t)?);
        Ok(moved.then_some(pair))
    }

    /// The derivative by the five-point formula `(8 (f₊₁ − f₋₁) − (f₊₂ − f₋₂)) / 12h` at two steps, 2h and h; its error
    /// falls with h⁴ (Abramowitz, Stegun, Handbook of mathematical functions, 25.3.6). `None` where a value is not
    /// finite.
    fn estimate(&self, h: f64, [far, near, nearer]: [&Pair; 3]) -> Option<Estimate> {
        let [mut value, mut error, mut rounding, mut rounding_of_all] = [0.0; 4];
        let [mut slopes, mut size, mut size_of_all, mut unsteady] = [0.0; 4];
        let mut changed = false;
        for (i, middle) in self.middle.iter().enumerate() {
            let [p4, m4, p2, m2, p1, m1] = [far.0[i], far.1[i], near.0[i], near.1[i], nearer.0[i], nearer.1[i]];
            let around = [p4, m4, p2, m2, p1, m1];
            if !(middle.is_finite() && around.iter().all(|v| v.is_finite())) {
                return None;
            }
            let rounding_here = around.iter().fold(0.0, |m: f64, v| m.max(v.abs())) * 8.0 * f64::EPSILON / h;
            size_of_all += middle.abs();
            rounding_of_all += rounding_here;
            if around.iter().all(|v| v == middle) {
                continue;
            }
            changed = true;
            size += middle.abs();
            rounding += rounding_here;
            let fine = (8.0 * (p1 - m1) - (p2 - m2)) / (12.0 * h);
            let coarse = (8.0 * (p2 - m2) - (p4 - m4)) / (24.0 * h);
            value += fine;
            slopes += fine.abs();
            error += (coarse - fine).abs();
            // The slope to the right less the slope to the left: it falls with h unless there is a kink in between.
            let (bend, coarse_bend) = ((p1 - 2.0 * middle + m1) / h, (p2 - 2.0 * middle + m2) / (2.0 * h));
            unsteady += (coarse - fine).abs() + (coarse_bend - 2.0 * bend).abs();
        }
        let size = if changed { size } else { size_of_all };
        Some(Estimate { value, error, rounding, rounding_of_all, slopes, size, changed, unsteady })
    }

    /// Compares a derivative by the tape with finite differences, from a step of a thousandth of x downwards to the
    /// step at which truncation and rounding are least.
    pub(super) fn judge(&self, analytic: f64, tolerance: Tolerance) -> Result<Verdict> {
        const STEPS: usize = 100;
        let first = f64::powi(2.0, -9 - self.reach.max(1.0).log2().ceil() as i32);
        let mut pairs: [Option<Pair>; 3] = [None, None, None];
        let mut best: Option<Estimate> = None;
        let mut kink_at_first = None;
        let mut least_rounding = f64::INFINITY;
        for step in 0..STEPS {
            let t = first * f64::powi(2.0, -(step as i32));
            let Some(pair) = self.pair(t)? else { break };
            pairs.rotate_left(1);
            pairs[2] = Some(pair);
            let [Some(far), Some(near), Some(nearer)] = &pairs else { continue };
            let Some(found) = self.estimate(t, [far, near, nearer]) else { continue };
            kink_at_first.get_or_insert(found.unsteady);
            if found.agrees(analytic, tolerance) && found.tells(tolerance) {
                return Ok(Verdict::Right((analytic - found.value).abs()));
            }
            let rounding = if found.changed { found.rounding } else { found.rounding_of_all };
            least_rounding = least_rounding.min(rounding);
            let grows = rounding > 4.0 * least_rounding;
            let last = found.steady() && found.rounding >= found.error && grows;
            if best.as_ref().is_none_or(|best| found.better_than(best)) {
                best = Some(found);
            }
            if last {
                break;
            }
        }
        let Some(best) = best else { return Ok(Verdict::NotFinite) };
        let (numeric, off) = (best.value, (analytic - best.value).abs());
        let by = 2.0 * best.rounding_of_all;
        if off <= by || best.agrees(analytic, tolerance) {
            return Ok(Verdict::Rounded { numeric, by, kink: kink_at_first.is_some_and(|kink| kink > by) });
        }
        Ok(Verdict::Wrong { numeric, kink: best.unsteady > 0.1 * off })
    }
}
