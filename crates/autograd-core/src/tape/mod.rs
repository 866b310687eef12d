//! The tape: a record of which value came from which, and of how to pull a gradient back.
//!
//! [`node`] is a node of the tape, [`record`] writes one, [`walk`] reads them backwards. Of an operation the tape knows
//! only the [`Pullback`] that it leaves; by itself it adds gradients and sums them down to a broadcast input's shape.

mod anomaly;
mod backward;
mod cut;
mod failed;
mod gradients;
pub(crate) mod graph;
mod hooks;
mod mode;
mod node;
mod part;
mod pullback;
mod record;
mod segment;
mod waiting;
mod walk;

pub use anomaly::detect_anomaly;
pub(crate) use anomaly::{hunts_here, unwatched};
pub use cut::{Cut, watch_cuts};
pub(crate) use cut::{cut, unrecorded};
pub use gradients::Gradients;
pub use graph::{Graph, GraphNode, graph};
pub(crate) use graph::{drawing, escaped};
pub use hooks::Hook;
pub(crate) use hooks::refuse_hooked;
pub use mode::{enable_grad, is_recording, no_grad};
pub use node::NodeId;
pub(crate) use node::{is_leaf, is_of_kind, mark, next_number, result_of};
pub use pullback::{Pull, Pullback, Saved};

pub use backward::Backward;
pub(crate) use part::Part;
#[cfg(test)]
pub(crate) use {graph::saved_values, pullback::SAVED};

pub(crate) use segment::{Segment, record_segment};
pub(crate) use walk::{gradients_above, gradients_of, refusal_of};

pub(crate) use mode::{forwards, is_walking, recording};
pub use record::record_custom;
pub(crate) use record::{record, record_same, record_start};
