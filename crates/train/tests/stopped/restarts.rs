//! Restarts: the best of several beginnings, whatever fails by chance, on any number of threads.

use crate::moons::{bits, directory, make, sets};
use autograd_core::{Error, ErrorKind, seeded};
use rand::RngExt;
use wengert_nn::cross_entropy;
use wengert_optim::Adam;
use wengert_train::{Callback, Checkpoint, Restarted, Restarts, Result, Run, Trainer};

#[test]
fn any_number_of_threads_finds_the_same() {
    let [train, valid] = &sets();
    let run = |threads: usize| {
        let restarts = Restarts::new(5).threads(threads);
        let outcome = restarts.run(&mut seeded(3), |_, rng| {
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
            Restarts::new(4).threads(threads).run(&mut seeded(3), |_, _| {
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
        let outcome = Restarts::new(6).threads(threads).run(&mut seeded(3), |_, rng| {
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
        // The lowest fail: by a number that is none, a batch of nothing, a score that is none.
        let outcome = Restarts::new(8).threads(threads).run(&mut seeded(3), |number, rng| {
            let x: f64 = rng.random();
            assert_eq!(x, all[number]);
            match sorted.iter().position(|y| *y == x) {
                Some(0) => Err(Error::new(ErrorKind::NotFinite, "no luck")),
                Some(1) => Err(Error::new(ErrorKind::Data, "no samples")),
                Some(2) => Ok((x, f64::NAN)),
                _ => Ok((x, x)),
            }
        });
        let outcome = outcome.expect("five are left");
        assert_eq!((outcome.model, all[outcome.best]), (sorted[3], sorted[3]));
        for (x, run) in all.iter().zip(&outcome.runs) {
            let failure = run.score.clone().map_err(|e| e.to_string());
            match sorted.iter().position(|y| y == x) {
                Some(0) => assert_eq!(failure, Err("no luck".to_string())),
                Some(1) => assert_eq!(failure, Err("no samples".to_string())),
                Some(2) => assert_eq!(failure, Err("the score is NaN".to_string())),
                _ => assert_eq!(failure, Ok(*x)),
            }
        }
    }
}

#[test]
fn what_is_no_matter_of_chance_is_the_failure_of_all() {
    for (fails, text) in [
        ("by an error", "out of paper"),
        ("by a panic", "a panic: out of paper"),
        ("by a panic without a text", "a panic: no message"),
    ] {
        for threads in [1, 2, 5] {
            // Of those that fail it is the first, whichever ends first; one before has failed by chance.
            let outcome = Restarts::new(40).threads(threads).run(&mut seeded(3), |number, _| match number {
                0 => Err(Error::new(ErrorKind::NotFinite, "no luck")),
                1 | 2 => Ok(((), 1.0)),
                _ if fails == "by a panic" => panic!("out of paper"),
                _ if fails == "by a panic without a text" => std::panic::panic_any(number),
                _ => Err(Error::user("out of paper")),
            });
            let error = outcome.expect_err("it fails").to_string();
            assert_eq!(error, format!("restart 3 (counted from 0): {text}"), "{threads} threads");
        }
    }
}

#[test]
fn checkpoints_need_a_directory_for_each_run() {
    let [train, valid] = &sets();
    let run = |threads: usize, apart: bool| {
        let dir = directory();
        let outcome = Restarts::new(4).threads(threads).run(&mut seeded(3), |number, rng| {
            let mut model = make(rng)?;
            let place = if apart { dir.path().join(number.to_string()) } else { dir.path().to_path_buf() };
            let trainer = Trainer::new(Adam::new(0.05), cross_entropy).epochs(2).checkpoint(place);
            // The directory is taken while all run.
            let trainer = trainer.callback(Waits);
            let history = trainer.fit(&mut model, train, valid, rng)?;
            Ok((bits(&model), history.values("val_loss")[1]))
        });
        if apart {
            assert!((0..4).all(|number| Checkpoint::exists(dir.path().join(number.to_string()))));
        }
        outcome.map(|outcome| (outcome.model, outcome.best)).map_err(|e| e.to_string())
    };
    assert_eq!(run(4, true), run(1, true));
    let text = run(4, false).expect_err("one directory");
    assert!(
        text.contains("(counted from 0): Checkpoint: ") && text.contains("; each run needs its own directory"),
        "{text}"
    );
}

/// Takes its time.
struct Waits;

impl Callback for Waits {
    fn name(&self) -> &str {
        "Waits"
    }
    fn on_epoch_end(&mut self, _: &mut Run<'_>) -> Result<()> {
        std::thread::sleep(std::time::Duration::from_millis(100));
        Ok(())
    }
}

#[test]
fn ties_go_to_the_first_and_larger_may_be_better() {
    let tied = Restarts::new(6).threads(3).run(&mut seeded(3), |_, _| Ok(((), 1.0))).expect("runs");
    assert_eq!(tied.best, 0);
    let all = draws(6);
    let largest = Restarts::new(6).higher_is_better(true).run(&mut seeded(3), |_, rng| Ok(((), rng.random())));
    assert_eq!(all[largest.expect("runs").best], all.iter().copied().fold(0.0, f64::max));
}

#[test]
fn what_cannot_work_is_refused() {
    let never = |_: usize, _: &mut autograd_core::SeededRng| -> Result<((), f64)> {
        Err(Error::new(ErrorKind::NotFinite, "no luck"))
    };
    let text = |restarts: Restarts| restarts.run(&mut seeded(3), never).map(drop).map_err(|e| e.to_string());
    assert_eq!(text(Restarts::new(0)), Err("Restarts: count is 0, it must be at least 1".into()));
    assert_eq!(text(Restarts::new(2).threads(0)), Err("Restarts: threads is 0, it must be at least 1".into()));
    assert_eq!(text(Restarts::new(2)), Err("all 2 restarts failed, the first: no luck".into()));
}

#[test]
fn more_runs_than_memory_holds_are_an_error() {
    let outcome = Restarts::new(usize::MAX).run(&mut seeded(7), |_, _| Ok(((), 0.0)));
    let text = format!("Restarts: {} runs are more than memory holds", usize::MAX);
    assert_eq!(outcome.expect_err("too many").to_string(), text);
}
