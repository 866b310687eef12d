//! Chapters for reading: wengert for who knows PyTorch, and recipes.

#[doc = include_str!("../docs/from-pytorch.md")]
pub mod from_pytorch {}

#[doc = include_str!("../docs/recipes.md")]
pub mod recipes {}
