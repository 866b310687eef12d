//! Constructors of tensors: constant, from numbers, random.

use super::convert::whole;
use super::recall::misses;
use super::watch::rolls;
use super::{DType, Element, Source, Tensor, for_any};
use crate::error::{Error, ErrorKind, Result, refuse};
use crate::kernels::copy::fill;
use crate::shape::checked_numel;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// # Creation
impl Tensor {
    /// All elements `value`, rounded to `dtype` (for `Bool`: whether it is not 0).
    ///
    /// # Errors
    /// If the dtype is `I64` and `value` is no whole number of 64 bits.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, DType};
    /// assert_eq!(Tensor::full(&[2], 0.5, DType::F64)?.to_vec::<f64>()?, [0.5, 0.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn full(shape: &[usize], value: f64, dtype: DType) -> Result<Tensor> {
        Tensor::filled("full", shape, value, dtype)
    }

    /// [`Tensor::full`] for an operation.
    pub(crate) fn filled(op: &'static str, shape: &[usize], value: f64, dtype: DType) -> Result<Tensor> {
        match dtype {
            DType::F32 => Tensor::moved::<f32, 0>(op, shape, [], move |[], y| fill(value as f32, y)),
            DType::F64 => Tensor::moved::<f64, 0>(op, shape, [], move |[], y| fill(value, y)),
            DType::I64 => {
                let whole =
                    whole(value).ok_or_else(|| Error::argument(op, "value", value, "a whole number of 64 bits"))?;
                Tensor::moved::<i64, 0>(op, shape, [], move |[], y| fill(whole, y))
            }
            DType::Bool => Tensor::moved::<u8, 0>(op, shape, [], move |[], y| fill(u8::from(value != 0.0), y)),
        }
    }

    /// All zeros (`false` for `Bool`).
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// assert_eq!(Tensor::zeros(&[2], DType::F32)?.to_vec::<f32>()?, [0.0, 0.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn zeros(shape: &[usize], dtype: DType) -> Result<Tensor> {
        Tensor::filled("zeros", shape, 0.0, dtype)
    }

    /// All ones (`true` for `Bool`).
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// assert_eq!(Tensor::ones(&[2], DType::Bool)?.to_vec::<bool>()?, [true, true]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn ones(shape: &[usize], dtype: DType) -> Result<Tensor> {
        Tensor::filled("ones", shape, 1.0, dtype)
    }

    /// All elements `value`, in the shape and dtype of `self`; for `I64` its whole part.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([1, 2]).full_like(7.0).to_vec::<i64>()?, [7, 7]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn full_like(&self, value: f64) -> Tensor {
        self.filled_like("full_like", value)
    }

    /// [`Tensor::full_like`] for an operation.
    fn filled_like(&self, op: &'static str, value: f64) -> Tensor {
        // The largest f64 below 2⁶³ is 2⁶³ − 1024.
        let value = if self.dtype() == DType::I64 { (value as i64).min(i64::MAX - 1023) as f64 } else { value };
        let filled = Tensor::filled(op, self.shape(), value, self.dtype());
        filled.unwrap_or_else(|error| refuse(&error))
    }

    /// Zeros in the shape and dtype of `self`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0]).zeros_like().to_vec::<f32>()?, [0.0, 0.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn zeros_like(&self) -> Tensor {
        self.filled_like("zeros_like", 0.0)
    }

    /// Ones in the shape and dtype of `self`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([3, 4]).ones_like().to_vec::<i64>()?, [1, 1]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn ones_like(&self) -> Tensor {
        self.filled_like("ones_like", 1.0)
    }

    /// The identity matrix `[n, n]`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// assert_eq!(Tensor::eye(2, DType::F64)?.to_vec::<f64>()?, [1.0, 0.0, 0.0, 1.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn eye(n: usize, dtype: DType) -> Result<Tensor> {
        let mut eye = Tensor::filled("eye", &[n, n], 0.0, dtype)?;
        let one = Tensor::full(&[], 1.0, dtype)?;
        for_any!(dtype, T => eye.place::<T, 1>("eye", [&one], move |[one], y| {
            y.iter_mut().step_by(n + 1).for_each(|y| *y = one.flat()[0]);
        }));
        Ok(eye)
    }

    /// `start, start + step, ..`, as long as it stays on this side of `end`: `⌈(end − start) / step⌉` numbers.
    ///
    /// # Errors
    /// If `step` is 0 or leads away from `end`, a number is not finite, or the dtype is `I64` and `start` or `step` is
    /// not whole or the last number does not have 64 bits.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// assert_eq!(Tensor::arange(1.0, 2.0, 0.25, DType::F32)?.to_vec::<f32>()?, [1.0, 1.25, 1.5, 1.75]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn arange(start: f64, end: f64, step: f64, dtype: DType) -> Result<Tensor> {
        let steps = ((end - start) / step).ceil();
        for (name, value) in [("start", start), ("end", end)] {
            if !value.is_finite() {
                return Err(Error::argument("arange", name, value, "finite"));
            }
        }
        if dtype == DType::I64 {
            for (name, value) in [("start", start), ("step", step)] {
                if whole(value).is_none() {
                    return Err(Error::argument("arange", name, value, "a whole number of 64 bits"));
                }
            }
        }
        if step == 0.0 || !step.is_finite() || steps < 0.0 {
            return Err(Error::argument("arange", "step", step, "finite, not 0, and lead from start towards end"));
        }
        let steps = steps as usize;
        if dtype == DType::I64 {
            // Of floats they would be rounded.
            let value = |i: usize| start as i128 + i as i128 * step as i128;
            if steps > 0 && i64::try_from(value(steps - 1)).is_err() {
                return Err(Error::argument("arange", "end", end, "so that all numbers have 64 bits"));
            }
            return Tensor::given::<i64>("arange", &[steps], |y| {
                y.iter_mut().enumerate().for_each(|(i, y)| *y = value(i) as i64);
            });
        }
        Tensor::ramp("arange", steps, dtype, |i| start + i as f64 * step)
    }

    /// `steps` numbers from `start` to `end`, both included, equally far apart; for `I64` their whole parts.
    ///
    /// # Errors
    /// If a bound is not finite.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// assert_eq!(Tensor::linspace(0.0, 1.0, 3, DType::F32)?.to_vec::<f32>()?, [0.0, 0.5, 1.0]);
    /// assert_eq!(Tensor::linspace(0.1, 2.0, 4, DType::I64)?.to_vec::<i64>()?, [0, 0, 1, 2]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn linspace(start: f64, end: f64, steps: usize, dtype: DType) -> Result<Tensor> {
        for (name, value) in [("start", start), ("end", end)] {
            if !value.is_finite() {
                return Err(Error::argument("linspace", name, value, "finite"));
            }
        }
        let gaps = steps.saturating_sub(1).max(1) as f64;
        // The way from one end of the numbers to the other is longer than the largest.
        let gap = if (end - start).is_finite() { (end - start) / gaps } else { end / gaps - start / gaps };
        // It is computed from both ends, so that the last number is `end` itself.
        let value = |i: usize| {
            if i < steps / 2 || steps < 2 { start + i as f64 * gap } else { end - (steps - 1 - i) as f64 * gap }
        };
        if dtype == DType::I64 && ((end - start) * gaps).is_finite() {
            // One rounding: a whole number stays what it is. The last is `end` itself.
            return Tensor::ramp("linspace", steps, dtype, |i| match i + 1 == steps && steps > 1 {
                true => end,
                false => start + (end - start) * i as f64 / gaps,
            });
        }
        Tensor::ramp("linspace", steps, dtype, value)
    }

    /// `value(i)` for i = 0 .. len − 1.
    pub(crate) fn ramp(op: &'static str, len: usize, dtype: DType, value: impl Fn(usize) -> f64) -> Result<Tensor> {
        match dtype {
            DType::F32 => Tensor::given::<f32>(op, &[len], |y| {
                y.iter_mut().enumerate().for_each(|(i, y)| *y = value(i) as f32);
            }),
            DType::F64 => Tensor::given::<f64>(op, &[len], |y| {
                y.iter_mut().enumerate().for_each(|(i, y)| *y = value(i));
            }),
            DType::I64 => Tensor::given::<i64>(op, &[len], |y| {
                y.iter_mut().enumerate().for_each(|(i, y)| *y = value(i) as i64);
            }),
            DType::Bool => Err(Error::new(ErrorKind::DType, format!("{op}: dtype is Bool, expected F32, F64 or I64"))),
        }
    }

    /// The elements of `data` in row-major order. `f32`, `f64`, `i64` and `bool` keep their type; other integers, such
    /// as labels of `u8` or `usize`, become `I64`.
    ///
    /// # Errors
    /// If `data` does not have as many elements as `shape`, or an integer is too large for `I64`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// let labels: Vec<usize> = vec![2, 0, 1];
    /// assert_eq!(Tensor::from_vec(labels, &[3])?.dtype(), DType::I64);
    /// assert_eq!(Tensor::from_vec(vec![0.5; 6], &[2, 3])?.dtype(), DType::F64);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn from_vec<T: Source>(data: Vec<T>, shape: &[usize]) -> Result<Tensor> {
        Tensor::copied("from_vec", &data, shape)
    }

    /// Like [`Tensor::from_vec`], but copies from a slice.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let all = [1.0_f32, 2.0, 3.0, 4.0];
    /// assert_eq!(Tensor::from_slice(&all[..2], &[2, 1])?.shape(), [2, 1]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn from_slice<T: Source>(data: &[T], shape: &[usize]) -> Result<Tensor> {
        Tensor::copied("from_slice", data, shape)
    }

    /// [`Tensor::from_slice`] for an operation.
    pub(super) fn copied<T: Source>(op: &'static str, data: &[T], shape: &[usize]) -> Result<Tensor> {
        let expected = checked_numel(shape, T::Element::DTYPE.size());
        if expected.is_none() {
            return Err(Error::too_large(op, shape));
        }
        if expected != Some(data.len()) {
            let (n, len) = (shape.iter().product::<usize>(), data.len());
            let text = format!("{op}: shape {shape:?} needs {n} elements, got {len}");
            return Err(Error::new(ErrorKind::Shape, text));
        }
        if let Some(at) = T::first_too_large(data) {
            let text = format!("{op}: element {at} is {:?}, it must be at most {}", data[at], i64::MAX);
            return Err(Error::new(ErrorKind::Argument, text));
        }
        Tensor::given::<<T::Element as Element>::Stored>(op, shape, |y| {
            T::store_all(data, y);
        })
    }

    /// A 0-d tensor; keeps the Rust type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::scalar(0.1_f64).item::<f64>()?, 0.1);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn scalar<T: Element>(value: T) -> Tensor {
        Tensor::given::<T::Stored>("scalar", &[], |y| y.fill(value.store())).unwrap_or_else(|error| refuse(&error))
    }

    /// Independent samples of the standard normal distribution (mean 0, variance 1).
    ///
    /// # Errors
    /// If `dtype` is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor, seeded};
    /// let x = Tensor::randn(&[1000], DType::F64, &mut seeded(7))?;
    /// assert!(x.mean()?.to_f64()?.abs() < 0.1);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn randn(shape: &[usize], dtype: DType, rng: &mut dyn Rng) -> Result<Tensor> {
        sampled("randn", shape, dtype, || rng.sample(StandardNormal))
    }

    /// Independent samples, uniform in `[0, 1)`: the multiples of 2⁻²⁴ in `F32`, of 2⁻⁵³ in `F64`.
    ///
    /// # Errors
    /// If `dtype` is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor, seeded};
    /// let x = Tensor::rand(&[1000], DType::F32, &mut seeded(7))?;
    /// assert!(x.to_f64s().iter().all(|x| (0.0..1.0).contains(x)));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn rand(shape: &[usize], dtype: DType, rng: &mut dyn Rng) -> Result<Tensor> {
        // As many random bits as the type holds exactly, so the numbers stay below 1.
        match dtype {
            DType::F64 => sampled("rand", shape, dtype, || (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64),
            _ => sampled("rand", shape, dtype, || f64::from(rng.next_u32() >> 8) / f64::from(1 << 24)),
        }
    }

    /// Independent samples from `draw`, in row-major order.
    ///
    /// # Errors
    /// If `dtype` is not a float type, or the shape is too large.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// let mut next = 0.0;
    /// let x = Tensor::sample(&[3], DType::F32, || {
    ///     next += 0.5;
    ///     next
    /// })?;
    /// assert_eq!(x.to_vec::<f32>()?, [0.5, 1.0, 1.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn sample(shape: &[usize], dtype: DType, draw: impl FnMut() -> f64) -> Result<Tensor> {
        sampled("sample", shape, dtype, draw)
    }
}

fn sampled(op: &'static str, shape: &[usize], dtype: DType, mut draw: impl FnMut() -> f64) -> Result<Tensor> {
    rolls(op);
    misses(op);
    match dtype {
        DType::F32 => Tensor::given::<f32>(op, shape, |y| y.fill_with(|| draw() as f32)),
        DType::F64 => Tensor::given::<f64>(op, shape, |y| y.fill_with(draw)),
        _ => Err(Error::not_float(op, dtype)),
    }
}
