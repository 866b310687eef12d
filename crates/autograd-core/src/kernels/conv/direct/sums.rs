//! The sums of all taps, tile by tile.

use super::layout::Grid;
use crate::kernels::real::Real;
use crate::kernels::simd::{Vectorized, vectorize_with};
use pulp::Simd;

/// Products that a sum in a register is of, or all of a channel: their weights stay in the first-level cache.
const TERMS: usize = 512;

/// Channels of the result whose sums are in registers at once: what leaves fewest of them empty.
pub(super) fn abreast(channels: usize) -> usize {
    if channels.next_multiple_of(8) <= channels.next_multiple_of(6) { 8 } else { 6 }
}

/// Elements of the packed weights of a result's channels, of which each has `depth`.
pub(super) fn packed(channels: usize, depth: usize) -> usize {
    channels.next_multiple_of(abreast(channels)) * depth
}

/// Packs weights in the order in which tiles read them, `[block, product, channel]`: `at(channel, product)`.
pub(super) fn pack<T: Real>(channels: usize, depth: usize, w: &[T], at: impl Fn(usize, usize) -> usize, to: &mut [T]) {
    let many = abreast(channels);
    for (block, to) in to.chunks_exact_mut(many * depth).enumerate() {
        for (i, to) in to.chunks_exact_mut(many).enumerate() {
            for (r, to) in to.iter_mut().enumerate() {
                let channel = block * many + r;
                *to = if channel < channels { w[at(channel, i)] } else { T::ZERO };
            }
        }
    }
}

/// `c[place] = Σ a[product] · b[product's tap + place]` for a block of channels.
pub(super) struct Sums<'a, T> {
    pub(super) grid: &'a Grid,
    /// The block's weights: `[channel of b, tap, channel of c]`.
    pub(super) a: &'a [T],
    /// Elements of a channel of b.
    pub(super) channel: usize,
    /// Where taps begin in a channel of b.
    pub(super) taps: &'a [usize],
    pub(super) b: &'a [T],
    /// `[channel, place]`
    pub(super) c: &'a mut [T],
}

impl<T: Real> Sums<'_, T> {
    /// Computes those of blocks of `channels` channels.
    pub(super) fn compute(self, channels: usize) {
        if abreast(channels) == 8 {
            vectorize_with(Abreast::<T, 8>(self))
        } else {
            vectorize_with(Abreast::<T, 6>(self))
        }
    }
}

/// The sums of R channels.
struct Abreast<'a, T, const R: usize>(Sums<'a, T>);

impl<T: Real, const R: usize> Vectorized for Abreast<'_, T, R> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Sums { grid, a, channel, taps, b, c } = self.0;
        let (vector, len, row) = (T::count::<S>(), grid.run_len(), grid.room());
        // The registers hold two vectors for each channel, if there are as many as that.
        let wide = S::REGISTER_COUNT >= 32 || R == 6;
        let channels = (TERMS / taps.len()).max(1);
        for (i, a) in a.chunks(channels * taps.len() * R).enumerate() {
            let b = &b[i * channels * channel..];
            for (n, start) in grid.runs().enumerate() {
                let first = n * grid.run_room();
                let mut at = 0;
                while at < len {
                    let tile = Tile::<T, S, R> { simd, a, channel, taps, b: &b[start + at..], row, more: i > 0 };
                    let c = &mut c[first + at..];
                    if wide && at + vector < len {
                        tile.sum::<2>(c);
                        at += 2 * vector;
                    } else {
                        tile.sum::<1>(c);
                        at += vector;
                    }
                }
            }
        }
    }
}

/// R channels of a few places.
struct Tile<'a, T, S, const R: usize> {
    simd: S,
    a: &'a [T],
    channel: usize,
    taps: &'a [usize],
    b: &'a [T],
    row: usize,
    /// Whether it is added to what there is.
    more: bool,
}

impl<T: Real, S: Simd, const R: usize> Tile<'_, T, S, R> {
    #[inline(always)]
    fn sum<const W: usize>(&self, c: &mut [T]) {
        let Tile { simd, a, channel, taps, b, row, more } = *self;
        let vector = T::count::<S>();
        let mut sums = [[T::splat(simd, T::ZERO); W]; R];
        for (i, a) in a.chunks_exact(taps.len() * R).enumerate() {
            let b = &b[i * channel..];
            for (a, tap) in a.as_chunks::<R>().0.iter().zip(taps) {
                let b = &b[*tap..][..W * vector];
                let mut near = [T::splat(simd, T::ZERO); W];
                for j in 0..W {
                    near[j] = T::whole::<S>(&b[j * vector..])[0];
                }
                for r in 0..R {
                    let a = T::splat(simd, a[r]);
                    for j in 0..W {
                        sums[r][j] = T::mul_add_all(simd, a, near[j], sums[r][j]);
                    }
                }
            }
        }
        for r in 0..R {
            for j in 0..W {
                let to = &mut T::whole_mut::<S>(&mut c[r * row + j * vector..])[0];
                *to = if more { T::add_all(simd, *to, sums[r][j]) } else { sums[r][j] };
            }
        }
    }
}
