//! The options of transforms, and how dims, lengths and scale come from them.

use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::ops::reduce::dims::ReduceDims;
use crate::shape::{Dim, Shape};
use crate::tensor::Tensor;
use smallvec::SmallVec;

/// The direction of a transform that is scaled, and by how much.
///
/// # Examples
/// ```
/// use autograd_core::{Fft, FftNorm, Tensor};
/// let x = Tensor::from([1.0, 1.0, 1.0, 1.0]);
/// let first = |norm| x.rfft(Fft::new(0).norm(norm)).map(|(re, _)| re.to_f64s()[0]);
/// assert_eq!((first(FftNorm::Backward)?, first(FftNorm::Ortho)?, first(FftNorm::Forward)?), (4.0, 2.0, 1.0));
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FftNorm {
    /// The inverse, by 1 / n.
    #[default]
    Backward,
    /// Both, by 1 / √n, which keeps the sum of squares.
    Ortho,
    /// The transform that is no inverse, by 1 / n.
    Forward,
}

impl FftNorm {
    /// The factor of a transform of length n.
    fn scale(self, n: usize, inverse: bool) -> f64 {
        match (self, inverse) {
            (FftNorm::Ortho, _) => 1.0 / (n as f64).sqrt(),
            (FftNorm::Backward, true) | (FftNorm::Forward, false) => 1.0 / n as f64,
            (FftNorm::Backward, false) | (FftNorm::Forward, true) => 1.0,
        }
    }
}

/// A transform along one dimension; a number is the dimension alone.
///
/// # Examples
/// ```
/// use autograd_core::{Fft, FftNorm, Tensor};
/// let x = Tensor::from([1.0, 2.0, 3.0]);
/// let (re, im) = x.rfft(-1)?;
/// assert_eq!((re.shape(), im.shape()), (&[2][..], &[2][..]));
/// let (re, _) = x.rfft(Fft::new(-1).n(8).norm(FftNorm::Forward))?;
/// assert_eq!((re.shape(), re.to_vec::<f32>()?[0]), (&[5][..], 0.75));
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Fft {
    dim: isize,
    n: Option<usize>,
    norm: FftNorm,
}

impl Fft {
    /// Along this dimension.
    pub fn new(dim: impl Dim) -> Fft {
        Fft { dim: dim.signed(), n: None, norm: FftNorm::default() }
    }

    /// The length, at least 1: what is longer is cut off, what is shorter gets zeros behind it. By default the size of
    /// the dimension; of transforms that give real numbers, 2 (size − 1), and the length counts those.
    #[must_use]
    pub fn n(self, n: usize) -> Fft {
        Fft { n: Some(n), ..self }
    }

    /// How it is scaled; default [`FftNorm::Backward`].
    #[must_use]
    pub fn norm(self, norm: FftNorm) -> Fft {
        Fft { norm, ..self }
    }
}

impl<D: Dim> From<D> for Fft {
    fn from(dim: D) -> Fft {
        Fft::new(dim)
    }
}

/// A transform along several dimensions; a list of them, or `..` for all, is the dimensions alone.
///
/// # Examples
/// ```
/// use autograd_core::{FftN, FftNorm, Tensor};
/// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
/// let (re, im) = x.rfftn(..)?;
/// assert_eq!((re.shape(), re.to_vec::<f32>()?[0], im.to_vec::<f32>()?[0]), (&[2, 2][..], 21.0, 0.0));
/// let (re, _) = x.rfftn(FftN::new([0, 1]).s([4, 4]).norm(FftNorm::Ortho))?;
/// assert_eq!((re.shape(), re.to_vec::<f32>()?[0]), (&[4, 3][..], 5.25));
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct FftN {
    dims: ReduceDims,
    s: Option<SmallVec<[usize; 4]>>,
    norm: FftNorm,
}

impl FftN {
    /// Along these dimensions. For real numbers the last one named is the one of which half is left out.
    pub fn new(dims: impl Into<ReduceDims>) -> FftN {
        FftN { dims: dims.into(), s: None, norm: FftNorm::default() }
    }

    /// The length along each dimension, as in [`Fft::n`]. With `..` these are the last dimensions, one for each length.
    #[must_use]
    pub fn s(self, s: impl AsRef<[usize]>) -> FftN {
        FftN { s: Some(s.as_ref().into()), ..self }
    }

    /// How it is scaled; default [`FftNorm::Backward`].
    #[must_use]
    pub fn norm(self, norm: FftNorm) -> FftN {
        FftN { norm, ..self }
    }
}

impl<D: Into<ReduceDims>> From<D> for FftN {
    fn from(dims: D) -> FftN {
        FftN::new(dims)
    }
}

/// One dimension to transform, checked.
#[derive(Clone, Copy)]
pub(super) struct Pass {
    pub(super) dim: usize,
    pub(super) n: usize,
    pub(super) scale: f64,
}

/// What a transform gives: complex numbers, half of those of real numbers, or real numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Gives {
    Complex,
    Half,
    Real,
}

impl Fft {
    pub(super) fn read(self, op: &'static str, x: &Tensor, inverse: bool, gives: Gives) -> Result<Pass> {
        let (dim, size) = Check(op).sized_dim(self.dim, x.shape())?;
        pass(op, x, dim, length(op, "n", x, (dim, size), self.n, gives)?, self.norm, inverse)
    }
}

impl FftN {
    /// The dimensions in the order they were named.
    pub(super) fn read(self, op: &'static str, x: &Tensor, inverse: bool, gives: Gives) -> Result<SmallVec<[Pass; 4]>> {
        let dims: SmallVec<[usize; 4]> = match (self.dims.listed(op)?, &self.s) {
            (Some(dims), _) => {
                if !dims.is_empty() {
                    Check(op).dims(dims, x.shape())?;
                }
                dims.iter().map(|d| Check(op).sized_dim(*d, x.shape()).map(|(d, _)| d)).collect::<Result<_>>()?
            }
            (None, Some(s)) if s.len() <= x.rank() => (x.rank() - s.len()..x.rank()).collect(),
            (None, _) => (0..x.rank()).collect(),
        };
        if let Some(s) = self.s.as_ref().filter(|s| s.len() != dims.len()) {
            let (s, shape) = (s.as_slice(), Shape::from(x.shape()));
            let text = format!("{op}: s is {s:?} for {} dims (shape {shape}); there is one for each", dims.len());
            return Err(Error::new(ErrorKind::Argument, text));
        }
        if dims.is_empty() && gives != Gives::Complex {
            let text = format!("{op}: no dim is named (shape {:?}), and half of one is left out", x.shape());
            return Err(Error::new(ErrorKind::Dim, text));
        }
        let last = dims.len().saturating_sub(1);
        let passes = dims.iter().enumerate().map(|(i, dim)| {
            let n = self.s.as_ref().map(|s| s[i]);
            let gives = if i == last { gives } else { Gives::Complex };
            pass(op, x, *dim, length(op, "s", x, (*dim, x.shape()[*dim]), n, gives)?, self.norm, inverse)
        });
        passes.collect()
    }
}

/// The length of a transform along a dimension of this size.
fn length(
    op: &'static str,
    name: &str,
    x: &Tensor,
    (dim, size): (usize, usize),
    n: Option<usize>,
    gives: Gives,
) -> Result<usize> {
    if let Some(n) = n {
        Check(op).require(n > 0, name, n, "at least 1")?;
        return Ok(n);
    }
    let n = if gives == Gives::Real { size.saturating_sub(1).saturating_mul(2) } else { size };
    if n > 0 {
        return Ok(n);
    }
    let text =
        format!("{op}: the length along dim {dim} is 0 by default (shape {:?}); {name} gives another", x.shape());
    Err(Error::new(ErrorKind::Shape, text))
}

/// The most numbers that there are at once for each of a row of n: complex ones, roots of unity, room to work in.
fn numbers(n: usize) -> usize {
    // What these leave of n is convolved, unless it is one of the primes up to 31, for which rustfft has code.
    let mut left = n;
    for prime in [2, 3, 5, 7, 11] {
        while left > 0 && left.is_multiple_of(prime) {
            left /= prime;
        }
    }
    if left > 31 { 32 } else { 10 }
}

/// A checked dimension, of a length that there is room to work on.
fn pass(op: &'static str, x: &Tensor, dim: usize, n: usize, norm: FftNorm, inverse: bool) -> Result<Pass> {
    let mut shape: SmallVec<[usize; 4]> = x.shape().into();
    shape[dim] = n;
    let room = Check(op).room(&[n, numbers(n)], x.dtype()).and_then(|()| Check(op).room(&shape, x.dtype()));
    room.map_err(|_| Error::too_large(op, &shape))?;
    Ok(Pass { dim, n, scale: norm.scale(n, inverse) })
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn only_a_length_that_is_convolved_has_room_for_that() {
        for n in [1, 2, 31, 1 << 20, 2 * 3 * 5 * 7 * 11, 13 << 10, 29 * 6] {
            assert_eq!(numbers(n), 10, "{n}");
        }
        for n in [37, 13 * 13, 17 * 19 * 4, 1009, 37 << 10] {
            assert_eq!(numbers(n), 32, "{n}");
        }
    }
}
