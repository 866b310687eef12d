//! Transform of complex numbers along several dimensions, and back.

use super::along::{complex, numbers};
use super::form::{FftN, Gives};
use crate::error::Result;
use crate::tensor::Tensor;

impl Tensor {
    /// [`Tensor::fft`] along several dimensions, one after another: `x.fftn(&im, ..)`, `x.fftn(&im, [0, 2])`.
    ///
    /// # Gradient
    /// As for [`Tensor::fft`].
    ///
    /// # Errors
    /// If the dtypes are not one float type, the shapes differ, a dim is out of range or named twice, there is not one
    /// length for each dim, or one is 0.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// let (re, im) = x.fftn(None, ..)?;
    /// assert_eq!((re.to_vec::<f32>()?, im.to_vec::<f32>()?), (vec![10.0, -2.0, -4.0, 0.0], vec![0.0; 4]));
    /// let (re, im) = re.ifftn(&im, ..)?;
    /// assert_eq!((re.to_vec::<f32>()?, im.to_vec::<f32>()?), (vec![1.0, 2.0, 3.0, 4.0], vec![0.0; 4]));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn fftn<'i>(&self, im: impl Into<Option<&'i Tensor>>, fft: impl Into<FftN>) -> Result<(Tensor, Tensor)> {
        transformed("fftn", false, self, im.into(), fft.into())
    }

    /// The inverse of [`Tensor::fftn`].
    ///
    /// # Gradient
    /// As for [`Tensor::fft`].
    ///
    /// # Errors
    /// As for [`Tensor::fftn`].
    pub fn ifftn<'i>(&self, im: impl Into<Option<&'i Tensor>>, fft: impl Into<FftN>) -> Result<(Tensor, Tensor)> {
        transformed("ifftn", true, self, im.into(), fft.into())
    }

    /// [`Tensor::fftn`] along the last two dimensions, by the name `fft2`; for lengths and scale say
    /// `fftn(&im, FftN::new([-2, -1])..)`.
    ///
    /// # Gradient
    /// As for [`Tensor::fft`].
    ///
    /// # Errors
    /// As for [`Tensor::fftn`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[[1.0, 2.0], [3.0, 4.0]]]);
    /// let (re, im) = x.fft2(None)?;
    /// assert_eq!(re.to_vec::<f32>()?, [10.0, -2.0, -4.0, 0.0]);
    /// assert_eq!(re.ifft2(&im)?.0.to_vec::<f32>()?, [1.0, 2.0, 3.0, 4.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn fft2<'i>(&self, im: impl Into<Option<&'i Tensor>>) -> Result<(Tensor, Tensor)> {
        transformed("fft2", false, self, im.into(), [-2, -1].into())
    }

    /// The inverse of [`Tensor::fft2`].
    ///
    /// # Gradient
    /// As for [`Tensor::fft`].
    ///
    /// # Errors
    /// As for [`Tensor::fftn`].
    pub fn ifft2<'i>(&self, im: impl Into<Option<&'i Tensor>>) -> Result<(Tensor, Tensor)> {
        transformed("ifft2", true, self, im.into(), [-2, -1].into())
    }
}

fn transformed(
    op: &'static str,
    inverse: bool,
    re: &Tensor,
    im: Option<&Tensor>,
    fft: FftN,
) -> Result<(Tensor, Tensor)> {
    let x = numbers(op, re, im)?;
    let passes = fft.read(op, re, inverse, Gives::Complex)?;
    let Some((last, others)) = passes.split_last() else {
        // Along no dims every number stays what it is.
        let im = match im {
            Some(im) => im.reshape_to(re.shape())?,
            None => Tensor::zeros(re.shape(), re.dtype())?,
        };
        return Ok((re.reshape_to(re.shape())?, im));
    };
    let first = complex(op, inverse, *last, &x)?;
    others.iter().rev().try_fold(first, |(re, im), pass| complex(op, inverse, *pass, &[&re, &im]))
}

#[cfg(test)]
crate::ops::cases::cases![{
    use super::complex::by_definition;
    use crate::{FftNorm, keep};
    let both = |y: crate::Result<(Tensor, Tensor)>| y.and_then(|(re, im)| Tensor::stack(&[&re, &im], 0));
    // Rows, then columns, of one matrix [h, w] that becomes [m, n].
    let planes = |x: [&[f64]; 2], [h, w]: [usize; 2], [m, n]: [usize; 2], sign: f64, s: f64| {
        let rows = by_definition(x, w, n, sign, s);
        let (re, im) = rows.split_at(h * n);
        let turned = |x: &[f64]| (0..h * n).map(|i| x[i % h * n + i / h]).collect::<Vec<f64>>();
        let columns = by_definition([&turned(re), &turned(im)], h, m, sign, 1.0);
        let back = |x: &[f64]| (0..m * n).map(|i| x[i % n * m + i / n]).collect::<Vec<f64>>();
        let (re, im) = columns.split_at(m * n);
        [back(re), back(im)].concat()
    };
    let x = || vec![Input::real(&[3, 4], -2.0..2.0), Input::real(&[3, 4], -2.0..2.0)];
    [
        Case::new("fftn", x(), move |x| both(x[0].fftn(&x[1], ..)))
            .value(move |x| planes([&x[0], &x[1]], [3, 4], [3, 4], -1.0, 1.0))
            .refuses(move |x| both(x[0].fftn(&x[1], [0, -2])), "fftn: dim 0 is named twice in [0, -2] (shape [3, 4])")
            .refuses(
                move |x| both(x[0].fftn(&x[1], FftN::new([0, 1]).s([4]))),
                "fftn: s is [4] for 2 dims (shape [3, 4]); there is one for each",
            )
            .refuses(
                move |x| both(x[0].fftn(&x[1], FftN::new(..).s([4, 4, 4]))),
                "fftn: s is [4, 4, 4] for 2 dims (shape [3, 4]); there is one for each",
            )
            .refuses(move |x| both(x[0].fftn(&x[1], FftN::new(..).s([4, 0]))), "fftn: s is 0, it must be at least 1")
            .refuses(
                move |x| both(x[0].fftn(&x[1], keep(0))),
                "fftn: keep says nothing here, for the dims stay in the result with their sizes",
            ),
        Case::new("fftn with zeros behind", x(), move |x| {
            both(x[0].fftn(&x[1], FftN::new(..).s([5, 3]).norm(FftNorm::Forward)))
        })
        .value(move |x| planes([&x[0], &x[1]], [3, 4], [5, 3], -1.0, 1.0 / 15.0)),
        Case::new("fftn of the last dims", x(), move |x| both(x[0].fftn(&x[1], FftN::new(..).s([6]))))
            .value(|x| by_definition([&x[0], &x[1]], 4, 6, -1.0, 1.0)),
        Case::new("fftn of no dims", x(), move |x| both(x[0].fftn(&x[1], [0; 0])))
            .value(|x| [x[0].clone(), x[1].clone()].concat()),
        Case::new("ifftn", x(), move |x| both(x[0].ifftn(&x[1], [1, 0])))
            .value(move |x| planes([&x[0], &x[1]], [3, 4], [3, 4], 1.0, 1.0 / 12.0))
            .refuses(move |x| both(x[0].ifftn(&x[1], [2])), "ifftn: dim 2 is out of range for shape [3, 4] (−2 to 1)"),
        Case::new("fft2", x(), move |x| both(x[0].fft2(&x[1])))
            .value(move |x| planes([&x[0], &x[1]], [3, 4], [3, 4], -1.0, 1.0))
            .refuses(
                move |x| both(x[0].select(0, 0)?.fft2(None)),
                "fft2: dim -2 is out of range for shape [4] (−1 to 0)",
            ),
        Case::new("ifft2", x(), move |x| both(x[0].ifft2(&x[1])))
            .value(move |x| planes([&x[0], &x[1]], [3, 4], [3, 4], 1.0, 1.0 / 12.0))
            .refuses(
                move |x| both(x[0].select(0, 0)?.ifft2(None)),
                "ifft2: dim -2 is out of range for shape [4] (−1 to 0)",
            ),
    ]
}];
