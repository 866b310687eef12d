//! The larger and the smaller of two, element by element.

use crate::error::Result;
use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// The larger of two, element by element; NaN if either is.
    ///
    /// `z = max(a, b)`, element by element; the operands are broadcast to a common shape.
    ///
    /// # Gradient
    /// gy goes to the larger; where they tie, half to each; where one is NaN, to both. Saves both. Integers stay
    /// integers.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let z = Tensor::from([1.0, 5.0]).maximum(&Tensor::from([3.0, 4.0]))?;
    /// assert_eq!(z.to_vec::<f32>()?, [3.0, 5.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn maximum(&self, other: &Tensor) -> Result<Tensor> {
        try_elementwise([self, other], Maximum)
    }
}

impl Tensor {
    /// The smaller of two, element by element; NaN if either is. Otherwise like [`Tensor::maximum`].
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([1.0, 4.0]).minimum(&Tensor::from([2.0, 3.0]))?;
    /// assert_eq!(y.to_vec::<f32>()?, [1.0, 3.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn minimum(&self, other: &Tensor) -> Result<Tensor> {
        try_elementwise([self, other], Minimum)
    }
}

/// The share of one of the two: none if it loses, half where they tie.
#[inline(always)]
fn share<N: Number>(gy: N, loses: N::Mask, ties: N::Mask) -> N {
    N::select(loses, N::of(0.0), N::select(ties, gy * N::of(0.5), gy))
}

#[derive(Clone, Copy)]
pub(crate) struct Maximum;

impl Elementwise<2> for Maximum {
    const NAME: &'static str = "maximum";
    const KEEPS: Keeps = Keeps::Inputs;
    const INTEGER: Option<fn(Self, [i64; 2]) -> i64> = Some(|_, [a, b]| a.max(b));

    #[inline(always)]
    fn value<N: Number>(self, [a, b]: [N; 2]) -> N {
        a.larger(b)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [a, b]: [N; 2], _: N) -> [N; 2] {
        let ties = a.eq(b);
        [share(gy, a.lt(b), ties), share(gy, b.lt(a), ties)]
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Minimum;

impl Elementwise<2> for Minimum {
    const NAME: &'static str = "minimum";
    const KEEPS: Keeps = Keeps::Inputs;
    const INTEGER: Option<fn(Self, [i64; 2]) -> i64> = Some(|_, [a, b]| a.min(b));

    #[inline(always)]
    fn value<N: Number>(self, [a, b]: [N; 2]) -> N {
        a.smaller(b)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [a, b]: [N; 2], _: N) -> [N; 2] {
        let ties = a.eq(b);
        [share(gy, a.gt(b), ties), share(gy, b.gt(a), ties)]
    }
}

#[cfg(test)]
crate::ops::cases::cases![
    Case::binary("maximum", -2.0..2.0, -2.0..2.0, |a, b| a.maximum(b), f64::max).not_with_itself(),
    Case::binary("minimum", -2.0..2.0, -2.0..2.0, |a, b| a.minimum(b), f64::min).not_with_itself(),
];

#[cfg(test)]
mod tests {
    use crate::{Tensor, grad};

    #[test]
    fn ties_share_and_nan_gets_the_gradient_on_both_sides() {
        let a = Tensor::from([f64::NAN, 1.0, 2.0, 3.0]).requires_grad();
        let b = Tensor::from([1.0, f64::NAN, 2.0, 1.0]).requires_grad();
        for (y, ga, gb) in [
            (a.maximum(&b), [1.0, 1.0, 0.5, 1.0], [1.0, 1.0, 0.5, 0.0]),
            (a.minimum(&b), [1.0, 1.0, 0.5, 0.0], [1.0, 1.0, 0.5, 1.0]),
        ] {
            let y = y.expect("same shape").sum();
            let recorded = grad(&y, &[&a, &b]).expect("tracked");
            assert_eq!([recorded[0].to_f64s(), recorded[1].to_f64s()], [ga, gb]);
            let grads = y.backward().expect("tracked");
            assert_eq!(grads.get(&a).expect("a leaf").to_f64s(), ga);
            assert_eq!(grads.get(&b).expect("a leaf").to_f64s(), gb);
        }
    }
}
