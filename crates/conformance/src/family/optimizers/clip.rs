//! Keras' clipping of gradients, before the step.

use crate::case::Case;
use crate::stop::Outcome;
use autograd_core::Gradients;
use autograd_core::module::Param;
use wengert_optim::{clip_grad_norm, clip_grad_value};

/// The limits that the arguments name.
#[derive(Clone, Copy, Default)]
pub(super) struct Clip {
    each_norm: Option<f64>,
    value: Option<f64>,
    norm: Option<f64>,
}

impl Clip {
    pub(super) fn read(case: &Case) -> Clip {
        let limit = |name: &str| case.args.get(name).and_then(|value| value.as_f64());
        Clip { each_norm: limit("clipnorm"), value: limit("clipvalue"), norm: limit("global_clipnorm") }
    }

    pub(super) fn apply(self, grads: &mut Gradients, params: &[(String, Param)]) -> Outcome<()> {
        if let Some(limit) = self.each_norm {
            for (_, param) in params {
                let Some(gradient) = grads.take(param) else { continue };
                let mut one = Gradients::default();
                one.insert(param, gradient)?;
                limited(&mut one, limit)?;
                if let Some(gradient) = one.take(param) {
                    grads.insert(param, gradient)?;
                }
            }
        }
        if let Some(limit) = self.norm {
            limited(grads, limit)?;
        }
        if let Some(limit) = self.value {
            clip_grad_value(grads, limit)?;
        }
        Ok(())
    }
}

/// Keras divides by the norm itself, PyTorch by a millionth more.
fn limited(grads: &mut Gradients, limit: f64) -> Outcome<()> {
    let norm = clip_grad_norm(grads, f64::INFINITY)?;
    if norm > limit {
        grads.scale(limit / norm);
    }
    Ok(())
}
