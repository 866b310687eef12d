//! A process of its own for each file of cases: whatever a case does, the run goes on.
//!
//! ```text
//! child:   for each line: print "begin <line>", run the case, print "end <result as JSON>"
//! parent:  read; if the child ends or falls silent within a case, that case has failed:
//!          start another child after it
//! ```

use crate::folder::CaseFile;
use crate::report::Tally;
use crate::verdict::{Result, Runs, Verdict, judge};
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// The longest time that a case may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The argument that makes a process a child: `--child FILE FIRST_LINE`, with the other options of the run.
pub const CHILD: &str = "--child";

/// Runs a file from a line on and prints as the head of this module describes.
pub fn child(file: &CaseFile, first: usize, runs: Runs) -> io::Result<()> {
    // A panic becomes the result of its case.
    std::panic::set_hook(Box::new(|_| {}));
    let mut out = io::stdout().lock();
    for (number, line) in file.lines()?.into_iter().filter(|(number, _)| *number >= first) {
        writeln!(out, "begin {number}")?;
        out.flush()?;
        let result = judge(&place(file, number), &line, runs);
        writeln!(out, "end {}", serde_json::to_string(&result)?)?;
    }
    out.flush()
}

fn place(file: &CaseFile, number: usize) -> String {
    format!("{}:{number}", file.family)
}

/// Runs a file in children of this program.
pub fn run(file: &CaseFile, runs: Runs) -> io::Result<Tally> {
    let program = std::env::current_exe()?;
    let command = |first: usize| {
        let mut command = Command::new(&program);
        command.arg(CHILD).arg(&file.path).arg(first.to_string());
        if runs == Runs::OnlyF32 {
            command.arg("--f32");
        }
        command
    };
    Parent { file, command: &command, patience: PATIENCE }.run()
}

struct Parent<'a> {
    file: &'a CaseFile,
    /// The child that runs the file from a line on.
    command: &'a dyn Fn(usize) -> Command,
    patience: Duration,
}

/// A case that its child did not survive.
struct Broken {
    line: usize,
    how: String,
}

impl Parent<'_> {
    fn run(&self) -> io::Result<Tally> {
        let mut tally = Tally::default();
        let mut first = 1;
        while let Some(broken) = self.watch(first, &mut tally)? {
            first = broken.line + 1;
            tally.count(self.result(broken)?);
        }
        Ok(tally)
    }

    /// Counts the results of one child until it is done, or breaks down.
    fn watch(&self, first: usize, tally: &mut Tally) -> io::Result<Option<Broken>> {
        let mut command = (self.command)(first);
        let mut child = command.stdout(Stdio::piped()).stdin(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let lines = listen(&mut child);
        let mut begun = None;
        let silent = loop {
            match lines.recv_timeout(self.patience) {
                Ok(line) => match line.split_once(' ') {
                    Some(("begin", number)) => begun = number.parse().ok(),
                    Some(("end", json)) => {
                        tally.count(serde_json::from_str(json)?);
                        begun = None;
                    }
                    _ => return Err(self.failure(format!("the child says {line:?}"))),
                },
                Err(RecvTimeoutError::Disconnected) => break false,
                Err(RecvTimeoutError::Timeout) => break true,
            }
        };
        if silent {
            child.kill()?;
        }
        let status = child.wait()?;
        match begun {
            Some(line) if silent => Ok(Some(Broken { line, how: format!("no answer in {:?}", self.patience) })),
            Some(line) => Ok(Some(Broken { line, how: format!("the process ended: {status}") })),
            None if status.success() => Ok(None),
            None => Err(self.failure(format!("the child ended between cases: {status}"))),
        }
    }

    fn failure(&self, what: String) -> io::Error {
        io::Error::other(format!("{}: {what}", self.file.path.display()))
    }

    fn result(&self, broken: Broken) -> io::Result<Result> {
        let lines = self.file.lines()?;
        let text = lines.iter().find(|(number, _)| *number == broken.line).map_or("", |(_, text)| text.as_str());
        let json: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
        let field = |name: &str| json[name].as_str().map_or_else(|| place(self.file, broken.line), str::to_owned);
        Ok(Result { id: field("id"), name: field("name"), verdict: Verdict::Failed(broken.how) })
    }
}

/// The lines a child prints, as they come.
fn listen(child: &mut Child) -> Receiver<String> {
    let (send, receive) = channel();
    if let Some(out) = child.stdout.take() {
        thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(std::result::Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
    }
    receive
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// Three cases, and a child for each line to start from, which is given so long.
    fn run(children: [&str; 3], patience: Duration) -> Tally {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ops.jsonl");
        let lines: Vec<String> = (1..4).map(|i| format!(r#"{{"id":"ops/x/{i}","name":"x"}}"#)).collect();
        std::fs::write(&path, lines.join("\n")).expect("it can be written");
        let file = CaseFile { family: "ops".into(), path };
        let command = |first: usize| {
            let mut command = Command::new("sh");
            command.arg("-c").arg(children[first - 1]);
            command
        };
        Parent { file: &file, command: &command, patience }.run().expect("it goes on")
    }

    const PASSED: &str = r#"echo 'end {"id":"ops/x/9","name":"x","verdict":"Passed"}'"#;

    #[test]
    fn a_case_that_kills_its_process_has_failed_and_the_next_ones_run() {
        let children: [&str; 3] = [
            &format!("echo begin 1; {PASSED}; echo begin 2; kill -ABRT $$"),
            "exit 0",
            &format!("echo begin 3; {PASSED}"),
        ];
        let tally = run(children, PATIENCE);
        assert_eq!((tally.passed, &tally.failed[..]), (2, &["ops/x/2".to_owned()][..]));
        assert!(tally.differences[0].starts_with("the process ended: signal: 6"), "{:?}", tally.differences);
    }

    #[test]
    fn a_case_without_end_has_failed_and_the_next_ones_run() {
        let children: [&str; 3] = ["echo begin 1; exec sleep 60", &format!("echo begin 2; {PASSED}"), "exit 0"];
        let tally = run(children, Duration::from_secs(2));
        assert_eq!((tally.passed, &tally.failed[..]), (1, &["ops/x/1".to_owned()][..]));
        assert_eq!(tally.differences, ["no answer in 2s"]);
    }
}
