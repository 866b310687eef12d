//! From the last time to the first.

use super::{Batch, Given, LANES, Sample, finite, largest, sum};
use crate::kernels::conv::with_room;
use crate::kernels::real::Real;
use crate::kernels::simd::{Kernel, vectorize};
use crate::threads::parallel::for_rows;

/// Fills `[samples, times, width]` with the probabilities of being at a place at a time, given that the target is said;
/// with zeros behind a sample's times, and where no path says the target.
pub fn posteriors<T: Real>(batch: &Batch, given: &Given<'_, T>, alphas: &[T], posteriors: &mut [T]) {
    let width = batch.width();
    for_rows(posteriors, batch.rows(), batch.cost(), |samples, posteriors| {
        with_room(4 * width + 4, |room| {
            for (sample, posteriors) in samples.zip(posteriors.chunks_exact_mut(batch.rows())) {
                let alphas = &alphas[sample * batch.rows()..][..batch.rows()];
                let sample = given.sample(batch, sample);
                vectorize(Backward { sample, width, alphas, posteriors, room: &mut *room });
            }
        });
    });
}

/// One sample.
struct Backward<'a, T> {
    sample: Sample<'a, T>,
    width: usize,
    alphas: &'a [T],
    posteriors: &'a mut [T],
    room: &'a mut [T],
}

impl<T: Real> Kernel for Backward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Backward { sample, width, alphas, posteriors, room } = self;
        // β and what is said of the time behind.
        let (behind, room) = room.split_at_mut(width + 2);
        let (skips, room) = room.split_at_mut(width + 2);
        let (said, beta) = room.split_at_mut(width);
        sample.skips(skips);
        said.fill(T::NEG_INFINITY);
        behind.fill(T::NEG_INFINITY);
        behind[sample.places()] = T::ZERO;
        let (spoken, silent) = posteriors.split_at_mut(sample.times * width);
        let rows = spoken.chunks_exact_mut(width).zip(alphas.chunks_exact(width)).enumerate();
        for (time, (row, alpha)) in rows.rev() {
            let tops = step(behind, skips, alpha, beta, row);
            normalise(finite(tops[1]), row);
            sample.said(time, said);
            let top = finite(tops[0]);
            let ((said, _), (beta, _)) = (said.as_chunks::<LANES>(), beta.as_chunks::<LANES>());
            for ((behind, beta), said) in behind.as_chunks_mut::<LANES>().0.iter_mut().zip(beta).zip(said) {
                for i in 0..LANES {
                    behind[i] = beta[i] - top + said[i];
                }
            }
        }
        silent.fill(T::ZERO);
    }
}

/// Writes β of a time, and its sum with α, and returns the largest of each.
#[inline(always)]
fn step<T: Real>(behind: &[T], skips: &[T], alpha: &[T], beta: &mut [T], both: &mut [T]) -> [T; 2] {
    let (mut of_beta, mut of_both) = ([T::NEG_INFINITY; LANES], [T::NEG_INFINITY; LANES]);
    let (alpha, _) = alpha.as_chunks::<LANES>();
    let written = beta.as_chunks_mut::<LANES>().0.iter_mut().zip(both.as_chunks_mut::<LANES>().0);
    for (chunk, (alpha, (beta, both))) in alpha.iter().zip(written).enumerate() {
        let at = chunk * LANES;
        let (behind, skips) = (&behind[at..at + LANES + 2], &skips[at + 2..at + LANES + 2]);
        for i in 0..LANES {
            let skipped = if skips[i] > T::ZERO { behind[i + 2] } else { T::NEG_INFINITY };
            let x = sum(behind[i], behind[i + 1], skipped);
            let y = x + alpha[i];
            (beta[i], both[i]) = (x, y);
            of_beta[i] = if x > of_beta[i] { x } else { of_beta[i] };
            of_both[i] = if y > of_both[i] { y } else { of_both[i] };
        }
    }
    [largest(of_beta), largest(of_both)]
}

/// Puts the shares of the exponentials in the place of logarithms; zeros, if all are.
#[inline(always)]
fn normalise<T: Real>(top: T, row: &mut [T]) {
    let mut sums = [T::ZERO; LANES];
    let (rows, _) = row.as_chunks_mut::<LANES>();
    for row in rows.iter_mut() {
        for (x, sum) in row.iter_mut().zip(&mut sums) {
            *x = (*x - top).exp();
            *sum += *x;
        }
    }
    let mut total = T::ZERO;
    for sum in sums {
        total += sum;
    }
    let factor = if total == T::ZERO { T::ZERO } else { T::ONE / total };
    for row in rows {
        for x in row {
            *x = *x * factor;
        }
    }
}

/// Fills `[times, samples, classes]` with the gradient of what is said: the posteriors of a class' places, times −gy.
pub fn spread<T: Real>(batch: &Batch, given: &Given<'_, T>, posteriors: &[T], gy: &[T], gx: &mut [T]) {
    let (width, classes) = (batch.width(), batch.classes);
    for_rows(gx, classes, classes + width, |rows, gx| {
        gx.fill(T::ZERO);
        for (row, gx) in rows.zip(gx.chunks_exact_mut(classes)) {
            let (time, n) = (row / batch.samples, row % batch.samples);
            let sample = given.sample(batch, n);
            if time >= sample.times {
                continue;
            }
            let posteriors = &posteriors[n * batch.rows() + time * width..][..sample.places()];
            // No path: nothing flows, also of a loss whose own gradient is infinite.
            if posteriors.iter().all(|x| *x == T::ZERO) {
                continue;
            }
            // Half of the places meet in one number.
            let mut blank = posteriors[sample.places() - 1].as_f64();
            for (pair, symbol) in posteriors.as_chunks::<2>().0.iter().zip(sample.symbols) {
                blank += pair[0].as_f64();
                gx[*symbol as usize] -= gy[n] * pair[1];
            }
            gx[batch.blank] = -(gy[n] * T::of(blank));
        }
    });
}
