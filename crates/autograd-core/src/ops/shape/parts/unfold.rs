//! Windows over a dimension.

use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::ops::shape::strided::{Cut, cut};
use crate::shape::{Dim, Dims, Layout};
use crate::tensor::Tensor;
use smallvec::SmallVec;

impl Tensor {
    /// Windows of `size` elements along `dim`, which begin at 0, `step`, 2 `step`, ..: window w lies at entry w of that
    /// dim, and its elements along a new last dim. Windows may overlap. A view.
    ///
    /// # Shapes
    /// `[.., L, ..] → [.., (L − size) / step + 1, .., size]`; a scalar is one window, `[size]`.
    ///
    /// # Gradient
    /// The gy of all windows that an element is in, added up. Saves the sizes.
    ///
    /// # Errors
    /// If the dim is out of range, `size` is larger than it, or `step` is 0.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let windows = Tensor::from([1.0, 2.0, 3.0, 4.0]).unfold(0, 2, 1)?;
    /// assert_eq!(windows.to_vec::<f32>()?, [1.0, 2.0, 2.0, 3.0, 3.0, 4.0]);
    /// assert_eq!(windows.mean_dim(1)?.to_vec::<f32>()?, [1.5, 2.5, 3.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn unfold(&self, dim: impl Dim, size: usize, step: usize) -> Result<Tensor> {
        unfold_of(self, dim.signed(), size, step)
    }
}

fn unfold_of(x: &Tensor, dim: isize, size: usize, step: usize) -> Result<Tensor> {
    let dim = Check("unfold").dim(dim, x.shape())?;
    Check("unfold").require(step > 0, "step", step, "at least 1")?;
    let length = x.shape().get(dim).copied().unwrap_or(1);
    let Some(last) = length.checked_sub(size) else {
        let text = format!("unfold: a window of {size} is larger than dim {dim} of size {length}");
        return Err(Error::new(ErrorKind::Argument, text));
    };
    if x.rank() == 0 {
        return x.reshape_to(&[1])?.narrow(0, 0, size);
    }
    let windows = Windows { dim, size, step, count: last / step + 1 };
    // Windows of no elements are more than memory holds, if there are enough of them.
    if x.rank() >= crate::shape::MAX_RANK || windows.count.checked_mul(size.max(1)).is_none() {
        return Err(Error::too_large("unfold", x.shape()));
    }
    let mut shape: Dims = SmallVec::from_slice(x.shape());
    shape[dim] = windows.count;
    shape.push(size);
    Check("unfold").fits_memory(&shape)?;
    Ok(cut(windows, x))
}

#[derive(Clone)]
struct Windows {
    dim: usize,
    size: usize,
    step: usize,
    count: usize,
}

impl Cut for Windows {
    fn op(&self) -> &'static str {
        "unfold"
    }

    fn within(&self, whole: &Layout) -> Layout {
        let mut shape: Dims = SmallVec::from_slice(whole.shape());
        let mut strides: Dims = SmallVec::from_slice(whole.strides());
        let stride = strides[self.dim];
        shape[self.dim] = self.count;
        // The step matters from two windows on.
        strides[self.dim] = if self.count > 1 { stride * self.step } else { 1 };
        shape.push(self.size);
        strides.push(stride);
        Layout::strided(&shape, &strides, whole.offset())
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::real(&[2, 5, 3], -2.0..2.0)];
    [
        Case::new("unfold", x(), |x| x[0].unfold(1, 3, 1))
            .value(|x| (0..54).map(|i| x[0][i / 27 * 15 + (i / 9 % 3 + i % 3) * 3 + i / 3 % 3]).collect())
            .refuses(|x| x[0].unfold(3, 1, 1), "unfold: dim 3 is out of range for shape [2, 5, 3] (−3 to 2)")
            .refuses(|x| x[0].unfold(1, 6, 1), "unfold: a window of 6 is larger than dim 1 of size 5")
            .refuses(|x| x[0].unfold(1, 2, 0), "unfold: step is 0, it must be at least 1"),
        Case::new("unfold with gaps", vec![Input::real(&[8], -2.0..2.0)], |x| x[0].unfold(-1, 2, 3))
            .value(|x| [0, 1, 3, 4, 6, 7].map(|i| x[0][i]).to_vec()),
        Case::new("unfold to nothing", x(), |x| x[0].unfold(0, 0, 2)).value(|_| Vec::new()),
        Case::new("unfold of a scalar", vec![Input::real(&[], -2.0..2.0)], |x| x[0].unfold(0, 1, 1))
            .value(|x| x[0].clone()),
    ]
}];
