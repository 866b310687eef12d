//! The width of prose.

use super::none;
use super::sources::rust;

/// Prose is as wide as code; what stands in a fence or a table is not prose.
#[test]
fn comments_are_as_wide_as_code() {
    let wide = rust().into_iter().flat_map(|file| {
        let (mut fenced, mut found) = (false, Vec::new());
        for (i, line) in file.text.lines().enumerate() {
            let comment = line.trim_start();
            let text = comment.trim_start_matches(['/', '!']).trim_start();
            fenced = comment.starts_with("//") && fenced ^ text.starts_with("```");
            let table = text.starts_with('|') && text.ends_with('|');
            let prose = comment.starts_with("//") && !fenced && !table;
            if prose && line.chars().count() > 120 {
                found.push(format!("{}:{}: {} characters", file.path, i + 1, line.chars().count()));
            }
        }
        found
    });
    none(wide.collect(), "wrap it: at most 120 characters a line");
}
