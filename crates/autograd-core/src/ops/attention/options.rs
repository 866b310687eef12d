//! The options of attention.

use crate::tensor::Tensor;

/// Options of [`Tensor::scaled_dot_product_attention`].
///
/// # Examples
/// ```
/// use autograd_core::{AttentionOptions, Tensor};
/// let (q, k) = (Tensor::from([[1.0], [2.0]]), Tensor::from([[0.5], [0.5]]));
/// let v = Tensor::from([[1.0], [3.0]]);
/// let of = |options| q.scaled_dot_product_attention(&k, &v, options)?.to_vec::<f32>();
/// assert_eq!(of(AttentionOptions::new())?, [2.0, 2.0]);
/// assert_eq!(of(AttentionOptions::new().is_causal(true))?, [1.0, 2.0]);
/// let mask = Tensor::from([[false, true], [false, false]]);
/// assert_eq!(of(AttentionOptions::new().attn_mask(mask))?, [3.0, 0.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct AttentionOptions {
    pub(super) attn_mask: Option<Tensor>,
    pub(super) dropout_p: f64,
    pub(super) seed: u64,
    pub(super) is_causal: bool,
    pub(super) scale: Option<f64>,
    pub(super) enable_gqa: bool,
}

impl AttentionOptions {
    /// No mask, no dropout, the scale `1/√E`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{AttentionOptions, Tensor};
    /// let x = Tensor::from([[2.0]]);
    /// assert_eq!(x.scaled_dot_product_attention(&x, &x, AttentionOptions::new())?.item::<f32>()?, 2.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn new() -> AttentionOptions {
        AttentionOptions::default()
    }

    /// A mask that broadcasts to `[.., L, S]`: true where a key takes part, or a number that is added to the product.
    /// Default: none.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{AttentionOptions, Tensor};
    /// let (x, v) = (Tensor::from([[1.0], [1.0]]), Tensor::from([[2.0], [4.0]]));
    /// let added = AttentionOptions::new().attn_mask(Tensor::from([0.0, f32::NEG_INFINITY]));
    /// assert_eq!(x.scaled_dot_product_attention(&x, &v, added)?.to_vec::<f32>()?, [2.0, 2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[must_use]
    pub fn attn_mask(self, mask: Tensor) -> AttentionOptions {
        AttentionOptions { attn_mask: Some(mask), ..self }
    }

    /// The probability that a weight is dropped, and the seed that decides which, as for
    /// [`Tensor::dropout_seeded`]. Default 0.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{AttentionOptions, Tensor};
    /// let x = Tensor::from([[2.0]]);
    /// let all = AttentionOptions::new().dropout_p(1.0, 7);
    /// assert_eq!(x.scaled_dot_product_attention(&x, &x, all)?.item::<f32>()?, 0.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[must_use]
    pub fn dropout_p(self, p: f64, seed: u64) -> AttentionOptions {
        AttentionOptions { dropout_p: p, seed, ..self }
    }

    /// Whether query i sees no key after key i; together with a mask, both hold. Default false.
    #[must_use]
    pub fn is_causal(self, causal: bool) -> AttentionOptions {
        AttentionOptions { is_causal: causal, ..self }
    }

    /// The factor of the products. Default `1/√E`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{AttentionOptions, Tensor};
    /// let (q, k) = (Tensor::from([[1.0]]), Tensor::from([[1.0], [0.0]]));
    /// let y = q.scaled_dot_product_attention(&k, &k, AttentionOptions::new().scale(3f64.ln()))?;
    /// assert!((y.item::<f32>()? - 0.75).abs() < 1e-6);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[must_use]
    pub fn scale(self, scale: f64) -> AttentionOptions {
        AttentionOptions { scale: Some(scale), ..self }
    }

    /// Whether keys and values may have fewer heads (dim −3) than queries, each for several neighbouring ones. Default
    /// false.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{AttentionOptions, DType, Tensor};
    /// let (q, k) = (Tensor::ones(&[4, 3, 2], DType::F32)?, Tensor::ones(&[2, 5, 2], DType::F32)?);
    /// let y = q.scaled_dot_product_attention(&k, &k, AttentionOptions::new().enable_gqa(true))?;
    /// assert_eq!(y.shape(), [4, 3, 2]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[must_use]
    pub fn enable_gqa(self, enable: bool) -> AttentionOptions {
        AttentionOptions { enable_gqa: enable, ..self }
    }
}
