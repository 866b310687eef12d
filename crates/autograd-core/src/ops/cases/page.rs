//! The page of operations, `docs/operations.md`: rows made of what the cases have shown, and of the sources.

use super::facts::{Facts, Second};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

const REMEDY: &str = "run `AUTOGRAD_OPERATIONS=write cargo test -p autograd-core --lib cases`";

const HEAD: &str = include_str!("page.txt");

/// The folder of the operations, from the root.
const OPS: &str = "crates/autograd-core/src/ops/";

/// Tests of several files write the page at the same time.
static LOCK: Mutex<()> = Mutex::new(());

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_default()
}

fn writes() -> bool {
    std::env::var("AUTOGRAD_OPERATIONS").is_ok_and(|value| value == "write")
}

/// The rows of the page by file: `elementwise/exponential/exp.rs`.
fn parsed(page: &str) -> BTreeMap<String, Vec<String>> {
    let mut rows = BTreeMap::<String, Vec<String>>::new();
    for line in page.lines().filter(|line| line.starts_with("| [`")) {
        let file = line.split(OPS).nth(1).and_then(|rest| rest.split(')').next()).unwrap_or_default();
        rows.entry(file.to_string()).or_default().push(line.to_string());
    }
    rows
}

/// The page with these rows, a table for each chapter.
fn page(rows: &BTreeMap<String, Vec<String>>) -> String {
    let mut chapters = BTreeMap::<&str, Vec<&str>>::new();
    for (file, rows) in rows {
        let chapter = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        chapters.entry(chapter).or_default().extend(rows.iter().map(String::as_str));
    }
    let mut text = HEAD.to_string();
    for (chapter, rows) in chapters {
        text += &format!("\n## {}\n\n", chapter.replace('/', ": ").replace('_', " "));
        text +=
            "| operation | formula | gradient | second order | linear | SIMD | threads | captured | ulp | at kinks |\n";
        text += "|---|---|---|---|---|---|---|---|---|---|\n";
        rows.iter().for_each(|row| text += &format!("{row}\n"));
    }
    text
}

/// Compares the rows of a file with the page, or writes them there.
pub(super) fn check(file: &str, facts: &[Facts]) -> Result<(), String> {
    let Some((_, name)) = file.replace('\\', "/").split_once(OPS).map(|(a, b)| (a.to_string(), b.to_string())) else {
        // Cases of a test of the suite.
        return Ok(());
    };
    let new = rows(&name, facts);
    let _one_at_a_time = LOCK.lock().unwrap_or_else(|poison| poison.into_inner());
    let mut all = parsed(&read("docs/operations.md"));
    if writes() {
        all.insert(name, new);
        all.retain(|file, _| root().join(OPS).join(file).exists());
        return fs::write(root().join("docs/operations.md"), page(&all)).map_err(|error| error.to_string());
    }
    let old = all.remove(&name).unwrap_or_default();
    let differs = |(new, old): &(&String, &String)| new != old;
    match new.iter().zip(&old).find(differs) {
        None if new.len() == old.len() => Ok(()),
        None => Err(format!("docs/operations.md has {} of {} operations: {REMEDY}", old.len(), new.len())),
        Some((new, old)) => Err(format!("docs/operations.md is stale: {REMEDY}\n  now  {new}\n  page {old}")),
    }
}

/// A row for each method of the file, and for each operation of its cases that no method is called like.
fn rows(file: &str, facts: &[Facts]) -> Vec<String> {
    let source = read(&format!("{OPS}{file}"));
    let mut of: Vec<Facts> = Vec::new();
    for facts in facts {
        match of.iter_mut().find(|known| known.operation == facts.operation) {
            Some(known) => known.merge(facts),
            None => of.push(facts.clone()),
        }
    }
    let kinks = read("docs/conventions.md");
    let mut rows = Vec::new();
    let mut shown: Vec<&str> = Vec::new();
    for (name, doc) in methods(&source) {
        let plain = name.strip_prefix("try_").unwrap_or(&name);
        let facts = of.iter().find(|facts| facts.operation == name || facts.operation == plain);
        shown.extend(facts.map(|facts| facts.operation));
        rows.push(row(file, &name, &formula(&doc), facts, &kinks));
    }
    for facts in of.iter().filter(|facts| !shown.contains(&facts.operation)) {
        rows.push(row(file, facts.operation, "", Some(facts), &kinks));
    }
    rows
}

fn row(file: &str, name: &str, formula: &str, facts: Option<&Facts>, kinks: &str) -> String {
    let yes = |is: bool| if is { "yes" } else { "–" };
    let known = match facts {
        // Composed of one that stands beside it.
        None => ["·"; 7].map(String::from),
        Some(facts) => {
            let second = match facts.second {
                Second::None => "–",
                Second::Refused => "refused",
                Second::Zero => "0",
                Second::Some => "yes",
            };
            let ulps = facts.ulps.map_or("–".into(), |ulps| {
                let shown = if facts.gradient { ulps.len() } else { 1 };
                ulps.into_iter().take(shown).flatten().map(|ulps| ulps.to_string()).collect::<Vec<_>>().join(" / ")
            });
            let linear = facts.linear.iter().map(|input| (input + 1).to_string()).collect::<Vec<_>>().join(", ");
            let linear = if linear.is_empty() { "–".into() } else { linear };
            let [gradient, simd, threads, captured] =
                [facts.gradient, facts.vectorised, facts.shared, facts.captured].map(|is| yes(is).to_string());
            [gradient, second.into(), linear, simd, threads, captured, ulps]
        }
    };
    let points = kinks.lines().filter(|line| line.starts_with("| ")).filter_map(|line| {
        let (point, value) = line.trim_matches('|').split_once(" | ")?;
        let named = point.contains(&format!("`{name}`")) || point.contains(&format!("`{name}("));
        named.then(|| format!("{}: {}", point.trim(), value.trim()))
    });
    let kinks = points.collect::<Vec<_>>().join("; ");
    format!("| [`{name}`](../{OPS}{file}) | {formula} | {} | {kinks} |", known.join(" | "))
}

/// The methods of tensors in a source, each with its doc.
fn methods(source: &str) -> Vec<(String, String)> {
    let (mut methods, mut of_tensor, mut doc) = (Vec::new(), false, String::new());
    for line in source.lines() {
        if line.starts_with("impl") {
            of_tensor = line.starts_with("impl Tensor");
        }
        let code = line.trim_start();
        match (code.strip_prefix("///"), line.strip_prefix("    pub fn ")) {
            (Some(text), _) => doc = format!("{doc}{}\n", text.trim()),
            (None, Some(signature)) if of_tensor => {
                let name: String = signature.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                methods.push((name, std::mem::take(&mut doc)));
            }
            _ if code.starts_with("#[") => {}
            _ => doc.clear(),
        }
    }
    methods
}

/// The text of a doc before its sections, in one line. The lines of a fence are formulas, and end a sentence.
fn before_sections(doc: &str) -> String {
    let lines = doc.lines().skip_while(|line| line.starts_with('#') || line.is_empty());
    let (mut text, mut fenced, mut between) = (String::new(), false, "");
    for line in lines.take_while(|line| !line.starts_with('#')).filter(|line| !line.is_empty()) {
        if line.starts_with("```") {
            text += if fenced { "." } else { "" };
            between = if text.is_empty() { "" } else { " " };
            fenced = !fenced;
        } else if fenced {
            text += &format!("{between}`{line}`");
            between = ", ";
        } else {
            text += &format!("{between}{line}");
            between = " ";
        }
    }
    text
}

/// The sentence with the first formula of a doc before its sections, or its first sentence.
fn formula(doc: &str) -> String {
    let text = before_sections(doc);
    // A link is its text.
    let mut parts = text.split("`](");
    let first = parts.next().unwrap_or_default().to_string();
    let text = parts.fold(first, |text, part| text + "`" + part.split_once(')').map_or(part, |(_, rest)| rest));
    let text =
        text.replace("[`Tensor::", "`").replace("[`", "`").replace("`]", "`").replace(", element by element", "");
    let sentences = || sentences(&text).map(|sentence| sentence.trim().trim_end_matches('.'));
    let has_formula = |sentence: &&str| {
        let mut spans = sentence.split('`').skip(1).step_by(2);
        spans.any(|span| span.contains(" = ") && !span.contains("=="))
    };
    sentences().find(has_formula).or(sentences().next()).unwrap_or_default().replace('|', "\\|")
}

/// The sentences of a text; a point within a formula ends none.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut formula = false;
    let mut starts = vec![0];
    for (i, c) in text.char_indices() {
        formula ^= c == '`';
        if c == '.' && !formula && text[i + 1..].starts_with(' ') {
            starts.push(i + 1);
        }
    }
    starts.push(text.len());
    (1..starts.len()).map(move |i| &text[starts[i - 1]..starts[i]])
}

#[test]
fn the_page_has_no_row_of_its_own() {
    let _one_at_a_time = LOCK.lock().unwrap_or_else(|poison| poison.into_inner());
    if writes() {
        return;
    }
    let text = read("docs/operations.md");
    let rows = parsed(&text);
    assert!(page(&rows) == text, "docs/operations.md has lines that no operation has written: {REMEDY}");
    let gone: Vec<&String> = rows.keys().filter(|file| !root().join(OPS).join(file).exists()).collect();
    assert!(gone.is_empty(), "docs/operations.md has operations of {gone:?}: {REMEDY}");
    assert!(rows.values().flatten().count() > 300);
}

#[test]
fn a_row_says_what_doc_and_cases_say() {
    let source = "/// # Chapter\nimpl Tensor {\n    /// Half of it.\n    ///\n    /// `y = |x| / .. 2`, always.\n    ///\n    /// # Gradient\n    /// `gx = gy`\n    #[inline]\n    pub fn half(&self, x: f64) -> Tensor {\n    }\n    /// Like [`Tensor::half`] of [`one(x)`](crate::one). More.\n    pub fn other(&self) {}\n    /// In each step\n    ///\n    /// ```text\n    /// a = b,   c = d\n    /// e ← a\n    /// ```\n    ///\n    /// Not this.\n    pub fn fenced(&self) {}\n    pub fn bare(&self) {}\n}\nimpl Half {\n    pub fn not_this(&self) {}\n}\n";
    let found: Vec<_> = methods(source).into_iter().map(|(name, doc)| (name, formula(&doc))).collect();
    let fenced = ("fenced", "In each step `a = b,   c = d`, `e ← a`");
    let want = [("half", "`y = \\|x\\| / .. 2`, always"), ("other", "Like `half` of `one(x)`"), fenced, ("bare", "")];
    assert_eq!(found, want.map(|(name, formula)| (name.to_string(), formula.to_string())));
    let facts = Facts {
        operation: "half",
        gradient: true,
        second: Second::Zero,
        vectorised: true,
        shared: false,
        captured: true,
        ulps: Some([2.0, 4.0, 4.0].map(Some)),
        linear: vec![0, 2],
    };
    let row = row("a/half.rs", "half", "f", Some(&facts), "| `half`, `whole` at 0 | ½ |\n| `whole` at 1 | 2 |\n");
    let link = "../crates/autograd-core/src/ops/a/half.rs";
    let want =
        format!("| [`half`]({link}) | f | yes | 0 | 1, 3 | yes | – | yes | 2 / 4 / 4 | `half`, `whole` at 0: ½ |");
    assert_eq!(row, want);
    let rows = BTreeMap::from([("a/half.rs".to_string(), vec![row])]);
    assert_eq!(parsed(&page(&rows)), rows);
}
