//! Graph isomorphism convolution.

use super::parts::{Aggregation, Edges, given};
use crate::layer::Layer;
use autograd_core::check::Check;
use autograd_core::module::{Buffer, Param};
use autograd_core::{DType, Error, ErrorKind, Result, Tensor};
use wengert_derive::Module;

/// The options of [`GINConv`].
///
/// # Examples
/// ```
/// use autograd_core::module::Module;
/// use wengert_nn::{Aggregation, GINConv, GINConvOptions, Identity};
/// let options = GINConvOptions::new().eps(0.5).train_eps(true).aggr(Aggregation::Add);
/// assert_eq!(GINConv::with(Identity, options)?.named_parameters()[0].0, "eps");
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GINConvOptions {
    eps: f64,
    train_eps: bool,
    aggr: Aggregation,
}

impl Default for GINConvOptions {
    fn default() -> Self {
        GINConvOptions { eps: 0.0, train_eps: false, aggr: Aggregation::Add }
    }
}

impl GINConvOptions {
    /// The defaults.
    pub fn new() -> GINConvOptions {
        GINConvOptions::default()
    }

    /// The value ε starts from, a finite number. Default 0.
    #[must_use]
    pub fn eps(mut self, eps: f64) -> Self {
        self.eps = eps;
        self
    }

    /// Whether ε is a parameter; if not, it is a buffer of the same name. Default false.
    #[must_use]
    pub fn train_eps(mut self, train_eps: bool) -> Self {
        self.train_eps = train_eps;
        self
    }

    /// The fold of the neighbours. Default: the sum.
    #[must_use]
    pub fn aggr(mut self, aggr: Aggregation) -> Self {
        self.aggr = aggr;
        self
    }
}

/// The graph isomorphism layer: any layer h over a node and the sum of its neighbours:
///
/// ```text
/// yᵢ = h((1 + ε) xᵢ + Σ xⱼ)    over the edges from j to i
/// ```
///
/// It has two inputs, for [`Layer::forward_all`]. Names are PyTorch Geometric's.
///
/// # Shapes
/// `x: [N, D]`, `edge_index: [2, E]` of `I64`, sources above targets → what the layer makes of `[N, D]`; `eps: [1]`.
///
/// # Errors
/// `with` fails if ε is not finite; `forward_all` if the inputs do not fit or a node of an edge is out of range;
/// `forward` always.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Module};
/// use wengert_nn::{GINConv, GINConvOptions, Identity, Layer, Linear, ReLU, sequential};
/// let mut rng = autograd_core::seeded(7);
/// let gin = GINConv::new(sequential![Linear::new(3, 8, &mut rng)?, ReLU, Linear::new(8, 2, &mut rng)?]);
/// assert_eq!(gin.state_dict().iter().next().expect("a state").0, "eps");
///
/// let sums = GINConv::with(Identity, GINConvOptions::new().eps(0.5))?;
/// let (x, edges) = (Tensor::from([[1.0], [2.0], [4.0]]), Tensor::from([[1, 2], [0, 0]]));
/// assert_eq!(sums.forward_all(&[x, edges])?.to_vec::<f32>()?, [7.5, 3.0, 6.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Xu, Hu, Leskovec, Jegelka, How powerful are graph neural networks?, 2019, equation 4.1.
#[derive(Clone, Debug, Module)]
pub struct GINConv<L> {
    eps: Eps,
    nn: L,
    #[module(option)]
    options: GINConvOptions,
}

/// The number that a node counts for more than its neighbours.
#[derive(Clone, Debug, Module)]
enum Eps {
    Fixed(#[module(flatten)] Buffer),
    Trained(#[module(flatten)] Param),
}

impl<L: Layer> GINConv<L> {
    /// A layer around this one, with ε = 0.
    pub fn new(nn: L) -> GINConv<L> {
        let eps = Eps::Fixed(Buffer::new(Tensor::from([0.0])));
        GINConv { eps, nn, options: GINConvOptions::new() }
    }

    /// A layer around this one.
    ///
    /// # Errors
    /// If ε is not finite.
    pub fn with(nn: L, options: GINConvOptions) -> Result<GINConv<L>> {
        Check("GINConv").require(options.eps.is_finite(), "eps", options.eps, "finite")?;
        let eps = Tensor::full(&[1], options.eps, DType::F32)?;
        let eps = if options.train_eps { Eps::Trained(Param::new(eps)?) } else { Eps::Fixed(Buffer::new(eps)) };
        Ok(GINConv { eps, nn, options })
    }

    /// The layer inside.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::{GINConv, ReLU, sequential};
    /// assert_eq!(GINConv::new(sequential![ReLU]).nn().len(), 1);
    /// ```
    pub fn nn(&self) -> &L {
        &self.nn
    }
}

impl<L: Layer> Layer for GINConv<L> {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_all(std::slice::from_ref(x))
    }

    fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
        let (x, edge_index, None) = given("GINConv", all)? else {
            return Err(Error::new(ErrorKind::Argument, "GINConv: edges have no weights, and 3 inputs were given"));
        };
        let messages = Edges::new(Check("GINConv"), x, edge_index)?.fold(x, self.options.aggr)?;
        let own = match &self.eps {
            Eps::Fixed(eps) => x.try_mul(&eps.get().add_scalar(1.0))?,
            Eps::Trained(eps) => x.try_mul(&eps.add_scalar(1.0))?,
        };
        self.nn.call("nn", &messages.try_add(&own)?)
    }
}

#[cfg(test)]
cases![
    layer("GINConv", |rng| Ok(GINConv::new(crate::Linear::new(3, 2, rng)?)))
        .state(&["eps", "nn.weight", "nn.bias"])
        .maps_with(&[&[4, 3]], &[Tensor::from([[0, 1, 1, 2, 2], [1, 0, 2, 2, 1]])], &[&[4, 2]])
        .maps_with(&[&[1, 3]], &[Tensor::zeros(&[2, 0], DType::I64).expect("small")], &[&[1, 2]])
        .refuses(&[4, 3], "GINConv: takes 2 or 3 inputs, got 1")
        .refuses_with(
            &[&[4, 3]],
            &[Tensor::from([[0], [1]]), Tensor::from([1.0])],
            "GINConv: edges have no weights, and 3 inputs were given"
        )
        .refuses_with(&[&[2, 3]], &[Tensor::from([[5], [1]])], "GINConv: node 5 of edge 0 is out of range for 2 nodes"),
    layer("GINConv", |rng| {
        let options = GINConvOptions::new().eps(0.25).train_eps(true).aggr(Aggregation::Mean);
        GINConv::with(crate::sequential![crate::Linear::new(2, 3, rng)?, crate::Tanh], options)
    })
    .state(&["eps", "nn.0.weight", "nn.0.bias"])
    .maps_with(&[&[3, 2]], &[Tensor::from([[0, 1, 2, 1], [1, 0, 0, 0]])], &[&[3, 3]]),
    layer("GINConv", |_| GINConv::with(crate::Identity, GINConvOptions::new().eps(0.5).aggr(Aggregation::Max)))
        .state(&["eps"])
        .gives_all(
            &[Tensor::from([[1.0], [-2.0], [4.0]]), Tensor::from([[1, 2], [0, 0]])],
            &[Tensor::from([[5.5], [-3.0], [6.0]])]
        ),
    layer("GINConv", |_| GINConv::with(crate::Identity, GINConvOptions::new().eps(f64::NAN)))
        .cannot_be("GINConv: eps is NaN, it must be finite"),
];
