//! The output of attention.

use super::tile::{Correct, Drop, Dropout, Exponentials, Place, inverse};
use super::{Form, KEYS, Mask, Norm, QUERIES, transposed};
use crate::kernels::conv::with_room;
use crate::kernels::gemm::{Matrix, gemm};
use crate::kernels::real::Real;
use crate::kernels::simd::vectorize;
use crate::threads::parallel::{share, threads};

/// The queries of one head that a thread computes.
struct Piece<'a, T> {
    head: usize,
    query: usize,
    y: &'a mut [T],
    norms: &'a mut [Norm<T>],
}

/// `y = softmax(scale q kᵀ + mask) v` of each head, and the [`Norm`] of each query; `seed` says which weights are
/// dropped. No size is 0.
pub fn forward<T: Real>(
    form: &Form,
    seed: u64,
    [q, k, v]: [&[T]; 3],
    mask: Mask<'_, T>,
    y: &mut [T],
    norms: &mut [Norm<T>],
) {
    let heads = y.chunks_exact_mut(form.queries * form.values).zip(norms.chunks_exact_mut(form.queries));
    let mut pieces: Vec<Piece<'_, T>> = heads
        .enumerate()
        .flat_map(|(head, (y, norms))| {
            let runs = y.chunks_mut(QUERIES * form.values).zip(norms.chunks_mut(QUERIES));
            runs.enumerate().map(move |(i, (y, norms))| Piece { head, query: i * QUERIES, y, norms })
        })
        .collect();
    if pieces.len() > 1 && form.is_worth_sharing() {
        let each = (threads() / pieces.len()).max(1);
        let work = |_, pieces: &mut [Piece<'_, T>]| {
            pieces.iter_mut().for_each(|p| p.compute(form, seed, [q, k, v], mask, each))
        };
        share(&mut pieces, 1, &work);
    } else {
        pieces.iter_mut().for_each(|piece| piece.compute(form, seed, [q, k, v], mask, usize::MAX));
    }
}

impl<T: Real> Piece<'_, T> {
    fn compute(&mut self, form: &Form, seed: u64, [q, k, v]: [&[T]; 3], mask: Mask<'_, T>, threads: usize) {
        let Piece { head, query, y, norms } = self;
        let (rows, key_head, dropout) = (norms.len(), *head / form.group, Dropout::new(seed, form.dropout));
        let (features, values) = (form.features, form.values);
        norms.fill([T::NEG_INFINITY, T::ZERO]);
        with_room(rows * (features + form.keys.min(KEYS) + values + 1), |room: &mut [T]| {
            let (queries, room) = room.split_at_mut(rows * features);
            let (part, room) = room.split_at_mut(rows * values);
            let (corrections, room) = room.split_at_mut(rows);
            form.scaled_queries(q, *head, *query, queries);
            let queries = Matrix { data: &*queries, row: features, column: 1 };
            for keys in form.key_tiles(*query + rows) {
                let (n, first) = (keys.len(), keys.start == 0);
                let place = &Place { head: *head, query: *query, keys: keys.clone() };
                let x = &mut room[..rows * n];
                let k = transposed(form.k.from(k, key_head, keys.start));
                gemm(threads, (rows, features, n), queries, k, None, x);
                vectorize(Exponentials { form, mask, place, x, norms, corrections });
                if let Some(dropout) = dropout {
                    vectorize(Drop { form, place, dropout, x });
                }
                let (x, v) = (Matrix { data: &*x, row: n, column: 1 }, form.v.from(v, key_head, keys.start));
                gemm(threads, (rows, n, values), x, v, None, if first { y } else { part });
                if !first {
                    vectorize(Correct { y, x: part, factors: corrections, width: values });
                }
            }
        });
        for (y, [_, sum]) in y.chunks_exact_mut(values).zip(norms.iter()) {
            let factor = inverse(*sum);
            y.iter_mut().for_each(|y| *y = *y * factor);
        }
    }
}
