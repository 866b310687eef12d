//! The tensor: an immutable, shared, strided array of one element type.
//!
//! This folder knows nothing of derivatives. A tensor carries an opaque [`Link`] for the tape, and only the tape looks
//! into it.

// In the order of the page of `Tensor`: what makes one comes first.
mod create;

mod convert;
mod display;
pub(crate) mod door;
mod dtype;
mod find;
mod moves;
pub(crate) mod operand;
pub(crate) mod pool;
pub(crate) mod recall;
mod source;
pub(crate) mod timer;
pub(crate) mod unwritten;
mod value;
pub(crate) mod watch;

pub use convert::Nested;
pub(crate) use convert::whole;
pub(crate) use dtype::Stored;
pub use dtype::{DType, Element, Float};
pub use source::Source;

use crate::error::{Error, Result, refuse};
use crate::kernels::copy;
use crate::kernels::nest::Nest;
use crate::shape::Layout;
use crate::storage::block::{Block, Plain};
use crate::storage::opaque::Opaque;
use crate::storage::shared::Recycled;
use std::borrow::Cow;
use value::Value;

/// An n-dimensional array: immutable, cheap to clone, safe to share between threads.
///
/// Its element type ([`DType`]) and shape are known at run time. Operations return new tensors; views (`reshape`,
/// `permute`, `narrow`, `expand`, ...) share the elements of the tensor they come from.
///
/// ```
/// use autograd_core::Tensor;
///
/// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
/// let y = &x * &x + 1.0;
/// assert_eq!(y.shape(), [2, 2]);
/// assert_eq!(y.to_vec::<f32>()?, [2.0, 5.0, 10.0, 17.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// A result that is not used is a warning of the compiler:
/// ```compile_fail
/// # #![deny(unused_must_use)]
/// # use autograd_core::Tensor;
/// let x = Tensor::from(1.0);
/// x.requires_grad(); // `x` itself is as it was
/// ```
/// # Panics
/// A view may have more elements than memory holds: `expand` copies nothing. Where an operation has to write them all,
/// there may be no room for them, as for the result of a broadcast. Operations that return a `Result` then give an
/// error of the kind [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge). Those that return a plain tensor (`exp` and
/// the other functions of single elements, `sum`, `contiguous`, `to_dtype`, `full_like`, the operators) panic with the
/// same text. Nothing ends the process.
#[derive(Clone)]
#[must_use = "operations change no tensor: what they return is the result"]
pub struct Tensor {
    value: Recycled<Value>,
    link: Option<Link>,
}

/// The link that the tape ties to a value; see `tape::node`.
pub(crate) type Link = Opaque;

/// # Shape and dtype
impl Tensor {
    /// A contiguous tensor of any elements, which no other tensor can see; nothing is recorded. `None` if the system
    /// does not have that much memory.
    pub(crate) fn try_fresh(dtype: DType, shape: &[usize]) -> Option<Tensor> {
        Some(Tensor { value: pool::take(dtype, shape)?, link: None })
    }

    /// Another view of the same elements, not recorded.
    pub(crate) fn with_layout(&self, layout: Layout) -> Tensor {
        Tensor { value: Value::view(&self.value, layout), link: None }
    }

    /// The same value tied to `link`, or to nothing.
    pub(crate) fn with_link(mut self, link: Option<Link>) -> Tensor {
        self.link = link;
        self
    }

    /// The same value tied to nothing.
    #[inline]
    pub(crate) fn untied(&self) -> Tensor {
        Tensor { value: self.value.clone(), link: None }
    }

    /// The link that the tape tied to this value.
    #[inline]
    pub(crate) fn link(&self) -> Option<&Link> {
        self.link.as_ref()
    }

    /// Sizes of the dimensions, outermost first; empty for a scalar.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([[1, 2, 3]]).shape(), [1, 3]);
    /// assert!(Tensor::from(1.0).shape().is_empty());
    /// ```
    #[inline]
    pub fn shape(&self) -> &[usize] {
        self.value.layout.shape()
    }

    /// The distance between neighbours in memory, in elements, along each dimension; 0 where the tensor is expanded.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
    /// assert_eq!((x.strides(), x.t()?.strides()), (&[3, 1][..], &[1, 3][..]));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn strides(&self) -> &[usize] {
        self.value.layout.strides()
    }

    /// Element type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// assert_eq!((Tensor::from(1.0).dtype(), Tensor::from(1).dtype()), (DType::F32, DType::I64));
    /// ```
    #[inline]
    pub fn dtype(&self) -> DType {
        self.value.dtype
    }

    /// The float type of a tensor that takes part in differentiation.
    #[inline]
    pub(crate) fn float(&self) -> Float {
        Float::of(self.dtype()).unwrap_or_else(|| unreachable!("only floats carry gradients"))
    }

    /// Whether `other` begins at the same element in memory: a clone, or a view of another shape, but no tensor of
    /// equal numbers.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([1.0, 2.0]);
    /// assert!(x.shares_memory(&x.clone()) && !x.shares_memory(&Tensor::from([1.0, 2.0])));
    /// ```
    pub fn shares_memory(&self, other: &Tensor) -> bool {
        self.root() == other.root() && self.layout().offset() == other.layout().offset()
    }

    /// Whether `other` has the same shape and dtype.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([1.0, 2.0]);
    /// assert!(x.is_like(&x.exp()) && !x.is_like(&Tensor::from([1, 2])));
    /// ```
    #[inline]
    pub fn is_like(&self, other: &Tensor) -> bool {
        self.dtype() == other.dtype() && self.layout().dims() == other.layout().dims()
    }

    /// Number of dimensions.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([[1, 2, 3]]).rank(), 2);
    /// ```
    pub fn rank(&self) -> usize {
        self.shape().len()
    }

    /// Number of elements: the product of the shape, 1 for a scalar.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([[1, 2, 3], [4, 5, 6]]).numel(), 6);
    /// ```
    pub fn numel(&self) -> usize {
        self.value.layout.numel()
    }

    /// Whether the elements lie in memory in row-major order without gaps.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1, 2], [3, 4]]);
    /// assert!(x.is_contiguous() && !x.t()?.is_contiguous());
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[inline]
    pub fn is_contiguous(&self) -> bool {
        self.value.layout.is_contiguous()
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.value.layout
    }

    /// The elements in row-major order, if they lie so in memory.
    #[inline]
    pub(crate) fn flat<T: Plain>(&self) -> &[T] {
        debug_assert!(self.is_contiguous());
        self.value.slice(self.numel())
    }

    /// The memory from this tensor's first element on: index it with the strides.
    #[inline]
    pub(crate) fn strided<T: Plain>(&self) -> &[T] {
        self.value.slice(self.value.layout.span())
    }

    /// The same elements in row-major order: this tensor itself, or a copy; not recorded.
    ///
    /// # Errors
    /// If there is no room for the copy.
    #[inline]
    pub(crate) fn try_packed(&self, op: &'static str) -> Result<Cow<'_, Tensor>> {
        if self.is_contiguous() { Ok(Cow::Borrowed(self)) } else { self.try_gathered(op).map(Cow::Owned) }
    }

    /// [`Tensor::try_packed`] where the caller has no error to give: it panics with the text.
    #[inline]
    pub(crate) fn packed(&self) -> Cow<'_, Tensor> {
        self.try_packed("contiguous").unwrap_or_else(|error| refuse(&error))
    }

    /// A fresh copy of the elements in row-major order; not recorded.
    ///
    /// # Errors
    /// If there is no room for it.
    pub(crate) fn try_gathered(&self, op: &'static str) -> Result<Tensor> {
        let nest = Nest::new(self.shape(), [self.strides()]);
        for_any!(self.dtype(), T => {
            Tensor::moved::<T, 1>(op, self.shape(), [self], move |[x], y| copy::gather(&nest, x.strided(), y))
        })
    }

    /// Fails if the elements of this view do not lie in row-major order, and there is no room for a copy that does.
    #[inline]
    pub(crate) fn can_be_packed(&self, op: &'static str) -> Result<()> {
        if self.is_contiguous() { Ok(()) } else { self.has_room_packed(op) }
    }

    fn has_room_packed(&self, op: &'static str) -> Result<()> {
        let has_room = Block::has_room(self.numel() * self.dtype().size());
        if has_room { Ok(()) } else { Err(Error::too_large(op, self.shape())) }
    }

    /// A fresh copy where another tensor can see the elements.
    pub(crate) fn gathered(&self) -> Tensor {
        self.try_gathered("contiguous").unwrap_or_else(|error| refuse(&error))
    }

    /// The elements, for overwriting; a private copy is made first if another tensor can see them.
    pub(crate) fn elements_mut<T: Plain>(&mut self) -> &mut [T] {
        if Value::slice_mut::<T>(&mut self.value).is_none() {
            let link = self.link.take();
            *self = self.gathered().with_link(link);
        }
        if !watch::is_watched() {
            // A watcher on another thread, which has seen this memory, will find that it is not what it was.
            Value::set_born(&mut self.value, watch::now());
        }
        Value::slice_mut(&mut self.value).unwrap_or_else(|| unreachable!("a copy of its own was just made"))
    }
}

/// Runs an expression with `$t` bound to the Rust type of a [`Float`].
macro_rules! for_float {
    ($float:expr, $t:ident => $body:expr) => {
        match $float {
            $crate::tensor::Float::F32 => {
                type $t = f32;
                $body
            }
            $crate::tensor::Float::F64 => {
                type $t = f64;
                $body
            }
        }
    };
}

/// Runs an expression with `$t` bound to the type in which a dtype is stored.
macro_rules! for_any {
    ($dtype:expr, $t:ident => $body:expr) => {
        match $dtype {
            $crate::tensor::DType::F32 => {
                type $t = f32;
                $body
            }
            $crate::tensor::DType::F64 => {
                type $t = f64;
                $body
            }
            $crate::tensor::DType::I64 => {
                type $t = i64;
                $body
            }
            $crate::tensor::DType::Bool => {
                type $t = u8;
                $body
            }
        }
    };
}
pub(crate) use {for_any, for_float};

/// The number of elements of a shape, if a tensor of it can exist.
pub(crate) fn checked(shape: &[usize], dtype: DType) -> Option<usize> {
    crate::shape::checked_numel(shape, dtype.size())
}
