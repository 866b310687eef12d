//! Operations of functions that floats compute as a whole.

use super::driver::{Elementwise, Keeps, elementwise};
use crate::kernels::number::{Number, Scaled, Special};
use crate::tensor::Tensor;
use std::marker::PhantomData;

/// `y = f(x)`, recorded; the input is kept, for the derivative cannot be had from the output without loss.
pub(crate) fn smooth<S: Special>(x: &Tensor) -> Tensor {
    elementwise([x], Smooth(PhantomData::<S>))
}

#[derive(Clone, Copy)]
pub(crate) struct Smooth<S>(pub(crate) PhantomData<S>);

impl<S: Special> Elementwise<1> for Smooth<S> {
    const NAME: &'static str = S::NAME;
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        x.special::<S>()
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        [gy * S::slope(x)]
    }
}

/// `y = f(c x)`, recorded like [`smooth`].
pub(crate) fn scaled<S: Scaled>(x: &Tensor, c: f64) -> Tensor {
    elementwise([x], OfProduct(c, PhantomData::<S>))
}

#[derive(Clone, Copy)]
pub(crate) struct OfProduct<S>(pub(crate) f64, pub(crate) PhantomData<S>);

impl<S: Scaled> Elementwise<1> for OfProduct<S> {
    const NAME: &'static str = S::NAME;
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        x.scaled::<S>(self.0)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        [gy * S::slope(x, self.0)]
    }
}
