//! The suite that every schedule's `schedule_cases!` runs.

use super::Schedule;

/// Runs the rows as this file's test.
macro_rules! schedule_cases {
    ($($row:expr),* $(,)?) => {
        #[test]
        fn cases() {
            #[allow(unused_imports, reason = "what has no arguments refuses none")]
            use crate::schedule::cases::{refused, values};
            crate::schedule::cases::run(vec![$($row),*]);
        }
    };
}

/// A schedule, and all that must hold for it.
pub(super) struct Case {
    schedule: Box<dyn Schedule>,
    expected: Expected,
    promises: Vec<Promise>,
}

enum Expected {
    Values(f64, &'static [(u64, f64)]),
    Refused(&'static str),
}

enum Promise {
    Falls(u64),
    Smooth(u64, f64),
    Scales,
    Grows,
    Length(u64, &'static str),
}

/// A schedule, the base, and what it is at some steps.
pub(super) fn values(schedule: impl Schedule + 'static, base: f64, at: &'static [(u64, f64)]) -> Case {
    Case { schedule: Box::new(schedule), expected: Expected::Values(base, at), promises: Vec::new() }
}

/// Arguments out of range, and the text that says so.
pub(super) fn refused(schedule: impl Schedule + 'static, text: &'static str) -> Case {
    Case { schedule: Box::new(schedule), expected: Expected::Refused(text), promises: Vec::new() }
}

impl Case {
    /// It never rises in the first steps.
    pub(super) fn falls(self, steps: u64) -> Case {
        self.promises(Promise::Falls(steps))
    }

    /// In the first steps, joints included, neighbours differ by no more than this part of the base.
    pub(super) fn smooth(self, steps: u64, by: f64) -> Case {
        self.promises(Promise::Smooth(steps, by))
    }

    /// It is a factor of the base.
    pub(super) fn scales(self) -> Case {
        self.promises(Promise::Scales)
    }

    /// It grows beyond all numbers, but from a base of 0 nowhere.
    pub(super) fn grows(self) -> Case {
        self.promises(Promise::Grows)
    }

    /// It has rates for so many steps, and refuses a run of one more with this text.
    pub(super) fn lasts(self, steps: u64, text: &'static str) -> Case {
        self.promises(Promise::Length(steps, text))
    }

    fn promises(mut self, promise: Promise) -> Case {
        self.promises.push(promise);
        self
    }

    /// Whatever does not hold.
    fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut expect = |what: String, got: String, expected: String| {
            if got != expected {
                wrong.push(format!("{what}: {got} instead of {expected}"));
            }
        };
        // No argument and no base makes it panic.
        for base in [f64::NAN, f64::INFINITY, f64::MIN, -1.0, 0.0, f64::MIN_POSITIVE, 1.0, f64::MAX] {
            steps().for_each(|step| _ = self.schedule.rate(base, step));
        }
        let (base, at) = match self.expected {
            Expected::Values(base, at) => (base, at),
            Expected::Refused(text) => {
                let got = self.schedule.check().err().map(|error| error.to_string());
                expect("check".into(), format!("{got:?}"), format!("{:?}", Some(text)));
                [0, 1, u64::MAX].into_iter().for_each(|steps| drop(self.schedule.check_steps(steps)));
                return wrong;
            }
        };
        expect("check".into(), format!("{:?}", self.schedule.check()), "Ok(())".into());
        for (step, expected) in at {
            let got = self.schedule.rate(base, *step);
            // Equal but for the last digits.
            let near = (got - expected).abs() <= 1e-15 * expected.abs().max(base);
            expect(format!("step {step}"), if near { *expected } else { got }.to_string(), expected.to_string());
        }
        let grows = self.promises.iter().any(|promise| matches!(promise, Promise::Grows));
        for base in [base, 0.0, 1e-12, 1e3] {
            let can = |x: f64| x >= 0.0 && (x.is_finite() || grows && base > 0.0);
            let odd = steps().map(|step| (step, self.schedule.rate(base, step))).find(|(_, x)| !can(*x));
            expect(format!("a rate of base {base} that none can have"), format!("{odd:?}"), "None".into());
        }
        for promise in &self.promises {
            self.keep(promise, base, &mut expect);
        }
        wrong
    }

    fn keep(&self, promise: &Promise, base: f64, expect: &mut impl FnMut(String, String, String)) {
        let rate = |step| self.schedule.rate(base, step);
        let first = |odd: &mut dyn Iterator<Item = u64>| format!("{:?}", odd.next());
        match *promise {
            Promise::Falls(steps) => {
                let keeps = |step: &u64| rate(*step) <= rate(step - 1);
                let rises = first(&mut (1..steps).filter(|step| !keeps(step)));
                expect("a step where it rises".into(), rises, "None".into());
            }
            Promise::Smooth(steps, by) => {
                let keeps = |step: &u64| (rate(*step) - rate(step - 1)).abs() <= by * base;
                let jumps = first(&mut (1..steps).filter(|step| !keeps(step)));
                expect("a step where it jumps".into(), jumps, "None".into());
            }
            Promise::Scales => {
                // By a power of two, so nothing is rounded.
                let scaled = |step: &u64| self.schedule.rate(base / 1024.0, *step) * 1024.0 == rate(*step);
                let odd = first(&mut steps().filter(|step| rate(*step) > 1e-200 && !scaled(step)));
                expect("a step where it is no factor".into(), odd, "None".into());
            }
            Promise::Grows => {
                let arrives = steps().any(|step| rate(step) == f64::INFINITY);
                expect("whether it grows beyond all numbers".into(), arrives.to_string(), "true".into());
                let leaves = first(&mut steps().filter(|step| self.schedule.rate(0.0, *step) != 0.0));
                expect("a step where it leaves 0".into(), leaves, "None".into());
            }
            Promise::Length(steps, text) => {
                expect("its own length".into(), format!("{:?}", self.schedule.check_steps(steps)), "Ok(())".into());
                let longer = self.schedule.check_steps(steps + 1).err().map(|error| error.to_string());
                expect("one step more".into(), format!("{longer:?}"), format!("{:?}", Some(text)));
            }
        }
    }
}

/// All first steps, and late ones, around powers of two too.
fn steps() -> impl Iterator<Item = u64> {
    let near = |power: u32| [(1 << power) - 1, 1 << power, (1 << power) + 1];
    (0..400).chain((9..64).flat_map(near)).chain([u64::MAX - 1, u64::MAX])
}

/// Runs all rows, and fails with everything that does not hold.
pub(super) fn run(cases: Vec<Case>) {
    let wrong = cases.iter().enumerate();
    let mut failures: Vec<String> =
        wrong.flat_map(|(row, case)| case.wrong().into_iter().map(move |text| format!("row {row}: {text}"))).collect();
    // An option that is not described would let a run go on from the checkpoint of another.
    for (row, case) in cases.iter().enumerate() {
        let alike = |other: &&Case| {
            let same = |step| case.schedule.rate(0.5, step).to_bits() == other.schedule.rate(0.5, step).to_bits();
            case.schedule.describe() == other.schedule.describe() && !steps().all(same)
        };
        if let Some(other) = cases[..row].iter().position(|other| alike(&other)) {
            failures
                .push(format!("rows {other} and {row} are described alike and differ: {}", case.schedule.describe()));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}
