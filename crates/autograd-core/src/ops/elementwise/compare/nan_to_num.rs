//! Numbers in the place of NaN and infinities.

use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tensor::{DType, Tensor};

impl Tensor {
    /// `nan` where x is NaN, `posinf` where it is +∞, `neginf` where it is −∞, else x. `None` is the largest number of
    /// the dtype, or the smallest. Integers stay what they are.
    ///
    /// # Gradient
    /// `gx = gy` where x is finite, else 0; saves x.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([f64::NAN, f64::INFINITY, 2.0]);
    /// assert_eq!(x.nan_to_num(0.0, None, None).to_vec::<f32>()?, [0.0, f32::MAX, 2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn nan_to_num(&self, nan: f64, posinf: Option<f64>, neginf: Option<f64>) -> Tensor {
        let largest = if self.dtype() == DType::F64 { f64::MAX } else { f32::MAX.into() };
        let (above, below) = (posinf.unwrap_or(largest), neginf.unwrap_or(-largest));
        elementwise([self], NanToNum { nan, above, below })
    }
}

#[derive(Clone, Copy)]
struct NanToNum {
    nan: f64,
    above: f64,
    below: f64,
}

impl Elementwise<1> for NanToNum {
    const NAME: &'static str = "nan_to_num";
    const KEEPS: Keeps = Keeps::Inputs;
    const INTEGER: Option<fn(Self, [i64; 1]) -> i64> = Some(|_, [x]| x);

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        let infinity = N::of(f64::INFINITY);
        let y = N::select(x.eq(infinity), N::of(self.above), N::select(x.eq(-infinity), N::of(self.below), x));
        N::select(x.is_nan(), N::of(self.nan), y)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        [N::select(x.abs().lt(N::of(f64::INFINITY)), gy, N::of(0.0))]
    }
}

#[cfg(test)]
crate::ops::cases::cases![
    // What stands for an infinity is another number in each type, unless it is given.
    Case::unary("nan_to_num", -2.0..2.0, &[], |x| x.nan_to_num(0.25, Some(7.0), Some(-9.0)), |x| x)
];

#[cfg(test)]
mod tests {
    use crate::{DType, Tensor};

    #[test]
    fn infinities_become_the_ends_of_the_dtype() {
        let inf = f64::INFINITY;
        let x = Tensor::from([inf, -inf, f64::NAN, 1.0]);
        assert_eq!(x.nan_to_num(0.5, None, None).to_vec::<f32>().expect("F32"), [f32::MAX, f32::MIN, 0.5, 1.0]);
        assert_eq!(x.to_dtype(DType::F64).nan_to_num(0.5, None, Some(-1.0)).to_f64s(), [f64::MAX, -1.0, 0.5, 1.0]);
        assert_eq!(
            Tensor::from([3, i64::MAX]).nan_to_num(0.5, None, None).to_vec::<i64>().expect("I64"),
            [3, i64::MAX]
        );
    }
}
