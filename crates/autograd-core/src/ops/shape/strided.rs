//! Views of a part of a tensor, and the gradient of one.

use crate::error::Result;
use crate::kernels::copy::scatter_add;
use crate::kernels::nest::Nest;
use crate::shape::Layout;
use crate::tape::{Part, Pull, Pullback, record};
use crate::tensor::{Tensor, for_float};

/// A part of a tensor that lies in the whole with strides of its own. Its elements may be the same several times.
pub(in crate::ops) trait Cut: Clone + Send + Sync + 'static {
    /// The name of the operation.
    fn op(&self) -> &'static str;
    /// The layout of the part, given the layout of the whole.
    fn within(&self, whole: &Layout) -> Layout;
}

/// The part of `x`, recorded.
pub(in crate::ops) fn cut<C: Cut>(part: C, x: &Tensor) -> Tensor {
    record(part.op(), x.with_layout(part.within(x.layout())), &[x], |_| Strided(part))
}

#[derive(Clone)]
struct Strided<C>(C);

impl<C: Cut> Pullback for Strided<C> {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        at.give_part(0, self, at.gy())
    }
}

impl<C: Cut> Part for Strided<C> {
    fn take(&self, whole: &Tensor) -> Result<Tensor> {
        Ok(cut(self.0.clone(), whole))
    }

    fn add(&self, sum: &mut Tensor, gradient: &Tensor) {
        if gradient.numel() == 0 {
            return;
        }
        let place = self.0.within(&Layout::contiguous(sum.shape()));
        let nest = Nest::new(gradient.shape(), [gradient.strides(), place.strides()]);
        let offset = place.offset();
        for_float!(gradient.float(), T => sum.change::<T, 1>(self.0.op(), [gradient], move |[gradient], sum| {
            scatter_add(&nest, gradient.strided(), &mut sum[offset..]);
        }));
    }

    fn boxed(&self) -> Box<dyn Part> {
        Box::new(self.clone())
    }
}
