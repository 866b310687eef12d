//! The register of optimizers. Wiring one up is one entry, which sets its own hyperparameters; all share the driver's.

pub(super) mod chains;

use super::Group;
use crate::call::Call;
use crate::stop::{Outcome, Stop};
use wengert_optim::{Adam, AdamW, Lbfgs, LineSearch, NAdam, Optimizer, RmsProp, Sgd};

type Build = fn(&Call<'_>, &[Group]) -> Outcome<Box<dyn Optimizer>>;

pub(super) const TABLE: &[(&str, Build)] = &[
    ("SGD", |c, groups| {
        driver(c, groups, Sgd::new, |c| {
            let (momentum, dampening, nesterov) = (c.number("momentum")?, c.number("dampening")?, c.flag("nesterov")?);
            Ok(Box::new(move |sgd: Sgd| sgd.momentum(momentum).dampening(dampening).nesterov(nesterov)))
        })
    }),
    ("Adam", |c, groups| {
        driver(c, groups, Adam::new, |c| {
            let (betas, eps, amsgrad) = (c.pair("betas")?, c.number("eps")?, c.flag("amsgrad")?);
            let decoupled = c.flag("decoupled_weight_decay")?;
            Ok(Box::new(move |adam: Adam| {
                adam.betas(betas[0], betas[1]).eps(eps).amsgrad(amsgrad).decoupled_weight_decay(decoupled)
            }))
        })
    }),
    ("AdamW", |c, groups| {
        driver(c, groups, AdamW::new, |c| {
            let (betas, eps, amsgrad) = (c.pair("betas")?, c.number("eps")?, c.flag("amsgrad")?);
            Ok(Box::new(move |adamw: AdamW| adamw.betas(betas[0], betas[1]).eps(eps).amsgrad(amsgrad)))
        })
    }),
    ("RMSprop", |c, groups| {
        driver(c, groups, RmsProp::new, |c| {
            let (alpha, eps, momentum) = (c.number("alpha")?, c.number("eps")?, c.number("momentum")?);
            let centered = c.flag("centered")?;
            Ok(Box::new(move |rmsprop: RmsProp| rmsprop.alpha(alpha).eps(eps).momentum(momentum).centered(centered)))
        })
    }),
    ("NAdam", |c, groups| {
        driver(c, groups, NAdam::new, |c| {
            let (betas, eps, psi) = (c.pair("betas")?, c.number("eps")?, c.number("momentum_decay")?);
            let decoupled = c.flag("decoupled_weight_decay")?;
            Ok(Box::new(move |nadam: NAdam| {
                nadam.betas(betas[0], betas[1]).eps(eps).momentum_decay(psi).decoupled_weight_decay(decoupled)
            }))
        })
    }),
    ("LBFGS", |c, groups| {
        if !groups.is_empty() {
            return Err(Stop::Unsupported("param_groups".into()));
        }
        c.only("maximize", false)?;
        let (max_iter, max_eval) = (c.count("max_iter")?, c.maybe_integer("max_eval")?);
        let (grad, change) = (c.number("tolerance_grad")?, c.number("tolerance_change")?);
        let line_search = match c.maybe_word("line_search_fn")? {
            None => LineSearch::Off,
            Some("strong_wolfe") => LineSearch::StrongWolfe,
            Some(other) => return Err(Stop::argument("line_search_fn", other)),
        };
        let mut lbfgs = Lbfgs::new(c.number("lr")?).max_iter(max_iter).history_size(c.count("history_size")?);
        if let Some(most) = max_eval {
            lbfgs = lbfgs.max_eval(usize::try_from(most).map_err(|_| Stop::argument("max_eval", most))?);
        }
        Ok(Box::new(lbfgs.tolerance_grad(grad).tolerance_change(change).line_search(line_search)))
    }),
];

/// Sets hyperparameters.
type Settings<O> = Box<dyn Fn(O) -> O + Send + Sync>;

/// The setters that all optimizers around a driver have by name.
trait Common: Optimizer + Sized + 'static {
    fn common(self, weight_decay: f64, maximize: bool) -> Self;
    fn with_group(self, members: super::Members, change: impl Fn(Self) -> Self + Send + Sync + 'static) -> Self;
    fn scaled(self, factor: f64) -> Self;
}

macro_rules! common {
    ($($name:ident)*) => {$(
        impl Common for $name {
            fn common(self, weight_decay: f64, maximize: bool) -> Self {
                self.weight_decay(weight_decay).maximize(maximize)
            }
            fn with_group(self, members: super::Members, change: impl Fn(Self) -> Self + Send + Sync + 'static) -> Self {
                self.group_where(move |name| members.contains(name), change)
            }
            fn scaled(self, factor: f64) -> Self {
                self.scale_lr(factor)
            }
        }
    )*};
}
common!(Sgd Adam AdamW RmsProp NAdam);

/// An optimizer with its groups: what all share, and each one's own settings.
fn driver<O: Common>(
    c: &Call<'_>,
    groups: &[Group],
    new: fn(f64) -> O,
    own: fn(&Call<'_>) -> Outcome<Settings<O>>,
) -> Outcome<Box<dyn Optimizer>> {
    let (base_lr, settings) = (c.number("lr")?, all(c, own)?);
    let mut optimizer = settings(new(base_lr));
    for group in groups {
        let inputs = Default::default();
        let call = Call::new(&group.args, &inputs, c.precision());
        let (lr, settings) = (call.number("lr")?, all(&call, own)?);
        call.all_read()?;
        let change = move |optimizer: O| settings(optimizer).scaled(lr / base_lr);
        optimizer = optimizer.with_group(group.params.clone(), change);
    }
    Ok(Box::new(optimizer))
}

fn all<O: Common>(c: &Call<'_>, own: fn(&Call<'_>) -> Outcome<Settings<O>>) -> Outcome<Settings<O>> {
    let (own, weight_decay, maximize) = (own(c)?, c.number("weight_decay")?, c.flag("maximize")?);
    Ok(Box::new(move |optimizer| own(optimizer).common(weight_decay, maximize)))
}
