//! Planes in another size.

use super::adaptive::adaptive;
use super::resample::Maps;
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::pool::{Taps, cubic, filtered};
use crate::ops::check::Check;
use crate::ops::conv::convolution::{not_empty, space};
use crate::ops::conv::per_dim::PerDim;
use crate::shape::Shape;
use crate::tensor::{DType, Tensor};
use smallvec::SmallVec;

/// The way in which [`Tensor::interpolate`] makes an element from its neighbours.
///
/// # Examples
/// ```
/// use autograd_core::{Interpolate, InterpolateMode, Tensor};
/// let x = Tensor::from([[[0.0, 2.0]]]);
/// let y = x.interpolate(Interpolate::size(4).mode(InterpolateMode::Linear))?;
/// assert_eq!(y.to_vec::<f32>()?, [0.0, 0.5, 1.5, 2.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterpolateMode {
    /// The element at `⌊i · scale⌋`.
    Nearest,
    /// The element at `⌊(i + ½) · scale⌋`.
    NearestExact,
    /// A line between two neighbours, over one dim.
    Linear,
    /// Lines between two neighbours, over two dims.
    Bilinear,
    /// Cubic convolution of four neighbours with a = −¾, over two dims.
    Bicubic,
    /// Lines between two neighbours, over three dims.
    Trilinear,
    /// The mean of a window, as for [`Tensor::adaptive_avg_pool2d`].
    Area,
}

/// A factor for all spatial dims, or one for each.
///
/// # Examples
/// ```
/// use autograd_core::{Interpolate, ScaleFactor, Tensor};
/// let x = Tensor::from([[[[1, 2]]]]).to_dtype(autograd_core::DType::F32);
/// let y = x.interpolate(Interpolate::scale_factor(ScaleFactor::from([1.0, 2.0])))?;
/// assert_eq!(y.to_vec::<f32>()?, [1.0, 1.0, 2.0, 2.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ScaleFactor(pub(super) SmallVec<[f64; 3]>);

impl From<f64> for ScaleFactor {
    fn from(one: f64) -> ScaleFactor {
        ScaleFactor(SmallVec::from_slice(&[one]))
    }
}

impl<const N: usize> From<[f64; N]> for ScaleFactor {
    fn from(each: [f64; N]) -> ScaleFactor {
        ScaleFactor(SmallVec::from_slice(&each))
    }
}

impl From<&[f64]> for ScaleFactor {
    fn from(each: &[f64]) -> ScaleFactor {
        ScaleFactor(SmallVec::from_slice(each))
    }
}

/// The options of [`Tensor::interpolate`].
///
/// # Examples
/// ```
/// use autograd_core::{DType, Interpolate, InterpolateMode, Tensor};
/// let x = Tensor::ones(&[1, 1, 4, 6], DType::F32)?;
/// let options = Interpolate::scale_factor(0.5).mode(InterpolateMode::Bilinear).align_corners(false).antialias(true);
/// assert_eq!(x.interpolate(options.recompute_scale_factor(true))?.shape(), [1, 1, 2, 3]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Interpolate {
    to: To,
    mode: InterpolateMode,
    align_corners: Option<bool>,
    recompute_scale_factor: bool,
    antialias: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum To {
    Size(PerDim),
    Scale(ScaleFactor),
}

impl Interpolate {
    fn new(to: To) -> Interpolate {
        let mode = InterpolateMode::Nearest;
        Interpolate { to, mode, align_corners: None, recompute_scale_factor: false, antialias: false }
    }

    /// To planes of this size.
    pub fn size(size: impl Into<PerDim>) -> Interpolate {
        Interpolate::new(To::Size(size.into()))
    }

    /// To planes of this many times the size, rounded down.
    pub fn scale_factor(scale_factor: impl Into<ScaleFactor>) -> Interpolate {
        Interpolate::new(To::Scale(scale_factor.into()))
    }

    /// The way in which elements are made; default [`InterpolateMode::Nearest`].
    #[must_use]
    pub fn mode(self, mode: InterpolateMode) -> Interpolate {
        Interpolate { mode, ..self }
    }

    /// Whether the centers of the corner elements stay where they are, and not the outer edges of the planes; for lines
    /// and cubics alone; default false.
    #[must_use]
    pub fn align_corners(self, align_corners: bool) -> Interpolate {
        Interpolate { align_corners: Some(align_corners), ..self }
    }

    /// Whether the scale is that of the sizes, and not the factor that they were computed from; default false.
    #[must_use]
    pub fn recompute_scale_factor(self, recompute_scale_factor: bool) -> Interpolate {
        Interpolate { recompute_scale_factor, ..self }
    }

    /// Whether all elements that one covers take part where planes shrink; for bilinear and bicubic alone; default
    /// false.
    #[must_use]
    pub fn antialias(self, antialias: bool) -> Interpolate {
        Interpolate { antialias, ..self }
    }
}

impl Tensor {
    /// Planes in another size. Element i along a dim comes from the place `(i + ½) · scale − ½` with
    /// `scale = size / new size`, or `i · (size − 1) / (new size − 1)` with `align_corners`.
    ///
    /// # Shapes
    /// `[N, C, L] → [N, C, L′]`, `[N, C, H, W] → [N, C, H′, W′]` or `[N, C, D, H, W] → [N, C, D′, H′, W′]`
    ///
    /// # Gradient
    /// gy is added to the elements it came from, with the same weights. Saves nothing.
    ///
    /// # Errors
    /// If x is not such a tensor of floats, a size is not positive, or the mode does not go with the number of dims or
    /// with an option.
    ///
    /// # Differs from
    /// PyTorch, which computes the places of `F32` elements in `F32`: of a few sizes its `Nearest` and `NearestExact`
    /// take the neighbour of the element at the formula's place, as of 2 elements on the way to 82.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Interpolate, InterpolateMode, Tensor};
    /// let x = Tensor::from([[[[1.0, 2.0], [3.0, 4.0]]]]);
    /// let y = x.interpolate(Interpolate::size(3).mode(InterpolateMode::Bilinear).align_corners(true))?;
    /// assert_eq!(y.to_vec::<f32>()?, [1.0, 1.5, 2.0, 2.0, 2.5, 3.0, 3.0, 3.5, 4.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn interpolate(&self, options: Interpolate) -> Result<Tensor> {
        let op = "interpolate";
        Check(op).float(self)?;
        let rank = self.rank().wrapping_sub(2);
        if !(1..=3).contains(&rank) {
            return Err(Error::shape(op, "the input", self.shape(), "[N, C, L], [N, C, H, W] or [N, C, D, H, W]"));
        }
        not_empty(op, self, self, 1)?;
        options.check(op, rank)?;
        let input = space(self, 1);
        let (output, factors) = options.output(op, rank, input)?;
        let mut shape = Shape::from(&self.shape()[..2]);
        shape.0.extend_from_slice(&output[3 - rank..]);
        if let Some(d) = (3 - rank..3).find(|d| output[*d] == 0) {
            let sizes = format!("dim {} has {} elements and would have {}", d as isize - 3, input[d], output[d]);
            let text = format!("{op}: {sizes}, each must be at least 1 (shape {:?})", self.shape());
            return Err(Error::new(ErrorKind::Shape, text));
        }
        Check(op).room(&shape, DType::F64)?;
        // A result is the sum of a few elements, or an element part of a few results.
        input.iter().chain(&output).try_for_each(|terms| Check(op).terms(*terms))?;
        let maps =
            [0, 1, 2].map(|d| if d < 3 - rank { None } else { options.map(rank, input[d], output[d], factors[d]) });
        Maps::new(op, maps).of(self)
    }
}

impl Interpolate {
    fn check(&self, op: &'static str, rank: usize) -> Result<()> {
        use InterpolateMode::{Area, Bicubic, Bilinear, Linear, Nearest, NearestExact, Trilinear};
        let needs = match self.mode {
            Linear => 1,
            Bilinear | Bicubic => 2,
            Trilinear => 3,
            Nearest | NearestExact | Area => rank,
        };
        if needs != rank {
            let must = format_args!("one for {rank} spatial dims");
            return Err(Error::argument(op, "mode", self.mode, must));
        }
        if let (Some(align), Nearest | NearestExact | Area) = (self.align_corners, self.mode) {
            let must = format_args!("left out where mode is {:?}", self.mode);
            return Err(Error::argument(op, "align_corners", align, must));
        }
        if self.antialias && !matches!(self.mode, Bilinear | Bicubic) {
            let must = format_args!("false where mode is {:?}", self.mode);
            return Err(Error::argument(op, "antialias", true, must));
        }
        if self.recompute_scale_factor && matches!(self.to, To::Size(_)) {
            return Err(Error::argument(op, "recompute_scale_factor", true, "false where a size is given"));
        }
        Ok(())
    }

    /// The new sizes, and the factors that they come from if these count.
    fn output(&self, op: &'static str, rank: usize, input: [usize; 3]) -> Result<([usize; 3], [Option<f64>; 3])> {
        let scales = match &self.to {
            To::Size(size) => return Ok((size.read(op, "size", rank, 1, 1)?, [None; 3])),
            To::Scale(scales) => &scales.0[..],
        };
        let (mut output, mut factors) = ([1; 3], [None; 3]);
        if scales.len() != 1 && scales.len() != rank {
            let must = if rank == 1 { "one number".into() } else { format!("one number or {rank}") };
            return Err(Error::argument(op, "scale_factor", scales, must));
        }
        for d in 3 - rank..3 {
            let scale = scales[(d + rank - 3).min(scales.len() - 1)];
            let size = (input[d] as f64 * scale).floor();
            if !(scale > 0.0 && size < (1u64 << 53) as f64) {
                return Err(Error::argument(op, "scale_factor", scale, "positive, and the size it gives countable"));
            }
            output[d] = size as usize;
            factors[d] = Some(scale).filter(|_| !self.recompute_scale_factor);
        }
        Ok((output, factors))
    }

    /// The map along one dim; none for the identity.
    fn map(&self, rank: usize, input: usize, output: usize, factor: Option<f64>) -> Option<Taps> {
        use InterpolateMode::{Area, Bicubic, Nearest, NearestExact};
        let align = self.align_corners.unwrap_or(false);
        let scale = match factor {
            _ if align => {
                if output > 1 {
                    (input - 1) as f64 / (output - 1) as f64
                } else {
                    0.0
                }
            }
            Some(factor) => 1.0 / factor,
            None => input as f64 / output as f64,
        };
        // As in PyTorch: sizes that stay or double count, not the factor; for neighbours over two dims alone.
        let by_sizes = match self.mode {
            Nearest => rank == 2,
            Bicubic | NearestExact => self.antialias,
            _ => true,
        };
        if input == output && (scale == 1.0 || by_sizes) {
            return None;
        }
        let last = input - 1;
        // In single precision, as in PyTorch, as far as that tells places apart.
        let rounded = |place: f64| if place < 16_777_216.0 { f64::from(place as f32) } else { place };
        let nearest = |place: f64| vec![((rounded(place).floor() as usize).min(last), 1.0)];
        let row = |i: usize| -> Vec<(usize, f64)> {
            let center = if align { scale * i as f64 } else { scale * (i as f64 + 0.5) - 0.5 };
            match self.mode {
                Nearest if by_sizes && output == 2 * input => vec![(i / 2, 1.0)],
                Nearest => nearest(scale * i as f64),
                NearestExact => nearest(scale * (i as f64 + 0.5)),
                _ if self.antialias => filtered(self.mode == Bicubic, input, scale, i),
                Bicubic => cubic(center, last),
                _ => {
                    let place = center.max(0.0);
                    let first = (place.floor() as usize).min(last);
                    let weight = (place - first as f64).clamp(0.0, 1.0);
                    vec![(first, 1.0 - weight), ((first + 1).min(last), weight)]
                }
            }
        };
        if self.mode == Area {
            let mean = |covered: std::ops::Range<usize>| {
                let weight = 1.0 / covered.len() as f64;
                (covered, weight)
            };
            return Some(Taps::of_windows(input, adaptive(input, output).into_iter().map(mean)));
        }
        Some(Taps::new(input, (0..output).map(row)))
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use InterpolateMode::{Area, Bicubic, Bilinear, Linear, NearestExact, Trilinear};
    let real = |shape: &[usize]| vec![Input::real(shape, -2.0..2.0)];
    let case = |name: &'static str, shape: &[usize], options: Interpolate| {
        Case::new(name, real(shape), move |x| x[0].interpolate(options.clone()))
    };
    [
        case("interpolate", &[2, 3, 4], Interpolate::size(7))
            .value(|x| x[0].chunks(4).flat_map(|row| [0, 0, 1, 1, 2, 2, 3].map(|i| row[i])).collect())
            .refuses(
                |x| x[0].interpolate(Interpolate::size([1, 2])),
                "interpolate: size is [1, 2], it must be one number",
            )
            .refuses(|x| x[0].interpolate(Interpolate::size(0)), "interpolate: size is 0, it must be at least 1")
            .refuses(
                |x| x[0].interpolate(Interpolate::size(2).mode(InterpolateMode::Bilinear)),
                "interpolate: mode is Bilinear, it must be one for 1 spatial dims",
            )
            .refuses(
                |x| x[0].interpolate(Interpolate::size(2).align_corners(true)),
                "interpolate: align_corners is true, it must be left out where mode is Nearest",
            )
            .refuses(
                |x| x[0].interpolate(Interpolate::size(2).antialias(true)),
                "interpolate: antialias is true, it must be false where mode is Nearest",
            )
            .refuses(
                |x| x[0].interpolate(Interpolate::size(2).recompute_scale_factor(true)),
                "interpolate: recompute_scale_factor is true, it must be false where a size is given",
            )
            .refuses(
                |x| x[0].interpolate(Interpolate::scale_factor(-1.0)),
                "interpolate: scale_factor is -1.0, it must be positive, and the size it gives countable",
            )
            .refuses(
                |x| x[0].interpolate(Interpolate::scale_factor([1.0, 2.0])),
                "interpolate: scale_factor is [1.0, 2.0], it must be one number",
            )
            .refuses(
                |x| x[0].interpolate(Interpolate::scale_factor(0.1)),
                "interpolate: dim -1 has 4 elements and would have 0, each must be at least 1 (shape [2, 3, 4])",
            )
            .refuses(
                |x| x[0].select(0, 0)?.interpolate(Interpolate::size(2)),
                "interpolate: the input has shape [3, 4], expected [N, C, L], [N, C, H, W] or [N, C, D, H, W]",
            )
            .refuses(
                |x| x[0].to_dtype(DType::I64).interpolate(Interpolate::size(2)),
                "interpolate: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        case("interpolate (exact)", &[1, 2, 3, 5], Interpolate::scale_factor([1.7, 0.6]).mode(NearestExact)),
        case("interpolate (linear)", &[2, 3, 2], Interpolate::size(4).mode(Linear)).value(|x| {
            let line = |r: &[f64]| [0.0, 0.25, 0.75, 1.0].map(|t| r[0] + t * (r[1] - r[0]));
            x[0].chunks(2).flat_map(line).collect()
        }),
        case("interpolate (bilinear)", &[1, 2, 3, 5], Interpolate::size([5, 4]).mode(Bilinear).align_corners(true)),
        case("interpolate (bicubic)", &[1, 2, 3, 5], Interpolate::scale_factor(1.7).mode(Bicubic)),
        case("interpolate (antialias)", &[1, 2, 7, 5], Interpolate::size([3, 6]).mode(Bicubic).antialias(true)),
        case("interpolate (trilinear)", &[1, 2, 2, 3, 4], Interpolate::size([3, 2, 5]).mode(Trilinear)),
        case("interpolate (area)", &[1, 2, 3, 5], Interpolate::size([2, 7]).mode(Area)),
    ]
}];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_that_keeps_or_doubles_the_size_may_be_1_or_2() -> Result<()> {
        use InterpolateMode::{Bilinear, Linear, Nearest, NearestExact};
        let line = Tensor::from([[[1.0, 2.0, 3.0]]]);
        let plane = line.unsqueeze(0)?;
        let of = |x: &Tensor, factor: f64, mode: InterpolateMode| {
            x.interpolate(Interpolate::scale_factor(factor).mode(mode)).map(|y| y.to_f64s())
        };
        for (x, mode) in [(&plane, Nearest), (&plane, Bilinear), (&line, Linear)] {
            assert_eq!(of(x, 1.3, mode)?, [1.0, 2.0, 3.0], "{mode:?}");
        }
        assert_eq!(of(&plane, 2.3, Nearest)?[..6], [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
        assert_eq!(of(&line, 1.3, Nearest)?, [1.0, 1.0, 2.0]);
        assert_eq!(of(&plane, 1.3, NearestExact)?, [1.0, 2.0, 2.0]);
        Ok(())
    }
}
