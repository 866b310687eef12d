//! The tests that every case goes through.

use super::{Case, all};
use crate::gradcheck::GradCheck;
use crate::tensor::{DType, Tensor};

impl Case {
    fn check_gradients(&self, x: &[Tensor], what: &str) {
        let checked = GradCheck::default().check(|x| (self.call)(x), x);
        checked.unwrap_or_else(|e| panic!("{} ({what}): {e}", self.op));
    }
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
            let inputs = case.inputs.iter().map(|input| input.of_shape(shape)).collect();
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
            let inputs = inputs.map(|(shape, input)| input.of_shape(shape)).collect();
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
