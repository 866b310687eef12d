//! Starting values of other frameworks.

use super::{keras_defaults, pytorch_defaults};
use crate::{
    AdditiveAttention, Attention, AttentionLayerOptions, ConvLSTM2d, DepthwiseConv2d, EinsumDense, EinsumDenseOptions,
    GATConv, GATConvOptions, GCNConv, GroupedQueryAttention, Layer, MultiheadAttentionOptions, SAGEConv, ScoreMode,
    SeparableConv2d, SeparableConvOptions, SpectralNorm, SpectralNormOptions, Transformer, TransformerOptions,
};
use autograd_core::module::{ItemMut, Module as _, Param, Path};
use autograd_core::{DType, Result, Tensor, seeded};
use wengert_derive::Module;

/// Types with the names and the shapes of layers.
macro_rules! shapes {
    ($($Kind:ident { $($field:ident: $shape:expr),+ $(,)? })+) => {$(
        #[derive(Module)]
        #[allow(clippy::upper_case_acronyms, reason = "the names of layers are PyTorch's")]
        struct $Kind { $($field: Param),+ }
        impl $Kind {
            fn of_nines() -> Result<$Kind> {
                Ok($Kind { $($field: Param::new(Tensor::full(&$shape, 9.0, DType::F32)?)?),+ })
            }
        }
    )+};
}

shapes! {
    LSTM { weight_ih_l0: [400, 100], weight_hh_l0: [400, 100], bias_ih_l0: [400], bias_hh_l0: [400] }
    GRUCell { weight_ih: [75, 40], weight_hh: [75, 25], bias_ih: [75], bias_hh: [75] }
    Embedding { weight: [100, 30] }
    BatchNorm2d { weight: [3], bias: [3] }
    LayerNorm { weight: [3], bias: [3] }
    ConvTranspose2d { weight: [20, 9, 2, 2], bias: [9] }
    PReLU { weight: [2] }
    Linear { weight: [20, 25], bias: [20] }
    Unknown { gate: [4] }
}

#[derive(Module)]
struct MultiheadAttention {
    in_proj_weight: Param,
    in_proj_bias: Param,
    out_proj: Linear,
}

#[derive(Module)]
struct Net {
    lstm: LSTM,
    gru: GRUCell,
    embedding: Embedding,
    norms: (BatchNorm2d, LayerNorm),
    conv: ConvTranspose2d,
    act: PReLU,
    head: Vec<Linear>,
    attention: MultiheadAttention,
    odd: Unknown,
}

fn net() -> Result<Net> {
    let nines = |shape: &[usize]| Param::new(Tensor::full(shape, 9.0, DType::F32)?);
    let (in_proj_weight, in_proj_bias) = (nines(&[60, 20])?, nines(&[60])?);
    let out_proj = Linear::of_nines()?;
    Ok(Net {
        lstm: LSTM::of_nines()?,
        gru: GRUCell::of_nines()?,
        embedding: Embedding::of_nines()?,
        norms: (BatchNorm2d::of_nines()?, LayerNorm::of_nines()?),
        conv: ConvTranspose2d::of_nines()?,
        act: PReLU::of_nines()?,
        head: vec![Linear::of_nines()?],
        attention: MultiheadAttention { in_proj_weight, in_proj_bias, out_proj },
        odd: Unknown::of_nines()?,
    })
}

/// Uniform within a bound, normal with a standard deviation, or a value.
enum Expected {
    Within(f64),
    Std(f64),
    Value(f64),
}
use Expected::{Std, Value, Within};

fn check(net: &Net, expected: &[(&str, Expected)]) {
    for (name, param) in net.named_parameters() {
        let (_, expected) = expected.iter().find(|(known, _)| name == *known).unwrap_or_else(|| panic!("{name}"));
        let values = param.to_f64s();
        let n = values.len() as f64;
        let std = (values.iter().map(|x| x * x).sum::<f64>() / n).sqrt();
        match *expected {
            // The largest of n values in ±bound is above bound · (1 − 8/n) but once in 3000 times.
            Within(bound) => {
                let inside = values.iter().all(|x| x.abs() <= bound * 1.000001);
                let reached = values.iter().any(|x| x.abs() > bound * (1.0 - 8.0 / n));
                let signs = values.iter().any(|x| *x < 0.0) && values.iter().any(|x| *x > 0.0);
                let even = n < 300.0 || (std / bound * 3f64.sqrt() - 1.0).abs() < 0.1;
                assert!(inside && reached && signs && even, "{name}: within {bound}? {values:?}");
            }
            Std(want) => assert!((std / want - 1.0).abs() < 0.1, "{name}: {std} {want}"),
            Value(want) => assert!(values.iter().all(|x| *x == want), "{name}: {values:?}"),
        }
    }
}

#[test]
fn every_layer_starts_as_in_pytorch() -> Result<()> {
    let mut net = net()?;
    assert_eq!(pytorch_defaults(&mut net, &mut seeded(1))?, ["odd.gate"]);
    check(
        &net,
        &[
            ("lstm.weight_ih_l0", Within(0.1)),
            ("lstm.weight_hh_l0", Within(0.1)),
            ("lstm.bias_ih_l0", Within(0.1)),
            ("lstm.bias_hh_l0", Within(0.1)),
            ("gru.weight_ih", Within(0.2)),
            ("gru.weight_hh", Within(0.2)),
            ("gru.bias_ih", Within(0.2)),
            ("gru.bias_hh", Within(0.2)),
            ("embedding.weight", Std(1.0)),
            ("norms.0.weight", Value(1.0)),
            ("norms.0.bias", Value(0.0)),
            ("norms.1.weight", Value(1.0)),
            ("norms.1.bias", Value(0.0)),
            ("conv.weight", Within(1.0 / 6.0)),
            ("conv.bias", Within(1.0 / 6.0)),
            ("act.weight", Value(0.25)),
            ("head.0.weight", Within(0.2)),
            ("head.0.bias", Within(0.2)),
            ("attention.in_proj_weight", Within((6.0 / 80f64).sqrt())),
            ("attention.in_proj_bias", Value(0.0)),
            ("attention.out_proj.weight", Within(0.2)),
            ("attention.out_proj.bias", Value(0.0)),
            ("odd.gate", Value(9.0)),
        ],
    );
    Ok(())
}

#[test]
fn every_layer_starts_as_in_keras() -> Result<()> {
    let mut net = net()?;
    assert_eq!(keras_defaults(&mut net, &mut seeded(1))?, ["odd.gate"]);
    let gates = net.lstm.bias_ih_l0.to_f64s();
    assert!(gates.iter().enumerate().all(|(at, x)| *x == if (100..200).contains(&at) { 1.0 } else { 0.0 }));
    net.lstm.bias_ih_l0.set(Tensor::zeros(&[400], DType::F32)?)?;
    check(
        &net,
        &[
            ("lstm.weight_ih_l0", Within((6.0 / 500f64).sqrt())),
            ("lstm.weight_hh_l0", Std(0.05)),
            ("lstm.bias_ih_l0", Value(0.0)),
            ("lstm.bias_hh_l0", Value(0.0)),
            ("gru.weight_ih", Within((6.0 / 115f64).sqrt())),
            ("gru.weight_hh", Std(1.0 / 75f64.sqrt())),
            ("gru.bias_ih", Value(0.0)),
            ("gru.bias_hh", Value(0.0)),
            ("embedding.weight", Within(0.05)),
            ("norms.0.weight", Value(1.0)),
            ("norms.0.bias", Value(0.0)),
            ("norms.1.weight", Value(1.0)),
            ("norms.1.bias", Value(0.0)),
            ("conv.weight", Within((6.0 / 116f64).sqrt())),
            ("conv.bias", Value(0.0)),
            ("act.weight", Value(0.0)),
            ("head.0.weight", Within((6.0 / 45f64).sqrt())),
            ("head.0.bias", Value(0.0)),
            ("attention.in_proj_weight", Within((6.0 / 40f64).sqrt())),
            ("attention.in_proj_bias", Value(0.0)),
            ("attention.out_proj.weight", Within((6.0 / 45f64).sqrt())),
            ("attention.out_proj.bias", Value(0.0)),
            ("odd.gate", Value(9.0)),
        ],
    );
    Ok(())
}

/// Adds 9 to all parameters.
fn raise(layer: &mut dyn Layer) {
    layer.visit_mut(&Path::root(), &mut |_, item| {
        if let ItemMut::Param(param) = item {
            param.set(param.detach().add_scalar(9.0)).expect("the same shape");
        }
    });
}

/// The smallest and the largest number; NaN is one of them if there is any.
fn range(param: &Param) -> [f64; 2] {
    let values = param.to_f64s();
    let values = || values.iter().copied();
    [values().min_by(f64::total_cmp), values().max_by(f64::total_cmp)].map(|x| x.expect("it is not empty"))
}

/// Nearly the range `±bound`.
fn fills(param: &Param, bound: f64) {
    let [least, most] = range(param);
    assert!(-bound <= least && least < -0.9 * bound && 0.9 * bound < most && most <= bound, "{least} {most} {bound}");
}

#[test]
fn graph_layers_start_as_in_pytorch_geometric() -> Result<()> {
    let rng = &mut seeded(1);
    let mut gcn = GCNConv::new(20, 30, rng)?;
    let mut gat = GATConv::with(20, 40, GATConvOptions::new().heads(2).edge_dim(3), rng)?;
    let mut sage = SAGEConv::new(25, 40, rng)?;
    for layer in [&mut gcn as &mut dyn Layer, &mut gat, &mut sage] {
        raise(layer);
        assert_eq!(pytorch_defaults(layer, rng)?, [""; 0]);
    }
    fills(&gcn.lin.weight, (6.0 / 50f64).sqrt());
    fills(&gat.lin.weight, (6.0 / 100f64).sqrt());
    fills(&gat.att_src, (6.0 / 42f64).sqrt());
    fills(gat.att_edge.as_ref().expect("edges have attributes"), (6.0 / 42f64).sqrt());
    fills(&sage.lin_l.weight, 0.2);
    for bias in [gcn.bias, gat.bias] {
        assert_eq!(range(&bias.expect("a bias")), [0.0, 0.0]);
    }
    Ok(())
}

#[test]
fn layers_of_keras_start_as_in_keras() -> Result<()> {
    let rng = &mut seeded(1);
    let mut conv = ConvLSTM2d::new(3, 4, 2, rng)?;
    let mut additive = AdditiveAttention::new(75, rng)?;
    let options = AttentionLayerOptions::new().use_scale(true).score_mode(ScoreMode::Concat);
    let mut attention = Attention::with(options, rng)?;
    for layer in [&mut conv as &mut dyn Layer, &mut additive, &mut attention] {
        raise(layer);
        assert_eq!(keras_defaults(layer, rng)?, [""; 0]);
    }
    fills(&conv.weight_ih, (6.0 / 76f64).sqrt());
    let rows = conv.weight_hh.reshape(&[16, 16])?;
    let product = rows.matmul(&rows.t()?)?.try_sub(&Tensor::eye(16, DType::F32)?)?;
    assert!(product.abs().max()?.item::<f32>()? < 1e-5);
    let bias = conv.bias.expect("a bias").to_f64s();
    assert_eq!((&bias[..4], &bias[4..8], &bias[8..]), (&[0.0; 4][..], &[1.0; 4][..], &[0.0; 8][..]));
    fills(additive.scale.as_ref().expect("factors"), 0.2);
    assert_eq!((range(&attention.scale.expect("a factor"))), [1.0, 1.0]);
    Ok(())
}

#[test]
fn kernels_of_single_channels_start_as_in_keras() -> Result<()> {
    let rng = &mut seeded(2);
    let options = || SeparableConvOptions::new().depth_multiplier(2);
    let mut single = DepthwiseConv2d::with(3, 5, options(), rng)?;
    let mut separable = SeparableConv2d::with(3, 4, 5, options(), rng)?;
    for layer in [&mut single as &mut dyn Layer, &mut separable] {
        raise(layer);
        assert_eq!(keras_defaults(layer, rng)?, [""; 0]);
    }
    // [5, 5, 3, 2] there: fans of 75 and 50.
    fills(&single.conv.weight, (6.0 / 125f64).sqrt());
    fills(&separable.depthwise.conv.weight, (6.0 / 125f64).sqrt());
    assert_eq!(range(single.conv.bias.as_ref().expect("a bias")), [0.0, 0.0]);
    Ok(())
}

#[test]
fn attention_starts_as_a_whole() -> Result<()> {
    let rng = &mut seeded(2);
    let options = MultiheadAttentionOptions::new().kdim(30).add_bias_kv(true);
    let mut attention = crate::MultiheadAttention::with(20, 2, options, rng)?;
    let mut grouped = GroupedQueryAttention::new(20, 2, 1, rng)?;
    let all: [(&mut dyn Layer, &[&str]); 2] = [(&mut attention, &["bias_k", "bias_v"]), (&mut grouped, &[])];
    for (layer, left) in all {
        raise(layer);
        assert_eq!(keras_defaults(layer, rng)?, left);
    }
    fills(attention.q_proj_weight.as_ref().expect("sizes of its own"), (6.0 / 40f64).sqrt());
    fills(attention.k_proj_weight.as_ref().expect("sizes of its own"), (6.0 / 50f64).sqrt());
    fills(attention.v_proj_weight.as_ref().expect("sizes of its own"), (6.0 / 40f64).sqrt());
    fills(&attention.out_proj.weight, (6.0 / 40f64).sqrt());
    assert_eq!(range(attention.in_proj_bias.as_ref().expect("a bias")), [0.0, 0.0]);
    fills(&grouped.k_proj.weight, (6.0 / 30f64).sqrt());
    Ok(())
}

/// By the fans of Keras's `compute_fans`.
#[test]
fn weights_of_equations_start_as_in_keras() -> Result<()> {
    let rng = &mut seeded(2);
    for (equation, shape, fans) in [
        ("abd,dhk->abhk", &[20, 10, 5][..], 300f64),
        ("ab,bc->ac", &[20, 30][..], 50f64),
        ("ab,b->ab", &[200][..], 400f64),
        ("abcd,bcde->ae", &[5, 4, 6, 3][..], 180f64),
    ] {
        let options = EinsumDenseOptions::new().bias(&[1]);
        let mut dense = EinsumDense::with(equation, shape, options, rng)?;
        raise(&mut dense);
        assert_eq!(keras_defaults(&mut dense, rng)?, [""; 0]);
        fills(&dense.weight, (6.0 / fans).sqrt());
        assert_eq!(range(dense.bias.as_ref().expect("a bias")), [0.0, 0.0]);
    }
    Ok(())
}

#[test]
fn the_matrices_of_a_whole_transformer_start_by_glorots_rule() -> Result<()> {
    let rng = &mut seeded(3);
    let mut model = Transformer::with(16, 2, [1, 1], TransformerOptions::new().dim_feedforward(64), rng)?;
    assert!(pytorch_defaults(&mut model, rng)?.is_empty());
    for (name, param) in model.named_parameters() {
        if let [rows, columns] = *param.shape() {
            let bound = (6.0 / (rows + columns) as f64).sqrt();
            let [least, most] = range(param);
            let reached = least < -0.95 * bound || most > 0.95 * bound;
            assert!(-bound <= least && least < 0.0 && most <= bound && reached, "{name}: {least} {most}, {bound}");
        }
    }
    Ok(())
}

#[test]
fn a_computed_parameter_makes_no_normalisation_of_a_layer() -> Result<()> {
    let rng = &mut seeded(3);
    let options = SpectralNormOptions::new().name("weight_ih");
    let mut layer = SpectralNorm::with(ConvLSTM2d::new(2, 3, 2, rng)?, options, rng)?;
    let mut plain = layer.clone().fold()?;
    let bias = plain.bias.as_ref().expect("one by default").to_f64s();
    assert!(bias.contains(&1.0));
    let unknown = pytorch_defaults(&mut layer, rng)?;
    assert!(unknown.contains(&"bias".to_string()), "{unknown:?}");
    assert_eq!(layer.fold()?.bias.expect("one by default").to_f64s(), bias);
    assert!(pytorch_defaults(&mut plain, rng)?.contains(&"bias".to_string()));
    Ok(())
}

#[test]
fn a_bias_beside_a_tied_weight_starts_like_any_other() -> Result<()> {
    let rng = &mut seeded(3);
    let embedding = crate::Embedding::new(5, 4, rng)?;
    let mut head = crate::Linear::new(4, 5, rng)?;
    head.weight = embedding.weight.tie();
    head.bias.as_mut().expect("one by default").set(Tensor::full(&[5], 5.0, autograd_core::DType::F32)?)?;
    let mut model = (embedding, head);
    assert!(pytorch_defaults(&mut model, rng)?.is_empty());
    let bias = model.1.bias.as_ref().expect("one by default").to_f64s();
    assert!(bias.iter().all(|x| x.abs() <= 0.5) && bias.iter().any(|x| *x != 0.0), "{bias:?}");
    Ok(())
}

// Below the macro that it uses.
mod known;
