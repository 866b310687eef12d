//! Margins put around planes, and taken away.

mod constant;
mod copies;
mod cropping;

pub use constant::{ConstantPad1d, ConstantPad2d, ConstantPad3d, ZeroPad1d, ZeroPad2d, ZeroPad3d};
pub use copies::*;
pub use cropping::{Cropping1d, Cropping2d, Cropping3d};

use autograd_core::{Error, PadMode, PerDim, Result, Tensor};

/// The inputs that have margins of copies, for each number of dims.
const COPIED: [&str; 3] = ["[N, C, L] or [C, L]", "[N, C, H, W] or [C, H, W]", "[N, C, D, H, W] or [C, D, H, W]"];

/// The input with these margins around its last dims: one number for all sides, or two for each dim.
fn padded(name: &'static str, x: &Tensor, padding: &PerDim, dims: usize, mode: PadMode) -> Result<Tensor> {
    let must = format!("one number or {}", 2 * dims);
    let margins = padding.each(2 * dims).ok_or_else(|| Error::argument(name, "padding", padding, must))?;
    if !matches!(mode, PadMode::Constant(_)) && ![dims + 1, dims + 2].contains(&x.rank()) {
        return Err(Error::shape(name, "the input", x.shape(), COPIED[dims - 1]));
    }
    x.pad(&margins, mode)
}
