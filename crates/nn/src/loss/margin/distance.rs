//! Distances of vectors along the last dim.

use autograd_core::{Result, Tensor};

/// A distance of two vectors a and b, those along the last dim.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::Distance;
/// let (a, b) = (Tensor::from([[0.0, 3.0]]), Tensor::from([[4.0, 0.0]]));
/// assert_eq!(Distance::L1.of(&a, &b)?.to_vec::<f32>()?, [7.0]);
/// assert_eq!(Distance::SquaredL2.of(&a, &b)?.to_vec::<f32>()?, [25.0]);
/// assert_eq!(Distance::Cosine.of(&a, &b)?.to_vec::<f32>()?, [1.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distance {
    /// `(Σ |a − b + ε|ᵖ)^(1/p)`, with `p ≥ 1` or infinite; ε is PyTorch's 1e-6 by default. The gradient at 0 is 0.
    Norm {
        /// The exponent.
        p: f64,
        /// What is added to each difference.
        eps: f64,
    },
    /// `Σ |a − b|`
    L1,
    /// `Σ (a − b)²`
    SquaredL2,
    /// `1 − a·b / (|a| |b|)`, with norms of at least 1e-8.
    Cosine,
}

impl Distance {
    /// The distances of the vectors of two tensors.
    ///
    /// # Errors
    /// If the shapes do not broadcast, the dtypes differ, or p is NaN.
    pub fn of(self, a: &Tensor, b: &Tensor) -> Result<Tensor> {
        let d = a.try_sub(b)?;
        match self {
            Distance::Norm { p, eps } => d.add_scalar(eps).vector_norm(p, -1),
            Distance::L1 => d.abs().sum_dim(-1),
            Distance::SquaredL2 => d.square().sum_dim(-1),
            Distance::Cosine => Ok(cosine(a, b, 1e-8)?.neg().add_scalar(1.0)),
        }
    }
}

/// `a·b / (max(|a|, ε) max(|b|, ε))` along the last dim.
pub(super) fn cosine(a: &Tensor, b: &Tensor, eps: f64) -> Result<Tensor> {
    unit(a, eps)?.try_mul(&unit(b, eps)?)?.sum_dim(-1)
}

/// The vectors divided by their norms; below ε by ε, with the gradient of that, so zeros have one.
pub(in crate::loss) fn unit(x: &Tensor, eps: f64) -> Result<Tensor> {
    x.normalize(2.0, -1, eps)
}

#[cfg(test)]
mod tests {
    use super::Distance;
    use autograd_core::{Result, Tensor, grad};

    fn of(p: f64) -> impl Fn(&Tensor, &Tensor) -> Result<Tensor> {
        move |x: &Tensor, t: &Tensor| Distance::Norm { p, eps: 0.0 }.of(x, t)?.mean()
    }

    #[test]
    fn long_vectors_have_a_direction() -> Result<()> {
        let x = Tensor::from([[1e20, 1e20], [1e-25, 0.0]]).requires_grad();
        let y = Distance::Cosine.of(&x, &Tensor::from([[1e25, 0.0], [1.0, 0.0]]))?;
        let [long, short] = y.to_f64s()[..] else { unreachable!("two rows") };
        assert!((long - (1.0 - 0.5f64.sqrt())).abs() < 1e-6 && (short - 1.0).abs() < 1e-6, "{y}");
        let gradient = grad(&y.sum(), &[&x])?[0].to_f64s();
        assert!((gradient[0] * 1e20 + 0.5f64.sqrt() / 2.0).abs() < 1e-6, "{gradient:?}");
        Ok(())
    }

    #[test]
    fn norms_and_their_corners() -> Result<()> {
        let (a, b) = (Tensor::from([3.0, 4.0]), Tensor::from([0.0, 0.0]));
        for (p, expected) in [(1.0, 7.0), (2.0, 5.0), (3.0, 91f32.powf(1.0 / 3.0)), (f64::INFINITY, 4.0)] {
            assert!((of(p)(&a, &b)?.item::<f32>()? - expected).abs() < 1e-5, "{p}");
        }
        // So have vectors that are equal.
        for p in [1.0, 1.5, 2.0, 3.0, f64::INFINITY] {
            let same = a.detach().requires_grad();
            assert_eq!(grad(&of(p)(&same, &a)?, &[&same])?[0].to_f64s(), [0.0, 0.0], "{p}");
        }
        // Squares beyond the largest number are no infinity.
        let far = Tensor::from([3e30, 4e30]);
        assert!((of(2.0)(&far, &b)?.item::<f32>()? / 5e30 - 1.0).abs() < 1e-6);
        // Vectors of zeros have a direction of none, and a finite gradient.
        let zero = Tensor::from([0.0, 0.0]).requires_grad();
        let far = Distance::Cosine.of(&zero, &a)?;
        assert_eq!(far.item::<f32>()?, 1.0);
        assert!(grad(&far, &[&zero])?[0].to_vec::<f32>()?.iter().all(|g| g.is_finite()));
        Ok(())
    }

    // The distances as losses of a pair, whose derivatives the suite checks.
    cases![
        loss(
            "distance",
            |r| move |x: &Tensor, t: &Tensor| r.apply(&Distance::SquaredL2.of(x, t)?),
            |x, t| {
                let all: Vec<f64> = x.to_f64s().into_iter().zip(t.to_f64s()).map(|(x, t)| (x - t).powi(2)).collect();
                let losses: Vec<f64> = all.chunks(3).map(|row| row.iter().sum()).collect();
                crate::cases::Expected { shape: vec![losses.len()], divisor: losses.len() as f64, losses }
            }
        )
        .shapes(&[4, 3], &[4, 3])
    ];
}
