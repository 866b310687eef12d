//! Tests of the transducer's loss against all ways one by one.

use super::{RnntLoss, rnnt_loss};
use crate::cases::{Expected, near};
use crate::loss::Reduction;
use autograd_core::{DType, Result, Tensor, grad, seeded};

/// The sum over all ways: at which of the steps before the last blank a symbol is said.
fn by_ways(x: &[f64], [times, places, classes]: [usize; 3], target: &[usize], blank: usize, len: usize) -> f64 {
    let log_p = |t: usize, u: usize, class: usize| {
        let row = &x[(t * places + u) * classes..][..classes];
        row[class] - row.iter().map(|x| x.exp()).sum::<f64>().ln()
    };
    assert!(len <= times);
    let steps = len - 1 + target.len();
    let mut total = 0.0;
    for way in (0..1_usize << steps).filter(|way| way.count_ones() as usize == target.len()) {
        let (mut t, mut u, mut log) = (0, 0, 0.0);
        for step in 0..steps {
            if way >> step & 1 == 1 {
                log += log_p(t, u, target[u]);
                u += 1;
            } else {
                log += log_p(t, u, blank);
                t += 1;
            }
        }
        total += (log + log_p(t, u, blank)).exp();
    }
    -total.ln()
}

fn logits(shape: &[usize], seed: u64) -> Tensor {
    Tensor::randn(shape, DType::F64, &mut seeded(seed)).expect("small").mul_scalar(2.0)
}

#[test]
fn it_is_the_sum_over_all_ways() -> Result<()> {
    let x = logits(&[4, 4, 4, 3], 1);
    let targets = Tensor::from([[1, 2, 1], [2, 2, 7], [0, 1, -7], [9, 9, 9]]);
    let (times, sizes) = ([4, 3, 1, 2], [3, 2, 1, 0]);
    let symbols: [&[usize]; 4] = [&[1, 2, 1], &[2, 2], &[0], &[]];
    for (option, blank) in [(0, 0), (-1, 2), (1, 1), (-3, 0)] {
        let loss = RnntLoss::new().blank(option).reduction(Reduction::None);
        let losses = loss.forward(&x, &targets, &times, &sizes)?.to_f64s();
        let all = x.to_f64s();
        let of = |n: usize| by_ways(&all[n * 48..][..48], [4, 4, 3], symbols[n], blank, times[n]);
        near(&losses, &[of(0), of(1), of(2), of(3)], 1e-12).expect("the sum");
        let plain = loss.fused_log_softmax(false).forward(&x.log_softmax(3)?, &targets, &times, &sizes)?;
        near(&plain.to_f64s(), &losses, 1e-12).expect("the same of log-probabilities");
        let mean = loss.reduction(Reduction::Mean).forward(&x, &targets, &times, &sizes)?.item::<f64>()?;
        near(&[mean], &[losses.iter().sum::<f64>() / 4.0], 1e-14).expect("the mean");
    }
    Ok(())
}

/// Of PyTorch, by all ways and its own derivative.
#[test]
fn numbers_of_pytorch() -> Result<()> {
    let x = [
        0.1, 0.6, 0.1, 0.1, 0.1, 0.1, 0.1, 0.6, 0.1, 0.1, 0.1, 0.1, 0.2, 0.8, 0.1, 0.1, 0.6, 0.1, 0.1, 0.1, 0.1, 0.1,
        0.2, 0.1, 0.1, 0.7, 0.1, 0.2, 0.1, 0.1,
    ];
    let x = Tensor::from_slice(&x, &[1, 2, 3, 5])?.requires_grad();
    let of = |loss: RnntLoss| loss.blank(0).forward(&x, &Tensor::from([[1, 2]]), &[2], &[2]);
    let loss = of(RnntLoss::new())?;
    near(&loss.to_f64s(), &[4.495_666_773_770_733], 1e-13).expect("the value");
    let want = [
        -0.1312, -0.3999, 0.1770, 0.1770, 0.1770, -0.1857, 0.1225, -0.1817, 0.1225, 0.1225, -0.3209, 0.0627, 0.0693,
        0.1262, 0.0627, 0.0546, -0.2182, 0.0546, 0.0546, 0.0546, 0.1207, 0.1207, -0.4830, 0.1207, 0.1207, -0.6926,
        0.1687, 0.1865, 0.1687, 0.1687,
    ];
    let gradient = grad(&loss, &[&x])?[0].to_f64s();
    near(&gradient, &want, 1e-4).expect("the gradient");
    // The clamp is on the gradient of each sample, before what comes from above.
    let clamped = of(RnntLoss::new().clamp(0.125))?;
    assert_eq!(clamped.to_f64s(), loss.to_f64s());
    let limited: Vec<f64> = gradient.iter().map(|g| -3.0 * g.clamp(-0.125, 0.125)).collect();
    near(&grad(&clamped.mul_scalar(-3.0), &[&x])?[0].to_f64s(), &limited, 1e-14).expect("limited");
    let plain = clamped.mul_scalar(-3.0).backward()?;
    near(&plain.get(&x).expect("a leaf").to_f64s(), &limited, 1e-14).expect("limited in a plain walk");
    Ok(())
}

#[test]
fn what_is_beyond_the_lengths_reaches_nothing() -> Result<()> {
    let x = logits(&[2, 3, 3, 3], 1);
    let inside = |i: usize| i / 27 == 0 || i % 27 / 9 < 2 && i % 9 / 3 < 2;
    let bad: Vec<f64> = x.to_f64s().iter().enumerate().map(|(i, x)| if inside(i) { *x } else { f64::NAN }).collect();
    let bad = Tensor::from_slice(&bad, &[2, 3, 3, 3])?.requires_grad();
    for fused in [true, false] {
        let of = |x: &Tensor| {
            let loss = RnntLoss::new().fused_log_softmax(fused);
            loss.forward(x, &Tensor::from([[0, 1], [1, 99]]), &[3, 2], &[2, 1])
        };
        let loss = of(&bad)?;
        assert_eq!(loss.to_f64s(), of(&x)?.to_f64s());
        let gradient = grad(&loss, &[&bad])?[0].to_f64s();
        assert!(gradient.iter().enumerate().all(|(i, g)| g.is_finite() && (inside(i) || *g == 0.0)), "{gradient:?}");
    }
    Ok(())
}

#[test]
fn corners() -> Result<()> {
    // Nothing at all.
    let none = Tensor::zeros(&[0, 2, 2, 3], DType::F32)?.requires_grad();
    let loss =
        RnntLoss::new().reduction(Reduction::Sum).forward(&none, &Tensor::zeros(&[0, 1], DType::I64)?, &[], &[])?;
    assert_eq!((loss.item::<f32>()?, grad(&loss, &[&none])?[0].numel()), (0.0, 0));
    // One time, no symbol: one blank.
    let one = rnnt_loss(&Tensor::zeros(&[1, 1, 1, 2], DType::F32)?, &Tensor::zeros(&[1, 0], DType::I64)?, &[1], &[0])?;
    assert_eq!(one.item::<f32>()?, 2f32.ln());
    // A symbol that the model never says.
    let impossible = Tensor::from([f32::NEG_INFINITY, 0.0]).expand(&[1, 2, 2, 2])?.contiguous().requires_grad();
    let loss = rnnt_loss(&impossible, &Tensor::from([[0]]), &[2], &[1])?;
    assert_eq!(loss.item::<f32>()?, f32::INFINITY);
    // A long sequence underflows nothing.
    let long = Tensor::zeros(&[1, 300, 2, 50], DType::F32)?.requires_grad();
    let loss = rnnt_loss(&long, &Tensor::from([[3]]), &[300], &[1])?;
    let want = 301.0 * 50f64.ln() - 300f64.ln();
    assert!((loss.to_f64s()[0] / want - 1.0).abs() < 1e-5);
    assert!(grad(&loss, &[&long])?[0].to_f64s().iter().all(|g| g.is_finite()));
    Ok(())
}

#[test]
fn what_does_not_fit_is_named() {
    let x = logits(&[1, 2, 2, 3], 1);
    let text = |loss: RnntLoss, targets: &Tensor, times: &[usize], sizes: &[usize]| {
        loss.forward(&x, targets, times, sizes).expect_err("refused").to_string()
    };
    let (one, new) = (Tensor::from([[1]]), RnntLoss::new);
    let blank = "it must be at least −3 and below 3, the number of classes";
    assert_eq!(text(new().blank(3), &one, &[2], &[1]), format!("rnnt_loss: blank is 3, {blank}"));
    assert_eq!(text(new().blank(-4), &one, &[2], &[1]), format!("rnnt_loss: blank is -4, {blank}"));
    assert_eq!(text(new().clamp(0.0), &one, &[2], &[1]), "rnnt_loss: clamp is 0.0, it must be positive");
    assert_eq!(text(new(), &one, &[2, 2], &[1]), "rnnt_loss: there are 2 logit_lengths for 1 samples");
    assert_eq!(text(new(), &one, &[3], &[1]), "rnnt_loss: logit_lengths of sample 0 is 3, it must be at most 2");
    assert_eq!(text(new(), &one, &[0], &[1]), "rnnt_loss: logit_lengths of sample 0 is 0, it must be at least 1");
    assert_eq!(text(new(), &one, &[2], &[2]), "rnnt_loss: target_lengths of sample 0 is 2, it must be at most 1");
    assert_eq!(
        text(new(), &Tensor::from([[1, 2]]), &[2], &[1]),
        "rnnt_loss: targets has shape [1, 2], expected [1, 1]"
    );
    for wrong in [3, -1] {
        let must = "it must be at least 0 and below 3, the number of classes";
        let range = format!("rnnt_loss: symbol 0 of sample 0 is {wrong}, {must}");
        for fused in [true, false] {
            assert_eq!(text(new().fused_log_softmax(fused), &Tensor::from([[wrong]]), &[2], &[1]), range);
        }
    }
    let error = rnnt_loss(&x.squeeze(&[0]).expect("fits"), &one, &[2], &[1]).expect_err("refused").to_string();
    assert_eq!(error, "rnnt_loss: logits has shape [2, 2, 3], expected [N, T, U + 1, C]");
}

/// As a loss of x alone, whose derivatives the suite checks; the target is a pair of symbols.
fn case(clamp: Option<f64>) -> crate::cases::LossCase {
    let build = move |r: Reduction| {
        move |x: &Tensor, _: &Tensor| {
            let loss = clamp.into_iter().fold(RnntLoss::new().blank(0).reduction(Reduction::None), RnntLoss::clamp);
            let (ends, sizes) = (Tensor::from([3]), Tensor::from([2]));
            let losses = loss.forward(&x.reshape(&[1, 3, 3, 3])?, &Tensor::from([[1, 2]]), &ends, &sizes)?;
            r.apply(&losses.squeeze(&[0])?)
        }
    };
    let formula = |x: &Tensor, _: &Tensor| {
        let losses = vec![by_ways(&x.to_f64s(), [3, 3, 3], &[1, 2], 0, 3)];
        Expected { shape: vec![], divisor: 1.0, losses }
    };
    crate::cases::loss("rnnt_loss", build, formula).up_to(1000.0).on(logits(&[27], 2), Tensor::from(0))
}

// Clamped as high as no gradient is.
cases![case(None), case(Some(100.0))];
