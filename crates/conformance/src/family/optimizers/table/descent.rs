//! Descent of all frameworks.

use super::{Entry, driver, keras, no_groups};
use wengert_optim::{Asgd, Fromage, Lars, Momentum, OptimisticGradientDescent, Sgd, SignSgd};

common!(Asgd);

pub(super) const TABLE: &[Entry] = &[
    ("ASGD", |c, groups| {
        driver(c, groups, Asgd::new, |c| {
            let (lambd, alpha, t0) = (c.number("lambd")?, c.number("alpha")?, c.number("t0")?);
            Ok(Box::new(move |asgd: Asgd| asgd.lambd(lambd).alpha(alpha).t0(t0)))
        })
    }),
    ("keras.SGD", |c, groups| {
        let keras::Common { lr, weight_decay } = keras::common(c, groups)?;
        let sgd = Sgd::keras(lr).weight_decay(weight_decay);
        Ok(Box::new(sgd.momentum(c.number("momentum")?).nesterov(c.flag("nesterov")?)))
    }),
    ("optax.chain_ema_sgd", |c, groups| {
        no_groups(groups)?;
        c.only("debias", false)?;
        let sgd = Sgd::new(c.number("learning_rate")?).momentum(c.number("decay")?);
        Ok(Box::new(sgd.convention(Momentum::Average)))
    }),
    ("optax.chain_ema_debias_sgd", |c, groups| {
        no_groups(groups)?;
        c.only("debias", true)?;
        let sgd = Sgd::new(c.number("learning_rate")?).momentum(c.number("decay")?);
        Ok(Box::new(sgd.convention(Momentum::CorrectedAverage)))
    }),
    ("optax.chain_trace_sgd", |c, groups| {
        no_groups(groups)?;
        Ok(Box::new(Sgd::new(c.number("learning_rate")?).momentum(c.number("decay")?)))
    }),
    ("optax.sign_sgd", |c, groups| {
        no_groups(groups)?;
        Ok(Box::new(SignSgd::new(c.number("learning_rate")?)))
    }),
    ("optax.optimistic_gradient_descent", |c, groups| {
        no_groups(groups)?;
        let (alpha, beta) = (c.number("alpha")?, c.number("beta")?);
        Ok(Box::new(OptimisticGradientDescent::new(c.number("learning_rate")?).alpha(alpha).beta(beta)))
    }),
    ("optax.lars", |c, groups| {
        no_groups(groups)?;
        let lars = Lars::new(c.number("learning_rate")?).weight_decay(c.number("weight_decay")?);
        let lars = lars.trust_coefficient(c.number("trust_coefficient")?).eps(c.number("eps")?);
        Ok(Box::new(lars.momentum(c.number("momentum")?).nesterov(c.flag("nesterov")?)))
    }),
    ("optax.fromage", |c, groups| {
        no_groups(groups)?;
        Ok(Box::new(Fromage::new(c.number("learning_rate")?).min_norm(c.number("min_norm")?)))
    }),
];
