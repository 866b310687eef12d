//! Rectified linear unit whose negative slope is learned.

use crate::error::{Error, Result};
use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// `y = x` where `x > 0`, else `w x`.
    ///
    /// # Shapes
    /// `x: [N, C, ..]`, `weight: [C]`; or any x, and `weight: [1]` for one slope everywhere.
    ///
    /// # Gradient
    /// `gx = gy` where `x > 0`, else `w gy`, also at 0; `gw = Σ gy x` over `x < 0`. Saves both.
    ///
    /// # Errors
    /// If `weight` has neither one element nor one per channel, or another dtype.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([2.0, -2.0]).prelu(&Tensor::from([0.25]))?;
    /// assert_eq!(y.to_vec::<f32>()?, [2.0, -0.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
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
        let weight = if self.rank() == 0 { weight.reshape_to(&[])? } else { weight.reshape(&along)? };
        try_elementwise([self, &weight], Prelu)
    }
}

#[derive(Clone, Copy)]
struct Prelu;

impl Elementwise<2> for Prelu {
    const NAME: &'static str = "prelu";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x, w]: [N; 2]) -> N {
        N::select(x.gt(N::of(0.0)), x, w * x)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x, w]: [N; 2], _: N) -> [N; 2] {
        let (zero, positive) = (N::of(0.0), x.gt(N::of(0.0)));
        [N::select(positive, gy, w * gy), N::select(positive, zero, gy * x)]
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let x = || Input::real(&[2, 3, 2], -2.0..2.0).avoiding(&[0.0]);
    let reference = |x: &[Vec<f64>]| {
        let slope = |i: usize| x[1][(i / 2 % 3) % x[1].len()];
        x[0].iter().enumerate().map(|(i, x)| if *x > 0.0 { *x } else { slope(i) * x }).collect()
    };
    let case = |weights| {
        Case::new("prelu", vec![x(), Input::real(&[weights], 0.1..0.5)], |x| x[0].prelu(&x[1])).value(reference)
    };
    [
        case(1),
        case(3)
            .refuses(|x| x[0].prelu(&x[1].narrow(0, 0, 2)?), "prelu: weight has shape [2], expected [1] or [3]")
            .refuses(|x| x[0].sum().prelu(&x[1]), "prelu: weight has shape [3], expected [1]")
            .refuses(
                |x| x[0].prelu(&x[1].to_dtype(DType::F32)),
                "prelu: dtypes F64 and F32 do not mix; convert one with to_dtype",
            ),
    ]
}];
