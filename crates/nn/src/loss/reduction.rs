//! The reduction of the losses of all elements.

use autograd_core::{Result, Tensor};

/// The reduction of the losses of the elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// The losses stay as they are.
    None,
    /// Their mean; NaN if there are none.
    #[default]
    Mean,
    /// Their sum.
    Sum,
}

impl Reduction {
    /// Reduces the losses of the elements.
    ///
    /// # Errors
    /// [`Reduction::Mean`] needs floats.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// # use wengert_nn::Reduction;
    /// assert_eq!(Reduction::Sum.apply(&Tensor::from([1.0, 2.0]))?.item::<f32>()?, 3.0);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn apply(self, losses: &Tensor) -> Result<Tensor> {
        Ok(match self {
            Reduction::None => losses.clone(),
            Reduction::Mean => losses.mean()?,
            Reduction::Sum => losses.sum(),
        })
    }
}
