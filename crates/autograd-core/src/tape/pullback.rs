//! The backward half of an operation, and the access to the walk that the engine gives it.

use super::part::Part;
use crate::error::{Error, ErrorKind, Result};
use crate::storage::opaque::{Opaque, Typed};
use crate::tensor::{Link, Tensor};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// The backward half of an operation: a struct whose fields are exactly what it needs.
///
/// It gives the gradients of the operation's inputs to the engine ([`Pull::give`]), which decides what is computed:
/// only what is wanted, as a fused kernel in a plain walk, as differentiable tensor code in a walk that is itself
/// recorded. The engine sums a gradient down to a broadcast input's shape, adds up the gradients of a value used
/// several times, checks shapes and frees what was saved; a pull-back does none of that.
///
/// The tape keeps one pull-back for each output. An operation with two float outputs records both, and their pull-backs
/// share what they save; a pull-back is linear in `gy`, so the walk adds up what the two give.
///
/// # Examples
/// ```
/// use autograd_core::{Pull, Pullback, Result, Saved, Tensor, record_custom};
///
/// /// z = x y
/// struct Product {
///     x: Saved,
///     y: Saved,
/// }
///
/// impl Pullback for Product {
///     fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
///         let gy = at.gy();
///         let (x, y) = (self.x.get(at), self.y.get(at));
///         at.give(0, || gy.try_mul(&y))?;
///         at.give(1, || gy.try_mul(&x))
///     }
///     fn saved(&self, see: &mut dyn FnMut(&Saved)) {
///         see(&self.x);
///         see(&self.y);
///     }
/// }
///
/// let (x, y) = (Tensor::from(3.0).requires_grad(), Tensor::from(4.0).requires_grad());
/// let z = record_custom("product", x.detach() * y.detach(), &[&x, &y], |_| {
///     Product { x: Saved::input(0, &x), y: Saved::input(1, &y) }
/// });
/// assert_eq!(z.backward()?.get(&x).expect("a leaf").item::<f32>()?, 4.0);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub trait Pullback: Send + Sync {
    /// Gives the gradients as differentiable tensor code.
    ///
    /// # Errors
    /// If they cannot be computed, or there is no second derivative ([`Pull::first_order_only`]).
    fn pull(&self, at: &mut Pull<'_>) -> Result<()>;

    /// Gives the same gradients by fused kernels, which are not differentiable. It runs when the walk is not recorded;
    /// by default it is `pull`.
    ///
    /// # Errors
    /// If they cannot be computed.
    fn pull_fused(&self, at: &mut Pull<'_>) -> Result<()> {
        self.pull(at)
    }

    /// Whether there are gradients of the right shape that it refuses, for what they are: then a function that is made
    /// linear ([`linearize`](crate::linearize)) is asked for its refusals first. Default false.
    fn may_refuse(&self) -> bool {
        false
    }

    /// Shows every value that it saved, for the memory accounting of graphs. The suite of the cases counts them.
    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        let _ = see;
    }
}

/// A pull-back of any type, in recycled memory: a `Box<dyn Pullback>` would ask the allocator for each operation.
pub(crate) struct Held {
    state: Opaque,
    typed: fn(&Opaque) -> Option<&dyn Pullback>,
}

impl Held {
    #[inline]
    pub(crate) fn new<P: Pullback + 'static>(pullback: P) -> Held {
        if Typed::<P>::ALIGNED {
            return Held {
                state: Typed::share(|| pullback).into(),
                typed: |state| state.get::<P>().map(|p| &***p as _),
            };
        }
        // Recycled memory has the alignment of a pointer; a pull-back that needs more, as one with SIMD vectors of a
        // user's own does, is boxed.
        let boxed = Box::new(pullback);
        Held { state: Typed::share(|| boxed).into(), typed: |state| state.get::<Box<P>>().map(|p| &****p as _) }
    }

    /// The pull-back.
    #[inline]
    pub(crate) fn get(&self) -> &dyn Pullback {
        (self.typed)(&self.state).unwrap_or_else(|| unreachable!("it was made with this type"))
    }
}

/// The arguments of a pull-back: the gradient of the output, the inputs whose gradients are wanted, and the way to give
/// those.
///
/// # Examples
/// ```
/// use autograd_core::{Pull, Pullback, Result, Saved, Tensor, record_custom};
///
/// /// y = s √x, where the scale s has no gradient.
/// struct ScaledRoot {
///     y: Saved,
///     scale: Saved,
/// }
///
/// impl Pullback for ScaledRoot {
///     fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
///         at.first_order_only()?;
///         assert_eq!((at.inputs(), at.wants(0), at.wants(1)), (2, true, false));
///         let slope = self.scale.value().square().try_div(&self.y.value().mul_scalar(2.0))?;
///         let gy = at.gy();
///         at.give(0, || gy.try_mul(&slope))?;
///         at.give_nothing(1);
///         Ok(())
///     }
/// }
///
/// let (x, s) = (Tensor::from([4.0, 16.0]).requires_grad(), Tensor::from([1.0, 4.0]));
/// let value = x.detach().sqrt() * &s;
/// let y = record_custom("scaled_root", value, &[&x, &s], |y| ScaledRoot { y, scale: Saved::constant(&s) });
/// assert_eq!(y.sum().backward()?.get(&x).expect("a leaf").to_vec::<f32>()?, [0.25, 0.5]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub struct Pull<'a> {
    gy: &'a Tensor,
    wanted: Inputs,
    given: Inputs,
    /// Whether the walk is recorded, whatever is while a pull-back of a user's runs.
    recorded: bool,
    walk: &'a mut dyn Step,
}

/// A set of inputs of one operation: a word, and a list for those of large operations.
#[derive(Default)]
pub(super) struct Inputs {
    /// Bit i for input i.
    first: u64,
    /// The others.
    #[expect(clippy::box_collection, reason = "one word where there are none, as nearly always")]
    beyond: Option<Box<BTreeSet<usize>>>,
}

impl Inputs {
    #[inline]
    pub(super) fn insert(&mut self, input: usize) {
        match input {
            0..64 => self.first |= 1 << input,
            _ => _ = self.beyond.get_or_insert_default().insert(input),
        }
    }

    #[inline]
    fn contains(&self, input: usize) -> bool {
        match input {
            0..64 => self.first >> input & 1 == 1,
            _ => self.beyond.as_ref().is_some_and(|beyond| beyond.contains(&input)),
        }
    }
}

/// The step of a walk that a pull-back is run for: the facts about the node, and the place that gradients go to.
pub(super) trait Step {
    fn op(&self) -> &'static str;
    fn inputs(&self) -> usize;
    fn link(&self, origin: Origin) -> Option<Link>;
    fn add(&mut self, input: usize, gradient: Tensor) -> Result<()>;
    fn add_part(&mut self, input: usize, part: &dyn Part, gradient: &Tensor) -> Result<()>;
}

impl<'a> Pull<'a> {
    pub(super) fn new(gy: &'a Tensor, wanted: Inputs, recorded: bool, walk: &'a mut dyn Step) -> Self {
        Pull { gy, wanted, given: Inputs::default(), recorded, walk }
    }

    /// The gradient of the loss with respect to the output; it has the output's shape and dtype.
    pub fn gy(&self) -> &'a Tensor {
        self.gy
    }

    /// The number of inputs of the operation.
    pub fn inputs(&self) -> usize {
        self.walk.inputs()
    }

    /// Whether the gradient of input `input` is needed.
    pub fn wants(&self, input: usize) -> bool {
        self.wanted.contains(input)
    }

    /// Gives the gradient of input `input`, which is computed only if it is needed. Several gradients for one input add
    /// up.
    ///
    /// # Errors
    /// The error of `gradient`; or an error if the gradient does not have the input's dtype and a shape that the input
    /// broadcasts to.
    pub fn give(&mut self, input: usize, gradient: impl FnOnce() -> Result<Tensor>) -> Result<()> {
        if !self.wants(input) {
            return Ok(());
        }
        self.given.insert(input);
        self.walk.add(input, gradient()?)
    }

    /// Declares that nothing flows to input `input`. An input that is needed and gets neither this nor a gradient is an
    /// error of the walk, so a forgotten gradient is never a silent zero.
    pub fn give_nothing(&mut self, input: usize) {
        self.given.insert(input);
    }

    /// Gives the gradient of a part of input `input`; those of all other elements are 0. It is added in place to what
    /// has been given so far: many parts cost as much as the whole.
    pub(crate) fn give_part(&mut self, input: usize, part: &dyn Part, gradient: &Tensor) -> Result<()> {
        if !self.wants(input) {
            return Ok(());
        }
        self.given.insert(input);
        self.walk.add_part(input, part, gradient)
    }

    /// The first input that was wanted and got nothing.
    pub(super) fn forgotten(&self) -> Option<usize> {
        let forgotten = self.wanted.first & !self.given.first;
        if forgotten != 0 {
            return Some(forgotten.trailing_zeros() as usize);
        }
        let beyond = self.wanted.beyond.as_ref()?;
        beyond.iter().copied().find(|input| !self.given.contains(*input))
    }

    /// Fails in a recorded walk, for a pull-back that is not made of differentiable operations.
    ///
    /// # Errors
    /// Always, in a recorded walk.
    pub fn first_order_only(&self) -> Result<()> {
        if !self.recorded {
            return Ok(());
        }
        Err(Error::new(ErrorKind::NoDerivative, format!("{} has no second derivative", self.walk.op())))
    }
}

/// A value that a pull-back keeps.
///
/// It holds the bare value, never a node: with the output's node inside, a node would own itself and never be freed.
/// [`Saved::get`] hands the value over re-attached to the tape where that matters.
///
/// # Examples
/// ```
/// use autograd_core::{Saved, Tensor};
/// let y = Tensor::from(2.0).requires_grad().exp();
/// let saved = Saved::output(&y);
/// assert!(!saved.value().is_tracked());
/// assert_eq!(saved.value().item::<f32>()?, y.item::<f32>()?);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Saved {
    value: Tensor,
    origin: Origin,
}

/// The role of a saved value in its operation.
#[derive(Clone, Copy)]
pub(super) enum Origin {
    Input(usize),
    Output,
    Constant,
}

impl Saved {
    /// Input number `index` of the operation.
    #[inline]
    pub fn input(index: usize, value: &Tensor) -> Saved {
        Saved::new(value, Origin::Input(index))
    }

    /// The output of the operation.
    #[inline]
    pub fn output(value: &Tensor) -> Saved {
        Saved::new(value, Origin::Output)
    }

    /// A value through which no gradient flows: indices, a mask, a number for each row that was computed on the way.
    #[inline]
    pub fn constant(value: &Tensor) -> Saved {
        Saved::new(value, Origin::Constant)
    }

    #[inline]
    fn new(value: &Tensor, origin: Origin) -> Saved {
        #[cfg(test)]
        SAVED.set(SAVED.get() + 1);
        Saved { value: value.untied(), origin }
    }

    /// The value, tracked again if the walk is being recorded.
    #[inline]
    pub fn get<'s>(&'s self, at: &Pull<'_>) -> Cow<'s, Tensor> {
        if !at.recorded {
            return Cow::Borrowed(&self.value);
        }
        Cow::Owned(self.value.untied().with_link(at.walk.link(self.origin)))
    }

    /// The bare value.
    pub fn value(&self) -> &Tensor {
        &self.value
    }
}

#[cfg(test)]
thread_local! {
    /// The number of values that this thread has saved, to compare with what [`Pullback::saved`] shows.
    pub(crate) static SAVED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pullback_may_be_of_any_alignment() {
        #[repr(align(64))]
        struct Wide(f64);
        impl Pullback for Wide {
            fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
                let gy = at.gy();
                at.give(0, || Ok(gy.mul_scalar(self.0)))
            }
        }
        let x = Tensor::from(3.0).requires_grad();
        let y = crate::record_custom("wide", x.mul_scalar(2.0), &[&x], |_| Wide(2.0));
        let grads = y.backward().expect("tracked");
        assert_eq!(grads.get(&x).map(Tensor::to_f64s), Some(vec![2.0]));
    }

    #[test]
    fn so_is_one_among_very_many() {
        struct FirstOnes;
        impl Pullback for FirstOnes {
            fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
                let gy = at.gy();
                (0..68).try_for_each(|i| at.give(i, || Ok(gy.clone())))
            }
        }
        let x: Vec<Tensor> = (0..70).map(|_| Tensor::from(1.0).requires_grad()).collect();
        let y = crate::record_custom("many", Tensor::from(70.0), &x.iter().collect::<Vec<_>>(), |_| FirstOnes);
        let error = y.backward_keep().expect_err("two are missing");
        assert!(error.to_string().starts_with("many: its pull-back gave no gradient for input 68"), "{error}");
    }

    #[test]
    fn a_forgotten_gradient_is_an_error() {
        struct Forgetful;
        impl Pullback for Forgetful {
            fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
                let gy = at.gy();
                at.give(0, || Ok(gy.clone()))
            }
        }
        let (x, y) = (Tensor::from(3.0).requires_grad(), Tensor::from(4.0).requires_grad());
        let sum = x.detach().try_add(&y.detach()).expect("scalars");
        let error = crate::record_custom("sum", sum, &[&x, &y], |_| Forgetful).backward().expect_err("half is missing");
        let text = "sum: its pull-back gave no gradient for input 1; where none flows, it says so by give_nothing";
        assert_eq!(error.to_string(), text);
    }
}
