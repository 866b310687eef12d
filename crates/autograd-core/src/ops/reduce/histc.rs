//! Histogram.

use crate::error::{Error, ErrorKind, Result};
use crate::kernels::number::Number;
use crate::kernels::real::Real;
use crate::ops::check::Check;
use crate::tape::cut;
use crate::tensor::{DType, Tensor, for_float};

impl Tensor {
    /// How many elements fall into each of `bins` intervals of equal width from `min` to `max`, in the tensor's dtype;
    /// `max` itself falls into the last. Elements outside and NaN are left out. If `min` and `max` are equal, they are
    /// the smallest and largest element; and if these are equal, too, they are moved apart by 1.
    ///
    /// # Gradient
    /// None: counts carry no gradient.
    ///
    /// # Errors
    /// If `bins` is 0, `min` is above `max`, the range is not finite, or the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([0.0, 0.1, 0.5, 0.9, 1.0, 7.0]);
    /// assert_eq!(x.histc(2, 0.0, 1.0)?.to_vec::<f32>()?, [2.0, 3.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn histc(&self, bins: usize, min: f64, max: f64) -> Result<Tensor> {
        let check = Check("histc");
        let float = check.float(self)?;
        check.require(bins > 0, "bins", bins, "at least 1")?;
        let finite = |(min, max): (f64, f64)| {
            if min.is_finite() && max.is_finite() && min <= max {
                return Ok((min, max));
            }
            let text = format!("histc: there is no range from {min:?} to {max:?}");
            Err(Error::new(ErrorKind::Argument, text))
        };
        finite((min, max))?;
        cut("histc", &[self]);
        let x = self.untied();
        let x = x.try_packed("histc")?;
        if min == max {
            for_float!(float, T => Tensor::look("histc", [&*x], move |[x]| finite(ends(x.flat::<T>())).map(|_| ()))?);
        }
        // Counted in whole numbers: single precision has not all of them.
        check.room(&[bins], DType::I64)?;
        for_float!(float, T => Tensor::compute::<T, 1>("histc", &[bins], [&*x], move |[x], y| {
            let x = x.flat::<T>();
            // In x's dtype, so the ends themselves are inside.
            let own = |edge: f64| Some(T::of(edge).as_f64()).filter(|edge| edge.is_finite()).unwrap_or(edge);
            let apart = |(min, max)| if min == max { (min - 1.0, max + 1.0) } else { (min, max) };
            let (min, max) = if min == max { apart(ends(x)) } else { (own(min), own(max)) };
            let mut counts = vec![0u64; bins];
            for x in x.iter().map(|x| x.as_f64()).filter(|x| (min..=max).contains(x)) {
                // Of halves: the whole width may be infinite.
                let bin = ((0.5 * x - 0.5 * min) / (0.5 * max - 0.5 * min) * bins as f64) as usize;
                // Ends that are one in this dtype are the last one.
                counts[if min == max { bins - 1 } else { bin.min(bins - 1) }] += 1;
            }
            y.iter_mut().zip(counts).for_each(|(y, count)| *y = T::of(count as f64));
        }))
    }
}

/// The smallest and the largest number; 0 and 0 of nothing.
fn ends<T: Real>(x: &[T]) -> (f64, f64) {
    let mut all = x.iter().map(|x| x.as_f64());
    let Some(first) = all.next() else { return (0.0, 0.0) };
    // NaN is no end of a range: it is refused.
    let wider = |(min, max): (f64, f64), x: f64| if x.is_nan() { (x, x) } else { (x.min(min), x.max(max)) };
    all.fold((first, first), |(min, max), x| if min.is_nan() { (min, max) } else { wider((min, max), x) })
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::real(&[3, 40], -2.0..2.0)];
    let counts = |x: &[f64], min: f64, max: f64, bins: usize| -> Vec<f64> {
        let edge = |i: usize| min + (max - min) * i as f64 / bins as f64;
        let inside = |i: usize, x: f64| edge(i) <= x && (x < edge(i + 1) || (i + 1 == bins && x <= max));
        (0..bins).map(|i| x.iter().filter(|x| inside(i, **x)).count() as f64).collect()
    };
    [
        Case::new("histc", x(), |x| x[0].histc(7, -1.5, 1.0))
            .value(move |x| counts(&x[0], -1.5, 1.0, 7))
            .without_gradient()
            .refuses(|x| x[0].histc(0, 0.0, 1.0), "histc: bins is 0, it must be at least 1")
            .refuses(|x| x[0].histc(2, 1.0, 0.0), "histc: there is no range from 1.0 to 0.0")
            .refuses(|x| x[0].histc(2, 0.0, f64::INFINITY), "histc: there is no range from 0.0 to inf")
            .refuses(|x| x[0].full_like(f64::NAN).histc(2, 0.0, 0.0), "histc: there is no range from NaN to NaN")
            .refuses(
                |x| x[0].to_dtype(DType::I64).histc(2, 0.0, 1.0),
                "histc: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("histc of all", x(), |x| x[0].histc(5, 0.0, 0.0))
            .value(move |x| {
                let end = |join: fn(f64, f64) -> f64| x[0].iter().copied().fold(x[0][0], join);
                counts(&x[0], end(f64::min), end(f64::max), 5)
            })
            .without_gradient(),
        Case::new("histc of equal elements", vec![Input::index(&[3], 1)], |x| {
            x[0].to_dtype(DType::F64).histc(4, 0.0, 0.0)
        })
        .value(|_| vec![0.0, 0.0, 3.0, 0.0])
        .without_gradient(),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{DType, Result, Tensor};

    #[test]
    fn the_ends_are_inside_in_either_type() -> Result<()> {
        for (x, min, max, want) in [(0.1, 0.0, 0.1, [0.0, 1.0]), (0.7, 0.7, 1.0, [1.0, 0.0])] {
            for dtype in [DType::F32, DType::F64] {
                let x = Tensor::full(&[1], x, dtype)?;
                assert_eq!(x.histc(2, min, max)?.to_f64s(), want, "{dtype}");
            }
        }
        let wide = Tensor::from_slice(&[-1e308, -1e300, 1e300, 1e308, 1.5e308], &[5])?;
        assert_eq!(wide.histc(2, -1.5e308, 1.5e308)?.to_f64s(), [2.0, 3.0]);
        // Two ends that are one in F32.
        assert_eq!(Tensor::from([0.5, 1.0, 1.5]).histc(2, 1.0, 1.0 + 1e-9)?.to_f64s(), [0.0, 1.0]);
        Ok(())
    }

    #[test]
    fn counts_have_all_their_digits() -> Result<()> {
        let many = Tensor::zeros(&[1], DType::F32)?.expand(&[(1 << 24) + 4])?;
        assert_eq!(many.histc(2, -1.0, 1.0)?.to_f64s(), [0.0, f64::from((1 << 24) + 4)]);
        Ok(())
    }
}
