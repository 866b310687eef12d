//! Every optimizer on small problems.

mod problem;

use autograd_core::DType;
use problem::{PROBLEMS, after_gradients_of, run};
use wengert_optim::{
    Adam, ClipNorm, Ema, Guard, Lbfgs, LineSearch, Lookahead, Mechanic, Momo, MomoAdam, Optimizer, Parts, PolyakSgd,
    Sam, Sgd, Swa, Transformed, by_name, optimizer_names,
};

/// An optimizer, the steps of its runs, and its first learning rate for each of the problems: quadratic, Rosenbrock's
/// valley, ill-conditioned valley, saddle, network.
const TABLE: &[(&str, u32, [f64; 5])] = &[
    ("Sgd", 600, [0.1, 0.003, 0.001, 0.1, 0.1]),
    ("RmsProp", 600, [0.3, 0.03, 0.1, 0.1, 0.03]),
    ("Adam", 600, [0.3, 1.0, 1.0, 0.1, 0.1]),
    ("AdamW", 600, [0.3, 1.0, 1.0, 0.1, 0.1]),
    ("NAdam", 600, [0.3, 0.3, 1.0, 0.1, 0.1]),
    ("RAdam", 8000, [0.3, 0.003, 0.003, 0.3, 0.1]),
    ("Adamax", 600, [0.3, 1.0, 1.0, 0.1, 0.1]),
    ("AdamaxW", 600, [0.3, 1.0, 1.0, 0.1, 0.1]),
    ("AdaBelief", 600, [0.1, 1.0, 1.0, 0.03, 0.03]),
    ("Yogi", 600, [0.3, 1.0, 1.0, 0.1, 0.1]),
    ("Lamb", 600, [0.1, 0.3, 0.1, 0.1, 0.03]),
    ("NovoGrad", 600, [0.1, 0.1, 0.1, 0.03, 0.01]),
    ("Adan", 600, [0.3, 0.3, 0.3, 0.1, 0.1]),
    ("Lion", 600, [0.3, 0.1, 0.1, 0.1, 0.1]),
    ("Adopt", 600, [0.3, 1.0, 1.0, 0.1, 0.1]),
    ("AdEmaMix", 600, [0.3, 1.0, 1.0, 0.1, 0.1]),
    // Without estimates of the Hessian.
    ("SophiaG", 600, [0.1, 0.03, 0.1, 0.1, 0.03]),
    ("Prodigy", 600, [1.0, 1.0, 1.0, 0.3, 0.3]),
    ("SparseAdam", 600, [0.3, 1.0, 1.0, 0.1, 0.1]),
    ("SignSgd", 600, [0.1, 1.0, 0.03, 0.1, 0.03]),
    ("NoisySgd", 600, [0.1, 0.003, 0.001, 0.1, 0.1]),
    ("Asgd", 600, [0.1, 0.003, 0.001, 0.1, 0.1]),
    ("OptimisticGradientDescent", 3000, [0.03, 0.001, 0.0003, 0.03, 0.1]),
    ("Lars", 600, [10.0, 10.0, 3.0, 10.0, 3.0]),
    ("Fromage", 600, [0.1, 0.3, 0.1, 0.1, 0.03]),
    ("Adagrad", 3000, [1.0, 0.3, 1.0, 1.0, 0.1]),
    ("Adadelta", 600, [30.0, 10.0, 10.0, 10.0, 3.0]),
    ("Rprop", 600, [0.1, 0.1, 0.1, 0.1, 0.1]),
    ("Ftrl", 3000, [1.0, 0.3, 1.0, 1.0, 1.0]),
    ("Sm3", 600, [3.0, 3.0, 10.0, 1.0, 0.3]),
    ("Madgrad", 600, [1.0, 0.1, 10.0, 0.001, 0.03]),
    ("Cocob", 8000, [0.1, 1.0, 0.1, 0.001, 0.1]),
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
        [10.0, 10.0, 10.0, 1.0, 1.0],
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

#[test]
fn f32_follows_f64() {
    for (name, steps, rates) in TABLE {
        for (problem, lr) in PROBLEMS.iter().zip(rates) {
            let [single, double] = [DType::F32, DType::F64].map(|dtype| {
                let mut optimizer = new(name, *lr);
                // Their first steps are a millionth otherwise, of which F32 rounds a part away, and all others grow from
                // them.
                assert!(optimizer.set("d0", 0.01).is_ok() == ["DAdaptAdamW", "Prodigy"].contains(name));
                run(&mut *optimizer, problem, dtype, 12, falls_in(name, *steps)).parameters
            });
            for (a, b) in single.iter().zip(&double) {
                let near = b.is_finite() && (a - b).abs() <= 1e-3 * b.abs().max(1.0);
                assert!(near, "{name}, {}: {single:?} in F32, {double:?} in F64", problem.name);
            }
        }
    }
}

#[test]
fn gradients_of_any_size_leave_numbers() {
    for name in optimizer_names() {
        for size in [1e30, 1e20, 1e-20, 1e-30, 1e-45, 0.0] {
            let mut optimizer = by_name(name, 0.01).expect("a name of the register");
            let after = after_gradients_of(size, &mut *optimizer);
            assert!(after.iter().all(|x| x.is_finite()), "{name} after gradients of {size}: {after:?}");
        }
    }
}
