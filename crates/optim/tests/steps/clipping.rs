//! Clipping against hand-computed norms, at the borders of the number range, and its errors.

use autograd_core::{Gradients, Tensor};
use wengert_optim::{ClipNorm, clip_grad_norm, clip_grad_value};

/// Gradients with these values, and the tensors they belong to.
fn gradients(values: &[&[f64]]) -> (Gradients, Vec<Tensor>) {
    let leaf = |v: &&[f64]| Tensor::from_slice(v, &[v.len()]).expect("one dimension").requires_grad();
    let leaves: Vec<Tensor> = values.iter().map(leaf).collect();
    let mut grads = Gradients::default();
    leaves.iter().for_each(|x| grads.insert(x, x.detach()).expect("a leaf"));
    (grads, leaves)
}

fn clipped(values: &[&[f64]], max_norm: f64, p: f64) -> (f64, Vec<Vec<f64>>) {
    let (mut grads, leaves) = gradients(values);
    let total = clip_grad_norm(&mut grads, ClipNorm::new(max_norm).norm_type(p)).expect("valid");
    (total, leaves.iter().map(|x| grads.get(x).expect("kept").to_f64s()).collect())
}

#[test]
fn norms_are_taken_over_all_gradients_together() {
    let values: [&[f64]; 3] = [&[1.0, -2.0], &[], &[4.0]];
    for (p, expected) in [
        (1.0, 7.0),
        (2.0, 21f64.sqrt()),
        (3.0, 73f64.cbrt()),
        (0.5, (1.0 + 2f64.sqrt() + 2.0).powi(2)),
        (f64::INFINITY, 4.0),
    ] {
        let (total, after) = clipped(&values, 2.0, p);
        assert!((total - expected).abs() < 1e-12 * expected, "p = {p}: {total} instead of {expected}");
        let factor = 2.0 / (expected + 1e-6);
        assert!((after[0][1] + 2.0 * factor).abs() < 1e-12 && (after[2][0] - 4.0 * factor).abs() < 1e-12);
        assert_eq!(clipped(&values, 100.0, p).1, [vec![1.0, -2.0], vec![], vec![4.0]]);
    }
    assert_eq!(clipped(&[], 1.0, 2.0).0, 0.0);
    assert_eq!(clipped(&[&[0.0, 0.0]], 1.0, 2.0), (0.0, vec![vec![0.0, 0.0]]));
}

#[test]
fn powers_that_leave_the_number_range_do_not_spoil_the_norm() {
    for scale in [1e-200, 1e200] {
        for p in [2.0, 3.0] {
            let (total, _) = clipped(&[&[3.0 * scale, 4.0 * scale]], f64::INFINITY, p);
            let expected = (3f64.powf(p) + 4f64.powf(p)).powf(1.0 / p) * scale;
            assert!((total / expected - 1.0).abs() < 1e-12, "{total} instead of {expected}");
        }
    }
    let x = Tensor::from([3e30, 4e30]).requires_grad();
    let mut grads = Gradients::default();
    grads.insert(&x, x.detach()).expect("tracked");
    assert!((clip_grad_norm(&mut grads, 1.0).expect("valid") / 5e30 - 1.0).abs() < 1e-6);
    assert!((grads.get(&x).expect("kept").to_f64s()[1] - 0.8).abs() < 1e-6);
}

/// Powers of some elements underflow or overflow, those of others do not; many small ones count together.
#[test]
fn powers_that_leave_the_range_in_part_count() {
    use autograd_core::DType;
    for (dtype, large, small) in [
        (DType::F32, 1e-19, 1e-22),
        (DType::F32, 3e-23, 1e-23),
        (DType::F32, 1e19, 1e18),
        (DType::F64, 1e-160, 3e-163),
        (DType::F64, 1e-103, 2e-107),
        (DType::F64, 2e154, 1e153),
        (DType::F64, 1.0, 1e-162),
    ] {
        let values = [vec![large], vec![small; 100_000]].concat();
        let x = Tensor::from_slice(&values, &[values.len()]).expect("small").to_dtype(dtype).requires_grad();
        for p in [0.5, 1.0, 2.0, 3.0, 7.0] {
            let mut grads = Gradients::default();
            grads.insert(&x, x.detach()).expect("tracked");
            let exact = x.to_f64s();
            let expected = exact[0] * exact.iter().map(|x| (x / exact[0]).powf(p)).sum::<f64>().powf(1.0 / p);
            let total = clip_grad_norm(&mut grads, ClipNorm::new(f64::INFINITY).norm_type(p)).expect("valid");
            assert!((total / expected - 1.0).abs() < 1e-11, "{dtype}, {large}, p = {p}: {total}, not {expected}");
        }
    }
}

#[test]
fn what_is_not_finite_is_not_hidden() {
    let (total, after) = clipped(&[&[1.0, f64::NAN], &[2.0]], 1.0, 2.0);
    assert!(total.is_nan() && after.iter().flatten().all(|x| x.is_nan()));
    for p in [1.0, 2.0, f64::INFINITY] {
        let (total, after) = clipped(&[&[1.0, f64::NEG_INFINITY], &[2.0]], 1.0, p);
        assert_eq!(total, f64::INFINITY);
        assert!(after[0][0] == 0.0 && after[0][1].is_nan() && after[1][0] == 0.0);
    }
}

#[test]
fn arguments_outside_their_ranges_are_named_and_nothing_changes() {
    let (mut grads, leaves) = gradients(&[&[3.0, 4.0]]);
    let text = |result: wengert_optim::Result<f64>| result.expect_err("refused").to_string();
    let at_least = "it must be at least 0";
    assert_eq!(text(clip_grad_norm(&mut grads, -1.0)), format!("clip_grad_norm: max_norm is -1.0, {at_least}"));
    assert_eq!(text(clip_grad_norm(&mut grads, f64::NAN)), format!("clip_grad_norm: max_norm is NaN, {at_least}"));
    let positive = "it must be positive, or infinity";
    assert_eq!(
        text(clip_grad_norm(&mut grads, ClipNorm::new(1.0).norm_type(0.0))),
        format!("clip_grad_norm: norm_type is 0.0, {positive}")
    );
    assert_eq!(
        text(clip_grad_norm(&mut grads, ClipNorm::new(1.0).norm_type(f64::NAN))),
        format!("clip_grad_norm: norm_type is NaN, {positive}")
    );
    let error = clip_grad_value(&mut grads, -0.5).expect_err("refused");
    assert_eq!(error.to_string(), format!("clip_grad_value: clip_value is -0.5, {at_least}"));
    assert_eq!(grads.get(&leaves[0]).expect("kept").to_f64s(), [3.0, 4.0]);
}

#[test]
fn values_are_limited_on_both_sides() {
    let (mut grads, leaves) = gradients(&[&[-3.0, 0.25, f64::INFINITY], &[f64::NAN]]);
    clip_grad_value(&mut grads, 0.5).expect("valid");
    assert_eq!(grads.get(&leaves[0]).expect("kept").to_f64s(), [-0.5, 0.25, 0.5]);
    assert!(grads.get(&leaves[1]).expect("kept").to_f64s()[0].is_nan());
}
