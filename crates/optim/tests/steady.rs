//! The allocations of a steady step of optimizers around optimizers, and by the loss: none, with few exceptions.

mod model;

use autograd_core::module::Module;
use autograd_core::{Gradients, Result};
use model::{Net, half_square, half_square_grads, net, param};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use wengert_optim::{
    Adam, AdamW, ClipNorm, Ema, GradientNoise, Guard, Lbfgs, Lookahead, Mechanic, Momo, MomoAdam, Objective, Optimizer,
    Parts, PolyakSgd, Sam, ScheduleFreeAdamW, ScheduleFreeSgd, Sgd, Swa, Transformed, biases_and_norms,
};

struct Counting;

thread_local! {
    static REQUESTS: Cell<usize> = const { Cell::new(0) };
    /// Whether requests are counted: those of an evaluation are not the optimizer's.
    static COUNTS: Cell<bool> = const { Cell::new(true) };
}

// SAFETY: every request is handed to the system's allocator unchanged; the counter is a thread-local without destructor
// and does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        REQUESTS.with(|requests| requests.set(requests.get() + usize::from(COUNTS.get())));
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
    let optimizers: [(Box<dyn Optimizer>, &[&str]); 11] = [
        (Box::new(ScheduleFreeSgd::new(0.1)), &["lr", "momentum"]),
        (Box::new(ScheduleFreeAdamW::new(0.1).no_decay(biases_and_norms)), &["lr", "weight_decay"]),
        (Box::new(Ema::new(Adam::new(0.1), 0.9)), &["lr", "ema.decay"]),
        (Box::new(Swa::new(Sgd::new(0.1)).start(2)), &["lr"]),
        (Box::new(Lookahead::new(Sgd::new(0.1)).sync_period(100)), &["lr"]),
        (Box::new(PolyakSgd::new(0.1).weight_decay(0.1)), &["lr", "f_min", "weight_decay"]),
        (Box::new(Momo::new(0.1).adapt_lower_bound(true)), &["lr", "beta"]),
        (Box::new(Ema::new(MomoAdam::new(0.1), 0.9)), &["lr", "betas[0]", "eps"]),
        (Box::new(Guard::refuse(Guard::skip(Adam::new(0.1)))), &["lr"]),
        (
            Box::new(AdamW::new(0.1).group("hidden", |group| group.scale_lr(0.5))),
            &["lr", "hidden.lr", "hidden.weight_decay", "betas[0]"],
        ),
        (Box::new(Parts::new().part("bias", bias, Sgd::new(0.1)).rest(Adam::new(0.2))), &["lr", "rest.lr", "rest.eps"]),
    ];
    for (optimizer, names) in optimizers {
        assert_eq!(requests(optimizer, names), 0, "{names:?}");
    }
    let allocating: [(Box<dyn Optimizer>, &str); 3] = [
        (Box::new(Transformed::new(Sgd::new(0.1), ClipNorm::new(1.0))), "the gradients that are changed are a copy"),
        (Box::new(Transformed::new(Sgd::new(0.1), GradientNoise::new())), "the gradients that are changed are a copy"),
        (Box::new(Mechanic::new(Adam::new(1.0))), "the weights before the step are a list"),
    ];
    for (optimizer, why) in allocating {
        assert!(requests(optimizer, &["lr"]) > 0, "not any more: {why}");
    }
    // These two write no names: a parameter that has one takes no more requests than one whose name is empty.
    let nameless: [fn() -> Box<dyn Optimizer>; 2] = [
        || Box::new(Mechanic::new(Adam::new(1.0))),
        || Box::new(Parts::new().rest(Transformed::new(Sgd::new(0.1), ClipNorm::new(1.0)))),
    ];
    for make in nameless {
        let (mut x, mut model) = (param(&[1.0, 2.0]), vec![param(&[1.0, 2.0])]);
        let (of_x, of_model) = (half_square_grads(&x), half_square_grads(&model));
        // What others have left would hide a request.
        autograd_core::memory::trim();
        let without = requests_of(make(), &[], &mut x, &of_x);
        autograd_core::memory::trim();
        let with = requests_of(make(), &[], &mut model, &of_model);
        assert_eq!(with, without, "{}", make().describe(&[]));
    }
}

struct HalfSquare(Net);

impl Objective for HalfSquare {
    fn model(&mut self) -> &mut dyn Module {
        &mut self.0
    }
    fn evaluate(&mut self) -> Result<(f64, Gradients)> {
        COUNTS.set(false);
        let loss = half_square(&self.0);
        let evaluated = loss.to_f64().and_then(|value| Ok((value, loss.backward()?)));
        COUNTS.set(true);
        evaluated
    }
}

/// Those that evaluate several times in a step. The gradients that they take are memory of the evaluation.
#[test]
fn what_evaluates_several_times_allocates_and_it_is_known_why() {
    let optimizers: [(Box<dyn Optimizer>, &str); 2] = [
        (Box::new(Sam::new(Sgd::new(0.1), 0.05)), "the weights before the step are a list"),
        (Box::new(Lbfgs::new(0.01).max_iter(2)), "its vectors are over all parameters, and are no state of one"),
    ];
    for (mut optimizer, why) in optimizers {
        let mut objective = HalfSquare(net());
        let mut step = || optimizer.step_on(&mut objective).map(|(_, report)| report.updated);
        (0..3).for_each(|_| assert_eq!(step(), Ok(4)));
        let before = REQUESTS.get();
        (0..3).for_each(|_| assert_eq!(step(), Ok(4)));
        assert!(REQUESTS.get() > before, "not any more: {why}");
    }
}

/// The requests in ten steps after the first three; the named hyperparameters follow schedules.
fn requests(optimizer: Box<dyn Optimizer>, names: &[&str]) -> usize {
    let mut model = net();
    let grads = half_square_grads(&model);
    requests_of(optimizer, names, &mut model, &grads)
}

fn requests_of(mut optimizer: Box<dyn Optimizer>, names: &[&str], model: &mut dyn Module, grads: &Gradients) -> usize {
    let (mut k, all) = (0, model.parameters().len());
    let mut step = || {
        k += 1;
        names.iter().try_for_each(|name| optimizer.set(name, 0.5 / f64::from(k)))?;
        optimizer.step_with_loss(model, grads, 1.0).map(|report| report.updated)
    };
    (0..3).for_each(|_| assert_eq!(step(), Ok(all)));
    let before = REQUESTS.get();
    for _ in 0..10 {
        assert_eq!(step(), Ok(all));
    }
    REQUESTS.get() - before
}
