//! Printing in the manner of NumPy.

use super::{DType, Tensor};
use crate::storage::block::Plain;
use std::fmt;
use std::ops::Range;

/// Dimensions longer than this are abbreviated to their first and last three entries, once the whole has over 1,000.
const EDGE: usize = 3;
const ABBREVIATE_OVER: usize = 1000;

/// With more entries than this, of many short dimensions, the shape stands for all of them.
const AT_MOST: usize = 1 << 16;

impl fmt::Display for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(4);
        // Empty dimensions hide no others.
        let entries = self.shape().iter().fold(1usize, |all, size| all.saturating_mul((*size).max(1)));
        let shown = Shown { short: entries > ABBREVIATE_OVER };
        if shown.count(self.shape()) > AT_MOST {
            return write!(f, "[.. {} of shape {:?} ..]", self.dtype(), self.shape());
        }
        let places = shown.places(self);
        // Only what is shown is read, and decides the notation: the rest may be more than memory holds.
        let printed: Vec<String> = match self.dtype() {
            DType::Bool => read::<u8>(self, &places).map(|x| (x != 0).to_string()).collect(),
            DType::I64 => read::<i64>(self, &places).map(|x| x.to_string()).collect(),
            DType::F32 => floats(&read::<f32>(self, &places).map(f64::from).collect::<Vec<_>>(), digits),
            DType::F64 => floats(&read::<f64>(self, &places).collect::<Vec<_>>(), digits),
        };
        let width = printed.iter().map(String::len).max().unwrap_or(0);
        shown.write(f, self.shape(), &mut printed.iter().map(String::as_str), width, 0)
    }
}

/// The elements at these places of a tensor's memory.
fn read<'a, T: Plain>(x: &'a Tensor, places: &'a [usize]) -> impl Iterator<Item = T> + 'a {
    let elements = x.strided::<T>();
    places.iter().map(|at| elements[*at])
}

/// All numbers in one notation: plain where that is readable, else scientific; trailing zeros that every number has are
/// left out.
fn floats(x: &[f64], digits: usize) -> Vec<String> {
    let finite = || x.iter().map(|x| x.abs()).filter(|x| x.is_finite() && *x > 0.0);
    let (largest, smallest) = (finite().fold(0.0, f64::max), finite().fold(f64::INFINITY, f64::min));
    let scientific = largest >= 1e8 || smallest < 1e-4;
    let one = |x: f64| match () {
        () if x.is_nan() => "nan".into(),
        () if x.is_infinite() => if x > 0.0 { "inf" } else { "-inf" }.into(),
        () if scientific => format!("{x:.digits$e}"),
        () => format!("{x:.digits$}"),
    };
    let mut all: Vec<String> = x.iter().map(|x| one(*x)).collect();
    if !scientific && digits > 0 {
        let zeros = |s: &String| s.len() - s.trim_end_matches('0').len();
        let spare = all.iter().filter(|s| s.contains('.')).map(zeros).min().unwrap_or(0);
        for s in all.iter_mut().filter(|s| s.contains('.')) {
            s.truncate(s.len() - spare);
        }
    }
    all
}

/// The choice of the entries that are written.
#[derive(Clone, Copy)]
struct Shown {
    /// Whether long dimensions are abbreviated.
    short: bool,
}

impl Shown {
    /// The entries of a dimension of this size that are left out.
    fn hidden(self, size: usize) -> Range<usize> {
        if self.short && size > 2 * EDGE { EDGE..size - EDGE } else { 0..0 }
    }

    /// The number of entries that are written, and of empty brackets.
    fn count(self, shape: &[usize]) -> usize {
        let shown = |size: &usize| size - self.hidden(*size).len();
        shape.iter().fold(1usize, |all, size| all.saturating_mul(shown(size).max(1)))
    }

    /// The places in memory of the elements that are written, in order.
    fn places(self, x: &Tensor) -> Vec<usize> {
        let mut places = vec![0];
        for (size, stride) in x.shape().iter().zip(x.strides()) {
            let hidden = self.hidden(*size);
            let shown = (0..hidden.start).chain(hidden.end..*size);
            places = places.iter().flat_map(|at| shown.clone().map(move |i| at + i * stride)).collect();
        }
        places
    }

    /// Writes the dimensions from this one inwards; `items` are the elements that are shown, in order.
    fn write(
        self,
        f: &mut fmt::Formatter<'_>,
        shape: &[usize],
        items: &mut dyn Iterator<Item = &str>,
        width: usize,
        depth: usize,
    ) -> fmt::Result {
        let [size, rest @ ..] = shape else {
            return write!(f, "{:>width$}", items.next().unwrap_or(""));
        };
        f.write_str("[")?;
        let hidden = self.hidden(*size);
        let mut first = true;
        for i in (0..hidden.start + usize::from(!hidden.is_empty())).chain(hidden.end..*size) {
            if !first {
                match rest.len() {
                    0 => f.write_str(", ")?,
                    // One blank line more for each dimension that is left, as NumPy does.
                    n => write!(f, ",{}{}", "\n".repeat(n), " ".repeat(depth + 1))?,
                }
            }
            first = false;
            if hidden.contains(&i) {
                f.write_str("...")?;
            } else {
                self.write(f, rest, items, width, depth + 1)?;
            }
        }
        f.write_str("]")
    }
}

#[cfg(test)]
mod tests {
    use crate::{DType, Tensor};

    #[test]
    fn prints_like_numpy() {
        assert_eq!(Tensor::from(2.5).to_string(), "2.5");
        assert_eq!(Tensor::from([1.0, -2.25]).to_string(), "[ 1.00, -2.25]");
        assert_eq!(Tensor::from([[1, 2], [30, 4]]).to_string(), "[[ 1,  2],\n [30,  4]]");
        assert_eq!(Tensor::from([[[true]], [[false]]]).to_string(), "[[[ true]],\n\n [[false]]]");
        assert_eq!(Tensor::from([1e-9, 1.0]).to_string(), "[1.0000e-9,  1.0000e0]");
        let nothing = Tensor::zeros(&[0, 3], DType::F64).expect("small");
        assert_eq!(nothing.to_string(), "[]");
    }

    #[test]
    fn long_tensors_are_abbreviated() {
        let x = Tensor::arange(0.0, 2000.0, 1.0, DType::I64).expect("small");
        assert_eq!(x.to_string(), "[   0,    1,    2, ..., 1997, 1998, 1999]");
        let x = x.reshape(&[2, 1000]).expect("as many");
        assert_eq!(
            x.to_string(),
            "[[   0,    1,    2, ...,  997,  998,  999],\n [1000, 1001, 1002, ..., 1997, 1998, 1999]]"
        );
    }

    #[test]
    fn only_what_is_shown_is_read() {
        let x = Tensor::from([[1.5], [2.5]]).expand(&[2, 1 << 50]).expect("a view");
        assert_eq!(x.to_string(), "[[1.5, 1.5, 1.5, ..., 1.5, 1.5, 1.5],\n [2.5, 2.5, 2.5, ..., 2.5, 2.5, 2.5]]");
        let hidden: Vec<f32> = (0..2000).map(|i| if i == 1000 { 1e9 } else { 1.0 }).collect();
        let x = Tensor::from_vec(hidden, &[2000]).expect("as many");
        assert_eq!(x.to_string(), "[1., 1., 1., ..., 1., 1., 1.]");
        assert_eq!(Tensor::from([i64::MAX]).to_string(), "[9223372036854775807]");
        assert_eq!(Tensor::zeros(&[0, 3000, 3000], DType::F32).expect("empty").to_string(), "[]");
        let x = Tensor::zeros(&[1 << 50, 0], DType::F32).expect("empty");
        assert_eq!(x.to_string(), "[[],\n [],\n [],\n ...,\n [],\n [],\n []]");
        let x = Tensor::from(1.0).expand(&[2; 60]).expect("a view").to_string();
        assert!(x.starts_with("[.. F32 of shape [2, 2, ") && x.len() < 300, "{x}");
        assert_eq!(Tensor::zeros(&[1, 0, 3], DType::F32).expect("empty").to_string(), "[[]]");
    }
}
