//! The report of a run.

use crate::verdict::{Result, Verdict};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// The results of one family.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Tally {
    /// How many cases passed.
    pub passed: usize,
    /// The ids of those that failed.
    pub failed: Vec<String>,
    /// How many the library has no equivalent for, by name.
    pub unsupported: BTreeMap<String, usize>,
    /// The first difference of each that failed.
    #[serde(skip)]
    pub differences: Vec<String>,
    /// The arguments it has no equivalent for, if not the whole name, by name.
    #[serde(skip)]
    pub reasons: BTreeMap<String, BTreeMap<String, usize>>,
}

impl Tally {
    /// Counts a result.
    pub fn count(&mut self, result: Result) {
        match result.verdict {
            Verdict::Passed => self.passed += 1,
            Verdict::Failed(difference) => {
                self.failed.push(result.id);
                self.differences.push(difference);
            }
            Verdict::Unsupported(reason) => {
                *self.unsupported.entry(result.name.clone()).or_default() += 1;
                if !reason.is_empty() {
                    *self.reasons.entry(result.name).or_default().entry(reason).or_default() += 1;
                }
            }
        }
    }

    /// Adds the results of more cases.
    pub fn extend(&mut self, more: Tally) {
        self.passed += more.passed;
        self.failed.extend(more.failed);
        self.differences.extend(more.differences);
        for (name, count) in more.unsupported {
            *self.unsupported.entry(name).or_default() += count;
        }
        for (name, reasons) in more.reasons {
            let known = self.reasons.entry(name).or_default();
            reasons.into_iter().for_each(|(reason, count)| *known.entry(reason).or_default() += count);
        }
    }

    /// How many cases were run.
    pub fn cases(&self) -> usize {
        self.passed + self.failed.len() + self.unsupported.values().sum::<usize>()
    }
}

/// All families: one line for each, then the failures, then what is unsupported.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Report(pub BTreeMap<String, Tally>);

impl Report {
    /// Whether a case failed.
    pub fn has_failures(&self) -> bool {
        self.0.values().any(|tally| !tally.failed.is_empty())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (family, tally) in &self.0 {
            let unsupported: usize = tally.unsupported.values().sum();
            writeln!(f, "{family} passed {} failed {} unsupported {unsupported}", tally.passed, tally.failed.len())?;
        }
        if self.has_failures() {
            writeln!(f, "\nfailed:")?;
            for tally in self.0.values() {
                for (id, difference) in tally.failed.iter().zip(&tally.differences) {
                    writeln!(f, "{id}: {difference}")?;
                }
            }
        }
        if self.0.values().any(|tally| !tally.unsupported.is_empty()) {
            writeln!(f, "\nunsupported:")?;
        }
        for (family, tally) in &self.0 {
            for (name, count) in &tally.unsupported {
                write!(f, "{family}/{name} {count}")?;
                if let Some(reasons) = tally.reasons.get(name) {
                    let list: Vec<String> = reasons.iter().map(|(reason, n)| format!("{reason}: {n}")).collect();
                    write!(f, " ({})", list.join("; "))?;
                }
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let result = |id: &str, name: &str, verdict| Result { id: id.into(), name: name.into(), verdict };
        let mut tally = Tally::default();
        tally.count(result("ops/a/1", "a", Verdict::Passed));
        tally.count(result("ops/a/2", "a", Verdict::Failed("output 0 at 7: got 1.0 want 2.0".into())));
        tally.count(result("ops/b/1", "b", Verdict::Unsupported(String::new())));
        tally.count(result("ops/c/1", "c", Verdict::Unsupported("mode = x".into())));
        Report([("ops".to_owned(), tally)].into())
    }

    #[test]
    fn text_has_a_line_a_family_then_failures_then_what_is_unsupported() {
        let expected = "ops passed 1 failed 1 unsupported 2\n\nfailed:\nops/a/2: output 0 at 7: got 1.0 want 2.0\n\n\
                        unsupported:\nops/b 1\nops/c 1 (mode = x: 1)\n";
        assert_eq!(report().to_string(), expected);
    }

    #[test]
    fn json_has_counts_ids_and_names() {
        let json = serde_json::to_string(&report()).expect("plain data");
        assert_eq!(json, r#"{"ops":{"passed":1,"failed":["ops/a/2"],"unsupported":{"b":1,"c":1}}}"#);
    }
}
