//! The layers that the rules know, by their whole names.

use super::super::{keras_defaults, pytorch_defaults};
use crate::{
    BatchNorm1d, BatchNorm2d, BatchNorm3d, Conv1d, Conv2d, Conv3d, ConvLSTM1d, ConvLSTM2d, ConvLSTM3d, ConvTranspose1d,
    ConvTranspose2d, ConvTranspose3d, DepthwiseConv1d, DepthwiseConv2d, Embedding, EmbeddingBag, GRU, GRUCell,
    GroupNorm, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d, InstanceNormOptions, LSTM, LSTMCell, Layer, LayerNorm,
    RMSNorm, RNN, RNNCell,
};
use autograd_core::module::{Module as _, Param};
use autograd_core::{DType, EmbeddingBagOptions, EmbeddingOptions, Result, Rng, Tensor, seeded};
use wengert_derive::Module;

// A user's layers, whose names begin or end like those of the library.
shapes! {
    ConvBlock { weight: [4, 3] }
    ConvNet { bias: [3] }
    DepthwiseMix { weight: [4, 1, 2] }
    PreNorm { weight: [3], bias: [3] }
}

#[test]
fn what_is_called_nearly_like_a_layer_stays() -> Result<()> {
    type Layers = (ConvBlock, ConvNet, DepthwiseMix, PreNorm);
    type Defaults = fn(&mut Layers, &mut dyn Rng) -> Result<Vec<String>>;
    let all: [Defaults; 2] = [pytorch_defaults, keras_defaults];
    for defaults in all {
        let mut layers =
            (ConvBlock::of_nines()?, ConvNet::of_nines()?, DepthwiseMix::of_nines()?, PreNorm::of_nines()?);
        let left = defaults(&mut layers, &mut seeded(1))?;
        assert_eq!(left, ["0.weight", "1.bias", "2.weight", "3.weight", "3.bias"]);
        assert!(layers.parameters().iter().all(|param| param.to_f64s().iter().all(|x| *x == 9.0)));
    }
    Ok(())
}

#[test]
fn every_layer_of_a_sort_is_known() -> Result<()> {
    let rng = &mut seeded(1);
    let affine = InstanceNormOptions::new().affine(true);
    let both: Vec<Box<dyn Layer>> = vec![
        Box::new(Conv1d::new(2, 3, 2, rng)?),
        Box::new(Conv2d::new(2, 3, 2, rng)?),
        Box::new(Conv3d::new(2, 3, 2, rng)?),
        Box::new(ConvTranspose1d::new(2, 3, 2, rng)?),
        Box::new(ConvTranspose2d::new(2, 3, 2, rng)?),
        Box::new(ConvTranspose3d::new(2, 3, 2, rng)?),
        Box::new(DepthwiseConv1d::new(2, 3, rng)?),
        Box::new(DepthwiseConv2d::new(2, 3, rng)?),
        Box::new(BatchNorm1d::new(2)?),
        Box::new(BatchNorm2d::new(2)?),
        Box::new(BatchNorm3d::new(2)?),
        Box::new(InstanceNorm1d::with(2, affine)?),
        Box::new(InstanceNorm2d::with(2, affine)?),
        Box::new(InstanceNorm3d::with(2, affine)?),
        Box::new(GroupNorm::new(1, 2)?),
        Box::new(LayerNorm::new(&[2])?),
        Box::new(RMSNorm::new(&[2])?),
        Box::new(RNN::new(2, 3, rng)?),
        Box::new(LSTM::new(2, 3, rng)?),
        Box::new(GRU::new(2, 3, rng)?),
        Box::new(RNNCell::new(2, 3, rng)?),
        Box::new(LSTMCell::new(2, 3, rng)?),
        Box::new(GRUCell::new(2, 3, rng)?),
    ];
    for mut layer in both {
        let kind = layer.kind();
        assert_eq!(pytorch_defaults(&mut *layer, rng)?, [""; 0], "{kind}");
        assert_eq!(keras_defaults(&mut *layer, rng)?, [""; 0], "{kind}");
    }
    let of_keras: [Box<dyn Layer>; 3] = [
        Box::new(ConvLSTM1d::new(2, 3, 2, rng)?),
        Box::new(ConvLSTM2d::new(2, 3, 2, rng)?),
        Box::new(ConvLSTM3d::new(2, 3, 2, rng)?),
    ];
    for mut layer in of_keras {
        let kind = layer.kind();
        assert_eq!(keras_defaults(&mut *layer, rng)?, [""; 0], "{kind}");
    }
    Ok(())
}

/// The rules find these numbers in the text: an option that is renamed must be renamed in the rules.
#[test]
fn numbers_that_rules_go_by_are_in_descriptions() -> Result<()> {
    let rng = &mut seeded(1);
    let table = Embedding::with(3, 2, EmbeddingOptions::new().padding_idx(-2), rng)?;
    let bag = EmbeddingBag::with(3, 2, EmbeddingBagOptions::new().padding_idx(-2), rng)?;
    for text in [table.describe().to_string(), bag.describe().to_string()] {
        assert!(text.contains("padding_idx: Some(-2)"), "{text}");
    }
    let text = DepthwiseConv2d::new(3, 5, rng)?.describe().to_string();
    assert!(text.contains("groups: 3"), "{text}");
    Ok(())
}
