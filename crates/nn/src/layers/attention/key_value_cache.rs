//! Keys and values of what came before.

use super::AttentionMasks;
use super::masks::no_later;
use autograd_core::check::Check;
use autograd_core::{AttentionOptions, DType, Error, Result, Tensor};

const CHECK: Check = Check("KeyValueCache");

/// Keys and values of the positions so far, to which each step of a generated sequence adds its own.
///
/// A step begins at the position [`len`](KeyValueCache::len). Layers that add positions to its input, as
/// [`SinusoidalPositions`](crate::SinusoidalPositions) and [`LearnedPositions`](crate::LearnedPositions), are told so
/// by `after`, in `positions.after(cache.len()).forward(&x)?`; without it every step stands at the beginning.
/// [`GroupedQueryAttention`](crate::GroupedQueryAttention) counts its rotary positions from there by itself.
///
/// # Examples
/// ```
/// use autograd_core::{AttentionOptions, DType, Tensor, seeded};
/// use wengert_nn::KeyValueCache;
/// let x = Tensor::randn(&[1, 2, 3, 4], DType::F64, &mut seeded(7))?;
/// let whole = x.scaled_dot_product_attention(&x, &x, AttentionOptions::new().is_causal(true))?;
/// let mut cache = KeyValueCache::new();
/// for i in 0..3 {
///     let step = x.narrow(2, i, 1)?;
///     let y = cache.attend(&step, &step, &step)?;
///     assert!(y.try_sub(&whole.narrow(2, i, 1)?)?.abs().max()?.item::<f64>()? < 1e-12);
/// }
/// assert_eq!(cache.len(), 3);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct KeyValueCache {
    kept: Option<[Tensor; 2]>,
}

impl KeyValueCache {
    /// Without positions.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::KeyValueCache;
    /// assert!(KeyValueCache::new().is_empty());
    /// ```
    pub fn new() -> KeyValueCache {
        KeyValueCache::default()
    }

    /// The number of positions.
    pub fn len(&self) -> usize {
        self.kept.as_ref().map_or(0, |[k, _]| k.shape()[k.shape().len() - 2])
    }

    /// Whether there are no positions.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets all positions.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// # use wengert_nn::KeyValueCache;
    /// let (mut cache, x) = (KeyValueCache::new(), Tensor::ones(&[1, 2, 4], DType::F32)?);
    /// cache.append(&x, &x)?;
    /// cache.clear();
    /// assert!(cache.is_empty());
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn clear(&mut self) {
        self.kept = None;
    }

    /// Adds keys `[.., H, S, E]` and values `[.., H, S, V]`; returns all there are now.
    ///
    /// # Errors
    /// If they are not of as many positions, or do not fit those before; then nothing is added.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// # use wengert_nn::KeyValueCache;
    /// let (mut cache, x) = (KeyValueCache::new(), Tensor::ones(&[1, 2, 4], DType::F32)?);
    /// cache.append(&x, &x)?;
    /// assert_eq!(cache.append(&x, &x)?[0].shape(), [1, 4, 4]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn append(&mut self, key: &Tensor, value: &Tensor) -> Result<[Tensor; 2]> {
        let all = self.with(key, value)?;
        self.kept = Some(all.clone());
        Ok(all)
    }

    fn with(&self, key: &Tensor, value: &Tensor) -> Result<[Tensor; 2]> {
        CHECK.same_float(key, value)?;
        let [positions, _] = CHECK.last("key", key, "[.., S, E]")?;
        let [same, _] = CHECK.last("value", value, "[.., S, V]")?;
        if same != positions {
            return Err(Error::shape(CHECK.0, "value", value.shape(), format_args!("[.., {positions}, V]")));
        }
        match &self.kept {
            None => Ok([key.clone(), value.clone()]),
            Some([k, v]) => Ok([Tensor::cat(&[k, key], -2)?, Tensor::cat(&[v, value], -2)?]),
        }
    }

    /// Adds keys and values of as many positions as there are queries, `[.., H, L, E]`; each query attends to its own
    /// position and all before. The heads of keys and values may be fewer, and divide the queries'.
    ///
    /// # Errors
    /// If the operands do not fit; then nothing is added.
    pub fn attend(&mut self, query: &Tensor, key: &Tensor, value: &Tensor) -> Result<Tensor> {
        self.attend_with_masks(query, key, value, &AttentionMasks::new())
    }

    /// [`KeyValueCache::attend`] with masks over all positions there are then, those of earlier calls first: pairs `[L,
    /// S]` or `[N · H, L, S]`, keys `[N, S]`, where S is `len()` and the new ones. With one of these the operands are
    /// `[N, H, L, E]`. Later keys are left out whether the masks say so or not. A query that sees no key gets 0.
    ///
    /// # Errors
    /// If the operands or the masks do not fit; then nothing is added.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// # use wengert_nn::{AttentionMasks, KeyValueCache};
    /// let (mut cache, query) = (KeyValueCache::new(), Tensor::zeros(&[1, 1, 1, 1], DType::F32)?);
    /// let number = |x: f32| Tensor::from([[[[x]]]]);
    /// let _ = cache.attend(&query, &number(5.0), &number(5.0))?;
    /// let masks = AttentionMasks::new().key_padding_mask(Tensor::from([[true, false]]));
    /// let y = cache.attend_with_masks(&query, &number(7.0), &number(7.0), &masks)?;
    /// assert_eq!(y.to_vec::<f32>()?, [7.0]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn attend_with_masks(
        &mut self,
        query: &Tensor,
        key: &Tensor,
        value: &Tensor,
        masks: &AttentionMasks,
    ) -> Result<Tensor> {
        self.attend_batch(query, key, value, masks, true)
    }

    /// Without a batch the mask of keys is `[S]`, and N is 1.
    pub(super) fn attend_batch(
        &mut self,
        query: &Tensor,
        key: &Tensor,
        value: &Tensor,
        masks: &AttentionMasks,
        batched: bool,
    ) -> Result<Tensor> {
        let (before, all) = (self.len(), self.with(key, value)?);
        let [k, v] = &all;
        let length = |x: &Tensor| x.shape().iter().rev().nth(1).copied().unwrap_or(0);
        let [queries, _] = CHECK.last("query", query, "[.., L, E]")?;
        if length(key) != queries {
            return Err(Error::shape(CHECK.0, "key", key.shape(), format_args!("[.., {queries}, E]")));
        }
        let mut mask = None;
        if masks.any() {
            let [batch, heads, _, _] = CHECK.shape("query", query, "[N, H, L, E]")?;
            mask = masks.joined(CHECK.0, [batch, heads, queries, length(k)], batched, 0, query.dtype())?;
        }
        if before > 0 && queries > 1 {
            let earlier = no_later(before, queries, length(k))?;
            mask = Some(match mask {
                None => earlier,
                Some(mask) if mask.dtype() == DType::Bool => mask.logical_and(&earlier)?,
                Some(mask) => mask.masked_fill(&earlier.logical_not()?, f64::NEG_INFINITY)?,
            });
        }
        let options = AttentionOptions::new().enable_gqa(query.shape().len() > 2).is_causal(before == 0);
        let options = mask.into_iter().fold(options, AttentionOptions::attn_mask);
        let y = query.scaled_dot_product_attention(k, v, options)?;
        self.kept = Some(all);
        Ok(y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd_core::seeded;

    #[test]
    fn steps_of_any_length_are_the_whole_sequence() -> Result<()> {
        let x = |seed, heads| Tensor::randn(&[2, heads, 7, 4], DType::F64, &mut seeded(seed));
        let (q, k, v) = (x(1, 4)?, x(2, 2)?, x(3, 2)?);
        let options = AttentionOptions::new().is_causal(true).enable_gqa(true);
        let whole = q.scaled_dot_product_attention(&k, &v, options)?;
        let mut cache = KeyValueCache::new();
        for (start, len) in [(0, 2), (2, 3), (5, 1), (6, 1)] {
            let part = |x: &Tensor| x.narrow(2, start, len);
            let got = cache.attend(&part(&q)?, &part(&k)?, &part(&v)?)?;
            for (got, want) in got.to_f64s().into_iter().zip(part(&whole)?.to_f64s()) {
                assert!((got - want).abs() < 1e-12);
            }
        }
        let wrong = cache.attend(&q, &q, &q).expect_err("other heads").to_string();
        assert_eq!(wrong, "cat: a tensor has shape [2, 4, 7, 4], expected [2, 2, 7, 4] but for dim 2");
        assert_eq!(cache.len(), 7);
        Ok(())
    }

    #[test]
    fn what_is_no_list_of_positions_is_refused_and_changes_nothing() -> Result<()> {
        let x = |shape: &[usize]| Tensor::ones(shape, DType::F32);
        let mut cache = KeyValueCache::new();
        for before in [0, 2] {
            let appended = [
                (x(&[4])?, x(&[4])?, "KeyValueCache: key has shape [4], expected [.., S, E]"),
                (x(&[2, 4])?, x(&[])?, "KeyValueCache: value has shape [], expected [.., S, V]"),
                (x(&[2, 4])?, x(&[3, 4])?, "KeyValueCache: value has shape [3, 4], expected [.., 2, V]"),
            ];
            for (key, value, text) in appended {
                assert_eq!(cache.append(&key, &value).expect_err("refused").to_string(), text);
            }
            let of_more = cache.attend(&x(&[1, 4])?, &x(&[3, 4])?, &x(&[3, 4])?).expect_err("refused").to_string();
            assert_eq!(of_more, "KeyValueCache: key has shape [3, 4], expected [.., 1, E]");
            let masks = AttentionMasks::new().attn_mask(x(&[1, 1])?);
            let flat = cache.attend_with_masks(&x(&[1, 4])?, &x(&[1, 4])?, &x(&[1, 4])?, &masks).expect_err("refused");
            assert_eq!(flat.to_string(), "KeyValueCache: query has shape [1, 4], expected [N, H, L, E]");
            let single = cache.attend(&x(&[4])?, &x(&[1, 4])?, &x(&[1, 4])?).expect_err("refused").to_string();
            assert_eq!(single, "KeyValueCache: query has shape [4], expected [.., L, E]");
            let whole = cache.append(&Tensor::from([[1]]), &Tensor::from([[1]])).expect_err("refused").to_string();
            assert_eq!(whole, "KeyValueCache: dtype is I64, expected F32 or F64; to_dtype converts");
            assert_eq!(cache.len(), before);
            drop(cache.append(&x(&[2, 4])?, &x(&[2, 4])?)?);
        }
        Ok(())
    }
}
