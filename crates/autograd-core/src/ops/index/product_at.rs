//! Products at the places of an index, made of recorded products of two.

use super::placed::Placed;
use crate::error::Result;
use crate::tensor::Tensor;
use crate::tensor::watch::is_capturing;

/// `x` times all elements of `part` in their places. It never divides: a tree of products for each place, linear in
/// memory for each of its levels, so that derivatives of every order are exact where elements are 0.
pub(super) fn product(op: &'static str, placed: &Placed, x: &Tensor, part: &Tensor) -> Result<Tensor> {
    let whole = x.numel();
    let numbers = placed.numbers(op, x.shape())?;
    let n = numbers.numel();
    // The parts of a place become neighbours.
    let order = Tensor::moved::<i64, 1>(op, &[n], [&numbers], move |[numbers], y| {
        let numbers = numbers.flat::<i64>();
        y.iter_mut().enumerate().for_each(|(k, y)| *y = k as i64);
        y.sort_by_key(|k| numbers[*k as usize]);
    })?;
    let sorted = numbers.index_select(0, &order)?;
    let mut v = part.reshape_to(&[n])?.index_select(0, &order)?;
    let one = Tensor::ones(&[1], x.dtype())?;
    let most = if is_capturing() { n } else { largest_run(sorted.flat()) };
    let mut step = 1;
    while step < most {
        // Element n is the one: nothing is left to multiply with.
        let partner = Tensor::moved::<i64, 1>(op, &[n], [&sorted], move |[sorted], y| {
            partners(sorted.flat(), step, y);
        })?;
        v = v.try_mul(&Tensor::cat(&[&v, &one], 0)?.index_select(0, &partner)?)?;
        step *= 2;
    }
    // The last of a place has the product of all of them, and the last is what stays.
    let of_places = Placed::rows(op, &Tensor::zeros(&[whole], x.dtype())?, 0, &sorted)?;
    let factors = of_places.put(op, &Tensor::ones(&[whole], x.dtype())?, &v)?;
    x.try_mul(&factors.reshape_to(x.shape())?)
}

/// The length of the longest run of equal numbers.
fn largest_run(sorted: &[i64]) -> usize {
    sorted.chunk_by(|a, b| a == b).map(<[i64]>::len).max().unwrap_or(0)
}

/// For each element the one `step` before it in its run, if both are roots of trees of `step` elements counted from the
/// run's end; else the number of all elements.
fn partners(sorted: &[i64], step: usize, y: &mut [i64]) {
    let n = sorted.len() as i64;
    let mut first = 0;
    for run in sorted.chunk_by(|a, b| a == b) {
        for k in 0..run.len() {
            let from_end = run.len() - 1 - k;
            let meets = from_end.is_multiple_of(2 * step) && k >= step;
            y[first + k] = if meets { (first + k - step) as i64 } else { n };
        }
        first += run.len();
    }
}
