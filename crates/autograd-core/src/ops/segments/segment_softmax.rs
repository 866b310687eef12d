//! Softmax within each segment.

use super::segment::places;
use crate::error::Result;
use crate::tensor::Tensor;

impl Tensor {
    /// Softmax over the rows of each segment, column by column: `yₖ = e^(xₖ − m) / Σ e^(xⱼ − m)` over the rows j of the
    /// same segment, and m the largest of them. Attention over the neighbours of a node.
    ///
    /// # Shapes
    /// `self: [N, ..]`, `ids: [N]`, each below `segments`, in any order; the result has the shape of `self`.
    ///
    /// # Gradient
    /// `gx = y (gy − Σ gy y)`, the sum over the segment. Saves what it computes.
    ///
    /// # Errors
    /// If the shapes do not fit, an id is out of range, `ids` is not `I64`, or the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([7.0, 0.0, 7.0]).segment_softmax(&Tensor::from([1, 0, 1]), 2)?;
    /// assert_eq!(y.to_vec::<f32>()?, [0.5, 1.0, 0.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn segment_softmax(&self, ids: &Tensor, segments: usize) -> Result<Tensor> {
        let (none, placed) = places("segment_softmax", self, ids, segments)?;
        let lowest = Tensor::filled("segment_softmax", none.shape(), f64::NEG_INFINITY, none.dtype())?;
        let m = placed.extreme("segment_softmax", &lowest, &self.detach(), true)?;
        let e = self.try_sub(&placed.take(&m)?)?.exp();
        let sum = placed.add("segment_softmax", &none, &e)?;
        e.try_div(&placed.take(&sum)?)
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = vec![Input::real(&[5, 2], -2.0..2.0), Input::index(&[5], 3)];
    [Case::new("segment_softmax", x, |x| x[0].segment_softmax(&x[1], 3))
        .value(|x| {
            let sum =
                |k: usize, j: usize| (0..5).filter(|l| x[1][*l] == x[1][k]).map(|l| x[0][l * 2 + j].exp()).sum::<f64>();
            (0..10).map(|e| x[0][e].exp() / sum(e / 2, e % 2)).collect()
        })
        .not_counting_saved()
        .refuses(
            |x| x[0].segment_softmax(&Tensor::from([0, 1, 2, 3, 0]), 3),
            "segment_softmax: index 3 at position 3 is out of range for dim 0 of shape [3, 2]",
        )
        .refuses(|x| x[0].segment_softmax(&x[0], 3), "segment_softmax: ids has shape [5, 2], expected [5]")]
}];
