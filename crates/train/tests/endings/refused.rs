//! Runs that do not begin: nothing has changed, and callbacks remember the run before.

use crate::moons::{directory, sets};
use crate::saboteur::{At, How, Net, Place, Trigger};
use crate::{Lasting, all, lasting, state_of};
use autograd_core::module::StateDict;
use autograd_core::{Error, Tensor, seeded};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::Arc;
use wengert_nn::cross_entropy;
use wengert_train::{Accuracy, Callback, Plan, Result, Trainer};

/// Refuses the run, or cannot read its memory.
struct Refuses(&'static str);

impl Callback for Refuses {
    fn name(&self) -> &str {
        "Refuses"
    }
    fn check(&mut self, _: &Plan) -> Result<()> {
        match self.0 {
            "check" => Err(Error::user("no")),
            "panic in check" => resume_unwind(Box::new("no")),
            _ => Ok(()),
        }
    }
    fn state_dict(&self) -> StateDict {
        [("x".to_string(), Tensor::from(1.0))].into_iter().collect()
    }
    fn load_state_dict(&mut self, _: &StateDict) -> Result<()> {
        match self.0 {
            "load" => Err(Error::user("no")),
            "panic in load" => resume_unwind(Box::new("no")),
            _ => Ok(()),
        }
    }
}

/// A run that does as `case` says; whether it has begun.
fn fit(case: &'static str, dir: &Path, net: &mut Net, Lasting { adam, early, history, .. }: &mut Lasting) -> bool {
    let [train, valid] = sets();
    let trainer = Trainer::new(adam, cross_entropy).epochs(2).metric(Accuracy);
    let trainer = trainer.callback(early).callback(history).callback(Refuses(case));
    let trainer = match case {
        "new" => trainer,
        "saved" => trainer.checkpoint(dir),
        "no epochs" => trainer.epochs(0),
        "no samples in a batch" => trainer.batch_size(0),
        "two of a name" => trainer.metric(Accuracy),
        "nothing to go on from" => trainer.checkpoint(dir.join("nothing")).resume(true),
        "no directory" => trainer.checkpoint("/dev/null"),
        "another run" => trainer.checkpoint(dir).resume(true).batch_size(5),
        "an unknown name" => trainer.checkpoint(dir).resume(true).allow("patients"),
        "check" | "panic in check" => trainer,
        "load" | "panic in load" => trainer.checkpoint(dir).resume(true),
        _ => unreachable!("the cases are below"),
    };
    let mut rng = seeded(7);
    let outcome = catch_unwind(AssertUnwindSafe(|| trainer.fit(net, &train, &valid, &mut rng)));
    assert_eq!(outcome.is_err(), case.starts_with("panic"), "{case}");
    let begun = outcome.is_ok_and(|outcome| outcome.is_ok());
    assert_eq!(rng != seeded(7), begun, "{case}: the generator");
    begun
}

#[test]
fn a_run_that_is_refused_changes_nothing() {
    let never = Arc::new(Trigger::new(Place::Loss, How::Error, At::Never));
    let dir = directory();
    assert!(fit("saved", dir.path(), &mut Net::new(9, &never), &mut lasting()));
    let (mut net, mut lasting) = (Net::new(3, &never), lasting());
    assert!(fit("new", dir.path(), &mut net, &mut lasting));
    let of = |net: &Net, lasting: &Lasting| {
        let weights = lasting.early.best_weights().expect("kept").to_safetensors().expect("plain");
        (all(net), state_of(&lasting.adam), lasting.early.best(), weights, lasting.history.clone())
    };
    let before = of(&net, &lasting);
    let cases = [
        "no epochs",
        "no samples in a batch",
        "two of a name",
        "nothing to go on from",
        "no directory",
        "another run",
        "an unknown name",
        "check",
        "panic in check",
        "load",
        "panic in load",
    ];
    for case in cases {
        assert!(!fit(case, dir.path(), &mut net, &mut lasting), "{case}");
        assert_eq!(of(&net, &lasting), before, "{case}");
    }
    // The next run that begins begins anew.
    assert!(fit("new", dir.path(), &mut net, &mut lasting));
    assert!(lasting.early.best() != before.2 && lasting.history != before.4);
}
