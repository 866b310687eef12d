//! Transform of real numbers along a dimension, and back.

use super::along::{half, numbers, real};
use super::form::{Fft, Gives};
use crate::error::Result;
use crate::ops::check::Check;
use crate::tensor::Tensor;

impl Tensor {
    /// The discrete Fourier transform of real numbers along a dimension, as real and imaginary parts:
    /// `y[k] = Σ x[j] e^(−2πi j k / n)` for k = 0 .. n / 2, rounded down. The rest mirrors these: y[n − k] is the
    /// conjugate of `y[k]`.
    ///
    /// # Shapes
    /// `[.., L, ..] → [.., n / 2 + 1, ..]`, n = L unless [`Fft::n`] says otherwise.
    ///
    /// # Gradient
    /// A transform is linear: gx is the real part of the one with the other sign, of gy with zeros in the place of the
    /// mirror images. Saves nothing, and has derivatives of any order.
    ///
    /// # Numerics
    /// As for [`Tensor::fft`].
    ///
    /// # Errors
    /// If the dtype is not a float type, the dim is out of range or n is 0.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 3.0, 4.0]).requires_grad();
    /// let (re, im) = x.rfft(-1)?;
    /// assert_eq!((re.to_vec::<f32>()?, im.to_vec::<f32>()?), (vec![10.0, -2.0, -2.0], vec![0.0, 2.0, 0.0]));
    /// let power = re.square().try_add(&im.square())?;
    /// assert_eq!(power.sum().backward()?.get(&x).expect("a leaf").to_vec::<f32>()?, [12.0, 20.0, 20.0, 28.0]);
    /// assert_eq!(Tensor::irfft(&re, &im, -1)?.to_vec::<f32>()?, [1.0, 2.0, 3.0, 4.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn rfft(&self, fft: impl Into<Fft>) -> Result<(Tensor, Tensor)> {
        rfft_of(self, fft.into())
    }

    /// The inverse of [`Tensor::rfft`]: the n real numbers with the coefficients `self + i im`, and their mirror
    /// images. The imaginary part of the first one counts as 0, and for even n that of the last.
    ///
    /// # Shapes
    /// `[.., L, ..] → [.., n, ..]`, n = 2 (L − 1) unless [`Fft::n`] says otherwise: an odd n has to be said.
    ///
    /// # Gradient
    /// The transform of gy, where coefficients that have a mirror image count twice. Saves nothing, and has derivatives
    /// of any order.
    ///
    /// # Errors
    /// If the dtypes are not one float type, the shapes differ, the dim is out of range or n is 0.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Fft, Tensor};
    /// let (re, im) = Tensor::from([3.0, 4.0, 5.0]).rfft(0)?;
    /// let x = re.irfft(&im, Fft::new(0).n(3))?;
    /// assert!(x.to_f64s().iter().zip([3.0, 4.0, 5.0]).all(|(x, want)| (x - want).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn irfft<'i>(&self, im: impl Into<Option<&'i Tensor>>, fft: impl Into<Fft>) -> Result<Tensor> {
        irfft_of(self, im.into(), fft.into())
    }
}

fn rfft_of(x: &Tensor, fft: Fft) -> Result<(Tensor, Tensor)> {
    Check("rfft").float(x)?;
    half("rfft", fft.read("rfft", x, false, Gives::Half)?, x)
}

fn irfft_of(re: &Tensor, im: Option<&Tensor>, fft: Fft) -> Result<Tensor> {
    let x = numbers("irfft", re, im)?;
    real("irfft", fft.read("irfft", re, true, Gives::Real)?, &x)
}

#[cfg(test)]
crate::ops::cases::cases![{
    use super::complex::by_definition;
    use crate::{DType, FftNorm};
    let both = |y: crate::Result<(Tensor, Tensor)>| y.and_then(|(re, im)| Tensor::stack(&[&re, &im], 0));
    // The first n / 2 + 1 of n complex numbers in each row.
    let first = |x: &[f64], from: usize, n: usize, s: f64| {
        let all = by_definition([x, &vec![0.0; x.len()]], from, n, -1.0, s);
        all.chunks(n).flat_map(|row| row[..n / 2 + 1].to_vec()).collect::<Vec<f64>>()
    };
    // Rows of coefficients with their mirror images, which give real numbers.
    let inverse = |x: &[Vec<f64>], from: usize, n: usize, s: f64| {
        let mut z = [Vec::new(), Vec::new()];
        for (a, b) in x[0].chunks(from).zip(x[1].chunks(from)) {
            for k in 0..n {
                let at = k.min(n - k);
                let sign = if k == 0 || 2 * k == n { 0.0 } else { (at as f64 - k as f64).signum() };
                let sign = if at == k && 2 * k != n && k > 0 { 1.0 } else { sign };
                z[0].push(a.get(at).copied().unwrap_or(0.0));
                z[1].push(sign * b.get(at).copied().unwrap_or(0.0));
            }
        }
        let y = by_definition([&z[0], &z[1]], n, n, 1.0, s);
        y[..y.len() / 2].to_vec()
    };
    let x = |n| vec![Input::real(&[3, n], -2.0..2.0)];
    let z = |n| vec![Input::real(&[3, n], -2.0..2.0), Input::real(&[3, n], -2.0..2.0)];
    [
        Case::new("rfft", x(6), move |x| both(x[0].rfft(-1)))
            .value(move |x| first(&x[0], 6, 6, 1.0))
            .refuses(move |x| both(x[0].rfft(2)), "rfft: dim 2 is out of range for shape [3, 6] (−2 to 1)")
            .refuses(move |x| both(x[0].rfft(Fft::new(1).n(0))), "rfft: n is 0, it must be at least 1")
            .refuses(
                move |x| both(x[0].narrow(1, 0, 0)?.rfft(1)),
                "rfft: the length along dim 1 is 0 by default (shape [3, 0]); n gives another",
            )
            .refuses(
                move |x| both(x[0].to_dtype(DType::Bool).rfft(1)),
                "rfft: dtype is Bool, expected F32 or F64; to_dtype converts",
            )
            .refuses(
                move |x| both(x[0].sum().rfft(-1)),
                "rfft: dim -1 is out of range for shape [] (here a scalar has no dim)",
            ),
        Case::new("rfft of odd rows", x(5), move |x| both(x[0].rfft(Fft::new(1).norm(FftNorm::Forward))))
            .value(move |x| first(&x[0], 5, 5, 0.2)),
        Case::new("rfft cut off", x(7), move |x| both(x[0].rfft(Fft::new(1).n(4).norm(FftNorm::Ortho))))
            .value(move |x| first(&x[0], 7, 4, 0.5)),
        Case::new("rfft with zeros behind", x(3), move |x| both(x[0].rfft(Fft::new(1).n(8))))
            .value(move |x| first(&x[0], 3, 8, 1.0)),
        Case::new("rfft of columns", vec![Input::real(&[3, 2, 4], -2.0..2.0)], move |x| {
            let (re, im) = x[0].movedim(&[2], &[0])?.rfft(0)?;
            Tensor::stack(&[&re.movedim(&[0], &[-1])?, &im.movedim(&[0], &[-1])?], 0)
        })
        .value(move |x| first(&x[0], 4, 4, 1.0)),
        Case::new("rfft of single numbers", x(1), move |x| both(x[0].rfft(-1)))
            .value(|x| [x[0].clone(), vec![0.0; 3]].concat()),
        Case::new("irfft", z(4), |x| x[0].irfft(&x[1], -1))
            .value(move |x| inverse(x, 4, 6, 1.0 / 6.0))
            .refuses(|x| x[0].irfft(&x[1], 5), "irfft: dim 5 is out of range for shape [3, 4] (−2 to 1)")
            .refuses(|x| x[0].irfft(&x[1], Fft::new(1).n(0)), "irfft: n is 0, it must be at least 1")
            .refuses(
                |x| x[0].narrow(1, 0, 1)?.irfft(None, 1),
                "irfft: the length along dim 1 is 0 by default (shape [3, 1]); n gives another",
            )
            .refuses(
                |x| x[0].irfft(&x[1].narrow(0, 0, 2)?, 0),
                "irfft: the imaginary part has shape [2, 4], expected [3, 4]",
            )
            .refuses(
                |x| x[0].irfft(&x[1].to_dtype(DType::F32), 0),
                "irfft: dtypes F64 and F32 do not mix; convert one with to_dtype",
            ),
        Case::new("irfft to odd rows", z(3), |x| x[0].irfft(&x[1], Fft::new(1).n(5)))
            .value(move |x| inverse(x, 3, 5, 0.2)),
        Case::new("irfft cut off", z(5), |x| x[0].irfft(&x[1], Fft::new(1).n(4).norm(FftNorm::Ortho)))
            .value(move |x| inverse(x, 5, 4, 0.5)),
        Case::new("irfft with zeros behind", z(3), |x| x[0].irfft(&x[1], Fft::new(1).n(9).norm(FftNorm::Forward)))
            .value(move |x| inverse(x, 3, 9, 1.0)),
        Case::new("irfft of real parts", x(3), |x| x[0].irfft(None, -1))
            .value(move |x| inverse(&[x[0].clone(), vec![0.0; 9]], 3, 4, 0.25)),
        Case::new("irfft to single numbers", z(2), |x| x[0].irfft(&x[1], Fft::new(1).n(1)))
            .value(|x| x[0].iter().step_by(2).copied().collect()),
    ]
}];
