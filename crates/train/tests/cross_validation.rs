//! Cross-validation.

mod moons;

use autograd_core::{SeededRng, seeded};
use moons::{make, sets};
use std::cell::RefCell;
use wengert_data::TensorDataset;
use wengert_data::split::{KFold, StratifiedKFold};
use wengert_data::transform::StandardScaler;
use wengert_nn::{Linear, Sequential, cross_entropy};
use wengert_optim::Adam;
use wengert_train::{Accuracy, CrossValidation, EarlyStopping, Scores, Trainer, cross_validate};

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

#[test]
fn mean_and_standard_deviation() {
    let scores = Scores { folds: vec![0.9, 1.0, 0.8], histories: Vec::new() };
    assert!((scores.mean() - 0.9).abs() < 1e-15);
    assert!((scores.std() - (0.02f64 / 3.0).sqrt()).abs() < 1e-15);
    assert_eq!(scores.to_string(), "0.9000 ± 0.0816 (0.9000 1.0000 0.8000)");
}

#[test]
fn bad_input() {
    let text = |cv: CrossValidation<'_, KFold>| {
        cv.run(make, trainer, &data(), Accuracy, &mut seeded(7)).expect_err("a bad input").to_string()
    };
    let expected = "KFold: n_splits is 121, greater than the number of samples, 120";
    assert_eq!(text(CrossValidation::new(KFold::new(121))), expected);
    let expected = "CrossValidation: validation is 1.0, it must be between 0 and 1, both excluded";
    assert_eq!(text(CrossValidation::new(KFold::new(3)).validation(1.0)), expected);

    let no_model =
        |_: &mut SeededRng| -> Result<Sequential, std::io::Error> { Err(std::io::Error::other("no memory")) };
    let error = cross_validate(no_model, trainer, &data(), KFold::new(3), Accuracy, &mut seeded(7));
    assert_eq!(error.expect_err("no model").to_string(), "fold 1: the model could not be made: no memory");

    let narrow = |rng: &mut SeededRng| Linear::new(3, 2, rng);
    let error = cross_validate(narrow, trainer, &data(), KFold::new(3), Accuracy, &mut seeded(7));
    let text = error.expect_err("3 columns").to_string();
    assert!(text.starts_with("fold 1: epoch 1, train batch 1: linear: "), "{text}");
}
