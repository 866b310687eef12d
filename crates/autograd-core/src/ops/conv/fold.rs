//! Columns added up to images.

use super::per_dim::PerDim;
use super::unfold::{Unfold, unfold_images};
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::conv::{Tile, Window, add_panel};
use crate::ops::check::Check;
use crate::shape::Shape;
use crate::tape::{Pull, Pullback, record};
use crate::tensor::{Tensor, for_float};
use crate::threads::parallel::for_rows;

impl Tensor {
    /// Columns added up to images, each in the place of its window (col2im): the adjoint of [`Tensor::unfold_windows`].
    ///
    /// # Shapes
    /// `[N, C Kh Kw, L] → [N, C, H, W]` or `[C Kh Kw, L] → [C, H, W]`, with `output_size` H, W and L windows over it.
    ///
    /// # Gradient
    /// [`Tensor::unfold_windows`] of gy. Saves nothing.
    ///
    /// # Errors
    /// If there are not as many columns as windows over such an image, or the rows are not a multiple of a window's
    /// elements; else as for `unfold`.
    ///
    /// # Differs from
    /// PyTorch in its name, `torch.nn.functional.fold`: [`Tensor::fold`] makes one number of two tensors.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, Unfold};
    /// let x = Tensor::from([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]);
    /// let windows = Unfold::new([2, 2]);
    /// let y = x.unfold_windows(windows.clone())?.fold_windows([2, 3], windows)?;
    /// assert_eq!(y.to_vec::<f32>()?, [1.0, 4.0, 3.0, 4.0, 10.0, 6.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn fold_windows(&self, output_size: impl Into<PerDim>, windows: Unfold) -> Result<Tensor> {
        fold_windows_of(self, output_size.into(), windows)
    }
}

fn fold_windows_of(x: &Tensor, output_size: PerDim, windows: Unfold) -> Result<Tensor> {
    let check = Check("fold_windows");
    check.float(x)?;
    let size = output_size.read("fold_windows", "output_size", 2, 1, 1)?;
    let window = windows.window("fold_windows", size)?;
    let columns = match x.rank() {
        3 => x.clone(),
        2 => x.unsqueeze(0)?,
        _ => {
            return Err(Error::shape("fold_windows", "the input", x.shape(), "[N, C Kh Kw, L] or [C Kh Kw, L]"));
        }
    };
    let [_, rows, count] = check.shape("the input", &columns, "[N, C Kh Kw, L]")?;
    if rows % window.taps() != 0 {
        let of = format!("{rows} rows (shape {:?})", x.shape());
        let text = format!("fold_windows: {of} are not a multiple of the {} elements of a window", window.taps());
        return Err(Error::new(ErrorKind::Shape, text));
    }
    let [_, h, w] = window.output;
    let windows = h.checked_mul(w).ok_or_else(|| Error::too_large("fold_windows", &[h, w]))?;
    if count != windows {
        let over = format!("{h} × {w} windows over an image of size {:?}", &window.input[1..]);
        let text = format!("fold_windows: {count} columns (shape {:?}) are not the {windows} of {over}", x.shape());
        return Err(Error::new(ErrorKind::Shape, text));
    }
    let y = fold_columns(&columns, window)?;
    if x.rank() == 3 { Ok(y) } else { y.squeeze(&[0]) }
}

/// The images of columns of this window.
pub(super) fn fold_columns(columns: &Tensor, window: Window) -> Result<Tensor> {
    let shape = [columns.shape()[0], columns.shape()[1] / window.taps(), window.input[1], window.input[2]];
    let shape = Shape::from(&shape[..]);
    let packed = columns.try_packed("fold_windows")?;
    let value = for_float!(columns.float(), T => Tensor::compute::<T, 1>("fold_windows", &shape, [&packed], move |[columns], y| {
        let columns = columns.flat::<T>();
        let (inputs, width) = (window.inputs(), window.taps() * window.outputs());
        for_rows(y, inputs, width, |planes, y| {
            for (plane, y) in planes.zip(y.chunks_exact_mut(inputs)) {
                y.fill(0.0);
                let tile = Tile { planes: 1, of: 0..1, columns: 0..window.outputs() };
                add_panel(&window, &tile, &columns[plane * width..][..width], y);
            }
        });
    }))?;
    Ok(record("fold_windows", value, &[columns], |_| Images { window }))
}

struct Images {
    window: Window,
}

impl Pullback for Images {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        at.give(0, || unfold_images(gy, self.window))
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let reference = |x: &[Vec<f64>]| {
        // Kernel 2 × 2, stride (1, 2), padding (1, 0) over 3 × 5: 4 × 2 windows.
        let mut y = vec![0.0; 2 * 3 * 15];
        for (n, c, k, p) in (0..2 * 3 * 4 * 8_usize).map(|i| (i / 96, i / 32 % 3, i / 8 % 4, i % 8)) {
            if let Some(h) = (p / 2 + k / 2).checked_sub(1).filter(|h| *h < 3) {
                y[((n * 3 + c) * 3 + h) * 5 + p % 2 * 2 + k % 2] += x[0][((n * 3 + c) * 4 + k) * 8 + p];
            }
        }
        y
    };
    let windows = || Unfold::new(2).stride([1, 2]).padding([1, 0]);
    [
        Case::new("fold_windows", vec![Input::real(&[2, 12, 8], -2.0..2.0)], move |x| {
            x[0].fold_windows([3, 5], windows())
        })
        .value(reference)
        .refuses(
            move |x| x[0].fold_windows([4, 5], windows()),
            "fold_windows: 8 columns (shape [2, 12, 8]) are not the 10 of 5 × 2 windows over an image of size [4, 5]",
        )
        .refuses(
            |x| x[0].fold_windows([3, 5], Unfold::new([1, 5])),
            "fold_windows: 12 rows (shape [2, 12, 8]) are not a multiple of the 5 elements of a window",
        )
        .refuses(
            |x| x[0].fold_windows([3, 5], Unfold::new([4, 1])),
            "fold_windows: the kernel spans 4 elements of dim -2, which has 3 with its padding (size [3, 5])",
        )
        .refuses(
            |x| x[0].fold_windows(1usize << 31, Unfold::new(1).padding(1usize << 31)),
            "fold_windows: shape [6442450944, 6442450944] is too large (at most 64 dimensions, and no more bytes than memory holds)",
        )
        .refuses(|x| x[0].fold_windows(-1, Unfold::new(1)), "fold_windows: output_size is -1, it must be at least 1")
        .refuses(
            |x| x[0].unsqueeze(0)?.fold_windows(3, Unfold::new(1)),
            "fold_windows: the input has shape [1, 2, 12, 8], expected [N, C Kh Kw, L] or [C Kh Kw, L]",
        ),
        Case::new("fold_windows of one image", vec![Input::real(&[4, 4], -2.0..2.0)], |x| {
            x[0].fold_windows(3, Unfold::new(2))
        }),
    ]
}];
