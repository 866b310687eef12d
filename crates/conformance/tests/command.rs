//! The program: its output, its files and its exit code.

use std::path::Path;
use std::process::{Command, Output};

fn run(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_conformance")).args(arguments).arg(folder).output().expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn case(id: &str, name: &str, want: f64) -> String {
    let number = |x: f64| format!(r#"{{"shape":[],"dtype":"f64","data":[{x:?}]}}"#);
    let (input, output) = (number(-2.0), number(want));
    format!(
        r#"{{"id":"{id}","family":"ops","name":"{name}","args":{{}},"inputs":{{"input":{input}}},"outputs":[{output}],"grad_outputs":[null],"grads":{{}},"tol":{{"rtol":0,"atol":0}},"tol32":null}}"#
    )
}

#[test]
fn failures_are_told_and_decide_the_exit_status() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = [case("ops/abs/1", "abs", 2.0), case("ops/neg/2", "neg", 3.0), case("ops/no/3", "no", 0.0), "{".into()];
    std::fs::write(folder.path().join("ops.jsonl"), lines.join("\n")).expect("it can be written");
    let json = folder.path().join("report.json");
    let output = run(&["--family", "ops", "--json", json.to_str().expect("text")], folder.path());
    assert_eq!(output.status.code(), Some(1));
    let printed = text(&output.stdout);
    assert!(printed.starts_with("ops passed 1 failed 2 unsupported 1\n"), "{printed}");
    assert!(printed.contains("\nops/neg/2: output 0 at 0: got 2.0 want 3.0\n"), "{printed}");
    assert!(printed.contains("\nops:4: the case cannot be read: "), "{printed}");
    assert!(printed.ends_with("\nunsupported:\nops/no 1\n"), "{printed}");
    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(json).expect("it was written")).expect("it is JSON");
    let expected = r#"{"ops":{"failed":["ops/neg/2","ops:4"],"passed":1,"unsupported":{"no":1}}}"#;
    assert_eq!(report.to_string(), expected);
}

#[test]
fn without_failures_it_succeeds() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("ops.jsonl"), case("ops/abs/1", "abs", 2.0)).expect("it can be written");
    let output = run(&[], folder.path());
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), "ops passed 1 failed 0 unsupported 0\n".into()));
}

#[test]
fn nothing_to_run_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    for arguments in [&[][..], &["--family", "ops"], &["--nonsense"]] {
        let output = run(arguments, folder.path());
        assert_eq!(output.status.code(), Some(2));
        assert!(!output.stderr.is_empty());
    }
}
