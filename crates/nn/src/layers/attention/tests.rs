//! Attention without projections as Keras computes it, and rotary positions of samples.

use super::{
    AdditiveAttention, AdditiveAttentionOptions, Attention, AttentionLayerOptions, AttentionMasks,
    GroupedQueryAttention, GroupedQueryAttentionOptions, ScoreMode,
};
use crate::Layer;
use autograd_core::module::Param;
use autograd_core::{DType, Result, RotaryOptions, Tensor, seeded};

/// `f(k)` as element k.
fn numbers(shape: [usize; 3], f: impl Fn(f64) -> f64) -> Result<Tensor> {
    Tensor::from_vec((0..shape.iter().product::<usize>()).map(|k| f(k as f64)).collect(), &shape)
}

fn param(value: &[f64]) -> Result<Option<Param>> {
    let shape: &[usize] = if value.len() == 1 { &[] } else { &[3] };
    Param::new(Tensor::from_slice(value, shape)?).map(Some)
}

/// An output and its weights, and those of Keras 3.15, which computes some of it in F32.
fn near(what: &str, (y, weights): (Tensor, Tensor), want: [&[f64]; 2]) {
    for (got, want) in [y.to_f64s(), weights.to_f64s()].iter().zip(want) {
        assert_eq!(got.len(), want.len(), "{what}");
        assert!(got.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-6), "{what}: {got:?} {want:?}");
    }
}

#[test]
fn outputs_are_those_of_keras() -> Result<()> {
    let query = numbers([1, 2, 3], |k| (0.9 * k).cos())?;
    let value = numbers([1, 4, 3], |k| (0.7 * k).sin())?;
    let key = Some(numbers([1, 4, 3], |k| (0.4 * k + 1.0).sin())?);
    let none = AttentionMasks::new();
    // Keras's mask says what is seen.
    let masks = AttentionMasks::new().key_padding_mask(Tensor::from([[false, true, false, false]]));
    let rng = &mut seeded(7);
    let dot = Attention::new(rng);
    let additive = |use_scale: bool, rng: &mut dyn autograd_core::Rng| {
        AdditiveAttention::with(3, AdditiveAttentionOptions::new().use_scale(use_scale), rng)
    };
    near(
        "dot",
        dot.attend(&query, &value, None, &none)?,
        [
            &[0.431792706251, 0.406425118446, 0.189909473062, -0.677043378353, -0.716267704964, -0.418620109558],
            &[
                0.20432305336,
                0.541469335556,
                0.044893514365,
                0.209314078093,
                0.0622241236269,
                0.0498648248613,
                0.82735812664,
                0.0605529509485,
            ],
        ],
    );
    near(
        "dot causal mask",
        dot.attend(&query, &value, key.as_ref(), &masks.clone().is_causal(true))?,
        [
            &[0.0, 0.644217669964, 0.98544973135, 0.0, 0.644217669964, 0.98544973135],
            &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0],
        ],
    );
    let mut scaled = Attention::with(AttentionLayerOptions::new().use_scale(true), rng)?;
    scaled.scale = param(&[0.7])?;
    near(
        "dot key scale",
        scaled.attend(&query, &value, key.as_ref(), &none)?,
        [
            &[0.217477694154, 0.314200073481, 0.263149261475, -0.196879193187, 0.140260100365, 0.411432862282],
            &[
                0.420772880316,
                0.382589280605,
                0.130666986108,
                0.0659709125757,
                0.0421509891748,
                0.0653659999371,
                0.302018225193,
                0.590464770794,
            ],
        ],
    );
    let concat = AttentionLayerOptions::new().score_mode(ScoreMode::Concat);
    let mut sums = Attention::with(concat, rng)?;
    sums.concat_score_weight = param(&[1.3])?;
    near(
        "concat",
        sums.attend(&query, &value, key.as_ref(), &none)?,
        [
            &[0.192571029067, 0.53141528368, 0.620326697826, 0.135862767696, 0.571034491062, 0.737639665604],
            &[
                0.72465823185,
                0.245839092361,
                0.022665316844,
                0.00683735894408,
                0.806592094177,
                0.170054976816,
                0.0127454544304,
                0.0106074745766,
            ],
        ],
    );
    let mut sums = Attention::with(concat.use_scale(true), rng)?;
    (sums.scale, sums.concat_score_weight) = (param(&[0.7])?, param(&[1.3])?);
    near(
        "concat scale",
        sums.attend(&query, &value, None, &none)?,
        [
            &[0.128918617964, 0.574871242046, 0.7504529953, 0.147275686264, 0.543482124805, 0.684080421925],
            &[
                0.409753298353,
                0.157370027259,
                0.0159873649926,
                0.416889309395,
                0.385205702598,
                0.191775113411,
                0.0285674165532,
                0.394451767437,
            ],
        ],
    );
    let mut added = additive(true, rng)?;
    added.scale = param(&[0.5, -1.0, 2.0])?;
    near(
        "additive",
        added.attend(&query, &value, key.as_ref(), &masks)?,
        [
            &[-0.0822021216154, 0.488819003105, 0.829940974712, -0.0734621211886, 0.505415916443, 0.846588969231],
            &[
                0.797234682916,
                0.0,
                0.0963669457634,
                0.106398371321,
                0.822868506876,
                0.0,
                0.0860437651818,
                0.0910877279423,
            ],
        ],
    );
    near(
        "additive plain",
        additive(false, rng)?.attend(&query, &value, None, &none)?,
        [
            &[0.114269301295, 0.577139079571, 0.768571376801, 0.12979310751, 0.528060317039, 0.677972495556],
            &[
                0.417736230506,
                0.141893980103,
                0.0175815233858,
                0.422788266004,
                0.384473996811,
                0.182828988551,
                0.0397369742679,
                0.392960040371,
            ],
        ],
    );
    Ok(())
}

#[test]
fn what_sees_nothing_gets_nothing() -> Result<()> {
    let attention = Attention::new(&mut seeded(7));
    let x = numbers([1, 2, 2], |k| (0.9 * k).cos())?.requires_grad();
    let hidden = [[true, true], [false, true]];
    let away = hidden.map(|row| row.map(|hidden| if hidden { f64::NEG_INFINITY } else { 0.0 }));
    let away = Tensor::from_vec(away.concat(), &[2, 2])?;
    for mask in [Tensor::from(hidden), away] {
        let (y, weights) = attention.attend(&x, &x, None, &AttentionMasks::new().attn_mask(mask))?;
        assert_eq!(weights.to_f64s(), [0.0, 0.0, 1.0, 0.0]);
        assert_eq!(y.select(1, 0)?.to_f64s(), [0.0, 0.0]);
        let gradients = y.sum().backward()?;
        assert_eq!(gradients.get(&x).expect("it takes part").to_f64s(), [1.0, 1.0, 0.0, 0.0]);
    }
    Ok(())
}

/// With as many samples as heads of queries, `[N, L]` broadcasts to heads too, which it is not for.
#[test]
fn samples_have_rotary_positions_of_their_own() -> Result<()> {
    let positions = Tensor::from([[0, 1, 2], [4, 9, 5]]);
    let layer = |positions: Tensor| {
        let options = GroupedQueryAttentionOptions::new().rotary(RotaryOptions::new().base(10.0).positions(positions));
        GroupedQueryAttention::with(8, 2, 1, options, &mut seeded(7))
    };
    let x = Tensor::randn(&[2, 3, 8], DType::F32, &mut seeded(8))?;
    let both = layer(positions.clone())?.forward(&x)?;
    for sample in 0..2 {
        let alone = layer(positions.select(0, sample)?)?.forward(&x.narrow(0, sample, 1)?)?;
        let far = both.narrow(0, sample, 1)?.try_sub(&alone)?.abs().max()?.item::<f32>()?;
        assert!(far < 1e-5, "sample {sample}: {far}");
    }
    Ok(())
}
