//! Transposed convolution.

use super::convolution::{batched, check_bias, groups, kernel, not_empty, space};
use super::form::{Form, Part};
use super::per_dim::PerDim;
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::conv::{self, Window};
use crate::shape::Dim;
use crate::tensor::Tensor;

/// The options of a transposed convolution.
///
/// # Examples
/// ```
/// use autograd_core::{ConvTranspose, Tensor};
/// let (x, w) = (Tensor::from([[[1.0, 2.0]]]), Tensor::from([[[1.0, 1.0, 10.0]]]));
/// let options = ConvTranspose::new().stride(2).padding(1).output_padding(1).dilation(1).groups(1);
/// assert_eq!(x.conv_transpose1d(&w, None, options)?.to_vec::<f32>()?, [1.0, 12.0, 2.0, 20.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ConvTranspose {
    stride: PerDim,
    padding: PerDim,
    output_padding: PerDim,
    dilation: PerDim,
    groups: isize,
}

impl Default for ConvTranspose {
    fn default() -> ConvTranspose {
        ConvTranspose { stride: 1.into(), padding: 0.into(), output_padding: 0.into(), dilation: 1.into(), groups: 1 }
    }
}

impl ConvTranspose {
    /// Stride and dilation 1, no padding, one group.
    pub fn new() -> ConvTranspose {
        ConvTranspose::default()
    }

    /// The distance in the output between neighbouring inputs, at least 1; default 1.
    #[must_use]
    pub fn stride(self, stride: impl Into<PerDim>) -> ConvTranspose {
        ConvTranspose { stride: stride.into(), ..self }
    }

    /// The elements that are left out at each side of the output, at least 0; default 0.
    #[must_use]
    pub fn padding(self, padding: impl Into<PerDim>) -> ConvTranspose {
        ConvTranspose { padding: padding.into(), ..self }
    }

    /// The elements that are added at the end of the output, at least 0 and less than the stride or the dilation, the
    /// larger one; default 0.
    #[must_use]
    pub fn output_padding(self, output_padding: impl Into<PerDim>) -> ConvTranspose {
        ConvTranspose { output_padding: output_padding.into(), ..self }
    }

    /// The distance between the taps of a kernel, at least 1; default 1.
    #[must_use]
    pub fn dilation(self, dilation: impl Into<PerDim>) -> ConvTranspose {
        ConvTranspose { dilation: dilation.into(), ..self }
    }

    /// The number of groups of channels that do not see each other; default 1.
    #[must_use]
    pub fn groups(self, groups: impl Dim) -> ConvTranspose {
        ConvTranspose { groups: groups.signed(), ..self }
    }
}

impl Tensor {
    /// Transposed convolution over one dim, by [`Tensor::conv_transpose2d`]'s rules.
    ///
    /// # Shapes
    /// `self: [N, C, L]` or `[C, L]`, `weight: [C, O / groups, K]`, `bias: [O]` → `[N, O, L′]` or `[O, L′]`.
    ///
    /// # Errors
    /// As for `conv_transpose2d`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{ConvTranspose, Tensor};
    /// let (x, w) = (Tensor::from([[[1.0, 2.0]]]), Tensor::from([[[1.0, 10.0]]]));
    /// assert_eq!(x.conv_transpose1d(&w, None, ConvTranspose::new())?.to_vec::<f32>()?, [1.0, 12.0, 20.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn conv_transpose1d(&self, weight: &Tensor, bias: Option<&Tensor>, options: ConvTranspose) -> Result<Tensor> {
        transposed("conv_transpose1d", 1, self, weight, bias, &options)
    }

    /// Transposed convolution over two dims: the adjoint of [`Tensor::conv2d`] with the same weight and options, and so
    /// its gradient. Every element of x adds a kernel to the output:
    /// `y[n, o, p · stride + k · dilation − padding] += w[c, o, k] x[n, c, p]`.
    ///
    /// # Shapes
    /// `self: [N, C, H, W]` or `[C, H, W]`, `weight: [C, O / groups, Kh, Kw]`, `bias: [O]` → `[N, O, H′, W′]` or
    /// `[O, H′, W′]`, with `H′ = (H − 1) stride − 2 padding + dilation (Kh − 1) + output_padding + 1`.
    ///
    /// # Gradient
    /// That of x is [`Tensor::conv2d`] of gy, that of the weight a correlation of gy with x, that of the bias `Σ gy`;
    /// each is an operation with derivatives of its own. Saves x and the weight.
    ///
    /// # Errors
    /// If the shapes do not fit or the dtypes differ; if a number is out of range; if the groups do not divide the
    /// channels; if the output has no elements.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{ConvTranspose, DType, Tensor};
    /// let x = Tensor::ones(&[1, 3, 4, 4], DType::F32)?;
    /// let w = Tensor::ones(&[3, 2, 2, 2], DType::F32)?;
    /// let y = x.conv_transpose2d(&w, None, ConvTranspose::new().stride(2))?;
    /// assert_eq!((y.shape(), y.max()?.item::<f32>()?), (&[1, 2, 8, 8][..], 3.0));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn conv_transpose2d(&self, weight: &Tensor, bias: Option<&Tensor>, options: ConvTranspose) -> Result<Tensor> {
        transposed("conv_transpose2d", 2, self, weight, bias, &options)
    }

    /// Transposed convolution over three dims, by [`Tensor::conv_transpose2d`]'s rules.
    ///
    /// # Shapes
    /// `self: [N, C, D, H, W]` or `[C, D, H, W]`, `weight: [C, O / groups, Kd, Kh, Kw]`, `bias: [O]` →
    /// `[N, O, D′, H′, W′]` or `[O, D′, H′, W′]`.
    ///
    /// # Errors
    /// As for `conv_transpose2d`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{ConvTranspose, DType, Tensor};
    /// let x = Tensor::ones(&[1, 1, 1, 2, 2], DType::F32)?;
    /// let y = x.conv_transpose3d(&Tensor::ones(&[1, 1, 2, 2, 2], DType::F32)?, None, ConvTranspose::new())?;
    /// assert_eq!((y.shape(), y.max()?.item::<f32>()?), (&[1, 1, 2, 3, 3][..], 4.0));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn conv_transpose3d(&self, weight: &Tensor, bias: Option<&Tensor>, options: ConvTranspose) -> Result<Tensor> {
        transposed("conv_transpose3d", 3, self, weight, bias, &options)
    }
}

fn transposed(
    op: &'static str,
    rank: usize,
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    options: &ConvTranspose,
) -> Result<Tensor> {
    let stride = options.stride.read(op, "stride", rank, 1, 1)?;
    let before = options.padding.read(op, "padding", rank, 0, 0)?;
    let added = options.output_padding.read(op, "output_padding", rank, 0, 0)?;
    let dilation = options.dilation.read(op, "dilation", rank, 1, 1)?;
    let groups = groups(op, options.groups)?;
    let kernel = kernel(op, rank, x, weight, "[C, O / groups, ..]")?;
    let batched = batched(op, rank, x)?;
    not_empty(op, &batched, x, 2)?;
    let (channels, output) = (batched.shape()[1], space(&batched, 1));
    let inner = weight.shape()[1];
    if weight.shape()[0] != channels {
        let expected = format!("{} (weight has shape {:?})", weight.shape()[0], weight.shape());
        let text = format!("{op}: the input has {channels} channels (shape {:?}), expected {expected}", x.shape());
        return Err(Error::new(ErrorKind::Shape, text));
    }
    if !channels.is_multiple_of(groups) {
        let must = format_args!("a divisor of the {channels} input channels (weight has shape {:?})", weight.shape());
        return Err(Error::argument(op, "groups", groups, must));
    }
    let outputs = inner.checked_mul(groups).ok_or_else(|| Error::too_large(op, weight.shape()))?;
    check_bias(op, x, bias, outputs)?;
    let mut input = [1; 3];
    for d in 3 - rank..3 {
        if added[d] >= stride[d].max(dilation[d]) {
            let must = format_args!(
                "less than the stride or the dilation (stride is {}, dilation is {})",
                options.stride, options.dilation
            );
            return Err(Error::argument(op, "output_padding", &options.output_padding, must));
        }
        let span = dilation[d].saturating_mul(kernel[d] - 1).saturating_add(added[d] + 1);
        let all = output[d].checked_sub(1).map_or(0, |last| last.saturating_mul(stride[d]).saturating_add(span));
        input[d] = all.saturating_sub(2 * before[d]);
        if input[d] == 0 {
            let of = format!("dim {} of the output has {all} elements without padding", d as isize - 3);
            let text = format!("{op}: {of}, and padding {} leaves none (shape {:?})", options.padding, x.shape());
            return Err(Error::new(ErrorKind::Shape, text));
        }
    }
    let window = Window { input, kernel, stride, dilation, before, output };
    let sizes = conv::Conv { images: batched.shape()[0], groups, inner, outer: channels / groups, window };
    let y = Form { rank, sizes }.solve(Part::Input, &batched, weight, bias)?;
    if x.rank() == batched.rank() { Ok(y) } else { y.squeeze(&[0]) }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let real = |s: &[usize]| Input::real(s, -2.0..2.0);
    // One dim, two channels of input, three of output.
    let one = |x: &[Vec<f64>]| {
        let mut y: Vec<f64> = (0..2 * 3 * 8).map(|i| x[2][i / 8 % 3]).collect();
        for (n, c, o, p, k) in (0..2 * 2 * 3 * 4 * 3_usize).map(|i| (i / 72, i / 36 % 2, i / 12 % 3, i / 3 % 4, i % 3))
        {
            if let Some(at) = (2 * p + k).checked_sub(1).filter(|at| *at < 8) {
                y[(n * 3 + o) * 8 + at] += x[1][(c * 3 + o) * 3 + k] * x[0][(n * 2 + c) * 4 + p];
            }
        }
        y
    };
    let options = || ConvTranspose::new().stride(2).padding(1).output_padding(1);
    [
        Case::new("conv_transpose1d", vec![real(&[2, 2, 4]), real(&[2, 3, 3]), real(&[3])], move |x| {
            x[0].conv_transpose1d(&x[1], Some(&x[2]), options())
        })
        .value(one)
        .refuses(
            |x| x[0].conv_transpose1d(&x[1], None, ConvTranspose::new().output_padding(1)),
            "conv_transpose1d: output_padding is 1, it must be less than the stride or the dilation (stride is 1, \
             dilation is 1)",
        )
        .refuses(
            |x| x[0].conv_transpose1d(&x[1], None, ConvTranspose::new().padding(3)),
            "conv_transpose1d: dim -1 of the output has 6 elements without padding, and padding 3 leaves none (shape \
             [2, 2, 4])",
        )
        .refuses(
            |x| x[0].conv_transpose1d(&x[1].narrow(0, 0, 1)?, None, ConvTranspose::new()),
            "conv_transpose1d: the input has 2 channels (shape [2, 2, 4]), expected 1 (weight has shape [1, 3, 3])",
        )
        .refuses(
            |x| x[0].conv_transpose1d(&x[1], None, ConvTranspose::new().groups(3)),
            "conv_transpose1d: groups is 3, it must be a divisor of the 2 input channels (weight has shape [2, 3, 3])",
        )
        .refuses(
            |x| x[0].conv_transpose1d(&x[1], Some(&x[2]), ConvTranspose::new().groups(2)),
            "conv_transpose1d: bias has shape [3], expected [6]",
        )
        .refuses(
            |x| x[0].conv_transpose1d(&x[1], None, ConvTranspose::new().dilation(-2)),
            "conv_transpose1d: dilation is -2, it must be at least 1",
        ),
        Case::new("conv_transpose2d", vec![real(&[2, 4, 5, 7]), real(&[4, 2, 2, 3]), real(&[4])], |x| {
            let options = ConvTranspose::new().stride([2, 1]).padding([0, 1]).dilation([1, 2]).groups(2);
            x[0].conv_transpose2d(&x[1], Some(&x[2]), options.output_padding([1, 0]))
        })
        .refuses(
            |x| x[0].select(0, 0)?.select(0, 0)?.conv_transpose2d(&x[1], None, ConvTranspose::new()),
            "conv_transpose2d: the input has shape [5, 7], expected [N, C, H, W] or [C, H, W]",
        ),
        Case::new("conv_transpose2d (depthwise)", vec![real(&[2, 3, 3, 2]), real(&[3, 1, 2, 3]), real(&[3])], |x| {
            x[0].conv_transpose2d(&x[1], Some(&x[2]), ConvTranspose::new().stride(2).groups(3))
        }),
        Case::new("conv_transpose2d (pointwise)", vec![real(&[2, 3, 4, 5]), real(&[3, 7, 1, 1]), real(&[7])], |x| {
            x[0].conv_transpose2d(&x[1], Some(&x[2]), ConvTranspose::new())
        }),
        Case::new("conv_transpose3d of one sample", vec![real(&[2, 2, 4, 3]), real(&[2, 1, 2, 2, 2])], |x| {
            x[0].conv_transpose3d(&x[1], None, ConvTranspose::new().padding([1, 0, 0]))
        })
        .refuses(
            |x| x[0].conv_transpose3d(&x[1], None, ConvTranspose::new().stride([1, 2])),
            "conv_transpose3d: stride is [1, 2], it must be one number or 3",
        ),
    ]
}];
