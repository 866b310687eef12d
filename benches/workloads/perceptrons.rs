//! Networks of linear layers.

use super::{Result, Step, Training, Way, labels, samples};
use wengert::core::module::Module;
use wengert::data::{DataLoader, TensorDataset};
use wengert::nn::{Layer, Linear, ReLU, Sequential, Tanh, cross_entropy, mse_loss, sequential};
use wengert::optim::{Adam, Optimizer, Sgd};
use wengert::{Capture, DType, Tensor, seeded};

/// 784-256(ReLU)-10, batch 256, mean cross-entropy, SGD.
pub fn fashion(way: Way) -> Result<Step> {
    let (x, t) = (samples(&[256, 784])?, labels(256)?);
    Ok(Training { model: fashion_model()?, x, t, loss: cross_entropy, optimizer: Sgd::new(0.1) }.step(way))
}

/// The five matrix products of that step and nothing else: no implementation of the step can be faster.
pub fn fashion_products() -> Result<Step> {
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
pub fn fashion_epoch() -> Result<Step> {
    let mut model = fashion_model()?;
    let images = TensorDataset::new(samples(&[60_000, 784])?, labels(60_000)?)?;
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
pub fn tiny(way: Way) -> Result<Step> {
    Ok(tanh_network([2, 16, 16, 1], 32, Sgd::new(0.01))?.step(way))
}

/// 4-32(tanh)-16(tanh)-4, batch 32, mean squared error, Adam.
pub fn small(way: Way) -> Result<Step> {
    Ok(tanh_network([4, 32, 16, 4], 32, Adam::new(1e-3))?.step(way))
}

/// [`small`] with a batch of 10,000.
pub fn small_10k(way: Way) -> Result<Step> {
    Ok(tanh_network([4, 32, 16, 4], 10_000, Adam::new(1e-3))?.step(way))
}

/// 24-8(tanh)-2 in f64, batch 200, mean squared error: the value and the gradient, without an update.
pub fn gradient(way: Way) -> Result<Step> {
    let mut rng = seeded(7);
    let mut model = sequential![Linear::new(24, 8, &mut rng)?, Tanh, Linear::new(8, 2, &mut rng)?];
    model.to_dtype(DType::F64)?;
    let (x, t) = (samples(&[200, 24])?.to_dtype(DType::F64), samples(&[200, 2])?.to_dtype(DType::F64));
    let both = |model: &Sequential, [x, t]: [&Tensor; 2]| {
        let loss = mse_loss(&model.forward(x)?, t)?;
        let gradients = loss.backward()?;
        Ok::<_, wengert::Error>((loss, gradients))
    };
    Ok(match way {
        Way::Eager => Box::new(move || {
            drop(std::hint::black_box(both(&model, [&x, &t])?));
            Ok(())
        }),
        Way::Captured => {
            let mut both = Capture::new(both);
            Box::new(move || {
                std::hint::black_box(both.run(&model, [&x, &t])?);
                Ok(())
            })
        }
    })
}

/// 2-2(ReLU)-1, batch 1, ½ (y − t)², SGD.
pub fn smallest(way: Way) -> Result<Step> {
    let mut rng = seeded(7);
    let model = sequential![Linear::new(2, 2, &mut rng)?, ReLU, Linear::new(2, 1, &mut rng)?];
    let (x, t) = (samples(&[1, 2])?, samples(&[1, 1])?);
    let loss = |y: &Tensor, t: &Tensor| Ok(y.try_sub(t)?.square().sum().mul_scalar(0.5));
    Ok(Training { model, x, t, loss, optimizer: Sgd::new(0.01) }.step(way))
}

/// 1024-4096(ReLU)-4096(ReLU)-1024, batch 512, mean squared error, Adam.
pub fn wide(way: Way) -> Result<Step> {
    let mut rng = seeded(7);
    let model = sequential![
        Linear::new(1024, 4096, &mut rng)?,
        ReLU,
        Linear::new(4096, 4096, &mut rng)?,
        ReLU,
        Linear::new(4096, 1024, &mut rng)?,
    ];
    let (x, t) = (samples(&[512, 1024])?, samples(&[512, 1024])?);
    Ok(Training { model, x, t, loss: |y, t| mse_loss(y, t), optimizer: Adam::new(1e-4) }.step(way))
}

fn tanh_network<O>([a, b, c, d]: [usize; 4], batch: usize, optimizer: O) -> Result<Training<Sequential, O>> {
    let mut rng = seeded(7);
    let model = sequential![
        Linear::new(a, b, &mut rng)?,
        Tanh,
        Linear::new(b, c, &mut rng)?,
        Tanh,
        Linear::new(c, d, &mut rng)?,
    ];
    let (x, t) = (samples(&[batch, a])?, samples(&[batch, d])?);
    Ok(Training { model, x, t, loss: |y, t| mse_loss(y, t), optimizer })
}

fn fashion_model() -> Result<Sequential> {
    let mut rng = seeded(7);
    Ok(sequential![Linear::new(784, 256, &mut rng)?, ReLU, Linear::new(256, 10, &mut rng)?])
}
