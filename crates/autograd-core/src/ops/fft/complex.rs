//! Transform of complex numbers along a dimension, and back.

use super::along::{complex, numbers};
use super::form::{Fft, Gives};
use crate::error::Result;
use crate::tensor::Tensor;

/// # Fourier transforms
///
/// There are no complex dtypes: complex numbers are two real tensors of one shape, the real and the imaginary parts.
impl Tensor {
    /// The discrete Fourier transform of `self + i im` along a dimension, as real and imaginary parts:
    /// `y[k] = Σ x[j] e^(−2πi j k / n)` for k = 0 .. n − 1. Without `im` the numbers are real; [`Tensor::rfft`] is
    /// twice as fast for them and gives half of y, which the other half mirrors.
    ///
    /// # Shapes
    /// `[.., L, ..] → [.., n, ..]`, n = L unless [`Fft::n`] says otherwise.
    ///
    /// # Gradient
    /// A transform is linear: the one with the other sign, of the same scale. Saves nothing, and has derivatives of any
    /// order.
    ///
    /// # Numerics
    /// In the dtype of x, with an error that grows with log n, for any n in O(n log n). The bits are the same on any
    /// number of threads, but depend on the instructions that the CPU has.
    ///
    /// # Errors
    /// If the dtypes are not one float type, the shapes differ, the dim is out of range or n is 0.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (re, im) = (Tensor::from([1.0, 0.0, -1.0, 0.0]), Tensor::from([0.0, 1.0, 0.0, -1.0]));
    /// let (y_re, y_im) = re.fft(&im, 0)?;
    /// assert_eq!((y_re.to_vec::<f32>()?, y_im.to_vec::<f32>()?), (vec![0.0, 4.0, 0.0, 0.0], vec![0.0; 4]));
    /// let (y_re, _) = re.fft(None, 0)?;
    /// assert_eq!(y_re.to_vec::<f32>()?, [0.0, 2.0, 0.0, 2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn fft<'i>(&self, im: impl Into<Option<&'i Tensor>>, fft: impl Into<Fft>) -> Result<(Tensor, Tensor)> {
        transformed("fft", false, self, im.into(), fft.into())
    }

    /// The inverse of [`Tensor::fft`]: `y[j] = 1/n Σ x[k] e^(2πi j k / n)`.
    ///
    /// # Gradient
    /// As for [`Tensor::fft`].
    ///
    /// # Errors
    /// As for [`Tensor::fft`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (re, im) = (Tensor::from([0.0, 4.0, 0.0, 0.0]), Tensor::from([0.0, 0.0, 0.0, 0.0]));
    /// let (y_re, y_im) = re.ifft(&im, -1)?;
    /// assert_eq!((y_re.to_vec::<f32>()?, y_im.to_vec::<f32>()?), (vec![1.0, 0.0, -1.0, 0.0], vec![0.0, 1.0, 0.0, -1.0]));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn ifft<'i>(&self, im: impl Into<Option<&'i Tensor>>, fft: impl Into<Fft>) -> Result<(Tensor, Tensor)> {
        transformed("ifft", true, self, im.into(), fft.into())
    }
}

fn transformed(
    op: &'static str,
    inverse: bool,
    re: &Tensor,
    im: Option<&Tensor>,
    fft: Fft,
) -> Result<(Tensor, Tensor)> {
    let x = numbers(op, re, im)?;
    complex(op, inverse, fft.read(op, re, inverse, Gives::Complex)?, &x)
}

/// `y = s Σ x e^(±2πi j k / n)` for each row of `from` numbers, as real and then imaginary parts.
#[cfg(test)]
pub(super) fn by_definition(x: [&[f64]; 2], from: usize, n: usize, sign: f64, s: f64) -> Vec<f64> {
    let (mut re, mut im) = (Vec::new(), Vec::new());
    for (a, b) in x[0].chunks(from).zip(x[1].chunks(from)) {
        for k in 0..n {
            let terms = (0..from.min(n)).map(|j| {
                let (sin, cos) = (sign * std::f64::consts::TAU * ((j * k) % n) as f64 / n as f64).sin_cos();
                (a[j] * cos - b[j] * sin, a[j] * sin + b[j] * cos)
            });
            let (sum_re, sum_im) = terms.fold((0.0, 0.0), |sum, z| (sum.0 + z.0, sum.1 + z.1));
            re.push(s * sum_re);
            im.push(s * sum_im);
        }
    }
    [re, im].concat()
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::{DType, FftNorm};
    let both = |y: crate::Result<(Tensor, Tensor)>| y.and_then(|(re, im)| Tensor::stack(&[&re, &im], 0));
    let x = || vec![Input::real(&[3, 5], -2.0..2.0), Input::real(&[3, 5], -2.0..2.0)];
    let half = |x: &[f64]| vec![0.0; x.len()];
    let columns = |x: &[f64]| (0..15).map(|i| x[i % 3 * 5 + i / 3]).collect::<Vec<f64>>();
    [
        Case::new("fft", x(), move |x| both(x[0].fft(&x[1], -1)))
            .value(|x| by_definition([&x[0], &x[1]], 5, 5, -1.0, 1.0))
            .refuses(move |x| both(x[0].fft(&x[1], 2)), "fft: dim 2 is out of range for shape [3, 5] (−2 to 1)")
            .refuses(
                move |x| both(x[0].sum().fft(None, 0)),
                "fft: dim 0 is out of range for shape [] (here a scalar has no dim)",
            )
            .refuses(move |x| both(x[0].fft(&x[1], Fft::new(0).n(0))), "fft: n is 0, it must be at least 1")
            .refuses(
                move |x| both(x[0].narrow(1, 0, 0)?.fft(None, 1)),
                "fft: the length along dim 1 is 0 by default (shape [3, 0]); n gives another",
            )
            .refuses(
                move |x| both(x[0].fft(&x[1].t()?, 0)),
                "fft: the imaginary part has shape [5, 3], expected [3, 5]",
            )
            .refuses(
                move |x| both(x[0].fft(&x[1].to_dtype(DType::F32), 0)),
                "fft: dtypes F64 and F32 do not mix; convert one with to_dtype",
            )
            .refuses(
                move |x| both(x[0].to_dtype(DType::I64).fft(None, 0)),
                "fft: dtype is I64, expected F32 or F64; to_dtype converts",
            )
            .refuses(
                move |x| both(x[0].fft(&x[1], Fft::new(0).n(1 << 60))),
                "fft: shape [1152921504606846976, 5] is too large (at most 64 dimensions, and no more bytes than memory holds)",
            ),
        Case::new("fft of real numbers", vec![Input::real(&[4, 7], -2.0..2.0)], move |x| both(x[0].fft(None, -1)))
            .value(move |x| by_definition([&x[0], &half(&x[0])], 7, 7, -1.0, 1.0)),
        Case::new("fft cut off", x(), move |x| both(x[0].fft(&x[1], Fft::new(1).n(4).norm(FftNorm::Ortho))))
            .value(|x| by_definition([&x[0], &x[1]], 5, 4, -1.0, 0.5)),
        Case::new("ifft", x(), move |x| both(x[0].ifft(&x[1], -1)))
            .value(|x| by_definition([&x[0], &x[1]], 5, 5, 1.0, 0.2))
            .refuses(move |x| both(x[0].ifft(&x[1], -3)), "ifft: dim -3 is out of range for shape [3, 5] (−2 to 1)"),
        Case::new("ifft with zeros behind", x(), move |x| {
            both(x[0].ifft(&x[1], Fft::new(1).n(8).norm(FftNorm::Forward)))
        })
        .value(|x| by_definition([&x[0], &x[1]], 5, 8, 1.0, 1.0)),
        Case::new("fft of columns", x(), move |x| {
            let (re, im) = x[0].fft(&x[1], 0)?;
            Tensor::stack(&[&re.t()?, &im.t()?], 0)
        })
        .value(move |x| by_definition([&columns(&x[0]), &columns(&x[1])], 3, 3, -1.0, 1.0)),
        Case::new("fft of single numbers", vec![Input::real(&[4, 1], -2.0..2.0)], move |x| both(x[0].fft(None, -1)))
            .value(|x| [x[0].clone(), vec![0.0; 4]].concat()),
    ]
}];
