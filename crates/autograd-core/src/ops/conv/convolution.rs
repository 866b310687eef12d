//! Convolution.

use super::form::{Form, Part};
use super::padding::Padding;
use super::per_dim::PerDim;
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::conv::{self, Space, Window};
use crate::ops::check::Check;
use crate::shape::Dim;
use crate::tensor::Tensor;

/// The options of a convolution.
///
/// # Examples
/// ```
/// use autograd_core::{Conv, Tensor};
/// let (x, w) = (Tensor::from([[[1.0, 2.0, 3.0, 4.0]]]), Tensor::from([[[1.0, 10.0]]]));
/// let y = x.conv1d(&w, None, Conv::new().stride(2).padding(1).dilation(1).groups(1))?;
/// assert_eq!(y.to_vec::<f32>()?, [10.0, 32.0, 4.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[must_use]
#[derive(Clone, Debug, PartialEq)]
pub struct Conv {
    stride: PerDim,
    padding: Padding,
    dilation: PerDim,
    groups: isize,
}

impl Default for Conv {
    fn default() -> Conv {
        Conv { stride: 1.into(), padding: Padding::Valid, dilation: 1.into(), groups: 1 }
    }
}

impl Conv {
    /// Stride and dilation 1, no padding, one group.
    pub fn new() -> Conv {
        Conv::default()
    }

    /// The distance between neighbouring outputs, at least 1; default 1.
    pub fn stride(self, stride: impl Into<PerDim>) -> Conv {
        Conv { stride: stride.into(), ..self }
    }

    /// The zeros at each side, at least 0: a number, one for each dim, or a pair for each; default [`Padding::Valid`].
    pub fn padding(self, padding: impl Into<Padding>) -> Conv {
        Conv { padding: padding.into(), ..self }
    }

    /// The distance between the taps of a kernel, at least 1; default 1.
    pub fn dilation(self, dilation: impl Into<PerDim>) -> Conv {
        Conv { dilation: dilation.into(), ..self }
    }

    /// The number of groups of channels that do not see each other; default 1.
    pub fn groups(self, groups: impl Dim) -> Conv {
        Conv { groups: groups.signed(), ..self }
    }
}

/// # Convolutions
impl Tensor {
    /// Convolution over one dim, by [`Tensor::conv2d`]'s rules.
    ///
    /// # Shapes
    /// `self: [N, C, L]` or `[C, L]`, `weight: [O, C / groups, K]`, `bias: [O]` → `[N, O, L′]` or `[O, L′]`.
    ///
    /// # Errors
    /// As for `conv2d`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Conv, Tensor};
    /// let (x, w) = (Tensor::from([[[1.0, 2.0, 3.0]]]), Tensor::from([[[1.0, 10.0]]]));
    /// assert_eq!(x.conv1d(&w, None, Conv::new())?.to_vec::<f32>()?, [21.0, 32.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn conv1d(&self, weight: &Tensor, bias: Option<&Tensor>, options: Conv) -> Result<Tensor> {
        convolution("conv1d", 1, self, weight, bias, &options)
    }

    /// Convolution over two dims, a correlation as everywhere in the field:
    /// `y[n, o, p] = b[o] + Σ w[o, c, k] x[n, c, p · stride + k · dilation − padding]` over the channels c of o's group
    /// and the taps k, in each dim; outside of x are zeros.
    ///
    /// # Shapes
    /// `self: [N, C, H, W]` or `[C, H, W]`, `weight: [O, C / groups, Kh, Kw]`, `bias: [O]` → `[N, O, H′, W′]` or
    /// `[O, H′, W′]`, with `H′ = ⌊(H + 2 padding − dilation (Kh − 1) − 1) / stride⌋ + 1`; where the margins before and
    /// behind a dim differ, the one before it stands in the formula of y, and their sum in the place of 2 padding.
    ///
    /// # Gradient
    /// That of x is [`Tensor::conv_transpose2d`] of gy, that of the weight a correlation of x with gy, that of the bias
    /// `Σ gy`; each is an operation with derivatives of its own. Saves x and the weight.
    ///
    /// # Numerics
    /// 3 × 3 kernels in `F32` with stride 1 and enough channels: Winograd's algorithm, whose errors are in the measure
    /// of the largest of 4 × 4 inputs. Masked kernels (1 in 16 of a `w[o]` is 0) keep what they hide out of y and gx.
    ///
    /// # Errors
    /// If the shapes do not fit or the dtypes differ; if a number is out of range; if the groups do not divide the
    /// channels; if the kernel is larger than the padded input; if the padding is `Same` and a stride is not 1.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Conv, DType, Tensor};
    /// let x = Tensor::ones(&[1, 2, 5, 5], DType::F32)?;
    /// let w = Tensor::ones(&[4, 2, 3, 3], DType::F32)?;
    /// let y = x.conv2d(&w, Some(&Tensor::from([0.0, 0.0, 0.0, 0.5])), Conv::new().stride([2, 1]).padding(1))?;
    /// assert_eq!((y.shape(), y.select(1, 3)?.max()?.item::<f32>()?), (&[1, 4, 3, 5][..], 18.5));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn conv2d(&self, weight: &Tensor, bias: Option<&Tensor>, options: Conv) -> Result<Tensor> {
        convolution("conv2d", 2, self, weight, bias, &options)
    }

    /// Convolution over three dims, by [`Tensor::conv2d`]'s rules.
    ///
    /// # Shapes
    /// `self: [N, C, D, H, W]` or `[C, D, H, W]`, `weight: [O, C / groups, Kd, Kh, Kw]`, `bias: [O]` →
    /// `[N, O, D′, H′, W′]` or `[O, D′, H′, W′]`.
    ///
    /// # Errors
    /// As for `conv2d`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Conv, DType, Tensor};
    /// let x = Tensor::ones(&[1, 1, 3, 3, 3], DType::F32)?;
    /// let y = x.conv3d(&Tensor::ones(&[1, 1, 2, 2, 2], DType::F32)?, None, Conv::new())?;
    /// assert_eq!((y.shape(), y.max()?.item::<f32>()?), (&[1, 1, 2, 2, 2][..], 8.0));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn conv3d(&self, weight: &Tensor, bias: Option<&Tensor>, options: Conv) -> Result<Tensor> {
        convolution("conv3d", 3, self, weight, bias, &options)
    }
}

fn convolution(
    op: &'static str,
    rank: usize,
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    options: &Conv,
) -> Result<Tensor> {
    let stride = options.stride.read(op, "stride", rank, 1, 1)?;
    let dilation = options.dilation.read(op, "dilation", rank, 1, 1)?;
    let margins = options.padding.read(op, rank)?;
    let groups = groups(op, options.groups)?;
    let kernel = kernel(op, rank, x, weight, "[O, C / groups, ..]")?;
    let batched = batched(op, rank, x)?;
    not_empty(op, &batched, x, 2)?;
    let (channels, input) = (batched.shape()[1], space(&batched, 1));
    let (outputs, inner) = (weight.shape()[0], weight.shape()[1]);
    if !outputs.is_multiple_of(groups) {
        let must = format_args!("a divisor of the {outputs} output channels (weight has shape {:?})", weight.shape());
        return Err(Error::argument(op, "groups", groups, must));
    }
    if inner.checked_mul(groups) != Some(channels) {
        let expected = format!("{inner} for each of {groups} groups (weight has shape {:?})", weight.shape());
        let text = format!("{op}: the input has {channels} channels (shape {:?}), expected {expected}", x.shape());
        return Err(Error::new(ErrorKind::Shape, text));
    }
    check_bias(op, x, bias, outputs)?;
    let (mut before, mut output) = ([0; 3], [1; 3]);
    for d in 3 - rank..3 {
        let reach = dilation[d].saturating_mul(kernel[d] - 1);
        let around = match margins {
            Some([margin, behind]) => {
                before[d] = margin[d];
                margin[d] + behind[d]
            }
            None if stride[d] == 1 => {
                before[d] = reach / 2;
                reach
            }
            None => {
                let must = format_args!("numbers where a stride is not 1, and stride is {}", options.stride);
                return Err(Error::argument(op, "padding", Padding::Same, must));
            }
        };
        let padded = input[d].saturating_add(around);
        let Some(rest) = padded.checked_sub(reach.saturating_add(1)) else {
            let spans = format!("spans {} elements of dim {}", reach.saturating_add(1), d as isize - 3);
            let has = format!("which has {padded} with its padding (shape {:?})", x.shape());
            return Err(Error::new(ErrorKind::Shape, format!("{op}: the kernel {spans}, {has}")));
        };
        output[d] = rest / stride[d] + 1;
    }
    let window = Window { input, kernel, stride, dilation, before, output };
    let sizes = conv::Conv { images: batched.shape()[0], groups, inner, outer: outputs / groups, window };
    let y = Form { rank, sizes }.solve(Part::Output, &batched, weight, bias)?;
    if x.rank() == batched.rank() { Ok(y) } else { y.squeeze(&[0]) }
}

/// The number of groups.
pub(super) fn groups(op: &'static str, groups: isize) -> Result<usize> {
    usize::try_from(groups)
        .ok()
        .filter(|groups| *groups > 0)
        .ok_or_else(|| Error::argument(op, "groups", groups, "at least 1"))
}

/// The spatial sizes of a weight that goes with this input.
pub(super) fn kernel(op: &'static str, rank: usize, x: &Tensor, weight: &Tensor, expected: &str) -> Result<Space> {
    Check(op).same_float(x, weight)?;
    if weight.rank() != rank + 2 {
        let expected = format!("{} dimensions, {expected}", rank + 2);
        return Err(Error::shape(op, "weight", weight.shape(), expected));
    }
    let kernel = space(weight, 1);
    if kernel.contains(&0) || weight.shape()[0] == 0 {
        return Err(Error::shape(op, "weight", weight.shape(), "a first dim and a kernel with elements"));
    }
    Ok(kernel)
}

/// The input with a dim for samples.
pub(in crate::ops) fn batched(op: &'static str, rank: usize, x: &Tensor) -> Result<Tensor> {
    if x.rank() == rank + 2 {
        return Ok(x.clone());
    }
    if x.rank() == rank + 1 {
        return x.unsqueeze(0);
    }
    let dims = ["L", "H, W", "D, H, W"][rank - 1];
    Err(Error::shape(op, "the input", x.shape(), format_args!("[N, C, {dims}] or [C, {dims}]")))
}

/// The dims from `from` on have elements: those of space, from 2 on, or also that of channels, 1.
pub(in crate::ops) fn not_empty(op: &'static str, batch: &Tensor, x: &Tensor, from: usize) -> Result<()> {
    if batch.shape()[from..].contains(&0) {
        let expected = if from == 1 { "channels and planes with elements" } else { "planes with elements" };
        return Err(Error::shape(op, "the input", x.shape(), expected));
    }
    Ok(())
}

/// The sizes of the dims behind the second one, behind as many of `filler` as make three.
pub(in crate::ops) fn space(x: &Tensor, filler: usize) -> Space {
    let mut space = [filler; 3];
    let sizes = &x.shape()[2..];
    space[3 - sizes.len()..].copy_from_slice(sizes);
    space
}

/// The bias has a number for each channel.
pub(super) fn check_bias(op: &'static str, x: &Tensor, bias: Option<&Tensor>, channels: usize) -> Result<()> {
    let Some(bias) = bias else { return Ok(()) };
    Check(op).same_dtype(x, bias)?;
    Check(op).is("bias", bias, &[channels])
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let real = |s: &[usize]| Input::real(s, -2.0..2.0);
    // One dim, one group: y[n, o, p] by the definition.
    let one = |x: &[Vec<f64>]| {
        let at = |n: usize, o: usize, p: usize| {
            let mut sum = x[2][o];
            for (c, k) in (0..2).flat_map(|c| (0..3).map(move |k| (c, k))) {
                if let Some(i) = (2 * p + 2 * k).checked_sub(1).filter(|i| *i < 7) {
                    sum += x[1][(o * 2 + c) * 3 + k] * x[0][(n * 2 + c) * 7 + i];
                }
            }
            sum
        };
        (0..2)
            .flat_map(|n| (0..4).flat_map(move |o| (0..3).map(move |p| (n, o, p))))
            .map(|(n, o, p)| at(n, o, p))
            .collect()
    };
    let options = || Conv::new().stride(2).padding(1).dilation(2);
    let images = || vec![real(&[2, 4, 5, 7]), real(&[6, 2, 3, 2]), real(&[6])];
    [
        Case::new("conv1d", vec![real(&[2, 2, 7]), real(&[4, 2, 3]), real(&[4])], move |x| {
            x[0].conv1d(&x[1], Some(&x[2]), options())
        })
        .value(one)
        .refuses(|x| x[0].conv1d(&x[1], None, Conv::new().stride(0)), "conv1d: stride is 0, it must be at least 1")
        .refuses(
            |x| x[0].conv1d(&x[1], None, Conv::new().dilation([1, 2])),
            "conv1d: dilation is [1, 2], it must be one number",
        )
        .refuses(|x| x[0].conv1d(&x[1], None, Conv::new().padding(-1)), "conv1d: padding is -1, it must be at least 0")
        .refuses(
            |x| x[0].conv1d(&x[1], None, Conv::new().padding([[0, -1]])),
            "conv1d: padding behind is -1, it must be at least 0",
        )
        .refuses(
            |x| x[0].conv1d(&x[1], None, Conv::new().padding([[usize::MAX, 0]])),
            "conv1d: padding before is 9223372036854775807, it must be at most 2147483648",
        )
        .refuses(
            |x| x[0].conv1d(&x[1], None, Conv::new().padding([[1, 0], [2, 0]])),
            "conv1d: padding before is [1, 2], it must be one number",
        )
        .refuses(
            |x| x[0].conv1d(&x[1], None, Conv::new().padding([[0, 1]]).dilation(4)),
            "conv1d: the kernel spans 9 elements of dim -1, which has 8 with its padding (shape [2, 2, 7])",
        )
        .refuses(|x| x[0].conv1d(&x[1], None, Conv::new().groups(-1)), "conv1d: groups is -1, it must be at least 1")
        .refuses(
            |x| x[0].conv1d(&x[1], None, Conv::new().groups(3)),
            "conv1d: groups is 3, it must be a divisor of the 4 output channels (weight has shape [4, 2, 3])",
        )
        .refuses(
            |x| x[0].conv1d(&x[1], None, Conv::new().groups(2)),
            "conv1d: the input has 2 channels (shape [2, 2, 7]), expected 2 for each of 2 groups (weight has shape \
             [4, 2, 3])",
        )
        .refuses(
            |x| x[0].conv1d(&x[1], None, Conv::new().dilation(4)),
            "conv1d: the kernel spans 9 elements of dim -1, which has 7 with its padding (shape [2, 2, 7])",
        )
        .refuses(
            |x| x[0].conv1d(&x[1], None, Conv::new().padding(Padding::Same).stride(2)),
            "conv1d: padding is Same, it must be numbers where a stride is not 1, and stride is 2",
        )
        .refuses(
            |x| x[0].conv1d(&x[1], Some(&x[2].narrow(0, 0, 3)?), Conv::new()),
            "conv1d: bias has shape [3], expected [4]",
        )
        .refuses(
            |x| x[0].conv1d(&x[2], None, Conv::new()),
            "conv1d: weight has shape [4], expected 3 dimensions, [O, C / groups, ..]",
        )
        .refuses(
            |x| x[0].conv1d(&x[1].narrow(2, 0, 0)?, None, Conv::new()),
            "conv1d: weight has shape [4, 2, 0], expected a first dim and a kernel with elements",
        )
        .refuses(
            |x| x[0].narrow(2, 0, 0)?.conv1d(&x[1], None, Conv::new().padding(2)),
            "conv1d: the input has shape [2, 2, 0], expected planes with elements",
        )
        .refuses(
            |x| x[2].conv1d(&x[1], None, Conv::new()),
            "conv1d: the input has shape [4], expected [N, C, L] or [C, L]",
        )
        .refuses(
            |x| x[0].to_dtype(DType::I64).conv1d(&x[1], None, Conv::new()),
            "conv1d: dtype is I64, expected F32 or F64; to_dtype converts",
        )
        .refuses(
            |x| x[0].conv1d(&x[1], Some(&x[2].to_dtype(DType::F32)), Conv::new()),
            "conv1d: dtypes F64 and F32 do not mix; convert one with to_dtype",
        ),
        Case::new("conv2d", images(), |x| {
            x[0].conv2d(&x[1], Some(&x[2]), Conv::new().stride([2, 1]).padding([1, 0]).groups(2))
        })
        .refuses(
            |x| x[0].conv2d(&x[1], None, Conv::new().padding([1, 1, 1])),
            "conv2d: padding is [1, 1, 1], it must be one number or 2",
        )
        .refuses(
            |x| x[0].conv2d(&x[1], None, Conv::new().stride(usize::MAX)),
            "conv2d: stride is 9223372036854775807, it must be at most 2147483648",
        ),
        Case::new("conv2d (same)", images(), |x| {
            x[0].conv2d(&x[1], Some(&x[2]), Conv::new().padding(Padding::Same).dilation([1, 2]).groups(2))
        }),
        Case::new("conv2d (before and behind)", images(), |x| {
            x[0].conv2d(&x[1], Some(&x[2]), Conv::new().padding([[2, 0], [0, 3]]).stride([1, 2]).groups(2))
        }),
        Case::new("conv1d (before)", vec![real(&[2, 2, 5]), real(&[3, 2, 3]), real(&[3])], |x| {
            x[0].conv1d(&x[1], Some(&x[2]), Conv::new().padding([[4, 0]]).dilation(2))
        })
        // A causal convolution: y at p is of x up to p.
        .value(|x| {
            let at = |n: usize, o: usize, p: usize| {
                let taps = (0..2).flat_map(|c| (0..3).map(move |k| (c, k)));
                let seen = taps.filter_map(|(c, k)| Some((c, k, (p + 2 * k).checked_sub(4)?)));
                x[2][o] + seen.map(|(c, k, i)| x[1][(o * 2 + c) * 3 + k] * x[0][(n * 2 + c) * 5 + i]).sum::<f64>()
            };
            (0..30).map(|i| at(i / 15, i / 5 % 3, i % 5)).collect()
        }),
        Case::new("conv2d (depthwise)", vec![real(&[2, 3, 4, 5]), real(&[6, 1, 2, 3]), real(&[6])], |x| {
            x[0].conv2d(&x[1], Some(&x[2]), Conv::new().stride([1, 2]).padding(1).groups(3))
        }),
        Case::new("conv2d (pointwise)", vec![real(&[2, 3, 4, 5]), real(&[6, 3, 1, 1]), real(&[6])], |x| {
            x[0].conv2d(&x[1], Some(&x[2]), Conv::new())
        }),
        Case::new("conv2d (one sample)", vec![real(&[2, 4, 5]), real(&[3, 2, 2, 2]), real(&[3])], |x| {
            x[0].conv2d(&x[1], Some(&x[2]), Conv::new().padding(1))
        }),
        Case::new(
            "conv3d (before and behind)",
            vec![real(&[1, 2, 2, 3, 2]), real(&[2, 2, 2, 3, 2]), real(&[2])],
            |x| x[0].conv3d(&x[1], Some(&x[2]), Conv::new().padding([[1, 0], [0, 2], [2, 1]]).stride([1, 1, 2])),
        ),
        Case::new("conv3d", vec![real(&[1, 2, 3, 4, 3]), real(&[2, 2, 2, 3, 2]), real(&[2])], |x| {
            x[0].conv3d(&x[1], Some(&x[2]), Conv::new().padding([1, 0, 1]).stride([1, 1, 2]))
        })
        .refuses(|x| x[0].conv3d(&x[1], None, Conv::new().groups(0)), "conv3d: groups is 0, it must be at least 1"),
    ]
}];
