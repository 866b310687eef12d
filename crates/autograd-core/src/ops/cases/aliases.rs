//! Operands that share their elements: one tensor in several places, and views whose elements stand in one place.

use super::Case;
use super::suite::{Property, case_seed};
use crate::tensor::{DType, Tensor};

pub(super) const PROPERTIES: [Property; 2] = [
    ("one tensor in two places gives what two equal ones give", one_tensor_in_two_places),
    ("expanded and overlapping operands give what their copies give", shared_elements_are_copies),
];

/// The bits of a tensor.
type Bits = Vec<u64>;

fn bits(x: &Tensor) -> Bits {
    // Operations promise NaN, not its bits.
    x.to_f64s().into_iter().map(|x| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() }).collect()
}

/// The same elements in memory of their own, each in its own place.
fn copied(x: &Tensor) -> Tensor {
    fn of<T: crate::Element>(x: &Tensor) -> crate::Result<Tensor> {
        Tensor::from_vec(x.to_vec::<T>()?, x.shape())
    }
    let x = x.detach();
    let copy = match x.dtype() {
        DType::F32 => of::<f32>(&x),
        DType::F64 => of::<f64>(&x),
        DType::I64 => of::<i64>(&x),
        DType::Bool => of::<bool>(&x),
    };
    copy.expect("a small tensor")
}

/// The value, and the gradients of a fused and of a recorded walk.
struct Outcome {
    value: Bits,
    gradients: [Vec<Option<Tensor>>; 2],
}

/// What a case gives, or the text of the first error.
fn outcome(case: &Case, x: &[Tensor], leaves: &[&Tensor]) -> Result<Outcome, String> {
    let y = (case.call)(x).map_err(|error| error.to_string())?;
    let value = bits(&y);
    if !y.is_tracked() {
        return Ok(Outcome { value, gradients: [Vec::new(), Vec::new()] });
    }
    let seed = case_seed(&y);
    let recorded = crate::grad_with(&[(&y, &seed)], leaves).map_err(|error| error.to_string())?;
    let fused = y.backward_with(&seed).map_err(|error| error.to_string())?;
    Ok(Outcome { value, gradients: [leaves.iter().map(|leaf| fused.get(leaf).cloned()).collect(), recorded] })
}

/// The same number, up to the order of sums.
fn near(a: &[f64], b: &[f64]) -> bool {
    let same = |(a, b): (&f64, &f64)| {
        a == b || (a.is_nan() && b.is_nan()) || (b.is_finite() && (a - b).abs() <= 1e-12 * (1.0 + b.abs()))
    };
    a.len() == b.len() && a.iter().zip(b).all(same)
}

/// The value is the same to the bit, and the gradient the sum of those of the two.
fn one_tensor_in_two_places(case: &Case) {
    let x: Vec<Tensor> = case.sample(17).iter().map(Tensor::requires_grad).collect();
    for (i, j) in (0..x.len()).flat_map(|j| (0..j).map(move |i| (i, j))).filter(|(i, j)| x[*i].is_like(&x[*j])) {
        let with = |second: &Tensor| {
            let mut operands = x.clone();
            operands[j] = second.clone();
            operands
        };
        let second = copied(&x[i]).requires_grad();
        let apart = outcome(case, &with(&second), &[&x[i], &second]);
        let shared = outcome(case, &with(&x[i]), &[&x[i]]);
        let (apart, shared) = match (apart, shared) {
            (Ok(apart), Ok(shared)) => (apart, shared),
            (apart, shared) => {
                assert_eq!(shared.err(), apart.err(), "of operand {i} in the place of {j}");
                continue;
            }
        };
        assert_eq!(shared.value, apart.value, "value of operand {i} in the place of {j}");
        for (walk, (shared, apart)) in shared.gradients.iter().zip(&apart.gradients).enumerate() {
            let parts: Vec<Vec<f64>> = apart.iter().flatten().map(Tensor::to_f64s).collect();
            let Some(shared) = shared.iter().flatten().next() else {
                assert!(parts.is_empty(), "operand {i} in the place of {j} has no gradient");
                continue;
            };
            let sum: Vec<f64> = (0..shared.numel()).map(|at| parts.iter().map(|part| part[at]).sum()).collect();
            let got = shared.to_f64s();
            let walk = ["fused", "recorded"][walk];
            assert!(near(&got, &sum), "{walk} gradient of operand {i} in the place of {j}: {got:?} instead of {sum:?}");
        }
    }
}

/// Views of fewer elements than they show, of a tensor's shape: one entry of a dim for all of it, windows that overlap.
fn views(x: &Tensor) -> Vec<Tensor> {
    let mut views = Vec::new();
    for d in (0..x.rank()).filter(|d| x.shape()[*d] > 1) {
        views.extend(x.narrow(d, 0, 1).and_then(|one| one.broadcast_to(x.shape())));
    }
    if let [lead @ .., rows, columns] = x.shape()
        && *rows > 1
        && *columns > 1
    {
        let line = [lead, &[rows * columns]].concat();
        let line = x.view(&line[..]).and_then(|x| x.narrow(-1, 0, rows + columns - 1));
        views.extend(line.and_then(|line| line.unfold(-1, *columns, 1)));
    }
    views.iter().for_each(|view| assert_eq!(view.shape(), x.shape()));
    views
}

/// Value and gradients are those of a copy that has every element for itself.
fn shared_elements_are_copies(case: &Case) {
    if !case.of_views {
        return;
    }
    let x: Vec<Tensor> = case.sample(18);
    for i in 0..x.len() {
        for view in views(&x[i]) {
            let run = |operand: &Tensor| {
                let mut operands: Vec<Tensor> = x.iter().map(Tensor::requires_grad).collect();
                operands[i] = operand.requires_grad();
                let leaves: Vec<&Tensor> = operands.iter().collect();
                outcome(case, &operands, &leaves)
            };
            let what = format!("operand {i} of strides {:?}, shape {:?}", view.strides(), view.shape());
            let (got, want) = match (run(&view), run(&copied(&view))) {
                (Ok(got), Ok(want)) => (got, want),
                (got, want) => {
                    assert_eq!(got.err(), want.err(), "{what}");
                    continue;
                }
            };
            assert_eq!(got.value, want.value, "value of {what}");
            for (walk, (got, want)) in got.gradients.iter().zip(&want.gradients).enumerate() {
                for (leaf, (got, want)) in got.iter().zip(want).enumerate() {
                    let (got, want) = (got.as_ref().map(Tensor::to_f64s), want.as_ref().map(Tensor::to_f64s));
                    let agree = match (&got, &want) {
                        (Some(got), Some(want)) => near(got, want),
                        (got, want) => got.is_none() && want.is_none(),
                    };
                    let walk = ["fused", "recorded"][walk];
                    assert!(agree, "{walk} gradient {leaf} of {what}: {got:?} instead of {want:?}");
                }
            }
        }
    }
}
