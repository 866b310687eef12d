//! Steps with a cache against whole sequences, under masks.

use super::{
    AttentionMasks, GroupedQueryAttention, GroupedQueryAttentionOptions, KeyValueCache, MultiheadAttention,
    MultiheadAttentionOptions,
};
use crate::layer::Layer;
use autograd_core::{DType, Result, RotaryOptions, Tensor, seeded};

const LENGTH: usize = 6;

/// Where steps begin, and how many positions they have.
const CUTS: [&[(usize, usize)]; 3] =
    [&[(0, 2), (2, 1), (3, 3)], &[(0, 1), (1, 1), (2, 1), (3, 1), (4, 1), (5, 1)], &[(0, 6)]];

/// A name, a mask of pairs and one of keys.
type Masked = (String, Option<Tensor>, Option<Tensor>);

/// Masks of two samples and four heads; a name says which. The second sample begins with padding, and the first one has
/// a hole.
fn masks() -> Result<Vec<Masked>> {
    let hidden = [0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0];
    let padding = Tensor::from_slice(&hidden, &[2, LENGTH])?.to_dtype(DType::Bool);
    let number = |shape: &[usize], seed| Tensor::randn(shape, DType::F32, &mut seeded(seed));
    let pairs = [
        ("no pairs", None),
        ("numbers", Some(number(&[LENGTH, LENGTH], 3)?)),
        ("numbers of heads", Some(number(&[8, LENGTH, LENGTH], 4)?)),
        ("pairs", Some(number(&[LENGTH, LENGTH], 5)?.gt_scalar(0.7))),
        ("pairs of heads", Some(number(&[8, LENGTH, LENGTH], 6)?.gt_scalar(0.7))),
    ];
    let keys = [("no keys", None), ("keys", Some(padding)), ("numbers of keys", Some(number(&[2, LENGTH], 7)?))];
    let mut all = Vec::new();
    for (pair, attn) in &pairs {
        for (key, padding) in &keys {
            all.push((format!("{pair}, {key}"), attn.clone(), padding.clone()));
        }
    }
    Ok(all)
}

/// The masks that a step from `start` on takes, or those of the whole.
fn part(attn: &Option<Tensor>, padding: &Option<Tensor>, start: usize, len: usize) -> Result<AttentionMasks> {
    let mut masks = AttentionMasks::new();
    if let Some(attn) = attn {
        masks = masks.attn_mask(attn.narrow(-2, start, len)?.narrow(-1, 0, start + len)?);
    }
    if let Some(padding) = padding {
        masks = masks.key_padding_mask(padding.narrow(-1, 0, start + len)?);
    }
    Ok(masks)
}

fn near(what: &str, got: &Tensor, want: &Tensor) {
    assert_eq!(got.shape(), want.shape(), "{what}");
    for (got, want) in got.to_f64s().into_iter().zip(want.to_f64s()) {
        assert!((got - want).abs() < 1e-5, "{what}: {got} {want}");
    }
}

#[test]
fn masked_steps_of_grouped_heads_are_the_whole_sequence() -> Result<()> {
    let x = Tensor::randn(&[2, LENGTH, 8], DType::F32, &mut seeded(8))?;
    for (groups, rotates) in [(4, false), (2, true), (1, true), (2, false)] {
        let mut options = GroupedQueryAttentionOptions::new().bias(true);
        if rotates {
            options = options.rotary(RotaryOptions::new().base(10.0));
        }
        let attention = GroupedQueryAttention::with(8, 4, groups, options, &mut seeded(7))?;
        for (name, attn, padding) in masks()? {
            let whole = attention.attend(&x, &part(&attn, &padding, 0, LENGTH)?.is_causal(true))?;
            for cuts in CUTS {
                let mut cache = KeyValueCache::new();
                for &(start, len) in cuts {
                    let masks = part(&attn, &padding, start, len)?;
                    let got = attention.step_with_masks(&x.narrow(1, start, len)?, &mut cache, &masks)?;
                    near(&format!("{groups} {name} {start}"), &got, &whole.narrow(1, start, len)?);
                }
            }
        }
    }
    Ok(())
}

#[test]
fn masked_steps_of_several_heads_are_the_whole_sequence() -> Result<()> {
    let x = Tensor::randn(&[2, LENGTH, 8], DType::F32, &mut seeded(8))?;
    let options = MultiheadAttentionOptions::new().batch_first(true);
    let attention = MultiheadAttention::with(8, 4, options, &mut seeded(7))?;
    for (name, attn, padding) in masks()? {
        let whole = attention.attend(&x, &x, &x, &part(&attn, &padding, 0, LENGTH)?.is_causal(true))?;
        for cuts in CUTS {
            let mut cache = KeyValueCache::new();
            for &(start, len) in cuts {
                let masks = part(&attn, &padding, start, len)?;
                let got = attention.step_with_masks(&x.narrow(1, start, len)?, &mut cache, &masks)?;
                near(&format!("{name} {start}"), &got, &whole.narrow(1, start, len)?);
            }
        }
    }
    // Without a batch the mask of keys is a row.
    let (one, mut cache) = (x.select(0, 0)?, KeyValueCache::new());
    let padding = Some(Tensor::from([false, true, false, false, false, false]));
    let whole = attention.attend(&one, &one, &one, &part(&None, &padding, 0, LENGTH)?.is_causal(true))?;
    for (start, len) in [(0, 3), (3, 1), (4, 2)] {
        let got =
            attention.step_with_masks(&one.narrow(0, start, len)?, &mut cache, &part(&None, &padding, start, len)?)?;
        near("no batch", &got, &whole.narrow(0, start, len)?);
    }
    Ok(())
}

#[test]
fn padding_before_a_sequence_changes_nothing_under_relative_positions() -> Result<()> {
    let options = GroupedQueryAttentionOptions::new().is_causal(true).rotary(RotaryOptions::new());
    let attention = GroupedQueryAttention::with(8, 4, 2, options, &mut seeded(7))?;
    let x = Tensor::randn(&[1, 4, 8], DType::F32, &mut seeded(8))?;
    let noise = Tensor::randn(&[1, 2, 8], DType::F32, &mut seeded(9))?;
    let padded = Tensor::cat(&[&noise, &x], 1)?;
    let padding = Some(Tensor::from([[true, true, false, false, false, false]]));
    let alone = attention.forward(&x)?;
    let masked = attention.attend(&padded, &part(&None, &padding, 0, LENGTH)?)?;
    near("whole", &masked.narrow(1, 2, 4)?, &alone);
    let mut cache = KeyValueCache::new();
    for (start, len) in [(0, 3), (3, 1), (4, 2)] {
        let masks = part(&None, &padding, start, len)?;
        let got = attention.step_with_masks(&padded.narrow(1, start, len)?, &mut cache, &masks)?;
        let from = start.max(2);
        near(
            "steps",
            &got.narrow(1, from - start, start + len - from)?,
            &alone.narrow(1, from - 2, start + len - from)?,
        );
    }
    // As many heads of keys as of queries are attention with several heads.
    let (layer, mut same) = (
        GroupedQueryAttention::new(8, 4, 4, &mut seeded(1))?,
        MultiheadAttention::with(8, 4, MultiheadAttentionOptions::new().bias(false).batch_first(true), &mut seeded(2))?,
    );
    let weights = [&layer.q_proj, &layer.k_proj, &layer.v_proj].map(|linear| &*linear.weight);
    same.in_proj_weight = Some(autograd_core::module::Param::new(Tensor::cat(&weights, 0)?.detach())?);
    same.out_proj = layer.o_proj.clone();
    let masks = part(&None, &padding, 0, LENGTH)?;
    near("heads", &layer.attend(&padded, &masks)?, &same.attend(&padded, &padded, &padded, &masks)?);
    Ok(())
}

#[test]
fn masks_that_do_not_fit_are_refused_and_nothing_is_added() -> Result<()> {
    let attention = GroupedQueryAttention::new(4, 2, 1, &mut seeded(7))?;
    let heads = MultiheadAttention::with(4, 2, MultiheadAttentionOptions::new().batch_first(true), &mut seeded(7))?;
    let x = Tensor::ones(&[1, 2, 4], DType::F32)?;
    let mut caches = [KeyValueCache::new(), KeyValueCache::new()];
    drop(attention.step(&x, &mut caches[0])?);
    drop(heads.step(&x, &mut caches[1])?);
    let new = AttentionMasks::new;
    let refused = [
        (new().key_padding_mask(Tensor::from([[true, false]])), "key_padding_mask has shape [1, 2], expected [1, 4]"),
        (new().attn_mask(Tensor::zeros(&[2, 2], DType::F32)?), "attn_mask has shape [2, 2], expected [2, 4]"),
        (new().attn_mask(Tensor::zeros(&[1, 2, 4], DType::F32)?), "attn_mask has shape [1, 2, 4], expected [2, 2, 4]"),
    ];
    for (masks, text) in refused {
        let text = format!("KeyValueCache: {text}");
        let error = attention.step_with_masks(&x, &mut caches[0], &masks).expect_err("refused");
        assert_eq!(error.to_string(), text);
        assert_eq!(heads.step_with_masks(&x, &mut caches[1], &masks).expect_err("refused").to_string(), text);
    }
    let text = attention.attend(&x, &new().key_padding_mask(Tensor::from([[true]]))).expect_err("refused").to_string();
    assert_eq!(text, "GroupedQueryAttention: key_padding_mask has shape [1, 1], expected [1, 2]");
    for options in
        [MultiheadAttentionOptions::new().add_bias_kv(true), MultiheadAttentionOptions::new().add_zero_attn(true)]
    {
        let heads = MultiheadAttention::with(4, 2, options.batch_first(true), &mut seeded(7))?;
        assert_eq!(
            heads.step(&x, &mut caches[1]).expect_err("refused").to_string(),
            "MultiheadAttention: step cannot be taken with add_bias_kv or add_zero_attn, whose keys no cache holds"
        );
    }
    assert_eq!(caches.map(|cache| cache.len()), [2, 2]);
    Ok(())
}
