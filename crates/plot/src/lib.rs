//! Small pictures as SVG files.
//!
//! ```
//! use wengert_plot::Lines;
//! let path = std::env::temp_dir().join(format!("wengert-parabola-{}.svg", std::process::id()));
//! let points = (0..20).map(|i| (f64::from(i), f64::from(i * i))).collect();
//! Lines::new("x", "y").line("x²", points).write("example", &path)?;
//! assert!(std::fs::read_to_string(&path).is_ok_and(|picture| picture.starts_with("<svg")));
//! # std::fs::remove_file(&path).map_err(autograd_core::Error::user)?;
//! # Ok::<(), autograd_core::Error>(())
//! ```

#![forbid(unsafe_code)]

mod contour;
mod level;
mod lines;
mod svg;
mod ticks;

pub use contour::Contour;
pub use lines::Lines;
/// The drawing library.
pub use plotters;
pub use svg::{Area, COLORS, DrawingError, FONT, centred, svg};
pub use ticks::{LABELS, Ticks, padded};
