//! A small problem that all tests train on.

#![allow(dead_code, reason = "each test file uses its part")]

use autograd_core::{SeededRng, Tensor, seeded};
use wengert_data::TensorDataset;
use wengert_data::sets::two_moons;
use wengert_nn::{Dropout, Layer, Linear, ReLU, Sequential, inputs, sequential};
use wengert_train::{Callback, Error, Result, Run};

/// A training and a validation set.
pub fn sets() -> [TensorDataset; 2] {
    let mut rng = seeded(1);
    let moons = two_moons(150, 0.1, &mut rng).expect("enough points");
    moons.split([0.8, 0.2], &mut rng).expect("enough points")
}

pub fn model(seed: u64) -> Sequential {
    make(&mut seeded(seed)).expect("good sizes")
}

pub fn make(rng: &mut SeededRng) -> wengert_nn::Result<Sequential> {
    Ok(sequential![Linear::new(2, 16, rng)?, ReLU, Dropout::new(0.2, rng)?, Linear::new(16, 2, rng)?])
}

/// Every bit of a model's state.
pub fn bits(model: &dyn Layer) -> Vec<u64> {
    let state = model.state_dict();
    state.iter().flat_map(|(_, value)| value.to_f64s()).map(f64::to_bits).collect()
}

/// How many times as long stress programs run: `WENGERT_STRESS=20 cargo test`.
pub fn stress() -> u64 {
    let times = std::env::var("WENGERT_STRESS").ok();
    times.map_or(1, |times| times.parse().expect("WENGERT_STRESS is a number"))
}

/// A command that runs one test of this program, with an environment variable that makes it more than nothing.
pub fn child(test: &str, variable: &str, value: impl AsRef<std::ffi::OsStr>) -> std::process::Command {
    let mut child = std::process::Command::new(std::env::current_exe().expect("this test"));
    child.args(["--exact", test, "--nocapture"]).env(variable, value).stdout(std::process::Stdio::null());
    child
}

/// A process that ends in the middle of an epoch.
pub struct Killed {
    pub epoch: u64,
    pub batch: usize,
}

impl Callback for Killed {
    fn name(&self) -> &str {
        "Killed"
    }
    fn only_watches(&self) -> bool {
        true
    }
    fn on_train_batch_begin(&mut self, run: &mut Run<'_>) -> Result<()> {
        let now = run.epoch() == self.epoch && run.batch() == self.batch;
        if now { Err(Error::user("killed")) } else { Ok(()) }
    }
}

/// Memory in place of a disk where there is such a place: the files are many.
pub fn directory() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.or_else(|_| tempfile::tempdir()).expect("a temporary directory")
}

/// A model of two inputs.
#[derive(Clone, wengert_nn::Module)]
pub struct TwoTowers {
    pub left: Linear,
    pub right: Linear,
}

impl Layer for TwoTowers {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_all(std::slice::from_ref(x))
    }
    fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
        let [a, b] = inputs("TwoTowers", all)?;
        self.left.call("left", a)?.try_add(&self.right.call("right", b)?)
    }
}
