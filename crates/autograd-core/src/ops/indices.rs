//! Indices in range: proved before a kernel reads them, or while it does.

use super::check::Check;
use crate::error::{Error, Result};
use crate::kernels::select::first_outside;
use crate::shape::Shape;
use crate::tape::Saved;
use crate::tensor::watch::is_capturing;
use crate::tensor::{DType, Tensor};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

impl Check {
    /// That indices into dimension `dim` of a tensor of this shape are in range; negative ones are not. A captured
    /// program looks at them in each replay.
    ///
    /// # Errors
    /// If one is out of range, or they are not `I64`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, check::Check};
    /// Check("my_loss").in_bounds(&Tensor::from([0, 2]), &[5, 3], 1)?;
    /// let error = Check("my_loss").in_bounds(&Tensor::from([0, 3]), &[5, 3], 1).expect_err("no class");
    /// assert_eq!(error.to_string(), "my_loss: index 3 at position 1 is out of range for dim 1 of shape [5, 3]");
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn in_bounds(self, index: &Tensor, shape: &[usize], dim: usize) -> Result<()> {
        self.indices(index, shape, dim).map(drop)
    }

    /// Indices into dimension `dim` of a tensor of shape `shape`, each in range; negative ones are outside.
    pub(crate) fn indices(self, index: &Tensor, shape: &[usize], dim: usize) -> Result<Indices> {
        self.dtype(index, DType::I64)?;
        let indices = Indices(Saved::constant(index.try_packed(self.0)?.as_ref()));
        self.in_range(&indices, shape, dim, || true)?;
        Ok(indices)
    }

    /// [`Check::indices`] for a kernel that reads each index once and looks at it then: `compute` is given the indices
    /// and where the kernel says that it met one outside.
    pub(crate) fn indices_in<R>(
        self,
        index: &Tensor,
        shape: &[usize],
        dim: usize,
        compute: impl FnOnce(&Indices, Outside) -> Result<R>,
    ) -> Result<(Indices, R)> {
        self.dtype(index, DType::I64)?;
        let indices = Indices(Saved::constant(index.try_packed(self.0)?.as_ref()));
        let outside = Outside::default();
        let result = compute(&indices, outside.clone())?;
        // A captured program leaves out kernels whose results it does not read, but never a look: so there it does not
        // ask whether the kernel has met one.
        let always = is_capturing();
        self.in_range(&indices, shape, dim, move || always || outside.0.swap(false, Ordering::Relaxed))?;
        Ok((indices, result))
    }

    /// An error if an index is out of range, when there may be one.
    fn in_range(
        self,
        indices: &Indices,
        shape: &[usize],
        dim: usize,
        may: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Result<()> {
        let size = i64::try_from(shape.get(dim).copied().unwrap_or(1)).unwrap_or(i64::MAX);
        let of = Shape::from(shape);
        Tensor::look(self.0, [indices.tensor()], move |[indices]| {
            let values = indices.flat::<i64>();
            match may().then(|| first_outside(values, 0..size)).flatten() {
                None => Ok(()),
                Some(at) => Err(Error::index(self.0, values[at], at, dim, &of)),
            }
        })
    }
}

/// Where a kernel says that it met an index out of range.
#[derive(Clone, Default)]
pub(crate) struct Outside(Arc<AtomicBool>);

impl Outside {
    /// Says so.
    #[cold]
    pub(crate) fn met(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Indices that are in range, as a pull-back saves them.
#[derive(Clone)]
pub(crate) struct Indices(Saved);

impl Indices {
    /// The number of indices.
    pub(crate) fn len(&self) -> usize {
        self.tensor().numel()
    }

    /// The same indices as a tensor, of the shape they were given in.
    pub(crate) fn tensor(&self) -> &Tensor {
        self.0.value()
    }

    /// The same indices for [`Pullback::saved`](crate::Pullback::saved).
    pub(crate) fn saved(&self) -> &Saved {
        &self.0
    }
}
