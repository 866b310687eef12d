//! The `Layer` trait: a module that maps one tensor to another.

use crate::observe;
use autograd_core::module::Module;
use autograd_core::{Error, ErrorKind, Result, Tensor};

/// A module that maps one tensor to another.
///
/// Layers with other inputs (recurrent state, masks, graphs) have a `forward` of their own instead, and a whole model
/// of several inputs has [`Layer::forward_all`].
///
/// A layer made of others runs them with [`Layer::call`], which takes the name of the part: it is the place in an error
/// and the row in a [`summary`](crate::summary).
///
/// ```
/// use autograd_core::{Tensor, module::Module};
/// use wengert_nn::{Layer, Linear, Module, Result, summary};
///
/// #[derive(Module)]
/// struct Mlp { hidden: Linear, output: Linear }
///
/// impl Layer for Mlp {
///     fn forward(&self, x: &Tensor) -> Result<Tensor> {
///         let h = self.hidden.call("hidden", x)?.relu();
///         self.output.call("output", &h)
///     }
/// }
///
/// let mut rng = autograd_core::seeded(7);
/// let mlp = Mlp { hidden: Linear::new(4, 8, &mut rng)?, output: Linear::new(8, 3, &mut rng)? };
/// assert_eq!(mlp.forward(&Tensor::from([[1.0, 2.0, 3.0, 4.0]]))?.shape(), [1, 3]);
/// assert_eq!(mlp.named_parameters()[2].0, "output.weight");
///
/// let rows = summary(&mlp, &[4])?.rows;
/// assert_eq!((rows[1].name.as_str(), rows[1].output.as_str()), ("output", "[N, 3]"));
/// let error = mlp.forward(&Tensor::from([1.0])).expect_err("one feature, not four");
/// assert!(error.to_string().starts_with("in hidden (Linear): linear: inner dimensions differ"));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub trait Layer: Module + Send + Sync {
    /// The output for the input `x`.
    ///
    /// # Errors
    /// If `x` does not fit the layer.
    fn forward(&self, x: &Tensor) -> Result<Tensor>;

    /// The output for several inputs: what training, evaluation and prediction call. By default it is `forward` of the
    /// only one.
    ///
    /// A model of several inputs does its work here, and its `forward` passes on what it gets, to be refused:
    /// ```
    /// use autograd_core::Tensor;
    /// use wengert_nn::{Layer, Linear, Module, Result, inputs};
    ///
    /// #[derive(Module)]
    /// struct TwoTowers { left: Linear, right: Linear }
    ///
    /// impl Layer for TwoTowers {
    ///     fn forward(&self, x: &Tensor) -> Result<Tensor> {
    ///         self.forward_all(std::slice::from_ref(x))
    ///     }
    ///     fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
    ///         let [a, b] = inputs("TwoTowers", all)?;
    ///         self.left.call("left", a)?.try_mul(&self.right.call("right", b)?)
    ///     }
    /// }
    ///
    /// let mut rng = autograd_core::seeded(7);
    /// let towers = TwoTowers { left: Linear::new(2, 3, &mut rng)?, right: Linear::new(4, 3, &mut rng)? };
    /// let (a, b) = (Tensor::from([[1.0, 2.0]]), Tensor::from([[1.0, 2.0, 3.0, 4.0]]));
    /// assert_eq!(towers.forward_all(&[a.clone(), b])?.shape(), [1, 3]);
    /// let error = towers.forward(&a).expect_err("one input, not two");
    /// assert_eq!(error.to_string(), "TwoTowers: takes 2 inputs, got 1");
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the inputs do not fit the layer, or are more or fewer than it takes.
    fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
        let [x] = inputs(self.kind(), all)?;
        self.forward(x)
    }

    /// Like [`Layer::forward`], as the part called `name` of the layer that calls it: the name of the field, or the
    /// position in a list.
    ///
    /// A part that is run with `forward` computes the same, but its errors have no place, and a summary shows its
    /// parameters without its output.
    ///
    /// # Errors
    /// Those of `forward`, with the place in front.
    fn call(&self, name: &str, x: &Tensor) -> Result<Tensor> {
        observe::call(self, name, &[x], || self.forward(x))
    }

    /// Like [`Layer::call`], but for several inputs.
    ///
    /// # Errors
    /// Those of `forward_all`, with the place in front.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// # use wengert_nn::{Layer, Tanh};
    /// let all = [Tensor::from(0.0), Tensor::from(1.0)];
    /// assert_eq!(Tanh.call_all("squash", &all[..1])?.item::<f32>()?, 0.0);
    /// let error = Tanh.call_all("squash", &all).expect_err("two inputs, not one");
    /// assert_eq!(error.to_string(), "in squash (Tanh): Tanh: takes 1 input, got 2");
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    fn call_all(&self, name: &str, all: &[Tensor]) -> Result<Tensor> {
        observe::call(self, name, &all.iter().collect::<Vec<_>>(), || self.forward_all(all))
    }
}

impl<L: Layer + ?Sized> Layer for Box<L> {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        (**self).forward(x)
    }
    fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
        (**self).forward_all(all)
    }
}

/// Exactly N inputs, for [`Layer::forward_all`]; `op` is the name in the error.
///
/// # Errors
/// If there are more or fewer.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::inputs;
/// let all = [Tensor::from(1.0), Tensor::from(2.0)];
/// let [a, b] = inputs("TwoTowers", &all)?;
/// assert_eq!((a + b).item::<f32>()?, 3.0);
/// let error = inputs::<1>("Linear", &all).unwrap_err();
/// assert_eq!(error.to_string(), "Linear: takes 1 input, got 2");
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn inputs<'x, const N: usize>(op: &str, all: &'x [Tensor]) -> Result<&'x [Tensor; N]> {
    all.try_into().map_err(|_| {
        let takes = if N == 1 { "1 input".into() } else { format!("{N} inputs") };
        Error::new(ErrorKind::Argument, format!("{op}: takes {takes}, got {}", all.len()))
    })
}

/// A layer of any type that can be cloned: `Box<dyn DynLayer>` is `Clone`. Every layer that is `Clone` is one, so there
/// is nothing to implement.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{DynLayer, Layer, ReLU, Tanh};
/// let layers: Vec<Box<dyn DynLayer>> = vec![Box::new(ReLU), Box::new(Tanh)];
/// let copy = layers.clone();
/// assert_eq!(copy[0].forward(&Tensor::from(-2.0))?.item::<f32>()?, 0.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub trait DynLayer: Layer {
    /// A clone in a box.
    fn clone_box(&self) -> Box<dyn DynLayer>;
}

impl<L: Layer + Clone + 'static> DynLayer for L {
    fn clone_box(&self) -> Box<dyn DynLayer> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn DynLayer> {
    fn clone(&self) -> Self {
        (**self).clone_box()
    }
}
