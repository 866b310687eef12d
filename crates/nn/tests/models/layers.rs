//! Names, places, clones and threads, across layers. Each layer's file tests what it computes and refuses.

use autograd_core::module::Module as _;
use autograd_core::{DType, Tensor, seeded};
use wengert_nn::{
    Dropout, Identity, Layer, Linear, LinearOptions, Module, PReLU, PReLUOptions, ReLU, Result, Sequential, Tanh,
    sequential,
};

fn text<T>(result: Result<T>) -> String {
    result.err().expect("refused").to_string()
}

#[test]
fn names_are_those_of_pytorch() -> Result<()> {
    let rng = &mut seeded(0);
    let model = sequential![
        Linear::new(4, 3, rng)?,
        PReLU::with(PReLUOptions::new().num_parameters(3))?,
        Dropout::new(0.5, rng)?,
        sequential![Linear::with(3, 2, LinearOptions::new().bias(false), rng)?, Tanh],
    ];
    let state = model.state_dict();
    let names: Vec<&str> = state.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["0.weight", "0.bias", "1.weight", "3.0.weight"]);
    assert_eq!(state.get("0.weight").expect("there").shape(), [3, 4]);
    Ok(())
}

#[test]
fn linear_starts_within_its_bound_and_the_same_for_the_same_seed() -> Result<()> {
    let linear = Linear::new(100, 50, &mut seeded(1))?;
    let weight = linear.weight.to_vec::<f32>()?;
    assert!(weight.iter().all(|w| w.abs() <= 0.1));
    assert!(weight.iter().any(|w| w.abs() > 0.099));
    assert_eq!(weight, Linear::new(100, 50, &mut seeded(1))?.weight.to_vec::<f32>()?);
    assert_eq!((linear.in_features(), linear.out_features()), (100, 50));
    Ok(())
}

#[test]
fn dropout_drops_in_training_only() -> Result<()> {
    let x = Tensor::ones(&[1000], DType::F32)?;
    let mut dropout = Dropout::new(0.25, &mut seeded(1))?;
    let twin = dropout.clone();
    let (first, second) = (dropout.forward(&x)?.to_vec::<f32>()?, dropout.forward(&x)?.to_vec::<f32>()?);
    assert_ne!(first, second);
    assert_eq!(first, twin.forward(&x)?.to_vec::<f32>()?);
    dropout.eval();
    assert_eq!(dropout.forward(&x)?.to_vec::<f32>()?, x.to_vec::<f32>()?);
    Ok(())
}

#[test]
fn a_model_trains_after_a_change_of_dtype() -> Result<()> {
    let mut linear = Linear::new(2, 1, &mut seeded(0))?;
    linear.to_dtype(DType::F64).expect("floats");
    let loss = linear.forward(&Tensor::from([1.0, 2.0]).to_dtype(DType::F64))?.sum();
    assert_eq!(loss.backward()?.get(&linear.weight).expect("trained").to_vec::<f64>()?, [1.0, 2.0]);
    Ok(())
}

#[test]
fn a_clone_is_independent() -> Result<()> {
    let model = sequential![Linear::new(2, 2, &mut seeded(0))?];
    let mut clone = model.clone();
    clone.visit_mut(&autograd_core::module::Path::root(), &mut |_, item| {
        if let autograd_core::module::ItemMut::Param(param) = item {
            param.set(param.zeros_like()).expect("floats");
        }
    });
    let x = Tensor::from([[1.0, 1.0]]);
    assert_eq!(clone.forward(&x)?.to_vec::<f32>()?, [0.0, 0.0]);
    assert_ne!(model.forward(&x)?.to_vec::<f32>()?, [0.0, 0.0]);
    Ok(())
}

#[test]
fn threads_share_a_model() -> Result<()> {
    let rng = &mut seeded(0);
    let model = sequential![Linear::new(3, 4, rng)?, ReLU, Dropout::new(0.5, rng)?, Linear::new(4, 1, rng)?];
    let x = Tensor::randn(&[8, 3], DType::F32, rng)?;
    let run = || -> Result<usize> { Ok(model.forward(&x)?.sum().backward()?.len()) };
    let counts = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect::<Result<Vec<_>>>()
    })?;
    assert_eq!(counts, [4; 4]);
    Ok(())
}

#[test]
fn boxed_layers_are_layers() -> Result<()> {
    let layers: Vec<Box<dyn wengert_nn::DynLayer>> = vec![Box::new(ReLU), Box::new(Identity)];
    let model = Sequential::from(layers).push(Box::new(Tanh));
    assert_eq!(format!("{model:?}"), r#"Sequential["ReLU", "Identity", "Tanh"]"#);
    assert_eq!((model.len(), model.is_empty(), Sequential::new().is_empty()), (3, false, true));
    assert_eq!(model.get(1).expect("there").kind(), "Identity");
    assert_eq!(model.forward(&Tensor::from(-1.0))?.item::<f32>()?, 0.0);
    Ok(())
}

#[test]
fn a_layer_of_ones_own_need_not_be_clone() -> Result<()> {
    #[derive(Module)]
    struct Mlp {
        hidden: Linear,
        output: Linear,
    }
    impl Layer for Mlp {
        fn forward(&self, x: &Tensor) -> Result<Tensor> {
            self.output.call("output", &self.hidden.call("hidden", x)?.relu())
        }
    }
    let rng = &mut seeded(0);
    let mlp = Mlp { hidden: Linear::new(2, 3, rng)?, output: Linear::new(3, 1, rng)? };
    assert_eq!((mlp.kind(), mlp.num_parameters()), ("Mlp", 13));
    let reason = "linear: inner dimensions differ: [1, 3] × [2, 3] (3 ≠ 2)";
    let narrow = Tensor::zeros(&[1, 3], DType::F32)?;
    assert_eq!(text(mlp.forward(&narrow)), format!("in hidden (Linear): {reason}"));
    assert_eq!(text(mlp.hidden.forward(&narrow)), reason, "a layer by itself has no place");
    let boxed: Box<dyn Layer> = Box::new(mlp);
    assert_eq!(boxed.forward(&Tensor::from([1.0, 2.0]))?.shape(), [1]);
    Ok(())
}

#[test]
fn errors_say_where() -> Result<()> {
    let rng = &mut seeded(0);
    let x = Tensor::zeros(&[2, 3], DType::F32)?;
    let inner = sequential![Tanh, Linear::new(5, 1, rng)?];
    let reason = "linear: inner dimensions differ: [2, 4] × [5, 1] (4 ≠ 5)";
    let flat = sequential![Linear::new(3, 4, rng)?, ReLU, Linear::new(5, 1, rng)?];
    assert_eq!(text(flat.forward(&x)), format!("in 2 (Linear): {reason}"));
    let nested = sequential![Linear::new(3, 4, rng)?, inner];
    assert_eq!(text(nested.forward(&x)), format!("in 1.1 (Linear): {reason}"));
    assert_eq!(text(nested.call("encoder", &x)), format!("in encoder.1.1 (Linear): {reason}"));
    Ok(())
}

#[test]
fn parts_that_are_held_stay_in_evaluation() -> Result<()> {
    let rng = &mut seeded(7);
    let (first, second) = (Dropout::new(0.5, rng)?, Dropout::new(0.5, rng)?);
    let mut model = sequential![first, sequential![second]];
    let x = Tensor::ones(&[64], DType::F32)?;
    let zeros = |model: &Sequential| -> Result<usize> {
        let dropped = model.forward(&x)?.to_vec::<f32>()?.iter().filter(|x| **x == 0.0).count();
        Ok(dropped)
    };
    assert!(zeros(&model)? > 0);
    assert_eq!((model.hold_eval("1")?, model.hold_eval("0")?), (1, 1));
    let error = model.hold_eval("10").expect_err("no such layer");
    let known = "near it are \"0\", \"1\", \"1.0\"";
    assert_eq!(
        error.to_string(),
        format!("hold_eval: no layer with a mode is called \"10\" or lies below it; {known}")
    );
    assert_eq!(zeros(&model)?, 0);
    // Neither mode changes it, and a clone has it.
    model.train();
    assert_eq!((zeros(&model)?, zeros(&model.clone())?), (0, 0));
    assert_eq!(model.release_eval("1.0")?, 1);
    assert!(zeros(&model)? > 0);
    model.eval();
    assert_eq!((model.release_eval("")?, zeros(&model)?), (2, 0));
    model.train();
    assert!(zeros(&model)? > 0);
    Ok(())
}
