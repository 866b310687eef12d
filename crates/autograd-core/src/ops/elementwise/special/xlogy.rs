//! Products with a logarithm that are 0 where the factor is.

use crate::error::Result;
use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// `z = x ln y`, 0 where x is 0 and y is a number, element by element; the operands are broadcast to a common
    /// shape. Integers become `F32` first.
    ///
    /// # Gradient
    /// `gx = gz · ln y`, 0 where x = 0 and y ≤ 0; `gy = gz · x / y`, 0 where x = 0. Saves both.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let z = Tensor::from([0.0, 2.0]).xlogy(&Tensor::from([0.0, 1.0]))?;
    /// assert_eq!(z.to_vec::<f32>()?, [0.0, 0.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # Differs from
    /// PyTorch, whose gradient for y is NaN where both are 0.
    pub fn xlogy(&self, other: &Tensor) -> Result<Tensor> {
        try_elementwise([self, other], Xlogy)
    }

    /// `z = x ln(1 + y)`, 0 where x is 0 and y is a number; otherwise like [`Tensor::xlogy`].
    ///
    /// # Gradient
    /// `gx = gz · ln(1 + y)`, 0 where x = 0 and y ≤ −1; `gy = gz · x / (1 + y)`, 0 where x = 0. Saves both.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let z = Tensor::from([0.0, 2.0]).xlog1py(&Tensor::from([-1.0, 0.0]))?;
    /// assert_eq!(z.to_vec::<f32>()?, [0.0, 0.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn xlog1py(&self, other: &Tensor) -> Result<Tensor> {
        try_elementwise([self, other], Xlog1py)
    }
}

#[derive(Clone, Copy)]
struct Xlogy;

impl Elementwise<2> for Xlogy {
    const NAME: &'static str = "xlogy";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x, y]: [N; 2]) -> N {
        let product = N::select(x.eq(N::of(0.0)), N::of(0.0), x * y.ln());
        N::select(y.is_nan(), y, product)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gz: N, [x, y]: [N; 2], _: N) -> [N; 2] {
        let (zero, none) = (N::of(0.0), x.eq(N::of(0.0)));
        [
            N::select(none & y.le(zero), zero, gz * y.ln()),
            N::select(none & (y.eq(zero) | y.is_nan()), zero, gz * (x / y)),
        ]
    }
}

#[derive(Clone, Copy)]
struct Xlog1py;

impl Elementwise<2> for Xlog1py {
    const NAME: &'static str = "xlog1py";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x, y]: [N; 2]) -> N {
        let product = N::select(x.eq(N::of(0.0)), N::of(0.0), x * y.ln_1p());
        N::select(y.is_nan(), y, product)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gz: N, [x, y]: [N; 2], _: N) -> [N; 2] {
        let (zero, one) = (N::of(0.0), N::of(1.0));
        let none = x.eq(zero);
        [
            N::select(none & y.le(-one), zero, gz * y.ln_1p()),
            N::select(none & (y.eq(-one) | y.is_nan()), zero, gz * (x / (one + y))),
        ]
    }
}

#[cfg(test)]
crate::ops::cases::cases![
    Case::binary("xlogy", -2.0..2.0, 0.3..2.0, |x, y| x.xlogy(y), |x, y| x * y.ln()),
    Case::binary("xlog1py", -2.0..2.0, -0.6..2.0, |x, y| x.xlog1py(y), |x, y| x * y.ln_1p()),
];

#[cfg(test)]
mod tests {
    use crate::{Tensor, grad};

    #[test]
    fn the_second_derivative_at_zero_is_the_same_in_either_order() {
        for (of, want) in [(Tensor::xlogy as fn(&Tensor, &Tensor) -> _, 0.5), (Tensor::xlog1py, 1.0 / 3.0)] {
            let (x, y) = (Tensor::scalar(0.0f64).requires_grad(), Tensor::scalar(2.0f64).requires_grad());
            let z: Tensor = of(&x, &y).expect("scalars");
            let first = grad(&z, &[&x, &y]).expect("tracked");
            for (gradient, other) in first.iter().zip([&y, &x]) {
                assert!((grad(gradient, &[other]).expect("tracked")[0].to_f64s()[0] - want).abs() < 1e-15);
            }
        }
    }

    #[test]
    fn zero_times_an_infinite_logarithm_is_zero_and_nan_stays() {
        let x = Tensor::from([0.0, 0.0, 0.0]).requires_grad();
        for (y, of) in [
            ([0.0, -1.0, f64::NAN], Tensor::xlogy as fn(&Tensor, &Tensor) -> _),
            ([-1.0, -2.0, f64::NAN], Tensor::xlog1py),
        ] {
            let y = Tensor::from(y).requires_grad();
            let z: Tensor = of(&x, &y).expect("shapes fit");
            let grads = grad(&z.sum(), &[&x, &y]).expect("tracked");
            let z = z.to_f64s();
            assert!(z[..2] == [0.0; 2] && z[2].is_nan());
            assert!(grads[0].to_f64s()[..2] == [0.0; 2] && grads[0].to_f64s()[2].is_nan());
            assert_eq!(grads[1].to_f64s(), [0.0; 3]);
        }
    }
}
