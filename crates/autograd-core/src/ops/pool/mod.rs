//! Pooling, resampling and rearranging of pixels.

pub(crate) mod adaptive;
pub(crate) mod affine_grid;
pub(crate) mod avg_pool;
pub(crate) mod chosen;
pub(crate) mod fractional_max_pool;
pub(crate) mod grid_sample;
pub(crate) mod grid_taps;
pub(crate) mod interpolate;
pub(crate) mod lp_pool;
pub(crate) mod max_pool;
pub(crate) mod max_unpool;
pub(crate) mod resample;
pub(crate) mod shuffle;
pub(crate) mod windows;
