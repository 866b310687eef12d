//! Shrinkage towards zero.

use crate::error::Result;
use crate::kernels::number::Number;
use crate::ops::check::Check;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise, try_elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// `y = 0` where `|x| ≤ lambd`, else x, element by element. NaN stays NaN. Integers and truth values become `F32`
    /// first.
    ///
    /// # Gradient
    /// `gx = gy` where `|x| > lambd`, else 0; saves x.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([-2.0, 0.5, 1.0]).hardshrink(0.5).to_vec::<f32>()?, [-2.0, 0.0, 1.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn hardshrink(&self, lambd: f64) -> Tensor {
        elementwise([self], Hardshrink { lambd })
    }

    /// `y = x − lambd` above `lambd`, `x + lambd` below `−lambd`, else 0, element by element; otherwise like
    /// [`Tensor::hardshrink`].
    ///
    /// # Errors
    /// If `lambd` is negative or NaN.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([-2.0, 0.5, 1.0]).softshrink(0.5)?.to_vec::<f32>()?, [-1.5, 0.0, 0.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn softshrink(&self, lambd: f64) -> Result<Tensor> {
        Check("softshrink").require(lambd >= 0.0, "lambd", lambd, "0 or positive")?;
        try_elementwise([self], Softshrink { lambd })
    }
}

/// Where x is not from −lambd to lambd, NaN included: gy.
#[inline(always)]
fn outside<N: Number>(gy: N, x: N, lambd: f64) -> N {
    N::select(x.ge(N::of(-lambd)) & x.le(N::of(lambd)), N::of(0.0), gy)
}

#[derive(Clone, Copy)]
struct Hardshrink {
    lambd: f64,
}

impl Elementwise<1> for Hardshrink {
    const NAME: &'static str = "hardshrink";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        outside(x, x, self.lambd)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        [outside(gy, x, self.lambd)]
    }
}

#[derive(Clone, Copy)]
struct Softshrink {
    lambd: f64,
}

impl Elementwise<1> for Softshrink {
    const NAME: &'static str = "softshrink";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        let lambd = N::of(self.lambd);
        let inside = N::select(x.lt(-lambd), x + lambd, x * N::of(0.0));
        N::select(x.gt(lambd), x - lambd, inside)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        [outside(gy, x, self.lambd)]
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let soft = |x: f64| if x.abs() > 0.5 { x - 0.5f64.copysign(x) } else { 0.0 };
    let hard = |x: f64| if x.abs() > 0.5 { x } else { 0.0 };
    [
        Case::unary("hardshrink", -2.0..2.0, &[-0.5, 0.5], |x| x.hardshrink(0.5), hard),
        Case::fallible_unary("softshrink", -2.0..2.0, &[-0.5, 0.5], |x| x.softshrink(0.5), soft)
            .refuses(|x| x[0].softshrink(-0.5), "softshrink: lambd is -0.5, it must be 0 or positive")
            .refuses(|x| x[0].softshrink(f64::NAN), "softshrink: lambd is NaN, it must be 0 or positive"),
    ]
}];
