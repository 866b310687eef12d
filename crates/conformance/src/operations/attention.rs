//! Attention.

use super::Table;
use autograd_core::{AttentionOptions, Error};

pub(super) const TABLE: Table = &[("scaled_dot_product_attention", |c| {
    c.only("dropout_p", 0.0)?;
    if c.flag("is_causal")? && c.maybe_tensor("attn_mask")?.is_some() {
        // PyTorch takes one of them, the library both.
        return Err(Error::argument("scaled_dot_product_attention", "is_causal", true, "false beside a mask").into());
    }
    let options = AttentionOptions::new().is_causal(c.flag("is_causal")?).enable_gqa(c.flag("enable_gqa")?);
    let options = c.maybe_number("scale")?.into_iter().fold(options, AttentionOptions::scale);
    let options = c.maybe_tensor("attn_mask")?.cloned().into_iter().fold(options, AttentionOptions::attn_mask);
    c.one(c.tensor("query")?.scaled_dot_product_attention(c.tensor("key")?, c.tensor("value")?, options))
})];
