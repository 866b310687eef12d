//! A function of two numbers, and paths over it.

use crate::level::Grid;
use crate::svg::padding;
use crate::{Area, COLORS, DrawingError, FONT, Ticks, svg};
use autograd_core::{Error, ErrorKind, Result};
use plotters::prelude::*;
use std::ops::Range;
use std::path::Path;

/// Cells of the grid in each direction.
const CELLS: usize = 90;
/// The number of level lines by default.
const LEVELS: usize = 14;

/// A picture of level lines of a function f(x, y), with paths over it: those of optimizers.
///
/// As many of the picture lie between two neighbouring lines as between any other two, so that valleys are seen
/// whatever the function's range is; low lines are dark. A path begins with a dot and ends with a ring; what of it lies
/// outside is left out, and it ends where a number is not finite.
///
/// # Examples
/// ```
/// use wengert_plot::Contour;
/// let path = std::env::temp_dir().join(format!("wengert-contour-{}.svg", std::process::id()));
/// let down = (0..20).map(|k| (0.9 * 0.8_f64.powi(k), 0.7 * 0.5_f64.powi(k))).collect();
/// let picture = Contour::new(|x, y| x * x + 4.0 * y * y, -1.0..1.0, -1.0..1.0).title("a bowl").size(500, 400);
/// picture.levels(10).path("descent", down).mark((0.0, 0.0)).write("example", &path)?;
/// assert!(std::fs::read_to_string(&path).is_ok_and(|picture| picture.contains("descent")));
/// # std::fs::remove_file(&path).map_err(autograd_core::Error::user)?;
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Contour {
    x: Range<f64>,
    y: Range<f64>,
    values: Vec<f64>,
    title: Option<String>,
    size: (u32, u32),
    levels: usize,
    paths: Vec<(String, Vec<(f64, f64)>)>,
    marks: Vec<(f64, f64)>,
}

impl Contour {
    /// A picture of f over a range of x and one of y, without paths.
    pub fn new(f: impl Fn(f64, f64) -> f64, x: Range<f64>, y: Range<f64>) -> Contour {
        let at = |range: &Range<f64>, i: usize| range.start + (range.end - range.start) * i as f64 / CELLS as f64;
        let corners = (0..=CELLS).flat_map(|row| (0..=CELLS).map(move |column| (column, row)));
        let values = corners.map(|(column, row)| f(at(&x, column), at(&y, row))).collect();
        let (paths, marks) = (Vec::new(), Vec::new());
        Contour { x, y, values, title: None, size: (640, 520), levels: LEVELS, paths, marks }
    }

    /// A line above the picture. By default there is none.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Contour {
        self.title = Some(title.into());
        self
    }

    /// Width and height in pixels. Default 640 and 520.
    #[must_use]
    pub fn size(mut self, width: u32, height: u32) -> Contour {
        self.size = (width, height);
        self
    }

    /// The number of level lines. Default 14.
    #[must_use]
    pub fn levels(mut self, levels: usize) -> Contour {
        self.levels = levels;
        self
    }

    /// A path through these points, with a name.
    #[must_use]
    pub fn path(mut self, name: impl Into<String>, points: Vec<(f64, f64)>) -> Contour {
        self.paths.push((name.into(), points));
        self
    }

    /// A cross at a point: a minimum.
    #[must_use]
    pub fn mark(mut self, at: (f64, f64)) -> Contour {
        self.marks.push(at);
        self
    }

    /// Draws it and writes it as SVG; `op` begins the text of an error.
    ///
    /// # Errors
    /// If a range is empty or not finite, the file is named as another format (`.png`), or it cannot be written.
    pub fn write(&self, op: &str, path: impl AsRef<Path>) -> Result<()> {
        self.write_to(op, path.as_ref())
    }

    fn write_to(&self, op: &str, path: &Path) -> Result<()> {
        for (name, range) in [("x", &self.x), ("y", &self.y)] {
            if !(range.start < range.end && (range.end - range.start).is_finite()) {
                let text = format!("{op}: the range of {name} is {range:?}, it must be finite and not empty");
                return Err(Error::new(ErrorKind::Argument, text));
            }
        }
        svg(op, path, self.size, |area| self.draw(area))
    }

    /// Levels with as many values between each two; each once.
    fn heights(&self) -> Vec<f64> {
        let mut values: Vec<f64> = self.values.iter().copied().filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        // More levels than values are no others.
        let levels = self.levels.min(values.len());
        let part = |i: usize| values.get(values.len() * i / (levels + 1)).copied();
        let mut heights: Vec<f64> = (1..=levels).filter_map(part).collect();
        heights.dedup();
        heights
    }

    fn draw(&self, area: &Area<'_>) -> Result<(), DrawingError> {
        area.fill(&WHITE)?;
        let [x_ticks, ticks] = [&self.x, &self.y].map(Ticks::of);
        let mut builder = ChartBuilder::on(area);
        if let Some(title) = &self.title {
            builder.caption(title, (FONT, 18));
        }
        let mut chart = builder
            .margin(12)
            .x_label_area_size(28)
            .y_label_area_size(44)
            .build_cartesian_2d(self.x.clone(), self.y.clone())?;
        chart
            .configure_mesh()
            .disable_mesh()
            .x_labels(8)
            .y_labels(8)
            .x_label_formatter(&|x| x_ticks.label(*x))
            .y_label_formatter(&|y| ticks.label(*y))
            .label_style((FONT, 13))
            .draw()?;
        let cell = ((self.x.end - self.x.start) / CELLS as f64, (self.y.end - self.y.start) / CELLS as f64);
        let grid = Grid { columns: CELLS, rows: CELLS, values: self.values.clone() };
        let heights = self.heights();
        for (i, height) in heights.iter().enumerate() {
            let color = shade((i + 1) as f64 / heights.len() as f64);
            let place = |(x, y): (f64, f64)| (self.x.start + x * cell.0, self.y.start + y * cell.1);
            let lines = grid.lines(*height).into_iter().map(|line| line.into_iter().map(place).collect::<Vec<_>>());
            chart.draw_series(lines.map(|line| PathElement::new(self.thinned(line, 5.0), color.stroke_width(1))))?;
        }
        let inside =
            |(x, y): &(f64, f64)| (self.x.start..=self.x.end).contains(x) && (self.y.start..=self.y.end).contains(y);
        chart.draw_series(
            self.marks.iter().filter(|at| inside(at)).map(|at| Cross::new(*at, 6, BLACK.stroke_width(2))),
        )?;
        for ((name, points), color) in self.paths.iter().zip(COLORS.iter().cycle()) {
            let finite = |(x, y): &&(f64, f64)| x.is_finite() && y.is_finite();
            let points: Vec<(f64, f64)> = points.iter().take_while(finite).copied().collect();
            let ends = [points.first(), points.last()].map(|end| end.copied().filter(|end| inside(end)));
            let style = color.stroke_width(2);
            let pieces = self.pieces(&points).into_iter();
            let named = chart.draw_series(pieces.map(|piece| PathElement::new(self.thinned(piece, 2.0), style)))?;
            named.label(padding(name)).legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
            chart.draw_series(ends[0].map(|at| Circle::new(at, 4, color.filled())))?;
            chart.draw_series(ends[1].map(|at| Circle::new(at, 5, style)))?;
        }
        if !self.paths.is_empty() {
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

    /// The parts of a path inside the picture.
    fn pieces(&self, points: &[(f64, f64)]) -> Vec<Vec<(f64, f64)>> {
        let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
        for pair in points.windows(2) {
            let Some((from, to)) = self.clipped(pair[0], pair[1]) else { continue };
            match pieces.last_mut().filter(|piece| piece.last() == Some(&from)) {
                Some(piece) => piece.push(to),
                None => pieces.push(vec![from, to]),
            }
        }
        pieces
    }

    /// The part of a straight line inside the picture, after Liang and Barsky.
    fn clipped(&self, from: (f64, f64), to: (f64, f64)) -> Option<((f64, f64), (f64, f64))> {
        let (mut first, mut last) = (0.0_f64, 1.0_f64);
        for (start, end, range) in [(from.0, to.0, &self.x), (from.1, to.1, &self.y)] {
            let way = end - start;
            // From one end of all numbers to the other there is no part of a line to tell.
            if !way.is_finite() {
                return None;
            }
            if way == 0.0 {
                if start < range.start || start > range.end {
                    return None;
                }
                continue;
            }
            let (a, b) = ((range.start - start) / way, (range.end - start) / way);
            (first, last) = (first.max(a.min(b)), last.min(a.max(b)));
        }
        let at = |w: f64| match w {
            0.0 => from,
            1.0 => to,
            _ => (from.0 + (to.0 - from.0) * w, from.1 + (to.1 - from.1) * w),
        };
        (first <= last).then(|| (at(first), at(last)))
    }

    /// A line without points that are less than so many pixels from the one before.
    fn thinned(&self, line: Vec<(f64, f64)>, pixels: f64) -> Vec<(f64, f64)> {
        let pixel = |range: &Range<f64>, size: u32| (range.end - range.start) / f64::from(size.max(1));
        let (width, height) = (pixel(&self.x, self.size.0), pixel(&self.y, self.size.1));
        let mut thin: Vec<(f64, f64)> = Vec::new();
        let count = line.len();
        for (i, (x, y)) in line.into_iter().enumerate() {
            let far = thin.last().is_none_or(|(a, b)| ((x - a) / width).hypot((y - b) / height) >= pixels);
            if far || i + 1 == count {
                thin.push((x, y));
            }
        }
        thin
    }
}

/// From dark to light blue.
fn shade(part: f64) -> RGBColor {
    let between = |low: f64, high: f64| (low + (high - low) * part).round() as u8;
    RGBColor(between(8.0, 205.0), between(48.0, 220.0), between(107.0, 238.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cut_at_the_border() {
        let picture = Contour::new(|x, y| x + y, 0.0..1.0, 0.0..1.0);
        let pieces = picture.pieces(&[(-0.5, 0.5), (0.5, 0.5), (0.5, 1.5), (0.25, 2.0), (0.25, 0.5), (1.25, 0.5)]);
        let expected = [vec![(0.0, 0.5), (0.5, 0.5), (0.5, 1.0)], vec![(0.25, 1.0), (0.25, 0.5), (1.0, 0.5)]];
        assert_eq!(pieces, expected);
        assert!(picture.pieces(&[(2.0, 0.0), (2.0, 1.0)]).is_empty() && picture.pieces(&[(0.1, 0.1)]).is_empty());
        // A distance that is no number.
        assert!(picture.pieces(&[(1e308, 0.5), (-1e308, 0.5)]).is_empty());
    }

    #[test]
    fn anything_can_be_drawn_and_is_small() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let file = dir.path().join("contour.svg");
        let functions: [fn(f64, f64) -> f64; 5] = [
            |x, y| (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2),
            |_, _| 1.0,
            |_, _| f64::NAN,
            |x, y| (1e300 * x).exp() + y,
            |x, y| 20.0 + x * x + y * y - 10.0 * ((6.3 * x).cos() + (6.3 * y).cos()),
        ];
        for f in functions {
            let spiral = (0..2000).map(|k| 0.004 * f64::from(k)).map(|t| (t * t.cos(), t * t.sin())).collect();
            let diverged = vec![(0.0, 0.0), (1.0, 1.0), (f64::NAN, 0.0), (0.0, 0.0)];
            let picture = Contour::new(f, -2.0..2.0, -1.0..3.0).path("a spiral", spiral).path("\u{1}", diverged);
            picture.path("nothing", Vec::new()).mark((1.0, 1.0)).mark((9.0, 9.0)).write("test", &file).expect("drawn");
            let most = Contour::new(f, 0.0..1.0, 0.0..1.0).levels(usize::MAX).heights().len();
            assert!(most <= (CELLS + 1) * (CELLS + 1), "{most}");
            let size = std::fs::metadata(&file).expect("just written").len();
            assert!(size < 100_000, "{size} bytes");
        }
        for range in [1.0..1.0, 1.0..0.0, 0.0..f64::INFINITY, f64::NAN..1.0, f64::MIN..f64::MAX] {
            let error = Contour::new(|x, _| x, range.clone(), 0.0..1.0).write("test", &file).expect_err("no range");
            let text = format!("test: the range of x is {range:?}, it must be finite and not empty");
            assert_eq!(error.to_string(), text);
        }
    }
}
