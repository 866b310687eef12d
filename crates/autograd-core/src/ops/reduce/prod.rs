//! Product.
//!
//! forward    y = Π x
//! backward   gxᵢ = gy Π_{j≠i} xⱼ, without dividing by x    saves x

use super::along::Along;
use crate::error::Result;
use crate::kernels::reduce::Product;
use crate::kernels::rows::product_pull;
use crate::ops::check;
use crate::tape::{Grads, Pull, Pullback, Saved, is_recording, record};
use crate::tensor::{Tensor, for_float};
use smallvec::smallvec;

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
    pub fn prod(&self) -> Result<Tensor> {
        self.prod_dim(&[], false)
    }

    /// Product along `axes` (all if none is named).
    ///
    /// # Errors
    /// If an axis is out of range or named twice, or the dtype is not a float type.
    pub fn prod_dim(&self, axes: &[isize], keepdim: bool) -> Result<Tensor> {
        check::float("prod", self)?;
        let along = Along::new("prod", self, axes, keepdim)?;
        let value = along.fold(Product, self);
        Ok(record("prod", value, &[self], |_| Prod { x: Saved::input(0, self), along }))
    }
}

struct Prod {
    x: Saved,
    along: Along,
}

impl Pullback for Prod {
    fn name(&self) -> &'static str {
        "prod"
    }

    fn pull(&self, at: &Pull<'_>) -> Result<Grads> {
        let (x, along) = (self.x.get(at), &self.along);
        let folded = || (0..x.rank()).filter(|d| along.named[*d]);
        let order: Vec<isize> =
            (0..x.rank()).filter(|d| !along.named[*d]).chain(folded()).map(|d| d as isize).collect();
        let mut back = vec![0; order.len()];
        order.iter().enumerate().for_each(|(to, from)| back[*from as usize] = to as isize);
        let permuted = x.permute(&order)?;
        let n = along.count;
        let rows = x.numel().checked_div(n).unwrap_or(0);
        let others = if is_recording() {
            // Row i of this [rows, n, n] is x with its i-th element replaced by 1: its product is a differentiable form of
            // "all the others".
            let diagonal = Tensor::eye(n, crate::DType::Bool)?;
            let all = permuted.reshape(&[rows as isize, 1, n as isize])?;
            let others = diagonal.where_(&all.full_like(1.0), &all)?.prod_dim(&[-1], false)?;
            at.gy().reshape(&[rows as isize, 1])?.try_mul(&others)?
        } else {
            let (flat, gy) = (permuted.packed(), at.gy().packed());
            for_float!(x.dtype(), T => Tensor::build::<T>(x.dtype(), flat.shape(), |gx| {
                if n > 0 {
                    product_pull::<T>(flat.flat(), gy.flat(), n, gx);
                }
            }), else flat.into_owned())
        };
        Ok(smallvec![Some(others.reshape_to(permuted.shape())?.permute(&back)?)])
    }

    fn saved(&self) -> Vec<&Tensor> {
        vec![self.x.value()]
    }
}

#[cfg(test)]
pub(super) fn cases() -> Vec<crate::ops::cases::Case> {
    use crate::DType;
    use crate::ops::cases::{Case, Input};
    let x = || vec![Input::real(&[2, 3, 2], -2.0..2.0)];
    let middle = |x: &[Vec<f64>]| (0..4).map(|k| (0..3).map(|j| x[0][k / 2 * 6 + j * 2 + k % 2]).product()).collect();
    vec![
        Case::new("prod", vec![Input::real(&[4], -2.0..2.0)], |x| x[0].prod())
            .value(|x| vec![x[0].iter().product()])
            .refuses(
                |x| x[0].to_dtype(DType::I64).prod(),
                "prod: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("prod_dim(1)", x(), |x| x[0].prod_dim(&[1], false))
            .value(middle)
            .refuses(|x| x[0].prod_dim(&[3], false), "prod: axis 3 is out of range for shape [2, 3, 2] (−3 to 2)"),
        // Zeros on purpose: one in the first row, two in the second.
        Case::new("prod of zeros", vec![Input::real(&[2, 3], 0.5..2.0)], |x| {
            let zeros = Tensor::from([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]]).to_dtype(x[0].dtype());
            x[0].try_mul(&zeros)?.prod_dim(&[1], false)
        })
        .value(|_| vec![0.0, 0.0]),
    ]
}
