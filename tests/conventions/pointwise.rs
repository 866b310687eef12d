//! Functions of single elements.

use crate::{INF, Row, check, check_two, flat, same, seeded_gradients};
use std::f64::consts::LN_2;
use wengert::core::{DType, Result, Tensor, Tolerance};

const NAN: f64 = f64::NAN;

/// The value of NaN is NaN, and its gradient this.
#[track_caller]
fn of_nan(gradient: f64, f: impl Fn(&Tensor) -> Result<Tensor>) {
    assert!(f(&Tensor::from([f64::NAN])).expect("a number is one").to_f64s()[0].is_nan());
    check(&[f64::NAN], &[gradient], f);
}

pub(crate) const PIECEWISE: &[Row] = &[
    ("`relu` at 0", || check(&[-1.0, -0.0, 0.0, 1.0], &[0.0, 0.0, 0.0, 1.0], |x| Ok(x.relu()))),
    ("`leaky_relu(s)` at 0", || check(&[-1.0, -0.0, 0.0, 1.0], &[0.1, 0.1, 0.1, 1.0], |x| Ok(x.leaky_relu(0.1)))),
    ("`prelu(w)` at 0", || {
        check_two(&[-2.0, 0.0, 3.0], &[0.25], [&[0.25, 0.25, 1.0], &[-2.0]], |x, w| x.prelu(w));
    }),
    ("`abs` at 0", || check(&[-1.0, -0.0, 0.0, 1.0], &[-1.0, 0.0, 0.0, 1.0], |x| Ok(x.abs()))),
    ("`clamp` at a bound", || {
        check(&[-3.0, -2.0, 0.5, 1.0, 2.0], &[0.0, 0.0, 1.0, 0.0, 0.0], |x| x.clamp(-2.0, 1.0));
    }),
    ("`clamp_tensor` at a bound", || {
        let want: [&[f64]; 2] = [&[0.5, 0.0, 1.0], &[0.5, 1.0, 0.0]];
        check_two(&[1.0, 0.0, 3.0], &[1.0, 2.0, 2.0], want, |x, min| x.clamp_tensor(Some(min), None));
        let want: [&[f64]; 2] = [&[0.5, 1.0, 0.0], &[0.5, 0.0, 1.0]];
        check_two(&[1.0, 0.0, 3.0], &[1.0, 2.0, 2.0], want, |x, max| x.clamp_tensor(None, Some(max)));
    }),
    ("`relu6`, `hardtanh`, `hardsigmoid`, `hardshrink`, `softshrink`, `threshold` at a bound", || {
        check(&[0.0, 3.0, 6.0], &[0.0, 1.0, 0.0], |x| Ok(x.relu6()));
        check(&[-1.0, 0.0, 2.0], &[0.0, 1.0, 0.0], |x| x.hardtanh(-1.0, 2.0));
        check(&[-3.0, 0.0, 3.0], &[0.0, 1.0 / 6.0, 0.0], |x| Ok(x.hardsigmoid()));
        check(&[-0.5, 0.5, 1.0], &[0.0, 0.0, 1.0], |x| Ok(x.hardshrink(0.5)));
        check(&[-0.5, 0.5, 1.0], &[0.0, 0.0, 1.0], |x| x.softshrink(0.5));
        check(&[0.5, 1.0], &[0.0, 1.0], |x| Ok(x.threshold(0.5, 7.0)));
    }),
    ("`relu`, `hardshrink`, `softshrink`, `threshold` of NaN", || {
        of_nan(1.0, |x| Ok(x.relu()));
        of_nan(1.0, |x| Ok(x.hardshrink(0.5)));
        of_nan(1.0, |x| x.softshrink(0.5));
        of_nan(1.0, |x| Ok(x.threshold(0.5, 7.0)));
    }),
    ("`relu6`, `hardtanh`, `clamp` of NaN", || {
        of_nan(0.0, |x| Ok(x.relu6()));
        of_nan(0.0, |x| x.hardtanh(-1.0, 2.0));
        of_nan(0.0, |x| x.clamp(-1.0, 2.0));
    }),
    ("`abs` of NaN", || of_nan(f64::NAN, |x| Ok(x.abs()))),
    ("`hardswish` at −3 and 3", || check(&[-3.0, 3.0], &[0.0, 1.0], |x| Ok(x.hardswish()))),
    ("`elu(α)`, `selu`, `celu` at 0", || {
        check(&[-0.0, 0.0], &[0.5, 0.5], |x| Ok(x.elu(0.5)));
        // α and λ of Klambauer et al., 2017.
        let slope = 1.673_263_242_354_377_2 * 1.050_700_987_355_480_5;
        check(&[-0.0, 0.0], &[slope, slope], |x| Ok(x.selu()));
        check(&[-0.0, 0.0], &[1.0, 1.0], |x| x.celu(0.5));
    }),
    ("`logit_eps` at a bound", || {
        // 1 / (x (1 − x)), and 0 outside.
        check(&[0.125, 0.25, 0.5, 0.75, 0.9], &[0.0, 16.0 / 3.0, 4.0, 16.0 / 3.0, 0.0], |x| Ok(x.logit_eps(0.25)));
    }),
    ("`nan_to_num` where replaced", || {
        check(&[NAN, INF, -INF, 2.0], &[0.0, 0.0, 0.0, 1.0], |x| Ok(x.nan_to_num(1.0, None, Some(-1.0))));
    }),
    ("`where_cond`", || {
        let mask = Tensor::from([true, false]);
        // Infinite slopes flow into the operand that was not chosen only as zeros.
        let [a, b] = seeded_gradients([&[1.0, 2.0], &[3.0, 4.0]], Some(&[INF, INF]), |[a, b]| mask.where_cond(a, b));
        assert!(same(&a, &[INF, 0.0]) && same(&b, &[0.0, INF]), "{a:?} {b:?}");
        let [a, b] = seeded_gradients([&[1.0, 2.0], &[NAN, INF]], None, |[a, b]| mask.where_cond(a, b));
        assert!(same(&a, &[1.0, 0.0]) && same(&b, &[0.0, 1.0]), "{a:?} {b:?}");
    }),
];

pub(crate) const TWO_OPERANDS: &[Row] = &[
    ("`maximum(a, b)`, `minimum(a, b)` at a = b", || {
        check_two(&[1.0, 2.0, 3.0], &[1.0, 3.0, 2.0], [&[0.5, 0.0, 1.0], &[0.5, 1.0, 0.0]], |a, b| a.maximum(b));
        check_two(&[1.0, 2.0, 3.0], &[1.0, 3.0, 2.0], [&[0.5, 1.0, 0.0], &[0.5, 0.0, 1.0]], |a, b| a.minimum(b));
        check(&[1.0, -2.0], &[1.0, 1.0], |x| x.maximum(x));
        check(&[1.0, -2.0], &[1.0, 1.0], |x| x.minimum(x));
    }),
    ("`fmax(a, b)`, `fmin(a, b)` at a = b", || {
        let (a, b) = (&[1.0, NAN, 3.0], &[1.0, 2.0, NAN]);
        check_two(a, b, [&[0.5, 0.0, 1.0], &[0.5, 1.0, 0.0]], |a, b| a.fmax(b));
        check_two(a, b, [&[0.5, 0.0, 1.0], &[0.5, 1.0, 0.0]], |a, b| a.fmin(b));
    }),
    ("`hypot`, `atan2` at the origin; `copysign` at 0; `i0e` at 0", || {
        check_two(&[0.0], &[0.0], [&[0.0], &[0.0]], |a, b| a.hypot(b));
        check_two(&[0.0], &[0.0], [&[0.0], &[0.0]], |a, b| a.atan2(b));
        check_two(&[0.0, -0.0], &[-1.0, 1.0], [&[0.0, 0.0], &[0.0, 0.0]], |a, b| a.copysign(b));
        check(&[0.0], &[0.0], |x| Ok(x.i0e()));
    }),
    ("`xlogy`, `xlog1py` at x = 0", || {
        check_two(&[0.0, 0.0], &[2.0, 0.0], [&[LN_2, 0.0], &[0.0, 0.0]], |x, y| x.xlogy(y));
        check_two(&[0.0, 0.0], &[1.0, -1.0], [&[LN_2, 0.0], &[0.0, 0.0]], |x, y| x.xlog1py(y));
    }),
    ("`gammainc(a, x)`, `gammaincc(a, x)` at x = 0, for x", || {
        for (a, slope) in [(0.5, INF), (1.0, 1.0), (1.5, 0.0), (2.0, 0.0)] {
            let a = Tensor::scalar(a);
            check(&[0.0], &[slope], |x| a.gammainc(x));
            check(&[0.0], &[-slope], |x| a.gammaincc(x));
        }
    }),
    ("`logaddexp` of equal infinities; `logcumsumexp` where x and y are infinite", || {
        check_two(&[INF, -INF], &[INF, -INF], [&[NAN, NAN], &[NAN, NAN]], |a, b| a.logaddexp(b));
        check(&[-INF, -INF], &[NAN, NAN], |x| x.logcumsumexp(0));
    }),
];

pub(crate) const POWERS: &[Row] = &[
    ("`sqrt` at 0", || check(&[0.0], &[INF], |x| Ok(x.sqrt()))),
    ("`powf(c)` at 0", || {
        let slopes = [(0.5, INF), (0.3, INF), (0.0, 0.0), (1.0, 1.0), (1.5, 0.0), (2.0, 0.0), (3.0, 0.0), (4.5, 0.0)];
        for (exponent, slope) in slopes.into_iter().chain([-0.5, -1.0, -2.5].map(|exponent| (exponent, -INF))) {
            check(&[0.0], &[slope], |x| Ok(x.powf(exponent)));
        }
    }),
    ("`pow(a, b)` at a = 0, for a", || {
        for (b, slope) in [(2.0, 0.0), (1.0, 1.0), (0.5, INF), (0.0, 0.0), (-1.0, -INF)] {
            let b = Tensor::scalar(b);
            check(&[0.0], &[slope], |a| a.pow(&b));
        }
    }),
    ("`pow(a, b)` at a = 0, for b", || {
        for (b, slope) in [(2.0, 0.0), (1.0, 0.0), (0.5, 0.0), (0.0, 0.0), (-1.0, -INF)] {
            let zero = Tensor::scalar(0.0);
            check(&[b], &[slope], |b| zero.pow(b));
        }
    }),
    ("`pow(a, b)` at a = 0, ∂²/∂a∂b", || {
        for (b, want) in [(0.5, -INF), (1.0, -INF), (0.0, 0.0), (1.5, 0.0), (2.0, 0.0)] {
            let (a, b) = (Tensor::scalar(0.0).requires_grad(), Tensor::scalar(b).requires_grad());
            let by_exponent = wengert::core::grad(&a.pow(&b).expect("one shape"), &[&b]).expect("tracked").remove(0);
            let mixed = by_exponent.backward().expect("tracked").get(&a).expect("used").to_f64s();
            assert!(same(&mixed, &[want]), "{mixed:?}, expected {want}");
        }
    }),
];

pub(crate) const FLAT: &[Row] = &[
    (
        "`sign`, `floor`, `ceil`, `trunc`, `round`, `floor_divide`, `heaviside`, `nextafter`, comparisons, `argmax`, \
         `argmin`, casts to `I64` or `Bool`",
        || {
            flat(|x| Ok(x.sign()));
            flat(|x| Ok(x.floor()));
            flat(|x| Ok(x.ceil()));
            flat(|x| Ok(x.trunc()));
            flat(|x| Ok(x.round(0)));
            flat(|x| x.floor_divide(x));
            flat(|x| x.heaviside(x));
            flat(|x| x.nextafter(x));
            flat(|x| x.lt(x));
            flat(|x| x.eq(x));
            flat(|x| x.isclose(x, Tolerance::new()));
            flat(|x| x.argmax(1));
            flat(|x| x.argmin(..));
            flat(|x| Ok(x.to_dtype(DType::I64)));
            flat(|x| Ok(x.to_dtype(DType::Bool)));
        },
    ),
    ("casts between `F32` and `F64`", || {
        let x = Tensor::from([1.5, 2.5]).requires_grad();
        let gradients = x.to_dtype(DType::F64).square().sum().backward().expect("tracked");
        let gradient = gradients.get(&x).expect("used");
        assert_eq!((gradient.dtype(), gradient.to_f64s()), (DType::F32, vec![3.0, 5.0]));
    }),
];
