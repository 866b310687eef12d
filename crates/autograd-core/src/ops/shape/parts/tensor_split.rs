//! Parts along a dimension by their number or by the places of the cuts.

use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::ops::shape::slice::Slice;
use crate::ops::shape::strided::cut;
use crate::shape::Dim;
use crate::tensor::Tensor;
use smallvec::SmallVec;

/// The cuts of a dimension: a number of parts of nearly one size, or the places before which it is cut.
///
/// # Examples
/// ```
/// use autograd_core::{Sections, Tensor};
/// let x = Tensor::from([1, 2, 3, 4, 5]);
/// let sizes = |sections: Sections| Ok::<_, autograd_core::Error>(
///     x.tensor_split(sections, 0)?.iter().map(|part| part.numel()).collect::<Vec<_>>(),
/// );
/// assert_eq!(sizes(3.into())?, [2, 2, 1]);
/// assert_eq!(sizes([1, 4].into())?, [1, 3, 1]);
/// assert_eq!(sizes([2, -1].into())?, [2, 2, 1]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sections(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Number(isize),
    Places(SmallVec<[isize; 4]>),
}

impl<D: Dim> From<&[D]> for Sections {
    fn from(places: &[D]) -> Sections {
        Sections(Kind::Places(places.iter().map(|place| place.signed()).collect()))
    }
}

macro_rules! numbers {
    ($($t:ty)*) => {$(
        impl From<$t> for Sections {
            fn from(number: $t) -> Sections {
                Sections(Kind::Number(number.signed()))
            }
        }
        impl<const N: usize> From<[$t; N]> for Sections {
            fn from(places: [$t; N]) -> Sections {
                Sections::from(&places[..])
            }
        }
    )*};
}
// A literal without a type is an `i32`.
numbers!(i32 isize usize);

impl Tensor {
    /// Parts along `dim`: as many as `sections` says, of which the first are larger by one where the size does not
    /// divide, or cut before the places that it lists. Places are those of Python's slices: negative ones count from
    /// the end, and they are clamped. Views.
    ///
    /// # Gradient
    /// That of [`Tensor::narrow`], for each part.
    ///
    /// # Errors
    /// If the dim is out of range or the number of parts is below 1.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let parts = Tensor::from([1, 2, 3, 4, 5]).tensor_split(2, 0)?;
    /// assert_eq!(parts[0].to_vec::<i64>()?, [1, 2, 3]);
    /// let parts = Tensor::from([1, 2, 3, 4, 5]).tensor_split([1, 3], 0)?;
    /// assert_eq!(parts[1].to_vec::<i64>()?, [2, 3]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn tensor_split(&self, sections: impl Into<Sections>, dim: impl Dim) -> Result<Vec<Tensor>> {
        tensor_split_of(self, sections.into(), dim.signed())
    }

    /// [`Tensor::tensor_split`] along the columns, dim 1; for a vector, along dim 0. A number of parts must divide the
    /// size.
    ///
    /// # Errors
    /// If the tensor is a scalar, or the number of parts is below 1 or does not divide the size.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let parts = Tensor::from([[1, 2], [3, 4]]).hsplit(2)?;
    /// assert_eq!(parts[1].to_vec::<i64>()?, [2, 4]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn hsplit(&self, sections: impl Into<Sections>) -> Result<Vec<Tensor>> {
        even("hsplit", self, usize::from(self.rank() > 1), "at least one dimension", &sections.into())
    }

    /// [`Tensor::tensor_split`] along the rows, dim 0. A number of parts must divide the size.
    ///
    /// # Errors
    /// If the tensor has fewer than two dimensions, or the number of parts is below 1 or does not divide the size.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let parts = Tensor::from([[1, 2], [3, 4]]).vsplit([1])?;
    /// assert_eq!(parts[1].to_vec::<i64>()?, [3, 4]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn vsplit(&self, sections: impl Into<Sections>) -> Result<Vec<Tensor>> {
        vsplit_of(self, sections.into())
    }

    /// [`Tensor::tensor_split`] along depth, dim 2. A number of parts must divide the size.
    ///
    /// # Errors
    /// If the tensor has fewer than three dimensions, or the number of parts is below 1 or does not divide the size.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let parts = Tensor::from([[[1, 2], [3, 4]]]).dsplit(2)?;
    /// assert_eq!(parts[0].to_vec::<i64>()?, [1, 3]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn dsplit(&self, sections: impl Into<Sections>) -> Result<Vec<Tensor>> {
        even("dsplit", self, 2, "at least three dimensions", &sections.into())
    }
}

fn tensor_split_of(x: &Tensor, sections: Sections, dim: isize) -> Result<Vec<Tensor>> {
    let (d, size) = Check("tensor_split").sized_dim(dim, x.shape())?;
    parts("tensor_split", x, d, size, &sections)
}

fn vsplit_of(x: &Tensor, sections: Sections) -> Result<Vec<Tensor>> {
    let d = if x.rank() < 2 { usize::MAX } else { 0 };
    even("vsplit", x, d, "at least two dimensions", &sections)
}

fn even(op: &'static str, x: &Tensor, d: usize, expected: &str, sections: &Sections) -> Result<Vec<Tensor>> {
    let Some(&size) = x.shape().get(d) else {
        return Err(Error::shape(op, "the tensor", x.shape(), expected));
    };
    if let Kind::Number(number) = &sections.0
        && *number > 0
        && !size.is_multiple_of(*number as usize)
    {
        let text = format!("{op}: dim {d} of size {size} has no {number} equal parts; tensor_split makes unequal ones");
        return Err(Error::new(ErrorKind::Argument, text));
    }
    parts(op, x, d, size, sections)
}

fn parts(op: &'static str, x: &Tensor, dim: usize, size: usize, sections: &Sections) -> Result<Vec<Tensor>> {
    let part = |start: usize, end: usize| cut(Slice { op, dim, start, step: 1, len: end.saturating_sub(start) }, x);
    match &sections.0 {
        Kind::Number(number) => {
            Check(op).require(*number > 0, "sections", number, "at least 1")?;
            let number = *number as usize;
            Check(op).list(number)?;
            let (each, larger) = (size / number, size % number);
            let before = |i: usize| i * each + i.min(larger);
            Ok((0..number).map(|i| part(before(i), before(i + 1))).collect())
        }
        Kind::Places(places) => {
            let clamped = |place: &isize| {
                let from_front = if *place < 0 { place.saturating_add_unsigned(size) } else { *place };
                from_front.clamp(0, size as isize) as usize
            };
            let cuts = places.iter().map(clamped).chain([size]);
            let mut start = 0;
            Ok(cuts.map(|end| part(std::mem::replace(&mut start, end), end)).collect())
        }
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let turned = |parts: Vec<Tensor>, dim: isize| Tensor::cat(&parts.iter().rev().collect::<Vec<_>>(), dim);
    let pick = |order: &'static [usize]| move |x: &[Vec<f64>]| order.iter().map(|i| x[0][*i]).collect();
    let columns = [3, 4, 1, 2, 0, 8, 9, 6, 7, 5];
    let matrix = || vec![Input::real(&[2, 5], -2.0..2.0)];
    [
        Case::new("tensor_split", matrix(), move |x| turned(x[0].tensor_split(3, -1)?, 1))
            .value(pick(&[4, 2, 3, 0, 1, 9, 7, 8, 5, 6]))
            .refuses(move |x| turned(x[0].tensor_split(0, 1)?, 1), "tensor_split: sections is 0, it must be at least 1")
            .refuses(
                move |x| turned(x[0].tensor_split(1_usize << 50, 1)?, 1),
                "tensor_split: 1125899906842624 parts are more than memory holds",
            )
            .refuses(
                move |x| turned(x[0].tensor_split(1, 2)?, 1),
                "tensor_split: dim 2 is out of range for shape [2, 5] (−2 to 1)",
            ),
        Case::new("tensor_split at places", matrix(), move |x| turned(x[0].tensor_split([1, -2, 9], 1)?, 1))
            .value(move |x| columns.iter().map(|i| x[0][*i]).collect()),
        Case::new("hsplit", vec![Input::real(&[4], -2.0..2.0)], move |x| turned(x[0].hsplit(2)?, 0))
            .value(pick(&[2, 3, 0, 1]))
            .refuses(
                move |x| turned(x[0].hsplit(3)?, 0),
                "hsplit: dim 0 of size 4 has no 3 equal parts; tensor_split makes unequal ones",
            )
            .refuses(
                move |x| turned(x[0].sum().hsplit(1)?, 0),
                "hsplit: the tensor has shape [], expected at least one dimension",
            ),
        Case::new("vsplit", vec![Input::real(&[3, 2], -2.0..2.0)], move |x| turned(x[0].vsplit([1])?, 0))
            .value(pick(&[2, 3, 4, 5, 0, 1]))
            .refuses(
                move |x| turned(x[0].flatten(0, 1)?.vsplit([1])?, 0),
                "vsplit: the tensor has shape [6], expected at least two dimensions",
            )
            .refuses(move |x| turned(x[0].vsplit(-1)?, 0), "vsplit: sections is -1, it must be at least 1"),
        Case::new("dsplit", vec![Input::real(&[1, 2, 2], -2.0..2.0)], move |x| turned(x[0].dsplit(2)?, 2))
            .value(pick(&[1, 0, 3, 2]))
            .refuses(
                move |x| turned(x[0].select(0, 0)?.dsplit(2)?, 2),
                "dsplit: the tensor has shape [2, 2], expected at least three dimensions",
            ),
    ]
}];
