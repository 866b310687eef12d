//! The mistakes of a new user, and what each is told: the text is all there is to mend it by.

use autograd_core::module::{Module as _, Param, StateDict};
use autograd_core::{DType, Error, Tensor, grad, seeded, set_num_threads};
use wengert_nn::{
    Layer, Linear, binary_cross_entropy_with_logits, cross_entropy, functional_call, l1_loss, mse_loss, sequential,
    smooth_l1_loss,
};

/// What is written, and the text of its error.
type Row = (&'static str, fn() -> Result<(), Error>, &'static str);

fn zeros(shape: &[usize]) -> Tensor {
    Tensor::zeros(shape, DType::F32).expect("small")
}

/// Logits of a model: they require gradients.
fn logits() -> Tensor {
    zeros(&[4, 3]).requires_grad()
}

fn labels() -> Tensor {
    Tensor::from([0, 2, 1, 0])
}

macro_rules! rows {
    ($($written:expr => $text:expr;)*) => {
        [$((stringify!($written), || -> Result<(), Error> {
            let _ = $written;
            Ok(())
        }, $text)),*]
    };
}

const TARGETS: &[Row] = &rows! {
    cross_entropy(&logits(), &labels().unsqueeze(1)?)? =>
        "cross_entropy: target has shape [4, 1], expected [4]; squeeze(&[1]) makes it so";
    cross_entropy(&logits(), &labels().to_dtype(DType::F32))? =>
        "cross_entropy: the target of class probabilities has shape [4], expected [4, 3], that of the input; for class \
         indices, to_dtype(DType::I64)";
    cross_entropy(&logits(), &labels().to_dtype(DType::F64))? =>
        "cross_entropy: the target of class probabilities has shape [4], expected [4, 3], that of the input; for class \
         indices, to_dtype(DType::I64)";
    cross_entropy(&logits(), &labels().to_dtype(DType::F32).unsqueeze(1)?)? =>
        "cross_entropy: the target of class probabilities has shape [4, 1], expected [4, 3], that of the input; for \
         class indices, squeeze(&[1]) and to_dtype(DType::I64)";
    cross_entropy(&logits(), &labels().one_hot(Some(3))?)? =>
        "cross_entropy: target has shape [4, 3], expected [4]; for one-hot rows, which are class probabilities, \
         to_dtype(DType::F32)";
    cross_entropy(&logits(), &labels().narrow(0, 0, 3)?)? => "cross_entropy: target has shape [3], expected [4]";
    cross_entropy(&logits(), &(labels() + 1))? =>
        "cross_entropy: index 3 at position 1 is out of range for dim 1 of shape [4, 3]";
    cross_entropy(&logits().softmax(1)?, &labels())? =>
        "cross_entropy: the input is the result of softmax, which cross_entropy takes itself; leave softmax out of the \
         model, or write `&x * 1` to take it twice";
    cross_entropy(&logits().softmax(1)?, &zeros(&[4, 3]))? =>
        "cross_entropy: the input is the result of softmax, which cross_entropy takes itself; leave softmax out of the \
         model, or write `&x * 1` to take it twice";
    binary_cross_entropy_with_logits(&logits().sigmoid(), &zeros(&[4, 3]))? =>
        "binary_cross_entropy_with_logits: the input is the result of sigmoid, which binary_cross_entropy_with_logits \
         takes itself; leave sigmoid out of the model, or write `&x * 1` to take it twice";
    binary_cross_entropy_with_logits(&zeros(&[4, 1]), &zeros(&[4]))? =>
        "binary_cross_entropy_with_logits: target has shape [4], expected [4, 1], that of the input; unsqueeze(1) makes \
         it so";
    mse_loss(&zeros(&[4, 1]), &zeros(&[4]))? =>
        "mse_loss: the target has shape [4], expected one that broadcasts to the input's, [4, 1], and has its rank; unsqueeze(1) makes it \
         so";
    mse_loss(&zeros(&[4]), &zeros(&[4, 1]))? =>
        "mse_loss: the target has shape [4, 1], expected one that broadcasts to the input's, [4], and has its rank; squeeze(&[1]) makes it \
         so";
    l1_loss(&zeros(&[4, 1]), &zeros(&[4]))? =>
        "l1_loss: the target has shape [4], expected one that broadcasts to the input's, [4, 1], and has its rank; unsqueeze(1) makes it \
         so";
    smooth_l1_loss(&zeros(&[4, 1]), &zeros(&[4]))? =>
        "smooth_l1_loss: the target has shape [4], expected one that broadcasts to the input's, [4, 1], and has its rank; unsqueeze(1) \
         makes it so";
    mse_loss(&zeros(&[4]), &labels())? => "mse_loss: dtypes F32 and I64 do not mix; convert one with to_dtype";
};

const SHAPES: &[Row] = &rows! {
    Linear::new(3, 2, &mut seeded(0))?.forward(&zeros(&[4, 5]))? =>
        "linear: inner dimensions differ: [4, 5] × [3, 2] (5 ≠ 3)";
    sequential![Linear::new(3, 2, &mut seeded(0))?, |x: &Tensor| x.reshape(&[7])].forward(&zeros(&[4, 3]))? =>
        "in 1 (Lambda): reshape: [4, 2] has 8 elements, [7] asks for another number";
    zeros(&[4, 3]).reshape(&[5, -1])? => "reshape: [4, 3] has 12 elements, [5, -1] asks for another number";
    zeros(&[4, 3]).matmul(&zeros(&[4, 3]))? => "matmul: inner dimensions differ: [4, 3] × [4, 3] (3 ≠ 4)";
    zeros(&[4, 3]).try_add(&zeros(&[4]))? =>
        "add: shapes [4, 3] and [4] do not broadcast: 3 ≠ 4 in dimension −1 (counted from the end)";
    zeros(&[4, 3]).sum_dim(2)? => "sum: dim 2 is out of range for shape [4, 3] (−2 to 1)";
    zeros(&[4, 3]).select(0, 4)? => "select: index 4 is outside dim 0 of size 4";
    zeros(&[4, 3]).narrow(0, 3, 2)? => "narrow: 2 elements from 3 are outside dim 0 of size 4";
    Tensor::from_vec(vec![1.0, 2.0, 3.0], &[2, 2])? => "from_vec: shape [2, 2] needs 4 elements, got 3";
};

const NUMBERS: &[Row] = &rows! {
    zeros(&[4]).item::<f32>()? => "item: shape is [4], expected a single element";
    zeros(&[4]).to_f64()? => "item: shape is [4], expected a single element";
    Tensor::from(0.5).to_dtype(DType::F64).item::<f32>()? => "item: dtype is F64, expected F32; to_dtype converts";
    Tensor::from((1_i64 << 53) + 1).item::<f64>()? => "item: dtype is I64, expected F64; to_dtype converts";
    zeros(&[4]).to_vec::<f64>()? => "to_vec: dtype is F32, expected F64; to_dtype converts";
    Tensor::from_vec(vec![u64::MAX], &[1])? =>
        "from_vec: element 0 is 18446744073709551615, it must be at most 9223372036854775807";
    set_num_threads(0)? => "set_num_threads: n is 0, it must be from 1 to 256";
};

const GRADIENTS: &[Row] = &rows! {
    zeros(&[4]).sum().backward()? =>
        "backward: the F32 tensor of shape [] is not tracked: nothing it was computed from requires gradients, or \
         recording was off, as in no_grad and in pull-backs (enable_grad switches it on)";
    logits().backward()? =>
        "backward: the value has shape [4, 3], so it needs a gradient of that shape: use backward_with";
    grad(&logits().sum(), &[&logits()])? => "grad: input 0 of shape [4, 3] takes no part in the result";
};

const MODELS: &[Row] = &rows! {
    model()?.load_state_dict(&[("0".to_string(), zeros(&[3]))].into_iter().collect())? =>
        "the state does not fit, and nothing was loaded:\n  0: F32 [3], expected F32 [2]\n  missing: 1";
    tied()?.load_state_dict(&[("0".to_string(), zeros(&[2])), ("1".to_string(), zeros(&[2]) + 1)].into_iter().collect())? =>
        "the state does not fit, and nothing was loaded:\n  1: tied to 0, and the two tensors differ";
    functional_call(&Linear::new(2, 1, &mut seeded(0))?, &named("wieght"), &zeros(&[1, 2]))? =>
        "the state does not fit, and nothing was loaded:\n  unexpected: wieght";
};

fn model() -> Result<Vec<Param>, Error> {
    Ok(vec![Param::new(zeros(&[2])).expect("a fresh value"), Param::new(zeros(&[1])).expect("a fresh value")])
}

fn tied() -> Result<Vec<Param>, Error> {
    let original = Param::new(zeros(&[2])).expect("a fresh value");
    let other = original.tie();
    Ok(vec![original, other])
}

fn named(name: &str) -> StateDict {
    [(name.to_string(), zeros(&[1, 2]))].into_iter().collect()
}

#[test]
fn every_mistake_is_told_what_to_do() {
    let mut wrong = Vec::new();
    for (written, run, text) in [TARGETS, SHAPES, NUMBERS, GRADIENTS, MODELS].concat() {
        match run() {
            Ok(()) => wrong.push(format!("{written}\n    is not refused")),
            Err(error) if error.to_string() != text => {
                wrong.push(format!("{written}\n    {error}\n    not\n    {text}"))
            }
            Err(_) => {}
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn what_the_hints_say_is_right() -> Result<(), Error> {
    let x = logits();
    drop(cross_entropy(&x, &labels().unsqueeze(1)?.squeeze(&[1])?)?);
    drop(cross_entropy(&x, &labels().to_dtype(DType::F32).to_dtype(DType::I64))?);
    drop(cross_entropy(&x, &labels().to_dtype(DType::F32).unsqueeze(1)?.squeeze(&[1])?.to_dtype(DType::I64))?);
    drop(cross_entropy(&x, &labels().one_hot(Some(3))?.to_dtype(DType::F32))?);
    drop(cross_entropy(&(x.softmax(1)? * 1), &labels())?);
    drop(cross_entropy(&x.log_softmax(1)?, &labels())?);
    drop(mse_loss(&zeros(&[4, 1]), &zeros(&[4]).unsqueeze(1)?)?);
    drop(mse_loss(&zeros(&[4]), &zeros(&[4, 1]).squeeze(&[1])?)?);
    Ok(())
}
