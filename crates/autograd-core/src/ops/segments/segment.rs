//! Folds of the rows of each segment.

use crate::error::{Error, Result};
use crate::ops::check::Check;
use crate::ops::index::placed::Placed;
use crate::ops::index::scatter_reduce::{ScatterReduce, fold};
use crate::tensor::Tensor;

macro_rules! segments {
    ($($name:ident $text:literal $fold:expr, $value:literal;)*) => {$(
        impl Tensor {
            #[doc = concat!("The ", $text, " of the rows of each segment; 0 where a segment has none.")]
            ///
            /// # Shapes
            /// `self: [N, ..]`, `ids: [N]`, each below `segments`, in any order `→ [segments, ..]`.
            ///
            /// # Gradient
            /// That of the fold of each segment; ties of largest and smallest elements share it. Saves the ids.
            ///
            /// # Errors
            /// If the shapes do not fit, an id is out of range, `ids` is not `I64`, or the dtype is not a float type.
            ///
            /// # Examples
            /// ```
            /// # use autograd_core::Tensor;
            /// let x = Tensor::from([[1.0], [2.0], [4.0]]);
            #[doc = concat!("let y = x.", stringify!($name), "(&Tensor::from([2, 0, 2]), 3)?;")]
            #[doc = concat!("assert_eq!(y.to_vec::<f32>()?, ", $value, ");")]
            /// # Ok::<(), autograd_core::Error>(())
            /// ```
            pub fn $name(&self, ids: &Tensor, segments: usize) -> Result<Tensor> {
                let (none, placed) = places(stringify!($name), self, ids, segments)?;
                fold(stringify!($name), &placed, &none, self, $fold)
            }
        }
    )*};
}

segments! {
    segment_sum "sum" ScatterReduce::sum(), "[2.0, 0.0, 5.0]";
    segment_mean "mean" ScatterReduce::mean().include_self(false), "[2.0, 0.0, 2.5]";
    segment_max "largest" ScatterReduce::amax().include_self(false), "[2.0, 0.0, 4.0]";
    segment_min "smallest" ScatterReduce::amin().include_self(false), "[2.0, 0.0, 1.0]";
}

/// A row of zeros for each segment, and the places of the rows of `x` in it.
pub(super) fn places(op: &'static str, x: &Tensor, ids: &Tensor, segments: usize) -> Result<(Tensor, Placed)> {
    let check = Check(op);
    check.float(x)?;
    let Some((rows, inner)) = x.shape().split_first() else {
        return Err(Error::shape(op, "the input", x.shape(), "at least one dimension"));
    };
    check.is("ids", ids, &[*rows])?;
    let mut shape = vec![segments];
    shape.extend_from_slice(inner);
    let none = Tensor::filled(op, &shape, 0.0, x.dtype())?;
    let placed = Placed::rows(op, &none, 0, ids)?;
    Ok((none, placed))
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::distinct(&[5, 2]), Input::index(&[5], 3)];
    let reference = |fold: fn(&[f64]) -> f64| {
        move |x: &[Vec<f64>]| {
            let column = |segment: usize, j: usize| {
                let met = (0..5).filter(|k| x[1][*k] as usize == segment);
                let met: Vec<f64> = met.map(|k| x[0][k * 2 + j]).collect();
                if met.is_empty() { 0.0 } else { fold(&met) }
            };
            (0..8).map(|e| column(e / 2, e % 2)).collect()
        }
    };
    let case = |op: &'static str, call: fn(&Tensor, &Tensor, usize) -> Result<Tensor>| {
        Case::new(op, x(), move |x| call(&x[0], &x[1], 4)).not_counting_saved().refuses(
            move |x| call(&x[0], &Tensor::from([0, 1, 4, 0, 0]), 4),
            format!("{op}: index 4 at position 2 is out of range for dim 0 of shape [4, 2]"),
        )
    };
    [
        case("segment_sum", Tensor::segment_sum)
            .value(reference(|x| x.iter().sum()))
            .refuses(|x| x[0].segment_sum(&x[1].narrow(0, 0, 4)?, 4), "segment_sum: ids has shape [4], expected [5]"),
        case("segment_mean", Tensor::segment_mean).value(reference(|x| x.iter().sum::<f64>() / x.len() as f64)),
        case("segment_max", Tensor::segment_max)
            .value(reference(|x| x.iter().copied().fold(f64::NEG_INFINITY, f64::max)))
            .refuses(
                |x| x[0].sum().segment_max(&x[1], 4),
                "segment_max: the input has shape [], expected at least one dimension",
            ),
        case("segment_min", Tensor::segment_min)
            .value(reference(|x| x.iter().copied().fold(f64::INFINITY, f64::min)))
            .refuses(
                |x| x[1].segment_min(&x[1], 4),
                "segment_min: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
    ]
}];
