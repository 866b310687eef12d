//! The largest element of each of windows that lie at random.

use super::chosen::Positions;
use super::interpolate::ScaleFactor;
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::conv::Space;
use crate::kernels::pool::{Fractions, largest_at_random};
use crate::kernels::random::unit;
use crate::ops::check::Check;
use crate::ops::conv::convolution::{batched, not_empty, space};
use crate::ops::conv::per_dim::PerDim;
use crate::shape::Shape;
use crate::tensor::{Tensor, for_float};

/// The windows of [`Tensor::fractional_max_pool2d`] and its like.
///
/// # Examples
/// ```
/// use autograd_core::{FractionalMaxPool, Tensor};
/// let x = Tensor::from([[[1.0, 2.0, 3.0, 4.0, 5.0]]]);
/// let (to_size, to_ratio) = (FractionalMaxPool::size([1, 2], [1, 3]), FractionalMaxPool::ratio([1, 2], [0.9999, 0.6]));
/// assert_eq!(x.fractional_max_pool2d_seeded(to_size, 7)?.0.shape(), [1, 1, 3]);
/// let error = x.fractional_max_pool2d_seeded(to_ratio, 7).expect_err("0.9999 of 1 element is none");
/// assert!(error.to_string().contains("output_size is [0, 3]"));
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct FractionalMaxPool {
    kernel_size: PerDim,
    to: To,
}

#[derive(Clone, Debug, PartialEq)]
enum To {
    Size(PerDim),
    Ratio(ScaleFactor),
}

impl FractionalMaxPool {
    /// Windows of this size, and as many of them as `output_size` says, at least 1 in each dim.
    pub fn size(kernel_size: impl Into<PerDim>, output_size: impl Into<PerDim>) -> FractionalMaxPool {
        FractionalMaxPool { kernel_size: kernel_size.into(), to: To::Size(output_size.into()) }
    }

    /// Windows of this size, and this many times as many of them as there are elements, rounded down; above 0 and below
    /// 1.
    pub fn ratio(kernel_size: impl Into<PerDim>, output_ratio: impl Into<ScaleFactor>) -> FractionalMaxPool {
        FractionalMaxPool { kernel_size: kernel_size.into(), to: To::Ratio(output_ratio.into()) }
    }

    fn over(&self, op: &'static str, rank: usize, x: &Tensor, input: Space) -> Result<Fractions> {
        let kernel = self.kernel_size.read(op, "kernel_size", rank, 1, 1)?;
        let sizes = match &self.to {
            To::Size(sizes) => sizes.clone(),
            To::Ratio(ScaleFactor(ratios)) => {
                let each = if let [one] = ratios[..] { vec![one; rank] } else { ratios.to_vec() };
                let inside = |ratio: &f64| 0.0 < *ratio && *ratio < 1.0;
                let fits = each.len() == rank && each.iter().all(inside);
                let must = format!("above 0 and below 1, one number or {rank}");
                Check(op).require(fits, "output_ratio", &ratios[..], must)?;
                let sizes = each.iter().zip(&input[3 - rank..]).map(|(ratio, size)| (*size as f64 * ratio) as usize);
                PerDim::from(&sizes.collect::<Vec<_>>()[..])
            }
        };
        let output = sizes.read(op, "output_size", rank, 1, 1)?;
        for d in 3 - rank..3 {
            let least = kernel[d].saturating_add(output[d] - 1);
            if least > input[d] {
                let windows = format!("{} windows of size {} in dim {}", output[d], kernel[d], d as isize - 3);
                let text =
                    format!("{op}: {windows} need {least} elements, there are {} (shape {:?})", input[d], x.shape());
                return Err(Error::new(ErrorKind::Shape, text));
            }
        }
        // In the order of PyTorch: of planes, the number of the last dim comes first.
        let sample = if rank == 2 { [None, Some(1), Some(0)] } else { [Some(0), Some(1), Some(2)] };
        Ok(Fractions { input, kernel, output, sample })
    }
}

impl Tensor {
    /// The largest element of each window, and its position in its plane (`I64`). The windows lie at random: along a
    /// dim of size H, window i of n begins at `⌊(i + u) α⌋ − ⌊u α⌋` with `α = (H − kernel_size) / (n − 1)`, and the
    /// last one at `H − kernel_size`.
    ///
    /// `samples` are the u, uniform in `[0, 1)`, two for each plane: that of the last dim, and that of the one before.
    ///
    /// # Shapes
    /// `[N, C, H, W] → [N, C, H′, W′]` or `[C, H, W] → [C, H′, W′]`; `samples: [N, C, 2]`, with `N = 1` where x has
    /// none.
    ///
    /// # Gradient
    /// gy goes to the element chosen, the first of ties. Saves its position for each window.
    ///
    /// # Errors
    /// If x is not a float tensor of that many dimensions, or the samples are not of its dtype, of that shape and in
    /// `[0, 1)`; if a size is not positive, or there are more windows than places.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{FractionalMaxPool, Tensor};
    /// let x = Tensor::from([[[3.0, 1.0, 4.0, 1.0, 5.0]]]);
    /// let windows = FractionalMaxPool::size([1, 2], [1, 3]);
    /// let (y, positions) = x.fractional_max_pool2d(windows, &Tensor::from([[[0.5, 0.0]]]))?; // from 0, 1 and 3
    /// assert_eq!((y.to_vec::<f32>()?, positions.to_vec::<i64>()?), (vec![3.0, 4.0, 5.0], vec![0, 2, 4]));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Graham, Fractional max-pooling, 2014.
    pub fn fractional_max_pool2d(&self, windows: FractionalMaxPool, samples: &Tensor) -> Result<(Tensor, Tensor)> {
        pooled("fractional_max_pool2d", 2, self, &windows, Places::At(samples))
    }

    /// [`Tensor::fractional_max_pool2d`] with the seed of the samples.
    ///
    /// # Errors
    /// As for [`Tensor::fractional_max_pool2d`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, FractionalMaxPool, Tensor};
    /// let x = Tensor::ones(&[2, 3, 8, 8], DType::F32)?;
    /// let (y, _) = x.fractional_max_pool2d_seeded(FractionalMaxPool::ratio(2, 0.7), 7)?;
    /// assert_eq!(y.shape(), [2, 3, 5, 5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn fractional_max_pool2d_seeded(&self, windows: FractionalMaxPool, seed: u64) -> Result<(Tensor, Tensor)> {
        pooled("fractional_max_pool2d", 2, self, &windows, Places::Seeded(seed))
    }

    /// [`Tensor::fractional_max_pool2d`] over three dims.
    ///
    /// # Shapes
    /// `[N, C, D, H, W] → [N, C, D′, H′, W′]` or without N; `samples: [N, C, 3]`, those of the dims in their order.
    ///
    /// # Errors
    /// As for [`Tensor::fractional_max_pool2d`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, FractionalMaxPool, Tensor};
    /// let x = Tensor::ones(&[1, 4, 4, 4], DType::F32)?;
    /// let (y, _) = x.fractional_max_pool3d(FractionalMaxPool::size(2, 3), &Tensor::zeros(&[1, 1, 3], DType::F32)?)?;
    /// assert_eq!(y.shape(), [1, 3, 3, 3]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn fractional_max_pool3d(&self, windows: FractionalMaxPool, samples: &Tensor) -> Result<(Tensor, Tensor)> {
        pooled("fractional_max_pool3d", 3, self, &windows, Places::At(samples))
    }

    /// [`Tensor::fractional_max_pool3d`] with the seed of the samples.
    ///
    /// # Errors
    /// As for [`Tensor::fractional_max_pool2d`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, FractionalMaxPool, Tensor};
    /// let x = Tensor::ones(&[1, 4, 4, 4], DType::F32)?;
    /// assert_eq!(x.fractional_max_pool3d_seeded(FractionalMaxPool::size(2, 3), 7)?.0.shape(), [1, 3, 3, 3]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn fractional_max_pool3d_seeded(&self, windows: FractionalMaxPool, seed: u64) -> Result<(Tensor, Tensor)> {
        pooled("fractional_max_pool3d", 3, self, &windows, Places::Seeded(seed))
    }
}

/// The numbers that say where windows lie.
enum Places<'a> {
    At(&'a Tensor),
    Seeded(u64),
}

fn pooled(
    op: &'static str,
    rank: usize,
    x: &Tensor,
    windows: &FractionalMaxPool,
    places: Places<'_>,
) -> Result<(Tensor, Tensor)> {
    let float = Check(op).float(x)?;
    let batch = batched(op, rank, x)?;
    not_empty(op, &batch, x, 1)?;
    let sizes = windows.over(op, rank, x, space(&batch, 1))?;
    let of_planes = [batch.shape()[0], batch.shape()[1], rank];
    let samples = match places {
        Places::At(samples) => {
            Check(op).same_dtype(x, samples)?;
            Check(op).is("samples", samples, &of_planes)?;
            let samples = samples.try_packed(op)?.into_owned();
            Tensor::look(op, [&samples], move |[samples]| {
                for_float!(float, T => {
                    let samples = samples.flat::<T>();
                    match samples.iter().position(|u| !(0.0..1.0).contains(u)) {
                        None => Ok(()),
                        Some(at) => {
                            let text = format!("{op}: sample {:?} at position {at} is not in [0, 1)", samples[at]);
                            Err(Error::new(ErrorKind::Argument, text))
                        }
                    }
                })
            })?;
            samples
        }
        Places::Seeded(seed) => for_float!(float, T => {
            Tensor::draw::<T, 0>(op, &of_planes, seed, [], |seed, [], y| unit(seed, y))?
        }),
    };
    let mut shape = Shape::from(&batch.shape()[..2]);
    shape.0.extend_from_slice(&sizes.output[3 - rank..]);
    let packed = batch.try_packed(op)?;
    let index = for_float!(float, T => {
        Tensor::compute::<i64, 2>(op, &shape, [&packed, &samples], move |[x, samples], y| {
            largest_at_random(x.flat::<T>(), samples.flat(), &sizes, y);
        })?
    });
    let value = Positions::new(op, &index, &batch.shape()[2..], batch.shape()[1]).pick(&batch, f64::NEG_INFINITY)?;
    if x.rank() == batch.rank() { Ok((value, index)) } else { Ok((value.squeeze(&[0])?, index.squeeze(&[0])?)) }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let windows = || FractionalMaxPool::size([2, 3], [3, 2]);
    let samples = || Tensor::from([[[0.25, 0.75], [0.5, 0.125]]]).to_dtype(DType::F64);
    let at = move |x: &Tensor| samples().to_dtype(x.dtype());
    // Along 6 rows in windows of 2: α = 2. Along 5 columns in windows of 3: at 0 and 2.
    let reference = |x: &[Vec<f64>]| {
        let rows = [[0, 2, 4], [0, 2, 4]];
        let largest = |plane: usize, p: usize, q: usize| {
            let all = (0..6).map(|k| x[0][plane * 30 + (rows[plane][p] + k / 3) * 5 + 2 * q + k % 3]);
            all.fold(f64::NEG_INFINITY, f64::max)
        };
        (0..12).map(|i| largest(i / 6, i / 2 % 3, i % 2)).collect()
    };
    [
        Case::new("fractional_max_pool2d", vec![Input::distinct(&[1, 2, 6, 5])], move |x| {
            Ok(x[0].fractional_max_pool2d(windows(), &at(&x[0]))?.0)
        })
        .value(reference)
        .refuses(
            move |x| Ok(x[0].fractional_max_pool2d(FractionalMaxPool::size(2, [6, 1]), &samples())?.0),
            "fractional_max_pool2d: 6 windows of size 2 in dim -2 need 7 elements, there are 6 (shape [1, 2, 6, 5])",
        )
        .refuses(
            move |x| Ok(x[0].fractional_max_pool2d(FractionalMaxPool::ratio(2, [0.5, 1.0]), &samples())?.0),
            "fractional_max_pool2d: output_ratio is [0.5, 1.0], it must be above 0 and below 1, one number or 2",
        )
        .refuses(
            move |x| Ok(x[0].fractional_max_pool2d(FractionalMaxPool::size(2, 0), &samples())?.0),
            "fractional_max_pool2d: output_size is 0, it must be at least 1",
        )
        .refuses(
            move |x| Ok(x[0].fractional_max_pool2d(windows(), &samples().add_scalar(0.25))?.0),
            "fractional_max_pool2d: sample 1.0 at position 1 is not in [0, 1)",
        )
        .refuses(
            move |x| Ok(x[0].fractional_max_pool2d(windows(), &samples().narrow(1, 0, 1)?)?.0),
            "fractional_max_pool2d: samples has shape [1, 1, 2], expected [1, 2, 2]",
        ),
        Case::new("fractional_max_pool2d (positions)", vec![Input::distinct(&[1, 2, 6, 5])], move |x| {
            Ok(x[0].fractional_max_pool2d(windows(), &at(&x[0]))?.1)
        })
        .ends_no_history(),
        Case::new("fractional_max_pool3d of one sample", vec![Input::distinct(&[2, 3, 4, 5])], |x| {
            Ok(x[0].fractional_max_pool3d_seeded(FractionalMaxPool::size(2, [1, 2, 3]), 7)?.0)
        })
        .refuses(
            |x| Ok(x[0].unsqueeze(0)?.unsqueeze(0)?.fractional_max_pool3d_seeded(FractionalMaxPool::size(1, 1), 7)?.0),
            "fractional_max_pool3d: the input has shape [1, 1, 2, 3, 4, 5], expected [N, C, D, H, W] or [C, D, H, W]",
        ),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{DType, FractionalMaxPool, Result, Tensor};

    /// What PyTorch chooses for the same samples.
    #[test]
    fn windows_lie_where_the_samples_say() -> Result<()> {
        let x = |shape: &[usize]| {
            let numel: usize = shape.iter().product();
            Tensor::from_vec((0..numel).map(|i| (i * 37 % numel) as f64).collect(), shape)
        };
        let samples = Tensor::from([[[0.9, 0.3], [0.6, 0.05]]]).to_dtype(DType::F64);
        let windows = FractionalMaxPool::size([2, 3], 4);
        let (_, positions) = x(&[1, 2, 7, 8])?.fractional_max_pool2d(windows, &samples)?;
        let first = [9, 3, 3, 6, 18, 18, 21, 21, 24, 27, 27, 30, 42, 42, 45, 45];
        let second = [1, 1, 4, 7, 10, 10, 13, 13, 25, 25, 28, 31, 40, 43, 43, 46];
        assert_eq!(positions.to_vec::<i64>()?, [first, second].concat());

        let samples = Tensor::from([[[0.9, 0.3, 0.6]]]).to_dtype(DType::F64);
        let windows = FractionalMaxPool::size(2, [3, 4, 3]);
        let (_, positions) = x(&[1, 1, 6, 7, 5])?.fractional_max_pool3d(windows, &samples)?;
        let want = [
            5, 38, 39, 51, 17, 49, 51, 17, 54, 61, 68, 34, 106, 113, 79, 85, 118, 119, 85, 123, 124, 136, 102, 134,
            181, 147, 179, 186, 153, 153, 191, 198, 164, 170, 203, 204,
        ];
        assert_eq!(positions.to_vec::<i64>()?, want);
        Ok(())
    }

    #[test]
    fn a_nan_is_chosen_and_the_first_of_ties() -> Result<()> {
        let x = Tensor::from([[[1.0, 1.0, f64::NAN, 2.0], [f64::NEG_INFINITY; 4]]]);
        let (y, positions) = x.fractional_max_pool2d_seeded(FractionalMaxPool::size([1, 2], [2, 2]), 7)?;
        let positions = positions.to_vec::<i64>()?;
        assert_eq!((positions[0], positions[1], positions[3]), (0, 2, 6));
        assert!(y.to_f64s()[1].is_nan());
        Ok(())
    }
}
