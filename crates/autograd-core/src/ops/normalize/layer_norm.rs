//! Layer normalisation, with and without a mean.

use super::by_rows::{Rows, flat_form};
use crate::error::{Error, Result};
use crate::kernels::normalize::Rule;
use crate::ops::check::Check;
use crate::shape::Shape;
use crate::tensor::{DType, Tensor};

/// # Normalisation
impl Tensor {
    /// Each row, the elements of the last dims, with mean 0 and variance 1, times a weight, plus a bias:
    /// `y = (x − μ)/√(σ² + ε) · w + b`, where σ² is the mean of `(x − μ)²`.
    ///
    /// # Shapes
    /// x: `[.., normalized_shape]`; weight and bias, of which there may be none: `normalized_shape`; result as x.
    ///
    /// # Gradient
    /// With `r = 1/√(σ² + ε)`, `x̂ = (x − μ) r` and `g = gy w`: `gx = r (g − mean g − x̂ mean(g x̂))`, `gw = Σ gy x̂`
    /// and `gb = Σ gy` over all rows. Saves x, the weight, and of each row the mean in two parts and r.
    ///
    /// # Numerics
    /// The moments are those of [`Tensor::var`]: adding the same to a row changes nothing, equal elements give b, and
    /// squares that overflow are scaled. A row with an infinity or NaN is NaN.
    ///
    /// # Errors
    /// If `normalized_shape` is empty or not that of the input's last dims, weight or bias have another shape, the
    /// dtypes are not one float type, or `eps` is NaN.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1.0, 3.0], [7.0, 5.0]]);
    /// let (w, b) = (Tensor::from([2.0, 1.0]), Tensor::from([0.0, 0.5]));
    /// assert_eq!(x.layer_norm(&[2], Some(&w), Some(&b), 0.0)?.to_vec::<f32>()?, [-2.0, 1.5, 2.0, -0.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Ba, Kiros, Hinton, Layer Normalization, 2016.
    pub fn layer_norm(
        &self,
        normalized_shape: &[usize],
        weight: Option<&Tensor>,
        bias: Option<&Tensor>,
        eps: f64,
    ) -> Result<Tensor> {
        let rule = Rule { centred: true, eps };
        of_last("layer_norm", self, normalized_shape, [weight, bias], rule)
    }

    /// Each row, the elements of the last dims, divided by its root mean square, times a weight:
    /// `y = x/√(mean x² + ε) · w`. Without an ε it is the distance from 1 to the next number.
    ///
    /// # Shapes
    /// x: `[.., normalized_shape]`; weight, of which there may be none: `normalized_shape`; result as x.
    ///
    /// # Gradient
    /// That of [`Tensor::layer_norm`] without `mean g`.
    ///
    /// # Errors
    /// As for `layer_norm`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1.0, 7.0], [-5.0, 5.0]]);
    /// assert_eq!(x.rms_norm(&[2], None, Some(0.0))?.to_vec::<f32>()?, [0.2, 1.4, -1.0, 1.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Zhang, Sennrich, Root Mean Square Layer Normalization, 2019.
    pub fn rms_norm(&self, normalized_shape: &[usize], weight: Option<&Tensor>, eps: Option<f64>) -> Result<Tensor> {
        let smallest = if self.dtype() == DType::F64 { f64::EPSILON } else { f64::from(f32::EPSILON) };
        let rule = Rule { centred: false, eps: eps.unwrap_or(smallest) };
        of_last("rms_norm", self, normalized_shape, [weight, None], rule)
    }
}

fn of_last(
    op: &'static str,
    x: &Tensor,
    normalized_shape: &[usize],
    [weight, bias]: [Option<&Tensor>; 2],
    rule: Rule,
) -> Result<Tensor> {
    let check = Check(op);
    let named = !normalized_shape.is_empty();
    check.require(named, "normalized_shape", format_args!("{normalized_shape:?}"), "one size at least")?;
    if !x.shape().ends_with(normalized_shape) {
        let last = Shape::from(normalized_shape).to_string();
        return Err(Error::shape(op, "the input", x.shape(), last.replacen('[', "[.., ", 1)));
    }
    let width = normalized_shape.iter().product::<usize>();
    let rows = x.shape()[..x.rank() - normalized_shape.len()].iter().product();
    let rows = Rows { op, rule, width, each: 1, weight, bias, form: flat_form(rows, width) };
    rows.check(x, normalized_shape)?;
    rows.normalise(x)
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = |shape: &[usize], affine: &[usize]| {
        vec![Input::real(shape, -2.0..2.0), Input::real(affine, 0.5..2.0), Input::real(affine, -1.0..1.0)]
    };
    let normalised = |row: &[f64], centred: bool, eps: f64| -> Vec<f64> {
        let n = row.len() as f64;
        let mean = if centred { row.iter().sum::<f64>() / n } else { 0.0 };
        let var = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        row.iter().map(|x| (x - mean) / (var + eps).sqrt()).collect()
    };
    let of = |x: &Tensor| x.shape().to_vec();
    [
        Case::new("layer_norm", x(&[3, 4], &[4]), move |x| x[0].layer_norm(&of(&x[1]), Some(&x[1]), Some(&x[2]), 1e-5))
            .value(move |x| {
                let affine = |row: Vec<f64>| row.into_iter().zip(x[1].iter().zip(&x[2])).map(|(x, (w, b))| x * w + b);
                x[0].chunks(4).flat_map(|row| affine(normalised(row, true, 1e-5)).collect::<Vec<_>>()).collect()
            })
            .refuses(
                |x| x[0].layer_norm(&[3], Some(&x[1]), None, 1e-5),
                "layer_norm: the input has shape [3, 4], expected [.., 3]",
            )
            .refuses(
                |x| x[0].layer_norm(&[], None, None, 1e-5),
                "layer_norm: normalized_shape is [], it must be one size at least",
            )
            .refuses(
                |x| x[0].layer_norm(&[3, 4], None, Some(&x[2]), 1e-5),
                "layer_norm: bias has shape [4], expected [3, 4]",
            )
            .refuses(
                |x| x[0].layer_norm(&[4], Some(&x[1].to_dtype(DType::F32)), None, 1e-5),
                "layer_norm: dtypes F64 and F32 do not mix; convert one with to_dtype",
            )
            .refuses(
                |x| x[0].to_dtype(DType::I64).layer_norm(&[4], None, None, 1e-5),
                "layer_norm: dtype is I64, expected F32 or F64; to_dtype converts",
            )
            .refuses(|x| x[0].layer_norm(&[4], None, None, f64::NAN), "layer_norm: eps is NaN, it must be a number"),
        Case::new("layer_norm (weight alone)", x(&[2, 2, 3], &[2, 3]), move |x| {
            x[0].layer_norm(&of(&x[1]), Some(&x[1]), None, 0.5)?.try_add(&x[2])
        })
        .not_counting_saved()
        .value(move |x| {
            let weigh = |row: Vec<f64>| row.into_iter().zip(x[1].iter().zip(&x[2])).map(|(x, (w, b))| x * w + b);
            x[0].chunks(6).flat_map(|row| weigh(normalised(row, true, 0.5)).collect::<Vec<_>>()).collect()
        }),
        Case::new("layer_norm (bias alone)", x(&[2, 2, 3], &[3])[..2].to_vec(), move |x| {
            x[0].layer_norm(&of(&x[1]), None, Some(&x[1]), 1e-5)
        }),
        Case::new("layer_norm (plain)", x(&[2, 5], &[])[..1].to_vec(), |x| {
            x[0].layer_norm(x[0].shape(), None, None, 1e-5)
        })
        .value(move |x| normalised(&x[0], true, 1e-5)),
        Case::new("rms_norm", x(&[3, 4], &[4])[..2].to_vec(), move |x| {
            x[0].rms_norm(&of(&x[1]), Some(&x[1]), Some(0.25))
        })
        .value(move |x| {
            let weigh = |row: Vec<f64>| row.into_iter().zip(&x[1]).map(|(x, w)| x * w);
            x[0].chunks(4).flat_map(|row| weigh(normalised(row, false, 0.25)).collect::<Vec<_>>()).collect()
        })
        .refuses(|x| x[0].rms_norm(&[2, 4], None, None), "rms_norm: the input has shape [3, 4], expected [.., 2, 4]")
        .refuses(|x| x[0].rms_norm(&[3, 4], Some(&x[1]), None), "rms_norm: weight has shape [4], expected [3, 4]"),
        Case::new("rms_norm (plain)", x(&[2, 3], &[])[..1].to_vec(), |x| x[0].rms_norm(&[3], None, None))
            .value(move |x| x[0].chunks(3).flat_map(|row| normalised(row, false, f64::EPSILON)).collect()),
    ]
}];
