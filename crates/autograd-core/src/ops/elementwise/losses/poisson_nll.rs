//! The negative logarithm of a Poisson distribution, but for what the target alone adds.

use super::share;
use crate::error::Result;
use crate::kernels::number::Number;
use crate::ops::check::Check;
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// The negative log-likelihood of counts t under Poisson distributions whose rates have the logarithm x, without ln
    /// t!: `y = eˣ − t x`, element by element; the operands are broadcast to a common shape. Integers become `F32`
    /// first.
    ///
    /// # Gradient
    /// `gx = gy (eˣ − t)`, `gt = −gy x`; saves both.
    ///
    /// # Numerics
    /// 0 where t is 0 and x −∞.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, f32::NEG_INFINITY]).poisson_nll_loss(&Tensor::from([3.0, 0.0]))?;
    /// assert_eq!(y.to_vec::<f32>()?, [1.0, 0.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn poisson_nll_loss(&self, target: &Tensor) -> Result<Tensor> {
        try_elementwise([self, target], OfLogarithms)
    }

    /// [`Tensor::poisson_nll_loss`] of rates x themselves: `y = x − t ln(x + ε)`.
    ///
    /// # Gradient
    /// `gx = gy (1 − t / (x + ε))`, `gt = −gy ln(x + ε)`; gy and 0 where t and x + ε are 0, or t is 0
    /// and x infinite. Saves both.
    ///
    /// # Numerics
    /// x where t and x + ε are 0.
    ///
    /// # Errors
    /// If ε is negative or not finite, the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([1.0, 0.0]).poisson_nll_loss_of_rates(&Tensor::from([3.0, 0.0]), 0.0)?;
    /// assert_eq!(y.to_vec::<f32>()?, [1.0, 0.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn poisson_nll_loss_of_rates(&self, target: &Tensor, eps: f64) -> Result<Tensor> {
        Check(OfRates::NAME).require(eps >= 0.0 && eps.is_finite(), "eps", eps, "finite and at least 0")?;
        try_elementwise([self, target], OfRates { eps })
    }
}

#[derive(Clone, Copy)]
struct OfLogarithms;

impl Elementwise<2> for OfLogarithms {
    const NAME: &'static str = "poisson_nll_loss";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x, t]: [N; 2]) -> N {
        x.exp() - share(t, x)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x, t]: [N; 2], _: N) -> [N; 2] {
        let nothing = t.eq(N::of(0.0)) & x.abs().eq(N::of(f64::INFINITY));
        [gy * (x.exp() - t), N::select(nothing, N::of(0.0), -(gy * x))]
    }
}

#[derive(Clone, Copy)]
struct OfRates {
    eps: f64,
}

impl Elementwise<2> for OfRates {
    const NAME: &'static str = "poisson_nll_loss_of_rates";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x, t]: [N; 2]) -> N {
        x - share(t, (x + N::of(self.eps)).ln())
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x, t]: [N; 2], _: N) -> [N; 2] {
        let (zero, rate) = (N::of(0.0), x + N::of(self.eps));
        let nothing = t.eq(zero) & (rate.eq(zero) | rate.eq(N::of(f64::INFINITY)));
        [gy * (N::of(1.0) - N::select(nothing, zero, t / rate)), N::select(nothing, zero, -(gy * rate.ln()))]
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let counts = || Input::real(&[3, 4], 0.5..4.0);
    let values = |of: fn(f64, f64) -> f64| {
        move |x: &[Vec<f64>]| x[0].iter().zip(&x[1]).map(|(x, t)| of(*x, *t)).collect::<Vec<_>>()
    };
    let text = "shapes [3, 4] and [4, 3] do not broadcast: 3 ≠ 4 in dimension −2 (counted from the end)";
    [
        Case::new("poisson_nll_loss", vec![Input::real(&[3, 4], -2.0..2.0), counts()], |x| {
            x[0].poisson_nll_loss(&x[1])
        })
        .value(values(|x, t| x.exp() - t * x))
        .refuses(|x| x[0].poisson_nll_loss(&x[1].t()?), format!("poisson_nll_loss: {text}")),
        Case::new("poisson_nll_loss_of_rates", vec![counts(), counts()], |x| {
            x[0].poisson_nll_loss_of_rates(&x[1], 0.125)
        })
        .value(values(|x, t| x - t * (x + 0.125).ln()))
        .refuses(|x| x[0].poisson_nll_loss_of_rates(&x[1].t()?, 0.0), format!("poisson_nll_loss_of_rates: {text}"))
        .refuses(
            |x| x[0].poisson_nll_loss_of_rates(&x[1], -1.0),
            "poisson_nll_loss_of_rates: eps is -1.0, it must be finite and at least 0",
        ),
    ]
}];
