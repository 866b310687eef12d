//! Ranges of axes, and the numbers beside them.

use std::ops::Range;

/// How many numbers stand beside an axis at most.
pub const LABELS: usize = 8;

/// A range that holds all values, with some air above and below; 0 to 1 for none.
///
/// # Examples
/// ```
/// let range = wengert_plot::padded([2.0, 7.0].into_iter());
/// assert!(range.start < 2.0 && range.start > 1.0 && range.end > 7.0 && range.end < 8.0);
/// ```
pub fn padded(values: impl Iterator<Item = f64>) -> Range<f64> {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if low > high {
        return 0.0..1.0;
    }
    let air = match (high - low) * 0.06 {
        // Also where the difference is lost in rounding.
        air if air > 1e-9 * high.abs().max(low.abs()) && air.is_finite() => air,
        _ => high.abs().max(1e-3) * 0.1,
    };
    // The length of a picture's range is a number, too.
    let edge = f64::MAX / 4.0;
    let (start, end) = ((low - air).max(-edge), (high + air).min(edge));
    match start < end {
        true => start..end,
        // All of them are beyond.
        false if low > 0.0 => edge / 2.0..edge,
        false => -edge..-edge / 2.0,
    }
}

/// The form of the numbers beside an axis: as many digits as tell neighbours apart.
///
/// # Examples
/// ```
/// use wengert_plot::Ticks;
/// let ticks = Ticks::of(&(0.0..1.0));
/// assert_eq!((ticks.label(0.2), ticks.label(1.0)), ("0.2".to_string(), "1".to_string()));
/// assert!(ticks.width(&(0.0..1.0)) >= 64);
/// ```
pub struct Ticks {
    /// A distance that is small on the axis.
    step: f64,
    /// Whether numbers are in scientific form, because they are large or small.
    scientific: bool,
    /// Digits behind the point.
    digits: usize,
}

impl Ticks {
    /// Those of a range.
    pub fn of(range: &Range<f64>) -> Ticks {
        let step = (range.end - range.start) / LABELS as f64;
        let largest = range.start.abs().max(range.end.abs());
        let scientific = !(1e-3..1e5).contains(&largest);
        // One digit more than the step has: a tick lies on a multiple of 1, 2, 2.5 or 5.
        // A step that is 0, for ends that are too near, has as many digits as there are.
        let behind =
            1 - step.log10().floor().max(-400.0) as i64 + if scientific { largest.log10().floor() as i64 } else { 0 };
        Ticks { step, scientific, digits: behind.clamp(0, 17) as usize }
    }

    /// The text of a number.
    pub fn label(&self, y: f64) -> String {
        // 0, but for what rounding leaves of it.
        if y.abs() < self.step * 1e-6 {
            return "0".into();
        }
        let trimmed = |text: &str| match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
            false => text.to_string(),
        };
        if !self.scientific {
            return trimmed(&format!("{y:.*}", self.digits));
        }
        let text = format!("{y:.*e}", self.digits);
        text.split_once('e').map_or(text.clone(), |(number, exponent)| format!("{}e{exponent}", trimmed(number)))
    }

    /// Room for the longest label, in pixels.
    pub fn width(&self, range: &Range<f64>) -> u32 {
        let ends = [range.start, range.end, range.start + self.step / 3.0];
        let longest = ends.into_iter().map(|y| self.label(y).len() as u32).max().unwrap_or(0);
        (8 * longest + 24).max(64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plotters::coord::ranged1d::Ranged;
    use plotters::coord::types::RangedCoordf64;

    #[test]
    fn ranges_are_never_empty() {
        let range = |values: &[f64]| padded(values.iter().copied());
        assert_eq!(range(&[]), 0.0..1.0);
        assert_eq!(Ticks::of(&(1.0..1.0)).label(1.0), "1");
        for values in [&[0.0][..], &[5.0, 5.0], &[1e300, -1e300], &[f64::MAX, f64::MIN], &[1e-12, 2e-12]] {
            let range = range(values);
            assert!(range.start < range.end && (range.end - range.start).is_finite(), "{range:?}");
        }
    }

    #[test]
    fn ticks_are_short_and_differ() {
        let labels = |low: f64, high: f64| {
            let range = padded([low, high].into_iter());
            let (ticks, axis) = (Ticks::of(&range), RangedCoordf64::from(range));
            axis.key_points(LABELS).into_iter().map(|y| ticks.label(y)).collect::<Vec<_>>()
        };
        assert_eq!(labels(0.0, 1.0), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert_eq!(labels(0.9999, 0.99995).first().map(String::as_str), Some("0.9999"));
        assert_eq!(labels(2e-5, 8e-5).first().map(String::as_str), Some("2e-5"));
        assert_eq!(labels(0.0, 120_000.0).last().map(String::as_str), Some("1.2e5"));
        // The drawing library finds a single place for numbers on an axis shorter than 2e-16.
        let far = [1e-7, 3e-4, 0.1, 0.9999, 1.0, 7.0, 12_345.0, 99_999.0, 1e5, 1e20, 1e300];
        let near = [1e-8, 1e-6, 1e-4, 0.01, 0.5, 1.0, 100.0];
        for (low, relative) in far.into_iter().flat_map(|low| near.map(|near| (low, near))) {
            for (low, high) in [(low, low * (1.0 + relative)), (-low, low * relative)] {
                let all = labels(low, high);
                let mut distinct = all.clone();
                distinct.dedup();
                assert!(all.len() > 2 && distinct == all, "{low} to {high}: {all:?}");
                assert!(all.iter().all(|label| label.len() <= 18), "{low} to {high}: {all:?}");
            }
        }
    }
}
