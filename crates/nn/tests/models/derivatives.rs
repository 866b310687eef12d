//! Derivatives as functions, of closures with a model in them; losses from rows with a large common part.

use crate::alone;
use autograd_core::gradcheck::GradCheck;
use autograd_core::module::Module;
use autograd_core::{DType, Result, Tensor, detect_anomaly, grad, gradcheck, hessian, hvp, jacobian, jvp, seeded, vjp};
use wengert_nn::{CrossEntropyLoss, Layer, Linear, Loss, Reduction, Tanh, cross_entropy, sequential};

fn model() -> Result<impl Layer> {
    let mut rng = seeded(3);
    let mut model = sequential![Linear::new(3, 4, &mut rng)?, Tanh, Linear::new(4, 2, &mut rng)?];
    model.to_dtype(DType::F64).expect("it fits");
    Ok(model)
}

#[test]
fn closures_may_hold_a_model() -> Result<()> {
    let model = model()?;
    let x = Tensor::randn(&[1, 3], DType::F64, &mut seeded(1))?;
    let target = Tensor::from([1]);
    let loss = |x: &[Tensor]| cross_entropy(&model.forward(&x[0])?, &target);
    let [j] = jacobian(|x| model.forward(&x[0]), [&x])?;
    assert_eq!(j.shape(), [1, 2, 1, 3]);
    let [[h]] = hessian(loss, [&x])?;
    let [hv] = hvp(loss, [&x], [&x])?;
    let by_matrix = h.reshape(&[3, 3])?.matmul(&x.reshape(&[3, 1])?)?.to_f64s();
    hv.to_f64s().iter().zip(by_matrix).for_each(|(a, b)| assert!((a - b).abs() < 1e-12));
    let (_, along) = jvp(|x| model.forward(&x[0]), [&x], [&x])?;
    let (_, [back]) = vjp(|x| model.forward(&x[0]), [&x], &along)?;
    assert_eq!((along.shape(), back.shape()), (&[1, 2][..], &[1, 3][..]));
    gradcheck(loss, std::slice::from_ref(&x))?;
    GradCheck::new().check(|x| model.forward(&x[0]), std::slice::from_ref(&x))?;
    let y = alone(|| detect_anomaly(|| cross_entropy(&model.forward(&x)?, &target)))?;
    // Parameters are a list as they are.
    let gradients = grad(&y, &model.parameters())?;
    assert_eq!(gradients.len(), 4);
    let [first, ..] = &gradients[..] else { panic!("four parameters") };
    assert_eq!(first.shape(), [4, 3]);
    let wrong = jacobian(|x| model.forward(&x[0].narrow(1, 0, 2)?), [&x]).expect_err("two of three");
    assert!(wrong.to_string().contains("(Linear)"), "{wrong}");
    Ok(())
}

#[test]
fn losses_do_not_change_with_what_all_logits_have_in_common() -> Result<()> {
    type Formula = fn(&Tensor) -> Result<Tensor>;
    let losses: [(&str, Formula); 7] = [
        ("plain", |x| cross_entropy(x, &Tensor::from([0, 2]))),
        ("ignoring", |x| CrossEntropyLoss::new().ignore_index(2).forward(x, &Tensor::from([0, 2]))),
        ("smoothed", |x| CrossEntropyLoss::new().label_smoothing(0.25).forward(x, &Tensor::from([0, 2]))),
        ("weighted", |x| {
            let weight = Tensor::from([1.0, 2.0, 0.5]).to_dtype(x.dtype());
            let loss = CrossEntropyLoss::new().weight(weight).label_smoothing(0.5).reduction(Reduction::Sum);
            loss.forward(x, &Tensor::from([1, 0]))
        }),
        ("probabilities", |x| {
            cross_entropy(x, &Tensor::from([[0.5, 0.25, 0.25], [0.0, 0.0, 1.0]]).to_dtype(x.dtype()))
        }),
        ("negative log-likelihood", |x| x.log_softmax(1)?.gather(1, &Tensor::from([[2], [0]]))?.neg().mean()),
        ("divergence", |x| {
            let p = Tensor::from([[0.5, 0.25, 0.25], [0.125, 0.125, 0.75]]).to_dtype(x.dtype());
            Ok(p.try_mul(&p.log().try_sub(&x.log_softmax(1)?)?)?.sum())
        }),
    ];
    for (dtype, epsilon) in [(DType::F32, f64::from(f32::EPSILON)), (DType::F64, f64::EPSILON)] {
        let x = Tensor::from([[0.5, -1.25, 2.0], [0.0, 0.0, -3.5]]).to_dtype(dtype);
        for shift in [4096.0, 1_048_576.0, -1_048_576.0] {
            for (name, loss) in losses {
                let all = |x: &Tensor| -> Result<Vec<f64>> {
                    let x = x.requires_grad();
                    let y = loss(&x)?;
                    let fused = y.backward_keep()?.get(&x).expect("a leaf").to_f64s();
                    let [recorded] = grad(&y, [&x])?;
                    let direction = Tensor::randn(x.shape(), dtype, &mut seeded(1))?;
                    let [second] = grad(&recorded.try_mul(&direction)?.sum(), [&x])?;
                    Ok([y.to_f64s(), fused, recorded.to_f64s(), second.to_f64s()].concat())
                };
                for (here, there) in all(&x)?.iter().zip(all(&x.add_scalar(shift))?) {
                    let near = here.is_finite() && (here - there).abs() <= 8.0 * epsilon * (1.0 + here.abs());
                    assert!(near, "{name} in {dtype}, shifted by {shift}: {here} became {there}");
                }
            }
        }
    }
    Ok(())
}
