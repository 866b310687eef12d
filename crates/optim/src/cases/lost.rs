//! The property of state that a file has lost.

use super::properties::{same, steps, text};
use super::rows::{Form, Plain};
use autograd_core::DType;
use autograd_core::module::{StateMismatch, StateProblem};

/// Whatever is missing is reported, by its name, and nothing is loaded. Without its count of steps a parameter that has
/// nothing else is one that has made none.
pub(super) fn lost(plain: &Plain) -> Result<(), String> {
    let (mut model, mut optimizer) = (plain.net(DType::F64), (plain.make)(Form::Plain));
    steps(&mut model, &mut *optimizer, 0..2)?;
    let state = optimizer.state_dict();
    for key in state.iter().map(|(key, _)| key).filter(|key| !key.ends_with(".step")) {
        let (mut rest, mut again) = (state.clone(), (plain.make)(Form::Plain));
        rest.remove(key);
        let before = again.state_dict().to_safetensors().map_err(text)?;
        let Err(error) = again.load_state_dict(&rest) else { return Err(format!("loaded without {key}")) };
        let problems = error.detail::<StateMismatch>().map(|mismatch| mismatch.problems.as_slice());
        // An optimizer inside does not know what stands before its names.
        let Some([StateProblem::Missing(name)]) = problems else { return Err(format!("without {key}: {error}")) };
        same((key.trim_start_matches("inner."), name.as_str()), (name.as_str(), name.as_str()))?;
        same(again.state_dict().to_safetensors().map_err(text)?, before)?;
    }
    Ok(())
}
