//! Batch normalisation by given statistics.

use super::by_channels::{checked, form, normalised, one_of, pairs};
use crate::error::Result;
use crate::kernels::normalize::channels::Sizes;
use crate::kernels::number::Number;
use crate::kernels::real::Real;
use crate::ops::check::Check;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{Tensor, for_float};
use smallvec::SmallVec;

impl Tensor {
    /// [`Tensor::batch_norm`] by given statistics, as after training: `y = (x − mean)/√(var + ε) · w + b`.
    ///
    /// # Shapes
    /// x: `[N, C, ..]`; mean and var: `[C]`; weight and bias, of which there may be none: `[C]`; result as x.
    ///
    /// # Gradient
    /// With `r = 1/√(var + ε)` and `x̂ = (x − mean) r`: `gx = gy w r`, `gw = Σ gy x̂`, `gb = Σ gy`, and for the
    /// statistics `−w r Σ gy` and `−½ w r² Σ gy x̂`. Saves x, mean, var, the weight, and r.
    ///
    /// # Errors
    /// If a shape does not fit, the dtypes are not one float type, or `eps` is NaN.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (mean, var) = (Tensor::from([1.0, 0.0]), Tensor::from([4.0, 16.0]));
    /// let y = Tensor::from([[5.0, 8.0]]).batch_norm_eval(&mean, &var, None, None, 0.0)?;
    /// assert_eq!(y.to_vec::<f32>()?, [2.0, 2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # Differs from
    /// PyTorch, which has no gradients of the statistics.
    pub fn batch_norm_eval(
        &self,
        mean: &Tensor,
        var: &Tensor,
        weight: Option<&Tensor>,
        bias: Option<&Tensor>,
        eps: f64,
    ) -> Result<Tensor> {
        const OP: &str = "batch_norm_eval";
        let (sizes, float) = checked(OP, self, [weight, bias], eps)?;
        let channels = sizes.channels;
        for (what, statistic) in [("mean", mean), ("var", var)] {
            Check(OP).is(what, statistic, &[channels])?;
            Check(OP).same_float(self, statistic)?;
        }
        let x = self.try_packed(OP)?;
        let operands = [&*mean.try_packed(OP)?, &*var.try_packed(OP)?];
        let norms = for_float!(float, T => Tensor::compute::<T, 2>(OP, &[channels, 3], operands, move |[mean, var], y| {
            let statistics = mean.flat::<T>().iter().zip(var.flat::<T>());
            for (y, (mean, var)) in y.as_chunks_mut::<3>().0.iter_mut().zip(statistics) {
                *y = [*mean, 0.0, T::of(1.0 / (var.as_f64() + eps).sqrt())];
            }
        }))?;
        let value = normalised(OP, &x, sizes, &norms, [weight, bias])?;
        let inputs: SmallVec<[&Tensor; 5]> =
            [Some(self), Some(mean), Some(var), weight, bias].into_iter().flatten().collect();
        Ok(record(OP, value, &inputs, |_| ByGiven {
            sizes,
            eps,
            x: Saved::input(0, self),
            mean: Saved::input(1, mean),
            var: Saved::input(2, var),
            weight: weight.map(|weight| Saved::input(3, weight)),
            bias: bias.map(|_| 3 + usize::from(weight.is_some())),
            norms: Saved::constant(&norms),
        }))
    }
}

struct ByGiven {
    sizes: Sizes,
    eps: f64,
    x: Saved,
    mean: Saved,
    var: Saved,
    weight: Option<Saved>,
    /// The number of the input that is the bias.
    bias: Option<usize>,
    /// The mean of each channel, 0, and `1/√(σ² + ε)`.
    norms: Saved,
}

impl ByGiven {
    /// The gradients of all but x, from `Σ gy`, `Σ gy x̂` and r of each channel.
    fn give(
        &self,
        at: &mut Pull<'_>,
        weight: Option<&Tensor>,
        [sum, product, inverse]: [&dyn Fn() -> Result<Tensor>; 3],
    ) -> Result<()> {
        let scale = || match weight {
            Some(weight) => inverse()?.try_mul(weight),
            None => inverse(),
        };
        at.give(1, || Ok(sum()?.try_mul(&scale()?)?.neg()))?;
        at.give(2, || Ok(product()?.try_mul(&scale()?)?.try_mul(&inverse()?)?.mul_scalar(-0.5)))?;
        if weight.is_some() {
            at.give(3, product)?;
        }
        match self.bias {
            Some(input) => at.give(input, sum),
            None => Ok(()),
        }
    }
}

impl Pullback for ByGiven {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (x, mean, var, gy) = (self.x.get(at), self.mean.get(at), self.var.get(at), at.gy());
        let weight = self.weight.as_ref().map(|weight| weight.get(at));
        let (form, channels) = (form(self.sizes), [self.sizes.channels]);
        let normalised = form.normalised_by(&x, &mean, &var, self.eps)?;
        at.give(0, || normalised.input(gy, weight.as_deref(), x.shape()))?;
        let (sum, product) = (|| normalised.bias(gy, &channels), || normalised.weight(gy, &channels));
        self.give(at, weight.as_deref(), [&sum, &product, &|| normalised.inverse().reshape_to(&channels)])
    }

    fn pull_fused(&self, at: &mut Pull<'_>) -> Result<()> {
        let (x, gy, norms, sizes) = (self.x.value(), at.gy(), self.norms.value(), self.sizes);
        let inverse = || Ok(norms.narrow(1, 2, 1)?.squeeze(&[1])?.contiguous());
        let weight = self.weight.as_ref().map(Saved::value);
        at.give(0, || {
            let scale = match weight {
                Some(weight) => inverse()?.try_mul(weight)?,
                None => inverse()?,
            };
            let form = form(sizes);
            gy.reshape_to(&form.shape)?.try_mul(&scale.reshape_to(&form.affine)?)?.reshape_to(x.shape())
        })?;
        if !(1..at.inputs()).any(|input| at.wants(input)) {
            return Ok(());
        }
        let sums = pairs("batch_norm_eval", sizes, &gy.packed(), &x.packed(), norms)?;
        self.give(at, weight, [&|| one_of(&sums, 0), &|| one_of(&sums, 1), &inverse])
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.x);
        see(&self.mean);
        see(&self.var);
        self.weight.iter().for_each(&mut *see);
        see(&self.norms);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    use crate::ops::normalize::by_channels::inputs;
    let given = |x: &[Tensor]| x[0].batch_norm_eval(&x[3], &x[4], Some(&x[1]), Some(&x[2]), 0.5);
    [
        Case::new("batch_norm_eval", inputs(&[3, 2, 4], 5), given)
            .value(|x| {
                let of = |(i, x_i): (usize, &f64)| {
                    let k = i / 4 % 2;
                    (x_i - x[3][k]) / (x[4][k] + 0.5).sqrt() * x[1][k] + x[2][k]
                };
                x[0].iter().enumerate().map(of).collect()
            })
            .refuses(
                |x| x[0].batch_norm_eval(&x[3], &x[0], None, None, 1e-5),
                "batch_norm_eval: var has shape [3, 2, 4], expected [2]",
            )
            .refuses(
                |x| x[0].batch_norm_eval(&x[3].to_dtype(DType::F32), &x[4], None, None, 1e-5),
                "batch_norm_eval: dtypes F64 and F32 do not mix; convert one with to_dtype",
            ),
        Case::new("batch_norm_eval of channels alone", inputs(&[5, 3], 5), given),
        Case::new("batch_norm_eval (plain)", inputs(&[2, 2, 19], 3), |x| {
            x[0].batch_norm_eval(&x[1], &x[2].square(), None, None, 0.5)
        })
        .not_counting_saved(),
    ]
}];
