//! The program `conformance [--family F]... [--json FILE] [--f32] [DIR]`.
//!
//! It runs the golden cases of a folder, by default those that come with the project. It prints one line for each
//! family, the failures, and what is unsupported, and fails if a case failed.
#![forbid(unsafe_code)]

use conformance::folder::{CaseFile, carried, case_files};
use conformance::isolate;
use conformance::report::Report;
use conformance::verdict::Runs;
use rayon::prelude::*;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const USAGE: &str = "usage: conformance [--family F]... [--json FILE] [--f32] [DIR]";

#[derive(Default)]
struct Options {
    families: Vec<String>,
    json: Option<PathBuf>,
    runs: Runs,
    folder: Option<PathBuf>,
    /// File and first line, for a child of this program.
    child: Option<(PathBuf, usize)>,
}

impl Options {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Options, Failure> {
        let mut options = Options::default();
        while let Some(word) = words.next() {
            let mut next = |what: &str| words.next().ok_or_else(|| format!("{word} needs {what}\n{USAGE}"));
            match word.as_str() {
                "--family" => options.families.push(next("a family")?),
                "--json" => options.json = Some(next("a file")?.into()),
                "--f32" => options.runs = Runs::OnlyF32,
                isolate::CHILD => options.child = Some((next("a file")?.into(), next("a line")?.parse()?)),
                other if other.starts_with('-') => return Err(format!("no option {other}\n{USAGE}").into()),
                _ if options.folder.is_some() => return Err(format!("a second folder: {word}\n{USAGE}").into()),
                _ => options.folder = Some(word.into()),
            }
        }
        Ok(options)
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(report) if report.has_failures() => ExitCode::FAILURE,
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<Report, Failure> {
    let options = Options::parse(std::env::args().skip(1))?;
    if let Some((path, first)) = options.child {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let family = name.split('.').next().unwrap_or_default().to_owned();
        isolate::child(&CaseFile { family, path }, first, options.runs)?;
        return Ok(Report::default());
    }
    let folder = options.folder.as_deref().unwrap_or(carried());
    let mut files = case_files(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for family in &options.families {
        if !files.iter().any(|file| file.family == *family) {
            return Err(format!("{}: no cases of family {family}", folder.display()).into());
        }
    }
    files.retain(|file| options.families.is_empty() || options.families.contains(&file.family));
    if files.is_empty() {
        return Err(format!("{}: no case files (*.jsonl or *.jsonl.gz)", folder.display()).into());
    }
    let tallies: Vec<_> = files
        .par_iter()
        .map(|file| Ok((file.family.clone(), isolate::run(file, options.runs)?)))
        .collect::<Result<_, Failure>>()?;
    let mut report = Report::default();
    for (family, tally) in tallies {
        report.0.entry(family).or_default().extend(tally);
    }
    if let Some(path) = options.json {
        std::fs::write(&path, serde_json::to_string_pretty(&report)?)
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    // The reader may have closed the pipe.
    let _ = std::io::stdout().write_all(report.to_string().as_bytes());
    Ok(report)
}
