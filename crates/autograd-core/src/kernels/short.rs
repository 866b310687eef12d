//! Copies of short runs.

use super::real::Real;

/// Elements of a run that are copied together.
const ABREAST: usize = 8;

/// Copies a run. Most runs here are rows of small images, for which a call would take longer than the copy: they are
/// copied from both ends on, in two pieces that overlap.
#[inline(always)]
pub fn copy_short<T: Copy>(from: &[T], to: &mut [T]) {
    if from.len() > 32 || !(ends::<T, 16>(from, to) || ends::<T, 8>(from, to) || ends::<T, 4>(from, to)) {
        few(from, to);
    }
}

/// Fills a run, of mostly one or two elements at an edge.
#[inline(always)]
pub fn fill_short<T: Copy>(value: T, to: &mut [T]) {
    match to {
        [] => (),
        [a] => *a = value,
        [a, b] => (*a, *b) = (value, value),
        to => to.fill(value),
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

/// `to[i] = from[2 i]`
#[inline(always)]
pub fn copy_every_second<T: Copy>(from: &[T], to: &mut [T]) {
    let len = to.len();
    if len < ABREAST {
        to.iter_mut().zip(from.iter().step_by(2)).for_each(|(to, from)| *to = *from);
        return;
    }
    let mut i = 0;
    while i + ABREAST <= len {
        copy_abreast(&from[2 * i..], &mut to[i..]);
        i += ABREAST;
    }
    // The last ones, some of them again.
    if i < len {
        copy_abreast(&from[2 * (len - ABREAST)..], &mut to[len - ABREAST..]);
    }
}

#[inline(always)]
fn copy_abreast<T: Copy>(from: &[T], to: &mut [T]) {
    let (Some(from), Some(to)) = (from.first_chunk::<{ 2 * ABREAST - 1 }>(), to.first_chunk_mut::<ABREAST>()) else {
        unreachable!("a run is inside of its line")
    };
    for k in 0..ABREAST {
        to[k] = from[2 * k];
    }
}

/// `to[2 i] += from[i]`
#[inline(always)]
pub fn add_to_every_second<T: Real>(from: &[T], to: &mut [T]) {
    let (many, rest) = from.as_chunks::<ABREAST>();
    for (i, from) in many.iter().enumerate() {
        let Some(to) = to[2 * ABREAST * i..].first_chunk_mut::<{ 2 * ABREAST - 1 }>() else {
            unreachable!("a run is inside of its line")
        };
        for k in 0..ABREAST {
            to[2 * k] += from[k];
        }
    }
    if !rest.is_empty() {
        to[2 * ABREAST * many.len()..].iter_mut().step_by(2).zip(rest).for_each(|(to, from)| *to += *from);
    }
}
