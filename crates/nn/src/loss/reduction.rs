//! One loss for each element, or one for all of them.

use autograd_core::{Result, Tensor};

/// What becomes of the losses of the elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// They stay as they are.
    None,
    /// Their mean; of none it is NaN.
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
    pub fn apply(self, losses: &Tensor) -> Result<Tensor> {
        Ok(match self {
            Reduction::None => losses.clone(),
            Reduction::Mean => losses.mean()?,
            Reduction::Sum => losses.sum(),
        })
    }
}
