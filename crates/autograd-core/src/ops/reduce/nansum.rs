//! Sum and mean of what is not NaN.

use super::along::Along;
use super::dims::ReduceDims;
use crate::error::Result;
use crate::kernels::reduce::NumbersSum;
use crate::ops::check::Check;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::Tensor;

impl Tensor {
    /// The sum along `dims` of the elements that are not NaN; 0 if there are none. Integers and truth values give an
    /// `I64`.
    ///
    /// # Gradient
    /// gy for the elements that are not NaN, 0 for the others. Saves x.
    ///
    /// # Errors
    /// If a dim is out of range or named twice.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1.0, f32::NAN], [3.0, 4.0]]);
    /// assert_eq!(x.nansum(1)?.to_vec::<f32>()?, [1.0, 7.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn nansum(&self, dims: impl Into<ReduceDims>) -> Result<Tensor> {
        nansum_of(self, &dims.into())
    }

    /// The mean along `dims` of the elements that are not NaN; NaN if there are none.
    ///
    /// # Gradient
    /// gy / n for the n elements that are not NaN, 0 for the others; NaN if there are none. Saves x and the
    /// counts.
    ///
    /// # Numerics
    /// As for [`Tensor::mean`].
    ///
    /// # Errors
    /// If a dim is out of range or named twice, or the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1.0, f32::NAN], [3.0, 4.0]]);
    /// assert_eq!(x.nanmean(1)?.to_vec::<f32>()?, [1.0, 3.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn nanmean(&self, dims: impl Into<ReduceDims>) -> Result<Tensor> {
        nanmean_of(self, &dims.into())
    }
}

fn nansum_of(x: &Tensor, dims: &ReduceDims) -> Result<Tensor> {
    let along = Along::new("nansum", x, dims)?;
    if !x.dtype().is_float() {
        return x.sum_dim(dims.clone());
    }
    folded("nansum", x, along, None)
}

fn nanmean_of(x: &Tensor, dims: &ReduceDims) -> Result<Tensor> {
    Check("nanmean").float(x)?;
    let along = Along::new("nanmean", x, dims)?;
    let bare = x.untied();
    let counts = bare.eq(&bare)?.sum_dim(dims.clone())?.to_dtype(x.dtype());
    folded("nanmean", x, along, Some(counts))
}

fn folded(op: &'static str, x: &Tensor, along: Along, counts: Option<Tensor>) -> Result<Tensor> {
    let mut value = along.fold(op, NumbersSum, x)?;
    if let Some(counts) = &counts {
        value = value.try_div(counts)?;
    }
    Ok(record(op, value, &[x], |_| OfNumbers {
        x: Saved::input(0, x),
        counts: counts.as_ref().map(Saved::constant),
        along,
    }))
}

struct OfNumbers {
    x: Saved,
    /// How many each mean is of.
    counts: Option<Saved>,
    along: Along,
}

impl Pullback for OfNumbers {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        at.give(0, || {
            // Which elements are numbers has no derivative, so it is not recorded.
            let mask = self.x.value().eq(self.x.value())?;
            let none = Tensor::full(&[], 0.0, gy.dtype())?;
            let Some(counts) = &self.counts else {
                return mask.where_cond(&self.along.spread(gy)?, &none);
            };
            // Of a mean of nothing the derivative is NaN for all that it is the mean of.
            let counts = counts.value();
            let nothing = self.along.spread(&counts.eq(&counts.zeros_like())?)?;
            let none = nothing.where_cond(&none.full_like(f64::NAN), &none)?;
            mask.where_cond(&self.along.spread(&gy.try_div(counts)?)?, &none)
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.x);
        self.counts.iter().for_each(see);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let x = || vec![Input::real(&[2, 3, 4], -2.0..2.0)];
    // Every fifth element is NaN.
    let holes = |x: &Tensor| {
        let holes = (0..x.numel()).map(|i| i % 5 == 0).collect::<Vec<_>>();
        Tensor::from_vec(holes, x.shape())?.where_cond(&Tensor::full(&[], f64::NAN, x.dtype())?, x)
    };
    let kept = |x: &[Vec<f64>], k: usize| {
        let column = (0..3).map(move |j| k / 4 * 12 + j * 4 + k % 4).filter(|i| i % 5 != 0);
        column.map(|i| x[0][i]).collect::<Vec<_>>()
    };
    [
        Case::new("nansum", x(), move |x| holes(&x[0])?.nansum(1))
            .value(move |x| (0..8).map(|k| kept(x, k).iter().sum()).collect())
            // Where the holes are depends on the order of the elements.
            .not_of_views()
            .refuses(|x| x[0].nansum(3), "nansum: dim 3 is out of range for shape [2, 3, 4] (−3 to 2)"),
        Case::new("nansum of numbers", x(), |x| x[0].nansum(keep(..))).value(|x| vec![x[0].iter().sum()]),
        Case::new("nansum of integers", vec![Input::index(&[2, 3], 9)], |x| x[0].nansum(0))
            .value(|x| (0..3).map(|i| x[0][i] + x[0][i + 3]).collect())
            .without_gradient(),
        Case::new("nanmean", x(), move |x| holes(&x[0])?.nanmean(keep(1)))
            .value(move |x| {
                let mean = |x: Vec<f64>| x.iter().sum::<f64>() / x.len() as f64;
                (0..8).map(|k| mean(kept(x, k))).collect()
            })
            .not_of_views()
            .refuses(|x| x[0].nanmean([0, 0]), "nanmean: dim 0 is named twice in [0, 0] (shape [2, 3, 4])")
            .refuses(
                |x| x[0].to_dtype(DType::I64).nanmean(..),
                "nanmean: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("nanmean of numbers", x(), |x| x[0].nanmean([0, 2])).value(|x| {
            (0..3).map(|j| (0..24).filter(|i| i / 4 % 3 == j).map(|i| x[0][i]).sum::<f64>() / 8.0).collect()
        }),
    ]
}];
