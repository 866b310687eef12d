//! The tangent.
//!
//! ```text
//! x = k π/2 + r,   tan x = sin r / cos r for even k, −cos r / sin r for odd k
//! ```
//!
//! Reduction and polynomials are those of sine and cosine, and so is the range. Both are kept as sums of two numbers,
//! and the quotient is corrected by its remainder.
//!
//! Worst error measured: f32 1.00, f64 1 ulp (f32: every 2003rd bit pattern up to the limit; f64: `tables.rs`, and
//! 200000 arguments against std).

use super::polynomial::{horner_f32, horner_f64};
use super::trig::{COS_F32, COS_F64, SIN_F32, SIN_F64, reduce_f32, reduce_f64};

macro_rules! tangent {
    ($t:ident, $tan:ident, $reduce:ident, $horner:ident, $sin:ident, $cos:ident) => {
        /// `tan x` within the range of the sine; −0 stays −0.
        #[inline(always)]
        pub fn $tan(x: $t) -> $t {
            let (high, low, k) = $reduce(x);
            let r2 = high * high;
            let sin_tail = (high * r2).mul_add($horner(r2, &$sin), low);
            let sin = high + sin_tail;
            let sin_lost = sin_tail - (sin - high);
            let leading = r2.mul_add(-0.5, 1.0);
            let lost = r2.mul_add(-0.5, 1.0 - leading);
            let square_lost = high.mul_add(high, -r2);
            let cos_tail = (-high).mul_add(low, (r2 * r2).mul_add($horner(r2, &$cos), square_lost.mul_add(-0.5, lost)));
            let cos = leading + cos_tail;
            let cos_lost = cos_tail - (cos - leading);
            let odd = k & 1 != 0;
            let (over, over_lost) = if odd { (-cos, -cos_lost) } else { (sin, sin_lost) };
            let (under, under_lost) = if odd { (sin, sin_lost) } else { (cos, cos_lost) };
            let quotient = over / under;
            let remainder = (-quotient).mul_add(under, over) + (-quotient).mul_add(under_lost, over_lost);
            let y = quotient + remainder / under;
            // The sum high + low loses the sign of zero.
            if x == 0.0 { x } else { y }
        }
    };
}
tangent!(f32, tan_f32, reduce_f32, horner_f32, SIN_F32, COS_F32);
tangent!(f64, tan_f64, reduce_f64, horner_f64, SIN_F64, COS_F64);
