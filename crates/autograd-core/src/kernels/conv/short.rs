//! Copies of short runs.

/// Copies a run. Most runs here are rows of small images, for which a call would take longer than the copy: they are
/// copied from both ends on, in two pieces that overlap.
#[inline(always)]
pub(super) fn copy_short<T: Copy>(from: &[T], to: &mut [T]) {
    if from.len() > 32 || !(ends::<T, 16>(from, to) || ends::<T, 8>(from, to) || ends::<T, 4>(from, to)) {
        few(from, to);
    }
}

/// Copies at least N elements and at most twice as many; `false` if there are fewer.
#[inline(always)]
fn ends<T: Copy, const N: usize>(from: &[T], to: &mut [T]) -> bool {
    let (Some(first), Some(last)) = (from.first_chunk::<N>(), from.last_chunk::<N>()) else { return false };
    let len = from.len();
    if let Some(to) = to[..len].first_chunk_mut() {
        *to = *first;
    }
    if let Some(to) = to[..len].last_chunk_mut() {
        *to = *last;
    }
    true
}

/// Copies up to three elements, or very many.
#[inline(always)]
fn few<T: Copy>(from: &[T], to: &mut [T]) {
    match (from, to) {
        ([], _) => (),
        ([a], [x, ..]) => *x = *a,
        ([a, b], [x, y, ..]) => (*x, *y) = (*a, *b),
        ([a, b, c], [x, y, z, ..]) => (*x, *y, *z) = (*a, *b, *c),
        (from, to) => to[..from.len()].copy_from_slice(from),
    }
}
