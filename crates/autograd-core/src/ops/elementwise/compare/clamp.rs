//! Clamping to an interval, with numbers or tensors as bounds.

use crate::error::{Error, ErrorKind, Result};
use crate::kernels::number::Number;
use crate::ops::check::Check;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise, try_elementwise};
use crate::shape::Shape;
use crate::tensor::{DType, Tensor};

/// # Comparisons and limits
impl Tensor {
    /// `y = min(max(x, min), max)`; an infinite bound does not limit. If `min > max`, the result is `max`. Integers
    /// stay integers where the bounds are whole or infinite, else they become `F32`.
    ///
    /// # Gradient
    /// `gx = gy` strictly inside, 0 outside and at the bounds, of which an infinite one is none; saves x.
    ///
    /// # Errors
    /// If a bound is NaN.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([-2.0, 0.5, 2.0]).clamp(-1.0, 1.0)?;
    /// assert_eq!(y.to_vec::<f32>()?, [-1.0, 0.5, 1.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # Differs from
    /// PyTorch before 2.15, which passes the gradient at the bounds.
    pub fn clamp(&self, min: f64, max: f64) -> Result<Tensor> {
        for (name, bound) in [("min", min), ("max", max)] {
            if bound.is_nan() {
                return Err(Error::argument("clamp", name, bound, "a number or an infinity"));
            }
        }
        let whole = |bound: f64| bound.fract() == 0.0 || bound.is_infinite();
        if self.dtype() == DType::I64 && !(whole(min) && whole(max)) {
            self.can_be_packed("clamp")?;
            return try_elementwise([&self.to_dtype(DType::F32)], Clamp { min, max });
        }
        try_elementwise([self], Clamp { min, max })
    }

    /// [`Tensor::clamp`] with tensors as bounds, each broadcast with `self`; `None` does not limit.
    ///
    /// # Gradient
    /// gy goes to whichever of the three the result is; where they tie, to the bound's neighbour as
    /// [`Tensor::maximum`] and [`Tensor::minimum`] share it.
    ///
    /// # Errors
    /// If there is no bound at all, the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([-3.0, 0.5, 3.0]).clamp_tensor(Some(&Tensor::from(-1.0)), None)?;
    /// assert_eq!(y.to_vec::<f32>()?, [-1.0, 0.5, 3.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn clamp_tensor(&self, min: Option<&Tensor>, max: Option<&Tensor>) -> Result<Tensor> {
        if min.is_none() && max.is_none() {
            return Err(Error::new(ErrorKind::Argument, "clamp: needs min, max or both"));
        }
        let mut shape = Shape::from(self.shape());
        for bound in [min, max].into_iter().flatten() {
            Check("clamp").same_dtype(self, bound)?;
            shape = Check("clamp").broadcast(&shape, bound.shape())?;
        }
        let above = min.map_or_else(|| Ok(self.clone()), |min| self.maximum(min))?;
        max.map_or_else(|| Ok(above.clone()), |max| above.minimum(max))
    }
}

/// [`Tensor::clamp`] to whole bounds.
pub(in crate::ops::elementwise) fn clamped(x: &Tensor, min: f64, max: f64) -> Tensor {
    elementwise([x], Clamp { min, max })
}

#[derive(Clone, Copy)]
pub(crate) struct Clamp {
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Elementwise<1> for Clamp {
    const NAME: &'static str = "clamp";
    const KEEPS: Keeps = Keeps::Inputs;
    // An infinite bound is converted to the largest or smallest integer, which does not limit either.
    const INTEGER: Option<fn(Self, [i64; 1]) -> i64> = Some(|f, [x]| x.max(f.min as i64).min(f.max as i64));

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        x.larger(N::of(self.min)).smaller(N::of(self.max))
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        // An infinite bound does not limit, not even an infinity.
        let far = N::of(f64::INFINITY);
        let above = if self.min == f64::NEG_INFINITY { x.ge(-far) } else { x.gt(N::of(self.min)) };
        let below = if self.max == f64::INFINITY { x.le(far) } else { x.lt(N::of(self.max)) };
        let inside = above & below;
        [N::select(inside, gy, N::of(0.0))]
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let three = || vec![Input::real(&[3, 4], -2.0..2.0), Input::real(&[4], -1.5..-0.2), Input::real(&[3, 1], 0.2..1.5)];
    let reference =
        |x: &[Vec<f64>]| x[0].iter().enumerate().map(|(i, v)| v.max(x[1][i % 4]).min(x[2][i / 4])).collect();
    [
        Case::fallible_unary("clamp", -2.0..2.0, &[-1.0, 0.5], |x| x.clamp(-1.0, 0.5), |x| x.clamp(-1.0, 0.5))
            .refuses(|x| x[0].clamp(f64::NAN, 1.0), "clamp: min is NaN, it must be a number or an infinity")
            .refuses(|x| x[0].clamp(-1.0, f64::NAN), "clamp: max is NaN, it must be a number or an infinity"),
        Case::new("clamp_tensor", three(), |x| x[0].clamp_tensor(Some(&x[1]), Some(&x[2])))
            .value(reference)
            .refuses(|x| x[0].clamp_tensor(None, None), "clamp: needs min, max or both")
            .refuses(
                |x| x[0].clamp_tensor(None, Some(&x[1].to_dtype(DType::F32))),
                "clamp: dtypes F64 and F32 do not mix; convert one with to_dtype",
            )
            .refuses(
                |x| x[0].clamp_tensor(Some(&x[2]), Some(&x[0].t()?)),
                "clamp: shapes [3, 4] and [4, 3] do not broadcast: 3 ≠ 4 in dimension −2 (counted from the end)",
            ),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{DType, Result, Tensor, grad};

    #[test]
    fn integers_stay_exact_where_the_bounds_are_whole() {
        let large = (1i64 << 60) + 1;
        let x = Tensor::from([-5, 3, large, i64::MAX, i64::MIN]);
        let clamped = |min: f64, max: f64| x.clamp(min, max).expect("numbers");
        let low = clamped(-1.0, f64::INFINITY);
        assert_eq!(low.to_vec::<i64>().expect("I64"), [-1, 3, large, i64::MAX, -1]);
        assert_eq!(clamped(f64::NEG_INFINITY, 4.0).to_vec::<i64>().expect("I64"), [-5, 3, 4, 4, i64::MIN]);
        assert_eq!(clamped(2.0, 1.0).to_vec::<i64>().expect("I64"), [1; 5]);
        assert_eq!(clamped(0.5, 4.0).dtype(), DType::F32);
    }

    #[test]
    fn an_infinite_bound_is_none() -> Result<()> {
        let x = Tensor::from([f32::NEG_INFINITY, -1.0, 0.0, 1.0, f32::INFINITY]).requires_grad();
        let slopes = |y: Tensor| -> Result<Vec<f64>> { Ok(grad(&y.sum(), &[&x])?[0].to_f64s()) };
        assert_eq!(slopes(x.clamp(0.0, f64::INFINITY)?)?, [0.0, 0.0, 0.0, 1.0, 1.0]);
        assert_eq!(slopes(x.clamp(f64::NEG_INFINITY, 0.0)?)?, [1.0, 1.0, 0.0, 0.0, 0.0]);
        Ok(())
    }
}
