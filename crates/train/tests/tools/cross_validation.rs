//! Cross-validation.

use crate::moons::{self, make, sets};
use autograd_core::{DType, SeededRng, Tensor, seeded};
use std::cell::RefCell;
use std::path::Path;
use wengert_data::TensorDataset;
use wengert_data::split::{KFold, StratifiedKFold};
use wengert_data::transform::StandardScaler;
use wengert_nn::{Linear, Sequential, cross_entropy};
use wengert_optim::Adam;
use wengert_train::{
    Accuracy, BinaryAccuracy, Callback, Checkpoint, CrossValidation, EarlyStopping, Interrupted, InterruptedFolds, Run,
    Scores, Trainer, cross_validate,
};

fn data() -> TensorDataset {
    let [train, _] = sets();
    train
}

fn trainer() -> Trainer<'static> {
    let trainer = Trainer::new(Adam::new(0.05), cross_entropy).epochs(40).batch_size(16);
    trainer.callback(EarlyStopping::new().patience(20))
}

#[test]
fn scores_every_fold() {
    let score = |seed: u64| {
        let splitter = KFold::new(4).shuffle(3);
        cross_validate(make, trainer, &data(), splitter, Accuracy, &mut seeded(seed)).expect("good folds")
    };
    let scores = score(7);
    assert_eq!((scores.folds.len(), scores.histories.len()), (4, 4));
    assert!(scores.mean() > 0.85, "{scores}");
    assert_eq!(scores, score(7));
    assert_ne!(scores, score(8));
}

#[test]
fn a_model_is_new_in_each_fold() {
    let seen = RefCell::new(Vec::new());
    let model = |rng: &mut SeededRng| {
        let model = make(rng);
        seen.borrow_mut().push(moons::bits(model.as_ref().expect("good sizes")));
        model
    };
    cross_validate(model, trainer, &data(), KFold::new(3), Accuracy, &mut seeded(7)).expect("good folds");
    let seen = seen.into_inner();
    assert_eq!(seen.len(), 3);
    assert!(seen[0] != seen[1] && seen[1] != seen[2]);
}

#[test]
fn a_scaler_is_fitted_in_each_fold() {
    // Far from 0 the network learns nothing, unless the inputs are scaled.
    let far = data().map_x(|x| Ok(x.mul_scalar(1e-3).add_scalar(5.0))).expect("as many");
    let run = |cv: CrossValidation<'_, StratifiedKFold>| {
        cv.run(make, trainer, &far, Accuracy, &mut seeded(7)).expect("good folds").mean()
    };
    let plain = run(CrossValidation::new(StratifiedKFold::new(3)));
    let scaled = run(CrossValidation::new(StratifiedKFold::new(3)).scale(StandardScaler::new()));
    assert!(scaled > 0.8 && plain < 0.7, "{scaled} {plain}");
}

/// Notes how many samples a run has.
struct Samples<'s>(&'s RefCell<Vec<(usize, Option<usize>)>>);

impl Callback for Samples<'_> {
    fn name(&self) -> &str {
        "Samples"
    }
    fn on_train_end(&mut self, run: &mut Run<'_>) -> wengert_train::Result<()> {
        self.0.borrow_mut().push((run.plan().train_samples, run.plan().valid_samples));
        Ok(())
    }
}

#[test]
fn a_part_for_validation_is_held_out_or_not() {
    let run = |validation: f64| {
        let seen = RefCell::new(Vec::new());
        let trainer = || Trainer::new(Adam::new(0.05), cross_entropy).epochs(2).callback(Samples(&seen));
        let folds = CrossValidation::new(KFold::new(3)).validation(validation).scale(StandardScaler::new());
        let scores = folds.run(make, trainer, &data(), Accuracy, &mut seeded(7)).expect("good folds");
        let validated = scores.histories.iter().map(|history| history.values("val_loss").len()).sum::<usize>();
        (seen.take(), validated)
    };
    assert_eq!(run(0.25), (vec![(60, Some(20)); 3], 6));
    assert_eq!(run(0.0), (vec![(80, None); 3], 0));
}

#[test]
fn mean_and_standard_deviation() {
    let scores = Scores { folds: vec![0.9, 1.0, 0.8], histories: Vec::new() };
    assert!((scores.mean() - 0.9).abs() < 1e-15);
    assert!((scores.std() - (0.02f64 / 3.0).sqrt()).abs() < 1e-15);
    assert_eq!(scores.to_string(), "0.9000 ± 0.0816 (0.9000 1.0000 0.8000)");
    // Of equal scores there is no deviation, whatever their sum is rounded to.
    for (score, n) in [(0.1, 3), (0.7, 10), (1.0 / 3.0, 7), (1e300, 3)] {
        let scores = Scores { folds: vec![score; n], histories: Vec::new() };
        assert_eq!((scores.mean(), scores.std()), (score, 0.0));
    }
    let endless = Scores { folds: vec![1.0, f64::INFINITY], histories: Vec::new() };
    assert_eq!(endless.mean(), f64::INFINITY);
}

#[test]
fn bad_input() {
    let text = |cv: CrossValidation<'_, KFold>| {
        cv.run(make, trainer, &data(), Accuracy, &mut seeded(7)).expect_err("a bad input").to_string()
    };
    let expected = "KFold: n_splits is 121, greater than the number of samples, 120";
    assert_eq!(text(CrossValidation::new(KFold::new(121))), expected);
    let expected = "CrossValidation: validation is 1.0, it must be in [0, 1)";
    assert_eq!(text(CrossValidation::new(KFold::new(3)).validation(1.0)), expected);
    // Early stopping watches what is not there.
    let expected = "fold 1: EarlyStopping: \"val_loss\" is measured on a validation set, and this run has none; \
                    give one to fit, or use \"loss\"";
    assert_eq!(text(CrossValidation::new(KFold::new(3)).validation(0.0)), expected);

    let no_model =
        |_: &mut SeededRng| -> Result<Sequential, std::io::Error> { Err(std::io::Error::other("no memory")) };
    let error = cross_validate(no_model, trainer, &data(), KFold::new(3), Accuracy, &mut seeded(7));
    assert_eq!(error.expect_err("no model").to_string(), "fold 1: the model could not be made: no memory");

    let narrow = |rng: &mut SeededRng| Linear::new(3, 2, rng);
    let error = cross_validate(narrow, trainer, &data(), KFold::new(3), Accuracy, &mut seeded(7));
    let text = error.expect_err("3 columns").to_string();
    assert!(text.starts_with("fold 1: epoch 1, train batch 1: linear: "), "{text}");
}

#[test]
fn a_metric_that_does_not_fit_is_refused_before_a_fold_is_trained() {
    let epochs = RefCell::new(0);
    let trainer = || Trainer::new(Adam::new(0.05), cross_entropy).callback(Count(&epochs));
    let outcome = cross_validate(make, trainer, &data(), KFold::new(3), BinaryAccuracy::new(), &mut seeded(7));
    let text = "fold 1: BinaryAccuracy: output [40, 2] and target I64 [40] do not fit: \
                floats and targets of the same shape belong together";
    assert_eq!((outcome.expect_err("two outputs").to_string(), epochs.take()), (text.to_string(), 0));
}

#[test]
fn a_second_cross_validation_is_refused_the_directory() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let run = |between: &dyn Fn()| {
        let fold = RefCell::new(0);
        let trainer = || {
            *fold.borrow_mut() += 1;
            if *fold.borrow() == 2 {
                between();
            }
            Trainer::new(Adam::new(0.05), cross_entropy).checkpoint(dir.path())
        };
        cross_validate(make, trainer, &data(), KFold::new(3), Accuracy, &mut seeded(7)).map_err(|e| e.to_string())
    };
    // While the first is at its second fold, and the directory of the first fold is nobody's.
    let meanwhile = || {
        let text = run(&|| ()).expect_err("another has the directory");
        let place = format!("fold 1: {}: a run is writing its checkpoints here: process ", dir.path().display());
        assert!(text.starts_with(&place), "{text}");
    };
    assert_eq!(run(&meanwhile).expect("good folds").folds.len(), 3);
    run(&|| ()).expect("free again");
}

#[test]
fn a_run_and_a_cross_validation_do_not_go_on_from_each_other() {
    let dir = || tempfile::tempdir().expect("a temporary directory");
    let (of_folds, of_run) = (dir(), dir());
    let trainer = |dir: &Path| {
        let trainer = Trainer::new(Adam::new(0.05), cross_entropy).epochs(1).checkpoint(dir);
        trainer.resume(Checkpoint::exists(dir))
    };
    let folds = |dir: &Path| {
        cross_validate(make, || trainer(dir), &data(), KFold::new(3), Accuracy, &mut seeded(7))
            .map_err(|e| e.to_string())
    };
    let run = |dir: &Path| {
        let [train, valid] = sets();
        let outcome = trainer(dir).fit(&mut moons::model(7), &train, &valid, &mut seeded(7));
        outcome.map_err(|e| e.to_string())
    };
    folds(of_folds.path()).expect("good folds");
    let found = "here are the checkpoints of a cross-validation, and none of a single run; name another directory";
    assert_eq!(run(of_folds.path()), Err(format!("{}: {found}", of_folds.path().display())));
    run(of_run.path()).expect("a good run");
    let found = "here is the checkpoint of a single run, and none of a cross-validation; name another directory";
    assert_eq!(folds(of_run.path()), Err(format!("fold 1: {}: {found}", of_run.path().display())));
    assert!(!of_run.path().join("fold-1").exists());
}

/// Counts the epochs that are trained.
struct Count<'c>(&'c RefCell<usize>);

impl Callback for Count<'_> {
    fn name(&self) -> &str {
        "Count"
    }
    fn only_watches(&self) -> bool {
        true
    }
    fn on_epoch_end(&mut self, _: &mut Run<'_>) -> wengert_train::Result<()> {
        *self.0.borrow_mut() += 1;
        Ok(())
    }
}

/// Pauses after the second epoch.
struct Pause;

impl Callback for Pause {
    fn name(&self) -> &str {
        "Pause"
    }
    fn only_watches(&self) -> bool {
        true
    }
    fn on_epoch_end(&mut self, run: &mut Run<'_>) -> wengert_train::Result<()> {
        if run.epoch() == 2 {
            run.pause("Ctrl-C");
        }
        Ok(())
    }
}

#[test]
fn a_pause_is_one_of_all_folds() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let run = |epochs: u64, pause: bool| {
        let trainer = || {
            let trainer = Trainer::new(Adam::new(0.05), cross_entropy).epochs(epochs).batch_size(16);
            if !pause {
                return trainer;
            }
            trainer.callback(Pause).checkpoint(dir.path()).resume(Checkpoint::exists(dir.path()))
        };
        cross_validate(make, trainer, &data(), KFold::new(3), Accuracy, &mut seeded(7))
    };
    let straight = run(4, false).expect("good folds");
    for fold in 1..=3 {
        let error = run(4, true).expect_err("paused");
        assert_eq!(error.to_string(), format!("fold {fold}: paused: Ctrl-C"));
        let done = &error.detail::<InterruptedFolds>().expect("folds before").scores;
        assert_eq!(done.folds, straight.folds[..fold - 1]);
        assert_eq!(error.detail::<Interrupted>().expect("two epochs").history.epochs.len(), 2);
        let later = (fold + 1..=3).any(|fold| Checkpoint::exists(dir.path().join(format!("fold-{fold}"))));
        assert!(!later, "{fold}");
    }
    assert_eq!(run(4, true).expect("the rest"), straight);
    // In the last epoch of a fold only the other folds are left to pause, and in that of the last fold nothing.
    std::fs::remove_dir_all(dir.path()).expect("there");
    let straight = run(2, false).expect("good folds");
    for fold in 1..=2 {
        let error = run(2, true).expect_err("paused");
        assert_eq!(error.to_string(), format!("fold {fold}: paused: Ctrl-C"));
        assert_eq!(error.detail::<InterruptedFolds>().expect("scores").scores.folds, straight.folds[..fold]);
    }
    assert_eq!(run(2, true).expect("whole folds").folds, straight.folds);
}

#[test]
fn folds_have_checkpoints_of_their_own_and_go_on_half_way() {
    // Labels of chance: whoever goes on from another fold's model has seen the answers.
    let mut rng = seeded(5);
    let x = Tensor::randn(&[120, 2], DType::F32, &mut rng).expect("small");
    let chance = (0..120).map(|_| rand::RngExt::random_range(&mut rng, 0..2)).collect();
    let data = TensorDataset::new(x, Tensor::from_vec(chance, &[120]).expect("as many")).expect("as many");
    let epochs = RefCell::new(0);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let run = |checkpoint: bool, seed: u64, fails: Option<usize>| {
        *epochs.borrow_mut() = 0;
        let fold = RefCell::new(0);
        let trainer = || {
            *fold.borrow_mut() += 1;
            let trainer = Trainer::new(Adam::new(0.05), cross_entropy).epochs(8).batch_size(16);
            let trainer = trainer.callback(EarlyStopping::new().patience(7)).callback(Count(&epochs));
            let trainer = if fails == Some(*fold.borrow()) {
                trainer.callback(moons::Killed { epoch: 5, batch: 2 })
            } else {
                trainer
            };
            let resume = Checkpoint::exists(dir.path());
            if checkpoint { trainer.checkpoint(dir.path()).resume(resume) } else { trainer }
        };
        let outcome = cross_validate(make, trainer, &data, KFold::new(4), Accuracy, &mut seeded(seed));
        (outcome, epochs.take())
    };
    let (straight, all) = run(false, 7, None);
    let straight = straight.expect("good folds");
    assert!(straight.folds.iter().all(|score| *score < 0.8), "{straight}");

    let (outcome, before) = run(true, 7, Some(3));
    let error = outcome.expect_err("killed");
    assert_eq!(error.to_string(), "fold 3: Killed: killed");
    let scores = &error.detail::<InterruptedFolds>().expect("two folds are done").scores;
    assert_eq!(scores.folds, straight.folds[..2]);
    assert_eq!(error.detail::<Interrupted>().expect("four epochs are done").history.epochs.len(), 4);
    let mut folders: Vec<_> =
        std::fs::read_dir(dir.path()).expect("there").map(|f| f.expect("there").file_name()).collect();
    folders.sort();
    assert_eq!(folders, ["checkpoint.lock", "fold-1", "fold-2", "fold-3"]);

    // The rest only: half of the third fold, and the fourth.
    let (resumed, after) = run(true, 7, None);
    assert_eq!((resumed.expect("good folds"), before + after), (straight.clone(), all));
    // All is done.
    let (again, none) = run(true, 7, None);
    assert_eq!((again.expect("good folds"), none), (straight, 0));
    // Another seed makes other folds of it.
    let text = run(true, 8, None).0.expect_err("another seed").to_string();
    let place = dir.path().join("fold-1");
    let head = format!(
        "fold 1: {}: the checkpoint is of another run, and nothing was loaded:\n  fold.seed: ",
        place.display()
    );
    assert!(text.starts_with(&head), "{text}");

    // A fresh one leaves nothing of the old one that a later run could go on from.
    let fresh = |fails: usize, resume: bool| {
        let fold = RefCell::new(0);
        let trainer = || {
            *fold.borrow_mut() += 1;
            let trainer = Trainer::new(Adam::new(0.05), cross_entropy).epochs(2).batch_size(16);
            let killed = moons::Killed { epoch: if *fold.borrow() == fails { 2 } else { 99 }, batch: 2 };
            trainer.callback(killed).checkpoint(dir.path()).resume(resume)
        };
        cross_validate(make, trainer, &data, KFold::new(4), Accuracy, &mut seeded(9))
    };
    fresh(2, false).expect_err("killed");
    let is_there = |fold: usize| Checkpoint::exists(dir.path().join(format!("fold-{fold}")));
    assert_eq!([1, 2, 3, 4].map(is_there), [true, true, false, false]);
    fresh(0, true).expect("the rest");

    // What goes on replaces nothing of the others.
    let longer = |fails: usize| {
        let fold = RefCell::new(0);
        let trainer = || {
            *fold.borrow_mut() += 1;
            let trainer = Trainer::new(Adam::new(0.05), cross_entropy).epochs(4).batch_size(16).allow("epochs");
            let killed = moons::Killed { epoch: if *fold.borrow() == fails { 3 } else { 99 }, batch: 2 };
            trainer.callback(killed).checkpoint(dir.path()).resume(true)
        };
        cross_validate(make, trainer, &data, KFold::new(4), Accuracy, &mut seeded(9))
    };
    longer(2).expect_err("killed");
    assert_eq!([1, 2, 3, 4].map(is_there), [true; 4]);
    longer(0).expect("the rest");

    let nowhere = || Trainer::new(Adam::new(0.05), cross_entropy).checkpoint(dir.path().join("none")).resume(true);
    let text =
        cross_validate(make, nowhere, &data, KFold::new(4), Accuracy, &mut seeded(7)).expect_err("none").to_string();
    assert!(text.ends_with("fold-1: there is no checkpoint here (no file checkpoint.json)"), "{text}");
}
