//! A function as a layer.

use crate::layer::Layer;
use autograd_core::module::{Item, ItemMut, Module, Path};
use autograd_core::{Description, Result, Tensor};
use std::any::type_name;
use std::fmt;

/// A function of a tensor as a layer, without parameters and with nothing to save.
///
/// [`Sequential`](crate::Sequential) and [`sequential!`](crate::sequential) take a closure as it is, whether it returns
/// a `Tensor` or a `Result<Tensor>`; elsewhere `Lambda::new` makes a layer of one that returns a `Result`.
///
/// What a function computes cannot be seen: it is described by its name, and all closures of a function have one name.
/// A run that goes on from a checkpoint is refused another name, but not another closure, nor other values that a
/// closure has captured. Where that matters, name it with [`Lambda::named`], or write a layer with options.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Module, seeded};
/// use wengert_nn::{Lambda, Layer, Linear, sequential};
/// let mut rng = seeded(7);
/// let model = sequential![
///     Linear::new(4, 6, &mut rng)?,
///     |x: &Tensor| x.sin(),
///     |x: &Tensor| x.reshape(&[-1, 2, 3]),
///     Tensor::square,
/// ];
/// assert_eq!(model.forward(&Tensor::from([[1.0, 2.0, 3.0, 4.0]]))?.shape(), [1, 2, 3]);
/// assert_eq!(model.state_dict().len(), 2);
///
/// let half = Lambda::new(|x: &Tensor| Ok(x / 2));
/// assert_eq!(half.forward(&Tensor::from(3.0))?.item::<f32>()?, 1.5);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Lambda<F> {
    function: F,
    name: &'static str,
}

impl<F: Fn(&Tensor) -> Result<Tensor>> Lambda<F> {
    /// The function as a layer.
    pub fn new(function: F) -> Lambda<F> {
        Lambda::named(type_name::<F>(), function)
    }

    /// The function as a layer, described by this name.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Module};
    /// # use wengert_nn::Lambda;
    /// let half = Lambda::named("half", |x: &Tensor| Ok(x / 2));
    /// assert_eq!(half.describe().to_string(), "Lambda { name: \"half\" }");
    /// ```
    pub fn named(name: &'static str, function: F) -> Lambda<F> {
        Lambda { function, name }
    }
}

impl<F> Module for Lambda<F> {
    fn kind(&self) -> &'static str {
        "Lambda"
    }
    fn describe(&self) -> Description {
        Description::new("Lambda").option("name", self.name)
    }
    fn visit<'m>(&'m self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, Item<'m>)) {}
    fn visit_mut<'m>(&'m mut self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {}
    fn visit_modules<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, &'m dyn Module)) {
        f(path, self);
    }
    fn visit_modules_mut(&mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, &mut dyn Module)) {
        f(path, self);
    }
}

impl<F: Fn(&Tensor) -> Result<Tensor> + Send + Sync> Layer for Lambda<F> {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        (self.function)(x)
    }
}

impl<F> fmt::Debug for Lambda<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lambda")
    }
}

/// What a [`Sequential`](crate::Sequential) is made of: layers and functions. `Form` tells them apart, and is always
/// inferred.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{IntoLayer, Layer, ReLU};
/// fn apply<Form>(layer: impl IntoLayer<Form>, x: f64) -> wengert_nn::Result<f32> {
///     layer.into_layer().forward(&Tensor::from(x))?.item::<f32>()
/// }
/// assert_eq!((apply(ReLU, -2.0)?, apply(|x: &Tensor| x.abs(), -2.0)?), (0.0, 2.0));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a layer",
    label = "not a layer that can be cloned, and not a function of `&Tensor`",
    note = "a layer implements `Layer` and `Clone`",
    note = "a closure names its argument's type: `|x: &Tensor| x.relu()`"
)]
pub trait IntoLayer<Form> {
    /// The layer.
    fn into_layer(self) -> Box<dyn crate::DynLayer>;
}

/// The forms of what is a layer; see [`IntoLayer`].
///
/// # Examples
/// ```
/// use wengert_nn::{IntoLayer, Itself, ReLU};
/// let relu = IntoLayer::<Itself>::into_layer(ReLU);
/// assert_eq!(autograd_core::module::Module::kind(&relu), "ReLU");
/// ```
#[derive(Debug)]
pub enum Itself {}
/// A function that returns a tensor; see [`IntoLayer`].
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Infallible, IntoLayer, Layer};
/// let twice = IntoLayer::<Infallible>::into_layer(|x: &Tensor| x * 2);
/// assert_eq!(twice.forward(&Tensor::from(1.5))?.item::<f32>()?, 3.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Debug)]
pub enum Infallible {}
/// A function that may fail; see [`IntoLayer`].
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Fallible, IntoLayer, Layer};
/// let first = IntoLayer::<Fallible>::into_layer(|x: &Tensor| x.select(0, 0));
/// assert_eq!(first.forward(&Tensor::from([1.5, 2.0]))?.item::<f32>()?, 1.5);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Debug)]
pub enum Fallible {}

impl<L: Layer + Clone + 'static> IntoLayer<Itself> for L {
    fn into_layer(self) -> Box<dyn crate::DynLayer> {
        Box::new(self)
    }
}

impl<F: Fn(&Tensor) -> Tensor + Clone + Send + Sync + 'static> IntoLayer<Infallible> for F {
    fn into_layer(self) -> Box<dyn crate::DynLayer> {
        Box::new(Lambda::named(type_name::<F>(), move |x: &Tensor| Ok(self(x))))
    }
}

impl<F: Fn(&Tensor) -> Result<Tensor> + Clone + Send + Sync + 'static> IntoLayer<Fallible> for F {
    fn into_layer(self) -> Box<dyn crate::DynLayer> {
        Box::new(Lambda::new(self))
    }
}

#[cfg(test)]
cases![
    layer("Lambda", |_| Ok(Lambda::new(|x: &autograd_core::Tensor| x.square().try_mul(x))))
        .of_functions()
        .maps(&[2, 3], &[2, 3])
        .gives([1.0, -2.0], [1.0, -8.0]),
    layer("Sequential", |rng| Ok(crate::sequential![
        crate::Linear::new(2, 4, rng)?,
        autograd_core::Tensor::tanh,
        |x: &autograd_core::Tensor| x.matmul(&autograd_core::Tensor::ones(&[4, 1], x.dtype())?)
    ]))
    .state(&["0.weight", "0.bias"])
    .maps(&[3, 2], &[3, 1])
    .refuses(&[], "in 0 (Linear): linear: the input has shape [], expected [.., 2]"),
];
