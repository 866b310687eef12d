//! The paths of all optimizers over one loss surface, as pictures, and a table of how soon they arrive.
//!
//! ```text
//! cargo run --release --example optimizers
//! ```
//! The pictures are written to `target/optimizers`, or into the directory that is the argument.
//!
//! Each optimizer has its defaults, and of the learning rates 10, 3, 1, 0.3, .. the one with which it arrives soonest.
//! A picture says how a rule moves; which of them trains a network best is another question.

use std::path::PathBuf;
use wengert::core::module::Param;
use wengert::optim::{
    Adam, Ema, GradientNoise, Lbfgs, LineSearch, Lookahead, Mechanic, Momo, MomoAdam, Optimizer, PolyakSgd, Sam, Sgd,
    Swa, Transformed, by_name, optimizer_names,
};
use wengert::{Gradients, Result, Tensor};
use wengert_plot::Contour;

const START: (f64, f64) = (-1.3, 1.9);
const STEPS: usize = 500;
/// An optimizer has arrived below this.
const TARGET: f64 = 1e-3;
const RATES: [f64; 9] = [10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001];
/// Paths in one picture.
const PATHS: usize = 6;

type New = fn(f64) -> Box<dyn Optimizer>;

/// Those that are known by no name: they need more than a gradient, or are around another. The path of an average is
/// that of the average.
const OTHERS: [(&str, New); 10] = [
    ("PolyakSgd", |lr| Box::new(PolyakSgd::new(lr))),
    ("Momo", |lr| Box::new(Momo::new(lr))),
    ("MomoAdam", |lr| Box::new(MomoAdam::new(lr))),
    ("Lbfgs", |lr| Box::new(Lbfgs::new(lr).max_iter(1).line_search(LineSearch::StrongWolfe))),
    ("Lookahead of Adam", |lr| Box::new(Lookahead::new(Adam::new(lr)))),
    ("Sam of Sgd", |lr| Box::new(Sam::new(Sgd::new(lr), 0.05))),
    ("Mechanic of Sgd", |lr| Box::new(Mechanic::new(Sgd::new(lr)))),
    ("Ema of Sgd", |lr| Box::new(Ema::new(Sgd::new(lr), 0.9))),
    ("Swa of Sgd", |lr| Box::new(Swa::new(Sgd::new(lr)).start(100))),
    ("Sgd with noise", |lr| Box::new(Transformed::new(Sgd::new(lr), GradientNoise::new()))),
];

/// `(1 − x)² + 5 (y − x²)²`, Rosenbrock's valley with lower walls; its minimum is (1, 1).
fn height(x: f64, y: f64) -> f64 {
    (1.0 - x).powi(2) + 5.0 * (y - x * x).powi(2)
}

/// The same of a matrix of one row: there are optimizers for nothing else.
fn loss(point: &Param) -> Result<(f64, Gradients)> {
    let (x, y) = (point.narrow(1, 0, 1)?, point.narrow(1, 1, 1)?);
    let ground = x.neg().add_scalar(1.0).square();
    let loss = ground.try_add(&y.try_sub(&x.square())?.square().mul_scalar(5.0))?.sum();
    Ok((loss.to_f64s()[0], loss.backward()?))
}

/// The way of one optimizer.
struct Path {
    name: String,
    lr: f64,
    points: Vec<(f64, f64)>,
    /// The first step after which it was below the target.
    arrived: Option<usize>,
}

impl Path {
    fn of(name: &str, lr: f64, mut optimizer: Box<dyn Optimizer>) -> Result<Path> {
        let mut point = Param::new(Tensor::from([[START.0, START.1]]))?;
        let (mut points, mut arrived) = (vec![START], None);
        for step in 1..=STEPS {
            optimizer.step_with(&mut point, |point| loss(point))?;
            optimizer.eval(&mut point)?;
            let at = point.to_f64s();
            optimizer.train(&mut point)?;
            points.push((at[0], at[1]));
            if !height(at[0], at[1]).is_finite() {
                break;
            }
            if arrived.is_none() && height(at[0], at[1]) < TARGET {
                arrived = Some(step);
            }
        }
        Ok(Path { name: name.into(), lr, points, arrived })
    }

    /// The best of all learning rates: the soonest to arrive, else the lowest.
    fn best(name: &str, new: impl Fn(f64) -> Result<Box<dyn Optimizer>>) -> Result<Path> {
        let paths = RATES.into_iter().map(|lr| Path::of(name, lr, new(lr)?)).collect::<Result<Vec<_>>>()?;
        let rank = |path: &Path| (path.arrived.unwrap_or(usize::MAX), path.last());
        let best = paths.into_iter().min_by(|a, b| rank(a).0.cmp(&rank(b).0).then(rank(a).1.total_cmp(&rank(b).1)));
        best.ok_or_else(|| wengert::Error::user(std::io::Error::other("no rate was tried")))
    }

    /// The loss at its end.
    fn last(&self) -> f64 {
        let (x, y) = self.points[self.points.len() - 1];
        let value = height(x, y);
        if value.is_nan() { f64::INFINITY } else { value }
    }
}

fn main() -> Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "target/optimizers".into()));
    std::fs::create_dir_all(&folder).map_err(wengert::Error::user)?;
    let mut paths =
        optimizer_names().map(|name| Path::best(name, |lr| by_name(name, lr))).collect::<Result<Vec<_>>>()?;
    for (name, new) in OTHERS {
        paths.push(Path::best(name, |lr| Ok(new(lr)))?);
    }

    println!("{:<28} {:>8} {:>16} {:>12}", "optimizer", "rate", "steps to 1e-3", "final loss");
    for path in &paths {
        let steps = path.arrived.map_or("-".into(), |step| step.to_string());
        println!("{:<28} {:>8} {steps:>16} {:>12.2e}", path.name, path.lr, path.last());
    }
    for (number, group) in paths.chunks(PATHS).enumerate() {
        let mut picture = Contour::new(height, -2.0..2.0, -1.0..3.0).mark((1.0, 1.0));
        for path in group {
            picture = picture.path(path.name.as_str(), path.points.clone());
        }
        let file = folder.join(format!("optimizers-{}.svg", number + 1));
        picture.title("(1 − x)² + 5 (y − x²)²").write("optimizers", &file)?;
        println!("drawn: {}", file.display());
    }
    Ok(())
}
