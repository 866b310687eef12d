//! A diagonal as a view.

use crate::error::Result;
use crate::kernels::copy::scatter_add;
use crate::kernels::nest::Nest;
use crate::shape::{Dims, Layout};
use crate::tape::{Part, Pull, Pullback, record};
use crate::tensor::{Tensor, for_float};
use smallvec::SmallVec;

/// The elements whose coordinates along two different dims of equal size agree: the second dim is left out.
pub(crate) fn diagonal(x: &Tensor, first: usize, second: usize) -> Tensor {
    Diagonal { first, second }.of(x)
}

#[derive(Clone, Copy)]
struct Diagonal {
    first: usize,
    second: usize,
}

impl Diagonal {
    fn of(self, x: &Tensor) -> Tensor {
        record("diagonal", x.with_layout(self.within(x.layout())), &[x], |_| self)
    }

    fn within(self, x: &Layout) -> Layout {
        let mut shape: Dims = SmallVec::from_slice(x.shape());
        let mut strides: Dims = SmallVec::from_slice(x.strides());
        strides[self.first] += strides[self.second];
        shape.remove(self.second);
        strides.remove(self.second);
        Layout::strided(&shape, &strides, x.offset())
    }
}

impl Pullback for Diagonal {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        at.give_part(0, self, at.gy())
    }
}

impl Part for Diagonal {
    fn take(&self, whole: &Tensor) -> Result<Tensor> {
        Ok(self.of(whole))
    }

    fn add(&self, sum: &mut Tensor, gradient: &Tensor) {
        if gradient.numel() == 0 {
            return;
        }
        let place = self.within(&Layout::contiguous(sum.shape()));
        let nest = Nest::new(gradient.shape(), [gradient.strides(), place.strides()]);
        for_float!(gradient.float(), T => sum.change::<T, 1>("diagonal", [gradient], move |[gradient], sum| {
            scatter_add(&nest, gradient.strided(), sum);
        }));
    }

    fn boxed(&self) -> Box<dyn Part> {
        Box::new(*self)
    }
}

#[cfg(test)]
crate::ops::cases::cases![
    Case::new("diagonal", vec![Input::real(&[3, 2, 3], -2.0..2.0)], |x| Tensor::einsum("iji->ij", &[&x[0]]))
        .value(|x| (0..6).map(|e| x[0][e / 2 * 6 + e % 2 * 3 + e / 2]).collect())
        .not_counting_saved()
        .refuses(|x| Tensor::einsum("jii->ij", &[&x[0]]), "einsum: letter i is 2 and 3 in operand 0",),
];
