//! Convolutions, their transposes, and the windows they are made of.

mod convolution;
mod fold;
mod options;
mod separable;
mod transpose;

pub use convolution::{Conv1d, Conv2d, Conv3d};
pub use fold::{Fold, Unfold};
pub use options::ConvOptions;
pub use separable::*;
pub use transpose::{ConvTranspose1d, ConvTranspose2d, ConvTranspose3d, ConvTransposeOptions};

use crate::init::Starts;
use autograd_core::check::Check;
use autograd_core::module::Param;
use autograd_core::{PerDim, Result};
use rand::Rng;

/// The sizes of a layer's weight.
struct Sizes<'a> {
    name: &'static str,
    channels: [usize; 2],
    kernel: &'a PerDim,
    dims: usize,
    groups: usize,
}

impl Sizes<'_> {
    /// `[first / .., second / groups, K..]` of the input and output channels in the order given by `of`.
    fn checked(&self, of: impl Fn([usize; 2]) -> [usize; 2]) -> Result<Vec<usize>> {
        let (check, [inputs, outputs], dims) = (Check(self.name), self.channels, self.dims);
        for (what, size) in [("in_channels", inputs), ("out_channels", outputs), ("groups", self.groups)] {
            check.require(size > 0, what, size, "at least 1")?;
        }
        let sizes = self.kernel.each(dims).unwrap_or_default();
        let valid = !sizes.is_empty() && sizes.iter().all(|size| *size > 0);
        check.require(valid, "kernel_size", self.kernel, format!("at least 1, one number or {dims}"))?;
        let divides = inputs.is_multiple_of(self.groups) && outputs.is_multiple_of(self.groups);
        let must = format!("a divisor of {inputs} and {outputs}, the channels");
        check.require(divides, "groups", self.groups, must)?;
        let [first, second] = of(self.channels);
        let kernel = sizes.into_iter().map(isize::unsigned_abs);
        Ok([first, second / self.groups].into_iter().chain(kernel).collect())
    }
}

/// Weight and bias as they start: by default uniform in `±1/√n`, n numbers for each element of the weight's first dim.
fn start(
    name: &'static str,
    starts: &Starts,
    shape: &[usize],
    bias: Option<usize>,
    rng: &mut dyn Rng,
) -> Result<(Param, Option<Param>)> {
    let fan_in: f64 = shape[1..].iter().map(|size| *size as f64).product();
    starts.draw(name, 1.0 / fan_in.sqrt(), shape, bias.as_ref().map(std::slice::from_ref), rng)
}
