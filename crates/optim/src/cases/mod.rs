//! The suite that every optimizer's `cases!` runs.

mod evaluated;
mod given;
mod golden;
mod lost;
mod net;
mod options;
mod properties;
mod rows;
mod switched;
mod unmoved;

pub(crate) use given::given;
pub(crate) use golden::{SLOPES, TURNING, along, golden, golden_of, golden_with, same};
use properties::{OF_WRAPPED, PROPERTIES};
pub(crate) use rows::{Case, Common, Flag, Scalar, Whole, coupled, joint, plain, refused, wrapped, wrapped_joint};

/// Runs the rows as this file's test.
macro_rules! cases {
    ($($row:expr),* $(,)?) => {
        #[test]
        fn cases() {
            #[allow(unused_imports, reason = "a file may have rows of one sort only")]
            use crate::cases::{coupled, joint, plain, refused, wrapped};
            crate::cases::run(vec![$($row),*]);
        }
    };
}

/// Runs all rows, and fails with everything that does not hold.
pub(crate) fn run(cases: Vec<Case>) {
    let mut failures = Vec::new();
    for (row, case) in cases.iter().enumerate() {
        match case {
            Case::Refused(optimizer, text) => {
                let got = optimizer.check().map_err(|error| error.to_string());
                if got != Err(text.to_string()) {
                    failures.push(format!("row {row}: {got:?} instead of {text:?}"));
                }
            }
            Case::Plain(plain) => {
                let broken = PROPERTIES
                    .iter()
                    .filter(|(name, _)| !plain.wrapped || OF_WRAPPED.contains(name))
                    .filter_map(|(name, holds)| Some((name, holds(plain).err()?)));
                failures.extend(broken.map(|(name, why)| format!("row {row}: {name}: {why}")));
            }
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}
