//! The table of a model's layers.

use autograd_core::module::{Buffer, Module as _};
use autograd_core::{DType, Tensor, seeded};
use wengert_nn::{Dropout, Layer, Linear, Module, PReLU, Result, Tanh, sequential, summary, summary_of};

fn rows(model: &impl Layer, shape: &[usize]) -> Result<Vec<(String, String, String, usize)>> {
    let table = summary(model, shape)?;
    Ok(table.rows.into_iter().map(|row| (row.name, row.kind, row.output, row.parameters)).collect())
}

fn row(name: &str, kind: &str, output: &str, parameters: usize) -> (String, String, String, usize) {
    (name.into(), kind.into(), output.into(), parameters)
}

#[test]
fn nested_layers_have_rows_of_their_own() -> Result<()> {
    let rng = &mut seeded(0);
    let mut model =
        sequential![sequential![Linear::new(3, 4, rng)?, Tanh], PReLU::default(), Linear::no_bias(4, 2, rng)?];
    let expected = [
        row("0.0", "Linear", "[N, 4]", 16),
        row("0.1", "Tanh", "[N, 4]", 0),
        row("1", "PReLU", "[N, 4]", 1),
        row("2", "Linear", "[N, 2]", 8),
    ];
    assert_eq!(rows(&model, &[3])?, expected);
    model.freeze("0");
    let table = summary(&model, &[3])?;
    assert_eq!((table.trainable, table.frozen, table.bytes), (9, 16, 100));
    Ok(())
}

#[derive(Module)]
struct Untold {
    first: Linear,
    second: Linear,
    scale: Buffer,
}

impl Layer for Untold {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.scale.set(self.scale.get().add_scalar(1.0));
        self.second.forward(&self.first.forward(x)?)
    }
}

#[test]
fn a_layer_that_does_not_tell_its_parts_shows_its_parameters() -> Result<()> {
    let rng = &mut seeded(0);
    let first = Linear::new(3, 4, rng)?;
    let model = Untold { first, second: Linear::new(4, 2, rng)?, scale: Buffer::new(Tensor::from(0.0)) };
    let expected = [row("first", "", "", 16), row("second", "", "", 10), row("", "Untold", "[N, 2]", 0)];
    assert_eq!(rows(&model, &[3])?, expected);
    assert_eq!(model.scale.get().item::<f32>()?, 0.0, "the buffer is as it was");
    assert_eq!(summary(&model, &[3])?.bytes, 27 * 4);
    Ok(())
}

#[test]
fn the_model_draws_afterwards_as_if_nothing_had_been() -> Result<()> {
    let model = sequential![Dropout::new(0.5, &mut seeded(0))?];
    let (x, twin) = (Tensor::ones(&[64], DType::F32)?, model.clone());
    summary(&model, &[5])?;
    assert_eq!(model.forward(&x)?.to_vec::<f32>()?, twin.forward(&x)?.to_vec::<f32>()?);
    Ok(())
}

#[test]
fn an_input_can_be_given() -> Result<()> {
    let model = sequential![Linear::new(3, 2, &mut seeded(0))?];
    let table = summary_of(&model, &Tensor::zeros(&[7, 5, 3], DType::F32)?)?;
    assert_eq!(table.rows[0].output, "[7, 5, 2]");
    Ok(())
}

#[test]
fn an_input_that_does_not_fit_is_refused() -> Result<()> {
    let model = sequential![Tanh, Linear::new(3, 2, &mut seeded(0))?];
    let error = summary(&model, &[4]).expect_err("four features, not three");
    assert_eq!(error.to_string(), "in 1 (Linear): linear: inner dimensions differ: [2, 4] × [3, 2] (4 ≠ 3)");
    Ok(())
}
