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

/// Draws a picture and writes it: aside first, then renamed.
fn svg(path: &Path, size: (u32, u32), draw: impl FnOnce(&Area<'_>) -> Result<(), DrawingError>) -> Result<()> {
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
