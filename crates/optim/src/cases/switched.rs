//! The property of state that is switched while a parameter rests.

use super::net::{Net, grads, values};
use super::properties::{same, steps, text, through_a_file};
use super::rows::{Form, Plain};
use crate::Optimizer;
use autograd_core::DType;
use autograd_core::module::Module;

/// A number that is changed to 0 or from there, while a parameter rests, leaves a run that can be saved: momentum
/// switches state off and on so.
pub(super) fn switched(plain: &Plain) -> Result<(), String> {
    for (name, value) in (plain.make)(Form::Plain).hyperparameters() {
        let on = if value == 0.0 { 0.5 } else { value };
        for (from, to) in [(on, 0.0), (0.0, on)] {
            for (frozen, rests) in [(false, 0), (false, 2), (true, 2)] {
                let outcome = run(plain, name, [from, to], frozen, rests);
                outcome.map_err(|error| format!("{name} from {from} to {to}, frozen {frozen}: {error}"))?;
            }
        }
    }
    Ok(())
}

/// Steps, some of them without `hidden.weight` after the change, and others from there and from a file.
fn run(plain: &Plain, name: &str, [from, to]: [f64; 2], frozen: bool, rests: usize) -> Result<(), String> {
    let make = |value: f64| {
        let mut optimizer = (plain.make)(Form::Plain);
        optimizer.set(name, value).map_err(text)?;
        Ok::<_, String>(Some(optimizer).filter(|optimizer| optimizer.check().is_ok()))
    };
    // What is out of range is none to change to.
    let (Some(mut optimizer), Some(mut again)) = (make(from)?, make(to)?) else { return Ok(()) };
    let mut model = plain.net(DType::F64);
    steps(&mut model, &mut *optimizer, 0..2)?;
    optimizer.set(name, to).map_err(text)?;
    if frozen {
        model.freeze("hidden.weight").map_err(text)?;
    }
    for k in 2..2 + rests {
        let mut given = grads(&model, k, 1.0);
        given.take(&model.0[0].1);
        optimizer.step(&mut model, &given).map_err(text)?;
    }
    again.load_state_dict(&through_a_file(&optimizer.state_dict())?).map_err(text)?;
    if frozen {
        model.unfreeze("hidden.weight").map_err(text)?;
    }
    let mut other = model.clone();
    steps(&mut model, &mut *optimizer, 4..6)?;
    steps(&mut other, &mut *again, 4..6)?;
    // In bits: settings of 0 may make numbers that are none.
    let bits = |net: &Net| values(net).into_iter().map(f64::to_bits).collect::<Vec<_>>();
    same(bits(&model), bits(&other))?;
    let both = [&optimizer, &again].map(|o| o.state_dict().to_safetensors().map_err(text));
    same(&both[0], &both[1])
}
