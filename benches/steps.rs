//! The times of training steps and single operations, as one JSON line per step: this library's part of the comparison
//! in `benches/peers`.
//!
//! ```text
//! cargo run --release -p wengert-bench -- --threads 1 --filter W1,W8 --budget 2
//! ```
//!
//! The names are those of `benches/peers/README.md`, with `_replay` for captured steps; `W1_gemm` is the matrix
//! products of `W1_mlp_fashion` alone.
//!
//! `--threads N` (1): the number of threads that compute. `--filter PARTS` (all): parts of workload names, separated by
//! commas. `--budget SECONDS` (1): how long each workload is timed. `--memory`: the peak memory of each workload in the
//! place of its time, in a process of its own, which is this program with `--alone NAME`.

mod memory;
mod workloads;

use std::process::Command;
use std::time::{Duration, Instant};
use workloads::{Result, Step, Workload};

fn main() -> Result {
    let options = Options::from_arguments(std::env::args().skip(1))?;
    let threads = options.threads;
    wengert::set_num_threads(threads)?;
    let mut all = workloads::all()?;
    options.must_match(all.iter().map(|workload| workload.name.as_str()))?;
    all.retain(|workload| options.wants(&workload.name));
    for Workload { name: workload, setup } in all {
        let result = if options.alone.is_some() {
            format!("\"peak_bytes\": {}", memory::peak(setup()?)?)
        } else if options.memory {
            let this = std::env::current_exe()?;
            let status = Command::new(this).args(["--threads", &threads.to_string(), "--alone", &workload]).status()?;
            if !status.success() {
                return Err(format!("{workload}: its process ended with {status}").into());
            }
            continue;
        } else {
            let Timing { median, min, reps } = time(setup()?, options.budget)?;
            format!("\"median_us\": {median:.3}, \"min_us\": {min:.3}, \"reps\": {reps}")
        };
        println!(
            "{{\"peer\": \"wengert\", \"variant\": \"default\", \"threads\": {threads}, \
             \"workload\": \"{workload}\", {result}}}"
        );
    }
    Ok(())
}

struct Options {
    threads: usize,
    filter: Vec<String>,
    budget: Duration,
    memory: bool,
    alone: Option<String>,
}

impl Options {
    fn wants(&self, workload: &str) -> bool {
        match &self.alone {
            Some(name) => name == workload,
            None => self.filter.iter().any(|part| workload.contains(part.as_str())),
        }
    }

    /// Every part must be in the name of a workload: one that is mistyped would be missed later.
    fn must_match<'n>(&self, names: impl Iterator<Item = &'n str> + Clone) -> Result {
        match &self.alone {
            Some(name) if !names.clone().any(|known| known == name) => Err(format!("no workload is {name:?}").into()),
            Some(_) => Ok(()),
            None => match self.filter.iter().find(|part| !names.clone().any(|name| name.contains(part.as_str()))) {
                Some(part) => Err(format!("no workload has {part:?} in its name").into()),
                None => Ok(()),
            },
        }
    }

    fn from_arguments(mut arguments: impl Iterator<Item = String>) -> Result<Options> {
        let (filter, budget) = (vec![String::new()], Duration::from_secs(1));
        let mut options = Options { threads: 1, filter, budget, memory: false, alone: None };
        while let Some(name) = arguments.next() {
            if name == "--memory" {
                options.memory = true;
                continue;
            }
            let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
            match name.as_str() {
                "--threads" => options.threads = value.parse()?,
                "--filter" => {
                    options.filter = value.split(',').map(String::from).collect();
                    // An empty part is in all names.
                    if options.filter.len() > 1 && options.filter.iter().any(String::is_empty) {
                        return Err(format!("--filter {value} has an empty part").into());
                    }
                }
                "--budget" => options.budget = Duration::try_from_secs_f64(value.parse()?)?,
                "--alone" => options.alone = Some(value),
                _ => {
                    let known = "--threads, --filter, --budget, --memory and --alone";
                    return Err(format!("unknown option {name}; known are {known}").into());
                }
            }
        }
        Ok(options)
    }
}

/// Times of one step, in microseconds.
struct Timing {
    median: f64,
    min: f64,
    reps: usize,
}

/// Times a step until the budget is spent, after a warm-up of a quarter of it.
fn time(mut step: Step, budget: Duration) -> Result<Timing> {
    // The pace of the warm-up shows how many steps last 50 µs or more: below that, the clock itself would be a part of
    // what is measured, so short steps are timed in groups.
    let (start, mut steps) = (Instant::now(), 0);
    while steps < 1 || start.elapsed() < budget / 4 {
        step()?;
        steps += 1;
    }
    let group = (50e-6 * f64::from(steps) / start.elapsed().as_secs_f64()) as u32 + 1;
    let mut samples = Vec::new();
    let start = Instant::now();
    while samples.len() < 3 || start.elapsed() < budget {
        let begin = Instant::now();
        for _ in 0..group {
            step()?;
        }
        samples.push(begin.elapsed().as_secs_f64() / f64::from(group) * 1e6);
    }
    samples.sort_by(f64::total_cmp);
    let middle = samples.len() / 2;
    let median = if samples.len() % 2 == 1 { samples[middle] } else { (samples[middle - 1] + samples[middle]) / 2.0 };
    Ok(Timing { median, min: samples[0], reps: samples.len() })
}
