//! Convolutional networks.

use super::{Result, Step, Training, Way, labels, samples};
use wengert::core::Rng;
use wengert::nn::{
    AdaptiveAvgPool2d, BatchNorm2d, Conv2d, ConvOptions, Flatten, Layer, Linear, MaxPool2d, Module, ReLU, Sequential,
    cross_entropy, sequential,
};
use wengert::optim::Sgd;
use wengert::{Tensor, seeded};

/// LeNet-5 with padding 2 at first and maxima for averages, 1×28×28, cross-entropy, SGD with momentum.
///
/// LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document recognition (1998).
pub fn lenet(batch: usize, way: Way) -> Result<Step> {
    let rng = &mut seeded(7);
    let model = sequential![
        Conv2d::with(1, 6, 5, ConvOptions::new().padding(2), rng)?,
        ReLU,
        MaxPool2d::new(2),
        Conv2d::new(6, 16, 5, rng)?,
        ReLU,
        MaxPool2d::new(2),
        Flatten::new(),
        Linear::new(400, 120, rng)?,
        ReLU,
        Linear::new(120, 84, rng)?,
        ReLU,
        Linear::new(84, 10, rng)?,
    ];
    let (x, t) = (samples(&[batch, 1, 28, 28])?, labels(batch)?);
    Ok(Training { model, x, t, loss: cross_entropy, optimizer: Sgd::new(0.01).momentum(0.9) }.step(way))
}

/// ResNet-18 with a first convolution of 3×3 and no pooling after it, 3×32×32, batch 16, cross-entropy, SGD with
/// momentum.
///
/// He, Zhang, Ren, Sun: Deep residual learning for image recognition (2015).
pub fn resnet18(way: Way) -> Result<Step> {
    let rng = &mut seeded(7);
    let mut model = sequential![convolution(3, 64, 3, 1, rng)?, BatchNorm2d::new(64)?, ReLU];
    let mut channels = 64;
    for (width, stride) in [(64, 1), (128, 2), (256, 2), (512, 2)] {
        model = model.push(Block::new(channels, width, stride, rng)?).push(Block::new(width, width, 1, rng)?);
        channels = width;
    }
    let model = model.push(AdaptiveAvgPool2d::new(1)).push(Flatten::new()).push(Linear::new(512, 10, rng)?);
    let (x, t) = (samples(&[16, 3, 32, 32])?, labels(16)?);
    Ok(Training { model, x, t, loss: cross_entropy, optimizer: Sgd::new(0.01).momentum(0.9) }.step(way))
}

/// Two convolutions beside a way around them.
#[derive(Clone, Module)]
struct Block {
    first: Sequential,
    second: Sequential,
    skip: Sequential,
}

impl Block {
    fn new(inputs: usize, outputs: usize, stride: usize, rng: &mut dyn Rng) -> Result<Block> {
        let first = sequential![convolution(inputs, outputs, 3, stride, rng)?, BatchNorm2d::new(outputs)?, ReLU];
        let second = sequential![convolution(outputs, outputs, 3, 1, rng)?, BatchNorm2d::new(outputs)?];
        let skip = match inputs == outputs {
            true => sequential![],
            false => sequential![convolution(inputs, outputs, 1, stride, rng)?, BatchNorm2d::new(outputs)?],
        };
        Ok(Block { first, second, skip })
    }
}

impl Layer for Block {
    fn forward(&self, x: &Tensor) -> wengert::Result<Tensor> {
        let y = self.second.call("second", &self.first.call("first", x)?)?;
        Ok(y.try_add(&self.skip.call("skip", x)?)?.relu())
    }
}

/// A convolution without a bias that keeps the size but for its stride.
fn convolution(inputs: usize, outputs: usize, kernel: usize, stride: usize, rng: &mut dyn Rng) -> Result<Conv2d> {
    let options = ConvOptions::new().stride(stride).padding(kernel / 2).bias(false);
    Ok(Conv2d::with(inputs, outputs, kernel, options, rng)?)
}
