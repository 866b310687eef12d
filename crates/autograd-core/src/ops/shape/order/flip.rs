//! Dimensions reversed.

use super::remap::Remap;
use crate::error::{Error, Result};
use crate::kernels::remap::{Segment, Segments, Source};
use crate::ops::check::Check;
use crate::shape::{Dim, signed};
use crate::tape::{Pull, Pullback, record};
use crate::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

impl Tensor {
    /// The elements in reverse order along each of `dims`; a copy.
    ///
    /// # Gradient
    /// gy reversed likewise. Saves the dims.
    ///
    /// # Errors
    /// If a dim is out of range or named twice.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
    /// assert_eq!(x.flip(&[1])?.to_vec::<i64>()?, [3, 2, 1, 6, 5, 4]);
    /// assert_eq!(x.flip(&[0, 1])?.to_vec::<i64>()?, [6, 5, 4, 3, 2, 1]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn flip<D: Dim>(&self, dims: &[D]) -> Result<Tensor> {
        flip_of(self, &signed(dims))
    }

    /// The columns in reverse order: [`Tensor::flip`] along dim 1.
    ///
    /// # Errors
    /// If the tensor has fewer than two dimensions.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
    /// assert_eq!(x.fliplr()?.to_vec::<i64>()?, [3, 2, 1, 6, 5, 4]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn fliplr(&self) -> Result<Tensor> {
        if self.rank() < 2 {
            return Err(Error::shape("fliplr", "the tensor", self.shape(), "at least two dimensions"));
        }
        flipped("fliplr", self, &(0..self.rank()).map(|d| d == 1).collect::<Vec<_>>())
    }

    /// The rows in reverse order: [`Tensor::flip`] along dim 0.
    ///
    /// # Errors
    /// If the tensor is a scalar.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
    /// assert_eq!(x.flipud()?.to_vec::<i64>()?, [4, 5, 6, 1, 2, 3]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn flipud(&self) -> Result<Tensor> {
        if self.rank() < 1 {
            return Err(Error::shape("flipud", "the tensor", self.shape(), "at least one dimension"));
        }
        flipped("flipud", self, &(0..self.rank()).map(|d| d == 0).collect::<Vec<_>>())
    }
}

fn flip_of(x: &Tensor, dims: &[isize]) -> Result<Tensor> {
    // An empty list names no dim.
    let named = match dims.is_empty() {
        true => SmallVec::from_elem(false, x.rank()),
        false => Check("flip").dims(dims, x.shape())?,
    };
    flipped("flip", x, &named)
}

/// The tensor with the named dims reversed, recorded.
pub(super) fn flipped(op: &'static str, x: &Tensor, named: &[bool]) -> Result<Tensor> {
    let segments = |(size, named): (&usize, &bool)| -> Segments {
        let from = if *named && *size > 0 { Source::Backward(size - 1) } else { Source::Forward(0) };
        smallvec![Segment { len: *size, from }]
    };
    let value = Remap::new(op, x.shape().iter().zip(named).map(segments).collect()).value(x, 0.0)?;
    Ok(record(op, value, &[x], |_| Flip { op, named: SmallVec::from_slice(named) }))
}

struct Flip {
    op: &'static str,
    named: SmallVec<[bool; 4]>,
}

impl Pullback for Flip {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        at.give(0, || flipped(self.op, gy, &self.named))
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::real(&[2, 3, 4], -2.0..2.0)];
    let ends = |x: &[Vec<f64>]| (0..24).map(|i| x[0][(1 - i / 12) * 12 + i / 4 % 3 * 4 + 3 - i % 4]).collect();
    let middle = |x: &[Vec<f64>]| (0..24).map(|i| x[0][i / 12 * 12 + (2 - i / 4 % 3) * 4 + i % 4]).collect();
    let first = |x: &[Vec<f64>]| (0..24).map(|i| x[0][(i + 12) % 24]).collect();
    [
        Case::new("flip(0, -1)", x(), |x| x[0].flip(&[0, -1]))
            .value(ends)
            .refuses(|x| x[0].flip(&[3]), "flip: dim 3 is out of range for shape [2, 3, 4] (−3 to 2)")
            .refuses(|x| x[0].flip(&[0, -3]), "flip: dim 0 is named twice in [0, -3] (shape [2, 3, 4])"),
        Case::new("flip(1)", x(), |x| x[0].flip(&[1])).value(middle),
        Case::new("flip()", x(), |x| x[0].flip::<i32>(&[])).value(|x| x[0].clone()),
        Case::new("fliplr", x(), |x| x[0].fliplr()).value(middle).refuses(
            |x| x[0].select(0, 0)?.select(0, 0)?.fliplr(),
            "fliplr: the tensor has shape [4], expected at least two dimensions",
        ),
        Case::new("flipud", x(), |x| x[0].flipud())
            .value(first)
            .refuses(|x| x[0].sum().flipud(), "flipud: the tensor has shape [], expected at least one dimension"),
    ]
}];
