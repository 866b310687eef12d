//! The comparison of a replay with a run of the function, kernel by kernel.

use crate::error::{Error, ErrorKind, Result};
use crate::tensor::Tensor;
use crate::tensor::watch::{Watcher, Work};
use std::cell::RefCell;
use std::hash::{DefaultHasher, Hasher};

/// A result of a replay: its number, the operation, and a number made of all its bits.
pub(super) type Seen = (usize, &'static str, u64);

/// A number made of all bits.
pub(super) fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

/// The watcher of a run that is compared with the replay before it.
pub(super) struct Comparison {
    replay: Vec<Seen>,
    state: RefCell<(usize, Option<Error>)>,
}

impl Comparison {
    pub(super) fn with(replay: Vec<Seen>) -> Comparison {
        Comparison { replay, state: RefCell::default() }
    }

    /// The first difference, as an error.
    ///
    /// # Errors
    /// If there is one.
    pub(super) fn outcome(&self) -> Result<()> {
        let (ran, difference) = self.state.take();
        if let Some(difference) = difference {
            return Err(difference);
        }
        match self.replay.last() {
            Some((number, op, _)) if *number >= ran => Err(differs(*number, op, "is not run any more")),
            _ => Ok(()),
        }
    }
}

fn differs(number: usize, op: &str, how: &str) -> Error {
    let text = format!("capture: kernel {number}, {op}, {how}");
    let why = "what the function does depends on something that it is not given";
    Error::new(ErrorKind::Argument, format!("{text}: {why}"))
}

impl Watcher for Comparison {
    fn ran(&self, op: &'static str, _: &[&Tensor], result: Option<&Tensor>, _: Work) {
        let mut state = self.state.borrow_mut();
        let number = state.0;
        state.0 += 1;
        let (Ok(at), Some(result)) = (self.replay.binary_search_by_key(&number, |(number, ..)| *number), result) else {
            return;
        };
        let (_, replayed, bits) = self.replay[at];
        let (memory, start) = result.memory();
        let bytes = &memory[start..start + result.numel() * result.dtype().size()];
        if replayed != op {
            state.1.get_or_insert_with(|| differs(number, replayed, &format!("is {op} in a run")));
        } else if digest(bytes) != bits {
            state.1.get_or_insert_with(|| differs(number, op, "computes other numbers in a run than in its replay"));
        }
    }

    fn changes(&self, _: &'static str, _: &Tensor) {}
    fn given(&self, _: &'static str, _: &Tensor) {}
    fn reads(&self, _: &'static str) {}
    fn rolls(&self, _: &'static str) {}
    fn draws(&self, _: usize, _: u64) {}
}
