//! A program to look at: as a list of its kernels, and as a Graphviz drawing.

use super::program::{Output, Program, Spot};
use super::record::Spent;
use crate::shape::Shape;
use crate::tape::escaped;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

impl fmt::Display for Program {
    /// One line for each kernel: its operation, whether it is part of a walk, the places and shapes of its operands and
    /// of its result, and what it does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kernels, bytes) = (self.steps.len(), self.room() + self.constant_bytes());
        writeln!(f, "{kernels} kernels, {bytes} bytes, {} flops", self.flops())?;
        for (i, step) in self.steps.iter().enumerate() {
            let Spent { flops, walked, .. } = step.spent;
            write!(f, "{i:>4}  {:<16} {:<8}", step.op, if walked { "backward" } else { "" })?;
            for (spot, layout) in &step.operands {
                write!(f, " {spot} {:?}", layout.shape())?;
            }
            match &step.result {
                Some((spot, bytes)) => {
                    let shape = step.spent.shape();
                    writeln!(f, " → {spot} {shape:?}, {} bytes, {flops} flops", bytes.len())?;
                }
                None => writeln!(f, " is looked at")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Spot::Room(start) => write!(f, "room[{start}]"),
            Spot::Output(i) => write!(f, "output {i}"),
            Spot::Given(i) => write!(f, "given {i}"),
            Spot::Constant(i) => write!(f, "constant {i}"),
        }
    }
}

impl Program {
    /// Writes it as one part of a drawing, whose names begin with `k`: a box for each kernel, shaded where it is part
    /// of a walk, and an arrow for each operand from what wrote it.
    pub(super) fn draw(&self, k: usize, f: &mut impl fmt::Write) -> fmt::Result {
        writeln!(f, "  subgraph cluster_{k} {{")?;
        writeln!(f, "    label=\"{} kernels, {} flops\";", self.steps.len(), self.flops())?;
        // The step that wrote a place last; a place of the room has other values later.
        let mut writers: HashMap<Spot, usize> = HashMap::new();
        let mut outside = BTreeMap::new();
        for (i, step) in self.steps.iter().enumerate() {
            let Spent { walked, .. } = step.spent;
            let style = if walked { ", style=filled" } else { "" };
            let label = format!("{}\\n{}", escaped(step.op), Shape::from(step.spent.shape()));
            writeln!(f, "    p{k}s{i} [label=\"{label}\"{style}];")?;
            for (spot, layout) in &step.operands {
                match writers.get(spot) {
                    Some(writer) => writeln!(f, "    p{k}s{writer} -> p{k}s{i};")?,
                    None => {
                        let name = spot.to_string().replace(' ', "");
                        writeln!(f, "    p{k}{name} -> p{k}s{i};")?;
                        outside.entry(name).or_insert_with(|| format!("{spot}\\n{}", Shape::from(layout.shape())));
                    }
                }
            }
            let Some((spot, _)) = &step.result else { continue };
            if let (true, Some(before)) = (step.changes(), writers.insert(*spot, i)) {
                writeln!(f, "    p{k}s{before} -> p{k}s{i};")?;
            }
        }
        for (name, label) in outside {
            writeln!(f, "    p{k}{name} [label=\"{label}\", shape=ellipse];")?;
        }
        for (i, Output { dtype, shape }) in self.outputs.iter().enumerate() {
            writeln!(
                f,
                "    p{k}output{i} [label=\"output {i}\\n{dtype} {}\", shape=ellipse];",
                Shape::from(&shape[..])
            )?;
            if let Some(writer) = writers.get(&Spot::Output(i)) {
                writeln!(f, "    p{k}s{writer} -> p{k}output{i};")?;
            }
        }
        writeln!(f, "  }}")
    }
}
