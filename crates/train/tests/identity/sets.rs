//! Sets that say themselves which they are.

use crate::changes::{adam, net, plain};
use crate::moons::{self, directory, sets};
use autograd_core::{Tensor, seeded};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use wengert_data::{Dataset, TensorDataset};
use wengert_nn::cross_entropy;
use wengert_train::{History, Result, Trainer};

/// A set that notices who reads it.
struct Counting {
    set: TensorDataset,
    read: AtomicUsize,
    fingerprint: Option<&'static str>,
}

impl Dataset for Counting {
    fn len(&self) -> usize {
        self.set.len()
    }
    fn batch(&self, indices: &[usize]) -> Result<(Tensor, Tensor)> {
        self.read.fetch_add(indices.len(), Ordering::Relaxed);
        self.set.batch(indices)
    }
    fn fingerprint(&self) -> Option<String> {
        self.fingerprint.map(String::from)
    }
}

/// The outcome of a run, and how many samples it has read.
fn read(
    fingerprint: Option<&'static str>,
    change: impl FnOnce(Trainer<'static>) -> Trainer<'static>,
) -> (Result<History>, usize) {
    let [set, _] = sets();
    let train = Counting { set, read: AtomicUsize::new(0), fingerprint };
    let outcome = change(plain(adam(), cross_entropy)).fit(&mut net(4), &train, None, &mut seeded(7));
    (outcome, train.read.into_inner())
}

#[test]
fn a_set_with_a_fingerprint_is_read_for_training_only() {
    let samples = sets()[0].len();
    let killed =
        |trainer: Trainer<'static>, dir: &Path| trainer.checkpoint(dir).callback(moons::Killed { epoch: 2, batch: 1 });
    for (fingerprint, is_read) in [(Some("moons, version 1"), false), (None, true)] {
        // Without a checkpoint nothing asks.
        assert_eq!(read(fingerprint, |trainer| trainer).1, 3 * samples);
        let dir = directory();
        let (outcome, before) = read(fingerprint, |trainer| killed(trainer, dir.path()));
        outcome.expect_err("killed");
        assert_eq!(before > samples + 16, is_read, "{before} read");
        let (outcome, after) = read(fingerprint, |trainer| trainer.checkpoint(dir.path()).resume(true));
        outcome.expect("the same set");
        assert_eq!(after > 2 * samples, is_read, "{after} read");
        let (outcome, _) = read(Some("moons, version 2"), |trainer| trainer.checkpoint(dir.path()).resume(true));
        let text = outcome.expect_err("another").to_string();
        assert!(text.contains("train.content: ") && text.contains(", this run has \"moons, version 2\"\n"), "{text}");
    }
}
