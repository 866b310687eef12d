//! The properties of weights to evaluate at.

use super::net::{grads, slope, values};
use super::properties::{same, steps, text, through_a_file};
use super::rows::{Form, Plain, Scalar};
use autograd_core::DType;

/// They are those of the formula, whatever the optimizer is asked between steps, and the weights to train come back to
/// the bit, through a file, too.
pub(super) fn evaluated(plain: &Plain) -> Result<(), String> {
    let (mut model, mut optimizer) = (plain.net(DType::F64), (plain.make)(Form::Plain));
    let (mut other, mut reference) = (plain.net(DType::F64), (plain.make)(Form::Plain));
    let start = |p: f64| Scalar { p, ..Scalar::default() };
    let mut by_hand: Vec<Scalar> = values(&model).into_iter().map(start).collect();
    for k in 0..4 {
        let trained = values(&model);
        for _ in 0..2 {
            optimizer.eval(&mut model).map_err(text)?;
            for (got, s) in values(&model).into_iter().zip(&by_hand).filter(|_| !plain.coupled) {
                let expected = if k == 0 { s.p } else { (plain.evaluates)(s) };
                let near = expected.is_finite() && (got - expected).abs() <= 1e-12 * expected.abs().max(1.0);
                if !near {
                    return Err(format!("step {k}: {got} instead of {expected}"));
                }
            }
        }
        let shown = values(&model);
        if shown != trained {
            let before = optimizer.state_dict().to_safetensors().map_err(text)?;
            let given = grads(&model, k, 1.0);
            let error = optimizer.step(&mut model, &given).err().map(text).unwrap_or_default();
            let words =
                ": the model has the weights to evaluate at, and a step needs those to train; train puts them back";
            same(error.ends_with(words), true)?;
            same(optimizer.state_dict().to_safetensors().map_err(text)?, before)?;
        }
        // What was saved while evaluating goes on.
        let state = through_a_file(&optimizer.state_dict())?;
        optimizer = (plain.make)(Form::Plain);
        optimizer.load_state_dict(&state).map_err(text)?;
        let mut changed = model.clone();
        optimizer.train(&mut model).map_err(text)?;
        same(values(&model), trained.clone())?;
        optimizer.train(&mut model).map_err(text)?;
        same(values(&model), trained.clone())?;
        // A parameter that was changed meanwhile keeps its value.
        let mut again = (plain.make)(Form::Plain);
        again.load_state_dict(&state).map_err(text)?;
        changed.0[0].1.set(model.0[0].1.zeros_like()).map_err(text)?;
        again.train(&mut changed).map_err(text)?;
        same(&values(&changed)[..6], &[0.0; 6][..])?;
        if shown != trained {
            same(&values(&changed)[6..], &trained[6..])?;
        }
        steps(&mut model, &mut *optimizer, k..k + 1)?;
        steps(&mut other, &mut *reference, k..k + 1)?;
        same(values(&model), values(&other))?;
        let both = [&optimizer, &reference].map(|o| o.state_dict().to_safetensors().map_err(text));
        same(&both[0], &both[1])?;
        if !plain.coupled {
            let mut at = 0;
            for (_, param) in &model.0 {
                for i in 0..param.numel() {
                    let mut whole = by_hand[at].whole();
                    whole.t += 1.0;
                    (plain.formula)(&mut whole, &[slope(i, k)]);
                    by_hand[at] = whole.scalar();
                    at += 1;
                }
            }
        }
    }
    Ok(())
}
