//! Channels and pixels rearranged.

use crate::error::{Error, ErrorKind, Result};
use crate::shape::{Dim, Shape};
use crate::tensor::Tensor;

impl Tensor {
    /// Channels moved into space, r² of them to a square of r × r pixels.
    ///
    /// # Shapes
    /// `[.., C r², H, W] → [.., C, H r, W r]`: pixel `(h r + i, w r + j)` of channel c is pixel `(h, w)` of channel
    /// `c r² + i r + j`.
    ///
    /// # Errors
    /// If there are fewer than three dimensions, r is not positive, or r² does not divide the channels.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[[1, 5]], [[2, 6]], [[3, 7]], [[4, 8]]]);
    /// assert_eq!(x.pixel_shuffle(2)?.to_vec::<i64>()?, [1, 2, 5, 6, 3, 4, 7, 8]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn pixel_shuffle(&self, upscale_factor: impl Dim) -> Result<Tensor> {
        pixel_shuffle_of(self, upscale_factor.signed())
    }

    /// Space moved into channels: the inverse of [`Tensor::pixel_shuffle`].
    ///
    /// # Shapes
    /// `[.., C, H r, W r] → [.., C r², H, W]`
    ///
    /// # Errors
    /// If there are fewer than three dimensions, r is not positive, or r does not divide height and width.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[[1, 2, 5, 6], [3, 4, 7, 8]]]);
    /// assert_eq!(x.pixel_unshuffle(2)?.to_vec::<i64>()?, [1, 5, 2, 6, 3, 7, 4, 8]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn pixel_unshuffle(&self, downscale_factor: impl Dim) -> Result<Tensor> {
        pixel_unshuffle_of(self, downscale_factor.signed())
    }

    /// Channels dealt out: of g groups of channels the first ones, then the second ones, and so on.
    ///
    /// # Shapes
    /// `[N, C, ..] → [N, C, ..]`: channel `c g + i` is channel `i C / g + c`.
    ///
    /// # Errors
    /// If there are fewer than three dimensions, or the groups do not divide the channels.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[[1], [2], [3], [4]]]);
    /// assert_eq!(x.channel_shuffle(2)?.to_vec::<i64>()?, [1, 3, 2, 4]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn channel_shuffle(&self, groups: impl Dim) -> Result<Tensor> {
        channel_shuffle_of(self, groups.signed())
    }
}

fn pixel_shuffle_of(x: &Tensor, upscale_factor: isize) -> Result<Tensor> {
    let op = "pixel_shuffle";
    let (r, [channels, height, width]) = (factor(op, "upscale_factor", upscale_factor)?, image(op, x)?);
    let square = r.checked_mul(r).filter(|square| channels.is_multiple_of(*square));
    let Some(square) = square else {
        let text = format!("{op}: {channels} channels (shape {:?}) are not a multiple of {r} · {r}", x.shape());
        return Err(Error::new(ErrorKind::Shape, text));
    };
    let [tall, wide] = [height, width].map(|size| size.checked_mul(r));
    let (Some(tall), Some(wide)) = (tall, wide) else { return Err(Error::too_large(op, x.shape())) };
    let split = [channels / square, r, r, height, width];
    rearranged(x, 3, &split, [0, 3, 1, 4, 2], &[channels / square, tall, wide])
}

fn pixel_unshuffle_of(x: &Tensor, downscale_factor: isize) -> Result<Tensor> {
    let op = "pixel_unshuffle";
    let (r, [channels, tall, wide]) = (factor(op, "downscale_factor", downscale_factor)?, image(op, x)?);
    if tall % r != 0 || wide % r != 0 {
        let text = format!("{op}: {tall} × {wide} pixels (shape {:?}) are not multiples of {r}", x.shape());
        return Err(Error::new(ErrorKind::Shape, text));
    }
    let all = channels.checked_mul(r).and_then(|all| all.checked_mul(r));
    let Some(all) = all else { return Err(Error::too_large(op, x.shape())) };
    let split = [channels, tall / r, r, wide / r, r];
    rearranged(x, 3, &split, [0, 2, 4, 1, 3], &[all, tall / r, wide / r])
}

fn channel_shuffle_of(x: &Tensor, groups: isize) -> Result<Tensor> {
    let op = "channel_shuffle";
    let groups = factor(op, "groups", groups)?;
    let [_, channels, _, ..] = x.shape() else {
        return Err(Error::shape(op, "the input", x.shape(), "[N, C, .., ..]"));
    };
    if channels % groups != 0 {
        let must = format_args!("a divisor of the {channels} channels (shape {:?})", x.shape());
        return Err(Error::argument(op, "groups", groups, must));
    }
    let rest: usize = x.shape()[2..].iter().product();
    let split = [x.shape()[0], groups, channels / groups, rest];
    x.reshape_to(&split)?.transpose(1, 2)?.reshape_to(x.shape())
}

fn factor(op: &'static str, name: &str, factor: isize) -> Result<usize> {
    let positive = usize::try_from(factor).ok().filter(|factor| *factor > 0);
    positive.ok_or_else(|| Error::argument(op, name, factor, "at least 1"))
}

/// The last three sizes.
fn image(op: &'static str, x: &Tensor) -> Result<[usize; 3]> {
    crate::ops::check::Check(op).last("the input", x, "[.., C, H, W]")
}

/// The last `of` dims in other dims, in another order, and in others again.
fn rearranged(x: &Tensor, of: usize, split: &[usize], order: [isize; 5], to: &[usize]) -> Result<Tensor> {
    let leading = &x.shape()[..x.rank() - of];
    let behind = |sizes: &[usize]| {
        let mut shape = Shape::from(leading);
        shape.0.extend_from_slice(sizes);
        shape
    };
    let first = leading.len() as isize;
    let order: Vec<isize> = (0..first).chain(order.map(|d| first + d)).collect();
    x.reshape_to(&behind(split))?.permute(&order)?.reshape_to(&behind(to))
}

#[cfg(test)]
crate::ops::cases::cases![{
    let real = |shape: &[usize]| vec![Input::real(shape, -2.0..2.0)];
    [
        Case::new("pixel_shuffle", real(&[2, 8, 3, 5]), |x| x[0].pixel_shuffle(2))
            .value(|x| {
                let at = |n: usize, c: usize, h: usize, w: usize| {
                    x[0][((n * 8 + c * 4 + h % 2 * 2 + w % 2) * 3 + h / 2) * 5 + w / 2]
                };
                (0..240).map(|i| at(i / 120, i / 60 % 2, i / 10 % 6, i % 10)).collect()
            })
            .refuses(
                |x| x[0].pixel_shuffle(3),
                "pixel_shuffle: 8 channels (shape [2, 8, 3, 5]) are not a multiple of 3 · 3",
            )
            .refuses(|x| x[0].pixel_shuffle(0), "pixel_shuffle: upscale_factor is 0, it must be at least 1")
            .refuses(
                |x| x[0].select(0, 0)?.select(0, 0)?.pixel_shuffle(1),
                "pixel_shuffle: the input has shape [3, 5], expected [.., C, H, W]",
            ),
        Case::new("pixel_unshuffle", real(&[3, 4, 6]), |x| x[0].pixel_unshuffle(2))
            .value(|x| {
                let at = |c: usize, h: usize, w: usize| x[0][(c / 4 * 4 + h * 2 + c / 2 % 2) * 6 + w * 2 + c % 2];
                (0..72).map(|i| at(i / 6, i / 3 % 2, i % 3)).collect()
            })
            .refuses(
                |x| x[0].pixel_unshuffle(4),
                "pixel_unshuffle: 4 × 6 pixels (shape [3, 4, 6]) are not multiples of 4",
            ),
        Case::new("channel_shuffle", real(&[2, 6, 3]), |x| x[0].channel_shuffle(3))
            .value(|x| (0..36).map(|i| x[0][(i / 18 * 6 + i / 3 % 3 * 2 + i / 9 % 2) * 3 + i % 3]).collect())
            .refuses(
                |x| x[0].channel_shuffle(4),
                "channel_shuffle: groups is 4, it must be a divisor of the 6 channels (shape [2, 6, 3])",
            )
            .refuses(
                |x| x[0].select(0, 0)?.channel_shuffle(1),
                "channel_shuffle: the input has shape [6, 3], expected [N, C, .., ..]",
            ),
    ]
}];
