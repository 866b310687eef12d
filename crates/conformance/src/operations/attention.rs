//! Attention.

use super::Table;
use crate::stop::Stop;
use autograd_core::AttentionOptions;

pub(super) const TABLE: Table = &[("scaled_dot_product_attention", |c| {
    c.only("dropout_p", 0.0)?;
    let (causal, mask) = (c.flag("is_causal")?, c.maybe_tensor("attn_mask")?.cloned());
    let refused = causal && mask.is_some();
    let options = AttentionOptions::new().is_causal(causal).enable_gqa(c.flag("enable_gqa")?);
    let options = c.maybe_number("scale")?.into_iter().fold(options, AttentionOptions::scale);
    let options = mask.into_iter().fold(options, AttentionOptions::attn_mask);
    let (q, k, v) = (c.tensor("query")?, c.tensor("key")?, c.tensor("value")?);
    if refused {
        // PyTorch takes one of them, the library both.
        return Err(Stop::argument("is_causal", "true beside a mask"));
    }
    c.one(q.scaled_dot_product_attention(k, v, options))
})];
