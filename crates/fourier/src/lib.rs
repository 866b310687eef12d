//! Plans of the fast Fourier transforms that rustfft and realfft compute, for f32 and f64.
//!
//! Both are generic, so whoever makes a plan compiles every algorithm that it may choose. This crate is the one that
//! does: a change of the core does not compile them again.

#![forbid(unsafe_code)]

use realfft::RealFftPlanner;
pub use realfft::{ComplexToReal, RealToComplex};
use rustfft::FftPlanner;
pub use rustfft::{Fft, FftNum, num_complex::Complex};
use std::sync::Arc;

/// A number whose rows can be transformed.
pub trait Planned: FftNum {
    /// `y[k] = Σ x[j] e^(−2πi j k / n)`; with `inverse`, `y[k] = Σ x[j] e^(2πi j k / n)`. Nothing is scaled.
    ///
    /// # Examples
    /// ```
    /// use wengert_fourier::{Complex, Planned};
    /// let mut x = [Complex::new(1.0, 0.0), Complex::new(3.0, 0.0)];
    /// f64::complex(2, false).process(&mut x);
    /// assert_eq!((x[0].re, x[1].re), (4.0, -2.0));
    /// ```
    fn complex(n: usize, inverse: bool) -> Arc<dyn Fft<Self>>;

    /// The first `n / 2 + 1` of those of real numbers; the others mirror them.
    ///
    /// # Examples
    /// ```
    /// use wengert_fourier::{Complex, Planned};
    /// let (mut x, mut y) = ([1.0, 3.0], [Complex::new(0.0, 0.0); 2]);
    /// f64::half(2).process(&mut x, &mut y)?;
    /// assert_eq!((y[0].re, y[1].re), (4.0, -2.0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn half(n: usize) -> Arc<dyn RealToComplex<Self>>;

    /// Back from those to real numbers, `n` times as large.
    ///
    /// # Examples
    /// ```
    /// use wengert_fourier::{Complex, Planned};
    /// let (mut y, mut x) = ([Complex::new(4.0, 0.0), Complex::new(-2.0, 0.0)], [0.0; 2]);
    /// f64::real(2).process(&mut y, &mut x)?;
    /// assert_eq!(x, [2.0, 6.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn real(n: usize) -> Arc<dyn ComplexToReal<Self>>;
}

macro_rules! planned {
    ($($t:ty)*) => {$(
        impl Planned for $t {
            fn complex(n: usize, inverse: bool) -> Arc<dyn Fft<Self>> {
                let mut planner = FftPlanner::new();
                if inverse { planner.plan_fft_inverse(n) } else { planner.plan_fft_forward(n) }
            }
            fn half(n: usize) -> Arc<dyn RealToComplex<Self>> {
                RealFftPlanner::new().plan_fft_forward(n)
            }
            fn real(n: usize) -> Arc<dyn ComplexToReal<Self>> {
                RealFftPlanner::new().plan_fft_inverse(n)
            }
        }
    )*};
}
planned!(f32 f64);
