//! Huber's loss.

use crate::error::Result;
use crate::kernels::number::Number;
use crate::ops::check::Check;
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// Huber's loss of the difference d from a target: `y = d² / 2` where `|d| ≤ δ`, else `δ (|d| − δ/2)`, element by
    /// element; the operands are broadcast to a common shape. Integers become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy d` where `|d| ≤ δ`, else `gy δ sign d`, and `gt = −gx`; saves both.
    ///
    /// # Errors
    /// If δ is not positive and finite, the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([1.5, 4.0]).huber_loss(&Tensor::from([1.0, 1.0]), 1.0)?;
    /// assert_eq!(y.to_vec::<f32>()?, [0.125, 2.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn huber_loss(&self, target: &Tensor, delta: f64) -> Result<Tensor> {
        Check(Huber::NAME).require(delta > 0.0 && delta.is_finite(), "delta", delta, "finite and positive")?;
        try_elementwise([self, target], Huber { delta })
    }
}

#[derive(Clone, Copy)]
struct Huber {
    delta: f64,
}

impl Elementwise<2> for Huber {
    const NAME: &'static str = "huber_loss";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x, t]: [N; 2]) -> N {
        let (d, half, delta) = (x - t, N::of(0.5), N::of(self.delta));
        let far = delta * (d.abs() - half * delta);
        N::select(d.abs().le(delta), (half * d) * d, far)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x, t]: [N; 2], _: N) -> [N; 2] {
        let (d, delta) = (x - t, N::of(self.delta));
        let gx = gy * N::select(d.abs().le(delta), d, delta * d.sign());
        [gx, -gx]
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let of = |delta: f64| {
        let value = move |x: f64, t: f64| {
            let d = (x - t).abs();
            if d <= delta { d * d / 2.0 } else { delta * (d - delta / 2.0) }
        };
        Case::binary("huber_loss", -2.0..2.0, -2.0..2.0, move |x, t| x.huber_loss(t, delta), value)
    };
    [
        of(1.0).refuses(|x| x[0].huber_loss(&x[1], 0.0), "huber_loss: delta is 0.0, it must be finite and positive"),
        of(0.25)
            .refuses(|x| x[0].huber_loss(&x[1], f64::NAN), "huber_loss: delta is NaN, it must be finite and positive"),
    ]
}];
