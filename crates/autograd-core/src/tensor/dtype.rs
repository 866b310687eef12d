//! Element types.

use crate::storage::block::Plain;

/// The type of a tensor's elements.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor};
/// assert_eq!(Tensor::from([1, 2]).dtype(), DType::I64);
/// assert_eq!(Tensor::from([1, 2]).to_dtype(DType::F64).dtype(), DType::F64);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DType {
    /// 32-bit float, the default.
    F32,
    /// 64-bit float.
    F64,
    /// 64-bit signed integer: labels and indices. Carries no gradient.
    I64,
    /// Truth value: masks. Carries no gradient.
    Bool,
}

impl DType {
    /// The bytes that an element takes.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::DType;
    /// assert_eq!((DType::F32.size(), DType::I64.size()), (4, 8));
    /// ```
    pub const fn size(self) -> usize {
        match self {
            DType::F32 => 4,
            DType::F64 | DType::I64 => 8,
            DType::Bool => 1,
        }
    }

    /// Whether it is a floating-point type, and so can carry gradients.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::DType;
    /// assert!(DType::F64.is_float() && !DType::Bool.is_float());
    /// ```
    pub const fn is_float(self) -> bool {
        matches!(self, DType::F32 | DType::F64)
    }
}

impl std::fmt::Display for DType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            DType::F32 => "F32",
            DType::F64 => "F64",
            DType::I64 => "I64",
            DType::Bool => "Bool",
        })
    }
}

/// A floating-point type: what a check of a dtype proves.
///
/// # Examples
/// ```
/// use autograd_core::{DType, check::Float};
/// assert_eq!((Float::of(DType::F64), Float::of(DType::I64)), (Some(Float::F64), None));
/// assert_eq!(DType::from(Float::F32), DType::F32);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Float {
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
}

impl Float {
    /// The float type of a dtype, if it is one.
    #[inline]
    pub const fn of(dtype: DType) -> Option<Float> {
        match dtype {
            DType::F32 => Some(Float::F32),
            DType::F64 => Some(Float::F64),
            DType::I64 | DType::Bool => None,
        }
    }
}

impl From<Float> for DType {
    fn from(float: Float) -> DType {
        match float {
            Float::F32 => DType::F32,
            Float::F64 => DType::F64,
        }
    }
}

/// The types in which elements lie in memory.
pub trait Stored: Plain {
    /// The dtype stored so.
    const DTYPE: DType;
}

impl Stored for f32 {
    const DTYPE: DType = DType::F32;
}
impl Stored for f64 {
    const DTYPE: DType = DType::F64;
}
impl Stored for i64 {
    const DTYPE: DType = DType::I64;
}
impl Stored for u8 {
    const DTYPE: DType = DType::Bool;
}

/// The Rust types a tensor's elements can have: `f32`, `f64`, `i64` and `bool`.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Element};
/// fn dtype_of<T: Element>(_: &[T]) -> DType {
///     T::DTYPE
/// }
/// assert_eq!((dtype_of(&[1.0f64]), dtype_of(&[true])), (DType::F64, DType::Bool));
/// ```
pub trait Element: super::Source<Element = Self> + Send + Sync + PartialEq + 'static {
    /// The matching dtype.
    const DTYPE: DType;
    /// The type that it is stored as.
    #[doc(hidden)]
    type Stored: Stored;
    /// Converts to the stored form.
    #[doc(hidden)]
    fn store(self) -> Self::Stored;
    /// Converts from the stored form.
    #[doc(hidden)]
    fn load(stored: Self::Stored) -> Self;
    /// Converts many from the stored form; like [`Source::store_all`] compiled with this crate.
    #[doc(hidden)]
    fn load_all(stored: &[Self::Stored], into: &mut Vec<Self>);
    /// Converts from `f64`, if it is `f64`.
    #[doc(hidden)]
    fn of_f64(value: f64) -> Option<Self>;
}

macro_rules! element {
    ($($t:ty, $dtype:ident, $stored:ty, $store:expr, $load:expr, $of_f64:expr;)*) => {$(
        impl Element for $t {
            const DTYPE: DType = DType::$dtype;
            type Stored = $stored;
            #[inline]
            fn store(self) -> $stored {
                $store(self)
            }
            #[inline]
            fn load(stored: $stored) -> $t {
                $load(stored)
            }
            fn load_all(stored: &[$stored], into: &mut Vec<$t>) {
                into.extend(stored.iter().map(|x| $load(*x)));
            }
            #[inline]
            fn of_f64(value: f64) -> Option<$t> {
                $of_f64(value)
            }
        }
    )*};
}
element! {
    f32, F32, f32, |x| x, |x| x, |_| None;
    f64, F64, f64, |x| x, |x| x, Some;
    i64, I64, i64, |x| x, |x| x, |_| None;
    bool, Bool, u8, u8::from, |x| x != 0, |_| None;
}
