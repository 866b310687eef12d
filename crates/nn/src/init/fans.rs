//! The fans of a weight: the values that go into, and come out of, one of its units.

use autograd_core::Error;
use autograd_core::Result;

/// The fans of a weight.
///
/// # Examples
/// ```
/// use wengert_nn::init::{Fans, fans};
/// let Fans { fan_in, fan_out } = fans(&[10, 784])?;
/// assert_eq!((fan_in, fan_out), (784, 10));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fans {
    /// Values that go into one output.
    pub fan_in: usize,
    /// Outputs that one value goes into.
    pub fan_out: usize,
}

/// The pass whose variance an initialiser keeps, and so the fan it scales by.
///
/// # Examples
/// ```
/// use wengert_nn::init::{FanMode, Nonlinearity, kaiming_normal};
/// let start = kaiming_normal().nonlinearity(Nonlinearity::Linear);
/// assert_eq!(start.mode(FanMode::FanIn).distribution(&[4, 100])?.std(), 0.1);
/// assert_eq!(start.mode(FanMode::FanOut).distribution(&[4, 100])?.std(), 0.5);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FanMode {
    /// The forward pass: the variance of the values stays the same.
    #[default]
    FanIn,
    /// The backward pass: the variance of the gradients stays the same.
    FanOut,
    /// Both as far as can be, by the mean of the fans.
    FanAvg,
}

impl FanMode {
    /// The fan it scales by.
    pub(super) fn fan(self, fans: Fans) -> f64 {
        let (fan_in, fan_out) = (fans.fan_in as f64, fans.fan_out as f64);
        match self {
            FanMode::FanIn => fan_in,
            FanMode::FanOut => fan_out,
            FanMode::FanAvg => 0.5 * (fan_in + fan_out),
        }
    }
}

/// The fans of a weight of this shape.
///
/// # Shapes
/// `[K, D]`, or `[K, D, ..]` with the size of a kernel, which counts in both.
///
/// # Errors
/// If there are fewer than two dimensions, or a fan is too large to be counted.
///
/// # Examples
/// ```
/// use wengert_nn::init::{Fans, fans};
/// assert_eq!(fans(&[10, 1, 3, 3])?, Fans { fan_in: 9, fan_out: 90 });
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn fans(shape: &[usize]) -> Result<Fans> {
    let [out, inner, kernel @ ..] = shape else {
        return Err(Error::shape("fans", "the weight", shape, "at least two dimensions"));
    };
    let product = |first: &usize| kernel.iter().try_fold(*first, |product, size| product.checked_mul(*size));
    match (product(inner), product(out)) {
        (Some(fan_in), Some(fan_out)) => Ok(Fans { fan_in, fan_out }),
        _ => Err(Error::too_large("fans", shape)),
    }
}

impl Fans {
    /// A weight without elements has no variance to keep.
    pub(super) fn not_empty(self, shape: &[usize]) -> Result<()> {
        if self.fan_in == 0 || self.fan_out == 0 {
            return Err(Error::shape("fans", "the weight", shape, "sizes of at least 1"));
        }
        Ok(())
    }
}
