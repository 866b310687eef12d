//! Sigmoid-weighted linear unit (swish).

use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// Sigmoid-weighted linear unit, also called swish.
    ///
    /// `y = x · σ(x), σ(x) = 1 / (1 + e⁻ˣ)`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy · σ(x) (1 + x (1 − σ(x)))`; saves x.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 1.0]).silu().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.0, 0.731_058_6]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Elfwing, Uchibe, Doya, Sigmoid-weighted linear units for neural network function approximation, 2018.
    pub fn silu(&self) -> Tensor {
        elementwise([self], Silu)
    }

    /// Another name of [`Tensor::silu`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([1.0, -2.0]);
    /// assert_eq!(x.swish().to_f64s(), x.silu().to_f64s());
    /// ```
    pub fn swish(&self) -> Tensor {
        self.silu()
    }
}

#[derive(Clone, Copy)]
struct Silu;

impl Elementwise<1> for Silu {
    const NAME: &'static str = "silu";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        x * x.sigmoid()
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        let (s, one) = (x.sigmoid(), N::of(1.0));
        [gy * (s * (one + x * (one - s)))]
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("silu", -3.0..3.0, &[], |x| x.silu(), |x| x / (1.0 + (-x).exp()))];
