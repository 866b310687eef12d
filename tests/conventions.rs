//! The table of kinks and ties in `docs/conventions.md`, executed line by line: values where no derivative exists.
//!
//! Every gradient is taken twice, by the fused kernel (`backward`) and by the recorded walk (`grad`), which must agree.

use std::panic::{AssertUnwindSafe, catch_unwind};
use wengert::core::{DType, Result, Tensor, grad_with};

const INF: f64 = f64::INFINITY;

fn same(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
}

/// Gradients of Σ y · seed with respect to each of the inputs.
#[track_caller]
fn seeded_gradients<const N: usize>(
    inputs: [&[f64]; N],
    seed: Option<&[f64]>,
    f: impl Fn(&[Tensor; N]) -> Result<Tensor>,
) -> [Vec<f64>; N] {
    let x = inputs.map(|x| Tensor::from_slice(x, &[x.len()]).expect("as many elements").requires_grad());
    let y = f(&x).expect("shapes fit");
    let seed = match seed {
        Some(seed) => Tensor::from_slice(seed, y.shape()).expect("as many elements"),
        None => y.detach().ones_like(),
    };
    let targets: Vec<&Tensor> = x.iter().collect();
    let recorded = grad_with(&[(&y, &seed)], &targets).expect("tracked");
    let fused = y.backward_with(&seed).expect("tracked");
    let fused = x.each_ref().map(|x| fused.get(x).expect("used").to_f64s());
    for (fused, recorded) in fused.iter().zip(&recorded) {
        let recorded = recorded.as_ref().expect("used").to_f64s();
        assert!(same(fused, &recorded), "fused {fused:?}, recorded {recorded:?}");
    }
    fused
}

/// The gradient of Σ f(x).
#[track_caller]
fn check(x: &[f64], want: &[f64], f: impl Fn(&Tensor) -> Result<Tensor>) {
    let [got] = seeded_gradients([x], None, |[x]| f(x));
    assert!(same(&got, want), "at {x:?}: {got:?}, expected {want:?}");
}

/// The gradients of Σ f(a, b).
#[track_caller]
fn check_two(a: &[f64], b: &[f64], want: [&[f64]; 2], f: impl Fn(&Tensor, &Tensor) -> Result<Tensor>) {
    let got = seeded_gradients([a, b], None, |[a, b]| f(a, b));
    assert!(same(&got[0], want[0]) && same(&got[1], want[1]), "at {a:?}, {b:?}: {got:?}, expected {want:?}");
}

#[test]
fn kinks_of_piecewise_linear_functions() {
    check(&[-1.0, -0.0, 0.0, 1.0], &[0.0, 0.0, 0.0, 1.0], |x| Ok(x.relu()));
    check(&[-1.0, -0.0, 0.0, 1.0], &[-1.0, 0.0, 0.0, 1.0], |x| Ok(x.abs()));
    check(&[-1.0, -0.0, 0.0, 1.0], &[0.1, 0.1, 0.1, 1.0], |x| Ok(x.leaky_relu(0.1)));
    check(&[-3.0, -2.0, 0.5, 1.0, 2.0], &[0.0, 0.0, 1.0, 0.0, 0.0], |x| x.clamp(-2.0, 1.0));
    // x is 0 there, and so is the slope's share.
    check_two(&[-2.0, 0.0, 3.0], &[0.25], [&[0.25, 0.25, 1.0], &[-2.0]], |x, w| x.prelu(w));
}

#[test]
fn ties() {
    check_two(&[1.0, 2.0, 3.0], &[1.0, 3.0, 2.0], [&[0.5, 0.0, 1.0], &[0.5, 1.0, 0.0]], |a, b| a.maximum(b));
    check_two(&[1.0, 2.0, 3.0], &[1.0, 3.0, 2.0], [&[0.5, 1.0, 0.0], &[0.5, 0.0, 1.0]], |a, b| a.minimum(b));
    let bounded = |x: &Tensor, min: &Tensor| x.clamp_tensor(Some(min), None);
    check_two(&[1.0, 0.0, 3.0], &[1.0, 2.0, 2.0], [&[0.5, 0.0, 1.0], &[0.5, 1.0, 0.0]], bounded);
    check(&[1.0, -2.0], &[1.0, 1.0], |x| x.maximum(x));
    check(&[1.0, -2.0], &[1.0, 1.0], |x| x.minimum(x));

    check(&[3.0, 1.0, 3.0], &[0.5, 0.0, 0.5], |x| x.max());
    check(&[-0.0, 0.0, -1.0], &[0.5, 0.5, 0.0], |x| x.max());
    check(&[1.0, 3.0, 1.0, 1.0], &[1.0 / 3.0, 0.0, 1.0 / 3.0, 1.0 / 3.0], |x| x.amin(0));

    check(&[3.0, 1.0, 3.0], &[1.0, 0.0, 0.0], |x| Ok(x.max_dim(0)?.0));
    check(&[3.0, 1.0, 1.0], &[0.0, 1.0, 0.0], |x| Ok(x.min_dim(0)?.0));
    let tied = Tensor::from([[0.0, 5.0, 5.0], [2.0, 2.0, 2.0]]);
    assert_eq!(tied.argmax(1).expect("a dim").to_f64s(), [1.0, 0.0]);
}

#[test]
fn limits_of_powers_and_roots() {
    check(&[0.0], &[INF], |x| Ok(x.sqrt()));
    for (exponent, slope) in
        [(0.5, INF), (0.3, INF), (0.0, 0.0), (1.0, 1.0), (1.5, 0.0), (2.0, 0.0), (3.0, 0.0), (4.5, 0.0)]
    {
        check(&[0.0], &[slope], |x| Ok(x.powf(exponent)));
    }
    for exponent in [-0.5, -1.0, -2.5] {
        check(&[0.0], &[-INF], |x| Ok(x.powf(exponent)));
    }
    // The base's gradient, then the exponent's.
    for (b, by_base, by_exponent) in
        [(2.0, 0.0, 0.0), (1.0, 1.0, 0.0), (0.5, INF, 0.0), (0.0, 0.0, 0.0), (-1.0, -INF, -INF)]
    {
        check_two(&[0.0], &[b], [&[by_base], &[by_exponent]], |a, b| a.pow(b));
    }
}

#[test]
fn standard_deviation_and_products_at_zero() {
    check(&[2.0, 2.0, 2.0], &[0.0, 0.0, 0.0], |x| x.std(1.0));
    check(&[0.0, 2.0, 3.0], &[6.0, 0.0, 0.0], |x| x.prod());
    check(&[0.0, 2.0, 0.0], &[0.0, 0.0, 0.0], |x| x.prod());
    // Two zeros: the second derivative alone is left.
    let x = Tensor::from([0.0, 2.0, 0.0]).requires_grad();
    let first = wengert::core::grad(&x.prod().expect("defined"), &[&x]).expect("tracked").remove(0);
    let second = first.backward_with(&Tensor::from([1.0, 0.0, 0.0])).expect("tracked");
    assert_eq!(second.get(&x).expect("used").to_f64s(), [0.0, 0.0, 2.0]);
}

#[test]
fn sums_of_exponentials_of_nothing_but_minus_infinity() {
    let nothing = [-INF, -INF];
    check(&nothing, &[0.0, 0.0], |x| x.logsumexp(0));
    let x = Tensor::from_slice(&nothing, &[2]).expect("two");
    assert_eq!(x.logsumexp(0).expect("a dim").to_f64s(), [-INF]);
    assert!(x.softmax(0).expect("a dim").to_f64s().iter().all(|y| y.is_nan()));
    assert!(x.log_softmax(0).expect("a dim").to_f64s().iter().all(|y| y.is_nan()));
}

#[test]
fn where_selects_and_never_multiplies() {
    let mask = Tensor::from([true, false]);
    // Infinite slopes flow into the operand that was not chosen only as zeros.
    let [a, b] = seeded_gradients([&[1.0, 2.0], &[3.0, 4.0]], Some(&[INF, INF]), |[a, b]| mask.where_cond(a, b));
    assert!(same(&a, &[INF, 0.0]) && same(&b, &[0.0, INF]), "{a:?} {b:?}");
    let [a, b] = seeded_gradients([&[1.0, 2.0], &[f64::NAN, INF]], None, |[a, b]| mask.where_cond(a, b));
    assert!(same(&a, &[1.0, 0.0]) && same(&b, &[0.0, 1.0]), "{a:?} {b:?}");
}

#[test]
fn repeated_indices_add_up() {
    let index = Tensor::from([2, 0, 2, 2]);
    let seed: Option<&[f64]> = Some(&[1.0, 10.0, 100.0, 1000.0]);
    let [got] = seeded_gradients([&[5.0, 6.0, 7.0]], seed, |[x]| x.index_select(0, &index));
    assert_eq!(got, [10.0, 0.0, 1101.0]);
    let [got] = seeded_gradients([&[5.0, 6.0, 7.0]], seed, |[x]| x.gather(0, &index));
    assert_eq!(got, [10.0, 0.0, 1101.0]);
}

#[test]
fn what_is_flat_everywhere_is_not_tracked() {
    let x = Tensor::from([[1.5, -0.5]]).requires_grad();
    assert!(!x.sign().is_tracked());
    assert!(!x.argmax(1).expect("a dim").is_tracked());
    assert!(!x.argmin(..).expect("elements").is_tracked());
    assert!(!x.lt(&x).expect("one shape").is_tracked());
    assert!(!x.eq(&x).expect("one shape").is_tracked());
    assert!(!x.to_dtype(DType::I64).is_tracked());
    assert!(!x.to_dtype(DType::Bool).is_tracked());
}

#[test]
fn casting_between_floats_carries_the_gradient_back() {
    let x = Tensor::from([1.5, 2.5]).requires_grad();
    let gradients = x.to_dtype(DType::F64).square().sum().backward().expect("tracked");
    let gradient = gradients.get(&x).expect("used");
    assert_eq!((gradient.dtype(), gradient.to_f64s()), (DType::F32, vec![3.0, 5.0]));
}

#[test]
fn dtypes_of_literals_scalars_and_results() {
    assert_eq!(Tensor::from([1.5, 2.5]).dtype(), DType::F32);
    assert_eq!(Tensor::from([1, 2]).dtype(), DType::I64);
    assert_eq!(Tensor::from([true]).dtype(), DType::Bool);
    assert_eq!(Tensor::from_vec(vec![1.5f64], &[1]).expect("one").dtype(), DType::F64);
    let double = Tensor::scalar(1.0f64);
    assert_eq!(double.add_scalar(1.0).dtype(), DType::F64);
    assert_eq!(Tensor::from([1, 2]).sum().dtype(), DType::I64);
    assert_eq!(Tensor::from([1, 2]).exp().dtype(), DType::F32);
    assert!(double.try_add(&Tensor::scalar(1.0f32)).is_err(), "mixed float dtypes are an error");
}

#[test]
fn operators_panic_with_the_text_that_methods_return() {
    type Operator = fn(&Tensor, &Tensor) -> Tensor;
    type Method = fn(&Tensor, &Tensor) -> Result<Tensor>;
    let operators: [(Operator, Method); 4] = [
        (|a, b| a + b, Tensor::try_add),
        (|a, b| a - b, Tensor::try_sub),
        (|a, b| a * b, Tensor::try_mul),
        (|a, b| a / b, Tensor::try_div),
    ];
    let (a, b) = (Tensor::from([1.0, 2.0]), Tensor::from([1.0, 2.0, 3.0]));
    for (operator, method) in operators {
        assert_eq!(operator(&a, &a).to_f64s(), method(&a, &a).expect("one shape").to_f64s());
        let panic = catch_unwind(AssertUnwindSafe(|| operator(&a, &b))).expect_err("shapes that do not fit");
        let text = panic.downcast_ref::<String>().expect("a text");
        assert_eq!(*text, method(&a, &b).expect_err("shapes that do not fit").to_string());
    }
}
