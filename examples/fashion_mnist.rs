//! Fashion-MNIST with one hidden layer, 784-256-10, twice: from scratch with tensors, and with layers and an optimizer.
//!
//! ```text
//! cargo run --release --example fashion_mnist -- DIRECTORY [EPOCHS]
//! ```
//!
//! The first part is all there is to it: two products, two biases, a loss, and `p ← p − lr · gradient`. The second part
//! does the same with the pieces that the library has for it. Both begin with the same weights and see the same
//! batches, so they print the same numbers except for rounding.

use std::process::ExitCode;
use wengert::data::{DataLoader, TensorDataset, fashion_mnist};
use wengert::nn::{Flatten, Layer, Linear, ReLU, cross_entropy, sequential};
use wengert::optim::{Optimizer, Sgd};
use wengert::{DType, Tensor, no_grad, seeded};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const BATCH_SIZE: usize = 256;
const LR: f64 = 0.1;

const USAGE: &str = "\
usage: fashion_mnist DIRECTORY [EPOCHS]

EPOCHS is a number from 1, by default 10. DIRECTORY holds the four files of Fashion-MNIST, packed (.gz) or not:
  train-images-idx3-ubyte  train-labels-idx1-ubyte  t10k-images-idx3-ubyte  t10k-labels-idx1-ubyte
They are to be had from https://github.com/zalandoresearch/fashion-mnist (data/fashion); the files of MNIST will do, too.";

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let read = match arguments.as_slice() {
        [directory] => Some((directory, 10)),
        [directory, epochs] => {
            epochs.parse::<u64>().ok().filter(|epochs| *epochs > 0).map(|epochs| (directory, epochs))
        }
        _ => None,
    };
    let Some((directory, epochs)) = read else {
        eprintln!("{USAGE}");
        return Ok(ExitCode::from(2));
    };
    let (train, test) = fashion_mnist(directory)?;
    println!("{} images to train on, {} to test on", train.len(), test.len());
    from_scratch(&train, &test, epochs)?;
    with_layers(&train, &test, epochs)?;
    Ok(ExitCode::SUCCESS)
}

/// N(0, 0.01²) for the weights W1, W2, zeros for the biases b1, b2.
fn start() -> Result<[Tensor; 4]> {
    let mut rng = seeded(7);
    Ok([
        Tensor::randn(&[256, 784], DType::F32, &mut rng)?.mul_scalar(0.01),
        Tensor::zeros(&[256], DType::F32)?,
        Tensor::randn(&[10, 256], DType::F32, &mut rng)?.mul_scalar(0.01),
        Tensor::zeros(&[10], DType::F32)?,
    ])
}

fn from_scratch(train: &TensorDataset, test: &TensorDataset, epochs: u64) -> Result<()> {
    println!("\nfrom scratch");
    let mut parameters = start()?.map(|p| p.requires_grad());
    let forward = |[w1, b1, w2, b2]: &[Tensor; 4], x: &Tensor| -> Result<Tensor> {
        let h = x.flatten(1, -1)?.linear(w1, Some(b1))?.relu();
        Ok(h.linear(w2, Some(b2))?)
    };
    let batches = DataLoader::new(train).batch_size(BATCH_SIZE).shuffle(7);
    for epoch in 0..epochs {
        let mut total = 0.0;
        for batch in batches.epoch(epoch)? {
            let (x, y) = batch?;
            let loss = forward(&parameters, &x)?.cross_entropy(&y)?.mean()?;
            total += loss.item::<f32>()? * y.numel() as f32;
            let gradients = loss.backward()?;
            for p in &mut parameters {
                let gradient = gradients.get(p).ok_or("a parameter takes no part in the loss")?;
                *p = p.detach().try_sub(&gradient.mul_scalar(LR))?.requires_grad();
            }
        }
        report(epoch, total / train.len() as f32, &no_grad(|| forward(&parameters, &test.x))?, &test.y)?;
    }
    Ok(())
}

fn with_layers(train: &TensorDataset, test: &TensorDataset, epochs: u64) -> Result<()> {
    println!("\nwith layers");
    let [w1, b1, w2, b2] = start()?;
    let (hidden, output) = (Linear::from_tensors(w1, Some(b1))?, Linear::from_tensors(w2, Some(b2))?);
    let mut model = sequential![Flatten::default(), hidden, ReLU, output];
    let mut sgd = Sgd::new(LR);
    let batches = DataLoader::new(train).batch_size(BATCH_SIZE).shuffle(7);
    for epoch in 0..epochs {
        let mut total = 0.0;
        for batch in batches.epoch(epoch)? {
            let (x, y) = batch?;
            let loss = cross_entropy(&model.forward(&x)?, &y)?;
            total += loss.item::<f32>()? * y.numel() as f32;
            sgd.step(&mut model, &loss.backward()?)?;
        }
        report(epoch, total / train.len() as f32, &no_grad(|| model.forward(&test.x))?, &test.y)?;
    }
    Ok(())
}

/// Prints the mean loss of an epoch, and the share of the test images whose largest output is that of their class.
fn report(epoch: u64, loss: f32, outputs: &Tensor, classes: &Tensor) -> Result<()> {
    let right = outputs.argmax(1)?.eq(classes)?.to_dtype(DType::F32);
    println!("epoch {:>2}: loss {loss:.4}, test accuracy {:.4}", epoch + 1, right.mean()?.item::<f32>()?);
    Ok(())
}
