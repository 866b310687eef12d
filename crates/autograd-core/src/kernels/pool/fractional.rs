//! The largest element of each window of a pooling whose windows lie at random.

use crate::kernels::conv::Space;
use crate::kernels::real::Real;
use crate::threads::parallel::for_rows;

/// Windows of one size over planes of one size.
#[derive(Clone, Copy, Debug)]
pub struct Fractions {
    /// The size of a plane.
    pub input: Space,
    /// The size of a window.
    pub kernel: Space,
    /// The number of windows.
    pub output: Space,
    /// Where the number of a dim stands among those of a plane; none where there is one window at 0.
    pub sample: [Option<usize>; 3],
}

impl Fractions {
    /// The first elements of the windows along a dim: `⌊(i + u) α⌋ − ⌊u α⌋` with
    /// `α = (input − kernel) / (output − 1)`, and the last one at the end.
    fn starts<T: Real>(&self, d: usize, samples: &[T], starts: &mut Vec<usize>) {
        starts.clear();
        let last = self.input[d] - self.kernel[d];
        if let Some(at) = self.sample[d] {
            let gaps = T::of((self.output[d] - 1).max(1) as f64);
            let (alpha, u) = (T::of(last as f64) / gaps, samples[at]);
            let whole = |x: T| x.as_f64() as usize;
            let start = |i: usize| whole((T::of(i as f64) + u) * alpha) - whole(u * alpha);
            // Rounding may not go beyond the last one.
            starts.extend((0..self.output[d] - 1).map(|i| start(i).min(last)));
        }
        starts.push(last);
    }
}

/// The position in its plane of the largest element of each window: the first of ties, the last NaN. There are as many
/// samples, uniform in `[0, 1)`, for each plane as dims have one.
pub fn largest_at_random<T: Real>(x: &[T], samples: &[T], sizes: &Fractions, y: &mut [i64]) {
    let inputs: usize = sizes.input.iter().product();
    let [depth, height, width] = sizes.output;
    let each = sizes.sample.iter().flatten().count();
    let (outputs, taps) = (depth * height * width, sizes.kernel.iter().product::<usize>());
    for_rows(y, outputs, inputs.max(outputs * taps), |planes, y| {
        let mut starts = [Vec::new(), Vec::new(), Vec::new()];
        for (plane, y) in planes.zip(y.chunks_exact_mut(outputs)) {
            let (x, samples) = (&x[plane * inputs..][..inputs], &samples[plane * each..][..each]);
            starts.iter_mut().enumerate().for_each(|(d, starts)| sizes.starts(d, samples, starts));
            for (o, y) in y.iter_mut().enumerate() {
                let first = [starts[0][o / (height * width)], starts[1][o / width % height], starts[2][o % width]];
                *y = largest_of(x, sizes, first);
            }
        }
    });
}

fn largest_of<T: Real>(x: &[T], sizes: &Fractions, [d, h, w]: Space) -> i64 {
    let [_, rows, columns] = sizes.input;
    let mut best: Option<(usize, T)> = None;
    for line in 0..sizes.kernel[0] * sizes.kernel[1] {
        let (d, h) = (d + line / sizes.kernel[1], h + line % sizes.kernel[1]);
        let start = (d * rows + h) * columns + w;
        for (at, x) in x.iter().enumerate().skip(start).take(sizes.kernel[2]) {
            if best.is_none_or(|(_, best)| *x > best || x.is_nan()) {
                best = Some((at, *x));
            }
        }
    }
    best.map_or_else(|| unreachable!("a window has elements"), |(at, _)| at as i64)
}
