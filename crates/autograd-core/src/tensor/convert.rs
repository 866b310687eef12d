//! Conversions from and to Rust numbers.

use super::{DType, Element, Tensor};
use crate::error::{Error, ErrorKind, Result, refuse};
use crate::shape::{Dims, Layout};

impl Tensor {
    /// The elements in row-major order.
    ///
    /// # Errors
    /// If `T` is not the tensor's dtype; `to_dtype` converts.
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>> {
        if T::DTYPE != self.dtype() {
            return Err(Error::wrong_dtype("to_vec", self.dtype(), T::DTYPE));
        }
        let (x, mut y) = (self.try_packed("to_vec")?, Vec::new());
        y.try_reserve_exact(x.numel()).map_err(|_| Error::too_large("to_vec", self.shape()))?;
        y.extend(x.flat::<T::Stored>().iter().map(|x| T::load(*x)));
        Ok(y)
    }

    /// The only element of a tensor that has one.
    ///
    /// # Errors
    /// If it has another number of elements, or `T` is not the tensor's dtype.
    pub fn item<T: Element>(&self) -> Result<T> {
        if T::DTYPE != self.dtype() {
            return Err(Error::wrong_dtype("item", self.dtype(), T::DTYPE));
        }
        match self.strided::<T::Stored>() {
            [first, ..] if self.numel() == 1 => Ok(T::load(*first)),
            _ => {
                let text = format!("item: shape is {:?}, expected a single element", self.shape());
                Err(Error::new(ErrorKind::Shape, text))
            }
        }
    }

    /// The elements in row-major order as `f64`, whatever the dtype (truth values are 0 and 1).
    pub fn to_f64s(&self) -> Vec<f64> {
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

impl Tensor {
    /// The first element in row-major order that is NaN or infinite, and its number in that order.
    pub(crate) fn first_not_finite(&self) -> Option<(usize, f64)> {
        // Repetitions are not searched: there may be more of them than memory holds.
        let once = |(size, stride): (&usize, &usize)| if *stride == 0 { (*size).min(1) } else { *size };
        let sizes: Dims = self.shape().iter().zip(self.strides()).map(once).collect();
        let searched = self.with_layout(Layout::strided(&sizes, self.strides(), self.layout().offset()));
        let (mut rest, x) = searched.to_f64s().into_iter().enumerate().find(|(_, x)| !x.is_finite())?;
        let (mut at, mut step) = (0, 1);
        for (size, searched) in self.shape().iter().zip(&sizes).rev() {
            at += rest % searched * step;
            (rest, step) = (rest / searched, step * size);
        }
        Some((at, x))
    }
}

/// Numbers nested in arrays: `1.0`, `[1.0, 2.0]`, `[[1, 2], [3, 4]]` and so on. Float literals make `F32` tensors,
/// integers `I64`, truth values `Bool`.
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
        Tensor::build::<<T::Element as Element>::Stored>(&shape, |y| {
            y.iter_mut().zip(data).for_each(|(y, x)| *y = x.store());
        })
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
            assert_eq!(view.first_not_finite().map(|(at, _)| at), first, "{:?}", view.shape());
        }
        let huge = row.expand(&[1 << 50, 3]).expect("a view");
        assert_eq!(huge.first_not_finite(), Some((0, f64::INFINITY)));
    }
}
