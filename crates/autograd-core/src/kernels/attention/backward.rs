//! The gradients of attention.

use super::tile::{Add, Dots, Dropout, Place, Pull, Sums, Weights};
use super::{Form, KEYS, Mask, Norm, QUERIES, transposed};
use crate::kernels::conv::with_room;
use crate::kernels::gemm::{Matrix, gemm};
use crate::kernels::real::Real;
use crate::kernels::simd::{Each, vectorize};
use crate::threads::parallel::{share, threads};

/// Where the gradients of q, k and v go, head by head in order; one that is not wanted is empty.
pub struct Gradients<'a, T> {
    /// That of q.
    pub q: &'a mut [T],
    /// That of k.
    pub k: &'a mut [T],
    /// That of v.
    pub v: &'a mut [T],
}

/// The gradients for one head of k and v, and the heads of q that see it.
struct Piece<'a, T> {
    head: usize,
    gradients: Gradients<'a, T>,
}

/// What the gradients are computed from.
struct Given<'a, T> {
    form: &'a Form,
    seed: u64,
    operands: [&'a [T]; 3],
    mask: Mask<'a, T>,
    y: &'a [T],
    gy: &'a [T],
    norms: &'a [Norm<T>],
}

/// The gradients of [`forward`](super::forward), from its output and norms; `y` and `gy` are in order, no size is 0.
pub fn backward<T: Real>(
    form: &Form,
    seed: u64,
    operands: [&[T]; 3],
    mask: Mask<'_, T>,
    [y, gy]: [&[T]; 2],
    norms: &[Norm<T>],
    gradients: Gradients<'_, T>,
) {
    let given = Given { form, seed, operands, mask, y, gy, norms };
    let heads = form.heads() / form.group;
    let Gradients { mut q, mut k, mut v } = gradients;
    let sizes = [q.len(), k.len(), v.len()].each(|len| len / heads);
    let mut pieces: Vec<Piece<'_, T>> = Vec::with_capacity(heads);
    for head in 0..heads {
        let gradients = Gradients { q: next(&mut q, sizes[0]), k: next(&mut k, sizes[1]), v: next(&mut v, sizes[2]) };
        pieces.push(Piece { head, gradients });
    }
    if heads > 1 && form.is_worth_sharing() {
        let each = (threads() / heads).max(1);
        share(&mut pieces, 1, &|_, pieces| pieces.iter_mut().for_each(|piece| piece.compute(&given, each)));
    } else {
        pieces.iter_mut().for_each(|piece| piece.compute(&given, usize::MAX));
    }
}

/// The next `len` elements.
fn next<'a, T>(rest: &mut &'a mut [T], len: usize) -> &'a mut [T] {
    let (next, after) = std::mem::take(rest).split_at_mut(len);
    *rest = after;
    next
}

impl<T: Real> Piece<'_, T> {
    fn compute(&mut self, given: &Given<'_, T>, threads: usize) {
        let form = given.form;
        self.gradients.k.fill(T::ZERO);
        self.gradients.v.fill(T::ZERO);
        let (most, widest) = (QUERIES.min(form.queries), form.features.max(form.values));
        let width = KEYS.min(form.keys);
        let len = most * (form.features + 2 * width + 1) + (most.max(width) + 1) * widest;
        with_room(len, |room: &mut [T]| {
            for member in 0..form.group {
                for first in (0..form.queries).step_by(QUERIES) {
                    let rows = first..(first + QUERIES).min(form.queries);
                    self.queries(given, member, rows, room, threads);
                }
            }
        });
    }

    /// Adds what a run of queries contributes, and computes their gradients.
    fn queries(
        &mut self,
        given: &Given<'_, T>,
        member: usize,
        run: std::ops::Range<usize>,
        room: &mut [T],
        threads: usize,
    ) {
        let Given { form, seed, operands: [q, k, v], mask, y, gy, norms } = *given;
        let (features, values, rows) = (form.features, form.values, run.len());
        let (head, key_head, dropout) = (self.head * form.group + member, self.head, Dropout::new(seed, form.dropout));
        let (queries, room) = room.split_at_mut(rows * features);
        let (dots, room) = room.split_at_mut(rows);
        let width = KEYS.min(form.keys);
        let (p_room, room) = room.split_at_mut(rows * width);
        let (gp_room, part) = room.split_at_mut(rows * width);
        form.scaled_queries(q, head, run.start, queries);
        let queries = Matrix { data: &*queries, row: features, column: 1 };
        // The part of head and run in what has a row for each query.
        let of_run = (head * form.queries + run.start)..(head * form.queries + run.end);
        let in_values = of_run.start * values..of_run.end * values;
        let (y, gy, norms) = (&y[in_values.clone()], &gy[in_values], &norms[of_run]);
        // `Σ gp p` over the keys of all tiles is `Σ gy y`.
        let several = form.key_tiles(run.end).nth(1).is_some();
        if several {
            vectorize(Dots { a: y, b: gy, width: values, room: part, dots });
        }
        let gy = Matrix { data: gy, row: values, column: 1 };
        let own = (member * form.queries + run.start) * features..(member * form.queries + run.end) * features;
        let Gradients { q: gq, k: gk, v: gv } = &mut self.gradients;
        for keys in form.key_tiles(run.end) {
            let (n, place) = (keys.len(), &Place { head, query: run.start, keys: keys.clone() });
            let (p, gp) = (&mut p_room[..rows * n], &mut gp_room[..rows * n]);
            let k = form.k.from(k, key_head, keys.start);
            gemm(threads, (rows, features, n), queries, transposed(k), None, p);
            vectorize(Weights { form, mask, place, x: p, norms });
            gemm(threads, (rows, values, n), gy, transposed(form.v.from(v, key_head, keys.start)), None, gp);
            let sums = if several { Sums::Of(&*dots) } else { Sums::Open(&mut part[..n]) };
            vectorize(Pull { form, place, dropout, p, gp, sums });
            let [p, gp] = [&*p, &*gp].each(|data| Matrix { data, row: n, column: 1 });
            if !gv.is_empty() {
                let part = &mut part[..n * values];
                gemm(threads, (n, rows, values), transposed(p), gy, None, part);
                vectorize(Add { y: &mut gv[keys.start * values..keys.end * values], x: part });
            }
            if !gk.is_empty() {
                let part = &mut part[..n * features];
                gemm(threads, (n, rows, features), transposed(gp), queries, None, part);
                vectorize(Add { y: &mut gk[keys.start * features..keys.end * features], x: part });
            }
            if !gq.is_empty() {
                let (gq, part) = (&mut gq[own.clone()], &mut part[..rows * features]);
                let first = keys.start == 0;
                gemm(threads, (rows, n, features), gp, k, None, if first { &mut *gq } else { &mut *part });
                if !first {
                    vectorize(Add { y: gq, x: part });
                }
            }
        }
        if !gq.is_empty() {
            let scale = T::of(form.scale);
            gq[own].iter_mut().for_each(|gq| *gq = *gq * scale);
        }
    }
}
