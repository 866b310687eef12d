//! Learning curves.

use super::{Area, BLUE_LINE, DrawingError, FONT, ORANGE_LINE, svg};
use crate::history::History;
use crate::history::width::printable;
use autograd_core::Result;
use plotters::prelude::*;
use std::ops::Range;
use std::path::Path;

/// How many numbers stand beside an axis at most.
const LABELS: usize = 8;

/// Width and height of the picture of one metric.
const PANEL: (u32, u32) = (560, 380);

impl History {
    /// Draws the learning curves as SVG: one picture for the loss and one for each metric, each with a line for the
    /// training and one for the validation set, if there is one.
    ///
    /// # Errors
    /// If the file is named as another format (`curves.png`), or cannot be written.
    ///
    /// # Examples
    /// ```
    /// # use wengert_train::History;
    /// let path = std::env::temp_dir().join(format!("wengert-curves-{}.svg", std::process::id()));
    /// History::default().plot(&path)?;
    /// assert!(std::fs::read_to_string(&path).is_ok_and(|picture| picture.starts_with("<svg")));
    /// # std::fs::remove_file(&path).map_err(wengert_train::Error::user)?;
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    pub fn plot(&self, path: impl AsRef<Path>) -> Result<()> {
        curves(self, path.as_ref())
    }
}

/// One picture for each metric, side by side.
fn curves(history: &History, path: &Path) -> Result<()> {
    let names: Vec<&str> =
        history.epochs.first().map_or(vec!["loss"], |epoch| epoch.train.iter().map(|m| m.0).collect());
    let size = (PANEL.0 * names.len() as u32, PANEL.1);
    svg("plot", path, size, |area| {
        area.fill(&WHITE)?;
        for (panel, name) in area.split_evenly((1, names.len())).iter().zip(&names) {
            draw(panel, history, name)?;
        }
        Ok(())
    })
}

fn draw(area: &Area<'_>, history: &History, name: &str) -> Result<(), DrawingError> {
    let points = |key: &str| -> Vec<(u64, f64)> {
        let all = history.epochs.iter().filter_map(|epoch| Some((epoch.epoch, epoch.get(key)?)));
        all.filter(|(_, value)| value.is_finite()).collect()
    };
    let valid = format!("val_{name}");
    let mut series = vec![("train", points(name), BLUE_LINE)];
    if history.epochs.iter().any(|epoch| epoch.get(&valid).is_some()) {
        series.push(("valid", points(&valid), ORANGE_LINE));
    }
    let last = history.epochs.last().map_or(1, |epoch| epoch.epoch).max(2);
    let values = || series.iter().flat_map(|(_, points, _)| points.iter().map(|(_, value)| *value));
    let range = padded(values());
    // The legend stands where the curves do not end: they end high if they rise.
    let middle = range.start + (range.end - range.start) / 2.0;
    let ends = series.iter().filter_map(|(_, points, _)| points.last());
    let rises = ends.fold(0.0, |sum, (_, value)| sum + (value - middle)) > 0.0;
    let corner = if rises { SeriesLabelPosition::LowerRight } else { SeriesLabelPosition::UpperRight };
    let ticks = Ticks::of(&range);
    let mut chart = ChartBuilder::on(area)
        .caption(printable(name), (FONT, 20))
        .margin(12)
        .x_label_area_size(42)
        .y_label_area_size(ticks.width(&range))
        .build_cartesian_2d(1..last, range)?;
    chart
        .configure_mesh()
        .x_desc("epoch")
        .x_labels(10)
        .y_labels(LABELS)
        .y_label_formatter(&|y| ticks.label(*y))
        .label_style((FONT, 14))
        .axis_desc_style((FONT, 15))
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.12))
        .draw()?;
    for (label, points, color) in series {
        let line = LineSeries::new(points.iter().copied(), color.stroke_width(2)).point_size(dot(points.len()));
        chart
            .draw_series(line)?
            .label(label)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 22, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(corner)
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.4))
        .label_font((FONT, 14))
        .draw()?;
    Ok(())
}

/// Points are shown where they are few: a single one makes no line.
fn dot(points: usize) -> u32 {
    if points <= 30 { 2 } else { 0 }
}

/// A range that holds all values, with some air above and below.
fn padded(values: impl Iterator<Item = f64>) -> Range<f64> {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if low > high {
        return 0.0..1.0;
    }
    let air = match (high - low) * 0.06 {
        // Also where the difference is lost in rounding.
        air if air > 1e-9 * high.abs().max(low.abs()) && air.is_finite() => air,
        _ => high.abs().max(1e-3) * 0.1,
    };
    (low - air).max(f64::MIN / 4.0)..(high + air).min(f64::MAX / 4.0)
}

/// The form of the numbers beside an axis: as many digits as tell neighbours apart.
struct Ticks {
    /// A distance that is small on the axis.
    step: f64,
    /// Whether numbers are in scientific form, because they are large or small.
    scientific: bool,
    /// Digits behind the point.
    digits: usize,
}

impl Ticks {
    fn of(range: &Range<f64>) -> Ticks {
        let step = (range.end - range.start) / LABELS as f64;
        let largest = range.start.abs().max(range.end.abs());
        let scientific = !(1e-3..1e5).contains(&largest);
        // One digit more than the step has: a tick lies on a multiple of 1, 2, 2.5 or 5.
        let behind = 1 - step.log10().floor() as i64 + if scientific { largest.log10().floor() as i64 } else { 0 };
        Ticks { step, scientific, digits: behind.clamp(0, 17) as usize }
    }

    fn label(&self, y: f64) -> String {
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

    /// Room for the longest label.
    fn width(&self, range: &Range<f64>) -> u32 {
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
