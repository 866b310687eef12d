//! Every optimizer on small problems.

mod problem;

use autograd_core::module::Param;
use autograd_core::{DType, Tensor};
use problem::{PROBLEMS, after_gradients_of, run};
use wengert_optim::{
    AdEmaMix, Adafactor, Adam, Adopt, ClipNorm, Ema, Guard, Lbfgs, LineSearch, Lookahead, Mechanic, Momo, MomoAdam,
    Muon, Optimizer, Parts, PolyakSgd, Rprop, Sam, ScheduleFreeAdamW, ScheduleFreeSgd, Sgd, SophiaG, Swa, Transformed,
    by_name, optimizer_names,
};

/// An optimizer, the steps of its runs, and its first learning rate for each of the problems: quadratic, Rosenbrock's
/// valley, ill-conditioned valley, saddle, network.
const TABLE: &[(&str, u32, [f64; 5])] = &[
    ("Sgd", 3000, [0.1, 0.003, 0.001, 0.1, 0.1]),
    ("RmsProp", 1500, [0.3, 0.03, 0.1, 0.1, 0.03]),
    ("Adam", 600, [0.3, 1.0, 1.0, 0.1, 0.1]),
    ("AdamW", 600, [0.3, 1.0, 1.0, 0.1, 0.1]),
    ("NAdam", 600, [0.3, 0.3, 1.0, 0.1, 0.1]),
    // Its first steps are as large as the gradient, which the steep walls of the valley allow small rates only.
    ("RAdam", 20000, [0.3, 0.003, 0.003, 0.3, 0.1]),
    ("Adamax", 1500, [0.3, 1.0, 1.0, 0.1, 0.1]),
    ("AdamaxW", 1500, [0.3, 1.0, 1.0, 0.1, 0.1]),
    ("AdaBelief", 600, [0.1, 1.0, 1.0, 0.03, 0.03]),
    ("Yogi", 600, [0.3, 1.0, 1.0, 0.1, 0.1]),
    ("Lamb", 600, [0.1, 0.3, 0.1, 0.1, 0.03]),
    ("NovoGrad", 600, [0.1, 0.1, 0.1, 0.03, 0.01]),
    ("Adan", 600, [0.3, 0.3, 0.3, 0.1, 0.1]),
    ("Lion", 600, [0.3, 0.1, 0.1, 0.1, 0.1]),
    ("Adopt", 600, [0.3, 1.0, 3.0, 0.1, 0.1]),
    ("AdEmaMix", 600, [0.3, 1.0, 1.0, 0.1, 0.1]),
    // Without estimates of the Hessian.
    ("SophiaG", 600, [0.1, 0.03, 0.1, 0.1, 0.03]),
    ("Prodigy", 600, [1.0, 1.0, 1.0, 0.3, 0.3]),
    ("SparseAdam", 600, [0.3, 1.0, 1.0, 0.1, 0.1]),
    ("SignSgd", 600, [0.1, 1.0, 0.03, 0.1, 0.03]),
    ("NoisySgd", 3000, [0.1, 0.003, 0.001, 0.1, 0.1]),
    ("Asgd", 3000, [0.1, 0.003, 0.001, 0.1, 0.1]),
    ("OptimisticGradientDescent", 8000, [0.03, 0.001, 0.0003, 0.03, 0.1]),
    ("Lars", 600, [10.0, 10.0, 3.0, 10.0, 3.0]),
    ("Fromage", 600, [0.1, 0.3, 0.1, 0.1, 0.03]),
    ("Adagrad", 3000, [1.0, 0.3, 1.0, 1.0, 0.1]),
    ("Adadelta", 1500, [30.0, 10.0, 30.0, 10.0, 3.0]),
    ("Rprop", 600, [0.1, 0.1, 0.1, 0.1, 0.1]),
    ("Ftrl", 3000, [1.0, 0.3, 1.0, 1.0, 1.0]),
    ("Sm3", 600, [3.0, 3.0, 10.0, 1.0, 0.3]),
    ("Madgrad", 600, [1.0, 0.1, 10.0, 0.001, 0.03]),
    ("Cocob", 40000, [0.1, 1.0, 0.1, 0.001, 0.1]),
    ("AcProp", 8000, [0.03, 0.003, 0.3, 0.001, 0.003]),
    ("DAdaptAdamW", 600, [0.3, 0.3, 1.0, 0.1, 0.3]),
    ("Dog", 3000, [3.0, 3.0, 3.0, 0.3, 1.0]),
    ("Dowg", 600, [3.0, 1.0, 3.0, 0.3, 1.0]),
    ("Adafactor", 3000, [0.1, 0.1, 0.1, 0.1, 0.1]),
    ("Muon", 600, [0.03, 0.03, 0.03, 0.03, 0.01]),
    ("GaLore", 600, [0.3, 1.0, 1.0, 0.1, 0.1]),
    ("ScheduleFreeSgd", 3000, [1.0, 0.003, 0.01, 0.1, 0.3]),
    ("ScheduleFreeAdamW", 600, [3.0, 1.0, 10.0, 0.1, 0.1]),
];

/// An optimizer of a learning rate, for the problem of a number.
type Make = fn(f64, usize) -> Box<dyn Optimizer>;

/// The least value of a problem.
fn least(problem: usize) -> f64 {
    if problem == 3 { -1.0 } else { 0.0 }
}

fn wide(name: &str) -> bool {
    name == "0"
}

/// The same for optimizers that the register does not know, and around others.
const AROUND: &[(&str, Make, u32, [f64; 5])] = &[
    ("PolyakSgd", |lr, k| Box::new(PolyakSgd::new(lr).f_min(least(k))), 600, [1.0, 0.1, 0.3, 1.0, 0.3]),
    ("Momo", |lr, k| Box::new(Momo::new(lr).lower_bound(least(k))), 600, [1.0, 1.0, 1.0, 1.0, 1.0]),
    ("MomoAdam", |lr, k| Box::new(MomoAdam::new(lr).lower_bound(least(k))), 600, [1.0, 1.0, 1.0, 0.3, 0.3]),
    ("Lbfgs", |lr, _| Box::new(Lbfgs::new(lr).line_search(LineSearch::StrongWolfe)), 20, [1.0, 1.0, 1.0, 1.0, 1.0]),
    ("Lookahead", |lr, _| Box::new(Lookahead::new(Adam::new(lr))), 600, [0.3, 1.0, 1.0, 0.1, 0.1]),
    ("Sam", |lr, _| Box::new(Sam::new(Adam::new(lr), 0.01)), 600, [0.3, 1.0, 1.0, 0.1, 0.1]),
    ("Ema", |lr, _| Box::new(Ema::new(Adam::new(lr), 0.9)), 600, [0.3, 1.0, 1.0, 0.1, 0.1]),
    ("Swa", |lr, _| Box::new(Swa::new(Adam::new(lr)).start(500)), 600, [0.3, 1.0, 1.0, 0.1, 0.1]),
    ("Guard", |lr, _| Box::new(Guard::refuse(Adam::new(lr))), 600, [0.3, 1.0, 1.0, 0.1, 0.1]),
    (
        "Transformed",
        |lr, _| Box::new(Transformed::new(Sgd::new(lr).momentum(0.9), ClipNorm::new(1.0))),
        600,
        [0.1, 0.01, 0.01, 0.1, 0.1],
    ),
    (
        "Parts",
        |lr, _| Box::new(Parts::new().part("first", wide, Adam::new(lr)).rest(Sgd::new(lr))),
        600,
        [0.3, 1.0, 1.0, 0.1, 0.1],
    ),
    // Its own decay draws to 0.
    (
        "Mechanic",
        |lr, _| Box::new(Mechanic::new(Adam::new(lr)).s_init(0.01).weight_decay(0.0)),
        3000,
        [10.0, 10.0, 1.0, 1.0, 1.0],
    ),
];

/// The steps in which the learning rate falls to 0. FTRL keeps it: its parameters are in proportion to it.
fn falls_in(name: &str, steps: u32) -> u32 {
    if name == "Ftrl" { u32::MAX } else { steps }
}

fn new(name: &str, lr: f64) -> Box<dyn Optimizer> {
    let mut optimizer = by_name(name, lr).expect("a name of the register");
    optimizer.set("weight_decay", 0.0).expect("all have it");
    optimizer
}

#[test]
fn every_optimizer_of_the_register_has_a_row() {
    let mut rows: Vec<&str> = TABLE.iter().map(|(name, ..)| *name).collect();
    let mut names: Vec<&str> = optimizer_names().collect();
    rows.sort_unstable();
    names.sort_unstable();
    assert_eq!(rows, names);
}

fn every_optimizer_solves(k: usize) {
    let problem = &PROBLEMS[k];
    let ends = TABLE.iter().map(|(name, steps, rates)| {
        (name, run(&mut *new(name, rates[k]), problem, DType::F32, *steps, falls_in(name, *steps)).value)
    });
    let around = AROUND.iter().map(|(name, make, steps, rates)| {
        (name, run(&mut *make(rates[k], k), problem, DType::F32, *steps, *steps).value)
    });
    let missed: Vec<_> = ends.chain(around).filter(|(_, value)| value.is_nan() || *value > problem.target).collect();
    assert!(missed.is_empty(), "{} is to come down to {}: {missed:?}", problem.name, problem.target);
}

#[test]
fn every_optimizer_solves_a_quadratic() {
    every_optimizer_solves(0);
}

#[test]
fn every_optimizer_goes_down_rosenbrocks_valley() {
    every_optimizer_solves(1);
}

#[test]
fn every_optimizer_goes_down_an_ill_conditioned_valley() {
    every_optimizer_solves(2);
}

#[test]
fn every_optimizer_leaves_a_saddle() {
    every_optimizer_solves(3);
}

#[test]
fn every_optimizer_trains_a_network() {
    every_optimizer_solves(4);
}

fn f32_follows_f64_of(name: &str, steps: u32, k: usize, make: impl Fn() -> Box<dyn Optimizer>) {
    let end = |dtype| run(&mut *make(), &PROBLEMS[k], dtype, 12, falls_in(name, steps)).parameters;
    let (single, double) = (end(DType::F32), end(DType::F64));
    for (a, b) in single.iter().zip(&double) {
        let near = b.is_finite() && (a - b).abs() <= 1e-3 * b.abs().max(1.0);
        assert!(near, "{name}, {}: {single:?} in F32, {double:?} in F64", PROBLEMS[k].name);
    }
}

#[test]
fn f32_follows_f64() {
    for (name, steps, rates) in TABLE {
        for (k, lr) in rates.iter().enumerate() {
            f32_follows_f64_of(name, *steps, k, || {
                let mut optimizer = new(name, *lr);
                // Their first steps are a millionth otherwise, of which F32 rounds a part away, and all others grow
                // from them.
                assert!(optimizer.set("d0", 0.01).is_ok() == ["DAdaptAdamW", "Prodigy"].contains(name));
                optimizer
            });
        }
    }
    for (name, make, steps, rates) in AROUND {
        for (k, lr) in rates.iter().enumerate() {
            f32_follows_f64_of(name, *steps, k, || make(*lr, k));
        }
    }
}

#[test]
fn gradients_of_any_size_leave_numbers() {
    let leave_numbers = |name: &str, make: &dyn Fn() -> Box<dyn Optimizer>| {
        for size in [1e30, 1e20, 1e-20, 1e-30, 1e-45, 0.0] {
            let after = after_gradients_of(size, &mut *make());
            assert!(after.iter().all(|x| x.is_finite()), "{name} after gradients of {size}: {after:?}");
        }
    };
    for name in optimizer_names() {
        leave_numbers(name, &|| by_name(name, 0.01).expect("a name of the register"));
    }
    for (name, make) in FORMS {
        leave_numbers(name, &make);
    }
    // A line search goes down a function of one slope without an end.
    leave_numbers("Lbfgs", &|| Box::new(Lbfgs::new(0.01)));
    for (name, make, ..) in AROUND.iter().filter(|(name, ..)| *name != "Lbfgs") {
        leave_numbers(name, &|| make(0.01, 0));
    }
}

/// Forms of other frameworks, which the register does not have.
type Form = (&'static str, fn() -> Box<dyn Optimizer>);

const FORMS: [Form; 10] = [
    ("Adafactor::keras", || Box::new(Adafactor::keras(0.01))),
    ("Adafactor::optax", || Box::new(Adafactor::optax(0.01).min_dim_size_to_factor(1).momentum(0.5))),
    ("AdEmaMix::optax", || Box::new(AdEmaMix::optax(0.01))),
    ("Adopt::nesterov", || Box::new(Adopt::new(0.01).nesterov(true))),
    ("Muon::keras", || Box::new(Muon::keras(0.01))),
    ("Muon::optax", || Box::new(Muon::optax(0.01))),
    ("Rprop::optax", || Box::new(Rprop::optax(0.01))),
    ("ScheduleFreeAdamW::optax", || Box::new(ScheduleFreeAdamW::optax(0.01))),
    ("ScheduleFreeSgd::optax", || Box::new(ScheduleFreeSgd::optax(0.01))),
    ("SophiaG::optax", || Box::new(SophiaG::optax(0.01))),
];

/// Of a unit and an input that are dead the factors are the least there are, and their product is nothing in F32.
#[test]
fn a_row_and_a_column_without_a_gradient_stay() {
    for (name, make) in &FORMS[..2] {
        let slopes: Vec<f32> = (0..1600).map(|i| if i / 40 == 3 || i % 40 == 5 { 0.0 } else { 0.01 }).collect();
        let slopes = Tensor::from_vec(slopes, &[40, 40]).expect("small");
        let mut x = Param::new(Tensor::zeros(&[40, 40], DType::F32).expect("small")).expect("floats");
        let mut optimizer = make();
        for _ in 0..3 {
            let grads = x.try_mul(&slopes).expect("alike").sum().backward().expect("tracked");
            optimizer.step(&mut x, &grads).expect("a step");
        }
        let x = x.to_f64s();
        assert!(x.iter().all(|x| x.is_finite()) && x[3 * 40] == 0.0 && x[0] < 0.0, "{name}: {:?}", &x[118..128]);
    }
}
