//! From a line of a case file to passed, failed or unsupported.

use crate::case::{Case, Precision};
use crate::family;
use crate::stop::{Outcome, Stop};
use serde::{Deserialize, Serialize};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What became of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Verdict {
    /// As wanted, in every precision it was run in.
    Passed,
    /// Not as wanted: the first difference.
    Failed(String),
    /// The library has no such operation or argument: which, if it is not all of that name.
    Unsupported(String),
}

/// In which precisions cases are run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Runs {
    /// In F64 and, where the case allows it, in F32 too: both must be right.
    #[default]
    Both,
    /// In F64 alone.
    OnlyF64,
    /// In F32 alone; cases that are not meant for it are unsupported.
    OnlyF32,
}

/// A case that was run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Result {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What became of it.
    pub verdict: Verdict,
}

/// Reads and runs the case on one line of a file. `place` names the line, should it not even have an id.
pub fn judge(place: &str, line: &str, runs: Runs) -> Result {
    let case: Case = match serde_json::from_str(line) {
        Ok(case) => case,
        Err(error) => {
            let verdict = Verdict::Failed(format!("the case cannot be read: {error}"));
            return Result { id: place.into(), name: place.into(), verdict };
        }
    };
    let verdict = judge_case(&case, runs);
    Result { id: case.id, name: case.name, verdict }
}

fn judge_case(case: &Case, runs: Runs) -> Verdict {
    let narrow = case.tol32.is_some();
    match runs {
        Runs::OnlyF32 if narrow => in_precision(case, Precision::F32),
        Runs::OnlyF32 => Verdict::Unsupported("not meant for F32".into()),
        Runs::OnlyF64 => in_precision(case, Precision::F64),
        Runs::Both => match in_precision(case, Precision::F64) {
            Verdict::Passed if narrow => in_precision(case, Precision::F32),
            other => other,
        },
    }
}

fn in_precision(case: &Case, precision: Precision) -> Verdict {
    let outcome = catch_unwind(AssertUnwindSafe(|| family::run(case, precision)));
    let outcome = outcome.map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
    });
    let wrong = |text: String| match precision {
        Precision::F64 => Verdict::Failed(text),
        Precision::F32 => Verdict::Failed(format!("in F32: {text}")),
    };
    match outcome {
        Err(panic) => wrong(format!("panicked: {panic}")),
        Ok(outcome) => weigh(case.expect_error, outcome).unwrap_or_else(wrong),
    }
}

fn weigh(expect_error: bool, outcome: Outcome<()>) -> std::result::Result<Verdict, String> {
    match outcome {
        Err(Stop::Unsupported(what)) => Ok(Verdict::Unsupported(what)),
        Err(Stop::Malformed(what)) => Err(format!("the case cannot be read: {what}")),
        Err(Stop::Differs(what)) => Err(what),
        Err(Stop::Refused(_)) if expect_error => Ok(Verdict::Passed),
        Err(Stop::Refused(error)) => Err(format!("refused: {error}")),
        Ok(()) if expect_error => Err("accepted, though it must be refused".into()),
        Ok(()) => Ok(Verdict::Passed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(line: &str) -> Verdict {
        judge("here:1", line, Runs::Both).verdict
    }

    fn abs(rest: &str) -> String {
        let x = r#"{"shape":[1],"dtype":"f64","data":[-2.0],"requires_grad":true}"#;
        format!(r#"{{"id":"ops/abs/1","family":"ops","name":"abs","args":{{}},"inputs":{{"input":{x}}},{rest}}}"#)
    }

    fn number(x: f64) -> String {
        format!(r#"{{"shape":[1],"dtype":"f64","data":[{x:?}]}}"#)
    }

    fn with(value: f64, gradient: f64) -> String {
        let (value, seed, gradient) = (number(value), number(3.0), number(gradient));
        abs(&format!(
            r#""outputs":[{value}],"grad_outputs":[{seed}],"grads":{{"input":{gradient}}},"tol":{{"rtol":0,"atol":0}},"tol32":null"#
        ))
    }

    #[test]
    fn right_values_and_gradients_pass() {
        assert_eq!(verdict(&with(2.0, -3.0)), Verdict::Passed);
    }

    #[test]
    fn a_wrong_value_or_gradient_fails_and_is_told() {
        assert_eq!(verdict(&with(2.5, -3.0)), Verdict::Failed("output 0 at 0: got 2.0 want 2.5".into()));
        assert_eq!(verdict(&with(2.0, 3.0)), Verdict::Failed("grad input at 0: got -3.0 want 3.0".into()));
    }

    #[test]
    fn a_missing_error_fails() {
        let case = abs(r#""expect_error":true"#);
        assert_eq!(verdict(&case), Verdict::Failed("accepted, though it must be refused".into()));
    }

    #[test]
    fn a_name_or_argument_without_entry_is_unsupported() {
        let unknown = with(9.0, 9.0).replace(r#""name":"abs""#, r#""name":"nothing""#);
        assert_eq!(verdict(&unknown), Verdict::Unsupported(String::new()));
        let argument = with(9.0, 9.0).replace(r#""args":{}"#, r#""args":{"base":2}"#);
        assert_eq!(verdict(&argument), Verdict::Unsupported("argument nobody reads: base".into()));
    }

    #[test]
    fn a_line_that_cannot_be_read_fails() {
        for line in ["{", "[]", r#"{"id":"x"}"#, &with(1.0, 1.0).replace("[1]", "[2]")] {
            let result = judge("here:1", line, Runs::Both);
            assert_eq!(result.id, "here:1");
            assert!(matches!(result.verdict, Verdict::Failed(_)), "{line}");
        }
    }

    #[test]
    fn a_case_for_f64_alone_is_unsupported_in_f32() {
        let result = judge("here:1", &with(2.0, -3.0), Runs::OnlyF32);
        assert_eq!(result.verdict, Verdict::Unsupported("not meant for F32".into()));
    }
}
