//! Every sort of run, killed and resumed, ends with the bits of one that was not.

use crate::moons::{Killed, bits, directory, stress};
use autograd_core::module::Module;
use autograd_core::{DType, Tensor, seeded};
use wengert_data::TensorDataset;
use wengert_nn::{Dropout, Linear, Sequential, Tanh, cross_entropy, sequential};
use wengert_optim::{
    Adam, AdamW, AdaptiveClip, Centralize, CosineAnnealingLR, Ema, GradientNoise, Guard, Lbfgs, LineSearch, Lookahead,
    NAdam, Optimizer, Parts, PolynomialLR, RmsProp, Sam, ScheduleFreeAdamW, ScheduleFreeSgd, Sgd, StepLR, Swa,
};
use wengert_train::{
    Accuracy, Callback, Checkpoint, EarlyStopping, Error, L2Penalty, ReduceLROnPlateau, Result, Run, Trainer,
};

const EPOCHS: u64 = 5;

type Make<T> = fn() -> T;

const OPTIMIZERS: [Make<Box<dyn Optimizer>>; 16] = [
    || Box::new(Sgd::new(0.1)),
    || Box::new(Sgd::new(0.1).momentum(0.9).nesterov(true).weight_decay(0.01)),
    || Box::new(Adam::new(0.05)),
    || Box::new(Adam::new(0.05).amsgrad(true)),
    || Box::new(AdamW::new(0.05)),
    || Box::new(RmsProp::new(0.01).momentum(0.5).centered(true)),
    || Box::new(NAdam::new(0.02)),
    || {
        Box::new(
            Adam::new(0.05)
                .group("0", |group| group.scale_lr(0.1))
                .group_where(|name| name.ends_with("bias"), |g| g.weight_decay(0.1)),
        )
    },
    || Box::new(Lbfgs::new(1.0).max_iter(2).line_search(LineSearch::StrongWolfe)),
    || Box::new(ScheduleFreeSgd::new(0.5).warmup_steps(5)),
    || Box::new(ScheduleFreeAdamW::new(0.05).weight_decay(0.1)),
    || Box::new(Ema::new(Adam::new(0.05), 0.9).bias_correction(true).overwrite_every(7)),
    || Box::new(Swa::new(Sgd::new(0.3)).start(5).every(2)),
    || Box::new(Lookahead::new(Sgd::new(0.2).momentum(0.5)).sync_period(3)),
    || {
        let mut group = Guard::skip(Adam::new(0.05).group("0", |group| group));
        group.set("0.lr", 0.01).expect("a group");
        Box::new(Parts::new().part("bias", |name| name.ends_with("bias"), Ema::new(Sgd::new(0.1), 0.5)).rest(group))
    },
    || Box::new(Sam::new(Ema::new(Sgd::new(0.2), 0.5), 0.1)),
];

type Change<T> = fn(T) -> T;

const SCHEDULES: [Change<Trainer<'static>>; 9] = [
    |trainer| trainer,
    |trainer| trainer.schedule(CosineAnnealingLR::new(EPOCHS)),
    |trainer| trainer.schedule_by_step(StepLR::new(3).gamma(0.8)),
    |trainer| trainer.schedule_by_step(|lr: f64, step: u64| lr / (1.0 + step as f64 / 10.0)).clip_norm(0.5),
    // L-BFGS has no weight decay: both runs are refused.
    |trainer| {
        trainer
            .schedule_of_by_step("weight_decay", |_: f64, step: u64| if step % 5 == 3 { 0.1 } else { 0.0 })
            .schedule(PolynomialLR::new().end_lr(0.01))
    },
    |trainer| trainer.accumulate(3).penalty(L2Penalty::new(0.01)).schedule_by_step(StepLR::new(2)),
    |trainer| trainer.gradients(Centralize).gradients(AdaptiveClip::new(0.05)),
    |trainer| trainer.gradients(GradientNoise::new().eta(0.1).seed(3)),
    |trainer| trainer.shuffle(false).validate_every(2).validation_batch_size(3),
];

const CALLBACKS: [Change<Trainer<'static>>; 6] = [
    |trainer| trainer,
    |trainer| trainer.callback(EarlyStopping::new().patience(2).min_delta(0.02)),
    |trainer| {
        trainer
            .callback(EarlyStopping::new().monitor("val_accuracy").patience(9))
            .callback(EarlyStopping::new().patience(2).start_from_epoch(2).baseline(0.1).restore_best_weights(false))
    },
    |trainer| trainer.callback(Thaws),
    |trainer| trainer.callback(Slows { wait: 0 }).callback(Thaws),
    // Beside a schedule of the rate it is refused.
    |trainer| trainer.callback(ReduceLROnPlateau::new().patience(0).factor(0.5).cooldown(1).threshold(0.1)),
];

/// Makes everything train from the third epoch on.
struct Thaws;

impl Callback for Thaws {
    fn name(&self) -> &str {
        "Thaws"
    }
    fn on_epoch_begin(&mut self, run: &mut Run<'_>) -> Result<()> {
        if run.epoch() == 3 {
            run.model_mut().unfreeze("")?;
            run.model_mut().release_eval("")?;
        }
        Ok(())
    }
}

/// Halves the learning rate after every other epoch.
struct Slows {
    wait: i64,
}

impl Callback for Slows {
    fn name(&self) -> &str {
        "Slows"
    }
    fn on_epoch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        self.wait += 1;
        if self.wait % 2 == 0 {
            run.set_lr(run.lr() / 2.0);
        }
        Ok(())
    }
    fn state_dict(&self) -> autograd_core::module::StateDict {
        [("wait".to_string(), Tensor::scalar(self.wait))].into_iter().collect()
    }
    fn load_state_dict(&mut self, state: &autograd_core::module::StateDict) -> Result<()> {
        self.wait = state.get("wait").ok_or_else(|| Error::user("no wait"))?.item()?;
        Ok(())
    }
}

const FROZEN: [Change<Sequential>; 3] = [
    |model| model,
    |mut model| {
        model.freeze("0").expect("a layer");
        model
    },
    |mut model| {
        model.freeze("3.bias").expect("a parameter");
        model.hold_eval("2").expect("a layer");
        model
    },
];

const DTYPES: [DType; 2] = [DType::F32, DType::F64];

/// What is said of two things that do not go together.
const REFUSALS: [&str; 2] = [
    "schedule_of_by_step: no hyperparameter is called \"weight_decay\", there are ",
    "ReduceLROnPlateau: a schedule sets the learning rate, and would undo every reduction; leave one of the two out",
];

/// One of each.
type Row = [usize; 5];

const SIZES: Row = [OPTIMIZERS.len(), SCHEDULES.len(), CALLBACKS.len(), FROZEN.len(), DTYPES.len()];

fn net([_, _, _, frozen, dtype]: Row, seed: u64) -> Sequential {
    let rng = &mut seeded(seed);
    let first = Linear::new(2, 4, rng).expect("good sizes");
    let dropout = Dropout::new(0.3, rng).expect("a probability");
    let mut net = sequential![first, Tanh, dropout, Linear::new(4, 2, rng).expect("good sizes")];
    net.to_dtype(DTYPES[dtype]).expect("a float type");
    FROZEN[frozen](net)
}

fn run(row: Row, seed: u64, change: impl FnOnce(Trainer<'static>) -> Trainer<'static>) -> Result<(Vec<u64>, String)> {
    let [optimizer, schedule, callbacks, _, dtype] = row;
    let mut rng = seeded(1);
    let x = Tensor::randn(&[22, 2], DType::F64, &mut rng)?;
    let y = x.narrow(1, 0, 1)?.ge(&Tensor::zeros(&[22, 1], DType::F64)?)?.to_dtype(DType::I64).reshape(&[22])?;
    let set = TensorDataset::new(x.to_dtype(DTYPES[dtype]), y)?;
    let (train, valid) = (set.select(&(0..14).collect::<Vec<_>>())?, set.select(&(14..22).collect::<Vec<_>>())?);
    let trainer = Trainer::new(OPTIMIZERS[optimizer](), cross_entropy).epochs(EPOCHS).batch_size(4).metric(Accuracy);
    let mut model = net(row, seed);
    let history = change(CALLBACKS[callbacks](SCHEDULES[schedule](trainer))).fit(
        &mut model,
        &train,
        &valid,
        &mut seeded(seed),
    )?;
    Ok((bits(&model), serde_json::to_string(&history).expect("plain data")))
}

/// The difference between a run that was killed in this epoch, and resumed, and one that was not.
fn difference(row: Row, epoch: u64, every: u64) -> Option<String> {
    let dir = directory();
    let checkpoint = || Checkpoint::new(dir.path()).every(every);
    let straight = run(row, 7, |trainer| trainer).map_err(|e| e.to_string());
    // One of both is captured, which a checkpoint does not know.
    let captured = (epoch + every).is_multiple_of(2);
    let kill = |trainer: Trainer<'static>| trainer.checkpoint(checkpoint()).callback(Killed { epoch, batch: 2 });
    let killed = run(row, 7, |trainer| kill(trainer).capture(captured));
    // A run that had stopped before is not killed, nor is one that an error has ended: L-BFGS keeps what it trains.
    let failed = killed.err().map(|e| e.to_string());
    if failed.is_some_and(|e| e != "Killed: killed" && straight.as_ref().err() != Some(&e)) {
        return Some("it was not killed".into());
    }
    // Two things that do not go together are refused: there is nothing to go on from.
    if let (Err(text), false) = (&straight, Checkpoint::exists(dir.path())) {
        return (!REFUSALS.iter().any(|refusal| text.starts_with(refusal))).then(|| format!("it is refused: {text}"));
    }
    // Other weights, another generator.
    let resume = |trainer: Trainer<'static>| trainer.checkpoint(checkpoint()).resume(true).capture(!captured);
    let resumed = run(row, 8, resume).map_err(|e| e.to_string());
    match (straight, resumed) {
        (straight, resumed) if straight == resumed => None,
        (straight, resumed) => Some(format!("{straight:?}\n{resumed:?}")),
    }
}

/// By default a sixth of all rows, among which any two things are combined; all of them in every epoch by
/// `WENGERT_STRESS=2`.
#[test]
fn every_sort_of_run_goes_on() {
    let mut wrong = Vec::new();
    let mut pairs = std::collections::HashSet::new();
    for number in 0..SIZES.iter().product() {
        let mut rest = number;
        let row = SIZES.map(|size| {
            let digit = rest % size;
            rest /= size;
            digit
        });
        if stress() == 1 && row.iter().sum::<usize>() % 6 != 0 {
            continue;
        }
        for (a, b) in (0..5).flat_map(|a| (0..a).map(move |b| (a, b))) {
            pairs.insert((a, row[a], b, row[b]));
        }
        let (epochs, every) = if stress() == 1 { (4..=4, 1 + number as u64 % 2) } else { (3..=EPOCHS, 1) };
        wrong.extend(epochs.filter_map(|epoch| Some((row, epoch, difference(row, epoch, every)?))));
    }
    let all: usize = (0..5).flat_map(|a| (0..a).map(move |b| SIZES[a] * SIZES[b])).sum();
    assert_eq!(pairs.len(), all, "any two are combined");
    let report: Vec<String> =
        wrong.iter().map(|(row, epoch, text)| format!("{row:?} killed in epoch {epoch}:\n{text}")).collect();
    assert!(report.is_empty(), "{} runs differ:\n{}", report.len(), report[..report.len().min(3)].join("\n"));
}
