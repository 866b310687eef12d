//! One program of a capture, with what it fits and what it returns.

use super::compare::{Comparison, digest};
use super::outputs::Outputs;
use super::program::{Program, See};
use super::signature::{Given, Signature};
use super::{compare, inside};
use crate::error::Result;
use crate::storage::block::Block;
use crate::tensor::Tensor;
use crate::tensor::watch::Watched;
use smallvec::SmallVec;
use std::rc::Rc;

/// A program, what it fits, and the value it returns.
pub(super) struct Captured<O> {
    pub(super) signature: Signature,
    pub(super) program: Program,
    /// The streams it draws from, in the order of the draws.
    pub(super) draws: Vec<usize>,
    pub(super) output: O,
    /// The buffers that it sets, by their numbers, and the values that the next run writes.
    pub(super) set: Vec<(usize, Tensor)>,
}

impl<O: Outputs> Captured<O> {
    /// Replays, runs the function as well, and compares the bits.
    pub(super) fn check(&mut self, room: &mut Block, given: &Given<'_>, run: impl FnOnce() -> Result<O>) -> Result<()> {
        let before = given.positions();
        let mut seen = Vec::new();
        let replayed = self.replay(room, given, Some(&mut |number, op, bytes| seen.push((number, op, digest(bytes)))));
        given.seek(&before);
        let comparison = Rc::new(Comparison::with(seen, self.program.recorded()));
        let output = {
            let _watched = Watched::by(Some(Rc::clone(&comparison) as _));
            inside::run(run)
        };
        // An error that only one of them has is a difference, too.
        let mut output = match (output, replayed) {
            (Ok(output), Ok(())) => output,
            (Ok(_), Err(error)) => return comparison.outcome().and(Err(error)),
            (Err(error), _) => return Err(error),
        };
        comparison.outcome()?;
        let mut set: Vec<Tensor> = self.set.iter().map(|(number, _)| given.buffers[*number].1.get()).collect();
        let (mut run, mut replay) = (Vec::new(), Vec::new());
        output.tensors(&mut |tensor| run.push(tensor));
        run.extend(&mut set);
        self.output.tensors(&mut |tensor| replay.push(tensor));
        replay.extend(self.set.iter_mut().map(|(_, tensor)| tensor));
        compare::outputs(&run, &replay)
    }

    /// Sets the buffers that the function sets.
    pub(super) fn set_buffers(&mut self, given: &Given<'_>) {
        for (number, tensor) in &mut self.set {
            let (at, buffer) = given.buffers[*number];
            // What the buffer had is free for the next run, if no other has it.
            buffer.set(std::mem::replace(tensor, given.tensors[at].clone().into_owned()));
        }
    }

    pub(super) fn replay(&mut self, room: &mut Block, given: &Given<'_>, see: Option<See<'_>>) -> Result<()> {
        let mut outputs: SmallVec<[&mut Tensor; 12]> = SmallVec::new();
        self.output.tensors(&mut |tensor| outputs.push(tensor));
        outputs.extend(self.set.iter_mut().map(|(_, tensor)| tensor));
        // Drawn when they are needed, as in a run: one that fails leaves the streams where the run would.
        let mut seeds: SmallVec<[u64; 4]> = SmallVec::new();
        let draws = &self.draws;
        let mut seed = |number: usize| {
            while seeds.len() <= number {
                seeds.push(given.streams[draws[seeds.len()]].draw());
            }
            seeds[number]
        };
        self.program.run(room, &given.tensors, &mut seed, &mut outputs, see)?;
        if let Some(last) = draws.len().checked_sub(1) {
            seed(last);
        }
        Ok(())
    }

    /// Lets go of the memory of what it returns, which is shown no more once another program runs.
    pub(super) fn let_go(&mut self) {
        let nothing = Tensor::scalar(0.0f32);
        self.output.tensors(&mut |tensor| *tensor = nothing.clone());
        self.set.iter_mut().for_each(|(_, tensor)| *tensor = nothing.clone());
    }
}
