//! Tests of reductions.

use super::*;

/// PyTorch's algorithm, as its documentation has it, in the words of the options.
struct Plain {
    best: f64,
    bad: u64,
    cool: u64,
}

impl Plain {
    fn step(&mut self, of: &ReduceLROnPlateau, x: f64, lr: f64) -> f64 {
        let lower = of.mode == Better::Lower;
        let better = match (of.threshold_mode, of.threshold) {
            (ThresholdMode::Rel, part) if lower => x < self.best * (1.0 - part),
            (ThresholdMode::Rel, part) => x > self.best * (part + 1.0),
            (ThresholdMode::Abs, apart) if lower => x < self.best - apart,
            (ThresholdMode::Abs, apart) => x > self.best + apart,
        };
        (self.best, self.bad) = if better { (x, 0) } else { (self.best, self.bad + 1) };
        if self.cool > 0 {
            (self.cool, self.bad) = (self.cool - 1, 0);
        }
        if self.bad <= of.patience {
            return lr;
        }
        (self.cool, self.bad) = (of.cooldown, 0);
        let new = if lr * of.factor > of.min_lr { lr * of.factor } else { of.min_lr };
        if lr - new > of.eps { new } else { lr }
    }
}

fn all() -> Vec<ReduceLROnPlateau> {
    let base = || ReduceLROnPlateau::new().factor(0.5);
    let mut all = Vec::new();
    for (patience, cooldown) in [(0, 0), (0, 3), (2, 0), (3, 2), (u64::MAX, 0), (0, u64::MAX)] {
        for (mode, kind) in [Better::Lower, Better::Higher]
            .into_iter()
            .flat_map(|mode| [ThresholdMode::Rel, ThresholdMode::Abs].map(|kind| (mode, kind)))
        {
            for threshold in [0.0, 1e-4, 0.1, 3.0] {
                let one = base().patience(patience).cooldown(cooldown).mode(mode).threshold_mode(kind);
                all.push(one.threshold(threshold).min_lr(0.01).eps(0.003));
            }
        }
    }
    all
}

/// Measurements of several kinds: falling, rising, waves, level, with NaN and infinities, negative.
fn measurements() -> Vec<Vec<f64>> {
    let wave = |k: u32| f64::from((k * 37) % 23) / 7.0 - 1.0;
    let kinds: [fn(u32) -> f64; 4] = [|k| 1.0 / f64::from(k + 1), |k| -f64::from(k), |k| f64::from(k / 7), |_| 1.0];
    let mut all: Vec<Vec<f64>> = kinds.iter().map(|f| (0..40).map(f).collect()).collect();
    all.push((0..40).map(wave).collect());
    all.push((0..40).map(|k| if k % 5 == 0 { f64::NAN } else { wave(k) }).collect());
    all.push((0..40).map(|k| if k < 3 { f64::INFINITY } else { -f64::from(k) }).collect());
    all.push((0..40).map(|k| if k % 9 == 4 { f64::NEG_INFINITY } else { wave(k) }).collect());
    all
}

fn rates(plateau: &mut ReduceLROnPlateau, values: &[f64], lr: &mut f64) -> Vec<f64> {
    let step = |value: &f64| {
        *lr = plateau.step(*value, *lr);
        *lr
    };
    values.iter().map(step).collect()
}

#[test]
fn every_option_follows_the_algorithm_and_goes_on_from_a_state() {
    for plateau in all() {
        assert_eq!(plateau.check().map_err(|e| e.to_string()), Ok(()));
        for values in measurements() {
            let (mut own, mut lr) = (plateau.clone(), 0.4);
            let straight = rates(&mut own, &values, &mut lr);
            let mut plain = Plain { best: plateau.best(), bad: 0, cool: 0 };
            let mut lr = 0.4;
            for (k, value) in values.iter().enumerate() {
                lr = plain.step(&plateau, *value, lr);
                assert_eq!(straight[k], lr, "{plateau:?}, {values:?}, step {k}");
            }
            for cut in [0, 1, 7, 20, 39] {
                let (mut first, mut lr) = (plateau.clone(), 0.4);
                let mut cut_up = rates(&mut first, &values[..cut], &mut lr);
                let mut second = plateau.clone();
                second.load_state_dict(&first.state_dict()).expect("its own state");
                assert_eq!(second.seen, first.seen);
                cut_up.extend(rates(&mut second, &values[cut..], &mut lr));
                assert_eq!(cut_up, straight, "{plateau:?}, cut at {cut}");
            }
        }
    }
}

/// The steps at which PyTorch 2.15 reduces a rate of 8, and the rate at the end.
#[test]
fn reductions_come_where_those_of_pytorch_do() {
    let (mut seed, mut values) = (1_u64, Vec::new());
    for k in 0..200_u32 {
        seed = (seed * 1_103_515_245 + 12_345) % (1 << 31);
        let noise = ((seed >> 16) % 512) as f64 / 128.0;
        values.push(if k % 17 == 5 { f64::NAN } else { 2.0 - f64::from(k) / 64.0 + noise });
    }
    let (rel, abs) = (ThresholdMode::Rel, ThresholdMode::Abs);
    let lower = |kind| ReduceLROnPlateau::new().factor(0.5).eps(0.0).threshold_mode(kind).threshold(0.0);
    let higher = |kind| lower(kind).mode(Better::Higher);
    let cases: [(ReduceLROnPlateau, &[usize], f64); 8] = [
        (lower(rel).patience(8), &[12, 25, 34, 52, 61, 74, 83, 101, 123, 140, 154, 168, 177, 195], 0.000_488_281_25),
        (lower(rel).patience(10).cooldown(5).threshold(0.125), &[12, 28, 44, 60, 76, 103, 125, 142, 170], 0.015_625),
        (lower(abs).patience(6).cooldown(3).threshold(0.03125).min_lr(0.25), &[10, 23, 33, 50, 60], 0.25),
        (lower(abs).patience(9).threshold(0.5).eps(0.125), &[11, 26, 36, 46, 56], 0.25),
        (higher(rel).patience(7).threshold(0.25).min_lr(0.0625), &[100, 122, 130, 139, 153, 167, 175], 0.0625),
        (higher(rel).patience(9).cooldown(9), &[13, 32, 53, 75, 102, 124, 143, 169, 196], 0.015_625),
        (
            higher(abs).patience(12).threshold(0.25),
            &[14, 29, 42, 55, 68, 81, 105, 122, 135, 158, 171, 184, 199],
            0.000_976_562_5,
        ),
        (higher(abs).patience(5).cooldown(20).min_lr(0.3).eps(0.01), &[9, 35, 61, 90, 120], 0.3),
    ];
    for (mut plateau, steps, last) in cases {
        let sign = if plateau.mode == Better::Lower { 1.0 } else { -1.0 };
        let signed: Vec<f64> = values.iter().map(|value| sign * value).collect();
        let mut lr = 8.0;
        let after = rates(&mut plateau, &signed, &mut lr);
        let reduced: Vec<usize> = (1..after.len()).filter(|k| after[*k] != after[k - 1]).collect();
        assert_eq!((reduced.as_slice(), lr), (steps, last), "{plateau:?}");
    }
}

#[test]
fn options_out_of_range_are_refused() {
    let new = ReduceLROnPlateau::new;
    for (plateau, text) in [
        (new().factor(1.0), "factor is 1.0, it must be in [0, 1)"),
        (new().factor(-0.1), "factor is -0.1, it must be in [0, 1)"),
        (new().factor(f64::NAN), "factor is NaN, it must be in [0, 1)"),
        (new().threshold(-1.0), "threshold is -1.0, it must be finite and at least 0"),
        (new().min_lr(f64::INFINITY), "min_lr is inf, it must be finite and at least 0"),
        (new().eps(f64::NAN), "eps is NaN, it must be finite and at least 0"),
    ] {
        assert_eq!(plateau.check().expect_err("refused").to_string(), format!("ReduceLROnPlateau: {text}"));
    }
}

#[test]
fn a_state_that_does_not_fit_changes_nothing() {
    let mut plateau = ReduceLROnPlateau::new().patience(1);
    [1.0, 2.0].iter().for_each(|value| _ = plateau.step(*value, 0.1));
    let (before, good) = (plateau.seen, plateau.state_dict());
    let with = |name: &str, value: Option<Tensor>| {
        let mut state: StateDict =
            good.iter().filter(|(key, _)| *key != name).map(|(k, v)| (k.into(), v.clone())).collect();
        value.into_iter().for_each(|value| state.insert(name, value));
        state
    };
    let number = |must: &str| format!("it must be {must}; nothing was loaded");
    for (state, text) in [
        (with("best", None), "missing".to_string()),
        (with("other", Some(Tensor::scalar(1.0))), "other".into()),
        (with("best", Some(Tensor::scalar(f64::NAN))), number("one F64, and not NaN")),
        (with("best", Some(Tensor::scalar(1.0_f32))), number("one F64, and not NaN")),
        (with("best", Some(Tensor::from([1.0, 2.0]))), number("one F64, and not NaN")),
        (with("num_bad_epochs", Some(Tensor::scalar(-1_i64))), number("one I64, at least 0")),
        (with("last_epoch", Some(Tensor::scalar(1.0))), number("one I64, at least 0")),
        (with("higher_is_better", Some(Tensor::scalar(true))), number("that of the mode Lower")),
    ] {
        let error = plateau.load_state_dict(&state).expect_err("no such state").to_string();
        assert!(error.contains(&text), "{error}");
        assert_eq!(plateau.seen, before);
    }
}

#[test]
fn words_are_those_of_pytorch() {
    use crate::schedule::{Anneal, CyclicMode};
    assert_eq!(["min", "max"].map(|word| word.parse().ok()), [Some(Better::Lower), Some(Better::Higher)]);
    assert_eq!(["rel", "abs"].map(|word| word.parse().ok()), [Some(ThresholdMode::Rel), Some(ThresholdMode::Abs)]);
    assert_eq!(["linear", "cos"].map(|word| word.parse().ok()), [Some(Anneal::Linear), Some(Anneal::Cosine)]);
    let modes = [CyclicMode::Triangular, CyclicMode::Triangular2, CyclicMode::ExpRange];
    assert_eq!(["triangular", "triangular2", "exp_range"].map(|word| word.parse().ok()), modes.map(Some));
    let errors = [
        ("mean".parse::<Better>().err(), "mode is \"mean\", it must be min or max"),
        ("".parse::<ThresholdMode>().err(), "threshold_mode is \"\", it must be rel or abs"),
        ("cosine".parse::<Anneal>().err(), "anneal_strategy is \"cosine\", it must be linear or cos"),
        ("saw".parse::<CyclicMode>().err(), "mode is \"saw\", it must be triangular or triangular2 or exp_range"),
    ];
    for (error, text) in errors {
        assert_eq!(error.map(|error| error.to_string()).as_deref(), Some(text));
    }
}
