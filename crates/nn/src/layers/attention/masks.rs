//! Masks of attention.

use autograd_core::check::Check;
use autograd_core::{DType, Result, Tensor};

/// What the queries of a call may not attend to. The masks have PyTorch's meaning: **true is left out** (in
/// [`autograd_core::AttentionOptions`] true takes part), numbers are added to the products.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor};
/// use wengert_nn::{AttentionMasks, MultiheadAttention};
/// let attention = MultiheadAttention::new(4, 2, &mut autograd_core::seeded(7))?;
/// let x = Tensor::ones(&[3, 1, 4], DType::F32)?;
/// let masks = AttentionMasks::new().is_causal(true).key_padding_mask(Tensor::from([[false, false, true]]));
/// let (_, weights) = attention.attend_with_weights(&x, &x, &x, &masks)?;
/// let weights = weights.to_vec::<f32>()?;
/// assert_eq!((weights[..3].to_vec(), weights[8]), (vec![1.0, 0.0, 0.0], 0.0));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct AttentionMasks {
    attn_mask: Option<Tensor>,
    key_padding_mask: Option<Tensor>,
    is_causal: bool,
}

impl AttentionMasks {
    /// Every query attends to every key.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::AttentionMasks;
    /// assert_eq!(format!("{:?}", AttentionMasks::new()), format!("{:?}", AttentionMasks::default()));
    /// ```
    pub fn new() -> AttentionMasks {
        AttentionMasks::default()
    }

    /// A mask of pairs, `[L, S]` or `[N · H, L, S]`: true where the key is left out, or a number to add.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// # use wengert_nn::{AttentionMasks, MultiheadAttention};
    /// let attention = MultiheadAttention::new(4, 2, &mut autograd_core::seeded(7))?;
    /// let x = Tensor::ones(&[2, 4], DType::F32)?;
    /// let masks = AttentionMasks::new().attn_mask(Tensor::from([[0.0, 3f32.ln()], [0.0, 0.0]]));
    /// let (_, weights) = attention.attend_with_weights(&x, &x, &x, &masks)?;
    /// assert!((weights.to_vec::<f32>()?[1] - 0.75).abs() < 1e-6);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    #[must_use]
    pub fn attn_mask(mut self, mask: Tensor) -> AttentionMasks {
        self.attn_mask = Some(mask);
        self
    }

    /// A mask of keys, `[N, S]`, or `[S]` without a batch: true where the key is left out, or a number to add.
    #[must_use]
    pub fn key_padding_mask(mut self, mask: Tensor) -> AttentionMasks {
        self.key_padding_mask = Some(mask);
        self
    }

    /// Whether query i does not attend to keys after key i. Default false.
    #[must_use]
    pub fn is_causal(mut self, causal: bool) -> AttentionMasks {
        self.is_causal = causal;
        self
    }

    /// Whether there is a mask besides that of later keys.
    pub(super) fn any(&self) -> bool {
        self.attn_mask.is_some() || self.key_padding_mask.is_some()
    }

    /// Whether later keys are left out for a reason that no mask says.
    pub(super) fn causal(&self) -> bool {
        self.is_causal
    }

    /// One mask that broadcasts to `[N, H, L, S + more]`, for [`autograd_core::AttentionOptions::attn_mask`]; every
    /// query sees the keys added at the end, `more`. Without a batch the mask of keys is `[S]`.
    pub(super) fn joined(
        &self,
        op: &'static str,
        [batch, heads, queries, keys]: [usize; 4],
        batched: bool,
        more: usize,
        dtype: DType,
    ) -> Result<Option<Tensor>> {
        let check = Check(op);
        let mut masks: Vec<Tensor> = Vec::new();
        if let Some(mask) = &self.attn_mask {
            let sizes = [[queries, keys].to_vec(), [batch * heads, queries, keys].to_vec()];
            check.is("attn_mask", mask, &sizes[usize::from(mask.shape().len() == 3)])?;
            let all = [batch, heads, queries, keys].map(|size| size as isize);
            masks.push(if mask.shape().len() == 3 { mask.reshape(&all)? } else { mask.clone() });
        }
        if let Some(mask) = &self.key_padding_mask {
            check.is("key_padding_mask", mask, &[batch, keys][usize::from(!batched)..])?;
            masks.push(mask.reshape(&[batch as isize, 1, 1, keys as isize])?);
        }
        if self.is_causal && more > 0 {
            masks.push(no_later(0, queries, keys)?.logical_not()?);
        }
        for mask in masks.iter().filter(|mask| mask.dtype() != DType::Bool) {
            if mask.dtype() != dtype {
                check.dtype(mask, dtype)?;
            }
        }
        let numbers = masks.iter().any(|mask| mask.dtype() != DType::Bool);
        let mut joined: Option<Tensor> = None;
        for mask in masks {
            let mask = if numbers && mask.dtype() == DType::Bool { out_of_sight(&mask, dtype)? } else { mask };
            joined = Some(match joined {
                None => mask,
                Some(other) if numbers => other.try_add(&mask)?,
                Some(other) => other.logical_or(&mask)?,
            });
        }
        let Some(mask) = joined else { return Ok(None) };
        // True becomes what takes part.
        let mask = if numbers { mask } else { mask.logical_not()? };
        if more == 0 {
            return Ok(Some(mask));
        }
        let mut shape = mask.shape().to_vec();
        if let Some(last) = shape.last_mut() {
            *last = more;
        }
        let seen = Tensor::full(&shape, if numbers { 0.0 } else { 1.0 }, mask.dtype())?;
        Tensor::cat(&[&mask, &seen], -1).map(Some)
    }
}

/// −∞ where the mask is true.
fn out_of_sight(mask: &Tensor, dtype: DType) -> Result<Tensor> {
    Tensor::zeros(&[], dtype)?.masked_fill(mask, f64::NEG_INFINITY)
}

/// Where a key comes no later than the query, of which the first stands at the position `first`.
pub(super) fn no_later(first: usize, queries: usize, keys: usize) -> Result<Tensor> {
    let positions = |from: usize, to: usize| Tensor::arange(from as f64, to as f64, 1.0, DType::I64);
    positions(0, keys)?.le(&positions(first, first + queries)?.unsqueeze(1)?)
}
