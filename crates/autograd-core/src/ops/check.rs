//! Checks of arguments, each of which returns what it proved: a float type, sizes, a dimension, indices in range.

use crate::error::{Error, ErrorKind, Result};
use crate::shape::Shape;
use crate::storage::block::Block;
use crate::tensor::{DType, Float, Tensor};
use smallvec::SmallVec;
use std::fmt::{Debug, Display};

/// The checks of one operation, layer or loss, whose name begins every error.
///
/// ```
/// use autograd_core::{Tensor, check::Check};
/// let check = Check("scores");
/// let x = Tensor::from([[1.0, 2.0, 3.0]]);
/// let [n, k] = check.shape("the input", &x, "[N, K]")?;
/// assert_eq!((n, k), (1, 3));
/// let error = check.is("target", &x, &[n]).unwrap_err();
/// assert_eq!(error.to_string(), "scores: target has shape [1, 3], expected [1]");
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Check(pub &'static str);

impl Check {
    /// The float type of a tensor.
    ///
    /// # Errors
    /// If it has another type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, check::Check};
    /// let check = Check("scores");
    /// let x = Tensor::from([[1.0, 2.0]]);
    /// check.float(&x)?;
    /// assert!(check.float(&Tensor::from(1)).is_err());
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[inline]
    pub fn float(self, x: &Tensor) -> Result<Float> {
        Float::of(x.dtype()).ok_or_else(|| Error::not_float(self.0, x.dtype()))
    }

    /// The float type of two tensors.
    ///
    /// # Errors
    /// If the first has another type, or the second has another type than the first.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, check::Check};
    /// let check = Check("scores");
    /// let x = Tensor::from([[1.0, 2.0]]);
    /// check.same_float(&x, &Tensor::from(1.0))?;
    /// assert!(check.same_float(&x, &Tensor::from(1)).is_err());
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[inline]
    pub fn same_float(self, a: &Tensor, b: &Tensor) -> Result<Float> {
        let float = self.float(a)?;
        self.same_dtype(a, b).map(|_| float)
    }

    /// The dtype of two tensors.
    ///
    /// # Errors
    /// If they differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor, check::Check};
    /// let check = Check("scores");
    /// let x = Tensor::from([[1.0, 2.0]]);
    /// assert_eq!(check.same_dtype(&x, &Tensor::from(1.0))?, DType::F32);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[inline]
    pub fn same_dtype(self, a: &Tensor, b: &Tensor) -> Result<DType> {
        let same = a.dtype() == b.dtype();
        if same { Ok(a.dtype()) } else { Err(Error::mixed_dtypes(self.0, a.dtype(), b.dtype())) }
    }

    /// The dtype must be this one.
    ///
    /// # Errors
    /// If it is another.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor, check::Check};
    /// let check = Check("scores");
    /// let x = Tensor::from([[1.0, 2.0]]);
    /// assert!(check.dtype(&x, DType::I64).is_err());
    /// ```
    pub fn dtype(self, x: &Tensor, expected: DType) -> Result<()> {
        if x.dtype() == expected { Ok(()) } else { Err(Error::wrong_dtype(self.0, x.dtype(), expected)) }
    }

    /// The sizes of a tensor of `N` dimensions, which `expected` names: `let [n, k] = check.shape("x", x, "[N, K]")?`.
    ///
    /// # Errors
    /// If it has another number of dimensions.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, check::Check};
    /// let check = Check("scores");
    /// let x = Tensor::from([[1.0, 2.0]]);
    /// let [n, d] = check.shape("the input", &x, "[N, D]")?;
    /// assert_eq!((n, d), (1, 2));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[inline]
    pub fn shape<const N: usize>(self, what: &str, x: &Tensor, expected: &str) -> Result<[usize; N]> {
        debug_assert!(expected.split(", ").count() == N || expected.len() > 20, "{expected} names {N} sizes");
        <[usize; N]>::try_from(x.shape()).map_err(|_| Error::shape(self.0, what, x.shape(), expected))
    }

    /// The last `N` sizes of a tensor of at least as many dimensions: `let [d] = check.last("x", x, "[.., D]")?`.
    ///
    /// # Errors
    /// If it has fewer dimensions.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, check::Check};
    /// let check = Check("scores");
    /// let x = Tensor::from([[1.0, 2.0]]);
    /// let [d] = check.last("the input", &x, "[.., D]")?;
    /// assert_eq!(d, 2);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[inline]
    pub fn last<const N: usize>(self, what: &str, x: &Tensor, expected: impl Display) -> Result<[usize; N]> {
        let sizes = x.shape().last_chunk::<N>();
        sizes.copied().ok_or_else(|| Error::shape(self.0, what, x.shape(), expected))
    }

    /// The shape must be this one.
    ///
    /// # Errors
    /// If it is another.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, check::Check};
    /// let check = Check("scores");
    /// let x = Tensor::from([[1.0, 2.0]]);
    /// let error = check.is("weight", &x, &[2]).unwrap_err();
    /// assert_eq!(error.to_string(), "scores: weight has shape [1, 2], expected [2]");
    /// ```
    #[inline]
    pub fn is(self, what: &str, x: &Tensor, expected: &[usize]) -> Result<()> {
        if x.shape() == expected {
            return Ok(());
        }
        Err(Error::shape(self.0, what, x.shape(), format_args!("{expected:?}")))
    }

    /// An argument must be in its range.
    ///
    /// # Errors
    /// Unless `ok`: `{op}: {name} is {value}, it must be {must}`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, check::Check};
    /// let check = Check("scores");
    /// let x = Tensor::from([[1.0, 2.0]]);
    /// let error = check.require(false, "p", 1.5, "in [0, 1]").unwrap_err();
    /// assert_eq!(error.to_string(), "scores: p is 1.5, it must be in [0, 1]");
    /// ```
    #[inline]
    pub fn require(self, ok: bool, name: &str, value: impl Debug, must: impl Display) -> Result<()> {
        if ok { Ok(()) } else { Err(Error::argument(self.0, name, value, must)) }
    }

    /// A dimension counted from the front.
    ///
    /// A scalar counts as a vector of one element, as in PyTorch: 0 and −1 name its dim for every operation that folds
    /// a dim, goes along it or moves it (reductions, softmax, `gather`, `index_select`, `flatten`, `squeeze`,
    /// `transpose`), and the result is a scalar, too, unless the operation makes dims. What would leave another number
    /// of elements along that dim is refused: see [`Check::sized_dim`].
    ///
    /// # Errors
    /// If the tensor has no such dimension.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, check::Check};
    /// let check = Check("scores");
    /// let x = Tensor::from([[1.0, 2.0]]);
    /// assert_eq!(check.dim(-1, x.shape())?, 1);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn dim(self, dim: isize, shape: &[usize]) -> Result<usize> {
        let rank = shape.len().max(1) as isize;
        let from_front = if dim < 0 { dim.saturating_add(rank) } else { dim };
        if (0..rank).contains(&from_front) { Ok(from_front as usize) } else { Err(Error::dim(self.0, dim, shape)) }
    }

    /// A dimension that a scalar does not have, and its size: for operations that take some of a dim's elements
    /// (`narrow`, `slice`, `select`) or add to them (`cat`).
    ///
    /// # Errors
    /// If the tensor has no such dimension.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, check::Check};
    /// let check = Check("scores");
    /// let x = Tensor::from([[1.0, 2.0]]);
    /// assert_eq!(check.sized_dim(-1, x.shape())?, (1, 2));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn sized_dim(self, dim: isize, shape: &[usize]) -> Result<(usize, usize)> {
        let d = self.dim(dim, shape)?;
        shape.get(d).map(|size| (d, *size)).ok_or_else(|| Error::no_dim(self.0, dim))
    }

    /// A place for a new dimension, counted from the front: before an existing dimension, or behind all.
    pub(crate) fn new_dim(self, dim: isize, shape: &[usize]) -> Result<usize> {
        let rank = shape.len() as isize;
        let from_front = if dim < 0 { dim.saturating_add(rank + 1) } else { dim };
        if (0..=rank).contains(&from_front) {
            return Ok(from_front as usize);
        }
        let range = format!("−{} to {rank}", rank + 1);
        let text = format!("{}: a new dim {dim} is out of range for shape {shape:?} ({range})", self.0);
        Err(Error::new(ErrorKind::Dim, text))
    }

    /// The dimensions that are named; none named means all.
    pub(crate) fn dims(self, dims: &[isize], shape: &[usize]) -> Result<SmallVec<[bool; 4]>> {
        // A scalar has a dim to be named, once, though nothing is folded with it.
        let mut named: SmallVec<[bool; 4]> = SmallVec::from_elem(dims.is_empty(), shape.len().max(1));
        for dim in dims {
            let d = self.dim(*dim, shape)?;
            if std::mem::replace(&mut named[d], true) {
                let text = format!("{}: dim {d} is named twice in {dims:?} (shape {shape:?})", self.0);
                return Err(Error::new(ErrorKind::Dim, text));
            }
        }
        named.truncate(shape.len());
        Ok(named)
    }

    /// There must be room for a tensor of this shape, as far as can be known before it is made.
    ///
    /// # Errors
    /// If no tensor can have that shape, or the system does not have that much memory.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, ErrorKind, check::Check};
    /// let check = Check("scores");
    /// check.room(&[4, 2], DType::F32)?;
    /// let error = check.room(&[1 << 60, 2], DType::F32).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::TooLarge);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn room(self, shape: &[usize], dtype: DType) -> Result<()> {
        let bytes = crate::tensor::checked(shape, dtype).map(|numel| numel * dtype.size());
        if bytes.is_some_and(Block::has_room) { Ok(()) } else { Err(Error::too_large(self.0, shape)) }
    }

    /// There must be room for a list of this many tensors, as far as can be known before they are made.
    ///
    /// # Errors
    /// If the system does not have that much memory.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::check::Check;
    /// let check = Check("scores");
    /// check.list(1000)?;
    /// let error = check.list(1 << 48).unwrap_err();
    /// assert_eq!(error.to_string(), "scores: 281474976710656 parts are more than memory holds");
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn list(self, count: usize) -> Result<()> {
        // More than a view and its node take.
        self.parts(count, 512)
    }

    /// There must be room for this many parts of so many bytes each, as far as can be known before they are made.
    ///
    /// # Errors
    /// If the system does not have that much memory.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::check::Check;
    /// let check = Check("scores");
    /// check.parts(12, 4096)?;
    /// let error = check.parts(usize::MAX, 4096).unwrap_err();
    /// assert_eq!(error.to_string(), "scores: 18446744073709551615 parts are more than memory holds");
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn parts(self, count: usize, bytes: usize) -> Result<()> {
        if count.checked_mul(bytes).is_some_and(Block::has_room) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::TooLarge, format!("{}: {count} parts are more than memory holds", self.0)))
    }

    /// There must be room for the place and the weight of each of so many terms of sums. Of an empty tensor there may
    /// be more than memory holds.
    pub(crate) fn terms(self, count: usize) -> Result<()> {
        // A place and a weight, in the list and in that of the adjoint, and the list of a row.
        const EACH: usize = 64;
        if count.checked_mul(EACH).is_some_and(Block::has_room) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::TooLarge, format!("{}: sums of {count} terms are more than memory holds", self.0)))
    }

    /// The shape must be one that a tensor can have; that of two expanded operands may be larger.
    pub(crate) fn fits_memory(self, shape: &[usize]) -> Result<()> {
        // The check assumes the widest elements.
        crate::tensor::checked(shape, DType::F64).map(|_| ()).ok_or_else(|| Error::too_large(self.0, shape))
    }

    /// The shape two operands broadcast to, by NumPy's rule: aligned at the end, sizes equal or one of them 1.
    pub(crate) fn broadcast(self, a: &[usize], b: &[usize]) -> Result<Shape> {
        if a == b {
            return Ok(a.into());
        }
        let rank = a.len().max(b.len());
        let size = |shape: &[usize], from_end: usize| shape.len().checked_sub(from_end).map_or(1, |d| shape[d]);
        let mut out: Shape = if a.len() == rank { a.into() } else { b.into() };
        for from_end in (1..=rank).rev() {
            let (x, y) = (size(a, from_end), size(b, from_end));
            out.0[rank - from_end] = match (x, y) {
                (x, y) if x == y => x,
                (1, y) => y,
                (x, 1) => x,
                _ => return Err(Error::broadcast(self.0, a, b, from_end)),
            };
        }
        self.fits_memory(&out)?;
        Ok(out)
    }

    /// The tensor must broadcast to `shape`, and `shape` must not be repeated. An output and a target need this:
    /// `[N, 1]` against `[N]` would compare all N² pairs.
    ///
    /// # Errors
    /// If it does not.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, check::Check};
    /// let check = Check("scores");
    /// let x = Tensor::from([[1.0, 2.0]]);
    /// check.broadcasts_to("weight", &Tensor::from([0.5, 1.0]), x.shape())?;
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn broadcasts_to(self, what: &str, x: &Tensor, shape: &[usize]) -> Result<()> {
        let fits = |(from, to): (&usize, &usize)| from == to || *from == 1;
        if x.rank() <= shape.len() && x.shape().iter().rev().zip(shape.iter().rev()).all(fits) {
            return Ok(());
        }
        let expected = format!("one that broadcasts to the input's, {shape:?}");
        Err(Error::shape(self.0, what, x.shape(), expected))
    }
}
