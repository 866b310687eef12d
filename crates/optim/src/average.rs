//! Exponential averages of numbers and of tensors.

use crate::blend::blend;
use crate::driver::single;
use crate::range::Range;
use autograd_core::module::{StateDict, StateMismatch, StateProblem};
use autograd_core::{DType, Error, ErrorKind, Result, Tensor};

const NAME: &str = "ExponentialAverage";
const COUNT: &str = "count";
const AVERAGE: &str = "average";

/// What an [`ExponentialAverage`] starts from.
///
/// # Examples
/// ```
/// use wengert_optim::{AverageStart, ExponentialAverage};
/// let after = |start| {
///     let mut average = ExponentialAverage::new(0.75).start(start);
///     average.add(8.0)?;
///     average.add(4.0)?;
///     Ok::<Option<f64>, autograd_core::Error>(average.value())
/// };
/// assert_eq!(after(AverageStart::Zero)?, Some(2.5));                      // 0.75 · 2 + 0.25 · 4
/// assert_eq!(after(AverageStart::ZeroCorrected)?, Some(2.5 / 0.4375));    // the weights are 3/16 and 1/4
/// assert_eq!(after(AverageStart::First)?, Some(7.0));                     // 0.75 · 8 + 0.25 · 4
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AverageStart {
    /// `s₀ = 0`: early averages are drawn to 0.
    Zero,
    /// `s₀ = 0`, and the average is `sₜ / (1 − βᵗ)`: the weights of all values add up to 1.
    #[default]
    ZeroCorrected,
    /// `s₁ = x₁`: the first value counts more than the later ones.
    First,
}

/// The exponential average of a row of numbers or tensors, for curves that are to be smooth and weights that are to be
/// calm.
///
/// ```text
/// s ← β s + (1 − β) x                (decay β;  the start: AverageStart)
/// ```
///
/// `0 ≤ β < 1`. It looks back about `1 / (1 − β)` values.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_optim::ExponentialAverage;
///
/// let mut average = ExponentialAverage::new(0.5);
/// average.add(1.0)?;
/// assert_eq!(average.value(), Some(1.0));
/// average.add(4.0)?;
/// assert_eq!(average.value(), Some(3.0));                                     // (0.25 · 1 + 0.5 · 4) / 0.75
/// assert_eq!((average.count(), average.decay()), (2, 0.5));
///
/// let mut again = ExponentialAverage::new(0.5);
/// again.load_state_dict(&average.state_dict())?;
/// assert_eq!(again.value(), Some(3.0));
///
/// let mut of_tensors = ExponentialAverage::new(0.5);
/// of_tensors.add(Tensor::from([1.0, 2.0]))?;
/// of_tensors.add(Tensor::from([4.0, 2.0]))?;
/// assert_eq!(of_tensors.value().map(|x| x.to_f64s()), Some(vec![3.0, 2.0]));
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// The temperature of some days, smoothed over about five:
/// ```
/// # use wengert_optim::ExponentialAverage;
/// let mut average = ExponentialAverage::new(0.8);
/// let mut smooth = Vec::new();
/// for temperature in [14.0, 15.5, 13.0, 22.0, 14.5] {
///     average.add(temperature)?;
///     smooth.extend(average.value());
/// }
/// let expected = [14.0, 14.83, 14.08, 16.76, 16.09];                          // the hot day is seen, and fades
/// assert!(smooth.iter().zip(expected).all(|(s, expected)| (s - expected).abs() < 0.01));
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Kingma, Ba, Adam: A Method for Stochastic Optimization, 2015, section 3 (the correction).
#[derive(Clone, Debug)]
pub struct ExponentialAverage<T> {
    decay: f64,
    start: AverageStart,
    count: u64,
    /// s; none before the first value.
    sum: Option<T>,
}

impl<T: Averaged> ExponentialAverage<T> {
    /// An average without values yet. β is compared with its range by the first value.
    pub fn new(decay: f64) -> ExponentialAverage<T> {
        ExponentialAverage { decay, start: AverageStart::default(), count: 0, sum: None }
    }

    /// What it starts from. Default [`AverageStart::ZeroCorrected`].
    #[must_use]
    pub fn start(mut self, start: AverageStart) -> ExponentialAverage<T> {
        self.start = start;
        self
    }

    /// Takes a value into the average.
    ///
    /// # Errors
    /// If β is not in its range, or the value is a tensor that is no float, or has another shape or dtype than those
    /// before. Then nothing is changed.
    pub fn add(&mut self, value: T) -> Result<()> {
        Range::DECAY.check(NAME, "decay", self.decay)?;
        let gain = match (&self.sum, self.start) {
            (None, AverageStart::First) => 1.0,
            _ => 1.0 - self.decay,
        };
        match &mut self.sum {
            Some(sum) => sum.blend(self.decay, gain, &value)?,
            None => {
                let mut sum = value.clone();
                sum.blend(0.0, gain, &value)?;
                self.sum = Some(sum);
            }
        }
        self.count += 1;
        Ok(())
    }

    /// The average of the values so far; none without any.
    pub fn value(&self) -> Option<T> {
        let divisor = match self.start {
            AverageStart::ZeroCorrected => 1.0 - self.decay.powf(self.count as f64),
            _ => 1.0,
        };
        self.sum.as_ref().map(|sum| sum.over(divisor))
    }

    /// The number of values so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// β.
    pub fn decay(&self) -> f64 {
        self.decay
    }

    /// What has changed since it was made: `count`, and `average` (s) if there were values.
    pub fn state_dict(&self) -> StateDict {
        let mut state = StateDict::new();
        // 2⁶³ values are out of reach.
        state.insert(COUNT, Tensor::scalar(self.count as i64));
        if let Some(sum) = &self.sum {
            state.insert(AVERAGE, sum.to_tensor());
        }
        state
    }

    /// Replaces what [`ExponentialAverage::state_dict`] returns; the average goes on bit for bit.
    ///
    /// # Errors
    /// If a key is missing or left over, or is not what it can be; then nothing is changed.
    pub fn load_state_dict(&mut self, state: &StateDict) -> Result<()> {
        let count = match state.get(COUNT).map(single) {
            None => None,
            Some(Some(count)) if count >= 0.0 && count.fract() == 0.0 && count <= i64::MAX as f64 => Some(count as u64),
            Some(_) => return Err(wrong(COUNT, "one whole number, at least 0")),
        };
        let missing = |key: &str| StateProblem::Missing(key.into());
        let mut problems: Vec<StateProblem> = count.is_none().then(|| missing(COUNT)).into_iter().collect();
        let expected = |key: &str| key == COUNT || key == AVERAGE && count != Some(0);
        problems.extend((count != Some(0) && state.get(AVERAGE).is_none()).then(|| missing(AVERAGE)));
        let strangers = state.iter().map(|(key, _)| key).filter(|key| !expected(key));
        problems.extend(strangers.map(|key| StateProblem::Unexpected(key.into())));
        if !problems.is_empty() {
            return Err(StateMismatch { problems }.into());
        }
        self.sum = state.get(AVERAGE).map(T::from_tensor).transpose()?;
        self.count = count.unwrap_or_default();
        Ok(())
    }
}

fn wrong(key: &str, must: &str) -> Error {
    Error::new(ErrorKind::State, format!("{NAME}: the state {key:?} must be {must}; nothing was loaded"))
}

/// What can be averaged: `f64` and [`Tensor`].
///
/// # Examples
/// ```
/// use wengert_optim::{Averaged, ExponentialAverage, Result};
/// fn last<T: Averaged>(values: Vec<T>) -> Result<Option<T>> {
///     let mut average = ExponentialAverage::new(0.9);
///     for value in values {
///         average.add(value)?;
///     }
///     Ok(average.value())
/// }
/// assert_eq!(last(vec![2.0])?, Some(2.0));
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub trait Averaged: sealed::Sealed {}

impl Averaged for f64 {}
impl Averaged for Tensor {}

mod sealed {
    use super::*;

    pub trait Sealed: Clone {
        /// `self ← keep · self + gain · new`
        fn blend(&mut self, keep: f64, gain: f64, new: &Self) -> Result<()>;
        fn over(&self, divisor: f64) -> Self;
        fn to_tensor(&self) -> Tensor;
        fn from_tensor(value: &Tensor) -> Result<Self>;
    }

    impl Sealed for f64 {
        fn blend(&mut self, keep: f64, gain: f64, new: &f64) -> Result<()> {
            *self = if keep == 0.0 { gain * new } else { keep * *self + gain * new };
            Ok(())
        }
        fn over(&self, divisor: f64) -> f64 {
            self / divisor
        }
        fn to_tensor(&self) -> Tensor {
            Tensor::scalar(*self)
        }
        fn from_tensor(value: &Tensor) -> Result<f64> {
            let number = single(value).filter(|_| value.dtype() == DType::F64);
            number.ok_or_else(|| wrong(AVERAGE, "one F64"))
        }
    }

    impl Sealed for Tensor {
        fn blend(&mut self, keep: f64, gain: f64, new: &Tensor) -> Result<()> {
            let new = new.detach();
            let outcome = if keep == 0.0 {
                // Not 0 · x: that would be NaN where x is infinite.
                let mut sum = self.zeros_like();
                blend(&mut sum, keep, gain, &new).map(|()| *self = sum)
            } else {
                blend(self, keep, gain, &new)
            };
            outcome.map_err(|error| error.context(NAME))
        }
        fn over(&self, divisor: f64) -> Tensor {
            if divisor == 1.0 { self.clone() } else { self.div_scalar(divisor) }
        }
        fn to_tensor(&self) -> Tensor {
            self.clone()
        }
        fn from_tensor(value: &Tensor) -> Result<Tensor> {
            let floats = matches!(value.dtype(), DType::F32 | DType::F64);
            if floats { Ok(value.detach()) } else { Err(wrong(AVERAGE, "of floats")) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AverageStart, ExponentialAverage};
    use autograd_core::module::StateDict;
    use autograd_core::{Tensor, tensor};

    const STARTS: [AverageStart; 3] = [AverageStart::Zero, AverageStart::ZeroCorrected, AverageStart::First];

    /// The average as the sum of all values with their weights.
    fn weighted(values: &[f64], decay: f64, start: AverageStart) -> f64 {
        let n = values.len();
        let weight = |i: usize| {
            let first = start == AverageStart::First && i == 0;
            decay.powi((n - 1 - i) as i32) * if first { 1.0 } else { 1.0 - decay }
        };
        let total: f64 = (0..n).map(weight).sum();
        let sum: f64 = values.iter().enumerate().map(|(i, x)| weight(i) * x).sum();
        if start == AverageStart::ZeroCorrected { sum / total } else { sum }
    }

    #[test]
    fn values_have_their_weights_as_numbers_and_in_tensors() {
        let values = [3.0, -1.0, 0.5, 7.25, -2.5, 0.0];
        for (decay, start) in [0.0, 0.5, 0.9].into_iter().flat_map(|decay| STARTS.map(|start| (decay, start))) {
            let mut numbers = ExponentialAverage::new(decay).start(start);
            let mut tensors = ExponentialAverage::new(decay).start(start);
            for n in 1..=values.len() {
                let x = values[n - 1];
                let expected = weighted(&values[..n], decay, start);
                numbers.add(x).expect("valid");
                let number = numbers.value().expect("it has values");
                assert!((number - expected).abs() < 1e-14, "{decay} {start:?}: {number} instead of {expected}");
                let tensor = Tensor::from_slice(&[x, -x], &[2]).expect("small").requires_grad();
                tensors.add(tensor).expect("valid");
                let found = tensors.value().map(|x| (x.to_f64s(), x.is_tracked()));
                assert_eq!(found, Some((vec![number, -number], false)));
            }
        }
    }

    #[test]
    fn it_goes_on_where_its_state_was_saved() {
        for start in STARTS {
            for saved_at in 0..3 {
                let new = || ExponentialAverage::new(0.9).start(start);
                let mut whole: ExponentialAverage<Tensor> = new();
                let x = |k: i32| tensor!([f64::from(k), 1.0 / f64::from(k + 3)]);
                (0..saved_at).for_each(|k| assert!(whole.add(x(k)).is_ok()));
                let mut again = new();
                again.add(x(9)).expect("valid");
                again.load_state_dict(&whole.state_dict()).expect("its own");
                let add = |average: &mut ExponentialAverage<Tensor>| {
                    average.add(x(5)).expect("valid");
                    average.value().map(|x| x.to_f64s())
                };
                assert_eq!((add(&mut again), again.count()), (add(&mut whole), saved_at as u64 + 1));
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_and_nothing_changes() {
        let mut average = ExponentialAverage::new(0.0);
        average.add(tensor!([1.0, 2.0])).expect("valid");
        for (other, text) in [(tensor!([1.0]), "shape"), (tensor!([1, 2]), "I64")] {
            let error = average.add(other).expect_err("another").to_string();
            assert!(error.starts_with("ExponentialAverage: ") && error.contains(text), "{error}");
        }
        assert_eq!((average.value().map(|x| x.to_f64s()), average.count()), (Some(vec![1.0, 2.0]), 1));
        let error = ExponentialAverage::new(1.0).add(1.0).expect_err("no decay").to_string();
        assert_eq!(error, "ExponentialAverage: decay is 1.0, it must be in [0, 1)");

        let mut numbers = ExponentialAverage::<f64>::new(0.5);
        numbers.add(3.0).expect("valid");
        let state = |count: Option<i64>, average: Option<Tensor>| {
            let mut state = StateDict::new();
            count.into_iter().for_each(|count| state.insert("count", Tensor::scalar(count)));
            average.into_iter().for_each(|average| state.insert("average", average));
            state
        };
        let nothing = "the state does not fit, and nothing was loaded:\n  ";
        let refused = [
            (state(None, None), format!("{nothing}missing: count\n  missing: average")),
            (state(Some(2), None), format!("{nothing}missing: average")),
            (state(Some(0), Some(Tensor::scalar(1.0))), format!("{nothing}unexpected: average")),
            (
                state(Some(-1), Some(Tensor::scalar(1.0))),
                "ExponentialAverage: the state \"count\" must be one whole number, at least 0; nothing was loaded"
                    .into(),
            ),
            (
                state(Some(1), Some(tensor!([1.0, 2.0]))),
                "ExponentialAverage: the state \"average\" must be one F64; nothing was loaded".into(),
            ),
        ];
        for (state, text) in refused {
            assert_eq!(numbers.load_state_dict(&state).expect_err("it does not fit").to_string(), text);
        }
        assert_eq!((numbers.value(), numbers.count()), (Some(3.0), 1));
        for average in [tensor!([1, 2]), tensor!([true])] {
            let error = ExponentialAverage::<Tensor>::new(0.5).load_state_dict(&state(Some(1), Some(average)));
            let text = "ExponentialAverage: the state \"average\" must be of floats; nothing was loaded";
            assert_eq!(error.map_err(|error| error.to_string()), Err(text.to_string()));
        }
    }
}
