//! The steps that derive: walks of first and second order, and functions of functions.

use crate::values::{Machine, READABLE};
use autograd_core::{Backward, Result, Tensor, detect_anomaly, grad_with, hessian, jacobian, jvp, vjp};

/// A seed for the walk from `y`, mostly one that fits.
fn seed(m: &mut Machine, y: &Tensor) -> Result<Tensor> {
    if m.once_in(15) {
        return Ok(m.value());
    }
    let number = m.numbers(1);
    let one = Tensor::from_vec(number, &[])?.to_dtype(y.dtype());
    let shape: Vec<isize> = y.shape().iter().map(|size| *size as isize).collect();
    let seed = one.expand(&shape)?;
    Ok(if m.once_in(2) && y.numel() <= READABLE { seed.contiguous() } else { seed })
}

/// Some gradients of a plain walk.
pub fn first_order(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (y, x) = (m.value(), m.value());
    let seed = seed(m, &y)?;
    let found = match m.below(6) {
        0 => y.backward()?,
        1 => detect_anomaly(|| y.backward_with(&seed))?,
        2 => Backward::new().root(&y, &seed).root(&y, &seed).also(&x).keep().run()?,
        3 => y.backward_with(&seed)?,
        _ => Backward::new().root(&y, &seed).keep().run()?,
    };
    Ok(found.iter().take(3).cloned().collect())
}

/// The gradient of a gradient.
pub fn second_order(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (y, x) = (m.value(), m.value());
    if y.numel() > 4096 || x.numel() > 4096 {
        return Ok(vec![]);
    }
    let seed = seed(m, &y)?;
    let first: Vec<Tensor> = grad_with(&[(&y, &seed)], &[&x])?.into_iter().flatten().collect();
    let Some(gx) = first.first().filter(|gx| gx.is_tracked()) else { return Ok(first) };
    let second = grad_with(&[(&gx.square(), &gx.ones_like())], &[&x])?;
    Ok(first.iter().cloned().chain(second.into_iter().flatten()).collect())
}

/// Jacobians and their like, of a function of a small value.
pub fn derive(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, other) = (m.small(), m.small());
    let f = |x: &[Tensor]| x[0].tanh().try_mul(&x[0])?.sum_dim(0);
    match m.below(4) {
        0 if x.numel() <= 16 => jacobian(f, &[&x]),
        1 if x.numel() <= 16 => hessian(|x| Ok(f(x)?.sum()), &[&x]).map(|rows| rows.into_iter().flatten().collect()),
        2 => jvp(f, [&x], [&other]).map(|(y, dy)| vec![y, dy]),
        _ => vjp(f, &[&x], &other).map(|(y, gx)| [vec![y], gx].concat()),
    }
}
