//! Optimizers with a scale for each element, of all frameworks.

use super::{Entry, driver, keras, no_groups};
use wengert_optim::{Adadelta, Adagrad, Ftrl, RmsProp, Rprop, Sm3};

common!(Adagrad Adadelta Rprop);

pub(super) const TABLE: &[Entry] = &[
    ("Adagrad", |c, groups| {
        driver(c, groups, Adagrad::new, |c| {
            let (lr_decay, start) = (c.number("lr_decay")?, c.number("initial_accumulator_value")?);
            let eps = c.number("eps")?;
            Ok(Box::new(move |adagrad: Adagrad| adagrad.lr_decay(lr_decay).initial_accumulator_value(start).eps(eps)))
        })
    }),
    ("Adadelta", |c, groups| {
        driver(c, groups, Adadelta::new, |c| {
            let (rho, eps) = (c.number("rho")?, c.number("eps")?);
            Ok(Box::new(move |adadelta: Adadelta| adadelta.rho(rho).eps(eps)))
        })
    }),
    ("Rprop", |c, groups| {
        driver(c, groups, Rprop::new, |c| {
            let (etas, sizes) = (c.pair("etas")?, c.pair("step_sizes")?);
            Ok(Box::new(move |rprop: Rprop| rprop.etas(etas[0], etas[1]).step_sizes(sizes[0], sizes[1])))
        })
    }),
    ("keras.RMSprop", |c, groups| {
        let keras::Common { lr, weight_decay } = keras::common(c, groups)?;
        let rmsprop = RmsProp::keras(lr).weight_decay(weight_decay);
        let rmsprop = rmsprop.alpha(c.number("rho")?).eps(c.number("epsilon")?);
        Ok(Box::new(rmsprop.momentum(c.number("momentum")?).centered(c.flag("centered")?)))
    }),
    ("keras.Adagrad", |c, groups| {
        let keras::Common { lr, weight_decay } = keras::common(c, groups)?;
        let adagrad = Adagrad::keras(lr).weight_decay(weight_decay).eps(c.number("epsilon")?);
        Ok(Box::new(adagrad.initial_accumulator_value(c.number("initial_accumulator_value")?)))
    }),
    ("keras.Adadelta", |c, groups| {
        let keras::Common { lr, weight_decay } = keras::common(c, groups)?;
        let adadelta = Adadelta::keras(lr).weight_decay(weight_decay);
        Ok(Box::new(adadelta.rho(c.number("rho")?).eps(c.number("epsilon")?)))
    }),
    ("keras.Ftrl", |c, groups| {
        let keras::Common { lr, weight_decay } = keras::common(c, groups)?;
        let ftrl = Ftrl::keras(lr).weight_decay(weight_decay).beta(c.number("beta")?);
        let ftrl = ftrl.learning_rate_power(c.number("learning_rate_power")?);
        let ftrl = ftrl.initial_accumulator_value(c.number("initial_accumulator_value")?);
        let ftrl = ftrl.l1(c.number("l1_regularization_strength")?).l2(c.number("l2_regularization_strength")?);
        Ok(Box::new(ftrl.l2_shrinkage(c.number("l2_shrinkage_regularization_strength")?)))
    }),
    ("optax.sm3", |c, groups| {
        no_groups(groups)?;
        Ok(Box::new(Sm3::new(c.number("learning_rate")?).momentum(c.number("momentum")?)))
    }),
];
