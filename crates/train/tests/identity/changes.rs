//! Runs that differ in one thing from another, and what of it is said.

use crate::moons::sets;
use autograd_core::module::Module;
use autograd_core::{DType, Description, Tensor, seeded};
use wengert_data::{Dataset, TensorDataset};
use wengert_nn::{CrossEntropyLoss, Dropout, Linear, Sequential, Tanh, cross_entropy, sequential};
use wengert_optim::{Adam, AdamW, Centralize, ClipValue, CosineAnnealingLR, Ema, Sgd, StepLR};
use wengert_train::{Accuracy, Callback, EarlyStopping, History, L2Penalty, ReduceLROnPlateau, Result, Trainer};

/// A run: the parts of it that a user can change.
pub(crate) struct Setup {
    pub(crate) trainer: Trainer<'static>,
    pub(crate) model: Sequential,
    pub(crate) train: TensorDataset,
    pub(crate) valid: Option<TensorDataset>,
}

pub(crate) fn net(width: usize) -> Sequential {
    let rng = &mut seeded(7);
    let mut layer = |rows, columns| Linear::new(rows, columns, rng).expect("good sizes");
    let (first, second) = (layer(2, width), layer(width, 2));
    sequential![first, Tanh, Dropout::new(0.2, rng).expect("a probability"), second]
}

pub(crate) fn plain(
    optimizer: impl wengert_optim::Optimizer + 'static,
    loss: impl wengert_nn::Loss + 'static,
) -> Trainer<'static> {
    Trainer::new(optimizer, loss).epochs(3).batch_size(16)
}

pub(crate) fn setup(trainer: Trainer<'static>) -> Setup {
    let [train, valid] = sets();
    Setup { trainer, model: net(4), train, valid: Some(valid) }
}

impl Setup {
    pub(crate) fn model<R>(mut self, change: impl FnOnce(&mut Sequential) -> R) -> Setup {
        change(&mut self.model);
        self
    }
    pub(crate) fn fit(&mut self, change: impl FnOnce(Trainer<'static>) -> Trainer<'static>) -> Result<History> {
        let trainer = std::mem::replace(&mut self.trainer, plain(Sgd::new(0.1), cross_entropy));
        let valid = self.valid.as_ref().map(|valid| valid as &dyn Dataset);
        change(trainer).fit(&mut self.model, &self.train, valid, &mut seeded(7))
    }
}

/// A run of another sort than the one before: the name of the difference, and both sides in words.
pub(crate) struct Change {
    pub(crate) of: fn() -> Setup,
    pub(crate) to: fn() -> Setup,
    pub(crate) lines: &'static [&'static str],
    /// Whether the run can go on if it is allowed.
    pub(crate) can: bool,
}

pub(crate) fn base() -> Setup {
    setup(plain(Adam::new(0.05), cross_entropy))
}

pub(crate) fn change(to: fn() -> Setup, lines: &'static [&'static str]) -> Change {
    Change { of: base, to, lines, can: true }
}

impl Change {
    pub(crate) fn of(mut self, of: fn() -> Setup) -> Change {
        self.of = of;
        self
    }
    /// Another model or state: refused again when the state is loaded.
    pub(crate) fn cannot(mut self) -> Change {
        self.can = false;
        self
    }
}

pub(crate) fn same_size(set: TensorDataset, change: impl Fn(&Tensor) -> Tensor) -> TensorDataset {
    set.map_x(|x| Ok(change(x))).expect("as many rows")
}

pub(crate) fn early() -> EarlyStopping {
    EarlyStopping::new().patience(9)
}

pub(crate) fn with(callback: impl Callback + 'static) -> Setup {
    setup(plain(Adam::new(0.05), cross_entropy).callback(callback))
}

/// A callback that may change the run.
pub(crate) struct Meddles(pub(crate) f64);

impl Callback for Meddles {
    fn name(&self) -> &str {
        "Meddles"
    }
    fn describe(&self) -> Description {
        Description::new("Meddles").option("strength", self.0)
    }
}

pub(crate) fn adam() -> Adam {
    Adam::new(0.05)
}

/// Closures of one place in the text, which differ in what they have captured.
pub(crate) fn falling(by: f64) -> Setup {
    setup(plain(adam(), cross_entropy).schedule(move |lr: f64, epoch: u64| lr / (1.0 + by * epoch as f64)))
}

/// One step at an epoch that no power of two is near.
pub(crate) fn dropping(at: u64) -> Setup {
    setup(plain(adam(), cross_entropy).schedule(move |lr: f64, epoch: u64| if epoch < at { lr } else { 0.1 * lr }))
}

pub(crate) fn changes() -> Vec<Change> {
    vec![
        change(
            || Setup { train: same_size(sets()[0].clone(), |x| x.add_scalar(1e-6)), ..base() },
            &["train.content: "],
        ),
        change(|| Setup { valid: Some(same_size(sets()[1].clone(), Tensor::neg)), ..base() }, &["valid.content: "]),
        change(
            || Setup {
                train: {
                    let [set, _] = sets();
                    TensorDataset::new(set.x, set.y.mul_scalar(0.0)).expect("as many")
                },
                ..base()
            },
            &["train.content: "],
        ),
        change(
            || Setup { train: sets()[0].select(&(0..100).collect::<Vec<_>>()).expect("fewer"), ..base() },
            &["train.samples: 120, this run has 100", "train.content: "],
        ),
        change(|| Setup { valid: None, ..base() }, &["valid: a set, this run has none"]),
        change(|| setup(plain(adam(), cross_entropy).epochs(4)), &["epochs: 3, this run has 4"]),
        change(|| setup(plain(adam(), cross_entropy).batch_size(8)), &["batch_size: 16, this run has 8"]),
        change(|| setup(plain(adam(), cross_entropy).clip_norm(1.0)), &["clip_norm: none, this run has 1"]),
        change(|| setup(plain(adam(), cross_entropy).accumulate(2)), &["accumulate: none, this run has 2"]),
        change(|| setup(plain(adam(), cross_entropy).shuffle(false)), &["shuffle: none, this run has false"]),
        change(
            || setup(plain(adam(), cross_entropy).validation_batch_size(7).validate_every(2)),
            &["validation_batch_size: none, this run has 7", "validate_every: none, this run has 2"],
        ),
        change(
            || setup(plain(adam(), cross_entropy).gradients(ClipValue::new(0.5)).gradients(Centralize)),
            &["gradients.0.clip_value: 1.0, this run has 0.5", "gradients.1: none, this run has Centralize"],
        )
        .of(|| setup(plain(adam(), cross_entropy).gradients(ClipValue::new(1.0)))),
        change(
            || setup(plain(Ema::new(adam(), 0.5).overwrite_every(7), cross_entropy)),
            &[
                "optimizer.ema.decay: 0.9, this run has 0.5",
                "optimizer.ema.overwrite_every: None, this run has Some(7)",
            ],
        )
        .of(|| setup(plain(Ema::new(adam(), 0.9), cross_entropy))),
        change(
            || setup(plain(Ema::new(Adam::new(0.01), 0.9), cross_entropy)),
            &["optimizer.lr: 0.05, this run has 0.01"],
        )
        .of(|| setup(plain(Ema::new(adam(), 0.9), cross_entropy))),
        change(
            || setup(plain(AdamW::new(0.05), cross_entropy)),
            &[
                "optimizer: Adam, this run has AdamW",
                "optimizer.weight_decay: 0.0, this run has 0.01",
                "optimizer.decay: Coupled, this run has Decoupled",
            ],
        ),
        change(|| setup(plain(Sgd::new(0.05).momentum(0.9), cross_entropy)), &["optimizer: Adam, this run has SGD"])
            .cannot(),
        change(|| setup(plain(Adam::new(0.01), cross_entropy)), &["optimizer.lr: 0.05, this run has 0.01"]),
        change(
            || setup(plain(adam().betas(0.8, 0.999), cross_entropy)),
            &["optimizer.betas: [0.9, 0.999], this run has [0.8, 0.999]"],
        ),
        change(
            || setup(plain(adam().maximize(true), cross_entropy)),
            &["optimizer.maximize: false, this run has true"],
        ),
        change(
            || setup(plain(adam().group("0", |group| group.scale_lr(0.5)), cross_entropy)),
            &[
                "optimizer.groups.0.weight: none, this run has lr: 0.5",
                "optimizer.groups.0.bias: none, this run has lr: 0.5",
            ],
        ),
        change(
            || setup(plain(adam(), cross_entropy).schedule(StepLR::new(1))),
            &["schedule: none, this run has StepLR"],
        ),
        change(
            || setup(plain(adam(), cross_entropy).schedule_by_step(StepLR::new(1))),
            &["schedule.counts: epochs, this run has steps"],
        )
        .of(|| setup(plain(adam(), cross_entropy).schedule(StepLR::new(1)))),
        change(
            || setup(plain(adam(), cross_entropy).schedule(CosineAnnealingLR::new(9))),
            &["schedule.t_max: 5, this run has 9", "schedule.rates: "],
        )
        .of(|| setup(plain(adam(), cross_entropy).schedule(CosineAnnealingLR::new(5)))),
        change(
            || setup(plain(adam(), cross_entropy).schedule_of("betas[0]", StepLR::new(1))),
            &["schedules.betas[0]: none, this run has StepLR"],
        ),
        change(
            || setup(plain(adam(), cross_entropy).schedule_of_by_step("eps", StepLR::new(1).gamma(0.5))),
            &[
                "schedules.eps.gamma: 0.1, this run has 0.5",
                "schedules.eps.counts: epochs, this run has steps",
                "schedules.eps.rates: ",
            ],
        )
        .of(|| setup(plain(adam(), cross_entropy).schedule_of("eps", StepLR::new(1)))),
        change(
            || with(ReduceLROnPlateau::new().patience(9).cooldown(1)),
            &[
                "callbacks.ReduceLROnPlateau.patience: 8, this run has 9",
                "callbacks.ReduceLROnPlateau.cooldown: 0, this run has 1",
            ],
        )
        .of(|| with(ReduceLROnPlateau::new().patience(8))),
        change(|| falling(2.0), &["schedule.rates: "]).of(|| falling(1.0)),
        change(|| dropping(1), &["schedule.rates: "]).of(|| dropping(2)),
        change(
            || setup(plain(adam(), CrossEntropyLoss::new().label_smoothing(0.1))),
            &["loss.label_smoothing: 0.0, this run has 0.1"],
        )
        .of(|| setup(plain(adam(), CrossEntropyLoss::new()))),
        change(
            || setup(plain(adam(), CrossEntropyLoss::new().weight(Tensor::from([1.0, 2.0])))),
            &["loss.weight: Some([1.0, 1.0]), this run has Some([1.0, 2.0])"],
        )
        .of(|| setup(plain(adam(), CrossEntropyLoss::new().weight(Tensor::from([1.0, 1.0]))))),
        change(|| setup(plain(adam(), |y: &Tensor, t: &Tensor| cross_entropy(y, t))), &["loss: "]),
        change(
            || setup(plain(adam(), cross_entropy).penalty(L2Penalty::new(0.1))),
            &["penalties.0: none, this run has L2Penalty"],
        ),
        change(
            || setup(plain(adam(), cross_entropy).penalty(L2Penalty::new(0.2).only(|name| name.ends_with("weight")))),
            &[
                "penalties.0.lambda: 0.1, this run has 0.2",
                "penalties.0.only: None, this run has Some([\"0.weight\", \"3.weight\"])",
            ],
        )
        .of(|| setup(plain(adam(), cross_entropy).penalty(L2Penalty::new(0.1)))),
        change(
            || setup(plain(adam(), cross_entropy).metric(Accuracy)),
            &["metrics.accuracy: none, this run has Accuracy"],
        ),
        change(|| with(early()), &["callbacks.EarlyStopping: none, this run has EarlyStopping"]),
        change(base, &["callbacks.EarlyStopping: EarlyStopping, this run has none"]).of(|| with(early())),
        change(|| with(early().patience(10)), &["callbacks.EarlyStopping.patience: 9, this run has 10"])
            .of(|| with(early())),
        change(|| with(early().min_delta(0.1)), &["callbacks.EarlyStopping.min_delta: 0.0, this run has 0.1"])
            .of(|| with(early())),
        change(
            || with(early().start_from_epoch(1).baseline(0.5)),
            &[
                "callbacks.EarlyStopping.start_from_epoch: none, this run has 1",
                "callbacks.EarlyStopping.baseline: none, this run has 0.5",
            ],
        )
        .of(|| with(early())),
        change(
            || with(early().monitor("loss")),
            &["callbacks.EarlyStopping.monitor: \"val_loss\", this run has \"loss\""],
        )
        .of(|| with(early()))
        .cannot(),
        change(
            || with(early().restore_best_weights(false)),
            &["callbacks.EarlyStopping.restore_best_weights: true, this run has false"],
        )
        .of(|| with(early())),
        change(|| with(Meddles(2.0)), &["callbacks.Meddles.strength: 1.0, this run has 2.0"]).of(|| with(Meddles(1.0))),
        change(
            || setup(plain(adam(), cross_entropy).callback(Meddles(1.0)).callback(early())),
            &["callbacks: EarlyStopping, Meddles, this run has Meddles, EarlyStopping"],
        )
        .of(|| setup(plain(adam(), cross_entropy).callback(early()).callback(Meddles(1.0)))),
        change(
            || base().model(|model| drop(model.freeze("0"))),
            &["model.0.weight.trainable: true, this run has false", "model.0.bias.trainable: true, this run has false"],
        ),
        change(
            base,
            &["model.0.weight.trainable: false, this run has true", "model.0.bias.trainable: false, this run has true"],
        )
        .of(|| base().model(|model| drop(model.freeze("0")))),
        change(
            || base().model(|model| drop(model.hold_eval("2"))),
            &["model.2.mode.held_in_evaluation: false, this run has true"],
        ),
        change(
            || Setup { model: net(5), ..base() },
            &["model.0.weight: F32 [4, 2], this run has F32 [5, 2]", "model.0.bias: ", "model.3.weight: "],
        )
        .cannot(),
        change(
            || {
                Setup {
                    train: same_size(sets()[0].clone(), |x| x.to_dtype(DType::F64)),
                    valid: Some(same_size(sets()[1].clone(), |x| x.to_dtype(DType::F64))),
                    ..base()
                }
                .model(|model| model.to_dtype(DType::F64).expect("a float type"))
            },
            &[
                "model.0.weight: F32 [4, 2], this run has F64 [4, 2]",
                "model.0.bias: ",
                "model.3.weight: ",
                "model.3.bias: ",
                "train.sample: F32 [2] and I64 [], this run has F64 [2] and I64 []",
                "train.content: ",
                "valid.sample: ",
                "valid.content: ",
            ],
        )
        .cannot(),
    ]
}
