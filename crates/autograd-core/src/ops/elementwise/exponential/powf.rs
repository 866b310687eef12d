//! Power with a number as exponent.

use super::pow::whole_power;
use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tensor::{DType, Tensor, whole};

impl Tensor {
    /// `y = xᶜ`, element by element. Integers stay integers if the exponent is whole and not negative, and become `F32`
    /// else.
    ///
    /// # Gradient
    /// `gx = gy · c xᶜ⁻¹`; at 0: 0 for c = 0 and c > 1, 1 for c = 1, +∞ for 0 < c < 1, −∞ for c < 0. Saves x.
    ///
    /// # Numerics
    /// Within 1 ulp in `F32` and 2 ulp in `F64`, exact where a float holds the power. The exponents −1, 0, ½, 1, 2 and
    /// 3 are computed without logarithms; a negative base with a fractional exponent is NaN. The exponent stays in
    /// double precision: a cube root in `F32` is `x` to the ⅓, not to the `F32` nearest it.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([2.0, 3.0]).powf(3.0).to_vec::<f32>()?, [8.0, 27.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn powf(&self, exponent: f64) -> Tensor {
        let stays = self.dtype() != DType::I64 || whole(exponent).is_some_and(|c| c >= 0);
        let float = (!stays).then(|| self.to_dtype(DType::F32));
        elementwise([float.as_ref().unwrap_or(self)], Powf(exponent))
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Powf(pub(crate) f64);

impl Elementwise<1> for Powf {
    const NAME: &'static str = "powf";
    const KEEPS: Keeps = Keeps::Inputs;
    const INTEGER: Option<fn(Self, [i64; 1]) -> i64> = Some(|f, [x]| whole_power(x, f.0 as i64));

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        match self.0 {
            -1.0 => N::of(1.0) / x,
            0.0 => N::of(1.0),
            0.5 => x.sqrt(),
            1.0 => x,
            2.0 => x * x,
            3.0 => x * x * x,
            c => x.powc(c),
        }
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        // The powers that `value` tells apart, in one branch: two in a row the compiler does not take out of its loops.
        let power = match self.0 {
            0.0 => return [N::of(0.0)],
            1.0 => N::of(1.0),
            1.5 => x.sqrt(),
            2.0 => x,
            3.0 => x * x,
            4.0 => x * x * x,
            c => x.powc(c - 1.0),
        };
        [gy * (N::of(self.0) * power)]
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let case = |label, c: f64| Case::unary(label, 0.4..2.0, &[], move |x| x.powf(c), move |x| x.powf(c));
    [case("powf(2.5)", 2.5), case("powf(3)", 3.0), case("powf(-1)", -1.0), case("powf(0.5)", 0.5), case("powf(0)", 0.0)]
}];

#[cfg(test)]
mod tests {
    use crate::{DType, Tensor};

    #[test]
    fn integers_stay_integers_where_their_powers_do() -> crate::Result<()> {
        let x = Tensor::from([-3, 0, 2, 3_000_000_019_i64]);
        assert_eq!(x.powf(2.0).to_vec::<i64>()?, [9, 0, 4, 9_000_000_114_000_000_361]);
        assert_eq!(x.powf(0.0).to_vec::<i64>()?, [1, 1, 1, 1]);
        assert_eq!(x.powf(63.0).to_vec::<i64>()?[..3], [(-3_i64).wrapping_pow(63), 0, i64::MIN]);
        assert!([0.5, -1.0, f64::NAN, 1e300].map(|c| x.powf(c).dtype()) == [DType::F32; 4]);
        Ok(())
    }
}
