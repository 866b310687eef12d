//! The scalar tape against the tape of tensors, floats and closed forms.

use super::{Number, Scalar, Tape, Var};
use crate::tensor::Tensor;
use crate::{ErrorKind, grad};

/// A method by name, on the scalar tape (once and over itself), on floats and on tensors.
type One = (
    &'static str,
    for<'t> fn(Var<'t>) -> Var<'t>,
    for<'i, 'o> fn(Var<'o, Var<'i>>) -> Var<'o, Var<'i>>,
    fn(f64) -> f64,
    fn(&Tensor) -> Tensor,
);

macro_rules! one {
    ($($f:ident $tensor:ident),* $(,)?) => {
        [$((stringify!($f), |x| x.$f(), |x| x.$f(), generic::$f, |x| x.$tensor())),*]
    };
}

/// The methods of both traits, read by floats.
mod generic {
    use super::{Number, Scalar};
    macro_rules! of {
        ($($trait:ident: $($f:ident)*;)*) => {$($(
            pub fn $f(x: f64) -> f64 {
                <f64 as $trait>::$f(x)
            }
        )*)*};
    }
    of! {
        Number: abs sqrt exp exp_m1 ln ln_1p sin cos tanh sigmoid erf floor trunc;
        Scalar: exp2 log2 log10 tan asin acos atan sinh cosh asinh acosh atanh erfc lgamma digamma recip ceil fract relu
            silu gelu;
    }
}

const ONES: [One; 34] = one![
    abs abs, sqrt sqrt, exp exp, exp_m1 expm1, ln log, ln_1p log1p, sin sin, cos cos, tanh tanh, sigmoid sigmoid, erf erf,
    floor floor, trunc trunc, exp2 exp2, log2 log2, log10 log10, tan tan, asin asin, acos acos, atan atan, sinh sinh,
    cosh cosh, asinh asinh, acosh acosh, atanh atanh, erfc erfc, lgamma lgamma, digamma digamma, recip reciprocal,
    ceil ceil, fract frac, relu relu, silu silu,
    gelu gelu,
];

/// Kinks, ends, infinities, NaN, and numbers between.
const POINTS: [f64; 18] = [
    0.0,
    -0.0,
    1e-300,
    0.3,
    -0.3,
    0.75,
    1.0,
    -1.0,
    1.5,
    2.5,
    -2.5,
    8.0,
    -13.5,
    40.0,
    1e20,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
];

fn near(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan()) || b.is_finite() && (a - b).abs() <= 4e-15 * (a.abs() + b.abs())
}

#[test]
fn every_function_of_one_is_that_of_tensors_to_second_order() {
    let mut wrong = Vec::new();
    for (name, once, twice, float, of_tensor) in ONES {
        for x in POINTS {
            let tensor = Tensor::scalar(x).requires_grad();
            let y = of_tensor(&tensor);
            let (inner, outer) = (Tape::new(), Tape::new());
            let at = inner.var(x);
            let (single, double) = (once(at), outer.var(at));
            let result = twice(double);
            assert!(near(single.value(), float(x)) && near(result.value().value(), float(x)), "{name}({x})");
            let mut got = vec![single.value()];
            let mut want = vec![y.to_f64s()[0]];
            if y.is_tracked() {
                let first = grad(&y, &[&tensor]).expect("tracked").remove(0);
                let slope = result.gradient(&[double]).expect("on the tape")[0];
                got.extend([single.gradient(&[at]).expect("on the tape")[0], slope.value()]);
                want.extend([first.to_f64s()[0]; 2]);
                // The tape of tensors has a second derivative of 0 as one that takes no part.
                let second = if first.is_tracked() { grad(&first, &[&tensor]).ok() } else { None };
                want.push(second.map_or(0.0, |second| second[0].to_f64s()[0]));
                got.push(slope.gradient(&[at]).map_or(0.0, |second| second[0]));
            } else {
                assert!(single.backward().is_err(), "{name} has no derivative");
            }
            if !got.iter().zip(&want).all(|(a, b)| near(*a, *b)) {
                wrong.push(format!("{name}({x}): {got:?}, tensors have {want:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

type Two = (&'static str, for<'t> fn(Var<'t>, Var<'t>) -> Var<'t>, fn(&Tensor, &Tensor) -> crate::Result<Tensor>);

#[test]
fn every_function_of_two_is_that_of_tensors() {
    let functions: [Two; 11] = [
        ("+", |a, b| a + b, Tensor::try_add),
        ("-", |a, b| a - b, Tensor::try_sub),
        ("*", |a, b| a * b, Tensor::try_mul),
        ("/", |a, b| a / b, Tensor::try_div),
        ("%", |a, b| a % b, Tensor::fmod),
        ("pow", |a, b| a.pow(b), Tensor::pow),
        ("hypot", |a, b| a.hypot(b), Tensor::hypot),
        ("atan2", |a, b| a.atan2(b), Tensor::atan2),
        ("max", |a, b| a.max(b), Tensor::fmax),
        ("min", |a, b| a.min(b), Tensor::fmin),
        ("copysign", |a, b| a.copysign(b), Tensor::copysign),
    ];
    let mut wrong = Vec::new();
    for (name, f, of_tensors) in functions {
        for a in POINTS {
            for b in POINTS {
                let tape = Tape::new();
                let x = tape.vars([a, b]);
                let y = f(x[0], x[1]);
                let tensors = [a, b].map(|x| Tensor::scalar(x).requires_grad());
                let z = of_tensors(&tensors[0], &tensors[1]).expect("scalars");
                let of_z = z.backward_keep().expect("tracked");
                let want = [0, 1].map(|i| of_z.get(&tensors[i]).expect("a leaf").to_f64s()[0]);
                let got = y.gradient(&x).expect("on the tape");
                if !(near(y.value(), z.to_f64s()[0]) && near(got[0], want[0]) && near(got[1], want[1])) {
                    wrong.push(format!("{a} {name} {b}: {y} {got:?}, tensors have {z} {want:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_not_chosen_sends_nothing_and_what_takes_no_part_neither() {
    let tape = Tape::new();
    let x = tape.var(0.0f64);
    // The slope of the root is infinite, and no number depends on it.
    let root = x.sqrt();
    assert_eq!((x * 3.0 + 1.0).gradient(&[x, root]).expect("on the tape"), [3.0, 0.0]);
    // Nothing comes through the side of a kink that is flat, not even an infinite gradient times 0.
    assert_eq!((-1.0 + x).relu().sqrt().gradient(&[x]).expect("on the tape"), [0.0]);
    // But a product with 0 is a product.
    assert!((x * 0.0).sqrt().gradient(&[x]).expect("on the tape")[0].is_nan());
}

#[test]
fn numbers_of_two_tapes_are_refused_by_place() {
    let (mut one, other) = (Tape::new(), Tape::new());
    let (x, y) = (one.var(1.0), other.var(2.0));
    let z = x * y;
    assert_eq!(z.value(), 2.0);
    for error in [z.backward().err(), x.backward().err(), y.gradient(&[y]).err()] {
        let error = error.expect("refused");
        let text = error.to_string();
        assert_eq!(error.kind(), ErrorKind::Tape);
        assert!(
            text.starts_with("backward: variables of two tapes meet at ") && text.contains("scalar/tests.rs:"),
            "{text}"
        );
    }
    // Also where they are numbers of a third one, in functions of two.
    let outer = Tape::new();
    let [a, b] = outer.vars([x, y]);
    for z in [a.pow(b), a.atan2(b)] {
        let text = z.value().backward().map(|_| ()).expect_err("refused").to_string();
        assert!(text.contains("scalar/tests.rs:"), "{text}");
    }
    drop(outer);
    one.clear();
    let x = one.var(1.0);
    assert_eq!(x.gradient(&[x]).expect("a new start"), [1.0]);
    let foreign = Tape::new();
    for foreign in [foreign.var(2.0), Var::constant(2.0)] {
        let error = (x * 2.0).gradient(&[x, foreign]).expect_err("refused");
        assert_eq!(error.to_string(), "gradient: variable 1 is not on the tape of the result");
    }
    let error = Var::constant(1.0).backward().map(|_| ()).expect_err("refused");
    assert_eq!(error.to_string(), "backward: this is a constant, which depends on no variable");
}

#[test]
fn a_full_tape_says_so() {
    let tape = Tape::nearly_full(2);
    let x = tape.var(1.0);
    let y = x.exp();
    assert!((y + y).value() > 5.0);
    let error = y.backward().map(|_| ()).expect_err("refused");
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::TooLarge, "backward: the tape is full, it has 4294967295 variables")
    );
}

#[test]
fn a_step_on_a_cleared_tape_asks_for_no_memory() {
    let mut tape = Tape::new();
    let mut rooms = Vec::new();
    for _ in 0..3 {
        let x = tape.var(1.0);
        let mut y = x;
        for _ in 0..1000 {
            y = y.sin() + x;
        }
        assert!(y.gradient(&[x]).is_ok());
        rooms.push(tape.room());
        tape.clear();
    }
    assert!(rooms[1] == rooms[0] && rooms[2] == rooms[0] && rooms[0].0 >= 3000, "{rooms:?}");
}

#[test]
fn third_derivatives_go_beyond_the_end_of_a_chain() {
    let tapes = (Tape::new(), Tape::new(), Tape::new());
    let x = tapes.0.var(0.4);
    let second = tapes.1.var(x);
    let third = tapes.2.var(second);
    let y = third.asin();
    let one = y.gradient(&[third]).expect("on the tape")[0];
    let two = one.gradient(&[second]).expect("on the tape")[0];
    let three = two.gradient(&[x]).expect("on the tape")[0];
    let s = 1.0 - 0.4 * 0.4;
    assert!(near(y.value().value().value(), 0.4f64.asin()) && near(one.value().value(), s.powf(-0.5)));
    assert!(near(two.value(), 0.4 * s.powf(-1.5)) && near(three, s.powf(-1.5) + 3.0 * 0.16 * s.powf(-2.5)));
}

/// Everything that has an operator.
fn mixture<S: Scalar>(x: S, y: S) -> S {
    let (sine, cosine) = (x * y).sin_cos();
    let angle = (sine * S::of(0.5) + cosine.powi(3)).to_degrees().to_radians();
    let root = (angle.abs() + S::of(1.0)).cbrt() + x.exp_less(x + y.abs()) - x.rem_euclid(y);
    root.mul_add(y, x.max(y).softplus()) / (S::of(3.0).log(S::of(2.0)) + x.clamp(-1.0, 1.0).elu(0.5)).leaky_relu(0.1)
}

#[test]
fn generic_code_has_the_same_bits_on_floats_and_variables() {
    for (x, y) in [(0.3f64, -1.2f64), (-0.7, 0.9), (2.0, 1.3), (-3.5, -0.2)] {
        let tape = Tape::new();
        let [a, b] = tape.vars([x, y]);
        let z = mixture(a, b);
        assert_eq!(z.value().to_bits(), mixture(x, y).to_bits());
        let slopes = z.gradient(&[a, b]).expect("on the tape");
        let h = 1e-6;
        let difference =
            [(mixture(x + h, y) - mixture(x - h, y)) / (2.0 * h), (mixture(x, y + h) - mixture(x, y - h)) / (2.0 * h)];
        assert!(
            slopes.iter().zip(difference).all(|(a, b)| (a - b).abs() < 1e-6 * (1.0 + b.abs())),
            "{slopes:?} {difference:?}"
        );
        let single = Tape::new();
        let [a, b] = single.vars([x as f32, y as f32]);
        assert_eq!(mixture(a, b).value().to_bits(), mixture(x as f32, y as f32).to_bits());
    }
}

#[test]
fn operators_take_numbers_on_both_sides() {
    let tape = Tape::new();
    let x = tape.var(3.0);
    let mut y = x + 1.0;
    y += 1.0;
    y -= x;
    y *= 2.0 - x;
    y /= 4.0;
    y %= 7.0;
    assert_eq!((y.value(), (6.0 / x - x * 2.0 % 5.0).value()), (-0.5, 1.0));
    assert_eq!(y.gradient(&[x]).expect("on the tape"), [-0.5]);
    let all = [x, 2.0 * x, Var::from(1.0)];
    let (sum, product) = (all.iter().sum::<Var<'_>>(), all.into_iter().product::<Var<'_>>());
    assert_eq!((sum.value(), product.value()), (10.0, 18.0));
    assert_eq!(product.gradient(&[x]).expect("on the tape"), [12.0]);
    assert_eq!(all[..0].iter().sum::<Var<'_>>().value(), Var::<f64>::default().value());
    assert!(x > 2.0 && 4.0 > x && x == 3.0 && x < 2.0 * x && x.partial_cmp(&f64::NAN).is_none());
    assert_eq!((format!("{x:.2}"), format!("{x:?}")), ("3.00".into(), "3.0".into()));
}
