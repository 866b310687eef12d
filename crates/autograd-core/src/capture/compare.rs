//! The comparison of a replay with a run of the function, kernel by kernel.

use crate::error::{Error, ErrorKind, Result};
use crate::tensor::Tensor;
use crate::tensor::timer::Cost;
use crate::tensor::watch::{Watcher, Work};
use std::cell::RefCell;
use std::fmt::Display;
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
    /// How many kernels and looks the recorded run had; some of them are not in the replay.
    recorded: usize,
    state: RefCell<(usize, Option<Error>)>,
    /// What was made of numbers from outside: held as in a recording, so that both copy it before they change it.
    given: RefCell<Vec<Tensor>>,
}

impl Comparison {
    pub(super) fn with(replay: Vec<Seen>, recorded: usize) -> Comparison {
        Comparison { replay, recorded, state: RefCell::default(), given: RefCell::default() }
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
        match ran == self.recorded {
            true => Ok(()),
            false => Err(differs(format_args!("the function runs {ran} kernels, not {} as before", self.recorded))),
        }
    }
}

/// Whether a run and a replay have given the same.
///
/// # Errors
/// If they have not, or there is no room to compare them.
pub(super) fn outputs(run: &[&mut Tensor], replay: &[&mut Tensor]) -> Result<()> {
    let mut same = run.len() == replay.len();
    for (run, replay) in run.iter().zip(replay) {
        same &= run.is_like(replay) && bits(run)? == bits(replay)?;
    }
    let text = "the function returns something else than its replay";
    if same { Ok(()) } else { Err(differs(text)) }
}

fn bits(x: &Tensor) -> Result<u64> {
    let x = x.try_packed("capture")?;
    Ok(digest(elements(&x)))
}

/// The bytes of a contiguous tensor.
fn elements(x: &Tensor) -> &[u8] {
    let (memory, start) = x.memory();
    &memory[start..start + x.numel() * x.dtype().size()]
}

fn differs(how: impl Display) -> Error {
    let why = "what the function does depends on something that it is not given";
    Error::new(ErrorKind::Capture, format!("capture: {how}: {why}"))
}

impl Watcher for Comparison {
    fn ran(&self, cost: &Cost<'_>, _: &[&Tensor], result: Option<&Tensor>, _: Work) {
        let op = cost.op;
        let mut state = self.state.borrow_mut();
        let number = state.0;
        state.0 += 1;
        let (Ok(at), Some(result)) = (self.replay.binary_search_by_key(&number, |(number, ..)| *number), result) else {
            return;
        };
        let (_, replayed, bits) = self.replay[at];
        let how = match (replayed == op, digest(elements(result)) == bits) {
            (true, true) => return,
            (true, false) => "computes other numbers in a run than in its replay".into(),
            (false, _) => format!("is {op} in a run"),
        };
        state.1.get_or_insert_with(|| differs(format_args!("kernel {number}, {replayed}, {how}")));
    }

    fn given(&self, tensor: &Tensor) {
        self.given.borrow_mut().push(tensor.whole());
    }
}
