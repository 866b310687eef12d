//! Product.

use super::along::Along;
use super::dims::ReduceDims;
use crate::error::Result;
use crate::kernels::reduce::Product;
use crate::kernels::rows::product_pull;
use crate::ops::check::Check;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{Tensor, for_float};

impl Tensor {
    /// Product of all elements; 1 if there are none.
    ///
    /// # Gradient
    /// The product of all the others: exact where elements are 0. Saves x.
    ///
    /// # Errors
    /// If the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([2.0, 0.0, 3.0]).requires_grad();
    /// let grads = x.prod()?.backward()?;
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f32>()?, [0.0, 6.0, 0.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn prod(&self /* all elements; over dim 1: prod_dim(1)? */) -> Result<Tensor> {
        self.prod_dim(..)
    }

    /// Product along `dims`.
    ///
    /// # Errors
    /// If a dim is out of range or named twice, or the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1.0, 5.0], [3.0, 2.0]]);
    /// assert_eq!(x.prod_dim(0)?.to_vec::<f32>()?, [3.0, 10.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn prod_dim(&self, dims: impl Into<ReduceDims>) -> Result<Tensor> {
        Check("prod").float(self)?;
        let along = Along::new("prod", self, &dims.into())?;
        let value = along.fold(Product, self);
        Ok(record("prod", value, &[self], |_| Prod { x: Saved::input(0, self), along }))
    }
}

struct Prod {
    x: Saved,
    along: Along,
}

impl Prod {
    /// Computes the gradient from x and gy with the folded dimensions last and merged: `f(x: [rows, n], gy: [rows])`.
    fn by_rows(&self, x: &Tensor, gy: &Tensor, f: impl FnOnce(&Tensor, &Tensor) -> Result<Tensor>) -> Result<Tensor> {
        let named = &self.along.named;
        let kept = (0..x.rank()).filter(|d| !named[*d]);
        let order: Vec<isize> = kept.chain((0..x.rank()).filter(|d| named[*d])).map(|d| d as isize).collect();
        let mut back = vec![0; order.len()];
        order.iter().enumerate().for_each(|(to, from)| back[*from as usize] = to as isize);
        let n = self.along.count;
        let rows = x.numel().checked_div(n).unwrap_or(0);
        let permuted = x.permute(&order)?;
        let gx = f(&permuted.reshape_to(&[rows, n])?, &gy.reshape_to(&[gy.numel()])?)?;
        gx.reshape_to(permuted.shape())?.permute(&back)
    }
}

impl Pullback for Prod {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (x, gy) = (self.x.get(at), at.gy());
        at.give(0, || {
            self.by_rows(&x, gy, |x, gy| {
                // Row i of this [rows, n, n] is x with its i-th element replaced by 1: its product is a differentiable
                // form of "all the others".
                let diagonal = Tensor::eye(x.shape()[1], crate::DType::Bool)?;
                let all = x.unsqueeze(1)?;
                let others = diagonal.where_cond(&all.full_like(1.0), &all)?.prod_dim(-1)?;
                gy.narrow(0, 0, x.shape()[0])?.unsqueeze(1)?.try_mul(&others)
            })
        })
    }

    fn pull_fused(&self, at: &mut Pull<'_>) -> Result<()> {
        let (x, gy) = (self.x.value(), at.gy());
        at.give(0, || {
            self.by_rows(x, gy, |x, gy| {
                let (n, x, gy) = (x.shape()[1], x.packed(), gy.packed());
                Ok(for_float!(x.float(), T => Tensor::build::<T>(x.shape(), |gx| {
                    if n > 0 {
                        product_pull::<T>(x.flat(), gy.flat(), n, gx);
                    }
                })))
            })
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.x);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let x = || vec![Input::real(&[2, 3, 2], -2.0..2.0)];
    let middle = |x: &[Vec<f64>]| (0..4).map(|k| (0..3).map(|j| x[0][k / 2 * 6 + j * 2 + k % 2]).product()).collect();
    [
        Case::new("prod", vec![Input::real(&[4], -2.0..2.0)], |x| x[0].prod())
            .value(|x| vec![x[0].iter().product()])
            .refuses(
                |x| x[0].to_dtype(DType::I64).prod(),
                "prod: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("prod_dim(1)", x(), |x| x[0].prod_dim(1))
            .value(middle)
            .refuses(|x| x[0].prod_dim(3), "prod: dim 3 is out of range for shape [2, 3, 2] (−3 to 2)"),
        // Zeros on purpose: one in the first row, two in the second.
        Case::new("prod of zeros", vec![Input::real(&[2, 3], 0.5..2.0)], |x| {
            let zeros = Tensor::from([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]]).to_dtype(x[0].dtype());
            x[0].try_mul(&zeros)?.prod_dim(1)
        })
        .value(|_| vec![0.0, 0.0]),
    ]
}];
