//! The register of optimizers. Wiring one up is one entry: how its own hyperparameters are set; the driver's are common.

use super::Group;
use crate::call::Call;
use crate::stop::Outcome;
use wengert_optim::{Adam, AdamRule, AdamW, Driver, Optimizer, Rule, Sgd};

type Build = fn(&Call<'_>, &[Group]) -> Outcome<Box<dyn Optimizer>>;

pub(super) const TABLE: &[(&str, Build)] = &[
    ("SGD", |c, groups| {
        driver(c, groups, Sgd::new, |c| {
            let (momentum, dampening, nesterov) = (c.number("momentum")?, c.number("dampening")?, c.flag("nesterov")?);
            Ok(Box::new(move |sgd| sgd.momentum(momentum).dampening(dampening).nesterov(nesterov)))
        })
    }),
    ("Adam", |c, groups| {
        driver(c, groups, Adam::new, |c| {
            let (own, decoupled) = (adam(c)?, c.flag("decoupled_weight_decay")?);
            Ok(Box::new(move |adam| own(adam).decoupled_weight_decay(decoupled)))
        })
    }),
    ("AdamW", |c, groups| driver(c, groups, AdamW::new, adam)),
];

/// Sets the hyperparameters of a rule.
type Settings<R> = Box<dyn Fn(Driver<R>) -> Driver<R> + Send + Sync>;

/// An optimizer with its groups: what all share, and each rule's own settings.
fn driver<R: Rule>(
    c: &Call<'_>,
    groups: &[Group],
    new: fn(f64) -> Driver<R>,
    own: fn(&Call<'_>) -> Outcome<Settings<R>>,
) -> Outcome<Box<dyn Optimizer>> {
    let (base_lr, settings) = (c.number("lr")?, all(c, own)?);
    let mut driver = settings(new(base_lr));
    for group in groups {
        let inputs = Default::default();
        let call = Call::new(&group.args, &inputs, c.precision());
        let (lr, settings) = (call.number("lr")?, all(&call, own)?);
        call.all_read()?;
        let members = group.params.clone();
        let change = move |driver: Driver<R>| settings(driver).scale_lr(lr / base_lr);
        driver = driver.group_where(move |name| members.contains(name), change);
    }
    Ok(Box::new(driver))
}

fn all<R: Rule>(c: &Call<'_>, own: fn(&Call<'_>) -> Outcome<Settings<R>>) -> Outcome<Settings<R>> {
    let (own, weight_decay, maximize) = (own(c)?, c.number("weight_decay")?, c.flag("maximize")?);
    Ok(Box::new(move |driver| own(driver).weight_decay(weight_decay).maximize(maximize)))
}

fn adam<const W: bool>(c: &Call<'_>) -> Outcome<Settings<AdamRule<W>>> {
    let (betas, eps, amsgrad) = (c.pair("betas")?, c.number("eps")?, c.flag("amsgrad")?);
    Ok(Box::new(move |adam| adam.betas(betas[0], betas[1]).eps(eps).amsgrad(amsgrad)))
}
