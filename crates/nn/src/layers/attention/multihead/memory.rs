//! Keys and values that are projected once, for queries that come later.

use super::super::AttentionMasks;
use super::{MultiheadAttention, NAME};
use autograd_core::{AttentionOptions, Error, ErrorKind, Result, Tensor};

/// The projected keys and values of what an encoder gives, to which each step of a generated sequence attends:
/// [`MultiheadAttention::memory`] makes it.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor, seeded};
/// use wengert_nn::{AttentionMasks, AttentionMemory, MultiheadAttention};
/// let attention = MultiheadAttention::new(4, 2, &mut seeded(7))?;
/// let encoded = Tensor::ones(&[3, 1, 4], DType::F32)?;
/// let memory: AttentionMemory = attention.memory(&encoded, &encoded)?;
/// let query = Tensor::from([[[0.5, 0.5, 0.5, 0.5]], [[2.0, -2.0, 2.0, -2.0]]]);
/// let y = attention.recall(&query, &memory, &AttentionMasks::new())?;
/// // All values are the same, whatever is asked for.
/// assert!(y.select(0, 0)?.try_sub(&y.select(0, 1)?)?.abs().max()?.item::<f32>()? < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct AttentionMemory {
    /// `[N, H, S, E/H]` each, those that the layer adds at the end.
    keys: Tensor,
    values: Tensor,
    /// How many of them the layer has added.
    added: usize,
    batched: bool,
}

impl AttentionMemory {
    /// The number of positions, without those that the layer adds.
    pub fn len(&self) -> usize {
        self.keys.shape()[2] - self.added
    }

    /// Whether there are no positions.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor, seeded};
    /// # use wengert_nn::MultiheadAttention;
    /// let attention = MultiheadAttention::new(4, 2, &mut seeded(7))?;
    /// let nothing = Tensor::zeros(&[0, 1, 4], DType::F32)?;
    /// assert!(attention.memory(&nothing, &nothing)?.is_empty());
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl MultiheadAttention {
    /// Keys and values, projected: what [`MultiheadAttention::recall`] finds is what [`MultiheadAttention::attend`]
    /// would find in them, and they are projected once for all calls. The weights are those of now: after a step of
    /// training there is another memory.
    ///
    /// # Shapes
    /// `key: [S, N, Kd]`, `value: [S, N, Vd]`, with the batch first if the options say so, or both without N.
    ///
    /// # Errors
    /// If the inputs do not fit.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor, seeded};
    /// # use wengert_nn::{AttentionMasks, MultiheadAttention};
    /// let attention = MultiheadAttention::new(4, 2, &mut seeded(7))?;
    /// let encoded = Tensor::randn(&[5, 1, 4], DType::F32, &mut seeded(8))?;
    /// let memory = attention.memory(&encoded, &encoded)?;
    /// assert_eq!(memory.len(), 5);
    /// let query = Tensor::ones(&[1, 1, 4], DType::F32)?;
    /// let y = attention.recall(&query, &memory, &AttentionMasks::new())?;
    /// let whole = attention.attend(&query, &encoded, &encoded, &AttentionMasks::new())?;
    /// assert_eq!(y.to_vec::<f32>()?, whole.to_vec::<f32>()?);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn memory(&self, key: &Tensor, value: &Tensor) -> Result<AttentionMemory> {
        let rank = if key.rank() == 2 { 2 } else { 3 };
        self.fits(1, key, rank)?;
        self.fits(2, value, rank)?;
        let [k, v] = [self.batch_first(key)?, self.batch_first(value)?];
        if k.shape()[..2] != v.shape()[..2] {
            let text = format!(
                "{NAME}: key {:?} and value {:?} do not belong together: there must be a value for each key",
                key.shape(),
                value.shape()
            );
            return Err(Error::new(ErrorKind::Shape, text));
        }
        self.check_weights()?;
        let [mut k, mut v] = [self.projection(1, &k)?, self.projection(2, &v)?];
        let added = self.add_keys([&mut k, &mut v])?;
        Ok(AttentionMemory { keys: self.split(&k)?, values: self.split(&v)?, added, batched: rank == 3 })
    }

    /// What the queries find in a memory: `[L, N, E]`, to the bit what `attend` gives in evaluation for the keys and
    /// values of the memory, which are other tensors than the query. Nothing is dropped.
    ///
    /// # Errors
    /// If the queries or the masks do not fit the memory.
    pub fn recall(&self, query: &Tensor, memory: &AttentionMemory, masks: &AttentionMasks) -> Result<Tensor> {
        let AttentionMemory { keys, values, added, batched } = memory;
        self.fits(0, query, if *batched { 3 } else { 2 })?;
        let q = self.batch_first(query)?;
        let [batch, heads, all, _] = keys.shape()[..] else { unreachable!("[N, H, S, E/H]") };
        if q.shape()[0] != batch || heads != self.num_heads {
            let text = format!(
                "{NAME}: the memory is of {batch} samples and {heads} heads, the query {:?} of {} and {}",
                query.shape(),
                q.shape()[0],
                self.num_heads
            );
            return Err(Error::new(ErrorKind::Shape, text));
        }
        self.check_weights()?;
        let q = self.projection(0, &q)?;
        let sizes = [batch, heads, q.shape()[1], all - added];
        let mask = masks.joined(NAME, sizes, *batched, *added, q.dtype())?;
        let options = AttentionOptions::new().is_causal(masks.causal() && *added == 0);
        let options = mask.into_iter().fold(options, AttentionOptions::attn_mask);
        self.output(*batched, &self.split(&q)?.scaled_dot_product_attention(keys, values, options)?)
    }
}
