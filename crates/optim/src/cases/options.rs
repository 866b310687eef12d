//! The properties of the options that all have.

use super::net::values;
use super::properties::{same, steps, text};
use super::rows::{Flag, Form, Plain};
use autograd_core::DType;

/// The options that all have act around the formula as they say.
pub(super) fn common(plain: &Plain) -> Result<(), String> {
    let one = |form: Form| {
        let (mut model, mut optimizer) = (plain.net(DType::F64), (plain.make)(form));
        optimizer.set("weight_decay", if matches!(form, Form::Cautious) { 0.5 } else { 0.0 }).map_err(text)?;
        steps(&mut model, &mut *optimizer, 0..1).map(|()| (values(&model), optimizer.lr()))
    };
    if (plain.make)(Form::Plain).describe(&[]).kind().starts_with("ScheduleFree") {
        let refused = |form: Form| one(form).is_err_and(|error| error.contains("away from their state"));
        return same(refused(Form::Proximal) && refused(Form::Cautious), true);
    }
    let before = values(&plain.net(DType::F64));
    let ((bare, lr), (proximal, _), (cautious, _)) = (one(Form::Plain)?, one(Form::Proximal)?, one(Form::Cautious)?);
    for (i, (p, p0)) in bare.iter().zip(&before).enumerate() {
        let shrunk = p.signum() * (p.abs() - lr * 0.5).max(0.0) / (1.0 + lr * 0.25);
        let decayed = if (p0 - p) * p0 >= 0.0 { p - lr * 0.5 * p0 } else { *p };
        for (what, got, expected) in [("proximal", proximal[i], shrunk), ("cautious", cautious[i], decayed)] {
            let near = (got - expected).abs() <= 1e-13;
            if !near {
                return Err(format!("{what}, element {i}: {got} instead of {expected}"));
            }
        }
    }
    Ok(())
}

type Row = (&'static [Flag], &'static str);

/// What each form of decay is called after its setters, in both orders and on the way back; `Default` is the name
/// without.
const FLAGS: [Row; 11] = [
    (&[Flag::Cautious(false)], "Default"),
    (&[Flag::Maximize(true), Flag::Maximize(false)], "Default"),
    (&[Flag::Cautious(true), Flag::Cautious(false)], "Default"),
    (&[Flag::Decoupled(true), Flag::Cautious(false)], "Decoupled"),
    (&[Flag::Cautious(false), Flag::Decoupled(true)], "Decoupled"),
    (&[Flag::Decoupled(false), Flag::Cautious(false)], "Coupled"),
    (&[Flag::Cautious(false), Flag::Decoupled(false)], "Coupled"),
    (&[Flag::Decoupled(true), Flag::Cautious(true)], "Cautious"),
    (&[Flag::Cautious(true), Flag::Decoupled(true)], "Cautious"),
    (&[Flag::Decoupled(false), Flag::Cautious(true)], "Cautious"),
    (&[Flag::Cautious(true), Flag::Decoupled(false)], "Cautious"),
];

/// An option that is set to what it is changes nothing, and no option takes another with it.
pub(super) fn flags(plain: &Plain) -> Result<(), String> {
    let of = |form: Form| (plain.make)(form).describe(&[]);
    let own = of(Form::Plain);
    let decay = own.options().find(|(name, _)| *name == "decay").map(|(_, value)| value.to_string());
    let Some(decay) = decay else { return Err(format!("{own} does not say the form of decay")) };
    for (flags, form) in FLAGS {
        let form = if form == "Default" { decay.as_str() } else { form };
        let expected = own.to_string().replace(&format!("decay: {decay}"), &format!("decay: {form}"));
        same(of(Form::Flags(flags)).to_string(), expected).map_err(|error| format!("{flags:?}: {error}"))?;
    }
    Ok(())
}
