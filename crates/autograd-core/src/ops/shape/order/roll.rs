//! Dimensions rotated.

use super::remap::Remap;
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::remap::{Segment, Source};
use crate::ops::check::Check;
use crate::tape::{Pull, Pullback, record};
use crate::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

/// The distance that each dimension is rotated by.
type Shifts = SmallVec<[usize; 4]>;

impl Tensor {
    /// The elements moved by `shifts[k]` places along `dims[k]`; what leaves at one end comes in at the other. A
    /// negative shift moves towards the front; shifts of a dim that is named several times add up. Without dims there
    /// is one shift, of all elements in row-major order. A copy.
    ///
    /// # Gradient
    /// gy moved back. Saves the shifts.
    ///
    /// # Errors
    /// If there are no shifts, there are not as many as dims, or a dim is out of range.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
    /// assert_eq!(x.roll(&[1], &[1])?.to_vec::<i64>()?, [3, 1, 2, 6, 4, 5]);
    /// assert_eq!(x.roll(&[-1], &[])?.to_vec::<i64>()?, [2, 3, 4, 5, 6, 1]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn roll(&self, shifts: &[isize], dims: &[isize]) -> Result<Tensor> {
        if let ([shift], []) = (shifts, dims) {
            let line = self.flatten(0, -1)?;
            let shift = if line.numel() == 0 { 0 } else { shift.rem_euclid(line.numel() as isize) as usize };
            return rolled(&line, smallvec![shift])?.reshape_to(self.shape());
        }
        if shifts.is_empty() && dims.is_empty() {
            return Err(Error::new(ErrorKind::Argument, "roll: there are no shifts".to_string()));
        }
        if shifts.len() != dims.len() {
            let text = format!("roll: {} shifts for {} dims; there is one for each", shifts.len(), dims.len());
            return Err(Error::new(ErrorKind::Argument, text));
        }
        let mut by = Shifts::from_elem(0, self.rank());
        for (shift, dim) in shifts.iter().zip(dims) {
            let (d, size) = Check("roll").sized_dim(*dim, self.shape())?;
            if size > 1 {
                by[d] = (by[d] + shift.rem_euclid(size as isize) as usize) % size;
            }
        }
        rolled(self, by)
    }
}

/// The tensor with each dim rotated by less than its size, recorded.
fn rolled(x: &Tensor, by: Shifts) -> Result<Tensor> {
    let segments = |(size, by): (&usize, &usize)| match by {
        0 => Segment::whole(*size),
        by => smallvec![
            Segment { len: *by, from: Source::Forward(size - by) },
            Segment { len: size - by, from: Source::Forward(0) }
        ],
    };
    let value = Remap::new("roll", x.shape().iter().zip(&by).map(segments).collect()).value(x, 0.0)?;
    Ok(record("roll", value, &[x], |_| Roll { by }))
}

struct Roll {
    by: Shifts,
}

impl Pullback for Roll {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        let back = |(by, size): (&usize, &usize)| if *by == 0 { 0 } else { size - by };
        at.give(0, || rolled(gy, self.by.iter().zip(gy.shape()).map(back).collect()))
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::real(&[2, 3, 4], -2.0..2.0)];
    let last =
        |x: &[Vec<f64>]| (0..24).map(|i| x[0][(i / 12 + 1) % 2 * 12 + i / 4 % 3 * 4 + (i % 4 + 3) % 4]).collect();
    [
        Case::new("roll", x(), |x| x[0].roll(&[-3, 9], &[0, -1]))
            .value(last)
            .refuses(|x| x[0].roll(&[1, 2], &[0]), "roll: 2 shifts for 1 dims; there is one for each")
            .refuses(|x| x[0].roll(&[], &[]), "roll: there are no shifts")
            .refuses(|x| x[0].roll(&[], &[0]), "roll: 0 shifts for 1 dims; there is one for each")
            .refuses(
                |x| x[0].sum().roll(&[1], &[0]),
                "roll: dim 0 is out of range for shape [] (here a scalar has no dim)",
            )
            .refuses(|x| x[0].roll(&[1], &[3]), "roll: dim 3 is out of range for shape [2, 3, 4] (−3 to 2)"),
        Case::new("roll twice along a dim", x(), |x| x[0].roll(&[1, 1], &[1, 1]))
            .value(|x| (0..24).map(|i| x[0][i / 12 * 12 + (i / 4 % 3 + 1) % 3 * 4 + i % 4]).collect()),
        Case::new("roll of all elements", x(), |x| x[0].roll(&[5], &[]))
            .value(|x| (0..24).map(|i| x[0][(i + 19) % 24]).collect()),
    ]
}];
