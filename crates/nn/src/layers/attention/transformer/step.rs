//! The steps of a sequence that a decoder generates.

use super::super::{AttentionMasks, AttentionMemory, KeyValueCache};
use super::parts::residual;
use super::{TransformerDecoder, TransformerDecoderLayer};
use crate::layer::Layer;
use crate::observe;
use autograd_core::check::Check;
use autograd_core::{Error, ErrorKind, Result, Tensor};

/// What a [`TransformerDecoderLayer`] keeps between the steps of a sequence: keys and values of the positions so far,
/// and those of the memory, which are computed once. [`TransformerDecoderLayer::start`] makes it.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor, seeded};
/// use wengert_nn::{DecoderLayerCache, TransformerDecoderLayer};
/// let layer = TransformerDecoderLayer::new(4, 2, &mut seeded(7))?;
/// let memory = Tensor::ones(&[3, 1, 4], DType::F32)?;
/// let mut cache: DecoderLayerCache = layer.start(&memory)?;
/// let _ = layer.step(&Tensor::ones(&[2, 1, 4], DType::F32)?, &mut cache)?;
/// assert_eq!(cache.len(), 2);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct DecoderLayerCache {
    own: KeyValueCache,
    memory: AttentionMemory,
}

impl DecoderLayerCache {
    /// The number of positions so far.
    pub fn len(&self) -> usize {
        self.own.len()
    }

    /// Whether there are no positions yet.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor, seeded};
    /// # use wengert_nn::TransformerDecoderLayer;
    /// let decoder = TransformerDecoderLayer::new(4, 2, &mut seeded(7))?;
    /// assert!(decoder.start(&Tensor::ones(&[3, 1, 4], DType::F32)?)?.is_empty());
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.own.is_empty()
    }
}

/// What a [`TransformerDecoder`] keeps between the steps of a sequence, of all its layers:
/// [`TransformerDecoder::start`] makes it. A clone is another way to go on, as in a search along several beams.
///
/// A step begins at the position [`len`](DecoderCache::len), and layers that add positions to its input are told so by
/// `after`, as for a [`KeyValueCache`].
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor, seeded};
/// use wengert_nn::{DecoderCache, Layer, LearnedPositions, TransformerDecoder, TransformerOptions};
/// let options = TransformerOptions::new().batch_first(true);
/// let decoder = TransformerDecoder::with(4, 2, 2, options, &mut seeded(7))?;
/// let positions = LearnedPositions::new(8, 4, &mut seeded(8))?;
/// let mut cache: DecoderCache = decoder.start(&Tensor::ones(&[1, 3, 4], DType::F32)?)?;
/// let x = Tensor::ones(&[1, 1, 4], DType::F32)?;
/// let _ = decoder.step(&positions.forward(&x)?, &mut cache)?;
/// let mut beam = cache.clone();
/// let _ = decoder.step(&positions.after(beam.len()).forward(&x)?, &mut beam)?;
/// assert_eq!((cache.len(), beam.len()), (1, 2));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct DecoderCache(Vec<DecoderLayerCache>);

impl DecoderCache {
    /// The number of positions so far.
    pub fn len(&self) -> usize {
        self.0.first().map_or(0, DecoderLayerCache::len)
    }

    /// Whether there are no positions yet.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor, seeded};
    /// # use wengert_nn::TransformerDecoder;
    /// let decoder = TransformerDecoder::new(4, 2, 1, &mut seeded(7))?;
    /// assert!(decoder.start(&Tensor::ones(&[3, 1, 4], DType::F32)?)?.is_empty());
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// # Steps
impl TransformerDecoderLayer {
    /// The begin of a sequence behind this memory: its keys and values, by the weights of now.
    ///
    /// # Errors
    /// If the memory does not fit.
    pub fn start(&self, memory: &Tensor) -> Result<DecoderLayerCache> {
        let kept = self.multihead_attn.memory(memory, memory);
        let memory = kept.map_err(|error| error.inside("multihead_attn", "MultiheadAttention"))?;
        Ok(DecoderLayerCache { own: KeyValueCache::new(), memory })
    }

    /// The output for the next positions, `[L, N, E]` as in [`TransformerDecoderLayer::decode`]: each attends to itself
    /// and those before, and to the memory. Nothing is dropped; hooks of `multihead_attn` see the queries alone. Up to
    /// the rounding of products of other shapes it is what `decode` gives in evaluation for the whole sequence with a
    /// causal mask.
    ///
    /// # Errors
    /// If the input does not fit; then nothing is added.
    ///
    /// # Examples
    /// ```
    /// use autograd_core::{DType, Tensor, module::Module, seeded};
    /// use wengert_nn::{AttentionMasks, TransformerDecoderLayer};
    /// let mut layer = TransformerDecoderLayer::new(8, 2, &mut seeded(7))?;
    /// layer.eval();
    /// let x = Tensor::randn(&[3, 1, 8], DType::F32, &mut seeded(8))?;
    /// let memory = Tensor::randn(&[5, 1, 8], DType::F32, &mut seeded(9))?;
    /// let whole = layer.decode(&x, &memory, &AttentionMasks::new().is_causal(true), &AttentionMasks::new())?;
    /// let mut cache = layer.start(&memory)?;
    /// for i in 0..3 {
    ///     let y = layer.step(&x.narrow(0, i, 1)?, &mut cache)?;
    ///     assert!(y.try_sub(&whole.narrow(0, i, 1)?)?.abs().max()?.item::<f32>()? < 1e-5);
    /// }
    /// assert_eq!(cache.len(), 3);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn step(&self, x: &Tensor, cache: &mut DecoderLayerCache) -> Result<Tensor> {
        let none = AttentionMasks::new();
        self.step_with_masks(x, cache, &none, &none)
    }

    /// [`TransformerDecoderLayer::step`] with masks: those of the sequence are over all positions there are then, as in
    /// [`MultiheadAttention::step_with_masks`](crate::MultiheadAttention::step_with_masks); those of the memory have a
    /// row for each of the new positions.
    ///
    /// # Errors
    /// As for `step`, and if the masks do not fit, or `memory_masks` are causal: positions of a step and of the memory
    /// are not counted alike.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor, seeded};
    /// # use wengert_nn::{AttentionMasks, TransformerDecoderLayer};
    /// let decoder = TransformerDecoderLayer::new(4, 2, &mut seeded(7))?;
    /// let memory = Tensor::from([[[1.0, 2.0, 3.0, 4.0]], [[5.0, -6.0, 7.0, 8.0]]]);
    /// let (x, none) = (Tensor::ones(&[1, 1, 4], DType::F32)?, AttentionMasks::new());
    /// // Of the memory the first position alone.
    /// let first = AttentionMasks::new().key_padding_mask(Tensor::from([[false, true]]));
    /// let y = decoder.step_with_masks(&x, &mut decoder.start(&memory)?, &none, &first)?;
    /// let alone = decoder.step(&x, &mut decoder.start(&memory.narrow(0, 0, 1)?)?)?;
    /// assert!(y.try_sub(&alone)?.abs().max()?.item::<f32>()? < 1e-6);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn step_with_masks(
        &self,
        x: &Tensor,
        cache: &mut DecoderLayerCache,
        masks: &AttentionMasks,
        memory_masks: &AttentionMasks,
    ) -> Result<Tensor> {
        if memory_masks.causal() {
            let text =
                "TransformerDecoderLayer: a step has no causal mask of the memory; attn_mask says which keys it sees";
            return Err(Error::new(ErrorKind::Argument, text));
        }
        let (first, mut own) = (self.options.norm_first, cache.own.clone());
        let g = residual(x, first, ("norm1", &self.norm1), |x| {
            let step = || self.self_attn.step_with_masks(x, &mut own, masks);
            observe::call(&self.self_attn, "self_attn", &[x, x, x], step)
        })?;
        let h = residual(&g, first, ("norm2", &self.norm2), |g| {
            let recall = || self.multihead_attn.recall(g, &cache.memory, memory_masks);
            observe::call(&self.multihead_attn, "multihead_attn", &[g], recall)
        })?;
        let y = residual(&h, first, ("norm3", &self.norm3), |h| {
            self.linear2.call("linear2", &self.options.activation.apply(&self.linear1.call("linear1", h)?))
        })?;
        cache.own = own;
        Ok(y)
    }
}

/// # Steps
impl TransformerDecoder {
    /// The begin of a sequence behind this memory: the keys and values that each layer has of it, by the weights of
    /// now.
    ///
    /// # Errors
    /// If the memory does not fit.
    pub fn start(&self, memory: &Tensor) -> Result<DecoderCache> {
        Check("TransformerDecoder").require(!self.layers.is_empty(), "layers", self.layers.len(), "at least 1")?;
        let begin = |(i, layer): (usize, &TransformerDecoderLayer)| {
            layer.start(memory).map_err(|e| e.inside(format_args!("layers.{i}"), "TransformerDecoderLayer"))
        };
        self.layers.iter().enumerate().map(begin).collect::<Result<_>>().map(DecoderCache)
    }

    /// The output for the next positions, as [`TransformerDecoderLayer::step`] has it: a sequence of L positions costs
    /// L steps of one position each, and not L runs over all of them.
    ///
    /// # Errors
    /// If the input or the cache does not fit; then nothing is added.
    ///
    /// # Examples
    /// ```
    /// use autograd_core::{DType, Tensor, module::Module, seeded};
    /// use wengert_nn::{AttentionMasks, Transformer, TransformerOptions};
    /// let options = TransformerOptions::new().dim_feedforward(16).batch_first(true);
    /// let mut model = Transformer::with(8, 2, [1, 2], options, &mut seeded(7))?;
    /// model.eval();
    /// let source = Tensor::randn(&[1, 5, 8], DType::F32, &mut seeded(8))?;
    /// let memory = model.encoder.encode(&source, &AttentionMasks::new())?;
    /// // Each output is the next input.
    /// let (mut cache, mut x) = (model.decoder.start(&memory)?, Tensor::ones(&[1, 1, 8], DType::F32)?);
    /// let mut all = vec![x.clone()];
    /// for _ in 0..4 {
    ///     x = model.decoder.step(&x, &mut cache)?.detach();
    ///     all.push(x.clone());
    /// }
    /// let target = Tensor::cat(&all.iter().take(4).collect::<Vec<_>>(), 1)?;
    /// let (none, causal) = (AttentionMasks::new(), AttentionMasks::new().is_causal(true));
    /// let whole = model.transform([&source, &target], [&none, &causal, &none])?;
    /// assert!(whole.narrow(1, 3, 1)?.try_sub(&x)?.abs().max()?.item::<f32>()? < 1e-5);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn step(&self, x: &Tensor, cache: &mut DecoderCache) -> Result<Tensor> {
        let none = AttentionMasks::new();
        self.step_with_masks(x, cache, &none, &none)
    }

    /// [`TransformerDecoder::step`] with masks, those of [`TransformerDecoderLayer::step_with_masks`].
    ///
    /// # Errors
    /// As for `step`, and if the masks do not fit; then nothing is added.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor, seeded};
    /// # use wengert_nn::{AttentionMasks, TransformerDecoder};
    /// let decoder = TransformerDecoder::new(4, 2, 1, &mut seeded(7))?;
    /// let memory = Tensor::from([[[1.0, 2.0, 3.0, 4.0]], [[5.0, -6.0, 7.0, 8.0]]]);
    /// let (x, none) = (Tensor::ones(&[1, 1, 4], DType::F32)?, AttentionMasks::new());
    /// // Of the memory the first position alone.
    /// let first = AttentionMasks::new().key_padding_mask(Tensor::from([[false, true]]));
    /// let y = decoder.step_with_masks(&x, &mut decoder.start(&memory)?, &none, &first)?;
    /// let alone = decoder.step(&x, &mut decoder.start(&memory.narrow(0, 0, 1)?)?)?;
    /// assert!(y.try_sub(&alone)?.abs().max()?.item::<f32>()? < 1e-6);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn step_with_masks(
        &self,
        x: &Tensor,
        cache: &mut DecoderCache,
        masks: &AttentionMasks,
        memory_masks: &AttentionMasks,
    ) -> Result<Tensor> {
        if cache.0.len() != self.layers.len() {
            let (got, layers) = (cache.0.len(), self.layers.len());
            let text = format!("TransformerDecoder: the cache is of {got} layers, the decoder has {layers}");
            return Err(Error::new(ErrorKind::Argument, text));
        }
        let (mut grown, mut y) = (cache.clone(), x.clone());
        for (i, (layer, kept)) in self.layers.iter().zip(&mut grown.0).enumerate() {
            let step = || layer.step_with_masks(&y, kept, masks, memory_masks);
            y = observe::call(layer, format_args!("layers.{i}"), &[&y], step)?;
        }
        let y = self.norm.as_ref().map_or_else(|| Ok(y.clone()), |norm| norm.call("norm", &y))?;
        *cache = grown;
        Ok(y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd_core::{DType, seeded};

    #[test]
    fn a_decoder_without_layers_starts_no_sequence() -> Result<()> {
        let mut decoder = TransformerDecoder::new(4, 2, 1, &mut seeded(7))?;
        decoder.layers.clear();
        let error = decoder.start(&Tensor::zeros(&[2, 1, 4], DType::F32)?).expect_err("refused").to_string();
        assert_eq!(error, "TransformerDecoder: layers is 0, it must be at least 1");
        Ok(())
    }
}
