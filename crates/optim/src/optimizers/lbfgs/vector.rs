//! Vectors of the model's shape: one tensor per parameter.

use crate::norms;
use autograd_core::module::{ItemMut, Module, Path};
use autograd_core::update::{ElementRule, Real};
use autograd_core::{Result, Tensor};

pub(super) type Vector = Vec<Tensor>;

/// `xᵀ y`
pub(super) fn dot(x: &[Tensor], y: &[Tensor]) -> Result<f64> {
    x.iter().zip(y).try_fold(0.0, |sum, (x, y)| Ok(sum + norms::dot(x, y)?))
}

/// `Σ |xᵢ|`
pub(super) fn abs_sum(x: &[Tensor]) -> Result<f64> {
    x.iter().try_fold(0.0, |sum, x| Ok(sum + norms::abs_sum(x)?))
}

/// `max |xᵢ|`
pub(super) fn abs_max(x: &[Tensor]) -> Result<f64> {
    norms::norm(x.iter(), f64::INFINITY)
}

#[derive(Clone, Copy)]
struct Add {
    factor: f64,
}

impl ElementRule<0> for Add {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, []: [T; 0]) -> (T, [T; 0]) {
        (p + T::of(self.factor) * g, [])
    }
}

/// `x ← x + factor · d`, in place.
pub(super) fn add(x: &mut [Tensor], factor: f64, d: &[Tensor]) -> Result<()> {
    x.iter_mut().zip(d).try_for_each(|(x, d)| x.update(d, [], Add { factor }))
}

/// `factor · x`
pub(super) fn scaled(x: &[Tensor], factor: f64) -> Vector {
    x.iter().map(|x| x.mul_scalar(factor)).collect()
}

/// `x − y`
pub(super) fn difference(x: &[Tensor], y: &[Tensor]) -> Result<Vector> {
    x.iter().zip(y).map(|(x, y)| x.try_sub(y)).collect()
}

/// The values of the trained parameters, shared with the model.
pub(super) fn values(model: &dyn Module) -> Vector {
    let trained = model.named_parameters().into_iter().filter(|(_, param)| param.is_trainable());
    trained.map(|(_, param)| param.detach()).collect()
}

/// Moves the trained parameters by `factor · d`, in place.
pub(super) fn shift(model: &mut dyn Module, factor: f64, d: &[Tensor]) -> Result<()> {
    let (mut d, mut outcome) = (d.iter(), Ok(()));
    model.visit_mut(&Path::root(), &mut |_, item| {
        let ItemMut::Param(param) = item else { return };
        if outcome.is_ok() && param.is_trainable() {
            outcome = d.next().map_or(Ok(()), |d| param.value_mut().update(d, [], Add { factor }));
        }
    });
    outcome
}

/// Puts the trained parameters at `x`.
pub(super) fn place(model: &mut dyn Module, x: &[Tensor]) -> Result<()> {
    let mut x = x.iter();
    let mut outcome = Ok(());
    model.visit_mut(&Path::root(), &mut |_, item| {
        let ItemMut::Param(param) = item else { return };
        if outcome.is_ok() && param.is_trainable() {
            outcome = x.next().map_or(Ok(()), |x| param.set(x.clone()));
        }
    });
    outcome
}
