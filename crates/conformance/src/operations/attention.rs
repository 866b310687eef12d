//! Attention.

use super::Table;
use autograd_core::AttentionOptions;

pub(super) const TABLE: Table = &[("scaled_dot_product_attention", |c| {
    c.only("dropout_p", 0.0)?;
    let options = AttentionOptions::new().is_causal(c.flag("is_causal")?).enable_gqa(c.flag("enable_gqa")?);
    let options = c.maybe_number("scale")?.into_iter().fold(options, AttentionOptions::scale);
    let options = c.maybe_tensor("attn_mask")?.cloned().into_iter().fold(options, AttentionOptions::attn_mask);
    c.one(c.tensor("query")?.scaled_dot_product_attention(c.tensor("key")?, c.tensor("value")?, options))
})];
