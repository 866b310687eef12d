//! Products `x F(x)` of a number and a symmetric distribution function, and their derivatives.
//!
//! ```text
//! F(−x) = 1 − F(x),   y(x) − y(−x) = x,   y′(x) + y′(−x) = 1,   y″(x) = y″(−x)
//! ```
//!
//! All of it follows from what is left of zero, where each is `e^(−v)` times a factor near 1 or a power of x: nothing is
//! taken from 1, and the exponential's powers of two are multiplied last. The argument of the exponential is a sum of
//! two numbers, because an error there is one of the result.

use super::exponential::{Exponential, Scalar};

/// What is left of zero: an exponential of −|x|, and the factors of it that make `F`, `y′` and `y″` at −|x|.
#[derive(Clone, Copy)]
pub struct Tail<T> {
    /// `e^(−v)`
    pub exponential: Exponential<T>,
    /// `F(−|x|) e^v` as a number, and how much larger it is, relatively, than this number.
    pub below: (T, T),
}

impl<T: Scalar> Tail<T> {
    /// `F(x)`
    #[inline(always)]
    pub fn distribution(self, x: T) -> T {
        let below = self.exponential.scale(self.factor());
        if x < T::of(0.0) { below } else { T::of(1.0) - below }
    }

    /// `x F(x)`, where `z` is |x| up to where that is 0 on the left, and `upper` is `F(|x|)`. NaN at −∞, the product of
    /// an infinity and 0.
    #[inline(always)]
    pub fn product(self, x: T, z: T, upper: T) -> T {
        let below = x.fused(T::of(0.0), -self.exponential.scale(z * self.factor()));
        if x < T::of(0.0) { below } else { x * upper }
    }

    /// `F(−|x|) e^v`
    #[inline(always)]
    fn factor(self) -> T {
        let (factor, relative) = self.below;
        self.exponential.of_corrected(factor, relative)
    }

    /// `y′(x)`, given `y′(−|x|) e^v`. NaN at ±∞, where the product of an infinity and 0 is.
    #[inline(always)]
    pub fn slope(self, x: T, below: T) -> T {
        let below = self.exponential.times(below);
        let slope = if x < T::of(0.0) { below } else { T::of(1.0) - below };
        x.fused(T::of(0.0), slope)
    }
}

/// The logistic function: `v = |x|`, `F(−v) = e^(−v) r`, `r = 1 / (1 + e^(−v))`; `v` as a sum.
#[derive(Clone, Copy)]
pub struct Logistic<T> {
    pub tail: Tail<T>,
    /// `r`, and how much larger it is, relatively, than this number.
    r: T,
    lacks: T,
}

impl<T: Scalar> Logistic<T> {
    /// At `−(v + more)`, both not negative.
    #[inline(always)]
    pub fn new(v: T, more: T) -> Logistic<T> {
        let one = T::of(1.0);
        let exponential = T::exponential(-v, -more);
        let value = exponential.value();
        let denominator = one + value;
        let lost = value - (denominator - one);
        let r = one / denominator;
        let remainder = (-r).fused(denominator, one);
        let lacks = (-r).fused(lost, remainder);
        Logistic { tail: Tail { exponential, below: (r, lacks) }, r, lacks }
    }

    /// `F(v) = r`
    #[inline(always)]
    fn upper(self) -> T {
        self.r.fused(self.lacks, self.r)
    }

    /// The derivative of F at ±v: `e^(−v) r²`.
    #[inline(always)]
    pub fn density(self) -> T {
        self.tail.exponential.scale(self.density_factor())
    }

    #[inline(always)]
    fn density_factor(self) -> T {
        self.tail.exponential.of_corrected(self.r * self.r, self.lacks + self.lacks)
    }

    /// `y′(−|x|) e^v` of `y = x F`, where `change = |x| v′`: `r (1 − change r)`.
    #[inline(always)]
    pub fn slope_factor(self, change: T) -> T {
        self.r * (-change).fused(self.r, T::of(1.0))
    }

    /// The product of the density and `x`.
    #[inline(always)]
    pub fn density_times(self, x: T) -> T {
        self.tail.exponential.scale(self.density_factor() * x)
    }

    /// `F(v) − F(−v) = tanh(v/2) = (1 − e^(−v)) r`
    #[inline(always)]
    pub fn difference(self) -> T {
        (T::of(1.0) - self.tail.exponential.value()) * self.r
    }
}

/// The logistic function at −|x|.
#[inline(always)]
fn logistic<T: Scalar>(x: T) -> (T, Logistic<T>) {
    // Beyond, x e^(−x) is 0, too. NaN passes.
    let v = x.magnitude().at_most(T::either(112.0, 754.0));
    (v, Logistic::new(v, T::of(0.0)))
}

/// `σ′(x) = σ(x) σ(−x)`
#[inline(always)]
pub fn sigmoid_slope<T: Scalar>(x: T) -> T {
    logistic(x).1.density()
}

/// `x σ(x)`
#[inline(always)]
pub fn silu<T: Scalar>(x: T) -> T {
    let (v, f) = logistic(x);
    f.tail.product(x, v, f.upper())
}

/// The derivative of `x σ(x)`: `σ + x σ′`
#[inline(always)]
pub fn silu_slope<T: Scalar>(x: T) -> T {
    let (v, f) = logistic(x);
    f.tail.slope(x, f.slope_factor(v))
}

/// The second derivative of `x σ(x)`: `σ′ (2 − x tanh(x/2))`
#[inline(always)]
pub fn silu_curve<T: Scalar>(x: T) -> T {
    let (v, f) = logistic(x);
    f.density_times((-v).fused(f.difference(), T::of(2.0)))
}

/// `2 √(2/π)`, the slope at 0 of what `gelu_tanh` gives the logistic function, and what a float lacks of it.
pub const CUBIC: (f64, f64) = (1.5957691216057308, -9.96930880911092e-17);
/// `0.044715` times that.
pub const CUBIC_BEND: (f64, f64) = (0.07135481627260025, -6.175149918155315e-19);

/// The logistic function at `−|v|`, `v = 2 √(2/π) (x + 0.044715 x³)`, and |x| up to where
/// all is 0, and `v′`.
#[inline(always)]
fn cubic<T: Scalar>(x: T) -> (T, T, Logistic<T>) {
    let z = x.magnitude().at_most(T::either(11.2, 22.0));
    let constant = |(c, rest): (f64, f64)| (T::of(c), T::rest_of(c, rest));
    let ((slope, slope_rest), (bend, bend_rest)) = (constant(CUBIC), constant(CUBIC_BEND));
    // v as a sum of two numbers: each product with what its rounding has lost, and the sum, too (Knuth's TwoSum).
    let square = z * z;
    let square_lost = z.fused(z, -square);
    let bent = bend * square;
    let bent_lost = bend.fused(square, -bent) + (bend * square_lost + bend_rest * square);
    let sum = slope + bent;
    let other = sum - slope;
    let sum_lost = (slope - (sum - other)) + (bent - other) + (bent_lost + slope_rest);
    let v = sum * z;
    let v_lost = sum.fused(z, -v) + sum_lost * z;
    (z, T::of(3.0).fused(bent, slope), Logistic::new(v, v_lost))
}

/// `σ′(v)`, the density that belongs to `gelu_tanh`.
#[inline(always)]
pub fn cubic_density<T: Scalar>(x: T) -> T {
    cubic(x).2.density()
}

/// `x σ(v)`
#[inline(always)]
pub fn gelu_tanh<T: Scalar>(x: T) -> T {
    let (z, _, f) = cubic(x);
    f.tail.product(x, z, f.upper())
}

/// The derivative of `x σ(v)`: `σ + x v′ σ′`
#[inline(always)]
pub fn gelu_tanh_slope<T: Scalar>(x: T) -> T {
    let (z, v_slope, f) = cubic(x);
    f.tail.slope(x, f.slope_factor(z * v_slope))
}

/// The second derivative of `x σ(v)`: `σ′ (2 v′ + x v″ − x v′² tanh(v/2))`
#[inline(always)]
pub fn gelu_tanh_curve<T: Scalar>(x: T) -> T {
    let (z, v_slope, f) = cubic(x);
    // 2 v′ + x v″ = 4 v′ − 2 v′(0)
    let plain = T::of(4.0).fused(v_slope, T::of(-2.0 * CUBIC.0));
    f.density_times((-(z * v_slope)).fused(v_slope * f.difference(), plain))
}
