//! The allocations of a steady step: none, with few exceptions.

mod model;

use autograd_core::Tensor;
use autograd_core::module::{Module, Param};
use model::{half_square_grads, net};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use wengert_optim::{
    Adam, AdamW, Adan, GaLore, Lars, Momentum, Muon, NovoGrad, Optimizer, RAdam, RmsProp, Sgd, by_name, optimizer_names,
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

/// What takes no vectors, of which the model has two.
const MATRICES_ONLY: &[&str] = &["Muon"];

/// The requests in ten steps after the first, with every hyperparameter changed before each.
fn requests(optimizer: Box<dyn Optimizer>) -> usize {
    requests_of(optimizer, net())
}

fn requests_of(mut optimizer: Box<dyn Optimizer>, mut model: impl Module) -> usize {
    // What others have left would hide a request.
    autograd_core::memory::trim();
    let (all, grads) = (model.parameters().len(), half_square_grads(&model));
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
    assert_eq!(step(), Ok(all));
    let before = REQUESTS.get();
    for _ in 0..10 {
        assert_eq!(step(), Ok(all));
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

/// What the register's own settings do not show.
#[test]
fn steps_of_matrices_allocate_nothing_but_to_find_a_space() {
    let matrix = || Param::new(Tensor::from([[0.5, -1.0, 2.0], [1.0, 0.25, -0.5]])).expect("floats");
    let requests = |optimizer: Box<dyn Optimizer>| requests_of(optimizer, vec![matrix(), matrix()]);
    let muons: [Box<dyn Optimizer>; 3] =
        [Box::new(Muon::new(0.1)), Box::new(Muon::keras(0.1)), Box::new(Muon::optax(0.1).nesterov(false))];
    for optimizer in muons {
        assert_eq!(requests(optimizer), 0);
    }
    // By itself it finds a space every 200 steps, with those in between like other steps.
    assert_eq!(requests(Box::new(GaLore::new(0.1))), 0);
    assert!(requests(Box::new(GaLore::new(0.1).update_proj_gap(3))) > 0, "not any more: singular vectors have lists");
}
