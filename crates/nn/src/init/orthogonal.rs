//! Orthogonal matrices.

use super::Initializer;
use super::distribution::largest;
use autograd_core::check::Check;
use autograd_core::{DType, Error, Result, Tensor};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// The initialiser of [`orthogonal`].
///
/// # Examples
/// ```
/// use wengert_nn::init::{Orthogonal, orthogonal};
/// let start: Orthogonal = orthogonal().gain(2.0);
/// assert_ne!(start, orthogonal());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Orthogonal {
    gain: f64,
}

/// A matrix whose rows, or columns if there are more rows than columns, are at right angles and `gain` long: all such
/// matrices are equally likely. All dims after the first count as columns.
///
/// ```text
/// A = Q R, entries of A standard normal, diagonal of R above 0          y = gain Q
/// ```
///
/// # Examples
/// ```
/// use autograd_core::{DType, seeded};
/// use wengert_nn::init::{Initializer, orthogonal};
/// let w = orthogonal().tensor(&[2, 3], DType::F64, &mut seeded(7))?;
/// let products = w.matmul(&w.t()?)?.to_f64s();
/// assert!(products.iter().zip([1.0, 0.0, 0.0, 1.0]).all(|(got, want)| (got - want).abs() < 1e-15));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Saxe, McClelland, Ganguli, Exact solutions to the nonlinear dynamics of learning in deep linear neural networks,
/// 2013. Mezzadri, How to generate random matrices from the classical compact groups, 2007, for the signs.
pub fn orthogonal() -> Orthogonal {
    Orthogonal { gain: 1.0 }
}

impl Orthogonal {
    /// The length of rows or columns, finite; see [`calculate_gain`](super::calculate_gain). Default 1.
    #[must_use]
    pub fn gain(mut self, gain: f64) -> Orthogonal {
        self.gain = gain;
        self
    }
}

impl Initializer for Orthogonal {
    fn tensor(&self, shape: &[usize], dtype: DType, rng: &mut dyn Rng) -> Result<Tensor> {
        let [rows, rest @ ..] = shape else {
            return Err(Error::shape("orthogonal", "the weight", shape, "at least two dimensions"));
        };
        if rest.is_empty() {
            return Err(Error::shape("orthogonal", "the weight", shape, "at least two dimensions"));
        }
        Check("orthogonal").require(
            self.gain.abs() <= largest(dtype),
            "gain",
            self.gain,
            format!("a number that {dtype} holds"),
        )?;
        // The dtype and the size are looked at before anything is drawn.
        let empty = Tensor::sample(shape, dtype, || 0.0)?;
        if empty.numel() == 0 {
            return Ok(empty);
        }
        let (rows, columns) = (*rows, empty.numel() / *rows);
        let drawn: Vec<f64> = (0..rows * columns).map(|_| rng.sample(StandardNormal)).collect();
        // The longer side becomes the length of the vectors, of which each is a slice.
        let tall = rows >= columns;
        let (long, short) = if tall { (rows, columns) } else { (columns, rows) };
        let mut vectors = drawn;
        if tall {
            vectors =
                (0..short).flat_map(|j| (0..long).map(move |i| (i, j))).map(|(i, j)| vectors[i * short + j]).collect();
        }
        let vectors = orthonormal(vectors, long);
        let mut elements = (0..rows * columns).map(|at| match tall {
            true => vectors[at % short * long + at / short],
            false => vectors[at],
        });
        Tensor::sample(shape, dtype, || self.gain * elements.next().unwrap_or_default())
    }
}

/// Q of the QR decomposition of a matrix with independent columns of this length, one after another, by Householder's
/// reflections; the diagonal of R is above 0.
fn orthonormal(mut a: Vec<f64>, length: usize) -> Vec<f64> {
    let count = a.len() / length;
    let mut signs = Vec::with_capacity(count);
    // Column k below its diagonal becomes the axis of reflection k, of length √2.
    for k in 0..count {
        let (done, later) = a.split_at_mut((k + 1) * length);
        let axis = &mut done[k * length + k..];
        let norm = axis.iter().map(|x| x * x).sum::<f64>().sqrt();
        // The reflection takes the column to −sign(first) norm.
        let first = axis[0];
        signs.push(if first < 0.0 { 1.0 } else { -1.0 });
        axis[0] = first + norm.copysign(first);
        let scale = (norm * (norm + first.abs())).sqrt();
        if scale > 0.0 {
            axis.iter_mut().for_each(|x| *x /= scale);
        }
        later.chunks_exact_mut(length).for_each(|column| reflect(&mut column[k..], axis));
    }
    let mut q = vec![0.0; a.len()];
    for (k, column) in q.chunks_exact_mut(length).enumerate() {
        column[k] = signs[k];
        // Reflection k is the last that moves unit vector k.
        for at in (0..=k).rev() {
            reflect(&mut column[at..], &a[at * length + at..(at + 1) * length]);
        }
    }
    q
}

/// `x ← x − axis (axis · x)`.
fn reflect(x: &mut [f64], axis: &[f64]) {
    let along: f64 = x.iter().zip(axis).map(|(x, a)| x * a).sum();
    x.iter_mut().zip(axis).for_each(|(x, a)| *x -= along * a);
}

#[cfg(test)]
mod tests {
    use super::{Initializer, orthogonal, orthonormal};
    use autograd_core::{DType, Result, seeded};

    #[test]
    fn the_decomposition_has_a_positive_diagonal() {
        // Columns (3, 4) and (1, 2): Q = [[0.6, -0.8], [0.8, 0.6]], R = [[5, 2.2], [0, 0.4]].
        let q = orthonormal(vec![3.0, 4.0, 1.0, 2.0], 2);
        for (got, want) in q.iter().zip([0.6, 0.8, -0.8, 0.6]) {
            assert!((got - want).abs() < 1e-15, "{q:?}");
        }
        assert!((orthonormal(vec![-2.0], 1)[0] + 1.0).abs() < 1e-15);
    }

    #[test]
    fn all_directions_are_equally_likely() -> Result<()> {
        // Of 3 × 3 rotations and reflections each entry has mean 0 and variance 1/3, and half have determinant 1.
        let (mut sums, mut squares, mut turns) = ([0.0; 9], [0.0; 9], 0);
        let rng = &mut seeded(1);
        for _ in 0..4000 {
            let q = orthogonal().tensor(&[3, 3], DType::F64, rng)?.to_f64s();
            q.iter().enumerate().for_each(|(at, x)| (sums[at], squares[at]) = (sums[at] + x, squares[at] + x * x));
            let minor = |a: usize, b: usize| q[3 + a] * q[6 + b] - q[3 + b] * q[6 + a];
            turns += usize::from(q[0] * minor(1, 2) - q[1] * minor(0, 2) + q[2] * minor(0, 1) > 0.0);
        }
        assert!(sums.iter().all(|sum| (sum / 4000.0).abs() < 0.05), "{sums:?}");
        assert!(squares.iter().all(|sum| (sum / 4000.0 - 1.0 / 3.0).abs() < 0.03), "{squares:?}");
        assert!((1800..2200).contains(&turns), "{turns}");
        Ok(())
    }
}

#[cfg(test)]
use crate::cases::{Outcome, near};

/// Products of rows, or of columns where there are more rows, are those of `gain` times an orthogonal matrix.
#[cfg(test)]
fn at_right_angles(x: &Tensor, gain: f64) -> Outcome {
    let rows = x.shape()[0];
    let matrix = x.reshape(&[rows, x.numel() / rows])?.to_dtype(DType::F64);
    let products = match rows <= matrix.shape()[1] {
        true => matrix.matmul(&matrix.t()?)?,
        false => matrix.t()?.matmul(&matrix)?,
    };
    let count = products.shape()[0];
    let unit: Vec<f64> = (0..count * count).map(|at| if at % (count + 1) == 0 { gain * gain } else { 0.0 }).collect();
    near(&products.to_f64s(), &unit, if x.dtype() == DType::F64 { 1e-13 } else { 1e-5 })
}

#[cfg(test)]
cases![
    made("orthogonal", orthogonal())
        .random()
        .holds(&[4, 4], |x| at_right_angles(x, 1.0))
        .holds(&[2, 3, 3], |x| at_right_angles(x, 1.0))
        .holds(&[64, 40], |x| at_right_angles(x, 1.0))
        .holds(&[1, 5], |x| at_right_angles(x, 1.0))
        .holds(&[5, 1], |x| at_right_angles(x, 1.0))
        .holds(&[0, 3], |_| Ok(()))
        .refuses(&[3], "orthogonal: the weight has shape [3], expected at least two dimensions")
        .refuses(&[], "orthogonal: the weight has shape [], expected at least two dimensions"),
    made("orthogonal", orthogonal().gain(-1.5)).random().holds(&[6, 2, 2], |x| at_right_angles(x, 1.5)),
    made("orthogonal", orthogonal().gain(f64::NAN))
        .refuses(&[2, 2], "orthogonal: gain is NaN, it must be a number that F32 holds"),
];
