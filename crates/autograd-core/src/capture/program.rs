//! A recorded function as a list of kernels over fixed memory.

use super::plan::plan;
use super::record::{self, Place, Record, Seed, Spent};
use super::trim::trim;
use crate::error::{Error, ErrorKind, Result};
use crate::shape::{FixedDims, Layout};
use crate::storage::block::{ALIGNMENT, Block};
use crate::tensor::operand::Operand;
use crate::tensor::timer::timer;
use crate::tensor::watch::Work;
use crate::tensor::{DType, Tensor};
use smallvec::SmallVec;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

/// The place of elements while a program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Spot {
    /// In the room, from this byte on.
    Room(usize),
    /// In an output.
    Output(usize),
    /// In a tensor that was given.
    Given(usize),
    /// In a constant.
    Constant(usize),
}

/// A step with its places found.
pub(super) struct Step {
    number: Option<usize>,
    pub(super) op: &'static str,
    pub(super) spent: Spent,
    work: Work,
    seed: Option<Seed>,
    pub(super) operands: SmallVec<[(Spot, Layout); 3]>,
    /// Where the result is, and the bytes of it that are written.
    pub(super) result: Option<(Spot, Range<usize>)>,
}

/// An output: a tensor of this dtype and shape.
pub(super) struct Output {
    pub(super) dtype: DType,
    pub(super) shape: FixedDims,
}

/// One that is shown the number, the operation and the bytes of each result.
pub(super) type See<'a> = &'a mut dyn FnMut(usize, &'static str, &[u8]);

/// A function as one run of it was recorded.
pub(super) struct Program {
    pub(super) steps: Vec<Step>,
    /// The bytes of room that it computes in.
    room: usize,
    pub(super) outputs: Vec<Output>,
    constants: Vec<(Arc<Tensor>, bool)>,
    /// How many kernels and looks there were before it was trimmed.
    recorded: usize,
}

impl Program {
    /// The program of a record whose function returned these tensors.
    pub(super) fn new(mut record: Record, returned: &[&Tensor]) -> Result<Program> {
        let (mut apart, mut outputs) = (Vec::new(), Vec::new());
        for tensor in returned {
            let source = record.source("the result", tensor);
            let own = match source.place {
                Place::Made(value) if tensor.is_contiguous() && covers(tensor, record.values[value]) => Some(value),
                _ => None,
            };
            // What is a view, was given, or is returned twice becomes a value of its own.
            let value = own.filter(|v| !apart.contains(v)).unwrap_or_else(|| record.copy("output", tensor));
            apart.push(value);
            outputs.push(Output { dtype: tensor.dtype(), shape: tensor.layout().dims().clone() });
        }
        record.refusal()?;
        trim(&mut record, &apart)?;
        let (starts, room) = plan(&record, &apart);
        let spot = |place: Place| match place {
            Place::Made(value) => match apart.iter().position(|output| *output == value) {
                Some(output) => Spot::Output(output),
                None => Spot::Room(starts[value]),
            },
            Place::Given(i) => Spot::Given(i),
            Place::Constant(i) => Spot::Constant(i),
        };
        let steps = record.steps.into_iter().map(|step| {
            let record::Step { number, op, spent, work, seed, operands, result } = step;
            let operands = operands.into_iter().map(|source| (spot(source.place), source.layout)).collect();
            let result = result.map(|(value, bytes)| (spot(Place::Made(value)), bytes));
            Step { number, op, spent, work, seed, operands, result }
        });
        let recorded = record.ran;
        Ok(Program { steps: steps.collect(), room, outputs, constants: record.constants, recorded })
    }

    /// Fails if something that it took from outside is not there any more.
    ///
    /// # Errors
    /// Then.
    pub(super) fn complete(&self) -> Result<()> {
        for (tensor, shared) in &self.constants {
            if *shared && tensor.is_alone() {
                let text = format!("a tensor of shape {:?} that the function took from outside", tensor.shape());
                let text = format!("capture: {text} was dropped or replaced since; pass it as an argument");
                return Err(Error::new(ErrorKind::Capture, text));
            }
        }
        Ok(())
    }

    /// Runs it in a room of at least [`Program::room`] bytes, and shows each result to `see`, if that is given. The
    /// outputs are as many as the function returned; each is written in place where no other owner sees it, else
    /// replaced.
    pub(super) fn run(
        &mut self,
        room: &mut Block,
        given: &[Cow<'_, Tensor>],
        seed: &mut dyn FnMut(usize) -> u64,
        outputs: &mut [&mut Tensor],
        mut see: Option<See<'_>>,
    ) -> Result<()> {
        for (tensor, Output { dtype, shape }) in outputs.iter_mut().zip(&self.outputs) {
            if !tensor.can_hold(*dtype, shape) {
                **tensor = Tensor::try_fresh(*dtype, shape).ok_or_else(|| Error::too_large("capture", shape))?;
            }
        }
        let given: SmallVec<[&[u8]; 12]> = given.iter().map(|x| own(x)).collect();
        let Program { steps, constants, .. } = self;
        let timer = timer();
        for step in steps {
            let start = timer.is_some().then(Instant::now);
            let whole = room.bytes();
            let (aside, mut target) = match &step.result {
                None => (Aside::all(room.slice(whole), outputs), None),
                Some((Spot::Room(start), bytes)) => {
                    let (start, end) = (start + bytes.start, start + bytes.end);
                    let (before, rest) = room.slice_mut::<u8>(whole).split_at_mut(start);
                    let (target, after) = rest.split_at_mut(end - start);
                    (Aside { before, after, end, left: outputs, right: &[] }, Some(target))
                }
                Some((Spot::Output(i), bytes)) => {
                    let (left, rest) = outputs.split_at_mut(*i);
                    let Some((target, right)) = rest.split_first_mut() else {
                        unreachable!("as many as were returned")
                    };
                    let target = &mut target.own_bytes()[bytes.clone()];
                    (Aside { before: room.slice(whole), after: &[], end: whole, left, right }, Some(target))
                }
                Some((Spot::Given(..) | Spot::Constant(..), _)) => unreachable!("nothing is written there"),
            };
            let find = |operand| aside.find(&given, constants, operand);
            let mut work = |operands: &[Operand<'_>]| {
                match (&step.work, target.as_deref_mut()) {
                    (Work::Fill(kernel) | Work::Change(kernel), Some(target)) => kernel(operands, target),
                    (Work::Random(kernel, _), Some(target)) => match step.seed {
                        Some(Seed::Drawn(i)) => kernel(seed(i), operands, target),
                        Some(Seed::Fixed(seed)) => kernel(seed, operands, target),
                        None => unreachable!("a random kernel has a seed"),
                    },
                    (Work::Look(look), _) => return look(operands),
                    (_, None) => unreachable!("a kernel has a result"),
                }
                Ok(())
            };
            // By number: a list would be built in memory, which costs as much as a small kernel.
            match &step.operands[..] {
                [] => work(&[])?,
                [a] => work(&[find(a)])?,
                [a, b] => work(&[find(a), find(b)])?,
                [a, b, c] => work(&[find(a), find(b), find(c)])?,
                more => work(&more.iter().map(find).collect::<SmallVec<[_; 8]>>())?,
            }
            if let (Some(timer), Some(start)) = (&timer, start) {
                timer.ran(start, start.elapsed(), &step.spent.cost(step.op));
            }
            if let (Some(see), Some(number), Some(result)) = (&mut see, step.number, target) {
                see(number, step.op, result);
            }
        }
        Ok(())
    }
}

impl Step {
    /// Whether it changes what is there, and does not begin a value.
    pub(super) fn changes(&self) -> bool {
        matches!(self.work, Work::Change(_))
    }
}

impl Program {
    /// The number of kernels and looks of the run that was recorded.
    pub(super) fn recorded(&self) -> usize {
        self.recorded
    }

    /// The operations on elements that it does.
    pub(super) fn flops(&self) -> u64 {
        self.steps.iter().fold(0, |sum: u64, step| sum.saturating_add(step.spent.flops))
    }

    /// The bytes of room that it computes in, at least those of the smallest block.
    pub(super) fn room(&self) -> usize {
        self.room.max(ALIGNMENT)
    }

    /// The bytes of its constants that are its own.
    pub(super) fn constant_bytes(&self) -> usize {
        self.constants.iter().filter(|(_, shared)| !shared).map(|(x, _)| x.memory().0.len()).sum()
    }
}

/// What a step does not write.
struct Aside<'a, 't> {
    /// The room before the result, and from byte `end` on.
    before: &'a [u8],
    after: &'a [u8],
    end: usize,
    /// The outputs before the one that is written, and after it.
    left: &'a [&'t mut Tensor],
    right: &'a [&'t mut Tensor],
}

impl<'a, 't> Aside<'a, 't> {
    /// An operand. Always inline: what a call returns through memory is read before it has arrived there.
    #[inline(always)]
    fn find<'o>(
        &'o self,
        given: &'o [&[u8]],
        constants: &'o [(Arc<Tensor>, bool)],
        (spot, layout): &'o (Spot, Layout),
    ) -> Operand<'o> {
        let bytes = match *spot {
            Spot::Room(start) if start < self.before.len() => &self.before[start..],
            Spot::Room(start) => &self.after[start - self.end..],
            Spot::Output(i) if i < self.left.len() => self.left[i].memory().0,
            Spot::Output(i) => self.right[i - self.left.len() - 1].memory().0,
            Spot::Given(i) => given[i],
            Spot::Constant(i) => constants[i].0.memory().0,
        };
        Operand::new(bytes, layout)
    }

    /// All of it.
    fn all(room: &'a [u8], outputs: &'a [&'t mut Tensor]) -> Aside<'a, 't> {
        Aside { before: room, after: &[], end: room.len(), left: outputs, right: &[] }
    }
}

/// The memory from the first element of a tensor on.
fn own(tensor: &Tensor) -> &[u8] {
    let (memory, start) = tensor.memory();
    &memory[start..]
}

/// Whether a contiguous tensor has all the bytes of its value.
fn covers(tensor: &Tensor, bytes: usize) -> bool {
    tensor.layout().offset() == 0 && tensor.numel() * tensor.dtype().size() == bytes
}
