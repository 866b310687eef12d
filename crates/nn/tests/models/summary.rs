//! The table of a model's layers.

use autograd_core::module::{Buffer, Module as _, Param, stream_positions};
use autograd_core::{DType, Tensor, seeded};
use wengert_nn::{
    Conv2d, ConvOptions, Dropout, Flatten, Layer, Linear, LinearOptions, Module, PReLU, Result, Sequential, Tanh,
    sequential, summary, summary_of,
};

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
    let last = Linear::with(4, 2, LinearOptions::new().bias(false), rng)?;
    let mut model = sequential![sequential![Linear::new(3, 4, rng)?, Tanh], PReLU::new(), last];
    let expected = [
        row("0.0", "Linear", "[N, 4]", 16),
        row("0.1", "Tanh", "[N, 4]", 0),
        row("1", "PReLU", "[N, 4]", 1),
        row("2", "Linear", "[N, 2]", 8),
    ];
    assert_eq!(rows(&model, &[3])?, expected);
    assert!(model.freeze("0").is_ok());
    let table = summary(&model, &[3])?;
    assert_eq!((table.trainable, table.frozen, table.bytes), (9, 16, 100));
    Ok(())
}

#[derive(Clone, Module)]
struct Silent {
    first: Linear,
    second: Linear,
    scale: Buffer,
}

impl Layer for Silent {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.scale.set(self.scale.get().add_scalar(1.0));
        self.second.forward(&self.first.forward(x)?)
    }
}

#[test]
fn parts_that_are_not_called_show_their_parameters() -> Result<()> {
    let rng = &mut seeded(0);
    let first = Linear::new(3, 4, rng)?;
    let model = Silent { first, second: Linear::new(4, 2, rng)?, scale: Buffer::new(Tensor::from(0.0)) };
    let expected = [row("first", "", "", 16), row("second", "", "", 10), row("", "Silent", "[N, 2]", 0)];
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

/// Calls one part twice, runs one without `call`, and has a parameter of its own.
#[derive(Module)]
struct Mixed {
    twice: Linear,
    silent: Linear,
    scale: Param,
}

impl Layer for Mixed {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let h = self.twice.call("twice", &self.twice.call("twice", x)?)?;
        self.silent.forward(&h)?.try_mul(&self.scale)
    }
}

#[test]
fn a_parameter_counts_once() -> Result<()> {
    let rng = &mut seeded(0);
    let model = Mixed {
        twice: Linear::new(3, 3, rng)?,
        silent: Linear::new(3, 2, rng)?,
        scale: Param::new(Tensor::from([2.0])).expect("floats"),
    };
    let expected = [
        row("twice", "Linear", "[N, 3]", 12),
        row("twice", "Linear", "[N, 3]", 0),
        row("silent", "", "", 8),
        row("", "Mixed", "[N, 2]", 1),
    ];
    assert_eq!(rows(&model, &[3])?, expected);
    Ok(())
}

/// Has a part, and a parameter of its own.
#[derive(Module)]
struct Scaled {
    part: Linear,
    scale: Param,
}

impl Layer for Scaled {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.part.call("part", x)?.try_mul(&self.scale)
    }
}

#[derive(Module)]
struct Twice {
    scaled: Scaled,
}

impl Layer for Twice {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.scaled.call("scaled", &self.scaled.call("scaled", x)?)
    }
}

#[test]
fn what_is_used_twice_has_two_rows() -> Result<()> {
    let scaled = Scaled {
        part: Linear::new(3, 3, &mut seeded(0))?,
        scale: Param::new(Tensor::from([2.0])).expect("a fresh value"),
    };
    let both = |part: usize, own: usize| {
        [row("scaled.part", "Linear", "[N, 3]", part), row("scaled", "Scaled", "[N, 3]", own)]
    };
    assert_eq!(rows(&Twice { scaled }, &[3])?, [both(12, 1), both(0, 0)].concat());
    Ok(())
}

/// Makes a summary of its part while it runs, and may fail or panic.
#[derive(Clone, Module)]
struct Inspector {
    part: Sequential,
    panics: bool,
}

impl Layer for Inspector {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let inner = summary_of(&self.part, x)?;
        assert_eq!(inner.rows.len(), self.part.len());
        assert!(summary_of(&self.part, &Tensor::zeros(&[1, 7], DType::F32)?).is_err());
        let y = self.part.call("part", x)?;
        assert!(!self.panics, "on demand");
        Ok(y)
    }
}

#[test]
fn summaries_nest_and_a_failed_one_leaves_no_trace() -> Result<()> {
    let part = sequential![Linear::new(3, 3, &mut seeded(0))?, Tanh];
    let calm = sequential![Inspector { part: part.clone(), panics: false }, Tanh];
    let expected =
        [row("0.part.0", "Linear", "[N, 3]", 12), row("0.part.1", "Tanh", "[N, 3]", 0), row("1", "Tanh", "[N, 3]", 0)];
    assert_eq!(rows(&calm, &[3])?, expected);
    assert!(summary(&calm, &[4]).is_err());
    let angry = sequential![Dropout::new(0.5, &mut seeded(0))?, Inspector { part, panics: true }];
    let drawn = stream_positions(&angry);
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| summary(&angry, &[3]))).expect_err("on demand");
    assert_eq!(stream_positions(&angry), drawn);
    assert_eq!(rows(&calm, &[3])?, expected);
    Ok(())
}

/// Multiplies by itself, without a parameter, and calls a part.
#[derive(Module)]
struct Scores {
    part: Linear,
}

impl Layer for Scores {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let h = self.part.call("part", x)?;
        h.matmul(&h.transpose(0, 1)?)
    }
}

#[test]
fn multiply_adds_count_where_they_are_done_for_one_sample() -> Result<()> {
    let rng = &mut seeded(0);
    let convolution = Conv2d::with(2, 4, 3, ConvOptions::new().padding(1).groups(2), rng)?;
    let table = summary(&sequential![convolution, Flatten::new(), Linear::new(4 * 25, 7, rng)?], &[2, 5, 5])?;
    let work: Vec<u64> = table.rows.iter().map(|row| row.multiply_adds).collect();
    assert_eq!(work, [4 * 25 * 9, 0, 700]);
    assert_eq!((table.multiply_adds, table.rows[2].bytes), (1600, 4 * 707));
    // A whole input counts as it is; what a layer does besides its parts is its own.
    let table = summary_of(&Scores { part: Linear::new(3, 4, rng)? }, &Tensor::zeros(&[5, 3], DType::F32)?)?;
    let work: Vec<_> = table.rows.iter().map(|row| (row.name.as_str(), row.multiply_adds)).collect();
    assert_eq!(work, [("part", 60), ("", 100)]);
    Ok(())
}

#[test]
fn each_thread_records_its_own() -> Result<()> {
    let model = sequential![Linear::new(3, 3, &mut seeded(0))?, sequential![Tanh, Linear::new(3, 1, &mut seeded(0))?]];
    let alone = rows(&model, &[3])?;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| (0..20).map(|_| rows(&model, &[3])).collect())).collect();
        for thread in threads {
            let all: Result<Vec<_>> = thread.join().expect("no panic");
            assert!(all?.iter().all(|rows| *rows == alone));
        }
        Ok(())
    })
}
