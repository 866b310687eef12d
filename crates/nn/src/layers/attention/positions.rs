//! The positions of a sequence as numbers that a model sees.

use crate::init::{Initializer, normal};
use crate::layer::Layer;
use autograd_core::check::Check;
use autograd_core::module::{Module as _, Param, StateDict};
use autograd_core::{DType, Error, Result, RotaryOptions, Tensor};
use rand::Rng;
use wengert_derive::Module;

/// Adds waves of falling frequency, of which those of a position are known by their phases:
///
/// ```text
/// y[t, 2i] = x[t, 2i] + sin(t b^(−2i/E)),   y[t, 2i + 1] = x[t, 2i + 1] + cos(t b^(−2i/E))
/// ```
///
/// The first position is 0; [`SinusoidalPositions::after`] makes it a later one.
///
/// # Shapes
/// `x: [.., L, E] → [.., L, E]`.
///
/// # Errors
/// `forward` fails if the input has less than two dimensions, or the base is not above 0.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor};
/// use wengert_nn::{Layer, SinusoidalPositions};
/// let y = SinusoidalPositions::new().forward(&Tensor::zeros(&[2, 2], DType::F32)?)?.to_vec::<f32>()?;
/// assert!(y[..2] == [0.0, 1.0] && (y[2] - 1f32.sin()).abs() < 1e-6 && (y[3] - 1f32.cos()).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Vaswani et al., Attention is all you need, 2017, section 3.5.
#[derive(Clone, Copy, Debug, PartialEq, Module)]
pub struct SinusoidalPositions {
    base: f64,
    first: usize,
}

impl Default for SinusoidalPositions {
    fn default() -> Self {
        SinusoidalPositions { base: 10_000.0, first: 0 }
    }
}

impl SinusoidalPositions {
    /// Waves with the base 10,000, from position 0 on.
    pub fn new() -> SinusoidalPositions {
        SinusoidalPositions::default()
    }

    /// The base b, above 0. Default 10,000.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::SinusoidalPositions;
    /// assert_eq!(SinusoidalPositions::new().base(1e4), SinusoidalPositions::new());
    /// ```
    #[must_use]
    pub fn base(mut self, base: f64) -> SinusoidalPositions {
        self.base = base;
        self
    }

    /// The same with this much more added to all positions: for what comes after so many rows, as the next step of a
    /// sequence that is generated.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// # use wengert_nn::{Layer, SinusoidalPositions};
    /// let (positions, x) = (SinusoidalPositions::new(), Tensor::zeros(&[5, 4], DType::F32)?);
    /// let (whole, last) = (positions.forward(&x)?, positions.after(4).forward(&x.narrow(0, 4, 1)?)?);
    /// assert_eq!(last.to_vec::<f32>()?, whole.narrow(0, 4, 1)?.to_vec::<f32>()?);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    #[must_use]
    pub fn after(mut self, first: usize) -> SinusoidalPositions {
        self.first = self.first.saturating_add(first);
        self
    }
}

impl Layer for SinusoidalPositions {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let check = Check("SinusoidalPositions");
        check.float(x)?;
        check.require(self.base > 0.0 && self.base.is_finite(), "base", self.base, "above 0 and finite")?;
        let [length, features] = check.last("the input", x, "[.., L, E]")?;
        let numbers = |n: usize, step: f64| Tensor::arange(0.0, n as f64 * step, step, DType::F64);
        let pairs = features.div_ceil(2);
        let steps = numbers(pairs, 2.0)?.mul_scalar(-self.base.ln() / features.max(1) as f64).exp();
        let positions = numbers(length, 1.0)?.add_scalar(self.first as f64);
        let angles = positions.unsqueeze(1)?.try_mul(&steps)?;
        let waves = Tensor::stack(&[&angles.sin(), &angles.cos()], -1)?.flatten(-2, -1)?;
        x.try_add(&waves.narrow(1, 0, features)?.to_dtype(x.dtype()))
    }
}

/// Adds a trained vector to each position. They start normal with mean 0 and standard deviation 0.02.
///
/// The first position is 0; [`LearnedPositions::after`] makes it a later one.
///
/// # Shapes
/// `x: [.., L, E] → [.., L, E]`, L at most the largest length; `weight: [max_length, E]`.
///
/// # Errors
/// The constructors fail if a size is 0; `forward` if the input has positions behind the last vector or other features.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, LearnedPositions};
/// let positions = LearnedPositions::from_tensors(Tensor::from([[1.0], [2.0], [3.0]]))?;
/// assert_eq!(positions.forward(&Tensor::from([[10.0], [10.0]]))?.to_vec::<f32>()?, [11.0, 12.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Module)]
pub struct LearnedPositions {
    /// A vector for each position, `[max_length, E]`.
    pub weight: Param,
    first: usize,
}

impl LearnedPositions {
    /// Vectors of `embed_dim` (E) numbers for `max_length` positions.
    ///
    /// # Errors
    /// If a size is 0.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::LearnedPositions;
    /// assert_eq!(LearnedPositions::new(16, 4, &mut autograd_core::seeded(7))?.weight.shape(), [16, 4]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn new(max_length: usize, embed_dim: usize, rng: &mut dyn Rng) -> Result<LearnedPositions> {
        for (name, size) in [("max_length", max_length), ("embed_dim", embed_dim)] {
            Check("LearnedPositions").require(size > 0, name, size, "at least 1")?;
        }
        LearnedPositions::from_tensors(normal(0.0, 0.02).tensor(&[max_length, embed_dim], DType::F32, rng)?)
    }

    /// A layer with these vectors.
    ///
    /// # Errors
    /// If `weight` does not have two dimensions, or is of no float type.
    pub fn from_tensors(weight: Tensor) -> Result<LearnedPositions> {
        Check("LearnedPositions").shape::<2>("weight", &weight, "[max_length, E]")?;
        Check("LearnedPositions").float(&weight)?;
        Ok(LearnedPositions { weight: Param::new(weight)?, first: 0 })
    }

    /// The same with this much more added to all positions: for what comes after so many rows, as the next step of a
    /// sequence that is generated. It has the vectors of this one, to which gradients flow.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// # use wengert_nn::{Layer, LearnedPositions};
    /// let positions = LearnedPositions::from_tensors(Tensor::from([[1.0], [2.0], [3.0]]))?;
    /// let y = positions.after(2).forward(&Tensor::from([[10.0]]))?;
    /// assert_eq!(y.to_vec::<f32>()?, [13.0]);
    /// let gradients = y.sum().backward()?;
    /// assert_eq!(gradients.get(&positions.weight).expect("a leaf").to_vec::<f32>()?, [0.0, 0.0, 1.0]);
    /// assert!(positions.after(3).forward(&Tensor::from([[10.0]])).is_err());
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    #[must_use]
    pub fn after(&self, first: usize) -> LearnedPositions {
        // A clone's vectors would be other parameters.
        let Ok(mut later) = self.stand_in(&StateDict::new()) else { unreachable!("nothing is replaced") };
        later.first = self.first.saturating_add(first);
        later
    }
}

impl Layer for LearnedPositions {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let [length, features] = Check("LearnedPositions").last("the input", x, "[.., L, E]")?;
        let [most, e] = Check("LearnedPositions").shape("weight", &self.weight, "[max_length, E]")?;
        let first = self.first;
        if first.saturating_add(length) > most || features != e {
            let most = match first {
                0 => format!("{most} positions"),
                _ => format!("{} positions after {first} of {most}", most.saturating_sub(first)),
            };
            let expected = format_args!("[.., L, {e}], with at most {most}");
            return Err(Error::shape("LearnedPositions", "the input", x.shape(), expected));
        }
        x.try_add(&self.weight.narrow(0, first, length)?)
    }
}

/// [`Tensor::rotary_embedding`] as a layer.
///
/// # Errors
/// `forward` fails as the operation does.
///
/// # Examples
/// ```
/// use autograd_core::{RotaryOptions, Tensor};
/// use wengert_nn::{Layer, RotaryPositions};
/// let y = RotaryPositions::new(RotaryOptions::new()).forward(&Tensor::from([[1.0, 2.0]]))?;
/// assert_eq!(y.to_vec::<f32>()?, [1.0, 2.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Module)]
pub struct RotaryPositions {
    #[module(option)]
    options: RotaryOptions,
}

impl RotaryPositions {
    /// A layer with these options.
    pub fn new(options: RotaryOptions) -> RotaryPositions {
        RotaryPositions { options }
    }

    /// The same with this much more added to all positions, by [`RotaryOptions::after`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{RotaryOptions, Tensor};
    /// # use wengert_nn::{Layer, RotaryPositions};
    /// let x = Tensor::from([[1.0, 2.0]]);
    /// let (positions, later) = (RotaryPositions::new(RotaryOptions::new()), RotaryOptions::new().offset(3));
    /// let want = RotaryPositions::new(later).forward(&x)?.to_vec::<f32>()?;
    /// assert_eq!(positions.after(3).forward(&x)?.to_vec::<f32>()?, want);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    #[must_use]
    pub fn after(&self, first: usize) -> RotaryPositions {
        RotaryPositions { options: self.options.clone().after(first) }
    }
}

impl Layer for RotaryPositions {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.rotary_embedding(self.options.clone())
    }
}

#[cfg(test)]
cases![
    layer("SinusoidalPositions", |_| Ok(SinusoidalPositions::new()))
        .maps(&[2, 3, 4], &[2, 3, 4])
        .maps(&[3, 5], &[3, 5])
        .maps(&[0, 4], &[0, 4])
        .refuses(&[4], "SinusoidalPositions: the input has shape [4], expected [.., L, E]"),
    layer("SinusoidalPositions", |_| Ok(SinusoidalPositions::new().base(0.0)))
        .refuses(&[2, 4], "SinusoidalPositions: base is 0.0, it must be above 0 and finite"),
    layer("SinusoidalPositions", |_| Ok(SinusoidalPositions::new().after(2).after(3)))
        .maps(&[2, 3, 4], &[2, 3, 4])
        .maps(&[0, 4], &[0, 4]),
    layer("LearnedPositions", |rng| LearnedPositions::new(3, 2, rng))
        .state(&["weight"])
        .maps(&[2, 3, 2], &[2, 3, 2])
        .maps(&[1, 2], &[1, 2])
        .refuses(
            &[4, 2],
            "LearnedPositions: the input has shape [4, 2], expected [.., L, 2], with at most 3 positions",
        ),
    layer("LearnedPositions", |rng| Ok(LearnedPositions::new(3, 2, rng)?.after(1)))
        .state(&["weight"])
        .maps(&[2, 2, 2], &[2, 2, 2])
        .maps(&[0, 2], &[0, 2])
        .refuses(
            &[3, 2],
            "LearnedPositions: the input has shape [3, 2], expected [.., L, 2], with at most 2 positions after 1 of 3",
        ),
    layer("LearnedPositions", |rng| Ok(LearnedPositions::new(3, 2, rng)?.after(4))).state(&["weight"]).refuses(
        &[0, 2],
        "LearnedPositions: the input has shape [0, 2], expected [.., L, 2], with at most 0 positions after 4 of 3",
    ),
    layer("LearnedPositions", |rng| LearnedPositions::new(0, 2, rng))
        .cannot_be("LearnedPositions: max_length is 0, it must be at least 1"),
    layer("LearnedPositions", |_| LearnedPositions::from_tensors(Tensor::from([1.0])))
        .cannot_be("LearnedPositions: weight has shape [1], expected [max_length, E]"),
    layer("RotaryPositions", |_| Ok(RotaryPositions::new(RotaryOptions::new().base(10.0).interleaved(true))))
        .maps(&[2, 3, 4], &[2, 3, 4])
        .maps(&[0, 2], &[0, 2])
        .refuses(&[3, 3], "rotary_embedding: dim is 3, it must be even and at most 3, the number of features"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use autograd_core::seeded;

    #[test]
    fn rows_after_others_are_those_of_the_whole() -> Result<()> {
        let x = Tensor::randn(&[2, 6, 4], DType::F32, &mut seeded(8))?;
        let (sines, learned) = (SinusoidalPositions::new(), LearnedPositions::new(6, 4, &mut seeded(7))?);
        let rotary = RotaryPositions::new(RotaryOptions::new().base(10.0));
        type Layers = Vec<Box<dyn Layer>>;
        let all = |first: usize| -> Layers {
            vec![Box::new(sines.after(first)), Box::new(learned.after(first)), Box::new(rotary.after(first))]
        };
        for (from, later) in all(1).iter().zip(all(1 + 3)) {
            let whole = from.forward(&x.narrow(1, 1, 5)?)?;
            let part = later.forward(&x.narrow(1, 4, 2)?)?;
            assert_eq!(part.to_f64s(), whole.narrow(1, 3, 2)?.to_f64s(), "{}", later.kind());
        }
        Ok(())
    }

    #[test]
    fn vectors_that_are_frozen_stay_so_after_others() -> Result<()> {
        let mut learned = LearnedPositions::new(3, 2, &mut seeded(7))?;
        assert!(learned.after(1).weight.is_trainable());
        assert_eq!(learned.after(1).weight.node_id(), learned.weight.node_id());
        learned.freeze("")?;
        assert!(!learned.after(1).weight.is_trainable());
        Ok(())
    }
}
