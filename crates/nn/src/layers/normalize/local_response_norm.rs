//! Local response normalisation.

use crate::layer::Layer;
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// Division of each channel by what its neighbours have: [`Tensor::local_response_norm`] as a layer.
///
/// # Shapes
/// `[N, C, L, ..]`, result as the input.
///
/// # Numerics
/// Squares are not scaled: with the default options and `F32` the gradient loses a term where elements are larger than
/// about 1e12, and those larger than about 1e19 give 0.
///
/// # Errors
/// `forward` fails if the input has fewer than three dims, or `size` is 0.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, LocalResponseNorm};
/// let norm = LocalResponseNorm::new(2).alpha(1.0).beta(1.0).k(1.0);
/// // 2/(1 + 4/2) and 4/(1 + (4 + 16)/2)
/// let y = norm.forward(&Tensor::from([[[2.0], [4.0]]]))?;
/// assert_eq!(y.to_vec::<f32>()?, [2.0 / 3.0, 4.0 / 11.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Krizhevsky, Sutskever, Hinton, ImageNet Classification with Deep Convolutional Neural Networks, 2012, section 3.3.
#[derive(Clone, Copy, Debug, PartialEq, Module)]
pub struct LocalResponseNorm {
    size: usize,
    alpha: f64,
    beta: f64,
    k: f64,
}

impl LocalResponseNorm {
    /// A layer that looks at `size` channels around each.
    pub fn new(size: usize) -> LocalResponseNorm {
        LocalResponseNorm { size, alpha: 1e-4, beta: 0.75, k: 1.0 }
    }

    /// The weight of the mean square, any number. Default 1e-4.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> LocalResponseNorm {
        self.alpha = alpha;
        self
    }

    /// The exponent, any number. Default 0.75.
    #[must_use]
    pub fn beta(mut self, beta: f64) -> LocalResponseNorm {
        self.beta = beta;
        self
    }

    /// What is added to the mean square, any number. Default 1.
    #[must_use]
    pub fn k(mut self, k: f64) -> LocalResponseNorm {
        self.k = k;
        self
    }
}

impl Layer for LocalResponseNorm {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.local_response_norm(self.size, self.alpha, self.beta, self.k)
    }
}

#[cfg(test)]
cases![
    layer("LocalResponseNorm", |_| Ok(LocalResponseNorm::new(3).alpha(0.5)))
        .maps(&[2, 4, 3], &[2, 4, 3])
        .maps(&[0, 2, 3], &[0, 2, 3])
        .refuses(&[2, 4], "local_response_norm: the input has shape [2, 4], expected [N, C, L, ..]"),
    layer("LocalResponseNorm", |_| Ok(LocalResponseNorm::new(2).alpha(1.0).beta(1.0).k(2.0)))
        .gives([[[2.0], [4.0]]], [[[0.5], [1.0 / 3.0]]]),
    layer("LocalResponseNorm", |_| Ok(LocalResponseNorm::new(0)))
        .refuses(&[1, 1, 1], "local_response_norm: size is 0, it must be at least 1"),
];
