//! The affine map.
//!
//! forward    y = x Wᵀ + b                    x: [.., D], W: [K, D], b: [K], y: [.., K]
//! backward   gx = gy W, gW = gyᵀ x, gb = Σ gy    saves x and W

use super::product::{View, product};
use crate::error::{Error, Result};
use crate::ops::check;
use crate::tape::{Grads, Pull, Pullback, Saved, is_recording, record};
use crate::tensor::{Shape, Tensor};
use smallvec::smallvec;
use std::borrow::Cow;

impl Tensor {
    /// `y = x Wᵀ + b`.
    ///
    /// # Shapes
    /// `x: [.., D]`, `weight: [K, D]`, `bias: [K]`, `y: [.., K]`; or `weight: [D]`, `bias: []`, `y: [..]`.
    ///
    /// # Gradient
    /// `gx = gy W`, `gW = gyᵀ x`, `gb = Σ gy` over all but the last axis. Saves x and W.
    ///
    /// # Errors
    /// If the shapes do not fit or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (x, w, b) = (Tensor::from([1.0, 2.0]), Tensor::from([[3.0, 4.0]]), Tensor::from([0.5]));
    /// assert_eq!(x.linear(&w, Some(&b))?.to_vec::<f32>()?, [11.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn linear(&self, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        check::float("linear", self)?;
        check::same_dtype("linear", self, weight)?;
        if weight.rank() == 1 {
            return self.linear_to_one(weight, bias);
        }
        let [out, inner] = weight.shape() else {
            let expected = "[K, D] or [D]";
            return Err(Error::shape("linear", "weight", weight.shape(), expected));
        };
        let Some((last, outer)) = self.shape().split_last() else {
            let expected = format!("[.., {inner}]");
            return Err(Error::shape("linear", "the input", self.shape(), expected));
        };
        if last != inner {
            return Err(Error::inner_sizes("linear", self.shape(), &[*inner, *out], *last, *inner));
        }
        if let Some(bias) = bias {
            check::same_dtype("linear", self, bias)?;
            if bias.shape() != [*out] {
                let expected = format!("[{out}]");
                return Err(Error::shape("linear", "bias", bias.shape(), expected));
            }
        }
        let mut shape = Shape::from(outer);
        shape.0.push(*out);
        check::numel_fits("linear", &shape)?;
        let rows = as_rows(self);
        let packed_bias = bias.map(Tensor::packed);
        let value = product(View::rows_of(&rows), View::rows_of(weight).t(), packed_bias.as_deref(), &shape);
        let pullback = |_: &Tensor| Linear { x: Saved::input(0, self), weight: Saved::input(1, weight) };
        Ok(match bias {
            Some(bias) => record("linear", value, &[self, weight, bias], pullback),
            None => record("linear", value, &[self, weight], pullback),
        })
    }

    /// [`Tensor::linear`] with a single output, whose axis is left out.
    fn linear_to_one(&self, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        let bias = match bias {
            Some(bias) if bias.rank() > 0 => {
                let expected = "[], for a weight of one dimension";
                return Err(Error::shape("linear", "bias", bias.shape(), expected));
            }
            bias => bias.map(|bias| bias.unsqueeze(0)).transpose()?,
        };
        self.linear(&weight.unsqueeze(0)?, bias.as_ref())?.squeeze(&[-1])
    }
}

/// A matrix as it is, whatever its strides; anything else packed, so that its leading axes are rows.
fn as_rows(x: &Tensor) -> Cow<'_, Tensor> {
    if x.rank() == 2 { Cow::Borrowed(x) } else { x.packed() }
}

struct Linear {
    x: Saved,
    weight: Saved,
}

/// gW = gyᵀ x over all rows.
fn weight_gradient(gy: &Tensor, x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    if is_recording() {
        let rows = |t: &Tensor| t.reshape(&[-1, t.shape()[t.rank() - 1] as isize]);
        let nothing = x.numel() == 0 || gy.numel() == 0;
        return if nothing { Ok(weight.zeros_like()) } else { rows(gy)?.t()?.matmul(&rows(x)?) };
    }
    let (x, gy) = (as_rows(x), as_rows(gy));
    Ok(product(View::rows_of(&gy).t(), View::rows_of(&x), None, weight.shape()))
}

/// gx = gy W.
fn input_gradient(gy: &Tensor, x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    if is_recording() {
        return gy.matmul(weight);
    }
    Ok(product(View::rows_of(&as_rows(gy)), View::rows_of(weight), None, x.shape()))
}

impl Pullback for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn pull(&self, at: &Pull<'_>) -> Result<Grads> {
        let (gy, x, weight) = (at.gy(), self.x.get(at), self.weight.get(at));
        let mut grads: Grads = smallvec![
            at.when(0, || input_gradient(gy, &x, &weight))?,
            at.when(1, || weight_gradient(gy, &x, &weight))?
        ];
        if at.inputs() > 2 {
            grads.push(at.wants(2).then(|| gy.clone()));
        }
        Ok(grads)
    }

    fn saved(&self) -> Vec<&Tensor> {
        vec![self.x.value(), self.weight.value()]
    }
}

#[cfg(test)]
pub(super) fn cases() -> Vec<crate::ops::cases::Case> {
    use crate::DType;
    use crate::ops::cases::{Case, Input};
    let (x, w, b) =
        (|s: &[usize]| Input::real(s, -2.0..2.0), || Input::real(&[4, 3], -2.0..2.0), || Input::real(&[4], -2.0..2.0));
    let reference = |x: &[Vec<f64>]| {
        let row =
            |r: &[f64], k: usize| x.get(2).map_or(0.0, |b| b[k]) + (0..3).map(|d| r[d] * x[1][k * 3 + d]).sum::<f64>();
        x[0].chunks(3).flat_map(|r| (0..4).map(move |k| row(r, k))).collect()
    };
    vec![
        Case::new("linear", vec![x(&[5, 3]), w(), b()], |x| x[0].linear(&x[1], Some(&x[2])))
            .value(reference)
            .refuses(|x| x[0].linear(&x[2].sum(), None), "linear: weight has shape [], expected [K, D] or [D]")
            .refuses(|x| x[0].sum().linear(&x[1], None), "linear: the input has shape [], expected [.., 3]")
            .refuses(|x| x[0].linear(&x[1].t()?, None), "linear: inner dimensions differ: [5, 3] × [4, 3] (3 ≠ 4)")
            .refuses(|x| x[0].linear(&x[1], Some(&x[1])), "linear: bias has shape [4, 3], expected [4]")
            .refuses(
                |x| x[0].linear(&x[1].to_dtype(DType::F32), None),
                "linear: dtypes F64 and F32 do not mix; convert one with to_dtype",
            )
            .refuses(
                |x| x[0].linear(&x[1], Some(&x[2].to_dtype(DType::F32))),
                "linear: dtypes F64 and F32 do not mix; convert one with to_dtype",
            )
            .refuses(
                |x| x[0].to_dtype(DType::I64).linear(&x[1], None),
                "linear: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("linear without bias", vec![x(&[2, 2, 3]), w()], |x| x[0].linear(&x[1], None)).value(reference),
        Case::new("linear to one", vec![x(&[2, 2, 3]), x(&[3]), x(&[])], |x| x[0].linear(&x[1], Some(&x[2])))
            .value(|x| x[0].chunks(3).map(|r| x[2][0] + (0..3).map(|d| r[d] * x[1][d]).sum::<f64>()).collect())
            .refuses(
                |x| x[0].linear(&x[1], Some(&x[1])),
                "linear: bias has shape [3], expected [], for a weight of one dimension",
            ),
        Case::new("linear of a vector", vec![x(&[3]), w(), b()], |x| x[0].linear(&x[1], Some(&x[2]))).value(reference),
    ]
}
