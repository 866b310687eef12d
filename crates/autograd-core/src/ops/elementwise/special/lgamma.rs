//! Logarithm of the gamma function.

use crate::kernels::elementwise::pointwise::loops;
use crate::kernels::special::gamma;
use crate::ops::elementwise::chain::{Function, Slope};
use crate::ops::elementwise::special::digamma::DIGAMMA;
use crate::tensor::Tensor;

impl Tensor {
    /// Logarithm of the gamma function: `y = ln |Γ(x)|`, element by element; +∞ at 0, −1, −2 and so on. Integers and
    /// truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy · ψ(x)`, see [`Tensor::digamma`]; saves x.
    ///
    /// # Numerics
    /// Within 1 ulp in `F32`, 8 in `F64`; near its zeros below 0 the error is one of its terms.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.5, 5.0]).lgamma().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.572_364_9, 3.178_053_9]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn lgamma(&self) -> Tensor {
        LGAMMA.of(0.0, self)
    }
}

pub(crate) static LGAMMA: Function =
    Function { name: "lgamma", loops: loops!(wide: |_, x| gamma::lgamma(x)), slope: Slope::Is(&DIGAMMA) };

#[cfg(test)]
crate::ops::cases::cases![{
    // Γ(x + 20) / (x (x + 1) ..) by Stirling's series.
    let reference = |x: f64| {
        let far = x + 20.0;
        let series = 1.0 / (12.0 * far) - 1.0 / (360.0 * far.powi(3)) + 1.0 / (1260.0 * far.powi(5))
            - 1.0 / (1680.0 * far.powi(7));
        let product: f64 = (0..20).map(|k| (x + f64::from(k)).abs().ln()).sum();
        (far - 0.5) * far.ln() - far + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - product
    };
    [
        Case::unary("lgamma", 0.3..4.0, &[], |x| x.lgamma(), reference),
        Case::unary("lgamma", -2.9..-2.1, &[], |x| x.lgamma(), reference),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::Tensor;

    #[test]
    fn the_least_numbers_have_a_finite_value() {
        let x = Tensor::from_slice(&[1e-310, -1e-310, -5e-324, -1e-300], &[4]).expect("four");
        let expected = [713.801_378_828_154_2, 713.801_378_828_154_2, 744.440_071_921_381_2, 690.775_527_898_213_7];
        for (y, expected) in x.lgamma().to_f64s().into_iter().zip(expected) {
            assert!((y / expected - 1.0).abs() < 1e-14, "{y} instead of {expected}");
        }
    }
}
