//! PyTorch's optimizers.

use super::{Entry, driver, no_groups};
use crate::stop::Stop;
use wengert_optim::{Adam, AdamW, Adamax, Lbfgs, LineSearch, NAdam, RAdam, RmsProp, Sgd, SparseAdam};

common!(Sgd Adam AdamW RmsProp NAdam RAdam Adamax SparseAdam);

pub(super) const TABLE: &[Entry] = &[
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
    ("RAdam", |c, groups| {
        driver(c, groups, RAdam::new, |c| {
            let (betas, eps) = (c.pair("betas")?, c.number("eps")?);
            let decoupled = c.flag("decoupled_weight_decay")?;
            Ok(Box::new(move |radam: RAdam| radam.betas(betas[0], betas[1]).eps(eps).decoupled_weight_decay(decoupled)))
        })
    }),
    ("Adamax", |c, groups| {
        driver(c, groups, Adamax::new, |c| {
            let (betas, eps) = (c.pair("betas")?, c.number("eps")?);
            Ok(Box::new(move |adamax: Adamax| adamax.betas(betas[0], betas[1]).eps(eps)))
        })
    }),
    ("SparseAdam", |c, groups| {
        driver(c, groups, SparseAdam::new, |c| {
            let (betas, eps) = (c.pair("betas")?, c.number("eps")?);
            Ok(Box::new(move |adam: SparseAdam| adam.betas(betas[0], betas[1]).eps(eps)))
        })
    }),
    ("LBFGS", |c, groups| {
        no_groups(groups)?;
        let maximize = c.flag_or("maximize", false)?;
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
        let lbfgs = lbfgs.tolerance_grad(grad).tolerance_change(change);
        Ok(Box::new(lbfgs.line_search(line_search).maximize(maximize)))
    }),
];
