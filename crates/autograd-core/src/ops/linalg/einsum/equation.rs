//! The equation of an einsum: labels for the dims of each operand and of the result.

use crate::error::{Error, ErrorKind, Result};
use std::collections::BTreeMap;

/// The label of a dimension: a letter, or a dim of the ellipsis by its number from the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Label {
    /// Dims of the ellipsis come first in a result that is not written out: the outermost has the largest number.
    Ellipsis(std::cmp::Reverse<usize>),
    Letter(char),
}

/// The labels of an einsum.
pub(super) struct Equation {
    pub(super) operands: Vec<Vec<Label>>,
    pub(super) result: Vec<Label>,
    pub(super) sizes: BTreeMap<Label, usize>,
}

fn wrong(kind: ErrorKind, text: impl std::fmt::Display) -> Error {
    Error::new(kind, format!("einsum: {text}"))
}

/// The letters of one part, with `None` for the ellipsis.
fn letters(equation: &str, part: &str) -> Result<Vec<Option<char>>> {
    let mut found = Vec::new();
    let mut rest = part;
    while let Some(c) = rest.chars().next() {
        if let Some(behind) = rest.strip_prefix("...") {
            if found.contains(&None) {
                return Err(wrong(ErrorKind::Argument, format!("{part:?} of {equation:?} has two ellipses")));
            }
            found.push(None);
            rest = behind;
        } else if c.is_ascii_alphabetic() {
            found.push(Some(c));
            rest = &rest[1..];
        } else if c == ' ' {
            rest = &rest[1..];
        } else {
            let text = format!("{c:?} in {equation:?} is neither a letter, a comma, ... nor ->");
            return Err(wrong(ErrorKind::Argument, text));
        }
    }
    Ok(found)
}

/// The dims that letters stand for: as many of the ellipsis as are given.
fn labels(letters: &[Option<char>], ellipsis: usize) -> Vec<Label> {
    let of = |letter: &Option<char>| match letter {
        Some(letter) => vec![Label::Letter(*letter)],
        None => (0..ellipsis).rev().map(|d| Label::Ellipsis(std::cmp::Reverse(d))).collect(),
    };
    letters.iter().flat_map(of).collect()
}

impl Equation {
    /// The labels of an equation for operands of these shapes.
    pub(super) fn new(equation: &str, shapes: &[&[usize]]) -> Result<Equation> {
        let (left, right) = match equation.split_once("->") {
            Some((left, right)) => (left, Some(right)),
            None => (equation, None),
        };
        let parts: Vec<&str> = left.split(',').collect();
        if parts.len() != shapes.len() {
            let text = format!("{equation:?} has {} operands, and {} are given", parts.len(), shapes.len());
            return Err(wrong(ErrorKind::Argument, text));
        }
        let (mut operands, mut dims_of_ellipsis) = (Vec::new(), 0);
        for (i, (part, shape)) in parts.iter().zip(shapes).enumerate() {
            let letters = letters(equation, part)?;
            let named = letters.iter().flatten().count();
            let has_ellipsis = letters.contains(&None);
            let ellipsis = if has_ellipsis { shape.len().checked_sub(named) } else { Some(0) };
            let Some(ellipsis) = ellipsis.filter(|ellipsis| named + ellipsis == shape.len()) else {
                let text = format!("operand {i} has {named} letters in {:?}, and its shape is {shape:?}", part.trim());
                return Err(wrong(ErrorKind::Shape, text));
            };
            dims_of_ellipsis = ellipsis.max(dims_of_ellipsis);
            operands.push(labels(&letters, ellipsis));
        }
        let sizes = sizes(&operands, shapes)?;
        let result = match right {
            Some(right) => labels(&letters(equation, right)?, dims_of_ellipsis),
            None => once(&operands),
        };
        for (at, label) in result.iter().enumerate() {
            let Label::Letter(letter) = label else { continue };
            if !sizes.contains_key(label) {
                let text = format!("letter {letter} of the result is in no operand of {equation:?}");
                return Err(wrong(ErrorKind::Argument, text));
            }
            if result[..at].contains(label) {
                let text = format!("letter {letter} is twice in the result of {equation:?}");
                return Err(wrong(ErrorKind::Argument, text));
            }
        }
        Ok(Equation { operands, result, sizes })
    }
}

/// The labels of a result that is not written out: the ellipsis, then the letters that occur once.
fn once(operands: &[Vec<Label>]) -> Vec<Label> {
    let mut counts = BTreeMap::new();
    operands.iter().flatten().for_each(|label| *counts.entry(*label).or_insert(0) += 1);
    let kept = counts.into_iter().filter(|(label, count)| *count == 1 || matches!(label, Label::Ellipsis(_)));
    kept.map(|(label, _)| label).collect()
}

/// The size of each label; sizes of one stand for any.
fn sizes(operands: &[Vec<Label>], shapes: &[&[usize]]) -> Result<BTreeMap<Label, usize>> {
    let mut found: BTreeMap<Label, (usize, usize)> = BTreeMap::new();
    for (i, (labels, shape)) in operands.iter().zip(shapes).enumerate() {
        for (at, (label, size)) in labels.iter().zip(*shape).enumerate() {
            let within = labels[..at].iter().position(|other| other == label);
            if let Some(other) = within.map(|k| shape[k]).filter(|other| other != size) {
                return Err(wrong(ErrorKind::Shape, format!("{} is {other} and {size} in operand {i}", named(*label))));
            }
            let (first, known) = *found.entry(*label).or_insert((i, *size));
            if known == 1 {
                found.insert(*label, (i, *size));
            } else if *size != 1 && *size != known {
                let places = format!("{known} in operand {first} and {size} in operand {i}");
                return Err(wrong(ErrorKind::Shape, format!("{} is {places}", named(*label))));
            }
        }
    }
    Ok(found.into_iter().map(|(label, (_, size))| (label, size)).collect())
}

fn named(label: Label) -> String {
    match label {
        Label::Letter(letter) => format!("letter {letter}"),
        Label::Ellipsis(std::cmp::Reverse(d)) => format!("dim −{} of the ellipsis", d + 1),
    }
}
