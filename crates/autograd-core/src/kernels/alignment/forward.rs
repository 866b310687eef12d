//! From the first time to the last.

use super::{Batch, Given, LANES, Sample, finite, largest, sum};
use crate::kernels::conv::with_room;
use crate::kernels::real::Real;
use crate::kernels::simd::{Kernel, vectorize};
use crate::threads::parallel::for_rows;

/// Fills `[samples, times, width]` with α less its largest, which stands last in a row; zeros behind a sample's times.
pub fn forward<T: Real>(batch: &Batch, given: &Given<'_, T>, alphas: &mut [T]) {
    let width = batch.width();
    for_rows(alphas, batch.rows(), batch.cost(), |samples, alphas| {
        with_room(3 * width + 4, |room| {
            for (sample, alphas) in samples.zip(alphas.chunks_exact_mut(batch.rows())) {
                vectorize(Forward { sample: given.sample(batch, sample), width, alphas, room: &mut *room });
            }
        });
    });
}

/// One sample.
struct Forward<'a, T> {
    sample: Sample<'a, T>,
    width: usize,
    alphas: &'a mut [T],
    room: &'a mut [T],
}

impl<T: Real> Kernel for Forward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Forward { sample, width, alphas, room } = self;
        // α of the time before, behind two places that are in front of the first.
        let (before, room) = room.split_at_mut(width + 2);
        let (skips, said) = room.split_at_mut(width + 2);
        sample.skips(skips);
        said.fill(T::NEG_INFINITY);
        before.fill(T::NEG_INFINITY);
        before[1] = T::ZERO;
        let (spoken, behind) = alphas.split_at_mut(sample.times * width);
        for (time, row) in spoken.chunks_exact_mut(width).enumerate() {
            sample.said(time, said);
            let top = finite(step(before, skips, said, row));
            let (rows, _) = row.as_chunks_mut::<LANES>();
            let (befores, _) = before[2..].as_chunks_mut::<LANES>();
            for (row, before) in rows.iter_mut().zip(befores) {
                for (x, before) in row.iter_mut().zip(before) {
                    *x -= top;
                    *before = *x;
                }
            }
            before[1] = T::NEG_INFINITY;
            row[width - 1] = top;
        }
        behind.fill(T::ZERO);
    }
}

/// Writes α of a time, and returns the largest.
#[inline(always)]
fn step<T: Real>(before: &[T], skips: &[T], said: &[T], alpha: &mut [T]) -> T {
    let mut tops = [T::NEG_INFINITY; LANES];
    let ((said, _), (alpha, _)) = (said.as_chunks::<LANES>(), alpha.as_chunks_mut::<LANES>());
    for (chunk, (said, alpha)) in said.iter().zip(alpha).enumerate() {
        let at = chunk * LANES;
        let (before, skips) = (&before[at..at + LANES + 2], &skips[at..at + LANES]);
        for i in 0..LANES {
            let skipped = if skips[i] > T::ZERO { before[i] } else { T::NEG_INFINITY };
            let x = sum(before[i + 2], before[i + 1], skipped) + said[i];
            alpha[i] = x;
            tops[i] = if x > tops[i] { x } else { tops[i] };
        }
    }
    largest(tops)
}

/// The losses of the samples, of what [`forward`] has left: ∞ where there is no path. Without a time only an empty
/// target is said.
pub fn losses<T: Real>(batch: &Batch, alphas: &[T], times: &[i64], sizes: &[i64], losses: &mut [T]) {
    let width = batch.width();
    for (sample, loss) in losses.iter_mut().enumerate() {
        let (start, places) = (sample * batch.rows(), 2 * sizes[sample] as usize + 1);
        let alphas = &alphas[start..start + times[sample] as usize * width];
        let Some(row) = alphas.rchunks_exact(width).next() else {
            *loss = if places == 1 { T::ZERO } else { T::INFINITY };
            continue;
        };
        let symbol = if places == 1 { T::NEG_INFINITY } else { row[places - 2] };
        let taken_off: f64 = alphas.chunks_exact(width).map(|row| row[width - 1].as_f64()).sum();
        *loss = T::of(-(taken_off + sum(row[places - 1], symbol, T::NEG_INFINITY).as_f64()));
    }
}
