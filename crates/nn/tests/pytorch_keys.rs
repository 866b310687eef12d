//! Names and shapes in state dicts are PyTorch's, for every layer that both have: its state dicts load.
//!
//! `pytorch_keys.txt` was written by PyTorch, a line for each layer: how it is made, and its state dict in order.

use autograd_core::module::Module;
use autograd_core::{Rng, seeded};
use wengert_nn::{
    AvgPool1d, Conv1d, Conv2d, Conv3d, ConvOptions, ConvTranspose2d, Dropout, Flatten, GELU, GRU, GRUCell, LSTM,
    LSTMCell, Linear, LinearOptions, MaxPool2d, Orthogonal, OrthogonalOptions, PReLU, PReLUOptions, RNN, RNNCell, ReLU,
    RecurrentOptions, Result, Softmax, SpectralNorm, SpectralNormOptions, Tanh, WeightNorm, WeightNormOptions,
    sequential,
};

type Build = fn(&mut dyn Rng) -> Result<Box<dyn Module>>;

/// The layers of the file that there are here, by how PyTorch makes them.
const BUILT: &[(&str, Build)] = &[
    ("Linear(3, 2)", |rng| Ok(Box::new(Linear::new(3, 2, rng)?))),
    ("Linear(3, 2, bias=False)", |rng| Ok(Box::new(Linear::with(3, 2, LinearOptions::new().bias(false), rng)?))),
    ("Conv1d(4, 6, 3)", |rng| Ok(Box::new(Conv1d::new(4, 6, 3, rng)?))),
    ("Conv2d(4, 6, (3, 2), groups=2)", |rng| {
        Ok(Box::new(Conv2d::with(4, 6, [3, 2], ConvOptions::new().groups(2), rng)?))
    }),
    ("Conv3d(4, 6, 2, bias=False)", |rng| Ok(Box::new(Conv3d::with(4, 6, 2, ConvOptions::new().bias(false), rng)?))),
    ("PReLU()", |_| Ok(Box::new(PReLU::new()))),
    ("PReLU(4)", |_| Ok(Box::new(PReLU::with(PReLUOptions::new().num_parameters(4))?))),
    ("Sequential(Linear(3, 2), Tanh(), Linear(2, 1))", |rng| {
        Ok(Box::new(sequential![Linear::new(3, 2, rng)?, Tanh, Linear::new(2, 1, rng)?]))
    }),
    ("ReLU()", |_| Ok(Box::new(ReLU))),
    ("GELU()", |_| Ok(Box::new(GELU::new()))),
    ("Dropout(0.5)", |rng| Ok(Box::new(Dropout::new(0.5, rng)?))),
    ("Flatten()", |_| Ok(Box::new(Flatten::new()))),
    ("Softmax(1)", |_| Ok(Box::new(Softmax::new(1)))),
    ("MaxPool2d(2)", |_| Ok(Box::new(MaxPool2d::new(2)))),
    ("AvgPool1d(2)", |_| Ok(Box::new(AvgPool1d::new(2)))),
    ("RNN(3, 4, 2, bidirectional=True)", |rng| {
        Ok(Box::new(RNN::with(3, 4, RecurrentOptions::new().num_layers(2).bidirectional(true), rng)?))
    }),
    ("LSTM(3, 4, 2)", |rng| Ok(Box::new(LSTM::with(3, 4, RecurrentOptions::new().num_layers(2), rng)?))),
    ("LSTM(3, 4, proj_size=2)", |rng| Ok(Box::new(LSTM::with(3, 4, RecurrentOptions::new().proj_size(2), rng)?))),
    ("GRU(3, 4, bias=False)", |rng| Ok(Box::new(GRU::with(3, 4, RecurrentOptions::new().bias(false), rng)?))),
    ("RNNCell(3, 4)", |rng| Ok(Box::new(RNNCell::new(3, 4, rng)?))),
    ("LSTMCell(3, 4)", |rng| Ok(Box::new(LSTMCell::new(3, 4, rng)?))),
    ("GRUCell(3, 4)", |rng| Ok(Box::new(GRUCell::new(3, 4, rng)?))),
    ("weight_norm(Linear(3, 2))", |rng| Ok(Box::new(WeightNorm::new(Linear::new(3, 2, rng)?)?))),
    ("weight_norm(Conv2d(4, 6, 3), dim=1)", |rng| {
        Ok(Box::new(WeightNorm::with(Conv2d::new(4, 6, 3, rng)?, WeightNormOptions::new().dim(1))?))
    }),
    ("weight_norm(Linear(3, 2), dim=None)", |rng| {
        Ok(Box::new(WeightNorm::with(Linear::new(3, 2, rng)?, WeightNormOptions::new().dim(None))?))
    }),
    ("spectral_norm(Linear(3, 2))", |rng| Ok(Box::new(SpectralNorm::new(Linear::new(3, 2, rng)?, rng)?))),
    ("spectral_norm(ConvTranspose2d(4, 6, 3))", |rng| {
        Ok(Box::new(SpectralNorm::new(ConvTranspose2d::new(4, 6, 3, rng)?, rng)?))
    }),
    ("spectral_norm(Linear(3, 2), 'bias')", |rng| {
        Ok(Box::new(SpectralNorm::with(Linear::new(3, 2, rng)?, SpectralNormOptions::new().name("bias"), rng)?))
    }),
    ("orthogonal(Linear(3, 2))", |rng| Ok(Box::new(Orthogonal::new(Linear::new(3, 2, rng)?)?))),
    ("orthogonal(Linear(3, 2), use_trivialization=False)", |rng| {
        let options = OrthogonalOptions::new().use_trivialization(false);
        Ok(Box::new(Orthogonal::with(Linear::new(3, 2, rng)?, options)?))
    }),
    ("orthogonal(RNN(3, 4), 'weight_hh_l0')", |rng| {
        Ok(Box::new(Orthogonal::with(RNN::new(3, 4, rng)?, OrthogonalOptions::new().name("weight_hh_l0"))?))
    }),
];

/// The kinds of the file that there are not here yet: who adds one moves its lines up.
const OPEN: &[&str] = &[
    "Bilinear",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "SyncBatchNorm",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "GroupNorm",
    "LayerNorm",
    "RMSNorm",
    "LocalResponseNorm",
    "Embedding",
    "EmbeddingBag",
    "MultiheadAttention",
    "TransformerEncoderLayer",
    "TransformerDecoderLayer",
];

#[test]
fn names_and_shapes_are_those_of_pytorch_in_its_order() -> Result<()> {
    let file = include_str!("pytorch_keys.txt");
    let mut wrong = Vec::new();
    for line in file.lines() {
        let (title, want) = line.split_once(" | ").unwrap_or((line, ""));
        let kind = title.split('(').next().unwrap_or_default();
        match BUILT.iter().find(|(known, _)| *known == title) {
            Some((_, build)) => {
                let state = build(&mut seeded(1))?.state_dict();
                let got: Vec<String> = state.iter().map(|(name, x)| format!("{name} {:?}", x.shape())).collect();
                if got.join(" | ") != want {
                    wrong.push(format!("{title}: {}, not {want}", got.join(" | ")));
                }
            }
            None if OPEN.contains(&kind) => {}
            None => wrong.push(format!("{title}: it is neither built nor open")),
        }
    }
    let lines: Vec<&str> = file.lines().map(|line| line.split(" | ").next().unwrap_or_default()).collect();
    let built = BUILT.iter().map(|(title, _)| *title).filter(|title| !lines.contains(title));
    wrong.extend(built.map(|title| format!("{title}: it is not in the file")));
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    Ok(())
}
