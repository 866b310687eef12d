//! Columns with mean 0 and variance 1.
//!
//! ```text
//! y = (x − μ) / s    μ = mean of a column, s = √(its population variance), both over the numbers that are not NaN
//! s = 1 where the variance is 0 but for rounding: σ² ≤ n ε σ² + (n μ ε)²
//! ```

use super::{Fit, Transform};
use crate::error::{Error, Result};
use autograd_core::module::{StateDict, StateMismatch, StateProblem};
use autograd_core::{DType, Error as CoreError, Shape, Tensor};

/// Scales each column to mean 0 and variance 1.
///
/// ```text
/// y = (x − μ) / s
/// ```
///
/// # Shapes
/// `x: [N, D] → [N, D]`.
///
/// # Gradient
/// Applying is differentiable; fitting is not recorded.
///
/// # Numerics
/// All arithmetic is in f64, the result has the dtype of `x`. The variance is the population's, two-pass. A constant
/// column gets scale 1. NaN stands for a missing number: ignored in fitting, NaN again in the result.
///
/// # Errors
/// `fit` fails if `x` is not a float tensor `[N, D]` with at least one row and one column, or holds an infinity.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_data::transform::{Fit, StandardScaler, Transform};
///
/// let (scaler, y) = StandardScaler::new().fit_transform(&Tensor::from([[1.0, 5.0], [3.0, 5.0]]))?;
/// assert_eq!(y.to_vec::<f32>()?, [-1.0, 0.0, 1.0, 0.0]);
/// assert_eq!(scaler.inverse_transform(&y)?.to_vec::<f32>()?, [1.0, 5.0, 3.0, 5.0]);
/// # Ok::<(), wengert_data::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandardScaler {
    /// Whether the mean is subtracted.
    pub with_mean: bool,
    /// Whether columns are divided by their standard deviation.
    pub with_std: bool,
}

impl Default for StandardScaler {
    fn default() -> Self {
        StandardScaler { with_mean: true, with_std: true }
    }
}

impl StandardScaler {
    /// Subtracts the mean and divides by the standard deviation.
    pub fn new() -> StandardScaler {
        StandardScaler::default()
    }

    /// Sets whether the mean is subtracted.
    pub fn with_mean(mut self, with_mean: bool) -> StandardScaler {
        self.with_mean = with_mean;
        self
    }

    /// Sets whether columns are divided by their standard deviation.
    pub fn with_std(mut self, with_std: bool) -> StandardScaler {
        self.with_std = with_std;
        self
    }
}

impl Fit for StandardScaler {
    type Fitted = FittedStandardScaler;

    fn fit(&self, x: &Tensor) -> Result<FittedStandardScaler> {
        let op = "StandardScaler";
        let columns = match x.shape() {
            [rows, columns] if *rows > 0 && *columns > 0 => *columns,
            got => {
                let (got, expected) = (got.into(), "[N, D] with at least one row and one column");
                return Err(Error::WrongShape { op, what: "x", got, expected });
            }
        };
        if !x.dtype().is_float() {
            return Err(CoreError::not_float(op, x.dtype()).into());
        }
        let x = x.to_f64s();
        if let Some(at) = x.iter().position(|x| x.is_infinite()) {
            return Err(Error::Infinite { op, value: x[at], row: at / columns, column: at % columns });
        }
        let moments = Moments::of(&x, columns);
        let column = |values: &[f64]| Tensor::from_slice(values, &[columns]);
        let scale: Vec<f64> = moments.scale();
        Ok(FittedStandardScaler {
            mean: if self.with_mean || self.with_std { Some(column(&moments.mean)?) } else { None },
            var: if self.with_std { Some(column(&moments.var)?) } else { None },
            scale: if self.with_std { Some(column(&scale)?) } else { None },
            n_samples_seen: Tensor::from_slice(&moments.count, &[columns])?,
            with_mean: self.with_mean,
            columns,
        })
    }
}

/// Count, mean and population variance of each column, NaN ignored.
struct Moments {
    count: Vec<i64>,
    mean: Vec<f64>,
    var: Vec<f64>,
}

impl Moments {
    fn of(x: &[f64], columns: usize) -> Moments {
        let mut count = vec![0i64; columns];
        let mut mean = vec![0.0; columns];
        for row in x.chunks_exact(columns) {
            for (d, x) in row.iter().enumerate().filter(|(_, x)| !x.is_nan()) {
                count[d] += 1;
                mean[d] += x;
            }
        }
        mean.iter_mut().zip(&count).for_each(|(mean, n)| *mean /= *n as f64);
        // What the deviations sum to is the rounding of the mean; its square is taken out again.
        let mut deviations = vec![0.0; columns];
        let mut squares = vec![0.0; columns];
        for row in x.chunks_exact(columns) {
            for (d, x) in row.iter().enumerate().filter(|(_, x)| !x.is_nan()) {
                let deviation = x - mean[d];
                deviations[d] += deviation;
                squares[d] += deviation * deviation;
            }
        }
        let var = (0..columns).map(|d| {
            let n = count[d] as f64;
            (squares[d] - deviations[d] * deviations[d] / n) / n
        });
        Moments { var: var.collect(), count, mean }
    }

    /// Standard deviations, 1 for columns that are constant but for rounding.
    fn scale(&self) -> Vec<f64> {
        let scale = |((var, mean), n): ((&f64, &f64), &i64)| {
            let n = *n as f64;
            let rounding = n * f64::EPSILON * var + (n * mean * f64::EPSILON).powi(2);
            if *var <= rounding { 1.0 } else { var.sqrt() }
        };
        self.var.iter().zip(&self.mean).zip(&self.count).map(scale).collect()
    }
}

/// A [`StandardScaler`] that has seen data.
#[derive(Clone, Debug)]
pub struct FittedStandardScaler {
    mean: Option<Tensor>,
    var: Option<Tensor>,
    scale: Option<Tensor>,
    n_samples_seen: Tensor,
    with_mean: bool,
    columns: usize,
}

impl FittedStandardScaler {
    /// The mean of each column, F64 `[D]`; none if neither mean nor standard deviation was asked for.
    pub fn mean(&self) -> Option<&Tensor> {
        self.mean.as_ref()
    }

    /// The population variance of each column, F64 `[D]`; none without `with_std`.
    pub fn var(&self) -> Option<&Tensor> {
        self.var.as_ref()
    }

    /// What each column is divided by, F64 `[D]`; none without `with_std`.
    pub fn scale(&self) -> Option<&Tensor> {
        self.scale.as_ref()
    }

    /// How many numbers of each column were not NaN, I64 `[D]`.
    pub fn n_samples_seen(&self) -> &Tensor {
        &self.n_samples_seen
    }

    /// The scaler that [`Transform::state_dict`] saved.
    ///
    /// # Errors
    /// If a tensor is missing, left over, or of another shape or dtype; one report names them all.
    pub fn from_state_dict(state: &StateDict) -> Result<FittedStandardScaler> {
        let mut reader = Reader { state, problems: Vec::new() };
        let with_mean = reader.flag("with_mean");
        let with_std = reader.flag("with_std");
        let n_samples_seen = reader.tensor("n_samples_seen", DType::I64, None);
        let columns = n_samples_seen.as_ref().map(Tensor::numel);
        let known = |name: &str| match name {
            "with_mean" | "with_std" | "n_samples_seen" => true,
            "mean" => with_mean || with_std,
            "var" | "scale" => with_std,
            _ => false,
        };
        let mut column = |name: &str| if known(name) { reader.tensor(name, DType::F64, columns) } else { None };
        let (mean, var, scale) = (column("mean"), column("var"), column("scale"));
        let left_over = state.iter().filter(|(name, _)| !known(name));
        reader.problems.extend(left_over.map(|(name, _)| StateProblem::Unexpected(name.into())));
        match n_samples_seen {
            Some(n_samples_seen) if reader.problems.is_empty() => {
                let columns = n_samples_seen.numel();
                Ok(FittedStandardScaler { mean, var, scale, n_samples_seen, with_mean, columns })
            }
            _ => Err(CoreError::from(StateMismatch { problems: reader.problems }).into()),
        }
    }

    /// `x` as f64, once it is known to have the right columns.
    fn checked(&self, op: &'static str, x: &Tensor) -> Result<Tensor> {
        if x.rank() != 2 || x.shape().last() != Some(&self.columns) {
            return Err(Error::Columns { op, got: x.shape().into(), columns: self.columns });
        }
        if !x.dtype().is_float() {
            return Err(CoreError::not_float(op, x.dtype()).into());
        }
        Ok(x.to_dtype(DType::F64))
    }

    fn shift(&self) -> Option<&Tensor> {
        self.mean.as_ref().filter(|_| self.with_mean)
    }
}

impl Transform for FittedStandardScaler {
    fn transform(&self, x: &Tensor) -> Result<Tensor> {
        let mut y = self.checked("StandardScaler::transform", x)?;
        if let Some(mean) = self.shift() {
            y = y.try_sub(mean)?;
        }
        if let Some(scale) = &self.scale {
            y = y.try_div(scale)?;
        }
        Ok(y.to_dtype(x.dtype()))
    }

    fn inverse_transform(&self, y: &Tensor) -> Result<Tensor> {
        let mut x = self.checked("StandardScaler::inverse_transform", y)?;
        if let Some(scale) = &self.scale {
            x = x.try_mul(scale)?;
        }
        if let Some(mean) = self.shift() {
            x = x.try_add(mean)?;
        }
        Ok(x.to_dtype(y.dtype()))
    }

    fn state_dict(&self) -> StateDict {
        let mut state = StateDict::new();
        state.insert("with_mean", Tensor::scalar(self.with_mean));
        state.insert("with_std", Tensor::scalar(self.scale.is_some()));
        state.insert("n_samples_seen", self.n_samples_seen.clone());
        for (name, value) in [("mean", &self.mean), ("var", &self.var), ("scale", &self.scale)] {
            value.iter().for_each(|value| state.insert(name, Tensor::clone(value)));
        }
        state
    }
}

/// Takes tensors out of a state dict and notes what does not fit.
struct Reader<'s> {
    state: &'s StateDict,
    problems: Vec<StateProblem>,
}

impl Reader<'_> {
    fn flag(&mut self, name: &str) -> bool {
        let value = self.get(name, DType::Bool, |shape| shape.is_empty(), &[]);
        value.and_then(|value| value.item().ok()).unwrap_or(false)
    }

    /// A tensor of one dimension, of so many elements if that is known.
    fn tensor(&mut self, name: &str, dtype: DType, len: Option<usize>) -> Option<Tensor> {
        let fits = |shape: &[usize]| shape.len() == 1 && len.is_none_or(|len| shape == [len]);
        self.get(name, dtype, fits, &[len.unwrap_or(1)])
    }

    fn get(&mut self, name: &str, dtype: DType, fits: impl Fn(&[usize]) -> bool, shape: &[usize]) -> Option<Tensor> {
        match self.state.get(name) {
            None => self.problems.push(StateProblem::Missing(name.into())),
            Some(value) if value.dtype() != dtype || !fits(value.shape()) => {
                let (got, expected) = ((value.dtype(), Shape::from(value.shape())), (dtype, Shape::from(shape)));
                self.problems.push(StateProblem::Misshapen { name: name.into(), got, expected });
            }
            Some(value) => return Some(value.clone()),
        }
        None
    }
}
