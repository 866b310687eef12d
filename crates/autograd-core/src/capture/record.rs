//! The record of what goes through the door while a function runs.

use super::held::held;
use crate::error::{Error, ErrorKind, Result};
use crate::shape::Layout;
use crate::tape::{is_leaf, is_walking, result_of};
use crate::tensor::Tensor;
use crate::tensor::door::born_before;
use crate::tensor::timer::{Cost, Count};
use crate::tensor::watch::{Watcher, Work};
use smallvec::SmallVec;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

/// The place of the elements that a step reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A value that a step made, by its number.
    Made(usize),
    /// What the function was given, by its number: arguments first, then the tensors of the model.
    Given(usize),
    /// A tensor from outside that stays what it is.
    Constant(usize),
}

/// An operand of a step: a layout over the elements of a place, which are counted from its own first.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) place: Place,
    pub(super) layout: Layout,
}

/// The seed of a step that needs one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Seed {
    /// The same at every run.
    Fixed(u64),
    /// Draw number so of the run.
    Drawn(usize),
}

/// What a step does each time, as it was counted when it was recorded.
pub(super) struct Spent {
    shape: SmallVec<[usize; 4]>,
    bytes: u64,
    pub(super) flops: u64,
    products: u64,
    /// Whether it was in a walk.
    pub(super) walked: bool,
}

impl Spent {
    fn of(cost: &Cost<'_>) -> Spent {
        let Cost { shape, bytes, flops, products, .. } = *cost;
        Spent { shape: SmallVec::from_slice(shape), bytes, flops, products, walked: is_walking() }
    }

    /// The shape of the result, or of what was looked at.
    pub(super) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The same for a timer.
    pub(super) fn cost(&self, op: &'static str) -> Cost<'_> {
        let Spent { bytes, flops, products, walked, .. } = *self;
        Cost { op, shape: &self.shape, bytes, flops, products, walked: Some(walked) }
    }
}

/// One step: a kernel with its operands and the value it writes; a look writes none.
pub(super) struct Step {
    /// Its number in the run; none for a copy that the program makes for itself.
    pub(super) number: Option<usize>,
    pub(super) op: &'static str,
    pub(super) spent: Spent,
    pub(super) work: Work,
    pub(super) seed: Option<Seed>,
    pub(super) operands: SmallVec<[Source; 3]>,
    /// The value, and the bytes of it that are written.
    pub(super) result: Option<(usize, std::ops::Range<usize>)>,
}

/// Everything that one run of a function did.
#[derive(Default)]
pub(super) struct Record {
    pub(super) steps: Vec<Step>,
    /// The bytes of each value.
    pub(super) values: Vec<usize>,
    /// With whether others hold them, too.
    pub(super) constants: Vec<(Arc<Tensor>, bool)>,
    /// The streams, by their place in memory, and the seeds that were drawn.
    pub(super) draws: Vec<(usize, u64)>,
    /// By the place of the memory, with its time: what takes the place later is not taken for it.
    places: HashMap<usize, (u64, Place)>,
    /// The first element of each tensor that was given, and the one after its last.
    given: Vec<(usize, usize)>,
    /// The time it began.
    began: u64,
    /// The buffers that were set, by their places in memory. Those of the model are compared after the run, and set by
    /// replays.
    pub(super) sets: Vec<usize>,
    /// How many kernels and looks there were.
    pub(super) ran: usize,
    refusal: Option<Error>,
}

impl Record {
    /// A record of a function that is given these tensors.
    pub(super) fn of(given: &[&Tensor], began: u64) -> Result<Record> {
        let mut record = Record { began, ..Record::default() };
        for (i, tensor) in given.iter().enumerate() {
            let start = tensor.layout().offset();
            record.given.push((start, start + tensor.layout().span()));
            let Some(Place::Given(other)) = record.place(tensor) else {
                record.put(tensor, Place::Given(i));
                continue;
            };
            let same = given[other].layout().offset() == tensor.layout().offset() && given[other].is_like(tensor);
            if !same {
                let text = format!("capture: tensors {other} and {i} that it was given are parts of one tensor");
                return Err(Error::new(ErrorKind::Capture, format!("{text}; pass copies, or the whole")));
            }
        }
        Ok(record)
    }

    /// Where the memory of a tensor is, if it has been seen.
    fn place(&self, tensor: &Tensor) -> Option<Place> {
        self.places.get(&tensor.root()).filter(|(born, _)| *born == tensor.born()).map(|(_, place)| *place)
    }

    fn put(&mut self, tensor: &Tensor, place: Place) {
        self.places.insert(tensor.root(), (tensor.born(), place));
    }

    fn refuse(&mut self, error: Error) {
        self.refusal.get_or_insert(error);
    }

    fn make(&mut self, tensor: &Tensor) -> usize {
        self.values.push(tensor.numel() * tensor.dtype().size());
        self.put(tensor, Place::Made(self.values.len() - 1));
        self.values.len() - 1
    }

    /// The elements of a tensor as a step reads them.
    pub(super) fn source(&mut self, op: &'static str, tensor: &Tensor) -> Source {
        let place = self.place(tensor).unwrap_or_else(|| self.outside(op, tensor));
        let layout = tensor.layout();
        let (before, after) = if let Place::Given(i) = place { self.given[i] } else { (0, usize::MAX) };
        if layout.offset() < before || layout.offset() + layout.span() > after {
            let text = format!("capture: {op} was given another part of the memory of a tensor of the model; copy one");
            self.refuse(Error::new(ErrorKind::Capture, text));
        }
        Source { place, layout: layout.at(layout.offset().saturating_sub(before)) }
    }

    /// A tensor that the function took from outside.
    fn outside(&mut self, op: &'static str, tensor: &Tensor) -> Place {
        let refuse = |text: String| Error::new(ErrorKind::Capture, format!("capture: {op} {text}"));
        if !born_before(tensor, self.began) {
            self.refuse(refuse("was given a tensor that another thread has computed, which is not recorded".into()));
        } else if is_leaf(tensor) {
            let text = "was given a parameter that is not one of the model: a later run would not see it change";
            self.refuse(refuse(text.into()));
        } else if let Some(made) = result_of(tensor) {
            let text =
                format!("was given the result of {made}, tracked outside; pass it as an argument, or detach() it");
            self.refuse(refuse(text));
        }
        self.constant(tensor, true)
    }

    fn constant(&mut self, tensor: &Tensor, shared: bool) -> Place {
        let place = Place::Constant(self.constants.len());
        self.put(tensor, place);
        let whole = tensor.whole();
        self.constants.push((if shared { held(whole) } else { Arc::new(whole) }, shared));
        place
    }

    /// The error of the first thing that cannot be run again.
    pub(super) fn refusal(&mut self) -> Result<()> {
        self.refusal.take().map_or(Ok(()), Err)
    }

    /// The draws by the numbers of their streams, of a function that has succeeded; each stream with its place in
    /// memory, and the number of seeds it has given.
    ///
    /// # Errors
    /// If a later run could not draw as this one did.
    pub(super) fn draws_of(&self, streams: &[(usize, u64)]) -> Result<Vec<usize>> {
        let refuse = |text: &str| Err(Error::new(ErrorKind::Capture, format!("capture: it {text}")));
        let position = |(stream, _): &(usize, u64)| streams.iter().position(|(other, _)| other == stream);
        let draws: Option<Vec<usize>> = self.draws.iter().map(position).collect();
        let Some(draws) = draws else {
            return refuse("draws from a Stream that is not one of the model; a later run would not");
        };
        if self.draws.iter().enumerate().any(|(i, (_, seed))| self.draws[..i].iter().any(|(_, other)| other == seed)) {
            return refuse(
                "draws the same seed twice, and which one an operation uses cannot be seen; give every Stream a seed \
                 of its own, and seek none in the function",
            );
        }
        if streams.iter().any(|(stream, moved)| self.drawn(*stream) != *moved) {
            return refuse("moves a Stream of the model otherwise than by drawing from it, and a later run would not");
        }
        // A seed that was known before goes with none that is drawn: it may be made of one.
        if !draws.is_empty() && self.steps.iter().any(|step| matches!(step.seed, Some(Seed::Fixed(_)))) {
            return refuse(
                "gives an operation a seed that it has not drawn, beside others that it has: a later run would use \
                 the same; draw a seed for each",
            );
        }
        let uses = |step: &Step, i: usize| matches!(step.seed, Some(Seed::Drawn(drawn)) if drawn == i);
        if (0..draws.len()).any(|i| !self.steps.iter().any(|step| uses(step, i))) {
            return refuse("draws a seed from a Stream that no operation uses: what it does seems to depend on it");
        }
        Ok(draws)
    }

    /// How often it has drawn from the stream in this place.
    pub(super) fn drawn(&self, stream: usize) -> u64 {
        self.draws.iter().filter(|(other, _)| *other == stream).count() as u64
    }

    /// Adds a step that copies a tensor to a value of its own.
    pub(super) fn copy(&mut self, op: &'static str, tensor: &Tensor) -> usize {
        let source = self.source(op, tensor);
        let copy = crate::tensor::door::copying(tensor);
        self.values.push(tensor.numel() * tensor.dtype().size());
        let value = self.values.len() - 1;
        let (work, operands) = (Work::Fill(copy), SmallVec::from_iter([source]));
        let result = Some((value, 0..self.values[value]));
        let spent = Spent::of(&Cost::computed(op, Count::Moved, &[tensor], tensor));
        self.steps.push(Step { number: None, op, spent, work, seed: None, operands, result });
        value
    }
}

/// The watcher that writes a record.
pub(super) struct Recorder(pub(super) RefCell<Record>);

impl Watcher for Recorder {
    fn ran(&self, cost: &Cost<'_>, operands: &[&Tensor], result: Option<&Tensor>, work: Work) {
        let op = cost.op;
        let mut record = self.0.borrow_mut();
        let operands = operands.iter().map(|x| record.source(op, x)).collect();
        let seed = match work {
            Work::Random(_, seed) => {
                let drawn = record.draws.iter().position(|(_, drawn)| *drawn == seed);
                Some(drawn.map_or(Seed::Fixed(seed), Seed::Drawn))
            }
            _ => None,
        };
        let result = result.map(|tensor| {
            let value = match (&work, record.place(tensor)) {
                (Work::Change(_), Some(Place::Made(value))) => value,
                _ => record.make(tensor),
            };
            let start = tensor.layout().offset() * tensor.dtype().size();
            (value, start..start + tensor.numel() * tensor.dtype().size())
        });
        let number = Some(record.ran);
        record.ran += 1;
        record.steps.push(Step { number, op, spent: Spent::of(cost), work, seed, operands, result });
    }

    fn changes(&self, op: &'static str, tensor: &Tensor) {
        let mut record = self.0.borrow_mut();
        if !matches!(record.place(tensor), Some(Place::Made(_))) {
            // What the function has made is known, and what others see is copied before it is changed.
            let text = "changes a tensor from outside, and a later run would not; return the new value";
            record.refuse(Error::new(ErrorKind::Capture, format!("capture: {op} {text}")));
        }
    }

    fn given(&self, tensor: &Tensor) {
        self.0.borrow_mut().constant(tensor, false);
    }

    fn reads(&self, op: &'static str) {
        let text = "which are other ones at every run: what a captured function does must not depend on them";
        let error = Error::new(ErrorKind::Capture, format!("capture: {op} looks at numbers, {text}"));
        self.0.borrow_mut().refuse(error);
    }

    fn updates(&self, op: &'static str) {
        let text = "changes what outlasts the function, and a later run would not; return the gradients, and step after \
                    the call";
        self.0.borrow_mut().refuse(Error::new(ErrorKind::Capture, format!("capture: {op} {text}")));
    }

    fn rolls(&self, op: &'static str) {
        let text = "draws from a generator, and a later run would not; layers draw from a Stream of their own";
        self.0.borrow_mut().refuse(Error::new(ErrorKind::Capture, format!("capture: {op} {text}")));
    }

    fn sets(&self, buffer: usize) {
        self.0.borrow_mut().sets.push(buffer);
    }

    fn draws(&self, stream: usize, seed: u64) {
        self.0.borrow_mut().draws.push((stream, seed));
    }
}
