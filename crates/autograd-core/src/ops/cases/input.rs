//! The inputs of a case: a shape, and the source of the elements.

use crate::tensor::Tensor;
use rand::RngExt;
use std::ops::Range;

/// An input of a case.
#[derive(Clone)]
pub(crate) struct Input {
    shape: Vec<usize>,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Real { range: Range<f64>, kinks: Vec<f64> },
    Distinct,
    Index { below: i64 },
    Mask,
}

impl Input {
    /// Uniform in a range.
    pub(crate) fn real(shape: &[usize], range: Range<f64>) -> Input {
        Input { shape: shape.into(), kind: Kind::Real { range, kinks: Vec::new() } }
    }
    /// Not closer than 0.02 to any of these.
    pub(crate) fn avoiding(mut self, at: &[f64]) -> Input {
        if let Kind::Real { kinks, .. } = &mut self.kind {
            kinks.extend(at);
        }
        self
    }
    /// In random order, no two closer than 0.1: for operations that compare elements.
    pub(crate) fn distinct(shape: &[usize]) -> Input {
        Input { shape: shape.into(), kind: Kind::Distinct }
    }
    /// Indices.
    pub(crate) fn index(shape: &[usize], below: i64) -> Input {
        Input { shape: shape.into(), kind: Kind::Index { below } }
    }
    /// Truth values.
    pub(crate) fn mask(shape: &[usize]) -> Input {
        Input { shape: shape.into(), kind: Kind::Mask }
    }

    pub(super) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The same in another shape.
    pub(super) fn of_shape(&self, shape: &[usize]) -> Input {
        Input { shape: shape.into(), ..self.clone() }
    }

    pub(super) fn sample(&self, rng: &mut crate::SeededRng) -> Tensor {
        let n: usize = self.shape.iter().product();
        let made = match &self.kind {
            Kind::Real { range, kinks } => {
                let far = |x: &f64| kinks.iter().all(|k| (x - k).abs() > 0.02);
                let mut draw =
                    || std::iter::repeat_with(|| rng.random_range(range.clone())).find(far).expect("some is far");
                Tensor::from_vec((0..n).map(|_| draw()).collect(), &self.shape)
            }
            Kind::Distinct => {
                let mut x: Vec<f64> = (0..n).map(|i| i as f64 * 0.1 - n as f64 * 0.05).collect();
                (1..n).rev().for_each(|i| x.swap(i, rng.random_range(0..=i)));
                Tensor::from_vec(x, &self.shape)
            }
            Kind::Index { below } => {
                Tensor::from_vec((0..n).map(|_| rng.random_range(0..*below)).collect(), &self.shape)
            }
            Kind::Mask => Tensor::from_vec((0..n).map(|_| rng.random()).collect::<Vec<bool>>(), &self.shape),
        };
        made.expect("a small tensor")
    }
}
