//! Keras' optimizers.

use super::{Entry, no_groups};
use crate::call::Call;
use crate::family::optimizers::Group;
use crate::stop::Outcome;
use wengert_optim::{Adam, AdamW, Adamax, Lamb, Lion, NAdam};

pub(super) const TABLE: &[Entry] = &[
    ("keras.Adam", |c, groups| {
        let Common { lr, weight_decay } = common(c, groups)?;
        let ([beta1, beta2], eps, amsgrad) = (betas(c)?, c.number("epsilon")?, c.flag("amsgrad")?);
        Ok(Box::new(Adam::keras(lr).betas(beta1, beta2).eps(eps).amsgrad(amsgrad).weight_decay(weight_decay)))
    }),
    ("keras.AdamW", |c, groups| {
        let Common { lr, weight_decay } = common(c, groups)?;
        let ([beta1, beta2], eps, amsgrad) = (betas(c)?, c.number("epsilon")?, c.flag("amsgrad")?);
        Ok(Box::new(AdamW::keras(lr).betas(beta1, beta2).eps(eps).amsgrad(amsgrad).weight_decay(weight_decay)))
    }),
    ("keras.Adamax", |c, groups| {
        let Common { lr, weight_decay } = common(c, groups)?;
        let ([beta1, beta2], eps) = (betas(c)?, c.number("epsilon")?);
        Ok(Box::new(Adamax::keras(lr).betas(beta1, beta2).eps(eps).weight_decay(weight_decay)))
    }),
    ("keras.Nadam", |c, groups| {
        let Common { lr, weight_decay } = common(c, groups)?;
        let ([beta1, beta2], eps) = (betas(c)?, c.number("epsilon")?);
        Ok(Box::new(NAdam::keras(lr).betas(beta1, beta2).eps(eps).weight_decay(weight_decay)))
    }),
    ("keras.Lamb", |c, groups| {
        let Common { lr, weight_decay } = common(c, groups)?;
        let ([beta1, beta2], eps) = (betas(c)?, c.number("epsilon")?);
        Ok(Box::new(Lamb::keras(lr).betas(beta1, beta2).eps(eps).weight_decay(weight_decay)))
    }),
    ("keras.Lion", |c, groups| {
        let Common { lr, weight_decay } = common(c, groups)?;
        let [beta1, beta2] = betas(c)?;
        Ok(Box::new(Lion::new(lr).betas(beta1, beta2).weight_decay(weight_decay)))
    }),
];

fn betas(c: &Call<'_>) -> Outcome<[f64; 2]> {
    Ok([c.number("beta_1")?, c.number("beta_2")?])
}

/// What all of Keras' optimizers have: the learning rate and the weight decay. Clipping and averages are around them.
#[derive(Clone, Copy)]
pub(super) struct Common {
    pub(super) lr: f64,
    pub(super) weight_decay: f64,
}

pub(super) fn common(c: &Call<'_>, groups: &[Group]) -> Outcome<Common> {
    no_groups(groups)?;
    Ok(Common { lr: c.number("learning_rate")?, weight_decay: c.number_or("weight_decay", 0.0)? })
}
