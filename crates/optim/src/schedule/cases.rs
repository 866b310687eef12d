//! The suite that every schedule's `schedule_cases!` runs.

use super::Schedule;

/// Runs the rows as this file's test.
macro_rules! schedule_cases {
    ($($row:expr),* $(,)?) => {
        #[test]
        fn cases() {
            use super::cases::{refused, values};
            super::cases::run(vec![$($row),*]);
        }
    };
}

pub(super) enum Case {
    Values(Box<dyn Schedule>, f64, &'static [(u64, f64)]),
    Refused(Box<dyn Schedule>, &'static str),
}

/// A schedule, the base, and what it is at some steps.
pub(super) fn values(schedule: impl Schedule + 'static, base: f64, at: &'static [(u64, f64)]) -> Case {
    Case::Values(Box::new(schedule), base, at)
}

/// Arguments out of range, and the text that says so.
pub(super) fn refused(schedule: impl Schedule + 'static, text: &'static str) -> Case {
    Case::Refused(Box::new(schedule), text)
}

/// Runs all rows, and fails with everything that does not hold.
pub(super) fn run(cases: Vec<Case>) {
    let mut failures = Vec::new();
    for (row, case) in cases.iter().enumerate() {
        let mut expect = |what: String, got: String, expected: String| {
            if got != expected {
                failures.push(format!("row {row}: {what}: {got} instead of {expected}"));
            }
        };
        match case {
            Case::Values(schedule, base, at) => {
                expect("check".into(), format!("{:?}", schedule.check()), "Ok(())".into());
                for (step, expected) in *at {
                    let got = schedule.rate(*base, *step);
                    // Equal but for the last digits.
                    let near = if (got - expected).abs() <= 1e-15 * base { *expected } else { got };
                    expect(format!("step {step}"), near.to_string(), expected.to_string());
                }
                let late = schedule.rate(*base, u64::MAX);
                expect("the last step is finite".into(), late.is_finite().to_string(), "true".into());
            }
            Case::Refused(schedule, text) => {
                let got = schedule.check().err().map(|error| error.to_string());
                expect("check".into(), format!("{got:?}"), format!("{:?}", Some(text)));
                // Unchecked arguments give some number, and no panic.
                for step in [0, 1, u64::MAX] {
                    let _ = schedule.rate(1.0, step);
                }
            }
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}
