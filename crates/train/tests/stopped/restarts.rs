//! Restarts: the best of several beginnings, whatever fails, on any number of threads.

use crate::moons::{bits, make, sets};
use autograd_core::{Error, seeded};
use rand::RngExt;
use wengert_nn::cross_entropy;
use wengert_optim::Adam;
use wengert_train::{Restarted, Restarts, Result, Trainer};

#[test]
fn any_number_of_threads_finds_the_same() {
    let [train, valid] = &sets();
    let run = |threads: usize| {
        let restarts = Restarts::new(5).threads(threads);
        let outcome = restarts.run(&mut seeded(3), |rng| {
            let mut model = make(rng)?;
            let trainer = Trainer::new(Adam::new(0.05), cross_entropy).epochs(2).batch_size(16);
            let history = trainer.fit(&mut model, train, valid, rng)?;
            Ok((model, history.epochs[1].get("val_loss").unwrap_or(f64::NAN)))
        });
        let Restarted { model, best, runs } = outcome.expect("runs");
        let scores: Vec<u64> = runs.iter().map(|run| run.score.clone().expect("a score").to_bits()).collect();
        (bits(&model), best, scores, runs.iter().map(|run| run.seed).collect::<Vec<_>>())
    };
    let one = run(1);
    for threads in [2, 3, 9] {
        assert_eq!(run(threads), one);
    }
    let least = one.2.iter().map(|bits| f64::from_bits(*bits)).fold(f64::INFINITY, f64::min);
    assert_eq!(f64::from_bits(one.2[one.1]), least);
    // A single run can be repeated by its seed.
    let rng = &mut seeded(one.3[one.1]);
    let mut model = make(rng).expect("sizes");
    let trainer = Trainer::new(Adam::new(0.05), cross_entropy).epochs(2).batch_size(16);
    trainer.fit(&mut model, train, valid, rng).expect("a run");
    assert_eq!(bits(&model), one.0);
}

#[test]
fn runs_record_whatever_the_caller_does() {
    for threads in [1, 3] {
        let outcome = autograd_core::no_grad(|| {
            Restarts::new(4).threads(threads).run(&mut seeded(3), |_| {
                let x = autograd_core::Tensor::scalar(3.0f64).requires_grad();
                let slope = x.square().backward()?.take(&x).expect("a leaf");
                Ok(((), slope.to_f64()?))
            })
        });
        assert!(outcome.expect("runs").runs.iter().all(|run| run.score == Ok(6.0)), "{threads}");
    }
}

/// A model whose end is a panic, if it is one of the worse.
struct Ends(bool);

impl Drop for Ends {
    fn drop(&mut self) {
        assert!(!self.0, "on purpose");
    }
}

#[test]
fn a_panic_at_the_end_of_a_worse_model_ends_nothing() {
    for threads in [1, 3] {
        let least = draws(6).into_iter().fold(f64::INFINITY, f64::min);
        let outcome = Restarts::new(6).threads(threads).run(&mut seeded(3), |rng| {
            let x: f64 = rng.random();
            Ok((Ends(x > least), x))
        });
        let Restarted { runs, model, .. } = outcome.expect("runs");
        assert!(!model.0 && runs.iter().all(|run| run.score.is_ok()));
    }
}

/// The first number of each beginning.
fn draws(count: usize) -> Vec<f64> {
    let rng = &mut seeded(3);
    (0..count).map(|_| seeded(rng.random()).random()).collect()
}

#[test]
fn failures_do_not_lose_the_others() {
    let all = draws(8);
    let mut sorted = all.clone();
    sorted.sort_by(f64::total_cmp);
    for threads in [1, 3] {
        // The lower half fails: by an error, a panic, no number.
        let outcome = Restarts::new(8).threads(threads).run(&mut seeded(3), |rng| {
            let x: f64 = rng.random();
            match sorted.iter().position(|y| *y == x) {
                Some(0) => Err(Error::user("no luck")),
                Some(1) => panic!("no luck at {x}"),
                Some(2) => Ok((x, f64::NAN)),
                Some(3) => std::panic::panic_any(7),
                _ => Ok((x, x)),
            }
        });
        let outcome = outcome.expect("four are left");
        assert_eq!((outcome.model, all[outcome.best]), (sorted[4], sorted[4]));
        for (x, run) in all.iter().zip(&outcome.runs) {
            let failure = run.score.clone().map_err(|e| e.to_string());
            match sorted.iter().position(|y| y == x) {
                Some(0) => assert_eq!(failure, Err("no luck".to_string())),
                Some(1) => assert_eq!(failure, Err(format!("a panic: no luck at {x}"))),
                Some(2) => assert_eq!(failure, Err("the score is NaN".to_string())),
                Some(3) => assert_eq!(failure, Err("a panic: no message".to_string())),
                _ => assert_eq!(failure, Ok(*x)),
            }
        }
    }
}

#[test]
fn ties_go_to_the_first_and_larger_may_be_better() {
    let tied = Restarts::new(6).threads(3).run(&mut seeded(3), |_| Ok(((), 1.0))).expect("runs");
    assert_eq!(tied.best, 0);
    let all = draws(6);
    let largest = Restarts::new(6).higher_is_better(true).run(&mut seeded(3), |rng| Ok(((), rng.random())));
    assert_eq!(all[largest.expect("runs").best], all.iter().copied().fold(0.0, f64::max));
}

#[test]
fn what_cannot_work_is_refused() {
    let never = |_: &mut autograd_core::SeededRng| -> Result<((), f64)> { Err(Error::user("no luck")) };
    let text = |restarts: Restarts| restarts.run(&mut seeded(3), never).map(drop).map_err(|e| e.to_string());
    assert_eq!(text(Restarts::new(0)), Err("Restarts: count is 0, it must be at least 1".into()));
    assert_eq!(text(Restarts::new(2).threads(0)), Err("Restarts: threads is 0, it must be at least 1".into()));
    assert_eq!(text(Restarts::new(2)), Err("all 2 restarts failed, the first: no luck".into()));
}

#[test]
fn more_runs_than_memory_holds_are_an_error() {
    let outcome = Restarts::new(usize::MAX).run(&mut seeded(7), |_| Ok(((), 0.0)));
    let text = format!("Restarts: {} runs are more than memory holds", usize::MAX);
    assert_eq!(outcome.expect_err("too many").to_string(), text);
}
