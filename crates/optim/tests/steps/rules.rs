//! Optimizers written outside of this crate: the driver's promises to their rules, and its checks of them.

use crate::model::{Net, assert_close, half_square_grads, net, param, values};
use autograd_core::module::{Item, ItemMut, Module, Param, Path};
use autograd_core::update::{ElementRule, FoldRule, Real};
use autograd_core::{Error, Tensor};
use std::cell::Cell;
use wengert_optim::{Driver, Optimizer, Parameters, Result, Rule, Turn};

/// A running sum s ← s + g, and p ← p − lr · s / t, where s starts at `lr`. It takes no vectors of two.
#[derive(Clone, Debug)]
struct Mean<const SLOTS: usize> {
    in_use: bool,
}

impl<const SLOTS: usize> Rule for Mean<SLOTS> {
    const NAME: &'static str = "Mean";

    const STATE: &'static [&'static str] = if SLOTS == 0 { &[] } else { &["sum"] };
    const ALWAYS: usize = 0;

    fn uses(&self, _: usize) -> bool {
        self.in_use
    }

    fn start(&self, slot: usize, parameter: &Tensor, lr: f64) -> Result<Tensor> {
        assert_eq!(slot, 0);
        if parameter.shape() == [2] {
            return Err(Error::argument("Mean", "parameter", "two", "something else"));
        }
        Ok(parameter.full_like(lr))
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        let rate = turn.lr / turn.t as f64;
        turn.update(Sum { rate })
    }
}

#[derive(Clone, Copy)]
struct Sum {
    rate: f64,
}

impl ElementRule<1> for Sum {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [s]: [T; 1]) -> (T, [T; 1]) {
        let s = s + g;
        (p - T::of(self.rate) * s, [s])
    }
}

#[test]
fn state_starts_where_the_rule_says() {
    let mut x = param(&[1.0]);
    let mut mean = Driver::new(Mean::<1> { in_use: true }, 0.5);
    for expected in [1.0 - 0.5 * 1.5, 0.25 - 0.25 * (1.5 + 0.25)] {
        let grads = half_square_grads(&x);
        mean.step(&mut x, &grads).expect("valid");
        assert_close(&x.to_f64s(), &[expected], 1e-15);
    }
    // The parameter is the whole model, so it has no name.
    assert_eq!(mean.state_dict().get(".sum").map(|sum| sum.to_f64s()), Some(vec![1.75]));
    assert!(mean.rule().in_use);
}

#[test]
fn a_parameter_that_the_rule_refuses_keeps_all_from_changing() {
    let mut model = net();
    let (before, grads) = (values(&model), half_square_grads(&model));
    let error = Driver::new(Mean::<1> { in_use: true }, 0.5).step(&mut model, &grads).expect_err("a vector of two");
    assert_eq!(error.to_string(), r#"parameter "hidden.bias": Mean: parameter is "two", it must be something else"#);
    assert_eq!(values(&model), before);
}

#[test]
fn a_formula_for_other_state_than_the_slots_is_refused() {
    let mut x = param(&[1.0]);
    let grads = half_square_grads(&x);
    let error = Driver::new(Mean::<0> { in_use: true }, 0.5).step(&mut x, &grads).expect_err("no slot");
    assert_eq!(error.to_string(), "Mean: the rule updates 1 state tensors, its slots are 0");
    let error = Driver::new(Mean::<1> { in_use: false }, 0.5).step(&mut x, &grads).expect_err("not in use");
    assert_eq!(error.to_string(), "update: state number 1 is missing, the rule always needs 1");
    assert_eq!(x.to_f64s(), [1.0]);
}

/// Visits its parts in turn from either end.
struct Fickle(Net, Cell<bool>);

impl Module for Fickle {
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        let (first, second) = if self.1.replace(!self.1.get()) { (1, 0) } else { (0, 1) };
        let parts = [(&self.0.hidden, "hidden"), (&self.0.output, "output")];
        parts[first].0.visit(&path.child(parts[first].1), f);
        parts[second].0.visit(&path.child(parts[second].1), f);
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        self.0.visit_mut(path, f);
    }
}

#[test]
fn a_model_without_an_order_is_refused() {
    let mut model = Fickle(net(), Cell::new(false));
    let (before, grads) = (values(&model.0), half_square_grads(&model.0));
    let error = wengert_optim::Sgd::new(0.5).step(&mut model, &grads).expect_err("no order");
    assert_eq!(error.to_string(), "SGD: the model does not visit its parameters in the same order twice");
    assert_eq!(values(&model.0), before);
}

/// p ← p − lr · g / ‖g‖, where the norm is taken over the whole model, and the norms of all steps are summed up.
#[derive(Clone, Debug)]
struct Normalised;

#[derive(Clone, Copy)]
struct Squares;

impl FoldRule for Squares {
    #[inline(always)]
    fn element(self, x: f64, y: f64) -> f64 {
        x * y
    }
    #[inline(always)]
    fn join(self, a: f64, b: f64) -> f64 {
        a + b
    }
}

#[derive(Clone, Copy)]
struct Descend {
    rate: f64,
}

impl ElementRule<0> for Descend {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, []: [T; 0]) -> (T, [T; 0]) {
        (p - T::of(self.rate) * g, [])
    }
}

impl Rule for Normalised {
    const NAME: &'static str = "Normalised";
    const SHARED: &'static [&'static str] = &["norm", "way"];

    fn start_shared(&self, number: usize, lr: f64) -> f64 {
        if number == 0 { 0.0 } else { lr }
    }

    fn begin(&self, all: &mut Parameters<'_, Self>) -> Result<()> {
        let mut squares = 0.0;
        all.each(|_, turn| {
            squares += turn.gradient.fold(turn.gradient, Squares)?;
            Ok(())
        })?;
        all.shared()[0] = squares.sqrt();
        all.shared()[1] += squares.sqrt();
        Ok(())
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        let rate = turn.lr / turn.shared[0];
        turn.update(Descend { rate })
    }
}

#[test]
fn a_rule_may_see_all_parameters_and_keep_numbers_of_its_own() {
    let (mut model, mut normalised) = (net(), Driver::new(Normalised, 0.5));
    let norm = |model: &Net| values(model).iter().map(|x| x * x).sum::<f64>().sqrt();
    let mut way = 0.5;
    for _ in 0..3 {
        let (before, grads) = (norm(&model), half_square_grads(&model));
        way += before;
        normalised.step(&mut model, &grads).expect("valid");
        // Straight towards 0, by lr.
        assert_close(&[norm(&model)], &[(before - 0.5).abs()], 1e-6);
    }
    let state = normalised.state_dict();
    assert_close(&state.get("way").expect("saved").to_f64s(), &[way], 1e-6);
    let mut other = Driver::new(Normalised, 0.1);
    other.load_state_dict(&state).expect("its own");
    assert_eq!(other.state_dict().to_safetensors(), state.to_safetensors());
    let mut part = state.clone();
    part.remove("way");
    let text = "the state does not fit, and nothing was loaded:\n  missing: way";
    assert_eq!(other.load_state_dict(&part).expect_err("no way").to_string(), text);
}

/// p ← p − lr · g, where a row has a gradient.
#[derive(Clone, Debug)]
struct Lazy;

#[derive(Clone, Copy)]
struct Plain(f64);

impl ElementRule<0> for Plain {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, []: [T; 0]) -> (T, [T; 0]) {
        (p - T::of(self.0) * g, [])
    }
}

impl Rule for Lazy {
    const NAME: &'static str = "Lazy";

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        let lr = turn.lr;
        turn.update_rows(Plain(lr))
    }
}

#[test]
fn rows_without_a_gradient_rest_in_every_decay() {
    let make: [fn(Driver<Lazy>) -> Driver<Lazy>; 3] =
        [|lazy| lazy, |lazy| lazy.decoupled_weight_decay(true), |lazy| lazy.cautious_weight_decay(true)];
    for make in make {
        let start = Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0], &[2, 2]).expect("four");
        let mut table = Param::new(start).expect("floats");
        let grads = table.narrow(0, 1, 1).expect("a row").sum().backward().expect("a graph");
        let mut lazy = make(Driver::new(Lazy, 0.5).weight_decay(0.2));
        lazy.step(&mut table, &grads).expect("valid");
        assert_eq!(table.to_f64s()[..2], [1.0, 2.0]);
        assert_close(&table.to_f64s()[2..], &[2.2, 3.1], 1e-15);
    }
}
