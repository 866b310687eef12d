//! Printing in the manner of NumPy.

use super::watch::reads;
use super::{DType, Tensor};
use std::fmt;

/// Dimensions longer than this are abbreviated to their first and last three entries, once the whole has over 1,000.
const EDGE: usize = 3;
const ABBREVIATE_OVER: usize = 1000;
/// Of a tensor of many dimensions no more elements are shown than this: of the outer ones only the first entry.
const AT_MOST: usize = 10_000;

impl fmt::Display for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        reads("printing");
        if self.numel() == 0 {
            return f.write_str("[]");
        }
        let shown = shown(self.shape());
        let places = places(&shown, self.strides());
        let printed: Vec<String> = match self.dtype() {
            DType::F32 => floats(&self.at(&places, |x: f32| f64::from(x)), f.precision()),
            DType::F64 => floats(&self.at(&places, |x: f64| x), f.precision()),
            DType::I64 => self.at(&places, |x: i64| x.to_string()),
            DType::Bool => self.at(&places, |x: u8| (x != 0).to_string()),
        };
        let width = printed.iter().map(String::len).max().unwrap_or(0);
        write_level(f, &shown, &printed, width, 0)
    }
}

impl Tensor {
    /// The elements at these places in memory.
    fn at<T: super::Stored, R>(&self, places: &[usize], read: impl Fn(T) -> R) -> Vec<R> {
        let x = self.strided::<T>();
        places.iter().map(|at| read(x[*at])).collect()
    }
}

/// The entries of one dimension that are shown: so many from its front, and so many from its back.
#[derive(Clone, Copy)]
struct Shown {
    size: usize,
    front: usize,
    back: usize,
}

impl Shown {
    fn count(self) -> usize {
        self.front + self.back
    }
}

/// What is shown of each dimension.
fn shown(shape: &[usize]) -> Vec<Shown> {
    let numel = shape.iter().fold(1usize, |n, size| n.saturating_mul(*size));
    let mut count = 1;
    let mut shown: Vec<Shown> = Vec::with_capacity(shape.len());
    for &size in shape.iter().rev() {
        let whole = numel <= ABBREVIATE_OVER || size <= 2 * EDGE;
        let entries = if whole { size } else { 2 * EDGE };
        let (front, back) = match count * entries <= AT_MOST {
            true if whole => (size, 0),
            true => (EDGE, EDGE),
            false => (1, 0),
        };
        count *= front + back;
        shown.push(Shown { size, front, back });
    }
    shown.reverse();
    shown
}

/// The places in memory of all elements that are shown, in row-major order.
fn places(shown: &[Shown], strides: &[usize]) -> Vec<usize> {
    let mut places = vec![0];
    for (Shown { size, front, back }, stride) in shown.iter().zip(strides) {
        let entries = || (0..*front).chain(size - back..*size);
        places = places.iter().flat_map(|at| entries().map(move |i| at + i * stride)).collect();
    }
    places
}

/// All numbers in one notation: plain where that is readable, else scientific; trailing zeros that every number has are
/// left out.
fn floats(x: &[f64], digits: Option<usize>) -> Vec<String> {
    let digits = digits.unwrap_or(4);
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

fn write_level(
    f: &mut fmt::Formatter<'_>,
    shown: &[Shown],
    items: &[String],
    width: usize,
    depth: usize,
) -> fmt::Result {
    let [this, inner @ ..] = shown else {
        return write!(f, "{:>width$}", items.first().map_or("", String::as_str));
    };
    let separate = |f: &mut fmt::Formatter<'_>| match inner.len() {
        0 => f.write_str(", "),
        // One blank line more for each dimension that is left, as NumPy does.
        n => write!(f, ",{}{}", "\n".repeat(n), " ".repeat(depth + 1)),
    };
    f.write_str("[")?;
    let of_each: usize = inner.iter().map(|shown| shown.count()).product();
    for (i, items) in items.chunks(of_each.max(1)).enumerate() {
        if i > 0 {
            separate(f)?;
        }
        write_level(f, inner, items, width, depth + 1)?;
        if i + 1 == this.front && this.count() < this.size {
            separate(f)?;
            f.write_str("...")?;
        }
    }
    f.write_str("]")
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
        let x = x.reshape(&[8, 250]).expect("as many").narrow(0, 1, 7).expect("inside");
        let rows: Vec<String> = [250, 500, 750, 1250, 1500, 1750]
            .map(|i| {
                format!("[{i:>4}, {:>4}, {:>4}, ..., {:>4}, {:>4}, {:>4}]", i + 1, i + 2, i + 247, i + 248, i + 249)
            })
            .to_vec();
        assert_eq!(x.to_string(), format!("[{},\n ...,\n {}]", rows[..3].join(",\n "), rows[3..].join(",\n ")));
    }

    #[test]
    fn integers_are_shown_exactly() {
        let x = Tensor::from([i64::MAX, -(1 << 53) - 1]);
        assert_eq!(x.to_string(), "[9223372036854775807,   -9007199254740993]");
    }

    #[test]
    fn what_is_not_shown_decides_nothing() {
        let mut x = vec![1.5; 2000];
        (x[3], x[1000]) = (1e-30, f64::NAN);
        let x = Tensor::from_vec(x, &[2000]).expect("as many");
        assert_eq!(x.to_string(), "[1.5, 1.5, 1.5, ..., 1.5, 1.5, 1.5]");
    }

    /// More elements than memory holds: each case ends the process, or never ends, if any but the shown are read.
    #[test]
    fn only_what_is_shown_is_read() {
        let one = Tensor::from(1.5);
        let vast = one.expand(&[1 << 20, 1 << 40]).expect("a view");
        let row = "[1.5, 1.5, 1.5, ..., 1.5, 1.5, 1.5]";
        let three = [row; 3].join(",\n ");
        assert_eq!(vast.to_string(), format!("[{three},\n ...,\n {three}]"));
        assert_eq!(vast.t().expect("a matrix").to_string(), vast.to_string());
        assert_eq!(Tensor::zeros(&[1 << 40, 0], DType::F32).expect("empty").to_string(), "[]");
        for shape in [vec![2; 40], vec![6; 20], vec![7; 20]] {
            let text = one.expand(&shape).expect("a view").to_string();
            assert!(text.len() < 400_000, "{shape:?}: {} bytes", text.len());
            assert_eq!(text.matches('[').count(), text.matches(']').count());
        }
    }
}
