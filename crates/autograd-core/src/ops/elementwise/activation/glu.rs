//! Gated linear units.

use super::sigmoid::SigmoidSlope;
use super::silu::{Silu, SiluSlope};
use crate::error::Result;
use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, of_halves};
use crate::shape::Dim;
use crate::tensor::Tensor;

impl Tensor {
    /// Gated linear unit: `y = a σ(b)`, of which a is the first and b the second half of x along `dim`. Integers
    /// and truth values become `F32` first.
    ///
    /// # Shapes
    /// `x: [.., 2n, ..] → [.., n, ..]`
    ///
    /// # Gradient
    /// `gy σ(b)` for a, `gy a σ′(b)` for b. Saves x.
    ///
    /// # Errors
    /// If `dim` does not exist or its size is odd.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([3.0, -1.0, 0.0, 0.0]).glu(0)?;
    /// assert_eq!(y.to_vec::<f32>()?, [1.5, -0.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Dauphin, Fan, Auli, Grangier, Language modeling with gated convolutional networks, 2017.
    pub fn glu(&self, dim: impl Dim) -> Result<Tensor> {
        glu_of(self, dim.signed())
    }

    /// Gated linear unit with another gate: `y = silu(a) b`, of which a is the first and b the second half of x along
    /// `dim`.
    ///
    /// # Shapes
    /// `x: [.., 2n, ..] → [.., n, ..]`
    ///
    /// # Gradient
    /// `gy b silu′(a)` for a, `gy silu(a)` for b. Saves x.
    ///
    /// # Errors
    /// If `dim` does not exist or its size is odd.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 30.0, 5.0, 2.0]).swiglu(0)?;
    /// assert_eq!(y.to_vec::<f32>()?, [0.0, 60.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Shazeer, GLU variants improve transformer, 2020, equation 5.
    pub fn swiglu(&self, dim: impl Dim) -> Result<Tensor> {
        swiglu_of(self, dim.signed())
    }
}

fn glu_of(x: &Tensor, dim: isize) -> Result<Tensor> {
    of_halves(x, dim, Glu)
}

fn swiglu_of(x: &Tensor, dim: isize) -> Result<Tensor> {
    of_halves(x, dim, Swiglu)
}

#[derive(Clone, Copy)]
struct Glu;

impl Elementwise<2> for Glu {
    const NAME: &'static str = "glu";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [a, b]: [N; 2]) -> N {
        a * b.sigmoid()
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [a, b]: [N; 2], _: N) -> [N; 2] {
        [gy * b.sigmoid(), gy * a * b.special::<SigmoidSlope>()]
    }
}

#[derive(Clone, Copy)]
struct Swiglu;

impl Elementwise<2> for Swiglu {
    const NAME: &'static str = "swiglu";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [a, b]: [N; 2]) -> N {
        a.special::<Silu>() * b
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [a, b]: [N; 2], _: N) -> [N; 2] {
        [gy * b * a.special::<SiluSlope>(), gy * a.special::<Silu>()]
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let input = || vec![Input::real(&[3, 4], -2.0..2.0)];
    let halves = |x: &[Vec<f64>], half: usize, f: fn(f64, f64) -> f64| -> Vec<f64> {
        x[0].chunks(2 * half).flat_map(|row| (0..half).map(|i| f(row[i], row[half + i])).collect::<Vec<_>>()).collect()
    };
    let glu = |a: f64, b: f64| a / (1.0 + (-b).exp());
    let swiglu = |a: f64, b: f64| a / (1.0 + (-a).exp()) * b;
    [
        Case::new("glu", input(), |x| x[0].glu(-1))
            .value(move |x| halves(x, 2, glu))
            .refuses(|x| x[0].glu(0), "glu: dim 0 has size 3, which is odd")
            .refuses(|x| x[0].sum().glu(0), "glu: dim 0 has size 1, which is odd")
            .refuses(|x| x[0].glu(2), "glu: dim 2 is out of range for shape [3, 4] (−2 to 1)"),
        // Halves that lie in long runs get their gradients in one pass.
        Case::new("glu of long halves", vec![Input::real(&[2, 130], -2.0..2.0)], |x| x[0].glu(1))
            .value(move |x| halves(x, 65, glu)),
        Case::new("swiglu of long halves", vec![Input::real(&[2, 4, 32], -2.0..2.0)], |x| x[0].swiglu(1))
            .value(move |x| halves(x, 64, swiglu)),
        Case::new("swiglu", input(), |x| x[0].swiglu(1))
            .value(move |x| halves(x, 2, swiglu))
            .refuses(|x| x[0].swiglu(0), "swiglu: dim 0 has size 3, which is odd"),
    ]
}];
