//! Reductions, the same for every loss. Each loss's file tests what it computes and refuses.

use crate::alone;
use autograd_core::{DType, Tensor, grad};
use wengert_nn::{CrossEntropyLoss, Loss, MseLoss, Reduction, Result, cross_entropy, gradcheck, mse_loss};

#[test]
fn the_mean_of_nothing_is_nan() -> Result<()> {
    let empty = Tensor::zeros(&[0], DType::F32)?;
    assert!(alone(|| mse_loss(&empty, &empty))?.item::<f32>()?.is_nan());
    let no_labels = Tensor::from_vec::<i64>(vec![], &[0])?;
    let no_logits = Tensor::zeros(&[0, 3], DType::F32)?;
    assert!(alone(|| cross_entropy(&no_logits, &no_labels))?.item::<f32>()?.is_nan());
    Ok(())
}

#[test]
fn a_reduction_is_an_option() -> Result<()> {
    let (x, t) = (Tensor::from([1.0, 2.0]), Tensor::from([0.0, 0.0]));
    let all = [(Reduction::None, vec![1.0, 4.0]), (Reduction::Mean, vec![2.5]), (Reduction::Sum, vec![5.0])];
    for (reduction, expected) in all {
        assert_eq!(MseLoss::new().reduction(reduction).forward(&x, &t)?.to_f64s(), expected);
    }
    Ok(())
}

#[test]
fn a_wrong_gradient_is_found() {
    let wrong = |x: &Tensor, _: &Tensor| Ok(x.detach().square().try_add(x)?.sum());
    let x = Tensor::from([0.5, -1.5]).to_dtype(DType::F64);
    let error = gradcheck::loss(wrong, &x, &x).expect_err("the square is not differentiated");
    assert!(
        error.to_string().starts_with("gradcheck: the gradient with respect to input 0 at element 0 is "),
        "{error}"
    );
}

#[test]
fn ignored_samples_count_nothing() -> Result<()> {
    let x = Tensor::from([[2.0, 0.0], [5.0, -5.0], [0.0, 1.0]]).requires_grad();
    let loss = CrossEntropyLoss::new();
    let with = loss.forward(&x, &Tensor::from([0, -100, 1]))?;
    let kept = loss.forward(&Tensor::from([[2.0, 0.0], [0.0, 1.0]]), &Tensor::from([0, 1]))?;
    assert!((with.item::<f32>()? - kept.item::<f32>()?).abs() < 1e-6);
    let gradient = grad(&with, &[&x])?[0].to_vec::<f32>()?;
    assert_eq!(gradient[2..4], [0.0, 0.0]);
    let all = Tensor::from([-100, -100, -100]);
    assert!(alone(|| loss.forward(&x, &all))?.item::<f32>()?.is_nan());
    assert_eq!(loss.reduction(Reduction::Sum).forward(&x, &all)?.item::<f32>()?, 0.0);
    Ok(())
}
