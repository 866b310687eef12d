//! Views, broadcasting, indexing, einsum, pools and resizing against a naive model: lists of numbers, and loops over
//! coordinates.
//!
//! Thousands of random calls, sizes 0 and 1 among them. Where elements are only moved, every element of the leaf has a
//! number of its own, which says where an element of the result came from, and so where its gradient must go. A longer
//! run: `AUTOGRAD_NAIVE_SEEDS=100000 cargo test -p autograd-core --test naive`.

mod broadcasting;
mod einsum;
mod indexing;
mod model;
mod pooling;
mod resizing;
mod views;

/// Runs a property with seeds from 0.
fn seeds(usual: u64) -> std::ops::Range<u64> {
    let asked = std::env::var("AUTOGRAD_NAIVE_SEEDS").ok();
    0..asked.map_or(usual, |seeds| seeds.parse().expect("AUTOGRAD_NAIVE_SEEDS is a number of seeds"))
}

/// How often something must be seen, of what must be seen `least` times with the usual number of seeds.
fn often(least: u64, usual: u64) -> usize {
    (least * seeds(usual).end / usual) as usize
}
