//! States of which parts do not fit, under other names or in other dtypes; and names by pattern.

use autograd_core::module::{Buffer, LoadOptions, Module, Param, StateDict, StateMismatch, StateProblem};
use autograd_core::{DType, Result, Tensor};
use wengert_nn::Module;

#[derive(Clone, Module)]
struct Block {
    weight: Param,
    bias: Param,
    mean: Buffer,
}

#[derive(Clone, Module)]
struct Net {
    encoder: Vec<Block>,
    head: Param,
    tied: Param,
}

fn net(x: f64) -> Result<Net> {
    let block = || -> Result<Block> {
        Ok(Block {
            weight: Param::new(Tensor::from([x, x]))?,
            bias: Param::new(Tensor::from([x]))?,
            mean: Buffer::new(Tensor::from([x])),
        })
    };
    let head = Param::new(Tensor::from([x, x, x]))?;
    let tied = head.tie();
    Ok(Net { encoder: vec![block()?, block()?], head, tied })
}

fn values(net: &Net) -> Vec<(String, Vec<f64>)> {
    net.state_dict().iter().map(|(name, x)| (name.to_string(), x.to_f64s())).collect()
}

#[test]
fn a_whole_state_loads_with_any_options() -> Result<()> {
    for options in [LoadOptions::new(), LoadOptions::new().strict(false), LoadOptions::new().convert(true)] {
        let (mut model, other) = (net(1.0)?, net(2.0)?);
        let report = model.load_state_dict_with(&other.state_dict(), options)?;
        assert_eq!(values(&model), values(&other));
        assert!(report.is_whole() && report.loaded.len() == 8, "{report}");
        assert_eq!(report.to_string(), "loaded 8 of 8 names");
    }
    Ok(())
}

#[test]
fn what_does_not_fit_stays_as_it_is_and_is_reported() -> Result<()> {
    let mut state = net(2.0)?.state_dict();
    state.remove("encoder.0.bias");
    state.insert("encoder.1.weight", Tensor::from([5.0]));
    state.insert("encoder.1.mean", Tensor::from([7]));
    state.insert("decoder", Tensor::from([7]));
    state.remove("head");
    let mut model = net(1.0)?;
    let before = values(&model);
    let strict = model.load_state_dict_with(&state, LoadOptions::new()).expect_err("it does not fit");
    assert_eq!(strict.detail::<StateMismatch>().expect("named").problems.len(), 4);
    assert_eq!(values(&model), before);

    let report = model.load_state_dict_with(&state, LoadOptions::new().strict(false))?;
    // What is tied to the head has its tensor.
    assert_eq!(report.missing(), ["encoder.0.bias"]);
    assert_eq!(report.unexpected(), ["decoder"]);
    assert_eq!(report.misshapen(), ["encoder.1.weight", "encoder.1.mean"]);
    assert_eq!(report.loaded, ["encoder.0.weight", "encoder.0.mean", "encoder.1.bias", "head", "tied"]);
    assert_eq!(
        report.to_string(),
        "loaded 5 of 8 names\n  missing: encoder.0.bias\n  encoder.1.weight: F32 [1], expected F32 [2]\n  \
         encoder.1.mean: I64 [1], expected F32 [1]\n  unexpected: decoder"
    );
    let expected = |name: &str| match name {
        "encoder.0.weight" => vec![2.0, 2.0],
        "encoder.0.mean" | "encoder.1.bias" => vec![2.0],
        // It is tied: the tensor of one name is that of both.
        "head" | "tied" => vec![2.0; 3],
        "encoder.1.weight" => vec![1.0, 1.0],
        _ => vec![1.0],
    };
    for (name, got) in values(&model) {
        assert_eq!(got, expected(&name), "{name}");
    }
    Ok(())
}

#[test]
fn two_tensors_for_one_place_are_an_error_in_any_case() -> Result<()> {
    let mut model = net(1.0)?;
    let mut state = net(2.0)?.state_dict();
    state.insert("tied", Tensor::from([9.0, 9.0, 9.0]));
    let torn = model.load_state_dict_with(&state, LoadOptions::new().strict(false)).expect_err("torn");
    let problem = StateProblem::Torn { name: "tied".into(), other: "head".into() };
    assert_eq!(torn.detail::<StateMismatch>().expect("named").problems, [problem]);
    let twice = net(2.0)?.state_dict().map_keys(|name| name.replace("bias", "weight"));
    let twice = model.load_state_dict_with(&twice, LoadOptions::new().strict(false)).expect_err("twice");
    let problems = ["encoder.0.weight", "encoder.1.weight"].map(|name| StateProblem::Twice(name.into()));
    assert_eq!(twice.detail::<StateMismatch>().expect("named").problems, problems);
    assert_eq!(values(&model), values(&net(1.0)?));
    Ok(())
}

#[test]
fn keys_are_mapped_in_order_with_their_texts() -> Result<()> {
    let mut state = net(2.0)?.state_dict().map_keys(|name| format!("module.{name}"));
    state.metadata_mut().insert("licence".into(), "MIT".into());
    let mut model = net(1.0)?;
    assert!(model.load_state_dict(&state).is_err());
    let state = state.map_keys(|name| name.trim_start_matches("module.").into());
    assert_eq!(state.metadata()["licence"], "MIT");
    model.load_state_dict(&state)?;
    assert_eq!(values(&model), values(&net(2.0)?));
    Ok(())
}

#[test]
fn floats_are_converted_where_asked_for() -> Result<()> {
    let mut double = net(0.1)?;
    double.to_dtype(DType::F64)?;
    let mut model = net(1.0)?;
    assert!(model.load_state_dict(&double.state_dict()).is_err());
    assert!(model.load_state_dict_with(&double.state_dict(), LoadOptions::new().convert(true))?.is_whole());
    assert_eq!((model.head.dtype(), model.head.to_f64s()), (DType::F32, vec![f64::from(0.1_f32); 3]));
    // Integers are no rounded floats.
    let mut state = net(2.0)?.state_dict();
    state.insert("encoder.0.mean", Tensor::from([3]));
    assert!(model.load_state_dict_with(&state, LoadOptions::new().convert(true)).is_err());
    let nothing = StateDict::new();
    let report = model.load_state_dict_with(&nothing, LoadOptions::new().strict(false))?;
    assert_eq!((report.loaded.len(), report.missing().len()), (0, 8));
    Ok(())
}

#[test]
fn patterns_freeze_what_they_stand_for() -> Result<()> {
    let mut model = net(1.0)?;
    let frozen = |model: &Net| {
        let all = model.named_parameters().into_iter().filter(|(_, param)| !param.is_trainable());
        all.map(|(name, _)| name).collect::<Vec<_>>()
    };
    assert_eq!(model.freeze("encoder.*.bias")?, 2);
    assert_eq!(frozen(&model), ["encoder.0.bias", "encoder.1.bias"]);
    assert_eq!(model.unfreeze("**.bias")?, 2);
    assert!(frozen(&model).is_empty());
    assert_eq!(model.freeze("*.1")?, 2);
    assert_eq!(frozen(&model), ["encoder.1.weight", "encoder.1.bias"]);
    let error = model.freeze("decoder.*").expect_err("none").to_string();
    assert!(error.starts_with("freeze: no parameter is called \"decoder.*\" or lies below it; there are"), "{error}");
    assert_eq!(model.unfreeze("**")?, 6);
    Ok(())
}

#[test]
fn modules_are_seen_whole_before_parts_and_can_be_changed() -> Result<()> {
    let mut model = net(1.0)?;
    let seen: Vec<(String, &str)> = model.named_modules().iter().map(|(path, m)| (path.clone(), m.kind())).collect();
    let all = [("", "Net"), ("encoder.0", "Block"), ("encoder.1", "Block")];
    assert_eq!(seen, all.map(|(path, kind)| (path.to_string(), kind)));
    model.apply(&mut |_, module| {
        if module.kind() == "Block" {
            module.freeze("weight")?;
        }
        Ok(())
    })?;
    assert_eq!(model.parameters().iter().filter(|param| !param.is_trainable()).count(), 2);
    let mut visited = Vec::new();
    let error = model.apply(&mut |path, module| {
        visited.push(path.to_string());
        module.freeze("weight").map(drop)
    });
    let error = error.expect_err("the whole has no such parameter").to_string();
    assert!(error.starts_with("freeze: no parameter is called \"weight\""), "{error}");
    assert_eq!(visited, [""]);
    let error = model.apply(&mut |path, module| match path.to_string().as_str() {
        "" => Ok(()),
        _ => module.freeze("gate").map(drop),
    });
    assert!(error.expect_err("none").to_string().starts_with("in encoder.0 (Block): freeze: no parameter"));
    let boxed: Box<dyn Module> = Box::new((model, Some(net(1.0)?)));
    let paths: Vec<String> = boxed.named_modules().into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["0", "0.encoder.0", "0.encoder.1", "1", "1.encoder.0", "1.encoder.1"]);
    Ok(())
}
