//! Transformations of inputs, which are fitted to the training part and then applied to all parts.
//!
//! The settings and the fitted transformation are two types: nothing unfitted can be applied. Names and formulas are
//! scikit-learn's.

#[cfg(test)]
#[macro_use]
mod cases;

mod standard_scaler;
use autograd_core::module::StateDict;
use autograd_core::{Result, Tensor};
pub use standard_scaler::{FittedStandardScaler, StandardScaler};

/// The settings of a transformation, ready to be fitted.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_data::transform::{Fit, StandardScaler, Transform};
/// let (seen, new) = (Tensor::from([[1.0], [3.0]]), Tensor::from([[5.0]]));
/// let scaler = StandardScaler::new().fit(&seen)?;
/// assert_eq!(scaler.transform(&new)?.to_vec::<f32>()?, [3.0]);                   // (5 − 2) / 1
/// # Ok::<(), wengert_data::Error>(())
/// ```
pub trait Fit {
    /// The fitted transformation.
    type Fitted: Transform;

    /// Learns from the rows of `x`.
    ///
    /// # Errors
    /// If `x` cannot be learned from.
    fn fit(&self, x: &Tensor) -> Result<Self::Fitted>;

    /// Learns from `x`, then transforms `x`.
    ///
    /// # Errors
    /// Those of `fit`.
    fn fit_transform(&self, x: &Tensor) -> Result<(Self::Fitted, Tensor)> {
        let fitted = self.fit(x)?;
        let y = fitted.transform(x)?;
        Ok((fitted, y))
    }
}

/// A fitted transformation.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_data::transform::{Fit, StandardScaler, Transform};
/// let (scaler, y) = StandardScaler::new().fit_transform(&Tensor::from([[1.0], [3.0]]))?;
/// assert_eq!(scaler.inverse_transform(&y)?.to_vec::<f32>()?, [1.0, 3.0]);
/// assert_eq!(scaler.state_dict().get("scale").expect("learned").to_vec::<f64>()?, [1.0]);
/// # Ok::<(), wengert_data::Error>(())
/// ```
pub trait Transform {
    /// Applies the transformation.
    ///
    /// # Errors
    /// If `x` does not have the columns it was fitted on.
    fn transform(&self, x: &Tensor) -> Result<Tensor>;

    /// Undoes the transformation.
    ///
    /// # Errors
    /// If `y` does not have the columns it was fitted on.
    fn inverse_transform(&self, y: &Tensor) -> Result<Tensor>;

    /// The learned numbers by name, for saving.
    fn state_dict(&self) -> StateDict;
}
