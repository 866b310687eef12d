//! The `Initializer` trait: a way to make the values a parameter starts from.

use super::uniform;
use autograd_core::check::Check;
use autograd_core::module::Param;
use autograd_core::{DType, Error, Result, Tensor};
use rand::Rng;
use std::fmt::{self, Debug};
use std::sync::Arc;

/// A way to make the values a parameter starts from.
///
/// These layers take one for their weight and one for their bias, as the options `weight` and `bias_init`:
/// [`Linear`](crate::Linear), [`Conv1d`](crate::Conv1d) to `Conv3d`, [`ConvTranspose1d`](crate::ConvTranspose1d) to
/// `ConvTranspose3d`, their lazy forms, [`Bilinear`](crate::Bilinear) and [`EinsumDense`](crate::EinsumDense). An
/// [`Embedding`](crate::Embedding) is made of a tensor of one by `from_tensors`, and every parameter takes one by
/// [`Param::set`].
///
/// ```
/// use autograd_core::{DType, Tensor, seeded};
/// use wengert_nn::init::{Initializer, ones, xavier_uniform};
/// let starts: [Box<dyn Initializer>; 2] = [Box::new(ones()), Box::new(xavier_uniform().gain(2.0))];
/// for start in &starts {
///     assert_eq!(start.tensor(&[3, 2], DType::F32, &mut seeded(7))?.shape(), [3, 2]);
/// }
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub trait Initializer: Debug + Send + Sync {
    /// A tensor of this shape. Random values are drawn from `rng` in row-major order.
    ///
    /// # Errors
    /// If the initialiser's numbers are out of range, the shape does not suit it, or `dtype` is not a float type.
    fn tensor(&self, shape: &[usize], dtype: DType, rng: &mut dyn Rng) -> Result<Tensor>;
}

impl<I: Initializer + ?Sized> Initializer for Box<I> {
    fn tensor(&self, shape: &[usize], dtype: DType, rng: &mut dyn Rng) -> Result<Tensor> {
        (**self).tensor(shape, dtype, rng)
    }
}

/// The initialisers of a layer's weight and bias, where its options name some. One equals itself alone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Starts {
    pub(crate) weight: Option<Arc<dyn Initializer>>,
    pub(crate) bias: Option<Arc<dyn Initializer>>,
}

impl PartialEq for Starts {
    fn eq(&self, other: &Starts) -> bool {
        let same = |a: &Option<Arc<dyn Initializer>>, b: &Option<Arc<dyn Initializer>>| match (a, b) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        same(&self.weight, &other.weight) && same(&self.bias, &other.bias)
    }
}

impl Eq for Starts {}

impl Starts {
    /// Weight and bias of these shapes for the layer of this name, each uniform in ±`bound` if no initialiser is named.
    pub(crate) fn draw(
        &self,
        layer: &'static str,
        bound: f64,
        weight: &[usize],
        bias: Option<&[usize]>,
        rng: &mut dyn Rng,
    ) -> Result<(Param, Option<Param>)> {
        let mut start = |name: &str, init: &Option<Arc<dyn Initializer>>, shape: &[usize]| {
            let value = match init {
                Some(init) => init.tensor(shape, DType::F32, rng)?,
                None => uniform(-bound, bound).tensor(shape, DType::F32, rng)?,
            };
            Check(layer).is(name, &value, shape)?;
            Check(layer).dtype(&value, DType::F32)?;
            Ok::<_, Error>(value)
        };
        let weight = start("weight", &self.weight, weight)?;
        let bias = bias.map(|shape| start("bias", &self.bias, shape)).transpose()?;
        Ok((Param::new(weight)?, bias.map(Param::new).transpose()?))
    }

    /// Those that are named, as fields of their options.
    pub(crate) fn show(&self, fields: &mut fmt::DebugStruct<'_, '_>) {
        for (name, start) in [("weight", &self.weight), ("bias_init", &self.bias)] {
            if let Some(start) = start {
                fields.field(name, start);
            }
        }
    }
}
