//! The gallery of schedules: draws each of them into `docs/schedules/`, and writes the page `docs/schedules.md`.
//!
//! ```text
//! cargo run --example schedules
//! ```

use std::fs;
use std::path::Path;
use wengert::optim::schedule::*;
use wengert::{Error, Result};

/// Steps of every picture.
const STEPS: u64 = 100;

/// A schedule, as it is shown: its title, its formula, and how it is written down.
struct Picture {
    title: &'static str,
    formula: &'static str,
    code: &'static str,
    schedule: Box<dyn Schedule>,
}

macro_rules! pictures {
    ($($title:literal, $formula:literal, $code:expr;)*) => {
        vec![$(Picture { title: $title, formula: $formula, code: stringify!($code), schedule: Box::new($code) }),*]
    };
}

/// All pictures by chapters. Base rates are 0.1.
fn chapters() -> Vec<(&'static str, Vec<Picture>)> {
    let down = pictures![
        "ConstantLR", "base · factor for k < n, else base", ConstantLR::new().factor(0.5).total_iters(40);
        "LinearLR", "base · (s + (e − s) min(k, n) / n)", LinearLR::new().start_factor(0.1).total_iters(40);
        "StepLR", "base · γ^⌊k / step_size⌋", StepLR::new(30).gamma(0.5);
        "MultiStepLR", "base · γ^(milestones ≤ k)", MultiStepLR::new([20, 50, 80]).gamma(0.5);
        "ExponentialLR", "base · γ^(k / n)", ExponentialLR::new(0.5).decay_steps(20);
        "ExponentialLR, staircase", "base · γ^⌊k / n⌋", ExponentialLR::new(0.5).decay_steps(20).staircase(true);
        "PolynomialLR", "e + (base − e) (1 − min(k, n) / n)ᵖ", PolynomialLR::new().total_iters(80).power(2.0).end_lr(0.01);
        "PolynomialLR, cycle", "e + (base − e) (1 − k / (n ⌈k / n⌉))ᵖ", PolynomialLR::new().total_iters(25).end_lr(0.01).cycle(true);
        "InverseTimeDecay", "base / (1 + r k / n)", InverseTimeDecay::new(20, 1.0);
        "NoamLR", "base · d^(−1/2) · min((k + 1)^(−1/2), (k + 1) w^(−3/2))", NoamLR::new(64, 20);
        "CosineDecay", "base · (α + (1 − α) (1 + cos(π min(k, n) / n)) / 2)", CosineDecay::new(80).alpha(0.1);
        "PiecewiseLR", "base · fᵢ for kᵢ ≤ k < kᵢ₊₁", PiecewiseLR::new([(0, 0.3), (20, 1.0), (60, 0.1)]);
        "PiecewiseLR, cosine", "base · (from fᵢ to fᵢ₊₁ along half a cosine)",
            PiecewiseLR::new([(0, 0.1), (20, 1.0), (60, 0.5), (90, 0.0)]).anneal(Anneal::Cosine);
        "SWALR", "from base to swa_lr along half a cosine of n steps", SWALR::new(0.02).anneal_epochs(50);
        "LambdaLR", "base · f(k)", LambdaLR::new(|k| 1.0 / (1.0 + k as f64 / 10.0).sqrt());
        "MultiplicativeLR", "rate(k − 1) · f(k)", MultiplicativeLR::new(100, |k| if k % 10 < 5 { 0.95 } else { 1.0 });
    ];
    let cycles = pictures![
        "CosineAnnealingLR", "η_min + (base − η_min) (1 + cos(π k / t_max)) / 2", CosineAnnealingLR::new(40).eta_min(0.01);
        "CosineAnnealingWarmRestarts", "e + (base − e) mⁱ (1 + cos(π j / Tᵢ)) / 2, Tᵢ = T₀ t_multⁱ",
            CosineAnnealingWarmRestarts::new(14).t_mult(2.0).m_mul(0.8);
        "CyclicLR", "base + (max_lr − base) · triangle(k)", CyclicLR::new(0.3).step_size_up(15).step_size_down(10);
        "CyclicLR, triangular2", "each triangle half as high as the one before",
            CyclicLR::new(0.3).step_size_up(12).mode(CyclicMode::Triangular2);
        "CyclicLR, exp_range", "base + (max_lr − base) · triangle(k) · γᵏ",
            CyclicLR::new(0.3).step_size_up(12).mode(CyclicMode::ExpRange).gamma(0.98);
        "OneCycleLR", "base / D → base → base / (D F)", OneCycleLR::new(100);
        "OneCycleLR, three phases", "base / D → base → base / D → base / (D F)",
            OneCycleLR::new(100).three_phase(true).anneal_strategy(Anneal::Linear);
        "CyclicMomentum", "max_momentum → base_momentum → max_momentum", CyclicLR::new(0.3).step_size_up(15).momentum(0.85, 0.95);
        "OneCycleMomentum", "max_momentum → base_momentum → max_momentum", OneCycleLR::new(100).momentum(0.85, 0.95);
    ];
    let made = pictures![
        "Then", "first(k) for k < at, else next(k − at)", ExponentialLR::new(0.97).then(LinearLR::new().total_iters(20), 50);
        "Warmup", "schedule(0) · (s + (1 − s) k / n) for k < n, else schedule(k − n)", CosineDecay::new(80).warmup(20, 0.0);
        "Warm-up, level, decay", "three in a row",
            ConstantLR::new().total_iters(0).warmup(15, 0.0).then(PolynomialLR::new().total_iters(25), 75);
        "Delayed", "schedule(max(k − n, 0))", ExponentialLR::new(0.95).delayed(30);
        "Scaled", "factor · schedule(k)", CosineDecay::new(80).scaled(0.5);
        "WithBase", "schedule with a base of its own, here 0.3", ExponentialLR::new(0.95).with_base(0.3);
        "Clamp", "min(max(schedule(k), low), high)", CosineAnnealingLR::new(40).clamp(0.02, 0.08);
        "Map", "f(schedule(k))", StepLR::new(20).gamma(0.25).map(f64::sqrt);
        "Combined, product", "base · Π fᵢ(k)",
            Combined::product([Box::new(StepLR::new(40).gamma(0.5)) as Box<dyn Schedule>, Box::new(ExponentialLR::new(0.99))]);
        "Combined, mean", "Σ sᵢ(k) / n",
            Combined::mean([Box::new(CosineAnnealingLR::new(10)) as Box<dyn Schedule>, Box::new(CosineDecay::new(100))]);
        "A closure", "any function of base and step", |base: f64, k: u64| base * (1.0 - (k as f64 / 16.0).sin() / 2.0);
    ];
    let watching = pictures![
        "ReduceLROnPlateau", "factor · rate after `patience` bad losses and one more; here the loss falls until step 30, and again from 60 to 75",
            {
                let mut plateau = ReduceLROnPlateau::new().factor(0.5).patience(9);
                let losses = (0..100).map(|k: u64| 3.0 - k.min(30) as f64 / 20.0 - k.clamp(60, 75) as f64 / 60.0);
                let rates = losses.scan(0.1, |rate, loss| Some(std::mem::replace(rate, plateau.step(loss, *rate))));
                let rates: Vec<f64> = rates.collect();
                move |_: f64, k: u64| rates[k.min(99) as usize]
            };
    ];
    vec![
        ("From one rate to another", down),
        ("Up again", cycles),
        ("Made of others", made),
        ("What watches the loss", watching),
    ]
}

/// The name of a picture's file.
fn file(title: &str) -> String {
    let letter = |c: char| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    format!("{}.svg", title.chars().map(letter).collect::<String>().replace("--", "-"))
}

const HEAD: &str = "# Schedules

Every schedule is a pure function of the step k = 0, 1, .. and of a base, the optimizer's own rate: 0.1 in these pictures,
of 100 steps. Schedules are made of each other. `cargo run --example schedules` draws them.

A run takes them by `Trainer::schedule`, which counts epochs, or `Trainer::schedule_by_step`, which counts steps; any
other hyperparameter has `Trainer::schedule_of` and `Trainer::schedule_of_by_step`, which take its name. A reduction on
a plateau remembers what it has seen, so it is no schedule: `train::ReduceLROnPlateau` is a callback of a run, and
`optim::ReduceLROnPlateau`, by its `step(loss, rate)`, is for a loop of your own.

In the formulas n is a number of steps (`total_iters`, `decay_steps`, `anneal_epochs`, those of a warm-up or a delay), γ
is `gamma`, s is `start_factor`, e is the end (`end_factor`, `end_lr`, `eta_min`), η_min is `eta_min`, p is `power`, r
is `decay_rate`, α is `alpha`; d and w are `d_model` and `warmup_steps`, D and F are `div_factor` and
`final_div_factor`; kᵢ and fᵢ are the steps and the factors of knots; T₀, m, i and j are `t_0`, `m_mul`, the number of a
period and the step in it. In `Combined`, sᵢ is a schedule, fᵢ its factor of the base, and n how many there are.
";

/// Draws all pictures into a folder `schedules` of `docs`, and writes the page about them beside it.
pub fn draw(docs: &Path) -> Result<()> {
    fs::create_dir_all(docs.join("schedules")).map_err(Error::user)?;
    let mut page = HEAD.to_string();
    for (chapter, pictures) in chapters() {
        page += &format!("\n## {chapter}\n");
        for Picture { title, formula, code, schedule } in pictures {
            let file = file(title);
            schedule.plot(0.1, STEPS, docs.join("schedules").join(&file))?;
            page += &format!("\n### {title}\n\n```text\nrate(k) = {formula}\n```\n");
            // Of what takes several lines the picture is enough.
            if !code.contains(';') {
                let code = code.split_whitespace().collect::<Vec<_>>().join(" ");
                page += &format!("\n```rust\n{code}\n```\n");
            }
            page += &format!("\n![{title}](schedules/{file})\n");
        }
    }
    fs::write(docs.join("schedules.md"), page).map_err(Error::user)
}

#[allow(dead_code, reason = "a test draws into another folder")]
fn main() -> Result<()> {
    draw(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs"))
}
