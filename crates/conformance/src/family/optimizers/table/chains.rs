//! Optimizers with something around their steps: changes of gradients, averages of weights, Lookahead.

use super::Entry;
use crate::call::Call;
use crate::stop::{Outcome, Stop};
use wengert_optim::{
    Adam, AdaptiveClip, Centralize, ClipBlockRms, ClipEachNorm, ClipNorm, ClipValue, Ema, GradientRule, Lookahead,
    Optimizer, ScheduleFreeAdamW, Sgd, Transformed,
};

pub(super) const TABLE: &[Entry] = &[
    ("optax.chain_clip_sgd", |c, _| sgd_after(c, ClipValue::new(c.number("clip")?))),
    ("optax.chain_block_rms_sgd", |c, _| sgd_after(c, ClipBlockRms::new(c.number("threshold")?))),
    ("optax.chain_adaptive_clip_sgd", |c, _| {
        sgd_after(c, AdaptiveClip::optax(c.number("clipping")?).eps(c.number("eps")?))
    }),
    ("optax.chain_centralize_sgd", |c, _| sgd_after(c, Centralize)),
    ("optax.chain_global_clip_adam", |c, _| {
        let adam = Adam::new(c.number("learning_rate")?).betas(c.number("b1")?, c.number("b2")?).eps(c.number("eps")?);
        Ok(Box::new(Transformed::new(adam, ClipNorm::new(c.number("max_norm")?).eps(0.0))))
    }),
    ("optax.chain_trace_sgd", |c, _| Ok(Box::new(Sgd::new(c.number("learning_rate")?).momentum(c.number("decay")?)))),
    ("optax.lookahead", |c, _| {
        c.only("inner", "sgd")?;
        let sgd = Sgd::new(c.number("learning_rate")?).momentum(c.number("momentum")?);
        let period = c.count("sync_period")? as u64;
        Ok(Box::new(Lookahead::new(sgd).sync_period(period).slow_step_size(c.number("slow_step_size")?)))
    }),
    ("keras.ScheduleFreeAdamW", |c, _| {
        let adamw = ScheduleFreeAdamW::keras(c.number("learning_rate")?)
            .betas(c.number("beta_1")?, c.number("beta_2")?)
            .eps(c.number("epsilon")?)
            .warmup_steps(c.count("warmup_steps")? as u64)
            .weight_decay(c.maybe_number("weight_decay")?.unwrap_or(0.0));
        Ok(Box::new(adamw))
    }),
];

fn sgd_after(c: &Call<'_>, rule: impl GradientRule + 'static) -> Outcome<Box<dyn Optimizer>> {
    Ok(Box::new(Transformed::new(Sgd::new(c.number("learning_rate")?), rule)))
}

/// What Keras has around all of its optimizers: at most one sort of clipping, and an average of the weights.
pub(in super::super) fn around(c: &Call<'_>, optimizer: impl Optimizer + 'static) -> Outcome<Box<dyn Optimizer>> {
    let mut optimizer: Box<dyn Optimizer> = Box::new(optimizer);
    let limits = ["clipnorm", "global_clipnorm", "clipvalue"].map(|name| c.maybe_number(name));
    let [norm, global, value] = limits;
    let (norm, global, value) = (norm?, global?, value?);
    if [norm, global, value].iter().flatten().count() > 1 {
        return Err(Stop::argument("clipnorm", "beside another limit"));
    }
    if let Some(limit) = norm {
        optimizer = Box::new(Transformed::new(optimizer, ClipEachNorm::new(limit)));
    }
    if let Some(limit) = global {
        optimizer = Box::new(Transformed::new(optimizer, ClipNorm::new(limit).eps(0.0)));
    }
    if let Some(limit) = value {
        optimizer = Box::new(Transformed::new(optimizer, ClipValue::new(limit)));
    }
    let (averages, decay) = (c.flag("use_ema")?, c.number("ema_momentum")?);
    Ok(if averages { Box::new(Ema::new(optimizer, decay)) } else { optimizer })
}
