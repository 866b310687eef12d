//! Transcendental functions that a compiler can vectorise.
//!
//! Scalar functions `name_f32` and `name_f64` belong here that are pure, safe and free of branches, so a plain loop
//! over a slice, compiled inside `pulp`'s dispatch, turns into AVX-512 or AVX2 code. They use selects, bit casts,
//! integer operations of the float's own width, and `mul_add` written out: each result has the same bits on every
//! processor. Functions that need the parts of an exponential are
//! generic over [`exponential::Scalar`] instead. Loops, dispatch, tensors, and functions composed of results of these
//! (softplus) do not belong here.
//!
//! Coefficients are our own minimax fits (Remez exchange in 50-digit arithmetic, rounded to the type); the error next
//! to a table is the weighted error of the fit before rounding. Each file states the worst error measured, in units in
//! the last place (ulp), f32 over all 2³² bit patterns; `tests.rs` measures it again on a sample. Give the loops
//! buffers aligned to 64 bytes: misaligned ones cost up to half of the speed in the first-level cache.

pub mod arc;
pub mod area;
pub mod binary;
pub mod erf;
pub mod exp;
pub mod exponential;
pub mod gate;
pub mod hyperbola;
pub mod hyperbolic;
pub mod log;
pub mod logistic;
pub mod normal;
pub mod power;
pub mod root;
pub mod tan;
pub mod trig;

#[cfg(test)]
pub(crate) mod held;
mod polynomial;
mod scale;
#[cfg(test)]
mod special_values;
#[cfg(test)]
mod tables;
#[cfg(test)]
mod tests;

pub use binary::{exp2_f32, exp2_f64, log2_f32, log2_f64, log10_f32, log10_f64};
pub use erf::{erf_f32, erf_f64};
pub use exp::{NEAR_F32, NEAR_F64, exp_near_f32, exp_near_f64};
pub use exp::{exp_f32, exp_f64, exp_less_f32, exp_less_f64, expm1_f32, expm1_f64};
pub use hyperbola::{cosh_f32, cosh_f64, sinh_f32, sinh_f64};
pub use hyperbolic::{tanh_f32, tanh_f64};
pub use log::{ln_1p_f32, ln_1p_f64, ln_f32, ln_f64};
pub use logistic::{sigmoid_f32, sigmoid_f64};
pub use power::{pow_f32, pow_f64};
pub use root::{cbrt_f32, cbrt_f64};
pub use tan::{tan_f32, tan_f64};
pub use trig::{SIN_LIMIT_F32, SIN_LIMIT_F64, cos_f32, cos_f64, sin_f32, sin_f64};
