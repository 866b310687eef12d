//! Named tensors: the saved state of a module, loaded back whole or not at all.

use super::leaves::{Look, Touch, look, touch};
use super::{Item, ItemMut, Module, Param};
use crate::error::{Error, ErrorKind, Result};
use crate::shape::Shape;
use crate::tensor::{DType, Tensor};
use std::collections::{BTreeMap, HashSet};
use std::fmt;

/// Tensors by name, in a fixed order. It is written as a safetensors file, with PyTorch's names and layouts.
///
/// A model that gives one name to two of its tensors has a state dict with both. It is refused where names must be
/// unique: where it is written, and where it is loaded.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::{Module, Param, StateDict}};
/// let mut state = StateDict::new();
/// state.insert("weight", Tensor::from([3.0, 4.0]));
/// let mut model = vec![Param::new(Tensor::from(0.0))?];
/// model.load_state_dict(&[("0".into(), Tensor::from(2.0))].into_iter().collect())?;
/// assert_eq!((state.len(), model.state_dict().get("0").expect("there").item::<f32>()?), (1, 2.0));
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "it is a copy of a state: nothing is saved or loaded by making it"]
pub struct StateDict {
    entries: Vec<(String, Tensor)>,
    metadata: BTreeMap<String, String>,
}

impl StateDict {
    /// A state dict without tensors.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::module::StateDict;
    /// assert!(StateDict::new().is_empty());
    /// ```
    pub fn new() -> StateDict {
        StateDict::default()
    }

    /// Adds a tensor, or replaces the one of the same name.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::StateDict};
    /// let mut state = StateDict::new();
    /// state.insert("bias", Tensor::from([1.0, 2.0]));
    /// assert_eq!(state.len(), 1);
    /// ```
    pub fn insert(&mut self, name: impl Into<String>, value: Tensor) {
        let name = name.into();
        match self.entries.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.entries.push((name, value)),
        }
    }

    /// Adds a tensor, also if there is one of the same name.
    pub(crate) fn append(&mut self, name: String, value: Tensor) {
        self.entries.push((name, value));
    }

    /// The names that occur more than once, in order.
    pub(super) fn twice(&self) -> Vec<&str> {
        let (mut seen, mut twice) = (HashSet::new(), Vec::new());
        for (name, _) in self.iter() {
            if !seen.insert(name) && !twice.contains(&name) {
                twice.push(name);
            }
        }
        twice
    }

    /// Texts by name that stand in a file beside the tensors. A file that is read keeps its own; one that is written
    /// has also `format: pt`, by which other libraries know the layout, unless it says something else.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// The texts beside the tensors, for changing.
    ///
    /// ```
    /// use autograd_core::module::StateDict;
    /// let mut state = StateDict::new();
    /// state.metadata_mut().insert("licence".into(), "MIT".into());
    /// let bytes = state.to_safetensors()?;
    /// let back = StateDict::from_safetensors(&bytes, "memory".as_ref())?;
    /// assert_eq!(back.metadata()["licence"], "MIT");
    /// assert_eq!(back.metadata()["format"], "pt");
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn metadata_mut(&mut self) -> &mut BTreeMap<String, String> {
        &mut self.metadata
    }

    /// The tensor of a name.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::StateDict};
    /// let mut state = StateDict::new();
    /// state.insert("bias", Tensor::from([1.0, 2.0]));
    /// assert_eq!(state.get("bias").expect("there").shape(), [2]);
    /// assert!(state.get("weight").is_none());
    /// ```
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.entries.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Removes a tensor.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::StateDict};
    /// let mut state = StateDict::new();
    /// state.insert("bias", Tensor::from([1.0, 2.0]));
    /// assert!(state.remove("bias").is_some() && state.is_empty());
    /// ```
    pub fn remove(&mut self, name: &str) -> Option<Tensor> {
        let at = self.entries.iter().position(|(known, _)| known == name)?;
        Some(self.entries.remove(at).1)
    }

    /// The same tensors under other names: those that another framework, or an older version of a model, gives them.
    /// What gets the name of another stands beside it, and is refused where it is loaded or written.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::StateDict};
    /// let state: StateDict = [("module.bias".to_string(), Tensor::from([1.0, 2.0]))].into_iter().collect();
    /// let state = state.map_keys(|name| name.trim_start_matches("module.").to_string());
    /// assert_eq!(state.get("bias").expect("there").shape(), [2]);
    /// ```
    pub fn map_keys(self, mut f: impl FnMut(&str) -> String) -> StateDict {
        let entries = self.entries.into_iter().map(|(name, value)| (f(&name), value)).collect();
        StateDict { entries, metadata: self.metadata }
    }

    /// Names and tensors, in order.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::StateDict};
    /// let mut state = StateDict::new();
    /// state.insert("bias", Tensor::from([1.0, 2.0]));
    /// assert_eq!(state.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["bias"]);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.entries.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The number of tensors.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::StateDict};
    /// let mut state = StateDict::new();
    /// state.insert("bias", Tensor::from([1.0, 2.0]));
    /// assert_eq!(state.len(), 1);
    /// ```
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::module::StateDict;
    /// assert!(StateDict::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// All of them, also those of one name.
impl FromIterator<(String, Tensor)> for StateDict {
    fn from_iter<I: IntoIterator<Item = (String, Tensor)>>(entries: I) -> Self {
        StateDict { entries: entries.into_iter().collect(), metadata: BTreeMap::new() }
    }
}

/// Everything about a state dict that does not fit a module.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::{Module, Param, StateMismatch, StateProblem}};
/// let mut model = vec![Param::new(Tensor::from(0.0))?];
/// let state = [("1".into(), Tensor::from(2.0))].into_iter().collect();
/// let error = model.load_state_dict(&state).unwrap_err();
/// let problems = &error.detail::<StateMismatch>().expect("the names differ").problems;
/// assert_eq!(*problems, [StateProblem::Missing("0".into()), StateProblem::Unexpected("1".into())]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct StateMismatch {
    /// The problems, in the order of the module, then what is left over.
    pub problems: Vec<StateProblem>,
}

/// One thing about a state dict that does not fit.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum StateProblem {
    /// The module has it, the state dict does not.
    Missing(String),
    /// The state dict has it, the module does not.
    Unexpected(String),
    /// The module or the state dict has two of this name.
    Twice(String),
    /// Both have it, with other shapes or dtypes.
    Misshapen {
        /// Its name.
        name: String,
        /// In the state dict.
        got: (DType, Shape),
        /// In the module.
        expected: (DType, Shape),
    },
    /// Both names belong to one parameter, and the state dict has two tensors for it.
    Torn {
        /// The name of the tied place.
        name: String,
        /// The name of the original, or of the other place.
        other: String,
    },
}

impl fmt::Display for StateMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the state does not fit, and nothing was loaded:")?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl StateProblem {
    /// The name that it is about.
    pub(super) fn name(&self) -> &str {
        match self {
            StateProblem::Missing(name) | StateProblem::Unexpected(name) | StateProblem::Twice(name) => name,
            StateProblem::Misshapen { name, .. } | StateProblem::Torn { name, .. } => name,
        }
    }
}

impl fmt::Display for StateProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StateProblem::Missing(name) => write!(f, "missing: {name}"),
            StateProblem::Unexpected(name) => write!(f, "unexpected: {name}"),
            StateProblem::Twice(name) => write!(f, "twice: {name}"),
            StateProblem::Misshapen { name, got, expected } => {
                write!(f, "{name}: {} {}, expected {} {}", got.0, got.1, expected.0, expected.1)
            }
            StateProblem::Torn { name, other } => write!(f, "{name}: tied to {other}, and the two tensors differ"),
        }
    }
}

impl std::error::Error for StateMismatch {}

impl From<StateMismatch> for Error {
    fn from(mismatch: StateMismatch) -> Error {
        Error::new(ErrorKind::State, mismatch.to_string()).with_source(mismatch)
    }
}

/// Whether two tensors have the same bits, or are the same.
fn same(a: &Tensor, b: &Tensor) -> bool {
    // Integers are no floats of as many bits.
    let integers =
        |x: &Tensor| x.to_vec::<i64>().map(|all| all.into_iter().map(i64::cast_unsigned).collect::<Vec<u64>>());
    let bits = |x: &Tensor| integers(x).unwrap_or_else(|_| x.to_f64s().into_iter().map(f64::to_bits).collect());
    a.is_like(b) && (a.node_id().is_some() && a.node_id() == b.node_id() || bits(a) == bits(b))
}

/// The places of tied parameters, each with the name of the original: the one of them that is listed, or else the
/// first.
///
/// # Examples
/// ```
/// # use autograd_core::{Tensor, module::{Param, ties}};
/// let weight = Param::new(Tensor::from(1.0))?;
/// let tied = weight.tie();
/// assert_eq!(ties(&vec![weight, tied]), [("1".to_string(), "0".to_string())]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn ties<M: Module + ?Sized>(module: &M) -> Vec<(String, String)> {
    ties_of(&look(module))
}

fn ties_of(look: Look<'_, '_>) -> Vec<(String, String)> {
    let mut listed: Vec<(String, &Param)> = Vec::new();
    let mut tied: Vec<(String, &Param)> = Vec::new();
    look(&mut |path, item| match item {
        Item::Param(param) => listed.push((path.to_string(), param)),
        Item::Tied(param) => tied.push((path.to_string(), param)),
        _ => {}
    });
    let mut pairs = Vec::new();
    for (at, (name, param)) in tied.iter().enumerate() {
        let original = listed.iter().chain(&tied[..at]).find(|(_, other)| param.shares_with(other));
        if let Some((original, _)) = original {
            pairs.push((name.clone(), original.clone()));
        }
    }
    pairs
}

/// The first of the names of a tensor that a state has, the original's before those of what is tied to it, and what is
/// there.
pub(super) fn found<'s>(
    state: &'s StateDict,
    ties: &'s [(String, String)],
    name: &'s str,
) -> Option<(&'s str, &'s Tensor)> {
    let original = ties.iter().find(|(tied, _)| tied == name).map_or(name, |(_, original)| original);
    let tied = ties.iter().filter(|(_, other)| other == original).map(|(tied, _)| tied.as_str());
    std::iter::once(original).chain(tied).find_map(|name| Some((name, state.get(name)?)))
}

/// Everything about `state` that does not fit `module`. Without `whole`, names may be missing.
pub(super) fn problems<M: Module + ?Sized>(module: &M, state: &StateDict, whole: bool) -> Vec<StateProblem> {
    mismatches(&module.state_dict(), &ties(module), state, whole)
}

/// What does not fit a module of this state, with these ties.
pub(super) fn mismatches(
    own: &StateDict,
    ties: &[(String, String)],
    state: &StateDict,
    whole: bool,
) -> Vec<StateProblem> {
    let mut twice = own.twice();
    twice.extend(state.twice().into_iter().filter(|name| !own.twice().contains(name)));
    let mut problems: Vec<StateProblem> = twice.into_iter().map(|name| StateProblem::Twice(name.into())).collect();
    for (name, value) in own.iter() {
        let kind = |t: &Tensor| (t.dtype(), Shape::from(t.shape()));
        match (state.get(name), found(state, ties, name)) {
            (None, Some(_)) => {}
            (None, None) if whole => problems.push(StateProblem::Missing(name.into())),
            (None, None) => {}
            (Some(new), _) if kind(new) != kind(value) => {
                problems.push(StateProblem::Misshapen { name: name.into(), got: kind(new), expected: kind(value) });
            }
            (Some(new), Some((other, twin))) if other != name && !same(new, twin) => {
                problems.push(StateProblem::Torn { name: name.into(), other: other.into() });
            }
            (Some(_), _) => {}
        }
    }
    let left_over = state.iter().filter(|(name, _)| own.get(name).is_none());
    problems.extend(left_over.map(|(name, _)| StateProblem::Unexpected(name.into())));
    problems
}

/// See [`Module::load_state_dict`].
pub(super) fn load<M: Module + ?Sized>(module: &mut M, state: &StateDict) -> Result<()> {
    let problems = problems(module, state, true);
    if !problems.is_empty() {
        return Err(StateMismatch { problems }.into());
    }
    put(&mut touch(module), state)
}

/// Replaces what there is a tensor of the name for, of the same dtype and shape.
pub(super) fn put(touch: Touch<'_>, state: &StateDict) -> Result<()> {
    let mut outcome = Ok(());
    touch(&mut |path, item| {
        // A state is values; where they were computed from is no part of it.
        let new = || state.get(&path.to_string()).map(Tensor::detach);
        match (item, &outcome) {
            (ItemMut::Param(param) | ItemMut::Tied(param), Ok(())) => {
                outcome = match new() {
                    Some(value) if value.dtype().is_float() => param.set(value),
                    // One that was given by `value_mut`: it is not trained.
                    Some(value) => {
                        *param.value_mut() = value;
                        Ok(())
                    }
                    None => Ok(()),
                };
            }
            (ItemMut::Buffer(buffer), Ok(())) => new().into_iter().for_each(|value| buffer.set(value)),
            _ => {}
        }
    });
    outcome
}
