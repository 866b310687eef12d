//! The recorded graph as data, and as a Graphviz drawing.

use super::node::{Node, NodeId, NodeRef};
use crate::shape::Shape;
use crate::tensor::{DType, Tensor};
use std::collections::BTreeMap;
use std::fmt::{self, Write};

/// One recorded value.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor, graph};
/// let x = Tensor::from([1.0, 2.0]).requires_grad();
/// let [leaf, exp] = &graph(&x.exp()).nodes[..] else { unreachable!("a leaf and an operation") };
/// assert_eq!((leaf.op, exp.op, exp.dtype), ("leaf", "exp", DType::F32));
/// assert_eq!(exp.inputs, [leaf.id]);
/// ```
#[derive(Clone, Debug)]
pub struct GraphNode {
    /// Its place on the tape.
    pub id: NodeId,
    /// The operation that made it; `leaf` for a tensor that requires gradients.
    pub op: &'static str,
    /// Its shape.
    pub shape: Shape,
    /// Its dtype.
    pub dtype: DType,
    /// The tracked values it was computed from.
    pub inputs: Vec<NodeId>,
    /// Bytes its pull-back keeps alive (a buffer shared with other nodes counts at each).
    pub saved_bytes: usize,
}

/// Everything that a value was computed from, in the order of the tape.
///
/// # Examples
/// ```
/// use autograd_core::{Graph, Tensor, graph};
/// let x = Tensor::from(2.0).requires_grad();
/// let Graph { nodes } = graph(&(&x * &x).sqrt());
/// assert_eq!(nodes.len(), 3);
/// ```
#[derive(Clone, Debug)]
pub struct Graph {
    /// The values, in an order in which inputs come first.
    pub nodes: Vec<GraphNode>,
}

/// The graph behind a value; empty if it is not tracked.
///
/// ```
/// use autograd_core::{Tensor, graph};
/// let x = Tensor::from([1.0, 2.0]).requires_grad();
/// let graph = graph(&x.exp().sum());
/// assert_eq!(graph.nodes.iter().map(|n| n.op).collect::<Vec<_>>(), ["leaf", "exp", "sum"]);
/// assert!(graph.to_dot().starts_with("digraph"));
/// assert_eq!(graph.saved_bytes(), 8);                     // exp keeps its result
/// ```
pub fn graph(value: &Tensor) -> Graph {
    let mut nodes = BTreeMap::new();
    let mut open: Vec<NodeRef> = Node::of(value).into_iter().collect();
    while let Some(node) = open.pop() {
        if nodes.contains_key(&node.id) {
            continue;
        }
        let mut saved_bytes = 0;
        if let Some(held) = node.pullback() {
            held.get().saved(&mut |saved| saved_bytes += saved.value().numel() * saved.value().dtype().size());
        }
        open.extend(node.inputs.iter().flatten().cloned());
        let inputs = node.inputs.iter().flatten().map(|input| input.id).collect();
        let (shape, dtype) = (Shape::from(&*node.shape), node.dtype);
        nodes.insert(node.id, GraphNode { id: node.id, op: node.op, shape, dtype, inputs, saved_bytes });
    }
    Graph { nodes: nodes.into_values().collect() }
}

/// The number of values that the pull-backs behind `value` show as saved.
#[cfg(test)]
pub(crate) fn saved_values(value: &Tensor) -> usize {
    let mut open: Vec<NodeRef> = Node::of(value).into_iter().collect();
    let (mut known, mut count) = (std::collections::BTreeSet::new(), 0);
    while let Some(node) = open.pop() {
        if known.insert(node.id) {
            if let Some(held) = node.pullback() {
                held.get().saved(&mut |_| count += 1);
            }
            open.extend(node.inputs.iter().flatten().cloned());
        }
    }
    count
}

impl Graph {
    /// Bytes that all pull-backs keep alive.
    pub fn saved_bytes(&self) -> usize {
        self.nodes.iter().map(|node| node.saved_bytes).sum()
    }

    /// The graph in Graphviz's language: `dot -Tsvg` draws it.
    pub fn to_dot(&self) -> String {
        drawing("tape", |dot| {
            for node in &self.nodes {
                let style = if node.inputs.is_empty() { ", style=filled" } else { "" };
                let saved = match node.saved_bytes {
                    0 => String::new(),
                    bytes => format!("\\nsaves {bytes} B"),
                };
                let label = format!("{}\\n{} {}{saved}", escaped(node.op), node.dtype, node.shape);
                writeln!(dot, "  n{} [label=\"{label}\"{style}];", node.id.0)?;
                for input in &node.inputs {
                    writeln!(dot, "  n{} -> n{};", input.0, node.id.0)?;
                }
            }
            Ok(())
        })
    }
}

/// A drawing in Graphviz's language, whose boxes and arrows `draw` writes.
pub(crate) fn drawing(name: &str, draw: impl FnOnce(&mut String) -> fmt::Result) -> String {
    let mut dot = format!("digraph {name} {{\n  rankdir=LR;\n  node [shape=box, fontname=monospace];\n");
    // Writing to a String cannot fail.
    let _ = draw(&mut dot);
    dot.push_str("}\n");
    dot
}

/// A name inside a quoted string of Graphviz's language.
pub(crate) fn escaped(name: &str) -> String {
    name.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\r', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_a_drawing() {
        let x = Tensor::from(1.0).requires_grad();
        struct Nothing;
        impl crate::Pullback for Nothing {
            fn pull(&self, at: &mut crate::Pull<'_>) -> crate::Result<()> {
                at.give_nothing(0);
                Ok(())
            }
        }
        let name = "a\"]; b -> c; \\ [label=\"\n";
        let y = crate::record_custom(name, Tensor::from(2.0), &[&x], |_| Nothing);
        let dot = graph(&y).to_dot();
        assert!(dot.contains(r#"label="a\"]; b -> c; \\ [label=\"\n\nF32 []"]"#), "{dot}");
        assert_eq!(dot.lines().count(), 7, "{dot}");
    }
}
