//! Optimizers of matrices, of all frameworks.

use super::{Entry, driver, keras};
use crate::call::Call;
use crate::case::Element;
use crate::stop::{Outcome, Stop};
use serde::Deserialize;
use wengert_optim::{Adafactor, AdjustLr, Muon};

common!(Adafactor Muon);

pub(super) const TABLE: &[Entry] = &[
    ("Adafactor", |c, groups| {
        driver(c, groups, Adafactor::new, |c| {
            let (decay, d, (eps1, eps2)) = (c.number("beta2_decay")?, c.number("d")?, epsilons(c)?);
            Ok(Box::new(move |adafactor: Adafactor| {
                let adafactor = adafactor.beta2_decay(decay).d(d);
                match eps1 {
                    Some(eps1) => adafactor.eps(eps1, eps2),
                    None => adafactor.least_size(eps2),
                }
            }))
        })
    }),
    ("Muon", |c, groups| {
        driver(c, groups, Muon::new, |c| {
            let (momentum, nesterov, eps) = (c.number("momentum")?, c.flag("nesterov")?, c.number("eps")?);
            let [a, b, d] = c.numbers("ns_coefficients")?[..] else {
                return Err(Stop::argument("ns_coefficients", "not three numbers"));
            };
            let adjust = match c.maybe_word("adjust_lr_fn")? {
                None | Some("original") => AdjustLr::Original,
                Some("match_rms_adamw") => AdjustLr::MatchRmsAdamw,
                Some("spectral_unclamped") => AdjustLr::SpectralUnclamped,
                Some(other) => return Err(Stop::argument("adjust_lr_fn", other)),
            };
            let steps = c.count("ns_steps")?;
            Ok(Box::new(move |muon: Muon| {
                let muon = muon.momentum(momentum).nesterov(nesterov).eps(eps).adjust_lr(adjust);
                muon.ns_coefficients(a, b, d).ns_steps(steps)
            }))
        })
    }),
    ("keras.Adafactor", |c, groups| {
        let keras::Common { lr, weight_decay } = keras::common(c, groups)?;
        // Without an effect: the rate is at most 1/√t in any case.
        c.flag("relative_step")?;
        let adafactor = Adafactor::keras(lr).weight_decay(weight_decay).beta2_decay(c.number("beta_2_decay")?);
        let adafactor = adafactor.eps(c.number("epsilon_1")?, c.number("epsilon_2")?);
        Ok(Box::new(adafactor.d(c.number("clip_threshold")?)))
    }),
];

/// Adafactor's two ε, of which the first may be null.
fn epsilons(c: &Call<'_>) -> Outcome<(Option<f64>, f64)> {
    let value = c.value("eps").ok_or_else(|| Stop::argument("eps", "null"))?;
    let read = |i: usize| Element::deserialize(&value[i]).ok().and_then(|element| element.float().ok());
    match read(1) {
        Some(second) => Ok((read(0), second)),
        None => Err(Stop::argument("eps", value)),
    }
}
