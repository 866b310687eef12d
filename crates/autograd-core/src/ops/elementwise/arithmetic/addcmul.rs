//! A sum with a multiple of a product or of a quotient.

use crate::error::Result;
use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::tensor::{DType, Tensor, whole};

impl Tensor {
    /// `y = x + value · a · b`, element by element; the operands are broadcast to a common shape. Integers stay
    /// integers if `value` is whole.
    ///
    /// # Gradient
    /// `gx = gy`, `ga = value · b gy`, `gb = value · a gy`; saves all three.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (x, a, b) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0, 4.0]), Tensor::from(10.0));
    /// assert_eq!(x.addcmul(&a, &b, 0.5)?.to_vec::<f32>()?, [16.0, 22.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn addcmul(&self, tensor1: &Tensor, tensor2: &Tensor, value: f64) -> Result<Tensor> {
        let operands = [self, tensor1, tensor2];
        let integers = operands.iter().all(|x| x.dtype() == DType::I64);
        if integers && whole(value).is_none() {
            operands.iter().try_for_each(|x| x.can_be_packed("addcmul"))?;
            return try_elementwise(operands.map(|x| x.to_dtype(DType::F32)).each_ref(), Addcmul(value));
        }
        try_elementwise(operands, Addcmul(value))
    }

    /// `y = x + value · a / b`, element by element; the operands are broadcast to a common shape. Integers become `F32`
    /// first.
    ///
    /// # Gradient
    /// `gx = gy`, `ga = value · gy / b`, `gb = −value · gy a / b²`; saves all three.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (x, a, b) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0, 4.0]), Tensor::from(2.0));
    /// assert_eq!(x.addcdiv(&a, &b, 10.0)?.to_vec::<f32>()?, [16.0, 22.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn addcdiv(&self, tensor1: &Tensor, tensor2: &Tensor, value: f64) -> Result<Tensor> {
        try_elementwise([self, tensor1, tensor2], Addcdiv(value))
    }
}

#[derive(Clone, Copy)]
struct Addcmul(f64);

impl Elementwise<3> for Addcmul {
    const NAME: &'static str = "addcmul";
    const KEEPS: Keeps = Keeps::Inputs;
    const INTEGER: Option<fn(Self, [i64; 3]) -> i64> =
        Some(|f, [x, a, b]| x.wrapping_add((f.0 as i64).wrapping_mul(a.wrapping_mul(b))));

    #[inline(always)]
    fn value<N: Number>(self, [x, a, b]: [N; 3]) -> N {
        x + N::of(self.0) * (a * b)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [_, a, b]: [N; 3], _: N) -> [N; 3] {
        [gy, N::of(self.0) * (gy * b), N::of(self.0) * (gy * a)]
    }
}

#[derive(Clone, Copy)]
struct Addcdiv(f64);

impl Elementwise<3> for Addcdiv {
    const NAME: &'static str = "addcdiv";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x, a, b]: [N; 3]) -> N {
        x + N::of(self.0) * (a / b)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [_, a, b]: [N; 3], _: N) -> [N; 3] {
        let over = N::of(self.0) * (gy / b);
        [gy, over, -(over * (a / b))]
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let inputs = || vec![Input::real(&[3, 4], -2.0..2.0), Input::real(&[4], -2.0..2.0), Input::real(&[3, 1], 0.5..2.0)];
    let reference = |f: fn(f64, f64) -> f64| {
        move |x: &[Vec<f64>]| (0..12).map(|i| x[0][i] + 1.5 * f(x[1][i % 4], x[2][i / 4])).collect()
    };
    let shapes = |op: &str| {
        format!("{op}: shapes [3, 4] and [4, 3] do not broadcast: 3 ≠ 4 in dimension −2 (counted from the end)")
    };
    let dtypes = |op: &str| format!("{op}: dtypes F64 and F32 do not mix; convert one with to_dtype");
    [
        Case::new("addcmul", inputs(), |x| x[0].addcmul(&x[1], &x[2], 1.5))
            .value(reference(|a, b| a * b))
            .refuses(|x| x[0].addcmul(&x[0].t()?, &x[2], 1.5), shapes("addcmul"))
            .refuses(|x| x[0].addcmul(&x[1], &x[2].to_dtype(DType::F32), 1.5), dtypes("addcmul")),
        Case::new("addcdiv", inputs(), |x| x[0].addcdiv(&x[1], &x[2], 1.5))
            .value(reference(|a, b| a / b))
            .refuses(|x| x[0].addcdiv(&x[0].t()?, &x[2], 1.5), shapes("addcdiv"))
            .refuses(|x| x[0].addcdiv(&x[1], &x[2].to_dtype(DType::F32), 1.5), dtypes("addcdiv")),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{DType, Tensor};

    #[test]
    fn integers_stay_exact_if_the_factor_is_whole() {
        let (x, a) = (Tensor::from([(1i64 << 60) + 1]), Tensor::from([3]));
        assert_eq!(x.addcmul(&a, &a, -2.0).expect("fits").to_vec::<i64>().expect("I64"), [(1i64 << 60) - 17]);
        assert_eq!(x.addcmul(&a, &a, 0.5).expect("fits").dtype(), DType::F32);
    }
}
