//! Margins put around planes, and taken away.

mod constant;
mod copies;
mod cropping;

pub use constant::{ConstantPad1d, ConstantPad2d, ConstantPad3d, ZeroPad1d, ZeroPad2d, ZeroPad3d};
pub use copies::*;
pub use cropping::{Cropping1d, Cropping2d, Cropping3d};

use autograd_core::{Error, PadMode, PerDim, Result, Tensor};

/// The input with these margins around its last dims: one number for all sides, or two for each dim.
fn padded(name: &'static str, x: &Tensor, padding: &PerDim, dims: usize, mode: PadMode) -> Result<Tensor> {
    let must = format!("one number or {}", 2 * dims);
    let margins = padding.each(2 * dims).ok_or_else(|| Error::argument(name, "padding", padding, must))?;
    x.pad(&margins, mode)
}
