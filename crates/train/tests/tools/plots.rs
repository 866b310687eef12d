//! Pictures as SVG files with readable labels.

use crate::moons::{model, sets};
use autograd_core::{Tensor, seeded};
use std::fs;
use wengert_nn::cross_entropy;
use wengert_optim::Adam;
use wengert_train::{Accuracy, History, Trainer, confusion_matrix, plot_confusion, predict};

#[test]
fn learning_curves() {
    let [train, valid] = sets();
    let trainer = Trainer::new(Adam::new(0.03), cross_entropy).epochs(12).metric(Accuracy);
    let history = trainer.fit(&mut model(7), &train, &valid, &mut seeded(7)).expect("a good run");
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("curves.svg");
    history.plot(&path).expect("writable");
    let svg = fs::read_to_string(&path).expect("just written");
    assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
    for label in ["loss", "accuracy", "epoch", "train", "valid"] {
        assert!(svg.lines().any(|line| line.trim() == label), "{label}");
    }
    history.plot(&path).expect("it may be written again");
    assert_eq!(fs::read_to_string(&path).expect("just written"), svg, "the same bytes");
    let error = history.plot(dir.path().join("missing/curves.svg")).expect_err("no such directory").to_string();
    assert!(error.contains("missing/curves.svg: No such file"), "{error}");
}

#[test]
fn histories_with_nothing_to_see() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("curves.svg");
    History::default().plot(&path).expect("writable");
    for value in ["inf", "NaN:7ff8000000000000"] {
        let json = r#"{"epochs": [{"epoch": 1, "lr": 0.1, "train": [{"name": "loss", "value": "VALUE"}], "valid": []}],
                       "without_gradient": [], "stopped": null}"#;
        let history: History = serde_json::from_str(&json.replace("VALUE", value)).expect("a history");
        history.plot(&path).expect("writable");
        assert_eq!(history.best().is_none(), value != "inf", "NaN is no number");
    }
    let svg = fs::read_to_string(&path).expect("just written");
    assert!(!svg.lines().any(|line| line.trim() == "valid"), "there was no validation set");
}

#[test]
fn names_that_no_picture_can_show() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("curves.SVG");
    let json = r#"{"epochs": [{"epoch": 1, "lr": 0.1, "train": [{"name": "a\u0001b<&\ufffe", "value": 1.0}], "valid": []}],
                   "without_gradient": [], "stopped": null}"#;
    let history: History = serde_json::from_str(json).expect("a history");
    history.plot(&path).expect("writable");
    let svg = fs::read_to_string(&path).expect("just written");
    assert!(svg.chars().all(|c| c == '\n' || c >= ' ' && c != '\u{fffe}'), "no XML");
    assert!(svg.contains("a\u{fffd}b&lt;&amp;\u{fffd}"), "{svg}");
}

#[test]
fn only_svg_is_written() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    for name in ["curves.png", "curves.svg.gz", "a.b"] {
        let path = dir.path().join(name);
        let text = |op: &str| {
            let (path, svg) = (path.display(), path.with_extension("svg"));
            format!("{op}: only SVG is drawn, not what {path} is by its name; call it {}", svg.display())
        };
        let error = History::default().plot(&path).expect_err("no SVG by its name");
        assert_eq!(error.to_string(), text("plot"));
        let error = plot_confusion(&Tensor::from([[1]]), &path).expect_err("no SVG by its name");
        assert_eq!(error.to_string(), text("plot_confusion"));
        assert!(!path.exists());
    }
    History::default().plot(dir.path().join("curves")).expect("a name that says nothing");
}

#[test]
fn confusion() {
    let [train, valid] = sets();
    let mut model = model(7);
    let trainer = Trainer::new(Adam::new(0.03), cross_entropy).epochs(3);
    trainer.fit(&mut model, &train, &valid, &mut seeded(7)).expect("a good run");
    let matrix = confusion_matrix(&predict(&model, &valid).expect("fits"), &valid.y, 2).expect("2 classes");
    assert_eq!(matrix.to_vec::<i64>().expect("I64").iter().sum::<i64>(), valid.len() as i64);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("confusion.svg");
    plot_confusion(&matrix, &path).expect("writable");
    let svg = fs::read_to_string(&path).expect("just written");
    for label in ["true class", "predicted class"] {
        assert!(svg.lines().any(|line| line.trim() == label), "{label}");
    }
    let error = plot_confusion(&Tensor::from([1, 2]), &path).expect_err("no matrix").to_string();
    assert_eq!(error, "plot_confusion: the matrix has shape [2], expected [K, K] with K from 1 to 200");
}
