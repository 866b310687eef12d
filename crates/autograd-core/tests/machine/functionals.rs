//! The steps that derive through functions: checkpoints, linear maps, products with Hessians, roots, hooks.

use crate::values::Machine;
use autograd_core::{
    Result, Tensor, checkpoint, custom_root, fixed_point, ggnvp, linearize, per_sample_grads, value_and_grad, vhp,
};

/// One of some functions of a tensor, some of which fail for most.
fn function(m: &mut Machine) -> fn(&Tensor) -> Result<Tensor> {
    m.of(&[
        |x| Ok(x.tanh()),
        |x| Ok(x.clone()),
        |x| x.matmul(x),
        |x| x.softmax(-1)?.try_mul(x),
        |x| x.select(0, 0),
        |x| Ok(x.detach()),
        |x| Ok(x.gt_scalar(0.0)),
        |x| x.dropout_seeded(0.5, 3),
        |x| x.expand(&[2, -1]),
        |x| checkpoint(|x| Ok(x[0].sin()), [x]),
        |x| x.layer_norm(&x.shape()[x.rank().saturating_sub(1)..], None, None, 1e-5),
    ])
}

pub fn run_again(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, other, f, g) = (m.small(), m.small(), function(m), function(m));
    let y = match m.below(3) {
        0 => checkpoint(move |x| f(&g(&x[0])?), [&x]),
        1 => checkpoint(move |x| f(&x[0])?.try_mul(&g(&x[1])?), [&x, &x]),
        _ => checkpoint(move |x| f(&x[0])?.try_add(&g(&other)?), [&x]),
    }?;
    Ok(vec![y])
}

pub fn derive_more(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, along, f) = (m.small(), m.small(), function(m));
    let along = if m.once_in(4) || !x.dtype().is_float() { along } else { x.detach().cos() };
    let number = |x: &[Tensor]| -> Result<Tensor> { Ok(f(&x[0])?.square().sum()) };
    match m.below(6) {
        0 => value_and_grad(number, [&x]).map(|(y, [gx])| vec![y, gx]),
        1 => vhp(number, [&x], [&along]).map(|(y, [hx])| vec![y, hx]),
        2 => ggnvp(|x| f(&x[0]), |y| Ok(y.exp().sum()), [&x], [&along]).map(Vec::from),
        3 => {
            let map = linearize(|x| f(&x[0]), [&x])?;
            let y = map.jvp([&along])?;
            let w = if m.once_in(4) { m.small() } else { y.sin() };
            let [gx] = map.vjp(&w)?;
            Ok(vec![map.value(), y, gx, map.jvp([&along])?])
        }
        4 => {
            let batch = m.small();
            per_sample_grads(|of| Ok(f(&x)?.try_mul(&of[0])?.sum()), &[&x], [&batch])
        }
        _ => value_and_grad(|x| f(&x[0]), [&x]).map(|(y, [gx])| vec![y, gx]),
    }
}

pub fn implicit(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, a, f) = (m.small(), m.small(), function(m));
    let y = match m.below(3) {
        0 => fixed_point(move |x, a| Ok(a[0].try_add(&x.sin())?.mul_scalar(0.5)), &x, [&a]),
        1 => custom_root(move |x, a| x.try_sub(&f(&a[0])?), move |a| f(&a[0]), [&a]),
        _ => custom_root(move |x, a| f(x)?.try_sub(&a[0]), |a| Ok(a[0].clone()), [&a]),
    }?;
    Ok(vec![y])
}

/// A walk with a hook that lets a gradient pass, changes it, spoils it or fails.
pub fn hook(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, f, kind) = (m.small(), function(m), m.below(5));
    let y = f(&x)?;
    let other = m.small();
    let hook = x.register_hook("it", move |g| match kind {
        0 => Ok(None),
        1 => Ok(Some(g.mul_scalar(2.0))),
        2 => Ok(Some(other.clone())),
        3 => g.reshape(&[2, -1]).map(Some),
        _ => g.try_mul(&other).map(Some),
    })?;
    if m.once_in(4) {
        drop(hook);
        return Ok(y.backward_with(&y.detach())?.iter().take(2).cloned().collect());
    }
    let found = y.backward_with(&y.detach())?;
    assert_eq!(x.hooks(), ["it"], "{}", hook.name());
    Ok(found.iter().take(2).cloned().collect())
}
