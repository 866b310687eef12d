//! Sum and mean.

use super::along::Along;
use super::dims::{ReduceDims, keep};
use crate::error::{Error, Result, refuse};
use crate::kernels::reduce::{Sum as SumFold, fold};
use crate::ops::check::Check;
use crate::shape::{Layout, Shape};
use crate::tape::{Pull, Pullback, record};
use crate::tensor::{DType, Tensor, for_float};

impl Tensor {
    /// Sum of all elements; 0 if there are none. Integers and truth values give an `I64`.
    ///
    /// # Gradient
    /// gy for every element; saves the shape.
    ///
    /// # Numerics
    /// Floats are added in a fixed tree; the error grows with the logarithm of the count.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([[1.0, 2.0], [3.0, 4.0]]).sum().item::<f32>()?, 10.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    // The compiler shows the line of a function that is called with too many arguments, and proposes to leave them out:
    // the comment in it says what `x.sum(1)` is called here. Other reductions of all elements have it too.
    pub fn sum(&self /* all elements; over dim 1: sum_dim(1)? */) -> Tensor {
        self.sum_dim(..).unwrap_or_else(|error| refuse(&error))
    }

    /// Sum along `dims`.
    ///
    /// # Errors
    /// If a dim is out of range or named twice.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1.0, 5.0], [3.0, 2.0]]);
    /// assert_eq!(x.sum_dim(1)?.to_vec::<f32>()?, [6.0, 5.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn sum_dim(&self, dims: impl Into<ReduceDims>) -> Result<Tensor> {
        sum_dim_of(self, &dims.into())
    }

    /// Mean of all elements; NaN if there are none.
    ///
    /// # Gradient
    /// gy / n for every element; saves the shape.
    ///
    /// # Numerics
    /// It is the [sum](Tensor::sum), divided in the end: where that is beyond the largest number of the dtype, the mean
    /// is infinite, or NaN, though it may be a number itself. So it is in PyTorch.
    ///
    /// # Errors
    /// If the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0, 6.0]).mean()?.item::<f32>()?, 3.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn mean(&self /* all elements; over dim 1: mean_dim(1)? */) -> Result<Tensor> {
        self.mean_dim(..)
    }

    /// Mean along `dims`.
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
    /// let x = Tensor::from([[1.0, 5.0], [3.0, 2.0]]);
    /// assert_eq!(x.mean_dim(0)?.to_vec::<f32>()?, [2.0, 3.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn mean_dim(&self, dims: impl Into<ReduceDims>) -> Result<Tensor> {
        mean_dim_of(self, &dims.into())
    }
}

fn sum_dim_of(x: &Tensor, dims: &ReduceDims) -> Result<Tensor> {
    let along = Along::new("sum", x, dims)?;
    if !x.dtype().is_float() {
        let rows = along.rows(&x.to_dtype(DType::I64));
        // Integers wrap around: a sum has the same bits in any order.
        let count = along.count;
        return Tensor::compute::<i64, 1>("sum", &along.shape, [&rows], move |[rows], y| {
            let x = rows.flat::<i64>();
            y.iter_mut().enumerate().for_each(|(i, y)| {
                *y = x[i * count..(i + 1) * count].iter().fold(0, |sum, x| sum.wrapping_add(*x));
            });
        });
    }
    let value = along.fold("sum", SumFold, x)?;
    Ok(record("sum", value, &[x], |_| Sum { from: x.shape().into(), kept: along.kept, divisor: None }))
}

fn mean_dim_of(x: &Tensor, dims: &ReduceDims) -> Result<Tensor> {
    let float = Check("mean").float(x)?;
    let along = Along::new("mean", x, dims)?;
    let count = along.count as f64;
    let mut value = along.fold("mean", SumFold, x)?;
    for_float!(float, T => value.change::<T, 0>("mean", [], move |[], y| y.iter_mut().for_each(|y| *y /= count as T)));
    let pullback = |_: &Tensor| {
        // Of nothing there is no gradient to divide.
        Sum { from: x.shape().into(), kept: along.kept, divisor: Some(count.max(1.0)) }
    };
    Ok(record("mean", value, &[x], pullback))
}

/// `x` summed down to a shape that broadcasts to its own, recorded: the adjoint of broadcasting.
pub(crate) fn sum_to(x: &Tensor, shape: &[usize]) -> Result<Tensor> {
    let misfit = || Error::broadcast("sum_to", x.shape(), shape, 1);
    let missing = x.rank().checked_sub(shape.len()).ok_or_else(misfit)?;
    let mut dims: smallvec::SmallVec<[isize; 4]> = (0..missing as isize).collect();
    for (d, size) in shape.iter().enumerate() {
        match x.shape()[missing + d] {
            same if same == *size => {}
            _ if *size == 1 => dims.push((missing + d) as isize),
            _ => return Err(misfit()),
        }
    }
    let folds = dims.iter().any(|d| x.shape()[*d as usize] != 1);
    if folds { x.sum_dim(keep(&dims[..]))?.reshape_to(shape) } else { x.reshape_to(shape) }
}

/// [`sum_to`] of floats for a walk that is not recorded, in one pass where possible.
pub(crate) fn sum_to_fused(x: &Tensor, shape: &[usize]) -> Result<Tensor> {
    let Some(missing) = x.rank().checked_sub(shape.len()).filter(|missing| x.shape()[*missing..] == *shape) else {
        return sum_to(x, shape);
    };
    if x.is_contiguous() && x.numel() == shape.iter().product::<usize>() {
        return Ok(x.with_layout(Layout::contiguous_at(shape, x.layout().offset())));
    }
    // Only leading dimensions fold, as for a bias.
    let rows = x.try_packed("sum")?;
    let (length, inner) = (x.shape()[..missing].iter().product(), shape.iter().product());
    for_float!(x.float(), T => Tensor::compute::<T, 1>("sum", shape, [&rows], move |[rows], y| {
        fold(SumFold, rows.flat::<T>(), length, inner, y);
    }))
}

struct Sum {
    from: Shape,
    kept: Shape,
    /// The count, for a mean.
    divisor: Option<f64>,
}

impl Sum {
    /// The gradient of every element, once for each element of the result.
    fn share(&self, gy: &Tensor) -> Tensor {
        self.divisor.map_or_else(|| gy.clone(), |n| gy.div_scalar(n))
    }
}

impl Pullback for Sum {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        at.give(0, || self.share(gy).reshape_to(&self.kept)?.expand_to(&self.from))
    }

    fn pull_fused(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        if gy.numel() != 1 {
            return self.pull(at);
        }
        at.give(0, || {
            let gy = self.share(gy);
            Ok(gy.with_layout(Layout::repeated(&self.from, gy.layout().offset())))
        })
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::real(&[2, 3, 4], -2.0..2.0)];
    let rows = |x: &[Vec<f64>]| -> Vec<f64> { x[0].chunks(4).map(|r| r.iter().sum()).collect() };
    let ends = |x: &[Vec<f64>]| (0..3).map(|j| (0..24).filter(|i| i / 4 % 3 == j).map(|i| x[0][i]).sum()).collect();
    let middle =
        |x: &[Vec<f64>]| (0..8).map(|k| (0..3).map(|j| x[0][k / 4 * 12 + j * 4 + k % 4]).sum::<f64>() / 3.0).collect();
    [
        Case::new("sum", x(), |x| Ok(x[0].sum())).value(|x| vec![x[0].iter().sum()]).cannot_fail(),
        Case::new("sum_dim(-1)", x(), |x| x[0].sum_dim(keep(-1)))
            .value(rows)
            .refuses(|x| x[0].sum_dim(keep(3)), "sum: dim 3 is out of range for shape [2, 3, 4] (−3 to 2)"),
        Case::new("sum_dim(0, 2)", x(), |x| x[0].sum_dim([0, 2]))
            .value(ends)
            .refuses(|x| x[0].sum_dim([0, -3]), "sum: dim 0 is named twice in [0, -3] (shape [2, 3, 4])")
            .refuses(|x| x[0].sum().sum_dim([0, -1]), "sum: dim 0 is named twice in [0, -1] (shape [])"),
        Case::new("mean", x(), |x| x[0].mean()).value(|x| vec![x[0].iter().sum::<f64>() / 24.0]).refuses(
            |x| x[0].to_dtype(DType::I64).mean(),
            "mean: dtype is I64, expected F32 or F64; to_dtype converts",
        ),
        Case::new("mean_dim(1)", x(), |x| x[0].mean_dim(1))
            .value(middle)
            .refuses(|x| x[0].mean_dim(-4), "mean: dim -4 is out of range for shape [2, 3, 4] (−3 to 2)"),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{DType, Tensor};

    #[test]
    fn a_mean_is_infinite_where_the_sum_is() {
        let x = Tensor::from([3e38, 3e38]);
        assert_eq!(x.mean().expect("floats").to_f64s(), [f64::INFINITY]);
        assert!(x.to_dtype(DType::F64).mean().expect("floats").to_f64s()[0] < 3.1e38);
    }
}
