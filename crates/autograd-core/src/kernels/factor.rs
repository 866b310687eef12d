//! The number types that a crate multiplies matrices of.

use gemm_common::Parallelism;

/// A crate's product of two matrices, `c = alpha c + beta a b`, for the best instruction set of this CPU.
///
/// Its arguments are: rows, columns and depth; c and the strides of its columns and rows; whether c is read; a and its
/// strides; b and its strides; alpha and beta; three signs for complex numbers; the threads.
pub type Gemm<T> = unsafe fn(
    usize,
    usize,
    usize,
    *mut T,
    isize,
    isize,
    bool,
    *const T,
    isize,
    isize,
    *const T,
    isize,
    isize,
    T,
    T,
    bool,
    bool,
    bool,
    Parallelism,
);

/// A number type that a crate multiplies matrices of. The `gemm` crate would choose by type as well, but it brings the
/// products of complex numbers with it: a quarter of the time that a clean build takes.
pub trait Factor: Sized {
    /// The product.
    fn product() -> Gemm<Self>;
}

impl Factor for f32 {
    #[inline(always)]
    fn product() -> Gemm<f32> {
        gemm_f32::gemm::f32::get_gemm_fn()
    }
}

impl Factor for f64 {
    #[inline(always)]
    fn product() -> Gemm<f64> {
        gemm_f64::gemm::f64::get_gemm_fn()
    }
}
