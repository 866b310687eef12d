//! A layer that is made when it first sees an input.

use crate::layer::Layer;
use crate::summary::Unchanged;
use autograd_core::module::{Item, ItemMut, Mode, Module, Path};
use autograd_core::{Description, Error, ErrorKind, Result, Tensor, no_grad, seeded};
use rand::{Rng, RngExt};
use std::cell::Cell;
use std::fmt;
use std::sync::{Arc, OnceLock};

type Make<L> = Arc<dyn Fn(&Tensor, &mut dyn Rng) -> Result<L> + Send + Sync>;

/// A layer that is made when it first sees an input, whose shape decides its sizes.
///
/// [`materialize`] shows an example to a model and makes all lazy layers in it. It comes before whatever is to see
/// their parameters: an optimizer, a state dict, a summary. From then on the layer is in every respect the one that was
/// made: its names, its kind, its description. Without it `forward` is an error.
///
/// Starting values come from a seed that is drawn when the lazy layer is built: they do not depend on the example's
/// numbers, nor on when it is shown. A model that is evaluated when it sees the example goes on being evaluated.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor, module::Module, seeded};
/// use wengert_nn::{ConvOptions, Flatten, Layer, LazyConv2d, LazyLinear, LinearOptions, ReLU};
/// use wengert_nn::{init, materialize, sequential};
/// let (mut rng, ones) = (seeded(7), LinearOptions::new().weight(init::ones()).bias(false));
/// let conv = LazyConv2d::with(4, 3, ConvOptions::new().weight(init::ones()).bias(false), &mut rng);
/// let mut model = sequential![conv, ReLU, Flatten::new(), LazyLinear::with(10, ones, &mut rng)];
/// assert_eq!(model.num_parameters(), 0);
///
/// let example = Tensor::ones(&[1, 3, 8, 8], DType::F32)?;
/// let error = model.forward(&example).expect_err("not made yet").to_string();
/// assert!(error.starts_with("in 0 (LazyConv2d): LazyConv2d: has no parameters yet"));
/// materialize(&mut model, &example)?;
/// let (name, weight) = &model.named_parameters()[1];
/// assert_eq!((name.as_str(), weight.shape()), ("3.weight", &[10, 4 * 6 * 6][..]));
/// assert_eq!(model.forward(&example)?.to_vec::<f32>()?, [144.0 * 27.0; 10]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub struct Lazy<L> {
    made: OnceLock<L>,
    /// Until it is made; then it is that of all layers inside.
    mode: Mode,
    name: &'static str,
    seed: u64,
    make: Make<L>,
}

impl<L> Lazy<L> {
    /// A layer of any type, as `make` makes it from an example of its input and a generator.
    ///
    /// # Examples
    /// ```
    /// use autograd_core::{Tensor, module::Module, seeded};
    /// use wengert_nn::{Bias, Layer, Lazy, materialize};
    /// let mut bias = Lazy::from_fn(|x: &Tensor, _| Bias::new(x.numel()), &mut seeded(7));
    /// materialize(&mut bias, &Tensor::from([1.0, 2.0]))?;
    /// assert_eq!((bias.kind(), bias.num_parameters()), ("Bias", 2));
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn from_fn(
        make: impl Fn(&Tensor, &mut dyn Rng) -> Result<L> + Send + Sync + 'static,
        rng: &mut dyn Rng,
    ) -> Lazy<L> {
        Lazy::named("Lazy", make, rng)
    }

    pub(super) fn named(
        name: &'static str,
        make: impl Fn(&Tensor, &mut dyn Rng) -> Result<L> + Send + Sync + 'static,
        rng: &mut dyn Rng,
    ) -> Lazy<L> {
        Lazy { made: OnceLock::new(), mode: Mode::default(), name, seed: rng.random(), make: Arc::new(make) }
    }

    /// The layer that was made, or none yet.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, seeded};
    /// # use wengert_nn::{LazyLinear, materialize};
    /// let mut linear = LazyLinear::new(3, &mut seeded(7));
    /// assert!(linear.get().is_none());
    /// materialize(&mut linear, &Tensor::from([1.0, 2.0]))?;
    /// assert_eq!(linear.get().expect("made").in_features(), 2);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn get(&self) -> Option<&L> {
        self.made.get()
    }
}

impl<L: Module> Lazy<L> {
    fn fresh(&self, x: &Tensor) -> Result<L> {
        let mut layer = (self.make)(x, &mut seeded(self.seed))?;
        if x.dtype().is_float() {
            layer.to_dtype(x.dtype())?;
        }
        if self.mode != Mode::default() {
            layer.visit_mut(&Path::root(), &mut |_, item| {
                if let ItemMut::Mode(mode) = item {
                    *mode = self.mode;
                }
            });
        }
        Ok(layer)
    }
}

impl<L: Layer> Layer for Lazy<L> {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_all(std::slice::from_ref(x))
    }
    fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
        if let Some(layer) = self.made.get() {
            return layer.forward_all(all);
        }
        let [x, ..] = all else {
            let text = format!("{}: takes at least 1 input, got 0", self.name);
            return Err(Error::new(ErrorKind::Argument, text));
        };
        if !MAKING.get() {
            let how = "materialize(&mut model, &example) makes them from an example of its input";
            let text = format!("{}: has no parameters yet; {how}", self.name);
            return Err(Error::new(ErrorKind::State, text));
        }
        let layer = self.fresh(x)?;
        // A run may change running statistics, and draw from streams; it makes what is lazy in the layer, which stays.
        let unchanged = Unchanged::of(&layer);
        let y = layer.forward_all(all);
        drop(unchanged);
        let y = y?;
        let _ = self.made.set(layer);
        Ok(y)
    }
}

impl<L: Module> Module for Lazy<L> {
    fn kind(&self) -> &'static str {
        self.made.get().map_or(self.name, Module::kind)
    }
    fn describe(&self) -> Description {
        self.made.get().map_or_else(|| Description::new(self.name), Module::describe)
    }
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        match self.made.get() {
            Some(layer) => layer.visit(path, f),
            None => self.mode.visit(&path.child("mode"), f),
        }
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        match self.made.get_mut() {
            Some(layer) => layer.visit_mut(path, f),
            None => self.mode.visit_mut(&path.child("mode"), f),
        }
    }
    fn visit_modules<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, &'m dyn Module)) {
        match self.made.get() {
            Some(layer) => layer.visit_modules(path, f),
            None => {
                SHOWN.set(true);
                f(path, self);
                SHOWN.set(false);
            }
        }
    }
    fn visit_modules_mut(&mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, &mut dyn Module)) {
        if self.made.get().is_none() {
            return f(path, self);
        }
        if let Some(layer) = self.made.get_mut() {
            layer.visit_modules_mut(path, f);
        }
    }
}

impl<L: Clone> Clone for Lazy<L> {
    fn clone(&self) -> Self {
        let Lazy { made, mode, name, seed, make } = self;
        Lazy { made: made.clone(), mode: *mode, name, seed: *seed, make: Arc::clone(make) }
    }
}

impl<L: fmt::Debug> fmt::Debug for Lazy<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.made.get() {
            Some(layer) => layer.fmt(f),
            None => f.write_str(self.name),
        }
    }
}

thread_local! {
    /// Whether this thread shows an example to a model.
    static MAKING: Cell<bool> = const { Cell::new(false) };
    /// Whether the module that is being visited is a lazy layer that is not made: no name tells it from a user's
    /// layers.
    static SHOWN: Cell<bool> = const { Cell::new(false) };
}

/// What was before is again, also after an error or a panic.
struct Before(bool);

impl Drop for Before {
    fn drop(&mut self) {
        MAKING.set(self.0);
    }
}

/// Makes the [lazy](Lazy) layers of a model, from an example of its input: it runs the model once. All else stays as it
/// is, running statistics and positions of random streams included. The new layers have the dtype of what they see, and
/// are in the mode of the lazy ones. A batch norm in training wants an example of several samples.
///
/// # Errors
/// Those of the model, or if a lazy layer is left. Those that ran before the error have been made.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Module, seeded};
/// use wengert_nn::{LazyLinear, materialize};
/// let mut linear = LazyLinear::new(3, &mut seeded(7));
/// materialize(&mut linear, &Tensor::from([1.0, 2.0]))?;
/// assert_eq!(linear.num_parameters(), 9);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn materialize(model: &mut (impl Layer + ?Sized), x: &Tensor) -> Result<()> {
    materialize_with(model, |model| model.forward(x))
}

/// Like [`materialize`], but for a model whose `forward` is its own, or has several inputs.
///
/// # Errors
/// Those of `forward`, or if a lazy layer is left.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Module, seeded};
/// use wengert_nn::{Layer, LazyLinear, Module, Result, materialize_with};
///
/// #[derive(Module)]
/// struct Pair { left: LazyLinear, right: LazyLinear }
///
/// let mut rng = seeded(7);
/// let mut pair = Pair { left: LazyLinear::new(2, &mut rng), right: LazyLinear::new(2, &mut rng) };
/// let (a, b) = (Tensor::from([1.0]), Tensor::from([1.0, 2.0]));
/// materialize_with(&mut pair, |pair| pair.left.call("left", &a)?.try_mul(&pair.right.call("right", &b)?))?;
/// assert_eq!(pair.num_parameters(), 10);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn materialize_with<M: Module + ?Sized>(model: &mut M, forward: impl FnOnce(&M) -> Result<Tensor>) -> Result<()> {
    let model = &*model;
    let _unchanged = Unchanged::of(model);
    let _before = Before(MAKING.replace(true));
    drop(no_grad(|| forward(model))?);
    let mut left = None;
    // A visit that panicked has left it as it was then.
    SHOWN.set(false);
    model.visit_modules(&Path::root(), &mut |path, part| {
        if SHOWN.take() && left.is_none() {
            left = Some(format!("{} at {:?}", part.kind(), path.to_string()));
        }
    });
    match left {
        None => Ok(()),
        Some(layer) => {
            let why = "has not run, or as a copy, such as a layer makes that computes a parameter of it";
            let text = format!("materialize: the {layer} {why}; make it before it is put into that one");
            Err(Error::new(ErrorKind::State, text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{Dropout, LazyBatchNorm1d, LazyConv1d, LazyLinear, Linear};
    use autograd_core::DType;
    use autograd_core::module::stream_positions;

    fn materialized<L: Layer>(mut layer: L, example: &[usize]) -> Result<L> {
        materialize(&mut layer, &Tensor::zeros(example, DType::F32)?)?;
        Ok(layer)
    }

    const NOT_YET: &str =
        "has no parameters yet; materialize(&mut model, &example) makes them from an example of its input";

    cases![
        layer("Linear", |rng| materialized(LazyLinear::new(2, rng), &[1, 3]))
            .state(&["weight", "bias"])
            .maps(&[4, 3], &[4, 2])
            .refuses(&[2, 4], "linear: inner dimensions differ: [2, 4] × [3, 2] (4 ≠ 3)"),
        layer("LazyLinear", |rng| Ok(LazyLinear::new(2, rng))).refuses(
            &[1, 3],
            "LazyLinear: has no parameters yet; materialize(&mut model, &example) makes them from an example of its input"
        ),
        layer("Dropout", |rng| materialized(Lazy::from_fn(|_, rng| Dropout::new(0.5, rng), rng), &[])).maps(&[9], &[9]),
    ];

    #[test]
    fn a_mode_that_was_set_before_stays() -> Result<()> {
        let lazy = || Lazy::from_fn(|_, rng| Dropout::new(0.5, rng), &mut seeded(7));
        let x = Tensor::ones(&[64], DType::F32)?;
        let drops = |model: &crate::Sequential| Ok::<_, Error>(model.forward(&x)?.to_f64s().contains(&0.0));
        let mut evaluated = crate::sequential![lazy()];
        evaluated.eval();
        let mut held = crate::sequential![lazy()];
        assert_eq!(held.hold_eval("0")?, 1);
        for model in [&mut evaluated, &mut held] {
            materialize(model, &x)?;
            assert!(!drops(model)?);
        }
        evaluated.train();
        held.train();
        assert!(drops(&evaluated)? && !drops(&held)?);
        held.release_eval("0")?;
        assert!(drops(&held)?);
        Ok(())
    }

    #[test]
    fn what_is_lazy_in_a_lazy_layer_is_made_with_it() -> Result<()> {
        let make = |_: &Tensor, rng: &mut dyn Rng| {
            Ok(crate::sequential![LazyLinear::new(4, rng), LazyBatchNorm1d::new(), Dropout::new(0.5, rng)?])
        };
        let lazy = materialized(Lazy::from_fn(make, &mut seeded(7)), &[5, 3])?;
        assert_eq!(lazy.num_parameters(), 3 * 4 + 4 + 2 * 4);
        assert_eq!(stream_positions(&lazy).len(), 1);
        assert_eq!(stream_positions(&lazy)[0].2, 0);
        let tracked = lazy.state_dict().get("1.num_batches_tracked").map(Tensor::to_f64s);
        assert_eq!(tracked, Some(vec![0.0]));
        assert_eq!(lazy.forward(&Tensor::ones(&[5, 3], DType::F32)?)?.shape(), [5, 4]);
        Ok(())
    }

    #[test]
    fn it_is_seen_at_its_place_before_and_after() -> Result<()> {
        let mut model = crate::sequential![LazyLinear::new(2, &mut seeded(7))];
        let kinds = |model: &crate::Sequential| {
            model.named_modules().into_iter().map(|(place, part)| (place, part.kind())).collect::<Vec<_>>()
        };
        assert_eq!(kinds(&model)[1], ("0".into(), "LazyLinear"));
        materialize(&mut model, &Tensor::ones(&[1, 3], DType::F32)?)?;
        assert_eq!(kinds(&model)[1], ("0".into(), "Linear"));
        let mut applied = Vec::new();
        model.apply(&mut |path, part| {
            applied.push((path.to_string(), part.kind()));
            Ok(())
        })?;
        assert_eq!(applied, kinds(&model));
        assert_eq!(crate::init::pytorch_defaults(&mut model, &mut seeded(8))?, [""; 0]);
        Ok(())
    }

    /// It starts from the same values whenever it is made, and in a clone; other lazy layers start from others.
    #[test]
    fn starting_values_are_those_of_the_seed() -> Result<()> {
        let rng = &mut seeded(7);
        let (first, second) = (LazyLinear::new(2, rng), LazyLinear::new(2, rng));
        let twin = first.clone();
        let values = |layer: LazyLinear| {
            Ok::<_, Error>(materialized(layer, &[1, 3])?.state_dict().get("weight").map(Tensor::to_f64s))
        };
        let (a, b, c) = (values(first)?, values(twin)?, values(second)?);
        assert!(a.is_some() && a == b && a != c);
        Ok(())
    }

    #[test]
    fn nothing_else_changes_and_what_is_made_stays() -> Result<()> {
        let rng = &mut seeded(7);
        let mut model = crate::sequential![Linear::new(3, 4, rng)?, Dropout::new(0.5, rng)?, LazyLinear::new(2, rng)];
        let (drawn, before) = (stream_positions(&model), model.state_dict().get("0.weight").map(Tensor::to_f64s));
        materialize(&mut model, &Tensor::ones(&[2, 3], DType::F32)?)?;
        let weight = model.state_dict().get("2.weight").map(Tensor::to_f64s);
        assert!(weight.is_some());
        // Another example finds it made.
        materialize(&mut model, &Tensor::ones(&[5, 3], DType::F32)?)?;
        assert_eq!(model.state_dict().get("2.weight").map(Tensor::to_f64s), weight);
        assert_eq!(
            (stream_positions(&model), model.state_dict().get("0.weight").map(Tensor::to_f64s)),
            (drawn, before)
        );
        Ok(())
    }

    #[test]
    fn an_example_that_does_not_fit_is_an_error_and_the_next_one_counts() -> Result<()> {
        let mut conv = LazyConv1d::new(2, 3, &mut seeded(7));
        let error = materialize(&mut conv, &Tensor::zeros(&[3], DType::F32)?).expect_err("one dim").to_string();
        assert_eq!(error, "LazyConv1d: the input has shape [3], expected channels ahead of 1 spatial dims");
        let x = Tensor::zeros(&[5, 4], DType::F64)?;
        assert_eq!(conv.forward(&x).expect_err("not made").to_string(), format!("LazyConv1d: {NOT_YET}"));
        materialize(&mut conv, &x)?;
        assert_eq!((conv.forward(&x)?.shape(), conv.forward(&x)?.dtype()), (&[2, 2][..], DType::F64));
        Ok(())
    }
}
