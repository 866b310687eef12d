//! Rotary embedding: the rotation of features by their position.

use crate::error::Result;
use crate::kernels::attention::{Rotation, rotate, starts, turns};
use crate::ops::check::Check;
use crate::shape::{Layout, strides_in};
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{DType, Tensor, for_float};
use std::sync::Arc;

/// Options of [`Tensor::rotary_embedding`].
///
/// # Examples
/// ```
/// use autograd_core::{RotaryOptions, Tensor};
/// let x = Tensor::from([[1.0, 2.0, 3.0, 4.0]]);
/// // Nothing turns at position 0; with base 1 all pairs turn alike.
/// assert_eq!(x.rotary_embedding(RotaryOptions::new())?.to_vec::<f32>()?, [1.0, 2.0, 3.0, 4.0]);
/// let quarter = RotaryOptions::new().base(1.0).offset(11).dim(2).interleaved(true);
/// let y = x.rotary_embedding(quarter)?.to_vec::<f32>()?;
/// assert!((y[0] - (11f32.cos() - 2.0 * 11f32.sin())).abs() < 1e-5 && y[2..] == [3.0, 4.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RotaryOptions {
    base: f64,
    interleaved: bool,
    offset: usize,
    positions: Option<Tensor>,
    dim: Option<usize>,
}

impl Default for RotaryOptions {
    fn default() -> Self {
        RotaryOptions { base: 10_000.0, interleaved: false, offset: 0, positions: None, dim: None }
    }
}

impl RotaryOptions {
    /// Base 10,000, halves, positions from 0 on, all features.
    pub fn new() -> RotaryOptions {
        RotaryOptions::default()
    }

    /// The base b of the angles, above 0. Default 10,000.
    #[must_use]
    pub fn base(self, base: f64) -> RotaryOptions {
        RotaryOptions { base, ..self }
    }

    /// Whether features 2i and 2i + 1 are a pair (as in GPT-J), instead of i and i + R/2 (as in GPT-NeoX and Llama).
    /// Default false.
    #[must_use]
    pub fn interleaved(self, interleaved: bool) -> RotaryOptions {
        RotaryOptions { interleaved, ..self }
    }

    /// The position of the first row, or what is added to all positions. Default 0.
    #[must_use]
    pub fn offset(self, offset: usize) -> RotaryOptions {
        RotaryOptions { offset, ..self }
    }

    /// The same with this much more added to all positions: for what comes after so many rows.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{RotaryOptions, Tensor};
    /// let x = Tensor::from([[1.0, 2.0]]);
    /// let (a, b) = (RotaryOptions::new().offset(2).after(3), RotaryOptions::new().offset(5));
    /// assert_eq!(x.rotary_embedding(a)?.to_vec::<f32>()?, x.rotary_embedding(b)?.to_vec::<f32>()?);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[must_use]
    pub fn after(self, rows: usize) -> RotaryOptions {
        RotaryOptions { offset: self.offset.saturating_add(rows), ..self }
    }

    /// The positions of the rows, `I64`, of a shape that broadcasts to `[.., L]`. Default `0, 1, .., L − 1`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{RotaryOptions, Tensor};
    /// let x = Tensor::from([[1.0, 2.0], [1.0, 2.0]]);
    /// let same = RotaryOptions::new().positions(Tensor::from([3]));
    /// let y = x.rotary_embedding(same)?.to_vec::<f32>()?;
    /// assert_eq!(y[..2], y[2..]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[must_use]
    pub fn positions(self, positions: Tensor) -> RotaryOptions {
        RotaryOptions { positions: Some(positions), ..self }
    }

    /// The same for rows of several heads, `[N, H, L, D]`: positions for each sample, `[N, L]`, become `[N, 1, L]` and
    /// hold for all heads; of other ranks they stay.
    ///
    /// # Errors
    /// As for [`Tensor::unsqueeze`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{RotaryOptions, Tensor};
    /// let x = Tensor::from([[[[1.0, 2.0]], [[1.0, 2.0]]], [[[1.0, 2.0]], [[1.0, 2.0]]]]);
    /// let options = RotaryOptions::new().positions(Tensor::from([[0], [3]])).over_heads()?;
    /// let y = x.rotary_embedding(options)?.to_vec::<f32>()?;
    /// assert!(y[..4] == [1.0, 2.0, 1.0, 2.0] && y[4..6] == y[6..] && y[4] != 1.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn over_heads(self) -> Result<RotaryOptions> {
        let positions = match self.positions {
            Some(positions) if positions.rank() == 2 => Some(positions.unsqueeze(1)?),
            positions => positions,
        };
        Ok(RotaryOptions { positions, ..self })
    }

    /// How many features (R, the first of a row) are rotated, an even number; the others stay. Default: all.
    #[must_use]
    pub fn dim(self, dim: usize) -> RotaryOptions {
        RotaryOptions { dim: Some(dim), ..self }
    }

    /// How many of E features are rotated.
    ///
    /// # Errors
    /// If the number is odd or larger than E, or the base is not above 0 and finite.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::RotaryOptions;
    /// assert_eq!(RotaryOptions::new().check(6)?, 6);
    /// assert!(RotaryOptions::new().check(3).is_err());
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn check(&self, features: usize) -> Result<usize> {
        let rotated = self.dim.unwrap_or(features);
        let must = format_args!("even and at most {features}, the number of features");
        CHECK.require(rotated.is_multiple_of(2) && rotated <= features, "dim", rotated, must)?;
        CHECK.require(self.base > 0.0 && self.base.is_finite(), "base", self.base, "above 0 and finite")?;
        Ok(rotated)
    }
}

const OP: &str = "rotary_embedding";
const CHECK: Check = Check(OP);

impl Tensor {
    /// Pairs of features rotated by an angle that grows with the position t of their row: a product of two such rows
    /// depends on the difference of their positions.
    ///
    /// ```text
    /// y₁ = x₁ cos a − x₂ sin a,   y₂ = x₂ cos a + x₁ sin a,   a = t b^(−2i / R) for pair i
    /// ```
    ///
    /// # Shapes
    /// `x: [.., L, E]`, queries or keys of attention, keeps its shape.
    ///
    /// # Gradient
    /// gy rotated back. Saves the cosines and sines, which are computed in `F64`.
    ///
    /// # Errors
    /// If x has less than two dimensions or is of no float type, the number of rotated features is odd or larger than
    /// E, the base is not above 0 and finite, or the positions are not `I64` or do not broadcast.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{RotaryOptions, Tensor};
    /// let y = Tensor::from([[1.0, 0.0], [1.0, 0.0]]).rotary_embedding(RotaryOptions::new())?.to_vec::<f32>()?;
    /// assert_eq!(y, [1.0, 0.0, 1f32.cos(), 1f32.sin()]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Su, Lu, Pan, Murtadha, Wen, Liu, RoFormer: Enhanced transformer with rotary position embedding, 2021.
    pub fn rotary_embedding(&self, options: RotaryOptions) -> Result<Tensor> {
        CHECK.float(self)?;
        let [_, features] = CHECK.last("the input", self, "[.., L, E]")?;
        let rotated = options.check(features)?;
        let RotaryOptions { base, interleaved, offset, positions, .. } = options;
        CHECK.room(self.shape(), self.dtype())?;
        let outer = &self.shape()[..self.rank() - 1];
        let positions = match positions {
            Some(positions) => {
                CHECK.dtype(&positions, DType::I64)?;
                CHECK.broadcasts_to("positions", &positions, outer)?;
                positions.try_packed(OP)?.into_owned()
            }
            None => Tensor::moved::<i64, 0>(OP, &outer[outer.len() - 1..], [], |[], y| {
                y.iter_mut().zip(0..).for_each(|(y, i)| *y = i);
            })?,
        };
        let pairs = rotated / 2;
        // Of no rows there may be more features than memory could list.
        CHECK.room(&[pairs], DType::F64)?;
        let shape = [positions.numel(), pairs, 2];
        let turns = Tensor::compute::<f64, 1>(OP, &shape, [&positions], move |[positions], y| {
            turns(base, offset as f64, positions.flat(), pairs, y.as_chunks_mut().0);
        })?;
        // Of no features there may be more rows than memory holds.
        let rows = if self.numel() == 0 { &[0] } else { outer };
        let of_row = starts(rows, &strides_in(&Layout::contiguous(positions.shape()), outer)).into();
        let rotation = Rotation { features, rotated, interleaved, inverse: false };
        rotary(self, rotation, &turns, &of_row)
    }
}

fn rotary(x: &Tensor, rotation: Rotation, turns: &Tensor, of_row: &Arc<[usize]>) -> Result<Tensor> {
    let packed = x.try_packed(OP)?;
    let rows = Arc::clone(of_row);
    let operands = [&*packed, turns];
    let value = for_float!(x.float(), T => Tensor::compute::<T, 2>(OP, x.shape(), operands, move |[x, turns], y| {
        rotate(rotation, turns.flat::<f64>().as_chunks().0, &rows, x.flat::<T>(), y);
    }))?;
    let of_row = || Arc::clone(of_row);
    Ok(record(OP, value, &[x], |_| Rotary { rotation, turns: Saved::constant(turns), of_row: of_row() }))
}

struct Rotary {
    rotation: Rotation,
    turns: Saved,
    of_row: Arc<[usize]>,
}

impl Pullback for Rotary {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (gy, inverse) = (at.gy(), !self.rotation.inverse);
        at.give(0, || rotary(gy, Rotation { inverse, ..self.rotation }, self.turns.value(), &self.of_row))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.turns);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::real(&[2, 3, 6], -2.0..2.0)];
    // Every pair is a complex number, and turns.
    let reference = |pair: fn(usize) -> [usize; 2], rotated: usize, position: fn(usize) -> f64, base: f64| {
        move |x: &[Vec<f64>]| {
            let mut y = x[0].clone();
            for row in 0..x[0].len() / 6 {
                for i in 0..rotated / 2 {
                    let [a, b] = pair(i).map(|e| row * 6 + e);
                    let (sin, cos) = (position(row % 3) * base.powf(-2.0 * i as f64 / rotated as f64)).sin_cos();
                    (y[a], y[b]) = (x[0][a] * cos - x[0][b] * sin, x[0][b] * cos + x[0][a] * sin);
                }
            }
            y
        }
    };
    [
        Case::new("rotary_embedding", x(), |x| x[0].rotary_embedding(RotaryOptions::new()))
            .value(reference(|i| [i, i + 3], 6, |t| t as f64, 1e4))
            .refuses(
                |x| x[0].rotary_embedding(RotaryOptions::new().dim(3)),
                "rotary_embedding: dim is 3, it must be even and at most 6, the number of features",
            )
            .refuses(
                |x| x[0].rotary_embedding(RotaryOptions::new().dim(8)),
                "rotary_embedding: dim is 8, it must be even and at most 6, the number of features",
            )
            .refuses(
                |x| x[0].rotary_embedding(RotaryOptions::new().base(0.0)),
                "rotary_embedding: base is 0.0, it must be above 0 and finite",
            )
            .refuses(
                |x| x[0].rotary_embedding(RotaryOptions::new().positions(x[0].clone())),
                "rotary_embedding: dtype is F64, expected I64; to_dtype converts",
            )
            .refuses(
                |x| x[0].rotary_embedding(RotaryOptions::new().positions(Tensor::from([1, 2]))),
                "rotary_embedding: positions has shape [2], expected one that broadcasts to the input's, [2, 3]",
            )
            .refuses(
                |x| x[0].sum_dim(0)?.sum_dim(0)?.rotary_embedding(RotaryOptions::new()),
                "rotary_embedding: the input has shape [6], expected [.., L, E]",
            )
            .refuses(
                |x| x[0].to_dtype(DType::I64).rotary_embedding(RotaryOptions::new()),
                "rotary_embedding: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("rotary_embedding (neighbours)", x(), |x| {
            let options = RotaryOptions::new().interleaved(true).dim(4).offset(7).base(50.0);
            let positions = Tensor::from([2, 0, 100_000]);
            let fits = x[0].rank() > 1 && x[0].shape()[x[0].rank() - 2] == 3;
            x[0].rotary_embedding(if fits { options.positions(positions) } else { options })
        })
        .value(reference(|i| [2 * i, 2 * i + 1], 4, |t| [9.0, 7.0, 100_007.0][t], 50.0)),
    ]
}];
