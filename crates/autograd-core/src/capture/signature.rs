//! The kind of a call: all that a program depends on besides numbers.

use crate::NodeId;
use crate::description::Description;
use crate::error::{Error, ErrorKind, Result};
use crate::module::{Buffer, Item, Module, Path, Stream};
use crate::shape::Layout;
use crate::tape::is_recording;
use crate::tensor::door::born_before;
use crate::tensor::{DType, Tensor};
use smallvec::SmallVec;
use std::borrow::Cow;

/// All that a program depends on besides numbers.
pub(super) struct Signature {
    recording: bool,
    given: Vec<Kind>,
    modes: Vec<bool>,
    streams: usize,
    /// What the model is, where no parameter that is trained says which it is.
    model: Option<Description>,
}

/// Room for a comparison, which allocates nothing then.
pub(super) type Roots = Vec<usize>;

/// What must be the same of a tensor.
struct Kind {
    dtype: DType,
    layout: Layout,
    node: Option<NodeId>,
    /// The first tensor of the model that has the same memory, and where that was.
    first: usize,
    root: usize,
    /// Whether the function may have this memory from outside, too. Then what it did with one of the two is not told
    /// from what it did with the other.
    pinned: bool,
}

/// What a call was given.
pub(super) struct Given<'a> {
    pub(super) tensors: SmallVec<[Cow<'a, Tensor>; 12]>,
    pub(super) streams: SmallVec<[&'a Stream; 2]>,
    /// With the numbers of their tensors.
    pub(super) buffers: SmallVec<[(usize, &'a Buffer); 2]>,
    modes: SmallVec<[bool; 8]>,
    /// How many of the tensors are arguments.
    arguments: usize,
}

impl<'a> Given<'a> {
    /// What is given of a model whose buffers no other tensor has the memory of: one that is older than the capture, or
    /// that others own as well, is set to a copy. A buffer that the function sets has other memory in each run, and so
    /// can be known by none.
    ///
    /// # Errors
    /// If there is no room for one.
    pub(super) fn with_buffers_alone<M: Module + ?Sized, const N: usize>(
        model: &'a M,
        x: [&'a Tensor; N],
        capture: u64,
    ) -> Result<Given<'a>> {
        let given = Given::new(model, x);
        let mut any = false;
        for (at, buffer) in &given.buffers {
            let value = &given.tensors[*at];
            if value.is_tracked() {
                let text = "capture: a Buffer of the model has a history, from with_parameters; make it an argument";
                return Err(Error::new(ErrorKind::Capture, text));
            }
            // The buffer and the list.
            if born_before(value, capture) || value.owners() != 2 {
                buffer.set(value.apart()?);
                any = true;
            }
        }
        Ok(if any { Given::new(model, x) } else { given })
    }

    pub(super) fn new<M: Module + ?Sized, const N: usize>(model: &'a M, x: [&'a Tensor; N]) -> Given<'a> {
        let mut given = Given {
            tensors: x.into_iter().map(Cow::Borrowed).collect(),
            streams: SmallVec::new(),
            buffers: SmallVec::new(),
            arguments: N,
            modes: SmallVec::new(),
        };
        model.visit(&Path::root(), &mut |_, item| given.add(item));
        given
    }

    fn add(&mut self, item: Item<'a>) {
        match item {
            Item::Param(param) => self.tensors.push(Cow::Borrowed(param)),
            Item::Tied(_) => {}
            Item::Buffer(buffer) => {
                self.buffers.push((self.tensors.len(), buffer));
                self.tensors.push(Cow::Owned(buffer.get()));
            }
            Item::Stream(stream) => self.streams.push(stream),
            Item::Mode(mode) => self.modes.push(mode.is_training()),
        }
    }

    /// For each tensor the first of the model that has the same memory; of arguments each itself.
    fn firsts(&self) -> Vec<usize> {
        let mut firsts: Vec<usize> = (0..self.tensors.len()).collect();
        let mut roots: Vec<(usize, usize)> =
            (self.arguments..self.tensors.len()).map(|i| (self.tensors[i].root(), i)).collect();
        roots.sort_unstable();
        for same in roots.chunk_by(|(a, _), (b, _)| a == b) {
            same.iter().for_each(|(_, i)| firsts[*i] = same[0].1);
        }
        firsts
    }

    /// How many seeds each stream has given.
    pub(super) fn positions(&self) -> SmallVec<[u64; 2]> {
        self.streams.iter().map(|stream| stream.position().1).collect()
    }

    /// Puts the streams back to where they were.
    pub(super) fn seek(&self, positions: &[u64]) {
        self.streams.iter().zip(positions).for_each(|(stream, drawn)| stream.seek(*drawn));
    }

    /// Puts streams and buffers back to where they were before a run that is as if it had not been: streams from which
    /// it alone has drawn, so many times, and buffers in these places. Another thread may have moved others meanwhile.
    pub(super) fn undo(&self, positions: &[u64], drawn: &[u64], sets: &[usize]) {
        for ((stream, before), drawn) in self.streams.iter().zip(positions).zip(drawn) {
            if stream.position().1.wrapping_sub(*before) == *drawn {
                stream.seek(*before);
            }
        }
        for (at, buffer) in self.buffers.iter().filter(|(_, buffer)| sets.contains(&buffer.place())) {
            buffer.set((*self.tensors[*at]).clone());
        }
    }

    /// The buffers that have been set since, by their numbers, and their values.
    pub(super) fn changed_buffers(&self) -> impl Iterator<Item = (usize, Tensor)> {
        self.buffers.iter().enumerate().filter_map(|(number, (at, buffer))| {
            let (before, now) = (&self.tensors[*at], buffer.get());
            let same = before.root() == now.root()
                && before.layout().offset() == now.layout().offset()
                && before.dtype() == now.dtype()
                && before.layout().goes_like(now.layout());
            (!same).then_some((number, now))
        })
    }

    /// The arguments for a recording: copies, for the function may have them from outside, too.
    ///
    /// # Errors
    /// If there is no room for one.
    pub(super) fn alone(&self) -> Result<SmallVec<[Tensor; 4]>> {
        self.tensors[..self.arguments].iter().map(|x| x.apart()).collect()
    }
}

impl Signature {
    /// That of a call, whose buffers are [alone](Given::with_buffers_alone).
    pub(super) fn of<M: Module + ?Sized>(given: &Given<'_>, model: &M, capture: u64) -> Signature {
        let (owners, firsts) = (owners_of(model), given.firsts());
        let kind = |(i, tensor): (usize, &Cow<'_, Tensor>)| Kind {
            dtype: tensor.dtype(),
            layout: tensor.layout().clone(),
            node: tensor.node_id(),
            first: firsts[i],
            root: tensor.root(),
            // A parameter that is trained is known by its identity, unless another tensor has its memory.
            pinned: i >= given.arguments
                && (tensor.owners() != owners[i - given.arguments]
                    || born_before(tensor, capture) && tensor.node_id().is_none()),
        };
        let kinds = given.tensors.iter().enumerate().map(kind).collect();
        let (modes, streams) = (given.modes.to_vec(), given.streams.len());
        let known = given.tensors[given.arguments..].iter().any(|x| x.is_tracked());
        let model = (!known).then(|| model.describe());
        Signature { recording: is_recording(), given: kinds, modes, streams, model }
    }

    pub(super) fn fits<M: Module + ?Sized>(&self, given: &Given<'_>, model: &M, roots: &mut Roots) -> bool {
        let pinned = |(kind, x): (&Kind, &Cow<'_, Tensor>)| !kind.pinned || kind.root == x.root();
        match self.compare(given, &|| model.describe(), roots) {
            Likeness::None => false,
            Likeness::Same => true,
            Likeness::Moved => self.given.iter().zip(&given.tensors).all(pinned),
        }
    }

    /// Whether it fits, or fitted before parameters changed that something else shared.
    pub(super) fn is_like<M: Module + ?Sized>(&self, given: &Given<'_>, model: &M, roots: &mut Roots) -> bool {
        self.compare(given, &|| model.describe(), roots) != Likeness::None
    }

    /// Of no type of model, so that it is compiled here, beside what it calls.
    fn compare(&self, given: &Given<'_>, describe: &dyn Fn() -> Description, roots: &mut Roots) -> Likeness {
        let fits = self.recording == is_recording()
            && self.given.len() == given.tensors.len()
            // One by one: as a whole they would be read before they are written, which the CPU waits for.
            && self.modes.iter().eq(given.modes.iter())
            && self.streams == given.streams.len();
        if !fits {
            return Likeness::None;
        }
        let mut same = true;
        for (i, (kind, tensor)) in self.given.iter().zip(&given.tensors).enumerate() {
            if !kind.fits(tensor) {
                return Likeness::None;
            }
            same &= i < given.arguments || kind.root == tensor.root();
        }
        let tensors = || self.given.iter().enumerate().zip(&given.tensors).skip(given.arguments);
        let fits = (same || self.same_memory_is_shared(given, roots))
            && tensors().all(|((i, kind), tensor)| {
                kind.first == i || given.tensors[kind.first].layout().offset() == tensor.layout().offset()
            })
            && self.model.as_ref().is_none_or(|known| (same && tensors().len() > 0) || *known == describe());
        match (fits, same) {
            (false, _) => Likeness::None,
            (true, true) => Likeness::Same,
            (true, false) => Likeness::Moved,
        }
    }

    /// Whether those of the model's tensors have the same memory that had, and no others. A model with running
    /// statistics has new memory at every step, so this allocates nothing and goes over no pairs.
    fn same_memory_is_shared(&self, given: &Given<'_>, roots: &mut Roots) -> bool {
        roots.clear();
        let mut shared = true;
        for (i, kind) in self.given.iter().enumerate().skip(given.arguments) {
            let root = given.tensors[i].root();
            match kind.first == i {
                true => roots.push(root),
                false => shared &= root == given.tensors[kind.first].root(),
            }
        }
        roots.sort_unstable();
        shared && roots.windows(2).all(|two| two[0] != two[1])
    }
}

/// How many have the memory of each tensor of a model if nothing outside does: places of a tie keep what they have
/// read, and buffers are in the list of what was given as well.
pub(super) fn owners_of<M: Module + ?Sized>(model: &M) -> Vec<usize> {
    let (mut owners, mut tied) = (Vec::new(), Vec::new());
    model.visit(&Path::root(), &mut |_, item| match item {
        Item::Param(param) => owners.push((param.root(), param.owned())),
        Item::Tied(param) => tied.push(param),
        Item::Buffer(buffer) => owners.push((buffer.get().root(), 2)),
        Item::Stream(_) | Item::Mode(_) => {}
    });
    for param in tied {
        let original = owners.iter_mut().find(|(root, _)| *root == param.root());
        // What the tie has is counted with the original.
        original.into_iter().for_each(|(_, owners)| *owners += param.owned() - 1);
    }
    owners.into_iter().map(|(_, owners)| owners).collect()
}

/// How a call compares with an earlier one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Likeness {
    /// It is of another kind.
    None,
    /// The same kind, with some of the model's tensors in other memory.
    Moved,
    /// The same kind, with all of the model's tensors where they were.
    Same,
}

impl Kind {
    #[inline(always)]
    fn fits(&self, tensor: &Tensor) -> bool {
        self.dtype == tensor.dtype() && self.node == tensor.node_id() && self.layout.goes_like(tensor.layout())
    }
}
