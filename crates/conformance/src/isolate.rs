//! Running a file of cases in a process of its own, so that whatever a case does, the run goes on.
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

/// How long a case may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The argument by which a child knows that it is one: `--child FILE FIRST_LINE`, with the other options of the run.
pub const CHILD: &str = "--child";

/// Runs a file from a line on and prints as this module's head says.
pub fn child(file: &CaseFile, first: usize, runs: Runs) -> io::Result<()> {
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
    let mut tally = Tally::default();
    let mut first = 1;
    while let Some(broken) = watch(file, first, runs, &mut tally)? {
        let lines = file.lines()?;
        let text = lines.iter().find(|(number, _)| *number == broken.line).map(|(_, text)| text.as_str());
        tally.count(broken.result(file, text.unwrap_or_default()));
        first = broken.line + 1;
    }
    Ok(tally)
}

/// A case that its child did not survive.
struct Broken {
    line: usize,
    how: String,
}

impl Broken {
    fn result(&self, file: &CaseFile, text: &str) -> Result {
        let json: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
        let field = |name: &str| json[name].as_str().map_or_else(|| place(file, self.line), str::to_owned);
        Result { id: field("id"), name: field("name"), verdict: Verdict::Failed(self.how.clone()) }
    }
}

/// Counts the results of one child until it is done, or breaks down.
fn watch(file: &CaseFile, first: usize, runs: Runs, tally: &mut Tally) -> io::Result<Option<Broken>> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(CHILD).arg(&file.path).arg(first.to_string());
    if runs == Runs::OnlyF32 {
        command.arg("--f32");
    }
    let mut child = command.stdout(Stdio::piped()).stdin(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let lines = listen(&mut child);
    let mut begun = None;
    let silent = loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) => match line.split_once(' ') {
                Some(("begin", number)) => begun = number.parse().ok(),
                Some(("end", json)) => {
                    tally.count(serde_json::from_str(json)?);
                    begun = None;
                }
                _ => return Err(io::Error::other(format!("{}: the child says {line:?}", file.path.display()))),
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
        Some(line) if silent => Ok(Some(Broken { line, how: format!("no answer in {} s", PATIENCE.as_secs()) })),
        Some(line) => Ok(Some(Broken { line, how: format!("the process ended: {status}") })),
        None if status.success() => Ok(None),
        None => Err(io::Error::other(format!("{}: the child ended between cases: {status}", file.path.display()))),
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
