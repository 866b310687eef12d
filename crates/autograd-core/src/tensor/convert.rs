//! Conversions from and to Rust numbers.

use super::watch::reads;
use super::{DType, Element, Source, Tensor};
use crate::error::{Error, ErrorKind, Result, refuse};

/// # Conversion to Rust numbers
impl Tensor {
    /// The elements in row-major order.
    ///
    /// # Errors
    /// If `T` is not the tensor's dtype; `to_dtype` converts.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([[1, 2], [3, 4]]).t()?.to_vec::<i64>()?, [1, 3, 2, 4]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>> {
        if T::DTYPE != self.dtype() {
            return Err(Error::wrong_dtype("to_vec", self.dtype(), T::DTYPE));
        }
        reads("to_vec");
        let (x, mut y) = (self.try_packed("to_vec")?, Vec::new());
        y.try_reserve_exact(x.numel()).map_err(|_| Error::too_large("to_vec", self.shape()))?;
        T::load_all(x.flat(), &mut y);
        Ok(y)
    }

    /// The only element of a tensor that has one: of the tensor's dtype, or as `f64` where that is exact.
    ///
    /// # Errors
    /// If it has another number of elements, or `T` is neither.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let loss = Tensor::from([1.5, 2.0]).sum();
    /// assert_eq!(loss.item::<f32>()?, 3.5);
    /// let wide: f64 = loss.item()?;
    /// assert_eq!((wide, loss.to_f64()?), (3.5, 3.5));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn item<T: Element>(&self) -> Result<T> {
        reads("item");
        if T::DTYPE != self.dtype() {
            let exact =
                self.dtype() != DType::I64 || self.numel() != 1 || self.strided::<i64>()[0].unsigned_abs() <= 1 << 53;
            return match T::of_f64(0.0) {
                Some(_) if exact => self.to_f64().map(|x| T::of_f64(x).unwrap_or_else(|| unreachable!("it is f64"))),
                _ => Err(Error::wrong_dtype("item", self.dtype(), T::DTYPE)),
            };
        }
        self.single::<T>()
    }

    /// The only element of a tensor that has one as `f64`, whatever the dtype (truth values are 0 and 1).
    ///
    /// # Errors
    /// If it has another number of elements.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let accuracy = Tensor::from([1, 0, 1, 1]).sum().to_f64()? / 4.0;
    /// assert_eq!(accuracy, 0.75);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn to_f64(&self) -> Result<f64> {
        reads("to_f64");
        Ok(match self.dtype() {
            DType::F32 => self.single::<f32>()?.into(),
            DType::F64 => self.single::<f64>()?,
            DType::I64 => self.single::<i64>()? as f64,
            DType::Bool => u8::from(self.single::<bool>()?).into(),
        })
    }

    fn single<T: Element>(&self) -> Result<T> {
        match self.strided::<T::Stored>() {
            [first, ..] if self.numel() == 1 => Ok(T::load(*first)),
            _ => {
                let text = format!("item: shape is {:?}, expected a single element", self.shape());
                Err(Error::new(ErrorKind::Shape, text))
            }
        }
    }

    /// The elements in row-major order as `f64`, whatever the dtype (truth values are 0 and 1).
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([true, false]).to_f64s(), [1.0, 0.0]);
    /// ```
    pub fn to_f64s(&self) -> Vec<f64> {
        reads("to_f64s");
        let (x, mut y) = (self.try_packed("to_f64s").unwrap_or_else(|error| refuse(&error)), Vec::new());
        if y.try_reserve_exact(x.numel()).is_err() {
            refuse(&Error::too_large("to_f64s", self.shape()));
        }
        match self.dtype() {
            DType::F32 => y.extend(x.flat::<f32>().iter().map(|x| f64::from(*x))),
            DType::F64 => y.extend(x.flat::<f64>()),
            DType::I64 => y.extend(x.flat::<i64>().iter().map(|x| *x as f64)),
            DType::Bool => y.extend(x.flat::<u8>().iter().map(|x| f64::from(*x))),
        }
        y
    }
}

/// A list of integers or truth values as a tensor of one dimension: labels of any type that fits `I64`.
///
/// Floats have [`Tensor::from_vec`], which keeps their type, and `usize` and `u64`, which may be too large, have it
/// too.
macro_rules! lists {
    ($($t:ty)*) => {$(
        impl From<Vec<$t>> for Tensor {
            fn from(list: Vec<$t>) -> Tensor {
                let shape = [list.len()];
                // Eight bytes for each element may be more than there is room for.
                Tensor::copied("from", &list, &shape).unwrap_or_else(|error| refuse(&error))
            }
        }
    )*};
}
lists!(u8 u16 u32 i8 i16 i32 i64 bool);

/// Numbers nested in arrays: `1.0`, `[1.0, 2.0]`, `[[1, 2], [3, 4]]` and so on. Float literals make `F32` tensors,
/// integers `I64`, truth values `Bool`.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Nested, Tensor};
/// fn shape_of(numbers: impl Nested) -> Vec<usize> {
///     Tensor::from(numbers).shape().to_vec()
/// }
/// assert_eq!(shape_of([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), [2, 3]);
/// assert_eq!(Tensor::from([1, 2]).dtype(), DType::I64);
/// ```
#[diagnostic::on_unimplemented(
    message = "a tensor is not made of `{Self}` like that",
    label = "not a number, an array of numbers or a list of labels",
    note = "`Tensor::from_vec(data, &[2, 3])?` makes a tensor of a `Vec`, `Tensor::from_slice` of a slice"
)]
pub trait Nested {
    /// The type of the tensor's elements.
    type Element: Element;
    /// Appends the numbers in row-major order.
    fn collect(self, into: &mut Vec<Self::Element>);
    /// The sizes from this level inwards.
    fn sizes(into: &mut Vec<usize>);
}

macro_rules! number {
    ($($t:ty => $element:ty),*) => {$(
        impl Nested for $t {
            type Element = $element;
            fn collect(self, into: &mut Vec<$element>) {
                into.push(self as $element);
            }
            fn sizes(_: &mut Vec<usize>) {}
        }
    )*};
}
number!(f64 => f32, f32 => f32, i32 => i64, i64 => i64, bool => bool);

impl<T: Nested, const N: usize> Nested for [T; N] {
    type Element = T::Element;
    fn collect(self, into: &mut Vec<T::Element>) {
        self.into_iter().for_each(|x| x.collect(into));
    }
    fn sizes(into: &mut Vec<usize>) {
        into.push(N);
        T::sizes(into);
    }
}

impl<T: Nested> From<T> for Tensor {
    /// ```
    /// # use autograd_core::{Tensor, DType};
    /// assert_eq!(Tensor::from(2.0).dtype(), DType::F32);
    /// assert_eq!(Tensor::from([[1, 2, 3], [4, 5, 6]]).shape(), [2, 3]);
    /// ```
    fn from(numbers: T) -> Tensor {
        let (mut shape, mut data) = (Vec::new(), Vec::new());
        T::sizes(&mut shape);
        numbers.collect(&mut data);
        Tensor::given::<<T::Element as Element>::Stored>("from", &shape, |y| {
            Source::store_all(&data, y);
        })
        .unwrap_or_else(|error| refuse(&error))
    }
}

/// A tensor from literals: `tensor![1.0, 2.0]`, `tensor![[1, 2], [3, 4]]`, `tensor!(0.5)`. Float literals make `F32`.
///
/// A single number makes a scalar, whatever the brackets: a vector of one element is `Tensor::from([0.5])`.
///
/// ```
/// use autograd_core::tensor;
/// assert_eq!(tensor![[1.0, 2.0], [3.0, 4.0]].shape(), [2, 2]);
/// assert_eq!(tensor!(3).item::<i64>()?, 3);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[macro_export]
macro_rules! tensor {
    [$([$($row:tt)*]),+ $(,)?] => { $crate::Tensor::from([$([$($row)*]),+]) };
    [$single:expr] => { $crate::tensor!(@one $single) };
    [$($number:expr),+ $(,)?] => { $crate::Tensor::from([$($number),+]) };
    (@one $single:expr) => { $crate::Tensor::from($single) };
}

/// The number as a whole one of 64 bits, if it is one.
pub(crate) fn whole(number: f64) -> Option<i64> {
    const END: f64 = 9_223_372_036_854_775_808.0; // 2⁶³
    (number.fract() == 0.0 && (-END..END).contains(&number)).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finite_is_found_where_it_stands_first() {
        let x = Tensor::from([[1.0, f64::NAN, 2.0], [f64::INFINITY, 0.0, f64::NAN]]);
        let (row, column) = (x.narrow(0, 1, 1).expect("a row"), x.narrow(1, 1, 1).expect("a column"));
        let views = [
            x.clone(),
            x.t().expect("a matrix"),
            row.expand(&[3, 3]).expect("a view"),
            column.expand(&[2, 4]).expect("a view"),
            row.unsqueeze(2).expect("a view").expand(&[2, 3, 5]).expect("a view"),
            x.narrow(1, 0, 0).expect("nothing"),
        ];
        for view in views {
            let first = view.to_f64s().iter().position(|x| !x.is_finite());
            assert_eq!(view.find(|x| !x.is_finite()), first, "{:?}", view.shape());
        }
        let huge = row.expand(&[1 << 50, 3]).expect("a view");
        assert_eq!(huge.find(|x| !x.is_finite()), Some(0));
    }
}
