//! What losses do at the edges of their definition, and what they refuse.

use autograd_core::{DType, Tensor, grad};
use wengert_nn::{
    BceWithLogitsLoss, CrossEntropyLoss, MseLoss, Reduction, Result, SmoothL1Loss, binary_cross_entropy_with_logits,
    cross_entropy, l1_loss, mse_loss, smooth_l1_loss,
};

fn text<T>(result: Result<T>) -> String {
    result.err().expect("refused").to_string()
}

fn zeros(shape: &[usize]) -> Tensor {
    Tensor::zeros(shape, DType::F32).expect("small")
}

#[test]
fn smooth_l1_without_a_square_is_l1() -> Result<()> {
    let (x, t) = (Tensor::from([1.0, -2.0, 0.5]), Tensor::from([0.5, 1.0, 0.5]));
    let smooth = SmoothL1Loss { beta: 0.0, ..SmoothL1Loss::default() }.forward(&x, &t)?;
    assert_eq!(smooth.item::<f32>()?, l1_loss(&x, &t)?.item::<f32>()?);
    Ok(())
}

#[test]
fn an_infinite_distance_has_a_finite_gradient() -> Result<()> {
    let x = Tensor::from([f64::INFINITY, 0.5]).requires_grad();
    let gradient = &grad(&smooth_l1_loss(&x, &zeros(&[2]))?, &[&x])?[0];
    assert_eq!(gradient.to_vec::<f32>()?, [0.5, 0.25]);
    Ok(())
}

#[test]
fn confident_logits_lose_no_digits() -> Result<()> {
    let x = Tensor::from([40.0, -40.0, 1000.0, -1000.0]).to_dtype(DType::F64);
    let loss = BceWithLogitsLoss { reduction: Reduction::None, ..BceWithLogitsLoss::default() };
    let right = loss.forward(&x, &Tensor::from([1.0, 0.0, 1.0, 0.0]).to_dtype(DType::F64))?.to_f64s();
    assert!(right[..2].iter().all(|l| (l / (-40f64).exp() - 1.0).abs() < 1e-14), "{right:?}");
    assert_eq!(right[2..], [0.0, 0.0]);
    let wrong = loss.forward(&x, &Tensor::from([0.0, 1.0, 0.0, 1.0]).to_dtype(DType::F64))?.to_f64s();
    assert_eq!(wrong, [40.0, 40.0, 1000.0, 1000.0]);
    Ok(())
}

#[test]
fn ignored_samples_count_nothing() -> Result<()> {
    let x = Tensor::from([[2.0, 0.0], [5.0, -5.0], [0.0, 1.0]]).requires_grad();
    let loss = CrossEntropyLoss::default();
    let with = loss.forward(&x, &Tensor::from([0, -100, 1]))?;
    let kept = loss.forward(&Tensor::from([[2.0, 0.0], [0.0, 1.0]]), &Tensor::from([0, 1]))?;
    assert!((with.item::<f32>()? - kept.item::<f32>()?).abs() < 1e-6);
    let gradient = grad(&with, &[&x])?[0].to_vec::<f32>()?;
    assert_eq!(gradient[2..4], [0.0, 0.0]);
    let none = loss.forward(&x, &Tensor::from([-100, -100, -100]))?;
    assert!(none.item::<f32>()?.is_nan());
    let sum = CrossEntropyLoss { reduction: Reduction::Sum, ..loss }.forward(&x, &Tensor::from([-100, -100, -100]))?;
    assert_eq!(sum.item::<f32>()?, 0.0);
    Ok(())
}

#[test]
fn the_mean_of_nothing_is_nan() -> Result<()> {
    assert!(mse_loss(&zeros(&[0]), &zeros(&[0]))?.item::<f32>()?.is_nan());
    let no_labels = Tensor::from_vec::<i64>(vec![], &[0])?;
    assert!(cross_entropy(&zeros(&[0, 3]), &no_labels)?.item::<f32>()?.is_nan());
    Ok(())
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let reason = "shapes [2] and [3] do not broadcast: 2 ≠ 3 in dimension −1 (counted from the end)";
    assert_eq!(text(mse_loss(&zeros(&[2]), &zeros(&[3]))), format!("mse_loss: {reason}"));
    assert_eq!(text(l1_loss(&zeros(&[2]), &zeros(&[3]))), format!("l1_loss: {reason}"));
    assert_eq!(text(smooth_l1_loss(&zeros(&[2]), &zeros(&[3]))), format!("smooth_l1_loss: {reason}"));
    assert_eq!(
        text(binary_cross_entropy_with_logits(&zeros(&[2]), &zeros(&[1]))),
        "binary_cross_entropy_with_logits: target has shape [1], expected [2], that of the input"
    );
    let weighted = BceWithLogitsLoss { pos_weight: Some(zeros(&[3])), ..BceWithLogitsLoss::default() };
    assert_eq!(
        text(weighted.forward(&zeros(&[2]), &zeros(&[2]))),
        format!("binary_cross_entropy_with_logits: {reason}")
    );
    let scalar = zeros(&[]);
    assert_eq!(
        text(cross_entropy(&scalar, &Tensor::from(0))),
        "cross_entropy: the input has shape [], expected [C], [N, C] or [N, C, ..]"
    );
    assert_eq!(
        text(cross_entropy(&zeros(&[2, 3, 4]), &Tensor::from([0, 1]))),
        "cross_entropy: target has shape [2], expected [2, 4]"
    );
    assert_eq!(
        text(cross_entropy(&zeros(&[2, 3]), &zeros(&[2]))),
        "cross_entropy: the target of class probabilities has shape [2], expected [2, 3], that of the input"
    );
    let weighted = CrossEntropyLoss { weight: Some(zeros(&[2])), ..CrossEntropyLoss::default() };
    assert_eq!(
        text(weighted.forward(&zeros(&[2, 3]), &Tensor::from([0, 1]))),
        "cross_entropy: weight has shape [2], expected [3], one a class"
    );
}

#[test]
fn dtypes_that_do_not_fit_are_refused() {
    let doubles = zeros(&[2]).to_dtype(DType::F64);
    assert_eq!(
        text(mse_loss(&zeros(&[2]), &doubles)),
        "mse_loss: dtypes F32 and F64 do not mix; convert one with to_dtype"
    );
    assert_eq!(
        text(l1_loss(&Tensor::from([1, 2]), &zeros(&[2]))),
        "l1_loss: dtype is I64, expected F32 or F64; to_dtype converts"
    );
    assert_eq!(
        text(cross_entropy(&zeros(&[2, 3]), &Tensor::from([true, false]))),
        "cross_entropy: dtype is Bool, expected I64; to_dtype converts"
    );
    assert_eq!(
        text(cross_entropy(&zeros(&[2]), &doubles)),
        "cross_entropy: dtypes F32 and F64 do not mix; convert one with to_dtype"
    );
    let weighted = CrossEntropyLoss { weight: Some(doubles), ..CrossEntropyLoss::default() };
    assert_eq!(
        text(weighted.forward(&zeros(&[2]), &Tensor::from(0))),
        "cross_entropy: dtypes F32 and F64 do not mix; convert one with to_dtype"
    );
}

#[test]
fn arguments_out_of_range_are_refused() {
    for class in [-1, 3] {
        assert_eq!(
            text(cross_entropy(&zeros(&[2, 3]), &Tensor::from([0, class]))),
            format!("cross_entropy: index {class} at position 1 is out of range for axis 1 of shape [2, 3]")
        );
    }
    for beta in [-1.0, f64::NAN, f64::INFINITY] {
        let loss = SmoothL1Loss { beta, ..SmoothL1Loss::default() };
        assert_eq!(
            text(loss.forward(&zeros(&[1]), &zeros(&[1]))),
            format!("smooth_l1_loss: beta is {beta:?}, it must be finite and at least 0")
        );
    }
    for label_smoothing in [-0.1, 1.5, f64::NAN] {
        let loss = CrossEntropyLoss { label_smoothing, ..CrossEntropyLoss::default() };
        assert_eq!(
            text(loss.forward(&zeros(&[1, 2]), &Tensor::from([0]))),
            format!("cross_entropy: label_smoothing is {label_smoothing:?}, it must be in [0, 1]")
        );
    }
    let loss = CrossEntropyLoss { ignore_index: 1, ..CrossEntropyLoss::default() };
    assert_eq!(
        text(loss.forward(&zeros(&[1, 2]), &zeros(&[1, 2]))),
        "cross_entropy: ignore_index is 1, it must be negative with class probabilities: there is no class to ignore"
    );
}

#[test]
fn a_reduction_is_an_option() -> Result<()> {
    let (x, t) = (Tensor::from([1.0, 2.0]), Tensor::from([0.0, 0.0]));
    let all = [(Reduction::None, vec![1.0, 4.0]), (Reduction::Mean, vec![2.5]), (Reduction::Sum, vec![5.0])];
    for (reduction, expected) in all {
        assert_eq!(MseLoss { reduction }.forward(&x, &t)?.to_f64s(), expected);
    }
    Ok(())
}

#[test]
fn an_output_is_not_repeated_for_a_target() {
    let (column, row) = (Tensor::from([[1.0], [2.0]]), Tensor::from([1.0, 2.0]));
    let text = "the target has shape [2], expected one that broadcasts to the input's, [2, 1]";
    for (name, result) in [
        ("mse_loss", mse_loss(&column, &row)),
        ("l1_loss", l1_loss(&column, &row)),
        ("smooth_l1_loss", smooth_l1_loss(&column, &row)),
    ] {
        assert_eq!(result.expect_err("four pairs of which two are meant").to_string(), format!("{name}: {text}"));
    }
    assert!(mse_loss(&Tensor::from([[1.0, 2.0], [3.0, 4.0]]), &row).is_ok());
}
