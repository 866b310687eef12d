//! Steps with a cache against whole sequences, under masks.

use super::{
    AttentionMasks, GroupedQueryAttention, GroupedQueryAttentionOptions, KeyValueCache, LearnedPositions,
    MultiheadAttention, MultiheadAttentionOptions, SinusoidalPositions, TransformerDecoder, TransformerOptions,
};
use crate::LayerNorm;
use crate::layer::Layer;
use autograd_core::module::Module;
use autograd_core::{DType, Error, Result, RotaryOptions, Tensor, seeded};

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
fn steps_with_absolute_positions_are_the_whole_sequence() -> Result<()> {
    let rng = &mut seeded(7);
    let (sines, learned) = (SinusoidalPositions::new(), LearnedPositions::new(LENGTH, 8, rng)?);
    let options = MultiheadAttentionOptions::new().batch_first(true);
    let attention = MultiheadAttention::with(8, 4, options, rng)?;
    let x = Tensor::randn(&[2, LENGTH, 8], DType::F32, &mut seeded(8))?;
    let placed = |x: &Tensor, first: usize| learned.after(first).forward(&sines.after(first).forward(x)?);
    let input = placed(&x, 0)?;
    let whole = attention.attend(&input, &input, &input, &AttentionMasks::new().is_causal(true))?;
    for cuts in CUTS {
        let mut cache = KeyValueCache::new();
        for &(start, len) in cuts {
            let step = placed(&x.narrow(1, start, len)?, cache.len())?;
            near(&format!("{start}"), &attention.step(&step, &mut cache)?, &whole.narrow(1, start, len)?);
        }
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

#[test]
fn a_memory_gives_what_its_keys_and_values_give_to_the_bit() -> Result<()> {
    let number = |shape: &[usize], seed| Tensor::randn(shape, DType::F32, &mut seeded(seed));
    let new = MultiheadAttentionOptions::new;
    for options in [new(), new().kdim(3).vdim(5), new().add_bias_kv(true).add_zero_attn(true), new().dropout(0.5)] {
        for batched in [true, false] {
            let mut attention = MultiheadAttention::with(8, 4, options.batch_first(true), &mut seeded(7))?;
            attention.eval();
            let sizes = attention.k_proj_weight.as_ref().map_or([8, 8], |_| [3, 5]);
            let shaped = |x: Tensor| if batched { Ok(x) } else { x.select(0, 0) };
            let key = shaped(number(&[2, LENGTH, sizes[0]], 1)?)?;
            let value = shaped(number(&[2, LENGTH, sizes[1]], 2)?)?;
            let query = shaped(number(&[2, 3, 8], 3)?)?;
            let memory = attention.memory(&key, &value)?;
            assert_eq!((memory.len(), memory.is_empty()), (LENGTH, false));
            for (name, attn, padding) in masks()?.into_iter().filter(|_| batched) {
                let mut masks = AttentionMasks::new();
                masks =
                    attn.iter().try_fold(masks, |all, mask| Ok::<_, Error>(all.attn_mask(mask.narrow(-2, 0, 3)?)))?;
                masks = padding.into_iter().fold(masks, AttentionMasks::key_padding_mask);
                let whole = attention.attend(&query, &key, &value, &masks)?;
                assert_eq!(attention.recall(&query, &memory, &masks)?.to_f64s(), whole.to_f64s(), "{name}");
            }
            let none = AttentionMasks::new();
            let whole = attention.attend(&query, &key, &value, &none)?;
            assert_eq!(attention.recall(&query, &memory, &none)?.to_f64s(), whole.to_f64s());
            // Nothing is dropped while training either.
            attention.train();
            assert_eq!(attention.recall(&query, &memory, &none)?.to_f64s(), whole.to_f64s());
            let gradients = attention.recall(&query, &memory, &none)?.sum().backward()?;
            assert!(attention.parameters().iter().all(|param| gradients.get(param).is_some()));
        }
    }
    Ok(())
}

#[test]
fn steps_of_a_decoder_are_the_whole_sequence() -> Result<()> {
    let number = |shape: &[usize], seed| Tensor::randn(shape, DType::F32, &mut seeded(seed));
    let (x, encoded) = (number(&[2, LENGTH, 8], 1)?, number(&[2, 5, 8], 2)?);
    let own = Tensor::from_slice(&[0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0], &[2, LENGTH])?.to_dtype(DType::Bool);
    let seen = Tensor::from_slice(&[0, 1, 0, 0, 0, 0, 0, 0, 1, 1], &[2, 5])?.to_dtype(DType::Bool);
    let pairs = number(&[LENGTH, 5], 3)?;
    for norm_first in [false, true] {
        let options = TransformerOptions::new().dim_feedforward(16).batch_first(true).norm_first(norm_first);
        let mut decoder = TransformerDecoder::with(8, 4, 2, options, &mut seeded(7))?.norm(LayerNorm::new(&[8])?);
        for (own, memory_masks) in [
            (None, AttentionMasks::new()),
            (Some(own.clone()), AttentionMasks::new().key_padding_mask(seen.clone())),
            (None, AttentionMasks::new().attn_mask(pairs.clone())),
        ] {
            decoder.eval();
            let causal = part(&None, &own, 0, LENGTH)?.is_causal(true);
            let whole = decoder.decode(&x, &encoded, &causal, &memory_masks)?;
            for (cuts, trains) in CUTS.into_iter().flat_map(|cuts| [(cuts, false), (cuts, true)]) {
                // Nothing is dropped.
                if trains {
                    decoder.train()
                } else {
                    decoder.eval()
                }
                let mut cache = decoder.start(&encoded)?;
                for &(start, len) in cuts {
                    let of_step = match memory_masks.any() && own.is_none() {
                        true => AttentionMasks::new().attn_mask(pairs.narrow(0, start, len)?),
                        false => memory_masks.clone(),
                    };
                    let new = x.narrow(1, start, len)?;
                    let masks = part(&None, &own, start, len)?;
                    let got = decoder.step_with_masks(&new, &mut cache, &masks, &of_step)?;
                    near(&format!("{norm_first} {start}"), &got, &whole.narrow(1, start, len)?);
                    assert_eq!(cache.len(), start + len);
                }
            }
        }
    }
    Ok(())
}

#[test]
fn steps_that_do_not_fit_add_nothing() -> Result<()> {
    let options = TransformerOptions::new().dim_feedforward(4);
    let decoder = TransformerDecoder::with(4, 2, 2, options, &mut seeded(7))?;
    let (x, encoded) = (Tensor::ones(&[1, 2, 4], DType::F32)?, Tensor::ones(&[3, 2, 4], DType::F32)?);
    let (new, place) = (AttentionMasks::new, "in layers.0.multihead_attn (MultiheadAttention): MultiheadAttention:");
    let error = decoder.start(&Tensor::ones(&[3, 2, 5], DType::F32)?).expect_err("refused").to_string();
    assert_eq!(error, format!("{place} key has shape [3, 2, 5], expected [S, N, 4]"));
    let mut cache = decoder.start(&encoded)?;
    assert!(cache.is_empty());
    drop(decoder.step(&x, &mut cache)?);
    let wide = Tensor::ones(&[1, 1, 4], DType::F32)?;
    let mut narrow = decoder.start(&encoded)?;
    let error = decoder.step(&wide, &mut narrow).expect_err("refused").to_string();
    assert_eq!(error, format!("{place} the memory is of 2 samples and 2 heads, the query [1, 1, 4] of 1 and 2"));
    assert!(narrow.is_empty());
    let causal = new().is_causal(true);
    let error = decoder.step_with_masks(&x, &mut cache, &new(), &causal).expect_err("refused").to_string();
    let text = "a step has no causal mask of the memory; attn_mask says which keys it sees";
    assert_eq!(error, format!("in layers.0 (TransformerDecoderLayer): TransformerDecoderLayer: {text}"));
    let short = new().key_padding_mask(Tensor::from([[false, true], [false, false]]));
    let error = decoder.step_with_masks(&x, &mut cache, &new(), &short).expect_err("refused").to_string();
    assert_eq!(error, format!("{place} key_padding_mask has shape [2, 2], expected [2, 3]"));
    let other = TransformerDecoder::with(4, 2, 1, options, &mut seeded(8))?;
    let error = other.step(&x, &mut cache).expect_err("refused").to_string();
    assert_eq!(error, "TransformerDecoder: the cache is of 2 layers, the decoder has 1");
    let attention = MultiheadAttention::new(4, 2, &mut seeded(7))?;
    let refused = |key: &[usize], value: &[usize]| -> Result<String> {
        let (key, value) = (Tensor::ones(key, DType::F32)?, Tensor::ones(value, DType::F32)?);
        Ok(attention.memory(&key, &value).expect_err("refused").to_string())
    };
    assert_eq!(refused(&[4], &[4])?, "MultiheadAttention: key has shape [4], expected [S, N, 4]");
    assert_eq!(refused(&[3, 4], &[3, 1, 4])?, "MultiheadAttention: value has shape [3, 1, 4], expected [S, 4]");
    let text = "there must be a value for each key";
    let text = format!("MultiheadAttention: key [3, 4] and value [2, 4] do not belong together: {text}");
    assert_eq!(refused(&[3, 4], &[2, 4])?, text);
    assert_eq!(cache.len(), 1);
    Ok(())
}
