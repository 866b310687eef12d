//! The normal distribution: `φ`, `Φ`, `x Φ(x)` and its derivatives, and `e^(−x²)`.
//!
//! ```text
//! Φ(−z) = e^(−z²/2) g(z),   g = p / q
//! Φ(−z) − z φ(z) = e^(−z²/2) (a − z) r / q,   r = (p − z q / √(2π)) / (a − z)
//! ```
//!
//! The derivative of `z Φ(z)` is 0 at −a; its factor r is a polynomial, too, for the difference has no other zero on
//! the right. All coefficients of the three are positive: nothing cancels in them. z² is a sum of two numbers, because
//! an error there is one of the result. Even and odd powers are summed apart, which rounds less often in a row. The
//! fits are weighted least squares, the weights raised where the error is large until it is level; in f32, each
//! coefficient was rounded before the next was fitted.
//!
//! Worst error measured in f32: `gelu` 4.77 ulp, of all numbers from −13.2 to −0.03; over every 211th bit pattern, its
//! second derivative 2.37, `φ` 1.15, `e^(−x²)` 0.81. In f64 `gelu` was 5.7 ulp off at most, far on the left, of 4
//! million.

use super::exponential::{Exponential, Scalar};

/// The coefficients of `p` for z up to 15, even powers and odd ones.
const OVER_F32: ([f32; 3], [f32; 2]) = ([0.8, 2.9303592e-01, 6.571562e-03], [7.011611e-01, 6.494906e-02]);
/// The coefficients of `q` for z up to 15; relative error of the quotient 2⁻²⁷, the rounded coefficients included.
const UNDER_F32: ([f32; 3], [f32; 3]) =
    ([1.6, 1.9235489e+00, 1.6281325e-01], [2.678938e+00, 7.5076765e-01, 1.6472278e-02]);
/// The coefficients of `p` for z up to 39.5.
const OVER_F64: ([f64; 6], [f64; 5]) = (
    [0.8, 1.0869634282755791, 0.21110647808863525, 0.011381577528195082, 0.0001701658028048557, 3.5752977731411866e-07],
    [1.3244270489843892, 0.5714226720535893, 0.057009332128225856, 0.001660797612582097, 1.113293433966855e-05],
);
/// The coefficients of `q` for z up to 39.5; relative error of the quotient 2⁻⁶⁰.
const UNDER_F64: ([f64; 6], [f64; 6]) = (
    [1.6, 4.505998280927968, 1.5671987122537452, 0.14700839429478677, 0.004190908382457284, 2.7906127995470505e-05],
    [
        3.925469395253363,
        3.200915538265519,
        0.5568507165447721,
        0.028954134051898846,
        0.0004274386069297731,
        8.961942488378943e-07,
    ],
);
/// The coefficients of `p` and `q` for `z Φ(−z)`, in f32: of g(z) and the factor that [`halved_f32`] lacks; q is monic.
/// Of those that a search from neighbour to neighbour has found, they have the least worst error.
///
/// [`halved_f32`]: super::exp::halved_f32
const GELU_OVER_F32: ([f32; 3], [f32; 2]) = ([49.03461, 17.879578, 0.39894658], [42.865288, 3.9538689]);
const GELU_UNDER_F32: ([f32; 3], [f32; 3]) = ([98.06922, 117.56006, 9.911516], [163.97852, 45.80241, 1.0]);
/// Those of `p`, smaller by the power of two by which [`Scalar::halved`] is too large.
const SMALL_F32: ([f32; 3], [f32; 2]) = {
    let ([a, b, c], [d, e]) = GELU_OVER_F32;
    const S: f32 = f32::from_bits((127 - 64) << 23);
    ([a * S, b * S, c * S], [d * S, e * S])
};
const SMALL_F64: ([f64; 6], [f64; 5]) = {
    let ([a, b, c, d, e, f], [g, h, i, j, k]) = OVER_F64;
    const S: f64 = f64::from_bits((1023 - 512) << 52);
    ([a * S, b * S, c * S, d * S, e * S, f * S], [g * S, h * S, i * S, j * S, k * S])
};
/// `1/√(2π)`
const DENSITY: f64 = 0.3989422804014327;
/// The coefficients of `r`.
const SLOPE_F32: ([f32; 3], [f32; 3]) =
    ([1.064_124_8, 9.621_699e-1, 6.989_348e-2], [1.499_056_8, 3.454_867_3e-1, 6.571_488e-3]);
/// The coefficients of `r`.
const SLOPE_F64: ([f64; 6], [f64; 6]) = (
    [
        1.0641247922102948,
        2.459492362576456,
        0.7642851715487596,
        0.06655771595865412,
        0.0017951709660813072,
        1.1401722196097536e-05,
    ],
    [
        2.3280977971463614,
        1.6404571805387147,
        0.2608072439340259,
        0.01273045678058433,
        0.0001787375209167978,
        3.5752977731403856e-07,
    ],
);
/// `a`
const FLAT: f64 = 0.7517915246935645;
/// What that lacks.
const FLAT_REST: f64 = -1.4956759177009883e-17;

/// `|x|` up to a limit, and `e^(c x²)`, for c = −1 or −½.
#[inline(always)]
pub fn bell<T: Scalar>(x: T, c: f64, limit: T) -> (T, Exponential<T>) {
    let z = x.magnitude().at_most(limit);
    let scaled = T::of(c) * z;
    let high = scaled * z;
    (z, T::exponential(high, scaled.fused(z, -high)))
}

/// `|x|` up to where `x² φ(x)` is 0, and `e^(−x²/2)`.
#[inline(always)]
pub fn half_bell<T: Scalar>(x: T) -> (T, Exponential<T>) {
    bell(x, -0.5, T::either(15.2, 39.5))
}

/// `e^(−x²)`
#[inline(always)]
pub fn gauss<T: Scalar>(x: T) -> T {
    bell(x, -1.0, T::either(10.5, 27.6)).1.value()
}

/// `x e^(−x²)`
#[inline(always)]
pub fn gauss_times<T: Scalar>(x: T) -> T {
    let (z, exponential) = bell(x, -1.0, T::either(10.5, 27.6));
    let y = exponential.times(z);
    if x < T::of(0.0) { -y } else { y }
}

/// `φ(x) = e^(−x²/2) / √(2π)`
#[inline(always)]
pub fn normal_density<T: Scalar>(x: T) -> T {
    half_bell(x).1.times(T::of(DENSITY))
}

/// A polynomial in z from its even and its odd coefficients, of one type and the other.
#[inline(always)]
fn polynomial<T: Scalar, const A: usize, const B: usize, const C: usize, const D: usize>(
    z: T,
    short: &([f32; A], [f32; B]),
    long: &([f64; C], [f64; D]),
) -> T {
    let square = z * z;
    z.fused(square.horner(&short.1, &long.1), square.horner(&short.0, &long.0))
}

/// `g(z)` as a sum, the second number small.
#[inline(always)]
pub fn factor<T: Scalar>(z: T) -> (T, T) {
    let (over, under) = (polynomial(z, &OVER_F32, &OVER_F64), polynomial(z, &UNDER_F32, &UNDER_F64));
    let reciprocal = T::of(1.0) / under;
    let g = over * reciprocal;
    (g, reciprocal * (-g).fused(under, over))
}

/// `x Φ(x) = max(x, 0) − z Φ(−z)`, `z = |x|`. NaN at −∞, the product of an infinity and 0.
#[inline(always)]
pub fn gelu<T: Scalar>(x: T) -> T {
    let z = x.magnitude().at_most(T::either(15.2, 39.5));
    let square = z * z;
    let (more, power) = T::halved(square, z.fused(z, -square));
    let (over, under) = (polynomial(z, &SMALL_F32, &SMALL_F64), polynomial(z, &GELU_UNDER_F32, &UNDER_F64));
    let factor = over / under;
    let above = if x < T::of(0.0) { x * T::of(0.0) } else { x };
    // z meets its power of two first, which is exact; what follows is rounded once, a subnormal number or not.
    (z * power).fused(-factor.fused(more, factor), above)
}

/// The derivative of `x Φ(x)`: `Φ + x φ`
#[inline(always)]
pub fn gelu_slope<T: Scalar>(x: T) -> T {
    let (z, exponential) = half_bell(x);
    let (over, under) = (polynomial(z, &SLOPE_F32, &SLOPE_F64), polynomial(z, &UNDER_F32, &UNDER_F64));
    let distance = (T::of(FLAT) - z) + T::rest_of(FLAT, FLAT_REST);
    exponential.slope(x, distance * (T::of(1.0) / under) * over)
}

/// The second derivative of `x Φ(x)`: `φ (2 − x²)`
#[inline(always)]
pub fn gelu_curve<T: Scalar>(x: T) -> T {
    let (z, exponential) = half_bell(x);
    exponential.times(T::of(DENSITY) * (-z).fused(z, T::of(2.0)))
}

#[cfg(test)]
mod tests {
    use super::gelu;
    use crate::kernels::math::held::{agree, ulps};

    #[test]
    fn gelu_keeps_its_digits_where_it_lost_most() {
        agree(&[(
            "gelu",
            gelu::<f64>,
            6.0,
            "-36.28458958009595:-5.137181313119804e-287 -36.131234123844:-1.325014857468542e-284 \
             -32.109287294264355:-5.2518192070988584e-225 -30.011519860515175:-1.0418211955414727e-196 \
             -12.502768998320695:-4.5069716954104717e-35 -7.231620459956534:-1.7256978069104714e-12 \
             -1.25:-0.13206221708356908 0.75:0.5800294857173488 3.0:2.99595030590511",
        )]);
        for (x, want) in [
            (-2.5010545, -0.015484542870943826),
            (-1.8626891, -0.05821463762501814),
            (-5.9768424, -6.7987804758310445e-9),
            (-0.3166673, -0.1189871117774917),
            (-9.01834, -8.610741013240111e-19),
            (0.0009717356, 0.00048624449493172753),
        ] {
            let y: f32 = gelu(x);
            let unit = f64::from(f32::from_bits(y.abs().to_bits() + 1)) - f64::from(y.abs());
            assert!((f64::from(y) - want).abs() <= 5.0 * unit, "gelu({x}) is {y}, not {want}");
        }
        assert_eq!(ulps(gelu(-0.0), 0.0), 0.0);
    }
}
