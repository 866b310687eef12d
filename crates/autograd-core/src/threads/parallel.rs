//! The decision whether to share work, and the cuts.
//!
//! Handing a piece to a thread that stands by costs under a microsecond, to one that sleeps 5 to 50: so smaller work is
//! shared while a helper stands by. Work is handed over once: each thread gets its share at the start. Pieces have a
//! fixed number of elements: the result of a piece, and the order in which pieces are combined, depend neither on the
//! number of threads nor on whether work is shared at all.

pub use super::standby::join;
use super::standby::stands_by;
use std::ops::Range;

/// Element-wise work below this many elements stays on the calling thread.
pub const SHARED_FROM: usize = 1 << 15;

/// Element-wise work of this many elements is worth waking a thread for.
pub const WOKEN_FROM: usize = 1 << 17;

/// Multiply-adds of a matrix product that take as long as one element of element-wise work.
const PRODUCTS: usize = 16;

/// Elements of one piece of shared element-wise work: two at least when work is shared, and the piece's operands (two
/// in, one out, f32: 192 KiB) stay in the second-level cache.
pub const PIECE: usize = 1 << 14;

#[cfg(test)]
thread_local! {
    /// How often this thread has had work that is worth waking another one for.
    pub(crate) static WORTH_SHARING: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Whether `elements` of element-wise work are worth a second thread, and there is one.
#[inline]
pub fn worth_sharing(elements: usize) -> bool {
    #[cfg(test)]
    WORTH_SHARING.set(WORTH_SHARING.get() + u64::from(elements >= WOKEN_FROM));
    worth_moving(elements)
}

/// [`worth_sharing`] of elements that are only moved: operands are copied that lie otherwise, which is no part of what
/// an operation computes.
#[inline]
fn worth_moving(elements: usize) -> bool {
    elements >= SHARED_FROM && (elements >= WOKEN_FROM || stands_by()) && threads() > 1
}

/// Whether this many multiply-adds are worth a second thread, and there is one.
pub fn worth_sharing_products(multiply_adds: usize) -> bool {
    worth_sharing(multiply_adds / PRODUCTS)
}

/// The number of threads.
pub fn threads() -> usize {
    rayon::current_num_threads()
}

/// Starts `n` threads; if threads run already and are not as many, their number is the error.
pub fn start(n: usize) -> Result<(), usize> {
    let started = rayon::ThreadPoolBuilder::new().num_threads(n).build_global().is_ok();
    if started || threads() == n { Ok(()) } else { Err(threads()) }
}

/// Calls `work(i, chunk)` for every chunk, an equal share of them on every thread.
///
/// The call is dynamic, so that the machinery is compiled once for each element type and not once for each kernel; a
/// chunk is long enough not to notice.
#[cold]
pub fn share<T: Send>(out: &mut [T], chunk: usize, work: &(dyn Fn(usize, &mut [T]) + Sync)) {
    share_among(threads(), 0, out, chunk, work);
}

fn share_among<T: Send>(
    threads: usize,
    start: usize,
    out: &mut [T],
    chunk: usize,
    work: &(dyn Fn(usize, &mut [T]) + Sync),
) {
    let chunks = out.len().div_ceil(chunk);
    if threads < 2 || chunks < 2 {
        return out.chunks_mut(chunk).enumerate().for_each(|(i, out)| work(start + i, out));
    }
    // One chunk at least is left for the second half, and never more threads than chunks.
    let (threads, few) = (threads.min(chunks), threads.min(chunks) / 2);
    let half = chunks * few / threads;
    let (first, second) = out.split_at_mut(half * chunk);
    join(
        || share_among(few, start, first, chunk, work),
        || share_among(threads - few, start + half, second, chunk, work),
    );
}

/// Calls `work(start, piece)` for consecutive pieces of `out`, each `piece` elements long (the last may be shorter).
#[inline]
pub fn for_pieces<T: Send>(out: &mut [T], piece: usize, work: impl Fn(usize, &mut [T]) + Sync) {
    if out.len() > piece && worth_sharing(out.len()) {
        share(out, piece, &|i, chunk| work(i * piece, chunk));
    } else if !out.is_empty() {
        work(0, out);
    }
}

/// [`for_pieces`] of a kernel that only moves elements.
pub fn move_pieces<T: Send>(out: &mut [T], piece: usize, work: impl Fn(usize, &mut [T]) + Sync) {
    if out.len() > piece && worth_moving(out.len()) {
        share(out, piece, &|i, chunk| work(i * piece, chunk));
    } else if !out.is_empty() {
        work(0, out);
    }
}

/// Calls `work` for consecutive ranges of rows of `out` (`width` elements each), cut so that a range has about
/// [`PIECE`] elements of work; `cost` is the work a row stands for.
pub fn for_rows<T: Send>(out: &mut [T], width: usize, cost: usize, work: impl Fn(Range<usize>, &mut [T]) + Sync) {
    rows_where(worth_sharing, out, width, cost, work);
}

/// [`for_rows`] of a kernel that only moves elements.
pub fn move_rows<T: Send>(out: &mut [T], width: usize, work: impl Fn(Range<usize>, &mut [T]) + Sync) {
    rows_where(worth_moving, out, width, width, work);
}

fn rows_where<T: Send>(
    is_worth: fn(usize) -> bool,
    out: &mut [T],
    width: usize,
    cost: usize,
    work: impl Fn(Range<usize>, &mut [T]) + Sync,
) {
    if width == 0 || out.is_empty() {
        return;
    }
    let rows = out.len() / width;
    if rows > 1 && is_worth(rows.saturating_mul(cost)) {
        let rows_a_piece = (PIECE / cost.max(1)).max(1);
        share(out, rows_a_piece * width, &|i, chunk| {
            let first = i * rows_a_piece;
            work(first..first + chunk.len() / width, chunk);
        });
    } else {
        work(0..rows, out);
    }
}

/// Like [`for_rows`], with an equal part of `beside` for each row.
pub fn for_rows_of_two<T: Send, U: Send>(
    out: &mut [T],
    width: usize,
    cost: usize,
    beside: &mut [U],
    work: impl Fn(Range<usize>, &mut [T], &mut [U]) + Sync,
) {
    if width == 0 || out.is_empty() {
        return;
    }
    let rows = out.len() / width;
    if rows > 1 && worth_sharing(rows.saturating_mul(cost)) {
        let rows_a_piece = (PIECE / cost.max(1)).max(1);
        let each = (beside.len() / rows).max(1);
        let besides = beside.chunks_mut(rows_a_piece * each);
        let mut pieces: Vec<_> = out.chunks_mut(rows_a_piece * width).zip(besides).collect();
        share(&mut pieces, 1, &|i, pieces| {
            for (out, beside) in pieces {
                let first = i * rows_a_piece;
                work(first..first + out.len() / width, out, beside);
            }
        });
    } else {
        work(0..rows, out, beside);
    }
}
