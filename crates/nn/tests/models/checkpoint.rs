//! Layers that are run again in backward: their gradients, random numbers and buffers.

use autograd_core::module::{Buffer, ItemMut, Module as _, Path, stream_positions};
use autograd_core::{Capture, DType, Gradients, Tensor, grad, seeded};
use wengert_nn::{Dropout, Hooked, Layer, Linear, Module, Result, Sequential, Tanh, checkpoint, sequential};

/// A layer that reads a buffer and then sets it, as normalisation does.
#[derive(Clone, Module)]
struct Running {
    mean: Buffer,
}

impl Layer for Running {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mean = self.mean.get();
        self.mean.set(mean.try_add(&x.detach().mean()?)?);
        x.try_sub(&mean)
    }
}

fn model() -> Result<Sequential> {
    let mut rng = seeded(3);
    let running = Running { mean: Buffer::new(Tensor::scalar(0.5f64)) };
    let dropout = Dropout::new(0.5, &mut rng)?;
    let mut model = sequential![
        Linear::new(3, 8, &mut rng)?,
        Tanh,
        dropout,
        running,
        sequential![Linear::new(8, 4, &mut rng)?, Tanh, Dropout::new(0.25, &mut rng)?],
    ];
    model.to_dtype(DType::F64).expect("it fits");
    Ok(model)
}

fn batch(seed: u64) -> Tensor {
    Tensor::randn(&[5, 3], DType::F64, &mut seeded(seed)).expect("small")
}

fn of_all(model: &Sequential, x: &Tensor, grads: &Gradients) -> Vec<Vec<f64>> {
    let parameters = model.parameters();
    let all = parameters.iter().map(|param| grads.get(param)).chain([grads.get(x)]);
    all.map(|g| g.expect("it takes part").to_f64s()).collect()
}

fn buffer(model: &Sequential) -> Vec<f64> {
    model.state_dict().get("3.mean").expect("the buffer").to_f64s()
}

#[test]
fn gradients_streams_and_buffers_are_those_of_a_plain_run() -> Result<()> {
    let (plain, again) = (model()?, model()?);
    let (x, other_x) = (batch(1).requires_grad(), batch(1).requires_grad());
    for step in 0..3 {
        let (y, other_y) = (plain.forward(&x)?.square().sum(), checkpoint(&again, &other_x)?.square().sum());
        assert_eq!((y.to_f64s(), buffer(&plain)), (other_y.to_f64s(), buffer(&again)), "step {step}");
        let (g, other_g) = (y.backward()?, other_y.backward()?);
        let (g, other_g) = (of_all(&plain, &x, &g), of_all(&again, &other_x, &other_g));
        assert_eq!(g, other_g, "step {step}");
        assert_eq!((buffer(&plain), stream_positions(&plain)), (buffer(&again), stream_positions(&again)));
    }
    Ok(())
}

#[test]
fn second_derivatives_are_those_of_a_plain_run() -> Result<()> {
    let slopes = |with: bool| -> Result<Vec<f64>> {
        let model = model()?;
        let x = batch(1).requires_grad();
        let y = if with { checkpoint(&model, &x)? } else { model.forward(&x)? }.square().sum();
        let [g] = grad(&y, [&x])?;
        let penalty = g.square().sum();
        Ok(model
            .parameters()
            .iter()
            .flat_map(|param| grad(&penalty, [*param]).expect("it takes part")[0].to_f64s())
            .collect())
    };
    let (got, want) = (slopes(true)?, slopes(false)?);
    assert!(got.len() > 50 && got.iter().zip(&want).all(|(a, b)| (a - b).abs() < 1e-11 * (1.0 + b.abs())));
    Ok(())
}

#[test]
fn a_model_may_be_updated_before_the_walk() -> Result<()> {
    let mut model = model()?;
    let x = batch(1).requires_grad();
    let (y, clone) = (checkpoint(&model, &x)?.square().sum(), model.clone());
    let want = {
        let fresh = self::model()?;
        let y = fresh.forward(&x)?.square().sum();
        of_all(&fresh, &x, &y.backward()?)
    };
    model.visit_mut(&Path::root(), &mut |_, item| {
        if let ItemMut::Param(param) = item {
            param.set(param.detach().mul_scalar(3.0)).expect("the same kind");
        }
    });
    let got = of_all(&model, &x, &y.backward()?);
    assert_eq!((got, clone.parameters().len()), (want, 4));
    Ok(())
}

#[test]
fn captured_steps_have_the_bits_of_plain_ones() -> Result<()> {
    let step = |y: Tensor| -> Result<Vec<Tensor>> {
        let grads = y.square().sum().backward()?;
        Ok(grads.iter().cloned().chain([y]).collect())
    };
    let again = |model: &Sequential, [x]: [&Tensor; 1]| step(checkpoint(model, x)?);
    let (plain, captured, direct) = (model()?, model()?, model()?);
    let mut capture = Capture::new(again);
    let mut capture_direct = Capture::new(|model: &Sequential, [x]: [&Tensor; 1]| step(model.forward(x)?));
    for i in 0..4 {
        let x = batch(10 + i);
        let want: Vec<Vec<f64>> = again(&plain, [&x])?.iter().map(Tensor::to_f64s).collect();
        let _ = capture_direct.run(&direct, [&x])?;
        let got: Vec<Vec<f64>> = capture.run(&captured, [&x])?.iter().map(Tensor::to_f64s).collect();
        assert_eq!((got, buffer(&captured)), (want, buffer(&plain)), "step {i}");
        assert_eq!(stream_positions(&captured), stream_positions(&plain));
    }
    assert_eq!(capture.stats().replays, capture_direct.stats().replays);
    assert!(capture.stats().replays > 0);
    Ok(())
}

/// A layer that sets a buffer and then reads it.
#[derive(Clone, Module)]
struct Counted {
    n: Buffer,
}

impl Layer for Counted {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.n.set(self.n.get() + 1.0);
        x.try_mul(&self.n.get())
    }
}

#[test]
fn a_layer_sees_what_it_has_set_when_it_runs_again() -> Result<()> {
    // The second of them is called twice.
    let counted = || Counted { n: Buffer::new(Tensor::scalar(0.0f64)) };
    let twice = |layer: &Counted, x: &Tensor| layer.forward(&layer.forward(x)?.square());
    let slope = |y: Tensor, x: &Tensor| Ok::<_, wengert_nn::Error>(y.backward()?.get(x).expect("a leaf").to_f64s());
    let x = Tensor::scalar(3.0f64).requires_grad();
    let (plain, again) = (counted(), counted());
    for step in 0..3 {
        let (want, got) = (slope(plain.forward(&x)?, &x)?, slope(checkpoint(&again, &x)?, &x)?);
        assert_eq!(got, want, "step {step}");
    }
    #[derive(Clone, Module)]
    struct Twice {
        #[module(flatten)]
        layer: Counted,
    }
    impl Layer for Twice {
        fn forward(&self, x: &Tensor) -> Result<Tensor> {
            self.layer.forward(&self.layer.forward(x)?.square())
        }
    }
    let (plain, again) = (counted(), Twice { layer: counted() });
    for step in 0..3 {
        let (want, got) = (slope(twice(&plain, &x)?, &x)?, slope(checkpoint(&again, &x)?, &x)?);
        assert_eq!(got, want, "twice, step {step}");
        assert_eq!(again.layer.n.get().to_f64s(), plain.n.get().to_f64s());
    }
    Ok(())
}

#[test]
fn hooks_that_change_an_output_change_its_gradient() -> Result<()> {
    #[derive(Clone, Module)]
    struct Again {
        #[module(flatten)]
        inner: Sequential,
    }
    impl Layer for Again {
        fn forward(&self, x: &Tensor) -> Result<Tensor> {
            checkpoint(&self.inner, x)
        }
    }
    let linear = Linear::from_tensors(Tensor::from([[3.0]]), None)?;
    let mut model = Hooked::new(Again { inner: sequential![linear, Tanh] });
    model.hook("zero", "0", |call| Ok(Some(call.output * 0.0)))?;
    let x = Tensor::from([[1.0]]).requires_grad();
    let y = model.forward(&x)?;
    // No hook sees the walk itself, nor another model while it goes on.
    assert_eq!((y.to_f64s(), y.sum().backward()?.get(&x).expect("a leaf").to_f64s()), (vec![0.0], vec![0.0]));
    Ok(())
}
