//! Masks: their logic, and choosing by them.

mod masks;
mod where_cond;
