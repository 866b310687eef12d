//! Lines in one coordinate system.

use crate::svg::padding;
use crate::{Area, COLORS, DrawingError, FONT, LABELS, Ticks, padded, svg};
use autograd_core::Result;
use plotters::prelude::*;
use std::ops::Range;
use std::path::Path;

/// A picture of lines: names of axes, and for each line its name and its points.
///
/// Points that are not finite interrupt a line, and so do those at or below 0 on a logarithmic axis.
///
/// # Examples
/// ```
/// use wengert_plot::Lines;
/// let path = std::env::temp_dir().join(format!("wengert-lines-{}.svg", std::process::id()));
/// let halves = (0..20).map(|i| (0.5_f64.powi(i), f64::from(i))).collect();
/// let lines = Lines::new("learning rate", "loss").title("halves").size(400, 300).log_x(true).start_at_0(true);
/// lines.line("steps", halves).mark("the fifth", (0.03125, 5.0)).write("example", &path)?;
/// let picture = std::fs::read_to_string(&path).map_err(autograd_core::Error::user)?;
/// assert!(["halves", "learning rate", "loss", "steps", "the fifth"].iter().all(|text| picture.contains(text)));
/// # std::fs::remove_file(&path).map_err(autograd_core::Error::user)?;
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Lines {
    labels: [String; 2],
    title: Option<String>,
    size: (u32, u32),
    log_x: bool,
    start_at_0: bool,
    lines: Vec<(String, Points)>,
    marks: Vec<(String, (f64, f64))>,
}

type Points = Vec<(f64, f64)>;

impl Lines {
    /// A picture without lines, with these names below and beside it.
    pub fn new(x: impl Into<String>, y: impl Into<String>) -> Lines {
        let labels = [x.into(), y.into()];
        let size = (480, 280);
        Lines { labels, title: None, size, log_x: false, start_at_0: false, lines: Vec::new(), marks: Vec::new() }
    }

    /// A line above the picture. By default there is none.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Lines {
        self.title = Some(title.into());
        self
    }

    /// Width and height in pixels. Default 480 and 280.
    #[must_use]
    pub fn size(mut self, width: u32, height: u32) -> Lines {
        self.size = (width, height);
        self
    }

    /// Whether equal ways to the right are equal factors. Default false.
    #[must_use]
    pub fn log_x(mut self, log_x: bool) -> Lines {
        self.log_x = log_x;
        self
    }

    /// Whether the axis of y reaches down to 0, if all values are above. Default false.
    #[must_use]
    pub fn start_at_0(mut self, start_at_0: bool) -> Lines {
        self.start_at_0 = start_at_0;
        self
    }

    /// A line through these points.
    #[must_use]
    pub fn line(mut self, name: impl Into<String>, points: Vec<(f64, f64)>) -> Lines {
        self.lines.push((name.into(), points));
        self
    }

    /// A dot, with a name.
    #[must_use]
    pub fn mark(mut self, name: impl Into<String>, at: (f64, f64)) -> Lines {
        self.marks.push((name.into(), at));
        self
    }

    /// Draws it and writes it as SVG; `op` begins the text of an error.
    ///
    /// # Errors
    /// If the file is named as another format (`.png`), or cannot be written.
    pub fn write(&self, op: &str, path: impl AsRef<Path>) -> Result<()> {
        self.write_to(op, path.as_ref())
    }

    fn write_to(&self, op: &str, path: &Path) -> Result<()> {
        svg(op, path, self.size, |area| self.draw(area))
    }

    /// The place of a point on the axes; none if it has none.
    fn place(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        let x = if self.log_x { x.log10() } else { x };
        (x.is_finite() && y.is_finite()).then_some((x, y))
    }

    fn draw(&self, area: &Area<'_>) -> Result<(), DrawingError> {
        area.fill(&WHITE)?;
        let points = self.lines.iter().flat_map(|(_, points)| points).chain(self.marks.iter().map(|(_, at)| at));
        let (xs, ys): (Vec<f64>, Vec<f64>) = points.filter_map(|point| self.place(*point)).unzip();
        let (x_range, mut y_range) = (tight(&xs), padded(ys.iter().copied()));
        if self.start_at_0 && ys.iter().all(|y| *y >= 0.0) {
            y_range.start = 0.0;
        }
        let (x_ticks, ticks) = (Ticks::of(&x_range), Ticks::of(&y_range));
        let mut builder = ChartBuilder::on(area);
        if let Some(title) = &self.title {
            builder.caption(title, (FONT, 17));
        }
        let mut chart = builder
            .margin(10)
            .x_label_area_size(40)
            .y_label_area_size(ticks.width(&y_range))
            .build_cartesian_2d(x_range, y_range)?;
        chart
            .configure_mesh()
            .x_desc(&self.labels[0])
            .y_desc(&self.labels[1])
            .x_labels(LABELS)
            .y_labels(6)
            .x_label_formatter(&|x| if self.log_x { power_of_ten(*x) } else { x_ticks.label(*x) })
            .y_label_formatter(&|y| ticks.label(*y))
            .label_style((FONT, 13))
            .axis_desc_style((FONT, 14))
            .light_line_style(TRANSPARENT)
            .bold_line_style(BLACK.mix(0.12))
            .draw()?;
        for ((name, points), color) in self.lines.iter().zip(COLORS.iter().cycle()) {
            let mut pieces = self.pieces(points).into_iter();
            let style = color.stroke_width(2);
            let first = pieces.next().unwrap_or_default();
            let named = chart.draw_series(std::iter::once(PathElement::new(first, style)))?;
            named.label(padding(name)).legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
            chart.draw_series(pieces.map(|piece| PathElement::new(piece, style)))?;
        }
        for (name, at) in &self.marks {
            let dot = self.place(*at).map(|at| Circle::new(at, 5, COLORS[3].filled()));
            let named = chart.draw_series(dot)?;
            named.label(padding(name)).legend(|(x, y)| Circle::new((x + 9, y), 5, COLORS[3].filled()));
        }
        if self.lines.len() + self.marks.len() > 1 {
            chart
                .configure_series_labels()
                .position(SeriesLabelPosition::UpperRight)
                .background_style(WHITE.mix(0.85))
                .border_style(BLACK.mix(0.4))
                .label_font((FONT, 13))
                .draw()?;
        }
        Ok(())
    }

    /// The parts of a line between points that have no place, without points that a straight line passes.
    fn pieces(&self, points: &[(f64, f64)]) -> Vec<Points> {
        let mut pieces = vec![Points::new()];
        for point in points {
            let last = pieces.len() - 1;
            let Some(place) = self.place(*point) else {
                if !pieces[last].is_empty() {
                    pieces.push(Points::new());
                }
                continue;
            };
            let piece = &mut pieces[last];
            let level = |n: usize| piece.len().checked_sub(n).is_some_and(|i| piece[i].1 == place.1);
            if level(1) && level(2) {
                piece.pop();
            }
            piece.push(place);
        }
        pieces
    }
}

/// The range from the lowest to the highest; never empty.
fn tight(values: &[f64]) -> Range<f64> {
    let range = padded(values.iter().copied());
    let ends = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)));
    if ends.0 < ends.1 && (ends.1 - ends.0).is_finite() { ends.0..ends.1 } else { range }
}

/// `1e-5`, and `3.2e-5` between two powers.
fn power_of_ten(exponent: f64) -> String {
    if (exponent - exponent.round()).abs() < 1e-6 {
        format!("1e{}", exponent.round())
    } else {
        format!("{:.1e}", 10_f64.powf(exponent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_where_there_is_no_point_and_level_parts_are_two_points() {
        let lines = Lines::new("x", "y");
        let pieces = |ys: &[f64]| lines.pieces(&ys.iter().enumerate().map(|(i, y)| (i as f64, *y)).collect::<Vec<_>>());
        assert_eq!(pieces(&[1.0, 1.0, 1.0, 1.0, 2.0]), [vec![(0.0, 1.0), (3.0, 1.0), (4.0, 2.0)]]);
        assert_eq!(pieces(&[f64::NAN, 1.0, f64::NAN, f64::INFINITY, 2.0]), [vec![(1.0, 1.0)], vec![(4.0, 2.0)]]);
        assert_eq!(lines.clone().log_x(true).pieces(&[(0.0, 1.0), (100.0, 1.0)]), [vec![(2.0, 1.0)]]);
    }

    #[test]
    fn anything_can_be_drawn() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("lines.svg");
        let huge = vec![(1.0, f64::MAX), (2.0, f64::MIN), (3.0, 0.0)];
        for points in [vec![], vec![(1.0, 1.0)], vec![(f64::NAN, 1.0)], huge, vec![(-1e300, 1.0), (1e300, 2.0)]] {
            for log_x in [false, true] {
                let lines = Lines::new("\u{1}<&", "").title("").log_x(log_x).start_at_0(true);
                lines.line("a", points.clone()).line("", points.clone()).write("test", &path).expect("it can be drawn");
                let text = std::fs::read_to_string(&path).expect("just written");
                assert!(text.trim_end().ends_with("</svg>") && !text.contains('\u{1}') && !text.contains("<&"));
            }
        }
        let error = Lines::new("x", "y").write("test", dir.path().join("a.png")).expect_err("no SVG").to_string();
        assert!(error.starts_with("test: only SVG is drawn"), "{error}");
    }
}
