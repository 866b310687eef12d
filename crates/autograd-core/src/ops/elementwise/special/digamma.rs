//! Digamma and polygamma functions.

use crate::kernels::elementwise::pointwise::loops;
use crate::kernels::special::polygamma;
use crate::ops::elementwise::chain::{Function, Slope};
use crate::tensor::Tensor;

impl Tensor {
    /// Digamma function, the derivative of [`Tensor::lgamma`].
    ///
    /// `y = ψ(x) = Γ′(x) / Γ(x)`, element by element; −∞ at 0, +∞ at −0, NaN at −1, −2 and so on. Integers and truth
    /// values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy · ψ₁(x)`, see [`Tensor::polygamma`]; saves x.
    ///
    /// # Numerics
    /// Within 1 ulp in `F32`, also near its zero 1.46; in `F64` within 8 ulp of its largest term.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([1.0, 2.0]).digamma().to_vec::<f32>()?;
    /// assert!(y.iter().zip([-0.577_215_7, 0.422_784_3]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn digamma(&self) -> Tensor {
        DIGAMMA.of(0.0, self)
    }

    /// Polygamma function, the derivative of order n of [`Tensor::digamma`].
    ///
    /// `y = ψₙ(x) = (−1)ⁿ⁺¹ n! Σ (x + k)^(−n − 1)`, k = 0, 1, .., for n ≥ 1, element by element; for odd n +∞, for even
    /// n −∞ at 0, −1, −2 and so on (for n = 1 below 0 the large number that π rounded makes of it, as in PyTorch).
    ///
    /// # Gradient
    /// `gx = gy · ψₙ₊₁(x)`; saves x.
    ///
    /// # Numerics
    /// Within 1 ulp in `F32`; in `F64` within 8 ulp for n up to 5. From n = 170 on n! is no number, and where the
    /// result is one it may be missed: 0, infinite or NaN.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from(1.0).polygamma(1).item::<f32>()?;
    /// assert!((y - std::f32::consts::PI.powi(2) / 6.0).abs() < 1e-6);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn polygamma(&self, n: u32) -> Tensor {
        match n {
            0 => self.digamma(),
            1 => TRIGAMMA.of(0.0, self),
            n => POLYGAMMA.of(n.into(), self),
        }
    }
}

/// `ψ`
pub(crate) static DIGAMMA: Function =
    Function { name: "polygamma", loops: loops!(wide: |_, x| polygamma::digamma(x)), slope: Slope::Is(&TRIGAMMA) };

/// `ψ₁`
static TRIGAMMA: Function = Function {
    name: "polygamma",
    loops: loops!(wide: |_, x| polygamma::trigamma(x); else trigamma_at_poles),
    slope: Slope::With(&POLYGAMMA, |_| 2.0),
};

/// `ψ₁` at −1, −2 and so on, where it is what [`Tensor::polygamma`] says; NaN of NaN.
fn trigamma_at_poles(_: f64, x: f64) -> f64 {
    polygamma::polygamma(1.0, x)
}

/// `ψₙ`, of which the parameter is n.
static POLYGAMMA: Function = Function {
    name: "polygamma",
    loops: loops!(called: polygamma::polygamma),
    slope: Slope::With(&POLYGAMMA, |n| n + 1.0),
};

#[cfg(test)]
crate::ops::cases::cases![{
    // Sums of many terms, and the integral of the rest.
    let digamma = |x: f64| {
        let far = x + 1000.0;
        let sum: f64 = (0..1000).rev().map(|k| 1.0 / (x + f64::from(k))).sum();
        far.ln() - 0.5 / far - 1.0 / (12.0 * far * far) - sum
    };
    let tetragamma = |x: f64| {
        let far = x + 1000.0;
        let sum: f64 = (0..1000).rev().map(|k| (x + f64::from(k)).powi(-3)).sum();
        -2.0 * (sum + 0.5 / far / far + 0.5 / far.powi(3) + 0.25 / far.powi(4))
    };
    [
        Case::unary("digamma", 0.3..4.0, &[], |x| x.digamma(), digamma),
        Case::unary("digamma", -2.9..-2.1, &[], |x| x.digamma(), digamma),
        Case::unary("polygamma(2)", 0.3..4.0, &[], |x| x.polygamma(2), tetragamma),
        Case::unary("polygamma(2)", -2.8..-2.2, &[], |x| x.polygamma(2), tetragamma),
    ]
}];
