//! Product.

use super::along::Along;
use super::dims::ReduceDims;
use crate::error::{Error, Result};
use crate::kernels::reduce::Product;
use crate::kernels::rows::product_pull;
use crate::ops::check::Check;
use crate::tape::{Pull, Pullback, Saved, forwards, gradients_of, record};
use crate::tensor::{Tensor, for_float};

impl Tensor {
    /// Product of all elements; 1 if there are none.
    ///
    /// # Gradient
    /// The product of all the others: exact where elements are 0, at every order, and linear in time and
    /// memory. Saves x.
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
        prod_dim_of(self, &dims.into())
    }
}

fn prod_dim_of(x: &Tensor, dims: &ReduceDims) -> Result<Tensor> {
    Check("prod").float(x)?;
    let along = Along::new("prod", x, dims)?;
    let value = along.fold("prod", Product, x)?;
    Ok(record("prod", value, &[x], |_| Prod { x: Saved::input(0, x), along }))
}

struct Prod {
    x: Saved,
    along: Along,
}

/// `yᵢ = Π_{j≠i} xⱼ` of each row of `x: [rows, n]`, recorded: computed as a plain walk does, and derived by [`tree`].
fn others(x: &Tensor) -> Result<Tensor> {
    let value = products(x, &Tensor::ones(&[x.shape()[0]], x.dtype())?)?;
    if x.shape()[1] < 2 {
        // There are no others.
        return Ok(value);
    }
    Ok(record("prod", value, &[x], |_| Others { x: Saved::input(0, x) }))
}

/// `gyᵣ Π_{j≠i} xᵣⱼ` of each row r of `x: [rows, n]`, not recorded.
fn products(x: &Tensor, gy: &Tensor) -> Result<Tensor> {
    let (n, x) = (x.shape()[1], x.try_packed("prod")?);
    for_float!(x.float(), T => Tensor::compute::<T, 2>("prod", x.shape(), [&x, gy], move |[x, gy], gx| {
        if n > 0 {
            product_pull::<T>(x.flat(), gy.flat(), n, gx);
        }
    }))
}

struct Others {
    x: Saved,
}

impl Pullback for Others {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (x, gy) = (self.x.get(at).into_owned(), at.gy());
        at.give(0, || {
            // What is not tracked here is of a walk that is not recorded.
            let recorded = x.is_tracked();
            let x = if recorded { x } else { x.requires_grad() };
            let y = forwards(|| tree(&x))?;
            Ok(gradients_of(&[(&y, Some(gy))], &[&x], recorded)?.remove(0).unwrap_or_else(|| x.zeros_like()))
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.x);
    }
}

/// The same: a tree of products up to the product of all, and down again what each node's outside multiplies to. It is
/// linear in memory, at any order.
fn tree(x: &Tensor) -> Result<Tensor> {
    let rows = x.shape()[0];
    let halves = |pairs: &Tensor| Ok::<_, Error>((pairs.narrow(2, 0, 1)?, pairs.narrow(2, 1, 1)?));
    let mut level = x.clone();
    let mut levels = Vec::new();
    while level.shape()[1] > 1 {
        let width = level.shape()[1];
        if width % 2 == 1 {
            level = Tensor::cat(&[&level, &Tensor::ones(&[rows, 1], x.dtype())?], 1)?;
        }
        let pairs = level.reshape_to(&[rows, width.div_ceil(2), 2])?;
        let (left, right) = halves(&pairs)?;
        level = left.try_mul(&right)?.reshape_to(&[rows, width.div_ceil(2)])?;
        levels.push((width, pairs));
    }
    let mut outside = Tensor::ones(level.shape(), x.dtype())?;
    while let Some((width, pairs)) = levels.pop() {
        let (left, right) = halves(&pairs)?;
        let of_pairs = outside.unsqueeze(2)?.try_mul(&Tensor::cat(&[&right, &left], 2)?)?;
        outside = of_pairs.reshape_to(&[rows, width.next_multiple_of(2)])?.narrow(1, 0, width)?;
    }
    Ok(outside)
}

impl Pullback for Prod {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (x, gy) = (self.x.get(at), at.gy());
        at.give(0, || self.along.by_rows(&x, others)?.try_mul(&self.along.spread(gy)?))
    }

    fn pull_fused(&self, at: &mut Pull<'_>) -> Result<()> {
        let (x, gy) = (self.x.value(), at.gy().packed());
        at.give(0, || self.along.by_rows(x, |x| products(x, &gy)))
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
        Case::new("prod of one", vec![Input::real(&[3, 1], -2.0..2.0)], |x| x[0].prod_dim(1)).value(|x| x[0].clone()),
        // Zeros on purpose: one in the first row, two in the second.
        Case::new("prod of zeros", vec![Input::real(&[2, 3], 0.5..2.0)], |x| {
            let zeros = Tensor::from([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]]).to_dtype(x[0].dtype());
            x[0].try_mul(&zeros)?.prod_dim(1)
        })
        .value(|_| vec![0.0, 0.0]),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{DType, Result, Tensor, grad};

    #[test]
    fn derivatives_go_on() -> Result<()> {
        let x = Tensor::from_slice(&[2.0, 3.0, 5.0], &[3])?.requires_grad();
        let mut y = x.prod()?;
        for want in [31.0, 20.0, 6.0] {
            y = grad(&y, &[&x])?.remove(0).sum();
            assert_eq!(y.to_f64s(), [want]);
        }
        Ok(())
    }

    #[test]
    fn the_second_derivative_of_one_factor_is_that_of_what_comes_after() -> Result<()> {
        let x = Tensor::from_slice(&[3.0], &[1])?.requires_grad();
        let first = grad(&x.prod()?.square(), &[&x])?.remove(0);
        assert_eq!(grad(&first.sum(), &[&x])?.remove(0).to_f64s(), [2.0]);
        Ok(())
    }

    #[test]
    fn a_product_that_is_a_number_has_a_gradient_whatever_its_parts_are() -> Result<()> {
        for (dtype, large) in [(DType::F32, 10.0), (DType::F64, 1e10)] {
            // Neighbours in pairs of large ones and of small ones.
            let x = [vec![large; 50], vec![1.0 / large; 50]].concat();
            let x = Tensor::from_slice(&x, &[100])?.to_dtype(dtype).requires_grad();
            let fused = x.prod()?.backward()?.take(&x).expect("a leaf");
            let recorded = grad(&x.prod()?, &[&x])?.remove(0);
            for gradient in [fused, recorded] {
                for (g, x) in gradient.to_f64s().into_iter().zip(x.to_f64s()) {
                    assert!((g * x - 1.0).abs() < 1e-5, "{dtype}: {g} of {x}");
                }
            }
        }
        Ok(())
    }
}
