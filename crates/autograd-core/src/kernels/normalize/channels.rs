//! The channels of `[N, C, L]`, each of which is normalised by numbers of its own.

use super::super::moments::{Moments, moments};
use super::super::real::Real;
use super::super::simd::{Kernel, vectorize};
use super::columns::{Norms, column_moments, column_pairs};
use super::rows::segment_pairs;
use super::{Norm, far_inverse, inverse_of};
use crate::threads::parallel::for_rows;

/// Channels of a sample at least this long are summed by themselves. The elements of shorter ones are columns over all
/// samples, if that makes fewer parts.
const LONG: usize = 64;

/// The sizes of `[N, C, L]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sizes {
    /// N
    pub samples: usize,
    /// C
    pub channels: usize,
    /// L
    pub length: usize,
}

impl Sizes {
    fn by_segments(self) -> bool {
        self.length >= LONG || self.length >= self.samples
    }

    /// What is summed first: how many parts there are, of how many elements each, and how many parts of a channel are
    /// neighbours.
    pub fn parts(self) -> [usize; 3] {
        let Sizes { samples, channels, length } = self;
        if self.by_segments() { [samples * channels, length, 1] } else { [channels * length, samples, length] }
    }

    /// The number of elements of a channel.
    pub fn count(self) -> usize {
        self.samples * self.length
    }

    /// The moments of the parts; there is an element.
    pub fn moments<T: Real>(self, x: &[T], y: &mut [Moments<T>]) {
        if self.by_segments() { moments(x, self.length, y) } else { column_moments(x, y) }
    }

    /// `Σ gy` and `Σ gy x̂` of the parts; there is an element.
    pub fn pairs<T: Real>(self, gy: &[T], x: &[T], norms: &[Norm<T>], y: &mut [[T; 2]]) {
        if self.by_segments() {
            segment_pairs(gy, x, |segment| norms[segment % norms.len()], self.length, y);
        } else {
            column_pairs(gy, x, Norms::Columns(norms, self.length), y);
        }
    }

    /// The norms of channels from their moments.
    pub fn norms<T: Real>(self, x: &[T], moments: &[Moments<T>], eps: f64, y: &mut [Norm<T>]) {
        let Sizes { channels, length, .. } = self;
        for (k, (y, [c, drift, squares])) in y.iter_mut().zip(moments).enumerate() {
            let inverse = inverse_of(*squares, self.count(), eps).unwrap_or_else(|| {
                let of_channel = x.chunks_exact(length).skip(k).step_by(channels).flatten();
                far_inverse(of_channel, self.count(), [*c, *drift], eps)
            });
            *y = [*c, *drift, T::of(inverse)];
        }
    }
}

/// What is computed of each element of a channel, from the numbers [c, drift, a, s, b]: `y = ((x − c) − drift) a + s`,
/// or, of gradients g, `y = (g + ((x − c) − drift) a) b + s`.
type Line<T> = [T; 5];

/// Elements that lie one after another, all of one channel.
struct Runs<'a, T, F> {
    x: &'a [T],
    g: Option<&'a [T]>,
    line: F,
    sizes: Sizes,
    first: usize,
    y: &'a mut [T],
}

impl<T: Real, F: Fn(usize) -> Line<T>> Kernel for Runs<'_, T, F> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Runs { x, g, line, sizes: Sizes { channels, length, .. }, first, y } = self;
        for (i, (x, y)) in x.chunks_exact(length).zip(y.chunks_exact_mut(length)).enumerate() {
            let [c, drift, a, s, b] = line((first + i) % channels);
            match g {
                None => {
                    for (y, x) in y.iter_mut().zip(x) {
                        *y = ((*x - c) - drift) * a + s;
                    }
                }
                Some(g) => {
                    for ((y, x), g) in y.iter_mut().zip(x).zip(&g[i * length..(i + 1) * length]) {
                        *y = (*g + ((*x - c) - drift) * a) * b + s;
                    }
                }
            }
        }
    }
}

/// So many columns have their numbers in the first-level cache.
const STRIP: usize = 128;

/// Elements that lie one after another, each of the next channel.
struct Samples<'a, T, F> {
    x: &'a [T],
    g: Option<&'a [T]>,
    line: F,
    channels: usize,
    y: &'a mut [T],
}

impl<T: Real, F: Fn(usize) -> Line<T>> Kernel for Samples<'_, T, F> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Samples { x, g, line, channels, y } = self;
        let mut lines = [[T::ZERO; STRIP]; 5];
        for from in (0..channels).step_by(STRIP) {
            let width = (channels - from).min(STRIP);
            for i in 0..width {
                for (of, number) in lines.iter_mut().zip(line(from + i)) {
                    of[i] = number;
                }
            }
            let [c, drift, a, s, b] = &lines;
            for sample in 0..x.len() / channels {
                let run = sample * channels + from..sample * channels + from + width;
                let (x, y) = (&x[run.clone()], &mut y[run.clone()]);
                let numbers = c.iter().zip(drift).zip(a.iter().zip(s));
                match g {
                    None => {
                        for ((y, x), ((c, drift), (a, s))) in y.iter_mut().zip(x).zip(numbers) {
                            *y = ((*x - *c) - *drift) * *a + *s;
                        }
                    }
                    Some(g) => {
                        let rest = g[run].iter().zip(b);
                        for (((y, x), ((c, drift), (a, s))), (g, b)) in y.iter_mut().zip(x).zip(numbers).zip(rest) {
                            *y = (*g + ((*x - *c) - *drift) * *a) * *b + *s;
                        }
                    }
                }
            }
        }
    }
}

fn apply<T: Real>(sizes: Sizes, x: &[T], g: Option<&[T]>, line: impl Fn(usize) -> Line<T> + Sync + Copy, y: &mut [T]) {
    let Sizes { channels, length, .. } = sizes;
    let width = if length == 1 { channels } else { length };
    for_rows(y, width, width, |rows, y| {
        let run = rows.start * width..rows.end * width;
        let (x, g) = (&x[run.clone()], g.map(|g| &g[run]));
        if length == 1 {
            vectorize(Samples { x, g, line, channels, y });
        } else {
            vectorize(Runs { x, g, line, sizes, first: rows.start, y });
        }
    });
}

/// `y = (x − μ) r w + b`; weight and bias may be empty.
pub fn forward<T: Real>(sizes: Sizes, x: &[T], norms: &[Norm<T>], weight: &[T], bias: &[T], y: &mut [T]) {
    let line = |k: usize| {
        let [c, drift, r] = norms[k];
        let scale = weight.get(k).map_or(r, |w| r * *w);
        [c, drift, scale, bias.get(k).copied().unwrap_or_default(), T::ZERO]
    };
    apply(sizes, x, None, line, y);
}

/// `gx = w r (gy − mean gy − x̂ mean(gy x̂))` from the sums of each channel.
pub fn pull<T: Real>(sizes: Sizes, [gy, x]: [&[T]; 2], norms: &[Norm<T>], weight: &[T], sums: &[[T; 2]], gx: &mut [T]) {
    let n = T::of(sizes.count() as f64);
    let line = |k: usize| {
        let ([c, drift, r], [sum, product]) = (norms[k], sums[k]);
        let scale = weight.get(k).map_or(r, |w| r * *w);
        [c, drift, -(product / n * r), -(sum / n * scale), scale]
    };
    apply(sizes, x, Some(gy), line, gx);
}
