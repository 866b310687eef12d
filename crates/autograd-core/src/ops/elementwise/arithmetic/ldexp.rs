//! Products with powers of two, and the way back.

use crate::error::{Result, refuse};
use crate::kernels::elementwise::function::{Compiled, Function};
use crate::ops::check::Check;
use crate::ops::elementwise::map::map;
use crate::tape::{Pull, Pullback, Saved, cut, record};
use crate::tensor::{DType, Float, Tensor, for_float};

impl Tensor {
    /// `y = x 2ⁿ`, element by element, rounded once; n is `exponent` (`I64`), and the operands are broadcast to a
    /// common shape. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy 2ⁿ`. Saves n.
    ///
    /// # Errors
    /// If the shapes do not broadcast or `exponent` is not `I64`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.75, -3.0]).ldexp(&Tensor::from([2, -1]))?;
    /// assert_eq!(y.to_vec::<f32>()?, [3.0, -1.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # Differs from
    /// PyTorch, whose power of two overflows where the product does not, and whose exponents may be floats: those are
    /// `x.try_mul(&exponent.exp2())`.
    pub fn ldexp(&self, exponent: &Tensor) -> Result<Tensor> {
        let check = Check("ldexp");
        check.dtype(exponent, DType::I64)?;
        check.broadcast(self.shape(), exponent.shape())?;
        let Some(float) = Float::of(self.dtype()) else {
            self.can_be_packed("ldexp")?;
            return self.to_dtype(DType::F32).ldexp(exponent);
        };
        exponent.can_be_packed("ldexp")?;
        let n = exponent.to_dtype(self.dtype());
        let value = for_float!(float, T => map::<T, T, 2>("ldexp", Compiled::new(Ldexp), [self, &n]))?;
        Ok(record("ldexp", value, &[self], |_| Scaled { exponent: Saved::constant(exponent) }))
    }

    /// Mantissa and exponent: `x = m 2ⁿ`, element by element, with `½ ≤ |m| < 1`; both are 0 where x is 0, and n is 0
    /// where x is infinite or NaN, which m is then, too. The exponents are `I64`. Integers and truth values become
    /// `F32` first.
    ///
    /// # Gradient
    /// `gx = gm 2⁻ⁿ`: n is constant between its steps, and not tracked. Saves n.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (m, n) = Tensor::from([3.0, -0.25]).frexp();
    /// assert_eq!((m.to_vec::<f32>()?, n.to_vec::<i64>()?), (vec![0.75, -0.5], vec![2, -1]));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn frexp(&self) -> (Tensor, Tensor) {
        let Some(float) = Float::of(self.dtype()) else {
            self.can_be_packed("frexp").unwrap_or_else(|error| refuse(&error));
            return self.to_dtype(DType::F32).frexp();
        };
        cut("frexp", &[self]);
        let exponent = for_float!(float, T => map::<T, i64, 1>("frexp", Compiled::new(Exponent), [self]));
        let exponent = exponent.unwrap_or_else(|error| refuse(&error));
        (self.ldexp(&exponent.neg()).unwrap_or_else(|error| refuse(&error)), exponent)
    }
}

/// `2ⁿ` of an n that has a normal number.
#[inline(always)]
fn power_of_two(n: i64) -> f64 {
    f64::from_bits(((n + 1023) as u64) << 52)
}

/// `x 2ⁿ`
#[derive(Clone, Copy)]
struct Ldexp;

impl Function<2, f32, f32> for Ldexp {
    #[inline(always)]
    fn call(self, [x, n]: [f32; 2]) -> f32 {
        // Exact in f64; beyond this exponent every product is 0 or infinite.
        (f64::from(x) * power_of_two(n.clamp(-600.0, 600.0) as i64)) as f32
    }
}

impl Function<2, f64, f64> for Ldexp {
    #[inline(always)]
    fn call(self, [x, n]: [f64; 2]) -> f64 {
        let (mut y, mut n) = (x, n.clamp(-2200.0, 2200.0) as i64);
        // In up to three steps, of which only the last one can round: the others leave 53 digits to it.
        for _ in 0..2 {
            let step = if n > 1023 { 1023 } else { 0 };
            let step = if n < -1022 { -969 } else { step };
            y *= power_of_two(step);
            n -= step;
        }
        y * power_of_two(n.clamp(-1022, 1023))
    }
}

/// The n of `x = m 2ⁿ`.
#[derive(Clone, Copy)]
struct Exponent;

impl Function<1, f64, i64> for Exponent {
    #[inline(always)]
    fn call(self, [x]: [f64; 1]) -> i64 {
        // The smallest numbers have no exponent of their own.
        let small = x.abs() < f64::MIN_POSITIVE;
        let bits = if small { x * power_of_two(54) } else { x }.to_bits();
        let n = ((bits >> 52) & 0x7ff) as i64 - 1022 - if small { 54 } else { 0 };
        if x == 0.0 || !x.is_finite() { 0 } else { n }
    }
}

impl Function<1, f32, i64> for Exponent {
    #[inline(always)]
    fn call(self, [x]: [f32; 1]) -> i64 {
        Function::<1, f64, i64>::call(self, [f64::from(x)])
    }
}

/// The pull-back of a product with powers of two.
struct Scaled {
    exponent: Saved,
}

impl Pullback for Scaled {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        at.give(0, || gy.ldexp(self.exponent.value()))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.exponent);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let inputs = vec![Input::real(&[3, 4], -2.0..2.0), Input::index(&[3, 4], 6)];
    [
        Case::new("ldexp", inputs, |x| x[0].ldexp(&x[1].add_scalar(-3.0)))
            .value(|x| x[0].iter().zip(&x[1]).map(|(x, n)| x * (n - 3.0).exp2()).collect())
            .refuses(|x| x[0].ldexp(&x[0]), "ldexp: dtype is F64, expected I64; to_dtype converts")
            .refuses(
                |x| x[0].ldexp(&x[1].t()?),
                "ldexp: shapes [3, 4] and [4, 3] do not broadcast: 3 ≠ 4 in dimension −2 (counted from the end)",
            ),
        Case::unary(
            "frexp",
            -9.0..9.0,
            &[-8.0, -4.0, -2.0, -1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0],
            |x| x.frexp().0,
            |x| x / (x.abs().log2().floor() + 1.0).exp2(),
        ),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{DType, Result, Tensor};

    #[test]
    fn products_are_rounded_once_wherever_they_end() -> Result<()> {
        let of = |x: f64, n: i64| Tensor::scalar(x).ldexp(&Tensor::from(n))?.to_f64();
        assert_eq!(of(f64::from_bits(1), 2097)?, 2f64.powi(1023));
        assert_eq!(of(f64::MAX, -2098)?, f64::from_bits(1));
        assert_eq!([of(1.0, 1024)?, of(-1.0, i64::MAX)?, of(1.0, -1075)?], [f64::INFINITY, f64::NEG_INFINITY, 0.0]);
        assert_eq!([of(0.0, i64::MAX)?, of(f64::INFINITY, i64::MIN)?], [0.0, f64::INFINITY]);
        assert!(of(f64::NAN, 3)?.is_nan());
        // 1 + 2⁻⁵² + 2⁻¹, moved to where two of its digits are left: 3, and not what two roundings make of 2.5 and
        // more.
        let x = 1.25 + f64::EPSILON;
        assert_eq!(of(x, -1073)?, f64::from_bits(3));
        let single = |x: f32, n: i64| Tensor::scalar(x).ldexp(&Tensor::from(n))?.item::<f32>();
        assert_eq!(single(1.25 + f32::EPSILON, -148)?, f32::from_bits(3));
        assert_eq!(single(f32::from_bits(1), 276)?, 2f32.powi(127));
        assert_eq!([single(1.0, 128)?, single(1.0, -150)?], [f32::INFINITY, 0.0]);
        assert_eq!(Tensor::from([3, -1]).ldexp(&Tensor::from(1))?.to_vec::<f32>()?, [6.0, -2.0]);
        Ok(())
    }

    #[test]
    fn parts_of_any_number_make_it_again() -> Result<()> {
        let bits = (0..=u64::MAX / 977).step_by(1_888_946_593_147).map(|i| f64::from_bits(i * 977));
        let corners =
            [0.0, -0.0, f64::from_bits(1), 1e-44, 1e-39, f64::MIN_POSITIVE, 0.5, 1.0, f64::MAX, f64::INFINITY];
        for dtype in [DType::F64, DType::F32] {
            let all: Vec<f64> = bits.clone().chain(corners).collect();
            let x = Tensor::from_vec(all, &[bits.clone().count() + corners.len()])?.to_dtype(dtype);
            let (m, n) = x.frexp();
            let again = m.ldexp(&n)?.to_f64s();
            for ((x, m), (n, again)) in x.to_f64s().iter().zip(m.to_f64s()).zip(n.to_vec::<i64>()?.iter().zip(again)) {
                let ends = *x == 0.0 || !x.is_finite();
                let parts = if ends { m.to_bits() == x.to_bits() && *n == 0 } else { (0.5..1.0).contains(&m.abs()) };
                assert!(x.is_nan() || parts && again == *x, "{x:e} is {m} 2^{n}, which is {again:e}");
            }
        }
        Ok(())
    }

    #[test]
    fn a_gradient_of_parts_is_that_of_a_product() -> Result<()> {
        let x = Tensor::from([3.0, -40.0, 0.0]).requires_grad();
        let (m, n) = x.frexp();
        assert!(m.is_tracked() && !n.is_tracked());
        assert_eq!(m.sum().backward()?.get(&x).expect("a leaf").to_vec::<f32>()?, [0.25, 1.0 / 64.0, 1.0]);
        Ok(())
    }
}
