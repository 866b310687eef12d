//! Two interleaving half circles.
//!
//! ```text
//! class 0: (cos t, sin t)    class 1: (1 − cos t, ½ − sin t)    t evenly from 0 to π, both included
//! ```

use crate::dataset::TensorDataset;
use crate::error::{Error, Result};
use crate::shuffle::permutation;
use autograd_core::{DType, Tensor};
use rand::Rng;
use std::f64::consts::PI;

/// Two interleaving half circles, a class each, in random order: the smallest problem that no straight line solves.
///
/// ```text
/// class 0: (cos t, sin t) + e    class 1: (1 − cos t, ½ − sin t) + e    e ~ N(0, noise²)
/// ```
///
/// # Shapes
/// `x: [n, 2]` F32; `y: [n]` I64, of which `⌊n/2⌋` are 0.
///
/// # Errors
/// If `n < 2`, or `noise` is negative or not finite.
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
pub fn two_moons(n: usize, noise: f64, rng: &mut (impl Rng + ?Sized)) -> Result<TensorDataset> {
    if n < 2 {
        return Err(Error::argument("two_moons", "n", n, "at least 2"));
    }
    if !(noise.is_finite() && noise >= 0.0) {
        return Err(Error::argument("two_moons", "noise", noise, "finite and at least 0"));
    }
    // Refuses an n that no memory holds before anything is computed.
    let noise = Tensor::randn(&[n, 2], DType::F64, rng)?.mul_scalar(noise);
    let outer = n / 2;
    let (mut points, mut classes) = (Vec::with_capacity(2 * n), Vec::with_capacity(n));
    for sample in permutation(n, rng) {
        let (class, k, of) = if sample < outer { (0, sample, outer) } else { (1, sample - outer, n - outer) };
        let t = PI * k as f64 / (of - 1).max(1) as f64;
        points.extend(if class == 0 { [t.cos(), t.sin()] } else { [1.0 - t.cos(), 0.5 - t.sin()] });
        classes.push(class);
    }
    let x = Tensor::from_vec(points, &[n, 2])?.try_add(&noise)?.to_dtype(DType::F32);
    TensorDataset::new(x, Tensor::from_vec(classes, &[n])?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd_core::seeded;

    #[test]
    fn points_lie_on_their_circles() {
        let moons = two_moons(101, 0.0, &mut seeded(1)).expect("a fine size");
        let (x, y) = (moons.x.to_f64s(), moons.y.to_vec::<i64>().expect("I64"));
        assert_eq!(y.iter().filter(|y| **y == 0).count(), 50);
        for (point, class) in x.chunks(2).zip(&y) {
            let (a, b) = if *class == 0 { (point[0], point[1]) } else { (1.0 - point[0], 0.5 - point[1]) };
            assert!((a.hypot(b) - 1.0).abs() < 1e-6 && b > -1e-6, "{point:?} of class {class}");
        }
    }

    #[test]
    fn same_seed_same_bits() {
        let moons = |seed| two_moons(20, 0.2, &mut seeded(seed)).expect("a fine size").x.to_f64s();
        assert_eq!(moons(3), moons(3));
        assert_ne!(moons(3), moons(4));
    }

    #[test]
    fn bad_input() {
        let check = |n: usize, noise: f64, text: &str| {
            assert_eq!(two_moons(n, noise, &mut seeded(0)).expect_err("bad input").to_string(), text);
        };
        check(1, 0.1, "two_moons: n is 1, it must be at least 2");
        check(10, -0.1, "two_moons: noise is -0.1, it must be finite and at least 0");
        check(10, f64::NAN, "two_moons: noise is NaN, it must be finite and at least 0");
        assert!(two_moons(usize::MAX, 0.1, &mut seeded(0)).is_err());
    }
}
