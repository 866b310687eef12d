//! Losses of single elements, without a reduction: each is one pass over memory, forward and backward.

mod binary_cross_entropy;
mod gaussian_nll;
mod huber;
mod kl_div;
mod poisson_nll;
mod smooth_l1;

use crate::kernels::number::Number;

/// `t · x`, and 0 where t is 0 and x infinite, which is the limit of what has no share in a loss.
#[inline(always)]
fn share<N: Number>(t: N, x: N) -> N {
    let nothing = t.eq(N::of(0.0)) & x.abs().eq(N::of(f64::INFINITY));
    N::select(nothing, N::of(0.0), t * x)
}
