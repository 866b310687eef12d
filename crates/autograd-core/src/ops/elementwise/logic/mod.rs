//! Masks and bits: their logic, the masks of classes of numbers, and the choice by them.

mod bits;
mod classes;
mod masked_fill;
mod masked_map;
mod masks;
mod where_cond;
