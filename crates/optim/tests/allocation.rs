//! The allocations of a steady step: none, with few exceptions.

mod model;

use model::{half_square_grads, net};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use wengert_optim::{
    Adam, AdamW, Adan, Lars, Momentum, NovoGrad, Optimizer, RAdam, RmsProp, Sgd, by_name, optimizer_names,
};

struct Counting;

thread_local! {
    static REQUESTS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every request is handed to the system's allocator unchanged; the counter is a thread-local without destructor
// and does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        REQUESTS.with(|requests| requests.set(requests.get() + 1));
        // SAFETY: the caller's promises about `layout` are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: `block` came from `System.alloc` with this layout.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The rules that compute with tensors beside their state, and why.
const EXCEPT: &[(&str, &str)] = &[
    ("Prodigy", "the way from the start is a tensor"),
    ("Sm3", "the largest squares of rows and columns are tensors"),
];

/// What takes no vectors, of which the model has two. It computes with tensors beside its state.
const MATRICES_ONLY: &[&str] = &["Muon"];

/// The requests in ten steps after the first, with every hyperparameter changed before each.
fn requests(mut optimizer: Box<dyn Optimizer>) -> usize {
    // What others have left would hide a request.
    autograd_core::memory::trim();
    let mut model = net();
    let grads = half_square_grads(&model);
    let start = optimizer.hyperparameters();
    // Schedules keep what has no room for halves within its range.
    let halves: Vec<bool> = start
        .iter()
        .map(|(name, value)| {
            optimizer.set(name, 0.5).expect("known");
            let fits = optimizer.check().is_ok();
            optimizer.set(name, *value).expect("known");
            fits
        })
        .collect();
    let mut k = 0;
    let mut step = || {
        k += 1;
        for ((name, value), halves) in start.iter().zip(&halves) {
            let next = if *halves { 0.5 / f64::from(k) } else { value * (1.0 + 1e-6 / f64::from(k)) };
            optimizer.set(name, next)?;
        }
        optimizer.step(&mut model, &grads).map(|report| report.updated)
    };
    assert_eq!(step(), Ok(4));
    let before = REQUESTS.get();
    for _ in 0..10 {
        assert_eq!(step(), Ok(4));
    }
    REQUESTS.get() - before
}

#[test]
fn a_steady_step_allocates_nothing() {
    let variants: [Box<dyn Optimizer>; 12] = [
        Box::new(Sgd::new(0.1).momentum(0.9).weight_decay(0.1)),
        Box::new(Adam::new(0.1).amsgrad(true)),
        Box::new(Adam::keras(0.1).amsgrad(true).weight_decay(0.1)),
        Box::new(Adam::optax(0.1).nesterov(true).eps_root(1e-8)),
        Box::new(RAdam::optax(0.1).nesterov(true)),
        Box::new(NovoGrad::new(0.1).weight_decay(0.1)),
        Box::new(Adan::optax(0.1).weight_decay(0.1)),
        Box::new(Sgd::keras(0.1).momentum(0.9).nesterov(true)),
        Box::new(Sgd::new(0.1).momentum(0.9).convention(Momentum::CorrectedAverage)),
        Box::new(RmsProp::new(0.1).momentum(0.5).centered(true)),
        Box::new(Lars::new(0.1).nesterov(true).weight_decay(0.1)),
        Box::new(AdamW::new(0.1).group("hidden", |group| group.scale_lr(0.5))),
    ];
    for (k, optimizer) in variants.into_iter().enumerate() {
        assert_eq!(requests(optimizer), 0, "variant {k}");
    }
    let names = optimizer_names().filter(|name| !MATRICES_ONLY.contains(name));
    let allocating = names.filter(|name| requests(by_name(name, 0.1).expect("known")) > 0);
    let mut allocating: Vec<&str> = allocating.collect();
    allocating.sort_unstable();
    let excepted: Vec<&str> = EXCEPT.iter().map(|(name, _)| *name).collect();
    assert_eq!(allocating, excepted);
}
