//! What modules, parameters and gradients refuse rather than drop in silence.

use autograd_core::module::{Buffer, Item, ItemMut, Module, Param, Path, StateDict};
use autograd_core::update::{ElementRule, Real};
use autograd_core::{Backward, DType, ErrorKind, Gradients, Result, Tensor};

/// A module with names, and a buffer of each sort.
struct Net {
    encoder: [Param; 2],
    head: Param,
    mean: Buffer,
    count: Buffer,
}

impl Module for Net {
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        self.encoder.visit(&path.child("encoder"), f);
        self.head.visit(&path.child("head"), f);
        self.mean.visit(&path.child("mean"), f);
        self.count.visit(&path.child("count"), f);
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        self.encoder.visit_mut(&path.child("encoder"), f);
        self.head.visit_mut(&path.child("head"), f);
        self.mean.visit_mut(&path.child("mean"), f);
        self.count.visit_mut(&path.child("count"), f);
    }
}

fn net() -> Net {
    let param = |x: [f64; 2]| Param::new(Tensor::from(x)).expect("floats");
    Net {
        encoder: [param([1.5, 2.5]), param([3.5, 4.5])],
        head: param([5.5, 6.5]),
        mean: Buffer::new(Tensor::from([0.5])),
        count: Buffer::new(Tensor::from([7])),
    }
}

fn seen(net: &Net) -> Vec<(String, DType, Vec<f64>)> {
    net.state_dict().iter().map(|(name, x)| (name.to_string(), x.dtype(), x.to_f64s())).collect()
}

fn says<T: std::fmt::Debug>(result: Result<T>, kind: ErrorKind, text: &str) {
    let error = result.expect_err("refused");
    assert_eq!((error.kind(), error.to_string().as_str()), (kind, text));
}

#[test]
fn a_name_of_no_parameter_is_not_frozen() {
    let mut net = net();
    let near = r#"no parameter is called "encodr" or lies below it; near it are "encoder""#;
    says(net.freeze("encodr"), ErrorKind::Argument, &format!("freeze: {near}"));
    says(net.unfreeze("encodr"), ErrorKind::Argument, &format!("unfreeze: {near}"));
    let near =
        r#"no parameter is called "encoder.2" or lies below it; near it are "encoder.0", "encoder.1", "encoder""#;
    says(net.freeze("encoder.2"), ErrorKind::Argument, &format!("freeze: {near}"));
    // A buffer is no parameter, and part of a name is no name.
    let all = r#"there are "encoder", "encoder.0", "encoder.1", "head""#;
    for name in ["mean", "enc"] {
        let text = format!("freeze: no parameter is called {name:?} or lies below it; {all}");
        says(net.freeze(name), ErrorKind::Argument, &text);
    }
    assert!(net.parameters().iter().all(|param| param.is_trainable()), "frozen by an error");
    let counts = ["encoder", "encoder.1", "", "head"].map(|name| net.freeze(name).expect("there"));
    assert_eq!(counts, [2, 1, 3, 1]);
    assert_eq!(Vec::<Param>::new().freeze(""), Ok(0));
}

#[test]
fn no_model_becomes_one_of_integers() {
    let mut net = net();
    let before = seen(&net);
    for dtype in [DType::I64, DType::Bool] {
        let text = format!("to_dtype: the dtype of a model cannot be {dtype}, it must be F32 or F64");
        says(net.to_dtype(dtype), ErrorKind::DType, &text);
        assert_eq!(seen(&net), before, "changed by an error");
    }
    net.to_dtype(DType::F64).expect("floats");
    let dtypes: Vec<DType> = seen(&net).into_iter().map(|(_, dtype, _)| dtype).collect();
    assert_eq!(dtypes, [DType::F64, DType::F64, DType::F64, DType::F64, DType::I64]);
    assert!(net.parameters().iter().all(|param| param.is_tracked()));
}

#[test]
fn a_state_is_values_without_a_history() {
    let mut net = net();
    let mut state = net.state_dict();
    let tracked = Tensor::from([8.0, 9.0]).requires_grad();
    state.insert("head", tracked.mul_scalar(1.0));
    let identity = net.head.node_id();
    net.load_state_dict(&state).expect("it fits");
    assert_eq!((net.head.to_f64s(), net.head.node_id()), (vec![8.0, 9.0], identity));
    assert!(net.head.sum().backward().expect("tracked").get(&tracked).is_none());
}

#[test]
fn the_format_of_files_keeps_one_name_for_itself() {
    let mut state = StateDict::new();
    state.insert("fine", Tensor::from([1.0]));
    assert!(state.to_safetensors().is_ok());
    state.insert("__metadata__", Tensor::from([1.0]));
    let text = "safetensors: no tensor can be called \"__metadata__\" in a file; nothing was written";
    says(state.to_safetensors(), ErrorKind::State, text);
    let path = std::env::temp_dir().join(format!("wengert-metadata-{}.safetensors", std::process::id()));
    says(state.save(&path), ErrorKind::State, text);
    assert!(!path.exists());
}

#[derive(Clone, Copy)]
struct Descend;

impl ElementRule<1> for Descend {
    fn element<T: Real>(self, p: T, g: T, [s]: [T; 1]) -> (T, [T; 1]) {
        (p - g, [s])
    }
}

#[test]
fn a_result_is_not_overwritten_under_its_history() {
    let leaf = Tensor::from([1.0, 2.0]).requires_grad();
    let gradient = Tensor::from([1.0, 1.0]);
    let text =
        "update: the result of exp is tracked, and its history would be that of another value; detach() leaves it out";
    let (mut y, mut state) = (leaf.exp(), gradient.zeros_like());
    let before = (y.to_f64s(), y.node_id());
    says(y.update(&gradient, [Some(&mut state)], Descend), ErrorKind::Tape, text);
    assert_eq!((y.to_f64s(), y.node_id()), before);
    let (mut x, mut state) = (leaf.clone(), leaf.exp());
    says(x.update(&gradient, [Some(&mut state)], Descend), ErrorKind::Tape, text);
    assert_eq!(x.to_f64s(), [1.0, 2.0]);
    // A leaf keeps its place, as a parameter must; a value without a history has none to lose.
    let mut state = gradient.zeros_like();
    x.update(&gradient, [Some(&mut state)], Descend).expect("a leaf");
    assert_eq!((x.to_f64s(), x.node_id()), (vec![0.0, 1.0], leaf.node_id()));
    let mut free = leaf.exp().detach();
    free.update(&gradient, [Some(&mut state)], Descend).expect("untied");
}

#[test]
fn gradients_of_what_is_not_tracked_are_refused() {
    let (x, constant) = (Tensor::from([1.0]).requires_grad(), Tensor::from([1.0]));
    let why = "the F32 tensor of shape [1] is not tracked: nothing it was computed from requires gradients, or recording \
               was off, as in no_grad and in pull-backs (enable_grad switches it on)";
    let mut grads = Gradients::default();
    says(grads.insert(&constant, Tensor::from([2.0])), ErrorKind::Tape, &format!("insert: {why}"));
    assert!(grads.is_empty());
    let y = x.exp().sum();
    says(Backward::from(&y).also(&constant).run(), ErrorKind::Tape, &format!("also: {why}"));
    assert!(y.backward().is_ok(), "freed by an error");
}

#[test]
fn a_parameter_lies_in_row_major_order_or_is_refused() -> Result<()> {
    let across = Tensor::from([[1.0, 2.0], [3.0, 4.0]]).t()?;
    let mut param = Param::new(across.clone())?;
    assert_eq!((param.strides(), param.to_f64s()), (&[2, 1][..], vec![1.0, 3.0, 2.0, 4.0]));
    param.set(across.clone())?;
    assert_eq!(param.strides(), [2, 1]);
    *param.value_mut() = across;
    assert_eq!((param.strides(), param.to_f64s()), (&[2, 1][..], vec![1.0, 3.0, 2.0, 4.0]));
    let vast = Tensor::from(1.0).expand(&[1 << 50, 64])?;
    let text = "param: shape [1125899906842624, 64] is too large (at most 64 dimensions, and no more bytes than memory \
                holds)";
    says(Param::new(vast.clone()).map(drop), ErrorKind::TooLarge, text);
    says(param.set(vast), ErrorKind::TooLarge, text);
    assert_eq!(param.to_f64s(), [1.0, 3.0, 2.0, 4.0]);
    Ok(())
}
