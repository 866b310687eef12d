//! The divergence of Kullback and Leibler.

use super::share;
use crate::error::Result;
use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// What each element of a distribution t adds to its divergence from that of the log-probabilities x: `y = t (ln t
    /// − x)`, element by element; the operands are broadcast to a common shape. Integers become `F32` first.
    ///
    /// # Gradient
    /// `gx = −gy t`, `gt = gy (ln t − x + 1)`, 0 where t = 0; saves both.
    ///
    /// # Numerics
    /// 0 where t is 0, also if x is −∞.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.25f32.ln(), f32::NEG_INFINITY]).kl_div(&Tensor::from([0.5, 0.0]))?.to_vec::<f32>()?;
    /// assert!((y[0] - 0.5 * 2f32.ln()).abs() < 1e-6 && y[1] == 0.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn kl_div(&self, target: &Tensor) -> Result<Tensor> {
        try_elementwise([self, target], KlDiv)
    }

    /// [`Tensor::kl_div`] of a target that is given by its logarithms, too: `y = eᵗ (t − x)`.
    ///
    /// # Gradient
    /// `gx = −gy eᵗ`, `gt = gy eᵗ (t − x + 1)`, 0 where t = −∞; saves both.
    ///
    /// # Numerics
    /// 0 where t is −∞, whatever x is.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.25f32.ln()]).kl_div_log_target(&Tensor::from([0.5f32.ln()]))?.item::<f32>()?;
    /// assert!((y - 0.5 * 2f32.ln()).abs() < 1e-6);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn kl_div_log_target(&self, target: &Tensor) -> Result<Tensor> {
        try_elementwise([self, target], KlDivLogTarget)
    }
}

#[derive(Clone, Copy)]
struct KlDiv;

impl Elementwise<2> for KlDiv {
    const NAME: &'static str = "kl_div";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x, t]: [N; 2]) -> N {
        N::select(t.eq(N::of(0.0)), share(t, x), t * (t.ln() - x))
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x, t]: [N; 2], _: N) -> [N; 2] {
        let (zero, none) = (N::of(0.0), t.eq(N::of(0.0)));
        let gt = gy * (t.ln() - x + N::of(1.0));
        // Both have no derivative there, so the second derivatives are the same in either order.
        [-(gy * N::select(none, zero, t)), N::select(none, zero, gt)]
    }
}

#[derive(Clone, Copy)]
struct KlDivLogTarget;

impl Elementwise<2> for KlDivLogTarget {
    const NAME: &'static str = "kl_div_log_target";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x, t]: [N; 2]) -> N {
        N::select(t.eq(N::of(f64::NEG_INFINITY)), N::of(0.0), share(t.exp(), t - x))
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x, t]: [N; 2], _: N) -> [N; 2] {
        let gt = gy * share(t.exp(), t - x + N::of(1.0));
        [-(gy * t.exp()), N::select(t.eq(N::of(f64::NEG_INFINITY)), N::of(0.0), gt)]
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || Input::real(&[3, 4], -2.0..1.0);
    let values = |of: fn(f64, f64) -> f64| {
        move |x: &[Vec<f64>]| x[0].iter().zip(&x[1]).map(|(x, t)| of(*x, *t)).collect::<Vec<_>>()
    };
    let text = "shapes [3, 4] and [4, 3] do not broadcast: 3 ≠ 4 in dimension −2 (counted from the end)";
    [
        Case::new("kl_div", vec![x(), Input::real(&[3, 4], 0.1..0.9)], |x| x[0].kl_div(&x[1]))
            .value(values(|x, t| t * (t.ln() - x)))
            .refuses(|x| x[0].kl_div(&x[1].t()?), format!("kl_div: {text}")),
        Case::new("kl_div_log_target", vec![x(), x()], |x| x[0].kl_div_log_target(&x[1]))
            .value(values(|x, t| t.exp() * (t - x)))
            .refuses(|x| x[0].kl_div_log_target(&x[1].t()?), format!("kl_div_log_target: {text}")),
    ]
}];
