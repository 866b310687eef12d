//! Networks run with other parameters: MAML, Hessians and per-sample gradients, against formulas by hand.

use autograd_core::module::{Module as _, Param, StateDict, stream_positions};
use autograd_core::{DType, NodeId, Tensor, grad, hessian, seeded};
use wengert_nn::{Dropout, Layer, Linear, Module, Result, Sequential, Tanh, functional_call, mse_loss, sequential};

/// Two layers, the second a matrix of its own, and a parameter that is tied.
#[derive(Clone, Module)]
struct Mlp {
    hidden: Linear,
    output: Param,
    again: Param,
}

impl Layer for Mlp {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        by_hand(&[&self.hidden.weight, self.hidden.bias.as_ref().unwrap_or(&self.output), &self.again], x)
    }
}

/// tanh(x Wᵀ + b) v + v₀.
fn by_hand(w: &[&Tensor], x: &Tensor) -> Result<Tensor> {
    let first = w[2].narrow(0, 0, 1)?.squeeze(&[1])?;
    x.matmul(&w[0].transpose(0, 1)?)?.try_add(w[1])?.tanh().matmul(w[2])?.try_add(&first)
}

fn model() -> Result<Mlp> {
    let mut rng = seeded(3);
    let mut hidden = Linear::new(2, 3, &mut rng)?;
    hidden.to_dtype(DType::F64).expect("it fits");
    let output = Param::new(Tensor::randn(&[3, 1], DType::F64, &mut rng)?).expect("a fresh value");
    Ok(Mlp { again: output.tie(), hidden, output })
}

fn batch() -> Result<(Tensor, Tensor)> {
    let rng = &mut seeded(5);
    Ok((Tensor::randn(&[4, 2], DType::F64, rng)?, Tensor::randn(&[4, 1], DType::F64, rng)?))
}

const NAMES: [&str; 3] = ["hidden.weight", "hidden.bias", "output"];

fn named(values: impl IntoIterator<Item = Tensor>) -> StateDict {
    NAMES.into_iter().map(String::from).zip(values).collect()
}

/// Values, identities and positions of streams.
type All = (Vec<Vec<f64>>, Vec<Option<NodeId>>, Vec<(String, u64, u64)>);

/// Everything about a model that a run could change.
fn all(model: &impl Layer) -> All {
    let values = model.state_dict().iter().map(|(_, value)| value.to_f64s()).collect();
    (values, model.parameters().iter().map(|param| param.node_id()).collect(), stream_positions(model))
}

fn near(got: &Tensor, want: &Tensor, tolerance: f64) {
    assert_eq!(got.shape(), want.shape());
    for (got, want) in got.to_f64s().into_iter().zip(want.to_f64s()) {
        assert!(want.is_finite() && (got - want).abs() <= tolerance * want.abs().max(1.0), "{got} is not {want}");
    }
}

#[test]
fn a_step_of_maml_is_that_of_the_formula() -> Result<()> {
    let (model, (x, y)) = (model()?, batch()?);
    let before = all(&model);
    assert_eq!(model.named_parameters().iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), NAMES);
    let own: Vec<&Tensor> = model.parameters().into_iter().map(|param| &**param).collect();
    let step = |loss: &Tensor| -> Result<Vec<Tensor>> {
        let gradients = grad(loss, &own)?;
        own.iter().zip(&gradients).map(|(w, g)| w.try_sub(&g.mul_scalar(0.3))).collect()
    };
    let fast = step(&mse_loss(&model.forward(&x)?, &y)?)?;
    let outer = mse_loss(&functional_call(&model, &named(fast), &x)?, &y)?;

    let fast = step(&mse_loss(&by_hand(&own, &x)?, &y)?)?;
    let expected = mse_loss(&by_hand(&fast.iter().collect::<Vec<_>>(), &x)?, &y)?;
    near(&outer, &expected, 1e-15);
    let (got, want) = (grad(&outer, &own)?, grad(&expected, &own)?);
    got.iter().zip(&want).for_each(|(got, want)| near(got, want, 1e-13));
    // Of second order, too.
    let curvature = |g: &[Tensor]| grad(&g[0].square().sum(), &own);
    curvature(&got)?.iter().zip(&curvature(&want)?).for_each(|(got, want)| near(got, want, 1e-12));
    assert_eq!(all(&model), before);
    Ok(())
}

#[test]
fn the_hessian_of_a_network_is_that_of_finite_differences() -> Result<()> {
    let (model, (x, y)) = (model()?, batch()?);
    let own: Vec<Tensor> = model.parameters().iter().map(|param| param.detach()).collect();
    let loss = |w: &[Tensor]| mse_loss(&functional_call(&model, &named(w.iter().cloned()), &x)?, &y);
    let exact = hessian(|w| loss(w), &own.iter().collect::<Vec<_>>())?;

    let gradient = |w: &[Tensor], of: usize| -> Result<Vec<f64>> {
        let w: Vec<Tensor> = w.iter().map(Tensor::requires_grad).collect();
        Ok(grad(&loss(&w)?, &[&w[of]])?[0].to_f64s())
    };
    let h = 1e-5;
    for (i, j) in (0..9).map(|pair| (pair / 3, pair % 3)) {
        for at in 0..own[j].numel() {
            let moved = |by: f64| -> Result<Vec<f64>> {
                let mut w = own.clone();
                let mut values = w[j].to_f64s();
                values[at] += by;
                w[j] = Tensor::from_vec(values, own[j].shape())?;
                gradient(&w, i)
            };
            let (above, below) = (moved(h)?, moved(-h)?);
            for (row, (above, below)) in above.iter().zip(&below).enumerate() {
                let got = exact[i][j].to_f64s()[row * own[j].numel() + at];
                let want = (above - below) / (2.0 * h);
                assert!((got - want).abs() < 1e-8, "[{i}][{j}], {row}, {at}: {got} is not {want}");
            }
        }
    }
    Ok(())
}

#[test]
fn gradients_of_samples_are_those_of_a_loop() -> Result<()> {
    let (model, (x, y)) = (model()?, batch()?);
    // One leaf with a copy of the weights for each sample gets the gradients of all samples in one walk.
    let own: Vec<Tensor> = model.parameters().iter().map(|param| param.detach()).collect();
    let copies: Vec<Vec<Tensor>> =
        (0..4).map(|_| own.iter().map(|w| w.requires_grad()).collect()).collect::<Vec<Vec<Tensor>>>();
    let mut total = Tensor::zeros(&[], DType::F64)?;
    for (sample, copy) in copies.iter().enumerate() {
        let (x, y) = (x.narrow(0, sample as isize, 1)?, y.narrow(0, sample as isize, 1)?);
        total = total.try_add(&mse_loss(&functional_call(&model, &named(copy.iter().cloned()), &x)?, &y)?)?;
    }
    let together = total.backward()?;
    for (sample, copy) in copies.iter().enumerate() {
        let (x, y) = (x.narrow(0, sample as isize, 1)?, y.narrow(0, sample as isize, 1)?);
        let alone = mse_loss(&model.forward(&x)?, &y)?.backward()?;
        for (copy, param) in copy.iter().zip(model.parameters()) {
            let got = together.get(copy).expect("a leaf");
            near(got, alone.get(param).expect("a leaf"), 1e-14);
        }
    }
    Ok(())
}

#[test]
fn what_is_not_named_is_the_models_own() -> Result<()> {
    let (model, (x, _)) = (model()?, batch()?);
    let bias = Tensor::from([0.1, 0.2, 0.3]).to_dtype(DType::F64).requires_grad();
    let values: StateDict = [("hidden.bias".to_string(), bias.clone())].into_iter().collect();
    let gradients = functional_call(&model, &values, &x)?.sum().backward()?;
    let weight = gradients.get(&model.hidden.weight).expect("the model's own");
    let expected = by_hand(&[&model.hidden.weight, &bias, &model.output], &x)?.sum().backward()?;
    near(weight, expected.get(&model.hidden.weight).expect("a leaf"), 0.0);
    near(gradients.get(&model.output).expect("tied"), expected.get(&model.again).expect("a leaf"), 0.0);
    near(gradients.get(&bias).expect("given"), expected.get(&bias).expect("a leaf"), 0.0);
    assert!(gradients.get(model.hidden.bias.as_ref().expect("has one")).is_none());

    // A tied parameter takes the tensor of any of its names.
    let ones = Tensor::ones(&[3, 1], DType::F64)?;
    let one = |name: &str| [(name.to_string(), ones.clone())].into_iter().collect::<StateDict>();
    let outputs = [functional_call(&model, &one("output"), &x)?, functional_call(&model, &one("again"), &x)?];
    near(&outputs[0], &outputs[1], 0.0);
    Ok(())
}

#[test]
fn what_does_not_fit_is_refused_in_one_report() -> Result<()> {
    let (model, (x, _)) = (model()?, batch()?);
    let before = all(&model);
    let mut values = StateDict::new();
    values.insert("hidden.weigth", Tensor::from(0.0));
    values.insert("hidden.bias", Tensor::from([1.0, 2.0]));
    values.insert("output", Tensor::zeros(&[3, 1], DType::F64)?);
    values.insert("again", Tensor::ones(&[3, 1], DType::F64)?);
    let error = functional_call(&model, &values, &x).expect_err("refused");
    assert_eq!(
        error.to_string(),
        "the state does not fit, and nothing was loaded:\n  hidden.bias: F32 [2], expected F64 [3]\n  again: tied to \
         output, and the two tensors differ\n  unexpected: hidden.weigth"
    );
    assert_eq!(all(&model), before);
    Ok(())
}

/// Fails or panics on demand, with a part that draws.
#[derive(Clone, Module)]
struct Restless {
    part: Sequential,
    mood: f64,
}

impl Layer for Restless {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = self.part.call("part", x)?;
        assert!(self.mood < 2.0, "on demand");
        if self.mood < 1.0 { Ok(y) } else { y.matmul(&Tensor::from([1.0])) }
    }
}

#[test]
fn errors_panics_and_threads_leave_the_model_as_it_is() -> Result<()> {
    let rng = &mut seeded(1);
    let part = sequential![Linear::new(2, 2, rng)?, Dropout::new(0.5, rng)?, Tanh];
    let mut model = Restless { part, mood: 0.0 };
    let values: StateDict = [("part.0.weight".to_string(), Tensor::zeros(&[2, 2], DType::F32)?)].into_iter().collect();
    let x = Tensor::from([[1.0, 2.0]]);
    let before = all(&model);
    drop(functional_call(&model, &values, &x)?);
    assert_eq!(all(&model), before);
    model.mood = 1.0;
    functional_call(&model, &values, &x).expect_err("on demand");
    assert_eq!(all(&model), before);
    model.mood = 2.0;
    let call = std::panic::AssertUnwindSafe(|| functional_call(&model, &values, &x));
    std::panic::catch_unwind(call).expect_err("on demand");
    assert_eq!(all(&model), before);

    model.mood = 0.0;
    model.eval();
    let alone = model.forward(&x)?.to_f64s();
    std::thread::scope(|scope| {
        let other = scope.spawn(|| (0..200).try_for_each(|_| functional_call(&model, &values, &x).map(|_| ())));
        for _ in 0..200 {
            assert_eq!(model.forward(&x)?.to_f64s(), alone);
        }
        other.join().expect("no panic")
    })
}
