//! The suite that every case goes through.

use super::facts::Facts;
use super::pointwise::{digits_hold_of_pairs, digits_hold_over_the_whole_range, no_element_sees_another};
use super::{Case, Refusal, page, sizes};
use crate::gradcheck::GradCheck;
use crate::tape::SAVED;
use crate::tensor::{DType, Tensor};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A property by name.
pub(super) type Property = (&'static str, fn(&Case));

/// Runs every property over every case of a file, and reports all that fail, not only the first; then compares what
/// they have shown with the page of operations.
pub(crate) fn run(file: &str, cases: &[Case]) {
    let properties: [Property; 17] = [
        ("values agree with the formula", values_agree_with_the_formula),
        ("derivatives agree with finite differences", |case| case.check_gradients(&case.sample(1), "plain")),
        ("fused and recorded gradients agree", fused_and_recorded_gradients_agree),
        ("views give the same as packed inputs", views_give_the_same_as_packed_inputs),
        ("every combination of tracked inputs gives the same gradients", every_combination_of_tracked_inputs),
        ("the same tensor may be several inputs", the_same_tensor_may_be_several_inputs),
        ("element-wise operations take any shape", elementwise_operations_take_any_shape),
        ("element-wise operations broadcast", elementwise_operations_broadcast),
        ("no element of an element-wise operation sees another", no_element_sees_another),
        ("digits hold over the whole range", digits_hold_over_the_whole_range),
        ("digits hold of pairs from the whole range", digits_hold_of_pairs),
        ("results repeat bit for bit, and inputs stay", results_repeat_and_inputs_stay),
        ("all that is saved is shown", all_that_is_saved_is_shown),
        ("errors have their exact text and change nothing", errors_have_their_exact_text),
        ("nothing is an input like any other", sizes::nothing_is_an_input_like_any_other),
        (
            "many elements give the same bits on any number of threads",
            sizes::many_elements_give_the_same_bits_on_any_number_of_threads,
        ),
        ("an operation that can fail says how, one that cannot does not", |case| {
            assert!(case.fallible || case.refusals.is_empty(), "it cannot fail, and yet refuses something");
        }),
    ];
    let mut failures = Vec::new();
    let mut facts = Vec::new();
    for case in cases {
        let more = super::walks::PROPERTIES.iter().chain(&super::replay::PROPERTIES).chain(&super::linear::PROPERTIES);
        let more = more.chain(&super::aliases::PROPERTIES).chain(&super::extremes::PROPERTIES);
        for (name, property) in properties.iter().chain(more) {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| property(case))) {
                failures.push(format!("{}: {name}:\n  {}", case.op, text_of(&*panic)));
            }
        }
        match catch_unwind(AssertUnwindSafe(|| Facts::of(case))) {
            Ok(seen) => facts.push(seen),
            Err(panic) => failures.push(format!("{}: what it can:\n  {}", case.op, text_of(&*panic))),
        }
    }
    let silent = |case: &&Case| {
        let mut of_this = cases.iter().filter(|other| other.operation() == case.operation());
        case.fallible && of_this.all(|other| other.refusals.is_empty())
    };
    for case in cases.iter().filter(silent) {
        failures.push(format!("{}: give a case of it `.refuses(..)`, or mark it `.cannot_fail()`", case.op));
    }
    if failures.is_empty() {
        failures.extend(page::check(file, &facts).err());
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

/// The text of a panic.
pub(super) fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a text")
}

/// A seed for the walk, of the result's shape.
pub(super) fn case_seed(y: &Tensor) -> Tensor {
    Tensor::randn(y.shape(), y.dtype(), &mut crate::seeded(3)).expect("small")
}

impl Case {
    fn check_gradients(&self, x: &[Tensor], what: &str) {
        // Without elements there is nothing to check, and a check of nothing is refused.
        if self.gradient && x.iter().any(|x| x.dtype().is_float() && x.numel() > 0) {
            let checked = GradCheck::default().check(|x| (self.call)(x), x);
            checked.unwrap_or_else(|e| panic!("{what}: {e}"));
        }
    }

    /// The operation without the words that distinguish its cases: `amax` of `amax(0, 2)`, `linear` of `linear to one`.
    pub(super) fn operation(&self) -> &'static str {
        self.op.split(['(', ' ']).next().unwrap_or(self.op)
    }
}

/// The first place where two lists differ by more than `rtol`.
fn close(got: &[f64], want: &[f64], rtol: f64) -> Option<usize> {
    assert_eq!(got.len(), want.len());
    // An infinity is near itself alone: the bound of its error is one, too.
    let near = |(g, w): (&f64, &f64)| {
        g == w || (g.is_nan() && w.is_nan()) || (w.is_finite() && (g - w).abs() <= rtol * (1.0 + w.abs()))
    };
    got.iter().zip(want).position(|pair| !near(pair))
}

fn values_agree_with_the_formula(case: &Case) {
    let Some(reference) = &case.reference else { return };
    for seed in 0..3 {
        let x = case.sample(seed);
        let want = reference(&x.iter().map(Tensor::to_f64s).collect::<Vec<_>>());
        let got = case.call(&x).to_f64s();
        assert_eq!(close(&got, &want, case.rtol), None, "{got:?} instead of {want:?}");
        // In single precision, comparisons may fall the other way: only continuous operations are compared.
        if case.gradient {
            let single = |x: &Tensor| if x.dtype() == DType::F64 { x.to_dtype(DType::F32) } else { x.clone() };
            let y = case.call(&x.iter().map(single).collect::<Vec<_>>());
            assert_eq!(y.dtype(), DType::F32);
            assert_eq!(close(&y.to_f64s(), &want, 2e-5), None, "in F32");
        }
    }
}

fn fused_and_recorded_gradients_agree(case: &Case) {
    if !case.gradient {
        return;
    }
    let x: Vec<Tensor> = case.sample(2).iter().map(Tensor::requires_grad).collect();
    let y = case.call(&x);
    let seed = case_seed(&y);
    let targets: Vec<&Tensor> = x.iter().collect();
    let recorded = crate::grad_with(&[(&y, &seed)], &targets).unwrap_or_else(|e| panic!("recorded: {e}"));
    let fused = y.backward_with(&seed).unwrap_or_else(|e| panic!("fused: {e}"));
    for (x, recorded) in x.iter().zip(recorded) {
        let (fused, recorded) = (fused.get(x).map(Tensor::to_f64s), recorded.map(|g| g.to_f64s()));
        if let (Some(fused), Some(recorded)) = (&fused, &recorded) {
            assert_eq!(close(fused, recorded, 1e-12), None, "fused {fused:?}, recorded {recorded:?}");
        }
        assert_eq!(fused.is_some(), recorded.is_some());
    }
}

/// The same values lying in memory in another order.
pub(super) fn scrambled(x: &Tensor) -> Tensor {
    let mut order: Vec<isize> = (0..x.rank() as isize).collect();
    order.reverse();
    x.permute(&order).and_then(|t| t.packed().permute(&order)).expect("a permutation")
}

fn views_give_the_same_as_packed_inputs(case: &Case) {
    if case.of_views {
        let x = case.sample(4);
        let views: Vec<Tensor> = x.iter().map(scrambled).collect();
        let (got, want) = (case.call(&views).to_f64s(), case.call(&x).to_f64s());
        assert_eq!(close(&got, &want, 1e-12), None, "of permuted inputs");
        case.check_gradients(&views, "permuted");
    }
}

fn every_combination_of_tracked_inputs(case: &Case) {
    if !case.gradient {
        return;
    }
    let x = case.sample(5);
    let y = case.call(&x);
    assert!(!y.is_tracked(), "tracked without a reason");
    let seed = case_seed(&y);
    let gradients = |mask: usize| {
        let track = |(i, x): (usize, &Tensor)| if mask >> i & 1 == 1 { x.requires_grad() } else { x.clone() };
        let x: Vec<Tensor> = x.iter().enumerate().map(track).collect();
        let y = case.call(&x);
        if !y.is_tracked() {
            return vec![None; x.len()];
        }
        let grads = y.backward_with(&seed).unwrap_or_else(|e| panic!("mask {mask:b}: {e}"));
        x.iter().map(|x| grads.get(x).map(Tensor::to_f64s)).collect()
    };
    let full = gradients((1 << x.len()) - 1);
    for mask in 0..(1 << x.len()) - 1 {
        for (i, (got, want)) in gradients(mask).iter().zip(&full).enumerate() {
            let tracked = mask >> i & 1 == 1 && x[i].dtype().is_float();
            assert_eq!(got.as_ref(), want.as_ref().filter(|_| tracked), "mask {mask:b}, input {i}");
        }
    }
}

fn the_same_tensor_may_be_several_inputs(case: &Case) {
    if case.gradient && case.elementwise && case.with_itself && case.inputs.len() > 1 {
        let x = case.sample(7).pop().expect("an input");
        let n = case.inputs.len();
        let call = |x: &[Tensor]| (case.call)(&vec![x[0].clone(); n]);
        let checked = GradCheck::default().check(call, &[x]);
        checked.unwrap_or_else(|e| panic!("of a tensor with itself: {e}"));
    }
}

fn elementwise_operations_take_any_shape(case: &Case) {
    if !case.elementwise {
        return;
    }
    for shape in [&[][..], &[1], &[0], &[2, 0, 3], &[1, 1, 1], &[67], &[2, 3, 5]] {
        let case = Case { inputs: case.inputs.iter().map(|input| input.of_shape(shape)).collect(), ..case.clone() };
        let x = case.sample(8);
        assert_eq!(case.call(&x).shape(), shape);
        if x[0].numel() < 30 {
            case.check_gradients(&x, &format!("shape {shape:?}"));
        }
    }
}

fn elementwise_operations_broadcast(case: &Case) {
    if !(case.gradient && case.elementwise && case.inputs.len() > 1) {
        return;
    }
    for (a, b) in
        [(&[3, 1][..], &[1, 4][..]), (&[2, 3, 4], &[4]), (&[], &[2, 2]), (&[2, 1, 3], &[2, 1]), (&[0, 3], &[1, 3])]
    {
        let shapes = [a, b].into_iter().chain(std::iter::repeat(a));
        let inputs = shapes.zip(&case.inputs).map(|(shape, input)| input.of_shape(shape)).collect();
        let case = Case { inputs, ..case.clone() };
        case.check_gradients(&case.sample(9), &format!("{a:?} and {b:?}"));
    }
}

fn results_repeat_and_inputs_stay(case: &Case) {
    let x = case.sample(10);
    let before: Vec<Vec<f64>> = x.iter().map(Tensor::to_f64s).collect();
    let bits = || case.call(&x).to_f64s().iter().map(|y| y.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(), bits());
    assert_eq!(x.iter().map(Tensor::to_f64s).collect::<Vec<_>>(), before, "an input has changed");
}

/// Every value a forward saves is shown by [`crate::Pullback::saved`], so graphs account for all that they keep alive.
fn all_that_is_saved_is_shown(case: &Case) {
    let x: Vec<Tensor> = case.sample(12).iter().map(Tensor::requires_grad).collect();
    let before = SAVED.get();
    let y = case.call(&x);
    let saved = SAVED.get() - before;
    if y.is_tracked() && case.counts_saved {
        assert_eq!(crate::tape::saved_values(&y), saved, "values shown by `saved`, of those kept");
    }
}

/// Everything that a caller can see of a tensor.
fn seen(x: &Tensor) -> (Vec<usize>, Vec<usize>, Vec<u64>, bool) {
    let bits = x.to_f64s().into_iter().map(f64::to_bits).collect();
    (x.shape().to_vec(), x.strides().to_vec(), bits, x.is_tracked())
}

fn errors_have_their_exact_text(case: &Case) {
    let plain = case.sample(11);
    let tracked: Vec<Tensor> = plain.iter().map(Tensor::requires_grad).collect();
    let good = seen(&case.call(&plain));
    let mut wrong = Vec::new();
    for (Refusal { call, text }, x) in case.refusals.iter().flat_map(|refusal| [(refusal, &plain), (refusal, &tracked)])
    {
        let before: Vec<_> = x.iter().map(seen).collect();
        match call(x) {
            Ok(_) => wrong.push(format!("not refused: {text}")),
            Err(error) if error.to_string() != *text => wrong.push(format!("{error}\n  instead of\n  {text}")),
            Err(_) => {}
        }
        assert_eq!(x.iter().map(seen).collect::<Vec<_>>(), before, "changed by: {text}");
        assert_eq!(seen(&case.call(&plain)), good, "the result is another after: {text}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n  "));
}
