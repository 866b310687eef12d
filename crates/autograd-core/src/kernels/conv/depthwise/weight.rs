//! The gradient of the weight of single channels.

use super::Padded;
use crate::kernels::conv::Conv;
use crate::kernels::conv::room::with_room;
use crate::kernels::conv::window::Window;
use crate::kernels::real::Real;
use crate::kernels::simd::{Vectorized, from_fn, vectorize_with};
use crate::threads::parallel::for_rows;
use pulp::Simd;

/// How many products are added to a lane one after the other: a longer sum is one of such sums, so that its error stays
/// small.
const CHAIN: usize = 64;

/// Lanes of a sum of products.
pub(in super::super) const LANES: usize = 16;

struct Weight<'a, T> {
    padded: &'a Padded,
    x: &'a [T],
    y: &'a [T],
    w: &'a mut [T],
}

impl<T: Real> Weight<'_, T> {
    /// Sums up K taps of each of R rows of the kernel at once, in lanes.
    #[inline(always)]
    fn add<S: Simd, const R: usize, const K: usize>(self, simd: S) {
        let Weight { padded, x, y, w } = self;
        let Window { kernel, stride, dilation, output: [_, _, run], .. } = padded.window;
        let (step, apart, vector) = (stride[2], dilation[2], T::count::<S>());
        for first in (0..kernel[0] * kernel[1]).step_by(R) {
            let rows: [usize; R] = from_fn(|r| padded.place(first + r, 0));
            for column in (0..kernel[2]).step_by(K) {
                let mut lanes = [[[T::ZERO; LANES]; K]; R];
                // The lanes are those of any CPU: one with shorter vectors passes by several times.
                for part in (0..LANES).step_by(vector) {
                    let mut sums = [[T::splat(simd, T::ZERO); K]; R];
                    let mut added = 0;
                    for (o, y) in y.chunks_exact(run).enumerate() {
                        let line = padded.line(o) + column * apart;
                        for block in (0..run).step_by(LANES) {
                            if added == CHAIN {
                                put_aside(simd, &mut lanes, part, &mut sums);
                                added = 0;
                            }
                            // Counted by blocks, of which the last may end before this part of the lanes: where a chain
                            // ends is the same for all.
                            added += 1;
                            let at = block + part;
                            if at >= run {
                                continue;
                            }
                            // Lanes without an element of y have none of x: 0 · ∞ would be NaN.
                            let len = (run - at).min(vector);
                            let y = &y[at..][..len];
                            let full = len == vector;
                            let y = if full { T::whole::<S>(y)[0] } else { T::load(simd, y) };
                            for (sums, row) in sums.iter_mut().zip(rows) {
                                for (k, sum) in sums.iter_mut().enumerate() {
                                    let x = &x[row + line + at * step + k * apart..];
                                    let x = if step == 1 && full {
                                        T::whole::<S>(x)[0]
                                    } else if step == 1 {
                                        T::load(simd, &x[..len])
                                    } else {
                                        let mut near = [T::ZERO; LANES];
                                        for l in 0..vector {
                                            near[l] = if l < len { x[l * step] } else { T::ZERO };
                                        }
                                        T::whole::<S>(&near)[0]
                                    };
                                    *sum = T::mul_add_all(simd, x, y, *sum);
                                }
                            }
                        }
                    }
                    put_aside(simd, &mut lanes, part, &mut sums);
                }
                for (r, lanes) in lanes.iter().enumerate() {
                    let w = &mut w[(first + r) * kernel[2] + column..][..K];
                    w.iter_mut().zip(lanes).for_each(|(w, lanes)| *w += halves(*lanes));
                }
            }
        }
    }
}

/// Adds the sums to their lanes, and begins new ones.
#[inline(always)]
fn put_aside<S: Simd, T: Real, const R: usize, const K: usize>(
    simd: S,
    lanes: &mut [[[T; LANES]; K]; R],
    part: usize,
    sums: &mut [[T::Vector<S>; K]; R],
) {
    for (lanes, sum) in lanes.as_flattened_mut().iter_mut().zip(sums.as_flattened_mut()) {
        let mut added = [T::ZERO; LANES];
        T::store(simd, *sum, &mut added[..T::count::<S>()]);
        lanes[part..].iter_mut().zip(added).take(T::count::<S>()).for_each(|(lane, sum)| *lane += sum);
        *sum = T::splat(simd, T::ZERO);
    }
}

impl<T: Real> Vectorized for Weight<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let [depth, rows, columns] = self.padded.window.kernel;
        match (depth * rows, columns) {
            (3, 3) => self.add::<S, 3, 3>(simd),
            (_, 3) => self.add::<S, 1, 3>(simd),
            (_, 5) => self.add::<S, 1, 5>(simd),
            (_, 7) => self.add::<S, 1, 7>(simd),
            _ => self.add::<S, 1, 1>(simd),
        }
    }
}

/// The sum of all lanes.
#[inline(always)]
pub(in super::super) fn halves<T: Real>(mut lanes: [T; LANES]) -> T {
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] += lanes[i + half];
        }
        half /= 2;
    }
    lanes[0]
}

/// [`super::super::weight`] of channels that each read one channel.
pub(in super::super) fn weight<T: Real>(conv: &Conv, x: &[T], y: &[T], w: &mut [T]) {
    let (taps, inputs, outputs) = (conv.window.taps(), conv.window.inputs(), conv.window.outputs());
    let channels = conv.groups * conv.outer;
    let padded = Padded::new(&conv.window);
    for_rows(w, taps, outputs * taps * conv.images, |rows, w| {
        with_room(padded.len(), |room| {
            for (channel, w) in rows.zip(w.chunks_exact_mut(taps)) {
                w.fill(T::ZERO);
                for image in 0..conv.images {
                    padded.read(&x[(image * conv.groups + channel / conv.outer) * inputs..][..inputs], room);
                    let y = &y[(image * channels + channel) * outputs..][..outputs];
                    vectorize_with(Weight { padded: &padded, x: room, y, w });
                }
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sum of products in lanes that are put aside after each chain, as any CPU is to add it up.
    fn model<T: Real>(x: &[T], y: &[T], run: usize) -> T {
        let (mut lanes, mut sums, mut added) = ([T::ZERO; LANES], [T::ZERO; LANES], 0);
        let put_aside = |lanes: &mut [T; LANES], sums: &mut [T; LANES]| {
            lanes.iter_mut().zip(sums).for_each(|(lane, sum)| *lane += std::mem::replace(sum, T::ZERO));
        };
        for (x, y) in x.chunks_exact(run).zip(y.chunks_exact(run)) {
            for (x, y) in x.chunks(LANES).zip(y.chunks(LANES)) {
                if added == CHAIN {
                    put_aside(&mut lanes, &mut sums);
                    added = 0;
                }
                added += 1;
                sums.iter_mut().zip(x.iter().zip(y)).for_each(|(sum, (x, y))| *sum = x.mul_add(*y, *sum));
            }
        }
        put_aside(&mut lanes, &mut sums);
        halves(lanes)
    }

    fn compare<T: Real>() {
        for [rows, run] in [[56, 56], [40, 20], [70, 8], [200, 3], [9, 100], [90, 22]] {
            let number = |seed: usize| (0..rows * run).map(move |i| T::of(((i * seed) % 1009) as f64 / 311.0 - 1.5));
            let (x, y): (Vec<T>, Vec<T>) = (number(7919).collect(), number(104_729).collect());
            let (one, size) = ([1; 3], [1, rows, run]);
            let window = Window { input: size, kernel: one, stride: one, dilation: one, before: [0; 3], output: size };
            let mut w = [T::ZERO];
            weight(&Conv { images: 1, groups: 1, inner: 1, outer: 1, window }, &x, &y, &mut w);
            assert_eq!(w[0].as_f64().to_bits(), model(&x, &y, run).as_f64().to_bits(), "{rows} × {run}");
        }
    }

    #[test]
    fn chains_end_where_they_do_on_any_cpu() {
        compare::<f32>();
        compare::<f64>();
    }
}
