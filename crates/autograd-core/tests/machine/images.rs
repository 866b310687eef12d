//! The steps of images: windows over one, two and three dims, resizing, sampling, shuffling.

use crate::network::{amount, amounts, float, perhaps};
use crate::steps::one;
use crate::values::{BEYOND, Machine};
use autograd_core::{
    AffineGrid, AvgPool, Conv, ConvTranspose, GridPadding, GridSample, GridSampleMode, Interpolate, InterpolateMode,
    LpPool, MaxPool, MaxUnpool, Result, Tensor, Unfold,
};

/// An image of so many dims of space, with or without a batch.
fn image(m: &mut Machine, dims: usize) -> Tensor {
    let dtype = float(m);
    let batch = usize::from(!m.once_in(3));
    let mut sizes: Vec<usize> = (0..batch + 1 + dims).map(|_| m.size()).collect();
    if m.once_in(20) {
        // Nothing, of more than memory holds.
        let at = 1 + m.below(sizes.len() - 1);
        (sizes[0], sizes[at]) = (0, BEYOND);
    }
    m.made(&sizes, dtype)
}

/// A size for each dim of space; seldom a wild one.
fn sizes(m: &mut Machine, dims: usize) -> Vec<isize> {
    (0..dims).map(|_| if m.once_in(15) { amount(m) } else { m.of(&[1, 1, 2, 3, 4]) }).collect()
}

pub fn windows(m: &mut Machine) -> Result<Vec<Tensor>> {
    let dims = 1 + m.below(3);
    let x = image(m, dims);
    let (kernel, stride, padding) = (sizes(m, dims), sizes(m, dims), m.of(&[0, 0, 1, 1, 2]));
    let (kernel, stride, ceil) = (&kernel[..], &stride[..], m.once_in(2));
    match m.below(3) {
        0 => {
            let mut windows = AvgPool::new(kernel).stride(stride).padding(padding).ceil_mode(ceil);
            windows = windows.count_include_pad(m.once_in(2));
            if m.once_in(5) {
                windows = windows.divisor_override(amount(m));
            }
            one(match dims {
                1 => x.avg_pool1d(windows),
                2 => x.avg_pool2d(windows),
                _ => x.avg_pool3d(windows),
            })
        }
        1 => {
            let dilation = m.of(&[1, 1, 2]);
            let windows = MaxPool::new(kernel).stride(stride).padding(padding).dilation(dilation).ceil_mode(ceil);
            if m.once_in(3) {
                return one(match dims {
                    1 => x.max_pool1d(windows),
                    2 => x.max_pool2d(windows),
                    _ => x.max_pool3d(windows),
                });
            }
            let (y, places) = match dims {
                1 => x.max_pool1d_with_indices(windows),
                2 => x.max_pool2d_with_indices(windows),
                _ => x.max_pool3d_with_indices(windows),
            }?;
            Ok(vec![y, places])
        }
        _ => {
            let windows = LpPool::new(m.number(), kernel).stride(stride).ceil_mode(ceil);
            one(match dims {
                1 => x.lp_pool1d(windows),
                2 => x.lp_pool2d(windows),
                _ => x.lp_pool3d(windows),
            })
        }
    }
}

pub fn adaptive(m: &mut Machine) -> Result<Vec<Tensor>> {
    let dims = 1 + m.below(3);
    let x = image(m, dims);
    let sizes: Vec<Option<isize>> = sizes(m, dims).into_iter().map(|size| (!m.once_in(6)).then_some(size)).collect();
    let sizes = &sizes[..];
    if m.once_in(2) {
        return one(match dims {
            1 => x.adaptive_avg_pool1d(sizes),
            2 => x.adaptive_avg_pool2d(sizes),
            _ => x.adaptive_avg_pool3d(sizes),
        });
    }
    let (y, places) = match dims {
        1 => x.adaptive_max_pool1d(sizes),
        2 => x.adaptive_max_pool2d(sizes),
        _ => x.adaptive_max_pool3d(sizes),
    }?;
    Ok(vec![y, places])
}

/// What a pool has left, put back: to its places or to any.
pub fn unpool(m: &mut Machine) -> Result<Vec<Tensor>> {
    let dims = 1 + m.below(3);
    let x = image(m, dims);
    let kernel = sizes(m, dims);
    let pooled = MaxPool::new(&kernel[..]);
    let (y, places) = match dims {
        1 => x.max_pool1d_with_indices(pooled),
        2 => x.max_pool2d_with_indices(pooled),
        _ => x.max_pool3d_with_indices(pooled),
    }?;
    let places = if m.once_in(8) { m.value() } else { places };
    let mut windows = MaxUnpool::new(&kernel[..]);
    if m.once_in(2) {
        let space: Vec<isize> = x.shape().iter().rev().take(dims).rev().map(|size| *size as isize).collect();
        windows = windows.output_size(if m.once_in(6) { sizes(m, dims) } else { space }.as_slice());
    }
    one(match dims {
        1 => y.max_unpool1d(&places, windows),
        2 => y.max_unpool2d(&places, windows),
        _ => y.max_unpool3d(&places, windows),
    })
}

pub fn resize(m: &mut Machine) -> Result<Vec<Tensor>> {
    let dims = 1 + m.below(3);
    let x = image(m, dims);
    let options = if m.once_in(2) {
        Interpolate::size(&sizes(m, dims)[..])
    } else {
        let factor = m.of(&[0.5, 1.0, 1.5, 2.0, 0.1, 1e-300, -1.0, f64::NAN, f64::INFINITY, 1e18]);
        Interpolate::scale_factor(factor).recompute_scale_factor(m.once_in(3))
    };
    let linear = [InterpolateMode::Linear, InterpolateMode::Bilinear, InterpolateMode::Trilinear][dims - 1];
    let mode = m.of(&[
        InterpolateMode::Nearest,
        InterpolateMode::NearestExact,
        linear,
        linear,
        InterpolateMode::Bicubic,
        InterpolateMode::Area,
    ]);
    let mut options = options.mode(mode);
    if m.once_in(3) {
        options = options.align_corners(m.once_in(2));
    }
    one(x.interpolate(options.antialias(m.once_in(4))))
}

pub fn sample(m: &mut Machine) -> Result<Vec<Tensor>> {
    let dims = 2 + m.below(2);
    let x = image(m, dims);
    let space = sizes(m, dims);
    let batch = x.shape().first().map_or(1, |batch| (*batch).min(9));
    let shape: Vec<isize> = [batch as isize, 2].into_iter().chain(space).collect();
    let theta = m.made(&[batch, dims, dims + 1], x.dtype());
    let aligned = m.once_in(2);
    let grid = theta.affine_grid(AffineGrid::new(&shape).align_corners(aligned))?;
    let grid = if m.once_in(6) { m.value() } else { grid };
    let mode = m.of(&[GridSampleMode::Bilinear, GridSampleMode::Nearest, GridSampleMode::Bicubic]);
    let padding = m.of(&[GridPadding::Zeros, GridPadding::Border, GridPadding::Reflection]);
    let options = GridSample::new().mode(mode).padding_mode(padding).align_corners(aligned);
    Ok(vec![x.grid_sample(&grid, options)?, grid])
}

pub fn shuffle(m: &mut Machine) -> Result<Vec<Tensor>> {
    let dtype = float(m);
    let [outer, channels, side] = [(); 3].map(|()| m.size());
    let factor = if m.once_in(4) { amount(m) } else { 2 };
    let image = m.made(&[outer, 4 * channels.min(2), 2 * side, 4], dtype);
    match m.below(4) {
        0 => one(image.pixel_shuffle(factor)),
        1 => one(image.pixel_unshuffle(factor)),
        2 => one(image.channel_shuffle(factor)),
        _ => {
            let windows = Unfold::new(&sizes(m, 2)[..]).stride(amounts(m)).padding(m.of(&[0, 1]));
            one(image.unfold_windows(windows.clone())?.fold_windows([2 * side, 4], windows))
        }
    }
}

pub fn convolve_volumes(m: &mut Machine) -> Result<Vec<Tensor>> {
    let dtype = float(m);
    let (batch, groups, inner, outer) = (m.size().min(3), m.of(&[1, 1, 2]), m.size().min(3), m.size().min(3));
    let [d, h, w] = [(); 3].map(|()| m.size().min(5));
    let kernel = m.of(&[[3, 3, 3], [1, 2, 1], [1, 1, 1], [2, 0, 1]]);
    if m.once_in(2) {
        let x = m.made(&[batch, groups * inner, d, h, w], dtype);
        let weight = m.made(&[groups * outer, inner, kernel[0], kernel[1], kernel[2]], dtype);
        let bias = perhaps(m, &[groups * outer], dtype);
        let options =
            Conv::new().groups(groups).stride(m.of(&[1, 1, 2, 3])).padding(m.of(&[0, 1, 2])).dilation(amount(m));
        return one(x.conv3d(&weight, bias.as_ref(), options));
    }
    let x = m.made(&[batch, groups * outer, d, h, w], dtype);
    let weight = m.made(&[groups * outer, inner, kernel[0], kernel[1], kernel[2]], dtype);
    let options = ConvTranspose::new().groups(groups).stride(m.of(&[1, 1, 2])).padding(m.of(&[0, 1]));
    one(x.conv_transpose3d(&weight, None, options.output_padding(m.of(&[0, 0, 1]))))
}
