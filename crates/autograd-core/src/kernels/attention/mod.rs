//! Attention: softmax of products, tile by tile, without the matrix of all products.
//!
//! A tile is a run of queries by a run of keys. Its products stay in the second-level cache, where they become weights;
//! the maximum and the sum of a query's weights are corrected from one tile of keys to the next.
//!
//! Methods: Milakov & Gimelshein, "Online normalizer calculation for softmax" (2018); Dao et al., "FlashAttention"
//! (2022); Rabe & Staats, "Self-attention does not need O(n²) memory" (2021).

mod backward;
mod forward;
mod rotate;
mod tile;

use crate::kernels::gemm::{MOVED, Matrix};
use crate::kernels::real::Real;
use crate::threads::parallel::worth_sharing_products;
pub use backward::{Gradients, backward};
pub use forward::forward;
pub use rotate::{Rotation, rotate, turns};

/// Queries of a tile: keys are packed once for so many.
const QUERIES: usize = 128;

/// Keys of a tile.
const KEYS: usize = 256;

/// Where the elements of these sizes lie, in row-major order; further strides do not count.
pub fn starts(sizes: &[usize], strides: &[usize]) -> Vec<usize> {
    let mut starts = vec![0];
    for (size, stride) in sizes.iter().zip(strides) {
        starts = starts.iter().flat_map(|start| (0..*size).map(move |i| start + i * stride)).collect();
    }
    starts
}

/// The matrices of one operand, one for each head.
#[derive(Clone, Debug)]
pub struct Heads {
    starts: Vec<usize>,
    row: usize,
    column: usize,
}

impl Heads {
    /// The matrices of a tensor with these strides, whose outer sizes are `outer`.
    pub fn new(outer: &[usize], strides: &[usize]) -> Heads {
        let [.., row, column] = strides else { unreachable!("a matrix has two strides") };
        Heads { starts: starts(outer, strides), row: *row, column: *column }
    }

    /// The matrix of a head, from a row on.
    fn from<'a, T>(&self, data: &'a [T], head: usize, row: usize) -> Matrix<'a, T> {
        Matrix { data: &data[self.starts[head] + row * self.row..], row: self.row, column: self.column }
    }
}

/// The sizes of attention: as many heads of q, mask and y as of k and v, times `group`.
#[derive(Clone, Debug)]
pub struct Form {
    /// Heads of q for each head of k and v.
    pub group: usize,
    /// Rows of q.
    pub queries: usize,
    /// Rows of k and v.
    pub keys: usize,
    /// Columns of q and k.
    pub features: usize,
    /// Columns of v.
    pub values: usize,
    /// Whether query i sees no key after key i.
    pub causal: bool,
    /// The factor of the products.
    pub scale: f64,
    /// The probability that a weight is dropped.
    pub dropout: f64,
    /// The operands' matrices.
    pub q: Heads,
    /// Those of the keys.
    pub k: Heads,
    /// Those of the values.
    pub v: Heads,
    /// Those of the mask, one for each head of q, if there is one.
    pub mask: Option<Heads>,
}

impl Form {
    /// Heads of q.
    pub fn heads(&self) -> usize {
        self.q.starts.len()
    }

    /// Multiply-adds of the products with keys and values.
    pub fn work(&self) -> usize {
        let pairs = self.heads().saturating_mul(self.queries).saturating_mul(self.keys);
        let pairs = if self.causal { pairs / 2 } else { pairs };
        pairs.saturating_mul(self.features + self.values)
    }

    /// Whether it is worth a second thread, and there is one. Of few queries it takes as long as keys and values are
    /// read.
    fn is_worth_sharing(&self) -> bool {
        let read = (self.heads() / self.group).saturating_mul(self.keys).saturating_mul(self.features + self.values);
        worth_sharing_products(self.work().max(MOVED.saturating_mul(read)))
    }

    /// The runs of keys that queries before `end` see.
    fn key_tiles(&self, end: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
        let seen = if self.causal { end.min(self.keys) } else { self.keys };
        (0..seen).step_by(KEYS).map(move |start| start..(start + KEYS).min(seen))
    }

    /// The queries of a head, scaled and in order.
    fn scaled_queries<T: Real>(&self, q: &[T], head: usize, first: usize, out: &mut [T]) {
        let (from, scale) = (self.q.from(q, head, first), T::of(self.scale));
        for (i, out) in out.chunks_exact_mut(self.features).enumerate() {
            let row = &from.data[i * from.row..];
            if from.column == 1 {
                out.iter_mut().zip(row).for_each(|(out, x)| *out = *x * scale);
            } else {
                out.iter_mut().enumerate().for_each(|(e, out)| *out = row[e * from.column] * scale);
            }
        }
    }
}

/// What is added to the products, or decides about them.
#[derive(Clone, Copy)]
pub enum Mask<'a, T> {
    /// Nothing.
    None,
    /// A number to add.
    Added(&'a [T]),
    /// Not 0 where the key takes part.
    Seen(&'a [u8]),
}

/// What is kept of the products of one query: their maximum m, and `Σ e^(x − m)`.
pub type Norm<T> = [T; 2];

/// The transposed rows of a matrix.
fn transposed<T>(x: Matrix<'_, T>) -> Matrix<'_, T> {
    Matrix { data: x.data, row: x.column, column: x.row }
}
