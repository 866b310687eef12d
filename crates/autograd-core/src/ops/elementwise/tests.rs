//! Values and derivatives at kinks, ends and infinities, by both walks.

use crate::{Result, Tensor, grad_with};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

fn same(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan()) || b.is_finite() && (a - b).abs() <= 1e-14 * b.abs()
}

/// The value and the derivatives of a function at a point, by the fused walk and by the recorded one, which agree.
fn at<const N: usize>(x: [f64; N], f: impl Fn(&[Tensor; N]) -> Result<Tensor>) -> (f64, [f64; N]) {
    let x = x.map(|x| Tensor::scalar(x).requires_grad());
    let y = f(&x).expect("numbers");
    let one = y.detach().ones_like();
    let targets: Vec<&Tensor> = x.iter().collect();
    let recorded = grad_with(&[(&y, &one)], &targets).expect("tracked");
    let value = y.to_f64s()[0];
    let fused = y.backward_with(&one).expect("tracked");
    let mut i = 0;
    let gradients = x.each_ref().map(|x| {
        let [fused, recorded] = [fused.get(x), recorded[i].as_ref()].map(|g| g.expect("used").to_f64s()[0]);
        i += 1;
        assert!(same(fused, recorded), "fused {fused}, recorded {recorded}");
        fused
    });
    (value, gradients)
}

/// A name, the function, and points with value and derivative.
type One = (&'static str, fn(&Tensor) -> Result<Tensor>, &'static [(f64, f64, f64)]);

const ONE: &[One] = &[
    ("relu6", |x| Ok(x.relu6()), &[(0.0, 0.0, 0.0), (6.0, 6.0, 0.0), (NAN, NAN, 0.0)]),
    ("hardtanh", |x| x.hardtanh(-1.0, 1.0), &[(-1.0, -1.0, 0.0), (1.0, 1.0, 0.0), (0.5, 0.5, 1.0)]),
    ("hardsigmoid", |x| Ok(x.hardsigmoid()), &[(-3.0, 0.0, 0.0), (3.0, 1.0, 0.0), (INF, 1.0, 0.0)]),
    ("hardswish", |x| Ok(x.hardswish()), &[(-3.0, 0.0, 0.0), (3.0, 3.0, 1.0), (-4.0, 0.0, 0.0), (INF, INF, 1.0)]),
    ("hardshrink", |x| Ok(x.hardshrink(0.5)), &[(0.5, 0.0, 0.0), (-0.5, 0.0, 0.0), (NAN, NAN, 1.0)]),
    ("softshrink", |x| x.softshrink(0.5), &[(0.5, 0.0, 0.0), (-0.5, 0.0, 0.0), (NAN, NAN, 1.0)]),
    ("threshold", |x| Ok(x.threshold(1.0, 9.0)), &[(1.0, 9.0, 0.0), (2.0, 2.0, 1.0), (NAN, NAN, 1.0)]),
    ("elu", |x| Ok(x.elu(0.5)), &[(0.0, 0.0, 0.5), (-0.0, 0.0, 0.5), (-INF, -0.5, 0.0), (INF, INF, 1.0)]),
    ("selu", |x| Ok(x.selu()), &[(0.0, 0.0, 1.7580993408473766), (-800.0, -1.7580993408473766, 0.0)]),
    ("celu", |x| x.celu(0.5), &[(0.0, 0.0, 1.0), (-INF, -0.5, 0.0), (INF, INF, 1.0)]),
    ("mish", |x| Ok(x.mish()), &[(1000.0, 1000.0, 1.0), (-1000.0, 0.0, 0.0), (-INF, NAN, NAN), (INF, INF, NAN)]),
    ("softsign", |x| Ok(x.softsign()), &[(0.0, 0.0, 1.0), (INF, NAN, NAN)]),
    ("logsigmoid", |x| Ok(x.logsigmoid()), &[(-INF, -INF, 1.0), (INF, 0.0, 0.0), (-800.0, -800.0, 1.0)]),
    ("tanhshrink", |x| Ok(x.tanhshrink()), &[(INF, INF, 1.0), (-INF, -INF, 1.0), (0.0, 0.0, 0.0)]),
    ("squareplus", |x| x.squareplus(4.0), &[(0.0, 1.0, 0.5), (INF, INF, 1.0), (-INF, 0.0, 0.0)]),
    ("squareplus of 0", |x| x.squareplus(0.0), &[(2.0, 2.0, 1.0), (-2.0, 0.0, 0.0)]),
    ("logit", |x| Ok(x.logit()), &[(0.0, -INF, INF), (1.0, INF, INF), (-0.1, NAN, NAN), (0.5, 0.0, 4.0)]),
    (
        "logit_eps",
        |x| Ok(x.logit_eps(0.25)),
        &[(0.25, -1.0986122886681098, 16.0 / 3.0), (0.2, -1.0986122886681098, 0.0)],
    ),
    ("frac", |x| Ok(x.frac()), &[(2.0, 0.0, 1.0), (-1.25, -0.25, 1.0)]),
    ("reciprocal", |x| Ok(x.reciprocal()), &[(0.0, INF, -INF), (-0.0, -INF, -INF), (INF, 0.0, 0.0)]),
    ("rsqrt", |x| Ok(x.rsqrt()), &[(0.0, INF, -INF), (INF, 0.0, 0.0), (-1.0, NAN, NAN)]),
    ("log2", |x| Ok(x.log2()), &[(0.0, -INF, INF), (-1.0, NAN, -std::f64::consts::LOG2_E)]),
    ("asin", |x| Ok(x.asin()), &[(1.0, std::f64::consts::FRAC_PI_2, INF), (1.5, NAN, NAN)]),
    ("acos", |x| Ok(x.acos()), &[(1.0, 0.0, -INF), (-1.0, std::f64::consts::PI, -INF), (1.5, NAN, NAN)]),
    ("atan", |x| Ok(x.atan()), &[(INF, std::f64::consts::FRAC_PI_2, 0.0), (0.0, 0.0, 1.0)]),
    ("asinh", |x| Ok(x.asinh()), &[(INF, INF, 0.0), (-INF, -INF, 0.0), (0.0, 0.0, 1.0)]),
    ("acosh", |x| Ok(x.acosh()), &[(1.0, 0.0, INF), (INF, INF, 0.0), (0.5, NAN, NAN)]),
    ("atanh", |x| Ok(x.atanh()), &[(1.0, INF, INF), (-1.0, -INF, INF)]),
    ("sinh", |x| Ok(x.sinh()), &[(800.0, INF, INF), (-800.0, -INF, INF), (0.0, 0.0, 1.0)]),
    ("tan", |x| Ok(x.tan()), &[(INF, NAN, NAN), (0.0, 0.0, 1.0), (1e10, -0.5583496378112418, 1.311754318043945)]),
    ("erfc", |x| Ok(x.erfc()), &[(-INF, 2.0, 0.0), (INF, 0.0, 0.0)]),
    ("erfcx", |x| Ok(x.erfcx()), &[(INF, 0.0, 0.0), (-30.0, INF, -INF)]),
    (
        "erfinv",
        |x| Ok(x.erfinv()),
        &[(1.0, INF, INF), (-1.0, -INF, INF), (0.0, 0.0, 0.886226925452758), (1.5, NAN, NAN)],
    ),
    ("ndtri", |x| Ok(x.ndtri()), &[(0.0, -INF, INF), (1.0, INF, INF), (0.5, 0.0, 2.5066282746310002), (1.5, NAN, NAN)]),
    ("ndtr", |x| Ok(x.ndtr()), &[(-INF, 0.0, 0.0), (INF, 1.0, 0.0), (-40.0, 0.0, 0.0)]),
    ("log_ndtr", |x| Ok(x.log_ndtr()), &[(-INF, -INF, INF), (INF, 0.0, 0.0)]),
    ("entr", |x| Ok(x.entr()), &[(0.0, 0.0, INF), (1.0, 0.0, -1.0), (-1.0, -INF, NAN)]),
    (
        "lgamma",
        |x| Ok(x.lgamma()),
        &[(0.0, INF, -INF), (-1.0, INF, NAN), (INF, INF, INF), (1.0, 0.0, -0.5772156649015329)],
    ),
    (
        "digamma",
        |x| Ok(x.digamma()),
        &[(0.0, -INF, INF), (-0.0, INF, INF), (-1.0, NAN, 6.580790147320947e32), (INF, INF, 0.0)],
    ),
    ("polygamma", |x| Ok(x.polygamma(2)), &[(0.0, -INF, INF), (-1.0, -INF, INF), (INF, 0.0, 0.0)]),
    ("i0", |x| Ok(x.i0()), &[(0.0, 1.0, 0.0), (INF, INF, INF), (-INF, INF, -INF)]),
    ("i1", |x| Ok(x.i1()), &[(0.0, 0.0, 0.5)]),
    ("i0e", |x| Ok(x.i0e()), &[(0.0, 1.0, 0.0), (INF, 0.0, 0.0)]),
    ("i1e", |x| Ok(x.i1e()), &[(0.0, 0.0, 0.5), (-INF, 0.0, 0.0)]),
    ("sinc", |x| Ok(x.sinc()), &[(0.0, 1.0, 0.0), (1.0, 0.0, -1.0), (INF, NAN, NAN)]),
    (
        "nan_to_num",
        |x| Ok(x.nan_to_num(0.5, None, Some(-9.0))),
        &[(NAN, 0.5, 0.0), (INF, f64::MAX, 0.0), (-INF, -9.0, 0.0)],
    ),
];

#[test]
fn functions_of_one_number() {
    let mut wrong = Vec::new();
    for (name, f, points) in ONE {
        for (x, value, slope) in *points {
            let (y, [gx]) = at([*x], |[x]| f(x));
            if !(same(y, *value) && same(gx, *slope)) {
                wrong.push(format!("{name}({x}) is {y:e} with derivative {gx:e}, not {value:e} and {slope:e}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A name, the function, and pairs with value and derivatives.
type Two = (&'static str, fn(&Tensor, &Tensor) -> Result<Tensor>, &'static [(f64, f64, f64, [f64; 2])]);

const TWO: &[Two] = &[
    ("hypot", Tensor::hypot, &[(0.0, 0.0, 0.0, [0.0, 0.0]), (3.0, 4.0, 5.0, [0.6, 0.8]), (INF, NAN, INF, [NAN, NAN])]),
    ("atan2", Tensor::atan2, &[(0.0, 0.0, 0.0, [0.0, 0.0]), (0.0, -2.0, std::f64::consts::PI, [-0.5, 0.0])]),
    ("copysign", Tensor::copysign, &[(0.0, -1.0, 0.0, [0.0, 0.0]), (2.0, -0.0, -2.0, [-1.0, 0.0])]),
    (
        "fmod",
        Tensor::fmod,
        &[(-5.5, 3.0, -2.5, [1.0, 1.0]), (1.0, 0.0, NAN, [1.0, -INF]), (6.0, 3.0, 0.0, [1.0, -2.0])],
    ),
    ("remainder", Tensor::remainder, &[(-5.5, 3.0, 0.5, [1.0, 2.0]), (1.0, 0.0, NAN, [1.0, -INF])]),
    ("fmax", Tensor::fmax, &[(1.0, 1.0, 1.0, [0.5, 0.5]), (NAN, 1.0, 1.0, [0.0, 1.0]), (NAN, NAN, NAN, [1.0, 0.0])]),
    ("fmin", Tensor::fmin, &[(1.0, 1.0, 1.0, [0.5, 0.5]), (1.0, NAN, 1.0, [1.0, 0.0])]),
    (
        "xlogy",
        Tensor::xlogy,
        &[(0.0, 0.0, 0.0, [0.0, 0.0]), (1.0, 0.0, -INF, [-INF, INF]), (0.0, NAN, NAN, [NAN, 0.0])],
    ),
    ("xlog1py", Tensor::xlog1py, &[(0.0, -1.0, 0.0, [0.0, 0.0]), (1.0, 0.0, 0.0, [0.0, 1.0])]),
    (
        "logaddexp",
        Tensor::logaddexp,
        &[(INF, INF, INF, [NAN, NAN]), (-INF, -INF, -INF, [NAN, NAN]), (INF, -INF, INF, [1.0, 0.0])],
    ),
];

#[test]
fn functions_of_two_numbers() {
    let mut wrong = Vec::new();
    for (name, f, points) in TWO {
        for (a, b, value, slopes) in *points {
            let (z, got) = at([*a, *b], |[a, b]| f(a, b));
            if !(same(z, *value) && same(got[0], slopes[0]) && same(got[1], slopes[1])) {
                wrong.push(format!("{name}({a}, {b}) is {z:e} with {got:?}, not {value:e} and {slopes:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
