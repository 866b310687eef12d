//! optax's optimizers.

use super::{Entry, no_groups};
use crate::call::Call;
use crate::family::optimizers::Group;
use crate::stop::Outcome;
use wengert_optim::{AdaBelief, Adam, Adan, Lamb, Lion, NovoGrad, RAdam, Yogi};

pub(super) const TABLE: &[Entry] = &[
    ("optax.adabelief", |c, groups| {
        let (lr, [b1, b2], eps) = (rate(c, groups)?, betas(c)?, c.number("eps")?);
        let (eps_root, nesterov) = (c.number("eps_root")?, c.flag("nesterov")?);
        Ok(Box::new(AdaBelief::new(lr).betas(b1, b2).eps(eps).eps_root(eps_root).nesterov(nesterov)))
    }),
    ("optax.adan", |c, groups| {
        let (lr, [b1, b2], b3) = (rate(c, groups)?, betas(c)?, c.number("b3")?);
        let (eps, eps_root, decay) = (c.number("eps")?, c.number("eps_root")?, c.number("weight_decay")?);
        Ok(Box::new(Adan::optax(lr).betas(b1, b2, b3).eps(eps).eps_root(eps_root).weight_decay(decay)))
    }),
    ("optax.amsgrad", |c, groups| {
        let (lr, [b1, b2], eps) = (rate(c, groups)?, betas(c)?, c.number("eps")?);
        let [mu, nu] = [c.flag("bias_correction_mu")?, c.flag("bias_correction_nu")?];
        let amsgrad = Adam::optax(lr).amsgrad(true).betas(b1, b2).eps(eps).eps_root(c.number("eps_root")?);
        Ok(Box::new(amsgrad.bias_correction(mu, nu)))
    }),
    ("optax.lamb", |c, groups| {
        let (lr, [b1, b2], eps) = (rate(c, groups)?, betas(c)?, c.number("eps")?);
        let (eps_root, decay) = (c.number("eps_root")?, c.number("weight_decay")?);
        Ok(Box::new(Lamb::new(lr).betas(b1, b2).eps(eps).eps_root(eps_root).weight_decay(decay)))
    }),
    ("optax.lion", |c, groups| {
        let (lr, [b1, b2], decay) = (rate(c, groups)?, betas(c)?, c.number("weight_decay")?);
        Ok(Box::new(Lion::optax(lr).betas(b1, b2).weight_decay(decay)))
    }),
    ("optax.novograd", |c, groups| {
        let (lr, [b1, b2], eps) = (rate(c, groups)?, betas(c)?, c.number("eps")?);
        let (eps_root, decay) = (c.number("eps_root")?, c.number("weight_decay")?);
        Ok(Box::new(NovoGrad::optax(lr).betas(b1, b2).eps(eps).eps_root(eps_root).weight_decay(decay)))
    }),
    ("optax.radam", |c, groups| {
        let (lr, [b1, b2], eps) = (rate(c, groups)?, betas(c)?, c.number("eps")?);
        let (eps_root, threshold, nesterov) = (c.number("eps_root")?, c.number("threshold")?, c.flag("nesterov")?);
        let radam = RAdam::optax(lr).betas(b1, b2).eps(eps).eps_root(eps_root);
        Ok(Box::new(radam.threshold(threshold).nesterov(nesterov)))
    }),
    ("optax.yogi", |c, groups| {
        let (lr, [b1, b2], eps) = (rate(c, groups)?, betas(c)?, c.number("eps")?);
        Ok(Box::new(Yogi::new(lr).betas(b1, b2).eps(eps)))
    }),
];

fn rate(c: &Call<'_>, groups: &[Group]) -> Outcome<f64> {
    no_groups(groups)?;
    c.number("learning_rate")
}

fn betas(c: &Call<'_>) -> Outcome<[f64; 2]> {
    Ok([c.number("b1")?, c.number("b2")?])
}
