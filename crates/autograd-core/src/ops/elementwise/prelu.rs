//! Rectified linear unit whose negative slope is learned.
//!
//! forward    y = x where x > 0, else w x;  w: one number, or one a channel (dimension 1 of x)
//! backward   gx = gy where x > 0, else w gy;  gw = gy x where x < 0, else 0    saves both

use super::binary::{Binary, binary};
use crate::error::{Error, Result};
use crate::kernels::real::Real;
use crate::tensor::Tensor;

impl Tensor {
    /// `y = x` where `x > 0`, else `w x`.
    ///
    /// # Shapes
    /// `x: [N, C, ..]` or `[C]`, or any; `weight: [C]`, or `[1]` for one slope everywhere.
    ///
    /// # Gradient
    /// `gx = gy` where `x > 0`, else `w gy`, also at 0; `gw = Σ gy x` over `x < 0`. Saves both.
    ///
    /// # Errors
    /// If `weight` has neither one element nor one a channel, or another dtype.
    ///
    /// # References
    /// He, Zhang, Ren, Sun, Delving deep into rectifiers, 2015, equation 1.
    pub fn prelu(&self, weight: &Tensor) -> Result<Tensor> {
        let channels = if self.rank() > 1 { self.shape()[1] } else { 1 };
        if weight.rank() > 1 || (weight.numel() != 1 && weight.numel() != channels) {
            let expected = if channels == 1 { "[1]".into() } else { format!("[1] or [{channels}]") };
            return Err(Error::shape("prelu", "weight", weight.shape(), expected));
        }
        let mut along = vec![1; self.rank().max(1)];
        if weight.numel() != 1 {
            along[1] = channels as isize;
        }
        let weight = if self.rank() == 0 { weight.reshape(&[])? } else { weight.reshape(&along)? };
        binary(self, &weight, Prelu)
    }
}

#[derive(Clone, Copy)]
struct Prelu;

impl Binary for Prelu {
    const NAME: &'static str = "prelu";
    const KEEPS_OPERANDS: bool = true;

    #[inline(always)]
    fn value<T: Real>(self, x: T, w: T) -> T {
        if x > T::ZERO { x } else { w * x }
    }

    #[inline(always)]
    fn pull_a<T: Real>(self, gy: T, x: T, w: T) -> T {
        if x > T::ZERO { gy } else { w * gy }
    }

    #[inline(always)]
    fn pull_b<T: Real>(self, gy: T, x: T, _w: T) -> T {
        if x > T::ZERO { T::ZERO } else { gy * x }
    }

    fn pull_a_tensor(self, gy: &Tensor, x: &Tensor, w: &Tensor) -> Result<Tensor> {
        x.gt(&x.zeros_like())?.where_(gy, &gy.try_mul(w)?)
    }

    fn pull_b_tensor(self, gy: &Tensor, x: &Tensor, _w: &Tensor) -> Result<Tensor> {
        x.gt(&x.zeros_like())?.where_(&gy.zeros_like(), &gy.try_mul(x)?)
    }
}

#[cfg(test)]
pub(super) fn cases() -> Vec<crate::ops::cases::Case> {
    use crate::DType;
    use crate::ops::cases::{Case, Input};
    let x = || Input::real(&[2, 3, 2], -2.0..2.0).avoiding(&[0.0]);
    let reference = |x: &[Vec<f64>]| {
        let slope = |i: usize| x[1][(i / 2 % 3) % x[1].len()];
        x[0].iter().enumerate().map(|(i, x)| if *x > 0.0 { *x } else { slope(i) * x }).collect()
    };
    let case = |weights| {
        Case::new("prelu", vec![x(), Input::real(&[weights], 0.1..0.5)], |x| x[0].prelu(&x[1])).value(reference)
    };
    vec![
        case(1),
        case(3)
            .refuses(|x| x[0].prelu(&x[1].narrow(0, 0, 2)?), "prelu: weight has shape [2], expected [1] or [3]")
            .refuses(|x| x[0].sum().prelu(&x[1]), "prelu: weight has shape [3], expected [1]")
            .refuses(
                |x| x[0].prelu(&x[1].to_dtype(DType::F32)),
                "prelu: dtypes F64 and F32 do not mix; convert one with to_dtype",
            ),
    ]
}
