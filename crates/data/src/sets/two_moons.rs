//! Two interleaving half circles.

use crate::shuffle::numbers;
use crate::tensor_dataset::TensorDataset;
use autograd_core::check::Check;
use autograd_core::{DType, Error, Result, Tensor};
use rand::Rng;
use rand::seq::SliceRandom;
use std::f64::consts::PI;

/// Two interleaving half circles, one for each class, in random order: the smallest problem that no line solves.
///
/// ```text
/// class 0: (cos t, sin t) + e    class 1: (1 − cos t, ½ − sin t) + e    t evenly from 0 to π, e ~ N(0, noise²)
/// ```
///
/// # Shapes
/// `x: [n, 2]` F32; `y: [n]` I64, of which `⌊n/2⌋` are 0.
///
/// # Errors
/// If `n < 2`, or `noise` is negative, not finite, or so large that F32 does not hold the points.
///
/// # Examples
/// ```
/// use autograd_core::seeded;
///
/// let moons = wengert_data::sets::two_moons(100, 0.0, &mut seeded(7))?;
/// let (x, y) = (moons.x.to_vec::<f32>()?, moons.y.to_vec::<i64>()?);
/// let first = (0..100).find(|i| y[*i] == 0).unwrap_or(0);
/// assert!((x[2 * first].hypot(x[2 * first + 1]) - 1.0).abs() < 1e-6);
/// # Ok::<(), wengert_data::Error>(())
/// ```
pub fn two_moons(n: usize, noise: f64, rng: &mut dyn Rng) -> Result<TensorDataset> {
    if n < 2 {
        return Err(Error::argument("two_moons", "n", n, "at least 2"));
    }
    if !(noise.is_finite() && noise >= 0.0) {
        return Err(Error::argument("two_moons", "noise", noise, "finite and at least 0"));
    }
    // No normal number is larger than 16.
    if noise > f64::from(f32::MAX) / 16.0 {
        return Err(Error::argument("two_moons", "noise", noise, "so small that F32 holds all points"));
    }
    // Refuses an n that no memory holds before anything is drawn.
    let too_large = || Error::too_large("two_moons", &[n, 2]);
    Check("two_moons").room(&[n, 2], DType::F64)?;
    let (mut points, mut classes) = (Vec::new(), Vec::new());
    let room = points.try_reserve_exact(2 * n).and_then(|()| classes.try_reserve_exact(n));
    room.map_err(|_| too_large())?;
    let mut order = numbers("two_moons", n).map_err(|_| too_large())?;
    let noise = Tensor::randn(&[n, 2], DType::F64, rng).map_err(|_| too_large())?.mul_scalar(noise);
    order.shuffle(rng);
    let outer = n / 2;
    for sample in order {
        let (class, k, of) = if sample < outer { (0, sample, outer) } else { (1, sample - outer, n - outer) };
        let t = PI * k as f64 / (of - 1).max(1) as f64;
        points.extend(if class == 0 { [t.cos(), t.sin()] } else { [1.0 - t.cos(), 0.5 - t.sin()] });
        classes.push(class);
    }
    let x = Tensor::from_vec(points, &[n, 2])?.try_add(&noise)?.to_dtype(DType::F32);
    TensorDataset::new(x, Tensor::from_vec(classes, &[n])?)
}

#[cfg(test)]
cases![
    Case::synthetic("two_moons", 2, |n, rng| two_moons(n, 0.2, rng)),
    Case::synthetic("two_moons without noise", 2, |n, rng| two_moons(n, 0.0, rng)).points(|class, x| {
        let (a, b) = if class == 0 { (x[0], x[1]) } else { (1.0 - x[0], 0.5 - x[1]) };
        (a.hypot(b) - 1.0).abs() < 1e-6 && b > -1e-6
    }),
    Case::refused("one point", |rng| two_moons(1, 0.1, rng), "two_moons: n is 1, it must be at least 2"),
    Case::refused(
        "negative noise",
        |rng| two_moons(10, -0.1, rng),
        "two_moons: noise is -0.1, it must be finite and at least 0",
    ),
    Case::refused(
        "too much noise",
        |rng| two_moons(10, 1e38, rng),
        "two_moons: noise is 1e38, it must be so small that F32 holds all points",
    ),
    Case::refused(
        "no noise at all",
        |rng| two_moons(10, f64::NAN, rng),
        "two_moons: noise is NaN, it must be finite and at least 0",
    ),
    Case::refused(
        "more points than memory",
        |rng| two_moons(usize::MAX, 0.1, rng),
        "two_moons: shape [18446744073709551615, 2] is too large \
         (at most 64 dimensions, and no more bytes than memory holds)",
    ),
];
