//! Layers inside others.

use super::Rows;
use autograd_core::module::{Module, Param};
use autograd_core::{DType, Result, Tensor};
use wengert_nn::{
    BatchNorm1d, BatchNorm2d, BatchNormOptions, Bilinear, Conv2d, ConvTranspose2d, Embedding, Flatten, GRUCell,
    InstanceNorm2d, InstanceNormOptions, LayerNorm, Linear, ModuleDict, PReLU, ReLU, Tanh, TransformerEncoderLayer,
    TransformerOptions, sequential,
};

/// A parameter of zeros.
fn zeros(shape: &[usize]) -> Result<Param> {
    Param::new(Tensor::zeros(shape, DType::F32)?)
}

pub(super) const BUILT: Rows = &[
    ("Sequential(Linear(3, 2), Tanh(), Linear(2, 1))", |rng| {
        Ok(Box::new(sequential![Linear::new(3, 2, rng)?, Tanh, Linear::new(2, 1, rng)?]))
    }),
    ("Sequential(Conv2d(4, 6, 3), BatchNorm2d(6, affine=False), ReLU(), Flatten(), Linear(6, 2))", |rng| {
        let (conv, linear) = (Conv2d::new(4, 6, 3, rng)?, Linear::new(6, 2, rng)?);
        let norm = BatchNorm2d::with(6, BatchNormOptions::new().affine(false))?;
        Ok(Box::new(sequential![conv, norm, ReLU, Flatten::new(), linear]))
    }),
    ("Sequential(Embedding(5, 4), TransformerEncoderLayer(4, 2, 8), LayerNorm(4))", |rng| {
        let options = TransformerOptions::new().dim_feedforward(8);
        let encoder = TransformerEncoderLayer::with(4, 2, options, rng)?;
        Ok(Box::new(sequential![Embedding::new(5, 4, rng)?, encoder, LayerNorm::new(&[4])?]))
    }),
    ("Sequential(Sequential(Linear(3, 2), BatchNorm1d(2, track_running_stats=False)), PReLU())", |rng| {
        let norm = BatchNorm1d::with(2, BatchNormOptions::new().track_running_stats(false))?;
        Ok(Box::new(sequential![sequential![Linear::new(3, 2, rng)?, norm], PReLU::new()]))
    }),
    ("Sequential(ConvTranspose2d(4, 6, 3), InstanceNorm2d(6, affine=True), Bilinear(3, 2, 4))", |rng| {
        let norm = InstanceNorm2d::with(6, InstanceNormOptions::new().affine(true))?;
        Ok(Box::new(sequential![ConvTranspose2d::new(4, 6, 3, rng)?, norm, Bilinear::new(3, 2, 4, rng)?]))
    }),
    ("ModuleList([Linear(3, 2), GRUCell(2, 2)])", |rng| {
        let list: Vec<Box<dyn Module>> = vec![Box::new(Linear::new(3, 2, rng)?), Box::new(GRUCell::new(2, 2, rng)?)];
        Ok(Box::new(list))
    }),
    ("ModuleDict({'a': Linear(3, 2), 'b': BatchNorm1d(2)})", |rng| {
        let mut dict: ModuleDict<Box<dyn Module>> = ModuleDict::new();
        dict.insert("a", Box::new(Linear::new(3, 2, rng)?))?;
        dict.insert("b", Box::new(BatchNorm1d::new(2)?))?;
        Ok(Box::new(dict))
    }),
    ("ParameterList([torch.zeros(2, 3), torch.zeros(4)])", |_| Ok(Box::new(vec![zeros(&[2, 3])?, zeros(&[4])?]))),
    ("ParameterDict({'a': torch.zeros(2, 3), 'b': torch.zeros(4)})", |_| {
        let mut dict = ModuleDict::new();
        dict.insert("a", zeros(&[2, 3])?)?;
        dict.insert("b", zeros(&[4])?)?;
        Ok(Box::new(dict))
    }),
];
