//! Loading of a state of which parts may not fit.

use super::leaves::touch;
use super::state::{found, mismatches, put, ties};
use super::{Module, StateDict, StateMismatch, StateProblem};
use crate::error::Result;
use crate::tensor::Tensor;
use std::fmt;

/// The options of [`Module::load_state_dict_with`].
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::{LoadOptions, Module, Param, StateDict}};
/// let mut model = vec![Param::new(Tensor::from([1.0, 2.0]))?, Param::new(Tensor::from(3.0))?];
/// let state: StateDict = [("0".into(), Tensor::from([5.0, 6.0])), ("head".into(), Tensor::from(7.0))].into_iter().collect();
/// let report = model.load_state_dict_with(&state, LoadOptions::new().strict(false))?;
/// assert_eq!((report.missing(), report.unexpected()), (vec!["1"], vec!["head"]));
/// assert_eq!((model[0].to_f64s(), model[1].to_f64()?), (vec![5.0, 6.0], 3.0));
/// assert!(model.load_state_dict_with(&state, LoadOptions::new()).is_err());
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadOptions {
    strict: bool,
    convert: bool,
}

impl Default for LoadOptions {
    fn default() -> Self {
        LoadOptions { strict: true, convert: false }
    }
}

impl LoadOptions {
    /// The defaults: as [`Module::load_state_dict`].
    pub fn new() -> LoadOptions {
        LoadOptions::default()
    }

    /// Whether everything must fit. If not, what is missing or has another shape stays as it is in the module, and what
    /// the module does not have is left out; the [`LoadReport`] names all of it. Two tensors of one name, or for one
    /// tied parameter, are an error in any case. Default true.
    ///
    /// # Differs from
    /// PyTorch, where tensors of other shapes are an error in any case.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> LoadOptions {
        self.strict = strict;
        self
    }

    /// Whether floats are converted to the dtype that the module has them in. Default false: another dtype does not
    /// fit.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor, module::{LoadOptions, Module, Param, StateDict}};
    /// let mut model = vec![Param::new(Tensor::from(1.0))?];
    /// let state = [("0".into(), Tensor::from(2.0).to_dtype(DType::F64))].into_iter().collect();
    /// assert!(model.load_state_dict(&state).is_err());
    /// let _ = model.load_state_dict_with(&state, LoadOptions::new().convert(true))?;
    /// assert_eq!(model[0].item::<f32>()?, 2.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[must_use]
    pub fn convert(mut self, convert: bool) -> LoadOptions {
        self.convert = convert;
        self
    }
}

/// The outcome of [`Module::load_state_dict_with`]; its `Display` is a list.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::{LoadOptions, LoadReport, Module, Param, StateDict}};
/// let mut model = vec![Param::new(Tensor::from([1.0, 2.0]))?];
/// let state = [("0".into(), Tensor::from([5.0]))].into_iter().collect();
/// let report: LoadReport = model.load_state_dict_with(&state, LoadOptions::new().strict(false))?;
/// assert_eq!((report.loaded.len(), report.misshapen()), (0, vec!["0"]));
/// assert_eq!(report.to_string(), "loaded 0 of 1 names\n  0: F32 [1], expected F32 [2]");
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[must_use = "it says what was not loaded"]
pub struct LoadReport {
    /// The names whose tensors were loaded, in the order of the module.
    pub loaded: Vec<String>,
    /// All that does not fit, in the order of the module, then what is left over.
    pub problems: Vec<StateProblem>,
    /// How many names the module has.
    names: usize,
}

impl LoadReport {
    /// The names that the module has and the state does not.
    pub fn missing(&self) -> Vec<&str> {
        self.names_of(|problem| matches!(problem, StateProblem::Missing(_)))
    }

    /// The names that the state has and the module does not.
    pub fn unexpected(&self) -> Vec<&str> {
        self.names_of(|problem| matches!(problem, StateProblem::Unexpected(_)))
    }

    /// The names of tensors with another shape or dtype than in the module.
    pub fn misshapen(&self) -> Vec<&str> {
        self.names_of(|problem| matches!(problem, StateProblem::Misshapen { .. }))
    }

    /// Whether everything fitted.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::{LoadOptions, Module, Param}};
    /// let mut model = vec![Param::new(Tensor::from([1.0, 2.0]))?];
    /// let state = model.state_dict();
    /// assert!(model.load_state_dict_with(&state, LoadOptions::new().strict(false))?.is_whole());
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn is_whole(&self) -> bool {
        self.problems.is_empty()
    }

    fn names_of(&self, which: fn(&StateProblem) -> bool) -> Vec<&str> {
        self.problems.iter().filter(|problem| which(problem)).map(StateProblem::name).collect()
    }
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "loaded {} of {} names", self.loaded.len(), self.names)?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

/// See [`Module::load_state_dict_with`].
pub(super) fn load_with<M: Module + ?Sized>(
    module: &mut M,
    state: &StateDict,
    options: LoadOptions,
) -> Result<LoadReport> {
    let (new, report) = fitting(&module.state_dict(), &ties(module), state, options)?;
    put(&mut touch(module), &new)?;
    Ok(report)
}

/// What of a state fits a module that has the state `own`, in its dtypes.
fn fitting(
    own: &StateDict,
    ties: &[(String, String)],
    state: &StateDict,
    options: LoadOptions,
) -> Result<(StateDict, LoadReport)> {
    let converted = |name: &str, value: &Tensor| match own.get(name).map(Tensor::dtype) {
        Some(dtype) if options.convert && dtype.is_float() && value.dtype().is_float() => {
            value.to_dtype(dtype).detach()
        }
        _ => value.detach(),
    };
    let mut new: StateDict = state.iter().map(|(name, value)| (name.to_string(), converted(name, value))).collect();
    let problems = mismatches(own, ties, &new, true);
    let fatal = |problem: &&StateProblem| {
        options.strict || matches!(problem, StateProblem::Twice(_) | StateProblem::Torn { .. })
    };
    let refused: Vec<StateProblem> = problems.iter().filter(fatal).cloned().collect();
    if !refused.is_empty() {
        return Err(StateMismatch { problems: refused }.into());
    }
    for problem in &problems {
        new.remove(problem.name());
    }
    let fits = |name: &&str| !problems.iter().any(|problem| problem.name() == *name);
    let all = own.iter().map(|(name, _)| name).filter(fits).filter(|name| found(&new, ties, name).is_some());
    let loaded = all.map(String::from).collect();
    Ok((new, LoadReport { loaded, problems, names: own.len() }))
}
