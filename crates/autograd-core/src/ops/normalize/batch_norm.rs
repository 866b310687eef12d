//! Batch normalisation.

use super::by_channels::{checked, form, normalised, one_of, operand, pairs};
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::normalize::channels::{Sizes, pull};
use crate::kernels::normalize::pool_moments;
use crate::kernels::number::Number;
use crate::kernels::real::Real;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{Tensor, for_float};
use smallvec::SmallVec;

impl Tensor {
    /// Each channel with mean 0 and variance 1 over all samples and all of space, times a weight, plus a bias:
    /// `y = (x − μ)/√(σ² + ε) · w + b`, where σ² is the mean of `(x − μ)²`. That is how it is done in training;
    /// [`Tensor::batch_norm_eval`] is for later.
    ///
    /// Returns y, and mean and variance of each channel, from which running statistics are made: the variance is the
    /// unbiased one, `Σ (x − μ)²/(n − 1)`. No gradient flows through these two. Without elements they are NaN.
    ///
    /// # Shapes
    /// x: `[N, C, ..]`; weight and bias, of which there may be none: `[C]`; results as x, `[C]` and `[C]`.
    ///
    /// # Gradient
    /// With `r = 1/√(σ² + ε)` and `x̂ = (x − μ) r`: `gx = w r (gy − mean gy − x̂ mean(gy x̂))`, `gw = Σ gy x̂` and `gb
    /// = Σ gy`, means and sums over a channel. Saves x, the weight, and of each channel the mean in two parts and r.
    ///
    /// # Numerics
    /// The moments of parts of a channel, each by the algorithm of [`Tensor::var`], are put together in `F64`: adding
    /// the same to a channel changes nothing, equal elements give b, and squares that overflow are scaled.
    ///
    /// # Errors
    /// If a channel has one value, a shape does not fit, the dtypes are not one float type, or `eps` is NaN.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1.0, 10.0], [3.0, 30.0]]);
    /// let (y, mean, var) = x.batch_norm(None, Some(&Tensor::from([0.0, 0.5])), 0.0)?;
    /// assert_eq!(y.to_vec::<f32>()?, [-1.0, -0.5, 1.0, 1.5]);
    /// assert_eq!((mean.to_vec::<f32>()?, var.to_vec::<f32>()?), (vec![2.0, 20.0], vec![2.0, 200.0]));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Ioffe, Szegedy, Batch Normalization, 2015.
    ///
    /// # Differs from
    /// PyTorch, whose function changes the running statistics that it is given.
    pub fn batch_norm(
        &self,
        weight: Option<&Tensor>,
        bias: Option<&Tensor>,
        eps: f64,
    ) -> Result<(Tensor, Tensor, Tensor)> {
        const OP: &str = "batch_norm";
        let (sizes, float) = checked(OP, self, [weight, bias], eps)?;
        let channels = sizes.channels;
        if sizes.count() == 1 {
            let text =
                format!("{OP}: needs more than 1 value for each channel, the input has shape {:?}", self.shape());
            return Err(Error::new(ErrorKind::Shape, text));
        }
        let (x, n) = (self.try_packed(OP)?, sizes.count());
        let empty = self.numel() == 0;
        let [parts, of_part, neighbours] = sizes.parts();
        let moments = for_float!(float, T => Tensor::compute::<T, 1>(OP, &[parts, 3], [&x], move |[x], y| {
            if empty { y.fill(T::NAN) } else { sizes.moments::<T>(x.flat(), y.as_chunks_mut::<3>().0) }
        }))?;
        let moments = for_float!(float, T => Tensor::compute::<T, 1>(OP, &[channels, 3], [&moments], move |[parts], y| {
            let (parts, _) = parts.flat::<T>().as_chunks::<3>();
            if empty { y.fill(T::NAN) } else { pool_moments(parts, [channels, neighbours], of_part, y.as_chunks_mut().0) }
        }))?;
        let norms = for_float!(float, T => Tensor::compute::<T, 2>(OP, &[channels, 3], [&x, &moments], move |[x, moments], y| {
            let (moments, _) = moments.flat::<T>().as_chunks::<3>();
            if empty { y.fill(T::NAN) } else { sizes.norms::<T>(x.flat(), moments, eps, y.as_chunks_mut().0) }
        }))?;
        let statistic = |variance: bool| {
            for_float!(float, T => Tensor::compute::<T, 2>(OP, &[channels], [&moments, &norms], move |[moments, norms], y| {
                let [moments, norms] = [moments, norms].map(|x| x.flat::<T>().as_chunks::<3>().0);
                for (y, ([c, drift, squares], [.., r])) in y.iter_mut().zip(moments.iter().zip(norms)) {
                    *y = match variance {
                        false => *c + *drift,
                        true if squares.is_finite() => *squares / T::of(n as f64 - 1.0),
                        // Squares that overflow, beside which ε is nothing, where the variance may not.
                        true => T::of(n as f64 / (n as f64 - 1.0) / Real::as_f64(*r).powi(2)),
                    };
                }
            }))
        };
        let (mean, var) = (statistic(false)?, statistic(true)?);
        let value = normalised(OP, &x, sizes, &norms, [weight, bias])?;
        let inputs: SmallVec<[&Tensor; 3]> = [Some(self), weight, bias].into_iter().flatten().collect();
        let value = record(OP, value, &inputs, |_| ByBatch {
            sizes,
            eps,
            x: Saved::input(0, self),
            weight: weight.map(|weight| Saved::input(1, weight)),
            bias: bias.map(|_| 1 + usize::from(weight.is_some())),
            norms: Saved::constant(&norms),
        });
        Ok((value, mean, var))
    }
}

struct ByBatch {
    sizes: Sizes,
    eps: f64,
    x: Saved,
    weight: Option<Saved>,
    /// The number of the input that is the bias.
    bias: Option<usize>,
    /// A number near the mean of each channel, what it lacks to it, and `1/√(σ² + ε)`.
    norms: Saved,
}

impl Pullback for ByBatch {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (x, gy) = (self.x.get(at), at.gy());
        let weight = self.weight.as_ref().map(|weight| weight.get(at));
        let (form, channels) = (form(self.sizes), [self.sizes.channels]);
        let centre = self.norms.value().narrow(1, 0, 1)?.reshape_to(&form.affine)?;
        let normalised = form.normalised(&x, Some(&centre), self.eps)?;
        at.give(0, || normalised.input(gy, weight.as_deref(), x.shape()))?;
        if weight.is_some() {
            at.give(1, || normalised.weight(gy, &channels))?;
        }
        match self.bias {
            Some(input) => at.give(input, || normalised.bias(gy, &channels)),
            None => Ok(()),
        }
    }

    fn pull_fused(&self, at: &mut Pull<'_>) -> Result<()> {
        let (x, gy, norms, sizes) = (self.x.value().packed(), at.gy().packed(), self.norms.value(), self.sizes);
        let sums = pairs("batch_norm", sizes, &gy, &x, norms)?;
        at.give(0, || {
            let (weight, empty) = (operand("batch_norm", &x, self.weight.as_ref().map(Saved::value))?, x.numel() == 0);
            let operands = [&*gy, &*x, norms, &weight, &sums];
            for_float!(x.float(), T => {
                Tensor::compute::<T, 5>("batch_norm", x.shape(), operands, move |[gy, x, norms, w, sums], gx| {
                    if !empty {
                        let (norms, _) = norms.flat::<T>().as_chunks::<3>();
                        let (sums, _) = sums.flat::<T>().as_chunks::<2>();
                        pull::<T>(sizes, [gy.flat(), x.flat()], norms, w.flat(), sums, gx);
                    }
                })
            })
        })?;
        if self.weight.is_some() {
            at.give(1, || one_of(&sums, 1))?;
        }
        match self.bias {
            Some(input) => at.give(input, || one_of(&sums, 0)),
            None => Ok(()),
        }
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.x);
        self.weight.iter().for_each(&mut *see);
        see(&self.norms);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use self::tests::reference;
    use crate::DType;
    use crate::ops::normalize::by_channels::inputs;
    let call = |x: &[Tensor]| Ok(x[0].batch_norm(Some(&x[1]), Some(&x[2]), 1e-5)?.0);
    let plain = |x: &[Tensor]| Ok(x[0].batch_norm(None, None, 0.5)?.0);
    let of_length = |op: &'static str, shape: &'static [usize]| {
        let length = shape[2..].iter().product();
        Case::new(op, inputs(shape, 3), call).value(move |x| reference(x, length, 1e-5))
    };
    [
        of_length("batch_norm", &[3, 2, 4])
            .refuses(
                |x| Ok(x[1].batch_norm(None, None, 1e-5)?.0),
                "batch_norm: the input has shape [2], expected [N, C, ..]",
            )
            .refuses(
                |x| Ok(x[0].sum_dim(keep([0, 2]))?.batch_norm(None, None, 1e-5)?.0),
                "batch_norm: needs more than 1 value for each channel, the input has shape [1, 2, 1]",
            )
            .refuses(
                |x| Ok(x[0].batch_norm(Some(&x[0]), None, 1e-5)?.0),
                "batch_norm: weight has shape [3, 2, 4], expected [2]",
            )
            .refuses(
                |x| Ok(x[0].batch_norm(None, Some(&x[1].to_dtype(DType::F32)), 1e-5)?.0),
                "batch_norm: dtypes F64 and F32 do not mix; convert one with to_dtype",
            )
            .refuses(
                |x| Ok(x[0].to_dtype(DType::I64).batch_norm(None, None, 1e-5)?.0),
                "batch_norm: dtype is I64, expected F32 or F64; to_dtype converts",
            )
            .refuses(|x| Ok(x[0].batch_norm(None, None, f64::NAN)?.0), "batch_norm: eps is NaN, it must be a number"),
        of_length("batch_norm of channels alone", &[5, 3]),
        of_length("batch_norm of long channels", &[2, 2, 19]),
        Case::new("batch_norm (plain)", inputs(&[3, 2, 4], 1), plain),
        Case::new("batch_norm (bias alone)", inputs(&[3, 2, 4], 2), |x| Ok(x[0].batch_norm(None, Some(&x[1]), 0.5)?.0)),
        Case::new("batch_norm (statistics)", inputs(&[3, 2, 4], 1), |x| {
            let (_, mean, var) = x[0].batch_norm(None, None, 0.5)?;
            Tensor::cat(&[&mean, &var], 0)
        })
        .value(|x| {
            let of = |k: usize| x[0].iter().enumerate().filter(move |(i, _)| i / 4 % 2 == k).map(|(_, x)| *x);
            let mean = |k: usize| of(k).sum::<f64>() / 12.0;
            let var = |k: usize| of(k).map(|x| (x - mean(k)).powi(2)).sum::<f64>() / 11.0;
            vec![mean(0), mean(1), var(0), var(1)]
        })
        .ends_no_history(),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{DType, Result, Tensor};

    #[test]
    fn what_has_no_elements_needs_no_channels() -> Result<()> {
        let (y, mean, var) = Tensor::zeros(&[0], DType::F64)?.batch_norm(None, None, 1e-5)?;
        assert_eq!((y.shape(), mean.shape(), var.shape()), (&[0][..], &[0][..], &[0][..]));
        Ok(())
    }

    #[test]
    fn a_variance_is_there_where_the_sum_of_squares_is_not() -> Result<()> {
        let x: Vec<f32> = (0..1000).map(|i| if i % 2 == 0 { 1e18 } else { -1e18 }).collect();
        let (_, mean, var) = Tensor::from_slice(&x, &[1000, 1])?.batch_norm(None, None, 1e-5)?;
        assert_eq!(mean.to_f64s(), [0.0]);
        assert!((var.to_f64s()[0] / (1e36 * 1000.0 / 999.0) - 1.0).abs() < 1e-5, "{var}");
        Ok(())
    }

    pub(super) fn reference(x: &[Vec<f64>], length: usize, eps: f64) -> Vec<f64> {
        let channels = x[1].len();
        let of = |k: usize| (0..x[0].len()).filter(move |i| i / length % channels == k).map(|i| x[0][i]);
        let n = of(0).count() as f64;
        let mean: Vec<f64> = (0..channels).map(|k| of(k).sum::<f64>() / n).collect();
        let var: Vec<f64> = (0..channels).map(|k| of(k).map(|x| (x - mean[k]).powi(2)).sum::<f64>() / n).collect();
        let y = |(i, x_i): (usize, &f64)| {
            let k = i / length % channels;
            (x_i - mean[k]) / (var[k] + eps).sqrt() * x[1][k] + x[2][k]
        };
        x[0].iter().enumerate().map(y).collect()
    }
}
