//! Random orders.

use rand::Rng;
use rand::seq::SliceRandom;

/// The numbers `0..n` in random order.
pub(crate) fn permutation(n: usize, rng: &mut dyn Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    order.shuffle(rng);
    order
}
