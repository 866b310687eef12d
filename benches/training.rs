//! Whole training steps: forward pass, loss, backward pass, update.
//!
//! ```text
//! cargo bench --bench training
//! RAYON_NUM_THREADS=1 cargo bench --bench training -- mlp_fashion
//! ```
//!
//! `mlp_fashion_gemm` is the matrix products of `mlp_fashion` alone: the difference is what the library adds to them.

mod workloads;

use criterion::Criterion;
use workloads::Setup;

const STEPS: [(&str, Setup); 13] = [
    ("mlp_fashion", workloads::mlp_fashion),
    ("W1_replay", workloads::mlp_fashion_replay),
    ("mlp_fashion_gemm", workloads::mlp_fashion_gemm),
    ("mlp_fashion_epoch", workloads::mlp_fashion_epoch),
    ("mlp_tiny", workloads::mlp_tiny),
    ("mlp_tiny_b1", workloads::mlp_tiny_b1),
    ("W2_replay", workloads::mlp_tiny_replay),
    ("W3_replay", workloads::mlp_tiny_b1_replay),
    ("mlp_small", workloads::mlp_small),
    ("mlp_small_replay", workloads::mlp_small_replay),
    ("mlp_small_10k", workloads::mlp_small_10k),
    ("mlp_small_10k_replay", workloads::mlp_small_10k_replay),
    ("adam_10m", workloads::adam_10m),
];

fn main() {
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    for (name, setup) in STEPS {
        // Set up only if it is measured: a filter on the command line passes over the others.
        let mut ready = None;
        criterion.bench_function(name, |bencher| {
            let step = ready.get_or_insert_with(|| setup().expect("the workload can be set up"));
            bencher.iter(|| step().expect("the step fits its model"));
        });
    }
    criterion.final_summary();
}
