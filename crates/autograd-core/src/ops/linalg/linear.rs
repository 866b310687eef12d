//! The affine map.

use super::product::{View, product};
use crate::error::{Error, Result};
use crate::ops::check::Check;
use crate::shape::Shape;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::Tensor;
use std::borrow::Cow;

const CHECK: Check = Check("linear");

/// # Products of matrices
impl Tensor {
    /// `y = x Wᵀ + b`.
    ///
    /// # Shapes
    /// `x: [.., D]`, `weight: [K, D]`, `bias: [K]`, `y: [.., K]`; or `weight: [D]`, `bias: []`, `y: [..]`.
    ///
    /// # Gradient
    /// `gx = gy W`, `gW = gyᵀ x`, `gb = Σ gy` over all but the last dim. Saves x and W.
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
        CHECK.same_float(self, weight)?;
        if weight.rank() == 1 {
            return self.linear_to_one(weight, bias);
        }
        let [out, inner] = CHECK.shape("weight", weight, "[K, D] or [D]")?;
        let [last] = CHECK.last("the input", self, format_args!("[.., {inner}]"))?;
        if last != inner {
            return Err(Error::inner_sizes("linear", self.shape(), &[inner, out], last, inner));
        }
        if let Some(bias) = bias {
            CHECK.same_dtype(self, bias)?;
            CHECK.is("bias", bias, &[out])?;
        }
        let mut shape = Shape::from(self.shape());
        shape.0[self.rank() - 1] = out;
        let rows = as_rows(self)?;
        let packed_bias = bias.map(|bias| bias.try_packed("linear")).transpose()?;
        let value = product("linear", View::rows_of(&rows), View::rows_of(weight).t(), packed_bias.as_deref(), &shape)?;
        let pullback = |_: &Tensor| Linear { x: Saved::input(0, self), weight: Saved::input(1, weight) };
        Ok(match bias {
            Some(bias) => record("linear", value, &[self, weight, bias], pullback),
            None => record("linear", value, &[self, weight], pullback),
        })
    }

    /// [`Tensor::linear`] with a single output, whose dim is left out.
    fn linear_to_one(&self, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        let bias = match bias {
            Some(bias) if bias.rank() > 0 => {
                return Err(Error::shape("linear", "bias", bias.shape(), "[], for a weight of one dimension"));
            }
            bias => bias.map(|bias| bias.unsqueeze(0)).transpose()?,
        };
        self.linear(&weight.unsqueeze(0)?, bias.as_ref())?.squeeze(&[-1])
    }
}

/// A matrix as it is, whatever its strides; any other tensor packed, so that its leading dims are rows.
fn as_rows(x: &Tensor) -> Result<Cow<'_, Tensor>> {
    if x.rank() == 2 { Ok(Cow::Borrowed(x)) } else { x.try_packed("linear") }
}

struct Linear {
    x: Saved,
    weight: Saved,
}

impl Pullback for Linear {
    // The last input comes first: of a layer's parameters the bias was made last, and the walk collects leaves in that
    // order.
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (gy, x, weight) = (at.gy(), self.x.get(at), self.weight.get(at));
        if at.inputs() > 2 {
            at.give(2, || Ok(gy.clone()))?;
        }
        at.give(1, || {
            let rows = |t: &Tensor| t.reshape(&[-1, t.shape()[t.rank() - 1] as isize]);
            let nothing = x.numel() == 0 || gy.numel() == 0;
            if nothing { Ok(weight.zeros_like()) } else { rows(gy)?.t()?.matmul(&rows(&x)?) }
        })?;
        at.give(0, || gy.matmul(&weight))
    }

    fn pull_fused(&self, at: &mut Pull<'_>) -> Result<()> {
        let (gy, x, weight) = (at.gy(), self.x.value(), self.weight.value());
        let gy_rows = as_rows(gy)?;
        if at.inputs() > 2 {
            at.give(2, || Ok(gy.clone()))?;
        }
        at.give(1, || {
            let (gy, x) = (View::rows_of(&gy_rows).t(), as_rows(x)?);
            product("linear", gy, View::rows_of(&x), None, weight.shape())
        })?;
        at.give(0, || product("linear", View::rows_of(&gy_rows), View::rows_of(weight), None, x.shape()))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.x);
        see(&self.weight);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let (x, w, b) =
        (|s: &[usize]| Input::real(s, -2.0..2.0), || Input::real(&[4, 3], -2.0..2.0), || Input::real(&[4], -2.0..2.0));
    let reference = |x: &[Vec<f64>]| {
        let row =
            |r: &[f64], k: usize| x.get(2).map_or(0.0, |b| b[k]) + (0..3).map(|d| r[d] * x[1][k * 3 + d]).sum::<f64>();
        x[0].chunks(3).flat_map(|r| (0..4).map(move |k| row(r, k))).collect()
    };
    [
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
}];
