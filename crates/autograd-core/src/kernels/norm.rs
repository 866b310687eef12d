//! Norms of rows: `(Σ |x|ᵖ)^(1/p)`, without overflow.

use super::fold::{FoldRule, fold};
use super::number::Number;
use super::real::Real;
use crate::threads::parallel::for_rows;

/// `Σ x²`
#[derive(Clone, Copy)]
struct Squares;

impl FoldRule for Squares {
    #[inline(always)]
    fn element(self, x: f64, _: f64) -> f64 {
        x * x
    }
    #[inline(always)]
    fn join(self, a: f64, b: f64) -> f64 {
        a + b
    }
}

/// `Σ |x|³`
#[derive(Clone, Copy)]
struct Cubes;

impl FoldRule for Cubes {
    #[inline(always)]
    fn element(self, x: f64, _: f64) -> f64 {
        x * x * x.abs()
    }
    #[inline(always)]
    fn join(self, a: f64, b: f64) -> f64 {
        a + b
    }
}

/// `Σ |x|ᵖ`
#[derive(Clone, Copy)]
struct Powers(f64);

impl FoldRule for Powers {
    #[inline(always)]
    fn element(self, x: f64, _: f64) -> f64 {
        Number::powf(x.abs(), self.0)
    }
    #[inline(always)]
    fn join(self, a: f64, b: f64) -> f64 {
        a + b
    }
}

/// `Σ (|x| / most)ᵖ`
#[derive(Clone, Copy)]
struct Shares {
    most: f64,
    p: f64,
}

impl FoldRule for Shares {
    #[inline(always)]
    fn element(self, x: f64, _: f64) -> f64 {
        Number::powf(x.abs() / self.most, self.p)
    }
    #[inline(always)]
    fn join(self, a: f64, b: f64) -> f64 {
        a + b
    }
}

/// Sums below have lost digits of their terms.
const SMALL: f64 = 1e-280;

/// `sum^(1/p)`
pub(super) fn root(p: f64, sum: f64) -> f64 {
    if p == 2.0 {
        return sum.sqrt();
    }
    // 1/p = q + r, where q is rounded: `sum^r = 1 + r ln(sum)` gives back the digits that q has lost.
    let q = p.recip();
    let r = (-q).mul_add(p, 1.0) * q;
    let y = sum.powf(q);
    if y.is_normal() && r.is_finite() { (y * r).mul_add(sum.ln(), y) } else { y }
}

/// The norm of one row; p is neither 0 nor infinite.
fn norm<T: Real>(p: f64, x: &[T]) -> f64 {
    let sum = match p {
        2.0 => fold(Squares, x, x),
        3.0 => fold(Cubes, x, x),
        p => fold(Powers(p), x, x),
    };
    if sum.is_finite() && sum > SMALL {
        return root(p, sum);
    }
    // Scaled by the element that counts most, no power overflows, and the largest is 1.
    let mut most = if p > 0.0 { 0.0 } else { f64::INFINITY };
    for x in x {
        let x = x.as_f64().abs();
        if x.is_nan() {
            return x;
        }
        most = if p > 0.0 { x.max(most) } else { x.min(most) };
    }
    if most == 0.0 || most.is_infinite() {
        return most;
    }
    most * root(p, fold(Shares { most, p }, x, x))
}

/// The norm of each row of `x: [rows, width]`.
pub fn norms<T: Real>(p: f64, x: &[T], width: usize, y: &mut [T]) {
    for_rows(y, 1, width, |rows, y| {
        for (row, y) in rows.zip(y) {
            *y = T::of(norm(p, &x[row * width..(row + 1) * width]));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::norm;

    #[test]
    fn nothing_overflows_that_has_a_norm() {
        let near = |got: f64, want: f64| assert!((got / want - 1.0).abs() < 1e-14, "{got} instead of {want}");
        near(norm(2.0, &[3e200, -4e200]), 5e200);
        near(norm(2.0, &[3e-200, 4e-200]), 5e-200);
        near(norm(2.0, &[3e-320]), 3e-320);
        near(norm(2.0, &[3e30f32, 4e30]), f64::from(3e30f32).hypot(f64::from(4e30f32)));
        near(norm(3.0, &[1e150, 1e150]), 1e150 * 2f64.cbrt());
        near(norm(-1.0, &[1e300, 1e300]), 5e299);
        near(norm(-400.0, &[0.1, 0.2]), 0.1);
        near(norm(0.5, &[1e308, 0.0]), 1e308);
    }

    #[test]
    fn zeros_infinities_and_nan_are_what_they_should_be() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        for p in [0.5, 1.0, 2.0, 3.5] {
            assert_eq!((norm::<f64>(p, &[]), norm(p, &[0.0, 0.0]), norm(p, &[1.0, -inf])), (0.0, 0.0, inf));
            assert!(norm(p, &[inf, nan]).is_nan());
        }
        assert_eq!((norm(-1.0, &[0.0, 2.0]), norm(-2.0, &[inf, inf]), norm(-1.0, &[inf, 2.0])), (0.0, inf, 2.0));
        assert!(norm(-1.0, &[nan, 0.0]).is_nan());
    }
}
