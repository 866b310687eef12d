//! The standard scaler: what it learns, what it does, what it refuses.

use autograd_core::module::StateDict;
use autograd_core::{DType, Tensor, grad};
use wengert_data::transform::{Fit, FittedStandardScaler, StandardScaler, Transform};

fn matrix(columns: usize, values: &[f64]) -> Tensor {
    Tensor::from_slice(values, &[values.len() / columns, columns]).expect("whole rows")
}

fn close(got: &Tensor, want: &[f64]) {
    let got = got.to_f64s();
    assert_eq!(got.len(), want.len());
    for (got, want) in got.iter().zip(want) {
        assert!((got - want).abs() <= 1e-12 * want.abs().max(1.0) || got.is_nan() && want.is_nan(), "{got} ≠ {want}");
    }
}

#[test]
fn mean_and_population_variance() {
    let x = matrix(2, &[1.0, 10.0, 2.0, 30.0, 6.0, 20.0]);
    let (scaler, y) = StandardScaler::new().fit_transform(&x).expect("a proper matrix");
    close(scaler.mean().expect("with_mean"), &[3.0, 20.0]);
    close(scaler.var().expect("with_std"), &[14.0 / 3.0, 200.0 / 3.0]);
    close(scaler.scale().expect("with_std"), &[(14.0f64 / 3.0).sqrt(), (200.0f64 / 3.0).sqrt()]);
    assert_eq!(scaler.n_samples_seen().to_vec::<i64>(), Ok(vec![3, 3]));
    close(&y.mean_dim(&[0], false).expect("a mean"), &[0.0, 0.0]);
    close(&scaler.inverse_transform(&y).expect("the same columns"), &x.to_f64s());
}

#[test]
fn each_half_can_be_left_out() {
    let x = matrix(1, &[1.0, 2.0, 6.0]);
    let s = (14.0f64 / 3.0).sqrt();
    let check = |with_mean: bool, with_std: bool, want: [f64; 3]| {
        let scaler = StandardScaler::new().with_mean(with_mean).with_std(with_std).fit(&x).expect("a proper matrix");
        let known = (scaler.mean().is_some(), scaler.var().is_some(), scaler.scale().is_some());
        assert_eq!(known, (with_mean || with_std, with_std, with_std));
        let y = scaler.transform(&x).expect("the same columns");
        close(&y, &want);
        close(&scaler.inverse_transform(&y).expect("the same columns"), &[1.0, 2.0, 6.0]);
    };
    check(true, true, [-2.0 / s, -1.0 / s, 3.0 / s]);
    check(true, false, [-2.0, -1.0, 3.0]);
    check(false, true, [1.0 / s, 2.0 / s, 6.0 / s]);
    check(false, false, [1.0, 2.0, 6.0]);
}

#[test]
fn missing_numbers_are_ignored_and_passed_through() {
    let nan = f64::NAN;
    let x = matrix(3, &[1.0, nan, nan, nan, 4.0, nan, 3.0, 8.0, nan]);
    let (scaler, y) = StandardScaler::new().fit_transform(&x).expect("NaN may be fitted");
    close(scaler.mean().expect("with_mean"), &[2.0, 6.0, nan]);
    close(scaler.var().expect("with_std"), &[1.0, 4.0, nan]);
    assert_eq!(scaler.n_samples_seen().to_vec::<i64>(), Ok(vec![2, 2, 0]));
    close(&y, &[-1.0, nan, nan, nan, -1.0, nan, 1.0, 1.0, nan]);
}

#[test]
fn constant_columns_keep_their_scale() {
    // The mean of 0.1, 0.1, .. is not exactly 0.1: what is left of the variance is rounding and must not be divided by.
    let scaler = StandardScaler::new().fit(&matrix(1, &[0.1; 10])).expect("a proper matrix");
    close(scaler.scale().expect("with_std"), &[1.0]);
    let scaler = StandardScaler::new().fit(&matrix(2, &[5.0, 1e9])).expect("one row will do");
    close(scaler.scale().expect("with_std"), &[1.0, 1.0]);
}

#[test]
fn f32_is_computed_in_f64() {
    // In f32 the neighbours of 16,777,216 are 1 and 2 away: sums of them would be far off.
    let x = Tensor::from([[16_777_212.0], [16_777_214.0], [16_777_216.0]]);
    let (scaler, y) = StandardScaler::new().fit_transform(&x).expect("a proper matrix");
    close(scaler.mean().expect("with_mean"), &[16_777_214.0]);
    assert_eq!(y.dtype(), DType::F32);
    let s = 1.5f64.sqrt() as f32;
    assert_eq!(y.to_vec::<f32>(), Ok(vec![-s, 0.0, s]));
}

#[test]
fn gradients_flow_through() {
    let scaler = StandardScaler::new().fit(&matrix(1, &[1.0, 5.0])).expect("a proper matrix");
    let x = matrix(1, &[3.0, 7.0]).requires_grad();
    let y = scaler.transform(&x).map(|y| y.sum()).expect("the same columns");
    close(&grad(&y, &[&x]).expect("y depends on x")[0], &[0.5, 0.5]);
}

#[test]
fn bad_input() {
    let fit = |x: &Tensor| StandardScaler::new().fit(x).map(|_| ()).expect_err("bad input").to_string();
    let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F32).expect("a small tensor");
    for (shape, shown) in [(&[3][..], "[3]"), (&[0, 2], "[0, 2]"), (&[2, 0], "[2, 0]"), (&[1, 2, 3], "[1, 2, 3]")] {
        let expected =
            format!("StandardScaler: x has shape {shown}, expected [N, D] with at least one row and one column");
        assert_eq!(fit(&zeros(shape)), expected);
    }
    let expected = "StandardScaler: dtype is I64, expected F32 or F64; to_dtype converts";
    assert_eq!(fit(&Tensor::from([[1, 2]])), expected);
    let expected = "StandardScaler: x holds -inf at row 1, column 0; it must be finite, or NaN where it is missing";
    assert_eq!(fit(&matrix(2, &[1.0, f64::NAN, f64::NEG_INFINITY, 2.0])), expected);

    let scaler = StandardScaler::new().fit(&matrix(2, &[1.0, 2.0])).expect("a proper matrix");
    let text = |x: &Tensor| scaler.transform(x).expect_err("bad input").to_string();
    assert_eq!(text(&zeros(&[2, 3])), "StandardScaler::transform: x has shape [2, 3], the scaler was fitted on [N, 2]");
    assert_eq!(text(&zeros(&[2])), "StandardScaler::transform: x has shape [2], the scaler was fitted on [N, 2]");
    assert_eq!(
        text(&Tensor::from([[1, 2]])),
        "StandardScaler::transform: dtype is I64, expected F32 or F64; to_dtype converts"
    );
    let error = scaler.inverse_transform(&zeros(&[2, 1])).expect_err("bad input").to_string();
    assert_eq!(error, "StandardScaler::inverse_transform: x has shape [2, 1], the scaler was fitted on [N, 2]");
    assert_eq!(scaler.transform(&zeros(&[0, 2])).expect("no rows are no problem").shape(), [0, 2]);
}

#[test]
fn saved_and_loaded_it_is_the_same() {
    let x = matrix(2, &[0.1, 10.0, 0.2, 30.0, 0.6, f64::NAN]);
    for (with_mean, with_std) in [(true, true), (true, false), (false, true), (false, false)] {
        let scaler = StandardScaler { with_mean, with_std }.fit(&x).expect("a proper matrix");
        let bytes = scaler.state_dict().to_safetensors().expect("plain tensors");
        let state = StateDict::from_safetensors(&bytes, "memory".as_ref()).expect("what was just written");
        let loaded = FittedStandardScaler::from_state_dict(&state).expect("what was just written");
        let bits = |scaler: &FittedStandardScaler| {
            scaler.transform(&x).expect("the same columns").to_f64s().into_iter().map(f64::to_bits).collect::<Vec<_>>()
        };
        assert_eq!(bits(&loaded), bits(&scaler));
        assert_eq!(loaded.n_samples_seen().to_vec::<i64>(), Ok(vec![3, 2]));
    }
}

#[test]
fn everything_wrong_with_a_state_is_reported() {
    let mut state = StandardScaler::new().fit(&matrix(2, &[1.0, 2.0])).expect("a proper matrix").state_dict();
    state.remove("var");
    state.insert("mean", Tensor::from([1.0, 2.0, 3.0]));
    state.insert("lambdas", Tensor::from(1.0));
    let error = FittedStandardScaler::from_state_dict(&state).expect_err("a broken state").to_string();
    let expected = "the state does not fit, and nothing was loaded:\n  \
                    mean: F32 [3], expected F64 [2]\n  missing: var\n  unexpected: lambdas";
    assert_eq!(error, expected);
    assert!(FittedStandardScaler::from_state_dict(&StateDict::new()).is_err());
}
