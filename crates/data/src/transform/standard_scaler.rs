//! The standard scaler.

use super::{Fit, Transform};
use crate::moments::Moments;
use autograd_core::module::{StateDict, StateMismatch, StateProblem};
use autograd_core::{DType, Error, ErrorKind, Result, Shape, Tensor};

/// Scales each column to mean 0 and variance 1.
///
/// ```text
/// y = (x − μ) / s    μ = mean of a column, s = √σ², σ² = its population variance; both leave out NaN
/// s = 1 where the variance is 0 but for rounding: σ² ≤ n ε σ² + (n μ ε)²
/// ```
///
/// # Shapes
/// `x: [N, D] → [N, D]`.
///
/// # Gradient
/// Applying is differentiable; fitting is not recorded.
///
/// # Numerics
/// All arithmetic is in f64, the result has the dtype of `x`. The variance takes two passes, and its squares neither
/// over- nor underflow; of columns beyond 1e±154 it is itself infinite or 0, and the scale is right all the same. NaN
/// stands for a missing number: `fit` ignores it, and it stays NaN in the result.
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
///
/// # Differs from
/// scikit-learn: `with_mean` and `with_std` are the setters [`mean`](StandardScaler::mean) and
/// [`std`](StandardScaler::std).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandardScaler {
    mean: bool,
    std: bool,
}

impl Default for StandardScaler {
    fn default() -> Self {
        StandardScaler { mean: true, std: true }
    }
}

impl StandardScaler {
    /// By default: subtracts the mean and divides by the standard deviation.
    pub fn new() -> StandardScaler {
        StandardScaler::default()
    }

    /// Whether the mean is subtracted. Default true.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// # use wengert_data::transform::{Fit, StandardScaler};
    /// let (_, y) = StandardScaler::new().mean(false).std(false).fit_transform(&Tensor::from([[1.0], [3.0]]))?;
    /// assert_eq!(y.to_vec::<f32>()?, [1.0, 3.0]);
    /// # Ok::<(), wengert_data::Error>(())
    /// ```
    #[must_use]
    pub fn mean(mut self, mean: bool) -> StandardScaler {
        self.mean = mean;
        self
    }

    /// Whether columns are divided by their standard deviation. Default true.
    #[must_use]
    pub fn std(mut self, std: bool) -> StandardScaler {
        self.std = std;
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
                return Err(Error::shape(op, "x", got, "[N, D] with at least one row and one column"));
            }
        };
        if !x.dtype().is_float() {
            return Err(Error::not_float(op, x.dtype()));
        }
        let x = x.to_f64s();
        if let Some(at) = x.iter().position(|x| x.is_infinite()) {
            let (value, row, column) = (x[at], at / columns, at % columns);
            let text = format!(
                "{op}: x holds {value} at row {row}, column {column}; it must be finite, or NaN where it is missing"
            );
            return Err(Error::new(ErrorKind::NotFinite, text));
        }
        let moments = Moments::of(&x, columns);
        let column = |values: &[f64]| Tensor::from_slice(values, &[columns]);
        let scale: Vec<f64> = moments.scale();
        Ok(FittedStandardScaler {
            mean: if self.mean || self.std { Some(column(&moments.mean())?) } else { None },
            var: if self.std { Some(column(&moments.var())?) } else { None },
            scale: if self.std { Some(column(&scale)?) } else { None },
            n_samples_seen: Tensor::from_slice(&moments.count, &[columns])?,
            with_mean: self.mean,
            columns,
        })
    }
}

/// A [`StandardScaler`] that has seen data.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_data::transform::{Fit, FittedStandardScaler, StandardScaler, Transform};
/// let scaler = StandardScaler::new().fit(&Tensor::from([[1.0], [5.0], [f32::NAN]]))?;
/// let number = |of: Option<&Tensor>| of.expect("learned").item::<f64>();
/// assert_eq!((number(scaler.mean())?, number(scaler.var())?, number(scaler.scale())?), (3.0, 4.0, 2.0));
/// assert_eq!(scaler.n_samples_seen().to_vec::<i64>()?, [2]);
/// let saved = FittedStandardScaler::from_state_dict(&scaler.state_dict())?;
/// assert_eq!(saved.transform(&Tensor::from([[7.0]]))?.to_vec::<f32>()?, [2.0]);
/// # Ok::<(), wengert_data::Error>(())
/// ```
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

    /// The population variance of each column, F64 `[D]`; none without [`std`](StandardScaler::std).
    pub fn var(&self) -> Option<&Tensor> {
        self.var.as_ref()
    }

    /// The divisor of each column, F64 `[D]`; none without [`std`](StandardScaler::std).
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
        // With both flags as they are, or as they may be where one cannot be read.
        let belongs = |name: &str, mean: bool, std: bool| match name {
            "with_mean" | "with_std" | "n_samples_seen" => true,
            "mean" => mean || std,
            "var" | "scale" => std,
            _ => false,
        };
        let needed = |name: &str| belongs(name, with_mean == Some(true), with_std == Some(true));
        let known = |name: &str| belongs(name, with_mean != Some(false), with_std != Some(false));
        let mut column = |name: &str| {
            let read = needed(name) || known(name) && state.get(name).is_some();
            if read { reader.tensor(name, DType::F64, columns) } else { None }
        };
        let (mean, var, scale) = (column("mean"), column("var"), column("scale"));
        let left_over = state.iter().filter(|(name, _)| !known(name));
        reader.problems.extend(left_over.map(|(name, _)| StateProblem::Unexpected(name.into())));
        match (n_samples_seen, with_mean) {
            (Some(n_samples_seen), Some(with_mean)) if reader.problems.is_empty() => {
                let columns = n_samples_seen.numel();
                Ok(FittedStandardScaler { mean, var, scale, n_samples_seen, with_mean, columns })
            }
            _ => Err(StateMismatch { problems: reader.problems }.into()),
        }
    }

    /// `x` as f64, after a check of its columns.
    fn checked(&self, op: &str, x: &Tensor) -> Result<Tensor> {
        if x.rank() != 2 || x.shape().last() != Some(&self.columns) {
            let text = format!("{op}: x has shape {:?}, the scaler was fitted on [N, {}]", x.shape(), self.columns);
            return Err(Error::new(ErrorKind::Shape, text));
        }
        if !x.dtype().is_float() {
            return Err(Error::not_float(op, x.dtype()));
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
    fn flag(&mut self, name: &str) -> Option<bool> {
        self.get(name, DType::Bool, |shape| shape.is_empty(), &[])?.item().ok()
    }

    /// A tensor of one dimension, with `len` elements if that is given.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transform::cases::{Case, matrix};

    cases![
        standard(StandardScaler::new())
            .formula(|x| plain(x, true, true))
            .example(&[1.0, 2.0, 6.0], &[-2.0 / S, -1.0 / S, 3.0 / S])
            // A missing number is ignored and stays missing; a column without numbers stays as it is.
            .example(&[1.0, f64::NAN, 3.0], &[-1.0, f64::NAN, 1.0])
            .example(&[f64::NAN, f64::NAN], &[f64::NAN, f64::NAN])
            .refuses(&zeros(&[3]), &shape("[3]"))
            .refuses(&zeros(&[0, 2]), &shape("[0, 2]"))
            .refuses(&zeros(&[2, 0]), &shape("[2, 0]"))
            .refuses(&zeros(&[1, 2, 3]), &shape("[1, 2, 3]"))
            .refuses(&Tensor::from([[1, 2]]), "StandardScaler: dtype is I64, expected F32 or F64; to_dtype converts")
            .refuses(
                &matrix(2, &[1.0, f64::NAN, f64::NEG_INFINITY, 2.0]),
                "StandardScaler: x holds -inf at row 1, column 0; it must be finite, or NaN where it is missing",
            )
            .refuses_to_apply("StandardScaler", &zeros(&[2, 3]), "x has shape [2, 3], the scaler was fitted on [N, 2]")
            .refuses_to_apply("StandardScaler", &zeros(&[2]), "x has shape [2], the scaler was fitted on [N, 2]")
            .refuses_to_apply(
                "StandardScaler",
                &Tensor::from([[1, 2]]),
                "dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        standard(StandardScaler::new().std(false)).formula(|x| plain(x, true, false)),
        standard(StandardScaler::new().mean(false)).formula(|x| plain(x, false, true)),
        standard(StandardScaler::new().mean(false).std(false)).formula(|x| plain(x, false, false)),
    ];

    /// The standard deviation of 1, 2, 6: √(14/3).
    const S: f64 = 2.160_246_899_469_286_7;

    fn standard(scaler: StandardScaler) -> Case {
        Case::new("StandardScaler", scaler, FittedStandardScaler::from_state_dict)
    }

    /// The formula, as it is written; a column whose variance is lost in rounding is constant.
    fn plain(x: &[f64], mean: bool, std: bool) -> Vec<f64> {
        let n = x.len() as f64;
        let mu = x.iter().sum::<f64>() / n;
        let sigma = (x.iter().map(|x| (x - mu) * (x - mu)).sum::<f64>() / n).sqrt();
        let sigma = if sigma < 1e-9 * mu.abs() { 1.0 } else { sigma };
        x.iter().map(|x| (x - if mean { mu } else { 0.0 }) / if std { sigma } else { 1.0 }).collect()
    }

    fn zeros(shape: &[usize]) -> Tensor {
        Tensor::zeros(shape, DType::F32).expect("a small tensor")
    }

    fn shape(shown: &str) -> String {
        format!("StandardScaler: x has shape {shown}, expected [N, D] with at least one row and one column")
    }

    #[test]
    fn learned_numbers() {
        let nan = f64::NAN;
        let x = matrix(3, &[1.0, 10.0, nan, 2.0, 30.0, nan, 6.0, nan, nan]);
        let known = |scaler: StandardScaler| {
            let fitted = scaler.fit(&x).expect("NaN may be fitted");
            assert_eq!(fitted.n_samples_seen().to_vec::<i64>(), Ok(vec![3, 2, 0]));
            [fitted.mean(), fitted.var(), fitted.scale()].map(|known| known.map(Tensor::to_f64s))
        };
        let [mean, var, scale] = known(StandardScaler::new()).map(|known| known.expect("learned"));
        assert_eq!((&mean[..2], mean[2].is_nan()), (&[3.0, 20.0][..], true));
        assert_eq!((&var[..2], var[2].is_nan()), (&[14.0 / 3.0, 100.0][..], true));
        assert_eq!(scale[..2], [(14.0f64 / 3.0).sqrt(), 10.0]);
        let some = |scaler| known(scaler).map(|known| known.is_some());
        assert_eq!(some(StandardScaler::new().std(false)), [true, false, false]);
        assert_eq!(some(StandardScaler::new().mean(false)), [true, true, true]);
        assert_eq!(some(StandardScaler::new().mean(false).std(false)), [false, false, false]);
    }

    #[test]
    fn constant_columns_keep_their_scale() {
        // The sum of 0.1, 0.1, .. divided by their number is not exactly 0.1.
        for numbers in [&[0.1; 3][..], &[0.1; 10], &[-1.0 / 3.0; 7], &[1e9]] {
            let (scaler, y) = StandardScaler::new().fit_transform(&matrix(1, numbers)).expect("a proper matrix");
            let learned = [scaler.mean(), scaler.var(), scaler.scale()].map(|x| x.expect("learned").to_f64s()[0]);
            assert_eq!(learned, [numbers[0], 0.0, 1.0]);
            assert_eq!(y.to_f64s(), vec![0.0; numbers.len()]);
        }
    }

    #[test]
    fn columns_of_any_size_are_scaled() {
        for size in [1e-320, 1e-200, 1e-160, 1e-3, 1e160, 1e300, f64::MAX / 8.0] {
            let x = matrix(1, &[1.0, 2.0, 6.0].map(|x| x * size));
            let (scaler, y) = StandardScaler::new().fit_transform(&x).expect("a proper matrix");
            let digits = if size < 1e-300 { 1e-3 } else { 1e-12 };
            for (got, want) in y.to_f64s().into_iter().zip([-2.0 / S, -1.0 / S, 3.0 / S]) {
                assert!((got - want).abs() < digits, "{size}: {got}, not {want}");
            }
            let back = scaler.inverse_transform(&y).expect("as wide").to_f64s();
            assert!(back.into_iter().zip(x.to_f64s()).all(|(got, want)| (got / want - 1.0).abs() < digits), "{size}");
        }
    }

    #[test]
    fn f32_is_computed_in_f64() {
        // In f32 the neighbours of 16,777,216 are 1 and 2 away: sums of them would be far off.
        let x = Tensor::from([[16_777_212.0], [16_777_214.0], [16_777_216.0]]);
        let (scaler, y) = StandardScaler::new().fit_transform(&x).expect("a proper matrix");
        assert_eq!(scaler.mean().expect("learned").to_f64s(), [16_777_214.0]);
        let s = 1.5f64.sqrt() as f32;
        assert_eq!(y.to_vec::<f32>(), Ok(vec![-s, 0.0, s]));
    }
}
