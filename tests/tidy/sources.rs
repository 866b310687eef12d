//! The sources as text.

use std::fs;
use std::path::{Path, PathBuf};

pub const ROOT: &str = env!("CARGO_MANIFEST_DIR");
pub const CORE: &str = "crates/autograd-core/src";
/// The table of operation cases, which only tests are made of.
pub const TABLE: &str = "crates/autograd-core/src/ops/cases";

/// A source file: its path from the root, with `/` between folders, and its text.
pub struct Source {
    pub path: String,
    pub text: String,
}

impl Source {
    /// The library's part of the text: without test modules, comments and the text of strings.
    ///
    /// A line is dropped from `#[cfg(test)]` to the end of the item it stands before.
    pub fn code(&self) -> String {
        let mut code = String::new();
        let mut lines = self.text.lines();
        while let Some(line) = lines.next() {
            if line.trim_start().starts_with("#[cfg(test)]") {
                let indent = line.len() - line.trim_start().len();
                // Up to a line that ends the item: `mod tests;`, or a bracket that stands as far left as the attribute.
                lines.find(|line| {
                    let depth = line.len() - line.trim_start().len();
                    let item = !line.trim_start().starts_with("#[");
                    item && depth == indent && (line.ends_with(';') || line.ends_with('}'))
                });
                continue;
            }
            code.push_str(&without_strings(line));
            code.push('\n');
        }
        code
    }

    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    pub fn is_under(&self, folder: &str) -> bool {
        self.path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    }
}

/// A line without its comment, and with empty strings.
pub fn without_strings(line: &str) -> String {
    let (mut out, mut inside, mut escaped) = (String::new(), false, false);
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        if inside {
            inside = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            if inside {
                continue;
            }
        } else if c == '\'' && characters.peek() == Some(&'"') {
            // The character '"'.
            characters.next();
            continue;
        } else if c == '"' {
            inside = true;
        } else if c == '/' && characters.peek() == Some(&'/') {
            break;
        }
        out.push(c);
    }
    out
}

/// All files below a folder with one of these endings, in the order of their paths; neither `target` nor hidden ones.
pub fn files(folder: &str, endings: &[&str]) -> Vec<Source> {
    let mut open = vec![Path::new(ROOT).join(folder)];
    let mut paths: Vec<PathBuf> = Vec::new();
    while let Some(folder) = open.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.expect("a readable folder").path()) {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.starts_with('.') || name == "target" {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                paths.push(path);
            }
        }
    }
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("text");
        let path = path.strip_prefix(ROOT).expect("below the root").to_string_lossy().replace('\\', "/");
        Source { path, text }
    };
    paths.into_iter().map(read).collect()
}

pub fn rust() -> Vec<Source> {
    let all = files("", &[".rs"]);
    assert!(all.len() > 100, "only {} sources found below {ROOT}", all.len());
    all
}

/// The library's sources: `src` of the facade and of every crate, without files that only tests are made of.
pub fn library() -> Vec<Source> {
    let mut all = rust();
    all.retain(|file| {
        let in_src = file.is_under("src") || file.path.starts_with("crates/") && file.path.contains("/src/");
        in_src && file.name() != "tests.rs" && !file.is_under(TABLE)
    });
    all
}
