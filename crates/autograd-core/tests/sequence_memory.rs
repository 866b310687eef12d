//! Attention, recurrences, alignments and products need memory in proportion to the length of a sequence, forward and
//! backward: no matrix of queries by keys (but for the gradient of a mask, which is not asked for here) or of elements
//! by the others, no list of steps. Counted at the allocator, so the room that kernels make for themselves is in it.
//! This file has one test: others would count, too.

use autograd_core::{AttentionOptions, DType, Recurrence, Result, Tensor, grad, memory, seeded};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every request is handed to the system's allocator unchanged; counting neither allocates nor panics.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        PEAK.fetch_max(LIVE.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        // SAFETY: the caller's promises about `layout` are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: `block` came from `System.alloc` with this layout.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Heads of attention.
const HEADS: usize = 2;
/// Samples of a recurrence.
const ROWS: usize = 8;
/// Features of a head, and of a state.
const WIDTH: usize = 16;

fn random(shape: &[usize]) -> Result<Tensor> {
    Ok(Tensor::randn(shape, DType::F32, &mut seeded(7))?.mul_scalar(0.3).requires_grad())
}

fn attend(len: usize, options: AttentionOptions) -> Result<Tensor> {
    let [q, k, v] = [random(&[HEADS, len, WIDTH])?, random(&[HEADS, len, WIDTH])?, random(&[HEADS, len, WIDTH])?];
    q.scaled_dot_product_attention(&k, &v, options)
}

/// One of the recurrences with so many gates.
fn recur(len: usize, gates: usize) -> Result<Tensor> {
    let x = random(&[len, ROWS, WIDTH])?;
    let (w_ih, w_hh) = (random(&[gates * WIDTH, WIDTH])?, random(&[gates * WIDTH, WIDTH])?);
    let lengths = (0..ROWS).map(|row| (len - row) as i64).collect::<Vec<i64>>();
    let options = Recurrence::new().lengths(&Tensor::from_vec(lengths, &[ROWS])?).reverse(true);
    match gates {
        1 => Ok(x.rnn_tanh(&w_ih, &w_hh, options)?.0),
        3 => Ok(x.gru(&w_ih, &w_hh, options)?.0),
        _ => Ok(x.lstm(&w_ih, &w_hh, options)?.0),
    }
}

/// The losses of targets of twenty symbols.
fn align(len: usize) -> Result<Tensor> {
    let targets = (0..ROWS * 20).map(|i| 1 + (i % (WIDTH - 1)) as i64).collect::<Vec<i64>>();
    let [times, sizes] = [len, 20].map(|n| Tensor::full(&[ROWS], n as f64, DType::I64));
    let targets = Tensor::from_vec(targets, &[ROWS, 20])?;
    random(&[len, ROWS, WIDTH])?.log_softmax(2)?.ctc_loss(&targets, &times?, &sizes?, 0)
}

/// The gradient of the product of a sequence, to be derived again.
fn product(len: usize) -> Result<Tensor> {
    let x = random(&[len, ROWS, WIDTH])?;
    Ok(grad(&x.prod_dim(0)?.sum(), &[&x])?.remove(0))
}

type Forward = fn(usize) -> Result<Tensor>;

/// Names, the rows of [`WIDTH`] numbers that a token has in each tensor, and forward.
const SEQUENCES: &[(&str, usize, Forward)] = &[
    ("attention", HEADS, |len| attend(len, AttentionOptions::new())),
    ("causal attention", HEADS, |len| attend(len, AttentionOptions::new().is_causal(true))),
    ("attention with a mask of keys", HEADS, |len| {
        let seen = random(&[1, len])?.detach().gt_scalar(0.0);
        attend(len, AttentionOptions::new().attn_mask(seen))
    }),
    ("attention with a bias of keys", HEADS, |len| {
        attend(len, AttentionOptions::new().attn_mask(random(&[1, len])?.detach()))
    }),
    ("attention with dropout", HEADS, |len| attend(len, AttentionOptions::new().dropout_p(0.3, 5))),
    ("rnn_tanh", ROWS, |len| recur(len, 1)),
    ("gru", ROWS, |len| recur(len, 3)),
    ("lstm", ROWS, |len| recur(len, 4)),
    ("ctc_loss", ROWS, align),
    ("the gradient of a product", ROWS, product),
];

/// The most bytes at once while a sequence goes forward and backward.
fn peak(len: usize, forward: Forward) -> Result<usize> {
    memory::trim();
    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    drop(forward(len)?.square().sum().backward()?);
    Ok(PEAK.load(Relaxed) - before)
}

#[test]
fn memory_is_linear_in_the_length() -> Result<()> {
    for (name, rows, forward) in SEQUENCES {
        let _threads = peak(64, *forward)?;
        let [short, long] = [peak(1024, *forward)?, peak(2048, *forward)?];
        let token = rows * WIDTH * DType::F32.size();
        let each = long.saturating_sub(short) / 1024;
        println!("{name}: {short} and {long} bytes, {each} for a token of {token}");
        assert!(each <= 30 * token, "{name}: {each} bytes for a token, whose numbers are {token} in a tensor");
        assert!(10 * long < 23 * short, "{name}: {short} bytes for 1,024 tokens, and {long} for 2,048");
    }
    Ok(())
}
