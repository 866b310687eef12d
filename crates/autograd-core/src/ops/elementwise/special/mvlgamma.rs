//! Logarithm of the multivariate gamma function.

use crate::error::Result;
use crate::ops::check::Check;
use crate::tensor::{DType, Tensor};

impl Tensor {
    /// Logarithm of the multivariate gamma function.
    ///
    /// `y = p (p − 1) / 4 ln π + Σ ln |Γ(x − j / 2)|`, j from 0 to p − 1, element by element.
    ///
    /// # Gradient
    /// `gx = gy Σ ψ(x − j / 2)`, see [`Tensor::digamma`].
    ///
    /// # Errors
    /// If `p` is 0; if the terms are more than memory holds.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([2.5]);
    /// assert_eq!(x.mvlgamma(1)?.to_f64s(), x.lgamma().to_f64s());
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn mvlgamma(&self, p: u32) -> Result<Tensor> {
        let check = Check("mvlgamma");
        check.require(p >= 1, "p", p, "at least 1")?;
        check.terms(self.numel().max(1).saturating_mul(p as usize))?;
        let order = f64::from(p);
        // The terms of an element's sum lie along a last dim.
        let x = if self.dtype().is_float() { self.clone() } else { self.to_dtype(DType::F32) };
        let halves = Tensor::arange(0.0, order, 1.0, x.dtype())?.mul_scalar(-0.5);
        let sum = x.unsqueeze(-1)?.try_add(&halves)?.lgamma().sum_dim(-1)?;
        Ok(sum.add_scalar(0.25 * order * (order - 1.0) * std::f64::consts::PI.ln()))
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    // Γ(x) Γ(x − ½) = 2^(2 − 2x) √π Γ(2x − 1)
    let reference = |x: f64| {
        let ln_factorial: f64 = (2..=(2.0 * x) as u32 - 2).map(|k| f64::from(k).ln()).sum();
        0.5 * std::f64::consts::PI.ln() + (2.0 - 2.0 * x) * 2f64.ln() + 0.5 * std::f64::consts::PI.ln() + ln_factorial
    };
    let input = vec![Input::index(&[3, 4], 20)];
    [
        Case::new("mvlgamma", input, |x| x[0].to_dtype(crate::DType::F64).mul_scalar(0.5).add_scalar(1.5).mvlgamma(2))
            .value(move |x| x[0].iter().map(|x| reference(0.5 * x + 1.5)).collect())
            .without_gradient()
            .not_counting_saved()
            .refuses(|x| x[0].mvlgamma(0), "mvlgamma: p is 0, it must be at least 1"),
        Case::new("mvlgamma", vec![Input::real(&[3, 4], 1.2..4.0)], |x| x[0].mvlgamma(3)).not_counting_saved(),
    ]
}];
