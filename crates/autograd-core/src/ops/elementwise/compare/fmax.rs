//! The larger and the smaller of two that ignores NaN.

use crate::error::Result;
use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// The larger of two, element by element; where one is NaN, the other. The operands are broadcast to a common
    /// shape. Integers stay integers.
    ///
    /// # Gradient
    /// gy goes to the one that is the result; where they tie, half to each; where both are NaN, to `self`. Saves both.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let z = Tensor::from([1.0, f64::NAN]).fmax(&Tensor::from([3.0, 4.0]))?;
    /// assert_eq!(z.to_vec::<f32>()?, [3.0, 4.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn fmax(&self, other: &Tensor) -> Result<Tensor> {
        try_elementwise([self, other], Fmax)
    }

    /// The smaller of two, element by element; where one is NaN, the other. Otherwise like [`Tensor::fmax`].
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let z = Tensor::from([1.0, f64::NAN]).fmin(&Tensor::from([3.0, 4.0]))?;
    /// assert_eq!(z.to_vec::<f32>()?, [1.0, 4.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn fmin(&self, other: &Tensor) -> Result<Tensor> {
        try_elementwise([self, other], Fmin)
    }
}

/// The shares of both in gy, where `wins` says that a is the result unless it is NaN beside a number.
#[inline(always)]
fn shares<N: Number>(gy: N, a: N, b: N, wins: N::Mask) -> [N; 2] {
    let zero = N::of(0.0);
    let (half, first) = (gy * N::of(0.5), wins | b.is_nan());
    [N::select(a.eq(b), half, N::select(first, gy, zero)), N::select(a.eq(b), half, N::select(first, zero, gy))]
}

#[derive(Clone, Copy)]
pub(crate) struct Fmax;

impl Elementwise<2> for Fmax {
    const NAME: &'static str = "fmax";
    const KEEPS: Keeps = Keeps::Inputs;
    const INTEGER: Option<fn(Self, [i64; 2]) -> i64> = Some(|_, [a, b]| a.max(b));

    #[inline(always)]
    fn value<N: Number>(self, [a, b]: [N; 2]) -> N {
        N::select(a.is_nan() | b.gt(a), b, a)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [a, b]: [N; 2], _: N) -> [N; 2] {
        shares(gy, a, b, a.gt(b))
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Fmin;

impl Elementwise<2> for Fmin {
    const NAME: &'static str = "fmin";
    const KEEPS: Keeps = Keeps::Inputs;
    const INTEGER: Option<fn(Self, [i64; 2]) -> i64> = Some(|_, [a, b]| a.min(b));

    #[inline(always)]
    fn value<N: Number>(self, [a, b]: [N; 2]) -> N {
        N::select(a.is_nan() | b.lt(a), b, a)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [a, b]: [N; 2], _: N) -> [N; 2] {
        shares(gy, a, b, a.lt(b))
    }
}

#[cfg(test)]
crate::ops::cases::cases![
    Case::binary("fmax", -2.0..2.0, -2.0..2.0, |a, b| a.fmax(b), f64::max).not_with_itself(),
    Case::binary("fmin", -2.0..2.0, -2.0..2.0, |a, b| a.fmin(b), f64::min).not_with_itself(),
];

#[cfg(test)]
mod tests {
    use crate::{Tensor, grad};

    #[test]
    fn nan_is_ignored_and_ties_share() {
        let nan = f64::NAN;
        let a = Tensor::from([nan, 1.0, 2.0, 3.0, nan]).requires_grad();
        let b = Tensor::from([1.0, nan, 2.0, 1.0, nan]).requires_grad();
        for (y, want, ga, gb) in [
            (a.fmax(&b), [1.0, 1.0, 2.0, 3.0], [0.0, 1.0, 0.5, 1.0, 1.0], [1.0, 0.0, 0.5, 0.0, 0.0]),
            (a.fmin(&b), [1.0, 1.0, 2.0, 1.0], [0.0, 1.0, 0.5, 0.0, 1.0], [1.0, 0.0, 0.5, 1.0, 0.0]),
        ] {
            let y = y.expect("same shape");
            assert!(y.to_f64s()[..4] == want && y.to_f64s()[4].is_nan());
            let recorded = grad(&y.sum(), &[&a, &b]).expect("tracked");
            assert_eq!([recorded[0].to_f64s(), recorded[1].to_f64s()], [ga, gb]);
            let grads = y.sum().backward().expect("tracked");
            assert_eq!([&a, &b].map(|x| grads.get(x).expect("a leaf").to_f64s()), [ga, gb]);
        }
    }
}
