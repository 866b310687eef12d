//! Running product.

use super::along::{Along, with_dims};
use super::recurrence::recurrence;
use crate::error::Result;
use crate::kernels::scan::Product;
use crate::shape::Dim;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::Tensor;

impl Tensor {
    /// `y[k] = x[0] · .. · x[k]` along `dim`. Integers and truth values give an `I64`.
    ///
    /// # Gradient
    /// `gx[k] = x[0] · .. · x[k − 1] · (gy[k] + x[k + 1] (gy[k + 1] + x[k + 2] (..)))`: nothing is divided by x, so it
    /// is exact where elements are 0, at every order, and linear in time. Saves x and y.
    ///
    /// # Errors
    /// If the dim is out of range.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([2.0, 0.0, 3.0]).requires_grad();
    /// let y = x.cumprod(0)?;
    /// assert_eq!(y.to_vec::<f32>()?, [2.0, 0.0, 0.0]);
    /// assert_eq!(y.sum().backward()?.get(&x).unwrap().to_vec::<f32>()?, [1.0, 8.0, 0.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn cumprod(&self, dim: impl Dim) -> Result<Tensor> {
        cumprod_of(self, dim.signed())
    }
}

fn cumprod_of(x: &Tensor, dim: isize) -> Result<Tensor> {
    let along = Along::new("cumprod", x, dim)?;
    if !x.dtype().is_float() {
        return along.scan_integers("cumprod", i64::wrapping_mul, x);
    }
    with_dims(x, |x| {
        let value = Along::of(x, along.dim).scan("cumprod", Product, false, [x])?;
        let saved = |y: &Tensor| CumProd { x: Saved::input(0, x), y: Saved::output(y), dim: along.dim };
        Ok(record("cumprod", value, &[x], saved))
    })
}

struct CumProd {
    x: Saved,
    y: Saved,
    dim: usize,
}

impl Pullback for CumProd {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (x, y, gy) = (self.x.get(at), self.y.get(at), at.gy());
        at.give(0, || {
            let along = Along::of(gy, self.dim);
            let before = along.shifted("cumprod", &y, false, 1.0)?;
            let next = along.shifted("cumprod", &x, true, 0.0)?;
            before.try_mul(&recurrence(&next, gy, self.dim, true)?)
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.x);
        see(&self.y);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let middle = |x: &[Vec<f64>]| {
        (0..24).map(|i| (0..=i / 4 % 3).map(|j| x[0][i / 12 * 12 + j * 4 + i % 4]).product()).collect()
    };
    [
        Case::new("cumprod(1)", vec![Input::real(&[2, 3, 4], -2.0..2.0)], |x| x[0].cumprod(1))
            .value(middle)
            .refuses(|x| x[0].cumprod(-4), "cumprod: dim -4 is out of range for shape [2, 3, 4] (−3 to 2)"),
        Case::new("cumprod of a scalar", vec![Input::real(&[], -2.0..2.0)], |x| x[0].cumprod(-1))
            .value(|x| x[0].clone()),
        // Zeros on purpose: one in the first row, two in the second.
        Case::new("cumprod of zeros", vec![Input::real(&[2, 4], 0.5..2.0)], |x| {
            let zeros = Tensor::from([[1.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]]).to_dtype(x[0].dtype());
            x[0].try_mul(&zeros)?.cumprod(1)
        })
        .value(|x| vec![x[0][0], 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
        Case::new("cumprod of integers", vec![Input::index(&[4], 9)], |x| x[0].cumprod(0))
            .value(|x| (0..4).map(|i| x[0][..=i].iter().product()).collect())
            .without_gradient(),
    ]
}];
