//! The allocations of a steady step of optimizers around optimizers: none.

mod model;

use model::{half_square_grads, net};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use wengert_optim::{
    Adam, AdamW, Ema, Guard, Lookahead, Optimizer, Parts, ScheduleFreeAdamW, ScheduleFreeSgd, Sgd, Swa,
    biases_and_norms,
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

#[test]
fn a_steady_step_allocates_nothing() {
    let bias = |name: &str| name.ends_with("bias");
    let optimizers: [(Box<dyn Optimizer>, &[&str]); 8] = [
        (Box::new(ScheduleFreeSgd::new(0.1)), &["lr", "momentum"]),
        (Box::new(ScheduleFreeAdamW::new(0.1).no_decay(biases_and_norms)), &["lr", "weight_decay"]),
        (Box::new(Ema::new(Adam::new(0.1), 0.9)), &["lr", "ema.decay"]),
        (Box::new(Swa::new(Sgd::new(0.1)).start(2)), &["lr"]),
        (Box::new(Lookahead::new(Sgd::new(0.1)).sync_period(100)), &["lr"]),
        (Box::new(Guard::refuse(Guard::skip(Adam::new(0.1)))), &["lr"]),
        (
            Box::new(AdamW::new(0.1).group("hidden", |group| group.scale_lr(0.5))),
            &["lr", "hidden.lr", "hidden.weight_decay", "betas[0]"],
        ),
        (Box::new(Parts::new().part("bias", bias, Sgd::new(0.1)).rest(Adam::new(0.2))), &["lr", "rest.lr", "rest.eps"]),
    ];
    for (mut optimizer, names) in optimizers {
        let mut model = net();
        let grads = half_square_grads(&model);
        let mut k = 0;
        // Hyperparameters follow schedules.
        let mut step = || {
            k += 1;
            names.iter().try_for_each(|name| optimizer.set(name, 0.5 / f64::from(k)))?;
            optimizer.step(&mut model, &grads).map(|report| report.updated)
        };
        (0..3).for_each(|_| assert_eq!(step(), Ok(4)));
        let before = REQUESTS.get();
        for _ in 0..10 {
            assert_eq!(step(), Ok(4));
        }
        assert_eq!(REQUESTS.get() - before, 0, "{names:?}");
    }
}
