//! The properties of what must not move.

use super::net::{grads, net, values};
use super::properties::{same, steps, text};
use super::rows::{Form, Plain};
use autograd_core::module::Module;
use autograd_core::{DType, Tensor};

/// A parameter that is frozen between steps stays to the bit, whatever is done around the steps, and moves on
/// afterwards.
pub(super) fn frozen(plain: &Plain) -> Result<(), String> {
    for begin in 0..4 {
        let (mut model, mut optimizer) = (plain.net(DType::F64), (plain.make)(Form::Plain));
        steps(&mut model, &mut *optimizer, 0..begin)?;
        model.freeze("hidden.weight").map_err(text)?;
        let frozen = model.0[0].1.to_f64s();
        for k in begin..begin + 7 {
            let mut given = grads(&model, k, 1.0);
            given.take(&model.0[1].1);
            let report = optimizer.step(&mut model, &given).map_err(text)?;
            same((report.updated, report.missing), (2, vec!["hidden.bias".to_string()]))?;
            same(model.0[0].1.to_f64s(), frozen.clone()).map_err(|e| format!("frozen before step {begin}: {e}"))?;
        }
        model.unfreeze("hidden.weight").map_err(text)?;
        steps(&mut model, &mut *optimizer, 20..24)?;
        same(model.0[0].1.to_f64s() == frozen, false)?;
    }
    Ok(())
}

/// A first step that is refused leaves nothing of its learning rate behind.
pub(super) fn refused_first_step(plain: &Plain) -> Result<(), String> {
    let run = |refused: bool| {
        let (mut model, mut optimizer) = (plain.net(DType::F64), (plain.make)(Form::Grouped));
        if refused {
            let mut misfit = grads(&model, 0, 1.0);
            let other = Tensor::zeros(&[7], DType::F64).map_err(text)?;
            misfit.insert(&model.0[3].1, other).map_err(text)?;
            optimizer.set_lr(optimizer.lr() * 8.0);
            same(optimizer.step(&mut model, &misfit).is_err(), true)?;
            optimizer.set_lr(optimizer.lr() / 8.0);
        }
        steps(&mut model, &mut *optimizer, 0..3)?;
        Ok::<_, String>((values(&model), optimizer.state_dict().to_safetensors().map_err(text)?))
    };
    same(run(true)?, run(false)?)
}

/// Steps of a rate too small to be seen are steps of none: schedules end there.
pub(super) fn rates_near_0(plain: &Plain) -> Result<(), String> {
    for (dtype, rates) in [(DType::F32, [1e-36, 1e-42, 1e-300]), (DType::F64, [1e-36, 1e-300, 5e-324])] {
        let (mut model, mut optimizer) = (plain.net(dtype), (plain.make)(Form::Plain));
        steps(&mut model, &mut *optimizer, 0..3)?;
        let state = optimizer.state_dict();
        let after = |rate: f64| {
            let (mut model, mut optimizer) = (model.clone(), (plain.make)(Form::Plain));
            optimizer.load_state_dict(&state).map_err(text)?;
            optimizer.set_lr(rate);
            steps(&mut model, &mut *optimizer, 3..5).map(|()| values(&model))
        };
        let expected = after(0.0)?;
        // The place that FTRL's state describes depends on the rate, and is 0 in the end.
        let is_place = plain.keeps.contains(&"linear");
        for rate in rates {
            for (i, (got, expected)) in after(rate)?.iter().zip(&expected).enumerate() {
                let near = (got - expected).abs() <= 1e-6 || is_place && got.abs() <= expected.abs();
                if !near {
                    return Err(format!("{dtype}, rate {rate:e}, element {i}: {got} instead of {expected}"));
                }
            }
        }
    }
    Ok(())
}

/// A parameter without elements is no reason to fail.
pub(super) fn without_elements(plain: &Plain) -> Result<(), String> {
    for empty in [&[3, 0][..], &[0, 3]] {
        let (mut model, mut optimizer) =
            (net(&[("whole", &[2, 3]), ("empty", empty)], DType::F32), (plain.make)(Form::Plain));
        let before = values(&model);
        steps(&mut model, &mut *optimizer, 0..3)?;
        let after = values(&model);
        same(after.iter().all(|x| x.is_finite()), true)?;
        same((after.len(), after != before), (6, true))?;
    }
    Ok(())
}
