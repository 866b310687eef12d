//! Any, all, and the number of elements that are not zero.

use super::along::Along;
use super::dims::ReduceDims;
use crate::error::Result;
use crate::storage::block::Plain;
use crate::tape::cut;
use crate::tensor::{DType, Stored, Tensor};

impl Tensor {
    /// Whether any element along `dims` is not 0 (NaN is not); false if there are none. The result is `Bool`.
    ///
    /// # Errors
    /// If a dim is out of range or named twice.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[true, false], [false, false]]);
    /// assert_eq!(x.any(1)?.to_vec::<bool>()?, [true, false]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn any(&self, dims: impl Into<ReduceDims>) -> Result<Tensor> {
        any_of(self, &dims.into())
    }

    /// Whether all elements along `dims` are not 0 (NaN is not); true if there are none. The result is `Bool`.
    ///
    /// # Errors
    /// If a dim is out of range or named twice.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [0.0, 3.0]]);
    /// assert_eq!(x.all(1)?.to_vec::<bool>()?, [true, false]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn all(&self, dims: impl Into<ReduceDims>) -> Result<Tensor> {
        all_of(self, &dims.into())
    }

    /// How many elements along `dims` are not 0 (NaN is not), as `I64`.
    ///
    /// # Errors
    /// If a dim is out of range or named twice.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [0.0, 3.0]]);
    /// assert_eq!(x.count_nonzero(1)?.to_vec::<i64>()?, [2, 1]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn count_nonzero(&self, dims: impl Into<ReduceDims>) -> Result<Tensor> {
        count_nonzero_of(self, &dims.into())
    }
}

fn any_of(x: &Tensor, dims: &ReduceDims) -> Result<Tensor> {
    of_rows::<u8>("any", x, dims, |row| u8::from(row.contains(&1)))
}

fn all_of(x: &Tensor, dims: &ReduceDims) -> Result<Tensor> {
    of_rows::<u8>("all", x, dims, |row| u8::from(!row.contains(&0)))
}

fn count_nonzero_of(x: &Tensor, dims: &ReduceDims) -> Result<Tensor> {
    of_rows::<i64>("count_nonzero", x, dims, |row| row.iter().map(|x| i64::from(*x)).sum())
}

/// A number for each run of truth values.
fn of_rows<T: Plain + Stored>(op: &'static str, x: &Tensor, dims: &ReduceDims, f: fn(&[u8]) -> T) -> Result<Tensor> {
    let along = Along::new(op, x, dims)?;
    cut(op, &[x]);
    let truths = if x.dtype() == DType::Bool { x.untied() } else { x.untied().ne_scalar(0.0) };
    let (rows, count) = (along.rows(&truths), along.count);
    Tensor::compute::<T, 1>(op, &along.shape, [&rows], move |[rows], y| {
        let x = rows.flat::<u8>();
        y.iter_mut().enumerate().for_each(|(i, y)| *y = f(&x[i * count..(i + 1) * count]));
    })
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::index(&[3, 2, 4], 3)];
    let column = |x: &[Vec<f64>], k: usize| [0, 8, 16].map(|j| x[0][j + k] != 0.0);
    let case = |name: &'static str, call: fn(&[Tensor]) -> crate::Result<Tensor>| {
        let op = name.split('(').next().unwrap_or(name);
        let wrong = move |x: &[Tensor]| match op {
            "any" => x[0].any(3),
            "all" => x[0].all(3),
            _ => x[0].count_nonzero(3),
        };
        Case::new(name, x(), call)
            .without_gradient()
            .refuses(wrong, format!("{op}: dim 3 is out of range for shape [3, 2, 4] (−3 to 2)"))
    };
    let truth = |yes: bool| f64::from(u8::from(yes));
    [
        case("any(0)", |x| x[0].any(keep(0)))
            .value(move |x| (0..8).map(|k| truth(column(x, k).contains(&true))).collect()),
        case("all(0)", |x| x[0].to_dtype(DType::F64).all(0))
            .value(move |x| (0..8).map(|k| truth(!column(x, k).contains(&false))).collect()),
        case("count_nonzero(0)", |x| x[0].count_nonzero(0))
            .value(move |x| (0..8).map(|k| column(x, k).iter().map(|yes| truth(*yes)).sum()).collect()),
        case("any(mask)", |x| x[0].gt_scalar(1.0).any(..)).value(move |x| vec![truth(x[0].iter().any(|x| *x > 1.0))]),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{DType, Tensor};

    #[test]
    fn of_nothing_all_are_and_none_is_and_nan_is_not_zero() {
        let nothing = Tensor::zeros(&[2, 0], DType::F32).expect("small");
        let truths = |y: crate::Result<Tensor>| y.expect("in range").to_f64s();
        assert_eq!((truths(nothing.any(1)), truths(nothing.all(1))), (vec![0.0; 2], vec![1.0; 2]));
        assert_eq!(truths(nothing.count_nonzero(..)), [0.0]);
        let x = Tensor::from([f32::NAN, -0.0]);
        assert_eq!((truths(x.any(0)), truths(x.all(0)), truths(x.count_nonzero(0))), (vec![1.0], vec![0.0], vec![1.0]));
    }
}
