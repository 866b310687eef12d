//! Frequencies of the coefficients of a transform.

use crate::error::{Error, Result};
use crate::ops::check::Check;
use crate::tensor::{DType, Tensor};

impl Tensor {
    /// The frequencies of the coefficients of [`Tensor::fft`] of n samples that are `d` apart, in cycles for each unit
    /// of d: `0, 1, .., −2, −1`, divided by `n d`.
    ///
    /// # Errors
    /// If d is 0 or not finite, or the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// assert_eq!(Tensor::fftfreq(4, 0.5, DType::F32)?.to_vec::<f32>()?, [0.0, 0.5, -1.0, -0.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn fftfreq(n: usize, d: f64, dtype: DType) -> Result<Tensor> {
        let value = |k: usize| if k < n - n / 2 { k as f64 } else { k as f64 - n as f64 };
        frequencies("fftfreq", n, n, d, dtype, value)
    }

    /// The frequencies of the coefficients of [`Tensor::rfft`]: `0, 1, .., n / 2`, divided by `n d`.
    ///
    /// # Errors
    /// As for [`Tensor::fftfreq`], or if n is 0.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// assert_eq!(Tensor::rfftfreq(4, 0.5, DType::F32)?.to_vec::<f32>()?, [0.0, 0.5, 1.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn rfftfreq(n: usize, d: f64, dtype: DType) -> Result<Tensor> {
        Check("rfftfreq").require(n > 0, "n", n, "at least 1")?;
        frequencies("rfftfreq", n / 2 + 1, n, d, dtype, |k| k as f64)
    }
}

fn frequencies(
    op: &'static str,
    len: usize,
    n: usize,
    d: f64,
    dtype: DType,
    whole: impl Fn(usize) -> f64,
) -> Result<Tensor> {
    Check(op).require(d != 0.0 && d.is_finite(), "d", d, "finite and not 0")?;
    if !dtype.is_float() {
        return Err(Error::not_float(op, dtype));
    }
    Tensor::ramp(op, len, dtype, |k| whole(k) / (n as f64 * d))
}

#[cfg(test)]
crate::ops::cases::cases![{
    let of = |n: usize, real: bool| {
        let (op, len) = if real { ("rfftfreq", n / 2 + 1) } else { ("fftfreq", n) };
        let call = move |d: f64, dtype| if real { Tensor::rfftfreq(n, d, dtype) } else { Tensor::fftfreq(n, d, dtype) };
        Case::new(op, vec![], move |_| call(0.25, DType::F64))
            .value(move |_| {
                let k = |k: usize| if !real && k > (n - 1) / 2 { k as f64 - n as f64 } else { k as f64 };
                (0..len).map(|i| k(i) / (0.25 * n as f64)).collect()
            })
            .without_gradient()
            .refuses(move |_| call(0.0, DType::F32), format!("{op}: d is 0.0, it must be finite and not 0"))
            .refuses(move |_| call(f64::NAN, DType::F32), format!("{op}: d is NaN, it must be finite and not 0"))
            .refuses(
                move |_| call(1.0, DType::I64),
                format!("{op}: dtype is I64, expected F32 or F64; to_dtype converts"),
            )
    };
    [of(5, false), of(6, false), of(1, false), of(5, true), of(6, true), of(1, true)]
}];
