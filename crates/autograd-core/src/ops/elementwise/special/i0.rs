//! Modified Bessel functions of the first kind.

use crate::kernels::elementwise::pointwise::loops;
use crate::kernels::special::bessel;
use crate::ops::elementwise::chain::{Function, Slope};
use crate::tensor::Tensor;

impl Tensor {
    /// Modified Bessel function of the first kind and order 0.
    ///
    /// `y = I₀(x) = Σ (x/2)²ᵏ / (k!)²`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy · I₁(x)`; saves x.
    ///
    /// # Numerics
    /// Within 1 ulp in `F32`; in `F64` within 12 ulp, beyond 40 of the exponential's argument.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 1.0]).i0().to_vec::<f32>()?;
    /// assert!(y.iter().zip([1.0, 1.266_065_9]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn i0(&self) -> Tensor {
        I0.of(0.0, self)
    }

    /// Modified Bessel function of the first kind and order 1: `y = I₁(x)`, the derivative of [`Tensor::i0`].
    ///
    /// # Gradient
    /// `gx = gy · (I₀(x) − I₁(x) / x)`, `gy / 2` at 0; saves x.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert!((Tensor::from(1.0).i1().item::<f32>()? - 0.565_159_1).abs() < 1e-6);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn i1(&self) -> Tensor {
        I1.of(0.0, self)
    }

    /// `y = e^(−|x|) I₀(x)`, which does not overflow; see [`Tensor::i0`].
    ///
    /// # Gradient
    /// `gx = gy · (e^(−|x|) I₁(x) − sign(x) y)`, 0 at 0; saves x.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert!((Tensor::from(1.0).i0e().item::<f32>()? - 0.465_759_6).abs() < 1e-6);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn i0e(&self) -> Tensor {
        I0E.of(0.0, self)
    }

    /// `y = e^(−|x|) I₁(x)`, which does not overflow; see [`Tensor::i1`].
    ///
    /// # Gradient
    /// `gx = gy · (e^(−|x|) I₀(x) − y / x − sign(x) y)`, `gy / 2` at 0; saves x.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert!((Tensor::from(1.0).i1e().item::<f32>()? - 0.207_910_4).abs() < 1e-6);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn i1e(&self) -> Tensor {
        I1E.of(0.0, self)
    }
}

static I0: Function = Function { name: "i0", loops: loops!(pair: i0_single, i0_double), slope: Slope::Is(&I1) };

static I1: Function = Function { name: "i0", loops: loops!(pair: i1_single, i1_double), slope: Slope::Is(&I1_SLOPE) };

static I1_SLOPE: Function = Function {
    name: "i0",
    loops: loops!(pair: i1_slope_single, i1_slope_double),
    slope: Slope::With(&HIGHER, |_| 3.0),
};

/// The derivative of order n of I₀.
static HIGHER: Function =
    Function { name: "i0", loops: loops!(called: bessel::i0), slope: Slope::With(&HIGHER, |n| n + 1.0) };

#[inline(always)]
fn i0_single(x: f32) -> f32 {
    bessel::i0_short(x.into()) as f32
}

#[inline(always)]
fn i1_single(x: f32) -> f32 {
    bessel::i1_short(x.into()) as f32
}

#[inline(always)]
fn i1_slope_single(x: f32) -> f32 {
    bessel::i1_slope_short(x.into()) as f32
}

// In f64 they are called.
fn i0_double(x: f64) -> f64 {
    bessel::i0(0.0, x)
}

fn i1_double(x: f64) -> f64 {
    bessel::i0(1.0, x)
}

fn i1_slope_double(x: f64) -> f64 {
    bessel::i0(2.0, x)
}

/// The derivative of order n of `e^(−|x|) I₀`.
static I0E: Function =
    Function { name: "i0e", loops: loops!(called: bessel::i0e), slope: Slope::With(&I0E, |n| n + 1.0) };

/// The derivative of order n of `e^(−|x|) I₁`.
static I1E: Function =
    Function { name: "i1e", loops: loops!(called: bessel::i1e), slope: Slope::With(&I1E, |n| n + 1.0) };

#[cfg(test)]
crate::ops::cases::cases![{
    let series = |m: i32, x: f64| -> f64 {
        let factorial = |n: i32| (1..=n).map(f64::from).product::<f64>();
        (0..30).map(|k| (0.5 * x).powi(2 * k + m) / (factorial(k) * factorial(k + m))).sum()
    };
    [
        Case::unary("i0", -3.0..3.0, &[], |x| x.i0(), move |x| series(0, x)),
        Case::unary("i1", -3.0..3.0, &[], |x| x.i1(), move |x| series(1, x)),
        Case::unary("i0e", -3.0..3.0, &[0.0], |x| x.i0e(), move |x| (-x.abs()).exp() * series(0, x)),
        Case::unary("i1e", -3.0..3.0, &[0.0], |x| x.i1e(), move |x| (-x.abs()).exp() * series(1, x)),
    ]
}];
