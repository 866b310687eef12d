//! Losses of numbers.

mod gaussian_nll;
mod half_squared;
mod huber;
mod l1;
mod log_cosh;
mod mape;
mod mse;
mod msle;
mod poisson_nll;
mod quantile;
mod rmse;
mod smooth_l1;

pub use gaussian_nll::{GaussianNllLoss, gaussian_nll_loss};
pub use half_squared::{HalfSquaredError, half_squared_error};
pub use huber::{HuberLoss, huber_loss};
pub use l1::{L1Loss, l1_loss};
pub use log_cosh::{LogCoshLoss, log_cosh_loss};
pub use mape::{MapeLoss, mean_absolute_percentage_error};
pub use mse::{MseLoss, mse_loss};
pub use msle::{MsleLoss, mean_squared_logarithmic_error};
pub use poisson_nll::{PoissonNllLoss, poisson_nll_loss};
pub use quantile::{QuantileLoss, quantile_loss};
pub use rmse::{RmseLoss, rmse_loss};
pub use smooth_l1::{SmoothL1Loss, smooth_l1_loss};
