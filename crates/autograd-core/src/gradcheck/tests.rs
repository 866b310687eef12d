use super::*;
use crate::{custom, no_grad};

fn point() -> Tensor {
    Tensor::from_vec(vec![0.3, -0.7, 1.1], &[3]).expect("three numbers")
}

#[test]
fn a_right_gradient_passes_in_both_orders() {
    let report = gradcheck(|x| Ok(x[0].tanh()), &[point()]).expect("right");
    assert_eq!(report.compared, 12); // three inputs and three upstream gradients, twice
    assert!(report.max_error < 1e-8 && report.moved == 0);
}

#[test]
fn a_wrong_gradient_is_named_with_input_element_and_values() {
    let wrong =
        |x: &[Tensor]| custom("wrong", &[&x[0]], |x| Ok(x[0].square()), |gy, x, _| Ok(vec![Some(gy.try_mul(&x[0])?)]));
    let error = gradcheck(wrong, &[point()]).expect_err("wrong");
    let Some(mismatch) = error.detail::<Mismatch>() else { panic!("{error}") };
    assert_eq!((mismatch.order, mismatch.input, mismatch.index), (1, 0, Some(0)));
    assert!((mismatch.numeric / mismatch.analytic - 2.0).abs() < 1e-6);
    assert!(error.to_string().starts_with("gradient with respect to input 0 at element 0: analytic "));
}

#[test]
fn a_gradient_that_is_only_right_for_a_sum_fails() {
    let wrong =
        |x: &[Tensor]| custom("wrong", &[&x[0]], |x| Ok(x[0].square()), |_, x, _| Ok(vec![Some(x[0].mul_scalar(2.0))]));
    assert!(gradcheck(wrong, &[point()]).is_err());
}

#[test]
fn a_wrong_second_derivative_is_told_from_a_wrong_first() {
    // The first derivative is right, but what it depends on was cut off.
    let cut = |x: &[Tensor]| {
        custom(
            "cut",
            &[&x[0]],
            |x| Ok(x[0].square()),
            |gy, x, _| Ok(vec![Some(gy.try_mul(&x[0].detach().mul_scalar(2.0))?)]),
        )
    };
    let error = gradcheck(cut, &[point()]).expect_err("wrong");
    let Some(mismatch) = error.detail::<Mismatch>() else { panic!("{error}") };
    assert_eq!(mismatch.order, 2);
    let first_only = GradCheck::new().second_order(false);
    first_only.check(cut, &[point()]).expect("the first derivative is right");
}

#[test]
fn kinks_are_stepped_around() {
    let x = Tensor::from_vec(vec![0.0, 1e-5, 0.7], &[3]).expect("three numbers");
    let report = gradcheck(|x| Ok(x[0].relu()), &[x]).expect("right away from the kink");
    assert!(report.moved > 0);
}

#[test]
fn large_inputs_are_checked_in_random_directions() {
    let mut rng = crate::seeded(1);
    let x = Tensor::randn(&[20, 10], DType::F64, &mut rng).expect("small");
    let report = gradcheck(|x| x[0].softmax(1), std::slice::from_ref(&x)).expect("right");
    assert_eq!(report.compared, 8);
    let wrong = |x: &[Tensor]| {
        let y = x[0].softmax(1)?;
        let detached = no_grad(|| x[0].square());
        y.try_add(&detached)
    };
    let error = gradcheck(wrong, &[x]).expect_err("the square is not tracked");
    assert!(error.to_string().starts_with("gradient in a random direction: analytic "), "{error}");
}

#[test]
fn single_precision_is_refused() {
    let error = gradcheck(|x| Ok(x[0].exp()), &[Tensor::from([1.0])]).expect_err("refused");
    assert_eq!(error.to_string(), "gradcheck: dtype is F32, expected F64; to_dtype converts");
}
