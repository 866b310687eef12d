//! Windows as columns.

use super::convolution::{batched, not_empty, space};
use super::fold::fold_columns;
use super::per_dim::PerDim;
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::conv::{Space, Tile, Window, fill_panel};
use crate::ops::check::Check;
use crate::tape::{Pull, Pullback, record};
use crate::tensor::{Tensor, for_float};
use crate::threads::parallel::for_rows;

/// The windows of [`Tensor::unfold_windows`] and [`Tensor::fold_windows`].
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor, Unfold};
/// let x = Tensor::ones(&[1, 2, 4, 5], DType::F32)?;
/// let columns = x.unfold_windows(Unfold::new([2, 3]).dilation(1).padding(1).stride([2, 1]))?;
/// assert_eq!(columns.shape(), [1, 12, 15]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Unfold {
    kernel_size: PerDim,
    dilation: PerDim,
    padding: PerDim,
    stride: PerDim,
}

impl Unfold {
    /// Windows of this size, with stride and dilation 1 and no padding.
    pub fn new(kernel_size: impl Into<PerDim>) -> Unfold {
        Unfold { kernel_size: kernel_size.into(), dilation: 1.into(), padding: 0.into(), stride: 1.into() }
    }

    /// The distance between the elements of a window, at least 1; default 1.
    #[must_use]
    pub fn dilation(self, dilation: impl Into<PerDim>) -> Unfold {
        Unfold { dilation: dilation.into(), ..self }
    }

    /// The zeros at each side of the image, at least 0; default 0.
    #[must_use]
    pub fn padding(self, padding: impl Into<PerDim>) -> Unfold {
        Unfold { padding: padding.into(), ..self }
    }

    /// The distance between neighbouring windows, at least 1; default 1.
    #[must_use]
    pub fn stride(self, stride: impl Into<PerDim>) -> Unfold {
        Unfold { stride: stride.into(), ..self }
    }

    /// The windows over an image of this size.
    pub(super) fn window(&self, op: &'static str, input: Space) -> Result<Window> {
        let kernel = self.kernel_size.read(op, "kernel_size", 2, 1, 1)?;
        let dilation = self.dilation.read(op, "dilation", 2, 1, 1)?;
        let before = self.padding.read(op, "padding", 2, 0, 0)?;
        let stride = self.stride.read(op, "stride", 2, 1, 1)?;
        let mut output = [1; 3];
        for d in 1..3 {
            let span = dilation[d].saturating_mul(kernel[d] - 1).saturating_add(1);
            let padded = input[d] + 2 * before[d];
            let Some(rest) = padded.checked_sub(span) else {
                let has = format!("which has {padded} with its padding (size {:?})", &input[1..]);
                let text = format!("{op}: the kernel spans {span} elements of dim {}, {has}", d as isize - 3);
                return Err(Error::new(ErrorKind::Shape, text));
            };
            output[d] = rest / stride[d] + 1;
        }
        Ok(Window { input, kernel, stride, dilation, before, output })
    }
}

impl Tensor {
    /// The windows over an image as columns (im2col): `y[n, (c, k), p] = x[n, c, p · stride + k · dilation − padding]`,
    /// 0 outside of x.
    ///
    /// # Shapes
    /// `[N, C, H, W] → [N, C Kh Kw, L]` with L windows, or `[C, H, W] → [C Kh Kw, L]`.
    ///
    /// # Gradient
    /// [`Tensor::fold_windows`] of gy. Saves nothing.
    ///
    /// # Errors
    /// If x is not a float image, a number is out of range, or the kernel is larger than the padded image.
    ///
    /// # Differs from
    /// PyTorch in its name, `torch.nn.functional.unfold`: `Tensor.unfold` is another operation there.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, Unfold};
    /// let x = Tensor::from([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]);
    /// let columns = x.unfold_windows(Unfold::new([2, 2]))?;
    /// assert_eq!(columns.to_vec::<f32>()?, [1.0, 2.0, 2.0, 3.0, 4.0, 5.0, 5.0, 6.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn unfold_windows(&self, windows: Unfold) -> Result<Tensor> {
        Check("unfold_windows").float(self)?;
        let images = batched("unfold_windows", 2, self)?;
        not_empty("unfold_windows", &images, self, 1)?;
        let window = windows.window("unfold_windows", space(&images, 1))?;
        let y = unfold_images(&images, window)?;
        if self.rank() == 4 { Ok(y) } else { y.squeeze(&[0]) }
    }
}

/// The columns of images of the window's input size.
pub(super) fn unfold_images(x: &Tensor, window: Window) -> Result<Tensor> {
    let (images, channels) = (x.shape()[0], x.shape()[1]);
    let rows = channels.checked_mul(window.taps());
    let columns = window.output[1].checked_mul(window.output[2]);
    let (Some(rows), Some(columns)) = (rows, columns) else {
        return Err(Error::too_large("unfold_windows", x.shape()));
    };
    let packed = x.try_packed("unfold_windows")?;
    let shape = [images, rows, columns];
    let value = for_float!(x.float(), T => Tensor::moved::<T, 1>("unfold_windows", &shape, [&packed], move |[x], y| {
        let x = x.flat::<T>();
        let width = window.taps() * columns;
        for_rows(y, width, width, |planes, y| {
            for (plane, y) in planes.zip(y.chunks_exact_mut(width)) {
                let tile = Tile { planes: 1, of: 0..1, columns: 0..columns };
                fill_panel(&window, &tile, &x[plane * window.inputs()..], y);
            }
        });
    }))?;
    Ok(record("unfold_windows", value, &[x], |_| Columns { window }))
}

struct Columns {
    window: Window,
}

impl Pullback for Columns {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        at.give(0, || fold_columns(gy, self.window))
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let reference = |x: &[Vec<f64>]| {
        // Kernel 2 × 3, stride (1, 2), padding (0, 1), dilation (2, 1) over 4 × 5.
        let at = |n: usize, c: usize, k: usize, p: usize| {
            let (h, w) = (p / 3 + k / 3 * 2, (p % 3 * 2 + k % 3).checked_sub(1).filter(|w| *w < 5));
            w.map_or(0.0, |w| x[0][((n * 3 + c) * 4 + h) * 5 + w])
        };
        (0..2 * 3 * 6 * 6).map(|i| at(i / 108, i / 36 % 3, i / 6 % 6, i % 6)).collect()
    };
    let windows = || Unfold::new([2, 3]).stride([1, 2]).padding([0, 1]).dilation([2, 1]);
    [
        Case::new("unfold_windows", vec![Input::real(&[2, 3, 4, 5], -2.0..2.0)], move |x| {
            x[0].unfold_windows(windows())
        })
        .value(reference)
        .refuses(
            |x| x[0].unfold_windows(Unfold::new([5, 2])),
            "unfold_windows: the kernel spans 5 elements of dim -2, which has 4 with its padding (size [4, 5])",
        )
        .refuses(|x| x[0].unfold_windows(Unfold::new(0)), "unfold_windows: kernel_size is 0, it must be at least 1")
        .refuses(
            |x| x[0].unfold_windows(Unfold::new([1, 2, 3])),
            "unfold_windows: kernel_size is [1, 2, 3], it must be one number or 2",
        )
        .refuses(
            |x| x[0].unsqueeze(0)?.unfold_windows(Unfold::new(1)),
            "unfold_windows: the input has shape [1, 2, 3, 4, 5], expected [N, C, H, W] or [C, H, W]",
        )
        .refuses(
            |x| x[0].to_dtype(crate::DType::I64).unfold_windows(Unfold::new(1)),
            "unfold_windows: dtype is I64, expected F32 or F64; to_dtype converts",
        ),
        Case::new("unfold_windows of one image", vec![Input::real(&[2, 3, 3], -2.0..2.0)], |x| {
            x[0].unfold_windows(Unfold::new(2).padding(1).stride(2))
        }),
    ]
}];
