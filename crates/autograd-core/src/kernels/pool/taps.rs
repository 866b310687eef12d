//! Weighted sums along one dim, a sparse matrix for each line.

use crate::kernels::real::Real;
use crate::kernels::simd::{Kernel, vectorize};
use crate::threads::parallel::for_rows;

/// A sparse matrix `[to, from]` by its rows: the places and weights that make each element.
#[derive(Clone, Debug, PartialEq)]
pub struct Taps {
    from: usize,
    starts: Vec<usize>,
    places: Vec<usize>,
    weights: Vec<f64>,
}

impl Taps {
    /// The matrix of these rows.
    pub fn new<R: IntoIterator<Item = (usize, f64)>>(from: usize, rows: impl IntoIterator<Item = R>) -> Taps {
        let mut taps = Taps { from, starts: vec![0], places: Vec::new(), weights: Vec::new() };
        for row in rows {
            for (place, weight) in row {
                taps.places.push(place);
                taps.weights.push(weight);
            }
            taps.starts.push(taps.places.len());
        }
        taps
    }

    /// The number of rows.
    pub fn to(&self) -> usize {
        self.starts.len() - 1
    }

    /// The number of columns.
    pub fn from(&self) -> usize {
        self.from
    }

    /// The matrix with rows and columns exchanged.
    pub fn transposed(&self) -> Taps {
        let mut rows: Vec<Vec<(usize, f64)>> = vec![Vec::new(); self.from];
        for to in 0..self.to() {
            for tap in self.starts[to]..self.starts[to + 1] {
                rows[self.places[tap]].push((to, self.weights[tap]));
            }
        }
        Taps::new(self.to(), rows)
    }
}

struct Along<'a, T> {
    x: &'a [T],
    taps: &'a Taps,
    inner: usize,
    y: &'a mut [T],
}

impl<T: Real> Kernel for Along<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Along { x, taps, inner, y } = self;
        let lines = x.chunks_exact(taps.from * inner).zip(y.chunks_exact_mut(taps.to() * inner));
        for (x, y) in lines {
            if inner == 1 {
                for (y, ends) in y.iter_mut().zip(taps.starts.windows(2)) {
                    let row = ends[0]..ends[1];
                    let of_row = taps.places[row.clone()].iter().zip(&taps.weights[row]);
                    *y = of_row.fold(T::ZERO, |sum, (place, weight)| T::of(*weight).mul_add(x[*place], sum));
                }
                continue;
            }
            for (y, ends) in y.chunks_exact_mut(inner).zip(taps.starts.windows(2)) {
                let row = ends[0]..ends[1];
                let mut of_row = taps.places[row.clone()].iter().zip(&taps.weights[row]);
                let Some((place, weight)) = of_row.next() else {
                    y.fill(T::ZERO);
                    continue;
                };
                let (weight, first) = (T::of(*weight), &x[place * inner..][..inner]);
                y.iter_mut().zip(first).for_each(|(y, x)| *y = weight * *x);
                for (place, weight) in of_row {
                    let (weight, x) = (T::of(*weight), &x[place * inner..][..inner]);
                    y.iter_mut().zip(x).for_each(|(y, x)| *y = weight.mul_add(*x, *y));
                }
            }
        }
    }
}

/// `y[o, t, i] = Σ w[t, f] x[o, f, i]`.
pub fn along<T: Real>(x: &[T], taps: &Taps, inner: usize, y: &mut [T]) {
    let (line, width) = (taps.from * inner, taps.to() * inner);
    if line == 0 {
        return y.fill(T::ZERO);
    }
    for_rows(y, width, line.max(width), |lines, y| {
        vectorize(Along { x: &x[lines.start * line..lines.end * line], taps, inner, y });
    });
}
