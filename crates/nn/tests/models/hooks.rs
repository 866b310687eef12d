//! Hooks: which calls they see, in which order, and what they change.

use autograd_core::module::Module as _;
use autograd_core::{DType, Error, ErrorKind, Tensor, seeded};
use std::sync::{Arc, Mutex};
use wengert_nn::{Hooked, Layer, LayerCall, Linear, Module, Result, Tanh, sequential, summary};

type Log = Arc<Mutex<Vec<String>>>;

/// A hook that writes down what it sees, after a sign.
fn logs(log: &Log, sign: &'static str) -> impl Fn(&LayerCall<'_>) -> Result<Option<Tensor>> + Send + Sync + 'static {
    let log = Arc::clone(log);
    move |call| {
        let inputs: Vec<_> = call.inputs.iter().map(|x| x.shape().to_vec()).collect();
        let text = format!("{sign} {} {} {inputs:?} {:?}", call.place, call.kind, call.output.shape());
        log.lock().expect("no panic").push(text);
        Ok(None)
    }
}

fn taken(log: &Log) -> Vec<String> {
    std::mem::take(&mut *log.lock().expect("no panic"))
}

#[derive(Clone, Module)]
struct Net {
    encoder: wengert_nn::Sequential,
    head: Linear,
}

impl Layer for Net {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.head.call("head", &self.encoder.call("encoder", x)?)
    }
}

fn net() -> Result<Net> {
    let rng = &mut seeded(1);
    Ok(Net { encoder: sequential![Linear::new(2, 3, rng)?, Tanh], head: Linear::new(3, 1, rng)? })
}

#[test]
fn hooks_see_the_calls_at_their_places_in_order() -> Result<()> {
    let (log, x) = (Log::default(), Tensor::ones(&[4, 2], DType::F32)?);
    let mut model = Hooked::new(net()?);
    let plain = model.forward(&x)?.to_f64s();
    model.hook("whole", "", logs(&log, "w"))?;
    model.hook("first", "encoder.1", logs(&log, "a"))?;
    model.hook("second", "encoder.1", logs(&log, "b"))?;
    model.hook("encoder", "encoder", logs(&log, "e"))?;
    assert_eq!(model.forward(&x)?.to_f64s(), plain);
    let all = [
        "a encoder.1 Tanh [[4, 3]] [4, 3]",
        "b encoder.1 Tanh [[4, 3]] [4, 3]",
        "e encoder Sequential [[4, 2]] [4, 3]",
        "w  Net [[4, 2]] [4, 1]",
    ];
    assert_eq!(taken(&log), all);
    assert_eq!(model.names(), ["whole", "first", "second", "encoder"]);

    assert!(model.remove("first") && !model.remove("first"));
    let _ = model.forward_all(std::slice::from_ref(&x))?;
    assert_eq!(taken(&log), all[1..]);
    // The model inside, and a clone without hooks, run without.
    let _ = model.model().forward(&x)?;
    assert!(taken(&log).is_empty());
    // A clone has the hooks.
    let _ = model.clone().forward(&x)?;
    assert_eq!(taken(&log).len(), 3);
    Ok(())
}

#[test]
fn a_hooked_model_has_the_names_and_the_summary_of_the_model() -> Result<()> {
    let (plain, mut hooked) = (net()?, Hooked::new(net()?));
    hooked.hook("all", "head", |call| Ok(Some(call.output * 2.0)))?;
    let names = |state: autograd_core::module::StateDict| state.iter().map(|(n, _)| n.to_string()).collect::<Vec<_>>();
    assert_eq!(names(hooked.state_dict()), names(plain.state_dict()));
    assert_eq!(summary(&hooked, &[2])?, summary(&plain, &[2])?);
    hooked.load_state_dict(&plain.state_dict())
}

#[test]
fn what_a_hook_returns_stands_in_the_place_of_the_output_and_is_differentiated() -> Result<()> {
    let x = Tensor::ones(&[1, 2], DType::F64)?.requires_grad();
    let mut model = Hooked::new(net()?);
    model.to_dtype(DType::F64)?;
    let plain = model.forward(&x)?;
    model.hook("double", "head", |call| Ok(Some(call.output * 2.0)))?;
    model.hook("plus", "head", |call| Ok(Some(call.output + 1.0)))?;
    let y = model.forward(&x)?;
    assert_eq!(y.to_f64()?, plain.to_f64()? * 2.0 + 1.0);
    let (one, two) = (plain.sum().backward()?, y.sum().backward()?);
    let gradient = |grads: &autograd_core::Gradients| grads.get(&x).expect("a leaf").to_f64s();
    assert_eq!(gradient(&two), gradient(&one).iter().map(|g| 2.0 * g).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn hooks_of_a_model_inside_of_another_run_first_and_see_their_own_places() -> Result<()> {
    let log = Log::default();
    let mut inner = Hooked::new(net()?);
    inner.hook("inner", "head", logs(&log, "i"))?;
    let mut outer = Hooked::new(sequential![Tanh, inner]);
    outer.hook("outer", "1.head", logs(&log, "o"))?;
    outer.hook("part", "1", logs(&log, "p"))?;
    let x = Tensor::ones(&[1, 2], DType::F32)?;
    let _ = outer.forward(&x)?;
    let all = ["i head Linear [[1, 3]] [1, 1]", "o 1.head Linear [[1, 3]] [1, 1]", "p 1 Hooked [[1, 2]] [1, 1]"];
    assert_eq!(taken(&log), all);
    // After an error or a panic nothing is left behind.
    outer.hook("fails", "1.encoder.1", |_| Err(Error::new(ErrorKind::User, "on purpose")))?;
    let error = outer.forward(&x).expect_err("the hook fails").to_string();
    assert_eq!(error, "hook \"fails\": in 1.encoder.1 (Tanh): on purpose");
    assert!(outer.remove("fails"));
    outer.hook("panics", "1.encoder.1", |_| panic!("on purpose"))?;
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| outer.forward(&x))).is_err());
    assert!(outer.remove("panics") && taken(&log).is_empty());
    let _ = outer.forward(&x)?;
    assert_eq!(taken(&log), all);
    Ok(())
}

#[test]
fn a_hook_may_run_models_and_each_thread_sees_its_own() -> Result<()> {
    let (log, x) = (Log::default(), Tensor::ones(&[1, 2], DType::F32)?);
    let mut model = Hooked::new(net()?);
    let other = model.clone();
    let input = x.clone();
    model.hook("runs", "encoder.0", move |_| other.forward(&input).map(|_| None))?;
    model.hook("log", "head", logs(&log, "h"))?;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| model.forward(&x).map(drop))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("no panic"))
    })?;
    assert_eq!(taken(&log), ["h head Linear [[1, 3]] [1, 1]"; 4]);
    Ok(())
}

#[test]
fn names_that_are_taken_and_places_that_are_none_are_refused() -> Result<()> {
    let mut model = Hooked::new(net()?);
    let text = |result: Result<()>| result.expect_err("refused").to_string();
    model.hook("a", "head", |_| Ok(None))?;
    assert_eq!(text(model.hook("a", "head", |_| Ok(None))), "hook: there is a hook called \"a\"; remove it first");
    assert_eq!(
        text(model.hook("b", "heads", |_| Ok(None))),
        "hook: no layer of the model is called \"heads\"; there are \"encoder\", \"encoder.0\", \"encoder.1\", \"head\""
    );
    assert_eq!(model.names(), ["a"]);
    Ok(())
}

#[test]
fn hooks_do_not_see_what_a_hook_runs() -> Result<()> {
    let (log, x) = (Log::default(), Tensor::ones(&[1, 2], DType::F32)?);
    let mut model = Hooked::new(net()?);
    let (teacher, input) = (model.model().clone(), x.clone());
    let expected = teacher.forward(&x)?.to_f64s();
    // The teacher has layers at the same places, of which one is replaced in the model.
    model.hook("log", "head", logs(&log, "h"))?;
    model.hook("ablate", "head", |call| Ok(Some(call.output.mul_scalar(0.0))))?;
    model.hook("kd", "", move |_| {
        let y = teacher.forward(&input)?;
        assert_eq!(y.to_f64s(), expected);
        Ok(Some(y))
    })?;
    let y = model.forward(&x)?;
    assert!(y.to_f64s().iter().any(|y| *y != 0.0));
    assert_eq!(taken(&log), ["h head Linear [[1, 3]] [1, 1]"]);
    // Also after a hook that fails.
    model.hook("fails", "encoder.0", |_| Err(Error::user("no")))?;
    assert!(model.forward(&x).is_err() && model.remove("fails"));
    let _ = model.forward(&x)?;
    assert_eq!(taken(&log), ["h head Linear [[1, 3]] [1, 1]"]);
    Ok(())
}

#[test]
fn rules_of_parameters_are_no_layers() -> Result<()> {
    let mut rng = seeded(1);
    let mut model = Hooked::new(sequential![wengert_nn::SpectralNorm::new(Linear::new(2, 3, &mut rng)?, &mut rng)?]);
    let error = model.hook("a", "0.parametrizations.weight.0", |_| Ok(None)).expect_err("nothing calls it");
    assert_eq!(
        error.to_string(),
        "hook: no layer of the model is called \"0.parametrizations.weight.0\"; there are \"0\""
    );
    Ok(())
}
