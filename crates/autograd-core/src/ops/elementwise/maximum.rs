//! The larger and the smaller of two, element by element.
//!
//! forward    z = max(a, b)
//! backward   gy to the larger, half to each where they tie    saves both

use super::binary::{Binary, binary};
use crate::error::Result;
use crate::kernels::real::Real;
use crate::tensor::Tensor;

impl Tensor {
    /// The larger of two, element by element; NaN if either is.
    ///
    /// `z = max(a, b)`, element by element; the operands are broadcast to a common shape.
    ///
    /// # Gradient
    /// gy goes to the larger; where they tie, half to each; where one is NaN, to both. Saves both. Integers stay integers.
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
        binary(self, other, Maximum)
    }
}

impl Tensor {
    /// The smaller of two, element by element; NaN if either is. Otherwise as [`Tensor::maximum`].
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    pub fn minimum(&self, other: &Tensor) -> Result<Tensor> {
        binary(self, other, Minimum)
    }
}

#[inline(always)]
fn share<T: Real>(gy: T, loses: bool, ties: bool) -> T {
    let half = if ties { gy * T::of(0.5) } else { gy };
    if loses { T::ZERO } else { half }
}

fn share_tensor(gy: &Tensor, loses: &Tensor, ties: &Tensor) -> Result<Tensor> {
    loses.where_(&gy.zeros_like(), &ties.where_(&gy.mul_scalar(0.5), gy)?)
}

#[derive(Clone, Copy)]
struct Minimum;

impl Binary for Minimum {
    const NAME: &'static str = "minimum";
    const KEEPS_OPERANDS: bool = true;

    #[inline(always)]
    fn value<T: Real>(self, a: T, b: T) -> T {
        a.smaller(b)
    }

    #[inline(always)]
    fn integer(self, a: i64, b: i64) -> Option<i64> {
        Some(a.min(b))
    }

    #[inline(always)]
    fn pull_a<T: Real>(self, gy: T, a: T, b: T) -> T {
        share(gy, a > b, a == b)
    }

    #[inline(always)]
    fn pull_b<T: Real>(self, gy: T, a: T, b: T) -> T {
        share(gy, b > a, a == b)
    }

    fn pull_a_tensor(self, gy: &Tensor, a: &Tensor, b: &Tensor) -> Result<Tensor> {
        share_tensor(gy, &a.gt(b)?, &a.eq(b)?)
    }

    fn pull_b_tensor(self, gy: &Tensor, a: &Tensor, b: &Tensor) -> Result<Tensor> {
        share_tensor(gy, &b.gt(a)?, &a.eq(b)?)
    }
}

#[derive(Clone, Copy)]
struct Maximum;

impl Binary for Maximum {
    const NAME: &'static str = "maximum";
    const KEEPS_OPERANDS: bool = true;

    #[inline(always)]
    fn value<T: Real>(self, a: T, b: T) -> T {
        a.larger(b)
    }

    #[inline(always)]
    fn integer(self, a: i64, b: i64) -> Option<i64> {
        Some(a.max(b))
    }

    #[inline(always)]
    fn pull_a<T: Real>(self, gy: T, a: T, b: T) -> T {
        share(gy, a < b, a == b)
    }

    #[inline(always)]
    fn pull_b<T: Real>(self, gy: T, a: T, b: T) -> T {
        share(gy, b < a, a == b)
    }

    fn pull_a_tensor(self, gy: &Tensor, a: &Tensor, b: &Tensor) -> Result<Tensor> {
        share_tensor(gy, &a.lt(b)?, &a.eq(b)?)
    }

    fn pull_b_tensor(self, gy: &Tensor, a: &Tensor, b: &Tensor) -> Result<Tensor> {
        share_tensor(gy, &b.lt(a)?, &a.eq(b)?)
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
