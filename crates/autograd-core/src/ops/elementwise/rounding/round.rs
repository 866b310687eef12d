//! Rounding to a number of decimals.

use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// Rounded to a number of decimals, halves to the even neighbour, element by element: `y = round(x 10ᵈ) / 10ᵈ`.
    /// Negative decimals round to tens, hundreds and so on. Integers stay integers. With a unit below the
    /// least number all stay what they are, and so does a number that has no such decimals; with one above the largest
    /// all finite ones are 0.
    ///
    /// # Gradient
    /// None: the result is not tracked, for its derivative is zero wherever it exists.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([0.5, 1.5, 12.346]);
    /// assert_eq!(x.round(0).to_vec::<f32>()?, [0.0, 2.0, 12.0]);
    /// assert_eq!(x.round(2).to_vec::<f32>()?, [0.5, 1.5, 12.35]);
    /// assert_eq!(Tensor::from([12, 15]).round(-1).to_vec::<i64>()?, [10, 20]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn round(&self, decimals: i32) -> Tensor {
        elementwise([self], Round { decimals })
    }
}

#[derive(Clone, Copy)]
struct Round {
    decimals: i32,
}

impl Elementwise<1> for Round {
    const NAME: &'static str = "round";
    const KEEPS: Keeps = Keeps::Untracked;
    const INTEGER: Option<fn(Self, [i64; 1]) -> i64> = Some(|f, [x]| f.integer(x));

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        let unit = N::of(10f64.powi(self.decimals.saturating_abs()));
        match self.decimals {
            0 => x.round(),
            1.. => {
                let tens = x * unit;
                let whole = tens.round();
                // Where neighbours are 1 or more apart, x has no such decimals, and a quotient would differ from it by
                // its rounding. So it is with a product that is infinite or NaN.
                let near = (tens.abs() + N::of(0.3)).gt(tens.abs());
                let rounded = match self.decimals {
                    // Of these there is 10ᵈ itself, in single precision too.
                    ..=10 => whole / unit,
                    // A quotient by 10ᵈ, which was rounded, would differ from what is whole already.
                    23.. => N::select(whole.eq(tens), x, whole / unit),
                    _ => {
                        let single = (N::of(1e8) + N::of(1.0)).eq(N::of(1e8));
                        N::select(single, N::select(whole.eq(tens), x, whole / unit), whole / unit)
                    }
                };
                N::select(near, rounded, x)
            }
            _ => {
                let tens = (x / unit).round();
                // The unit may be infinite.
                N::select(tens.eq(N::of(0.0)), tens, tens * unit)
            }
        }
    }
}

impl Round {
    fn integer(self, x: i64) -> i64 {
        if self.decimals >= 0 {
            return x;
        }
        // Beyond 10¹⁸ every integer is nearer to 0 than to the next.
        let Some(unit) = 10i64.checked_pow(self.decimals.unsigned_abs()) else { return 0 };
        let (whole, rest) = (x.div_euclid(unit), x.rem_euclid(unit));
        let up = rest > unit - rest || (rest == unit - rest && whole % 2 != 0);
        // Where no I64 is the nearest multiple, the next one towards 0.
        (whole + i64::from(up)).checked_mul(unit).unwrap_or(x / unit * unit)
    }
}

#[cfg(test)]
crate::ops::cases::cases![
    Case::unary("round", -2.9..2.9, &[], |x| x.round(0), f64::round_ties_even).without_gradient(),
    Case::unary("round(2)", -2.9..2.9, &[], |x| x.round(2), |x| (x * 100.0).round_ties_even() / 100.0)
        .without_gradient()
        // Which side of a half a product lies on is another question in each type.
        .within_ulps([f64::INFINITY; 3]),
];

#[cfg(test)]
mod tests {
    use crate::Tensor;

    #[test]
    fn integers_are_rounded_exactly() {
        let x = Tensor::from([25, 35, -25, 14, i64::MAX, i64::MIN]);
        let rounded = |d: i32| x.round(d).to_vec::<i64>().expect("I64");
        assert_eq!(rounded(0), x.to_vec::<i64>().expect("I64"));
        let ends = [9_223_372_036_854_775_800, -9_223_372_036_854_775_800];
        assert_eq!(rounded(-1), [20, 40, -20, 10, ends[0], ends[1]]);
        assert_eq!(rounded(-19), [0; 6]);
        let tens = Tensor::from([25.0, 35.0, -25.0]).round(-1).to_vec::<f32>().expect("F32");
        assert_eq!(tens, [20.0, 40.0, -20.0]);
    }

    #[test]
    fn a_number_without_such_decimals_stays_what_it_is() {
        let x: Vec<f32> = (1..2000).map(|i| 1.0 / i as f32).chain([1e7, 123_456.79]).collect();
        let x = Tensor::from_slice(&x, &[x.len()]).expect("a row");
        for decimals in [12, 20, 30] {
            assert_eq!(x.round(decimals).to_vec::<f32>().expect("F32"), x.to_vec::<f32>().expect("F32"));
        }
    }

    #[test]
    fn the_rounding_of_a_sum_is_rounded_away() {
        let x: Vec<f64> = (-999..1000).flat_map(|i| [0.1, 0.2, 0.7].map(|x| f64::from(i) / 10.0 + x)).collect();
        let got = Tensor::from_slice(&x, &[x.len()]).expect("a row").round(1).to_f64s();
        for (got, x) in got.iter().zip(&x) {
            assert_eq!(*got, (x * 10.0).round_ties_even() / 10.0, "{x}");
        }
        assert_eq!(Tensor::from([1.1f32 + 2.2]).round(1).to_vec::<f32>().expect("F32"), [3.3]);
        // 10¹² is no number of single precision, and 10²³ is none at all.
        assert_eq!(Tensor::from([5.7e-11f32]).round(12).to_vec::<f32>().expect("F32"), [5.7e-11]);
        assert_eq!(Tensor::from_slice(&[3.5e-22], &[1]).expect("a row").round(23).to_f64s(), [3.5e-22]);
        // 2⁵¹ and a half has a decimal, and so has the number before 2⁵² tenths.
        let x = Tensor::from_slice(&[2251799813685248.5, 450359962737049.5], &[2]).expect("a row");
        assert_eq!(x.round(1).to_f64s(), x.to_f64s());
    }

    #[test]
    fn units_beyond_the_largest_and_the_smallest_number() {
        let x = Tensor::from([0.0, 2.5, -3e38, 1e-30, f32::INFINITY]);
        for decimals in [39, 400, i32::MAX] {
            assert_eq!(x.round(decimals).to_vec::<f32>().expect("F32"), x.to_vec::<f32>().expect("F32"));
        }
        for decimals in [-39, -400, i32::MIN + 1, i32::MIN] {
            let rounded = x.round(decimals).to_vec::<f32>().expect("F32");
            assert_eq!(rounded[..4], [0.0; 4]);
            assert!(rounded[2].is_sign_negative(), "{rounded:?}");
            assert_eq!(Tensor::from(i64::MAX).round(decimals).to_vec::<i64>().expect("I64"), [0]);
        }
    }
}
