//! Cases of attention with several heads.

use super::super::AttentionMasks;
use super::{MultiheadAttention, MultiheadAttentionOptions};
use crate::layer::Layer;
use autograd_core::{DType, Tensor};

fn small() -> MultiheadAttentionOptions {
    MultiheadAttentionOptions::new()
}

fn masked(layer: &MultiheadAttention, all: &[Tensor], masks: AttentionMasks) -> crate::Result<Vec<Tensor>> {
    let y = layer.attend(&all[0], &all[0], &all[0], &masks)?;
    let (twin, weights) = layer.attend_with_weights(&all[0], &all[0], &all[0], &masks)?;
    Ok(vec![y, twin, weights])
}

cases![
    layer("MultiheadAttention", |rng| MultiheadAttention::new(4, 2, rng))
        .state(&["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"])
        .maps(&[3, 2, 4], &[3, 2, 4])
        .maps(&[3, 4], &[3, 4])
        .maps_all(&[&[3, 2, 4], &[5, 2, 4]], &[&[3, 2, 4]])
        .maps_all(&[&[3, 2, 4], &[2, 2, 4], &[2, 2, 4]], &[&[3, 2, 4]])
        .refuses(&[4], "MultiheadAttention: query has shape [4], expected [L, 4] or [L, N, E]")
        .refuses(&[3, 2, 5], "MultiheadAttention: query has shape [3, 2, 5], expected [L, N, 4]")
        .refuses_all(&[&[3, 4], &[3, 2, 4]], "MultiheadAttention: key has shape [3, 2, 4], expected [S, 4]")
        .refuses_all(
            &[&[3, 2, 4], &[5, 2, 4], &[6, 2, 4]],
            "MultiheadAttention: query [3, 2, 4], key [5, 2, 4] and value [6, 2, 4] do not belong together: batches \
             must be equal, and there must be a value for each key",
        )
        .refuses_all(&[], "MultiheadAttention: takes 1 to 3 inputs, got 0"),
    layer("MultiheadAttention", |rng| {
        let options = small().bias(false).kdim(3).vdim(2).batch_first(true).dropout(0.4);
        MultiheadAttention::with(4, 1, options, rng)
    })
    .state(&["q_proj_weight", "k_proj_weight", "v_proj_weight", "out_proj.weight"])
    .maps_all(&[&[2, 3, 4], &[2, 5, 3], &[2, 5, 2]], &[&[2, 3, 4]])
    .refuses_all(
        &[&[2, 3, 4], &[2, 5, 4], &[2, 5, 2]],
        "MultiheadAttention: key has shape [2, 5, 4], expected [N, S, 3]",
    ),
    layer("MultiheadAttention", |rng| {
        MultiheadAttention::with(4, 2, small().add_bias_kv(true).add_zero_attn(true), rng)
    })
    .state(&["in_proj_weight", "in_proj_bias", "bias_k", "bias_v", "out_proj.weight", "out_proj.bias"])
    .maps(&[3, 2, 4], &[3, 2, 4]),
    // Truth values only, which leave one sample without keys.
    layer("MultiheadAttention", |rng| MultiheadAttention::new(4, 4, rng))
        .state(&["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"])
        .runs(|layer, all| {
            let padding = Tensor::from([[false, true, false], [true, true, true]]);
            let pairs = Tensor::from([[false, true, true], [false, false, true], [true, false, false]]);
            masked(layer, all, AttentionMasks::new().key_padding_mask(padding).attn_mask(pairs))
        })
        .maps_all(&[&[3, 2, 4]], &[&[3, 2, 4], &[3, 2, 4], &[2, 3, 3]]),
    // Numbers for each head, truth values for keys, and keys at the end that all queries see.
    layer("MultiheadAttention", |rng| {
        MultiheadAttention::with(4, 2, small().add_bias_kv(true).batch_first(true), rng)
    })
    .state(&["in_proj_weight", "in_proj_bias", "bias_k", "bias_v", "out_proj.weight", "out_proj.bias"])
    .runs(|layer, all| {
        let padding = Tensor::from([[false, true, false]]);
        masked(layer, all, AttentionMasks::new().key_padding_mask(padding).attn_mask(all[1].clone()).is_causal(true))
    })
    .maps_all(&[&[1, 3, 4], &[2, 3, 3]], &[&[1, 3, 4], &[1, 3, 4], &[1, 3, 4]])
    .refuses_all(&[&[1, 3, 4], &[3, 2]], "MultiheadAttention: attn_mask has shape [3, 2], expected [3, 3]"),
    layer("MultiheadAttention", |rng| MultiheadAttention::new(4, 1, rng))
        .state(&["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"])
        .runs(|layer, all| masked(layer, all, AttentionMasks::new().key_padding_mask(all[1].clone())))
        .refuses_with(
            &[&[3, 2, 4]],
            &[Tensor::from([true, false, true])],
            "MultiheadAttention: key_padding_mask has shape [3], expected [2, 3]",
        )
        .refuses_with(
            &[&[3, 1, 4]],
            &[Tensor::from([true, false, true])],
            "MultiheadAttention: key_padding_mask has shape [3], expected [1, 3]",
        )
        .refuses_with(
            &[&[3, 4]],
            &[Tensor::from([[true, false, true]])],
            "MultiheadAttention: key_padding_mask has shape [1, 3], expected [3]",
        )
        .refuses_with(
            &[&[3, 2, 4]],
            &[Tensor::from([[1, 0, 1], [1, 0, 1]])],
            "MultiheadAttention: dtype is I64, expected F32; to_dtype converts",
        ),
    layer("MultiheadAttention", |rng| MultiheadAttention::new(4, 3, rng))
        .cannot_be("MultiheadAttention: num_heads is 3, it must be a divisor of 4, the features"),
    layer("MultiheadAttention", |rng| MultiheadAttention::with(4, 2, small().vdim(0), rng))
        .cannot_be("MultiheadAttention: vdim is 0, it must be at least 1"),
    layer("MultiheadAttention", |rng| MultiheadAttention::with(4, 2, small().dropout(-0.5), rng))
        .cannot_be("MultiheadAttention: dropout is -0.5, it must be in [0, 1]"),
];

#[test]
fn weights_that_were_taken_away_are_an_error() -> crate::Result<()> {
    use super::super::KeyValueCache;
    let rng = &mut autograd_core::seeded(7);
    let (x, other) = (Tensor::ones(&[3, 4], DType::F32)?, Tensor::ones(&[3, 2], DType::F32)?);
    let start =
        "MultiheadAttention: it has either in_proj_weight or q_proj_weight, k_proj_weight and v_proj_weight, got";
    let mut one = MultiheadAttention::new(4, 2, rng)?;
    let weight = one.in_proj_weight.take();
    let refused = |layer: &MultiheadAttention, got: &str| {
        let (mut cache, masks) = (KeyValueCache::new(), AttentionMasks::new());
        let all = [
            layer.forward(&x).map(drop),
            layer.forward_all(&[x.clone(), x.clone()]).map(drop),
            layer.attend_with_weights(&x, &x, &x, &masks).map(drop),
            layer.step(&x, &mut cache).map(drop),
        ];
        all.into_iter().for_each(|outcome| {
            assert_eq!(outcome.expect_err("refused").to_string(), format!("{start} {got}"));
        });
        assert!(cache.is_empty());
    };
    refused(&one, "none of them");
    // More than one projection of queries: it could not be seen which counts.
    let mut three = MultiheadAttention::with(4, 2, small().vdim(2), rng)?;
    (one.in_proj_weight, one.q_proj_weight) = (weight, three.q_proj_weight.take());
    refused(&one, "in_proj_weight, q_proj_weight");
    let error = three.attend(&x, &x, &other, &AttentionMasks::new()).expect_err("refused").to_string();
    assert_eq!(error, format!("{start} k_proj_weight, v_proj_weight"));
    // An added key without a value.
    let mut added = MultiheadAttention::with(4, 2, small().add_bias_kv(true), rng)?;
    added.bias_v = None;
    let error = added.forward(&x).expect_err("refused").to_string();
    assert_eq!(error, "MultiheadAttention: an added key has an added value, got bias_k only");
    added.bias_v = added.bias_k.take();
    let error = added.forward(&x).expect_err("refused").to_string();
    assert_eq!(error, "MultiheadAttention: an added key has an added value, got bias_v only");
    let error = added.step(&x, &mut KeyValueCache::new()).expect_err("refused").to_string();
    let text = "step cannot be taken with add_bias_kv or add_zero_attn, whose keys no cache holds";
    assert_eq!(error, format!("MultiheadAttention: {text}"));
    Ok(())
}

#[test]
fn biases_of_other_shapes_are_an_error() -> crate::Result<()> {
    use autograd_core::module::Param;
    let rng = &mut autograd_core::seeded(7);
    let (x, other) = (Tensor::ones(&[3, 4], DType::F32)?, Tensor::zeros(&[5, 4], DType::F32)?);
    let wide = || Param::new(Tensor::zeros(&[16], DType::F32)?).map(Some);
    let mut layer = MultiheadAttention::with(4, 2, small().add_bias_kv(true), rng)?;
    layer.bias_v = wide()?;
    let error = layer.forward(&x).expect_err("refused").to_string();
    assert_eq!(error, "MultiheadAttention: bias_v has shape [16], expected [1, 1, 4]");
    let mut layer = MultiheadAttention::new(4, 2, rng)?;
    layer.in_proj_bias = wide()?;
    let masks = AttentionMasks::new();
    for error in [layer.forward(&x), layer.attend(&x, &other, &other, &masks)] {
        let error = error.expect_err("refused").to_string();
        assert_eq!(error, "MultiheadAttention: in_proj_bias has shape [16], expected [12]");
    }
    Ok(())
}

#[test]
fn weights_are_those_of_the_output() -> crate::Result<()> {
    let mut rng = autograd_core::seeded(7);
    let attention = MultiheadAttention::with(6, 3, small().add_zero_attn(true), &mut rng)?;
    let x = Tensor::randn(&[4, 2, 6], DType::F32, &mut rng)?;
    let masks = AttentionMasks::new().is_causal(true);
    let (y, weights) = attention.attend_with_weights(&x, &x, &x, &masks)?;
    for (a, b) in y.to_f64s().into_iter().zip(attention.attend(&x, &x, &x, &masks)?.to_f64s()) {
        assert!((a - b).abs() < 1e-6);
    }
    let weights = weights.to_f64s();
    for (i, row) in weights.chunks(5).enumerate() {
        assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-6);
        // Later keys are left out, the added one at the end is not.
        assert!(row[i % 4 + 1..4].iter().all(|x| *x == 0.0) && row[4] > 0.0);
    }
    Ok(())
}
