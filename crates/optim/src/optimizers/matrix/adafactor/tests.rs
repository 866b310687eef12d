//! Adafactor against its formula, and against what the frameworks compute.

use super::{Adafactor, Form};
use crate::Optimizer;
use crate::cases::{golden, golden_of};
use autograd_core::module::Param;
use autograd_core::{DType, Tensor};

struct ByHand {
    eps: [f64; 2],
    d: f64,
    beta: f64,
    form: Form,
    /// Neither the minimum nor rms(p), and a momentum of ½.
    free: bool,
    decay: f64,
}

const SET: ByHand = ByHand { eps: [1e-5, 0.01], d: 1.0, beta: -0.8, form: Form::Torch, free: false, decay: 0.0 };

fn by_hand(w: &mut crate::cases::Whole, g: &[f64], set: &ByHand) {
    let n = w.p.len();
    let rms = |x: &[f64]| (x.iter().map(|x| x * x).sum::<f64>() / n as f64).sqrt();
    let columns = w.shape.last().copied().unwrap_or(1);
    let rows = n / columns;
    let gain = w.t.powf(set.beta);
    let size = if set.form == Form::Keras { rms(&w.p) * (1.0 - 0.5 * set.decay) } else { rms(&w.p) };
    let most = if set.form == Form::Optax { 0.5 } else { f64::min(0.5, 1.0 / w.t.sqrt()) };
    let alpha = if set.free { 0.5 } else { size.max(set.eps[1]) * most };
    let factored = w.shape.len() > 1 && (set.form != Form::Optax || w.shape.iter().all(|size| *size > 1));
    let square = |i: usize| g[i] * g[i] + if set.form == Form::Torch { 0.0 } else { set.eps[0] };
    if w.t == 1.0 {
        w.b = vec![0.0; rows];
        w.c = vec![0.0; columns];
    }
    for i in 0..n {
        w.a[i] += gain * (square(i) - w.a[i]);
    }
    for row in 0..rows {
        let mean = (0..columns).map(|column| square(row * columns + column)).sum::<f64>() / columns as f64;
        w.b[row] += gain * (mean - w.b[row]);
    }
    for column in 0..columns {
        let mean = (0..rows).map(|row| square(row * columns + column)).sum::<f64>() / rows as f64;
        w.c[column] += gain * (mean - w.c[column]);
    }
    let mean = w.b.iter().sum::<f64>() / rows as f64;
    let u = |i: usize| {
        let mean = if set.form == Form::Torch { mean.max(set.eps[0]) } else { mean };
        let v = if !factored { w.a[i] } else { w.b[i / columns] * w.c[i % columns] / mean };
        g[i] / if set.form == Form::Torch { v.max(set.eps[0].powi(2)) } else { v }.sqrt()
    };
    let u: Vec<f64> = (0..n).map(u).collect();
    let limit = (rms(&u) / set.d).max(1.0);
    let keep = 1.0 - if set.form == Form::Optax { set.decay } else { 0.5 * set.decay };
    for ((p, m), u) in w.p.iter_mut().zip(&mut w.d).zip(&u) {
        let step = alpha * u / limit;
        *m = if set.free { 0.5 * *m + 0.5 * step } else { step };
        *p = keep * *p - *m;
    }
}

cases![
    coupled(|| Adafactor::new(0.5).eps(1e-5, 0.01).d(1.5), |w, g| by_hand(w, g, &ByHand { d: 1.5, ..SET }))
        .keeps(&["row_var", "col_var", "variance"]),
    coupled(
        || Adafactor::new(0.5).eps(1e-5, 2.0).beta2_decay(-0.5).weight_decay(0.25),
        |w, g| by_hand(w, g, &ByHand { eps: [1e-5, 2.0], beta: -0.5, decay: 0.25, ..SET })
    )
    .keeps(&["row_var", "col_var", "variance"]),
    coupled(
        || Adafactor::keras(0.5).eps(1e-5, 0.01).d(0.5).weight_decay(0.25),
        |w, g| by_hand(w, g, &ByHand { d: 0.5, form: Form::Keras, decay: 0.25, ..SET })
    )
    .keeps(&["row_var", "col_var", "variance"]),
    coupled(
        || Adafactor::new(0.5).eps(1e-5, 0.01).relative_step(false).scale_parameter(false).momentum(0.5),
        |w, g| by_hand(w, g, &ByHand { free: true, ..SET })
    )
    .keeps(&["row_var", "col_var", "variance", "exp_avg"]),
    coupled(
        || Adafactor::optax(0.5).eps(1e-5, 0.01).d(0.5).weight_decay(0.25).min_dim_size_to_factor(2),
        |w, g| by_hand(w, g, &ByHand { d: 0.5, form: Form::Optax, decay: 0.25, ..SET })
    )
    .keeps(&["row_var", "col_var", "variance"]),
    refused(Adafactor::new(0.1).momentum(1.0), "Adafactor: momentum is 1.0, it must be in [0, 1)"),
    refused(
        Adafactor::new(0.1).d(0.5),
        "Adafactor: d is 0.5, it must be at least 1; the forms of Keras and optax take less"
    ),
    refused(Adafactor::keras(0.1).d(0.0), "Adafactor: d is 0.0, it must be finite and positive"),
    refused(Adafactor::new(0.1).beta2_decay(0.5), "Adafactor: beta2_decay is 0.5, it must be finite and at most 0"),
    refused(Adafactor::new(0.1).eps(-1.0, 0.1), "Adafactor: eps[0] is -1.0, it must be finite and at least 0"),
];

fn step(mut adafactor: Adafactor, x: Tensor, g: &Tensor) -> (Vec<f64>, Adafactor) {
    let mut x = Param::new(x).expect("floats");
    let grads = x.try_mul(g).expect("its shape").sum().backward().expect("tracked");
    adafactor.step(&mut x, &grads).expect("valid");
    (x.to_f64s(), adafactor)
}

/// optax 0.2.8 in float64, with w computed in float64, too.
#[test]
fn optax_has_the_steps_of_its_form() {
    let optax = || Adafactor::optax(0.1).min_dim_size_to_factor(2);
    let momentum = [-1.0068882948461797, -0.18579216394545456, 0.4985749135299641, -0.8307175664363426];
    golden(optax().d(0.75).momentum(0.5), momentum);
    let unscaled = [-1.0241865189178083, -0.21797369907178868, 0.5447297946569231, -0.9100181731811019];
    golden(optax().scale_parameter(false), unscaled);
    golden(optax(), [-1.0085798992456685, -0.23063463139621077, 0.5231318937221662, -0.8474777798307338]);
    let of_each = [-1.0232409154777997, -0.26182974722450003, 0.566435961560304, -0.8180000090435093];
    golden(Adafactor::optax(0.1), of_each);
    let tall = [
        -0.7471506626667554,
        -0.13003739113196663,
        0.39735796389213623,
        -0.6335221327608399,
        -0.04156150540579091,
        0.6885387694766245,
    ];
    golden_of(&[3, 2], optax().weight_decay(0.05).momentum(0.5), &tall);
    let wide = [
        -0.7887221148309641,
        -0.2500636031233061,
        0.4113460343456514,
        -0.6118732027077737,
        -0.13852965209822002,
        0.7841456289084358,
    ];
    let free = optax().beta2_decay(-0.5).d(1e9).scale_parameter(false).weight_decay(0.05);
    golden_of(&[2, 3], free, &wide);
    let small = [
        -1.0228339846802421,
        -0.26132550450285175,
        0.5622011514436703,
        -0.8133962450195862,
        -0.13347609623510726,
        0.908041898526739,
    ];
    golden_of(&[2, 3], Adafactor::optax(0.1).min_dim_size_to_factor(3).d(1.5), &small);
    let first_two = [
        -1.0186936073018564,
        -0.22325481987464468,
        0.5541445607886966,
        -0.8179790416980004,
        -0.08774640790452193,
        0.9725841275980789,
        -0.5300025800456456,
        0.077978646877572,
        -0.9434525112788058,
        -0.1244942573826667,
        0.41734978440762854,
        -0.7713164114170252,
    ];
    golden_of(&[3, 4, 1], Adafactor::optax(0.1).min_dim_size_to_factor(3).d(1.5), &first_two);
}

#[test]
fn a_stack_of_matrices_takes_the_steps_of_its_matrices_where_nothing_is_limited() {
    // α is that of the least size, and u is not limited.
    let adafactor = || Adafactor::new(0.5).least_size(4.0).d(100.0);
    let values: Vec<f64> = (0..12).map(|i| f64::from((i * 5) % 7) - 2.5).collect();
    let at = |values: &[f64], shape: &[usize]| Tensor::from_slice(values, shape).expect("small");
    let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F64).expect("small");
    let (whole, adafactor3) = step(adafactor(), zeros(&[2, 2, 3]), &at(&values, &[2, 2, 3]));
    let parts = values.chunks(6).flat_map(|half| step(adafactor(), zeros(&[2, 3]), &at(half, &[2, 3])).0);
    assert_eq!(whole, parts.collect::<Vec<_>>());
    let shape = |name: &str| adafactor3.state_dict().get(name).map(|x| x.shape().to_vec());
    assert_eq!(shape(".row_var"), Some(vec![2, 2, 1]));
    assert_eq!(shape(".col_var"), Some(vec![2, 1, 3]));
    assert_eq!(shape(".variance"), Some(vec![0]));
}

#[test]
fn huge_gradients_take_steps_of_a_size() {
    let row = Tensor::full(&[1, 25], 1e30, DType::F32).expect("small");
    for g in [Tensor::from([[1e30, -1e30], [1e30, 2e30]]), Tensor::from([[2e38, 2e38], [2e38, -2e38]]), row] {
        for adafactor in [Adafactor::new(0.5), Adafactor::keras(0.5)] {
            let (x, _) = step(adafactor, g.ones_like(), &g);
            assert!(x.iter().all(|x| (0.0..2.0).contains(x) && *x != 1.0), "{g}: {x:?}");
        }
    }
}
