//! Parts of several dimensions by one index that reads like Python's.

use super::pick::{Pick, Picks};
use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::ops::shape::strided::cut;
use crate::shape::Dim;
use crate::tensor::Tensor;
use smallvec::SmallVec;
use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

/// What [`Tensor::i`] takes of one dimension: a number, a range, [`step`] of a range, a vector of positions; or a
/// [`NewAxis`], or the [`Ellipsis`].
///
/// # Examples
/// ```
/// use autograd_core::{At, Tensor};
/// let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
/// // The rank is known at run time only: every second column, whatever comes before.
/// let mut index: Vec<At> = vec![(..).into(); x.rank() - 1];
/// index.push(autograd_core::step(.., 2));
/// assert_eq!(x.i(&index[..])?.to_vec::<i64>()?, [1, 3, 4, 6]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct At(Kind);

#[derive(Clone, Debug)]
enum Kind {
    One(isize),
    Range {
        start: Option<isize>,
        end: Option<isize>,
        step: usize,
    },
    Positions {
        index: Tensor,
        step: usize,
    },
    New,
    Rest,
    /// What can have no step, with one.
    NoStep,
}

/// In an index, a new dimension of size one.
///
/// # Examples
/// ```
/// # use autograd_core::{NewAxis, Tensor};
/// assert_eq!(Tensor::from([1, 2]).i((.., NewAxis))?.shape(), [2, 1]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct NewAxis;

/// In an index, as many whole dimensions as its other entries leave.
///
/// # Examples
/// ```
/// # use autograd_core::{Ellipsis, Tensor};
/// assert_eq!(Tensor::from([[[1, 2], [3, 4]]]).i((Ellipsis, 1))?.to_vec::<i64>()?, [2, 4]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Ellipsis;

/// In an index, every `step`-th element of a range, or of a tensor of positions.
///
/// # Examples
/// ```
/// # use autograd_core::{Tensor, step};
/// let x = Tensor::from([1, 2, 3, 4, 5]);
/// assert_eq!(x.i(step(1.., 2))?.to_vec::<i64>()?, [2, 4]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn step(range: impl Into<At>, step: usize) -> At {
    match range.into().0 {
        Kind::Range { start, end, step: before } => At(Kind::Range { start, end, step: before.saturating_mul(step) }),
        Kind::Positions { index, step: before } => At(Kind::Positions { index, step: before.saturating_mul(step) }),
        Kind::Rest | Kind::New if step != 1 => At(Kind::NoStep),
        // A single one stays; so does what has a step that it cannot have.
        other => At(other),
    }
}

impl From<NewAxis> for At {
    fn from(_: NewAxis) -> At {
        At(Kind::New)
    }
}

impl From<Ellipsis> for At {
    fn from(_: Ellipsis) -> At {
        At(Kind::Rest)
    }
}

impl From<RangeFull> for At {
    fn from(_: RangeFull) -> At {
        At(Kind::Range { start: None, end: None, step: 1 })
    }
}

impl From<&Tensor> for At {
    fn from(positions: &Tensor) -> At {
        At(Kind::Positions { index: positions.clone(), step: 1 })
    }
}

/// The end of a range that holds its last position; that of `..=-1` is the end.
fn after(last: isize) -> Option<isize> {
    if last == -1 { None } else { Some(last.saturating_add(1)) }
}

macro_rules! numbers {
    ($($t:ty)*) => {$(
        impl From<$t> for At {
            fn from(index: $t) -> At {
                At(Kind::One(index.signed()))
            }
        }
        impl From<Range<$t>> for At {
            fn from(range: Range<$t>) -> At {
                At(Kind::Range { start: Some(range.start.signed()), end: Some(range.end.signed()), step: 1 })
            }
        }
        impl From<RangeInclusive<$t>> for At {
            fn from(range: RangeInclusive<$t>) -> At {
                At(Kind::Range { start: Some(range.start().signed()), end: after(range.end().signed()), step: 1 })
            }
        }
        impl From<RangeFrom<$t>> for At {
            fn from(range: RangeFrom<$t>) -> At {
                At(Kind::Range { start: Some(range.start.signed()), end: None, step: 1 })
            }
        }
        impl From<RangeTo<$t>> for At {
            fn from(range: RangeTo<$t>) -> At {
                At(Kind::Range { start: None, end: Some(range.end.signed()), step: 1 })
            }
        }
        impl From<RangeToInclusive<$t>> for At {
            fn from(range: RangeToInclusive<$t>) -> At {
                At(Kind::Range { start: None, end: after(range.end.signed()), step: 1 })
            }
        }
    )*};
}
// A literal without a type is an `i32`.
numbers!(i32 isize usize);

/// An index of [`Tensor::i`]: one entry, a tuple of up to six, or a slice of them.
///
/// # Examples
/// ```
/// use autograd_core::{Index, Result, Tensor};
/// fn cut(x: &Tensor, index: impl Index) -> Result<Tensor> {
///     x.i(index)
/// }
/// let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
/// assert_eq!(cut(&x, (1, ..2))?.to_vec::<i64>()?, [4, 5]);
/// assert_eq!(cut(&x, -1)?.to_vec::<i64>()?, [4, 5, 6]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub trait Index {
    /// The entries, in order.
    fn entries(self) -> Vec<At>;
}

impl<A: Into<At>> Index for A {
    fn entries(self) -> Vec<At> {
        vec![self.into()]
    }
}

impl Index for &[At] {
    fn entries(self) -> Vec<At> {
        self.to_vec()
    }
}

macro_rules! tuples {
    ($($($name:ident)+;)*) => {$(
        impl<$($name: Into<At>),+> Index for ($($name,)+) {
            #[expect(non_snake_case, reason = "a value has the name of its type")]
            fn entries(self) -> Vec<At> {
                let ($($name,)+) = self;
                vec![$($name.into()),+]
            }
        }
    )*};
}
tuples! { A; A B; A B C; A B C D; A B C D E; A B C D E F; }

impl Tensor {
    /// The part that an index names, as Python's brackets do: one entry for each dimension, from the first on; those
    /// that are left are taken whole.
    ///
    /// ```text
    /// x.i(2)                     x[2]            a position, which leaves the dimension out
    /// x.i((.., 1..3, -1))        x[:, 1:3, -1]   ranges; a negative number counts from the end
    /// x.i((Ellipsis, ..2))       x[..., :2]      as many whole dimensions as are left
    /// x.i((.., NewAxis))         x[:, None]      a new dimension of size one
    /// x.i(step(1.., 2))          x[1::2]         steps
    /// x.i((.., &positions))      x[:, positions] a vector of positions, not negative
    /// ```
    /// Ranges are clamped like Python's; a position must be there. A view, unless a tensor is among the entries.
    ///
    /// # Gradient
    /// gy in its place, 0 elsewhere; that of positions named several times adds up. Saves the place.
    ///
    /// # Errors
    /// If there are more entries than dimensions, more than one [`Ellipsis`], a position that is not there, a step of
    /// 0, a tensor that is no vector of `I64`, or more than one tensor: [`Tensor::index`] pairs the positions of
    /// several, and one call after the other takes all their combinations.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
    /// assert_eq!(x.i((.., 1..3))?.to_vec::<i64>()?, [2, 3, 5, 6]);
    /// assert_eq!(x.i((-1, ..))?.to_vec::<i64>()?, [4, 5, 6]);
    /// assert_eq!(x.i((0, &Tensor::from([2, 0, 2])))?.to_vec::<i64>()?, [3, 1, 3]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn i(&self, index: impl Index) -> Result<Tensor> {
        picked(self, index.entries())
    }
}

fn picked(x: &Tensor, mut entries: Vec<At>) -> Result<Tensor> {
    let is = |kind: fn(&Kind) -> bool| entries.iter().filter(|At(entry)| kind(entry)).count();
    let (new, rest) = (is(|entry| matches!(entry, Kind::New)), is(|entry| matches!(entry, Kind::Rest)));
    let named = entries.len() - new - rest;
    if rest > 1 {
        return Err(Error::new(
            ErrorKind::Argument,
            format!("i: {rest} ellipses; one at most says what it stands for"),
        ));
    }
    let tensors = is(|entry| matches!(entry, Kind::Positions { .. }));
    if tensors > 1 {
        let text = format!(
            "i: {tensors} tensors of positions; `index` pairs those of several, one call after the other takes all \
             combinations"
        );
        return Err(Error::new(ErrorKind::Argument, text));
    }
    let Some(left) = x.rank().checked_sub(named) else {
        let text = format!("i: {named} entries for {} dims (shape {:?})", x.rank(), x.shape());
        return Err(Error::new(ErrorKind::Dim, text));
    };
    let at = entries.iter().position(|At(entry)| matches!(entry, Kind::Rest)).unwrap_or(entries.len());
    let whole = || At(Kind::Range { start: None, end: None, step: 1 });
    entries.splice(at..(at + rest), std::iter::repeat_with(whole).take(left));

    let (mut picks, mut positions) = (SmallVec::new(), None);
    let (mut from, mut to) = (0, 0);
    for At(entry) in entries {
        let size = x.shape().get(from).copied().unwrap_or(1);
        from += usize::from(!matches!(entry, Kind::New));
        let pick = match entry {
            Kind::One(index) => Pick::One(position(index, from - 1, size)?),
            Kind::Range { start, end, step } => range(start, end, step, size)?,
            Kind::Positions { index, step } => {
                Check("i").require(step > 0, "step", step, "at least 1")?;
                positions = Some((to, if step == 1 { index } else { index.slice(0, None, None, step)? }));
                Pick::All
            }
            Kind::NoStep => {
                let text = "i: a step is that of a range or of positions, not of an Ellipsis or a NewAxis";
                return Err(Error::new(ErrorKind::Argument, text));
            }
            Kind::New => Pick::New,
            Kind::Rest => unreachable!("the dims it stands for are in its place"),
        };
        to += isize::from(!matches!(pick, Pick::One(_)));
        picks.push(pick);
    }
    if to as usize > crate::shape::MAX_RANK {
        return Err(Error::too_large("i", x.shape()));
    }
    let part = cut(Picks { op: "i", picks }, x);
    match positions {
        Some((dim, index)) => part.index_select(dim, &index),
        None => Ok(part),
    }
}

fn position(index: isize, dim: usize, size: usize) -> Result<usize> {
    let from_front = if index < 0 { index.saturating_add_unsigned(size) } else { index };
    usize::try_from(from_front)
        .ok()
        .filter(|at| *at < size)
        .ok_or_else(|| Error::new(ErrorKind::Index, format!("i: index {index} is outside dim {dim} of size {size}")))
}

fn range(start: Option<isize>, end: Option<isize>, step: usize, size: usize) -> Result<Pick> {
    Check("i").require(step > 0, "step", step, "at least 1")?;
    let clamped = |bound: isize| {
        let from_front = if bound < 0 { bound.saturating_add_unsigned(size) } else { bound };
        from_front.clamp(0, size as isize) as usize
    };
    let (start, end) = (start.map_or(0, clamped), end.map_or(size, clamped));
    Ok(Pick::Some { start, step, len: end.saturating_sub(start).div_ceil(step) })
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::real(&[2, 3, 4], -2.0..2.0)];
    let case = |what: &'static str, call: fn(&Tensor) -> crate::Result<Tensor>, order: &'static [usize]| {
        Case::new(what, x(), move |x| call(&x[0])).value(|x| order.iter().map(|i| x[0][*i]).collect())
    };
    [
        case("i((.., 1.., -1))", |x| x.i((.., 1.., -1)), &[7, 11, 19, 23])
            .refuses(|x| x[0].i((0, 0, 0, ..)), "i: 4 entries for 3 dims (shape [2, 3, 4])")
            .refuses(|x| x[0].i((.., 3)), "i: index 3 is outside dim 1 of size 3")
            .refuses(|x| x[0].i((Ellipsis, -5)), "i: index -5 is outside dim 2 of size 4")
            .refuses(|x| x[0].i((Ellipsis, Ellipsis)), "i: 2 ellipses; one at most says what it stands for")
            .refuses(
                |x| x[0].i((&Tensor::from([0, 1]), .., &Tensor::from([2, 3]))),
                "i: 2 tensors of positions; `index` pairs those of several, one call after the other takes all combinations",
            )
            .refuses(|x| x[0].i(step(.., 0)), "i: step is 0, it must be at least 1")
            .refuses(
                |x| x[0].i(&Tensor::from([2])),
                "index_select: index 2 at position 0 is out of range for dim 0 of shape [2, 3, 4]",
            ),
        case("i(1)", |x| x.i(1), &[12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]),
        case("i with steps", |x| x.i((0, step(.., 2), step(1..=3, 2))), &[1, 3, 9, 11]),
        case("i with a new axis", |x| x.i((NewAxis, Ellipsis, 2..=2)), &[2, 6, 10, 14, 18, 22]),
        case("i of nothing", |x| x.i((.., 3..)), &[]),
        case("i with positions", |x| x.i((1, NewAxis, &Tensor::from([2, 0, 2]), ..1)), &[20, 12, 20]),
        case("i with a step of positions", |x| x.i((1, step(&Tensor::from([2, 0, 1, 0]), 2), ..1)), &[20, 16])
            .refuses(|x| x[0].i(step(&Tensor::from([1]), 0)), "i: step is 0, it must be at least 1")
            .refuses(
                |x| x[0].i(step(Ellipsis, 2)),
                "i: a step is that of a range or of positions, not of an Ellipsis or a NewAxis",
            ),
        case("i from the end", |x| x.i((0, -2.., ..=-2)), &[4, 5, 6, 8, 9, 10]),
    ]
}];
