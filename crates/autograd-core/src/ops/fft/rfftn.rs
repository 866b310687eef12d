//! Transform of real numbers along several dimensions, and back.

use super::along::{complex, half, numbers, real};
use super::form::{FftN, Gives};
use crate::error::Result;
use crate::ops::check::Check;
use crate::tensor::Tensor;

impl Tensor {
    /// The transform of real numbers along several dimensions: [`Tensor::rfft`] along the last one that is named, then
    /// [`Tensor::fft`] along the others.
    ///
    /// # Gradient
    /// As for [`Tensor::rfft`].
    ///
    /// # Errors
    /// If the dtype is not a float type, no dim is named, one is out of range or named twice, there is not one length
    /// for each dim, or one is 0.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// let (re, im) = x.rfftn(..)?;
    /// assert_eq!((re.shape(), re.to_vec::<f32>()?[0], re.to_vec::<f32>()?[2]), (&[2, 2][..], 21.0, -9.0));
    /// let y = re.irfftn(&im, autograd_core::FftN::new(..).s([2, 3]))?;
    /// assert!(y.try_sub(&x)?.to_f64s().iter().all(|y| y.abs() < 1e-5));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn rfftn(&self, fft: impl Into<FftN>) -> Result<(Tensor, Tensor)> {
        to_half("rfftn", self, fft.into())
    }

    /// The inverse of [`Tensor::rfftn`]; the length along the last dim that is named is 2 (L − 1) unless [`FftN::s`]
    /// says otherwise.
    ///
    /// # Gradient
    /// As for [`Tensor::irfft`].
    ///
    /// # Errors
    /// If the dtypes are not one float type, the shapes differ, or as for [`Tensor::rfftn`].
    pub fn irfftn<'i>(&self, im: impl Into<Option<&'i Tensor>>, fft: impl Into<FftN>) -> Result<Tensor> {
        to_real("irfftn", self, im.into(), fft.into())
    }

    /// [`Tensor::rfftn`] along the last two dimensions, by the name `rfft2`; for lengths and scale say
    /// `rfftn(FftN::new([-2, -1])..)`.
    ///
    /// # Gradient
    /// As for [`Tensor::rfft`].
    ///
    /// # Errors
    /// As for [`Tensor::rfftn`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[[1.0, 2.0], [3.0, 4.0]]]);
    /// let (re, im) = x.rfft2()?;
    /// assert_eq!(re.to_vec::<f32>()?, [10.0, -2.0, -4.0, 0.0]);
    /// assert_eq!(re.irfft2(&im)?.to_vec::<f32>()?, [1.0, 2.0, 3.0, 4.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn rfft2(&self) -> Result<(Tensor, Tensor)> {
        to_half("rfft2", self, [-2, -1].into())
    }

    /// The inverse of [`Tensor::rfft2`], of rows of even length: for another, say `irfftn(&im, FftN::new([-2,
    /// -1]).s(..))`.
    ///
    /// # Gradient
    /// As for [`Tensor::irfft`].
    ///
    /// # Errors
    /// As for [`Tensor::irfftn`].
    pub fn irfft2<'i>(&self, im: impl Into<Option<&'i Tensor>>) -> Result<Tensor> {
        to_real("irfft2", self, im.into(), [-2, -1].into())
    }
}

fn to_half(op: &'static str, x: &Tensor, fft: FftN) -> Result<(Tensor, Tensor)> {
    Check(op).float(x)?;
    let passes = fft.read(op, x, false, Gives::Half)?;
    let Some((last, others)) = passes.split_last() else { unreachable!("one that names no dim is refused") };
    let first = half(op, *last, x)?;
    others.iter().rev().try_fold(first, |(re, im), pass| complex(op, false, *pass, &[&re, &im]))
}

fn to_real(op: &'static str, re: &Tensor, im: Option<&Tensor>, fft: FftN) -> Result<Tensor> {
    let x = numbers(op, re, im)?;
    let passes = fft.read(op, re, true, Gives::Real)?;
    let Some((last, others)) = passes.split_last() else { unreachable!("one that names no dim is refused") };
    let Some((first, others)) = others.split_first() else { return real(op, *last, &x) };
    let first = complex(op, true, *first, &x)?;
    let (re, im) = others.iter().try_fold(first, |(re, im), pass| complex(op, true, *pass, &[&re, &im]))?;
    real(op, *last, &[&re, &im])
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::{DType, FftNorm};
    use std::f64::consts::TAU;
    let both = |y: crate::Result<(Tensor, Tensor)>| y.and_then(|(re, im)| Tensor::stack(&[&re, &im], 0));
    // [2, h, w] with zeros behind each plane to [m, n]
    let reference = |x: &[f64], [h, w]: [usize; 2], [m, n]: [usize; 2], s: f64| {
        let half = n / 2 + 1;
        let mut y = [Vec::new(), Vec::new()];
        for i in 0..2 * m * half {
            let (plane, k, l) = (i / (m * half), i / half % m, i % half);
            let (mut re, mut im) = (0.0, 0.0);
            for (a, b) in (0..h.min(m)).flat_map(|a| (0..w.min(n)).map(move |b| (a, b))) {
                let angle = TAU * ((a * k) as f64 / m as f64 + (b * l) as f64 / n as f64);
                re += s * x[(plane * h + a) * w + b] * angle.cos();
                im -= s * x[(plane * h + a) * w + b] * angle.sin();
            }
            y[0].push(re);
            y[1].push(im);
        }
        y.concat()
    };
    // [2, h, l] to [m, n]: the real numbers with these coefficients and their mirror images along the last dim
    let inverse = |x: &[Vec<f64>], [h, l]: [usize; 2], n: usize, s: f64| {
        let mut y = Vec::new();
        for i in 0..2 * h * n {
            let (plane, a, b) = (i / (h * n), i / n % h, i % n);
            let mut sum = 0.0;
            for (k, q) in (0..h).flat_map(|k| (0..l.min(n / 2 + 1)).map(move |q| (k, q))) {
                let turn = TAU * ((a * k) as f64 / h as f64);
                let (re, im) = (x[0][(plane * h + k) * l + q], x[1][(plane * h + k) * l + q]);
                let (re, im) = (re * turn.cos() - im * turn.sin(), re * turn.sin() + im * turn.cos());
                let angle = TAU * ((b * q) as f64 / n as f64);
                let alone = q == 0 || 2 * q == n;
                sum += if alone { re * angle.cos() } else { 2.0 * (re * angle.cos() - im * angle.sin()) };
            }
            y.push(sum * s);
        }
        y
    };
    let x = || vec![Input::real(&[2, 3, 4], -2.0..2.0)];
    let z = || vec![Input::real(&[2, 3, 4], -2.0..2.0), Input::real(&[2, 3, 4], -2.0..2.0)];
    [
        Case::new("rfftn", x(), move |x| both(x[0].rfftn([-2, -1])))
            .value(move |x| reference(&x[0], [3, 4], [3, 4], 1.0))
            .refuses(
                move |x| both(x[0].rfftn([0; 0])),
                "rfftn: no dim is named (shape [2, 3, 4]), and half of one is left out",
            )
            .refuses(move |x| both(x[0].rfftn([1, 1])), "rfftn: dim 1 is named twice in [1, 1] (shape [2, 3, 4])")
            .refuses(
                move |x| both(x[0].to_dtype(DType::I64).rfftn(..)),
                "rfftn: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("rfftn cut off, with zeros behind", x(), move |x| {
            both(x[0].rfftn(FftN::new([1, 2]).s([5, 3]).norm(FftNorm::Forward)))
        })
        .value(move |x| reference(&x[0], [3, 4], [5, 3], 1.0 / 15.0)),
        Case::new("rfftn of all", vec![Input::real(&[2, 3, 2], -2.0..2.0)], move |x| {
            both(x[0].rfftn(FftN::new(..).norm(FftNorm::Ortho)))
        }),
        Case::new("rfft2", x(), move |x| both(x[0].rfft2()))
            .value(move |x| reference(&x[0], [3, 4], [3, 4], 1.0))
            .refuses(
                move |x| both(x[0].flatten(0, -1)?.rfft2()),
                "rfft2: dim -2 is out of range for shape [24] (−1 to 0)",
            ),
        Case::new("irfftn", z(), |x| x[0].irfftn(&x[1], [1, 2]))
            .value(move |x| inverse(x, [3, 4], 6, 1.0 / 18.0))
            .refuses(
                |x| x[0].irfftn(&x[1], [0; 0]),
                "irfftn: no dim is named (shape [2, 3, 4]), and half of one is left out",
            )
            .refuses(|x| x[0].irfftn(&x[1], FftN::new(2).s([0])), "irfftn: s is 0, it must be at least 1"),
        Case::new("irfftn to odd rows", z(), |x| x[0].irfftn(&x[1], FftN::new([1, 2]).s([3, 5])))
            .value(move |x| inverse(x, [3, 4], 5, 1.0 / 15.0)),
        Case::new("irfftn along one dim", z(), |x| x[0].irfftn(&x[1], 2)),
        Case::new("irfft2", z(), |x| x[0].irfft2(&x[1])).value(move |x| inverse(x, [3, 4], 6, 1.0 / 18.0)).refuses(
            |x| x[0].irfft2(&x[1].narrow(2, 0, 3)?),
            "irfft2: the imaginary part has shape [2, 3, 3], expected [2, 3, 4]",
        ),
    ]
}];
