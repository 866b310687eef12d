//! Functions of a chain at one number, of a plain float.

use crate::error::{Result, refuse};
use crate::functional::grad;
use crate::kernels::elementwise::pointwise::Looped;
use crate::ops::elementwise::chain::{Function, Slope};
use crate::tape::{enable_grad, unwatched};
use crate::tensor::{Element, Tensor};

/// The derivative of `f(p, x)` of some order, 0 for its value.
pub(super) fn derivative<T: Looped + Element>(f: &'static Function, p: f64, x: T, order: u32) -> T {
    let (mut f, mut p) = (f, p);
    for order in (1..=order).rev() {
        match (f.slope.function(p), &f.slope) {
            (Some((next, of)), _) => (f, p) = (next, of),
            (None, Slope::Code(code)) => return by_tensors(*code, p, x, order).unwrap_or_else(|error| refuse(&error)),
            (None, Slope::Is(_) | Slope::With(..)) => unreachable!("these are functions"),
        }
    }
    let mut y = [x];
    T::of(&f.loops)(p, &[x], &mut y);
    y[0]
}

/// Where a chain ends, its last derivative is tensor code: it is run on a tensor of one element, and differentiated
/// further by the tape of tensors.
#[cold]
fn by_tensors<T: Element>(code: fn(f64, &Tensor) -> Result<Tensor>, p: f64, x: T, order: u32) -> Result<T> {
    let run = || -> Result<Tensor> {
        let x = Tensor::scalar(x).requires_grad();
        let mut y = code(p, &x)?;
        for _ in 1..order {
            if !y.is_tracked() {
                return Ok(y.zeros_like());
            }
            y = grad(&y, &[&x])?.remove(0);
        }
        Ok(y)
    };
    enable_grad(|| unwatched(run))?.item::<T>()
}
