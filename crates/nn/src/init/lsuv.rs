//! Layer-sequential unit variance: weights scaled by what the layers return for a batch.

use super::{Initializer, orthogonal};
use crate::hooks::see_calls;
use crate::kinds::{self, EMBEDDINGS};
use crate::layer::Layer;
use crate::observe::join;
use crate::summary::Unchanged;
use autograd_core::module::{ItemMut, Path};
use autograd_core::{Error, ErrorKind, Result, Tensor, no_grad};
use rand::Rng;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

/// The initialiser of whole models that [`lsuv`] makes.
///
/// # Examples
/// ```
/// use wengert_nn::init::{Lsuv, lsuv};
/// let start: Lsuv = lsuv().tolerance(0.01).iterations(20);
/// assert_ne!(start, lsuv());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lsuv {
    tolerance: f64,
    iterations: usize,
}

/// A layer that [`Lsuv::start`] has scaled.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor};
/// use wengert_nn::{Linear, init::{LsuvRow, lsuv}, sequential};
/// let mut rng = autograd_core::seeded(7);
/// let mut model = sequential![Linear::new(8, 8, &mut rng)?];
/// let x = Tensor::randn(&[64, 8], DType::F32, &mut rng)?;
/// let LsuvRow { name, variance, .. } = &lsuv().start(&mut model, &[x], &mut rng)?[0];
/// assert!(name == "0" && (variance - 1.0).abs() <= 0.1);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LsuvRow {
    /// The place of the layer, as in the names of its parameters.
    pub name: String,
    /// The variance of its output at the end.
    pub variance: f64,
    /// How often its weight was scaled.
    pub iterations: usize,
}

/// Layer-sequential unit variance: one layer after another, in the order in which they run, gets an [`orthogonal`]
/// weight and a bias of 0, and then its weight is divided by the standard deviation of its output for a batch, until
/// the variance of that is near 1.
///
/// It is for deep models without normalisation, and for activations that no formula for gains knows.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor, module::Module};
/// use wengert_nn::{Layer, Linear, Tanh, init::lsuv, sequential};
/// let mut rng = autograd_core::seeded(7);
/// let mut model = sequential![Linear::new(8, 30, &mut rng)?, Tanh, Linear::new(30, 30, &mut rng)?];
/// let x = Tensor::randn(&[256, 8], DType::F32, &mut rng)?;
/// let rows = lsuv().tolerance(0.02).start(&mut model, std::slice::from_ref(&x), &mut rng)?;
/// assert_eq!(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["0", "2"]);
/// let y = model.forward(&x)?;
/// assert!((y.var_dim(.., 0.0)?.item::<f32>()? - 1.0).abs() < 0.02);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Mishkin, Matas, All you need is a good init, 2015, algorithm 1.
pub fn lsuv() -> Lsuv {
    Lsuv { tolerance: 0.1, iterations: 10 }
}

impl Lsuv {
    /// How far from 1 a variance may stay, above 0. Default 0.1.
    #[must_use]
    pub fn tolerance(mut self, tolerance: f64) -> Lsuv {
        self.tolerance = tolerance;
        self
    }

    /// How often a weight is scaled at most. Default 10.
    #[must_use]
    pub fn iterations(mut self, iterations: usize) -> Lsuv {
        self.iterations = iterations;
        self
    }

    /// Starts all layers of a model that have a `weight` of two dims or more and run by [`Layer::call`]; returns them
    /// in the order in which they run. Those that run several times go by the first. Passed over are
    /// [`Embedding`](crate::Embedding), [`EmbeddingBag`](crate::EmbeddingBag) and
    /// [`LearnedPositions`](crate::LearnedPositions), whose weights are rows that stand side by side, and the norms.
    /// Running statistics and positions of random streams stay as they are.
    ///
    /// # Errors
    /// If the model does not take the inputs, no layer is found, or one returns values without a finite variance above
    /// 0; then all parameters are as before, but `rng` is where the last draw has left it.
    pub fn start<M: Layer + ?Sized>(
        &self,
        model: &mut M,
        inputs: &[Tensor],
        rng: &mut dyn Rng,
    ) -> Result<Vec<LsuvRow>> {
        let before: HashMap<String, Tensor> =
            model.named_parameters().into_iter().map(|(name, param)| (name, param.detach())).collect();
        self.scale(model, inputs, rng).inspect_err(|_| {
            for (name, old) in &before {
                // It has had this value.
                let _ = change(model, name, &mut |_| Ok(Some(old.clone())));
            }
        })
    }

    fn scale<M: Layer + ?Sized>(&self, model: &mut M, inputs: &[Tensor], rng: &mut dyn Rng) -> Result<Vec<LsuvRow>> {
        if !(self.tolerance > 0.0 && self.tolerance.is_finite()) {
            return Err(Error::argument("lsuv", "tolerance", self.tolerance, "finite and above 0"));
        }
        let names: Vec<String> = model.named_parameters().into_iter().map(|(name, _)| name).collect();
        let mut open = HashSet::new();
        let kinds =
            model.named_modules().into_iter().map(|(place, part)| (place, part.kind())).collect::<HashMap<_, _>>();
        let passes = |place: &String| {
            let kind = kinds.get(place).copied().unwrap_or_default();
            // Rows that are looked up, of which one may be padding, or added; and factors of what has unit variance.
            EMBEDDINGS.contains(&kind) || kind == "LearnedPositions" || kinds::is_norm(kind)
        };
        let mut places: Vec<String> = calls(model, inputs)?.into_iter().map(|(place, _)| place).collect();
        places.retain(|place| !passes(place));
        places.retain(|place| names.contains(&join(place, &"weight")) && open.insert(place.clone()));
        let mut rows = Vec::new();
        for place in places {
            let weight = join(&place, &"weight");
            let mut draw = |old: &Tensor| orthogonal().tensor(old.shape(), old.dtype(), rng);
            if !change(model, &weight, &mut |old| if old.rank() < 2 { Ok(None) } else { draw(old).map(Some) })? {
                continue;
            }
            change(model, &join(&place, &"bias"), &mut |old| Ok(Some(old.zeros_like())))?;
            let mut row = LsuvRow { variance: variance(model, inputs, &place)?, name: place, iterations: 0 };
            while (row.variance - 1.0).abs() > self.tolerance && row.iterations < self.iterations {
                let factor = 1.0 / row.variance.sqrt();
                change(model, &weight, &mut |old| Ok(Some(old.mul_scalar(factor))))?;
                row.variance = variance(model, inputs, &row.name)?;
                row.iterations += 1;
            }
            rows.push(row);
        }
        if rows.is_empty() {
            let text = "lsuv: no layer with a weight of two dims or more ran by Layer::call, but for embeddings, \
                        LearnedPositions and norms, which stay";
            return Err(Error::new(ErrorKind::Argument, text));
        }
        Ok(rows)
    }
}

/// The calls of layers in a run of a model, each with the variance of its output; the model stays as it is.
fn calls<M: Layer + ?Sized>(model: &M, inputs: &[Tensor]) -> Result<Vec<(String, f64)>> {
    let _unchanged = Unchanged::of(model);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let see = move |call: &crate::LayerCall<'_>| {
        log.lock().unwrap_or_else(PoisonError::into_inner).push((call.place.to_string(), spread(call.output)));
    };
    let output = see_calls(see, || no_grad(|| model.forward_all(inputs)))?;
    let mut all = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
    // The model itself, if it is one layer.
    all.push((String::new(), spread(&output)));
    Ok(all)
}

/// The variance of the elements.
fn spread(x: &Tensor) -> f64 {
    let values = x.to_f64s();
    let n = values.len() as f64;
    let rounded = values.iter().sum::<f64>() / n;
    // With what rounding has lost: equal elements have no variance.
    let mean = rounded + values.iter().map(|x| x - rounded).sum::<f64>() / n;
    values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n
}

/// The variance of the first output of a layer.
fn variance<M: Layer + ?Sized>(model: &M, inputs: &[Tensor], place: &str) -> Result<f64> {
    let first = calls(model, inputs)?.into_iter().find(|(known, _)| known == place);
    match first {
        Some((_, variance)) if variance > 0.0 && variance.is_finite() => Ok(variance),
        other => {
            let variance = other.map_or("none".into(), |(_, variance)| variance.to_string());
            let text = format!("lsuv: the variance of the output is {variance}, and no factor makes 1 of it");
            Err(Error::new(ErrorKind::NotFinite, text).inside(place, "layer"))
        }
    }
}

/// Gives the parameter of a name another value; false if there is none, or `new` has none.
fn change<M: Layer + ?Sized>(
    model: &mut M,
    name: &str,
    new: &mut dyn FnMut(&Tensor) -> Result<Option<Tensor>>,
) -> Result<bool> {
    let mut outcome = Ok(false);
    model.visit_mut(&Path::root(), &mut |path, item| {
        if let (ItemMut::Param(param), Ok(_)) = (item, &outcome)
            && path.to_string() == name
        {
            outcome = new(&param.detach()).and_then(|value| match value {
                Some(value) => param.set(value).map(|()| true),
                None => Ok(false),
            });
        }
    });
    outcome
}

#[cfg(test)]
mod tests {
    use super::{lsuv, spread};
    use crate::{Conv2d, Flatten, Layer, LearnedPositions, Linear, ReLU, Sequential, sequential};
    use autograd_core::module::{Module, Param};
    use autograd_core::{DType, Result, Tensor, seeded};

    #[test]
    fn a_deep_model_keeps_its_variance() -> Result<()> {
        let rng = &mut seeded(1);
        let mut model = sequential![Conv2d::new(1, 4, 3, rng)?, ReLU, Flatten::new(), Linear::new(144, 20, rng)?];
        for _ in 0..20 {
            model = model.push(ReLU).push(Linear::new(20, 20, rng)?);
        }
        let x = Tensor::randn(&[64, 1, 8, 8], DType::F32, rng)?;
        let before = spread(&model.forward(&x)?);
        assert!(before < 0.1, "{before}");
        let rows = lsuv().tolerance(0.05).start(&mut model, std::slice::from_ref(&x), rng)?;
        assert_eq!(rows.len(), 22);
        assert!(rows.iter().all(|row| (row.variance - 1.0).abs() <= 0.05), "{rows:?}");
        assert!((spread(&model.forward(&x)?) - 1.0).abs() <= 0.05);
        let all = model.named_parameters();
        let mut biases = all.iter().filter(|(name, _)| name.ends_with("bias"));
        assert!(biases.all(|(_, bias)| bias.to_f64s().iter().all(|x| *x == 0.0)));
        Ok(())
    }

    #[test]
    fn tables_and_factors_of_normalisations_stay() -> Result<()> {
        let rng = &mut seeded(1);
        let table = crate::Embedding::with(5, 3, autograd_core::EmbeddingOptions::new().padding_idx(0), rng)?;
        let (positions, norm) = (LearnedPositions::new(2, 3, rng)?, crate::LayerNorm::new(&[2, 3])?);
        let mut model = sequential![table, positions, norm, Flatten::new(), Linear::new(6, 4, rng)?];
        let before = model.state_dict();
        let x = Tensor::from([[0, 1], [2, 3], [4, 1], [3, 2]]);
        let rows = lsuv().start(&mut model, &[x], rng)?;
        assert_eq!(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["4"]);
        for (name, old) in before.iter().filter(|(name, _)| !name.starts_with('4')) {
            assert_eq!(model.state_dict().get(name).expect("there").to_f64s(), old.to_f64s(), "{name}");
        }
        Ok(())
    }

    /// A user's layers, whose names begin and end like those that are passed over.
    macro_rules! projections {
        ($($Kind:ident),+) => {$(
            #[derive(Clone, wengert_derive::Module)]
            struct $Kind {
                weight: Param,
            }

            impl Layer for $Kind {
                fn forward(&self, x: &Tensor) -> Result<Tensor> {
                    x.matmul(&self.weight)
                }
            }
        )+};
    }
    projections!(EmbeddingProjection, PreNorm);

    #[test]
    fn layers_are_passed_over_by_their_whole_names() -> Result<()> {
        let rng = &mut seeded(1);
        let mut weight = || Param::new(Tensor::randn(&[5, 5], DType::F32, rng)?);
        let mut model = sequential![EmbeddingProjection { weight: weight()? }, PreNorm { weight: weight()? }];
        let rng = &mut seeded(2);
        let x = Tensor::randn(&[64, 5], DType::F32, rng)?;
        let rows = lsuv().start(&mut model, &[x], rng)?;
        assert_eq!(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["0", "1"]);
        Ok(())
    }

    #[test]
    fn a_single_layer_is_a_model_too() -> Result<()> {
        let rng = &mut seeded(1);
        let mut model = Linear::new(5, 4, rng)?;
        let x = Tensor::randn(&[64, 5], DType::F64, rng)?;
        model.to_dtype(DType::F64)?;
        let rows = lsuv().start(&mut model, &[x], rng)?;
        assert_eq!((rows.len(), rows[0].name.as_str()), (1, ""));
        Ok(())
    }

    #[test]
    fn what_is_constant_has_no_variance() -> Result<()> {
        for (value, n) in [(0.1, 3), (0.7, 10), (-1.0 / 3.0, 7)] {
            assert_eq!(super::spread(&Tensor::full(&[n], value, DType::F64)?), 0.0);
        }
        Ok(())
    }

    #[test]
    fn what_cannot_be_scaled_is_refused() -> Result<()> {
        let rng = &mut seeded(1);
        let mut model = sequential![Linear::new(3, 2, rng)?];
        let zeros = [Tensor::zeros(&[4, 3], DType::F32)?];
        let text = |result: Result<Vec<super::LsuvRow>>| result.expect_err("refused").to_string();
        let numbers =
            |model: &Sequential| -> Vec<f64> { model.parameters().iter().flat_map(|p| p.to_f64s()).collect() };
        let before = numbers(&model);
        assert_eq!(
            text(lsuv().start(&mut model, &zeros, rng)),
            "in 0 (layer): lsuv: the variance of the output is 0, and no factor makes 1 of it"
        );
        assert_eq!(numbers(&model), before);
        let none = "lsuv: no layer with a weight of two dims or more ran by Layer::call, but for embeddings, \
                    LearnedPositions and norms, which stay";
        assert_eq!(text(lsuv().start(&mut Sequential::new(), &zeros, rng)), none);
        let mut table = sequential![crate::Embedding::new(5, 3, rng)?];
        assert_eq!(text(lsuv().start(&mut table, &[Tensor::from([0, 4])], rng)), none);
        assert_eq!(
            text(lsuv().tolerance(0.0).start(&mut model, &zeros, rng)),
            "lsuv: tolerance is 0.0, it must be finite and above 0"
        );
        Ok(())
    }
}
