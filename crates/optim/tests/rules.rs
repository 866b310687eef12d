//! Optimizers written outside of this crate: what the driver promises their rules, and what it finds out.

mod model;

use autograd_core::module::{Item, ItemMut, Module, Path};
use autograd_core::update::{ElementRule, Real};
use autograd_core::{Error as CoreError, Tensor};
use model::{Net, assert_close, half_square_grads, net, param, values};
use std::cell::Cell;
use wengert_optim::{Driver, Optimizer, Result, Rule, Turn};

/// A running sum s ← s + g, and p ← p − lr · s / t, where s starts at `lr`. It takes no vectors of two.
#[derive(Clone, Debug)]
struct Mean {
    slots: &'static [&'static str],
}

impl Rule for Mean {
    const NAME: &'static str = "Mean";

    fn slots(&self) -> &'static [&'static str] {
        self.slots
    }

    fn start(&self, slot: usize, parameter: &Tensor, lr: f64) -> Result<Tensor> {
        assert_eq!(slot, 0);
        if parameter.shape() == [2] {
            return Err(CoreError::argument("Mean", "parameter", "two", "something else").into());
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
    let mut mean = Driver::of(Mean { slots: &["sum"] }, 0.5);
    for expected in [1.0 - 0.5 * 1.5, 0.25 - 0.25 * (1.5 + 0.25)] {
        let grads = half_square_grads(&x);
        mean.step(&mut x, &grads).expect("valid");
        assert_close(&x.to_f64s(), &[expected], 1e-15);
    }
    // The parameter is the whole model, so that it has no name.
    assert_eq!(mean.state_dict().get(".sum").map(|sum| sum.to_f64s()), Some(vec![1.75]));
    assert_eq!(mean.rule().slots(), ["sum"]);
}

#[test]
fn a_parameter_that_the_rule_refuses_keeps_all_from_changing() {
    let mut model = net();
    let (before, grads) = (values(&model), half_square_grads(&model));
    let error = Driver::of(Mean { slots: &["sum"] }, 0.5).step(&mut model, &grads).expect_err("a vector of two");
    assert_eq!(error.to_string(), r#"Mean: parameter is "two", it must be something else"#);
    assert_eq!(values(&model), before);
}

#[test]
fn a_formula_for_other_state_than_the_slots_is_refused() {
    let mut x = param(&[1.0]);
    let grads = half_square_grads(&x);
    let error = Driver::of(Mean { slots: &[] }, 0.5).step(&mut x, &grads).expect_err("no slot");
    assert_eq!(error.to_string(), "Mean: the rule updates 1 state tensors, its slots are 0");
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
