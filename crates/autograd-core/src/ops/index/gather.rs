//! Single elements by index along one dim.

use crate::error::{Error, Result};
use crate::kernels::place::Places;
use crate::kernels::select::{any_outside, gather_lines};
use crate::ops::check::Check;
use crate::ops::indices::{Indices, Outside};
use crate::shape::{Dim, Layout};
use crate::tape::{Part, Pull, Pullback, Saved, record};
use crate::tensor::{Tensor, for_any, for_float};
use crate::threads::parallel::for_rows;
use smallvec::SmallVec;

/// # Selection by index
impl Tensor {
    /// For each element of `index`, the element of this tensor at its coordinates, with that along `dim` replaced by
    /// the index.
    ///
    /// # Shapes
    /// `index` has as many dimensions as `self`, and is no larger except along `dim`, or is empty; the result has its
    /// shape.
    ///
    /// # Gradient
    /// gy is added to the elements it came from; those of repeated indices add up. Saves the index.
    ///
    /// # Errors
    /// If the shapes do not fit, an index is out of range, or `index` is not `I64`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([[1, 2], [3, 4]]).gather(1, &Tensor::from([[0, 0], [1, 0]]))?;
    /// assert_eq!(y.to_vec::<i64>()?, [1, 1, 4, 3]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn gather(&self, dim: impl Dim, index: &Tensor) -> Result<Tensor> {
        gather_of(self, dim.signed(), index)
    }
}

fn gather_of(x: &Tensor, dim: isize, index: &Tensor) -> Result<Tensor> {
    let d = Picked::dim("gather", x, dim, index)?;
    if index.numel() == 0 || x.numel() == 0 {
        return Picked::new("gather", x, dim, index)?.of(x);
    }
    // There are as many indices as results: to look at them first would be half of the work.
    let check = Check("gather");
    let (index, value) = check.indices_in(index, x.shape(), d, |index, outside| picked(x, d, index, outside))?;
    Ok(record("gather", value, &[x], |_| Picked { dim: d, index }))
}

/// So many indices stay in the cache from the look at them until they are used.
const LOOKED_AT: usize = 1 << 12;

/// The elements in the places of indices, unless one is out of range, which is told.
fn picked(x: &Tensor, dim: usize, index: &Indices, outside: Outside) -> Result<Tensor> {
    let (size, shape) = (x.shape().get(dim).map_or(1, |size| *size as i64), index.tensor().shape());
    for_any!(x.dtype(), T => Tensor::moved::<T, 2>("gather", shape, [x, index.tensor()], move |[x, index], y| {
        // As it lies in memory: an expanded tensor has fewer elements there than a copy would have.
        let elements = x.strided::<T>();
        let (index, shape, strides) = (index.flat(), of_vector(index.shape()), of_vector(x.strides()));
        let width = shape[shape.len() - 1];
        let lines_together = (LOOKED_AT / width).max(1);
        for_rows(y, width, width.saturating_mul(2), |lines, y| {
            let index = index[lines.start * width..lines.end * width].chunks(lines_together * width);
            for (i, (index, y)) in index.zip(y.chunks_mut(lines_together * width)).enumerate() {
                if any_outside(index, 0..size) {
                    return outside.met();
                }
                let first = lines.start + i * lines_together;
                gather_lines(index, shape, strides, dim, first, |run, line, index| {
                    line.pick(elements, size as usize, index, &mut y[run]);
                });
            }
        });
    }))
}

/// The elements of a tensor in the places of an index tensor, which holds their coordinates along `dim`.
#[derive(Clone)]
pub(crate) struct Picked {
    pub(super) dim: usize,
    pub(super) index: Indices,
}

impl Picked {
    /// The places for an operation called `op`, checked.
    pub(super) fn new(op: &'static str, x: &Tensor, dim: isize, index: &Tensor) -> Result<Picked> {
        let dim = Picked::dim(op, x, dim, index)?;
        Ok(Picked { dim, index: Check(op).indices(index, x.shape(), dim)? })
    }

    /// The dimension, of an index whose shape fits.
    fn dim(op: &'static str, x: &Tensor, dim: isize, index: &Tensor) -> Result<usize> {
        let d = Check(op).dim(dim, x.shape())?;
        let fits = |k: usize| k == d || index.shape()[k] <= x.shape()[k];
        let same_rank = index.rank().max(1) == x.rank().max(1);
        // An empty index picks nothing, whatever its shape is.
        if index.numel() > 0 && (!same_rank || !(0..index.rank().min(x.rank())).all(fits)) {
            let expected = format!("as many dimensions as {:?}, none larger but dim {d}", x.shape());
            return Err(Error::shape(op, "index", index.shape(), expected));
        }
        Ok(d)
    }

    /// The places in a tensor of this shape.
    pub(super) fn places(&self, whole: &[usize]) -> Places {
        let (index, layout) = (self.index.tensor(), Layout::contiguous(whole));
        let strides = SmallVec::from_slice(of_vector(layout.strides()));
        // Of nothing it may have another rank.
        let none = index.numel() == 0;
        let shape =
            if none { SmallVec::from_elem(0, strides.len()) } else { SmallVec::from_slice(of_vector(index.shape())) };
        Places::Elements { shape, strides, dim: self.dim }
    }

    pub(super) fn of(self, x: &Tensor) -> Result<Tensor> {
        let index = self.index.tensor();
        let value = match index.numel() {
            0 => Tensor::zeros(index.shape(), x.dtype())?,
            _ => picked(x, self.dim, &self.index, Outside::default())?,
        };
        Ok(record("gather", value, &[x], |_| self))
    }
}

/// A scalar counts as a tensor of one dimension with one element, for the tensor and for the index.
fn of_vector(sizes: &[usize]) -> &[usize] {
    if sizes.is_empty() { &[1] } else { sizes }
}

impl Pullback for Picked {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        at.give_part(0, self, at.gy())
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(self.index.saved());
    }
}

impl Part for Picked {
    fn take(&self, whole: &Tensor) -> Result<Tensor> {
        self.clone().of(whole)
    }

    fn add(&self, sum: &mut Tensor, gradient: &Tensor) {
        if gradient.numel() == 0 {
            return;
        }
        let places = self.places(sum.shape());
        let gradient = gradient.packed();
        let operands = [&*gradient, self.index.tensor()];
        for_float!(gradient.float(), T => sum.change::<T, 2>("gather", operands, move |[gradient, index], sum| {
            places.add(None, index.flat(), gradient.flat::<T>(), sum);
        }));
    }

    fn boxed(&self) -> Box<dyn Part> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let index = || Tensor::from([[2, 2, 0], [1, 1, 1]]);
    let x = || vec![Input::real(&[2, 4], -2.0..2.0)];
    let picked = |x: &[Vec<f64>]| [2, 2, 0, 5, 5, 5].map(|i| x[0][i]).to_vec();
    [
        Case::new("gather (any index)", vec![Input::real(&[2, 4], -2.0..2.0), Input::index(&[2, 3], 4)], |x| {
            x[0].gather(1, &x[1])
        })
        .value(|x| x[1].iter().enumerate().map(|(k, i)| x[0][k / 3 * 4 + *i as usize]).collect()),
        Case::new("gather of a scalar", vec![Input::real(&[], -2.0..2.0)], |x| x[0].gather(0, &Tensor::from([0, 0])))
            .value(|x| vec![x[0][0]; 2]),
        Case::new("gather of nothing", vec![Input::real(&[2, 3], -2.0..2.0)], |x| {
            x[0].gather(1, &Tensor::zeros(&[2, 0], crate::DType::I64)?)
        })
        .value(|_| Vec::new()),
        Case::new("gather of nothing, of another rank", vec![Input::real(&[5], -2.0..2.0)], |x| {
            x[0].gather(0, &Tensor::zeros(&[2, 0], crate::DType::I64)?)
        })
        .value(|_| Vec::new()),
        Case::new("gather", x(), move |x| x[0].gather(1, &index()))
            .value(picked)
            .refuses(
                |x| x[0].gather(2, &Tensor::from([[0]])),
                "gather: dim 2 is out of range for shape [2, 4] (−2 to 1)",
            )
            .refuses(
                |x| x[0].gather(1, &Tensor::from([0, 1])),
                "gather: index has shape [2], expected as many dimensions as [2, 4], none larger but dim 1",
            )
            .refuses(
                |x| x[0].gather(1, &Tensor::from([[0], [0], [0]])),
                "gather: index has shape [3, 1], expected as many dimensions as [2, 4], none larger but dim 1",
            )
            .refuses(
                |x| x[0].gather(1, &Tensor::from([[0], [9]])),
                "gather: index 9 at position 1 is out of range for dim 1 of shape [2, 4]",
            )
            .refuses(|x| x[0].gather(1, &x[0]), "gather: dtype is F64, expected I64; to_dtype converts"),
    ]
}];
