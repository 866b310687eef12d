//! Models that differ in one thing from another, and what of it is said.

use crate::changes::{Change, Setup, base, change};
use autograd_core::module::Param;
use autograd_core::{Tensor, seeded};
use wengert_nn::{
    Approximate, Dropout, DynLayer, GELU, Lambda, Layer, LeakyReLU, Linear, LinearOptions, LogSoftmax, Module, ReLU,
    Result, Sequential, Softmax, Softplus, sequential,
};

/// A run whose model has this in the middle.
fn middle(layer: impl Layer + Clone + 'static) -> Setup {
    let rng = &mut seeded(7);
    let mut linear = |inputs, outputs| Linear::new(inputs, outputs, rng).expect("good sizes");
    Setup { model: sequential![linear(2, 4), layer, linear(4, 2)], ..base() }
}

fn dropout(p: f64) -> Dropout {
    Dropout::new(p, &mut seeded(7)).expect("a probability")
}

/// Another than the library's.
#[derive(Clone, Module)]
struct ReLU6;

mod theirs {
    #[derive(Clone, wengert_nn::Module)]
    pub(super) struct ReLU6;
}

/// Factors, the last of which is another, too.
#[derive(Clone, Module)]
struct Tied(Vec<Param>);

#[derive(Clone, Module)]
enum Scale {
    Off,
    By(f64),
    From { low: f64, high: f64 },
}

#[derive(Clone, Debug)]
struct Window(#[allow(dead_code, reason = "shown by Debug")] u8, #[allow(dead_code, reason = "shown by Debug")] u8);

#[derive(Clone, Module)]
struct Own {
    size: [usize; 2],
    scale: Scale,
    limit: Option<f64>,
    gate: Option<Box<dyn DynLayer>>,
    list: Vec<Box<dyn DynLayer>>,
    #[module(option)]
    window: Window,
    #[module(flatten)]
    first: Softplus,
    #[module(flatten)]
    second: Softplus,
    weight: Weight,
    hand: Hand,
}

/// A parameter and its owner in one place.
#[derive(Clone, Module)]
struct Weight(#[module(flatten)] Param);

/// A module without a description.
#[derive(Clone)]
struct Hand(Param);

impl autograd_core::module::Module for Hand {
    fn visit<'m>(
        &'m self,
        path: &autograd_core::module::Path<'_>,
        f: &mut dyn FnMut(&autograd_core::module::Path<'_>, autograd_core::module::Item<'m>),
    ) {
        self.0.visit(path, f);
    }
    fn visit_mut<'m>(
        &'m mut self,
        path: &autograd_core::module::Path<'_>,
        f: &mut dyn FnMut(&autograd_core::module::Path<'_>, autograd_core::module::ItemMut<'m>),
    ) {
        self.0.visit_mut(path, f);
    }
}

/// What it computes is not what is compared here.
macro_rules! passes_on {
    ($($name:ty),+) => {$(
        impl Layer for $name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                Ok(x.tanh())
            }
        }
    )+};
}
passes_on!(ReLU6, theirs::ReLU6, Own);

impl Layer for Tied {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.0.iter().try_fold(x.clone(), |x, by| x.try_mul(by))
    }
}

fn own(change: impl FnOnce(&mut Own)) -> Setup {
    let param = || Param::new(Tensor::from(1.0)).expect("a fresh float");
    let mut own = Own {
        size: [3, 3],
        scale: Scale::Off,
        limit: None,
        gate: None,
        list: vec![Box::new(wengert_nn::Tanh), Box::new(LeakyReLU::new())],
        window: Window(1, 2),
        first: Softplus::new(),
        second: Softplus::new().beta(2.0),
        weight: Weight(param()),
        hand: Hand(param()),
    };
    change(&mut own);
    middle(own)
}

fn tied(to: usize) -> Setup {
    let param = |value: f64| Param::new(Tensor::from(value)).expect("a fresh float");
    let mut all = vec![param(1.0), param(2.0)];
    all.push(all[to].tie());
    middle(Tied(all))
}

/// Functions of one type, so that only the name says which.
fn named(name: &'static str) -> Setup {
    middle(Lambda::named(name, |x: &Tensor| Ok(x.tanh())))
}

pub(crate) fn changes() -> Vec<Change> {
    vec![
        change(|| base().model(|model| replace(model, 1, Box::new(ReLU))), &["model.1: Tanh, this run has ReLU"]),
        change(|| middle(dropout(0.3)), &["model.1.p: 0.2, this run has 0.3"]).of(|| middle(dropout(0.2))),
        change(|| middle(LeakyReLU::new().negative_slope(0.2)), &["model.1.negative_slope: 0.01, this run has 0.2"])
            .of(|| middle(LeakyReLU::new())),
        change(|| middle(Softmax::new(1)), &["model.1.dim: 0, this run has 1"]).of(|| middle(Softmax::new(0))),
        change(|| middle(LogSoftmax::new(1)), &["model.1: Softmax, this run has LogSoftmax"])
            .of(|| middle(Softmax::new(1))),
        change(
            || middle(GELU::new().approximate(Approximate::Tanh)),
            &["model.1.approximate: Approximate::None, this run has Approximate::Tanh"],
        )
        .of(|| middle(GELU::new())),
        // Layers without state in another order; the options go with their layer.
        change(
            || middle(sequential![Softplus::new(), wengert_nn::Tanh]),
            &["model.1.0: Tanh, this run has Softplus", "model.1.1: Softplus, this run has Tanh"],
        )
        .of(|| middle(sequential![wengert_nn::Tanh, Softplus::new()])),
        // Of one kind, too.
        change(
            || middle(sequential![dropout(0.3), dropout(0.2)]),
            &["model.1.0.p: 0.2, this run has 0.3", "model.1.1.p: 0.3, this run has 0.2"],
        )
        .of(|| middle(sequential![dropout(0.2), dropout(0.3)])),
        // With state.
        change(
            || middle(sequential![dropout(0.2), wengert_nn::Tanh]),
            &["model.1.0: Tanh, this run has Dropout", "model.1.1: Dropout, this run has Tanh"],
        )
        .of(|| middle(sequential![wengert_nn::Tanh, dropout(0.2)])),
        change(
            || middle(sequential![ReLU, ReLU]),
            &["model.1: Sequential of 1 part, this run has Sequential of 2 parts"],
        )
        .of(|| middle(sequential![ReLU])),
        change(|| middle(Sequential::new()), &["model.1: Sequential of 1 part, this run has Sequential of []"])
            .of(|| middle(sequential![ReLU])),
        change(|| middle(sequential![ReLU]), &["model.1: ReLU, this run has Sequential of 1 part"]).of(|| middle(ReLU)),
        // Two types of one name.
        change(
            || middle(theirs::ReLU6),
            &["model.1: identity::models::ReLU6, this run has identity::models::theirs::ReLU6"],
        )
        .of(|| middle(ReLU6)),
        change(|| named("half"), &["model.1.name: \"whole\", this run has \"half\""]).of(|| named("whole")),
        change(|| Setup { model: sequential![linear(), Tensor::relu], ..base() }, &["model.1.name: "])
            .of(|| Setup { model: sequential![linear(), Tensor::tanh], ..base() }),
        change(|| own(|own| own.size = [3, 5]), &["model.1.size: [3, 3], this run has [3, 5]"]).of(|| own(|_| ())),
        change(
            || own(|own| own.scale = Scale::By(0.5)),
            &["model.1.scale: identity::models::Scale::Off, this run has identity::models::Scale::By"],
        )
        .of(|| own(|_| ())),
        change(
            || own(|own| own.scale = Scale::From { low: 0.0, high: 2.0 }),
            &["model.1.scale.high: 1.0, this run has 2.0"],
        )
        .of(|| own(|own| own.scale = Scale::From { low: 0.0, high: 1.0 })),
        change(|| own(|own| own.limit = Some(0.0)), &["model.1.limit: None, this run has Some(0.0)"])
            .of(|| own(|_| ())),
        change(|| own(|own| own.limit = Some(-0.0)), &["model.1.limit: Some(0.0), this run has Some(-0.0)"])
            .of(|| own(|own| own.limit = Some(0.0))),
        change(|| own(|own| own.gate = Some(Box::new(ReLU))), &["model.1.gate: None, this run has ReLU"])
            .of(|| own(|_| ())),
        change(|| own(|own| own.gate = None), &["model.1.gate: Softmax, this run has None"])
            .of(|| own(|own| own.gate = Some(Box::new(Softmax::new(0))))),
        change(
            || own(|own| own.list.swap(0, 1)),
            &["model.1.list.0: Tanh, this run has LeakyReLU", "model.1.list.1: LeakyReLU, this run has Tanh"],
        )
        .of(|| own(|_| ())),
        change(|| own(|own| drop(own.list.pop())), &["model.1.list: 2 parts, this run has 1 part"]).of(|| own(|_| ())),
        change(|| own(|own| own.window.1 = 3), &["model.1.window: Window(1, 2), this run has Window(1, 3)"])
            .of(|| own(|_| ())),
        // Of one name.
        change(
            || own(|own| std::mem::swap(&mut own.first, &mut own.second)),
            &["model.1.beta: 1.0, 2.0, this run has 2.0, 1.0"],
        )
        .of(|| own(|_| ())),
        change(|| tied(1), &["model.1.0.2: F32 [], tied to 1.0.0, this run has F32 [], tied to 1.0.1"])
            .of(|| tied(0))
            .cannot(),
        change(
            || {
                let options = LinearOptions::new().bias(false);
                let last = Linear::with(4, 2, options, &mut seeded(7)).expect("good sizes");
                base().model(|model| replace(model, 3, Box::new(last)))
            },
            &["model.3.bias: F32 [2], this run has None"],
        )
        .cannot(),
    ]
}

fn linear() -> Linear {
    Linear::new(2, 2, &mut seeded(7)).expect("good sizes")
}

/// The model with another layer at a position.
fn replace(model: &mut Sequential, position: usize, layer: Box<dyn DynLayer>) {
    let mut layers: Vec<Box<dyn DynLayer>> =
        (0..model.len()).filter_map(|i| model.get(i)).map(DynLayer::clone_box).collect();
    layers[position] = layer;
    *model = Sequential::from(layers);
}
