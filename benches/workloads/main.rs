//! Training steps and single operations under criterion.
//!
//! ```text
//! cargo bench -p wengert-bench
//! RAYON_NUM_THREADS=1 cargo bench -p wengert-bench -- W1_mlp
//! ```
//!
//! `W1_gemm` is the matrix products of `W1_mlp_fashion` alone: the difference is what the library adds to them. Of an
//! operation, `fwd` is the forward pass alone, `fb` forward and backward.

#[path = "mod.rs"]
mod workloads;

use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    for workload in workloads::all().expect("the operands can be made") {
        // Set up only if it is measured: a filter on the command line passes over the others.
        let mut setup = Some(workload.setup);
        let mut ready = None;
        criterion.bench_function(&workload.name, |bencher| {
            if let Some(setup) = setup.take() {
                ready = Some(setup().expect("the workload can be set up"));
            }
            let step = ready.as_mut().expect("it was set up before");
            bencher.iter(|| step().expect("the step fits its operands"));
        });
    }
    criterion.final_summary();
}
