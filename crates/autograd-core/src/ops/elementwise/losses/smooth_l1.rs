//! The absolute error with a smooth bottom.

use crate::error::Result;
use crate::kernels::number::Number;
use crate::ops::check::Check;
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// The absolute error with a smooth bottom, of the difference d from a target: `y = d² / 2β` where `|d| < β`, else
    /// `|d| − β/2`, element by element; the operands are broadcast to a common shape. Integers become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy d / β` where `|d| < β`, else `gy sign d`, and `gt = −gx`; saves both.
    ///
    /// # Errors
    /// If β is negative or not finite, the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([2.0, 4.0]).smooth_l1_loss(&Tensor::from([1.0, 1.0]), 2.0)?;
    /// assert_eq!(y.to_vec::<f32>()?, [0.25, 2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn smooth_l1_loss(&self, target: &Tensor, beta: f64) -> Result<Tensor> {
        Check(SmoothL1::NAME).require(beta >= 0.0 && beta.is_finite(), "beta", beta, "finite and at least 0")?;
        try_elementwise([self, target], SmoothL1 { beta })
    }
}

#[derive(Clone, Copy)]
struct SmoothL1 {
    beta: f64,
}

impl Elementwise<2> for SmoothL1 {
    const NAME: &'static str = "smooth_l1_loss";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x, t]: [N; 2]) -> N {
        let (d, half, beta) = (x - t, N::of(0.5), N::of(self.beta));
        N::select(d.abs().lt(beta), half * (d * (d / beta)), d.abs() - half * beta)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x, t]: [N; 2], _: N) -> [N; 2] {
        let (d, beta) = (x - t, N::of(self.beta));
        let gx = gy * N::select(d.abs().lt(beta), d / beta, d.sign());
        [gx, -gx]
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let of = |beta: f64| {
        let value = move |x: f64, t: f64| {
            let d = (x - t).abs();
            if d < beta { d * d / (2.0 * beta) } else { d - beta / 2.0 }
        };
        let case = Case::binary("smooth_l1_loss", -2.0..2.0, -2.0..2.0, move |x, t| x.smooth_l1_loss(t, beta), value);
        case.within_ulps([3.0, 4.0, 4.0])
    };
    [
        of(1.0)
            .refuses(
                |x| x[0].smooth_l1_loss(&x[1], -1.0),
                "smooth_l1_loss: beta is -1.0, it must be finite and at least 0",
            )
            .refuses(
                |x| x[0].smooth_l1_loss(&x[1], f64::INFINITY),
                "smooth_l1_loss: beta is inf, it must be finite and at least 0",
            ),
        of(0.25),
        of(0.0).not_with_itself(),
    ]
}];
