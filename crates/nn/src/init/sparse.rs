//! Columns of which a part is zero.

use super::Initializer;
use super::distribution::largest;
use autograd_core::check::Check;
use autograd_core::{DType, Error, Result, Tensor};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// The initialiser of [`sparse`].
///
/// # Examples
/// ```
/// use wengert_nn::init::{Sparse, sparse};
/// let start: Sparse = sparse(0.5).std(0.1);
/// assert_ne!(start, sparse(0.5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sparse {
    sparsity: f64,
    std: f64,
}

/// Normal values with mean 0, of which in each column the same number is zero instead, at places chosen at random: the
/// fraction `sparsity` of the column, rounded up, between 0 and 1.
///
/// # Examples
/// ```
/// use autograd_core::{DType, seeded};
/// use wengert_nn::init::{Initializer, sparse};
/// let w = sparse(0.75).tensor(&[4, 1], DType::F32, &mut seeded(7))?;
/// assert_eq!(w.to_vec::<f32>()?.iter().filter(|w| **w == 0.0).count(), 3);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Martens, Deep learning via Hessian-free optimization, 2010, section 5.
pub fn sparse(sparsity: f64) -> Sparse {
    Sparse { sparsity, std: 0.01 }
}

impl Sparse {
    /// The standard deviation of the other values, finite and at least 0. Default 0.01.
    #[must_use]
    pub fn std(mut self, std: f64) -> Sparse {
        self.std = std;
        self
    }
}

impl Initializer for Sparse {
    fn tensor(&self, shape: &[usize], dtype: DType, rng: &mut dyn Rng) -> Result<Tensor> {
        let [rows, columns] = *shape else {
            return Err(Error::shape("sparse", "the weight", shape, "two dimensions"));
        };
        let check = Check("sparse");
        check.require((0.0..=1.0).contains(&self.sparsity), "sparsity", self.sparsity, "from 0 to 1")?;
        let held = self.std >= 0.0 && 16.0 * self.std <= largest(dtype);
        check.require(held, "std", self.std, format!("at least 0 and so small that {dtype} holds all draws"))?;
        // The dtype and the size are looked at before anything is drawn.
        let empty = Tensor::sample(shape, dtype, || 0.0)?;
        if empty.numel() == 0 {
            // There may be more rows of nothing than memory could list.
            return Ok(empty);
        }
        let zeros = ((self.sparsity * rows as f64).ceil() as usize).min(rows);
        let mut values: Vec<f64> =
            (0..empty.numel()).map(|_| self.std * rng.sample::<f64, _>(StandardNormal)).collect();
        let mut order: Vec<usize> = (0..rows).collect();
        for column in 0..columns {
            // The first of a shuffle that goes no further than needed.
            for at in 0..zeros {
                order.swap(at, rng.random_range(at..rows));
                values[order[at] * columns + column] = 0.0;
            }
        }
        let mut values = values.into_iter();
        Tensor::sample(shape, dtype, || values.next().unwrap_or_default())
    }
}

#[cfg(test)]
use crate::cases::{Outcome, ensure};

/// In each column there are so many zeros, not always at the same places, and the others have this standard deviation.
#[cfg(test)]
fn zeros_and_spread(x: &Tensor, zeros: usize, std: f64) -> Outcome {
    let (columns, values) = (x.shape()[1], x.to_f64s());
    let column = |j: usize| values.iter().skip(j).step_by(columns);
    for j in 0..columns {
        let found = column(j).filter(|x| **x == 0.0).count();
        ensure(found == zeros, || format!("column {j} has {found} zeros, not {zeros}"))?;
    }
    let first = |j: usize| column(j).position(|x| *x == 0.0);
    let same = zeros > 0 && zeros < x.shape()[0] && columns > 9 && (1..columns).all(|j| first(j) == first(0));
    ensure(!same, || "zeros in whole rows".into())?;
    let others: Vec<f64> = values.into_iter().filter(|x| *x != 0.0).collect();
    let got = (others.iter().map(|x| x * x).sum::<f64>() / others.len().max(1) as f64).sqrt();
    ensure(others.is_empty() || (got / std - 1.0).abs() < 0.05, || format!("standard deviation {got}, not {std}"))
}

#[cfg(test)]
cases![
    made("sparse", sparse(0.1))
        .random()
        .holds(&[100, 50], |x| zeros_and_spread(x, 10, 0.01))
        .holds(&[50, 100], |x| zeros_and_spread(x, 5, 0.01))
        .holds(&[0, 3], |_| Ok(()))
        .holds(&[3, 0], |_| Ok(()))
        .holds(&[1 << 48, 0], |_| Ok(()))
        .refuses(&[3], "sparse: the weight has shape [3], expected two dimensions"),
    made("sparse", sparse(0.25).std(2.0)).random().holds(&[9, 1000], |x| zeros_and_spread(x, 3, 2.0)),
    made("sparse", sparse(0.0)).random().holds(&[20, 100], |x| zeros_and_spread(x, 0, 0.01)),
    made("sparse", sparse(1.0)).gives([[0.0, 0.0], [0.0, 0.0]]),
    made("sparse", sparse(1.5)).refuses(&[2, 2], "sparse: sparsity is 1.5, it must be from 0 to 1"),
    made("sparse", sparse(f64::NAN)).refuses(&[2, 2], "sparse: sparsity is NaN, it must be from 0 to 1"),
    made("sparse", sparse(0.5).std(-1.0))
        .refuses(&[2, 2], "sparse: std is -1.0, it must be at least 0 and so small that F32 holds all draws"),
    made("sparse", sparse(0.5).std(1e38))
        .refuses(&[2, 2], "sparse: std is 1e38, it must be at least 0 and so small that F32 holds all draws"),
];
