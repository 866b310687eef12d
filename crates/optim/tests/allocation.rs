//! The allocations of a steady step: none.

mod model;

use model::{half_square_grads, net};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use wengert_optim::{Adam, AdamW, NAdam, Optimizer, RmsProp, Sgd};

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

#[test]
fn a_steady_step_allocates_nothing() {
    let optimizers: [Box<dyn Optimizer>; 7] = [
        Box::new(Sgd::new(0.1)),
        Box::new(Sgd::new(0.1).momentum(0.9).weight_decay(0.1)),
        Box::new(Adam::new(0.1)),
        Box::new(Adam::new(0.1).amsgrad(true)),
        Box::new(NAdam::new(0.1)),
        Box::new(RmsProp::new(0.1).momentum(0.5).centered(true)),
        Box::new(AdamW::new(0.1).group("hidden", |group| group.scale_lr(0.5))),
    ];
    for mut optimizer in optimizers {
        let mut model = net();
        let grads = half_square_grads(&model);
        let names: Vec<&str> = optimizer.hyperparameters().into_iter().map(|(name, _)| name).collect();
        let mut k = 0;
        // Every hyperparameter follows a schedule.
        let mut step = || {
            k += 1;
            names.iter().try_for_each(|name| optimizer.set(name, 0.5 / f64::from(k)))?;
            optimizer.step(&mut model, &grads).map(|report| report.updated)
        };
        assert_eq!(step(), Ok(4));
        let before = REQUESTS.get();
        for _ in 0..10 {
            assert_eq!(step(), Ok(4));
        }
        assert_eq!(REQUESTS.get() - before, 0);
    }
}
