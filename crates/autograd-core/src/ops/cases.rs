//! The table of operation cases, and the tests it drives.
//!
//! A case is an operation, its inputs and the plain formula in f64. Every case goes through: value in f64 and f32, first
//! and second derivatives against finite differences, fused against recorded gradient, permuted and expanded inputs,
//! every combination of tracked and untracked inputs, the same tensor for several inputs, no elements and one element,
//! bitwise repeatability, inputs left as they were.

use crate::error::Result;
use crate::gradcheck::GradCheck;
use crate::tensor::{DType, Tensor};
use rand::RngExt;
use std::ops::Range;
use std::sync::Arc;

type Call = Arc<dyn Fn(&[Tensor]) -> Result<Tensor>>;
type Reference = Arc<dyn Fn(&[Vec<f64>]) -> Vec<f64>>;

/// An input of a case.
#[derive(Clone)]
pub(crate) struct Input {
    shape: Vec<usize>,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Real { range: Range<f64>, kinks: Vec<f64> },
    Distinct,
    Index { below: i64 },
    Mask,
}

impl Input {
    /// Uniform in a range.
    pub(crate) fn real(shape: &[usize], range: Range<f64>) -> Input {
        Input { shape: shape.into(), kind: Kind::Real { range, kinks: Vec::new() } }
    }
    /// Not closer than 0.02 to any of these.
    pub(crate) fn avoiding(mut self, at: &[f64]) -> Input {
        if let Kind::Real { kinks, .. } = &mut self.kind {
            kinks.extend(at);
        }
        self
    }
    /// In random order, no two closer than 0.1: for operations that compare elements.
    pub(crate) fn distinct(shape: &[usize]) -> Input {
        Input { shape: shape.into(), kind: Kind::Distinct }
    }
    /// Indices.
    pub(crate) fn index(shape: &[usize], below: i64) -> Input {
        Input { shape: shape.into(), kind: Kind::Index { below } }
    }
    /// Truth values.
    pub(crate) fn mask(shape: &[usize]) -> Input {
        Input { shape: shape.into(), kind: Kind::Mask }
    }

    fn sample(&self, rng: &mut crate::SeededRng) -> Tensor {
        let n: usize = self.shape.iter().product();
        let made = match &self.kind {
            Kind::Real { range, kinks } => {
                let far = |x: &f64| kinks.iter().all(|k| (x - k).abs() > 0.02);
                let mut draw =
                    || std::iter::repeat_with(|| rng.random_range(range.clone())).find(far).expect("some is far");
                Tensor::from_vec((0..n).map(|_| draw()).collect(), &self.shape)
            }
            Kind::Distinct => {
                let mut x: Vec<f64> = (0..n).map(|i| i as f64 * 0.1 - n as f64 * 0.05).collect();
                (1..n).rev().for_each(|i| x.swap(i, rng.random_range(0..=i)));
                Tensor::from_vec(x, &self.shape)
            }
            Kind::Index { below } => {
                Tensor::from_vec((0..n).map(|_| rng.random_range(0..*below)).collect(), &self.shape)
            }
            Kind::Mask => Tensor::from_vec((0..n).map(|_| rng.random()).collect::<Vec<bool>>(), &self.shape),
        };
        made.expect("a small tensor")
    }
}

/// One row of the table.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) op: &'static str,
    inputs: Vec<Input>,
    call: Call,
    reference: Option<Reference>,
    gradient: bool,
    /// Element-wise operations also take any shape.
    elementwise: bool,
    with_itself: bool,
    of_views: bool,
    rtol: f64,
}

impl Case {
    pub(crate) fn new(
        op: &'static str,
        inputs: Vec<Input>,
        call: impl Fn(&[Tensor]) -> Result<Tensor> + 'static,
    ) -> Case {
        Case {
            op,
            inputs,
            call: Arc::new(call),
            reference: None,
            gradient: true,
            elementwise: false,
            with_itself: true,
            of_views: true,
            rtol: 1e-12,
        }
    }

    /// `y = f(x)` element by element.
    pub(crate) fn unary(
        op: &'static str,
        range: Range<f64>,
        kinks: &[f64],
        call: impl Fn(&Tensor) -> Tensor + 'static,
        reference: impl Fn(f64) -> f64 + 'static,
    ) -> Case {
        Case::fallible_unary(op, range, kinks, move |x| Ok(call(x)), reference)
    }

    /// As `unary`, for operations that check arguments.
    pub(crate) fn fallible_unary(
        op: &'static str,
        range: Range<f64>,
        kinks: &[f64],
        call: impl Fn(&Tensor) -> Result<Tensor> + 'static,
        reference: impl Fn(f64) -> f64 + 'static,
    ) -> Case {
        let case = Case::new(op, vec![Input::real(&[3, 4], range).avoiding(kinks)], move |x| call(&x[0]));
        Case { elementwise: true, ..case.value(move |x| x[0].iter().map(|x| reference(*x)).collect()) }
    }

    /// `z = f(a, b)` element by element.
    pub(crate) fn binary(
        op: &'static str,
        a: Range<f64>,
        b: Range<f64>,
        call: impl Fn(&Tensor, &Tensor) -> Result<Tensor> + 'static,
        reference: impl Fn(f64, f64) -> f64 + 'static,
    ) -> Case {
        let inputs = vec![Input::real(&[3, 4], a), Input::real(&[3, 4], b)];
        let case = Case::new(op, inputs, move |x| call(&x[0], &x[1]));
        Case {
            elementwise: true,
            ..case.value(move |x| x[0].iter().zip(&x[1]).map(|(a, b)| reference(*a, *b)).collect())
        }
    }

    /// The formula, on the inputs' elements in row-major order.
    pub(crate) fn value(mut self, reference: impl Fn(&[Vec<f64>]) -> Vec<f64> + 'static) -> Case {
        self.reference = Some(Arc::new(reference));
        self
    }
    /// Its result carries no gradient.
    pub(crate) fn without_gradient(mut self) -> Case {
        self.gradient = false;
        self
    }
    /// It has a kink where its inputs are equal.
    pub(crate) fn not_with_itself(mut self) -> Case {
        self.with_itself = false;
        self
    }
    /// Its result depends on the order of elements in memory.
    pub(crate) fn not_of_views(mut self) -> Case {
        self.of_views = false;
        self
    }
    /// It rounds to less than f64.
    pub(crate) fn coarse(mut self, rtol: f64) -> Case {
        self.rtol = rtol;
        self.gradient = false;
        self
    }

    fn call(&self, x: &[Tensor]) -> Tensor {
        (self.call)(x).unwrap_or_else(|e| panic!("{}: {e}", self.op))
    }

    fn sample(&self, seed: u64) -> Vec<Tensor> {
        let mut rng = crate::seeded(seed);
        self.inputs.iter().map(|input| input.sample(&mut rng)).collect()
    }

    fn check_gradients(&self, x: &[Tensor], what: &str) {
        let checked = GradCheck::default().check(|x| (self.call)(x), x);
        checked.unwrap_or_else(|e| panic!("{} ({what}): {e}", self.op));
    }
}

/// The error function by its Taylor series, exact enough up to |x| = 3.
pub(crate) fn erf_reference(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..80 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    sum * std::f64::consts::FRAC_2_SQRT_PI
}

fn all() -> Vec<Case> {
    [
        super::elementwise::cases(),
        super::index::cases(),
        super::linalg::cases(),
        super::normalize::cases(),
        super::random::cases(),
        super::reduce::cases(),
        super::shape::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn with_gradient() -> Vec<Case> {
    all().into_iter().filter(|case| case.gradient).collect()
}

fn close(got: &[f64], want: &[f64], rtol: f64) -> Option<usize> {
    assert_eq!(got.len(), want.len());
    let near = |(g, w): (&f64, &f64)| (g - w).abs() <= rtol * (1.0 + w.abs()) || (g.is_nan() && w.is_nan());
    got.iter().zip(want).position(|pair| !near(pair))
}

#[test]
fn values_agree_with_the_formula() {
    for case in all() {
        let Some(reference) = &case.reference else { continue };
        for seed in 0..3 {
            let x = case.sample(seed);
            let want = reference(&x.iter().map(Tensor::to_f64s).collect::<Vec<_>>());
            let got = case.call(&x).to_f64s();
            assert_eq!(close(&got, &want, case.rtol), None, "{}: {got:?} instead of {want:?}", case.op);
            // In single precision, comparisons may fall the other way: only what is continuous.
            if case.gradient {
                let single: Vec<Tensor> = x
                    .iter()
                    .map(|x| if x.dtype() == DType::F64 { x.to_dtype(DType::F32) } else { x.clone() })
                    .collect();
                let y = case.call(&single);
                assert_eq!(y.dtype(), DType::F32, "{}", case.op);
                assert_eq!(close(&y.to_f64s(), &want, 2e-5), None, "{} in F32", case.op);
            }
        }
    }
}

#[test]
fn derivatives_agree_with_finite_differences() {
    for case in with_gradient() {
        case.check_gradients(&case.sample(1), "plain");
    }
}

#[test]
fn fused_and_recorded_gradients_agree() {
    for case in with_gradient() {
        let x: Vec<Tensor> = case.sample(2).iter().map(Tensor::requires_grad).collect();
        let y = case.call(&x);
        let seed = Tensor::randn(y.shape(), y.dtype(), &mut crate::seeded(3)).expect("small");
        let targets: Vec<&Tensor> = x.iter().collect();
        let recorded = crate::grad_with(&[(&y, &seed)], &targets).unwrap_or_else(|e| panic!("{}: {e}", case.op));
        let fused = y.backward_with(&seed).unwrap_or_else(|e| panic!("{}: {e}", case.op));
        for (x, recorded) in x.iter().zip(recorded) {
            let (fused, recorded) = (fused.get(x).map(Tensor::to_f64s), recorded.map(|g| g.to_f64s()));
            if let (Some(fused), Some(recorded)) = (&fused, &recorded) {
                assert_eq!(close(fused, recorded, 1e-12), None, "{}: {fused:?} and {recorded:?}", case.op);
            }
            assert_eq!(fused.is_some(), recorded.is_some(), "{}", case.op);
        }
    }
}

/// The same values lying in memory in another order.
fn scrambled(x: &Tensor) -> Tensor {
    let mut order: Vec<isize> = (0..x.rank() as isize).collect();
    order.reverse();
    x.permute(&order).and_then(|t| t.packed().permute(&order)).expect("a permutation")
}

#[test]
fn views_give_the_same_as_packed_inputs() {
    for case in all().into_iter().filter(|case| case.of_views) {
        let x = case.sample(4);
        let want = case.call(&x).to_f64s();
        let views: Vec<Tensor> = x.iter().map(scrambled).collect();
        let got = case.call(&views).to_f64s();
        assert_eq!(close(&got, &want, 1e-12), None, "{} of permuted inputs", case.op);
        if case.gradient {
            case.check_gradients(&views, "permuted");
        }
    }
}

#[test]
fn every_combination_of_tracked_inputs_gives_the_same_gradients() {
    for case in with_gradient() {
        let x = case.sample(5);
        let y = case.call(&x);
        assert!(!y.is_tracked(), "{}: tracked without a reason", case.op);
        let seed = Tensor::randn(y.shape(), y.dtype(), &mut crate::seeded(6)).expect("small");
        let gradients = |mask: usize| {
            let x: Vec<Tensor> = x
                .iter()
                .enumerate()
                .map(|(i, x)| if mask >> i & 1 == 1 { x.requires_grad() } else { x.clone() })
                .collect();
            let y = case.call(&x);
            if !y.is_tracked() {
                return vec![None; x.len()];
            }
            let grads = y.backward_with(&seed).unwrap_or_else(|e| panic!("{}: {e}", case.op));
            x.iter().map(|x| grads.get(x).map(Tensor::to_f64s)).collect()
        };
        let full = gradients((1 << x.len()) - 1);
        for mask in 0..(1 << x.len()) - 1 {
            for (i, (got, want)) in gradients(mask).iter().zip(&full).enumerate() {
                let tracked = mask >> i & 1 == 1 && x[i].dtype().is_float();
                assert_eq!(got.as_ref(), want.as_ref().filter(|_| tracked), "{}: mask {mask:b}, input {i}", case.op);
            }
        }
    }
}

#[test]
fn the_same_tensor_may_be_several_inputs() {
    for case in with_gradient().into_iter().filter(|case| case.elementwise && case.with_itself && case.inputs.len() > 1)
    {
        let x = case.sample(7)[1].clone();
        let call = |x: &[Tensor]| (case.call)(&[x[0].clone(), x[0].clone()]);
        let checked = GradCheck::default().check(call, &[x]);
        checked.unwrap_or_else(|e| panic!("{} of a tensor with itself: {e}", case.op));
    }
}

#[test]
fn elementwise_operations_take_any_shape() {
    for case in all().into_iter().filter(|case| case.elementwise) {
        for shape in [&[][..], &[1], &[0], &[2, 0, 3], &[1, 1, 1], &[67], &[2, 3, 5]] {
            let inputs = case.inputs.iter().map(|input| Input { shape: shape.into(), ..input.clone() }).collect();
            let case = Case { inputs, ..case.clone() };
            let x = case.sample(8);
            assert_eq!(case.call(&x).shape(), shape, "{}", case.op);
            if case.gradient && x[0].numel() < 30 {
                case.check_gradients(&x, &format!("shape {shape:?}"));
            }
        }
    }
}

#[test]
fn binary_operations_broadcast() {
    for case in with_gradient().into_iter().filter(|case| case.elementwise && case.inputs.len() == 2) {
        for (a, b) in
            [(&[3, 1][..], &[1, 4][..]), (&[2, 3, 4], &[4]), (&[], &[2, 2]), (&[2, 1, 3], &[2, 1]), (&[0, 3], &[1, 3])]
        {
            let inputs = [a, b].into_iter().zip(&case.inputs);
            let inputs = inputs.map(|(shape, input)| Input { shape: shape.to_vec(), ..input.clone() }).collect();
            let case = Case { inputs, ..case.clone() };
            case.check_gradients(&case.sample(9), &format!("{a:?} and {b:?}"));
        }
    }
}

#[test]
fn results_repeat_bit_for_bit_and_inputs_stay() {
    for case in all() {
        let x = case.sample(10);
        let before: Vec<Vec<f64>> = x.iter().map(Tensor::to_f64s).collect();
        let bits = || case.call(&x).to_f64s().iter().map(|y| y.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(), bits(), "{}", case.op);
        assert_eq!(x.iter().map(Tensor::to_f64s).collect::<Vec<_>>(), before, "{} changed its input", case.op);
    }
}
