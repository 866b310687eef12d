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
fn what_would_compare_nothing_or_rounding_is_refused() {
    let text = |check: GradCheck, f: fn(&[Tensor]) -> Result<Tensor>| {
        check.check(f, &[point()]).expect_err("refused").to_string()
    };
    let none = GradCheck::new().full_up_to(0).directions(0);
    assert_eq!(text(none, |x| Ok(x[0].tanh())), "gradcheck: directions is 0, it must be at least 1");
    assert_eq!(
        text(GradCheck::new(), |x| Ok(x[0].to_dtype(DType::F32).sin())),
        "gradcheck: the value's dtype is F32, expected F64, for its rounding would be taken for an error"
    );
}

#[test]
fn a_wrong_gradient_is_named_with_input_element_and_values() {
    let wrong =
        |x: &[Tensor]| custom("wrong", &[&x[0]], |x| Ok(x[0].square()), |gy, x, _| Ok(vec![Some(gy.try_mul(&x[0])?)]));
    let error = gradcheck(wrong, &[point()]).expect_err("wrong");
    let Some(mismatch) = error.detail::<Mismatch>() else { panic!("{error}") };
    assert_eq!((mismatch.order, mismatch.input, mismatch.index), (1, 0, Some(0)));
    assert!((mismatch.numeric / mismatch.analytic - 2.0).abs() < 1e-6);
    assert!(error.to_string().starts_with("gradcheck: the gradient with respect to input 0 at element 0 is "));
}

#[test]
fn a_gradient_that_is_only_right_for_a_sum_fails() {
    let wrong =
        |x: &[Tensor]| custom("wrong", &[&x[0]], |x| Ok(x[0].square()), |_, x, _| Ok(vec![Some(x[0].mul_scalar(2.0))]));
    let error = gradcheck(wrong, &[point()]).expect_err("wrong");
    let Some(mismatch) = error.detail::<Mismatch>() else { panic!("{error}") };
    assert_eq!((mismatch.order, mismatch.input, mismatch.index), (1, 0, Some(0)));
    assert!((mismatch.analytic / (2.0 * 0.3) - 1.0).abs() < 1e-12, "{error}");
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
    assert!(error.to_string().starts_with("gradcheck: the gradient in a random direction is "), "{error}");
}

#[test]
fn single_precision_is_refused() {
    let error = gradcheck(|x| Ok(x[0].exp()), &[Tensor::from([1.0])]).expect_err("refused");
    assert_eq!(error.to_string(), "gradcheck: dtype is F32, expected F64; to_dtype converts");
}

/// A function of one number, its derivative, and whether a point is in its domain.
type Known = (&'static str, fn(&Tensor) -> Result<Tensor>, fn(&Tensor) -> Result<Tensor>, fn(f64) -> bool);

const KNOWN: [Known; 9] = [
    ("square", |x| Ok(x.square()), |x| Ok(x.mul_scalar(2.0)), |_| true),
    ("sqrt", |x| Ok(x.sqrt()), |x| Ok(x.sqrt().powf(-1.0).mul_scalar(0.5)), |x| x > 0.0),
    ("log", |x| Ok(x.log()), |x| Ok(x.powf(-1.0)), |x| x > 0.0),
    ("reciprocal", |x| Ok(x.powf(-1.0)), |x| Ok(x.powf(-1.0).square().neg()), |_| true),
    ("cube", |x| Ok(x.powf(3.0)), |x| Ok(x.square().mul_scalar(3.0)), |_| true),
    ("linear", |x| Ok(x.mul_scalar(3.0)), |x| Ok(x.full_like(3.0)), |_| true),
    ("tanh", |x| Ok(x.tanh()), |x| Ok(x.tanh().square().neg().add_scalar(1.0)), |x| x.abs() < 3.0),
    ("exp", |x| Ok(x.exp()), |x| Ok(x.exp()), |x| x.abs() < 300.0),
    ("relu", |x| Ok(x.relu()), |x| Ok(x.sign().relu()), |_| true),
];

/// `factor` times the right derivative.
fn scaled(known: Known, factor: f64) -> impl Fn(&[Tensor]) -> Result<Tensor> {
    let (_, f, derivative, _) = known;
    move |x| {
        let backward = move |gy: &Tensor, x: &[Tensor], _: &Tensor| {
            Ok(vec![Some(gy.try_mul(&derivative(&x[0])?)?.mul_scalar(factor))])
        };
        custom("scaled", &[&x[0]], |x| f(&x[0]), backward)
    }
}

#[test]
fn right_gradients_pass_and_wrong_ones_do_not_at_any_size_of_x() {
    let mut failures = Vec::new();
    for exponent in -10..=14 {
        for mantissa in [1.0, 3.7, -2.3] {
            let x = mantissa * f64::powi(10.0, exponent);
            let inputs = [Tensor::from_vec(vec![x], &[1]).expect("a number")];
            for known in KNOWN.into_iter().filter(|(.., domain)| domain(x)) {
                if let Err(error) = gradcheck(scaled(known, 1.0), &inputs) {
                    failures.push(format!("{} at {x:e}: refused: {error}", known.0));
                }
                for factor in [10.0, 1.001, 0.0, -1.0] {
                    let zero = known.0 == "relu" && x < 0.0;
                    if !zero && gradcheck(scaled(known, factor), &inputs).is_ok() {
                        failures.push(format!("{} at {x:e}: {factor} times the gradient passes", known.0));
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn elements_of_very_different_sizes_are_each_checked() {
    let x = Tensor::from_vec(vec![1e-10, 1e-3, 1.0, 1e6, 1e14], &[5]).expect("five numbers");
    for known in KNOWN.into_iter().filter(|(name, ..)| !["tanh", "exp"].contains(name)) {
        let (name, ..) = known;
        gradcheck(scaled(known, 1.0), std::slice::from_ref(&x)).unwrap_or_else(|error| panic!("{name}: {error}"));
        for element in 0..5 {
            let one = Tensor::from([element]).one_hot(Some(5)).expect("in range").to_dtype(DType::F64).reshape(&[5]);
            let factor = one.expect("five").mul_scalar(9.0).add_scalar(1.0);
            let wrong = |x: &[Tensor]| {
                let (_, f, derivative, _) = known;
                let factor = factor.clone();
                let backward = move |gy: &Tensor, x: &[Tensor], _: &Tensor| {
                    Ok(vec![Some(gy.try_mul(&derivative(&x[0])?)?.try_mul(&factor)?)])
                };
                custom("wrong", &[&x[0]], |x| f(&x[0]), backward)
            };
            let checked = gradcheck(wrong, std::slice::from_ref(&x));
            assert!(checked.is_err(), "{name}: ten times the gradient of element {element} passes");
        }
    }
}

#[test]
fn what_cannot_be_told_is_refused() {
    let one = |x: f64| [Tensor::from_vec(vec![x], &[1]).expect("a number")];
    let says = |result: Result<Report>, text: &str| {
        let error = result.expect_err(text).to_string();
        assert!(error.contains(text), "{error}\n  instead of\n  {text}");
        assert!(error.starts_with("gradcheck: "), "{error}");
    };
    // Any gradient would pass where the function overflows, and where its values hide what changes.
    says(gradcheck(|x| Ok(x[0].exp()), &one(800.0)), "cannot tell, for the function is not finite nearby");
    says(gradcheck(|x| Ok(x[0].log()), &one(-1.0)), "cannot tell, for the function is not finite nearby");
    let hidden = "cannot tell, for rounding of the function's values makes them ";
    says(gradcheck(|x| Ok(x[0].add_scalar(1e20)), &one(1.0)), hidden);
    says(gradcheck(|x| Ok(x[0].detach().add_scalar(1e20)), &one(1.0)), hidden);
    let nothing = "gradcheck: there is nothing to check: none of the 1 inputs has elements of float type";
    says(gradcheck(|x| Ok(x[0].to_dtype(DType::F64)), &[Tensor::from([1, 2])]), nothing);
    says(gradcheck(|x| Ok(x[0].exp()), &[Tensor::zeros(&[0, 3], DType::F64).expect("empty")]), nothing);
    says(gradcheck(|_| Ok(Tensor::from(1.0)), &[]), "none of the 0 inputs has elements of float type");
}
