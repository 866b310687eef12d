//! The table of kinks and ties in `docs/conventions.md`, executed row by row: values where no derivative exists. And
//! what the page says of dtypes and operators.
//!
//! Every gradient is taken twice, by the fused kernel (`backward`) and by the recorded walk (`grad`), which must agree.

mod network;
mod pointwise;
mod reductions;

use std::panic::{AssertUnwindSafe, catch_unwind};
use wengert::core::{DType, Result, Tensor, grad, grad_with};

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

/// The gradient of Σ v · ∂f/∂x; none if ∂f/∂x depends on nothing.
#[track_caller]
fn second(x: &[f64], v: &[f64], f: impl Fn(&Tensor) -> Result<Tensor>) -> Option<Vec<f64>> {
    let x = Tensor::from_slice(x, &[x.len()]).expect("as many elements").requires_grad();
    let first = grad(&f(&x).expect("shapes fit").sum(), &[&x]).expect("tracked").remove(0);
    let along = first.try_mul(&Tensor::from_slice(v, &[v.len()]).expect("as many elements")).expect("one shape").sum();
    if !along.is_tracked() {
        return None;
    }
    along.backward().expect("tracked").get(&x).map(Tensor::to_f64s)
}

/// Checks that nothing flows back through a function of a matrix.
#[track_caller]
fn flat(f: impl Fn(&Tensor) -> Result<Tensor>) {
    let x = Tensor::from([[1.5, -0.5]]).requires_grad();
    assert!(!f(&x).expect("defined").is_tracked());
}

/// A row of the table, known by its first column, and what executes it.
type Row = (&'static str, fn());

const ROWS: [&[Row]; 10] = [
    pointwise::PIECEWISE,
    pointwise::TWO_OPERANDS,
    pointwise::POWERS,
    pointwise::FLAT,
    reductions::TIES,
    reductions::SUMS,
    network::PLACES,
    network::WINDOWS,
    network::MATRICES,
    network::LAYERS,
];

#[test]
fn every_row_holds() {
    let broken = |(title, row): &&Row| {
        let panic = catch_unwind(row).err()?;
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Some(format!("{title}: {}", text.unwrap_or("it panics")))
    };
    let broken: Vec<String> = ROWS.iter().flat_map(|rows| rows.iter()).filter_map(|row| broken(&row)).collect();
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn the_rows_are_those_of_the_page() {
    let page = include_str!("../../docs/conventions.md");
    let table = page.lines().skip_while(|line| *line != "| point | value |").skip(2);
    let mut page: Vec<&str> = table.map_while(|line| line.strip_prefix("| ")?.split(" | ").next()).collect();
    let mut executed: Vec<&str> = ROWS.iter().flat_map(|rows| rows.iter()).map(|(title, _)| *title).collect();
    page.sort_unstable();
    executed.sort_unstable();
    let missing: Vec<_> = page.iter().filter(|row| !executed.contains(row)).collect();
    let unknown: Vec<_> = executed.iter().filter(|row| !page.contains(row)).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "not executed: {missing:#?}\nnot on the page: {unknown:#?}");
    assert!(page.len() == executed.len() && page.len() > 50, "{} and {}", page.len(), executed.len());
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
