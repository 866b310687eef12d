//! Pictures of runs, as SVG files.

mod confusion;
mod curves;

pub use confusion::plot_confusion;
