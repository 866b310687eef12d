//! Samples of planes at any places.

use super::chosen::Positions;
use super::grid_taps::Tap;
use crate::error::{Error, Result};
use crate::ops::check::Check;
use crate::shape::Shape;
use crate::tape::{Pull, Pullback, record};
use crate::tensor::{DType, Tensor};

/// The way in which [`Tensor::grid_sample`] makes an element from its neighbours.
///
/// # Examples
/// ```
/// use autograd_core::{GridSample, GridSampleMode, Tensor};
/// let (x, grid) = (Tensor::from([[[[1.0, 2.0]]]]), Tensor::from([[[[0.9, 0.0]]]]));
/// let y = x.grid_sample(&grid, GridSample::new().mode(GridSampleMode::Nearest))?;
/// assert_eq!(y.item::<f32>()?, 2.0);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GridSampleMode {
    /// Lines between two neighbours in each dim.
    Bilinear,
    /// The nearest element; of two the one with an even position.
    Nearest,
    /// Cubic convolution of four neighbours in each dim with a = −¾; also over three dims, where PyTorch has none.
    Bicubic,
}

/// The elements that [`Tensor::grid_sample`] finds outside of a plane.
///
/// # Examples
/// ```
/// use autograd_core::{GridPadding, GridSample, Tensor};
/// let (x, grid) = (Tensor::from([[[[1.0, 2.0]]]]), Tensor::from([[[[3.0, 0.0]]]]));
/// let y = x.grid_sample(&grid, GridSample::new().padding_mode(GridPadding::Border))?;
/// assert_eq!(y.item::<f32>()?, 2.0);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GridPadding {
    /// Zeros.
    Zeros,
    /// The nearest element of the border.
    Border,
    /// The plane mirrored at its borders, as often as it takes.
    Reflection,
}

/// The options of [`Tensor::grid_sample`].
///
/// # Examples
/// ```
/// use autograd_core::{GridSample, Tensor};
/// let (x, grid) = (Tensor::from([[[[1.0, 2.0]]]]), Tensor::from([[[[1.0, 0.0]]]]));
/// assert_eq!(x.grid_sample(&grid, GridSample::new().align_corners(true))?.item::<f32>()?, 2.0);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GridSample {
    pub(super) mode: GridSampleMode,
    pub(super) padding_mode: GridPadding,
    pub(super) align_corners: bool,
}

impl Default for GridSample {
    fn default() -> GridSample {
        GridSample { mode: GridSampleMode::Bilinear, padding_mode: GridPadding::Zeros, align_corners: false }
    }
}

impl GridSample {
    /// Bilinear, zeros outside, corners not aligned.
    pub fn new() -> GridSample {
        GridSample::default()
    }

    /// The way in which elements are made; default [`GridSampleMode::Bilinear`].
    #[must_use]
    pub fn mode(self, mode: GridSampleMode) -> GridSample {
        GridSample { mode, ..self }
    }

    /// The elements outside; default [`GridPadding::Zeros`].
    #[must_use]
    pub fn padding_mode(self, padding_mode: GridPadding) -> GridSample {
        GridSample { padding_mode, ..self }
    }

    /// Whether −1 and 1 are the centers of the corner elements, and not the outer edges of the planes; default false.
    #[must_use]
    pub fn align_corners(self, align_corners: bool) -> GridSample {
        GridSample { align_corners, ..self }
    }
}

pub(super) const OP: &str = "grid_sample";

impl Tensor {
    /// Samples of planes at places that a grid names: −1 is the start of a dim, 1 its end, and the last dim of the grid
    /// has the place in W first, then in H, then in D. NaN counts as −1.
    ///
    /// # Shapes
    /// `self: [N, C, H, W]`, `grid: [N, H′, W′, 2]` → `[N, C, H′, W′]`; or `self: [N, C, D, H, W]`,
    /// `grid: [N, D′, H′, W′, 3]` → `[N, C, D′, H′, W′]`.
    ///
    /// # Gradient
    /// For x and the grid, of all orders; 0 for the grid where the mode is `Nearest`. At a place between two pieces of
    /// a line the slope of the right one, and 0 at the borders of `Border` and `Reflection`.
    ///
    /// # Errors
    /// If the shapes do not fit, the dtypes differ, or a spatial dim has no elements.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{GridSample, Tensor};
    /// let x = Tensor::from([[[[1.0, 2.0], [3.0, 4.0]]]]);
    /// let y = x.grid_sample(&Tensor::from([[[[0.0, 0.0], [-0.5, 0.5]]]]), GridSample::new())?;
    /// assert_eq!(y.to_vec::<f32>()?, [2.5, 3.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn grid_sample(&self, grid: &Tensor, options: GridSample) -> Result<Tensor> {
        let check = Check(OP);
        check.same_float(self, grid)?;
        let rank = self.rank().wrapping_sub(2);
        if !(2..=3).contains(&rank) {
            return Err(Error::shape(OP, "the input", self.shape(), "[N, C, H, W] or [N, C, D, H, W]"));
        }
        let (samples, channels, input) = (self.shape()[0], self.shape()[1], &self.shape()[2..]);
        let fits = grid.rank() == rank + 2 && grid.shape()[0] == samples && grid.shape()[rank + 1] == rank;
        if !fits {
            let dims = if rank == 2 { "H′, W′" } else { "D′, H′, W′" };
            return Err(Error::shape(OP, "grid", grid.shape(), format_args!("[{samples}, {dims}, {rank}]")));
        }
        if input.contains(&0) {
            return Err(Error::shape(OP, "the input", self.shape(), "planes with elements"));
        }
        let mut shape = Shape::from(&self.shape()[..2]);
        shape.0.extend_from_slice(&grid.shape()[1..=rank]);
        check.room(&shape, DType::F64)?;
        let places: usize = shape[2..].iter().product();
        let start = Tensor::filled(OP, &[], -1.0, grid.dtype())?;
        let grid = grid.untied().ne(&grid.untied())?.where_cond(&start, grid)?;
        // The taps of all dims so far: positions in a plane, and weights.
        let mut taps: Vec<Tap> = Vec::new();
        for (d, size) in input.iter().enumerate() {
            let place = grid.select(-1, rank - 1 - d)?.reshape_to(&[samples, 1, places])?;
            let of_dim = options.taps(&place, *size)?;
            taps = match taps.is_empty() {
                true => of_dim,
                false => {
                    let pairs = taps.iter().flat_map(|a| of_dim.iter().map(move |b| (a, b)));
                    pairs.map(|(a, b)| a.and(b, *size)).collect::<Result<_>>()?
                }
            };
        }
        let mut sum: Option<Tensor> = None;
        for Tap { index, weight } in taps {
            let found = Positions::new(OP, &index, input, channels).pick(self, 0.0)?;
            let term = match weight {
                None => found,
                Some(weight) => found.try_mul(&inside(&index, &weight)?)?,
            };
            sum = Some(match sum {
                None => term,
                Some(sum) => sum.try_add(&term)?,
            });
        }
        let y = sum.unwrap_or_else(|| unreachable!("every mode has a tap")).reshape_to(&shape)?;
        if options.mode != GridSampleMode::Nearest {
            return Ok(y);
        }
        Ok(record(OP, y.untied(), &[&y, &grid], |_| Flat { grid: grid.untied().zeros_like() }))
    }
}

/// A weight where the position is one, else 0: what is outside may have a place without end.
fn inside(index: &Tensor, weight: &Tensor) -> Result<Tensor> {
    index.ge_scalar(0.0).where_cond(weight, &Tensor::filled(OP, &[], 0.0, weight.dtype())?)
}

/// Nothing changes where a place does, but at jumps.
struct Flat {
    grid: Tensor,
}

impl Pullback for Flat {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        at.give(1, || Ok(self.grid.clone()))?;
        at.give(0, || Ok(gy.clone()))
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use GridPadding::{Border, Reflection};
    use GridSampleMode::{Bicubic, Nearest};
    let real = |shape: &[usize], range: std::ops::Range<f64>| Input::real(shape, range);
    let case = |name: &'static str, options: GridSample| {
        let inputs = vec![real(&[2, 3, 4, 5], -2.0..2.0), real(&[2, 6, 1, 2], -1.3..1.3)];
        Case::new(name, inputs, move |x| x[0].grid_sample(&x[1], options)).not_counting_saved()
    };
    let reference = |x: &[Vec<f64>]| {
        let at = |n: usize, c: usize, p: usize| {
            let place = |k: usize, size: f64| ((x[1][(n * 6 + p) * 2 + k] + 1.0) * size - 1.0) / 2.0;
            let (h, w) = (place(1, 4.0), place(0, 5.0));
            let mut sum = 0.0;
            for (i, j) in (0..4).flat_map(|i| (0..5).map(move |j| (i, j))) {
                let weight = (1.0 - (h - f64::from(i)).abs()).max(0.0) * (1.0 - (w - f64::from(j)).abs()).max(0.0);
                sum += weight * x[0][(n * 3 + c) * 20 + (i * 5 + j) as usize];
            }
            sum
        };
        (0..2 * 3 * 6).map(|i| at(i / 18, i / 6 % 3, i % 6)).collect()
    };
    let new = GridSample::new;
    [
        case("grid_sample", new())
            .value(reference)
            .refuses(
                |x| x[0].grid_sample(&x[1].narrow(3, 0, 1)?, GridSample::new()),
                "grid_sample: grid has shape [2, 6, 1, 1], expected [2, H′, W′, 2]",
            )
            .refuses(
                |x| x[0].select(0, 0)?.grid_sample(&x[1], GridSample::new()),
                "grid_sample: the input has shape [3, 4, 5], expected [N, C, H, W] or [N, C, D, H, W]",
            )
            .refuses(
                |x| x[0].narrow(2, 0, 0)?.grid_sample(&x[1], GridSample::new()),
                "grid_sample: the input has shape [2, 3, 0, 5], expected planes with elements",
            )
            .refuses(
                |x| x[0].grid_sample(&x[1].to_dtype(DType::F32), GridSample::new()),
                "grid_sample: dtypes F64 and F32 do not mix; convert one with to_dtype",
            ),
        case("grid_sample (nearest)", new().mode(Nearest).align_corners(true)),
        case("grid_sample (border)", new().padding_mode(Border)),
        case("grid_sample (reflection)", new().padding_mode(Reflection)),
        case("grid_sample (cubic)", new().mode(Bicubic).align_corners(true)),
        case("grid_sample (cubic reflection)", new().mode(Bicubic).padding_mode(Reflection)),
        Case::new(
            "grid_sample of volumes",
            vec![real(&[1, 2, 3, 4, 2], -2.0..2.0), real(&[1, 2, 1, 2, 3], -1.2..1.2)],
            move |x| x[0].grid_sample(&x[1], new().padding_mode(Reflection).align_corners(true)),
        )
        .not_counting_saved(),
    ]
}];

#[cfg(test)]
mod tests {
    use super::*;

    /// The weights of the four columns around a place between two, by the convolution of Keys with a = −¾.
    fn keys(t: f64) -> [f64; 4] {
        let far = |d: f64| -0.75 * (d * d * d - 5.0 * d * d + 8.0 * d - 4.0);
        let near = |d: f64| 1.25 * d * d * d - 2.25 * d * d + 1.0;
        [far(1.0 + t), near(t), near(1.0 - t), far(2.0 - t)]
    }

    #[test]
    fn cubes_go_along_three_dims_one_after_the_other() -> Result<()> {
        let x: Vec<f64> = (0..64).map(|i| f64::from((i * 29) % 64)).collect();
        let x = Tensor::from_slice(&x, &[1, 1, 4, 4, 4])?;
        let grid = Tensor::from_vec(vec![-0.1, 0.2, 0.05], &[1, 1, 1, 1, 3])?;
        let y = x.grid_sample(&grid, GridSample::new().mode(GridSampleMode::Bicubic).align_corners(true))?;
        // A coordinate g lies at 1.5 (g + 1) of 0 to 3, between 1 and 2.
        let [column, row, plane] = [-0.1, 0.2, 0.05].map(|g: f64| keys(1.5 * (g + 1.0) - 1.0));
        let value = |i: usize, j: usize, k: usize| f64::from(((i * 16 + j * 4 + k) as i32 * 29) % 64);
        let all = (0..4).flat_map(|i| (0..4).flat_map(move |j| (0..4).map(move |k| (i, j, k))));
        let expected: f64 = all.map(|(i, j, k)| plane[i] * row[j] * column[k] * value(i, j, k)).sum();
        assert!((y.to_f64s()[0] - expected).abs() < 1e-11, "{y} {expected}");
        Ok(())
    }

    #[test]
    fn places_without_end_and_without_number_leak_nowhere() -> Result<()> {
        let x = Tensor::from([[[[1.0, f64::INFINITY], [3.0, 4.0]]]]).to_dtype(DType::F64).requires_grad();
        let grid = [[[[f64::INFINITY, 0.0], [f64::NAN, 1.0]]]];
        let grid = Tensor::from_vec(grid.concat().concat().concat(), &[1, 1, 2, 2])?.requires_grad();
        let y = x.grid_sample(&grid, GridSample::new().align_corners(true))?;
        assert_eq!(y.to_f64s(), [0.0, 3.0]);
        let grads = y.sum().backward()?;
        assert_eq!(grads.get(&x).map(Tensor::to_f64s), Some(vec![0.0, 0.0, 1.0, 0.0]));
        let x = Tensor::from([[[[1.0, 2.0], [3.0, 4.0]]]]).to_dtype(DType::F64);
        for mode in [GridSampleMode::Bilinear, GridSampleMode::Bicubic] {
            let y = x.grid_sample(&grid.narrow(2, 0, 1)?, GridSample::new().mode(mode))?;
            assert_eq!(y.sum().backward()?.get(&grid).map(Tensor::to_f64s), Some(vec![0.0; 4]));
        }
        Ok(())
    }
}
