//! Areas to draw on, and the files they become.

use autograd_core::module::write_whole;
use autograd_core::{Error, ErrorKind, Result};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::path::Path;

/// The area that is drawn on.
pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// An error of the drawing library.
pub type DrawingError = Box<dyn std::error::Error>;

/// The font of all text.
pub const FONT: &str = "sans-serif";

/// Colours of lines that are easily told apart, the most different first.
pub const COLORS: [RGBColor; 10] = [
    RGBColor(31, 119, 180),
    RGBColor(255, 127, 14),
    RGBColor(44, 160, 44),
    RGBColor(214, 39, 40),
    RGBColor(148, 103, 189),
    RGBColor(140, 86, 75),
    RGBColor(227, 119, 194),
    RGBColor(23, 190, 207),
    RGBColor(188, 189, 34),
    RGBColor(90, 90, 90),
];

/// An error if the name of a file says that it holds something else than SVG.
fn check_name(op: &str, path: &Path) -> Result<()> {
    match path.extension() {
        Some(extension) if !extension.eq_ignore_ascii_case("svg") => {
            // The end of a number is no extension: `loss-0.5` and `loss-0.1` are two pictures.
            let is_number = extension.to_string_lossy().starts_with(|c: char| c.is_ascii_digit());
            let svg = match is_number {
                true => format!("{}.svg", path.display()),
                false => path.with_extension("svg").display().to_string(),
            };
            let path = path.display();
            let text = format!("{op}: only SVG is drawn, not what {path} is by its name; call it {svg}");
            Err(Error::new(ErrorKind::Argument, text))
        }
        _ => Ok(()),
    }
}

/// Draws a picture and writes it: aside first, then renamed.
///
/// # Errors
/// If the file is named as another format (`.png`), drawing fails, or the file cannot be written. `op` begins the text.
///
/// # Examples
/// ```
/// use wengert_plot::{plotters::prelude::WHITE, svg};
/// let path = std::env::temp_dir().join(format!("wengert-white-{}.svg", std::process::id()));
/// svg("example", &path, (20, 10), |area| Ok(area.fill(&WHITE)?))?;
/// assert!(std::fs::read_to_string(&path).is_ok_and(|picture| picture.contains("#FFFFFF")));
/// # std::fs::remove_file(&path).map_err(autograd_core::Error::user)?;
/// let error = svg("example", "white.png".as_ref(), (20, 10), |_| Ok(())).expect_err("no SVG by its name");
/// assert!(error.to_string().starts_with("example: only SVG is drawn"));
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn svg(
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
    // Names may hold what no XML document may.
    let text: String = text.chars().map(|c| if is_xml(c) { c } else { char::REPLACEMENT_CHARACTER }).collect();
    write_whole(path, text.as_bytes())
}

/// Whether XML 1.0 has the character.
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// The name of a line with room behind it: the drawing library takes letters to be narrower than they are.
pub(crate) fn padding(name: &str) -> String {
    format!("{name}   ")
}

/// Text centred on its position.
///
/// # Examples
/// ```
/// use wengert_plot::{centred, plotters::prelude::BLACK};
/// assert_eq!(centred(15, &BLACK).font.get_size(), 15.0);
/// ```
pub fn centred(size: u32, color: &RGBColor) -> TextStyle<'_> {
    TextStyle::from((FONT, size).into_font()).color(color).pos(Pos::new(HPos::Center, VPos::Center))
}
