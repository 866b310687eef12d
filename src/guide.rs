//! Chapters for reading: wengert for who knows PyTorch, recipes, and steps that are captured.

#[doc = include_str!("../docs/from-pytorch.md")]
pub mod from_pytorch {}

#[doc = include_str!("../docs/recipes.md")]
pub mod recipes {}

#[doc = include_str!("../docs/capture.md")]
pub mod capture {}
