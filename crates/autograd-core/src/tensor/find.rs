//! The search for an element.

use super::watch::reads;
use super::{Tensor, for_any};

impl Tensor {
    /// The place of the first element, in row-major order, that is `wanted`. Elements that an expanded tensor repeats
    /// are looked at once.
    #[expect(clippy::unnecessary_cast, reason = "one of the dtypes is f64 already")]
    pub(crate) fn find(&self, wanted: impl Fn(f64) -> bool) -> Option<usize> {
        reads("a search for an element");
        if self.numel() == 0 {
            return None;
        }
        let (shape, strides) = (self.shape(), self.strides());
        for_any!(self.dtype(), T => {
            let x = self.strided::<T>();
            if self.is_contiguous() {
                return x.iter().position(|x| wanted(*x as f64));
            }
            let mut index = vec![0; shape.len()];
            loop {
                let at: usize = index.iter().zip(strides).map(|(i, stride)| i * stride).sum();
                if wanted(x[at] as f64) {
                    return Some(index.iter().zip(shape).fold(0, |at, (i, size)| at * size + i));
                }
                // The last dimension that can be advanced; those that repeat cannot.
                let next = (0..shape.len()).rev().find(|d| strides[*d] > 0 && index[*d] + 1 < shape[*d])?;
                index[next] += 1;
                index[next + 1..].fill(0);
            }
        })
    }
}
