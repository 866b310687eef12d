//! An optimizer's pass over memory: parameter, gradient and state read once, parameter and state written once.

use super::nest::Nest;
use super::real::Real;
use super::simd::{Each, Kernel, from_fn, vectorize};
use crate::threads::parallel::{self, PIECE, for_pieces, for_rows, join, worth_sharing};

/// One element of an update rule with `S` numbers of state per element.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, update::{ElementRule, Number, Real}};
///
/// /// p ← p − lr · sign(g), without state.
/// #[derive(Clone, Copy)]
/// struct SignDescent {
///     lr: f64,
/// }
///
/// impl ElementRule<0> for SignDescent {
///     #[inline(always)]
///     fn element<T: Real>(self, p: T, g: T, state: [T; 0]) -> (T, [T; 0]) {
///         (p - T::of(self.lr) * g.sign(), state)
///     }
/// }
///
/// let mut p = Tensor::from([1.0, 2.0]);
/// p.update(&Tensor::from([30.0, -0.1]), [], SignDescent { lr: 0.5 })?;
/// assert_eq!(p.to_vec::<f32>()?, [0.5, 2.5]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub trait ElementRule<const S: usize>: Copy + Sync {
    /// Every use of the rule has the first `ALWAYS` of the `S` numbers; each of the others may be unused. The loop is
    /// compiled once for each subset of the others.
    const ALWAYS: usize = S;

    /// The last `FIXED` of the `S` numbers stay what they are: they are read, and what is returned for them is dropped.
    /// They may be views: a number for each row of a matrix, expanded, is read where it stands.
    const FIXED: usize = 0;

    /// The new parameter and state from the old parameter `p`, its gradient `g` and the old state; mark it
    /// `#[inline(always)]`. State that is not in use arrives as 0, and what is returned for it is dropped.
    fn element<T: Real>(self, p: T, g: T, state: [T; S]) -> (T, [T; S]);
}

/// Bit k of `OTHERS`: whether state number `ALWAYS + k` is in use. The slices of state that is not in use are empty.
struct Update<'a, T, R, const S: usize, const OTHERS: usize> {
    rule: R,
    p: &'a mut [T],
    g: &'a [T],
    state: [&'a mut [T]; S],
}

impl<T: Real, R: ElementRule<S>, const S: usize, const OTHERS: usize> Update<'_, T, R, S, OTHERS> {
    /// Bit k: whether state number k is in use.
    const USED: usize = ((1 << R::ALWAYS) - 1) | (OTHERS << R::ALWAYS);
    /// Those of them that are written.
    const WRITTEN: usize = Self::USED & ((1 << (S - R::FIXED)) - 1);
}

impl<T: Real, R: ElementRule<S>, const S: usize, const OTHERS: usize> Kernel for Update<'_, T, R, S, OTHERS> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Update { rule, p, g, state } = self;
        let len = p.len();
        let (g, mut state) = (&g[..len], cut(state, len, Self::USED));
        let mut i = 0;
        while i < len {
            let (new, kept) = rule.element(p[i], g[i], read(&state, i, Self::USED));
            p[i] = new;
            write(&mut state, i, Self::WRITTEN, kept);
            i += 1;
        }
    }
}

// These are functions of the type of the numbers alone, not closures of a rule: see [`super::elementwise`].

#[inline(always)]
fn cut<T, const S: usize>(mut state: [&mut [T]; S], len: usize, used: usize) -> [&mut [T]; S] {
    for (k, s) in state.iter_mut().enumerate() {
        *s = &mut std::mem::take(s)[..if used >> k & 1 == 1 { len } else { 0 }];
    }
    state
}

#[inline(always)]
fn read<T: Real, const S: usize>(state: &[&mut [T]; S], i: usize, used: usize) -> [T; S] {
    from_fn(|k| if used >> k & 1 == 1 { state[k][i] } else { T::ZERO })
}

#[inline(always)]
fn write<T: Real, const S: usize>(state: &mut [&mut [T]; S], i: usize, used: usize, new: [T; S]) {
    for k in 0..S {
        if used >> k & 1 == 1 {
            state[k][i] = new[k];
        }
    }
}

/// Runs the loop that is compiled for the state in use. A guard is a constant: loops for subsets that the rule cannot
/// have are not compiled.
fn vectorize_used<T: Real, R: ElementRule<S>, const S: usize>(
    others: usize,
    rule: R,
    p: &mut [T],
    g: &[T],
    state: [&mut [T]; S],
) {
    macro_rules! choose {
        ($($mask:literal)*) => {
            match others {
                $($mask if const { $mask < 1 << (S - R::ALWAYS) } => {
                    vectorize(Update::<T, R, S, $mask> { rule, p, g, state });
                })*
                _ => unreachable!("Tensor::update admits at most {MOST_OTHERS} numbers of state that may be unused"),
            }
        };
    }
    choose!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
}

/// At most this many numbers of state may be unused.
const MOST_OTHERS: usize = 4;

/// One number of state for each element.
pub enum State<'a, T> {
    /// Numbers that lie as the parameter's do.
    Own(&'a mut [T]),
    /// Numbers that lie otherwise, or are repeated: one of the last [`ElementRule::FIXED`].
    Walked(&'a [T], Nest<1>),
}

/// Applies the rule to every element, in place; given the length of a row, to those of rows whose gradient is not 0
/// throughout. All have one length; state that is not in use is `None`, which the first [`ElementRule::ALWAYS`] cannot
/// be.
pub fn update<T: Real, R: ElementRule<S>, const S: usize>(
    rule: R,
    row: Option<usize>,
    p: &mut [T],
    g: &[T],
    state: [Option<State<'_, T>>; S],
) {
    const { assert!(R::ALWAYS <= S && S - R::ALWAYS <= MOST_OTHERS, "an update rule has too much state that may be unused") };
    const { assert!(R::FIXED <= S, "an update rule has less state than it says") };
    let len = p.len();
    let fits = |(k, s): (usize, &Option<State<'_, T>>)| match s {
        None => k >= R::ALWAYS,
        Some(State::Own(s)) => s.len() == len,
        Some(State::Walked(_, nest)) => k >= S - R::FIXED && nest.dims.iter().product::<usize>() == len,
    };
    assert!(g.len() == len && state.iter().enumerate().all(fits), "an update's slices differ in length");
    let bit = |(k, s): (usize, &Option<State<'_, T>>)| usize::from(s.is_some()) << k;
    let others = state.iter().skip(R::ALWAYS).enumerate().map(bit).sum();
    let mut walked = [const { None }; S];
    let mut own = [const { None }; S];
    for (k, state) in state.into_iter().enumerate() {
        match state {
            Some(State::Own(s)) => own[k] = Some(s),
            Some(State::Walked(s, nest)) => walked[k] = Some((s, nest)),
            None => {}
        }
    }
    let (own, walks) = (own.map(Option::unwrap_or_default), walked.iter().any(Option::is_some));
    let each: Loop<'_, T, S> = &|_, p, g, state| vectorize_used(others, rule, p, g, state);
    let in_blocks: Loop<'_, T, S> = &|start, p, g, state| blocks(&walked, start, p, g, state, each);
    let each = if walks { in_blocks } else { each };
    match row {
        None if !worth_sharing(len) => each(0, p, g, own),
        None => update_on(parallel::threads(), 64, 0, p, g, own, each),
        Some(row) => {
            let touched: Loop<'_, T, S> = &|start, p, g, state| touched_rows(row, start, p, g, state, each);
            update_on(parallel::threads(), row, 0, p, g, own, touched);
        }
    }
}

/// Elements for which numbers that are walked are laid out at a time: they stay in the first-level cache.
const BLOCK: usize = 1024;

/// The loop in blocks, over numbers of which some are walked.
fn blocks<T: Real, const S: usize>(
    walked: &[Option<(&[T], Nest<1>)>; S],
    start: usize,
    p: &mut [T],
    g: &[T],
    mut state: [&mut [T]; S],
    f: Loop<'_, T, S>,
) {
    let mut laid_out = [[T::ZERO; BLOCK]; S];
    let mut done = 0;
    for (p, g) in p.chunks_mut(BLOCK).zip(g.chunks(BLOCK)) {
        let end = done + p.len();
        let mut part: [&mut [T]; S] = from_fn(|_| Default::default());
        let both = state.iter_mut().zip(&mut laid_out).zip(walked);
        for (part, ((state, laid_out), walked)) in part.iter_mut().zip(both) {
            *part = match walked {
                None if state.is_empty() => continue,
                None => &mut state[done..end],
                Some((x, nest)) => {
                    lay_out(nest, x, start + done, &mut laid_out[..p.len()]);
                    &mut laid_out[..p.len()]
                }
            };
        }
        f(start + done, p, g, part);
        done = end;
    }
}

/// A run of so many elements is worth a call.
const LONG: usize = 16;

/// `y = x` where `x` is walked by the nest, from its element `first` on.
fn lay_out<T: Real>(nest: &Nest<1>, x: &[T], first: usize, mut y: &mut [T]) {
    let (inner, [stride]) = (nest.inner(), nest.inner_strides());
    let (mut walk, mut skipped) = (nest.rows(first / inner), first % inner);
    while !y.is_empty() {
        let start = walk.step()[0] + skipped * stride;
        let (run, later) = y.split_at_mut(y.len().min(inner - skipped));
        match stride {
            0 if run.len() >= LONG => run.fill(x[start]),
            1 if run.len() >= LONG => run.copy_from_slice(&x[start..start + run.len()]),
            _ => run.iter_mut().enumerate().for_each(|(i, y)| *y = x[start + i * stride]),
        }
        (y, skipped) = (later, 0);
    }
}

/// The loop over those rows whose gradient is not 0 throughout, as many at once as lie together.
fn touched_rows<T: Real, const S: usize>(
    row: usize,
    start: usize,
    p: &mut [T],
    g: &[T],
    mut state: [&mut [T]; S],
    f: Loop<'_, T, S>,
) {
    // Of a few numbers all are compared, without a branch for each.
    let rests = |row: &[T]| row.chunks(64).all(|some| some.iter().fold(true, |zero, g| zero & (*g == T::ZERO)));
    let (mut first, rows) = (0, g.len().checked_div(row).unwrap_or(0));
    while first < rows {
        let touched = (first..rows).take_while(|i| !rests(&g[i * row..][..row])).count();
        if touched > 0 {
            let (from, to) = (first * row, (first + touched) * row);
            let part = state.each_mut().each(|s| {
                let len = s.len();
                &mut s[from.min(len)..to.min(len)]
            });
            f(start + from, &mut p[from..to], &g[from..to], part);
        }
        // The next one rests.
        first += touched + 1;
    }
}

/// The loop of a rule over some elements, the first of which has this number.
type Loop<'a, T, const S: usize> = &'a (dyn Fn(usize, &mut [T], &[T], [&mut [T]; S]) + Sync);

/// [`update`] on `threads` threads, with an equal share on each, of a multiple of `unit` elements.
fn update_on<T: Real, const S: usize>(
    threads: usize,
    unit: usize,
    start: usize,
    p: &mut [T],
    g: &[T],
    state: [&mut [T]; S],
    f: Loop<'_, T, S>,
) {
    if threads < 2 || p.len() <= PIECE {
        return f(start, p, g, state);
    }
    let few = threads / 2;
    let half = (p.len() / threads * few).next_multiple_of(unit);
    let (p0, p1) = p.split_at_mut(half);
    let (g0, g1) = g.split_at(half);
    let mut second: [&mut [T]; S] = from_fn(|_| Default::default());
    let mut first: [&mut [T]; S] = from_fn(|_| Default::default());
    for (k, s) in state.into_iter().enumerate() {
        (first[k], second[k]) = s.split_at_mut(half.min(s.len()));
    }
    let second = || update_on(threads - few, unit, start + half, p1, g1, second, f);
    join(|| update_on(few, unit, start, p0, g0, first, f), second);
}

struct Accumulate<'a, T> {
    nest: &'a Nest<1>,
    x: &'a [T],
    sum: &'a mut [T],
    first: usize,
}

impl<T: Real> Kernel for Accumulate<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Accumulate { nest, x, sum, first } = self;
        let inner = nest.inner();
        let [stride] = nest.inner_strides();
        let mut walk = nest.rows(first);
        for sum in sum.chunks_exact_mut(inner) {
            let [i] = walk.step();
            if stride == 1 {
                for (sum, x) in sum.iter_mut().zip(&x[i..i + inner]) {
                    *sum += *x;
                }
            } else {
                for (k, sum) in sum.iter_mut().enumerate() {
                    *sum += x[i + k * stride];
                }
            }
        }
    }
}

/// `sum += x`, where `x` is walked by the nest and `sum` is contiguous.
pub fn accumulate<T: Real>(nest: &Nest<1>, x: &[T], sum: &mut [T]) {
    if sum.is_empty() {
        return;
    }
    if nest.is_flat() {
        for_pieces(sum, PIECE, |start, sum| {
            let nest = Nest::new(&[sum.len()], [&[1]]);
            vectorize(Accumulate { nest: &nest, x: &x[start..start + sum.len()], sum, first: 0 });
        });
    } else {
        let inner = nest.inner();
        for_rows(sum, inner, inner, |rows, sum| vectorize(Accumulate { nest, x, sum, first: rows.start }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `p ← p + g + m`, `m ← m + 1`, and a number that is only read.
    #[derive(Clone, Copy)]
    struct Rule;

    impl ElementRule<2> for Rule {
        const FIXED: usize = 1;

        #[inline(always)]
        fn element<T: Real>(self, p: T, g: T, [m, fixed]: [T; 2]) -> (T, [T; 2]) {
            (p + g + m * fixed, [m + T::ONE, fixed + T::ONE])
        }
    }

    #[test]
    fn rows_are_touched_on_any_number_of_threads_and_what_is_fixed_stays() {
        for (row, rows) in [(1, 3 * PIECE), (5, PIECE), (100, PIECE / 20), (PIECE, 5), (3 * PIECE, 1)] {
            let len = row * rows;
            let touched = |i: usize| (i / row * 7 + 3) % 11 < 6 && i / row != 1;
            let g: Vec<f64> = (0..len).map(|i| if touched(i) && i % row == row / 2 { 2.0 } else { 0.0 }).collect();
            let start: Vec<f64> = (0..len).map(|i| (i % 13) as f64).collect();
            for threads in [1, 2, 3] {
                let (mut p, mut m, mut fixed) = (start.clone(), start.clone(), start.clone());
                let each: Loop<'_, f64, 2> = &|_, p, g, state| vectorize_used(0, Rule, p, g, state);
                update_on(threads, row, 0, &mut p, &g, [&mut m, &mut fixed], &|start, p, g, state| {
                    touched_rows(row, start, p, g, state, each);
                });
                assert_eq!(fixed, start);
                for i in 0..len {
                    let expected = if touched(i) {
                        [start[i] + g[i] + start[i] * start[i], start[i] + 1.0]
                    } else {
                        [start[i]; 2]
                    };
                    assert_eq!([p[i], m[i]], expected, "element {i} of {rows} rows of {row}, {threads} threads");
                }
            }
        }
    }
    /// `p ← p + g + m · fixed` with a fixed number for each row, for each column, for each element of a transposed
    /// matrix.
    #[test]
    fn what_is_fixed_is_read_where_it_stands() {
        let [height, width] = [300, 70];
        let len = height * width;
        let start: Vec<f64> = (0..len).map(|i| (i % 13) as f64).collect();
        let numbers: Vec<f64> = (0..len).map(|i| (i % 101) as f64).collect();
        let views = [[1, 0], [0, 1], [0, 0], [1, height]];
        for (row, strides) in [None, Some(width)].into_iter().flat_map(|row| views.map(|strides| (row, strides))) {
            for threads in [1, 2, 3] {
                let (mut p, mut m, g) = (start.clone(), start.clone(), vec![1.0; len]);
                let walked = State::Walked(&numbers, Nest::new(&[height, width], [&strides]));
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
                pool.install(|| update(Rule, row, &mut p, &g, [Some(State::Own(&mut m)), Some(walked)]));
                for i in 0..len {
                    let fixed = numbers[i / width * strides[0] + i % width * strides[1]];
                    let expected = [start[i] + 1.0 + start[i] * fixed, start[i] + 1.0];
                    assert_eq!([p[i], m[i]], expected, "element {i}, strides {strides:?}, {threads} threads");
                }
            }
        }
    }
}
