//! Discrete Fourier transforms of rows.

use super::real::Real;
use crate::threads::parallel::{for_rows, for_rows_of_two};
use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;
use wengert_fourier::{Complex, ComplexToReal, Fft, Planned, RealToComplex};

/// The numbers that a transform takes and gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Complex numbers to complex ones: `y[k] = Σ x[j] e^(∓2πi j k / n)`, with + if it is the inverse.
    Complex { inverse: bool },
    /// Real numbers to the first n / 2 + 1 of those. The others mirror them; `doubled` counts them in.
    Half { doubled: bool },
    /// Back to real numbers: what is there has mirror images, too. `halved` counts both as one.
    Real { halved: bool },
}

/// A transform of each row: the first n of `from` elements, or with zeros behind them, give n, of which the first `to`
/// are written, or with zeros behind them, times `scale`. (Of the coefficients of real numbers there are n / 2 + 1, not
/// n.)
#[derive(Clone, Copy, Debug)]
pub struct Dft {
    pub kind: Kind,
    pub n: usize,
    pub scale: f64,
    pub from: usize,
    pub to: usize,
}

impl Dft {
    /// The transform A′ with `⟨A x, y⟩ = ⟨x, A′ y⟩`, where a complex number counts as two real ones.
    #[must_use]
    pub fn adjoint(self) -> Dft {
        let kind = match self.kind {
            Kind::Complex { inverse } => Kind::Complex { inverse: !inverse },
            Kind::Half { doubled } => Kind::Real { halved: !doubled },
            Kind::Real { halved } => Kind::Half { doubled: !halved },
        };
        Dft { kind, from: self.to, to: self.from, ..self }
    }

    /// The weight of coefficient k of real numbers.
    fn weight(&self, k: usize) -> f64 {
        let alone = k == 0 || 2 * k == self.n;
        match self.kind {
            Kind::Half { doubled: true } if !alone => 2.0,
            Kind::Real { halved: true } if !alone => 0.5,
            _ => 1.0,
        }
    }

    /// About as many operations as a row takes.
    pub fn operations(&self) -> usize {
        let levels = self.n.max(2).ilog2() as usize + 1;
        let of_complex = 5usize.saturating_mul(self.n).saturating_mul(levels);
        if matches!(self.kind, Kind::Complex { .. }) { of_complex } else { of_complex / 2 }
    }
}

/// A number that can be transformed.
pub trait Transformed: Real + Planned {
    /// The plans that this thread made last, the last one first.
    fn plans<R>(f: impl FnOnce(&mut Vec<((Kind, usize), Plan<Self>)>) -> R) -> R;
}

macro_rules! transformed {
    ($($t:ty)*) => {$(
        impl Transformed for $t {
            fn plans<R>(f: impl FnOnce(&mut Vec<((Kind, usize), Plan<Self>)>) -> R) -> R {
                thread_local! {
                    static PLANS: RefCell<Vec<((Kind, usize), Plan<$t>)>> = const { RefCell::new(Vec::new()) };
                }
                PLANS.with_borrow_mut(f)
            }
        }
    )*};
}
transformed!(f32 f64);

/// How a length is transformed: its factors and roots of unity.
#[derive(Clone)]
pub enum Plan<T> {
    Complex(Arc<dyn Fft<T>>),
    Half(Arc<dyn RealToComplex<T>>),
    Real(Arc<dyn ComplexToReal<T>>),
}

/// So many plans are kept by a thread; a network has few lengths.
const KEPT: usize = 16;

impl<T: Transformed> Plan<T> {
    /// The plan for a transform, which this thread may know already.
    pub fn of(dft: &Dft) -> Plan<T> {
        let kind = match dft.kind {
            Kind::Complex { inverse } => Kind::Complex { inverse },
            Kind::Half { .. } => Kind::Half { doubled: false },
            Kind::Real { .. } => Kind::Real { halved: false },
        };
        T::plans(|plans| {
            let plan = match plans.iter().position(|(of, _)| *of == (kind, dft.n)) {
                Some(at) => plans.remove(at).1,
                None => match kind {
                    Kind::Complex { inverse } => Plan::Complex(T::complex(dft.n, inverse)),
                    Kind::Half { .. } => Plan::Half(T::half(dft.n)),
                    Kind::Real { .. } => Plan::Real(T::real(dft.n)),
                },
            };
            plans.insert(0, ((kind, dft.n), plan.clone()));
            plans.truncate(KEPT);
            plan
        })
    }

    /// Transforms rows; `re` and `im` are the real and the imaginary parts of x, where it has any, and the result's lie
    /// one behind the other, where it has any.
    pub fn run(&self, dft: &Dft, re: &[T], im: Option<&[T]>, y: &mut [T]) {
        let Dft { to, .. } = *dft;
        let cost = dft.operations() / 4 + to;
        match self {
            Plan::Real(plan) => for_rows(y, to, cost, |rows, y| real(dft, &**plan, rows, re, im, y)),
            _ => {
                let half = y.len() / 2;
                let (y_re, y_im) = y.split_at_mut(half);
                for_rows_of_two(y_re, to, cost, y_im, |rows, y_re, y_im| match self {
                    Plan::Complex(plan) => complex(dft, &**plan, rows, re, im, y_re, y_im),
                    Plan::Half(plan) => coefficients(dft, &**plan, rows, re, y_re, y_im),
                    Plan::Real(_) => unreachable!("its result has no imaginary parts"),
                });
            }
        }
    }
}

fn zeros<T: Transformed>(len: usize) -> Vec<Complex<T>> {
    vec![Complex::new(T::ZERO, T::ZERO); len]
}

/// Row `row` of numbers whose imaginary parts may be left out, times `weight(k)`, with zeros behind it.
fn load<T: Transformed>(
    from: usize,
    row: usize,
    re: &[T],
    im: Option<&[T]>,
    into: &mut [Complex<T>],
    weight: impl Fn(usize) -> T,
) {
    let n = from.min(into.len());
    let place = row * from..row * from + n;
    let (taken, rest) = into.split_at_mut(n);
    match im {
        Some(im) => {
            for (k, ((z, re), im)) in taken.iter_mut().zip(&re[place.clone()]).zip(&im[place]).enumerate() {
                *z = Complex::new(*re * weight(k), *im * weight(k));
            }
        }
        None => {
            for (k, (z, re)) in taken.iter_mut().zip(&re[place]).enumerate() {
                *z = Complex::new(*re * weight(k), T::ZERO);
            }
        }
    }
    rest.fill(Complex::new(T::ZERO, T::ZERO));
}

/// A row of results times `weight(k)`, with zeros behind it.
fn store<T: Transformed>(z: &[Complex<T>], y_re: &mut [T], y_im: &mut [T], weight: impl Fn(usize) -> T) {
    let n = z.len().min(y_re.len());
    for (k, ((z, re), im)) in z.iter().zip(&mut *y_re).zip(&mut *y_im).enumerate() {
        (*re, *im) = (z.re * weight(k), z.im * weight(k));
    }
    y_re[n..].fill(T::ZERO);
    y_im[n..].fill(T::ZERO);
}

fn complex<T: Transformed>(
    dft: &Dft,
    plan: &dyn Fft<T>,
    rows: Range<usize>,
    re: &[T],
    im: Option<&[T]>,
    y_re: &mut [T],
    y_im: &mut [T],
) {
    let (mut z, mut scratch) = (zeros(dft.n), zeros(plan.get_inplace_scratch_len()));
    let scale = T::of(dft.scale);
    for (row, (y_re, y_im)) in rows.zip(y_re.chunks_exact_mut(dft.to).zip(y_im.chunks_exact_mut(dft.to))) {
        load(dft.from, row, re, im, &mut z, |_| T::ONE);
        plan.process_with_scratch(&mut z, &mut scratch);
        store(&z, y_re, y_im, |_| scale);
    }
}

fn coefficients<T: Transformed>(
    dft: &Dft,
    plan: &dyn RealToComplex<T>,
    rows: Range<usize>,
    x: &[T],
    y_re: &mut [T],
    y_im: &mut [T],
) {
    let (mut row_of_x, mut z) = (vec![T::ZERO; dft.n], zeros(dft.n / 2 + 1));
    let mut scratch = zeros(plan.get_scratch_len());
    let taken = dft.from.min(dft.n);
    for (row, (y_re, y_im)) in rows.zip(y_re.chunks_exact_mut(dft.to).zip(y_im.chunks_exact_mut(dft.to))) {
        row_of_x[..taken].copy_from_slice(&x[row * dft.from..][..taken]);
        row_of_x[taken..].fill(T::ZERO);
        if plan.process_with_scratch(&mut row_of_x, &mut z, &mut scratch).is_err() {
            unreachable!("the lengths are those of the plan");
        }
        store(&z, y_re, y_im, |k| T::of(dft.scale * dft.weight(k)));
    }
}

fn real<T: Transformed>(
    dft: &Dft,
    plan: &dyn ComplexToReal<T>,
    rows: Range<usize>,
    re: &[T],
    im: Option<&[T]>,
    y: &mut [T],
) {
    let (mut z, mut row_of_y) = (zeros(dft.n / 2 + 1), vec![T::ZERO; dft.n]);
    let mut scratch = zeros(plan.get_scratch_len());
    let (scale, taken) = (T::of(dft.scale), dft.to.min(dft.n));
    for (row, y) in rows.zip(y.chunks_exact_mut(dft.to)) {
        load(dft.from, row, re, im, &mut z, |k| T::of(dft.weight(k)));
        // Those without a mirror image are real in the spectrum of real numbers.
        z[0].im = T::ZERO;
        if dft.n.is_multiple_of(2) {
            z[dft.n / 2].im = T::ZERO;
        }
        if plan.process_with_scratch(&mut z, &mut row_of_y, &mut scratch).is_err() {
            unreachable!("the lengths are those of the plan, and the first and the last number are real");
        }
        y[..taken].iter_mut().zip(&row_of_y).for_each(|(y, x)| *y = *x * scale);
        y[taken..].fill(T::ZERO);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same transform by its definition.
    fn naive(dft: &Dft, re: &[f64], im: Option<&[f64]>) -> Vec<f64> {
        let Dft { n, scale, from, to, kind } = *dft;
        let half = n / 2 + 1;
        let rows = re.len() / from;
        let at = |x: &[f64], row: usize, j: usize| if j < from { x[row * from + j] } else { 0.0 };
        let turn = |j: usize, k: usize| (std::f64::consts::TAU * ((j * k) % n) as f64 / n as f64).sin_cos();
        let mut y = [vec![0.0; rows * to], vec![0.0; rows * to]];
        for (row, k) in (0..rows).flat_map(|row| (0..to).map(move |k| (row, k))) {
            let (mut sum_re, mut sum_im) = (0.0, 0.0);
            let written = if matches!(kind, Kind::Half { .. }) { half } else { n };
            if k >= written {
                continue;
            }
            for j in 0..n {
                let (sin, cos) = turn(j, k);
                match kind {
                    Kind::Complex { inverse } => {
                        let (a, b) = (at(re, row, j), im.map_or(0.0, |im| at(im, row, j)));
                        let sin = if inverse { sin } else { -sin };
                        sum_re += a * cos - b * sin;
                        sum_im += a * sin + b * cos;
                    }
                    Kind::Half { doubled } => {
                        let weight = if doubled && k > 0 && 2 * k != n { 2.0 } else { 1.0 };
                        sum_re += weight * at(re, row, j) * cos;
                        sum_im -= weight * at(re, row, j) * sin;
                    }
                    Kind::Real { halved } if j < half => {
                        let alone = j == 0 || 2 * j == n;
                        let weight = if alone || halved { 1.0 } else { 2.0 };
                        sum_re += weight * at(re, row, j) * cos;
                        sum_re -= if alone { 0.0 } else { weight * im.map_or(0.0, |im| at(im, row, j)) * sin };
                    }
                    Kind::Real { .. } => {}
                }
            }
            y[0][row * to + k] = sum_re * scale;
            y[1][row * to + k] = sum_im * scale;
        }
        if matches!(kind, Kind::Real { .. }) { y[0].clone() } else { y.concat() }
    }

    fn all() -> impl Iterator<Item = Dft> {
        let kinds = [false, true].into_iter().flat_map(|flag| {
            [Kind::Complex { inverse: flag }, Kind::Half { doubled: flag }, Kind::Real { halved: flag }]
        });
        kinds.flat_map(|kind| {
            [1usize, 2, 3, 4, 5, 8, 9, 16, 17, 30, 64, 97, 210, 211].into_iter().flat_map(move |n| {
                let (half, scale) = (n / 2 + 1, 0.5);
                let (from, to) = match kind {
                    Kind::Complex { .. } => (n, n),
                    Kind::Half { .. } => (n, half),
                    Kind::Real { .. } => (half, n),
                };
                let cuts = [(from, to), (from + 2, to + 1), (from.div_ceil(2), to.div_ceil(2))];
                cuts.map(|(from, to)| Dft { kind, n, scale, from, to })
            })
        })
    }

    fn numbers(len: usize, seed: u64) -> Vec<f64> {
        (0..len as u64).map(|i| ((i * 37 + seed * 101) % 89) as f64 / 44.0 - 1.0).collect()
    }

    /// x and the transform of it.
    fn transform(dft: &Dft, rows: usize, seed: u64, with_im: bool) -> ([Vec<f64>; 2], Vec<f64>) {
        let parts = if matches!(dft.kind, Kind::Real { .. }) { 1 } else { 2 };
        let x = [numbers(rows * dft.from, seed), numbers(rows * dft.from, seed + 1)];
        let mut y = vec![f64::NAN; parts * rows * dft.to];
        Plan::of(dft).run(dft, &x[0], with_im.then_some(&x[1]), &mut y);
        (x, y)
    }

    #[test]
    fn every_length_and_cut_agrees_with_the_definition() {
        for dft in all() {
            for with_im in [true, false] {
                let (x, y) = transform(&dft, 3, 5, with_im);
                let want = naive(&dft, &x[0], with_im.then_some(&x[1]));
                let off = y.iter().zip(&want).map(|(y, want)| (y - want).abs()).max_by(f64::total_cmp).unwrap_or(0.0);
                assert!(y.len() == want.len() && off < 1e-11, "{dft:?} off by {off}");
            }
        }
    }

    #[test]
    fn the_adjoint_is_the_adjoint() {
        for dft in all() {
            let back = dft.adjoint();
            let ([x_re, x_im], y) = transform(&dft, 2, 3, true);
            let ([w_re, w_im], g) = transform(&back, 2, 7, true);
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let x = if matches!(dft.kind, Kind::Half { .. }) { x_re } else { [x_re, x_im].concat() };
            let w = if matches!(dft.kind, Kind::Real { .. }) { w_re } else { [w_re, w_im].concat() };
            let (there, back) = (dot(&y, &w), dot(&x, &g));
            assert!((there - back).abs() < 1e-10 * (1.0 + there.abs()), "{dft:?}: {there} and {back}");
        }
    }

    #[test]
    fn rows_see_nothing_of_each_other() {
        for dft in all().filter(|dft| dft.n > 3) {
            let parts = if matches!(dft.kind, Kind::Real { .. }) { 1 } else { 2 };
            let mut x = numbers(3 * dft.from, 11);
            let mut clean = vec![0.0; parts * 3 * dft.to];
            Plan::of(&dft).run(&dft, &x, None, &mut clean);
            x[dft.from..2 * dft.from].fill(f64::NAN);
            let mut y = clean.clone();
            Plan::of(&dft).run(&dft, &x, None, &mut y);
            for part in 0..parts {
                for row in [0, 2] {
                    let place = (part * 3 + row) * dft.to..(part * 3 + row + 1) * dft.to;
                    assert_eq!(y[place.clone()], clean[place], "{dft:?}");
                }
            }
        }
    }
}
