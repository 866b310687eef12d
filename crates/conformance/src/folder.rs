//! A folder of case files: `<family>.jsonl`, plain or gzipped.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The cases of one family.
#[derive(Clone, Debug)]
pub struct CaseFile {
    /// The family, which is the file's name.
    pub family: String,
    /// Where it is.
    pub path: PathBuf,
}

impl CaseFile {
    /// Its lines that are not empty, with their numbers.
    pub fn lines(&self) -> io::Result<Vec<(usize, String)>> {
        let mut bytes = Vec::new();
        let file = File::open(&self.path)?;
        match self.path.extension().is_some_and(|end| end == "gz") {
            true => flate2::read::MultiGzDecoder::new(file).read_to_end(&mut bytes)?,
            false => io::BufReader::new(file).read_to_end(&mut bytes)?,
        };
        // A byte that is not text makes its own line unreadable, not the file.
        let text = String::from_utf8_lossy(&bytes);
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        Ok(lines.map(|(i, line)| (i + 1, line.to_owned())).collect())
    }
}

/// The folder with the cases that come with the project.
pub fn carried() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/cases"))
}

/// The case files of a folder, by family.
pub fn case_files(folder: &Path) -> io::Result<Vec<CaseFile>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some(family) = name.strip_suffix(".jsonl").or_else(|| name.strip_suffix(".jsonl.gz")) {
            files.push(CaseFile { family: family.into(), path });
        }
    }
    files.sort_by(|a, b| a.family.cmp(&b.family).then_with(|| a.path.cmp(&b.path)));
    Ok(files)
}
