//! Layers with computed parameters, where something else runs them: checkpoints, hooks, other parameters, summaries.

use autograd_core::module::{Module, StateDict};
use autograd_core::{DType, Tensor, grad, seeded};
use std::sync::{Arc, Mutex};
use wengert_nn::{
    Conv2d, Dropout, Embedding, Hooked, Layer, LazyLinear, Linear, LinearOptions, Lora, Orthogonal, Result,
    SpectralNorm, Tanh, WeightNorm, WeightNormOptions, checkpoint, functional_call, init, materialize, sequential,
    summary,
};

fn values(module: &impl Module) -> Vec<Vec<f64>> {
    module.state_dict().iter().map(|(_, x)| x.to_f64s()).collect()
}

/// The power iteration takes its step once, and the second run uses the same vectors.
#[test]
fn a_checkpoint_takes_one_step_of_the_power_iteration() -> Result<()> {
    let mut rng = seeded(7);
    // Of a large matrix: the vectors of a small one stay where they are, as the steps of `new` have found them.
    let layer = SpectralNorm::new(Linear::new(30, 20, &mut rng)?, &mut rng)?;
    let plain = layer.clone();
    let x = Tensor::randn(&[4, 30], DType::F32, &mut rng)?;
    let before = values(&layer);
    let (y, want) = (checkpoint(&layer, &x)?, plain.forward(&x)?);
    assert_eq!(y.to_f64s(), want.to_f64s());
    let gradients = |loss: Tensor, layer: &SpectralNorm<Linear>| -> Result<Vec<Vec<f64>>> {
        let gradients = loss.square().sum().backward()?;
        Ok(layer.parameters().iter().filter_map(|param| gradients.get(param)).map(Tensor::to_f64s).collect())
    };
    let (got, want) = (gradients(y, &layer)?, gradients(want, &plain)?);
    assert_eq!((got.len(), &got), (2, &want));
    assert!(values(&layer) == values(&plain) && values(&layer) != before);
    Ok(())
}

#[test]
fn hooks_and_errors_know_the_places_inside() -> Result<()> {
    let mut rng = seeded(7);
    let model = sequential![Linear::new(3, 2, &mut rng)?, Tanh];
    let model = WeightNorm::with(model, WeightNormOptions::new().name("0.weight"))?;
    let mut model = Hooked::new(sequential![model, Linear::new(2, 1, &mut rng)?]);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    model.hook("see", "0.1", move |call| {
        log.lock().expect("no panic").push((call.place.to_string(), call.kind, call.output.shape().to_vec()));
        Ok(None)
    })?;
    assert_eq!(model.forward(&Tensor::from([[1.0, 2.0, 3.0]]))?.shape(), [1, 1]);
    assert_eq!(*seen.lock().expect("no panic"), [("0.1".to_string(), "Tanh", vec![1, 2])]);
    let error = model.forward(&Tensor::from([[1.0]])).expect_err("one feature").to_string();
    assert_eq!(error, "in 0.0 (Linear): linear: inner dimensions differ: [1, 1] × [3, 2] (1 ≠ 3)");
    Ok(())
}

/// A derivative with respect to the originals, given from outside, is that with respect to its own.
#[test]
fn originals_can_be_given_from_outside() -> Result<()> {
    let mut rng = seeded(7);
    let layer = WeightNorm::new(Linear::new(3, 2, &mut rng)?)?;
    let x = Tensor::randn(&[4, 3], DType::F32, &mut rng)?;
    let state: StateDict =
        layer.named_parameters().into_iter().map(|(name, param)| (name, param.detach().requires_grad())).collect();
    let given: Vec<&Tensor> = state.iter().map(|(_, x)| x).collect();
    let own: Vec<&Tensor> = layer.parameters().into_iter().map(|param| &**param).collect();
    let got = grad(&functional_call(&layer, &state, &x)?.square().sum(), &given)?;
    let want = grad(&layer.forward(&x)?.square().sum(), &own)?;
    got.iter().zip(&want).for_each(|(got, want)| assert_eq!(got.to_f64s(), want.to_f64s()));
    Ok(())
}

/// One row for the layer with its work, and one for the parameters of its parametrisation.
#[test]
fn a_summary_counts_what_there_is() -> Result<()> {
    let mut rng = seeded(7);
    let inner = sequential![Lora::new(Linear::new(4, 3, &mut rng)?, 1, &mut rng)?, Dropout::new(0.5, &mut rng)?];
    let summary = summary(&inner, &[4])?;
    let rows: Vec<(&str, &str, usize)> =
        summary.rows.iter().map(|row| (row.name.as_str(), row.kind.as_str(), row.parameters)).collect();
    assert_eq!(
        rows,
        [
            ("0.parametrizations.weight", "", 12),
            ("0.parametrizations.weight.0", "", 7),
            ("0", "Lora", 3),
            ("1", "Dropout", 0)
        ]
    );
    assert_eq!(summary.trainable, 7);
    let conv = WeightNorm::new(Conv2d::new(1, 2, 3, &mut rng)?)?;
    assert_eq!(format!("{conv:?}").split(' ').next(), Some("WeightNorm"));
    Ok(())
}

#[test]
fn a_parameter_that_is_tied_to_another_layer_is_not_made_the_original() -> Result<()> {
    let rng = &mut seeded(7);
    let embedding = Embedding::new(2, 2, rng)?;
    let mut head = Linear::new(2, 2, rng)?;
    head.weight = embedding.weight.tie();
    let before = embedding.weight.to_f64s();
    let error = Orthogonal::new(head).expect_err("refused").to_string();
    let text = "\"weight\" is tied to a parameter outside of the layer, which would become the original of this one";
    assert_eq!(error, format!("Orthogonal: {text}; give the layer a parameter of its own"));
    assert_eq!(embedding.weight.to_f64s(), before);
    Ok(())
}

#[test]
fn a_lazy_layer_inside_is_not_made_in_silence() -> Result<()> {
    let rng = &mut seeded(7);
    let inner = sequential![Linear::new(3, 4, rng)?, LazyLinear::new(2, rng)];
    let mut model = WeightNorm::with(inner, WeightNormOptions::new().name("0.weight"))?;
    let error = materialize(&mut model, &Tensor::ones(&[1, 3], DType::F32)?).expect_err("left").to_string();
    assert!(error.starts_with("materialize: the LazyLinear at \"1\" has not run, or as a copy"), "{error}");
    Ok(())
}

#[test]
fn an_initialiser_that_gives_something_else_is_refused() -> Result<()> {
    let rng = &mut seeded(7);
    #[derive(Debug)]
    struct Other(DType, &'static [usize]);
    impl init::Initializer for Other {
        fn tensor(&self, _: &[usize], _: DType, _: &mut dyn rand::Rng) -> Result<Tensor> {
            Tensor::zeros(self.1, self.0)
        }
    }
    let text = |other: Other| {
        let options = LinearOptions::new().weight(other);
        Linear::with(4, 8, options, &mut seeded(7)).expect_err("refused").to_string()
    };
    assert_eq!(text(Other(DType::F32, &[8, 5])), "Linear: weight has shape [8, 5], expected [8, 4]");
    assert_eq!(text(Other(DType::F64, &[8, 4])), "Linear: dtype is F64, expected F32; to_dtype converts");
    let right = LinearOptions::new().weight(Other(DType::F32, &[8, 4]));
    assert_eq!(Linear::with(4, 8, right, rng)?.weight.to_f64s(), [0.0; 32]);
    Ok(())
}
