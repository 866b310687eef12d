//! Group and instance normalisation.

use super::by_rows::Rows;
use super::form::Form;
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::normalize::Rule;
use crate::ops::check::Check;
use crate::shape::Shape;
use crate::tensor::Tensor;
use smallvec::smallvec;

impl Tensor {
    /// The channels of each sample in groups of neighbours, each group with mean 0 and variance 1, times a weight, plus
    /// a bias: `y = (x − μ)/√(σ² + ε) · w + b`.
    ///
    /// # Shapes
    /// x: `[N, C, ..]`; weight and bias, of which there may be none: `[C]`; result as x.
    ///
    /// # Gradient
    /// That of [`Tensor::layer_norm`], with a group in the place of a row. Saves x, the weight, and of each group the
    /// mean in two parts and `1/√(σ² + ε)`.
    ///
    /// # Errors
    /// If `num_groups` is 0 or does not divide the channels, a sample has no elements, there is one value in all, a
    /// shape does not fit, the dtypes are not one float type, or `eps` is NaN.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1.0, 3.0, 10.0, 30.0]]);
    /// let b = Tensor::from([0.0, 0.0, 0.5, 0.5]);
    /// assert_eq!(x.group_norm(2, None, Some(&b), 0.0)?.to_vec::<f32>()?, [-1.0, 1.0, -0.5, 1.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Wu, He, Group Normalization, 2018.
    pub fn group_norm(
        &self,
        num_groups: usize,
        weight: Option<&Tensor>,
        bias: Option<&Tensor>,
        eps: f64,
    ) -> Result<Tensor> {
        const OP: &str = "group_norm";
        let [n, channels, length] = channels(OP, self)?;
        Check(OP).require(num_groups > 0, "num_groups", num_groups, "at least 1")?;
        if channels * length == 0 {
            return Err(Error::shape(OP, "the input", self.shape(), "samples with elements"));
        }
        if !channels.is_multiple_of(num_groups) {
            let text = format!("{OP}: {channels} channels (shape {:?}) do not make {num_groups} groups", self.shape());
            return Err(Error::new(ErrorKind::Shape, text));
        }
        if n * (channels / num_groups) * length == 1 {
            let text = format!("{OP}: a single value cannot be normalised, the input has shape {:?}", self.shape());
            return Err(Error::new(ErrorKind::Shape, text));
        }
        grouped(OP, self, [n, num_groups, channels / num_groups, length], [weight, bias], eps)
    }

    /// Each channel of each sample with mean 0 and variance 1, times a weight, plus a bias: [`Tensor::group_norm`] with
    /// a channel in each group.
    ///
    /// # Shapes
    /// x: `[N, C, ..]`; weight and bias, of which there may be none: `[C]`; result as x.
    ///
    /// # Errors
    /// If a channel has one value, a shape does not fit, the dtypes are not one float type, or `eps` is NaN.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[[1.0, 3.0], [10.0, 30.0]]]);
    /// assert_eq!(x.instance_norm(None, None, 0.0)?.to_vec::<f32>()?, [-1.0, 1.0, -1.0, 1.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Ulyanov, Vedaldi, Lempitsky, Instance Normalization, 2016.
    ///
    /// # Differs from
    /// PyTorch's `use_input_stats=False`: that is [`Tensor::batch_norm_eval`].
    pub fn instance_norm(&self, weight: Option<&Tensor>, bias: Option<&Tensor>, eps: f64) -> Result<Tensor> {
        const OP: &str = "instance_norm";
        let [n, channels, length] = channels(OP, self)?;
        if length == 1 {
            let text =
                format!("{OP}: needs more than 1 value for each channel, the input has shape {:?}", self.shape());
            return Err(Error::new(ErrorKind::Shape, text));
        }
        grouped(OP, self, [n, channels, 1, length], [weight, bias], eps)
    }
}

/// N, C and the number of elements of a channel.
pub(super) fn channels(op: &'static str, x: &Tensor) -> Result<[usize; 3]> {
    match x.shape() {
        [n, channels, space @ ..] => Ok([*n, *channels, space.iter().product()]),
        other => Err(Error::shape(op, "the input", other, "[N, C, ..]")),
    }
}

fn grouped(
    op: &'static str,
    x: &Tensor,
    [n, groups, of_group, length]: [usize; 4],
    [weight, bias]: [Option<&Tensor>; 2],
    eps: f64,
) -> Result<Tensor> {
    let shape = [n, groups, of_group, length];
    let affine = Shape::from(&[1, groups, of_group, 1][..]);
    let form = Form { shape: Shape::from(&shape[..]), over: smallvec![2, 3], affine };
    let (rule, width) = (Rule { centred: true, eps }, of_group * length);
    let rows = Rows { op, rule, width, each: length, weight, bias, form };
    rows.check(x, &[groups * of_group])?;
    rows.normalise(x)
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let x = |shape: &[usize]| {
        let affine = &shape[1..2];
        vec![Input::real(shape, -2.0..2.0), Input::real(affine, 0.5..2.0), Input::real(affine, -1.0..1.0)]
    };
    // Groups of `width` elements, with a weight for each `each` of them.
    let reference = |x: &[Vec<f64>], width: usize, each: usize| -> Vec<f64> {
        let normalised = x[0].chunks(width).flat_map(|row| {
            let mean = row.iter().sum::<f64>() / width as f64;
            let var = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / width as f64;
            row.iter().map(move |x| (x - mean) / (var + 1e-5).sqrt()).collect::<Vec<_>>()
        });
        let number = |of: &[f64], i: usize| of[i / each % of.len()];
        normalised.enumerate().map(|(i, y)| y * number(&x[1], i) + number(&x[2], i)).collect()
    };
    let call = |x: &[Tensor]| x[0].group_norm(2, Some(&x[1]), Some(&x[2]), 1e-5);
    [
        Case::new("group_norm", x(&[3, 4, 5]), call)
            .value(move |x| reference(x, 10, 5))
            .refuses(
                |x| x[0].group_norm(3, None, None, 1e-5),
                "group_norm: 4 channels (shape [3, 4, 5]) do not make 3 groups",
            )
            .refuses(
                |x| x[0].narrow(2, 0, 0)?.group_norm(2, None, None, 1e-5),
                "group_norm: the input has shape [3, 4, 0], expected samples with elements",
            )
            .refuses(|x| x[0].group_norm(0, None, None, 1e-5), "group_norm: num_groups is 0, it must be at least 1")
            .refuses(
                |x| x[1].group_norm(1, None, None, 1e-5),
                "group_norm: the input has shape [4], expected [N, C, ..]",
            )
            .refuses(
                |x| x[0].sum_dim(keep([0, 2]))?.group_norm(4, None, None, 1e-5),
                "group_norm: a single value cannot be normalised, the input has shape [1, 4, 1]",
            )
            .refuses(
                |x| x[0].group_norm(2, Some(&x[1].narrow(0, 0, 2)?), None, 1e-5),
                "group_norm: weight has shape [2], expected [4]",
            )
            .refuses(
                |x| x[0].to_dtype(DType::I64).group_norm(2, None, None, 1e-5),
                "group_norm: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("group_norm of channels alone", x(&[3, 4]), call).value(move |x| reference(x, 2, 1)),
        Case::new("group_norm (plain)", x(&[2, 4, 1, 3])[..1].to_vec(), |x| x[0].group_norm(1, None, None, 0.5)),
        Case::new("group_norm (bias alone)", x(&[2, 4, 3])[..2].to_vec(), |x| {
            x[0].group_norm(2, None, Some(&x[1]), 0.5)
        }),
        Case::new("instance_norm", x(&[3, 2, 5]), |x| x[0].instance_norm(Some(&x[1]), Some(&x[2]), 1e-5))
            .value(move |x| reference(x, 5, 5))
            .refuses(
                |x| x[0].narrow(2, 0, 1)?.instance_norm(None, None, 1e-5),
                "instance_norm: needs more than 1 value for each channel, the input has shape [3, 2, 1]",
            ),
        Case::new("instance_norm (plain)", x(&[2, 3, 4])[..1].to_vec(), |x| x[0].instance_norm(None, None, 0.5)),
    ]
}];
