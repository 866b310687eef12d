//! Parameters that are tied: one value, one identity, one entry; through clones, state dicts and threads.

use autograd_core::module::{LoadOptions, Module, Param, StateDict, StateMismatch, StateProblem};
use autograd_core::{DType, Tensor};
use std::sync::atomic::{AtomicBool, Ordering};

/// Held by tests that count memory or use much of it.
static MEMORY: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// An original, one that is not tied, and another place of the original; in any order.
fn model(original_first: bool) -> Vec<Param> {
    let original = Param::new(Tensor::from([1.0, 2.0])).expect("a fresh value");
    let (free, tied) = (Param::new(Tensor::from([3.0])).expect("a fresh value"), original.tie());
    if original_first { vec![original, free, tied] } else { vec![tied, free, original] }
}

fn value(param: &Param) -> Vec<f64> {
    param.to_f64s()
}

fn names(model: &Vec<Param>) -> Vec<String> {
    model.named_parameters().into_iter().map(|(name, _)| name).collect()
}

/// All that holds of a model whose first and last parameter are tied.
fn is_tied(model: &mut Vec<Param>) {
    assert_eq!(model[0].node_id(), model[2].node_id());
    assert_eq!((model.parameters().len(), model.state_dict().len()), (2, 3));
    for (writer, reader) in [(0, 2), (2, 0)] {
        let next = model[reader].add_scalar(1.0).detach();
        model[writer].set(next.clone()).expect("it fits");
        assert_eq!(value(&model[reader]), next.to_f64s());
        *model[writer].value_mut() = next.add_scalar(1.0).detach();
        assert_eq!(value(&model[reader]), next.add_scalar(1.0).to_f64s());
        // The identity is the one that it was after it was replaced by hand.
        assert_eq!(model[0].node_id(), model[2].node_id());
        model[writer].set_trainable(false);
        assert!(!model[reader].is_trainable() && !model[reader].is_tracked());
        model[reader].set_trainable(true);
        assert_eq!(model[0].node_id(), model[2].node_id());
        let gradients = (&model[0] * &model[2]).sum().backward().expect("tracked");
        let twice = model[reader].mul_scalar(2.0).to_f64s();
        assert_eq!(gradients.get(&model[writer]).expect("a leaf").to_f64s(), twice);
    }
    model.to_dtype(DType::F64).expect("it fits");
    assert!(model.iter().all(|param| param.dtype() == DType::F64) && model[0].node_id() == model[2].node_id());
    model.to_dtype(DType::F32).expect("it fits");
}

#[test]
fn what_is_tied_is_one_parameter_in_a_model_and_in_its_clones() {
    for original_first in [true, false] {
        let mut first = model(original_first);
        let expected = if original_first { ["0", "1"] } else { ["1", "2"] };
        assert_eq!(names(&first), expected);
        let mut second = first.clone();
        let mut third = second.clone();
        let ids: Vec<_> = [&first, &second, &third].map(|model| model[0].node_id()).into();
        assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
        for model in [&mut third, &mut first, &mut second] {
            assert_eq!(names(model), expected);
            is_tied(model);
        }
        let before = value(&first[0]);
        second[2].set(Tensor::from([-1.0, -1.0])).expect("it fits");
        assert_eq!((value(&first[0]), value(&second[0])), (before, vec![-1.0, -1.0]));
    }
}

#[test]
fn frozen_parameters_are_tied_in_a_clone_too() {
    let mut model = model(true);
    assert_eq!(model.freeze("2"), Ok(1));
    assert!(!model[0].is_trainable() && model[1].is_trainable());
    let mut clones = [model.clone(), model.clone()];
    for clone in &mut clones {
        assert!(!clone[2].is_trainable());
        clone[0].set(Tensor::from([7.0, 7.0])).expect("it fits");
        assert_eq!(value(&clone[2]), [7.0, 7.0]);
    }
    clones[0][0].set(Tensor::from([8.0, 8.0])).expect("it fits");
    assert_eq!((value(&clones[1][2]), value(&model[2])), (vec![7.0, 7.0], vec![1.0, 2.0]));
}

#[test]
fn a_clone_made_alone_is_a_parameter_of_its_own() {
    for place in [0, 2] {
        let model = model(true);
        let mut alone = vec![model[place].clone()];
        // Something happens in between: the next clones do not belong with this one.
        let _ = Tensor::from([1.0]).requires_grad();
        let mut other = vec![model[2 - place].clone()];
        for clone in [&mut alone, &mut other] {
            assert_eq!(names(clone), ["0"]);
            clone[0].set(Tensor::from([place as f32, 9.0])).expect("it fits");
        }
        alone[0].set(Tensor::from([0.0, 0.0])).expect("it fits");
        assert_eq!(value(&other[0]), [place as f64, 9.0]);
        assert_eq!(value(&model[0]), [1.0, 2.0]);
    }
}

#[test]
fn what_is_left_of_a_tie_is_listed_once() {
    let original = Param::new(Tensor::from([1.0])).expect("a fresh value");
    let mut rest = vec![original.tie(), original.tie()];
    assert_eq!(names(&rest), Vec::<String>::new());
    drop(original);
    assert_eq!(names(&rest), ["0"]);
    rest[1].set(Tensor::from([2.0])).expect("it fits");
    assert_eq!(value(&rest[0]), [2.0]);
    drop(rest.remove(0));
    assert_eq!(names(&rest), ["0"]);
}

#[test]
fn states_load_into_what_is_tied_and_leave_it_tied() {
    for original_first in [true, false] {
        let mut model = model(original_first);
        let mut state = model.state_dict();
        state.insert("0", Tensor::from([5.0, 6.0]));
        state.insert("2", Tensor::from([5.0, 6.0]));
        let bytes = state.to_safetensors().expect("written");
        let state = StateDict::from_safetensors(&bytes, "state".as_ref()).expect("read");
        model.load_state_dict(&state).expect("fits");
        assert_eq!((value(&model[0]), value(&model[2])), (vec![5.0, 6.0], vec![5.0, 6.0]));
        is_tied(&mut model);

        // Files of other programs may have it once, under the name of the original.
        let (original, tied) = if original_first { ("0", "2") } else { ("2", "0") };
        let mut once = state.clone();
        once.remove(tied);
        model.load_state_dict(&once).expect("fits");
        assert_eq!(value(&model[0]), [5.0, 6.0]);
        let mut without = state.clone();
        without.remove(original);
        // Or under that of what is tied to it.
        let both = StateDict::from_iter([(original.into(), Tensor::from([0.0, 0.0]))]);
        let _ = model.load_state_dict_with(&both, LoadOptions::new().strict(false)).expect("fits");
        model.load_state_dict(&without).expect("fits");
        assert_eq!((value(&model[0]), value(&model[2])), (vec![5.0, 6.0], vec![5.0, 6.0]));
        let report = model.load_state_dict_with(&without, LoadOptions::new().strict(false)).expect("fits");
        assert_eq!((report.is_whole(), report.loaded.len()), (true, 3));
        without.remove(tied);
        let error = model.load_state_dict(&without).expect_err("refused");
        for name in [original, tied] {
            assert!(error.to_string().contains(&format!("\n  missing: {name}")), "{error}");
        }

        let mut torn = state.clone();
        torn.insert(tied, Tensor::from([5.0, 7.0]));
        let error = model.load_state_dict(&torn).expect_err("refused");
        let text = format!(
            "the state does not fit, and nothing was loaded:\n  {tied}: tied to {original}, and the two tensors differ"
        );
        assert_eq!(error.to_string(), text);
        let problems = &error.detail::<StateMismatch>().expect("a report").problems;
        assert_eq!(problems[..], [StateProblem::Torn { name: tied.into(), other: original.into() }]);
        assert_eq!(value(&model[0]), [5.0, 6.0]);
    }
}

#[test]
fn readers_on_other_threads_see_one_value_at_a_time() {
    let mut writer = Param::new(Tensor::from([0.0, 0.0])).expect("a fresh value");
    let readers = [writer.tie(), writer.tie(), writer.tie()];
    let ended = &AtomicBool::new(false);
    std::thread::scope(|scope| {
        for reader in &readers {
            scope.spawn(move || {
                let mut last = 0.0;
                while last < 2000.0 {
                    let is_last = ended.load(Ordering::Acquire);
                    let now = value(reader);
                    assert!(!is_last || now[0] == 2000.0, "{now:?} after all steps");
                    assert!(now[0] == now[1] && now[0] >= last, "{now:?} after {last}");
                    last = now[0];
                }
            });
        }
        for step in 1..=2000 {
            writer.set(Tensor::from([step as f32, step as f32])).expect("it fits");
        }
        ended.store(true, Ordering::Release);
    });
}

#[test]
fn a_long_row_of_values_is_dropped_without_recursion() {
    let _alone = MEMORY.lock();
    let read_often = || {
        let mut writer = Param::new(Tensor::from([0.0])).expect("a fresh value");
        let reader = writer.tie();
        for step in 0..10_000 {
            writer.set(Tensor::from([step as f32])).expect("it fits");
            assert!(reader.is_trainable());
        }
        assert_eq!(value(&reader), [9_999.0]);
        drop((reader, writer));
    };
    std::thread::Builder::new().stack_size(1 << 17).spawn(read_often).expect("a thread").join().expect("no overflow");
}

#[test]
fn what_no_place_has_read_is_let_go() {
    let _alone = MEMORY.lock();
    let large = |x: f64| Tensor::full(&[1 << 16], x, DType::F32).expect("small");
    let mut writer = Param::new(large(0.0)).expect("a fresh value");
    // Neither is ever visited for changing; one is read between, at the first values.
    let (unread, read) = (writer.tie(), writer.tie());
    let mut in_use = |steps: usize| {
        for step in 0..steps {
            writer.set(large(step as f64)).expect("it fits");
            *writer.value_mut() = large(-1.0 - step as f64);
        }
        autograd_core::memory::stats().in_use
    };
    let few = in_use(2);
    assert_eq!(value(&read)[0], -2.0);
    assert!(in_use(40) <= few + (1 << 19));
    assert_eq!((value(&unread)[0], value(&read)[0]), (-40.0, -40.0));
}

#[test]
fn one_alone_is_no_part_of_the_model_that_is_cloned_next() {
    for place in [0, 2] {
        let model = model(true);
        let mut alone = vec![model[place].untied()];
        let mut other = model.clone();
        is_tied(&mut other);
        assert_eq!(names(&alone), ["0"]);
        alone[0].set(Tensor::from([7.0, 9.0])).expect("it fits");
        assert_ne!(value(&other[0]), [7.0, 9.0]);
        assert_eq!(value(&model[0]), [1.0, 2.0]);
    }
}

#[test]
fn a_visit_lets_old_values_go() {
    let _alone = MEMORY.lock();
    let large = |x: f64| Tensor::full(&[1 << 16], x, DType::F32).expect("small");
    let mut model = vec![Param::new(large(0.0)).expect("a fresh value")];
    model.push(model[0].tie());
    let in_use = |steps: usize, model: &mut Vec<Param>| {
        for step in 0..steps {
            model[0].set(large(step as f64)).expect("it fits");
            model.train();
        }
        autograd_core::memory::stats().in_use
    };
    let few = in_use(2, &mut model);
    assert!(in_use(40, &mut model) <= few + (1 << 19));
}

#[test]
fn a_clone_has_the_value_of_its_own_time() {
    let set = |param: &mut Param, x: f32| param.set(Tensor::from([x])).expect("it fits");
    let mut a = Param::new(Tensor::from([1.0])).expect("a fresh value");
    let b = a.tie();
    let a1 = a.clone();
    set(&mut a, 2.0);
    let b1 = b.clone();
    assert_eq!((value(&a1), value(&b), value(&b1)), (vec![1.0], vec![2.0], vec![2.0]));

    let c = a.tie();
    let _between = Tensor::from(0.0).requires_grad();
    let mut model = (a.clone(), b.clone());
    set(&mut model.0, 3.0);
    let c1 = c.clone();
    assert_eq!((value(&model.1), value(&c1)), (vec![3.0], vec![2.0]));
}

#[test]
fn a_model_without_the_original_keeps_its_identity_with_other_parameters() {
    let original = Param::new(Tensor::from([3.0])).expect("a fresh value");
    let model = [original.tie()];
    let same = model.with_parameters(&StateDict::new()).expect("nothing to replace");
    assert_eq!(same[0].node_id(), original.node_id());
    let grads = same[0].square().sum().backward().expect("tracked");
    assert_eq!(grads.get(&original).map(Tensor::to_f64s), Some(vec![6.0]));
}

#[test]
fn two_tracked_values_for_one_parameter_are_refused() {
    let model = model(true);
    let mut values: StateDict = model.state_dict().iter().map(|(name, x)| (name.into(), x.requires_grad())).collect();
    let error = model.with_parameters(&values).expect_err("two leaves").to_string();
    assert_eq!(error.lines().skip(1).collect::<Vec<_>>(), ["  2: tied to 0, and the two tensors differ"]);
    let one = values.get("0").expect("there").clone();
    values.insert("2", one.clone());
    let grads = model.with_parameters(&values).expect("one leaf")[2].sum().backward().expect("tracked");
    assert_eq!(grads.get(&one).map(Tensor::to_f64s), Some(vec![1.0, 1.0]));
}

#[test]
fn a_clone_made_before_is_no_part_of_a_model_with_other_parameters() {
    let model = model(true);
    let before = model[2].clone();
    let mut values = StateDict::new();
    values.insert("0", Tensor::from([7.0, 8.0]));
    let other = model.with_parameters(&values).expect("it fits");
    let after = model[0].clone();
    assert_eq!((value(&other[0]), value(&other[2])), (vec![7.0, 8.0], vec![7.0, 8.0]));
    assert_eq!((value(&before), value(&after)), (vec![1.0, 2.0], vec![1.0, 2.0]));
}

#[test]
fn a_value_put_there_by_hand_is_the_parameters() {
    let alone = || Param::new(Tensor::from([1.0, 2.0])).expect("a fresh value");
    let tied = || {
        let original = alone();
        let place = original.tie();
        vec![original, place]
    };
    for mut model in [vec![alone()], tied()] {
        let identity = model[0].node_id();
        let grads = model[0].square().sum().backward().expect("tracked");
        let gradient = grads.get(&model[0]).expect("a leaf").clone();
        *model[0].value_mut() -= &gradient;
        *model[0].value_mut() += 3;
        assert_eq!((value(&model[0]), model[0].node_id()), (vec![2.0, 1.0], identity));
        assert_eq!(model[0].operation(), Some("leaf"));
        // A value without a history, and one of another kind, which is another parameter.
        *model[0].value_mut() = Tensor::from([5.0, 6.0]);
        assert_eq!((value(&model[0]), model[0].node_id()), (vec![5.0, 6.0], identity));
        *model[0].value_mut() = Tensor::from([7.0]);
        assert!(model[0].is_trainable() && model[0].is_tracked() && model[0].node_id() != identity);
        model[0].set_trainable(false);
        *model[0].value_mut() = Tensor::from([8.0]).requires_grad();
        assert!(!model[0].is_tracked() && value(&model[0]) == [8.0]);
    }
}

#[test]
fn a_part_that_is_cloned_apart_is_no_part_of_the_clone_of_the_whole() {
    let mut model = vec![vec![Param::new(Tensor::from([1.0])).expect("a fresh value")]];
    model.push(vec![model[0][0].tie()]);
    let head = model[1].clone_apart();
    let mut copy = model.clone();
    copy[0][0].set(Tensor::from([2.0])).expect("it fits");
    assert_eq!((value(&copy[1][0]), value(&head[0]), value(&model[0][0])), (vec![2.0], vec![1.0], vec![1.0]));
    assert_eq!((copy.parameters().len(), head.parameters().len()), (1, 1));
}
