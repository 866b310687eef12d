//! The traces of a walk that failed.
//!
//! A walk frees what it passes, and cannot take that back. The operation that failed keeps what it saved, and all below
//! it; those above say from then on which failure freed them.

use super::node::{Node, NodeId, NodeRef};
use super::pullback::{Held, Pull, Pullback};
use crate::error::{Error, ErrorKind, Result};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A walk that frees, from its start to its end. If that does not come, neither by a result nor by an error, a
/// pull-back has panicked.
pub(super) struct Unfinished<'a> {
    roots: &'a [NodeRef],
    /// The node the walk is at, or 0 after the last; all it has passed have higher numbers.
    pub(super) at: Option<NodeId>,
    ended: bool,
}

impl<'a> Unfinished<'a> {
    pub(super) fn new(roots: &'a [NodeRef]) -> Self {
        Unfinished { roots, at: None, ended: false }
    }

    /// The walk has come to its end: by this error, or well.
    pub(super) fn end(mut self, failure: Option<&Error>) {
        self.ended = true;
        if let Some(failure) = failure {
            // The node that failed has what it had before.
            self.mark(|id, at| id > at, &failure.to_string());
        }
    }

    /// Leaves the reason at every node that the walk has freed.
    #[cold]
    fn mark(&self, freed: impl Fn(NodeId, NodeId) -> bool, failure: &str) {
        let Some(at) = self.at else { return };
        let failure: Arc<str> = failure.into();
        let mut open: Vec<&Node> = self.roots.iter().map(|root| &***root).collect();
        let mut known = BTreeSet::new();
        while let Some(node) = open.pop() {
            if freed(node.id, at) && !node.is_leaf() && known.insert(node.id) {
                node.put_pullback(Held::new(Freed { op: node.op, failure: Arc::clone(&failure) }));
                open.extend(node.inputs.iter().flatten().map(|input| &***input));
            }
        }
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.mark(|id, at| id >= at, "a pull-back panicked");
        }
    }
}

/// The pull-back of an operation whose own was freed by a walk that failed.
struct Freed {
    op: &'static str,
    failure: Arc<str>,
}

impl Pullback for Freed {
    fn pull(&self, _: &mut Pull<'_>) -> Result<()> {
        let Freed { op, failure } = self;
        let text =
            format!("backward: the saved values of {op} were freed by an earlier backward, which failed: {failure}");
        Err(Error::new(ErrorKind::Tape, text))
    }
}
