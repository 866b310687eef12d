//! Linear interpolation.

use crate::error::Result;
use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// Linear interpolation: `y = start + weight · (end − start)`, where `self` is the start.
    ///
    /// Element by element; the three operands are broadcast to a common shape. A weight outside of 0 to 1 extrapolates.
    ///
    /// # Gradient
    /// `gstart = gy · (1 − weight)`, `gend = gy · weight`, `gweight = gy · (end − start)`; saves all three. Integers
    /// become `F32` first.
    ///
    /// # Numerics
    /// Where |weight| ≥ ½ it is computed from the other side, as `end − (end − start) · (1 − weight)`: the result is
    /// exactly `start` at 0 and exactly `end` at 1.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([1.0, 2.0]).lerp(&Tensor::from([3.0, 6.0]), &Tensor::from(0.25))?;
    /// assert_eq!(y.to_vec::<f32>()?, [1.5, 3.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn lerp(&self, end: &Tensor, weight: &Tensor) -> Result<Tensor> {
        try_elementwise([self, end, weight], Lerp)
    }

    /// [`Tensor::lerp`] with a number as weight.
    ///
    /// # Gradient
    /// `gstart = gy · (1 − weight)`, `gend = gy · weight`; saves nothing.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([1.0, 2.0]).lerp_scalar(&Tensor::from([3.0, 6.0]), 0.25)?;
    /// assert_eq!(y.to_vec::<f32>()?, [1.5, 3.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn lerp_scalar(&self, end: &Tensor, weight: f64) -> Result<Tensor> {
        try_elementwise([self, end], LerpScalar(weight))
    }
}

#[derive(Clone, Copy)]
struct Lerp;

impl Elementwise<3> for Lerp {
    const NAME: &'static str = "lerp";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [start, end, weight]: [N; 3]) -> N {
        let way = end - start;
        let from_start = start + weight * way;
        let from_end = end - way * (N::of(1.0) - weight);
        N::select(weight.abs().lt(N::of(0.5)), from_start, from_end)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [start, end, weight]: [N; 3], _: N) -> [N; 3] {
        [gy * (N::of(1.0) - weight), gy * weight, gy * (end - start)]
    }
}

#[derive(Clone, Copy)]
struct LerpScalar(f64);

impl Elementwise<2> for LerpScalar {
    const NAME: &'static str = Lerp::NAME;
    const KEEPS: Keeps = Keeps::Nothing;

    #[inline(always)]
    fn value<N: Number>(self, [start, end]: [N; 2]) -> N {
        Lerp.value([start, end, N::of(self.0)])
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, _: [N; 2], _: N) -> [N; 2] {
        [gy * N::of(1.0 - self.0), gy * N::of(self.0)]
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let case = |shapes: [&[usize]; 3], index: [fn(usize) -> usize; 3]| {
        let inputs = shapes.map(|shape| Input::real(shape, -1.0..2.0)).to_vec();
        Case::new("lerp", inputs, |x| x[0].lerp(&x[1], &x[2])).value(move |x| {
            let at = |k: usize, i: usize| x[k][index[k](i)];
            (0..12).map(|i| at(0, i) * (1.0 - at(2, i)) + at(1, i) * at(2, i)).collect()
        })
    };
    [
        case([&[3, 4]; 3], [|i| i; 3])
            .refuses(
                |x| x[0].lerp(&x[1].t()?, &x[2]),
                "lerp: shapes [3, 4] and [4, 3] do not broadcast: 3 ≠ 4 in dimension −2 (counted from the end)",
            )
            .refuses(
                |x| x[0].lerp(&x[1], &x[2].t()?),
                "lerp: shapes [3, 4] and [4, 3] do not broadcast: 3 ≠ 4 in dimension −2 (counted from the end)",
            )
            .refuses(
                |x| x[0].lerp(&x[1], &x[2].to_dtype(DType::F32)),
                "lerp: dtypes F64 and F32 do not mix; convert one with to_dtype",
            ),
        case([&[4], &[3, 1], &[]], [|i| i % 4, |i| i / 4, |_| 0]),
        Case::binary("lerp", -1.0..2.0, -1.0..2.0, |a, b| a.lerp_scalar(b, 0.3), |a, b| a + 0.3 * (b - a))
            .digits_of_the_larger_operand(),
        Case::binary("lerp", -1.0..2.0, -1.0..2.0, |a, b| a.lerp_scalar(b, 0.7), |a, b| a + 0.7 * (b - a))
            .digits_of_the_larger_operand(),
        case([&[3, 1], &[1, 4], &[3, 4]], [|i| i / 4, |i| i % 4, |i| i]),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::Tensor;

    #[test]
    fn both_ends_are_exact() {
        let (start, end) = (Tensor::from([0.1, -7.3, 1e30]), Tensor::from([3e7, 0.7, 1.0]));
        for (weight, want) in [(0.0, &start), (1.0, &end)] {
            let y = start.lerp(&end, &Tensor::from(weight)).expect("shapes fit");
            assert_eq!(y.to_f64s(), want.to_f64s());
        }
    }
}
