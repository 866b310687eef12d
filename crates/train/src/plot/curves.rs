//! Learning curves.

use crate::history::History;
use crate::history::width::printable;
use autograd_core::Result;
use std::path::Path;
use wengert_plot::plotters::prelude::*;
use wengert_plot::{Area, COLORS, DrawingError, FONT, LABELS, Ticks, padded, svg};

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
    let mut names = history.names();
    names.retain(|name| history.epochs.iter().any(|epoch| epoch.train.get(name).is_some()));
    if names.is_empty() {
        names.push("loss".into());
    }
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
    let mut series = vec![("train", points(name), COLORS[0])];
    if history.epochs.iter().any(|epoch| epoch.get(&valid).is_some()) {
        series.push(("valid", points(&valid), COLORS[1]));
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
