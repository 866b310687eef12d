//! The training steps that `benches/training.rs` and `examples/steps.rs` time, as users write them.
//!
//! Each function builds a model, a batch of random numbers and an optimizer, and returns the step: forward pass, loss,
//! backward pass, update. The networks are those of `benches/peers/README.md`.

use std::error::Error;
use wengert::core::module::Param;
use wengert::data::{DataLoader, TensorDataset};
use wengert::nn::{Layer, Linear, ReLU, Sequential, Tanh, cross_entropy, mse_loss, sequential};
use wengert::optim::{Adam, Optimizer, Sgd};
use wengert::{Capture, DType, Gradients, Tensor, seeded};

pub type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

/// One step, with everything it needs.
pub type Step = Box<dyn FnMut() -> Result>;

/// A function that sets a step up.
pub type Setup = fn() -> Result<Step>;

/// 784-256(ReLU)-10, batch 256, mean cross-entropy, SGD.
pub fn mlp_fashion() -> Result<Step> {
    let images = fashion_images(256)?;
    Ok(eager(Training {
        model: fashion_model()?,
        x: images.x,
        t: images.y,
        loss: cross_entropy,
        optimizer: Sgd::new(0.1),
    }))
}

/// [`mlp_fashion`], captured.
pub fn mlp_fashion_replay() -> Result<Step> {
    let images = fashion_images(256)?;
    Ok(captured(Training {
        model: fashion_model()?,
        x: images.x,
        t: images.y,
        loss: cross_entropy,
        optimizer: Sgd::new(0.1),
    }))
}

/// The five matrix products of that step and nothing else: no implementation of the step can be faster.
pub fn mlp_fashion_gemm() -> Result<Step> {
    let mut rng = seeded(7);
    let mut random = |shape: &[usize]| Tensor::randn(shape, DType::F32, &mut rng);
    let (x, w1, w2) = (random(&[256, 784])?, random(&[256, 784])?, random(&[10, 256])?);
    let (h, gz, gy) = (random(&[256, 256])?, random(&[256, 256])?, random(&[256, 10])?);
    Ok(Box::new(move || {
        let forward = [x.matmul(&w1.t()?)?, h.matmul(&w2.t()?)?];
        let backward = [gy.matmul(&w2)?, gy.t()?.matmul(&h)?, gz.t()?.matmul(&x)?];
        drop(std::hint::black_box((forward, backward)));
        Ok(())
    }))
}

/// 235 such steps over 60,000 rows, in a new order each time.
pub fn mlp_fashion_epoch() -> Result<Step> {
    let (mut model, images) = (fashion_model()?, fashion_images(60_000)?);
    let mut sgd = Sgd::new(0.1);
    let mut epoch = 0;
    Ok(Box::new(move || {
        for batch in DataLoader::new(&images).batch_size(256).shuffle(7).epoch(epoch)? {
            let (x, y) = batch?;
            let loss = cross_entropy(&model.forward(&x)?, &y)?;
            sgd.step(&mut model, &loss.backward()?)?;
        }
        epoch += 1;
        Ok(())
    }))
}

/// 2-16(tanh)-16(tanh)-1, batch 32, mean squared error, SGD.
pub fn mlp_tiny() -> Result<Step> {
    Ok(eager(tanh_network([2, 16, 16, 1], 32, Sgd::new(0.01))?))
}

/// [`mlp_tiny`], captured.
pub fn mlp_tiny_replay() -> Result<Step> {
    Ok(captured(tanh_network([2, 16, 16, 1], 32, Sgd::new(0.01))?))
}

/// 2-2(ReLU)-1, batch 1, ½ (y − t)², SGD.
pub fn mlp_tiny_b1() -> Result<Step> {
    Ok(eager(smallest()?))
}

/// [`mlp_tiny_b1`], captured.
pub fn mlp_tiny_b1_replay() -> Result<Step> {
    Ok(captured(smallest()?))
}

/// 4-32(tanh)-16(tanh)-4, batch 32, mean squared error, Adam.
pub fn mlp_small() -> Result<Step> {
    Ok(eager(tanh_network([4, 32, 16, 4], 32, Adam::new(1e-3))?))
}

/// [`mlp_small`], captured.
pub fn mlp_small_replay() -> Result<Step> {
    Ok(captured(tanh_network([4, 32, 16, 4], 32, Adam::new(1e-3))?))
}

/// [`mlp_small`] with a batch of 10,000.
pub fn mlp_small_10k() -> Result<Step> {
    Ok(eager(tanh_network([4, 32, 16, 4], 10_000, Adam::new(1e-3))?))
}

/// [`mlp_small_10k`], captured.
pub fn mlp_small_10k_replay() -> Result<Step> {
    Ok(captured(tanh_network([4, 32, 16, 4], 10_000, Adam::new(1e-3))?))
}

/// Adam's update alone: one tensor of 10,000,000 and 100 tensors of 1,000 parameters.
pub fn adam_10m() -> Result<Step> {
    let mut rng = seeded(7);
    let mut parameters = Vec::new();
    let mut gradients = Gradients::default();
    for len in std::iter::once(10_000_000).chain(std::iter::repeat_n(1000, 100)) {
        let parameter = Param::new(Tensor::randn(&[len], DType::F32, &mut rng)?)?;
        gradients.insert(&parameter, Tensor::randn(&[len], DType::F32, &mut rng)?)?;
        parameters.push(parameter);
    }
    let mut adam = Adam::new(1e-3);
    Ok(Box::new(move || {
        adam.step(&mut parameters, &gradients)?;
        Ok(())
    }))
}

/// A network, a batch, and the way to train it.
struct Training<O> {
    model: Sequential,
    x: Tensor,
    t: Tensor,
    loss: fn(&Tensor, &Tensor) -> wengert::Result<Tensor>,
    optimizer: O,
}

/// Its step as users write it.
fn eager<O: Optimizer + 'static>(training: Training<O>) -> Step {
    let Training { mut model, x, t, loss, mut optimizer } = training;
    Box::new(move || {
        let loss = loss(&model.forward(&x)?, &t)?;
        optimizer.step(&mut model, &loss.backward()?)?;
        Ok(())
    })
}

/// The same, captured.
fn captured<O: Optimizer + 'static>(training: Training<O>) -> Step {
    let Training { mut model, x, t, loss, mut optimizer } = training;
    let mut gradients = Capture::new(move |model: &Sequential, [x, t]| loss(&model.forward(x)?, t)?.backward());
    Box::new(move || {
        let grads = gradients.run(&model, [&x, &t])?;
        optimizer.step(&mut model, grads)?;
        Ok(())
    })
}

fn tanh_network<O>([a, b, c, d]: [usize; 4], batch: usize, optimizer: O) -> Result<Training<O>> {
    let mut rng = seeded(7);
    let model = sequential![
        Linear::new(a, b, &mut rng)?,
        Tanh,
        Linear::new(b, c, &mut rng)?,
        Tanh,
        Linear::new(c, d, &mut rng)?,
    ];
    let mut random = |width| Tensor::randn(&[batch, width], DType::F32, &mut rng);
    let (x, t) = (random(a)?, random(d)?);
    Ok(Training { model, x, t, loss: |y, t| mse_loss(y, t), optimizer })
}

fn smallest() -> Result<Training<Sgd>> {
    let mut rng = seeded(7);
    let model = sequential![Linear::new(2, 2, &mut rng)?, ReLU, Linear::new(2, 1, &mut rng)?];
    let x = Tensor::randn(&[1, 2], DType::F32, &mut rng)?;
    let t = Tensor::randn(&[1, 1], DType::F32, &mut rng)?;
    let loss = |y: &Tensor, t: &Tensor| Ok(y.try_sub(t)?.square().sum().mul_scalar(0.5));
    Ok(Training { model, x, t, loss, optimizer: Sgd::new(0.01) })
}

fn fashion_model() -> Result<Sequential> {
    let mut rng = seeded(7);
    Ok(sequential![Linear::new(784, 256, &mut rng)?, ReLU, Linear::new(256, 10, &mut rng)?])
}

/// Random images with random labels.
fn fashion_images(n: usize) -> Result<TensorDataset> {
    let mut rng = seeded(7);
    let x = Tensor::rand(&[n, 784], DType::F32, &mut rng)?;
    let y = Tensor::rand(&[n], DType::F32, &mut rng)?.mul_scalar(10.0).to_dtype(DType::I64);
    Ok(TensorDataset::new(x, y)?)
}
