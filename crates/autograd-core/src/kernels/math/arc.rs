//! Inverse trigonometric functions, and the hypotenuse.
//!
//! ```text
//! atan q = β + atan t,   t = q, (q − 1) / (q + 1), −1 / q,   β = 0, π/4, π/2,   |t| ≤ tan(π/8)
//! asin |x| = π/2 − 2 asin √w,   w = (1 − |x|) / 2,   for |x| > ½;   acos from the same
//! atan t = t + t³ a(t²),   asin s = s + s³ b(s²)
//! ```
//!
//! Quotients, roots and the constants are sums of two numbers, so hardly more than the last sum is rounded.
//!
//! Worst error measured: `asin` f32 0.58, `acos` 0.58, `atan` 0.76 ulp, in f64 1 ulp (f32: every 2003rd bit pattern;
//! f64: `tables.rs`, and 200000 arguments against std).

use super::exponential::Scalar;

/// The coefficients of `a` on t² ≤ 0.172; error of `atan` relative to itself 2⁻³³.
const ATAN_F32: [f32; 6] = [-0.33333334, 0.19999976, -0.14284146, 0.1107126, -0.086238965, 0.05046128];
/// The coefficients of `a`; error of `atan` relative to itself 2⁻⁶².
const ATAN_F64: [f64; 12] = [
    -0.3333333333333333,
    0.199999999999998,
    -0.14285714285659326,
    0.11111111105106705,
    -0.09090908751076636,
    0.0769229630497447,
    -0.06666423628069258,
    0.058789145444006215,
    -0.052303478730160745,
    0.04551108126325172,
    -0.034558092551413795,
    0.01627194475162406,
];
/// The coefficients of `b` on s² ≤ ¼; error of `asin` relative to itself 2⁻²⁹.
const ASIN_F32: [f32; 6] = [0.16666666, 0.075000964, 0.044598572, 0.03111137, 0.01709383, 0.03378981];
/// The coefficients of `b`; error of `asin` relative to itself 2⁻⁶¹.
const ASIN_F64: [f64; 14] = [
    0.16666666666666666,
    0.07500000000000125,
    0.0446428571425344,
    0.03038194447718173,
    0.022372157363072055,
    0.017352818864697632,
    0.013963737065607995,
    0.01156698944442246,
    0.009617383556655952,
    0.009345251651161767,
    0.0029452290980146465,
    0.01980325795035846,
    -0.01960247019450132,
    0.029843065460634383,
];
/// What π/2 in f64 lacks.
const REST: f64 = 6.123233995736766e-17;

/// `factor π/2` as a sum of two numbers; the factor is a power of two.
#[inline(always)]
fn quarters<T: Scalar>(factor: f64) -> (T, T) {
    let c = factor * std::f64::consts::FRAC_PI_2;
    (T::of(c), T::rest_of(c, factor * REST))
}

/// a + b and what it lacks (Knuth's TwoSum).
#[inline(always)]
fn sum<T: Scalar>(a: T, b: T) -> (T, T) {
    let sum = a + b;
    let other = sum - a;
    (sum, (a - (sum - other)) + (b - other))
}

/// The angle of a quotient of numbers that are not negative, nor both 0, nor too large to be added, as a sum of two.
#[inline(always)]
fn angle<T: Scalar>(over: T, under: T) -> (T, T) {
    let (zero, tan) = (T::of(0.0), std::f64::consts::SQRT_2 - 1.0);
    let ((difference, difference_lost), (total, total_lost)) = (sum(over, -under), sum(over, under));
    let (low, high) = (over <= under * T::of(tan), over >= under * T::of(tan + 2.0));
    let (half, half_rest) = quarters::<T>(0.5);
    let (whole, whole_rest) = quarters::<T>(1.0);
    let pick = |middle: T, low_one: T, high_one: T| {
        let y = if high { high_one } else { middle };
        if low { low_one } else { y }
    };
    let (a, a_lost) = (pick(difference, over, -under), pick(difference_lost, zero, zero));
    let (b, b_lost) = (pick(total, under, over), pick(total_lost, zero, zero));
    let (base, base_rest) = (pick(half, zero, whole), pick(half_rest, zero, whole_rest));
    let t = a / b;
    let t_lost = ((-t).fused(b, a) + (-t).fused(b_lost, a_lost)) / b;
    let square = t * t;
    let first = base + t;
    let lost = t - (first - base);
    let small = (t * square).fused(square.horner(&ATAN_F32, &ATAN_F64), t_lost + base_rest);
    (first, lost + small)
}

/// `atan x`; −0 stays −0.
#[inline(always)]
pub fn atan<T: Scalar>(x: T) -> T {
    // From there on it is π/2, up to rounding.
    let (first, second) = angle(x.magnitude().at_most(T::either(1e12, 1e18)), T::of(1.0));
    let y = first + second;
    // The remainder of a subnormal quotient is none.
    let y = if x.magnitude() < T::either(1e-15, 1e-150) { x.magnitude() } else { y };
    y.signed(x)
}

/// The angle of the point (x, y), from −π to π; the signs of zeros count.
#[inline(always)]
pub fn atan2<T: Scalar>(y: T, x: T) -> T {
    let (zero, one, infinity) = (T::of(0.0), T::of(1.0), T::of(f64::INFINITY));
    let (a, b) = (y.magnitude(), x.magnitude());
    let larger = if a > b { a } else { b };
    // By powers of two, so that nothing overflows or is lost.
    let up = if larger < T::either(1e-16, 1e-150) { T::either(2f64.powi(64), 2f64.powi(500)) } else { one };
    let up = if larger > T::either(1e16, 1e150) { T::either(2f64.powi(-64), 2f64.powi(-500)) } else { up };
    let (over, under) = (a * up, b * up);
    let (up_is_none, side_is_none) = (a == infinity, b == infinity);
    let over = if up_is_none { one } else { over };
    let over = if side_is_none && !up_is_none { zero } else { over };
    let under = if side_is_none { one } else { under };
    let under = if up_is_none && !side_is_none { zero } else { under };
    let under = if larger == zero { one } else { under };
    let (first, second) = angle(over, under);
    let left = one.signed(x) < zero;
    let (whole, whole_rest) = quarters::<T>(2.0);
    let from_left = (whole - first) + ((whole - (whole - first)) - first + (whole_rest - second));
    let angle = if left { from_left } else { first + second };
    let angle = angle.signed(y);
    // NaN passes.
    if a <= infinity && b <= infinity { angle } else { x + y }
}

/// `√(a² + b²)`, of which no square overflows; ∞ if either is.
#[inline(always)]
pub fn hypot<T: Scalar>(a: T, b: T) -> T {
    let (a, b) = (a.magnitude(), b.magnitude());
    let (larger, smaller) = if a > b { (a, b) } else { (b, a) };
    // By powers of two. NaN passes.
    let [up, down] = [T::either(2f64.powi(100), 2f64.powi(600)), T::either(2f64.powi(-100), 2f64.powi(-600))];
    let (scale, back) = if larger > T::either(1e16, 1e150) { (down, up) } else { (T::of(1.0), T::of(1.0)) };
    let (scale, back) = if larger < T::either(1e-16, 1e-140) { (up, down) } else { (scale, back) };
    let (larger, smaller) = (larger * scale, smaller * scale);
    let y = larger.fused(larger, smaller * smaller).root() * back;
    let infinity = T::of(f64::INFINITY);
    let y = if a == infinity { a } else { y };
    if b == infinity { b } else { y }
}

/// `√w` as a sum, w not negative.
#[inline(always)]
fn root<T: Scalar>(w: T) -> (T, T) {
    let root = w.root();
    let lost = (-root).fused(root, w) / (root + root);
    (root, if root > T::of(0.0) { lost } else { T::of(0.0) })
}

/// `asin x`; NaN beyond 1, −0 stays −0.
#[inline(always)]
pub fn asin<T: Scalar>(x: T) -> T {
    let z = x.magnitude();
    let near = z <= T::of(0.5);
    let far_square = (T::of(1.0) - z) * T::of(0.5);
    let square = if near { z * z } else { far_square };
    let (s, s_lost) = root(far_square);
    let bend = square * square.horner(&ASIN_F32, &ASIN_F64);
    let (whole, rest) = quarters::<T>(1.0);
    let twice = s + s;
    let first = whole - twice;
    let lost = (whole - first) - twice;
    let far = first + (lost + (rest - T::of(2.0) * s.fused(bend, s_lost)));
    let y = if near { z.fused(bend, z) } else { far };
    y.signed(x)
}

/// `acos x`; NaN beyond 1.
#[inline(always)]
pub fn acos<T: Scalar>(x: T) -> T {
    let z = x.magnitude();
    let near = z <= T::of(0.5);
    let far_square = (T::of(1.0) - z) * T::of(0.5);
    let square = if near { z * z } else { far_square };
    let (s, s_lost) = root(far_square);
    let bend = square * square.horner(&ASIN_F32, &ASIN_F64);
    let (quarter, quarter_rest) = quarters::<T>(1.0);
    let (half, half_rest) = quarters::<T>(2.0);
    let first = quarter - x;
    let lost = (quarter - first) - x;
    let middle = first + (lost + (quarter_rest - x * bend));
    let small = T::of(2.0) * s.fused(bend, s_lost);
    let twice = s + s;
    let first = half - twice;
    let lost = (half - first) - twice;
    let far = if x < T::of(0.0) { first + (lost + (half_rest - small)) } else { twice + small };
    if near { middle } else { far }
}
