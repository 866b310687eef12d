//! Whole rows by index.

use crate::error::{Error, Result};
use crate::kernels::select::{add_rows, take_rows};
use crate::ops::check::Check;
use crate::ops::indices::Indices;
use crate::shape::{Dim, Dims};
use crate::tape::{Part, Pull, Pullback, Saved, record};
use crate::tensor::{Tensor, for_any, for_float};
use smallvec::SmallVec;

impl Tensor {
    /// The slices `index[0]`, `index[1]`, .. along `dim`.
    ///
    /// # Shapes
    /// `index: [K]` (or a scalar, as `[1]`); the result has size K along `dim`.
    ///
    /// # Gradient
    /// gy is added to the rows it came from; those of repeated indices add up. Saves the index.
    ///
    /// # Errors
    /// If an index is out of range, or `index` is not `I64` or has more than one dimension.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([[1, 2], [3, 4]]).index_select(0, &Tensor::from([1, 1, 0]))?;
    /// assert_eq!(y.to_vec::<i64>()?, [3, 4, 3, 4, 1, 2]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn index_select(&self, dim: impl Dim, index: &Tensor) -> Result<Tensor> {
        index_select_of(self, dim.signed(), index)
    }
}

fn index_select_of(x: &Tensor, dim: isize, index: &Tensor) -> Result<Tensor> {
    let check = Check("index_select");
    let d = check.dim(dim, x.shape())?;
    if index.rank() > 1 {
        return Err(Error::shape("index_select", "index", index.shape(), "one dimension"));
    }
    if x.rank() == 0 && index.numel() != 1 {
        return Err(Error::shape("index_select", "index", index.shape(), "one element, to select from a scalar"));
    }
    Rows { dim: d, index: check.indices(index, x.shape(), d)? }.of(x)
}

/// The rows of a tensor with these numbers.
#[derive(Clone)]
pub(crate) struct Rows {
    pub(super) dim: usize,
    pub(super) index: Indices,
}

impl Rows {
    pub(super) fn of(self, x: &Tensor) -> Result<Tensor> {
        let mut shape: Dims = SmallVec::from_slice(x.shape());
        let (mut of, mut strides): (Dims, Dims) = (shape.clone(), SmallVec::from_slice(x.strides()));
        match shape.get_mut(self.dim) {
            Some(size) => *size = self.index.len(),
            // A scalar counts as a vector of one element.
            None => (of, strides) = (SmallVec::from_slice(&[1]), SmallVec::from_slice(&[1])),
        }
        let dim = self.dim;
        let operands = [x, self.index.tensor()];
        let value = for_any!(x.dtype(), T => Tensor::moved::<T, 2>("index_select", &shape, operands, move |[x, i], y| {
            take_rows(x.strided::<T>(), &of, &strides, dim, i.flat(), y);
        }))?;
        Ok(record("index_select", value, &[x], |_| self))
    }

    /// The size of the dim in a tensor of this shape, and the number of elements of one row.
    pub(super) fn around(&self, shape: &[usize]) -> (usize, usize) {
        match shape.get(self.dim..) {
            Some([size, inner @ ..]) => (*size, inner.iter().product()),
            _ => (1, 1),
        }
    }
}

impl Pullback for Rows {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        at.give_part(0, self, at.gy())
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(self.index.saved());
    }
}

impl Part for Rows {
    fn take(&self, whole: &Tensor) -> Result<Tensor> {
        self.clone().of(whole)
    }

    fn add(&self, sum: &mut Tensor, gradient: &Tensor) {
        let gradient = gradient.packed();
        let (size, inner) = self.around(sum.shape());
        let operands = [&*gradient, self.index.tensor()];
        for_float!(gradient.float(), T => sum.change::<T, 2>("index_select", operands, move |[gradient, i], sum| {
            add_rows(None, gradient.flat::<T>(), size, inner, i.flat(), sum);
        }));
    }

    fn boxed(&self) -> Box<dyn Part> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let index = || Tensor::from([2, 0, 2, 2]);
    let x = || vec![Input::real(&[2, 3, 2], -2.0..2.0)];
    let picked = |x: &[Vec<f64>]| {
        let rows = (0..2).flat_map(|o| [2, 0, 2, 2].map(move |r| o * 3 + r));
        rows.flat_map(|r| [x[0][r * 2], x[0][r * 2 + 1]]).collect()
    };
    [
        Case::new("index_select (any index)", vec![Input::real(&[3, 2], -2.0..2.0), Input::index(&[4], 3)], |x| {
            x[0].index_select(0, &x[1])
        })
        .value(|x| x[1].iter().flat_map(|i| [x[0][*i as usize * 2], x[0][*i as usize * 2 + 1]]).collect()),
        Case::new("index_select of nothing", x(), |x| x[0].index_select(1, &Tensor::zeros(&[0], crate::DType::I64)?))
            .value(|_| Vec::new()),
        Case::new("index_select of a scalar", vec![Input::real(&[], -2.0..2.0)], |x| {
            x[0].index_select(0, &Tensor::from([0]))
        })
        .value(|x| x[0].clone()),
        Case::new("index_select", x(), move |x| x[0].index_select(1, &index()))
            .value(picked)
            .refuses(
                |x| x[0].index_select(-4, &Tensor::from([0])),
                "index_select: dim -4 is out of range for shape [2, 3, 2] (−3 to 2)",
            )
            .refuses(
                |x| x[0].index_select(1, &Tensor::from([[0]])),
                "index_select: index has shape [1, 1], expected one dimension",
            )
            .refuses(
                |x| x[0].sum().index_select(0, &Tensor::zeros(&[0], crate::DType::I64)?),
                "index_select: index has shape [0], expected one element, to select from a scalar",
            )
            .refuses(
                |x| x[0].index_select(1, &Tensor::from([2, 3])),
                "index_select: index 3 at position 1 is out of range for dim 1 of shape [2, 3, 2]",
            )
            // Negative indices do not count from the end.
            .refuses(
                |x| x[0].index_select(1, &Tensor::from([-1])),
                "index_select: index -1 at position 0 is out of range for dim 1 of shape [2, 3, 2]",
            )
            .refuses(
                |x| x[0].index_select(1, &Tensor::from([0.0])),
                "index_select: dtype is F32, expected I64; to_dtype converts",
            ),
    ]
}];
