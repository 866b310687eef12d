//! Softmax within each segment.

use super::segment::places;
use crate::error::Result;
use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::ops::index::placed::Placed;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::Tensor;

const OP: &str = "segment_softmax";

impl Tensor {
    /// Softmax over the rows of each segment, column by column: `yₖ = e^(xₖ − m) / Σ e^(xⱼ − m)` over the rows j of the
    /// same segment, and m the largest of them. Attention over the neighbours of a node.
    ///
    /// # Shapes
    /// `self: [N, ..]`, `ids: [N]`, each below `segments`, in any order; the result has the shape of `self`.
    ///
    /// # Gradient
    /// `gx = y (gy − Σ gy y)`, the sum over the segment. Saves y and the ids.
    ///
    /// # Numerics
    /// What rounding `x − m` has lost goes into the exponential, and where one y of a segment is near 1, its gradient
    /// comes from the other rows: as in [`Tensor::softmax`].
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
        let (none, placed) = places(OP, self, ids, segments)?;
        let (x, lowest) = (self.untied(), Tensor::filled(OP, none.shape(), f64::NEG_INFINITY, none.dtype())?);
        let m = placed.take(&placed.extreme(OP, &lowest, &x, true)?)?;
        let e = try_elementwise([&x, &m], ExpLess)?;
        let value = e.try_div(&sums(&placed, &none, &e)?)?;
        Ok(record(OP, value, &[self], |y| SegmentSoftmax { y: Saved::output(y), placed, segments }))
    }
}

/// For each row the sum over its segment; `none` are zeros for all segments.
fn sums(placed: &Placed, none: &Tensor, x: &Tensor) -> Result<Tensor> {
    placed.take(&placed.add(OP, none, x)?)
}

/// `e^(x − m)` from the difference that is not rounded.
#[derive(Clone, Copy)]
struct ExpLess;

impl Elementwise<2> for ExpLess {
    const NAME: &'static str = OP;
    const KEEPS: Keeps = Keeps::Untracked;

    #[inline(always)]
    fn value<N: Number>(self, [x, m]: [N; 2]) -> N {
        x.exp_less(m)
    }
}

struct SegmentSoftmax {
    y: Saved,
    placed: Placed,
    segments: usize,
}

impl Pullback for SegmentSoftmax {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (y, gy) = (self.y.get(at), at.gy());
        at.give(0, || {
            let mut shape = y.shape().to_vec();
            shape[0] = self.segments;
            let none = Tensor::filled(OP, &shape, 0.0, y.dtype())?;
            // The y of a segment add up to 1, so what all its gy have in common changes nothing. The gy of a row near 1
            // would be nearly all of the sum, and cancel.
            let near = y.untied().gt_scalar(0.5);
            let common = near.where_cond(gy, &Tensor::full(&[], 0.0, y.dtype())?)?;
            let gy = gy.try_sub(&sums(&self.placed, &none, &common)?)?;
            y.try_mul(&gy.try_sub(&sums(&self.placed, &none, &gy.try_mul(&y)?)?)?)
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.y);
        see(self.placed.index().saved());
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
        .refuses(
            |x| x[0].segment_softmax(&Tensor::from([0, 1, 2, 3, 0]), 3),
            "segment_softmax: index 3 at position 3 is out of range for dim 0 of shape [3, 2]",
        )
        .refuses(|x| x[0].segment_softmax(&x[0], 3), "segment_softmax: ids has shape [5, 2], expected [5]")]
}];

#[cfg(test)]
mod tests {
    use crate::{DType, Tensor};

    #[test]
    fn a_row_near_one_and_those_far_below_keep_their_digits() {
        let x = Tensor::from([60.37, 0.013, 1.7, 7.77, 33.3, -11.1]);
        let weights = Tensor::from([0.9, -1.3, 0.4, 2.1, -0.7, 1.6]);
        let both = |x: &Tensor| {
            let x = x.requires_grad();
            let y = x.segment_softmax(&Tensor::from([0, 0, 0, 0, 0, 0]), 1).expect("they fit");
            let loss = y.try_mul(&weights.to_dtype(x.dtype())).expect("alike").sum();
            let gx = loss.backward().expect("tracked").get(&x).expect("a leaf").to_f64s();
            [y.to_f64s(), gx]
        };
        for (got, want) in both(&x).iter().zip(both(&x.to_dtype(DType::F64))) {
            let is_near = got.iter().zip(&want).all(|(g, w)| (g - w).abs() <= 1.5e-6 * w.abs());
            assert!(is_near, "{got:?} and {want:?}");
        }
    }
}
