//! Options and sizes of layers that nothing can have: answers and errors, and no panic.

use crate::alone;
use autograd_core::{
    DType, EmbeddingBagOptions, EmbeddingOptions, ErrorKind, PadMode, Padding, SeededRng, Tensor, seeded,
};
use rand::Rng;
use std::panic::{AssertUnwindSafe, catch_unwind};
use wengert_nn::*;

type Made = Result<Box<dyn DynLayer>>;

fn boxed(layer: impl DynLayer + 'static) -> Made {
    Ok(Box::new(layer))
}

fn floats(shape: &[usize]) -> Vec<Tensor> {
    vec![Tensor::ones(shape, DType::F32).expect("small")]
}

/// Reports what panics, when it is made or when it runs.
fn panics(name: &str, number: impl std::fmt::Debug, make: impl FnOnce() -> Made, inputs: &[Tensor]) -> Option<String> {
    let run = || make()?.forward_all(inputs).map(|y| y.rank());
    alone(|| catch_unwind(AssertUnwindSafe(run))).is_err().then(|| format!("{name} {number:?}"))
}

/// The large ones are beyond all address spaces: a machine might promise room for smaller ones, and fill it.
const NUMBERS: [isize; 5] = [isize::MIN, -1, 0, 1 << 50, isize::MAX];

macro_rules! rows {
    ($($name:literal, $inputs:expr, |$number:ident, $rng:pat_param| $layer:expr;)*) => {{
        let mut all: Vec<String> = Vec::new();
        for number in NUMBERS {
            $(
                let $number = number;
                let make = || {
                    let $rng: &mut SeededRng = &mut seeded(7);
                    boxed($layer)
                };
                all.extend(panics($name, number, make, &$inputs));
            )*
        }
        all
    }};
}

#[test]
fn convolutions() {
    let conv = ConvOptions::new;
    let mirrored = || conv().padding_mode(PadMode::Reflect);
    let up = ConvTransposeOptions::new;
    let row = floats(&[1, 1, 5]);
    let failed = rows! {
        "kernel_size", row, |n, r| Conv1d::new(1, 1, n, r)?;
        "stride", row, |n, r| Conv1d::with(1, 1, 3, conv().stride(n), r)?;
        "padding", row, |n, r| Conv1d::with(1, 1, 3, conv().padding(n), r)?;
        "dilation", row, |n, r| Conv1d::with(1, 1, 3, conv().dilation(n), r)?;
        "dilation, Same", row, |n, r| Conv1d::with(1, 1, 3, conv().dilation(n).padding(Padding::Same), r)?;
        "stride, mirrored", row, |n, r| Conv1d::with(1, 1, 3, mirrored().stride(n).padding(Padding::Same), r)?;
        "padding, mirrored", row, |n, r| Conv1d::with(1, 1, 3, mirrored().padding(n), r)?;
        "dilation, mirrored", row, |n, r| Conv1d::with(1, 1, 3, mirrored().dilation(n).padding(Padding::Same), r)?;
        "no taps, mirrored", row, |n, r| Conv1d::with(1, 1, 1, mirrored().dilation(n).padding(Padding::Same), r)?;
        "up: kernel_size", row, |n, r| ConvTranspose1d::new(1, 1, n, r)?;
        "up: stride", row, |n, r| ConvTranspose1d::with(1, 1, 3, up().stride(n), r)?;
        "up: padding", row, |n, r| ConvTranspose1d::with(1, 1, 3, up().padding(n), r)?;
        "up: dilation", row, |n, r| ConvTranspose1d::with(1, 1, 3, up().dilation(n), r)?;
        "up: output_padding", row, |n, r| ConvTranspose1d::with(1, 1, 3, up().output_padding(n), r)?;
        "up: output_size", row, |n, r| ConvTranspose1d::with(1, 1, 3, up().output_size(n), r)?;
        "up: all", floats(&[1, 1, 0]), |n, r| {
            ConvTranspose1d::with(1, 1, 3, up().stride(n).dilation(n).padding(n).output_size(n), r)?
        };
        "unfold", floats(&[1, 1, 5, 5]), |n, _| Unfold::new(n).stride(n).padding(n).dilation(n);
        "unfold: dilation", floats(&[1, 1, 5, 5]), |n, _| Unfold::new(2).dilation(n);
        "unfold: padding", floats(&[1, 1, 5, 5]), |n, _| Unfold::new(2).padding(n);
        "fold: output_size", floats(&[1, 4, 16]), |n, _| Fold::new(n, 2);
        "fold: kernel_size", floats(&[1, 4, 16]), |n, _| Fold::new(5, n);
        "fold: padding", floats(&[1, 4, 16]), |n, _| Fold::new(5, 2).padding(n).stride(n);
    };
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn pools_and_sizes() {
    let row = floats(&[1, 1, 5]);
    let placed = [&row[..], &[Tensor::zeros(&[1, 1, 5], DType::I64).expect("small")]].concat();
    let failed = rows! {
        "max", row, |n, _| MaxPool1d::new(n);
        "max: stride", row, |n, _| MaxPool1d::new(2).stride(n).ceil_mode(true);
        "max: padding", row, |n, _| MaxPool1d::new(2).padding(n);
        "max: dilation", row, |n, _| MaxPool1d::new(2).dilation(n).ceil_mode(true);
        "avg", row, |n, _| AvgPool1d::new(n).padding(n).stride(n).ceil_mode(true);
        "avg: divisor_override", row, |n, _| AvgPool1d::new(2).divisor_override(n);
        "lp", row, |n, _| LPPool1d::new(2.0, n).stride(n).ceil_mode(true);
        "lp: norm_type", row, |n, _| LPPool1d::new(n as f64, 2);
        "adaptive avg", row, |n, _| AdaptiveAvgPool1d::new(n);
        "adaptive max", row, |n, _| AdaptiveMaxPool1d::new(n);
        "unpool", placed, |n, _| MaxUnpool1d::new(n).stride(n).padding(n);
        "unpool: output_size", placed, |n, _| MaxUnpool1d::new(2).output_size(n);
        "fractional", floats(&[1, 1, 5, 5]), |n, r| FractionalMaxPool2d::size(n, 2, r);
        "fractional: output_size", floats(&[1, 1, 5, 5]), |n, r| FractionalMaxPool2d::size(2, n, r);
        "upsample", row, |n, _| Upsample::size(n);
        "pixel_shuffle", floats(&[1, 4, 2, 2]), |n, _| PixelShuffle::new(n);
        "pixel_unshuffle", floats(&[1, 4, 2, 2]), |n, _| PixelUnshuffle::new(n);
        "channel_shuffle", floats(&[1, 4, 2, 2]), |n, _| ChannelShuffle::new(n);
        "zero pad", row, |n, _| ZeroPad1d::new(n);
        "reflection pad", row, |n, _| ReflectionPad1d::new(n);
        "replication pad", row, |n, _| ReplicationPad1d::new([n, 1]);
        "replication pad of nothing", floats(&[1, 1, 0]), |n, _| ReplicationPad1d::new([1, n]);
        "circular pad", row, |n, _| CircularPad1d::new([n, 1]);
        "cropping", row, |n, _| Cropping1d::new([n, n]);
    };
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn dims_and_indices() {
    let row = floats(&[1, 1, 5]);
    let two = [&row[..], &row[..]].concat();
    let failed = rows! {
        "flatten", row, |n, _| Flatten::new().start_dim(n).end_dim(n);
        "permute", row, |n, _| Permute::new(&[n, 0, 1]);
        "reshape", row, |n, _| Reshape::new(&[n, n]);
        "unflatten", row, |n, _| Unflatten::new(n, &[n, -1]);
        "repeat_vector", floats(&[2, 3]), |n, _| RepeatVector::new(n)?;
        "bias", row, |n, _| Bias::new(5)?.dim(n);
        "cosine", two, |n, _| CosineSimilarity::new().dim(n);
        "unit", row, |n, _| UnitNormalization::new().dim(n);
        "embedding", [Tensor::from([0, 2])], |n, r| {
            Embedding::with(3, 2, EmbeddingOptions::new().padding_idx(n), r)?
        };
        "bag", [Tensor::from([[0, 2]])], |n, r| {
            EmbeddingBag::with(3, 2, EmbeddingBagOptions::new().padding_idx(n), r)?
        };
    };
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn sizes() {
    const SIZES: [usize; 4] = [0, 1 << 50, 1 << 62, usize::MAX];
    let recurrent = RecurrentOptions::new;
    let mut failed: Vec<String> = Vec::new();
    for n in SIZES {
        let mut row = |name: &str, make: &mut dyn FnMut(&mut SeededRng) -> Result<()>| {
            let mut r = seeded(7);
            let outcome = alone(|| catch_unwind(AssertUnwindSafe(|| make(&mut r))));
            let moved = matches!(outcome, Ok(Err(_))) && r.next_u64() != seeded(7).next_u64();
            failed.extend(outcome.is_err().then(|| format!("{name} {n} panics")));
            failed.extend(moved.then(|| format!("{name} {n} is refused after something was drawn")));
        };
        row("linear", &mut |r| Linear::new(n, n, r).map(drop));
        row("bilinear", &mut |r| Bilinear::new(n, n, n, r).map(drop));
        row("einsum", &mut |r| EinsumDense::new("ab,bc->ac", &[n, n], r).map(drop));
        row("adaptive: in_features", &mut |r| AdaptiveLogSoftmaxWithLoss::new(n, 10, &[3], r).map(drop));
        row("adaptive: n_classes", &mut |r| AdaptiveLogSoftmaxWithLoss::new(8, n, &[3], r).map(drop));
        row("adaptive: cutoffs", &mut |r| {
            AdaptiveLogSoftmaxWithLoss::new(8, usize::MAX, &[n.saturating_sub(1)], r).map(drop)
        });
        row("embedding", &mut |r| Embedding::new(n, n, r).map(drop));
        row("bag", &mut |r| EmbeddingBag::new(n, 2, r).map(drop));
        row("conv", &mut |r| Conv2d::new(n, n, 3, r).map(drop));
        row("conv: groups", &mut |r| Conv2d::with(4, 4, 3, ConvOptions::new().groups(n), r).map(drop));
        row("transpose", &mut |r| ConvTranspose2d::new(n, n, 3, r).map(drop));
        row("depthwise", &mut |r| DepthwiseConv1d::new(n, 3, r).map(drop));
        row("depth_multiplier", &mut |r| {
            DepthwiseConv1d::with(2, 3, SeparableConvOptions::new().depth_multiplier(n), r).map(drop)
        });
        row("group norm", &mut |_| GroupNorm::new(n, n).map(drop));
        row("layer norm", &mut |_| LayerNorm::new(&[n, n]).map(drop));
        row("response norm", &mut |_| LocalResponseNorm::new(n).forward(&floats(&[1, 3, 4])[0]).map(drop));
        row("lstm", &mut |r| LSTM::new(n, n, r).map(drop));
        row("gru", &mut |r| GRU::with(2, n, recurrent().bidirectional(true).num_layers(2), r).map(drop));
        row("projection", &mut |r| LSTM::with(2, 3, recurrent().proj_size(n), r).map(drop));
        row("cell", &mut |r| LSTMCell::new(n, n, r).map(drop));
        row("attention", &mut |r| MultiheadAttention::new(n, 1, r).map(drop));
        row("heads", &mut |r| MultiheadAttention::new(8, n, r).map(drop));
        row("kdim", &mut |r| {
            MultiheadAttention::with(8, 2, MultiheadAttentionOptions::new().kdim(n).vdim(n), r).map(drop)
        });
        row("grouped", &mut |r| GroupedQueryAttention::new(n, 1, 1, r).map(drop));
        row("groups", &mut |r| GroupedQueryAttention::new(8, 4, n, r).map(drop));
        row("feed-forward", &mut |r| {
            TransformerEncoderLayer::with(4, 2, TransformerOptions::new().dim_feedforward(n), r).map(drop)
        });
        row("positions", &mut |r| LearnedPositions::new(n, n, r).map(drop));
        row("sparse", &mut |r| init::Initializer::tensor(&init::sparse(0.5), &[n, 0], DType::F32, r).map(drop));
        // Small layers, as many as that.
        row("recurrent layers", &mut |r| GRU::with(2, 2, recurrent().num_layers(n), r).map(drop));
        row("encoder layers", &mut |r| TransformerEncoder::new(4, 2, n, r).map(drop));
        row("decoder layers", &mut |r| TransformerDecoder::new(4, 2, n, r).map(drop));
    }
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn rates() {
    let x = floats(&[3, 2]);
    let pair = [&x[..], &x[..]].concat();
    let mut failed: Vec<String> = Vec::new();
    for p in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -2.0, 0.0, 1e-300, 1e300] {
        let mut row = |name: &str, inputs: &[Tensor], make: &dyn Fn(&mut SeededRng) -> Made| {
            failed.extend(panics(name, p, || make(&mut seeded(7)), inputs));
        };
        row("dropout", &x, &|r| boxed(Dropout::new(p, r)?));
        row("noise", &x, &|r| boxed(GaussianNoise::new(p, r)?));
        row("gaussian dropout", &x, &|r| boxed(GaussianDropout::new(p, r)?));
        row("batch norm", &x, &|_| boxed(BatchNorm1d::with(2, BatchNormOptions::new().eps(p).momentum(p))?));
        row("layer norm", &x, &|_| boxed(LayerNorm::with(&[2], LayerNormOptions::new().eps(p))?));
        row("sinusoidal", &x, &|_| boxed(SinusoidalPositions::new().base(p)));
        row("max_norm", &[Tensor::from([0, 2])], &|r| {
            boxed(Embedding::with(3, 2, EmbeddingOptions::new().max_norm(p).norm_type(p), r)?)
        });
        row("distance", &pair, &|_| boxed(PairwiseDistance::new().p(p).eps(p)));
        row("upsample", &floats(&[1, 1, 5]), &|_| boxed(Upsample::scale_factor(p)));
        row("ratio", &floats(&[1, 1, 5, 5]), &|r| boxed(FractionalMaxPool2d::ratio(2, p, r)));
        row("div_value", &floats(&[2, 8]), &|r| {
            boxed(AdaptiveLogSoftmaxWithLoss::with(8, 10, &[3], AdaptiveLogSoftmaxOptions::new().div_value(p), r)?)
        });
    }
    assert!(failed.is_empty(), "{failed:?}");
}

/// Empty sequences of more steps than memory could list, and rows that are one row.
#[test]
fn steps_and_chunks() -> Result<()> {
    const BEYOND: usize = 1 << 48;
    let nothing = Tensor::zeros(&[0, BEYOND, 1, 5], DType::F32)?;
    let error = ConvLSTM1d::new(1, 2, 3, &mut seeded(7))?.forward(&nothing).expect_err("too many steps");
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
    let rows = Tensor::from([[1.0, 2.0]]).expand(&[BEYOND as isize, 2])?;
    let weight = Tensor::from([[1.0, 0.0], [0.0, 1.0]]);
    let loss = LinearCrossEntropyLoss::new(CrossEntropyLoss::new()).rows(1);
    for target in [rows.clone(), Tensor::from([1]).expand(&[BEYOND as isize])?] {
        let error = loss.forward(&rows, &weight, None, &target).expect_err("too many chunks");
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
    }
    Ok(())
}

/// Losses of three tensors, of which any may be larger than memory.
#[test]
fn losses_of_three() {
    let small = Tensor::from([[1.0, 2.0, 3.0], [0.5, 0.25, 4.0]]);
    let vast = |sizes: [isize; 2]| small.narrow(0, 0, 1)?.narrow(1, 0, 1)?.expand(&sizes);
    let all =
        [Ok(small.clone()), vast([1 << 48, 3]), vast([2, 1 << 48]), vast([0, 1 << 48])].map(|x| x.expect("a view"));
    type OfThree = fn(&[&Tensor; 3]) -> Result<Tensor>;
    let losses: [(&str, OfThree); 5] = [
        ("gaussian", |[x, t, var]| GaussianNllLoss::new().forward(x, t, var)),
        ("ranking", |[a, b, t]| MarginRankingLoss::new().forward(a, b, t)),
        ("triplet", |[a, p, n]| TripletMarginLoss::new().swap(true).forward(a, p, n)),
        ("triplet with distance", |[a, p, n]| {
            TripletMarginWithDistanceLoss::new(|a: &Tensor, b: &Tensor| a.try_sub(b)?.sum_dim(-1)).forward(a, p, n)
        }),
        ("cosine", |[a, b, t]| CosineEmbeddingLoss::new().forward(a, b, &t.select(1, 0)?)),
    ];
    let mut failed = Vec::new();
    for (name, loss) in losses {
        for at in 0..64 {
            let three = [&all[at % 4], &all[at / 4 % 4], &all[at / 16]];
            if alone(|| catch_unwind(AssertUnwindSafe(|| loss(&three).map(drop)))).is_err() {
                failed.push(format!("{name} of {:?}", three.map(Tensor::shape)));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}
