//! Running statistics that are estimated again.

use super::running::Running;
use crate::layer::Layer;
use autograd_core::module::{Item, ItemMut, Mode, Path};
use autograd_core::{Result, Tensor, no_grad};
use std::cell::RefCell;

thread_local! {
    /// The places of the running statistics that this thread estimates, with the number of their batches; none if it
    /// does not.
    static ESTIMATED: RefCell<Option<Vec<(usize, u64)>>> = const { RefCell::new(None) };
}

/// Whether the next batch is the first of an estimation.
pub(super) fn begins(running: &Running) -> bool {
    let place = running.place();
    let known = |all: &Vec<(usize, u64)>| all.iter().any(|(other, _)| *other == place);
    ESTIMATED.with_borrow(|estimated| estimated.as_ref().is_some_and(|all| !known(all)))
}

/// The number of this batch of what is being estimated again, from 1 on.
pub(super) fn batch_of(running: &Running) -> Option<u64> {
    let place = running.place();
    ESTIMATED.with_borrow_mut(|estimated| {
        let all = estimated.as_mut()?;
        match all.iter_mut().find(|(other, _)| *other == place) {
            Some((_, count)) => {
                *count += 1;
                Some(*count)
            }
            None => {
                all.push((place, 1));
                Some(1)
            }
        }
    })
}

/// Puts back what was estimated around, also after a panic.
struct Around(Option<Vec<(usize, u64)>>);

impl Drop for Around {
    fn drop(&mut self) {
        ESTIMATED.set(self.0.take());
    }
}

/// What a run changes.
enum Saved {
    Mode(Mode),
    Buffer(Tensor),
    Stream(u64),
}

/// Puts back modes when it is dropped, and all else that a run changes unless the run was done; also after a panic.
struct Restored<'m, M: Layer + ?Sized> {
    model: &'m mut M,
    before: Vec<Saved>,
    done: bool,
}

impl<'m, M: Layer + ?Sized> Restored<'m, M> {
    fn of(model: &'m mut M) -> Self {
        let mut before = Vec::new();
        model.visit(&Path::root(), &mut |_, item| match item {
            Item::Mode(mode) => before.push(Saved::Mode(*mode)),
            Item::Buffer(buffer) => before.push(Saved::Buffer(buffer.get())),
            Item::Stream(stream) => before.push(Saved::Stream(stream.position().1)),
            Item::Param(_) | Item::Tied(_) => {}
        });
        Restored { model, before, done: false }
    }
}

impl<M: Layer + ?Sized> Drop for Restored<'_, M> {
    fn drop(&mut self) {
        let (mut before, done) = (self.before.drain(..), self.done);
        self.model.visit_mut(&Path::root(), &mut |_, item| {
            if matches!(item, ItemMut::Param(_) | ItemMut::Tied(_)) {
                return;
            }
            match (item, before.next()) {
                (ItemMut::Mode(mode), Some(Saved::Mode(old))) => *mode = old,
                (ItemMut::Buffer(buffer), Some(Saved::Buffer(old))) if !done => buffer.set(old),
                (ItemMut::Stream(stream), Some(Saved::Stream(old))) if !done => stream.seek(old),
                _ => {}
            }
        });
    }
}

/// Estimates the running statistics of all normalisation layers again: each becomes the plain mean of those of the
/// batches, whatever the layer's momentum and whatever it was. For weights that no training has passed through, as the
/// averages of `Swa` and `Ema` are: after `eval`, which puts them into the model, their statistics are still those of
/// the weights that were trained.
///
/// The model is run in training mode, without recording; each item is all inputs of a batch. Modes are put back
/// afterwards, and what is held in evaluation stays so and keeps its statistics. Returns how many layers were
/// estimated.
///
/// # Errors
/// If a batch is an error or the model fails on it; then modes, buffers and random streams are as they were, as after a
/// panic.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Module};
/// use wengert_nn::{BatchNorm1d, update_batch_norm};
/// let mut norm = BatchNorm1d::new(1)?;
/// norm.eval();
/// let batches = [[[1.0], [3.0]], [[5.0], [7.0]]].map(|x| Ok(vec![Tensor::from(x)]));
/// assert_eq!(update_batch_norm(&mut norm, batches)?, 1);
/// let [mean, var] = norm.running_stats().expect("tracked");
/// assert_eq!((mean.item::<f32>()?, var.item::<f32>()?), (4.0, 2.0));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Izmailov, Podoprikhin, Garipov, Vetrov, Wilson, Averaging Weights Leads to Wider Optima and Better Generalization,
/// 2018, section 3.2.
///
/// # Differs from
/// PyTorch's `update_bn`: instance normalisation with running statistics is estimated, too.
pub fn update_batch_norm<M: Layer + ?Sized>(
    model: &mut M,
    batches: impl IntoIterator<Item = Result<Vec<Tensor>>>,
) -> Result<usize> {
    let mut restored = Restored::of(model);
    restored.model.train();
    let mut own = Vec::new();
    for inputs in batches {
        // What makes the batches is no part of what is estimated.
        let inputs = inputs?;
        let _around = Around(ESTIMATED.replace(Some(std::mem::take(&mut own))));
        drop(no_grad(|| restored.model.forward_all(&inputs))?);
        own = ESTIMATED.take().unwrap_or_default();
    }
    restored.done = true;
    Ok(own.len())
}

#[cfg(test)]
mod tests {
    use super::update_batch_norm;
    use crate::{BatchNorm1d, BatchNormOptions, Dropout, InstanceNorm1d, InstanceNormOptions, Layer, Linear};
    use crate::{Sequential, WeightNorm, sequential};
    use autograd_core::module::{Module, Param, StateDict, stream_positions};
    use autograd_core::{DType, Error, ErrorKind, Result, Tensor, seeded};
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use wengert_derive::Module;

    fn batches(count: u64) -> Vec<Tensor> {
        (0..count).map(|seed| Tensor::randn(&[6, 2], DType::F32, &mut seeded(seed)).expect("small")).collect()
    }

    fn estimate(model: &mut impl Layer, batches: &[Tensor]) -> Result<usize> {
        update_batch_norm(model, batches.iter().map(|x| Ok(vec![x.clone()])))
    }

    fn number(state: &StateDict, name: &str) -> Vec<f64> {
        state.get(name).map(Tensor::to_f64s).unwrap_or_default()
    }

    #[test]
    fn what_makes_the_batches_is_not_estimated() -> Result<()> {
        let (mut norm, teacher) = (BatchNorm1d::new(2)?, BatchNorm1d::new(2)?);
        let x = batches(3);
        let batches = x.iter().map(|x| Ok(vec![teacher.forward(x)?]));
        assert_eq!(update_batch_norm(&mut norm, batches)?, 1);
        let other = BatchNorm1d::new(2)?;
        x.iter().try_for_each(|x| other.forward(x).map(drop))?;
        for name in ["running_mean", "running_var"] {
            assert_eq!(number(&teacher.state_dict(), name), number(&other.state_dict(), name));
        }
        Ok(())
    }

    #[test]
    fn statistics_are_the_means_of_those_of_the_batches() -> Result<()> {
        for momentum in [Some(0.1), Some(0.0), None] {
            let options = BatchNormOptions::new().momentum(momentum);
            let mut model = sequential![Linear::new(2, 3, &mut seeded(7))?, BatchNorm1d::with(3, options)?];
            // What was there before does not count, not even where it is no number.
            drop(model.forward(&Tensor::full(&[4, 2], f64::INFINITY, DType::F32)?)?);
            model.eval();
            let x = batches(3);
            assert_eq!(estimate(&mut model, &x)?, 1);
            let (state, mut want) = (model.state_dict(), [vec![0.0; 3], vec![0.0; 3]]);
            let linear = Linear::new(2, 3, &mut seeded(7))?;
            for x in &x {
                let h = linear.forward(x)?;
                let moments = [h.mean_dim(0)?.to_f64s(), h.var_dim(0, 1.0)?.to_f64s()];
                for (want, moments) in want.iter_mut().zip(moments) {
                    want.iter_mut().zip(moments).for_each(|(want, moment)| *want += moment / 3.0);
                }
            }
            for (name, want) in ["1.running_mean", "1.running_var"].into_iter().zip(want) {
                let got = number(&state, name);
                assert!(got.iter().zip(&want).all(|(a, b)| (a - b).abs() < 1e-5), "{name}: {got:?}, {want:?}");
            }
            assert_eq!(number(&state, "1.num_batches_tracked"), [3.0]);
            // It is as before in evaluation, and in training goes on with its own momentum.
            let y = model.forward(&x[0])?.to_f64s();
            assert_eq!(model.forward(&x[0])?.to_f64s(), y);
            model.train();
            drop(model.forward(&x[0])?);
            assert_eq!(number(&model.state_dict(), "1.num_batches_tracked"), [4.0]);
            if momentum == Some(0.0) {
                assert_eq!(number(&model.state_dict(), "1.running_mean"), number(&state, "1.running_mean"));
            }
        }
        Ok(())
    }

    /// Each batch is seen by a copy of such a layer, which shares its statistics and lies somewhere else, or where that
    /// of another layer lay.
    #[test]
    fn statistics_of_layers_with_computed_parameters_are_those_of_the_layers() -> Result<()> {
        #[derive(Clone, Module)]
        struct Block {
            weight: Param,
            norm: BatchNorm1d,
        }
        impl Layer for Block {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                self.norm.forward(&x.matmul(&self.weight)?)
            }
        }
        let block = || {
            Ok::<_, Error>(Block {
                weight: Param::new(Tensor::from([[2.0, 1.0], [0.0, 3.0]]))?,
                norm: BatchNorm1d::new(2)?,
            })
        };
        let mut plain = sequential![block()?, block()?, block()?];
        let normed = || WeightNorm::new(block()?);
        let mut computed = sequential![normed()?, normed()?, normed()?];
        let x = batches(3);
        assert_eq!(estimate(&mut plain, &x)?, 3);
        assert_eq!(estimate(&mut computed, &x)?, 3);
        for (place, part) in ["0", "1", "2"].iter().flat_map(|place| ["mean", "var"].map(|part| (place, part))) {
            let name = format!("{place}.norm.running_{part}");
            let (want, got) = (number(&plain.state_dict(), &name), number(&computed.state_dict(), &name));
            assert_eq!(want.len(), 2, "{name}");
            assert!(got.iter().zip(&want).all(|(a, b)| (a - b).abs() < 1e-5), "{name}: {got:?}, {want:?}");
        }
        Ok(())
    }

    #[test]
    fn after_an_error_all_is_as_it_was() -> Result<()> {
        let mut model = sequential![BatchNorm1d::new(2)?];
        model.eval();
        let before = model.state_dict();
        let failing = [Ok(vec![batches(1)[0].clone()]), Err(Error::new(ErrorKind::Data, "no more"))];
        assert_eq!(update_batch_norm(&mut model, failing).expect_err("it fails").to_string(), "no more");
        for (name, value) in before.iter() {
            assert_eq!(number(&model.state_dict(), name), value.to_f64s(), "{name}");
        }
        assert_eq!(estimate(&mut model, &[])?, 0);
        // No estimation is left open: a batch counts by the momentum.
        model.train();
        drop(model.forward(&batches(1)[0])?);
        let mean = batches(1)[0].mean_dim(0)?.to_f64s();
        let got = number(&model.state_dict(), "0.running_mean");
        assert!(got.iter().zip(mean).all(|(got, mean)| (got - 0.1 * mean).abs() < 1e-6));
        Ok(())
    }

    #[test]
    fn after_a_panic_all_is_as_it_was() -> Result<()> {
        let rng = &mut seeded(7);
        let falls = |x: &Tensor| if x.shape()[0] > 6 { panic!("on purpose") } else { x * 1.0 };
        let mut model = sequential![Dropout::new(0.5, rng)?, BatchNorm1d::new(2)?, falls];
        model.eval();
        let all = |model: &Sequential| {
            let state = model.state_dict();
            (["mean", "var"].map(|what| number(&state, &format!("1.running_{what}"))), stream_positions(model))
        };
        let before = all(&model);
        let x = [batches(1)[0].clone(), Tensor::ones(&[7, 2], DType::F32)?];
        assert!(catch_unwind(AssertUnwindSafe(|| estimate(&mut model, &x))).is_err());
        assert_eq!(all(&model), before);
        assert_eq!(model.forward(&x[0])?.to_f64s(), model.forward(&x[0])?.to_f64s());
        assert_eq!(stream_positions(&model), before.1);
        Ok(())
    }

    #[test]
    fn what_is_held_keeps_its_statistics() -> Result<()> {
        let mut model = sequential![BatchNorm1d::new(2)?, BatchNorm1d::new(2)?];
        model.hold_eval("0")?;
        let before = number(&model.state_dict(), "0.running_mean");
        assert_eq!(estimate(&mut model, &batches(2))?, 1);
        assert_eq!(number(&model.state_dict(), "0.running_mean"), before);
        Ok(())
    }

    #[test]
    fn instances_are_estimated_but_not_counted() -> Result<()> {
        let options = InstanceNormOptions::new().track_running_stats(true);
        let mut model = sequential![InstanceNorm1d::with(2, options)?];
        let x: Vec<Tensor> =
            (0..2).map(|seed| Tensor::randn(&[3, 2, 5], DType::F32, &mut seeded(seed))).collect::<Result<_>>()?;
        assert_eq!(estimate(&mut model, &x)?, 1);
        let both = Tensor::cat(&[&x[0], &x[1]], 0)?.mean_dim([0, 2])?.to_f64s();
        let (state, got) = (model.state_dict(), number(&model.state_dict(), "0.running_mean"));
        assert!(got.iter().zip(both).all(|(a, b)| (a - b).abs() < 1e-6));
        assert_eq!(number(&state, "0.num_batches_tracked"), [0.0]);
        Ok(())
    }
}
