//! Capture and replay: a function recorded once, run again as the list of its kernels.

mod apart;
mod captured;
mod compare;
mod held;
mod inside;
mod outputs;
mod plan;
mod program;
mod record;
mod show;
mod signature;
mod trim;

pub use apart::set_apart;
pub use outputs::Outputs;

use crate::error::{Error, ErrorKind, Result};
use crate::module::Module;
use crate::storage::block::Block;
use crate::tape::{drawing, hunts_here, refuse_hooked};
use crate::tensor::watch::{Watched, beginning};
use crate::tensor::{Tensor, pool};
use captured::Captured;
use program::Program;
use record::{Record, Recorder};
use signature::{Given, Roots, Signature};
use smallvec::SmallVec;
use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

/// A function of a model and tensors that is recorded at its first call and replayed at later ones.
///
/// A training step of a small network computes for a tenth of its time; the rest is bookkeeping, the same at every
/// step. A capture keeps the list of the kernels that a step ran, and runs it again over the same memory: the same
/// bits, without the tape. The tensors that change from step to step are the arguments, and the parameters of the
/// model.
///
/// ```
/// use autograd_core::{Capture, Gradients, Tensor, module::Param};
///
/// let mut slope = Param::new(Tensor::from(1.0))?;
/// let mut step = Capture::new(|slope: &Param, [x, y]| {
///     let loss = (x * slope).try_sub(y)?.square().mean()?;
///     Ok((loss.clone(), loss.backward()?))
/// });
/// let (x, y) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0, 6.0]));
/// for _ in 0..50 {
///     let (_loss, grads) = step.run(&slope, [&x, &y])?;
///     let gradient = grads.get(&slope).expect("it takes part");
///     let next = slope.detach().try_sub(&(gradient * 0.1))?;
///     slope.set(next)?;
/// }
/// assert!((slope.item::<f32>()? - 3.0).abs() < 1e-5);
/// assert_eq!(step.stats().records, 1);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// The first call runs the function and records it. Later calls with tensors of the same shapes, strides and dtypes,
/// the same parameters, and a model in the same modes replay it; anything else is recorded anew, up to 64 programs,
/// which share their memory. What is returned is overwritten by the next call, unless the caller keeps a clone of it.
///
/// # Errors
/// What the function does must not depend on numbers: a function that looks at them (`item`, printing), draws from a
/// generator, or computes with a parameter that is not the model's is refused. Checks of labels are checked at every
/// replay. What cannot be seen is something outside that changes from call to call, like a counter in the closure; see
/// [`Capture::check_every`].
pub struct Capture<M: ?Sized, F, O, const N: usize> {
    function: F,
    /// The one that ran last is the last.
    programs: Vec<Captured<O>>,
    /// Where they compute, one at a time: as much as the largest needs.
    room: Option<Block>,
    roots: Roots,
    stats: CaptureStats,
    check_every: Option<usize>,
    /// What it returned last where it was a part of something else.
    direct: Option<O>,
    /// When it was made.
    born: u64,
    model: PhantomData<fn(&M)>,
}

/// What a capture has done so far, and what it holds.
///
/// # Examples
/// ```
/// use autograd_core::{Capture, CaptureStats, Tensor};
/// let mut capture = Capture::new(|_: &(), [x]| Ok(x + 1.0));
/// assert_eq!(capture.stats(), CaptureStats::default());
/// let _ = capture.run(&(), [&Tensor::from(1.0)])?;
/// let CaptureStats { records, replays, .. } = capture.stats();
/// assert_eq!((records, replays), (1, 0));
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaptureStats {
    /// How often the function ran and was recorded.
    pub records: usize,
    /// How often a program ran in its place.
    pub replays: usize,
    /// Programs that are kept, one for each kind of arguments.
    pub programs: usize,
    /// Kernels of the program that was used last.
    pub kernels: usize,
    /// Operations on elements of that program, counted as in a [`profile`](fn@crate::profile).
    pub flops: u64,
    /// Bytes that all programs hold between runs, outputs apart: the room that they share, and their constants.
    pub bytes: usize,
}

/// More programs than this are not kept: the one that was not used for longest goes.
const MOST_PROGRAMS: usize = 64;

impl<M, F, O, const N: usize> Capture<M, F, O, N>
where
    M: Module + ?Sized,
    F: FnMut(&M, [&Tensor; N]) -> Result<O>,
    O: Outputs,
{
    /// A function to be captured.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Capture, Tensor};
    /// let mut double = Capture::new(|_: &(), [x]: [&Tensor; 1]| Ok(x * 2.0));
    /// assert_eq!(double.run(&(), [&Tensor::from(4)])?.item::<i64>()?, 8);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn new(function: F) -> Self {
        Capture {
            function,
            programs: Vec::new(),
            room: None,
            roots: Roots::new(),
            stats: CaptureStats::default(),
            check_every: None,
            direct: None,
            born: beginning(),
            model: PhantomData,
        }
    }

    /// Runs the function, or replays what it did. The result is untracked.
    ///
    /// # Errors
    /// That of the function, or of a comparison that finds a difference ([`Capture::check_every`]): they leave what a
    /// run leaves. Or if the function does what a replay could not: then the model's streams and buffers are as before
    /// the call, but for streams that were moved by another thread or otherwise than by draws; what else the function
    /// has changed is not known here.
    ///
    /// # Examples
    /// ```
    /// use autograd_core::{Capture, Tensor};
    /// let mut sums = Capture::new(|_: &(), [a, b]| a.try_add(b));
    /// let (one, two) = (Tensor::from([1.0]), Tensor::from([2.0]));
    /// assert_eq!(sums.run(&(), [&one, &two])?.to_vec::<f32>()?, [3.0]);
    /// assert_eq!(sums.run(&(), [&two, &two])?.to_vec::<f32>()?, [4.0]);
    /// let mut looks = Capture::new(|_: &(), [a]: [&Tensor; 1]| Ok(a * f64::from(a.item::<f32>()?)));
    /// let error = looks.run(&(), [&one]).unwrap_err();
    /// assert!(error.to_string().starts_with("capture: item looks at numbers"));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn run(&mut self, model: &M, x: [&Tensor; N]) -> Result<&O> {
        if inside::inside() || hunts_here() {
            // A part of the function that is captured; and a hunt wants to see operations, not kernels.
            let output = untracked((self.function)(model, x)?);
            return Ok(self.direct.insert(output));
        }
        self.direct = None;
        let given = Given::new(model, x);
        refuse_hooked(given.tensors.iter().map(|x| &**x))?;
        if let Some(at) =
            self.programs.iter().rposition(|captured| captured.signature.fits(&given, model, &mut self.roots))
        {
            let last = self.programs.len() - 1;
            if at != last {
                // The pool has its memory for the one that runs now.
                self.programs[last].let_go();
                self.programs[at..].rotate_left(1);
            }
            let captured = &mut self.programs[last];
            let Some(room) = &mut self.room else { unreachable!("programs have a room") };
            captured.program.complete()?;
            self.stats.replays += 1;
            match self.check_every {
                Some(n) if self.stats.replays.is_multiple_of(n) => {
                    captured.check(room, &given, || (self.function)(model, x))?
                }
                _ => {
                    let before = given.positions();
                    if let Err(error) = captured.replay(room, &given, None) {
                        // The run itself knows where in the model it fails, and leaves everything as it would.
                        given.seek(&before);
                        inside::run(|| (self.function)(model, x))?;
                        return Err(error);
                    }
                    captured.set_buffers(&given);
                }
            }
            return Ok(&captured.output);
        }
        // Programs of the same kind that fit no more make room for the run that is recorded, even if it fails.
        self.programs.retain(|other| !other.signature.is_like(&given, model, &mut self.roots));
        drop(given);
        self.programs.last_mut().into_iter().for_each(Captured::let_go);
        let given = Given::with_buffers_alone(model, x, self.born)?;
        let (before, captured) = (given.positions(), self.record(model, x, &given)?);
        let sets: Vec<usize> = captured.set.iter().map(|(number, _)| given.buffers[*number].1.place()).collect();
        let of = |stream: usize| captured.draws.iter().filter(|draw| **draw == stream).count() as u64;
        let drawn: Vec<u64> = (0..before.len()).map(of).collect();
        self.stats.records += 1;
        if self.programs.len() == MOST_PROGRAMS {
            self.programs.remove(0);
        }
        self.programs.push(captured);
        self.make_room().inspect_err(|_| given.undo(&before, &drawn, &sets))?;
        Ok(&self.programs[self.programs.len() - 1].output)
    }

    /// Runs the function at every n-th replay as well, and compares the kernels, their bits and what is returned; 0
    /// never does. Default 0.
    ///
    /// # Examples
    /// ```
    /// use autograd_core::{Capture, Tensor};
    /// let mut factor = 1.0;
    /// let mut capture = Capture::new(|_: &(), [x]| {
    ///     factor += 1.0; // a later run would compute something else
    ///     Ok(x * factor)
    /// })
    /// .check_every(1);
    /// let x = Tensor::from(3.0);
    /// assert_eq!(capture.run(&(), [&x])?.item::<f32>()?, 6.0);
    /// let text = "capture: kernel 0, mul_scalar, computes other numbers in a run than in its replay: what the function \
    ///             does depends on something that it is not given";
    /// assert_eq!(capture.run(&(), [&x]).unwrap_err().to_string(), text);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[must_use]
    pub fn check_every(mut self, n: usize) -> Self {
        self.check_every = (n > 0).then_some(n);
        self
    }

    /// What it has done so far, and what it holds.
    ///
    /// # Examples
    /// ```
    /// use autograd_core::{Capture, Tensor};
    /// let mut capture = Capture::new(|_: &(), [x]| Ok((x * 2.0).exp()));
    /// let x = Tensor::from([1.0, 2.0]);
    /// for _ in 0..3 {
    ///     let _ = capture.run(&(), [&x])?;
    /// }
    /// let stats = capture.stats();
    /// assert_eq!((stats.records, stats.replays, stats.programs), (1, 2, 1));
    /// assert_eq!((stats.kernels, stats.flops), (2, 4));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn stats(&self) -> CaptureStats {
        let kernels = self.programs.last().map_or(0, |captured| captured.program.steps.len());
        let flops = self.programs.last().map_or(0, |captured| captured.program.flops());
        let constants: usize = self.programs.iter().map(|captured| captured.program.constant_bytes()).sum();
        let bytes = self.room.as_ref().map_or(0, Block::bytes) + constants;
        CaptureStats { programs: self.programs.len(), kernels, flops, bytes, ..self.stats }
    }

    /// Every program in Graphviz's language, `dot -Tsvg` draws it: kernels as boxes, those of walks shaded; what is
    /// given, stays or is returned as ellipses; arrows from what writes to what reads.
    ///
    /// # Examples
    /// ```
    /// use autograd_core::{Capture, Tensor};
    /// let mut capture = Capture::new(|_: &(), [x]| Ok(x.exp()));
    /// let _ = capture.run(&(), [&Tensor::from([1.0, 2.0])])?;
    /// let dot = capture.to_dot();
    /// for line in ["p0s0 [label=\"exp\\n[2]\"];", "p0given0 -> p0s0;", "p0s0 -> p0output0;"] {
    ///     assert!(dot.contains(line));
    /// }
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn to_dot(&self) -> String {
        drawing("capture", |dot| {
            self.programs.iter().enumerate().try_for_each(|(k, captured)| captured.program.draw(k, dot))
        })
    }

    /// Makes the room as large as the largest program needs it.
    ///
    /// # Errors
    /// If the system does not have that much; then there are no programs.
    fn make_room(&mut self) -> Result<()> {
        // A replay takes nothing from the pool: what the recorded run has freed would only be held beside the room.
        pool::empty();
        let bytes = self.programs.iter().map(|captured| captured.program.room()).max().unwrap_or(0);
        if self.room.as_ref().is_some_and(|room| room.bytes() == bytes) {
            return Ok(());
        }
        self.room = None;
        self.room = Block::zeroed(bytes);
        if self.room.is_none() {
            self.programs.clear();
            let text = format!("capture: the program needs {bytes} bytes, which the system does not have");
            return Err(Error::new(ErrorKind::TooLarge, text));
        }
        Ok(())
    }

    fn record(&mut self, model: &M, x: [&Tensor; N], given: &Given<'_>) -> Result<Captured<O>> {
        let signature = Signature::of(given, model, self.born);
        let alone = given.alone()?;
        let x: [&Tensor; N] = std::array::from_fn(|i| alone.get(i).unwrap_or(x[i]));
        let tensors: SmallVec<[&Tensor; 12]> = x.into_iter().chain(given.tensors[N..].iter().map(|x| &**x)).collect();
        let recorder = Rc::new(Recorder(RefCell::new(Record::of(&tensors, beginning())?)));
        let before = given.positions();
        let outcome = {
            let _watched = Watched::by(Some(Rc::clone(&recorder) as _));
            inside::run(|| (self.function)(model, x))
        };
        let mut record = recorder.0.take();
        let sets = std::mem::take(&mut record.sets);
        let drawn: Vec<u64> = given.streams.iter().map(|stream| record.drawn(stream.place())).collect();
        let kept = match record.refusal().map(|()| outcome) {
            Err(refusal) => Err(refusal),
            // What the function refuses leaves what a run leaves, but where it refuses to be recorded.
            Ok(Err(error)) if error.kind() != ErrorKind::Capture => return Err(error),
            Ok(outcome) => outcome.and_then(|y| kept(untracked(y), record, &sets, signature, given, &before)),
        };
        kept.inspect_err(|_| given.undo(&before, &drawn, &sets))
    }
}

/// The program of a run that has ended, and has set the buffers in these places.
fn kept<O: Outputs>(
    mut output: O,
    record: Record,
    sets: &[usize],
    signature: Signature,
    given: &Given<'_>,
    before: &[u64],
) -> Result<Captured<O>> {
    let moved = given
        .streams
        .iter()
        .zip(before)
        .map(|(stream, before)| (stream.place(), stream.position().1.wrapping_sub(*before)));
    let draws = record.draws_of(&moved.collect::<Vec<_>>())?;
    let of_model = |set: &usize| given.buffers.iter().any(|(_, own)| own.place() == *set);
    if !sets.iter().all(of_model) {
        let text = "capture: it sets a Buffer that is not one of the model; a later run would not";
        return Err(Error::new(ErrorKind::Capture, text));
    }
    // Another thread may have set others meanwhile.
    let own = |(number, _): &(usize, Tensor)| sets.contains(&given.buffers[*number].1.place());
    let set: Vec<(usize, Tensor)> = given.changed_buffers().filter(own).collect();
    let mut returned = Vec::new();
    output.tensors(&mut |tensor| returned.push(&*tensor));
    returned.extend(set.iter().map(|(_, tensor)| tensor));
    let program = Program::new(record, &returned)?;
    Ok(Captured { signature, program, draws, output, set })
}

/// The same values without their history.
fn untracked<O: Outputs>(mut output: O) -> O {
    output.tensors(&mut |tensor| *tensor = tensor.detach());
    output
}

impl<M: ?Sized, F, O, const N: usize> fmt::Display for Capture<M, F, O, N> {
    /// Every program as a list of its kernels.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.programs.iter().try_for_each(|captured| writeln!(f, "{}", captured.program))
    }
}

impl<M: ?Sized, F, O, const N: usize> fmt::Debug for Capture<M, F, O, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Capture").field("programs", &self.programs.len()).finish_non_exhaustive()
    }
}
