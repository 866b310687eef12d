//! Profiles of the kernels that a function runs.

mod entry;
mod log;
mod table;
mod trace;

pub use entry::{Entry, Pass};

use crate::tensor::timer::{Timed, timer};
use log::{Event, Log};
use std::rc::Rc;
use std::time::Duration;

/// A trace holds so many kernels at most, of some hundred bytes each.
const MOST_EVENTS: usize = 1 << 18;

/// Runs `f` and measures every kernel that this thread runs meanwhile: which operation it belongs to, whether it is
/// part of a walk backwards, how long it takes, how many bytes it moves and how many operations it does.
///
/// * **calls**: the kernels of an operation. One operation may run several: a copy first, of a view that its kernel
///   cannot read as it lies, and a check of indices. A view (`reshape`, `narrow`, `expand`) runs none.
/// * **time**: from before a kernel to after it, on this thread; where it shares its work with other threads, until all
///   of them are done. It includes reading the clock once, some 20 to 50 ns.
/// * **bytes**: those of the elements that are read of the operands, and of those that are written. What `expand`
///   repeats counts once. A kernel that changes a tensor in place reads and writes what it changes.
/// * **flops**, operations on elements, of whatever dtype: `2 · m · k · n` for each product of matrices; else one for
///   each element of the largest operand or of the result, whichever has more: as many as there are results in `x + y`,
///   as many as there are elements to sum in `x.sum()`. An `exp` counts as one, like an addition, and a softmax as one
///   for each element: these are a measure of work done, not of instructions. Numbers that are only made or moved
///   (`full`, `cat`, `gather`, `to_dtype`, copies) count as none. An optimizer's update counts one for the parameter
///   and each state.
///
/// # What is seen
/// Kernels of this thread alone. The tensor may be read as ever (`item`, `to_vec`); that is no kernel, and neither is
/// what `f` does besides. [`Profile::time`] is the time of all of it.
///
/// * A profile inside a profile: both see what runs in the inner one.
/// * A [`Capture`](crate::Capture) inside a profile: the kernels of a replay are seen as those of the run that was
///   recorded, with the pass they were in; what its program leaves out is not there, and its own copies of results are
///   `output`. Of a replay that fails, the kernels until then are seen, and those of the function, which is run for its
///   error.
/// * A profile inside a captured function: it is made while the function is recorded, and a replay makes none.
/// * If `f` panics, the panic goes on and there is no profile; the thread is as it was before.
///
/// Results have the same bits as without a profile.
///
/// # Examples
/// ```
/// use autograd_core::profile::Pass;
/// use autograd_core::{DType, Tensor, profile};
///
/// let x = Tensor::ones(&[32, 64], DType::F32)?;
/// let w = Tensor::ones(&[16, 64], DType::F32)?.requires_grad();
/// let (gradients, profile) = profile(|| x.linear(&w, None)?.relu().sum().backward());
/// assert!(gradients?.get(&w).is_some());
///
/// let linear = profile.entries().iter().find(|e| e.name == "linear" && e.pass == Pass::Forward).unwrap();
/// assert_eq!((linear.calls, linear.flops), (1, 2 * 32 * 64 * 16));
/// assert_eq!(linear.bytes, 4 * (32 * 64 + 16 * 64 + 32 * 16));
/// println!("{profile}");
/// # assert!(profile.to_string().contains("GFLOP/s"));
/// # Ok::<(), autograd_core::Error>(())
/// ```
/// The table, sorted by time within each pass (of a debug build on a busy machine):
/// ```text
///              calls  time (µs)  mean (µs)  share (%)   GB/s  GFLOP/s
/// forward          3      420.2      140.1      54.68  0.049    0.158
///   linear         1      395.9      395.9      51.52  0.036    0.166
///   relu           1      17.19      17.19      2.236  0.238    0.030
///   sum            1      7.141      7.141      0.929  0.287    0.072
/// backward         3      348.3      116.1      45.32  0.053    0.190
///   linear         1      311.2      311.2      40.49  0.046    0.211
///   relu           1      36.93      36.93      4.805  0.111    0.014
///   full_like      1      0.200      0.200      0.026  0.020        -
/// total            6      768.5      128.1      100.0  0.051    0.173
/// kernels: 768.5 of 811.1 µs
/// ```
/// What is missing from the last line is bookkeeping, all else that `f` does, and measuring it.
pub fn profile<R>(f: impl FnOnce() -> R) -> (R, Profile) {
    profile_up_to(MOST_EVENTS, f)
}

fn profile_up_to<R>(most: usize, f: impl FnOnce() -> R) -> (R, Profile) {
    let log = Rc::new(Log::new(most, timer()));
    let result = {
        let _timed = Timed::by(Rc::clone(&log) as _);
        f()
    };
    (result, log.finish())
}

/// What [`profile`] has measured. Its `Display` is a table.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, profile};
/// use autograd_core::profile::Profile;
///
/// let (sum, profile): (Tensor, Profile) = profile(|| Tensor::from([1.0, 2.0]).exp().sum());
/// assert!((sum.item::<f32>()? - 10.107338).abs() < 1e-5);
/// assert_eq!(profile.entries().iter().map(|entry| entry.calls).sum::<u64>(), 3);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Profile {
    entries: Vec<Entry>,
    /// In the order of time.
    events: Vec<Event>,
    /// The kernels after those.
    left_out: u64,
    products: u64,
    time: Duration,
}

impl Profile {
    /// One entry for each operation and pass that ran a kernel, the longest time first.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, profile};
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// let (y, profile) = profile(|| x.matmul(&x));
    /// let [entry] = profile.entries() else { panic!("one kernel") };
    /// assert_eq!((entry.name, entry.calls, entry.flops, y?.numel()), ("matmul", 1, 16, 4));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The multiplications of numbers whose products are added up: those of matrix products and convolutions, which
    /// most of the work of a model is. All else, like an activation, adds nothing.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, profile};
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// let (_, profile) = profile(|| x.matmul(&x.exp()));
    /// assert_eq!(profile.multiply_adds(), 8);
    /// ```
    pub fn multiply_adds(&self) -> u64 {
        self.products
    }

    /// The time from the beginning of `f` to its end, kernels and all else, with what it takes to measure them.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, profile};
    /// let (_, profile) = profile(|| Tensor::from([1.0, 2.0]).exp());
    /// assert!(profile.time() >= profile.entries().iter().map(|entry| entry.time).sum());
    /// ```
    pub fn time(&self) -> Duration {
        self.time
    }
}
