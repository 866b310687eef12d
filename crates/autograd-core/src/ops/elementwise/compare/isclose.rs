//! Equality up to a tolerance.

use crate::error::Result;
use crate::kernels::elementwise::function::Function;
use crate::kernels::simd::Each;
use crate::ops::check::Check;
use crate::ops::elementwise::compare::order::compare;
use crate::tensor::Tensor;

/// How far two numbers may be apart that [`Tensor::isclose`] takes for equal.
///
/// # Examples
/// ```
/// # use autograd_core::{Tensor, Tolerance};
/// let (a, b) = (Tensor::from([1.0, f64::NAN]), Tensor::from([1.05, f64::NAN]));
/// let tolerance = Tolerance::new().rtol(0.1).equal_nan(true);
/// assert_eq!(a.isclose(&b, tolerance)?.to_vec::<bool>()?, [true, true]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Tolerance {
    rtol: f64,
    atol: f64,
    equal_nan: bool,
}

impl Tolerance {
    /// A relative tolerance of 10⁻⁵ and an absolute one of 10⁻⁸; NaN equals nothing.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, Tolerance};
    /// let x = Tensor::from([1.0, 1.000001]);
    /// assert_eq!(x.isclose(&Tensor::from(1.0), Tolerance::new())?.to_vec::<bool>()?, [true, true]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn new() -> Tolerance {
        Tolerance { rtol: 1e-5, atol: 1e-8, equal_nan: false }
    }

    /// The tolerance relative to the second number.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, Tolerance};
    /// let close = Tensor::from(1.0).isclose(&Tensor::from(1.5), Tolerance::new().rtol(0.5))?;
    /// assert!(close.item::<bool>()?);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[must_use]
    pub fn rtol(self, rtol: f64) -> Tolerance {
        Tolerance { rtol, ..self }
    }

    /// The absolute tolerance, which is added.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, Tolerance};
    /// let close = Tensor::from(0.0).isclose(&Tensor::from(0.25), Tolerance::new().atol(0.5))?;
    /// assert!(close.item::<bool>()?);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[must_use]
    pub fn atol(self, atol: f64) -> Tolerance {
        Tolerance { atol, ..self }
    }

    /// Whether NaN equals NaN.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, Tolerance};
    /// let nan = Tensor::from(f64::NAN);
    /// assert!(nan.isclose(&nan, Tolerance::new().equal_nan(true))?.item::<bool>()?);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[must_use]
    pub fn equal_nan(self, equal_nan: bool) -> Tolerance {
        Tolerance { equal_nan, ..self }
    }
}

impl Default for Tolerance {
    fn default() -> Tolerance {
        Tolerance::new()
    }
}

impl Tensor {
    /// Where `|a − b| ≤ atol + rtol |b|`; infinities equal themselves alone. The operands are broadcast; the result is
    /// `Bool`.
    ///
    /// # Errors
    /// If the shapes do not broadcast, the dtypes differ, or a tolerance is negative or NaN.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, Tolerance};
    /// let close = Tensor::from([1.0, 2.0]).isclose(&Tensor::from(1.0 + 1e-7), Tolerance::new())?;
    /// assert_eq!(close.to_vec::<bool>()?, [true, false]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn isclose(&self, other: &Tensor, tolerance: Tolerance) -> Result<Tensor> {
        for (name, size) in [("rtol", tolerance.rtol), ("atol", tolerance.atol)] {
            Check("isclose").require(size >= 0.0, name, size, "at least 0")?;
        }
        compare("isclose", self, other, Close(tolerance))
    }
}

#[derive(Clone, Copy)]
struct Close(Tolerance);

impl Close {
    #[inline(always)]
    fn holds(self, a: f64, b: f64) -> u8 {
        let Close(Tolerance { rtol, atol, equal_nan }) = self;
        let distance = (a - b).abs();
        let near = distance <= atol + (rtol * b).abs() && distance < f64::INFINITY;
        u8::from(a == b || near || (equal_nan && a.is_nan() && b.is_nan()))
    }
}

macro_rules! function {
    ($t:ident, $wide:expr) => {
        impl Function<2, $t, u8> for Close {
            #[inline(always)]
            fn call(self, x: [$t; 2]) -> u8 {
                let [a, b] = x.each($wide);
                self.holds(a, b)
            }
        }
    };
}
function!(f32, f64::from);
function!(f64, |x| x);
function!(u8, f64::from);

impl Function<2, i64, u8> for Close {
    #[inline(always)]
    fn call(self, [a, b]: [i64; 2]) -> u8 {
        let Tolerance { rtol, atol, .. } = self.0;
        // The difference is exact: floats would not tell large integers apart.
        u8::from(a.abs_diff(b) as f64 <= atol + (rtol * b as f64).abs() || a == b)
    }
}

#[cfg(test)]
crate::ops::cases::cases![
    Case::binary(
        "isclose",
        -2.0..2.0,
        -2.0..2.0,
        |a, b| a.isclose(b, crate::Tolerance::new().rtol(0.5).atol(0.1)),
        |a, b| f64::from(u8::from((a - b).abs() <= 0.1 + 0.5 * b.abs()))
    )
    .without_gradient()
    .refuses(
        |x| x[0].isclose(&x[1], crate::Tolerance::new().rtol(-0.5)),
        "isclose: rtol is -0.5, it must be at least 0"
    )
    .refuses(
        |x| x[0].isclose(&x[1], crate::Tolerance::new().atol(f64::NAN)),
        "isclose: atol is NaN, it must be at least 0"
    )
];

#[cfg(test)]
mod tests {
    use super::Tolerance;
    use crate::Tensor;

    #[test]
    fn infinities_nan_and_large_integers() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let (a, b) = (Tensor::from([inf, inf, nan, 1.0]), Tensor::from([inf, -inf, nan, inf]));
        let close = |tolerance| a.isclose(&b, tolerance).expect("shapes fit").to_vec::<bool>().expect("Bool");
        assert_eq!(close(Tolerance::default()), [true, false, false, false]);
        assert_eq!(close(Tolerance::new().rtol(1.0).equal_nan(true)), [true, false, true, false]);
        let large = Tensor::from([1i64 << 60, (1i64 << 60) + 1]);
        let exact = large.isclose(&Tensor::from(1i64 << 60), Tolerance::new().rtol(0.0)).expect("shapes fit");
        assert_eq!(exact.to_vec::<bool>().expect("Bool"), [true, false]);
    }
}
