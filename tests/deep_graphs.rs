//! Graphs of any depth and width, built, walked and dropped in loops: a million operations on a 256 KiB stack.
//!
//! An overflow of the stack ends the process, so a test that returns has passed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use wengert::core::{DType, Result, Tensor, custom, grad, graph, memory};

const DEPTH: usize = 1_000_000;
const WIDTH: usize = 100_000;

/// Runs `f` on a thread with a small stack; one test at a time, for a deep graph takes some hundred megabytes.
fn on_a_small_stack(f: impl FnOnce() -> Result<()> + Send + 'static) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let thread = std::thread::Builder::new().stack_size(256 * 1024).spawn(f).expect("a thread");
    thread.join().expect("no panic").expect("no error");
}

fn leaf(x: f64) -> Tensor {
    Tensor::scalar(x).requires_grad()
}

fn chain(x: &Tensor, depth: usize, step: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    let mut y = x.clone();
    for _ in 0..depth {
        y = step(&y)?;
    }
    Ok(y)
}

/// The derivative of `y`, walked with and without freeing the graph.
fn slope(y: &Tensor, x: &Tensor) -> Result<f64> {
    let kept = y.backward_keep()?;
    let freed = y.backward()?;
    let slope = kept.get(x).expect("x is behind y").item::<f64>()?;
    assert_eq!(freed.get(x).expect("x is behind y").item::<f64>()?, slope);
    Ok(slope)
}

#[test]
fn a_chain_that_saves_nothing() {
    on_a_small_stack(|| {
        let x = leaf(3.0);
        let y = chain(&x, DEPTH, |y| Ok(y.neg()))?;
        assert_eq!((y.item::<f64>()?, slope(&y, &x)?), (3.0, 1.0));
        Ok(())
    });
}

#[test]
fn a_chain_that_saves_its_outputs() {
    on_a_small_stack(|| {
        // tanh 0 = 0, and its slope there is 1.
        let x = leaf(0.0);
        let y = chain(&x, DEPTH, |y| Ok(y.tanh()))?;
        assert_eq!((y.item::<f64>()?, slope(&y, &x)?), (0.0, 1.0));
        Ok(())
    });
}

#[test]
fn a_chain_that_saves_its_inputs_and_meets_one_leaf_at_every_step() {
    on_a_small_stack(|| {
        // y ← y x + x at x = −1: from y = −1 to 0 and back.
        let x = leaf(-1.0);
        let y = chain(&x, DEPTH, |y| y.try_mul(&x)?.try_add(&x))?;
        assert_eq!(y.item::<f64>()?, -1.0);
        // dy ← dy x + y + 1: 1, −1, 2, −2, ..
        assert_eq!(slope(&y, &x)?, 1.0 + (DEPTH / 2) as f64);
        Ok(())
    });
}

#[test]
fn chains_that_are_never_walked() {
    on_a_small_stack(|| {
        drop(chain(&leaf(3.0), DEPTH, |y| Ok(y.neg()))?);
        drop(chain(&leaf(0.0), DEPTH, |y| Ok(y.tanh()))?);
        let x = leaf(1.0);
        let y = chain(&x, DEPTH, |y| y.try_mul(&x))?;
        drop(x);
        drop(y);
        Ok(())
    });
}

/// An operation whose pull-back captures `link`, a tracked tensor that is none of its inputs.
fn holding(link: &Tensor, x: &Tensor) -> Result<Tensor> {
    let held = link.clone();
    let pull =
        move |gy: &Tensor, _: &[Tensor], _: &Tensor| Ok(vec![Some(gy.mul_scalar(1.0 + 0.0 * held.rank() as f64))]);
    custom("holding", &[x], |x| Ok(x[0].add_scalar(1.0)), pull)
}

#[test]
fn chains_that_run_through_what_closures_captured() {
    on_a_small_stack(|| {
        let x = leaf(1.0);
        // None of these is an input of the next: only closures hold them.
        let captured = chain(&x, DEPTH, |y| holding(y, &x))?;
        assert_eq!(captured.backward()?.get(&x).expect("an input").item::<f64>()?, 1.0);
        drop(captured);
        drop(chain(&x, DEPTH, |y| holding(y, &x))?);
        // Held by closures and by the tape at once.
        let both = chain(&x, DEPTH / 10, |y| holding(y, y))?;
        assert_eq!(both.backward()?.get(&x).expect("an input").item::<f64>()?, 1.0);
        drop(both);
        drop(chain(&x, DEPTH / 10, |y| holding(y, y))?);
        Ok(())
    });
}

#[test]
fn a_recorded_walk_over_a_deep_graph_and_the_graph_of_it() {
    on_a_small_stack(|| {
        let x = leaf(1.0);
        let y = chain(&x, DEPTH / 10, |y| y.try_mul(&x))?;
        let dy = grad(&y, &[&x])?.remove(0);
        let n = (DEPTH / 10 + 1) as f64;
        assert_eq!(dy.item::<f64>()?, n);
        assert_eq!(grad(&dy, &[&x])?[0].item::<f64>()?, n * (n - 1.0));
        assert!(graph(&dy).nodes.len() > DEPTH / 10);
        drop(y);
        drop(dy);
        Ok(())
    });
}

#[test]
fn a_chain_dropped_while_its_thread_ends() {
    on_a_small_stack(|| {
        thread_local! {
            static KEPT: std::cell::RefCell<Option<Tensor>> = const { std::cell::RefCell::new(None) };
        }
        // Registered before anything of the library's own, so that it is dropped after it.
        KEPT.set(None);
        drop(leaf(0.0).tanh());
        KEPT.set(Some(chain(&leaf(0.0), DEPTH / 10, |y| Ok(y.tanh()))?));
        Ok(())
    });
}

/// x · i for i in 0..WIDTH, and the sum of all i.
fn branches(x: &Tensor) -> (Vec<Tensor>, f64) {
    let all = (0..WIDTH).map(|i| x.mul_scalar(i as f64)).collect();
    (all, (WIDTH * (WIDTH - 1) / 2) as f64)
}

#[test]
fn a_wide_graph_summed_in_both_orders() {
    on_a_small_stack(|| {
        let x = leaf(1.0);
        let (mut branches, total) = branches(&x);
        for _ in 0..2 {
            let mut sum = Tensor::scalar(0.0);
            for branch in &branches {
                sum = sum.try_add(branch)?;
            }
            assert_eq!((sum.item::<f64>()?, slope(&sum, &x)?), (total, total));
            // The walk has freed the graph, so it is made anew for the other order.
            branches = self::branches(&x).0;
            branches.reverse();
        }
        Ok(())
    });
}

#[test]
fn one_operation_with_very_many_inputs() {
    on_a_small_stack(|| {
        let x = leaf(1.0);
        let (branches, total) = branches(&x);
        let y = Tensor::stack(&branches.iter().collect::<Vec<_>>(), 0)?.sum();
        assert_eq!((y.item::<f64>()?, slope(&y, &x)?), (total, total));
        assert_eq!(y.dtype(), DType::F64);
        Ok(())
    });
}

/// Panics when it is dropped.
struct Grudge;

impl Drop for Grudge {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            std::panic::resume_unwind(Box::new("dropped"));
        }
    }
}

#[test]
fn graphs_are_freed_after_a_drop_that_panicked() {
    on_a_small_stack(|| {
        let x = leaf(1.0);
        let before = memory::stats().in_use;
        let grudge = Grudge;
        let pull = move |_: &Tensor, _: &[Tensor], _: &Tensor| {
            let _held = &grudge;
            Ok(vec![None])
        };
        let y = custom("grudge", &[&x], |x| Ok(x[0].exp()), pull)?.tanh();
        assert!(catch_unwind(AssertUnwindSafe(|| drop(y))).is_err());
        drop(chain(&x, 10, |y| Ok(y.tanh()))?);
        assert_eq!(memory::stats().in_use, before);
        Ok(())
    });
}
