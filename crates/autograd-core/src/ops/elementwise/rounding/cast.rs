//! Conversion to another dtype.

use crate::error::{Result, refuse};
use crate::tape::{Pull, Pullback, cut, record, record_same};
use crate::tensor::{DType, Tensor};

/// # Dtypes and signs
impl Tensor {
    /// The elements converted to `dtype`.
    ///
    /// Floats become integers by rounding towards zero (NaN becomes 0, values out of range the nearest integer),
    /// numbers become truth values by being not 0, and truth values become 0 and 1.
    ///
    /// # Gradient
    /// Between float types it flows, cast back; a conversion to or from `I64` or `Bool` is not tracked. Saves nothing.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// assert_eq!(Tensor::from([1.9, -1.9]).to_dtype(DType::I64).to_vec::<i64>()?, [1, -1]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn to_dtype(&self, dtype: DType) -> Tensor {
        if dtype == self.dtype() {
            return record_same("cast", self);
        }
        let from = self.try_packed("cast").unwrap_or_else(|error| refuse(&error));
        let shape = self.shape();
        macro_rules! convert {
            ($from:ty, $to:ty, $f:expr) => {
                Tensor::moved::<$to, 1>("cast", shape, [&from], |[x], y| {
                    let convert: fn($from) -> $to = $f;
                    y.iter_mut().zip(x.flat::<$from>()).for_each(|(y, x)| *y = convert(*x));
                })
                .unwrap_or_else(|error| refuse(&error))
            };
        }
        let value = match (self.dtype(), dtype) {
            (DType::F32, DType::F64) => convert!(f32, f64, f64::from),
            (DType::F64, DType::F32) => convert!(f64, f32, |x| x as f32),
            (DType::F32, DType::I64) => convert!(f32, i64, |x| x as i64),
            (DType::F64, DType::I64) => convert!(f64, i64, |x| x as i64),
            (DType::I64, DType::F32) => convert!(i64, f32, |x| x as f32),
            (DType::I64, DType::F64) => convert!(i64, f64, |x| x as f64),
            (DType::F32, DType::Bool) => convert!(f32, u8, |x| u8::from(x != 0.0)),
            (DType::F64, DType::Bool) => convert!(f64, u8, |x| u8::from(x != 0.0)),
            (DType::I64, DType::Bool) => convert!(i64, u8, |x| u8::from(x != 0)),
            (DType::Bool, DType::F32) => convert!(u8, f32, f32::from),
            (DType::Bool, DType::F64) => convert!(u8, f64, f64::from),
            (DType::Bool, DType::I64) => convert!(u8, i64, i64::from),
            (same, _) => {
                debug_assert_eq!(same, dtype);
                self.untied()
            }
        };
        if !dtype.is_float() {
            cut("cast", &[self]);
            return value;
        }
        record("cast", value, &[self], |_| Cast { from: self.dtype() })
    }
}

struct Cast {
    from: DType,
}

impl Pullback for Cast {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        at.give(0, || Ok(gy.to_dtype(self.from)))
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    // There and back through F32, on numbers that F32 holds exactly.
    let halves = |x: &[Vec<f64>]| x[0].iter().map(|x| f64::from(*x as f32)).collect();
    let call = |x: &[Tensor]| Ok(x[0].to_dtype(DType::F32).to_dtype(x[0].dtype()));
    [Case::new("cast", vec![Input::real(&[3, 4], -2.0..2.0)], call).value(halves).coarse(1e-6).cannot_fail()]
}];
