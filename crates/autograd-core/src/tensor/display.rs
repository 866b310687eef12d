//! Printing in the manner of NumPy.

use super::{DType, Tensor};
use std::fmt;

/// Dimensions longer than this are abbreviated to their first and last three entries, once the whole has over 1,000.
const EDGE: usize = 3;
const ABBREVIATE_OVER: usize = 1000;

impl fmt::Display for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(4);
        let short = self.numel() > ABBREVIATE_OVER;
        let printed: Vec<String> = match self.dtype() {
            DType::Bool => self.to_f64s().iter().map(|x| (*x != 0.0).to_string()).collect(),
            DType::I64 => self.to_f64s().iter().map(|x| format!("{x:.0}")).collect(),
            DType::F32 | DType::F64 => floats(&self.to_f64s(), digits),
        };
        let width = printed.iter().map(String::len).max().unwrap_or(0);
        write_level(f, self.shape(), &printed, width, 0, short)
    }
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

fn write_level(
    f: &mut fmt::Formatter<'_>,
    shape: &[usize],
    items: &[String],
    width: usize,
    depth: usize,
    short: bool,
) -> fmt::Result {
    let [size, rest @ ..] = shape else {
        return write!(f, "{:>width$}", items.first().map_or("", String::as_str));
    };
    f.write_str("[")?;
    let step = items.len().checked_div(*size).unwrap_or(0);
    let hidden = if short && *size > 2 * EDGE { EDGE..size - EDGE } else { 0..0 };
    let mut first = true;
    for i in 0..*size {
        if hidden.contains(&i) && i != hidden.start {
            continue;
        }
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
            write_level(f, rest, &items[i * step..(i + 1) * step], width, depth + 1, short)?;
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
    }
}
