//! What is linear in an input, but for what does not depend on it, keeps to the identity of adjoints: ⟨f(x) − f(0), s⟩
//! = ⟨x, f*(s)⟩, at small and larger sizes; and all gradients are linear in the one they are computed from.

use super::sizes::{bearable, distinct, replaced};
use super::suite::{Property, case_seed};
use super::{Case, Input};
use crate::tensor::Tensor;

pub(super) const PROPERTIES: [Property; 2] =
    [("an adjoint is one", adjoints_are_adjoints), ("gradients keep their digits at any scale", gradients_scale)];

/// As many elements as an input has in the larger sizes: several blocks of every kernel.
const LARGER: usize = 5000;

fn dot(a: &Tensor, b: &Tensor) -> (f64, f64) {
    let products = || a.to_f64s().into_iter().zip(b.to_f64s()).map(|(a, b)| a * b);
    (products().sum(), products().map(f64::abs).sum())
}

/// The result where input `i` is another, if it is defined there.
fn with(case: &Case, x: &[Tensor], i: usize, other: &Tensor) -> Option<Vec<f64>> {
    let mut x = x.to_vec();
    x[i] = other.clone();
    (case.call)(&x).ok().map(|y| y.to_f64s())
}

/// Whether 1.5 f(x) − 0.75 f(x′) is f(1.5 x − 0.75 x′), where f(0) is taken from all.
fn is_linear(case: &Case, x: &[Tensor], i: usize) -> Option<bool> {
    let other = &case.sample(42)[i];
    let between = x[i].mul_scalar(1.5).try_sub(&other.mul_scalar(0.75)).ok()?;
    let [y, of_other, of_between] = [&x[i], other, &between].map(|x_i| with(case, x, i, x_i));
    let (y, of_other, of_between) = (y?, of_other?, of_between?);
    let none = with(case, x, i, &x[i].zeros_like())?;
    let alike = [&of_other, &of_between, &none].iter().all(|other| other.len() == y.len());
    let scale = y.iter().chain(&of_other).fold(1e-300, |m: f64, y| m.max(y.abs()));
    let sums = y.iter().zip(&of_other).zip(&of_between).zip(&none);
    let near = |(((a, b), c), none): (((&f64, &f64), &f64), &f64)| {
        (1.5 * (a - none) - 0.75 * (b - none) - (c - none)).abs() <= 1e-12 * scale
    };
    Some(alike && y != none && sums.into_iter().all(near))
}

/// The inputs that the operation is linear in, each with the others as they are.
pub(super) fn linear_inputs(case: &Case) -> Vec<usize> {
    let x = case.sample(41);
    let inputs = (0..x.len()).filter(|i| x[*i].dtype().is_float() && x[*i].numel() > 0);
    inputs.filter(|i| is_linear(case, &x, *i) == Some(true)).collect()
}

fn adjoints_are_adjoints(case: &Case) {
    if !case.gradient {
        return;
    }
    holds(case, &linear_inputs(case));
    let shapes = case.shapes();
    let numel = |shape: &Vec<usize>| shape.iter().product::<usize>();
    for size in distinct(&shapes) {
        let largest = shapes.iter().filter(|shape| shape.contains(&size)).map(numel).max().unwrap_or(1);
        let larger = (size * LARGER).div_ceil(largest.max(1)).min(bearable(case, &shapes, size, LARGER));
        // Of odd size, so blocks do not divide it.
        let larger = replaced(&shapes, size, larger | 1);
        if larger.iter().map(numel).sum::<usize>() <= 8 * LARGER {
            // What is filled at all places is linear in the number; with more places it is not.
            let case = case.of_shapes(&larger);
            holds(&case, &linear_inputs(&case));
        }
    }
}

/// A gradient that is very small or very large gives the gradients of one that is not, times its scale.
fn gradients_scale(case: &Case) {
    let x: Vec<Tensor> = case.sample(43).iter().map(Tensor::requires_grad).collect();
    let Ok(y) = (case.call)(&x) else { return };
    if !case.gradient || !y.is_tracked() {
        return;
    }
    let (seed, targets) = (case_seed(&y), x.iter().collect::<Vec<_>>());
    let gradients = |scale: f64| {
        let seed = seed.mul_scalar(scale);
        let recorded = crate::grad_with(&[(&y, &seed)], &targets).unwrap_or_else(|e| panic!("{e}"));
        let fused = crate::Backward::new().root(&y, &seed).keep().run().unwrap_or_else(|e| panic!("{e}"));
        let fused = targets.iter().map(|x| fused.get(x).cloned());
        let numbers = |g: Option<Tensor>| g.map_or_else(Vec::new, |g| g.mul_scalar(1.0 / scale).to_f64s());
        recorded.into_iter().chain(fused).map(numbers).collect::<Vec<_>>()
    };
    let usual = gradients(1.0);
    for power in [-80, 60] {
        for (got, want) in gradients(2f64.powi(power)).iter().zip(&usual) {
            let scale = want.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
            let near = got.iter().zip(want).all(|(got, want)| (got - want).abs() <= 1e-10 * scale);
            let near = near && got.len() == want.len() && scale.is_finite();
            assert!(near, "times 2^{power}: {got:?} instead of {want:?}");
        }
    }
}

/// The identity for each of these inputs, by both kinds of walk; a call that is refused has none.
fn holds(case: &Case, linear: &[usize]) {
    if linear.is_empty() {
        return;
    }
    let x: Vec<Tensor> = case.sample(41).iter().map(Tensor::requires_grad).collect();
    let Ok(y) = (case.call)(&x) else { return };
    let seed = case_seed(&y);
    let targets: Vec<&Tensor> = linear.iter().map(|i| &x[*i]).collect();
    let recorded = crate::grad_with(&[(&y, &seed)], &targets).unwrap_or_else(|e| panic!("{e}"));
    let fused = y.backward_with(&seed).unwrap_or_else(|e| panic!("{e}"));
    for ((i, x), recorded) in linear.iter().zip(targets).zip(&recorded) {
        let mut without = case.sample(41);
        without[*i] = x.zeros_like();
        let of_it = y.detach().try_sub(&case.call(&without)).unwrap_or_else(|e| panic!("{e}"));
        let (want, size) = dot(&of_it, &seed);
        for (walk, gradient) in [("fused", fused.get(x)), ("recorded", recorded.as_ref())] {
            let (got, of_got) = gradient.map_or((0.0, 0.0), |gradient| dot(x, gradient));
            assert!(
                (got - want).abs() <= 1e-11 * (size + of_got),
                "{walk}: ⟨x, f*(s)⟩ is {got}, ⟨f(x) − f(0), s⟩ is {want}, of an input {:?} of {:?}",
                x.shape(),
                case.shapes()
            );
        }
    }
}

#[test]
fn products_are_linear_in_each_factor_and_powers_are_not() {
    let inputs = || vec![Input::real(&[3, 4], -1.0..1.0), Input::real(&[4, 2], -1.0..1.0)];
    let product = Case::new("matmul", inputs(), |x| x[0].matmul(&x[1]));
    assert_eq!(linear_inputs(&product), [0, 1]);
    let square = Case::new("square", inputs(), |x| x[0].square().matmul(&x[1]));
    assert_eq!(linear_inputs(&square), [1]);
    let shift = Case::new("shift", inputs(), |x| Ok(x[0].add_scalar(1.0)));
    assert_eq!(linear_inputs(&shift), [0]);
    let size = Case::new("size", inputs(), |x| Ok(x[0].abs()));
    assert!(linear_inputs(&size).is_empty());
}

#[test]
#[should_panic(expected = "⟨x, f*(s)⟩ is")]
fn a_wrong_adjoint_is_found() {
    let call = |x: &[Tensor]| {
        let wrong = |gy: &Tensor, x: &[Tensor], _: &Tensor| Ok(vec![Some(gy.try_add(&x[0].mul_scalar(1e-6))?)]);
        crate::custom("identity", &[&x[0]], |x| Ok(x[0].mul_scalar(1.0)), wrong)
    };
    holds(&Case::new("identity", vec![Input::real(&[3, 4], -1.0..1.0)], call), &[0]);
}
