//! The choice between two tensors by a mask.

use crate::error::Result;
use crate::kernels::elementwise::zip::choose;
use crate::kernels::nest::Nest;
use crate::ops::check::Check;
use crate::shape::strides_in;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{DType, Tensor, for_any};

impl Tensor {
    /// `a` where this mask is true, else `b`; all three are broadcast.
    ///
    /// # Gradient
    /// `ga = gy` where the mask is true, else 0; `gb` the other way round. It selects, it never multiplies: an infinite
    /// derivative on the side not chosen does not leak. Saves the mask.
    ///
    /// # Errors
    /// If `self` is not `Bool`, the shapes do not broadcast, or `a` and `b` differ in dtype.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let mask = Tensor::from([true, false]);
    /// let z = mask.where_cond(&Tensor::from([1.0, f64::NAN]), &Tensor::from([0.0, 2.0]))?;
    /// assert_eq!(z.to_vec::<f32>()?, [1.0, 2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn where_cond(&self, a: &Tensor, b: &Tensor) -> Result<Tensor> {
        Check("where").dtype(self, DType::Bool)?;
        let dtype = Check("where").same_dtype(a, b)?;
        let shape = Check("where").broadcast(&Check("where").broadcast(self.shape(), a.shape())?, b.shape())?;
        let strides =
            [&strides_in(self.layout(), &shape)[..], &strides_in(a.layout(), &shape), &strides_in(b.layout(), &shape)];
        let nest = Nest::new(&shape, strides);
        let value = for_any!(dtype, T => Tensor::compute::<T, 3>("where", &shape, [self, a, b], move |[mask, a, b], z| {
            choose::<T>(&nest, mask.strided(), a.strided(), b.strided(), z);
        }))?;
        Ok(record("where", value, &[a, b], |_| Where { condition: Saved::constant(self) }))
    }
}

struct Where {
    condition: Saved,
}

impl Pullback for Where {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (gy, condition) = (at.gy(), self.condition.value());
        let none = Tensor::full(&[], 0.0, gy.dtype())?;
        at.give(1, || condition.where_cond(&none, gy))?;
        at.give(0, || condition.where_cond(gy, &none))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.condition);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let call = |x: &[Tensor]| x[0].where_cond(&x[1], &x[2]);
    let inputs =
        |a: &[usize], b: &[usize]| vec![Input::mask(&[3, 4]), Input::real(a, -2.0..2.0), Input::real(b, -2.0..2.0)];
    let reference = |x: &[Vec<f64>]| {
        let at = |v: &[f64], i: usize| if v.len() == 4 { v[i % 4] } else { v[i] };
        (0..12).map(|i| if x[0][i] != 0.0 { at(&x[1], i) } else { at(&x[2], i) }).collect()
    };
    [
        Case::new("where", inputs(&[3, 4], &[3, 4]), call)
            .value(reference)
            .refuses(|x| x[1].where_cond(&x[1], &x[2]), "where: dtype is F64, expected Bool; to_dtype converts")
            .refuses(
                |x| x[0].where_cond(&x[1], &x[2].t()?),
                "where: shapes [3, 4] and [4, 3] do not broadcast: 3 ≠ 4 in dimension −2 (counted from the end)",
            )
            .refuses(
                |x| x[0].where_cond(&x[1], &x[0]),
                "where: dtypes F64 and Bool do not mix; convert one with to_dtype",
            ),
        Case::new("where", inputs(&[3, 4], &[4]), call).value(reference),
    ]
}];
