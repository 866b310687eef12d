//! A confusion matrix as a picture.

use autograd_core::{Error, Result, Tensor};
use std::path::Path;
use wengert_plot::plotters::prelude::*;
use wengert_plot::{Area, DrawingError, centred, svg};

/// Side of a cell.
const CELL: i32 = 46;
/// Room for the labels on the left and above.
const MARGIN: i32 = 84;
/// Room on the right and below.
const EDGE: i32 = 24;
/// Beyond this the picture would be too large to be looked at.
const MAX_CLASSES: usize = 200;

/// Draws a [`confusion_matrix`](crate::confusion_matrix) as SVG: the counts, on a blue that is darker where the share
/// of the true class (of the row) is larger.
///
/// # Shapes
/// `matrix: [K, K]` I64, `1 ≤ K ≤ 200`.
///
/// # Errors
/// If the matrix is of another shape or dtype, the file is named as another format (`.png`), or it cannot be written.
///
/// # Examples
/// ```no_run
/// # use autograd_core::Tensor;
/// wengert_train::plot_confusion(&Tensor::from([[9, 1], [0, 8]]), "confusion.svg")?;
/// # Ok::<(), wengert_train::Error>(())
/// ```
pub fn plot_confusion(matrix: &Tensor, path: impl AsRef<Path>) -> Result<()> {
    plot_to(matrix, path.as_ref())
}

fn plot_to(matrix: &Tensor, path: &Path) -> Result<()> {
    let classes = match *matrix.shape() {
        [rows, columns] if rows == columns && (1..=MAX_CLASSES).contains(&rows) => rows,
        _ => {
            let expected = format!("[K, K] with K from 1 to {MAX_CLASSES}");
            return Err(Error::shape("plot_confusion", "the matrix", matrix.shape(), expected));
        }
    };
    let counts = matrix.to_vec::<i64>()?;
    let side = MARGIN + CELL * classes as i32;
    let size = ((side + EDGE) as u32, (side + EDGE) as u32);
    svg("plot_confusion", path, size, |area| draw(area, &counts, classes))
}

fn draw(area: &Area<'_>, counts: &[i64], classes: usize) -> Result<(), DrawingError> {
    area.fill(&WHITE)?;
    let side = CELL * classes as i32;
    let centre = |i: usize| MARGIN + CELL * i as i32 + CELL / 2;
    let middle = MARGIN + side / 2;
    area.draw(&Text::new("predicted class", (middle, 30), centred(18, &BLACK)))?;
    let upright = centred(18, &BLACK).transform(FontTransform::Rotate270);
    area.draw(&Text::new("true class", (30, middle), upright))?;
    for (t, row) in counts.chunks(classes).enumerate() {
        area.draw(&Text::new(t.to_string(), (MARGIN - 18, centre(t)), centred(15, &BLACK)))?;
        area.draw(&Text::new(t.to_string(), (centre(t), MARGIN - 18), centred(15, &BLACK)))?;
        let total = row.iter().map(|count| *count as f64).sum::<f64>();
        for (p, count) in row.iter().enumerate() {
            let share = if total > 0.0 { (*count as f64 / total).clamp(0.0, 1.0) } else { 0.0 };
            let corner = (MARGIN + CELL * p as i32, MARGIN + CELL * t as i32);
            let cell = [corner, (corner.0 + CELL, corner.1 + CELL)];
            area.draw(&Rectangle::new(cell, blue(share).filled()))?;
            let ink = match (*count, share) {
                (0, _) => RGBColor(170, 170, 170),
                (_, share) if share > 0.5 => WHITE,
                _ => BLACK,
            };
            let size = if *count < 10_000 { 15 } else { 10 };
            area.draw(&Text::new(count.to_string(), (centre(p), centre(t)), centred(size, &ink)))?;
        }
    }
    let frame = [(MARGIN, MARGIN), (MARGIN + side, MARGIN + side)];
    area.draw(&Rectangle::new(frame, BLACK.mix(0.5).stroke_width(1)))?;
    Ok(())
}

/// From white to dark blue.
fn blue(share: f64) -> RGBColor {
    let towards = |end: f64| (255.0 + (end - 255.0) * share).round() as u8;
    RGBColor(towards(8.0), towards(48.0), towards(107.0))
}
