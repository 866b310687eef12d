//! What the runs of a case have shown of its operation.

use super::Case;
use super::linear::linear_inputs;
use super::suite::case_seed;
use crate::kernels::real::CALLED;
use crate::kernels::simd::VECTORISED;
use crate::tensor::Tensor;
use crate::threads::parallel::WORTH_SHARING;
use crate::{ErrorKind, grad_with};
use std::cell::Cell;

/// The doors that a computation has gone through on one thread.
#[derive(Clone, Copy, Default)]
pub(super) struct Doors {
    /// Kernels that are compiled for the CPU found at run time.
    vectorised: u64,
    /// Calls of functions that are not vectorised.
    called: u64,
    /// Work that is worth a second thread.
    shared: u64,
}

thread_local! {
    static SEEN: Cell<Doors> = const { Cell::new(Doors { vectorised: 0, called: 0, shared: 0 }) };
}

impl Doors {
    fn now() -> Doors {
        Doors { vectorised: VECTORISED.get(), called: CALLED.get(), shared: WORTH_SHARING.get() }
    }

    /// Those of a computation that stays on this thread.
    pub(super) fn of<R>(compute: impl FnOnce() -> R) -> (R, Doors) {
        let before = Doors::now();
        let result = compute();
        let after = Doors::now();
        let doors = Doors {
            vectorised: after.vectorised - before.vectorised,
            called: after.called - before.called,
            shared: after.shared - before.shared,
        };
        (result, doors)
    }

    /// Whether there was work that is worth a second thread.
    pub(super) fn are_shared(self) -> bool {
        self.shared > 0
    }

    /// Adds them to those of the case that this thread runs.
    pub(super) fn note(self) {
        let seen = SEEN.get();
        SEEN.set(Doors {
            vectorised: seen.vectorised + self.vectorised,
            called: seen.called + self.called,
            shared: seen.shared + self.shared,
        });
    }
}

/// Derivatives of the second order.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub(super) enum Second {
    /// There is no first one.
    None,
    /// The operation says that it has none.
    Refused,
    /// The first one depends on no input.
    Zero,
    /// There are.
    Some,
}

/// What is known of an operation.
#[derive(Clone)]
pub(super) struct Facts {
    pub(super) operation: &'static str,
    pub(super) gradient: bool,
    pub(super) second: Second,
    pub(super) vectorised: bool,
    pub(super) shared: bool,
    pub(super) captured: bool,
    /// The promised units in the last place, which the suite holds functions of one number to; of two numbers, those of
    /// the value alone.
    pub(super) ulps: Option<[Option<f64>; 3]>,
    /// The inputs that it is linear in, each with the others as they are.
    pub(super) linear: Vec<usize>,
}

/// More calls than elements that are mended where a vectorised function ends.
const MANY_CALLS: u64 = 10_000;

impl Facts {
    /// Those of a case that this thread has run since the last call.
    pub(super) fn of(case: &Case) -> Facts {
        let doors = SEEN.take();
        let second = second(case);
        let linear = if second == Second::None { Vec::new() } else { linear_inputs(case) };
        let swept = case.elementwise && case.ulps.iter().all(|ulps| ulps.is_finite());
        let ulps = match case.inputs.len() {
            1 if swept => Some(case.ulps.map(Some)),
            // Of two, the larger operand is not known to the page, nor is what has no derivative swept.
            2 if swept && case.gradient && !case.cancels => Some([Some(case.ulps[0]), None, None]),
            _ => None,
        };
        Facts {
            operation: case.operation(),
            gradient: second != Second::None,
            second,
            vectorised: doors.vectorised > 0 && doors.called < MANY_CALLS,
            shared: doors.shared > 0,
            captured: !case.reads_numbers,
            ulps,
            linear,
        }
    }

    /// Those of an operation with several cases.
    pub(super) fn merge(&mut self, other: &Facts) {
        self.gradient |= other.gradient;
        // What one case refuses, the operation does not have in all its forms.
        let refused = self.second == Second::Refused || other.second == Second::Refused;
        let larger = if other.second > self.second { other.second } else { self.second };
        self.second = if refused { Second::Refused } else { larger };
        self.vectorised |= other.vectorised;
        self.shared |= other.shared;
        self.captured &= other.captured;
        self.ulps = match (self.ulps, other.ulps) {
            (Some(a), Some(b)) => Some([0, 1, 2].map(|i| a[i].zip(b[i]).map(|(a, b)| a.max(b)))),
            (a, b) => a.or(b),
        };
        self.linear.extend(&other.linear);
        self.linear.sort_unstable();
        self.linear.dedup();
    }
}

/// Asks for the second derivatives of a case.
fn second(case: &Case) -> Second {
    let x: Vec<Tensor> = case.sample(1).iter().map(Tensor::requires_grad).collect();
    let y = case.call(&x);
    if !y.is_tracked() {
        return Second::None;
    }
    let targets: Vec<&Tensor> = x.iter().collect();
    let first = match grad_with(&[(&y, &case_seed(&y))], &targets) {
        Err(error) if error.kind() == ErrorKind::NoDerivative => return Second::Refused,
        first => first.unwrap_or_else(|e| panic!("{e}")),
    };
    let tracked: Vec<Tensor> = first.into_iter().flatten().filter(Tensor::is_tracked).collect();
    let seeds: Vec<Tensor> = tracked.iter().map(case_seed).collect();
    let roots: Vec<(&Tensor, &Tensor)> = tracked.iter().zip(&seeds).collect();
    if roots.is_empty() {
        return Second::Zero;
    }
    match grad_with(&roots, &targets) {
        Err(error) if error.kind() == ErrorKind::NoDerivative => Second::Refused,
        Err(error) => panic!("{error}"),
        Ok(_) => Second::Some,
    }
}
