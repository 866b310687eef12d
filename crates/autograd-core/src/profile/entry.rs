//! The kernels of one operation in one pass.

use std::fmt;
use std::time::Duration;

/// Whether a kernel ran in a walk backwards.
///
/// # Examples
/// ```
/// use autograd_core::profile::Pass;
/// assert_eq!([Pass::Forward, Pass::Backward].map(|pass| pass.to_string()), ["forward", "backward"]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pass {
    /// Outside of any walk: operations, tensors that are made, updates of optimizers.
    Forward,
    /// In a walk (`backward`, [`grad`](crate::grad)): pull-backs, and the sums of what they give.
    Backward,
}

impl Pass {
    pub(super) const ALL: [Pass; 2] = [Pass::Forward, Pass::Backward];

    pub(super) fn name(self) -> &'static str {
        match self {
            Pass::Forward => "forward",
            Pass::Backward => "backward",
        }
    }
}

impl fmt::Display for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What the kernels of one operation in one pass have taken and done, all calls together.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use autograd_core::profile::{Entry, Pass};
///
/// let time = Duration::from_micros(2);
/// let entry = Entry { name: "relu", pass: Pass::Forward, calls: 1, time, bytes: 8000, flops: 1000 };
/// assert_eq!((entry.gigabytes_per_second(), entry.gigaflops_per_second()), (4.0, 0.5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The operation, as in its errors and on the tape.
    pub name: &'static str,
    /// Whether it ran in a walk.
    pub pass: Pass,
    /// How many kernels ran.
    pub calls: u64,
    /// The time of all of them.
    pub time: Duration,
    /// The bytes that were read and written.
    pub bytes: u64,
    /// The operations on elements.
    pub flops: u64,
}

impl Entry {
    /// The achieved traffic, bytes / time, in units of 10⁹ bytes per second. Not finite where the clock measured
    /// nothing.
    pub fn gigabytes_per_second(&self) -> f64 {
        self.bytes as f64 / self.nanoseconds()
    }

    /// The achieved speed, flops / time, in units of 10⁹ operations per second. Not finite where the clock measured
    /// nothing.
    pub fn gigaflops_per_second(&self) -> f64 {
        self.flops as f64 / self.nanoseconds()
    }

    fn nanoseconds(&self) -> f64 {
        self.time.as_nanos() as f64
    }

    /// The sum of entries, under a name.
    pub(super) fn sum<'a>(name: &'static str, pass: Pass, entries: impl Iterator<Item = &'a Entry>) -> Entry {
        let none = Entry { name, pass, calls: 0, time: Duration::ZERO, bytes: 0, flops: 0 };
        entries.fold(none, |sum, entry| Entry {
            calls: sum.calls + entry.calls,
            time: sum.time + entry.time,
            bytes: sum.bytes.saturating_add(entry.bytes),
            flops: sum.flops.saturating_add(entry.flops),
            ..sum
        })
    }
}
