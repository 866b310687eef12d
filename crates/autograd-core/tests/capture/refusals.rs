//! What a captured function must not do, with the text of each refusal.

use super::alone;
use super::model::{Down, bits, floats, param};
use autograd_core::module::{Param, StateDict, Stream};
use autograd_core::update::FoldRule;
use autograd_core::{Capture, DType, Result, Tensor, detect_anomaly, gradcheck, seeded};

/// A model with a parameter and a stream.
type Model = (Param, Stream);
type Function<'a> = Box<dyn Fn(&Model, &Tensor) -> Result<Tensor> + 'a>;

const LOOKS: &str = "looks at numbers, which are other ones at every run: what a captured function does must not depend \
    on them";
const UPDATES: &str = "changes what outlasts the function, and a later run would not; return the gradients, and step \
    after the call";
const ROLLS: &str = "draws from a generator, and a later run would not; layers draw from a Stream of their own";

fn looks(op: &str) -> String {
    format!("capture: {op} {LOOKS}")
}

fn rolls(op: &str) -> String {
    format!("capture: {op} {ROLLS}")
}

#[test]
fn each_is_refused_with_its_text_and_the_mended_function_works() -> Result<()> {
    let stranger = Stream::at(3, 0);
    let other = param(&[2], 5);
    let tracked = other.exp();
    let f = |f: fn(&Model, &Tensor) -> Result<Tensor>| Box::new(f) as Function<'_>;
    let cases: Vec<(String, Function<'_>)> = vec![
        (looks("item"), f(|_, x| Ok(x.mul_scalar(f64::from(x.sum().item::<f32>()?))))),
        (looks("to_vec"), f(|_, x| Tensor::from_vec(x.to_vec::<f32>()?, &[2]))),
        (looks("to_f64s"), f(|_, x| Ok(x.mul_scalar(x.to_f64s().into_iter().fold(0.0, f64::max))))),
        (looks("to_f64"), f(|_, x| Ok(x.mul_scalar(x.sum().to_f64()?)))),
        (looks("printing"), f(|_, x| Ok(x.mul_scalar(format!("{x}").len() as f64)))),
        (
            looks("save"),
            f(|_, x| {
                let state: StateDict = [("x".to_string(), x.clone())].into_iter().collect();
                Ok(x.mul_scalar(f64::from(state.to_safetensors()?.last().copied().unwrap_or(0))))
            }),
        ),
        (looks("printing"), f(|_, x| Ok(x.mul_scalar(format!("{x:?}").len() as f64)))),
        (
            looks("one_hot without a number of classes"),
            f(|_, x| x.argmax(0)?.reshape(&[1])?.one_hot(None).map(|y| y.to_dtype(DType::F32))),
        ),
        (
            format!("capture: update {UPDATES}"),
            f(|_, x| {
                let mut y = x.exp();
                y.update(x, [], Down)?;
                Ok(y)
            }),
        ),
        (looks("fold"), f(|_, x| Ok(x.mul_scalar(x.fold(x, Most)?)))),
        (
            rolls("randn"),
            f(|_, x| {
                let wide = x.detach().to_dtype(DType::F64);
                gradcheck(|x| Ok(x[0].exp()), &[wide]).map(|report| x.mul_scalar(report.compared as f64))
            }),
        ),
        (looks("a search for an element"), f(|_, x| alone(|| detect_anomaly(|| Ok(x.exp()))))),
        (rolls("randn"), f(|_, x| x.try_add(&Tensor::randn(&[2], DType::F32, &mut seeded(1))?))),
        (rolls("rand"), f(|_, x| x.try_add(&Tensor::rand(&[2], DType::F32, &mut seeded(1))?))),
        (rolls("sample"), f(|_, x| x.try_add(&Tensor::sample(&[2], DType::F32, || 1.0)?))),
        (rolls("dropout"), f(|_, x| x.dropout(0.5, &mut seeded(1)))),
        (
            "capture: it draws from a Stream that is not one of the model; a later run would not".into(),
            Box::new(|_, x| x.dropout_seeded(0.5, stranger.draw())),
        ),
        (
            "capture: it draws from a Stream that is not one of the model; a later run would not".into(),
            f(|model, x| x.dropout_seeded(0.5, model.1.clone().draw())),
        ),
        (
            "capture: it draws a seed from a Stream that no operation uses: what it does seems to depend on it".into(),
            f(|model, x| Ok(x.mul_scalar(model.1.draw() as f64))),
        ),
        (
            "capture: it gives an operation a seed that it has not drawn, beside others that it has: a later run would \
             use the same; draw a seed for each"
                .into(),
            f(|model, x| {
                let seed = model.1.draw();
                x.dropout_seeded(0.5, seed)?.dropout_seeded(0.5, seed ^ 1)
            }),
        ),
        (
            "capture: mul was given a parameter that is not one of the model: a later run would not see it change"
                .into(),
            Box::new(|_, x| x.try_mul(&other)),
        ),
        (
            "capture: mul was given the result of exp, tracked outside; pass it as an argument, or detach() it".into(),
            Box::new(|_, x| x.try_mul(&tracked)),
        ),
        (
            "capture: add was given a tensor that another thread has computed, which is not recorded".into(),
            f(|_, x| {
                let far = x.clone();
                x.try_add(&std::thread::spawn(move || far.exp()).join().expect("no panic"))
            }),
        ),
    ];
    let model = (param(&[2], 1), Stream::at(1, 0));
    for (text, refused) in &cases {
        let mut mended = false;
        let mut capture = Capture::new(|model: &Model, [x]: [&Tensor; 1]| {
            let y = x.try_mul(&model.0)?;
            let more = if std::mem::replace(&mut mended, true) { y.clone() } else { refused(model, &y)? };
            y.exp().try_add(&more)
        });
        let error = capture.run(&model, [&floats(&[2], 1)]).map(|_| ()).expect_err(text);
        assert_eq!(&error.to_string(), text);
        for k in 2..5 {
            let x = floats(&[2], k);
            let y = x.try_mul(&model.0)?;
            assert_eq!(bits(capture.run(&model, [&x])?.clone()), bits(y.exp().try_add(&y)?), "{text}");
        }
        assert_eq!(capture.stats().records, 1, "{text}");
    }
    Ok(())
}

#[test]
fn a_result_of_another_thread_is_refused_though_no_operation_was_given_it() {
    let mut capture = Capture::new(|_: &Param, [x]: [&Tensor; 1]| {
        let far = x.clone();
        Ok(std::thread::spawn(move || far.exp()).join().expect("no panic"))
    });
    let text = "capture: the result was given a tensor that another thread has computed, which is not recorded";
    let error = capture.run(&param(&[2], 1), [&floats(&[2], 1)]).map(|_| ()).expect_err("refused");
    assert_eq!(error.to_string(), text);
}

/// The largest element.
#[derive(Clone, Copy)]
struct Most;

impl FoldRule for Most {
    fn element(self, x: f64, _: f64) -> f64 {
        x
    }
    fn join(self, a: f64, b: f64) -> f64 {
        a.max(b)
    }
}
