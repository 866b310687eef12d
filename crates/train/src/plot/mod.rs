//! Pictures as SVG files.

mod confusion;
mod curves;

pub use confusion::plot_confusion;

use autograd_core::module::write_whole;
use autograd_core::{Error, ErrorKind, Result};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::path::Path;

/// The area that is drawn on.
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// An error of the drawing library.
type DrawingError = Box<dyn std::error::Error>;

const FONT: &str = "sans-serif";
const BLUE_LINE: RGBColor = RGBColor(31, 119, 180);
const ORANGE_LINE: RGBColor = RGBColor(255, 127, 14);

/// An error if the name of a file says that it holds something else than SVG.
fn check_name(op: &str, path: &Path) -> Result<()> {
    match path.extension() {
        Some(extension) if !extension.eq_ignore_ascii_case("svg") => {
            let (path, svg) = (path.display(), path.with_extension("svg"));
            let text = format!("{op}: only SVG is drawn, not what {path} is by its name; call it {}", svg.display());
            Err(Error::new(ErrorKind::Argument, text))
        }
        _ => Ok(()),
    }
}

/// Draws a picture and writes it: aside first, then renamed.
fn svg(
    op: &str,
    path: &Path,
    size: (u32, u32),
    draw: impl FnOnce(&Area<'_>) -> Result<(), DrawingError>,
) -> Result<()> {
    check_name(op, path)?;
    let mut text = String::new();
    let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
    let drawn = draw(&area).and_then(|()| Ok(area.present()?));
    drop(area);
    drawn.map_err(|e| Error::new(ErrorKind::Io, format!("{}: {e}", path.display())))?;
    write_whole(path, text.as_bytes())
}

/// Text centred on its position.
fn centred(size: u32, color: &RGBColor) -> TextStyle<'_> {
    TextStyle::from((FONT, size).into_font()).color(color).pos(Pos::new(HPos::Center, VPos::Center))
}
