//! The steps of a generated sequence.

use super::super::{AttentionMasks, KeyValueCache};
use super::{MultiheadAttention, NAME};
use autograd_core::{Error, ErrorKind, Result, Tensor};

impl MultiheadAttention {
    /// What the next positions of a sequence find, `[L, N, E]`: each attends to itself and those before, whose keys and
    /// values are in the cache, and theirs are added. Nothing is dropped.
    ///
    /// # Errors
    /// If the input does not fit, or the layer adds keys (`add_bias_kv`, `add_zero_attn`); then nothing is added.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor, seeded};
    /// # use wengert_nn::{AttentionMasks, KeyValueCache, MultiheadAttention};
    /// let attention = MultiheadAttention::new(4, 2, &mut seeded(7))?;
    /// let x = Tensor::randn(&[3, 1, 4], DType::F32, &mut seeded(8))?;
    /// let whole = attention.attend(&x, &x, &x, &AttentionMasks::new().is_causal(true))?;
    /// let mut cache = KeyValueCache::new();
    /// for i in 0..3 {
    ///     let y = attention.step(&x.narrow(0, i, 1)?, &mut cache)?;
    ///     assert!(y.try_sub(&whole.narrow(0, i, 1)?)?.abs().max()?.item::<f32>()? < 1e-5);
    /// }
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn step(&self, x: &Tensor, cache: &mut KeyValueCache) -> Result<Tensor> {
        self.step_with_masks(x, cache, &AttentionMasks::new())
    }

    /// [`MultiheadAttention::step`] with masks over all positions there are then, those in the cache first: pairs `[L,
    /// S]` or `[N · H, L, S]`, keys `[N, S]`, where S is `cache.len() + L`.
    ///
    /// # Errors
    /// As for `step`, and if the masks do not fit.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor, seeded};
    /// # use wengert_nn::{AttentionMasks, KeyValueCache, MultiheadAttention};
    /// let attention = MultiheadAttention::new(4, 2, &mut seeded(7))?;
    /// let x = Tensor::randn(&[2, 1, 4], DType::F32, &mut seeded(8))?;
    /// let (first, second) = (x.narrow(0, 0, 1)?, x.narrow(0, 1, 1)?);
    /// let mut cache = KeyValueCache::new();
    /// let _ = attention.step(&first, &mut cache)?;
    /// // The first position is padding: the second is alone.
    /// let masks = AttentionMasks::new().key_padding_mask(Tensor::from([[true, false]]));
    /// let y = attention.step_with_masks(&second, &mut cache, &masks)?;
    /// let alone = attention.step(&second, &mut KeyValueCache::new())?;
    /// assert!(y.try_sub(&alone)?.abs().max()?.item::<f32>()? < 1e-6);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn step_with_masks(&self, x: &Tensor, cache: &mut KeyValueCache, masks: &AttentionMasks) -> Result<Tensor> {
        if self.bias_k.is_some() || self.bias_v.is_some() || self.options.add_zero_attn {
            let text =
                format!("{NAME}: step cannot be taken with add_bias_kv or add_zero_attn, whose keys no cache holds");
            return Err(Error::new(ErrorKind::Argument, text));
        }
        let inputs = self.inputs([x, x, x])?;
        let [q, k, v] = self.projected(&inputs.qkv, true)?;
        let mut grown = cache.clone();
        let [q, k, v] = [self.split(&q)?, self.split(&k)?, self.split(&v)?];
        let y = self.output(inputs.batched, &grown.attend_batch(&q, &k, &v, masks, inputs.batched)?)?;
        *cache = grown;
        Ok(y)
    }
}
