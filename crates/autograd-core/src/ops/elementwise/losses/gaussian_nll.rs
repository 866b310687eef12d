//! The negative logarithm of a normal distribution.

use crate::error::Result;
use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// The negative log-likelihood of t under normal distributions of means x and variances v, without ln(2π) / 2: `y =
    /// (ln v + (x − t)² / v) / 2`, element by element; the operands are broadcast to a common shape. Integers become
    /// `F32` first.
    ///
    /// # Gradient
    /// `gx = gy (x − t) / v`, `gt = −gx`, `gv = gy (1 − (x − t)² / v) / 2v`; saves all.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (x, v) = (Tensor::from([1.0, 2.0]), Tensor::from(1.0));
    /// let y = x.gaussian_nll_loss(&Tensor::from([1.0, 4.0]), &v)?;
    /// assert_eq!(y.to_vec::<f32>()?, [0.0, 2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn gaussian_nll_loss(&self, target: &Tensor, var: &Tensor) -> Result<Tensor> {
        try_elementwise([self, target, var], GaussianNll)
    }
}

#[derive(Clone, Copy)]
struct GaussianNll;

impl Elementwise<3> for GaussianNll {
    const NAME: &'static str = "gaussian_nll_loss";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x, t, v]: [N; 3]) -> N {
        let d = x - t;
        N::of(0.5) * (v.ln() + d * (d / v))
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x, t, v]: [N; 3], _: N) -> [N; 3] {
        let (d, half) = (x - t, N::of(0.5));
        let gx = gy * (d / v);
        [gx, -gx, gy * (half * (N::of(1.0) - d * (d / v)) / v)]
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let real = |range| Input::real(&[3, 4], range);
    let inputs = vec![real(-2.0..2.0), real(-2.0..2.0), Input::real(&[3, 1], 0.5..2.0)];
    let of = |x: f64, t: f64, v: f64| (v.ln() + (x - t).powi(2) / v) / 2.0;
    [Case::new("gaussian_nll_loss", inputs, |x| x[0].gaussian_nll_loss(&x[1], &x[2]))
        .value(move |x| x[0].iter().zip(&x[1]).enumerate().map(|(i, (v, t))| of(*v, *t, x[2][i / 4])).collect())
        .refuses(
            |x| x[0].gaussian_nll_loss(&x[1].t()?, &x[2]),
            "gaussian_nll_loss: shapes [3, 4] and [4, 3] do not broadcast: 3 ≠ 4 in dimension −2 (counted from the end)",
        )]
}];
