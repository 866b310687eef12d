//! A random machine: programs of sixty steps with wild arguments, each run on one thread and on three.
//!
//! No step may panic, but for the operations that return a plain tensor of more elements than memory holds, whose text
//! says so. No element may be one that nothing wrote, and no bit may depend on the number of threads. A longer run:
//! `AUTOGRAD_MACHINE_SEEDS=100000 cargo test -p autograd-core --test machine`.

mod elements;
mod functionals;
mod functions;
mod images;
mod indexing;
mod matrices;
mod network;
mod rearrange;
mod steps;
mod values;
mod walks;

use autograd_core::profile;
use rayon::ThreadPool;
use std::panic::{AssertUnwindSafe, catch_unwind};
use values::{Machine, text_of};

/// Programs of an ordinary run.
const SEEDS: u64 = 1000;

/// Steps of a program.
const STEPS: usize = 60;

/// What a program has shown, a line for each step; or its panic.
fn run(seed: u64) -> Result<Vec<String>, String> {
    let mut machine = Machine::new(seed);
    for step in 0..STEPS {
        let name = machine.choose();
        let outcome = catch_unwind(AssertUnwindSafe(|| machine.step(name)));
        outcome.map_err(|panic| {
            let text = text_of(&*panic);
            format!("seed {seed}, step {step}, {name} of {}: {text}", machine.used())
        })?;
    }
    Ok(machine.seen)
}

/// What is wrong with a program.
fn fault(seed: u64, one: &ThreadPool, three: &ThreadPool) -> Option<String> {
    // One of them is profiled, which must neither show in a bit nor fail.
    let both = one.install(|| run(seed)).and_then(|alone| Ok((alone, three.install(|| profile(|| run(seed)).0)?)));
    match both {
        Err(panic) => Some(panic),
        Ok((alone, shared)) => {
            let (step, (one, three)) = alone.iter().zip(&shared).enumerate().find(|(_, (one, three))| one != three)?;
            Some(format!("seed {seed}, step {step}: one thread and three differ: {one} and {three}"))
        }
    }
}

#[test]
fn programs_neither_panic_nor_depend_on_the_number_of_threads() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        // These are expected, and caught.
        let expected =
            info.payload_as_str().is_some_and(|text| text.contains(values::TOO_LARGE) && !text.starts_with("seed "));
        if !expected {
            usual(info);
        }
    }));
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    let (one, three) = (pool(1), pool(3));
    let seeds = std::env::var("AUTOGRAD_MACHINE_SEEDS").ok();
    let seeds = seeds.map_or(SEEDS, |seeds| seeds.parse().expect("AUTOGRAD_MACHINE_SEEDS is a number of programs"));
    let faults: Vec<String> = (0..seeds).filter_map(|seed| fault(seed, &one, &three)).take(20).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
