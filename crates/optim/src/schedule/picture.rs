//! The rates of a schedule as a picture.

use super::{Schedule, at_least_1};
use autograd_core::{Error, ErrorKind, Result};
use std::path::Path;
use wengert_plot::Lines;

/// Of a longer schedule as many steps are shown.
const SHOWN: u64 = 240;

pub(super) fn draw(schedule: &dyn Schedule, base: f64, steps: u64, path: &Path) -> Result<()> {
    at_least_1("plot", "steps", steps)?;
    schedule.check()?;
    schedule.check_steps(steps)?;
    let points = shown(steps).map(|step| match schedule.rate(base, step) {
        rate if rate.is_finite() => Ok((step as f64, rate)),
        rate => Err(Error::new(ErrorKind::NotFinite, format!("plot: the rate at step {step} is {rate}"))),
    });
    let points = points.collect::<Result<Vec<_>>>()?;
    let (low, high) = points.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), (_, y)| (low.min(*y), high.max(*y)));
    // What changes little is seen only by itself.
    Lines::new("step", "rate").start_at_0(low < high / 2.0).line("rate", points).write("plot", path)
}

/// All steps, or some of them at equal distances, with the first and the last.
fn shown(steps: u64) -> impl Iterator<Item = u64> {
    let last = steps - 1;
    let count = last.min(SHOWN - 1);
    // In 128 bits: a schedule may be as long as steps can be counted.
    let nth = move |i: u64| u128::from(i) * u128::from(last) / u128::from(count.max(1));
    (0..=count).map(move |i| u64::try_from(nth(i)).unwrap_or(last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{ExponentialLR, OneCycleLR, StepLR};

    #[test]
    fn steps_that_are_shown() {
        assert_eq!(shown(1).collect::<Vec<_>>(), [0]);
        assert_eq!(shown(3).collect::<Vec<_>>(), [0, 1, 2]);
        for steps in [239, 240, 241, 1000, u64::MAX] {
            let shown: Vec<u64> = shown(steps).collect();
            assert_eq!((shown[0], shown.last()), (0, Some(&(steps - 1))));
            assert!(shown.len() as u64 == steps.min(SHOWN) && shown.is_sorted_by(|a, b| a < b), "{steps}");
        }
    }

    #[test]
    fn pictures_and_refusals() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("rates.svg");
        OneCycleLR::new(1000).plot(0.1, 1000, &path).expect("writable");
        let svg = std::fs::read_to_string(&path).expect("just written");
        assert!(svg.len() < 20_000 && ["step", "rate"].iter().all(|text| svg.contains(text)), "{} bytes", svg.len());
        let boxed: Box<dyn Schedule> = Box::new(StepLR::new(9));
        boxed.plot(0.0, u64::MAX, &path).expect("writable");
        let refused = |outcome: Result<()>| outcome.expect_err("refused").to_string();
        assert_eq!(refused(StepLR::new(9).plot(0.1, 0, &path)), "plot: steps is 0, it must be at least 1");
        assert_eq!(refused(StepLR::new(0).plot(0.1, 9, &path)), "StepLR: step_size is 0, it must be at least 1");
        let long = OneCycleLR::new(9).plot(0.1, 10, &path);
        assert_eq!(refused(long), "OneCycleLR: it has rates for 9 steps, there are 10");
        assert_eq!(refused(ExponentialLR::new(1e200).plot(0.1, 9, &path)), "plot: the rate at step 2 is inf");
        assert!(refused(StepLR::new(9).plot(0.1, 9, dir.path().join("a.png"))).starts_with("plot: only SVG is drawn"));
    }
}
