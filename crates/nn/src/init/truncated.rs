//! The normal distribution between two bounds.

use super::Distribution;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// Normal, with the values outside `[a, b)` left out: those inside keep their relative probabilities.
///
/// ```text
/// p(x) ∝ exp(−½ ((x − mean) / std)²)          a ≤ x < b
/// ```
///
/// Mean and standard deviation are those of the whole normal distribution. What is left has others, which
/// [`Distribution::mean`] and [`Distribution::std`] return: between −2 and 2 standard deviations the standard deviation
/// is 0.8796 times the whole one.
///
/// # Examples
/// ```
/// # use autograd_core::DType;
/// # use wengert_nn::init::{Initializer, trunc_normal};
/// let start = trunc_normal(0.0, 1.0, -2.0, 2.0);
/// assert!((start.std() - 0.879_625_661_034_24).abs() < 1e-14);
/// let x = start.tensor(&[1000], DType::F32, &mut autograd_core::seeded(7))?;
/// assert!(x.to_vec::<f32>()?.iter().all(|x| (-2.0..2.0).contains(x)));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Robert, Simulation of truncated normal variables, 1995.
///
/// # Differs from
/// PyTorch draws by the inverse of the distribution function, so far from the mean its values are few and rounded;
/// these are drawn by rejection, which is exact everywhere. A bound may be infinite.
pub fn trunc_normal(mean: f64, std: f64, a: f64, b: f64) -> Distribution {
    Distribution::TruncatedNormal { mean, std, low: a, high: b }
}

/// Mean and standard deviation of a standard normal value between two bounds, the first below the second.
pub(super) fn moments(low: f64, high: f64) -> (f64, f64) {
    // The densest point, and how far the interval reaches from it in both directions.
    let top = 0f64.clamp(low, high);
    if top.is_infinite() {
        return (top, 0.0);
    }
    let mut sums = [0.0; 3];
    for (sign, reach) in [(-1.0, top - low), (1.0, high - top)] {
        // From the densest point the density falls as exp(−slope t − ½ t²), to nothing behind `end`.
        let slope = (sign * top).max(0.0);
        let end = reach.min(100.0 / (slope + slope.hypot(10.0)));
        if end > 0.0 {
            let part = integrals(slope, end);
            sums = [sums[0] + part[0], sums[1] + sign * part[1], sums[2] + part[2]];
        }
    }
    let [whole, first, second] = sums;
    let mean = first / whole;
    (top + mean, (second / whole - mean * mean).max(0.0).sqrt())
}

/// The integrals of `tᵏ exp(−slope t − ½ t²)` from 0 to `end` for k = 0, 1, 2, by tanh-sinh quadrature: the ends of the
/// interval, where the points are dense, may be as steep as they like.
fn integrals(slope: f64, end: f64) -> [f64; 3] {
    const STEP: f64 = 1.0 / 64.0;
    let mut sums = [0.0; 3];
    for k in -256..=256 {
        let s = f64::from(k) * STEP;
        let u = std::f64::consts::PI * s.sinh();
        // t = end / (1 + e^−u), and its derivative by s.
        let (below, above) = (1.0 / (1.0 + (-u).exp()), 1.0 / (1.0 + u.exp()));
        let t = end * below;
        let weight = STEP * std::f64::consts::PI * s.cosh() * end * below * above;
        let density = weight * (-slope * t - 0.5 * t * t).exp();
        sums = [sums[0] + density, sums[1] + density * t, sums[2] + density * t * t];
    }
    sums
}

/// A standard normal value between two bounds, the first below the second.
pub(super) fn draw(low: f64, high: f64, rng: &mut dyn Rng) -> f64 {
    // So far out, all there is lies closer to the nearer bound than two numbers to each other.
    const FAR: f64 = 1e8;
    if low >= FAR || high <= -FAR {
        return 0f64.clamp(low, high);
    }
    if high <= 0.0 {
        return -above_zero(-high, -low, rng);
    }
    if low >= 0.0 {
        return above_zero(low, high, rng);
    }
    // The densest point is inside. Where the interval is wide, most normal values lie in it.
    let wide = high - low > (2.0 * std::f64::consts::PI).sqrt();
    loop {
        let x = if wide { rng.sample(StandardNormal) } else { low + (high - low) * rng.random::<f64>() };
        let taken = if wide { (low..=high).contains(&x) } else { rng.random::<f64>() <= (-0.5 * x * x).exp() };
        if taken {
            return x;
        }
    }
}

/// As `draw`, for bounds at or above 0: of uniform values where the density hardly falls in between, else of
/// exponential ones.
fn above_zero(low: f64, high: f64, rng: &mut dyn Rng) -> f64 {
    let rate = 0.5 * (low + (low * low + 4.0).sqrt());
    let flat = (high - low) * rate <= 2.0;
    loop {
        let uniform = rng.random::<f64>();
        let x = if flat { low + (high - low) * uniform } else { low - (1.0 - uniform).ln() / rate };
        let kept = if flat { 0.5 * (low - x) * (low + x) } else { -0.5 * (x - rate) * (x - rate) };
        if x <= high && rng.random::<f64>() <= kept.exp() {
            return x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{draw, moments, trunc_normal};
    use autograd_core::seeded;

    /// Bounds with mean and standard deviation, to 20 digits by another program.
    const KNOWN: [([f64; 2], f64, f64); 7] = [
        ([-2.0, 2.0], 0.0, 0.879_625_661_034_239_8),
        ([-0.5, 3.0], 0.503_734_458_504_945, 0.686_955_342_296_905_1),
        ([5.0, 6.0], 5.183_147_090_477_173, 0.171_617_105_116_253_08),
        ([-2.0, 4.0], 0.055_112_703_041_381_515, 0.941_230_833_903_853_3),
        ([1.0, 1.000_976_562_5], 1.000_488_201_738_339, 2.819_092_999_191_127_7e-4),
        ([-3.0, -1.0], -1.510_049_513_243_984, 0.416_476_775_972_108_7),
        ([0.0, 1.0], 0.459_862_229_286_426_5, 0.282_226_548_801_687_5),
    ];

    #[test]
    fn moments_are_those_of_the_distribution() {
        for ([low, high], mean, std) in KNOWN {
            for (got, mean) in [(moments(low, high), mean), (moments(-high, -low), -mean)] {
                assert!((got.0 - mean).abs() < 1e-15 * mean.abs().max(1.0), "{low} to {high}: mean {}", got.0);
                assert!((got.1 - std).abs() < 1e-13 * std, "{low} to {high}: std {}", got.1);
            }
        }
        for none in
            [trunc_normal(0.0, 1.0, 2.0, -2.0), trunc_normal(0.0, 0.0, 0.0, 1.0), trunc_normal(0.0, -1.0, -2.0, 2.0)]
        {
            assert!(none.mean().is_nan() && none.std().is_nan(), "{none:?}");
        }
        let (mean, std) = moments(f64::NEG_INFINITY, f64::INFINITY);
        assert!(mean.abs() < 1e-15 && (std - 1.0).abs() < 1e-14, "{mean} {std}");
    }

    #[test]
    fn bounds_beyond_all_values_are_no_endless_search() {
        for (low, high) in [(1e9, 2e9), (1e200, 1e201), (f64::INFINITY, f64::INFINITY), (3.0, 3.0)] {
            assert_eq!((draw(low, high, &mut seeded(1)), draw(-high, -low, &mut seeded(1))), (low, -low));
        }
    }

    #[test]
    fn draws_have_the_moments_wherever_the_bounds_are() {
        for ([low, high], ..) in KNOWN {
            for (low, high) in [(low, high), (-high, -low), (low, f64::INFINITY), (f64::NEG_INFINITY, high)] {
                let (mean, std) = moments(low, high);
                let mut rng = seeded(1);
                let x: Vec<f64> = (0..40_000).map(|_| draw(low, high, &mut rng)).collect();
                assert!(x.iter().all(|x| (low..=high).contains(x)), "{low} to {high}");
                let n = x.len() as f64;
                let got = x.iter().sum::<f64>() / n;
                let spread = (x.iter().map(|x| (x - got).powi(2)).sum::<f64>() / n).sqrt();
                assert!((got - mean).abs() < 5.0 * std / n.sqrt(), "{low} to {high}: mean {got}, not {mean}");
                assert!((spread / std - 1.0).abs() < 0.03, "{low} to {high}: std {spread}, not {std}");
            }
        }
    }
}

#[cfg(test)]
cases![
    start("trunc_normal", trunc_normal(1.0, 0.5, 0.0, 2.0), |d, _| Ok(*d)).draws(
        &[80, 100],
        1.0,
        0.439_812_830_517_119_9
    ),
    start("trunc_normal", trunc_normal(0.0, 1.0, 5.0, 6.0), |d, _| Ok(*d)).draws(
        &[80, 100],
        5.183_147_090_477_173,
        0.171_617_105_116_253_08
    ),
    start("trunc_normal", trunc_normal(0.0, 0.0, 0.1, 0.4), |d, _| Ok(*d))
        .refuses(&[2], "trunc_normal: std is 0.0, it must be finite and above 0"),
    start("trunc_normal", trunc_normal(f64::NAN, 1.0, 0.1, 0.4), |d, _| Ok(*d))
        .refuses(&[2], "trunc_normal: mean is NaN, it must be finite"),
    start("trunc_normal", trunc_normal(0.0, 1.0, 0.4, 0.4), |d, _| Ok(*d))
        .refuses(&[2], "trunc_normal: b is 0.4, it must be above a, 0.4"),
    start("trunc_normal", trunc_normal(0.0, 1e38, f64::NEG_INFINITY, 1.0), |d, _| Ok(*d))
        .refuses(&[2], "trunc_normal: std is 1e38, it must be so small that F32 holds all draws"),
    start("trunc_normal", trunc_normal(0.0, 1.0, -1e39, 1.0), |d, _| Ok(*d))
        .refuses(&[2], "trunc_normal: a is -1e39, it must be a number that F32 holds"),
];
