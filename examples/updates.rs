//! The times of one update of 10,000,000 parameters by each optimizer that has a name in `by_name`, beside a copy of
//! the bytes that it must move.
//!
//! ```text
//! cargo run --release --example updates -- --threads 1
//! ```
//! An update reads the gradient, and reads and writes the parameter and what the optimizer keeps like it. `ratio` is
//! its time to that of a copy that reads and writes as many bytes in all. `--filter PART` times those with this in
//! their name.

use std::time::Instant;
use wengert::core::module::Param;
use wengert::optim::{Optimizer, by_name, optimizer_names};
use wengert::{DType, Gradients, Tensor, seeded};

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

const LEN: usize = 10_000_000;

fn main() -> Result {
    let mut arguments = std::env::args().skip(1);
    let (mut threads, mut filter) = (1, String::new());
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--threads" => threads = value.parse()?,
            "--filter" => filter = value,
            _ => return Err(format!("unknown option {name}; known are --threads and --filter").into()),
        }
    }
    wengert::set_num_threads(threads)?;
    let names: Vec<_> = optimizer_names().filter(|name| name.contains(&filter)).collect();
    if names.is_empty() {
        return Err(format!("no optimizer has {filter:?} in its name").into());
    }
    println!("{:<24} {:>9} {:>9} {:>9} {:>6}", "optimizer", "ms", "MB moved", "copy ms", "ratio");
    for name in names {
        let mut update = Update::new(by_name(name, 1e-3)?)?;
        update.step()?;
        let bytes = update.bytes();
        // In turns, the copy before and after: what else the machine does meets both.
        let (mut updates, mut copies) = (Vec::new(), Vec::new());
        let mut copy = Copy::of(bytes);
        for _ in 0..9 {
            // The first of two finds in the caches what the other has left there.
            copy.time();
            copies.push(copy.time());
            update.step()?;
            let start = Instant::now();
            update.step()?;
            updates.push(start.elapsed().as_secs_f64());
        }
        let (update, copy) = (median(updates), median(copies));
        let (ms, moved) = (update * 1e3, bytes as f64 / 1e6);
        println!("{name:<24} {ms:>9.2} {moved:>9.0} {:>9.2} {:>6.2}", copy * 1e3, update / copy);
    }
    Ok(())
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// One matrix of 10,000,000 parameters, its gradient and its optimizer.
struct Update {
    parameter: Param,
    gradients: Gradients,
    optimizer: Box<dyn Optimizer>,
}

impl Update {
    fn new(optimizer: Box<dyn Optimizer>) -> Result<Update> {
        let mut rng = seeded(7);
        let shape = [LEN / 2_500, 2_500];
        let parameter = Param::new(Tensor::randn(&shape, DType::F32, &mut rng)?)?;
        let mut gradients = Gradients::default();
        gradients.insert(&parameter, Tensor::randn(&shape, DType::F32, &mut rng)?)?;
        Ok(Update { parameter, gradients, optimizer })
    }

    fn step(&mut self) -> Result {
        self.optimizer.step(&mut self.parameter, &self.gradients)?;
        Ok(())
    }

    /// What a step must read and write.
    fn bytes(&self) -> usize {
        let state: usize = self.optimizer.state_dict().iter().map(|(_, kept)| kept.numel() * kept.dtype().size()).sum();
        3 * LEN * DType::F32.size() + 2 * state
    }
}

/// A copy that moves so many bytes, half of them read and half written, on all threads.
struct Copy(Vec<f32>, Vec<f32>);

impl Copy {
    fn of(bytes: usize) -> Copy {
        let len = bytes / 8;
        Copy(vec![1.0; len], vec![0.0; len])
    }

    fn time(&mut self) -> f64 {
        let start = Instant::now();
        let share = self.0.len().div_ceil(rayon::current_num_threads());
        let parts = self.0.chunks(share).zip(self.1.chunks_mut(share));
        rayon::in_place_scope(|scope| {
            for (from, to) in parts {
                scope.spawn(|_| to.copy_from_slice(from));
            }
        });
        start.elapsed().as_secs_f64()
    }
}
