//! Margins around a tensor.

use crate::error::{Error, ErrorKind, Result};
use crate::kernels::remap::{Segment, Segments, Source};
use crate::ops::shape::order::remap::Remap;
use crate::tensor::Tensor;
use smallvec::SmallVec;

/// The elements of a margin that [`Tensor::pad`] puts around a tensor.
///
/// # Examples
/// ```
/// # use autograd_core::{PadMode, Tensor};
/// let x = Tensor::from([1, 2, 3]);
/// let padded = |mode| x.pad(&[2, 1], mode)?.to_vec::<i64>();
/// assert_eq!(padded(PadMode::Constant(0.0))?, [0, 0, 1, 2, 3, 0]);
/// assert_eq!(padded(PadMode::Reflect)?, [3, 2, 1, 2, 3, 2]);
/// assert_eq!(padded(PadMode::Replicate)?, [1, 1, 1, 2, 3, 3]);
/// assert_eq!(padded(PadMode::Circular)?, [2, 3, 1, 2, 3, 1]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PadMode {
    /// This number, rounded to the tensor's dtype; one of `I64` takes whole numbers.
    Constant(f64),
    /// The elements seen in a mirror at the edge, which is not repeated. A margin must be smaller than the dim.
    Reflect,
    /// The element at the edge.
    Replicate,
    /// The elements at the other end. A margin must not be larger than the dim.
    Circular,
}

impl Tensor {
    /// The tensor with margins: `pad[0]` elements before and `pad[1]` behind those of the last dim, `pad[2]` and
    /// `pad[3]` around the dim before it, and so on. A negative number takes elements away.
    ///
    /// # Gradient
    /// gy of an element and of all its copies in the margins, added up; a constant margin has none. Saves the margins.
    ///
    /// # Errors
    /// If the margins are not pairs, more of them than dims, or too wide for the mode; or if more is taken away than
    /// there is (all of it, where copies are to be made of it).
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{PadMode, Tensor};
    /// let x = Tensor::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.pad(&[0, 1, -1, 0], PadMode::Constant(9.0))?.to_vec::<i64>()?, [3, 4, 9]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # Differs from
    /// PyTorch: any mode pads any dims of a tensor of any rank; there, margins that are not constant are for the last
    /// one to three dims of layers' inputs.
    pub fn pad(&self, pad: &[isize], mode: PadMode) -> Result<Tensor> {
        let (pairs, []) = pad.as_chunks::<2>() else {
            let text = format!("pad: {} margins are not pairs, one for each of the last dims", pad.len());
            return Err(Error::new(ErrorKind::Argument, text));
        };
        if pairs.len() > self.rank() {
            let text =
                format!("pad: {} pairs of margins for {} dims (shape {:?})", pairs.len(), self.rank(), self.shape());
            return Err(Error::new(ErrorKind::Argument, text));
        }
        let mut margins: SmallVec<[(isize, isize); 4]> = SmallVec::from_elem((0, 0), self.rank());
        pairs.iter().zip(margins.iter_mut().rev()).for_each(|([before, behind], to)| *to = (*before, *behind));
        let segments = |(d, margins): (usize, &(isize, isize))| segments("pad", self, d, *margins, mode);
        let dims = margins.iter().enumerate().map(segments).collect::<Result<Vec<_>>>()?;
        let fill = if let PadMode::Constant(value) = mode { value } else { 0.0 };
        Remap::new("pad", dims).of(self, fill)
    }
}

/// The tensor with margins of one number before and behind each dim, recorded.
pub(in crate::ops) fn padded(op: &'static str, x: &Tensor, margins: &[(isize, isize)], value: f64) -> Result<Tensor> {
    let segments = |(d, margins): (usize, &(isize, isize))| segments(op, x, d, *margins, PadMode::Constant(value));
    Remap::new(op, margins.iter().enumerate().map(segments).collect::<Result<Vec<_>>>()?).of(x, value)
}

/// The segments of dim `d` with these margins.
fn segments(op: &'static str, x: &Tensor, d: usize, margins: (isize, isize), mode: PadMode) -> Result<Segments> {
    let size = x.shape()[d];
    let (before, behind) = margins;
    let too_large = || Error::too_large(op, x.shape());
    let length = (size as isize).checked_add(before).and_then(|n| n.checked_add(behind)).ok_or_else(too_large)?;
    if length < 0 {
        let text = format!("{op}: margins {before} and {behind} leave {length} elements of dim {d} of size {size}");
        return Err(Error::new(ErrorKind::Argument, text));
    }
    if length == 0 && margins != (0, 0) && !matches!(mode, PadMode::Constant(_)) {
        let text = format!("{op}: margins {before} and {behind} leave nothing of dim {d} of size {size} to be copied");
        return Err(Error::new(ErrorKind::Argument, text));
    }
    // A negative margin takes away: from the other margin, too, if the elements do not suffice.
    let (wide_before, wide_behind) = (before.max(0) as usize, behind.max(0) as usize);
    let (cut_before, cut_behind) = (before.min(0).unsigned_abs(), behind.min(0).unsigned_abs());
    let widest = wide_before.max(wide_behind);
    let refuse = |must: &str| {
        let text = format!("{op}: a margin of {widest} around dim {d} of size {size}; {must}");
        Err(Error::new(ErrorKind::Argument, text))
    };
    let whole = Segment { len: size, from: Source::Forward(0) };
    let [first, middle, last] = match mode {
        PadMode::Constant(_) => [Source::Fill, whole.from, Source::Fill],
        PadMode::Reflect if widest > 0 && widest >= size => return refuse("a reflected one must be smaller"),
        PadMode::Reflect => [Source::Backward(wide_before), whole.from, Source::Backward(size.saturating_sub(2))],
        PadMode::Replicate if widest > 0 && size == 0 => return refuse("there is nothing to replicate"),
        PadMode::Replicate => [Source::Same(0), whole.from, Source::Same(size.saturating_sub(1))],
        PadMode::Circular => {
            // In a circle, the elements that are taken away are not met again.
            let kept = size.saturating_sub(cut_before).saturating_sub(cut_behind);
            if widest > kept {
                return refuse("a circular one must not be larger than what is left of it");
            }
            let at = |from: usize, len: usize| Segment { len, from: Source::Forward(cut_before + from) };
            let all = [at(kept - wide_before, wide_before), at(0, kept), at(0, wide_behind)];
            return Ok(all.into_iter().filter(|segment| segment.len > 0).collect());
        }
    };
    let all = [(wide_before, first), (size, middle), (wide_behind, last)];
    let mut all: Segments = all.into_iter().map(|(len, from)| Segment { len, from }).collect();
    let (mut front, mut back) = (cut_before, cut_behind);
    for segment in &mut all {
        let cut = front.min(segment.len);
        front -= cut;
        segment.len -= cut;
        match &mut segment.from {
            Source::Forward(from) => *from += cut,
            Source::Backward(from) => *from = from.saturating_sub(cut),
            Source::Same(_) | Source::Fill => {}
        }
    }
    for segment in all.iter_mut().rev() {
        let cut = back.min(segment.len);
        back -= cut;
        segment.len -= cut;
    }
    all.retain(|segment| segment.len > 0);
    Ok(all)
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::real(&[2, 4], -2.0..2.0)];
    let rows = |order: &'static [usize]| {
        move |x: &[Vec<f64>]| (0..2).flat_map(|r| order.iter().map(move |i| x[0][r * 4 + i])).collect()
    };
    [
        Case::new("pad", x(), |x| x[0].pad(&[1, -1, 0, 1], PadMode::Constant(0.5)))
            .value(|x| (0..12).map(|i| if i % 4 > 0 && i < 8 { x[0][i / 4 * 4 + i % 4 - 1] } else { 0.5 }).collect())
            .refuses(
                |x| x[0].pad(&[1], PadMode::Replicate),
                "pad: 1 margins are not pairs, one for each of the last dims",
            )
            .refuses(
                |x| x[0].pad(&[1; 6], PadMode::Replicate),
                "pad: 3 pairs of margins for 2 dims (shape [2, 4])",
            )
            .refuses(
                |x| x[0].pad(&[-3, -2], PadMode::Constant(0.0)),
                "pad: margins -3 and -2 leave -1 elements of dim 1 of size 4",
            )
            .refuses(
                |x| x[0].pad(&[-3, -1], PadMode::Reflect),
                "pad: margins -3 and -1 leave nothing of dim 1 of size 4 to be copied",
            )
            .refuses(
                |x| x[0].pad(&[isize::MAX, 1], PadMode::Constant(0.0)),
                "pad: shape [2, 4] is too large (at most 64 dimensions, and no more bytes than memory holds)",
            )
            .refuses(
                |x| x[0].pad(&[1 << 59, 1], PadMode::Constant(0.0)),
                "pad: shape [2, 576460752303423493] is too large (at most 64 dimensions, and no more bytes than memory holds)",
            )
            .refuses(
                |x| x[0].pad(&[4, 0], PadMode::Reflect),
                "pad: a margin of 4 around dim 1 of size 4; a reflected one must be smaller",
            )
            .refuses(
                |x| x[0].pad(&[2, -3], PadMode::Circular),
                "pad: a margin of 2 around dim 1 of size 4; a circular one must not be larger than what is left of it",
            )
            .refuses(
                |x| x[0].narrow(1, 0, 0)?.pad(&[1, 0], PadMode::Replicate),
                "pad: a margin of 1 around dim 1 of size 0; there is nothing to replicate",
            ),
        Case::new("pad (reflect)", x(), |x| x[0].pad(&[3, 2], PadMode::Reflect))
            .value(rows(&[3, 2, 1, 0, 1, 2, 3, 2, 1])),
        Case::new("pad (reflect, cut)", x(), |x| x[0].pad(&[-2, 3], PadMode::Reflect)).value(rows(&[2, 3, 2, 1, 0])),
        Case::new("pad (replicate)", x(), |x| x[0].pad(&[2, 7], PadMode::Replicate))
            .value(rows(&[0, 0, 0, 1, 2, 3, 3, 3, 3, 3, 3, 3, 3])),
        Case::new("pad (circular)", x(), |x| x[0].pad(&[4, 2], PadMode::Circular))
            .value(rows(&[0, 1, 2, 3, 0, 1, 2, 3, 0, 1])),
        Case::new("pad (circular, cut)", x(), |x| x[0].pad(&[-1, 2], PadMode::Circular)).value(rows(&[1, 2, 3, 1, 2])),
        Case::new("pad of both dims", x(), |x| x[0].pad(&[0, 1, 1, 0], PadMode::Reflect))
            .value(|x| [4, 5, 6, 7, 6, 0, 1, 2, 3, 2, 4, 5, 6, 7, 6].map(|i| x[0][i]).to_vec()),
    ]
}];
