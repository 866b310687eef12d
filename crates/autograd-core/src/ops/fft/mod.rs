//! Discrete Fourier transforms, of complex numbers as pairs of real tensors: there are no complex dtypes.

mod along;
pub(crate) mod form;

mod complex;
mod fftfreq;
mod fftn;
mod fftshift;
mod rfft;
mod rfftn;
