//! The numbers of samples, in order and in random order.

use autograd_core::{Error, ErrorKind, Result};
use rand::Rng;
use rand::seq::SliceRandom;

/// An empty list with room for `len` numbers of samples; an error where no memory holds them.
pub(crate) fn room(op: &str, len: Option<usize>) -> Result<Vec<usize>> {
    let mut numbers = Vec::new();
    match len.map(|len| numbers.try_reserve_exact(len)) {
        Some(Ok(())) => Ok(numbers),
        _ => {
            let samples = len.map_or("more samples than can be counted".into(), |len| format!("{len} samples"));
            let text = format!("{op}: the numbers of {samples} do not fit into memory");
            Err(Error::new(ErrorKind::TooLarge, text))
        }
    }
}

/// The numbers `0..n`.
pub(crate) fn numbers(op: &str, n: usize) -> Result<Vec<usize>> {
    let mut numbers = room(op, Some(n))?;
    numbers.extend(0..n);
    Ok(numbers)
}

/// The numbers `0..n` in random order.
pub(crate) fn permutation(op: &str, n: usize, rng: &mut dyn Rng) -> Result<Vec<usize>> {
    let mut order = numbers(op, n)?;
    order.shuffle(rng);
    Ok(order)
}
