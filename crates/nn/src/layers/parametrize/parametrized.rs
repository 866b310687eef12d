//! A layer with a computed parameter.

use super::Parametrization;
use super::parts::{change, find, mode};
use crate::layer::Layer;
use crate::observe::{join, unseen};
use autograd_core::check::Check;
use autograd_core::module::{Item, ItemMut, Module, Path};
use autograd_core::{Description, Error, ErrorKind, Result, Tensor};
use std::fmt;

/// A layer of any type, one parameter of which is computed whenever the layer runs.
///
/// What is trained, saved and frozen in its place are the original, `parametrizations.weight.original`, and the tensors
/// of the rule, by PyTorch's names. Gradients of any order flow to them. In every other respect it is the layer: its
/// other parameters keep their names, its buffers and random streams are its own, several inputs are passed on.
///
/// [`WeightNorm`](crate::WeightNorm), [`SpectralNorm`](crate::SpectralNorm), [`Orthogonal`](crate::Orthogonal) and
/// [`Lora`](crate::Lora) are such layers; a rule of your own is a [`Parametrization`]. For two parameters of one layer,
/// one stands in the other: `WeightNorm<WeightNorm<LSTM>>`.
///
/// # Errors
/// `forward` fails if the layer does, or if the rule does or computes another shape or dtype than the original's.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Module};
/// use wengert_nn::{Layer, Linear, Parametrized, WeightNorm, WeightNormRule};
/// let linear = Linear::new(3, 2, &mut autograd_core::seeded(7))?;
/// let x = Tensor::from([1.0, -2.0, 0.5]);
/// let before = linear.forward(&x)?.to_f64s();
///
/// let layer: Parametrized<Linear, WeightNormRule> = WeightNorm::new(linear)?;
/// let names: Vec<String> = layer.named_parameters().into_iter().map(|(name, _)| name).collect();
/// assert_eq!(names, ["bias", "parametrizations.weight.original0", "parametrizations.weight.original1"]);
/// let after = layer.forward(&x)?.to_f64s();
/// assert!(before.iter().zip(&after).all(|(a, b)| (a - b).abs() < 1e-6));
///
/// // The layer as it runs, for what else it can do; and plain again.
/// assert_eq!(layer.layer()?.out_features(), 2);
/// let linear: Linear = layer.fold()?;
/// assert_eq!(linear.named_parameters()[0].0, "weight");
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone)]
pub struct Parametrized<L, P> {
    /// In the place of the parameter it holds the original.
    layer: L,
    name: String,
    rule: P,
}

impl<L: Layer + Clone, P: Parametrization> Parametrized<L, P> {
    /// The layer, whose parameter of this name is computed by the rule from now on. It starts from what it is, as far
    /// as the rule can give that. The original is trained if the parameter was; the rule's own parameters stay as they
    /// are. A rule with a mode takes that of the layer, or, where parts of it have several, that of the part which is
    /// nearest to the parameter; of a layer without one, as [`Linear`](crate::Linear) is, it keeps its own.
    ///
    /// # Errors
    /// If the layer has no such parameter, or has it in two places, or the rule gives no original of its shape and
    /// dtype.
    ///
    /// # Examples
    /// ```
    /// use autograd_core::Tensor;
    /// use wengert_nn::{Linear, Module, Parametrization, Parametrized, Result};
    ///
    /// #[derive(Clone, Module)]
    /// struct Positive;
    ///
    /// impl Parametrization for Positive {
    ///     const NAME: &'static str = "Positive";
    ///     fn forward(&self, original: &Tensor) -> Result<Tensor> {
    ///         Ok(original.exp())
    ///     }
    ///     fn right_inverse(&self, value: &Tensor) -> Result<Tensor> {
    ///         Ok(value.log())
    ///     }
    /// }
    ///
    /// let linear = Linear::from_tensors(Tensor::from([[1.0, 2.0]]), None)?;
    /// let layer = Parametrized::of(linear, "weight", Positive)?;
    /// assert_eq!(layer.value()?.to_vec::<f32>()?, [1.0, 2.0]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn of(mut layer: L, name: impl Into<String>, mut rule: P) -> Result<Parametrized<L, P>> {
        let name = name.into();
        let value = find(P::NAME, &layer, &name)?.detach();
        let mut tied = false;
        layer.visit(&Path::root(), &mut |path, item| tied |= matches!(item, Item::Tied(_)) && path.to_string() == name);
        if tied {
            let text = "is tied to a parameter outside of the layer, which would become the original of this one";
            let remedy = "give the layer a parameter of its own";
            return Err(Error::new(ErrorKind::Argument, format!("{}: {name:?} {text}; {remedy}", P::NAME)));
        }
        let original = rule.right_inverse(&value)?;
        like(P::NAME, "the original", &original, &value)?;
        change(&mut layer, &name, original)?;
        if let Some(mode) = mode(&layer, &name) {
            rule.visit_mut(&Path::root(), &mut |_, item| {
                if let ItemMut::Mode(own) = item {
                    *own = mode;
                }
            });
        }
        Ok(Parametrized { layer, name, rule })
    }

    /// The parameter as it is computed now. [`SpectralNorm`](crate::SpectralNorm) in training takes a step by that.
    ///
    /// # Errors
    /// If the rule fails, or computes another shape or dtype.
    pub fn value(&self) -> Result<Tensor> {
        let original = find(P::NAME, &self.layer, &self.name)?;
        let value = self.rule.forward(original)?;
        like(P::NAME, &self.name, &value, original)?;
        Ok(value)
    }

    /// The layer with the computed parameter in its place, to be run: gradients flow to the original and to the rule's
    /// parameters, and buffers and random streams are those of this one. It is for methods that are the layer's own.
    ///
    /// # Errors
    /// As for [`Parametrized::value`].
    pub fn layer(&self) -> Result<L> {
        self.layer.stand_in(&[(self.name.clone(), self.value()?)].into_iter().collect())
    }

    /// The plain layer, whose parameter is what is computed now: PyTorch's `remove_parametrizations`. It is trained if
    /// the original was.
    ///
    /// # Errors
    /// As for [`Parametrized::value`].
    ///
    /// # Examples
    /// ```
    /// use autograd_core::Tensor;
    /// use wengert_nn::{Linear, WeightNorm};
    /// let linear = Linear::from_tensors(Tensor::from([[3.0, 4.0]]), None)?;
    /// assert_eq!(WeightNorm::new(linear)?.fold()?.weight.to_vec::<f32>()?, [3.0, 4.0]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn fold(mut self) -> Result<L> {
        let value = self.value()?.detach();
        change(&mut self.layer, &self.name, value)?;
        Ok(self.layer)
    }

    /// The plain layer with the original in the place of its parameter, trained if that was: the layer that
    /// [`Lora`](crate::Lora) began with, and has frozen.
    ///
    /// # Examples
    /// ```
    /// use autograd_core::Tensor;
    /// use wengert_nn::{Linear, Lora};
    /// let linear = Linear::from_tensors(Tensor::from([[3.0, 4.0]]), None)?;
    /// let lora = Lora::new(linear, 1, &mut autograd_core::seeded(7))?;
    /// assert_eq!(lora.into_layer().weight.to_vec::<f32>()?, [3.0, 4.0]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn into_layer(self) -> L {
        self.layer
    }

    /// The rule.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Module};
    /// # use wengert_nn::{Linear, WeightNorm};
    /// let linear = Linear::from_tensors(Tensor::from([[3.0, 4.0]]), None)?;
    /// assert_eq!(WeightNorm::new(linear)?.rule().parameters()[0].to_f64s(), [5.0]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn rule(&self) -> &P {
        &self.rule
    }
}

fn like(op: &'static str, what: &str, x: &Tensor, other: &Tensor) -> Result<()> {
    Check(op).is(what, x, other.shape())?;
    Check(op).same_dtype(x, other).map(drop)
}

/// Goes to the place of a parameter's parametrisation, `inner.parametrizations.weight` for `inner.weight`.
fn below<F: FnOnce(&Path<'_>)>(path: &Path<'_>, name: &str, f: F) {
    match name.split_once('.') {
        Some((first, rest)) => below(&path.child(first), rest, f),
        None => f(&path.child("parametrizations").child(name)),
    }
}

impl<L: Layer + Clone, P: Parametrization> Layer for Parametrized<L, P> {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let layer = self.layer()?;
        unseen(|| layer.forward(x))
    }
    fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
        let layer = self.layer()?;
        unseen(|| layer.forward_all(all))
    }
}

/// One method of the traversal of leaves: those of the layer but the original, then the original and those of the rule.
macro_rules! visit {
    ($self:ident, $path:ident, $f:ident, $method:ident, $Item:ident) => {
        let Parametrized { layer, name, rule } = $self;
        let (place, mut original) = (join(&$path.to_string(), name), None);
        layer.$method($path, &mut |at, item| match item {
            $Item::Param(_) | $Item::Tied(_) if at.to_string() == place => original = Some(item),
            other => $f(at, other),
        });
        below($path, name, |at| match P::PLACE {
            "" => {
                rule.$method(at, $f);
                original.into_iter().for_each(|original| $f(&at.child(P::ORIGINAL), original));
            }
            own => {
                original.into_iter().for_each(|original| $f(&at.child(P::ORIGINAL), original));
                rule.$method(&at.child(own), $f);
            }
        });
    };
}

/// The place of the rule, below that of the parametrisation.
fn own<'p, P: Parametrization>(at: &'p Path<'_>) -> Path<'p> {
    if P::PLACE.is_empty() { *at } else { at.child(P::PLACE) }
}

impl<L: Layer + Clone, P: Parametrization> Module for Parametrized<L, P> {
    fn kind(&self) -> &'static str {
        P::NAME
    }
    fn describe(&self) -> Description {
        let part = format!("parametrizations.{}", self.name);
        Description::new(P::NAME).flat(&self.layer.describe()).part(part, &self.rule.describe())
    }
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        visit!(self, path, f, visit, Item);
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        visit!(self, path, f, visit_mut, ItemMut);
    }
    fn visit_modules<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, &'m dyn Module)) {
        f(path, self);
        self.layer.visit_modules(path, f);
        below(path, &self.name, |at| self.rule.visit_modules(&own::<P>(at), f));
    }
    fn visit_modules_mut(&mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, &mut dyn Module)) {
        f(path, self);
        self.layer.visit_modules_mut(path, f);
        below(path, &self.name, |at| self.rule.visit_modules_mut(&own::<P>(at), f));
    }
}

impl<L: fmt::Debug, P: Parametrization + fmt::Debug> fmt::Debug for Parametrized<L, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parametrized { layer, name, rule } = self;
        f.debug_struct(P::NAME).field("layer", layer).field("name", name).field("rule", rule).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BatchNorm1d, Dropout, Linear, Tanh, sequential};
    use autograd_core::module::stream_positions;
    use autograd_core::{DType, Rng, seeded};
    use wengert_derive::Module;

    /// The original times a factor; of another shape if that is 0.
    #[derive(Clone, Debug, Module)]
    struct Times {
        factor: f64,
    }

    impl Parametrization for Times {
        const NAME: &'static str = "Times";
        fn forward(&self, original: &Tensor) -> Result<Tensor> {
            if self.factor == 0.0 { Ok(original.sum()) } else { Ok(original.mul_scalar(self.factor)) }
        }
        fn right_inverse(&self, value: &Tensor) -> Result<Tensor> {
            if self.factor < 0.0 { value.reshape(&[-1]) } else { Ok(value.mul_scalar(1.0 / self.factor.max(1.0))) }
        }
    }

    /// A model with all there is: buffers, a stream, modes.
    fn model(rng: &mut dyn Rng) -> Result<crate::Sequential> {
        Ok(sequential![Linear::new(3, 2, rng)?, BatchNorm1d::new(2)?, Dropout::new(0.4, rng)?, Linear::new(2, 1, rng)?])
    }

    cases![
        layer("Times", |rng| Parametrized::of(Linear::new(3, 2, rng)?, "weight", Times { factor: 2.0 }))
            .state(&["bias", "parametrizations.weight.original"])
            .maps(&[4, 3], &[4, 2]),
        layer("Times", |_| {
            Parametrized::of(Linear::from_tensors(Tensor::from([[3.0, 4.0]]), None)?, "weight", Times { factor: 4.0 })
        })
        .state(&["parametrizations.weight.original"])
        .gives([1.0, 2.0], [11.0]),
        layer("Times", |rng| Parametrized::of(model(rng)?, "3.weight", Times { factor: 2.0 }))
            .state(&[
                "0.weight",
                "0.bias",
                "1.weight",
                "1.bias",
                "1.running_mean",
                "1.running_var",
                "1.num_batches_tracked",
                "3.bias",
                "3.parametrizations.weight.original",
            ])
            .maps(&[4, 3], &[4, 1])
            .refuses(&[4, 2], "in 0 (Linear): linear: inner dimensions differ: [4, 2] × [3, 2] (2 ≠ 3)"),
        layer("Times", |rng| Parametrized::of(Linear::new(3, 2, rng)?, "weight", Times { factor: 0.0 }))
            .state(&["bias", "parametrizations.weight.original"])
            .refuses(&[4, 3], "Times: weight has shape [], expected [2, 3]"),
        layer("Times", |rng| Parametrized::of(Linear::new(3, 2, rng)?, "weight", Times { factor: -1.0 }))
            .cannot_become("Times: the original has shape [6], expected [2, 3]"),
        layer("Times", |rng| Parametrized::of(Linear::new(3, 2, rng)?, "", Times { factor: 1.0 }))
            .cannot_become("Times: no parameter of the Linear is called \"\"; there are \"weight\", \"bias\""),
        layer("Times", |rng| {
            let first = Linear::new(2, 2, rng)?;
            let second = Linear { weight: first.weight.tie(), bias: None };
            Parametrized::of(sequential![first, Tanh, second], "0.weight", Times { factor: 1.0 })
        })
        .cannot_become(
            "Times: \"2.weight\" is tied to \"0.weight\" in the Sequential, and one of two places cannot be computed alone"
        ),
    ];

    /// Run after run it draws and counts what the plain model would, and it can be folded into that.
    #[test]
    fn buffers_and_streams_are_those_of_the_layer() -> Result<()> {
        let plain = model(&mut seeded(7))?;
        let layer = Parametrized::of(model(&mut seeded(7))?, "0.weight", Times { factor: 2.0 })?;
        for seed in 0..3 {
            let x = Tensor::randn(&[4, 3], DType::F32, &mut seeded(seed))?;
            assert_eq!(layer.forward(&x)?.to_f64s(), plain.forward(&x)?.to_f64s());
            assert_eq!(stream_positions(&layer), stream_positions(&plain));
            assert_eq!(stream_positions(&layer)[0].2, seed + 1);
        }
        let values = |state: autograd_core::module::StateDict| {
            state.iter().map(|(name, x)| (name.to_string(), x.to_f64s())).collect::<Vec<_>>()
        };
        assert_eq!(values(layer.fold()?.state_dict()), values(plain.state_dict()));
        Ok(())
    }

    #[test]
    fn a_frozen_original_stays_frozen_when_it_is_folded() -> Result<()> {
        let mut layer = Parametrized::of(Linear::new(3, 2, &mut seeded(7))?, "weight", Times { factor: 2.0 })?;
        assert_eq!(layer.freeze("parametrizations.weight")?, 1);
        let linear = layer.fold()?;
        assert!(!linear.weight.is_trainable() && linear.bias.is_some_and(|bias| bias.is_trainable()));
        Ok(())
    }
}
