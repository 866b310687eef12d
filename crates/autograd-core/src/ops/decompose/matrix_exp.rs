//! Exponentials of matrices.

use super::matrices::{Each, square, turned};
use crate::error::Result;
use crate::keep;
use crate::kernels::decompose::exponential::exponential;
use crate::kernels::real::Real;
use crate::ops::check::Check;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{Tensor, for_float};

impl Tensor {
    /// `eᴬ = Σ Aⁱ / i!` of each matrix.
    ///
    /// # Shapes
    /// `[.., N, N] → [.., N, N]`
    ///
    /// # Gradient
    /// The upper right quarter of the exponential of `[[Aᵀ, gy], [0, Aᵀ]]`. Saves A.
    ///
    /// # Numerics
    /// By Padé's approximants, scaling and squaring, in double precision for both float types. A matrix that is not
    /// finite gives NaN.
    ///
    /// # Errors
    /// If a matrix is not square, or the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([[0.0, 1.0], [0.0, 0.0]]).matrix_exp()?;
    /// assert_eq!(y.to_vec::<f32>()?, [1.0, 1.0, 0.0, 1.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// N. J. Higham, "The scaling and squaring method for the matrix exponential revisited", 2005.
    pub fn matrix_exp(&self) -> Result<Tensor> {
        const OP: &str = "matrix_exp";
        let n = square(Check(OP), "the input", self)?;
        let packed = self.try_packed(OP)?;
        // At most six products and the squarings, and a system of equations that takes less than two.
        let each = Each::new(n * n, [n, n, n.saturating_mul(8)]);
        let count = each.count(self.numel());
        let value = for_float!(self.float(), T => {
            Tensor::counted::<T, 1>(OP, count, self.shape(), [&packed], move |[a], y| {
                let a = a.flat::<T>();
                each.run(y, |threads, i, y| {
                    let mut x: Vec<f64> = a[i * n * n..(i + 1) * n * n].iter().map(|x| Real::as_f64(*x)).collect();
                    exponential(threads, n, &mut x);
                    y.iter_mut().zip(x).for_each(|(y, x)| *y = x as T);
                });
            })?
        });
        Ok(record(OP, value, &[self], |_| MatrixExp(Saved::input(0, self))))
    }
}

struct MatrixExp(Saved);

impl Pullback for MatrixExp {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (a, gy) = (self.0.get(at), at.gy());
        at.give(0, || {
            let (n, a) = (a.shape()[a.rank() - 1], turned(&a)?);
            if a.numel() == 0 {
                return a.matmul(gy);
            }
            // It is linear in gy. The larger matrix is halved until it is small, and a large gy would take a's digits
            // away.
            let most = gy.untied().abs().amax(keep([-2, -1]))?;
            let scale = most.gt_scalar(0.0).where_cond(&most, &most.ones_like())?;
            let g = gy.try_div(&scale)?;
            let upper = Tensor::cat(&[&a, &g], -1)?;
            let lower = Tensor::cat(&[&g.zeros_like(), &a], -1)?;
            let both = Tensor::cat(&[&upper, &lower], -2)?.matrix_exp()?;
            both.narrow(-2, 0, n)?.narrow(-1, n, n)?.try_mul(&scale)
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.0);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    // By the characteristic polynomial: with mean m of the diagonal and B = A − m, B² is q times the identity.
    let two = |x: &[Vec<f64>]| {
        let one = |x: &[f64]| {
            let mean = (x[0] + x[3]) / 2.0;
            let q = (x[0] - mean) * (x[0] - mean) + x[1] * x[2];
            let root = q.abs().sqrt();
            let (even, odd) = if q < 0.0 { (root.cos(), root.sin() / root) } else { (root.cosh(), root.sinh() / root) };
            let of = |x: f64, diagonal: f64| mean.exp() * (even * diagonal + odd * x);
            [of(x[0] - mean, 1.0), of(x[1], 0.0), of(x[2], 0.0), of(x[3] - mean, 1.0)]
        };
        x[0].chunks(4).flat_map(one).collect()
    };
    let input = |s: &[usize]| vec![Input::real(s, -1.0..1.0)];
    [
        Case::new("matrix_exp", input(&[2, 2, 2]), |x| x[0].matrix_exp()).value(two).refuses(
            |x| x[0].narrow(1, 0, 1)?.matrix_exp(),
            "matrix_exp: the input has shape [2, 1, 2], expected [.., N, N]",
        ),
        Case::new("matrix_exp (of 3)", input(&[3, 3]), |x| x[0].mul_scalar(3.0).matrix_exp()).not_counting_saved(),
    ]
}];
